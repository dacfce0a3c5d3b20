"""From a checked table of channels to an allocation problem: curves, spill-over, carry-over, limits by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.mix import Allocation, Limit
from salesopt.stats.programme import INFINITE
from salesopt.stats.response import PARAMETERS, Curves, carry_over_weights, curves_from

Numbers = NDArray[np.float64]
LONGEST_CARRY = 12
FADED = 0.005


@dataclass(frozen=True, eq=False)
class MixProblem:
    """An allocation problem and what its numbers mean.

    keys      : channel and segment of each row of the table          names : the same as one text
    own       : n, central curves of a period          spill : n x n, response of the column's row per response of a row
    worth     : n, margin of each row's own response (1 for the objective "response")
    owner     : row of the table that each of the P curves belongs to
    counted   : whether a curve's period is inside the plan (not in the tail after it)
    constant  : objective that the programme leaves out or counts too much
    """

    problem: Allocation
    table: pd.DataFrame
    names: list[str]
    own: Curves
    spill: Numbers
    worth: Numbers
    owner: NDArray[np.int64]
    counted: NDArray[np.bool_]
    constant: float
    periods: int

    def responses(self, spend: Numbers, curves: Curves | None = None) -> Numbers:
        """Response of each row of the table over the whole plan, spill-over included."""
        effective = self.problem.effective(spend)
        each = (curves or self.problem.curves).response(effective)
        own = np.bincount(self.owner[self.counted], each[self.counted], len(self.names))
        base = self.own.base * self.periods
        return np.asarray(own + (own - base) @ self.spill)

    def spends(self, spend: Numbers) -> Numbers:
        """Spend of each row of the table over the whole plan."""
        return np.asarray(spend.reshape(self.periods, -1).sum(axis=0))


def row_names(table: pd.DataFrame) -> list[str]:
    """Name of each row: its channel, with the segment where the table has one."""
    if "segment" not in table.columns:
        return table["channel"].tolist()
    return [
        channel if pd.isna(segment) or not segment else f"{channel}, {segment}"
        for channel, segment in zip(table["channel"], table["segment"], strict=True)
    ]


def check_channels(table: pd.DataFrame) -> list[Problem]:
    """What is wrong with the channels taken together: crossed bounds, lots beyond the highest spend."""
    problems = []
    crossed = table["min_spend"] > table["max_spend"]
    rules = [(crossed, "min_spend", "at most max_spend")]
    if "min_lot" in table.columns:
        rules.append((table["min_lot"] > table["max_spend"], "min_lot", "at most max_spend"))
    for wrong, column, expected in rules:
        if wrong.any():
            at = int(wrong.to_numpy().argmax())
            shown = repr(str(table[column].iloc[at]))
            problems.append(Problem("channels", column, at + 2, shown, expected, "", int(wrong.sum())))
    return problems


def build_problem(
    table: pd.DataFrame,
    *,
    budget: float,
    objective: str,
    limits: pd.DataFrame | None,
    shares: Mapping[str, Sequence[float]],
    quotas: Mapping[str, float],
    spillover: pd.DataFrame | None,
    periods: int,
    whole: bool,
) -> MixProblem:
    """The allocation problem of a checked channels table; `optimise_channel_mix` says what the arguments mean."""
    names, rows = row_names(table), len(table)
    try:
        own = curves_from(table)
    except ParameterError as error:
        raise DataError(f"channels: {error}") from error
    spill = _spill(table, spillover)
    margin = _column(table, "margin", 1.0) if objective == "profit" else np.ones(rows)
    worth = margin + spill @ margin
    if (worth < 0).any():
        bad = names[int((worth < 0).argmax())]
        raise ParameterError(f"a response of {bad} is worth less than nothing after its margin and spill-over")
    owner, counted, mixing, before = _periods(table, periods)
    lower, upper = (np.tile(table[column].to_numpy(dtype=float), periods) for column in ("min_spend", "max_spend"))
    opening = np.tile(_column(table, "fixed_cost", 0.0), periods)
    money = np.full(rows * periods, 1.0 if objective == "profit" else 0.0)
    rules = [Limit("budget", "budget", -INFINITE, budget, np.ones(rows * periods), None, opening)]
    rules = rules if np.isfinite(budget) else []
    rules += _named_limits(table, limits, periods) + _share_limits(table, shares, periods)
    rules += _quota_limits(table, quotas, spill, own, owner, counted)
    problem = Allocation(
        curves=own.take(owner),
        worth=worth[owner],
        price=money,
        lower=lower,
        upper=upper,
        lot=np.tile(_column(table, "min_lot", 0.0), periods),
        opening=opening,
        mixing=mixing,
        before=before,
        limits=tuple(rules),
        whole=whole,
    )
    constant = -periods * float((spill @ margin) @ own.base)
    tail = ~counted
    today = table["current_spend"].to_numpy(dtype=float)[owner]
    constant -= float(worth[owner][tail] @ own.take(owner).response(today)[tail]) if tail.any() else 0.0
    return MixProblem(problem, table, names, own, spill, margin, owner, counted, constant, periods)


def _column(table: pd.DataFrame, name: str, otherwise: float) -> Numbers:
    if name not in table.columns:
        return np.full(len(table), otherwise)
    return table[name].fillna(otherwise).to_numpy(dtype=float)


def _spill(table: pd.DataFrame, spillover: pd.DataFrame | None) -> Numbers:
    """Response of channel "to" per unit of response of channel "from"; shared among the segments of "to" evenly."""
    rows = len(table)
    spill = np.zeros((rows, rows))
    if spillover is None:
        return spill
    absent = [column for column in ("from", "to", "rate") if column not in spillover.columns]
    if absent:
        raise DataError([Problem("spillover", column, None, "", "this column, which is absent") for column in absent])
    channel = table["channel"].to_numpy(dtype=object)
    for number, (source, target, rate) in enumerate(spillover[["from", "to", "rate"]].itertuples(index=False)):
        to, out = channel == target, channel == source
        if not to.any() or not out.any() or source == target or not np.isfinite(float(rate)):
            shown = f"{source} to {target} at {rate}"
            raise DataError([Problem("spillover", "", number + 2, shown, "two different channels and a finite rate")])
        spill[np.ix_(out, to)] += float(rate) / to.sum()
    return spill


def _periods(
    table: pd.DataFrame, periods: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_], sparse.csr_matrix, Numbers]:
    """Curves of every period of the plan, and of the periods after it in which its spend still works."""
    rows = len(table)
    carry = _column(table, "carry_over", 0.0)
    today = table["current_spend"].to_numpy(dtype=float)
    if periods == 1:
        return np.arange(rows), np.ones(rows, dtype=bool), sparse.identity(rows, format="csr"), np.zeros(rows)
    lengths = [1 if rate == 0 else int(min(LONGEST_CARRY, np.ceil(np.log(FADED) / np.log(rate)))) for rate in carry]
    owner: list[int] = []
    counted: list[bool] = []
    entries: list[tuple[int, int, float]] = []
    before: list[float] = []
    for period in range(periods + max(lengths) - 1):
        for row in range(rows):
            weights = carry_over_weights("geometric", lengths[row], decay=carry[row])
            if period >= periods + lengths[row] - 1:
                continue
            own = {period - lag: weight for lag, weight in enumerate(weights)}
            entries += [(len(owner), at * rows + row, weight) for at, weight in own.items() if 0 <= at < periods]
            before.append(today[row] * sum(weight for at, weight in own.items() if not 0 <= at < periods))
            owner.append(row)
            counted.append(period < periods)
    line, column, value = zip(*entries, strict=True)
    mixing = sparse.csr_matrix((value, (line, column)), shape=(len(owner), rows * periods))
    return np.array(owner), np.array(counted), mixing, np.array(before)


def _named_limits(table: pd.DataFrame, limits: pd.DataFrame | None, periods: int) -> list[Limit]:
    """One limit per name in `limits` and period."""
    if limits is None:
        return []
    rules, problems = [], []
    channel = table["channel"].to_numpy(dtype=object)
    segment = table["segment"].to_numpy(dtype=object) if "segment" in table.columns else np.full(len(table), None)
    for name, part in limits.groupby("limit", sort=False):
        if (part[["sense", "bound"]] != part[["sense", "bound"]].iloc[0]).to_numpy().any():
            at = int(part.index[0]) + 2
            problems.append(Problem("channel_limits", "bound", at, str(name), "one sense and one bound per limit"))
            continue
        use = np.zeros(len(table))
        for at, row in zip(part.index, part.to_dict("records"), strict=True):
            one = row.get("segment")
            hit = (channel == row["channel"]) & ((segment == one) if isinstance(one, str) and one else True)
            use[hit] += row["coefficient"]
            if not hit.any():
                shown = repr(str(row["channel"]))
                problems.append(Problem("channel_limits", "channel", int(at) + 2, shown, "a channel of channels"))
        sense, bound = part["sense"].iloc[0], float(part["bound"].iloc[0])
        lower, upper = (bound if sense != "<=" else -INFINITE), (bound if sense != ">=" else INFINITE)
        for period in range(periods):
            spend = np.zeros(len(table) * periods)
            spend[period * len(table) : (period + 1) * len(table)] = use
            label = str(name) if periods == 1 else f"{name}, period {period + 1}"
            rules.append(Limit(label, "limit", lower, upper, spend))
    if problems:
        raise DataError(problems)
    return rules


def members(table: pd.DataFrame, group: str) -> NDArray[np.bool_]:
    """The rows that a group name means: "all", a kind, a segment or a channel."""
    if group == "all":
        return np.ones(len(table), dtype=bool)
    for column in ("kind", "segment", "channel"):
        if column in table.columns:
            hit = (table[column] == group).fillna(False).to_numpy(dtype=bool)
            if hit.any():
                return hit
    raise ParameterError(f"{group!r} is no kind, segment or channel of the channels")


def _share_limits(table: pd.DataFrame, shares: Mapping[str, Sequence[float]], periods: int) -> list[Limit]:
    rules = []
    for group, pair in shares.items():
        if len(pair) != 2 or not 0 <= pair[0] <= pair[1] <= 1:
            raise ParameterError(f"the share of {group!r} must be two fractions [least, most], not {pair!r}")
        inside = np.tile(members(table, group).astype(float), periods)
        if pair[0] > 0:
            rules.append(Limit(f"{group} at least {pair[0]:g} of spend", "share", 0.0, INFINITE, inside - pair[0]))
        if pair[1] < 1:
            rules.append(Limit(f"{group} at most {pair[1]:g} of spend", "share", -INFINITE, 0.0, inside - pair[1]))
    return rules


def _quota_limits(
    table: pd.DataFrame,
    quotas: Mapping[str, float],
    spill: Numbers,
    own: Curves,
    owner: NDArray[np.int64],
    counted: NDArray[np.bool_],
) -> list[Limit]:
    """Least response of a group over the whole plan, spill-over included."""
    rules, decisions = [], int(counted.sum())
    for group, least in quotas.items():
        if not np.isfinite(least) or least < 0:
            raise ParameterError(f"the quota of {group!r} must be a number of at least 0, not {least!r}")
        inside = members(table, group).astype(float)
        from_spill = spill @ inside
        rate = inside + from_spill
        if (rate < 0).any():
            raise ParameterError(f"the quota of {group!r} would fall with the response of a channel that takes from it")
        bound = least + decisions / len(table) * float(from_spill @ own.base)
        response = np.where(counted, rate[owner], 0.0)
        rules.append(Limit(f"response of {group}", "quota", bound, INFINITE, np.zeros(decisions), response))
    return rules


def draw_curves(built: MixProblem, draws: pd.DataFrame) -> tuple[Curves, ...]:
    """One set of curves per draw; a channel or parameter that a draw does not name keeps its central value.

    draws : draw, channel, segment?, and any of base, ceiling, shape, scale, return_rate
    """
    absent = [column for column in ("draw", "channel") if column not in draws.columns]
    if absent:
        raise DataError([Problem("draws", column, None, "", "this column, which is absent") for column in absent])
    known = pd.Index(built.names)
    names = pd.Index(row_names(draws))
    place = known.get_indexer(names)
    if (place < 0).any():
        shown = repr(str(names[int((place < 0).argmax())]))
        raise DataError([Problem("draws", "channel", int((place < 0).argmax()) + 2, shown, "a channel of channels")])
    codes, _ = pd.factorize(draws["draw"])
    count = int(codes.max()) + 1
    values = {}
    for name in PARAMETERS:
        values[name] = np.tile(getattr(built.own, name), (count, 1))
        if name in draws.columns:
            given = draws[name].to_numpy(dtype=float)
            kept = np.isfinite(given)
            values[name][codes[kept], place[kept]] = given[kept]
    made = [Curves(built.own.kind, *(values[name][draw] for name in PARAMETERS)) for draw in range(count)]
    return tuple(curves.take(built.owner) for curves in made)
