"""The tables around a channel plan: the plan itself, what hangs on each channel, points of its curves, its cautions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.stats import mixviews
from salesopt.stats.mix import Allocation
from salesopt.stats.mixtable import MixProblem
from salesopt.stats.refine import Optimum

Numbers = NDArray[np.float64]


def money_of(problem: Allocation, spend: Numbers) -> float:
    """Spend and opening costs of a plan."""
    return float(spend.sum() + problem.opening[spend > 1e-9 * problem.upper].sum())


def plan_table(built: MixProblem, optimum: Optimum, prices: pd.DataFrame, now: Numbers) -> pd.DataFrame:
    """One row per row of the channels table."""
    problem, periods, rows = built.problem, built.periods, len(built.names)
    spend, spend_now = built.spends(optimum.spend), built.spends(now)
    slope_now, slope = (_marginal(built, plan / periods) for plan in (spend_now, spend))
    reduced = np.asarray(optimum.solution.reduced[: len(problem.lower)]).reshape(periods, rows).sum(axis=0)
    table = pd.DataFrame(
        {
            "channel": built.table["channel"],
            "segment": built.table["segment"] if "segment" in built.table.columns else "",
            "kind": built.table["kind"] if "kind" in built.table.columns else "",
            "spend_now": spend_now,
            "spend": spend,
            "change": spend - spend_now,
            "response_now": built.responses(now),
            "response": built.responses(optimum.spend),
            "marginal_return_now": slope_now,
            "marginal_return": slope,
            "reduced_cost": np.where(np.abs(reduced) < 1e-9, 0.0, reduced),
            "binding": _binding(built, prices),
            "caution": _row_cautions(built, spend / periods, spend_now / periods),
        }
    )
    return table


def _marginal(built: MixProblem, spend: Numbers) -> Numbers:
    """Objective's worth of the response to one more unit of spend a period, before the spend itself."""
    worth = built.problem.worth[: len(built.names)]
    return np.asarray(worth * built.own.slope(spend))


def _binding(built: MixProblem, prices: pd.DataFrame) -> list[str]:
    """For each row the limits with a price that its spend or response counts in."""
    rows = len(built.names)
    held: list[list[str]] = [[] for _ in range(rows)]
    tight = prices[(prices["slack"] == 0) & (prices["shadow_price"].fillna(1) != 0)]
    for limit in built.problem.limits:
        if limit.name in set(tight["limit"]):
            use = np.abs(limit.spend).reshape(-1, rows).sum(axis=0)
            if limit.response is not None:
                use = use + np.bincount(built.owner, np.abs(limit.response), rows)
            for number in np.flatnonzero(use).tolist():
                held[number].append(limit.name)
    for name in tight.loc[tight["kind"].isin(["most", "least"]), "limit"]:
        for number, channel in enumerate(built.names):
            if name.split(", period")[0] in (f"max {channel}", f"min {channel}", f"min lot {channel}"):
                held[number].append(name)
    return [", ".join(dict.fromkeys(names)) for names in held]


def _row_cautions(built: MixProblem, spend: Numbers, now: Numbers) -> list[str]:
    table, turn = built.table, built.own.inflection()
    nothing = pd.Series(np.nan, index=table.index)
    low, high = (
        (table[name] if name in table.columns else nothing).to_numpy(dtype=float)
        for name in ("observed_low", "observed_high")
    )
    reasons = (
        (spend > high * (1 + 1e-9), "planned above all spend seen so far"),
        (spend < low * (1 - 1e-9), "planned below all spend seen so far"),
        ((spend > 0) & (spend < turn * (1 - 1e-9)), "planned on the foot of an S-shaped curve"),
        ((spend <= 1e-9 * table["max_spend"].to_numpy()) & (now > 0), "closed by the plan"),
    )
    return ["; ".join(text for holds, text in reasons if holds[row]) for row in range(len(table))]


def concentration_table(built: MixProblem, spend: Numbers) -> pd.DataFrame:
    """How much hangs on each channel: shares, and what its failure would cost when its money is spent all the same."""
    spends, responses = built.spends(spend), built.responses(spend)
    own = np.bincount(
        built.owner[built.counted], built.problem.curves.gain(built.problem.effective(spend))[built.counted]
    )
    loss = built.problem.worth[: len(built.names)] * own
    table = pd.DataFrame(
        {
            "channel": built.names,
            "share_of_spend": spends / max(spends.sum(), 1e-300),
            "share_of_response": responses / max(responses.sum(), 1e-300),
            "loss_if_it_fails": loss,
        }
    )
    return table.sort_values("share_of_spend", ascending=False, ignore_index=True)


def curve_points(built: MixProblem, spend: Numbers, now: Numbers, points: int = 61) -> pd.DataFrame:
    """Points of each curve of a period from no spend to the highest, and the points of today and the plan."""
    most = built.table["max_spend"].to_numpy(dtype=float)
    today, plan = built.spends(now) / built.periods, built.spends(spend) / built.periods
    grid = np.vstack([np.maximum(most, today) * np.linspace(0, 1, points)[:, None], today, plan])
    values, slopes = built.own.response(grid), built.own.slope(grid)
    label = np.array([""] * points + ["now", "plan"])
    return pd.DataFrame(
        {
            "channel": np.repeat(built.names, len(grid)),
            "spend": grid.T.ravel(),
            "response": values.T.ravel(),
            "marginal_response": slopes.T.ravel(),
            "point": np.tile(label, len(built.names)),
        }
    )


def schedule_table(built: MixProblem, spend: Numbers) -> pd.DataFrame:
    """The plan by period: channel, segment, period, spend."""
    rows = len(built.names)
    segment = built.table["segment"] if "segment" in built.table.columns else pd.Series("", index=built.table.index)
    return pd.DataFrame(
        {
            "channel": np.tile(built.table["channel"].to_numpy(dtype=object), built.periods),
            "segment": np.tile(segment.to_numpy(dtype=object), built.periods),
            "period": np.repeat(np.arange(1, built.periods + 1), rows),
            "spend": spend,
        }
    )


def plan_cautions(
    built: MixProblem,
    optimum: Optimum,
    table: pd.DataFrame,
    tolerance: float,
    draws: pd.DataFrame | None,
    now: Numbers,
) -> tuple[str, ...]:
    """When not to trust the plan, in plain sentences."""
    problem, gap = built.problem, optimum.gap
    pattern = optimum.problem is not problem and not problem.risk
    outside = table.loc[table["caution"].str.contains("seen so far"), "channel"].tolist()
    share = built.spends(optimum.spend) / max(optimum.spend.sum(), 1e-300)
    broken = [
        limit.name
        for number, limit in enumerate(problem.limits)
        if not _holds(limit.lower, limit.upper, mixviews.limit_use(problem, number, now))
    ]
    saying = (
        (gap > tolerance, f"A better plan by up to {gap:.2%} of the objective cannot be ruled out."),
        (pattern, "Shadow prices hold as long as the same channels stay open and on the same part of their curves."),
        (problem.whole, "Spend is whole: a shadow price is the gain from one more whole unit of the bound."),
        (bool(outside), f"The plan goes beyond the spend seen so far for {', '.join(map(str, outside))}."),
        (draws is None, "The curves are taken as certain: no draws were given, so the gain has no interval."),
        (bool(share.max() > 0.5), f"{built.names[int(share.argmax())]} takes more than half of the spend."),
        (
            bool(broken),
            f"Today's plan itself breaks {', '.join(map(repr, broken))}; "
            "the comparison with today is not like for like.",
        ),
    )
    return tuple(text for holds, text in saying if holds)


def _holds(lower: float, upper: float, used: float) -> bool:
    unit = 1e-6 * max(abs(used), 1.0)
    return bool(lower - unit <= used <= upper + unit)
