"""Channel mix: optima against other solvers and brute force, shadow prices against moved limits, words, figures."""

import dataclasses

import numpy as np
import pandas as pd
import pulp
import pytest
from matplotlib import pyplot as plt
from scipy import sparse
from scipy.optimize import linprog, minimize

from salesopt.channels import complete_channels, measure_online_funnel, optimise_channel_mix
from salesopt.conclusions.channels import conclude_channels, price_sentences, summarise_robustness
from salesopt.display import MINUS, estimate, listed, money
from salesopt.errors import DataError, InfeasibleError, ParameterError
from salesopt.plots.channels import plot_curves, plot_frontier, plot_funnel, plot_marginal_returns
from salesopt.stats.mix import build_programme, mean_of_worst, write_model
from salesopt.stats.mixtable import build_problem
from salesopt.stats.piecewise import break_curves, cut_pieces, cut_tangents, largest_misses
from salesopt.stats.programme import INFINITE, Programme, Solver, programme_of, solve_programme, solve_with_cbc
from salesopt.stats.refine import solve_mix
from salesopt.stats.response import curves_from


def make_channels(count=4, seed=0, shape=(0.5, 1.0), **columns):
    """Channels with random Hill curves; other columns are added or replace what was drawn."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "channel": [f"channel {number}" for number in range(count)],
            "current_spend": 100.0,
            "min_spend": 0.0,
            "max_spend": 1000.0,
            "base": random.uniform(0, 50, count),
            "ceiling": random.uniform(300, 900, count),
            "shape": random.uniform(*shape, count),
            "scale": random.uniform(60, 400, count),
            "margin": random.uniform(1, 3, count),
        }
    )
    return table.assign(**columns)


def make_limit(name, sense, bound, **coefficients):
    rows = [(name, sense, bound, channel.replace("_", " "), value) for channel, value in coefficients.items()]
    return pd.DataFrame(rows, columns=["limit", "sense", "bound", "channel", "coefficient"])


def profit_on(table, spend):
    curves = curves_from(table)
    opened = table.get("fixed_cost", pd.Series(0.0, index=table.index)).to_numpy()[spend > 0].sum()
    return float(table["margin"].to_numpy() @ curves.response(spend) - spend.sum() - opened)


def best_on_grid(table, budget, step=1.0):
    """Best profit on a grid of spends by dynamic programming: an independent, slow way."""
    spend = np.arange(0, 1000 + step / 2, step)
    best = np.zeros(int(budget / step) + 1)
    for row in range(len(table)):
        one = table.iloc[[row]].reset_index(drop=True)
        opening = one.get("fixed_cost", pd.Series([0.0])).iloc[0]
        lot, most = one.get("min_lot", pd.Series([0.0])).iloc[0], one["max_spend"].iloc[0]
        value = one["margin"].iloc[0] * curves_from(one).response(spend[:, None])[:, 0] - spend - opening * (spend > 0)
        value[(spend > 0) & (spend < lot) | (spend > most)] = -np.inf
        used = np.where(spend > 0, spend + opening, 0)
        places = np.ceil(used / step - 1e-9).astype(int)
        new = np.full_like(best, -np.inf)
        for place, worth in zip(places, value, strict=True):
            if place < len(best) and np.isfinite(worth):
                new[place:] = np.maximum(new[place:], best[: len(best) - place] + worth)
        best = np.maximum.accumulate(new)
    return best[-1]


def plan(table, **arguments):
    """A plan without the frontier, which most tests do not need."""
    return optimise_channel_mix(table, **{"frontier_points": 0, **arguments})


# --- optima ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_a_linear_mix_equals_scipy(seed):
    random = np.random.default_rng(seed)
    rate, use = random.uniform(1, 5, 6), random.uniform(0.5, 3, (2, 6))
    table = pd.DataFrame(
        {"channel": list("abcdef"), "current_spend": 1, "min_spend": 1, "max_spend": 40, "return_rate": rate}
    )
    limits = pd.concat(
        [
            make_limit("people", "<=", 100, **dict(zip("abcdef", use[0], strict=True))),
            make_limit("reach", ">=", 60, **dict(zip("abcdef", use[1], strict=True))),
        ]
    )
    result = plan(table, budget=90, limits=limits, objective="response")
    scipy_plan = linprog(
        -rate, A_ub=np.vstack([np.ones(6), use[0], -use[1]]), b_ub=[90, 100, -60], bounds=[(1, 40)] * 6, method="highs"
    )
    assert result.objective == pytest.approx(-scipy_plan.fun, rel=1e-9)
    assert result.gap < 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_a_concave_mix_equals_scipy_and_is_proven(seed):
    table = make_channels(5, seed)
    result = plan(table, budget=600)
    start = np.full(5, 100.0)
    other = minimize(
        lambda spend: -profit_on(table, spend) / 1000,
        start,
        bounds=[(1e-3, 1000)] * 5,
        constraints=[{"type": "ineq", "fun": lambda spend: 600 - spend.sum()}],
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-13},
    )
    assert result.profit >= -other.fun * 1000 * (1 - 1e-7)
    assert result.profit == pytest.approx(profit_on(table, result.table["spend"].to_numpy()), rel=1e-9)
    assert result.profit <= result.bound <= result.profit * (1 + 1e-8)


def test_square_root_responses_have_their_textbook_split():
    rate = np.array([2.0, 3.0, 6.0])
    table = pd.DataFrame(
        {"channel": list("abc"), "current_spend": 1, "min_spend": 0, "max_spend": 99, "return_rate": rate, "shape": 0.5}
    )
    result = plan(table, budget=49, objective="response")
    assert result.table["spend"].to_numpy() == pytest.approx(49 * rate**2 / (rate**2).sum(), rel=1e-4)
    assert result.objective == pytest.approx(np.sqrt((rate**2).sum() * 49), rel=1e-9)
    price = result.shadow_prices.set_index("limit").loc["budget", "shadow_price"]
    assert price == pytest.approx(np.sqrt((rate**2).sum() / 49) / 2, rel=1e-4)


@pytest.mark.parametrize("budget", [5.0, 20.0])
def test_a_small_budget_goes_to_one_channel_alone(budget):
    table = pd.DataFrame(
        {
            "channel": ["steep", "flat"],
            "current_spend": 0,
            "min_spend": 0,
            "max_spend": 500,
            "curve": "logistic",
            "base": 0,
            "ceiling": [900, 300],
            "scale": 100,
            "shape": 1,
        }
    )
    result = plan(table, budget=budget)
    assert result.table["spend"].tolist() == pytest.approx([budget, 0.0], abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"min_lot": 150.0},
        {"fixed_cost": 60.0},
        {"fixed_cost": 20.0, "min_lot": 90.0, "max_spend": 400.0},
    ],
    ids=["S-shaped", "lots", "opening costs", "both, with tops"],
)
def test_patterns_equal_brute_force_and_are_proven(seed, columns):
    table = make_channels(5, seed, shape=(0.7, 3.5), **columns)
    result = plan(table, budget=700)
    grid = best_on_grid(table, 700)
    assert grid * (1 - 1e-9) <= result.bound
    assert grid <= result.profit * (1 + 1e-4)
    assert result.profit <= grid * (1 + 5e-4)
    assert result.gap <= 1e-4
    assert result.profit == pytest.approx(profit_on(table, result.table["spend"].to_numpy()), rel=1e-9)


def test_one_at_a_time_is_no_answer_to_s_shapes():
    table = make_channels(2, shape=(3.0, 3.0), scale=300.0, ceiling=[500.0, 520.0], base=0.0, margin=2.0)
    result = plan(table, budget=400)
    assert sorted(result.table["spend"].round(3))[0] == 0
    assert result.profit > profit_on(table, np.array([200.0, 200.0])) + 100
    assert "closed by the plan" in result.table["caution"].tolist()


def test_whole_insertions_equal_enumeration():
    table = make_channels(3, 4, shape=(0.6, 1.0), max_spend=8.0, scale=3.0)
    result = plan(table, budget=11.5, integer=True, objective="response")
    curves = curves_from(table)
    best = max(
        curves.response(np.array([a, b, c])).sum()
        for a in range(9)
        for b in range(9)
        for c in range(9)
        if a + b + c <= 11
    )
    assert result.objective == pytest.approx(best, rel=1e-9)
    assert (result.table["spend"] % 1 == 0).all()


# --- the model ------------------------------------------------------------------------------------------------------


def make_problem(table, budget, **arguments):
    given = {"limits": None, "shares": {}, "quotas": {}, "spillover": None, "periods": 1, "whole": False}
    return build_problem(table, budget=budget, objective="profit", **{**given, **arguments})


@pytest.mark.parametrize("periods", [1, 3])
def test_the_readable_model_and_the_large_one_are_the_same(periods):
    table = make_channels(3, shape=(0.8, 3.0), min_lot=50.0, fixed_cost=5.0, carry_over=[0.0, 0.3, 0.5])
    built = make_problem(table, 900.0, periods=periods, quotas={"all": 100.0}, shares={"channel 1": (0.1, 0.6)})
    problem = built.problem
    pieces = cut_pieces(problem.curves, (), *break_curves(problem.curves, problem.floor, problem.roof, 8))
    names = [str(number) for number in range(3 * periods)]
    readable = programme_of(*write_model(problem, pieces, names))
    large = build_programme(problem, pieces)
    assert sorted(map(tuple, rows_of(readable))) == sorted(map(tuple, rows_of(large)))
    for field in ("cost", "lower", "upper", "whole"):
        assert getattr(readable, field) == pytest.approx(getattr(large, field))
    assert readable.offset == pytest.approx(large.offset)


def rows_of(programme):
    dense = np.column_stack([programme.row_lower, programme.row_upper, programme.matrix.toarray()])
    return np.round(dense, 9) + 0.0


def test_cbc_agrees_with_the_model():
    built = make_problem(make_channels(4, 2, shape=(0.8, 3.0), min_lot=80.0), 500.0)
    problem = built.problem
    pieces = cut_pieces(problem.curves, (), *break_curves(problem.curves, problem.floor, problem.roof, 16))
    model, _ = write_model(problem, pieces, built.names)
    model.solve(pulp.COIN_CMD(msg=False, path=pulp.apis.PULP_CBC_CMD.pulp_cbc_path))

    assert pulp.value(model.objective) == pytest.approx(
        solve_programme(build_programme(problem, pieces)).objective, rel=1e-5
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_fallback_solver_gives_the_same_optimum_and_prices(seed):
    problem = make_problem(make_channels(4, seed), 500.0, quotas={"channel 1": 300.0}).problem
    pieces = cut_pieces(problem.curves, (), *break_curves(problem.curves, problem.floor, problem.roof, 12))
    programme = build_programme(problem, pieces)
    first, second = solve_programme(programme), solve_with_cbc(programme)
    assert second.objective == pytest.approx(first.objective, rel=1e-7)
    assert second.values == pytest.approx(first.values, abs=1e-4)
    assert second.row_dual == pytest.approx(first.row_dual, abs=1e-5)
    assert second.reduced == pytest.approx(first.reduced, abs=1e-5)
    beyond = programme.row_lower.copy()
    beyond[1] = 1e9
    with pytest.raises(InfeasibleError):
        solve_with_cbc(dataclasses.replace(programme, row_lower=beyond, upper=np.minimum(programme.upper, 1e4)))


def heavy_programme(whole=False):
    """A programme that takes HiGHS far longer than the milliseconds it is given below."""
    random = np.random.default_rng(0)
    matrix = sparse.random(120, 200, 0.2, random_state=1, format="csc")
    columns, rows = np.zeros(200), np.full(120, 5.0)
    return Programme(
        random.random(200), columns, columns + 10, np.full(200, whole), matrix, np.full(120, -INFINITE), rows
    )


def test_a_programme_without_whole_columns_is_solved_to_the_end_however_little_time_it_is_given():
    programme = heavy_programme()
    reference = linprog(-programme.cost, programme.matrix, programme.row_upper, bounds=(0, 10))
    found = solve_programme(programme, seconds=1e-9)
    assert found.objective == pytest.approx(-reference.fun, rel=1e-9)
    assert found.bound == pytest.approx(-reference.fun, rel=1e-9)


def test_the_time_of_one_solve_is_not_taken_from_the_next():
    solver = Solver(heavy_programme(whole=True), seconds=0.3, gap=0.0)
    first = solver.solve()  # uses up its time
    solver.bound_row(0, -INFINITE, 5.5)
    left = solver._highs.getRunTime()
    solver.solve()
    assert solver._highs.getRunTime() > left + 0.1
    assert first.bound > first.objective  # cut short, so not proved


def test_a_search_cut_short_keeps_a_plan_that_meets_the_limits_and_an_honest_bound():
    programme = heavy_programme(whole=True)
    short, again = (Solver(programme, nodes=3, gap=0.0).solve() for _ in range(2))
    assert (programme.matrix @ short.values <= programme.row_upper + 1e-6).all()
    assert short.objective == pytest.approx(programme.cost @ short.values)
    assert short.bound > short.objective
    assert (short.values == again.values).all()


def test_the_fallback_solver_takes_a_programme_that_aims_at_nothing():
    programme = dataclasses.replace(heavy_programme(), cost=np.zeros(200))
    assert solve_with_cbc(programme).objective == 0


def test_pieces_never_lie_above_a_concave_curve_and_their_miss_is_bounded():
    table = make_channels(6, 3)
    curves = curves_from(table)
    place, at = break_curves(curves, np.zeros(6), np.full(6, 1000.0), 16)
    pieces = cut_pieces(curves, (), place, at)
    bound = largest_misses(curves, pieces)
    for share in (0.2, 0.5, 0.8):
        inside = pieces.start + share * pieces.length
        own = curves.take(pieces.place)
        chord = own.response(pieces.start) + share * pieces.length * pieces.slope[0]
        missed = own.response(inside) - chord
        assert (missed >= -1e-9).all()
        assert (missed <= bound + 1e-9).all()


def test_bounding_pieces_lie_nowhere_below_the_curve_and_touch_it():
    table = make_channels(6, 3).assign(shape=[0.5, 0.8, 1.0, 1.5, 2.5, 4.0])
    curves = curves_from(table)
    place, at = break_curves(curves, np.zeros(6), np.full(6, 1000.0), 16)
    pieces = cut_tangents(curves, place, at)
    for curve in range(6):
        own, part = curves.take([curve]), pieces.place == curve
        spend = np.linspace(0, 1000, 4001)
        ends = np.concatenate([[0], pieces.start[part][1:], [1000]])
        tops = pieces.origin[0, curve] + np.concatenate([[0], np.cumsum(pieces.slope[0, part] * np.diff(ends))])
        above = np.interp(spend, ends, tops) - own.response(spend[:, None])[:, 0]
        assert above.min() >= -1e-8
        touched = np.interp(at[place == curve], ends, tops) - own.response(at[place == curve][:, None])[:, 0]
        assert touched.max() < 1e-2


# --- shadow prices --------------------------------------------------------------------------------------------------

LIMITS = pd.concat(
    [
        make_limit("people", "<=", 900, channel_0=2.0, channel_1=1.0, channel_2=3.0, channel_3=1.0),
        make_limit("reach", ">=", 1450, channel_0=1.0, channel_1=4.0, channel_2=2.0, channel_3=1.0),
    ]
)
NUDGED = {
    "concave": {"table": make_channels(4, 1), "budget": 400.0, "limits": LIMITS},
    "S-shaped": {"table": make_channels(4, 5, shape=(1.5, 3.0)), "budget": 450.0, "limits": LIMITS},
    "quota": {"table": make_channels(4, 2), "budget": 1000.0, "quotas": {"channel 0": 394.0, "all": 1130.0}},
    "tops": {"table": make_channels(4, 2, max_spend=90.0, min_spend=20.0), "budget": 300.0},
    "lots": {"table": make_channels(4, 6, min_lot=[0, 200.0, 0, 200.0]), "budget": 420.0},
}


def moved(case, row, step):
    """The case with one bound of its shadow-price row moved by `step`."""
    case = dict(case)
    name, kind = row["limit"], row["kind"]
    if kind == "budget":
        case["budget"] += step
    elif kind == "limit":
        limits = case["limits"].copy()
        limits["bound"] = limits["bound"].astype(float) + np.where(limits["limit"] == name, step, 0)
        case["limits"] = limits
    elif kind == "quota":
        group = name.removeprefix("response of ")
        case["quotas"] = {**case["quotas"], group: case["quotas"][group] + step}
    else:
        column = "max_spend" if kind == "most" else ("min_lot" if "min lot" in name else "min_spend")
        channel = name.split(" ", 2 if "min lot" in name else 1)[-1]
        table = case["table"].copy()
        table[column] = table[column].astype(float) + np.where(table["channel"] == channel, step, 0)
        case["table"] = table
    return case


@pytest.mark.parametrize("case", NUDGED.values(), ids=NUDGED)
def test_shadow_prices_are_what_moving_the_limit_gives(case):
    result = plan(**case)
    tight = result.shadow_prices[result.shadow_prices["shadow_price"] != 0]
    assert len(tight) > 0
    for _, row in tight.iterrows():
        step = 1e-3 * max(abs(row["bound"]), 1)
        if row["kind"] in ("most", "least") and row["bound"] == 0:
            continue
        up, down = (plan(**moved(case, row, sign * step)).profit for sign in (1, -1))
        assert row["shadow_price"] == pytest.approx((up - down) / (2 * step), rel=0.02), row["limit"]


def test_what_has_slack_is_worth_nothing_until_it_binds():
    result = plan(make_channels(3, 1), budget=400, limits=make_limit("people", "<=", 5000, channel_0=1.0))
    row = result.shadow_prices.set_index("limit").loc["people"]
    assert row["shadow_price"] == 0
    assert row["valid_from"] == pytest.approx(row["bound"] - row["slack"])
    assert row["valid_to"] == np.inf


def linear_case(budget):
    table = pd.DataFrame(
        {"channel": ["a", "b"], "current_spend": 1, "min_spend": 0, "max_spend": [30, 50], "return_rate": [5, 2]}
    )
    return plan(table, budget=budget, objective="response").shadow_prices.set_index("limit").loc["budget"]


def test_a_linear_price_holds_exactly_on_its_range():
    row = linear_case(40)
    assert (row["shadow_price"], row["valid_from"], row["valid_to"]) == pytest.approx((2, 30, 80))


def test_at_a_kink_the_price_is_that_of_one_more_unit():
    row = linear_case(30)
    assert (row["shadow_price"], row["valid_from"], row["valid_to"]) == pytest.approx((2, 30, 80))


def test_a_bent_price_drifts_by_no_more_than_is_said():
    table = make_channels(4, 1)
    row = plan(table, budget=400).shadow_prices.set_index("limit").loc["budget"]
    for end in ("valid_from", "valid_to"):
        price = plan(table, budget=row[end]).shadow_prices.set_index("limit").loc["budget", "shadow_price"]
        assert 0.06 <= abs(price / row["shadow_price"] - 1) <= 0.105


def test_a_whole_price_is_what_one_more_unit_brings():
    table = make_channels(3, 4, max_spend=8.0, scale=3.0)
    first, second = (plan(table, budget=budget, integer=True) for budget in (10, 11))
    price = first.shadow_prices.set_index("limit").loc["budget", "shadow_price"]
    assert price == pytest.approx(second.profit - first.profit, rel=1e-9)


# --- limits of other kinds ------------------------------------------------------------------------------------------


def test_shares_and_segments_hold():
    table = make_channels(4, 1, kind=["online", "online", "offline", "offline"])
    table["channel"], table["segment"] = ["web", "web", "shop", "shop"], ["young", "old", "young", "old"]
    result = plan(table, budget=500, shares={"online": (0.0, 0.25), "young": (0.7, 1.0)})
    spend = result.table["spend"]
    assert spend[:2].sum() == pytest.approx(0.25 * spend.sum(), rel=1e-6)
    assert spend[[0, 2]].sum() == pytest.approx(0.7 * spend.sum(), rel=1e-6)
    assert "online at most 0.25 of spend" in result.table["binding"][0]


def test_a_limit_on_a_channel_counts_all_its_segments_unless_it_names_one():
    table = make_channels(3, 1)
    table["channel"], table["segment"] = ["web", "web", "shop"], ["young", "old", "young"]
    both = plan(table, budget=700, limits=make_limit("web", "<=", 100, web=1.0))
    one = plan(table, budget=700, limits=make_limit("web", "<=", 100, web=1.0).assign(segment="old"))
    assert both.table["spend"][:2].sum() == pytest.approx(100)
    assert one.table["spend"][1] == pytest.approx(100)
    assert one.profit > both.profit


def test_quotas_count_the_true_response():
    table = make_channels(4, 2)
    free = plan(table, budget=900)
    asked = free.table["response"][0] + 40
    result = plan(table, budget=900, quotas={"channel 0": asked})
    assert result.table["response"][0] == pytest.approx(asked, rel=1e-6)
    assert result.profit < free.profit


def test_spill_over_moves_money_to_where_it_helps_others():
    table = make_channels(3, 1)
    spill = pd.DataFrame({"from": ["channel 0"], "to": ["channel 1"], "rate": [0.3]})
    alone, helped = plan(table, budget=400), plan(table, budget=400, spillover=spill)
    assert helped.table["spend"][0] > alone.table["spend"][0] + 1
    own = curves_from(table).response(helped.table["spend"].to_numpy())
    gained = 0.3 * (own[0] - table["base"][0])
    assert helped.table["response"].to_numpy() == pytest.approx(own + np.array([0, gained, 0]), rel=1e-9)
    assert helped.profit == pytest.approx(
        profit_on(table, helped.table["spend"].to_numpy()) + gained * table["margin"][1]
    )
    assert helped.objective == pytest.approx(helped.profit)


def test_shared_customers_are_not_counted_twice():
    table = make_channels(2, 1)
    shared = pd.DataFrame({"from": ["channel 0"], "to": ["channel 1"], "rate": [-0.3]})
    assert plan(table, budget=400, spillover=shared).table["spend"][0] < plan(table, budget=400).table["spend"][0]


def test_concentration_says_what_hangs_on_a_channel():
    result = plan(make_channels(3, 1), budget=400)
    table = result.concentration
    assert table["share_of_spend"].sum() == pytest.approx(1)
    assert result.herfindahl == pytest.approx((table["share_of_spend"] ** 2).sum())
    assert table["share_of_spend"].is_monotonic_decreasing
    assert (table["loss_if_it_fails"] > 0).all()


# --- several periods ------------------------------------------------------------------------------------------------


def test_a_concave_steady_state_is_the_same_month_after_month():
    table = make_channels(3, 1, current_spend=[150.0, 100.0, 120.0])
    one, three = plan(table, budget=400), plan(table, budget=1200, periods=3)
    assert three.profit == pytest.approx(3 * one.profit, rel=1e-5)
    assert three.schedule.groupby("channel")["spend"].std().max() < 1


def test_an_s_shape_is_worth_pulsing():
    table = make_channels(1, shape=(4.0, 4.0), base=0.0, ceiling=1000.0, scale=300.0, margin=2.0)
    result = plan(table, budget=900, periods=4)
    spends = result.schedule["spend"].to_numpy()
    even = 4 * profit_on(table, np.array([225.0]))
    assert result.profit > even + 200
    assert (spends < 1).any()


def test_carry_over_past_the_plan_is_counted():
    table = make_channels(2, 1, carry_over=[0.6, 0.0])
    result = plan(table, budget=800, periods=4)
    spend = result.schedule.pivot_table(index="period", columns="channel", values="spend").to_numpy()
    lags = [0.6**lag for lag in range(11)]
    weights = np.array(lags) / sum(lags)
    padded = np.concatenate([np.full(10, 100.0), spend[:, 0], np.full(10, 100.0)])
    working = np.convolve(padded, weights)[10 : 10 + 14]
    curves = curves_from(table)
    own = [curves.response(np.array([value, 0.0]))[0] for value in working]
    assert result.table["response"][0] == pytest.approx(sum(own[:4]), rel=1e-9)
    tail = sum(own[4:]) - 10 * curves.response(np.array([100.0, 0.0]))[0]
    assert result.objective == pytest.approx(result.profit + table["margin"][0] * tail, rel=1e-9)


# --- risk -----------------------------------------------------------------------------------------------------------


def make_draws(table, spread, count=60, seed=1):
    random = np.random.default_rng(seed)
    rows = [
        table[["channel", "ceiling", "scale"]].assign(
            draw=draw,
            ceiling=table["base"]
            + (table["ceiling"] - table["base"]) * np.exp(random.normal(size=len(table)) * spread),
        )
        for draw in range(count)
    ]
    return pd.concat(rows)


def test_a_cautious_plan_is_the_best_of_all_splits_for_its_risk():
    table = make_channels(2, 3)
    draws = make_draws(table, np.array([0.6, 0.05]))
    result = plan(table, budget=300, draws=draws, risk=0.7)

    def cautious(spend):
        made = [
            profit_on(table.assign(ceiling=one["ceiling"].to_numpy()), spend)
            for _, one in draws.groupby("draw", sort=False)
        ]
        return 0.3 * np.mean(made) + 0.7 * mean_of_worst(np.array(made))

    grid = [cautious(np.array([first, 300 - first])) for first in np.arange(0, 301, 4.0)]
    found = cautious(result.table["spend"].to_numpy())
    assert found >= max(grid) * (1 - 1e-6)
    assert result.gap < 1e-4
    safe, bold = (result.robust.set_index("plan").loc[name] for name in ("plan", "best on the central curves"))
    assert safe["worst_5_percent"] > bold["worst_5_percent"]
    assert result.price_of_robustness == pytest.approx(bold["expected"] - safe["expected"])
    now = result.robust.set_index("plan").loc["today", "expected"]
    said = summarise_robustness(result, currency="USD")
    assert f"earns {estimate(safe['expected'], 'USD')} a plan period on average, spend paid (today's split: " in said
    assert f"split: {estimate(now, 'USD')}), and {estimate(safe['worst_5_percent'], 'USD')} in the worst 5 %." in said


@pytest.mark.parametrize(
    ("outcomes", "worst"), [(np.arange(100.0), 2.0), (np.arange(30.0), (0 + 0.5) / 1.5), (np.ones(3), 1.0)]
)
def test_mean_of_the_worst(outcomes, worst):
    assert mean_of_worst(outcomes) == pytest.approx(worst)


# --- frontier and alternatives --------------------------------------------------------------------------------------


def test_the_frontier_turns_at_the_profit_best_budget():
    table = make_channels(4, 1, max_spend=3000.0)
    result = optimise_channel_mix(table, budget=500)
    frontier = result.frontier
    assert frontier["profit"].idxmax() == frontier.index[frontier["point"] == "profit-best"][0]
    said = plot_frontier(result, currency="USD").get_title(loc="left").replace("\n", " ")
    assert f"earns {estimate(result.profit - result.profit_now, 'USD')} a period more than today" in said
    below = frontier["budget"] < result.best_budget * 0.999
    assert (frontier.loc[below, "shadow_price"] > 0).all()
    assert (frontier.loc[frontier["budget"] > result.best_budget * 1.001, "shadow_price"] < 0).all()
    assert frontier["response"].is_monotonic_increasing
    assert frontier.loc[frontier["point"] == "planned", "profit"].item() == pytest.approx(result.profit, rel=1e-4)
    slope = np.gradient(frontier["profit"], frontier["budget"])[3:-3]
    assert frontier["shadow_price"].to_numpy()[3:-3] == pytest.approx(slope, abs=0.15)


def test_a_plan_that_is_todays_gains_nothing_however_careful_it_is():
    table = make_channels(4, 1, current_spend=90.0, min_spend=90.0, max_spend=90.0)
    for risk in (0.0, 0.7, 1.0):
        result = plan(table, budget=360, draws=make_draws(table, 0.4), risk=risk)
        assert result.objective - result.objective_now == pytest.approx(0, abs=1e-6 * abs(result.objective))


def test_a_gain_outside_of_its_interval_is_said():
    table = make_channels(4, 1)
    draws = make_draws(table, 0.05)
    assert not any("lean on the interval" in one for one in plan(table, budget=300, draws=draws).cautions)
    poor = plan(table, budget=300, draws=draws.assign(ceiling=draws["ceiling"] * 0.5))
    assert poor.objective - poor.objective_now < poor.gain_low
    assert any("below its interval" in one for one in poor.cautions)


def test_a_loss_is_told_with_an_interval_of_losses():
    table = make_channels(4, 1, current_spend=200.0)
    result = plan(table, budget=100, draws=make_draws(table, 0.05))
    assert result.objective < result.objective_now
    answer = conclude_channels(result, currency="USD", periods_per_year=1).answer
    told = answer.split("(95 % interval ")[1].split(")")[0]
    assert " costs USD " in answer
    assert MINUS not in told
    assert money(-result.gain_high, "USD") in told


def test_alternatives_are_nearly_as_good_and_truly_different():
    table = make_channels(4, 1)
    result = plan(table, budget=500)
    plans = result.alternatives.groupby("plan", sort=False)
    assert len(plans) > 2
    for name, part in plans:
        assert profit_on(table, part["spend"].to_numpy()) >= result.profit * 0.99 - 1e-6, name
        assert part["spend"].sum() <= 500 + 1e-6
    first = plans.get_group(list(plans.groups)[1])
    assert (first["spend"] - first["best"]).abs().sum() > 20
    assert (result.alternatives["least"] <= result.alternatives["spend"] + 1e-6).all()


# --- clashes --------------------------------------------------------------------------------------------------------


def test_a_clash_names_the_fewest_limits_and_a_way_out_that_works():
    table = make_channels(4, 1, max_spend=100.0)
    limits = pd.concat(
        [
            make_limit("reach", ">=", 900, channel_0=1.0, channel_1=4.0, channel_2=2.0, channel_3=1.0),
            make_limit("people", "<=", 500, channel_0=1.0, channel_1=1.0),
            make_limit("stock", "<=", 400, channel_2=1.0, channel_3=1.0),
        ]
    )
    with pytest.raises(InfeasibleError) as error:
        plan(table, budget=150, limits=limits)
    # 150 of money reach 100 x 4 + 50 x 2 = 500 at most; without the tops 600: these are not needed to clash.
    assert set(error.value.conflict) == {"budget", "reach"}
    assert "cannot hold together" in str(error.value)
    assert error.value.relaxation == "lower 'reach' from 900 to 500"
    limits.loc[limits["limit"] == "reach", "bound"] = 500
    assert plan(table, budget=150, limits=limits).spend == pytest.approx(150)


def test_a_clash_of_two_lower_bounds_and_the_budget():
    table = make_channels(3, 1, min_spend=[100.0, 80.0, 0.0])
    with pytest.raises(InfeasibleError) as error:
        plan(table, budget=150)
    assert set(error.value.conflict) == {"budget", "min channel 0", "min channel 1"}
    assert error.value.relaxation.startswith("raise 'budget' from 150 to 180")
    assert plan(table, budget=180).spend == pytest.approx(180)


def test_a_quota_out_of_reach_is_said():
    with pytest.raises(InfeasibleError) as error:
        plan(make_channels(2, 1), budget=50, quotas={"all": 5000.0})
    assert "response of all" in error.value.conflict


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"budget": -1}, "budget"),
        ({"budget": np.nan}, "budget"),
        ({"objective": "fame"}, "objective"),
        ({"periods": 0}, "periods"),
        ({"risk": 0.5}, "draws"),
        ({"risk": 2.0}, "risk"),
        ({"shares": {"online": (0, 1)}}, "no kind, segment or channel"),
        ({"shares": {"all": (0.8, 0.2)}}, "two fractions"),
        ({"quotas": {"all": -3}}, "quota"),
    ],
)
def test_bad_arguments_are_said(arguments, words):
    with pytest.raises(ParameterError, match=words):
        plan(make_channels(2), **{"budget": 100, **arguments})


def test_all_bad_arguments_are_said_at_once():
    with pytest.raises(ParameterError, match=r"budget.*objective.*periods"):
        plan(make_channels(2), budget=-1, objective="fame", periods=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"min_spend": 2000.0}, "min_spend"),
        ({"min_lot": 2000.0}, "min_lot"),
        ({"scale": np.nan}, "return_rate, or ceiling and scale"),
        ({"ceiling": -5.0}, "ceiling"),
        ({"current_spend": "much"}, "current_spend"),
    ],
)
def test_bad_tables_are_said(change, words):
    with pytest.raises(DataError, match=words):
        plan(make_channels(2).assign(**change), budget=100)


def test_limits_of_unknown_channels_and_torn_bounds_are_said():
    table = make_channels(2)
    with pytest.raises(DataError, match="a channel of channels"):
        plan(table, budget=100, limits=make_limit("reach", ">=", 9, kiosk=1.0))
    torn = make_limit("reach", ">=", 9, channel_0=1.0, channel_1=1.0).assign(bound=[9.0, 8.0])
    with pytest.raises(DataError, match="one sense and one bound"):
        plan(table, budget=100, limits=torn)


def test_input_is_left_alone():
    table = make_channels(3)
    before = table.copy(deep=True)
    plan(table, budget=300)
    pd.testing.assert_frame_equal(table, before)


# --- curves from history, funnel ------------------------------------------------------------------------------------


def make_history(table, periods=48, seed=1, noise=0.03):
    random = np.random.default_rng(seed)
    spend = 100 * np.exp(0.6 * random.normal(size=(periods, len(table))))
    response = curves_from(table.assign(base=0.0)).response(spend)
    outcome = response * np.exp(noise * random.normal(size=spend.shape))
    period = pd.date_range("2020-01-01", periods=periods, freq="MS")
    return pd.DataFrame(
        {
            "period": np.repeat(period, len(table)),
            "channel": np.tile(table["channel"], periods),
            "spend": spend.ravel(),
            "outcome": outcome.ravel(),
        }
    )


def test_channels_without_curves_get_them_from_history():
    table = make_channels(3, 1, base=0.0, margin=2.0)
    bare = table.drop(columns=["base", "ceiling", "shape", "scale"])
    done = complete_channels(bare, make_history(table), draws=40)
    assert done.source["source"].tolist() == ["history"] * 3
    result = plan(done.table, budget=300, draws=done.draws)
    best = plan(table, budget=300)
    assert profit_on(table, result.table["spend"].to_numpy()) > best.profit * 0.98
    assert result.gain_low <= result.objective - result.objective_now <= result.gain_high * 1.2
    with pytest.raises(DataError, match="no response curve"):
        complete_channels(bare)
    assert complete_channels(table).source["source"].tolist() == ["study"] * 3


def test_a_plan_beyond_the_spend_seen_is_said():
    table = make_channels(2, 1, observed_low=50.0, observed_high=60.0)
    result = plan(table, budget=500)
    assert (result.table["caution"] == "planned above all spend seen so far").all()
    assert any("beyond the spend seen" in text for text in result.cautions)


FUNNEL = pd.DataFrame(
    {
        "period": ["2026-01", "2026-02", "2026-03"] * 2,
        "channel": ["web"] * 3 + ["shop"] * 3,
        "spend": [100.0, 200, 300, 50, 50, 50],
        "visits": [1000.0, 2000, 3000, None, None, None],
        "orders": [10.0, 40, 60, None, None, None],
        "delivered": [10.0, 30, 50, None, None, None],
        "served": [9.0, 27, 45, None, None, None],
    }
)


def test_the_funnel_counts_the_last_periods_and_lists_who_has_none():
    result = measure_online_funnel(FUNNEL, periods=2)
    row = result.table.set_index("channel").loc["web"]
    assert (row["conversion"], row["delivery"], row["service"]) == pytest.approx((0.02, 0.8, 0.9))
    assert (row["cost_per_visit"], row["cost_per_order"], row["cost_per_served"]) == pytest.approx((0.1, 5, 500 / 72))
    # statsmodels 0.14: proportion_confint(100, 5000, method="wilson")
    assert (row["conversion_low"], row["conversion_high"]) == pytest.approx((0.0164719923, 0.0242650015), abs=1e-9)
    assert result.skipped["channel"].tolist() == ["shop"]
    assert len(result.trend) == 3


def test_a_funnel_that_widens_is_said_and_has_no_interval():
    result = measure_online_funnel(FUNNEL.assign(delivered=FUNNEL["delivered"] * 3))
    assert "more delivered than orders" in result.cautions[0]
    assert np.isnan(result.table["delivery_low"].item())


# --- words and figures ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mix():
    table = make_channels(4, 1, kind=["online", "online", "offline", "offline"])
    return optimise_channel_mix(table, budget=400, draws=make_draws(table, np.full(4, 0.1), 40), frontier_points=6)


def test_the_conclusion_carries_the_numbers(mix):
    conclusion = conclude_channels(mix, currency="USD", periods_per_year=12)
    gain = (mix.objective - mix.objective_now) * 12
    finding = conclusion.findings[0]
    assert finding.value == pytest.approx(gain)
    assert finding.unit == "USD a year"
    assert (finding.low, finding.high) == pytest.approx((12 * mix.gain_low, 12 * mix.gain_high))
    assert "a year more than today's split (95 % interval" in conclusion.answer
    assert conclusion.metrics["channels.online_share"] == pytest.approx(0.5)


@pytest.mark.parametrize("wrong", [0, -12])
def test_a_year_of_no_periods_is_refused(mix, wrong):
    with pytest.raises(ParameterError, match="periods_per_year"):
        conclude_channels(mix, periods_per_year=wrong)


def test_prices_are_said_in_words(mix):
    said = price_sentences(mix, currency="USD").set_index("limit")["sentence"]
    price = mix.shadow_prices.set_index("limit").loc["budget", "shadow_price"]
    assert said["budget"].startswith(f"One more USD of budget earns USD {price:.3f}; true within 10")


def test_figures_draw_the_result(mix):
    drawn = plot_frontier(mix, currency="USD").get_lines()[0]
    assert list(drawn.get_xdata()) == mix.frontier["budget"].tolist()
    points = plot_marginal_returns(mix).collections[1].get_offsets()[:, 0]
    assert sorted(points) == sorted(mix.table["marginal_return_now"])
    figure = plot_curves(mix, currency="USD")
    assert len([ax for ax in figure.axes if ax.get_visible()]) == 4
    backwards = plot_curves(dataclasses.replace(mix, table=mix.table.iloc[::-1]))
    losers = mix.table[mix.table["change"] < 0].sort_values("change")["channel"].tolist()
    assert f"away from {listed(losers, 3)}" in backwards.get_suptitle().replace("\n", " "), "largest first"
    bars = plot_funnel(measure_online_funnel(FUNNEL)).patches
    assert bars[0].get_width() == pytest.approx(600 / 81)
    plt.close("all")


def test_results_are_frozen(mix):
    with pytest.raises(dataclasses.FrozenInstanceError):
        mix.profit = 0


def test_large_problems_are_solved_column_wise_with_prices():
    table = make_channels(600, 1)
    result = optimise_channel_mix(table, budget=60_000, pieces=24)
    assert result.gap < 1e-4
    assert "more than 400 decisions" in result.skipped["reason"].item()
    price = result.shadow_prices.set_index("limit").loc["budget", "shadow_price"]
    inner = result.table[(result.table["spend"] > 1) & (result.table["spend"] < 999)]
    assert inner["marginal_return"].to_numpy() == pytest.approx(1 + price, rel=0.12)
    more = solve_mix(make_problem(table, 60_060.0).problem, pieces=24).objective
    assert price == pytest.approx((more - result.objective) / 60, rel=0.02)
