"""Names of units, segments, groups and skills that match nothing in the table they are held against.

They break no rule, since a study may well have units or needs without accounts; mostly they are another spelling.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from salesopt.errors import Problem, close_match
from salesopt.study.across import hinted
from salesopt.study.declare import problems_at

Tables = Mapping[str, pd.DataFrame]
Files = Mapping[str, str]
KINDS = ("segment", "region", "line")  # columns of accounts whose values the units may be
LIKE = 0.6  # likeness from which on a name may be meant where both columns hold names of one kind
SHORTEST = 3  # letters of a name that another one may begin with to be taken for it: Lab, Laboratory


def unmatched(tables: Tables, files: Files) -> list[Problem]:
    """Every such name of the checked `tables` of a study, as a warning; `files` names where each came from."""
    return [*_units(tables, files), *_groups(tables, files), *_skills(tables, files)]


def _column(tables: Tables, name: str, column: str) -> pd.Series | None:
    table = tables.get(name)
    return table[column] if table is not None and column in table.columns else None


def _units(tables: Tables, files: Files) -> list[Problem]:
    """Groups of accounts without a unit, and units without an account, where units are groups of accounts at all."""
    name = "effort_response" if "effort_response" in tables else "effort_history"
    units, accounts = _column(tables, name, "unit"), tables.get("accounts")
    if units is None or accounts is None:
        return []
    shared = {kind: units.isin(accounts[kind]).sum() for kind in KINDS if kind in accounts.columns}
    kind = max(shared, key=lambda one: shared[one], default="")
    if not kind:
        return []
    some = shared[kind] > 0
    goes = "no curve is known for these accounts, so that no calls are planned for them"
    expected = f"a unit that stands in {files.get(name, name)}; as it stands, {goes}"
    found = _named("accounts", kind, accounts[kind], units, expected, files, only_near=not some)
    hinted_at = " ".join(one.value for one in found)
    left = units[~units.map(lambda unit: repr(str(unit)) in hinted_at)]
    expected = (
        f"a {kind} of an account in {files.get('accounts', 'accounts')}; as it stands, no account is of this unit"
    )
    rows = units.where(units.isin(left))
    return found + (_named(name, "unit", rows, accounts[kind], expected, files) if some else [])


def _groups(tables: Tables, files: Files) -> list[Problem]:
    """Groups that need a skill and that no account is of."""
    groups, accounts = _column(tables, "skill_needs", "group"), tables.get("accounts")
    if groups is None or accounts is None:
        return []
    parts = [accounts[kind] for kind in ("segment",) if kind in accounts.columns]
    parts += [accounts["line"].str.split(";").explode().str.strip()] if "line" in accounts.columns else []
    bought = _column(tables, "account_lines", "line")
    parts += [bought] if bought is not None else []
    if not parts:
        return []
    expected = (
        f"a segment or line of an account in {files.get('accounts', 'accounts')}; as it stands, this need is left out"
    )
    return _named("skill_needs", "group", groups, pd.concat(parts), expected, files)


def _skills(tables: Tables, files: Files) -> list[Problem]:
    """Skills needed that nobody is rated in."""
    needed, rated = _column(tables, "skill_needs", "skill"), _column(tables, "skills", "skill")
    if needed is None or rated is None:
        return []
    expected = (
        f"a skill that stands in {files.get('skills', 'skills')}; as it stands, everybody counts as level 0 in it"
    )
    return _named("skill_needs", "skill", needed, rated, expected, files)


def _meant(name: str, known: Iterable[str]) -> str:
    """A hint at the one of `known` that is like `name`, or that one of the two begins with."""
    listed = list(known)
    if near := close_match(name, listed, cutoff=LIKE):
        return near
    low = name.lower()
    begun = [one for one in listed if min(len(one), len(name)) >= SHORTEST and _begins(one.lower(), low)]
    return f"; did you mean {begun[0]!r}?" if len(begun) == 1 else ""


def _begins(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _named(
    table: str,
    column: str,
    names: pd.Series,
    known: pd.Series,
    expected: str,
    files: Files,
    *,
    only_near: bool = False,
) -> list[Problem]:
    """The `names` not among the `known`, with the one that may be meant; `only_near`: only those with such a one."""
    unknown = names.notna() & ~names.isin(known)
    if only_near:
        near = {name: bool(_meant(name, known.dropna().unique())) for name in names[unknown].unique()}
        unknown &= names.map(near).fillna(False).astype(bool)
    rows = np.flatnonzero(unknown)
    texts = hinted(names.iloc[rows], known, _meant)
    found = problems_at(table, column, rows, texts, expected, files.get(table, ""))
    return [replace(problem, level="warning") for problem in found]
