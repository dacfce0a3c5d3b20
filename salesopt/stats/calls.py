"""Calls per account within hours: what each account brings at each number of calls, and the best plan of a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from salesopt.errors import DataError, ParameterError, close_match
from salesopt.stats.allocation import divide_lots
from salesopt.stats.arguments import named_as_text, number_fault
from salesopt.stats.effort import Curves, Numbers, Units, calibrated, consensus, curves_of

STEPS = (0.25, 0.1, 0.05, 0.01)  # hours: the coarsest grid on which every call's length fits is used
COARSE, LARGE = 0.05, 5e7  # the finest step where accounts times steps of somebody's hours would be more than this
LARGEST = 3.0  # an account gets at most this multiple of today's calls


def account_units(
    accounts: pd.DataFrame, effort: pd.DataFrame | Curves, by: str, *, served: bool
) -> tuple[Units, pd.DataFrame, pd.DataFrame]:
    """Each account as a unit over calls, with the curve of its group; the accounts used; those skipped with the reason.

    Today's calls are `calls_made` where given, else `calls`; today's sales are `revenue` where given, else `potential`.
    `served` leaves out accounts that name no `rep`, which nobody's hours are for.
    """
    if by not in accounts.columns:
        texts = [str(name) for name in accounts.columns if pd.api.types.is_string_dtype(accounts[name])]
        known = ", ".join(name for name in texts if name not in ("account", "rep"))
        raise ParameterError(
            f"by: accounts have no column {by!r} to match the units of effort_response; its columns of text are "
            f"{known or 'none'}{close_match(by, texts)}"
        )
    groups = _groups(effort)
    calls = accounts["calls_made"] if "calls_made" in accounts.columns else accounts["calls"]
    sales = accounts["revenue"] if "revenue" in accounts.columns else accounts["potential"]
    place = pd.Index(groups.name).get_indexer(pd.Index(accounts[by]))
    reason = pd.Series("", index=accounts.index)
    reason[place < 0] = f"no curve is known for its {by}"
    reason[calls.fillna(0).le(0)] = "it gets no calls today, so answers relative to today's calls say nothing"
    reason[sales.isna()] = "its sales are not known"
    reason[accounts["hours_per_call"] <= 0] = "the length of its calls is not known"
    if served:
        nobody = accounts["rep"].isna() if "rep" in accounts.columns else True
        reason[nobody] = "it names no rep, so that nobody's hours are for it"
    used = (reason == "").to_numpy()
    skipped = pd.DataFrame({"item": accounts["account"][~used].to_numpy(), "reason": reason[~used].to_numpy()})
    if used.any() and not sales[used].gt(0).any():
        raise DataError("accounts: sales (revenue, else potential) are 0 for all, so nothing tells what a call brings")
    if not used.any():
        raise DataError("accounts: no account can be planned: " + "; ".join(sorted(set(skipped["reason"]))))
    at, table = place[used], accounts[used].reset_index(drop=True)
    revenue, today = sales[used].to_numpy(dtype=float), calls[used].to_numpy(dtype=float)
    units = Units(
        name=table["account"].to_numpy(dtype=object),
        reps=today,
        margin=groups.margin[at],
        low=groups.low[at] * revenue,
        high=groups.high[at] * revenue,
        shape=groups.shape[at],
        scale=groups.scale[at] * today,
    )
    return units, table, skipped


def _groups(effort: pd.DataFrame | Curves) -> Units:
    """The curves of groups in multiples of today's effort and sales."""
    if isinstance(effort, Curves):
        return _relative(effort.units)
    answers = consensus(effort)
    answers[["revenue", "current_reps"]] = 1.0
    return calibrated(answers)[0]


def drawn_groups(effort: pd.DataFrame | Curves, draws: int, seed: int) -> Units | None:
    """Sets of the groups' curves that are as likely, in multiples of today's effort and sales; None where none are."""
    if isinstance(effort, Curves):
        drawn = effort.drawn
    else:
        drawn = curves_of(effort, draws=draws, seed=seed).drawn if draws else None
    return None if drawn is None else _relative(drawn)


def _relative(units: Units) -> Units:
    """Curves in multiples of today's effort and of the sales that they give at it."""
    now = units.sales(units.reps)
    low, high, scale = units.low / now, units.high / now, units.scale / units.reps
    return replace(units, reps=np.ones(len(units.name)), low=low, high=high, scale=scale)


def hours_grid(lengths: Numbers, work: float) -> tuple[float, bool]:
    """Step of time on which the lengths of all calls lie, and whether they do; else the finest, lengths rounded up.

    work : accounts times hours of the one for whom this is most
    """
    steps = [step for step in STEPS if step >= COARSE or work / step <= LARGE]
    for step in steps:
        if np.allclose(lengths / step, np.round(lengths / step), atol=1e-9):
            return step, True
    return steps[-1], False


def most_calls(today: Numbers, known: Numbers | None) -> Numbers:
    """Most calls of each account: three times today's, or `known` times, but never fewer than today's."""
    if known is None:
        return np.ceil(LARGEST * today)
    return np.maximum(np.floor(np.minimum(known, LARGEST) * today + 1e-9), np.ceil(today))


def plan_person(
    units: Units, mine: np.ndarray, lengths: Numbers, hours: float, step: float, most: Numbers
) -> tuple[np.ndarray, float, float]:
    """Best whole calls to the accounts `mine` within `hours`, their contribution, and what an hour more would bring."""
    lots, tops = np.maximum(np.ceil(lengths[mine] / step - 1e-9), 1).astype(int), most[mine].astype(int)
    counts = np.arange(tops.max() + 1, dtype=float)[:, None]
    one = Units(*(getattr(units, name)[mine] for name in ("name", "reps", "margin", "low", "high", "shape", "scale")))
    worth = one.contribution(counts)
    more = max(round(1 / step), 1)
    total = int(np.floor(hours / step + 1e-9))
    values = [worth[: top + 1, place] for place, top in enumerate(tops)]
    plan, _ = divide_lots(values, list(lots), total)
    _, best = divide_lots(values, list(lots), total + more)
    return plan, float(best[total]), float(best[total + more] - best[total])


def hours_faults(hours: float | Mapping[str, float] | None) -> list[str]:
    """What is wrong with the hours of each person, in words: one number, or one for each who is named."""
    if not isinstance(hours, Mapping | pd.Series):
        return [number_fault("hours", hours, least=0, optional=True)]
    return [number_fault(f"hours of {rep}", each, least=0) for rep, each in hours.items()]


def hours_of(reps: pd.Series, needed: Numbers, hours: float | Mapping[str, float] | None) -> dict[str, float]:
    """Hours of each person: today's hours of calls, one number for everybody, or as mapped."""
    names = reps.unique()
    if hours is None:
        return {name: float(needed[(reps == name).to_numpy()].sum()) for name in names}
    if not isinstance(hours, Mapping | pd.Series):
        return dict.fromkeys(names, float(hours))
    given = {named_as_text(name): float(each) for name, each in hours.items()}
    absent = sorted(str(name) for name in set(names) - set(given))
    if absent:
        said = f"hours must be a number of at least 0 for each of {', '.join(absent)}, who are not named"
        raise ParameterError(said + close_match(absent[0], idle_names(names, hours)))
    return {name: given[name] for name in names}


def idle_names(served: Iterable[str], hours: float | Mapping[str, float] | None) -> list[str]:
    """Whom `hours` names that serve no account of the plan."""
    named = {str(name) for name in hours} if isinstance(hours, Mapping | pd.Series) else set()
    return sorted(named - set(served) - {""})
