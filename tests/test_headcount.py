"""The way to the best size: equal to the best size without limits, never below myopic steps, limits moved, words."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesopt.conclusions.headcount import (
    doubt_turnover,
    limits_in_words,
    path_answer,
    path_caption,
    path_changes,
    path_doubts,
    path_metrics,
)
from salesopt.conclusions.team import conclude_team
from salesopt.display import between, percent
from salesopt.errors import DataError, InfeasibleError, ParameterError
from salesopt.headcount import plan_headcount
from salesopt.plots.headcount import plot_path, plot_path_profit
from salesopt.results import Conclusion
from salesopt.stats.effort import Curves, Units, calibrated, consensus, draw_units
from salesopt.stats.headyears import _shares
from salesopt.structure import describe_team
from salesopt.team import join_team, size_team
from tests.test_team import COST, judged, true_profit, truth

SYNTEX = Path(__file__).parents[1] / "data" / "cases" / "syntex8" / "effort_response.csv"
COSTS = {"hiring_cost": 30.0, "severance_cost": 60.0, "moving_cost": 10.0, "turnover": 0.1, "first_year": 0.6}


def heads_of(plan):
    """Years x units."""
    table = plan.table
    return table.pivot_table(index="year", columns="unit", values="reps")[table["unit"].unique()]


def paid_by_hand(plan, effort, **given):
    """Profit of each year from the heads alone, written out year by year and unit by unit."""
    units, _ = calibrated(consensus(effort.assign(judge="")))
    rules = {"turnover": 0.0, "hiring_cost": 0.0, "severance_cost": 0.0, "moving_cost": 0.0, "first_year": 1.0} | given
    profit = []
    for before, now in pairwise(heads_of(plan).to_numpy()):
        counted = [have - (1 - rules["first_year"]) * max(have - had, 0) for had, have in zip(before, now, strict=True)]
        come = sum(max(have - (1 - rules["turnover"]) * had, 0) for had, have in zip(before, now, strict=True))
        go = sum(max((1 - rules["turnover"]) * had - have, 0) for had, have in zip(before, now, strict=True))
        moved = min(come, go)
        costs = rules["hiring_cost"] * (come - moved) + rules["severance_cost"] * (go - moved)
        earned = units.contribution(np.array(counted)).sum() - COST * now.sum()
        profit.append(earned - costs - rules["moving_cost"] * moved)
    return profit


def test_a_way_with_another_turnover_than_was_measured_says_so():
    """The way took it that nobody leaves where two of about forty had left in the year before."""
    people = pd.DataFrame({"rep": [f"r{at}" for at in range(41)], "role": "representative", "cost": 1.0, "hours": 1.0})
    people["left"] = ["2026-05-01", "2026-02-01"] + [None] * 39
    makeup = describe_team(people, on="2026-09-30")
    nothing = Conclusion("", (), (), {})
    path = plan_headcount(judged(truth()), cost_per_rep=COST, years=1)
    (said,) = doubt_turnover(nothing, path, makeup, 0.0).doubts
    assert (
        "takes it that nobody leaves by himself (parameter turnover)" in said
        and "up to 2026-09-30 2 people of the whole" in said
    )
    row = makeup.turnover.query("by == 'all'").iloc[0]
    assert f"{percent(row['turnover'])} ({percent(0.95, 0)} interval " in said
    assert between(row["low"], row["high"], "percent") in said
    (other,) = doubt_turnover(nothing, path, makeup, 0.3).doubts
    assert f"{percent(0.3)} of heads leave" in other
    for quiet in (doubt_turnover(nothing, path, makeup, 0.05), doubt_turnover(nothing, None, makeup, 0.0)):
        assert quiet.doubts == ()


def test_without_limits_every_year_has_the_best_size():
    for effort, cost in ((judged(truth()), COST), (pd.read_csv(SYNTEX), 0.057)):
        plan = plan_headcount(effort, cost_per_rep=cost, change=None, years=3)
        size = size_team(effort, cost_per_rep=cost)
        for year in (1, 2, 3):
            assert heads_of(plan).loc[year].tolist() == size.table["reps_best"].tolist()
        best = size.bridge.set_index("step").loc["best"]
        assert plan.years["profit"].iloc[1:].to_numpy() == pytest.approx(best["profit"])
        assert (plan.gain, plan.best) == (pytest.approx(plan.jump_gain), best["reps"])
        assert plan.limits[plan.limits["worth"] > 0].empty


def test_a_cap_on_heads_gives_the_best_size_within_it():
    effort = judged(truth())
    reps = int(size_team(effort, cost_per_rep=COST).table["reps_best"].sum()) - 4
    plan = plan_headcount(effort, cost_per_rep=COST, change=None, reps=reps, years=2)
    asked = size_team(effort, cost_per_rep=COST, reps=reps).bridge.set_index("step").loc["asked"]
    assert plan.years["profit"].iloc[1] == pytest.approx(asked["profit"])
    assert plan.years["profit_jump"].iloc[1] == pytest.approx(asked["profit"])
    row = plan.limits[plan.limits["limit"] == "reps"].iloc[0]
    looser = plan_headcount(effort, cost_per_rep=COST, change=None, reps=reps + 1, years=2)
    assert row["worth"] == pytest.approx(looser.value - plan.value) and row["worth"] > 0


def test_the_way_of_the_published_case_in_five_years():
    """527 heads today, best 1,032.279: a fifth a year for Naprosyn and Nipro leads to 238 heads each in five years."""
    plan = plan_headcount(pd.read_csv(SYNTEX), cost_per_rep=0.057, hires=40)
    assert plan.years["reps"].tolist() == [527, 567, 607, 647, 687, 727]
    assert plan.bound - plan.value <= 1e-9 * plan.value
    change = heads_of(plan).diff().iloc[1:]
    room = np.maximum(np.floor(0.2 * heads_of(plan).shift().iloc[1:] + 1e-9), 1)
    assert (change.abs() <= room).to_numpy().all()
    assert plan.same_heads_gain < plan.gain < plan.jump_gain
    # 85 of 100 parts of the gain come from moving people: the finding of the paper, kept on the way
    assert 0.7 < plan.same_heads_gain / plan.gain < 1
    assert plan.hire_worth == pytest.approx(3.0237564, abs=1e-6)  # value at 41 hires a year less that at 40


def test_the_way_is_worth_more_than_going_year_by_year():
    """A unit that pays only from five heads on is not started by who looks one year ahead."""
    units = truth(3).assign(current_reps=[1.0, 8.0, 8.0], shape=[6.0, 1.2, 1.2], half=[6000.0, 0.6, 0.6])
    units["high"] = units["low"] + (1 - units["low"]) * (units["half"] + 1)
    units.loc[0, ["high", "low", "half", "revenue"]] = [40.0, 0.5, 4**6, 500.0]
    curves, _ = calibrated(consensus(judged(units).assign(judge="")))
    curves = replace(
        curves, low=units["low"].to_numpy() * curves.reps * 0 + 100.0, high=np.array([9000.0, 6000.0, 6000.0]),
        shape=np.array([6.0, 1.2, 1.2]), scale=np.array([5.0, 6.0, 6.0]), margin=np.full(3, 0.5),
    )  # fmt: skip
    plan = plan_headcount(Curves(curves), cost_per_rep=COST, years=6, after=0, change=0.2)
    assert heads_of(plan).iloc[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7]
    now, myopic = curves.reps.copy(), []
    for _ in range(6):
        one = plan_headcount(Curves(replace(curves, reps=now)), cost_per_rep=COST, years=1, after=0, change=0.2)
        now = heads_of(one).loc[1].to_numpy()
        myopic.append(one.years["profit"].iloc[1])
    assert plan.years["profit"].iloc[1:].sum() > sum(myopic) * 1.2


@pytest.mark.parametrize("given", [{}, COSTS, {**COSTS, "hires": 1, "discount": 0.08}, {**COSTS, "most": 1.0}])
def test_the_tables_add_up(given):
    effort = judged(truth())
    plan = plan_headcount(effort, cost_per_rep=COST, years=4, change=0.25, **given)
    years, table = plan.years, plan.table
    assert years["profit"].iloc[1:].tolist() == pytest.approx(
        paid_by_hand(plan, effort, **{name: value for name, value in given.items() if name in COSTS})
    )
    by_year = table.groupby("year")[["reps", "hired", "let_go", "left", "moved_in", "moved_out", "sales"]].sum()
    for column in ("reps", "hired", "let_go", "left", "sales"):
        assert by_year[column].tolist() == pytest.approx(years[column].tolist())
    assert by_year["moved_in"].tolist() == pytest.approx(by_year["moved_out"].tolist())
    assert by_year["moved_in"].tolist() == pytest.approx(years["moved"].tolist())
    people = table["hired"] + table["moved_in"] - table["let_go"] - table["moved_out"] - table["left"]
    # in a unit that shrinks less than it loses by itself, nobody goes and fewer come
    assert people.tolist() == pytest.approx(table["change"].tolist())
    rate = 1 / (1 + given.get("discount", 0))
    gains = (years["gain"].iloc[1:] * rate ** np.arange(4)).cumsum()
    assert years["cumulative_gain"].iloc[1:].tolist() == pytest.approx(gains.tolist())
    assert years["gain"].tolist() == pytest.approx((years["profit"] - years["profit_staying"]).tolist())
    later = sum(rate ** (4 + year) for year in range(5))
    last = {name: value for name, value in given.items() if name in COSTS} | {"first_year": 1.0}
    kept = paid_by_hand_kept(plan, effort, **last)
    worth = (years["profit"].iloc[1:] * rate ** np.arange(4)).sum() + later * kept
    assert plan.value == pytest.approx(worth, rel=1e-9)


@pytest.mark.parametrize("step", [1.0, 0.5])
def test_who_moves_and_who_is_hired_are_whole_people(step):
    """Of the units that grow some are filled by moves and some by hires: by whole steps, which add up to the team's."""
    plan = plan_headcount(judged(truth()), cost_per_rep=COST, years=3, change=0.25, hires=2, step=step)
    flows = ["moved_in", "moved_out", "hired", "let_go"]
    steps = plan.table[flows] / step
    mixed = plan.years[(plan.years["moved"] > 0) & (plan.years["hired"] > 0)]
    assert len(mixed), "the case must have a year with moves and hires"
    assert steps.to_numpy() == pytest.approx(steps.round().to_numpy(), abs=1e-9)
    assert (steps >= -1e-9).all().all()
    sums = plan.table.groupby("year")[flows].sum()
    for column in ("moved_in", "moved_out"):
        assert sums[column].tolist() == pytest.approx(plan.years["moved"].tolist())
    for column in ("hired", "let_go"):
        assert sums[column].tolist() == pytest.approx(plan.years[column].tolist())
    # largest remainders: nobody is more than one step off the proportional share
    come = plan.table["moved_in"] + plan.table["hired"]
    share = come * (sums["moved_in"] / (sums["moved_in"] + sums["hired"]).replace(0, 1)).loc[plan.table["year"]].values
    assert ((plan.table["moved_in"] - share).abs() < step - 1e-9).all()


def test_leavers_by_themselves_leave_expected_numbers_that_still_add_up():
    side, moved = np.array([[2.0, 1.0, 1.0], [2.0, 1.0, 1.0]]), np.array([2.0, 2.7])
    shares = _shares(side, moved, 1.0)
    assert shares[0].tolist() == [1, 1, 0]  # 1, 0.5 and 0.5: of equal remainders the first
    assert shares[1] == pytest.approx(2.7 * side[1] / 4) and shares.sum(axis=1) == pytest.approx(moved)


def paid_by_hand_kept(plan, effort, **given):
    """Profit of a year in which the last team stays."""
    kept = replace(plan, table=plan.table[plan.table["year"] == plan.table["year"].max()])
    twice = pd.concat([kept.table, kept.table.assign(year=kept.table["year"] + 1)])
    return paid_by_hand(replace(plan, table=twice), effort, **given)[0]


def test_each_limit_is_worth_what_moving_it_brings():
    effort = judged(truth(4, seed=5))
    given = {"cost_per_rep": COST, "years": 3, "change": 0.2, "most": {"unit 1": 9}, "hires": [1, 2, 1], **COSTS}
    plan = plan_headcount(effort, **given)
    limits = plan.limits
    assert (limits["worth"] <= limits["shadow_price"] + 1e-6).all() and (limits["worth"] >= 0).all()
    assert limits["worth"].is_monotonic_decreasing and (limits["worth"] > 0).any()
    hires = limits[(limits["limit"] == "hires") & (limits["year"] > 0)].set_index("year")
    for year in hires.index:
        looser = [1, 2, 1]
        looser[year - 1] += 1
        moved = plan_headcount(effort, **(given | {"hires": looser}))
        assert hires.loc[year, "worth"] == pytest.approx(moved.value - plan.value, abs=1e-6)
    all_years = plan_headcount(effort, **(given | {"hires": [2, 3, 2]}))
    assert plan.hire_worth == pytest.approx(all_years.value - plan.value, abs=1e-6)


def test_a_limit_without_a_price_may_still_be_worth_something_to_whole_heads():
    """A head less pays only together with a hire less later on, which prices of single heads do not see."""
    north = Units(np.array(["north"], object), *(np.array([value]) for value in (2.0, 1.0, 0.0, 3.0, 3.0, 2.0)))
    given = {"cost_per_rep": 1.0, "years": 2, "after": 2, "change": 0.5, "hires": 1, "hiring_cost": 2, "turnover": 0.1}
    plan, looser = (plan_headcount(Curves(north), **given, least={"north": least}) for least in (2, 1))
    (found,) = plan.limits[plan.limits["limit"] == "least"].itertuples()
    assert looser.value > plan.value + 0.1 and found.worth == pytest.approx(looser.value - plan.value)


@pytest.mark.parametrize(("limit", "given", "more"), [("hires", 1.5, 2.5), ("reps", 29.5, 30.5)])
def test_a_limit_between_whole_heads_binds_at_the_lower_one(limit, given, more):
    effort = judged(truth())
    effort = effort[
        effort["unit"].isin(["unit 0", "unit 1"])
    ]  # so few that every plan is proved, however busy the machine
    rules = {"cost_per_rep": COST / 4, "years": 2, "change": None}
    plan, looser = (plan_headcount(effort, **rules, **{limit: most}) for most in (given, more))
    found = plan.limits[(plan.limits["limit"] == limit) & (plan.limits["year"] == 0)]
    assert looser.value > plan.value + 1 and found["worth"].item() == pytest.approx(looser.value - plan.value)


def test_a_larger_change_never_earns_less_and_the_change_of_a_unit_is_priced():
    effort = judged(truth())
    values = [plan_headcount(effort, cost_per_rep=COST, years=3, change=change).value for change in (0, 0.1, 0.3, 1, 2)]
    assert values == sorted(values) and values[0] < values[-1]
    plan = plan_headcount(effort, cost_per_rep=COST, years=1, after=0, change=0.3)
    units, _ = calibrated(consensus(effort.assign(judge="")))
    change = plan.limits[plan.limits["limit"] == "change"].set_index("unit")
    for place, unit in enumerate(units.name):
        if unit not in change.index:
            continue
        now = heads_of(plan).loc[1].to_numpy()
        more = now.copy()
        more[place] += 1 if change.loc[unit, "side"] == "up" else -1
        gain = (units.contribution(more) - units.contribution(now)).sum() - COST * (more - now).sum()
        assert change.loc[unit, "worth"] == pytest.approx(max(gain, 0.0), abs=1e-9)


def test_leavers_let_a_team_shrink_without_severance():
    effort = judged(truth(3))
    dear = plan_headcount(effort, cost_per_rep=8 * COST, years=2, change=0.3, severance_cost=1e6)
    assert (dear.years["let_go"] == 0).all() and dear.years["reps"].iloc[-1] == dear.today
    natural = plan_headcount(effort, cost_per_rep=8 * COST, years=2, change=0.3, severance_cost=1e6, turnover=0.15)
    assert (natural.years["let_go"] < 1e-9).all() and natural.years["reps"].iloc[-1] < natural.today
    left = natural.years["left"].iloc[1:].sum()
    assert natural.today - natural.years["reps"].iloc[-1] <= left + 1e-9
    free = plan_headcount(effort, cost_per_rep=8 * COST, years=2, change=0.3)
    assert free.years["let_go"].sum() > 0 and any("people go" in text for text in free.cautions)


def test_a_first_year_that_brings_little_puts_the_return_off():
    effort = judged(truth())
    given = {"cost_per_rep": COST, "years": 5, "change": 0.5, "hiring_cost": 2 * COST, "moving_cost": 2 * COST}
    quick, slow = (plan_headcount(effort, **given, first_year=part) for part in (1.0, 0.1))
    assert slow.gain < quick.gain and slow.pays_back > 1
    behind = slow.years.loc[slow.years["year"] == slow.pays_back - 1, "cumulative_gain"].item()
    assert behind <= 0 < slow.years.loc[slow.years["year"] == slow.pays_back, "cumulative_gain"].item()


def test_years_after_the_last_keep_the_plan_from_running_down():
    effort = judged(truth())
    given = {"cost_per_rep": COST, "years": 4, "hiring_cost": 3 * COST, "turnover": 0.15}
    short, long = (plan_headcount(effort, **given, after=after) for after in (0, 10))
    assert short.years["reps"].iloc[-1] < long.years["reps"].iloc[-1]


def test_the_interval_of_the_gain_covers_the_true_gain():
    """30 firms of three units with five judges each, drawn in one call and planned one by one."""
    firms, count, draws = 30, 3, 80
    truths = [truth(count, seed=8).assign(unit=[f"{firm} {at}" for at in range(count)]) for firm in range(firms)]
    units = pd.concat(truths, ignore_index=True)
    effort = judged(units, judges=5, noise=0.06, seed=4)
    drawn = draw_units(effort, units["unit"].tolist(), draws=draws, seed=1)
    seen, _ = calibrated(consensus(effort))
    hits = 0
    for firm in range(firms):
        rows = slice(firm * count, (firm + 1) * count)
        mine, theirs = (
            replace(one, **{name: getattr(one, name)[..., rows] for name in vars(one)}) for one in (seen, drawn)
        )
        plan = plan_headcount(Curves(mine, theirs), cost_per_rep=COST, years=2)
        heads = heads_of(plan).to_numpy()
        true = sum(true_profit(truths[firm], row) - true_profit(truths[firm], heads[0]) for row in heads[1:])
        hits += plan.gain_low <= true <= plan.gain_high
    assert 0.85 <= hits / firms <= 0.995


def test_curves_of_a_size_and_its_table_give_the_same_plan():
    effort = judged(truth(), judges=4, noise=0.05)
    size = size_team(effort, cost_per_rep=COST, draws=60, seed=3)
    one = plan_headcount(effort, cost_per_rep=COST, draws=60, seed=3)
    other = plan_headcount(size.basis, cost_per_rep=COST)
    pd.testing.assert_frame_equal(one.years, other.years)
    assert one.gain_low < one.gain < one.gain_high
    assert one.years["low"].iloc[-1] == one.gain_low and one.years["gain_low"].iloc[0] == 0


def test_fractions_of_people_today_and_in_the_plan():
    effort = judged(truth())
    effort["current_reps"] += 0.3
    plan = plan_headcount(effort, cost_per_rep=COST, years=2)
    assert plan.today == np.floor(effort["current_reps"].sum()) and (heads_of(plan) % 1 == 0).to_numpy().all()
    assert (heads_of(plan).loc[0] - effort.set_index("unit")["current_reps"]).abs().max() < 1
    assert any("count as" in text for text in plan.cautions)
    parts = plan_headcount(effort, cost_per_rep=COST, years=2, step=0.1)
    assert parts.today == pytest.approx(effort["current_reps"].sum()) and parts.value > plan.value


@pytest.mark.parametrize(
    ("given", "said", "conflict"),
    [
        ({"least": {"unit 0": 30}}, "'unit 0' has .* the parameter least asks for 30", "least"),
        ({"most": {"unit 1": 1}, "change": 0.1}, "'unit 1' has .* the parameter most asks for 1", "most"),
        ({"reps": 20}, "reps allows 20", "reps"),
        ({"least": 1.1, "hires": 2}, "hires allows", "hires"),
        ({"least": {"unit 1": 9}, "most": {"unit 1": 4}}, "unit 1", "least"),
    ],
)
def test_limits_that_leave_no_way_are_said(given, said, conflict):
    with pytest.raises(InfeasibleError, match=said) as caught:
        plan_headcount(judged(truth()), cost_per_rep=COST, **given)
    assert conflict in caught.value.conflict


def test_the_way_out_of_infeasible_limits_is_one():
    effort = judged(truth())
    with pytest.raises(InfeasibleError) as caught:
        plan_headcount(effort, cost_per_rep=COST, least={"unit 0": 30})
    change = float(caught.value.relaxation.split("to ")[1].split(" ")[0])
    assert heads_of(plan_headcount(effort, cost_per_rep=COST, least={"unit 0": 30}, change=change)).iloc[1, 0] >= 30
    with pytest.raises(InfeasibleError, match="too many") as caught:
        plan_headcount(effort, cost_per_rep=COST, reps=20)
    beyond = float(caught.value.relaxation.split("by ")[1].split(",")[0])
    assert plan_headcount(effort, cost_per_rep=COST, reps=20 + beyond).years["reps"].iloc[1] == 20 + beyond
    with pytest.raises(InfeasibleError):
        plan_headcount(effort, cost_per_rep=COST, reps=20 + beyond - 1)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cost_per_rep": 0}, "cost_per_rep"),
        ({"years": 0}, "years"),
        ({"after": -1}, "after"),
        ({"change": -0.1}, "change"),
        ({"hires": -1}, "hires"),
        ({"hires": [1, 2]}, "one for each of the 5 years"),
        ({"turnover": 1}, "turnover"),
        ({"first_year": 1.5}, "first_year"),
        ({"discount": 1}, "discount"),
        ({"step": 0}, "step"),
        ({"moving_cost": 5.0}, "moving_cost"),
        ({"severance_cost": float("nan"), "years": 2.5}, "years .*; severance_cost"),
        ({"confidence": 1}, "confidence"),
        ({"draws": -1}, "draws"),
        ({"years": "5", "hires": "a", "seed": 0.5}, "years .*; hires .*; seed"),
        ({"hires": [1, 2, None, 4, 5]}, "one for each of the 5 years"),
        (
            {"moving_cost": "a", "change": True, "least": "0.5", "seconds": 0},
            "change .*; moving_cost .*; least .*; seconds",
        ),
    ],
)
def test_arguments_out_of_range_are_refused(given, said):
    with pytest.raises(ParameterError, match=said):
        plan_headcount(judged(truth()), **({"cost_per_rep": COST} | given))


def test_hours_in_place_of_heads_are_refused():
    effort = judged(truth())
    effort.loc[1, "current_reps"] = 1e6
    with pytest.raises(ParameterError, match=r"'unit 1' has 1,000,000 heads today: .* not hours"):
        plan_headcount(effort, cost_per_rep=COST)


def test_tables_and_curves_are_not_mixed_and_no_unit_is_an_error():
    effort = judged(truth())
    size = size_team(effort, cost_per_rep=COST)
    with pytest.raises(ParameterError, match="draws need the table"):
        plan_headcount(size.basis, cost_per_rep=COST, draws=5)
    effort.loc[0, ["at_none", "at_half", "at_today", "at_plus_half", "at_saturation"]] = 1.0
    assert plan_headcount(effort, cost_per_rep=COST, years=1).skipped["unit"].tolist() == ["unit 0"]
    with pytest.raises(DataError, match="no unit"):
        plan_headcount(effort.iloc[:1], cost_per_rep=COST)


def test_the_words_and_figures_say_what_the_tables_say():
    effort = judged(truth(), judges=4, noise=0.04)
    size = size_team(effort, cost_per_rep=COST, draws=60)
    path = plan_headcount(size.basis, cost_per_rep=COST, hires=1, years=3)
    assert path_metrics(path)["team.path_gain"] == path.years["cumulative_gain"].iloc[-1]
    said = path_answer(path, "EUR")
    assert "interval" in said and "3 years" in said
    costs = path_answer(replace(path, gain=-5.0, gain_low=-9.0, gain_high=-2.0), "EUR")
    assert "earns EUR 5.00 less than staying" in costs and "interval EUR 2.00 to EUR 9.00)" in costs
    assert "20" in path_caption(path) and "one more hire" in path_caption(path)
    assert f"to {path.years['reps'].iloc[-1]:g} heads" in path_caption(path)
    limits = limits_in_words(path)
    assert limits["worth"].tolist() == path.limits.loc[path.limits["worth"] > 0, "worth"].tolist() and len(limits)
    assert limits["what"].str.contains(r"may (?:gain|lose|grow by) \d heads? in (?:year \d|every year)").all()
    conclusion = conclude_team(size, path=path, currency="EUR")
    assert said in conclusion.answer and len(conclusion.findings) == 2
    assert any("do not add" in text for text in conclusion.doubts)
    assert conclusion.metrics["team.path_reps"] == path.years["reps"].iloc[-1]
    joined = join_team(size, path=path)
    assert joined.headcount is path.table and joined.headcount_years is path.years
    assert set(path.cautions) <= set(joined.cautions)
    shown = [text.get_text() for text in plot_path(path).texts]
    assert shown[-4:] == [f"{heads:g}" for heads in path.years["reps"]]
    lines = {line.get_label(): line.get_ydata() for line in plot_path_profit(path, currency="EUR").get_lines()}
    assert list(lines["the way"]) == path.years["profit"].tolist()
    assert list(lines["best size at once"]) == path.years["profit_jump"].tolist()


def test_a_way_without_costs_of_change_says_so_and_its_doubts_are_one_paragraph():
    effort = judged(truth())
    free = plan_headcount(effort, cost_per_rep=COST, years=4)
    dear = plan_headcount(effort, cost_per_rep=COST, years=4, hiring_cost=1.0, severance_cost=1.0, moving_cost=1.0)
    tail = ", before what hiring, moving and letting go cost."
    assert path_answer(free).endswith(tail) and not path_answer(dear).endswith(tail)
    for path in (free, dear):
        said = path_doubts(path)
        assert len(said) == 2 and all(text in said[0] for text in path.cautions)
        assert ("on the way" in said[0]) == (path.years["hired"].sum() > 0 and path.years["let_go"].sum() > 0)
    both = free.years.assign(hired=[0.0, 2, 0, 0, 0], let_go=[0.0, 0, 0, 1, 0])
    assert "It hires 2 and lets 1 go on the way, which is free here" in path_doubts(replace(free, years=both))[0]
    at_once = replace(free, jump_gain=free.gain)
    assert "at once" not in path_doubts(at_once)[0]


def test_a_team_at_its_best_is_told_that_nothing_has_to_change():
    """Today is the best size, best placed: no finding of nought, no way of equal years, and plain words."""
    effort = judged(truth())
    best = size_team(effort, cost_per_rep=COST)
    at_best = replace(best.basis.units, reps=best.table["reps_best"].to_numpy(float))
    basis = replace(best.basis, units=at_best)
    size, path = (plan(basis, cost_per_rep=COST) for plan in (size_team, plan_headcount))
    assert not path_changes(path) and path_answer(path) == ""
    conclusion = conclude_team(size, path=path, currency="EUR")
    assert conclusion.findings == ()
    assert "none has to move" in conclusion.answer and "nobody has to be hired or let go" in conclusion.answer
    assert "EUR" not in conclusion.answer and conclusion.metrics["team.total_gain"] == pytest.approx(0)
    worse = size_team(effort, cost_per_rep=COST)
    assert path_changes(plan_headcount(effort, cost_per_rep=COST)) and len(conclude_team(worse).findings) >= 1


def test_many_units_share_a_row_in_the_figure():
    units = truth(40)
    plan = plan_headcount(judged(units), cost_per_rep=COST, years=1)
    labels = [label.get_text() for label in plot_path(plan).get_yticklabels()]
    assert labels[-2:] == ["16 other units", "Team"] and len(labels) == 26
