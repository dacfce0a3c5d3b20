"""Calls within hours against brute force, the limits, and what is left out."""

import itertools
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

import salesopt
from salesopt.conclusions.team import conclude_team
from salesopt.conclusions.workload import (
    call_finding,
    calls_caption,
    hours_by_name,
    lies_idle,
    too_small,
    used_sentence,
)
from salesopt.errors import DataError, ParameterError
from salesopt.stats.calls import hours_grid
from salesopt.stats.effort import draw_units
from salesopt.stats.judgement import adbudg, calibrate_judgement
from salesopt.team import size_team
from salesopt.workload import plan_calls, workload_size

# Ways worked out by hand are straight lines.
measure_hours = partial(salesopt.measure_hours, detour=1.0)

EFFORT = pd.DataFrame(
    {
        "unit": ["shops", "hotels"],
        "current_reps": [5, 3],
        "revenue": [900.0, 700.0],
        "margin": [0.3, 0.5],
        "at_none": [0.5, 0.2],
        "at_half": [0.75, 0.5],
        "at_plus_half": [1.15, 1.4],
        "at_saturation": [1.4, 2.0],
    }
)


def clients():
    return pd.DataFrame(
        {
            "account": ["a", "b", "c", "d"],
            "segment": ["shops", "hotels", "hotels", "shops"],
            "potential": [50000, 9000, 30000, 12000],
            "calls": [3, 2, 3, 2],
            "hours_per_call": [1.0, 0.5, 1.5, 1.0],
            "rep": ["Ann", "Ann", "Ann", "Ben"],
        }
    )


def brute_force(accounts, hours):
    """The greatest contribution of the accounts within `hours`, by trying every plan."""
    curve = calibrate_judgement(EFFORT.set_index("unit"))
    best = -np.inf
    for calls in itertools.product(*(range(3 * count + 1) for count in accounts["calls"])):
        if np.dot(calls, accounts["hours_per_call"]) > hours + 1e-9:
            continue
        fit = curve.loc[accounts["segment"]]
        response = adbudg(
            np.array(calls) / accounts["calls"].to_numpy(),
            *(fit[name].to_numpy() for name in ("low", "high", "shape", "half")),
        )
        margin = EFFORT.set_index("unit").loc[accounts["segment"], "margin"].to_numpy()
        best = max(best, float((response * accounts["potential"].to_numpy() * margin).sum()))
    return best


@pytest.mark.parametrize("hours", [2.0, 5.5, 8.5])
def test_calls_are_those_of_brute_force(hours):
    accounts = clients().iloc[:3]
    result = plan_calls(accounts, EFFORT, hours=hours)
    margin = EFFORT.set_index("unit").loc[result.table["unit"], "margin"].to_numpy()
    assert (result.table["sales"] * margin).sum() == pytest.approx(brute_force(accounts, hours))
    assert result.table["hours"].sum() <= hours + 1e-9


def test_the_worth_of_an_hour_is_what_an_hour_more_brings():
    accounts = clients().iloc[:3]
    less, more = (plan_calls(accounts, EFFORT, hours=hours) for hours in (5.0, 6.0))
    assert less.load["worth_of_hour"].item() == pytest.approx(more.gain - less.gain)


def test_each_person_keeps_to_his_hours_and_a_team_shares_them():
    accounts = clients()
    alone = plan_calls(accounts, EFFORT)
    assert (alone.load["hours"] <= alone.load["capacity"] + 1e-9).all() and alone.gain >= 0
    assert alone.load.set_index("rep").loc["Ann", "capacity"] == 3 + 1 + 4.5
    shared = plan_calls(accounts, EFFORT, hours=alone.load["capacity"].sum(), whole_team=True)
    assert shared.gain >= alone.gain - 1e-9
    named = plan_calls(accounts, EFFORT, hours={"Ann": 4.0, "Ben": 0.0})
    assert named.table.set_index("account").loc["d", "calls"] == 0
    assert any("no call at all" in text for text in named.cautions)


def test_the_gain_of_a_call_plan_has_the_interval_of_the_judges():
    second = EFFORT.assign(judge="B", at_half=[0.85, 0.65], at_plus_half=[1.05, 1.2], at_saturation=[1.2, 1.5])
    judged = pd.concat([EFFORT.assign(judge="A"), second])
    accounts = clients().assign(calls=[30, 20, 30, 20])
    plan = plan_calls(accounts, judged, hours=60.0, draws=400, seed=3)
    assert plan.gain_low < plan.gain < plan.gain_high
    drawn = draw_units(judged, ["shops", "hotels"], draws=400, seed=3)
    gains = np.zeros(400)
    for row in plan.table.itertuples():  # the same by hand: heads of the group in proportion to calls of the account
        at = ["shops", "hotels"].index(row.unit)
        ratio = row.calls / row.calls_now
        sales = [drawn.sales(drawn.reps * factor)[:, at] for factor in (ratio, 1.0)]
        gains += drawn.margin[at] * row.sales_now * (sales[0] - sales[1]) / sales[1]
    assert [plan.gain_low, plan.gain_high] == pytest.approx(np.quantile(gains, [0.025, 0.975]))
    brought = plan_calls(accounts, size_team(judged, cost_per_rep=10.0, draws=400, seed=3).basis, hours=60.0)
    assert [brought.gain_low, brought.gain_high] == pytest.approx([plan.gain_low, plan.gain_high], rel=0.02)
    narrow = plan_calls(accounts, judged, hours=60.0, draws=400, seed=3, confidence=0.5)
    assert plan.gain_low < narrow.gain_low < narrow.gain_high < plan.gain_high
    assert np.isnan(plan_calls(accounts, judged, hours=60.0).gain_low)
    agreed = pd.concat([EFFORT.assign(judge="A"), EFFORT.assign(judge="B")])
    sure = plan_calls(accounts, agreed, hours=60.0, draws=50)
    assert [sure.gain_low, sure.gain_high] == pytest.approx([sure.gain] * 2)


def test_a_group_without_gain_from_calls_adds_nothing_to_the_interval():
    judged = pd.concat([EFFORT.assign(judge=judge) for judge in "AB"])
    flat = judged["unit"] == "shops"
    judged.loc[flat, ["at_none", "at_half", "at_plus_half", "at_saturation"]] = 1.0
    plan = plan_calls(clients(), judged, draws=50)
    assert [plan.gain_low, plan.gain_high] == pytest.approx([plan.gain] * 2)


def test_sales_above_what_an_account_can_buy_are_said_with_the_gain_that_hangs_on_them():
    accounts = clients().assign(calls=[30, 20, 30, 20], revenue=[9000.0, 9000.0, 9000.0, 9000.0], potential=9100.0)
    plan = plan_calls(accounts, EFFORT, hours=90.0)
    over = plan.table[(plan.table["sales"] > 9100.5) & (plan.table["calls"] > plan.table["calls_now"])]
    assert len(over) and plan.table["potential"].eq(9100).all()
    said = next(text for text in plan.cautions if "potential" in text)
    assert said.startswith(f"{len(over)} account") and f"by {over['sales'].sum() / (9100 * len(over)) - 1:.0%}" in said
    assert (
        f" {over['gain'].sum() / plan.gain:.0%} of the gain" in said and said in call_finding(plan, None, "USD").caution
    )
    assert not any("potential" in text for text in plan_calls(accounts.assign(potential=1e6), EFFORT).cautions)
    assert not any("potential" in text for text in plan_calls(clients(), EFFORT).cautions)


def test_hours_by_name_may_be_numbers_and_strangers_are_said():
    accounts = clients().assign(rep=["1", "1", "1", "2"])
    plan = plan_calls(accounts, EFFORT, hours={1: 4.0, 2: 1.0, "Zed": 9.0})
    assert plan.load.set_index("rep")["capacity"].to_dict() == {"1": 4.0, "2": 1.0}
    assert any("Zed, who serves no account" in text for text in plan.cautions)
    with pytest.raises(ParameterError, match="for each of Ben, who are not named; did you mean 'Benn'"):
        plan_calls(clients(), EFFORT, hours={"Ann": 4.0, "Benn": 1.0})


def test_accounts_that_cannot_be_planned_are_skipped():
    accounts = clients()
    accounts.loc[0, "segment"], accounts.loc[1, "calls"] = "kiosks", 0
    result = plan_calls(accounts, EFFORT)
    assert result.skipped["item"].tolist() == ["a", "b"]
    assert "no curve is known" in result.skipped["reason"].iloc[0] and "no calls" in result.skipped["reason"].iloc[1]
    with pytest.raises(DataError, match="no account can be planned"):
        plan_calls(accounts.assign(segment="kiosks"), EFFORT)
    with pytest.raises(DataError, match="0 for all"):
        plan_calls(clients().assign(potential=0.0), EFFORT)


def test_arguments_are_checked():
    with pytest.raises(ParameterError, match=r"no column 'tier'.*its columns of text are segment"):
        plan_calls(clients(), EFFORT, by="tier")
    with pytest.raises(ParameterError, match="did you mean 'segment'"):
        plan_calls(clients(), EFFORT, by="segments")
    with pytest.raises(ParameterError, match="hours must be"):
        plan_calls(clients(), EFFORT, hours={"Ann": 4.0})
    for hours, said in (("4", "hours must be"), ({"Ann": "4"}, "hours of Ann must be")):
        with pytest.raises(ParameterError, match=said):
            plan_calls(clients(), EFFORT, hours=hours)
    with pytest.raises(ParameterError, match=r"hours_per_rep must be .* not '1500'; selling_share must be"):
        workload_size(pd.DataFrame({"group": ["A"], "hours": [10]}), hours_per_rep="1500", selling_share=2)
    with pytest.raises(ParameterError, match="above 0"):
        workload_size(pd.DataFrame({"group": ["A"], "hours": [10]}), hours_per_rep=-1)


def test_accounts_that_name_no_rep_get_nobodys_hours():
    accounts = clients()
    names = sorted(set(accounts["rep"]))
    accounts.loc[0, "rep"] = None
    for hours in (4.0, dict.fromkeys(names, 4.0), pd.Series(4.0, index=names)):
        result = plan_calls(accounts, EFFORT, hours=hours)
        assert result.skipped["item"].tolist() == ["a"] and "names no rep" in result.skipped["reason"].item()
        assert (result.load["capacity"] == 4.0).all() and set(result.load["rep"]) <= set(names)
    kept = [plan_calls(accounts, EFFORT), plan_calls(accounts, EFFORT, hours=9.0, whole_team=True)]
    assert all("a" in set(one.table["account"]) for one in kept)
    with pytest.raises(ParameterError, match=f"for each of {names[-1]}, who are not named"):
        plan_calls(accounts, EFFORT, hours={name: 4.0 for name in names[:-1]})


def test_no_work_is_said():
    table = pd.DataFrame({"group": ["A", "B"], "hours": [0.0, 0.0]})
    result = workload_size(table, hours_per_rep=1500)
    assert result.reps == 0 and result.table["share"].tolist() == [0.0, 0.0]
    assert any("all calls or hours are 0" in text for text in result.cautions)
    assert len(workload_size(table.assign(hours=[0.0, 1.0]), hours_per_rep=1500).cautions) == 1


def test_lengths_off_the_grid_are_rounded_up_and_said():
    accounts = clients().assign(hours_per_call=[0.371, 0.5, 1.5, 1.0])
    result = plan_calls(accounts, EFFORT)
    assert any("rounded up to 0.01 hours" in text for text in result.cautions)
    assert (result.load["hours"] <= result.load["capacity"] + 1e-9).all()


@pytest.mark.parametrize("length", [0.37, 0.51])
def test_lengths_of_calls_to_a_hundredth_are_not_rounded(length):
    """0.51 hours were 0.55: today's own calls did not fit into today's hours, and a third of the gain went unseen."""
    accounts = clients().assign(hours_per_call=length)
    result, whole = plan_calls(accounts, EFFORT), plan_calls(accounts.assign(hours_per_call=1.0), EFFORT)
    assert result.table["calls"].tolist() == whole.table["calls"].tolist()
    assert not any("rounded" in text for text in result.cautions)


def test_a_call_plan_is_never_worse_than_today():
    """Rounded up, no change fits and today's calls neither; they are kept."""
    accounts = clients().iloc[[3]].assign(hours_per_call=0.3333333)
    result = plan_calls(accounts, EFFORT)
    assert result.table["calls"].tolist() == [2] and result.gain == 0


def test_the_step_of_time_is_coarser_where_one_person_has_too_many():
    lengths = np.array([0.51, 0.33])
    assert hours_grid(lengths, 1e5) == (0.01, True) and hours_grid(lengths, 1e7) == (0.05, False)


def test_calls_beyond_what_was_asked_are_counted_out_loud():
    plan = plan_calls(clients(), EFFORT, hours=30.0)
    beyond = int((plan.table["calls"] > 1.5 * plan.table["calls_now"]).sum())
    assert beyond and any(text.startswith(f"{beyond} accounts get more calls, against") for text in plan.cautions)
    quiet = plan_calls(clients(), EFFORT, hours=0.5)
    assert not any("get more calls, against" in text for text in quiet.cautions)


def people(**hours):
    """Representatives in one place, with their hours a year."""
    return pd.DataFrame(
        {
            "rep": list(hours), "role": "representative", "cost": 90.0, "hours": list(hours.values()),
            "lat": 50.0, "lon": 10.0,
        }
    )  # fmt: skip


def test_hours_are_those_of_calls_and_of_the_way_to_them_planned_and_made():
    accounts = clients().assign(lat=[51.0, 50.0, 50.0, 51.0], lon=10.0, calls_made=[2, 2, 1, 1])
    hours = measure_hours(accounts, people(Ann=8.0, Ben=9.0, Eve=3.0), speed=50.0, calls_per_trip=2.0)
    km = np.pi / 180 * 6371.0088
    table = hours.table.set_index("rep")
    assert table["call_hours"].tolist() == [3 + 1 + 4.5, 2, 0] and table["call_hours_made"].tolist() == [
        2 + 1 + 1.5,
        1,
        0,
    ]
    assert table["travel"].to_numpy() == pytest.approx(np.array([3, 2, 0]) * 2 * km / 50 / 2)
    assert hours.travel_made == pytest.approx((2 + 1) * 2 * km / 50 / 2) and hours.capacity == 20
    assert (hours.planned, hours.made) == (10.5, 5.5) and hours.idle == pytest.approx(
        1 - (5.5 + hours.travel_made) / 20
    )
    assert hours.lacking == 1 and hours.over == pytest.approx(8.5 + 3 * 2 * km / 50 / 2 - 8)
    load = plan_calls(accounts, EFFORT).load
    filled = hours.call_hours(load)
    assert filled["Ann"] == 4.5  # his 8 hours hold no more calls, with the way to them
    assert filled["Ben"] == pytest.approx(9 * 1 / (1 + 2 * km / 100)) and filled["Ben"] > 1
    planned = measure_hours(accounts.drop(columns=["calls_made", "lat", "lon"]), people(Ann=8.0))
    assert np.isnan([planned.made, planned.travel, planned.over_made, planned.lacking_made]).all()
    assert planned.planned == 10.5 and planned.idle == 1 - 8.5 / 8, "Ben is not here: his call takes nobody's hours"


def test_idle_hours_are_those_of_the_table_where_some_accounts_are_nobodys():
    """The sentence took all calls and the way to the served ones: 42 % idle, where the table had 55 %."""
    accounts = clients().assign(lat=50.0, lon=10.0)
    hours = measure_hours(accounts, people(Ann=25.0))
    assert hours.idle * 25 == pytest.approx(hours_by_name(hours, None)["left"].sum())
    said = used_sentence(hours)
    assert "take 34\u202f% of people's 25 hours a year: 8 hours of calls, 0 of travel" in said
    assert said.endswith("; accounts that nobody here serves ask for 2 hours of calls more.")
    everybody = used_sentence(measure_hours(accounts, people(Ann=20.0, Ben=9.0)))
    assert "nobody here serves" not in everybody


def test_no_account_gets_more_calls_than_is_known_to_help():
    free, known = (plan_calls(clients(), EFFORT, hours=50, known_only=only) for only in (False, True))
    assert (free.table["calls"] == 3 * free.table["calls_now"]).all()
    assert (
        known.table["calls"] == np.maximum(np.floor(1.5 * known.table["calls_now"]), known.table["calls_now"])
    ).all()
    assert not any("assumed curve" in text for text in known.cautions)


def test_idle_hours_are_filled_before_calls_are_moved():
    accounts, size = clients(), size_team(EFFORT, cost_per_rep=20.0)
    calls = plan_calls(accounts, EFFORT)
    idle = measure_hours(accounts, people(Ann=60.0, Ben=30.0))
    assert lies_idle(idle) and not too_small(idle)
    fuller = plan_calls(accounts, EFFORT, hours=idle.call_hours(calls.load), known_only=True)
    said = conclude_team(size, calls=calls, hours=idle, fuller=fuller, currency="EUR")
    finding = said.findings[-1]
    assert finding.value == fuller.gain > calls.gain and finding.action.startswith("Call more often on ")
    assert (
        "88\u202f% of people's 90 hours a year hold no call and no travel today, as much as 1.8 of 2 people have."
        in said.answer
    )
    assert any(text.startswith("One more hour of calls") and "stay idle" in text for text in said.doubts)
    assert "people's hours less travel" in calls_caption(fuller)
    hire = next(one for one in said.findings if one.action.startswith("Hire"))
    assert hire.caution.startswith("88\u202f% of people's 90 hours") and "Fill these before hiring." in hire.caution
    nothing = replace(calls, load=calls.load.assign(worth_of_hour=0.0))
    said = conclude_team(size, calls=nothing, hours=idle, fuller=fuller, currency="EUR")
    assert any(text.startswith("No account is known to gain from a further hour of calls. The") for text in said.doubts)
    busy = measure_hours(accounts, people(Ann=9.0, Ben=2.5))
    said = conclude_team(size, calls=calls, hours=busy, currency="EUR")
    assert not lies_idle(busy) and said.findings[-1].action.startswith("Call less often") and "idle" not in said.answer
    assert any("take 91\u202f% of people's 12 hours a year" in text for text in said.doubts)


def test_hours_by_name_say_who_has_none_left_and_who_has():
    accounts = clients().assign(lat=[51.0, 50.0, 50.0, 51.0], lon=10.0, calls_made=[2, 2, 1, 1])
    hours = measure_hours(accounts, people(Ann=8.0, Ben=9.0, Eve=3.0))
    then = pd.DataFrame({"rep": ["Ben", "Ann", "Eve"], "hours": [8.5, 7.0, 0.0]})
    shown = hours_by_name(hours, then).set_index("rep")
    assert shown.index.tolist() == sorted(shown.index, key=lambda name: shown.loc[name, "left"])
    mine = hours.table.set_index("rep").loc[shown.index]
    assert shown["left"].tolist() == pytest.approx(
        (mine["hours"] - mine["call_hours_made"] - mine["travel_made"]).tolist()
    )
    assert shown["planned"].tolist() == pytest.approx((mine["hours"] - mine["call_hours"] - mine["travel"]).tolist())
    assert shown["then"].to_dict() == {"Ann": 1.0, "Ben": 0.5, "Eve": 3.0}
    bare = measure_hours(accounts.drop(columns=["calls_made", "lat"]), people(Ann=8.0, Ben=9.0))
    assert hours_by_name(bare, None)["left"].tolist() == [8.0 - 8.5, 9.0 - 2.0]


def test_the_way_to_other_calls_is_counted_with_whether_it_fits():
    accounts = clients().assign(lat=[51.0, 50.0, 50.0, 51.0], lon=10.0, calls_made=[2, 2, 1, 1])
    team, size = people(Ann=8.0, Ben=9.0), size_team(EFFORT, cost_per_rep=20.0)
    hours, plan = measure_hours(accounts, team), plan_calls(accounts, EFFORT, hours={"Ann": 9.0, "Ben": 3.0})
    then = measure_hours(plan.in_accounts(accounts), team)
    km = np.pi / 180 * 6371.0088  # a degree, out and back at 60 km an hour, four calls a way
    far = plan.table.set_index("account").loc[accounts["account"][[0, 3]], "calls"].sum()
    assert then.travel == pytest.approx(far * 2 * km / 60 / 4) and then.planned == pytest.approx(
        plan.table["hours"].sum()
    )
    assert then.travel > hours.travel_made and then.lacking == 1 and hours.lacking_made == 0
    said = conclude_team(size, calls=plan, hours=hours, then=then, currency="EUR")
    more = then.travel - hours.travel_made
    words = (
        f"The way to the calls of this plan takes today's owners {then.travel:,.0f} hours a year, {more:,.0f} hours "
        f"more than today: 1 person then lacks {then.over:,.0f} hours (today nobody does)."
    )
    assert words in said.findings[-1].caution and words in said.doubts
    assert said.metrics["team.call_travel"] == then.travel
    roomy = measure_hours(plan.in_accounts(accounts), people(Ann=80.0, Ben=90.0))
    assert "fits in everybody's hours" in " ".join(conclude_team(size, calls=plan, hours=hours, then=roomy).doubts)
    left_out = plan_calls(accounts.assign(calls_made=[2, 2, 1, 0]), EFFORT)
    kept = left_out.in_accounts(accounts).set_index("account")["calls"]
    assert kept.iloc[3] == 1 and "calls_made" not in left_out.in_accounts(accounts)


def test_a_team_far_too_small_is_said_first_and_nobody_is_let_go():
    size = size_team(EFFORT, cost_per_rep=90.0)
    assert size.bridge["reps"].iloc[-1] < size.bridge["reps"].iloc[1] - 0.5  # the curves alone would let people go
    hours, calls = measure_hours(clients(), people(Ann=2.0, Ben=1.0)), plan_calls(clients(), EFFORT)
    way = "No plan: each representative's hours cannot be met. Way out: 8 more hours a year."
    said = conclude_team(size, calls=calls, hours=hours, unserved=way, currency="EUR")
    assert said.answer.startswith("The team is too small for the calls planned: they ask for 10 hours a year")
    assert "(350\u202f%): 7 people of the same hours" in said.answer and "nobody is to be let go before" in said.answer
    first = said.findings[0]
    assert first.blocks and first.value == 7.5 and "8 more hours a year" in first.action
    assert not any("Let go" in one.action or "Call" in one.action for one in said.findings)
    roomy = conclude_team(size, calls=calls, hours=measure_hours(clients(), people(Ann=9.0, Ben=2.5)), currency="EUR")
    assert any("Let go" in one.action for one in roomy.findings) and not any(one.blocks for one in roomy.findings)
