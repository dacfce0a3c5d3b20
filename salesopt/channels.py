"""Channel mix: how a budget is best split over channels, what every limit costs, and how free the planner is.

Fitted or judged response curves go in, a plan with its proof, shadow prices, frontier and alternatives comes out. The
model is a linear programme (mixed-integer for S-shaped curves, opening costs, lots and whole numbers), readable in
`salesopt.stats.mix`; the method of proof is in `salesopt.stats.refine`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.errors import DataError, InfeasibleError, ParameterError
from salesopt.stats import mixviews
from salesopt.stats.mediafit import ChannelResponse, Settings, fit_response
from salesopt.stats.mix import Allocation
from salesopt.stats.mixtable import MixProblem, build_problem, check_channels, draw_curves
from salesopt.stats.refine import Optimum, solve_mix
from salesopt.stats.traffic import OnlineFunnel, online_funnel
from salesopt.study.tables import require_table

__all__ = [
    "ChannelMix",
    "ChannelResponse",
    "OnlineFunnel",
    "fit_channel_response",
    "measure_online_funnel",
    "optimise_channel_mix",
]

Numbers = NDArray[np.float64]
FRONTIER_COLUMNS = ("budget", "spend", "response", "profit", "shadow_price", "point")
OBJECTIVES = ("profit", "response")
LARGE = 400  # decisions beyond which ranges, frontier and alternatives are left out unless asked for


@dataclass(frozen=True, eq=False)
class ChannelMix:
    """What `optimise_channel_mix` found. Money and response are totals of the plan's `periods`.

    table         : channel, segment, kind, spend_now, spend, change, response_now, response, marginal_return_now,
                    marginal_return (objective of the next unit of spend, spend itself included for "profit" as
                    worth x slope), reduced_cost, binding (the limits that hold it), caution
    shadow_prices : limit, kind (budget, limit, share, quota, most, least), bound, slack, shadow_price (worth of one
                    more unit of the bound), valid_from, valid_to (of the bound)
    frontier      : budget, spend, response, profit, shadow_price, point ("planned", "today's budget", "profit-best")
    alternatives  : plan, channel, spend, best, objective, least, most: plans nearly as good that differ most
    robust        : plan, expected, worst_5_percent, low, high: objective under the draws; empty without draws
    concentration : channel, share_of_spend, share_of_response, loss_if_it_fails (objective, its spend not saved)
    curves        : channel, spend, response: points of each response curve, with `point` "now", "plan" or ""
    schedule      : channel, segment, period, spend: the plan by period
    skipped       : item, reason
    objective_name, objective, objective_now, bound, gap (what a better plan could add at most: a fraction)
    budget, spend, spend_now, response, response_now, profit, profit_now, best_budget (nan unless "profit")
    herfindahl (sum of squared shares of spend), price_of_robustness (expected objective given up for caution)
    gain_low, gain_high : 95 % interval, under the draws of the objective's gain over today; nan without draws
    periods, risk, drift (how far a shadow price may move inside its range)
    """

    table: pd.DataFrame
    shadow_prices: pd.DataFrame
    frontier: pd.DataFrame
    alternatives: pd.DataFrame
    robust: pd.DataFrame
    concentration: pd.DataFrame
    curves: pd.DataFrame
    schedule: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    objective_name: str
    objective: float
    objective_now: float
    bound: float
    gap: float
    budget: float
    spend: float
    spend_now: float
    response: float
    response_now: float
    profit: float
    profit_now: float
    best_budget: float
    herfindahl: float
    gain_low: float
    gain_high: float
    price_of_robustness: float
    periods: int
    risk: float
    drift: float


def optimise_channel_mix(
    channels: pd.DataFrame,
    *,
    budget: float,
    objective: str = "profit",
    limits: pd.DataFrame | None = None,
    periods: int = 1,
    integer: bool = False,
    pieces: int = 64,
    risk: float = 0.0,
    draws: pd.DataFrame | None = None,
    shares: Mapping[str, Sequence[float]] | None = None,
    quotas: Mapping[str, float] | None = None,
    spillover: pd.DataFrame | None = None,
    within: float = 0.01,
    drift: float = 0.1,
    tolerance: float = 1e-4,
    frontier_points: int = 15,
) -> ChannelMix:
    """Split `budget` over `channels` so that profit (or response) is largest under all limits.

    channels  : table "channels" (one row per channel, or channel and segment): current_spend, min_spend, max_spend in
                currency a period, and return_rate or base, ceiling, shape, scale (see `salesopt.stats.response`);
                margin (profit per unit of response, 1 where absent), fixed_cost (once opened, counted in the budget),
                min_lot, carry_over (geometric), observed_low and observed_high where they are known
    budget    : currency for the whole plan; inf for none (then `limits` must hold the money)
    objective : "profit" is margin x response - spend - fixed costs; "response" is response alone
    limits    : table "channel_limits": linear limits on spend, in every period
    periods   : periods planned together; above 1 carry-over counts, the last periods' effect after the plan included,
                spend before and after the plan being today's. 1 plans a steady state.
    integer   : whether spend must be whole (insertions)
    pieces    : straight pieces a curve starts with; refined until the proven gap is below `tolerance`
    risk      : weight of the mean of the worst 5 % of `draws` against the mean of all; 0 plans on the central curves
    draws     : draw, channel, segment? and curve parameters, one row per draw and channel (see `fit_channel_response`)
    shares    : group -> (least, most) share of spend, a fraction; a group is "all", a kind, a segment or a channel
    quotas    : group -> least response over the plan (leads, orders)
    spillover : from, to, rate: response of `to` per unit of response of `from` above its base; negative where the two
                serve the same customers
    within    : share of the objective that `alternatives` may give up
    drift     : how far a shadow price may move within its range where curves bend
    tolerance : proven gap at most, a fraction of the objective
    frontier_points : budgets on the frontier (0 for none)

    Raises DataError for a bad table, ParameterError for a bad argument, InfeasibleError (with `conflict` and
    `relaxation`) where no plan meets all limits.
    """
    table = _checked(channels, limits)
    _check_arguments(budget, objective, periods, pieces, risk, draws, within, drift, tolerance)
    named = None if limits is None else require_table("channel_limits", limits)
    built = build_problem(
        table,
        budget=float(budget),
        objective=objective,
        limits=named,
        shares=shares or {},
        quotas=quotas or {},
        spillover=spillover,
        periods=periods,
        whole=integer,
    )
    names = mixviews.decision_names(built)
    central = _solve(built, names, pieces, tolerance)
    optimum, cautious = central, built
    if risk:
        assert draws is not None
        changed = dataclasses.replace(built.problem, risk=risk, scenarios=draw_curves(built, draws))
        cautious = dataclasses.replace(built, problem=changed)
        optimum = _solve(cautious, names, pieces, tolerance)
    return _assemble(
        cautious, built, optimum, central, draws, objective, float(budget), within, drift, tolerance, frontier_points
    )


def _checked(channels: pd.DataFrame, limits: pd.DataFrame | None) -> pd.DataFrame:
    table = require_table("channels", channels)
    problems = check_channels(table)
    if problems:
        raise DataError(problems)
    return table.reset_index(drop=True)


def _check_arguments(
    budget: float,
    objective: str,
    periods: int,
    pieces: int,
    risk: float,
    draws: pd.DataFrame | None,
    within: float,
    drift: float,
    tolerance: float,
) -> None:
    faults = [
        (not budget >= 0, f"budget must be a number of at least 0 (or inf for none), not {budget!r}"),
        (objective not in OBJECTIVES, f"objective is one of {', '.join(OBJECTIVES)}, not {objective!r}"),
        (not (isinstance(periods, int) and periods >= 1), f"periods must be a whole number above 0, not {periods!r}"),
        (not (isinstance(pieces, int) and pieces >= 2), f"pieces must be a whole number above 1, not {pieces!r}"),
        (not 0 <= risk <= 1, f"risk must be inside [0, 1], not {risk!r}"),
        (bool(risk) and draws is None, "risk needs draws of the curves (fit_channel_response makes them)"),
        (not 0 < within < 1, f"within must be inside (0, 1), not {within!r}"),
        (not 0 < drift < 1, f"drift must be inside (0, 1), not {drift!r}"),
        (not 0 < tolerance < 1, f"tolerance must be inside (0, 1), not {tolerance!r}"),
    ]
    wrong = [text for holds, text in faults if holds]
    if wrong:
        raise ParameterError("; ".join(wrong))


def _solve(built: MixProblem, names: list[str], pieces: int, tolerance: float) -> Optimum:
    try:
        return solve_mix(built.problem, names, pieces=pieces, tolerance=tolerance)
    except InfeasibleError:
        raise mixviews.explain_conflict(built) from None


def _assemble(
    built: MixProblem,
    plain: MixProblem,
    optimum: Optimum,
    central: Optimum,
    draws: pd.DataFrame | None,
    objective: str,
    budget: float,
    within: float,
    drift: float,
    tolerance: float,
    frontier_points: int,
) -> ChannelMix:
    """Everything a reader wants around the optimum."""
    large = len(built.problem.lower) > LARGE
    now = np.tile(built.table["current_spend"].to_numpy(dtype=float), built.periods)
    prices = mixviews.price_table(built, optimum, drift=drift, ranged=not large)
    skipped = []
    frontier, best_budget = (
        pd.DataFrame(columns=["budget", "spend", "response", "profit", "shadow_price", "point"]),
        np.nan,
    )
    if large:
        skipped.append(("frontier, alternatives, ranges", f"more than {LARGE} decisions"))
    elif not np.isfinite(budget):
        skipped.append(("frontier", "no budget was set"))
    elif frontier_points:
        frontier, best_budget = _frontier(plain, objective, budget, float(now.sum()), frontier_points, tolerance)
    if large:
        alternatives = pd.DataFrame(columns=["plan", "channel", "spend", "best", "objective", "least", "most"])
    else:
        alternatives = mixviews.alternative_plans(built, optimum, within=within)
    made: dict[str, Numbers] = {}
    gain = np.array([np.nan, np.nan])
    if draws is not None:
        plans = {"today": now, "plan": optimum.spend, "best on the central curves": central.spend}
        made = mixviews.outcomes(plain, draws, plans)
        gain = np.quantile(made["plan"] - made["today"], [0.025, 0.975])
    robust = mixviews.robust_table(made)
    table = _plan_table(plain, optimum, prices, now)
    spend, response = _money(plain.problem, optimum.spend), plain.responses(optimum.spend)
    response_now, shares = plain.responses(now), plain.spends(optimum.spend)
    share = shares / max(shares.sum(), 1e-300)
    return ChannelMix(
        table=table,
        shadow_prices=prices,
        frontier=frontier,
        alternatives=alternatives,
        robust=robust,
        concentration=_concentration(plain, optimum.spend),
        curves=_curve_points(plain, optimum.spend, now),
        schedule=_schedule(plain, optimum.spend),
        skipped=pd.DataFrame(skipped, columns=["item", "reason"]),
        cautions=_cautions(plain, optimum, table, tolerance, draws, now),
        objective_name=objective,
        objective=optimum.objective + plain.constant,
        objective_now=plain.problem.objective(now) + plain.constant,
        bound=optimum.bound + plain.constant,
        gap=optimum.gap,
        budget=budget,
        spend=spend,
        spend_now=_money(plain.problem, now),
        response=float(response.sum()),
        response_now=float(response_now.sum()),
        profit=float(plain.worth @ response) - spend,
        profit_now=float(plain.worth @ response_now) - _money(plain.problem, now),
        best_budget=best_budget,
        herfindahl=float((share**2).sum()),
        gain_low=float(gain[0]),
        gain_high=float(gain[1]),
        price_of_robustness=_price_of_robustness(robust),
        periods=plain.periods,
        risk=built.problem.risk,
        drift=drift,
    )


def _money(problem: Allocation, spend: Numbers) -> float:
    """Spend and opening costs of a plan."""
    return float(spend.sum() + problem.opening[spend > 1e-9 * problem.upper].sum())


def _price_of_robustness(robust: pd.DataFrame) -> float:
    """Expected objective given up by the plan against the one that is best on the central curves; nan without draws."""
    expected = robust.set_index("plan")["expected"]
    return float(expected["best on the central curves"] - expected["plan"]) if len(robust) else float("nan")


def _frontier(
    built: MixProblem, objective: str, budget: float, today: float, points: int, tolerance: float
) -> tuple[pd.DataFrame, float]:
    """The frontier, and the budget beyond which more spend loses money (nan for the objective "response")."""
    problem, best = built.problem, np.nan
    reach = min(float(problem.upper.sum() + problem.opening.sum()), 2.0 * max(budget, today))
    special = {"planned": budget, "today's budget": today}
    if objective == "profit":
        free = mixviews.with_budget(problem, np.inf)
        best = _money(problem, solve_mix(free, tolerance=tolerance).spend)
        special["profit-best"] = best
        reach = max(reach, min(1.1 * best, float(problem.upper.sum())))
    least = float(problem.lower.sum())
    budgets = np.concatenate([np.linspace(least, max(reach, budget), points), list(special.values())])
    table = mixviews.frontier_table(built, budgets, tolerance=max(tolerance, 1e-3))
    point = pd.Series("", index=table.index)
    for name, value in special.items():
        point[np.isclose(table["budget"], value, rtol=1e-12)] = name
    return table.assign(point=point), best


def _plan_table(built: MixProblem, optimum: Optimum, prices: pd.DataFrame, now: Numbers) -> pd.DataFrame:
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


def _concentration(built: MixProblem, spend: Numbers) -> pd.DataFrame:
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


def _curve_points(built: MixProblem, spend: Numbers, now: Numbers, points: int = 61) -> pd.DataFrame:
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


def _schedule(built: MixProblem, spend: Numbers) -> pd.DataFrame:
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


def _cautions(
    built: MixProblem,
    optimum: Optimum,
    table: pd.DataFrame,
    tolerance: float,
    draws: pd.DataFrame | None,
    now: Numbers,
) -> tuple[str, ...]:
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
            f"Today's plan itself breaks {', '.join(broken)}; the comparison with today is not like for like.",
        ),
    )
    return tuple(text for holds, text in saying if holds)


def _holds(lower: float, upper: float, used: float) -> bool:
    unit = 1e-6 * max(abs(used), 1.0)
    return bool(lower - unit <= used <= upper + unit)


def fit_channel_response(
    history: pd.DataFrame,
    *,
    total: pd.DataFrame | None = None,
    controls: pd.DataFrame | None = None,
    prior: pd.DataFrame | None = None,
    curve: str = "hill",
    carry: str = "geometric",
    carry_shape: float = 1.0,
    baseline: bool = False,
    trend: bool = False,
    season: int = 0,
    draws: int = 200,
    block: int = 3,
    confidence: float = 0.95,
    recent: int = 3,
    spread: float = 0.5,
    seed: int = 0,
) -> ChannelResponse:
    """Fit how each channel's spend brings response, with carry-over and saturation, and how sure that is.

    history  : table "channel_history": period, channel, spend (currency), outcome (response counted for the channel)
    total    : period, outcome: where only the total is known, all channels are fitted to it together
    controls : period and numeric columns (price, promotion, weather): part of the baseline
    prior    : channel, ceiling, base?, shape?, scale?: judgement, pulled at with strength 1/`spread` (log units)
    curve    : linear, power, hill (S-shaped where the data say so) or logistic
    carry    : none, geometric, or weibull with exponent `carry_shape`
    baseline, trend, season : whether the baseline has a level (always with `total`), a trend, waves of `season` periods
    draws, block, seed : resampled histories, periods per block of residuals, seed
    recent   : last periods that stand for "now"

    Returns tables, draws and the table of channels for `optimise_channel_mix`; see `ChannelResponse`.
    Raises DataError for a bad table or where no channel can be fitted, ParameterError for a bad argument.
    Source: Jin, Wang, Sun, Chan, Koehler, "Bayesian methods for media mix modeling with carryover and shape effects",
    Google (2017), for the model; least squares and block bootstrap instead of priors on everything.
    """
    wanted = () if total is not None else ("outcome",)
    table = require_table("channel_history", history, columns=wanted)
    settings = Settings(
        curve, carry, carry_shape, baseline, trend, season, draws, block, confidence, recent, spread, seed
    )
    return fit_response(table, total, controls, prior, settings)


def measure_online_funnel(history: pd.DataFrame, *, periods: int = 3, confidence: float = 0.95) -> OnlineFunnel:
    """Follow online channels from visit to order, delivery and served order over the last `periods` periods.

    history : table "channel_history" with visits, orders, delivered, served; channels without them are in `skipped`

    Returns conversion, delivery and service with intervals (fractions), cost per visit, order and served order
    (currency), and their trend; see `OnlineFunnel`. Raises DataError for a bad table, ParameterError for bad arguments.
    """
    if periods < 1 or not 0 < confidence < 1:
        raise ParameterError("periods must be at least 1 and confidence inside (0, 1)")
    return online_funnel(require_table("channel_history", history), periods, confidence)
