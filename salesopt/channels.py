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
from salesopt.stats import mixtables, mixviews
from salesopt.stats.mediafit import ChannelResponse, Settings, fit_response
from salesopt.stats.mixtable import MixProblem, build_problem, check_channels, draw_curves
from salesopt.stats.refine import Optimum, solve_mix
from salesopt.stats.result import Result
from salesopt.stats.traffic import OnlineFunnel, online_funnel
from salesopt.study.tables import require_table

__all__ = [
    "ChannelMix",
    "ChannelResponse",
    "CompletedChannels",
    "OnlineFunnel",
    "complete_channels",
    "fit_channel_response",
    "measure_online_funnel",
    "optimise_channel_mix",
]

Numbers = NDArray[np.float64]
FRONTIER_COLUMNS = ("budget", "spend", "response", "profit", "shadow_price", "point")
OBJECTIVES = ("profit", "response")
LARGE = 400  # decisions beyond which ranges, frontier and alternatives are left out unless asked for


@dataclass(frozen=True, eq=False, repr=False)
class ChannelMix(Result):
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
    objective_name, objective, objective_now (both weighed by `risk`), bound, gap (what a better plan could add at most:
    a fraction)
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
    objective_now = built.problem.objective(now) + plain.constant
    best = optimum.objective + plain.constant
    robust = mixviews.robust_table(made)
    table = mixtables.plan_table(plain, optimum, prices, now)
    spend, response = mixtables.money_of(plain.problem, optimum.spend), plain.responses(optimum.spend)
    response_now, shares = plain.responses(now), plain.spends(optimum.spend)
    share = shares / max(shares.sum(), 1e-300)
    return ChannelMix(
        table=table,
        shadow_prices=prices,
        frontier=frontier,
        alternatives=alternatives,
        robust=robust,
        concentration=mixtables.concentration_table(plain, optimum.spend),
        curves=mixtables.curve_points(plain, optimum.spend, now),
        schedule=mixtables.schedule_table(plain, optimum.spend),
        skipped=pd.DataFrame(skipped, columns=["item", "reason"]),
        cautions=(
            *mixtables.plan_cautions(plain, optimum, table, tolerance, draws, now),
            *_off_center(best - objective_now, gain),
        ),
        objective_name=objective,
        objective=best,
        objective_now=objective_now,
        bound=optimum.bound + plain.constant,
        gap=optimum.gap,
        budget=budget,
        spend=spend,
        spend_now=mixtables.money_of(plain.problem, now),
        response=float(response.sum()),
        response_now=float(response_now.sum()),
        profit=float(plain.worth @ response) - spend,
        profit_now=float(plain.worth @ response_now) - mixtables.money_of(plain.problem, now),
        best_budget=best_budget,
        herfindahl=float((share**2).sum()),
        gain_low=float(gain[0]),
        gain_high=float(gain[1]),
        price_of_robustness=_price_of_robustness(robust),
        periods=plain.periods,
        risk=built.problem.risk,
        drift=drift,
    )


def _off_center(gain: float, interval: Numbers) -> list[str]:
    """Say it where the gain that is told lies outside its interval, as it can: the draws need not centre on it."""
    low, high = interval
    if not np.isfinite(interval).all() or low <= gain <= high:
        return []
    side = "below" if gain < low else "above"
    return [f"The gain on the central curves lies {side} its interval, which comes from draws: lean on the interval."]


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
        best = mixtables.money_of(problem, solve_mix(free, tolerance=tolerance).spend)
        special["profit-best"] = best
        reach = max(reach, min(1.1 * best, float(problem.upper.sum())))
    least = float(problem.lower.sum())
    budgets = np.concatenate([np.linspace(least, max(reach, budget), points), list(special.values())])
    table = mixviews.frontier_table(built, budgets, tolerance=max(tolerance, 1e-3))
    point = pd.Series("", index=table.index)
    for name, value in special.items():
        point[np.isclose(table["budget"], value, rtol=1e-12)] = name
    return table.assign(point=point), best


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


@dataclass(frozen=True, eq=False, repr=False)
class CompletedChannels(Result):
    """Channels ready for `optimise_channel_mix`, and where their curves come from.

    table : table channels with curves, carry_over, observed_low and observed_high      draws : of the curves, or None
    source : channel, source ("history and judgement", "history", "study")
    response : the fit, None where there was nothing to fit
    """

    table: pd.DataFrame
    draws: pd.DataFrame | None
    source: pd.DataFrame
    response: ChannelResponse | None
    cautions: tuple[str, ...]


def complete_channels(
    channels: pd.DataFrame,
    history: pd.DataFrame | None = None,
    *,
    total: pd.DataFrame | None = None,
    draws: int = 200,
    season: int = 0,
    seed: int = 0,
) -> CompletedChannels:
    """Give every channel a response curve: fitted to history with the study's curve as prior, or either alone.

    channels : table "channels"; history : table "channel_history", None or without outcome where nothing can be fitted
    total    : period, outcome: for a history without outcomes by channel

    Raises DataError where a channel has neither a curve nor a history to fit one to.
    """
    table = require_table("channels", channels).reset_index(drop=True)
    judged = _has_curve(table)
    counted = history is not None and "outcome" in history.columns and history["outcome"].notna().any()
    fitted, response = pd.Series(False, index=table.index), None
    if history is not None and (counted or total is not None) and table["channel"].is_unique:
        prior = table[judged & table.get("scale", pd.Series(np.nan, index=table.index)).notna()]
        part = history[history["channel"].isin(table["channel"])]
        response = fit_channel_response(
            part, total=total, prior=prior if len(prior) else None, draws=draws, season=season, seed=seed
        )
        fit = response.table.set_index("channel")
        fitted = table["channel"].isin(fit.index)
        for column in ("base", "ceiling", "shape", "scale", "carry_over", "observed_low", "observed_high"):
            new = table["channel"].map(fit[column])
            table[column] = new.where(fitted, table[column] if column in table.columns else np.nan)
    bare = table.loc[~judged & ~fitted, "channel"].tolist()
    if bare:
        raise DataError(f"channels: no response curve and no history to fit one to for {', '.join(map(str, bare))}")
    source = np.where(fitted & judged, "history and judgement", np.where(fitted, "history", "study"))
    return CompletedChannels(
        table=table,
        draws=None if response is None else response.draws,
        source=pd.DataFrame({"channel": table["channel"], "source": source}),
        response=response,
        cautions=() if response is None else response.cautions,
    )


def _has_curve(table: pd.DataFrame) -> pd.Series:
    nothing = pd.Series(np.nan, index=table.index)
    linear = table.get("return_rate", nothing).notna()
    return linear | (table.get("ceiling", nothing).notna() & table.get("scale", nothing).notna())
