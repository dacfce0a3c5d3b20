"""What people bring: the sample firm's truth, judges and history together, what is left out, words and figures."""

from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from salesopt.conclusions.effort import conclude_effort
from salesopt.conclusions.team import conclude_team
from salesopt.effort import fit_effort
from salesopt.errors import AbsentError, DataError, ParameterError
from salesopt.headcount import plan_headcount
from salesopt.plots.effort import plot_effort, plot_effort_curves
from salesopt.stats.effort import Curves
from salesopt.stats.effortpanel import make_history
from salesopt.study.sample import sample_tables
from salesopt.study.sample.names import GROUPS
from salesopt.study.sample.team import EFFORT_CARRY, effort_curve, team_tables
from salesopt.study.tables import require_table
from salesopt.team import size_team
from salesopt.workload import plan_calls

COST = 110_000.0
TABLES = sample_tables().tables
HISTORY, JUDGED = TABLES["effort_history"], TABLES["effort_response"]
FIT = fit_effort(HISTORY, judged=JUDGED, draws=200, seed=1)
TRUTH = pd.Series({g.name: g.shape * (1 - g.none) * (g.most - 1) / (g.most - g.none) for g in GROUPS})
REVENUE = 40_000_000.0


def true_profit(heads):
    """Contribution less the heads' cost at the true curves of the sample firm, by unit."""
    sales = [
        g.revenue * REVENUE * float(effort_curve(np.array(h / g.reps), g.none, g.most, g.shape)) * g.margin
        for g, h in zip(GROUPS, heads, strict=True)
    ]
    return np.array(sales) - COST * np.asarray(heads)


def test_intervals_hold_the_truth_of_the_sample_firm_over_seeds():
    """Elasticities, what judges would answer, and the gain of redeploying: 16 firms, 8 units each."""
    inside, gains, alarms, carried = [], [], 0, []
    for seed in range(16):
        tables = team_tables(seed, REVENUE)
        fit = fit_effort(tables["effort_history"], judged=tables["effort_response"], draws=200, seed=seed)
        table = fit.table.set_index("unit").loc[TRUTH.index]
        inside.append(TRUTH.between(table["low"], table["high"]).mean())
        assert table["elasticity"].between(table["low"], table["high"]).all()
        assert fit.answers["answer"].between(fit.answers["low"], fit.answers["high"]).all()
        alarms += any("than the judges said" in text for text in fit.cautions)
        _, low, high = fit.whole("share that comes later")
        carried.append(low <= EFFORT_CARRY <= high)
        answers = fit.answers.set_index(["unit", "question"])
        for group in GROUPS:
            row = answers.loc[(group.name, "at_none")]
            inside.append(float(row["low"] <= group.none <= row["high"]))
        size = size_team(fit.curves, cost_per_rep=COST)
        heads = size.table.set_index("unit").loc[list(TRUTH.index), ["reps_now", "reps_same_heads"]].to_numpy().T
        bridge = size.bridge.set_index("step").loc["redeployed"]
        gain = (true_profit(heads[1]) - true_profit(heads[0])).sum()
        gains.append(bridge["gain_low"] <= gain <= bridge["gain_high"])
    assert np.mean(inside) >= 0.92
    assert np.mean(gains) >= 0.85
    assert alarms <= 1  # the judges are right on the whole
    assert np.mean(carried) >= 0.9


def test_judges_who_overrate_heads_are_corrected():
    bold = JUDGED.assign(at_plus_half=1 + 1.8 * (JUDGED["at_plus_half"] - 1),
                         at_saturation=1 + 1.8 * (JUDGED["at_saturation"] - 1), at_half=JUDGED["at_half"] ** 1.8,
                         at_none=JUDGED["at_none"] ** 1.8)  # fmt: skip
    fit = fit_effort(HISTORY, judged=bold)
    table = fit.table.set_index("unit").loc[TRUTH.index]
    assert np.abs(table["elasticity"] - TRUTH).mean() < 0.5 * np.abs(table["judged"] - TRUTH).mean()
    assert any("makes heads bring less than the judges said" in text for text in fit.cautions)


def test_the_history_alone_finds_the_elasticities_that_the_judges_never_saw():
    inside = []
    for seed in range(6):
        fit = fit_effort(team_tables(seed, REVENUE)["effort_history"].assign(margin=0.4), draws=0)
        table = fit.table.set_index("unit").loc[TRUTH.index]
        inside.append(TRUTH.between(table["low"], table["high"]).mean())
        assert table["judged"].isna().all() and fit.curves.drawn is None and fit.curves.source == "history"
    assert np.mean(inside) >= 0.9
    fit = fit_effort(HISTORY.assign(margin=0.4), draws=0)
    assert any("third stands in" in text for text in fit.cautions)
    assert fit.curves.units.reps == pytest.approx(
        HISTORY.groupby("unit")["reps"].last()[fit.curves.units.name].to_numpy()
    )


def test_the_history_alone_finds_heads_that_bring_little():
    """Curves far flatter than usual, all of them: the history of eight units outweighs what is usual of them all."""
    inside = []
    for seed in range(3):
        draw = np.random.default_rng(seed)
        history = HISTORY.assign(margin=0.4)
        effort = history["reps"] / history.groupby("unit")["reps"].transform("last")
        season = 0.05 * draw.standard_normal(24)[history.groupby("unit").cumcount()]
        errors = 0.06 * draw.standard_normal(len(history))
        history["sales"] = 1e6 * effort_curve(effort, 0.92, 1.1, 1.2) * np.exp(season + errors)
        _, low, high = fit_effort(history, draws=0).whole("elasticity in the long run")
        inside.append(low <= 1.2 * 0.08 * 0.1 / 0.18 <= high)
    assert sum(inside) >= 2


def test_unlimited_effort_is_where_the_judges_were_asked_about_it():
    asked = FIT.answers[FIT.answers["question"] == "at_saturation"].set_index("unit")
    said = JUDGED.groupby("unit")["at_saturation"].mean()[asked.index]
    assert asked["judged"].to_numpy() == pytest.approx(said.to_numpy(), rel=0.01)


def year_at_today(fit, history):
    """Sales of the last four quarters, each brought from the heads that worked in it to today's by the unit's curve."""
    units, total = fit.curves.units, []
    worked = fit.periods.set_index(["unit", "period"])["working"]
    for place, unit in enumerate(units.name):
        rows = history[(history["unit"] == unit) & (history["period"] >= "2025-10-01") & (history["sales"] > 0)]
        now = units.sales(units.reps)[place]
        total.append(sum(
            sold * now / units.sales(np.full(len(units.name), worked[unit, period]))[place]
            for period, sold in zip(rows["period"], rows["sales"], strict=True)
        ))  # fmt: skip
    return total


def test_sales_of_a_year_are_brought_to_the_heads_of_today():
    """A unit that tripled its heads in its last quarter has the sales of thrice the heads, not its last year's."""
    history = HISTORY.assign(margin=0.4)
    history.loc[(history["unit"] == "Hotels") & (history["period"] == "2026-07-01"), "reps"] *= 3
    fit = fit_effort(history, draws=30)
    units, drawn = fit.curves.units, fit.curves.drawn
    assert units.sales(units.reps) == pytest.approx(year_at_today(fit, history), rel=1e-6)
    year = history[history["period"] >= "2025-10-01"].groupby("unit")["sales"].sum()["Hotels"]
    at = list(units.name).index("Hotels")
    assert units.sales(units.reps)[at] > 1.05 * year
    assert np.std(drawn.sales(units.reps)[:, at]) > 0.01 * year  # what the curve is unsure of
    caution = fit.table.set_index("unit")["caution"]
    assert "its heads moved within the last year" in caution["Hotels"]
    judged = fit_effort(history, judged=JUDGED, draws=0)
    said = JUDGED.groupby("unit")["revenue"].first()["Hotels"]
    assert judged.curves.units.sales(judged.curves.units.reps)[at] == pytest.approx(said, rel=0.01)


def test_today_is_the_judges_today_and_the_inputs_are_left_alone():
    history, judged = HISTORY.copy(), JUDGED.copy()
    fit = fit_effort(history, judged=judged, draws=20)
    pd.testing.assert_frame_equal(history, HISTORY)
    pd.testing.assert_frame_equal(judged, JUDGED)
    given = JUDGED.groupby("unit")[["current_reps", "margin"]].first().loc[fit.curves.units.name]
    assert fit.curves.units.reps == pytest.approx(given["current_reps"].to_numpy())
    assert fit.curves.units.margin == pytest.approx(given["margin"].to_numpy())
    assert fit.curves.drawn.low.shape == (20, 8)
    again = fit_effort(history.sample(frac=1, random_state=3), judged=judged.sample(frac=1, random_state=4), draws=20)
    for name in ("table", "answers", "overall", "carries"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(fit, name), check_exact=True)
    assert (again.curves.drawn.low == fit.curves.drawn.low).all()


def test_a_unit_without_history_keeps_its_judges_and_says_so():
    fit = fit_effort(HISTORY[HISTORY["unit"] != "Hotels"], judged=JUDGED)
    row = fit.table.set_index("unit").loc["Hotels"]
    assert row["periods"] == 0 and "no history of its own" in row["caution"]
    thin = fit_effort(
        HISTORY[(HISTORY["unit"] != "Hotels") | (HISTORY["period"] > "2026-01-01")], judged=JUDGED, draws=0
    )
    caution = thin.table.set_index("unit").loc["Hotels", "caution"]
    assert caution.startswith("its history is not used (2 periods with sales, fewer than 6)")
    assert row["low"] < row["judged"] < row["high"]
    wide = FIT.table.set_index("unit").loc["Hotels"]
    assert row["high"] - row["low"] > 1.3 * (wide["high"] - wide["low"])


def test_names_that_differ_in_case_or_blanks_are_one_unit():
    shouted = HISTORY.assign(unit=HISTORY["unit"].str.upper().str.replace(" ", "  "))
    fit = fit_effort(shouted, judged=JUDGED, draws=200, seed=1)
    pd.testing.assert_frame_equal(fit.table, FIT.table)
    assert any(text.startswith("Taken as the same unit: 'CONVENIENCE  STORES' of the history") for text in fit.cautions)
    twice = HISTORY.assign(margin=0.4)
    twice.loc[twice["period"] > "2024-01-01", "unit"] = twice["unit"].str.lower()
    with pytest.raises(DataError, match=r"'Hotels' and 'hotels', expected one spelling"):
        fit_effort(twice)


def test_units_that_nobody_judged_or_whose_answers_are_not_usable_are_told_apart():
    odd = JUDGED.copy()
    hotels = odd["unit"] == "Hotels"
    odd.loc[hotels, ["at_none", "at_half", "at_plus_half", "at_saturation"]] = 1.0
    judged = odd[odd["unit"] != "Wholesalers"]
    fit = fit_effort(HISTORY, judged=judged, draws=0)
    why = dict(fit.skipped.to_numpy())
    assert why["Hotels"].startswith("its answers show no gain from effort")
    assert why["Wholesalers"].startswith("its margin is known neither")
    cautions = fit_effort(HISTORY.assign(margin=0.4), judged=judged, draws=0).table.set_index("unit")["caution"]
    assert cautions["Hotels"].startswith("its judges' answers are not used: its answers show no gain")
    assert cautions["Wholesalers"].startswith("nobody judged it")
    assert "nobody judged" not in "".join(cautions.drop("Wholesalers"))


def test_heads_that_hardly_move_leave_the_judges_as_they_are():
    still = HISTORY.assign(reps=HISTORY["unit"].map(JUDGED.groupby("unit")["current_reps"].first()).astype(float))
    fit = fit_effort(still, judged=JUDGED)
    assert (fit.table["from_history"] < 0.1).all()
    assert fit.table["elasticity"].to_numpy() == pytest.approx(fit.table["judged"].to_numpy(), rel=0.05)
    assert fit.table["caution"].str.contains("next to nothing").all()
    assert fit.measured["elasticity"].isna().all()
    assert any("No common elasticity" in text for text in fit.cautions)


def test_what_cannot_be_fitted_is_listed_with_its_reason():
    short = HISTORY[(HISTORY["unit"] != "Hotels") | (HISTORY["period"] > "2026-01-01")].assign(margin=0.4)
    short.loc[short["unit"] == "Wholesalers", "margin"] = np.nan
    fit = fit_effort(short)
    assert dict(fit.skipped.to_numpy()) == {
        "Hotels": "2 periods with sales, fewer than 6",
        "Wholesalers": "its margin is known neither from effort_response nor from effort_history",
    }
    assert set(fit.table["unit"]) == set(TRUTH.index) - {"Hotels", "Wholesalers"}
    gone = HISTORY.assign(margin=0.4)
    gone.loc[(gone["unit"] == "Hotels") & (gone["period"] == "2026-07-01"), "reps"] = 0
    assert "nobody serves it today" in fit_effort(gone).skipped["reason"].item()


def test_a_unit_that_ended_is_fitted_but_not_sized():
    """Its last heads and sales of years ago stood in the team of today, and no word said so."""
    last = HISTORY["period"].max() - pd.DateOffset(years=2)
    shut = HISTORY[(HISTORY["unit"] != "Hotels") | (HISTORY["period"] <= last)]
    fit = fit_effort(shut.assign(margin=0.4), draws=20, carry_over=0.3)
    assert "Hotels" not in set(fit.table["unit"]) | set(fit.curves.units.name) and "Hotels" in set(fit.periods["unit"])
    assert f"ends on {last.date()}" in fit.skipped.set_index("unit").loc["Hotels", "reason"]
    judged = fit_effort(shut, judged=JUDGED, draws=20, carry_over=0.3).table.set_index("unit")
    assert f"its history ends on {last.date()}" in judged.loc["Hotels", "caution"]


@pytest.mark.parametrize(("step", "a_year"), [("QS", 4), ("6MS", 2), ("28D", 365.25 / 28), ("14D", 365.25 / 14)])
def test_a_year_holds_its_sales_whatever_the_periods(step, a_year):
    """Half years counted as years, 13 periods of four weeks as 12 months: sales a year were half, or 8 % less."""
    sold = HISTORY.sort_values("period").groupby("unit").tail(12).assign(margin=0.4, reps=5.0)
    dates = dict(zip(sorted(sold["period"].unique()), pd.date_range("2020-01-01", periods=12, freq=step), strict=True))
    past = make_history(
        require_table("effort_history", sold.assign(period=sold["period"].map(dates), sales=100.0)),
        pd.Series(dtype=float), common="none", trends=False, controls=(), min_periods=3,
    )  # fmt: skip
    assert past.revenue == pytest.approx(100 * a_year, rel=0.01)
    assert (past.panel.gap[past.panel.goes_on] == 1).all(), "no two periods are one"


def test_rows_without_sales_are_counted_out_loud():
    holes = HISTORY.copy()
    holes.loc[::20, "sales"] = 0
    fit = fit_effort(holes, judged=JUDGED)
    assert any(text.startswith("10 of 192 rows of the history are left out") for text in fit.cautions)
    assert len(fit.periods) == 182


def test_heads_sent_after_sales_are_warned_of():
    draw = np.random.default_rng(2)
    table = HISTORY.sort_values(["unit", "period"]).copy()
    shock = 0.15 * draw.standard_normal(len(table))
    table["sales"] = table["sales"] * np.exp(shock)
    ahead = pd.Series(shock, index=table.index).groupby(table["unit"]).shift().fillna(0.0)
    table["reps"] = table["reps"] * np.exp(1.5 * ahead)
    assert any("heads were sent after sales" in text for text in fit_effort(table, judged=JUDGED).cautions)
    assert not any("heads were sent after sales" in text for text in FIT.cautions)


def test_more_heads_with_fewer_sales_is_said_to_be_no_ground_for_a_size():
    odd = HISTORY.assign(sales=HISTORY["sales"] / (HISTORY["reps"] / HISTORY.groupby("unit")["reps"].transform("mean")))
    assert any("More heads went with fewer sales" in text for text in fit_effort(odd, judged=JUDGED).cautions)
    assert not any("fewer sales" in text for text in FIT.cautions)


def test_heads_that_bring_nothing_are_not_said_to_without_a_word():
    """Curves only rise: their interval lay above zero, as if measured, where sales had nothing to do with heads."""
    draw = np.random.default_rng(5)
    sold = np.exp(draw.normal(14, 0.05, len(HISTORY)))
    fit = fit_effort(HISTORY.assign(sales=sold, margin=0.4), draws=20, carry_over=0.0)
    assert fit.measured["low"].iloc[1] < 0 < fit.measured["high"].iloc[1]
    assert fit.whole("elasticity in the long run")[1] > 0
    assert any("does not tell the effect of heads from none" in text for text in fit.cautions)
    assert not any("from none" in text for text in FIT.cautions)


def test_one_unit_is_not_the_one_on_which_heads_bring_most():
    alone = HISTORY[HISTORY["unit"] == "Hotels"].assign(margin=0.4)
    said = conclude_effort(fit_effort(alone, draws=20, carry_over=0.3)).answer
    assert said.startswith("In the long run one per cent more heads brings on Hotels: ") and "least" not in said


def test_one_young_unit_takes_no_trend_from_the_others():
    """Heads went to what grew: with a unit of eight quarters among eight, growth counted as the effect of heads."""
    quarter = (HISTORY["period"] - HISTORY["period"].min()).dt.days / 91
    growth = HISTORY["unit"].map({unit: 0.02 * (place - 3.5) for place, unit in enumerate(HISTORY["unit"].unique())})
    grown = HISTORY.assign(sales=HISTORY["sales"] * np.exp(growth * quarter), margin=0.4,
                           reps=HISTORY["reps"] * np.exp(growth * quarter))  # fmt: skip
    start = HISTORY["period"].max() - pd.DateOffset(months=21)
    young = grown[(grown["unit"] != "Hotels") | (grown["period"] >= start)]
    fit = fit_effort(young, draws=20, carry_over=0.3)
    _, low, high = fit.whole("elasticity in the long run")
    assert low < TRUTH.mean() < high and not any("No unit has a trend" in text for text in fit.cautions)


def test_two_units_hold_only_the_season_equal_and_say_so():
    two = HISTORY[HISTORY["unit"].isin(["Hotels", "Restaurants and cafés"])]
    fit = fit_effort(two, judged=JUDGED[JUDGED["unit"].isin(two["unit"])])
    assert any("too few units" in text for text in fit.cautions)
    assert fit.measured["elasticity"].isna().all()


def test_controls_are_held_equal():
    """Sales that a fair lifts by a tenth whenever it is held, which is when heads are many."""
    table = HISTORY.sort_values(["unit", "period"]).copy()
    table["fair"] = (table["reps"] > table.groupby("unit")["reps"].transform("median")).astype(float)
    table["sales"] = table["sales"] * np.exp(0.3 * table["fair"])
    with_fair, without = (fit_effort(table, judged=JUDGED, controls=names) for names in (["fair"], []))
    away = [np.abs(fit.table.set_index("unit")["elasticity"] - TRUTH).mean() for fit in (with_fair, without)]
    assert away[0] < 0.5 * away[1]
    with pytest.raises(DataError, match="fair"):
        fit_effort(table.assign(fair="yes"), judged=JUDGED, controls=["fair"])
    with pytest.raises(DataError, match="weather"):
        fit_effort(table, judged=JUDGED, controls=["weather"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"carry_over": 1.0}, "carry_over"),
        ({"min_periods": 2}, "min_periods"),
        ({"draws": -1}, "draws"),
        ({"confidence": 1.2, "draws": 1.5}, "draws .*; confidence"),
        ({"common": "year"}, "common must be one of"),
        ({"controls": "fair"}, "controls must be a list"),
        ({"carry_over": "a", "min_periods": "6", "seed": -1}, "carry_over .*; min_periods .*; seed"),
        ({"trends": "no", "confidence": ".95"}, "trends must be True or False.*; confidence"),
    ],
)
def test_arguments_out_of_range_are_refused(given, said):
    with pytest.raises(ParameterError, match=said):
        fit_effort(HISTORY, judged=JUDGED, **given)


def test_faulty_tables_are_refused():
    with pytest.raises(DataError, match="margin"):
        fit_effort(HISTORY)
    with pytest.raises(AbsentError, match=r"no unit can be fitted: .*fewer than 6"):
        fit_effort(HISTORY[HISTORY["period"] > "2026-01-01"], judged=JUDGED)
    with pytest.raises(AbsentError, match=r"24 rows are no more than the 24 levels .* \(common = period\)"):
        fit_effort(HISTORY[HISTORY["unit"] == "Hotels"], judged=JUDGED, common="period")
    with pytest.raises(DataError, match="column 'reps'"):
        fit_effort(HISTORY.assign(reps=-1.0), judged=JUDGED)
    with pytest.raises(DataError, match="column 'sales'"):
        fit_effort(HISTORY.drop(columns="sales"), judged=JUDGED)


def test_a_team_is_sized_planned_and_called_by_the_curves():
    size = size_team(FIT.curves, cost_per_rep=COST)
    assert size.basis is FIT.curves and size.draws == 200
    best = size.table["reps_best"].to_numpy()
    units = FIT.curves.units
    profit = [units.contribution(np.where(np.arange(8) == at, best + step, best)).sum() - COST * (best.sum() + step)
              for at in range(8) for step in (-1, 0, 1)]  # fmt: skip
    assert size.bridge.set_index("step").loc["best", "profit"] == pytest.approx(max(profit))
    worst = size.sensitivity
    assert (worst["kind"] == "curve").all() and worst["loss"].is_monotonic_decreasing and (worst["loss"] >= -1e-6).all()
    conclusion = conclude_team(size, also=FIT.cautions, currency="USD")
    assert any(text.startswith("Curves of effort: Nobody moved heads at random") for text in conclusion.doubts)
    assert any(f"that of {worst['unit'].iloc[0]}" in text for text in conclusion.doubts)
    path = plan_headcount(size.basis, cost_per_rep=COST, years=2)
    assert np.isfinite(path.gain_low)
    calls = plan_calls(TABLES["accounts"].head(60), FIT.curves)
    assert calls.gain > 0
    now = calls.table["sales_now"].to_numpy()
    paid = TABLES["accounts"].head(60).set_index("account").loc[calls.table["account"]]
    assert now == pytest.approx(paid["revenue" if "revenue" in paid else "potential"].to_numpy())


def test_curves_that_are_known_need_no_judges():
    size = size_team(Curves(FIT.curves.units), cost_per_rep=COST)
    assert size.bridge["gain_low"].isna().all() and size.sensitivity.empty
    assert any("No draws" in text for text in size.cautions)


def test_growth_beyond_what_is_known_is_said():
    history = HISTORY.assign(margin=0.9)
    size = size_team(fit_effort(history).curves, cost_per_rep=1000.0)
    assert any("more heads than its history ever saw" in text for text in size.cautions)


def test_the_words_and_figures_say_what_the_tables_say():
    conclusion = conclude_effort(FIT, currency="USD")
    top = FIT.table.sort_values("elasticity").iloc[-1]
    assert top["unit"] in conclusion.answer and f"{top['elasticity']:.3f}" in conclusion.answer
    finding = conclusion.findings[0]
    assert (finding.value, finding.low, finding.high) == FIT.whole("elasticity in the long run")
    assert finding.low < finding.value == conclusion.metrics["effort.elasticity"] < finding.high
    assert finding.value == pytest.approx(FIT.table["elasticity"].mean(), rel=0.05)
    assert "in the long run" in finding.what and finding.what.endswith("of it in the same quarter")
    value, low, high = FIT.whole("share that comes later")
    answer = conclusion.answer.replace("\u202f", "")
    assert f"{value:.0%} (95% interval {low:.0%} to {high:.0%}) comes after the quarter they work in." in answer
    fixed = fit_effort(HISTORY, judged=JUDGED, carry_over=0.3, draws=0)
    long_run = fixed.whole("elasticity in the long run")
    assert fixed.whole("elasticity in the same period") == pytest.approx([0.7 * value for value in long_run])
    given = conclude_effort(fixed).answer
    assert given.endswith("30\u202f% of what heads bring comes after the quarter they work in was given, not measured.")
    ax = plot_effort(FIT)
    drawn = [line.get_offsets()[:, 0] for line in ax.collections if len(line.get_offsets()) == 8]
    order = FIT.table.sort_values("elasticity", kind="stable")
    assert any(list(x) == pytest.approx(order["elasticity"].tolist()) for x in drawn)
    assert top["unit"] in ax.get_title(loc="left").replace("\n", " ")
    small = plot_effort_curves(FIT).child_axes
    assert len(small) == 8
    first = FIT.table.sort_values("from_history", ascending=False)["unit"].iloc[0]
    line = small[0].get_lines()[0].get_ydata()
    assert list(line) == pytest.approx(FIT.path.loc[FIT.path["unit"] == first, "answer"].tolist())
    alone = fit_effort(HISTORY.assign(margin=0.4))
    assert "without any history" in conclude_effort(alone).answer
    assert "usual elsewhere" in plot_effort_curves(alone).get_title(loc="left").replace("\n", " ")


def test_the_unit_of_a_control_changes_nothing_and_quiet_periods_count_in_a_year():
    draw = np.random.default_rng(0)
    noise = 1 + 0.1 * draw.random(len(HISTORY))
    small, large = (fit_effort(HISTORY.assign(x=s * noise), judged=JUDGED, controls=["x"]) for s in (1.0, 1e9))
    assert large.noise == pytest.approx(small.noise, rel=1e-6)
    assert large.table["elasticity"].to_numpy() == pytest.approx(small.table["elasticity"].to_numpy(), rel=1e-6)
    quiet = HISTORY.assign(margin=0.4)
    quiet.loc[quiet.groupby("unit").cumcount() % 4 == 1, "sales"] = 0
    fit = fit_effort(quiet)
    units = fit.curves.units
    assert units.sales(units.reps) == pytest.approx(year_at_today(fit, quiet), rel=1e-6)


def test_a_history_too_thin_leaves_the_team_with_its_judges_and_says_why(tmp_path):
    """The cells of the team's chapter up to its conclusion, on the sample firm with two quarters of history."""
    (tmp_path / "study.toml").write_text(
        '[study]\ntitle = "Thin"\ncurrency = "USD"\n[tables]\n'
        'effort_history = "history.csv"\neffort_response = "judged.csv"\n'
    )
    HISTORY[HISTORY["period"] > "2026-01-01"].to_csv(tmp_path / "history.csv", index=False)
    JUDGED.to_csv(tmp_path / "judged.csv", index=False)
    notebook = nbformat.read(Path(__file__).parents[1] / "notebooks" / "40_team.ipynb", as_version=4)
    cells = {cell.id: cell.source for cell in notebook.cells}
    names = {}
    exec(cells["parameters"] + "\n" + cells["imports"], names)
    names |= {"study": str(tmp_path), "cost_per_rep": COST, "years": 0, "draws": 20}
    exec(cells["load"] + "\n" + cells["analyse"], names)
    said = next(
        text for text in names["conclusion"].doubts if text.startswith("The history of heads and sales is left")
    )
    assert "2 periods with sales, fewer than 6" in said and said.endswith("the curves are those of the judges alone.")
    assert names["size"].basis.source == "judges"
    names["min_periods"] = 3
    with pytest.raises(AbsentError):
        exec("judged = None\n" + cells["analyse"], names)
