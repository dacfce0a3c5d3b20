"""Accounts bound to a representative: by the column `locked` of the table accounts, or settled by the caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.arguments import named_as_text
from salesopt.stats.matching import Flags, Numbers


def says_locked(accounts: pd.DataFrame) -> Flags:
    """Whether each account is bound to its present representative by the column `locked`."""
    if "locked" not in accounts.columns:
        return np.zeros(len(accounts), dtype=bool)
    return accounts["locked"].eq("yes").fillna(False).to_numpy(dtype=bool)


def locked_to_nobody(accounts: pd.DataFrame) -> pd.Series:
    """Marks the accounts that are bound to their representative and have none."""
    return pd.Series(says_locked(accounts), index=accounts.index) & accounts.reindex(columns=["rep"])["rep"].isna()


def bound_pairs(accounts: pd.DataFrame, team: pd.DataFrame) -> tuple[dict[str, str], tuple[str, ...]]:
    """The representative of `team` whom each account is bound to by the table, and what there is to say about it.

    Raises DataError where an account is bound to nobody.
    """
    if (nobody := locked_to_nobody(accounts)).any():
        rows, expected = np.flatnonzero(nobody), "the representative it is bound to in rep, where locked is yes"
        raise DataError([Problem("accounts", "locked", int(rows[0]) + 2, "yes", expected, count=len(rows))])
    locked = accounts[says_locked(accounts)]
    if locked.empty:
        return {}, ()
    here = locked["rep"].isin(team["rep"])
    said = []
    if here.any():
        said.append(
            f"Accounts bound to their representative (column locked of accounts): {int(here.sum()):,}. They stay "
            "with him for as long as he is here, whatever a move of them would save."
        )
    if not here.all():
        names = locked.loc[~here, "rep"].unique()
        said.append(
            f"Accounts bound to people who are not available: {int((~here).sum()):,} ({', '.join(names[:5])}"
            f"{', ...' if len(names) > 5 else ''}). They go to anybody."
        )
    return dict(zip(locked.loc[here, "account"], locked.loc[here, "rep"], strict=True)), tuple(said)


def lock_pairs(
    accounts: pd.DataFrame, team: pd.DataFrame, cost: Numbers, bound: Mapping[str, str], settled: Mapping[Any, Any]
) -> tuple[Flags, Numbers]:
    """Forbid, in `cost`, every pair but the `bound` or `settled` one; the accounts locked, and the cost before.

    What the caller has `settled` comes before what the table says. Raises ParameterError for names that are not there,
    and either error for a pair that the table fit does not allow, every problem at once.
    """
    free, locked = cost.copy(), np.zeros(len(accounts), dtype=bool)
    settled = {named_as_text(account): named_as_text(rep) for account, rep in settled.items()}
    rows = pd.Series(np.arange(len(accounts)), index=accounts["account"])
    columns = pd.Series(np.arange(len(team)), index=team["rep"])
    strange = [name for name in settled if name not in rows.index] + [
        name for name in settled.values() if name not in columns.index
    ]
    faults = [f"locked names accounts or representatives that are not here: {', '.join(map(str, strange))}"] * bool(
        strange
    )
    pairs = {**bound, **settled}
    for account, rep in pairs.items():
        if account not in rows.index or rep not in columns.index:
            continue
        row, column = rows[account], columns[rep]
        if not np.isfinite(cost[row, column]):
            faults.append(f"locked: the table fit does not allow {rep} to serve {account}")
        cost[row, np.arange(len(team)) != column] = np.inf
        locked[row] = True
    if faults:
        raise (ParameterError if settled else DataError)("; ".join(faults))
    return locked, free
