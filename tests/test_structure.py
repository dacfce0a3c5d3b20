"""Structures on the same accounts: numbers worked out by hand, weights moved across the thresholds, bad input."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from scipy.stats import entropy

from salesopt.conclusions.makeup import makeup_sentence
from salesopt.conclusions.structure import conclude_structure, structures_caption
from salesopt.display import money, percent, points
from salesopt.errors import AbsentError, DataError, ParameterError
from salesopt.plots.structure import (
    COLOURS,
    plot_duties,
    plot_flips,
    plot_hours,
    plot_makeup,
    plot_shifts,
    plot_structures,
)
from salesopt.results import load_results, save_results
from salesopt.stats.lines import line_shares
from salesopt.stats.organisation import STRUCTURES
from salesopt.stats.staffing import _information
from salesopt.structure import (
    CRITERIA,
    NAMES,
    NOUNS,
    Assumptions,
    _today_form,
    check_duties,
    compare_structures,
    describe_team,
    join_organisation,
)
from salesopt.summary import rank_findings
from salesopt.workload import measure_hours

PLAIN = Assumptions(opening_hours=0.5, separate=0.5, coordination=4, key_share=0.5, joint=0.25, span=8, stretch=0.1)


def people(count: int = 6, hours: float = 100.0, **columns: object) -> pd.DataFrame:
    """Representatives r0, r1, ... at 1,000 a year, and a manager at 3,000."""
    frame = pd.DataFrame(
        {
            "rep": [f"r{at}" for at in range(count)] + ["boss"],
            "role": ["representative"] * count + ["manager"],
            "cost": [1000.0] * count + [3000.0],
            "hours": [hours] * count + [0.0],
        }
    )
    return frame.assign(**columns)


def accounts(
    rows: list[tuple[str, str, float]], calls: float = 10, hours: float = 1.0, **columns: object
) -> pd.DataFrame:
    """One account per (segment, lines, potential), all with the same calls."""
    frame = pd.DataFrame(rows, columns=["segment", "line", "potential"])
    frame.insert(0, "account", [f"a{at}" for at in range(len(rows))])
    return frame.assign(calls=calls, hours_per_call=hours, **columns)


def row(result, structure: str) -> pd.Series:
    return result.table.set_index("structure").loc[structure]


TWENTY = [("shop", "juice;water", 100.0)] * 10 + [("bar", "juice", 10.0)] * 10


@pytest.fixture(scope="module")
def simple():
    """20 accounts of 10 one-hour calls; half buy two lines in equal parts. Places unknown, so there is no travel."""
    return compare_structures(accounts(TWENTY), people(), assumptions=PLAIN, draws=0)


def test_territory_by_hand(simple):
    """200 hours of calls, 100 a person: two people, one manager."""
    found = row(simple, "territory")
    assert found["reps"] == 2
    assert found["cost"] == 2 * 1000 + 3000
    assert found["customer_hours"] == 200
    assert found["idle_hours"] == 0
    assert found["shared_accounts"] == 0
    assert found["extra_visits"] == 0


def test_product_by_hand(simple):
    """A specialist with half of an account makes 10 (0.5 + 0.5 x 0.5) = 7.5 calls instead of 5.

    Shared account, per line: half of the 10 half hours that are not opening = 2.5 hours, 7.5 openings of half an hour =
    3.75 hours, half of 4 hours of coordination = 2: 8.25 hours. Juice: 10 x 8.25 + 10 x 10 = 182.5, two people; water:
    82.5, one person; one manager for the three, though they are of two lines.
    """
    found = row(simple, "product")
    assert found["reps"] == 3
    assert found["managers"] == 1
    assert found["cost"] == 3 * 1000 + 3000
    assert found["visits"] == 10 * 2 * 7.5 + 10 * 10
    assert found["extra_visits"] == 50
    assert found["customer_hours"] == pytest.approx(10 * 2 * 6.25 + 100)
    assert found["agreeing_hours"] == pytest.approx(40)
    assert found["idle_hours"] == pytest.approx(300 - 225 - 40)
    assert found["shared_accounts"] == 10
    assert found["contacts"] == pytest.approx(1.5)


def test_customer_type_by_hand(simple):
    """100 hours in each of two segments: a person each, and a manager for both."""
    found = row(simple, "customer")
    assert (found["reps"], found["managers"], found["customer_hours"]) == (2, 1, 200)


def test_the_words_on_leaders_are_those_of_the_count(simple):
    """ "One for every 8 begun in each part" gave the product structure's three people of two lines two leaders."""
    assert row(simple, "product")["managers"] == 1
    said = structures_caption(simple, PLAIN)
    assert (
        "one leader for every 8 begun, of one line or customer type or of several" in said and "each part" not in said
    )


def test_the_ways_are_those_of_the_chapter_on_the_team_and_are_said(contested):
    """The one took ways as 1.3 times the straight line, the other as the straight line, and neither said so."""
    frame, reps = _contested()
    homes = reps.assign(lat=45.5, lon=5.5)
    by_default, straight = measure_hours(frame, homes), measure_hours(frame, homes, detour=1.0)
    assert by_default.travel == pytest.approx(Assumptions().detour * straight.travel) and straight.travel > 0
    said = " ".join(conclude_structure(contested, assumed=Assumptions(), currency="EUR").doubts)
    assert "1.3 times the straight line" in said and "at 60 km an hour and EUR 0.50 a km" in said
    assert "days of 8 hours and trips of up to 3 days, a night away at EUR 120" in said
    every_evening = conclude_structure(contested, assumed=Assumptions(trip_days=1))
    assert any("days of 8 hours, a night" in text for text in every_evening.doubts)


def test_ways_of_a_table_are_taken_as_they_are():
    """A table of road distances was made 1.3 times as long."""
    frame, reps = _contested()
    table = pd.DataFrame({"origin": ["north"], "destination": ["south"], "km": [80.0]})
    by_table = frame.drop(columns=["lat", "lon"])
    one, other = (
        compare_structures(by_table, reps, distances=table, assumptions=Assumptions(detour=detour), draws=0).table["km"]
        for detour in (1.0, 2.0)
    )
    assert one.sum() > 0 and one.tolist() == other.tolist()


def test_matrix_by_hand(simple):
    """Half of the potential of 1,100 is held by the six largest accounts: 550 of it needs 5.5 accounts.

    There a quarter of 10 calls, 2.5, is made by specialists: per line 2.5 x 0.75 = 1.875 visits. Account managers keep
    7.5 calls at the six, 10 at the others: 185 hours, and 4 x 2 / 3 hours of agreeing with two others at each of six.
    """
    found = row(simple, "matrix")
    assert found["shared_accounts"] == 6
    assert found["visits"] == pytest.approx(185 + 6 * 2 * 1.875)
    special = 2.5 * 0.5 * 0.5 + 1.875 * 0.5
    assert found["customer_hours"] == pytest.approx(185 + 6 * 2 * special)
    assert found["agreeing_hours"] == pytest.approx(6 * 8)
    assert found["reps"] == 3 + 1 + 1, "201 hours are one too many for two"
    assert found["contacts"] == pytest.approx(1 + 6 * 2 / 20)


def test_points_are_what_the_table_says(simple):
    table, scores = simple.table.set_index("structure"), simple.scores.set_index("structure")
    assert scores["cost"].to_dict() == pytest.approx((table["cost"].min() / table["cost"]).to_dict())
    assert scores["selling"].to_dict() == pytest.approx((200 / table["paid_hours"]).to_dict())
    assert scores["contact"].to_dict() == pytest.approx((1 - table["shared_accounts"] / 20).to_dict())
    expected = sum(simple.weights[name] * scores[name] for name in simple.weights)
    assert scores["score"].to_dict() == pytest.approx(expected.to_dict())
    assert simple.best == scores["score"].idxmax()
    assert sum(simple.weights.values()) == pytest.approx(1)


def test_what_cannot_be_measured_is_listed(simple):
    assert set(simple.skipped["item"]) == {"travel", "growth of a region", "criterion continuity", "criterion fit"}
    assert set(simple.weights) == {"cost", "selling", "contact", "agility"}


def test_travel_that_is_not_known_is_not_shown_as_none(simple, contested):
    assert simple.table[["travel_hours", "nights", "km"]].isna().all().all()
    answer = conclude_structure(simple, currency="USD").answer
    assert f"costs {money(row(simple, simple.best)['cost'], 'USD')} a year, travel not counted." in answer
    assert plot_hours(simple).get_xlim()[1] > 0
    assert contested.table["travel_hours"].notna().all()
    assert " a year, travel included." in conclude_structure(contested, currency="USD").answer


def test_growth_by_hand():
    """Two generalists at 100 of 100 hours can take 10 more each: of 30 hours that a line adds, 10 stay undone."""
    four = [("shop", "juice;water", 1.0)] * 10 + [("bar", "juice;water", 1.0)] * 10
    found = compare_structures(accounts(four), people(), assumptions=PLAIN, shift=0.3, draws=0).shifts
    by_line = found[(found["structure"] == "territory") & (found["kind"] == "line")].set_index("group")
    assert by_line.loc["juice", "extra_hours"] == pytest.approx(30)
    assert by_line.loc["juice", "unserved_hours"] == pytest.approx(10)
    by_type = found[(found["structure"] == "customer") & (found["kind"] == "segment")]
    assert by_type["unserved_hours"].tolist() == pytest.approx([20, 20]), "only the segment's own man can help"


def test_all_calls_are_made_under_every_structure():
    rows = [("shop" if at % 3 else "bar", "juice;water" if at % 2 else "water", float(at)) for at in range(60)]
    random = np.random.default_rng(3)
    frame = accounts(rows, lat=random.uniform(45, 46, 60), lon=random.uniform(5, 6, 60))
    found = compare_structures(frame, people(), assumptions=Assumptions(separate=0, opening_hours=0), draws=0).table
    assert found["visits"].tolist() == pytest.approx([600] * 4), "nothing is added, nothing lost"
    assert found["customer_hours"].tolist() == pytest.approx([600] * 4)
    used = found[["customer_hours", "travel_hours", "agreeing_hours", "idle_hours"]].sum(axis=1)
    assert used.tolist() == pytest.approx(found["paid_hours"].tolist())
    assert (found["idle_hours"] >= -1e-6).all()


def test_sales_by_line_share_the_account():
    """Sales of 30 and 10: the main line gets three quarters of the calls."""
    frame = accounts([("shop", "juice", 1.0)] * 2)
    lines = pd.DataFrame(
        {"account": ["a0", "a0", "a1"], "line": ["juice", "water", "water"], "sales": [30.0, 10.0, 5.0]}
    )
    found = compare_structures(
        frame, people(), account_lines=lines, assumptions=Assumptions(separate=0, opening_hours=0), draws=0
    )
    extra = found.shifts[found.shifts["structure"] == "territory"].set_index("group")["extra_hours"]
    assert extra.to_dict() == pytest.approx({"juice": 0.3 * 7.5, "water": 0.3 * 12.5})
    assert not any("split equally" in caution for caution in found.cautions)


def test_lines_split_equally_for_want_of_sales_are_said(simple):
    assert any("10 accounts with several lines is split equally" in caution for caution in simple.cautions)


def test_specialists_win_where_nobody_knows_two_lines():
    rows = [("shop", line, 1.0) for _ in range(10) for line in ("juice", "water", "tea")]
    frame = accounts(rows, lat=50.0, lon=8.0)
    known = [("r0", "juice"), ("r1", "water"), ("r2", "tea")]
    skills = pd.DataFrame([(rep, skill, 4.0) for rep, skill in known], columns=["rep", "skill", "level"])
    needs = pd.DataFrame({"group": ["juice", "water", "tea"], "skill": ["juice", "water", "tea"], "level": 4.0})
    weights = {"fit": 1.0}
    found = compare_structures(
        frame, people(3), skills=skills, skill_needs=needs, assumptions=PLAIN, weights=weights, draws=0
    )
    assert found.best == "product"
    fit = found.table.set_index("structure")["fit"]
    assert fit["product"] == pytest.approx(1.0)
    assert fit["territory"] == pytest.approx(1 / 3, abs=0.1), "each of three knows a third"


def test_territories_win_where_accounts_are_far_apart():
    random = np.random.default_rng(0)
    rows = [("shop" if at % 2 else "bar", ("juice", "water", "tea")[at % 3], 1.0) for at in range(90)]
    frame = accounts(rows, lat=random.uniform(40, 50, 90), lon=random.uniform(0, 10, 90))
    found = compare_structures(frame, people(hours=400.0), draws=0)
    assert found.best == "territory"
    table = found.table.set_index("structure")
    assert table["km"].idxmin() == "territory"
    assert table["reps"].idxmin() == "territory"


def test_the_answer_flips_at_the_threshold():
    """Move the weight of one criterion just across the threshold that the result names: the winner changes."""
    result = compare_structures(*_contested(), draws=0)
    flips = result.flips
    inner = flips[(flips["from"] > 0)]
    assert len(inner), "this firm has a threshold to cross"
    for flip in inner.to_dict("records"):
        before = flips[(flips["criterion"] == flip["criterion"]) & (flips["to"] == flip["from"])]["winner"].item()
        for step, winner in ((-1e-6, before), (1e-6, flip["winner"])):
            again = compare_structures(
                *_contested(), draws=0, weights=_with(result.weights, flip["criterion"], flip["from"] + step)
            )
            assert again.best == winner


def test_the_least_shift_of_weights_makes_the_rival_level():
    result = compare_structures(*_contested(), draws=0)
    reached = result.rivals.dropna(subset=["least_shift"])
    assert len(reached)
    for rival in reached.to_dict("records"):
        weights = {name: max(rival[name], 0.0) for name in result.weights}
        moved = sum(abs(weights[name] - result.weights[name]) for name in weights) / 2
        assert moved == pytest.approx(rival["least_shift"], abs=1e-6)
        scores = compare_structures(*_contested(), draws=0, weights=weights).scores.set_index("structure")["score"]
        assert scores[rival["structure"]] == pytest.approx(scores.max(), abs=1e-6)


def _contested() -> tuple[pd.DataFrame, pd.DataFrame]:
    random = np.random.default_rng(7)
    rows = [(("shop", "bar", "hotel")[at % 3], "juice;water" if at % 5 else "tea", float(at)) for at in range(80)]
    frame = accounts(rows, lat=random.uniform(45, 46, 80), lon=random.uniform(5, 6, 80))
    frame["rep"] = [f"r{at % 3}" for at in range(80)]
    frame["region"] = np.where(frame["lat"] > 45.5, "north", "south")
    return frame, people(hours=300.0)


def _with(weights: dict[str, float], criterion: str, value: float) -> dict[str, float]:
    rest = 1 - weights[criterion]
    return {name: value if name == criterion else weight / rest * (1 - value) for name, weight in weights.items()}


def test_an_account_without_a_place_leaves_the_others_their_travel():
    frame, reps = _contested()
    whole = compare_structures(frame, reps, draws=0)
    gap = compare_structures(frame.assign(lat=frame["lat"].where(frame.index > 0)), reps, draws=0)
    assert (gap.table["travel_hours"] > 0.9 * whole.table["travel_hours"]).all()
    assert gap.table["customer_hours"].tolist() == pytest.approx(whole.table["customer_hours"].tolist())
    assert any("places of 1 accounts are not known" in text for text in gap.cautions)
    assert "travel" not in set(gap.skipped["item"])
    nowhere = compare_structures(frame.drop(columns="lat"), reps, draws=0)
    assert "travel" in set(nowhere.skipped["item"]) and nowhere.table["travel_hours"].isna().all()


def test_today_is_recognised_by_who_serves_whom():
    """In the contested firm each representative serves one segment."""
    frame, reps = _contested()
    result = compare_structures(frame, reps, draws=0)
    assert result.today_form == "customer"
    assert result.today.set_index("structure").loc["customer", "information"] > 0.9
    table = result.table.set_index("structure")
    assert result.cheaper == pytest.approx(table.loc["customer", "cost"] - table.loc[result.best, "cost"])


def test_an_account_beyond_one_persons_hours_is_shared_by_as_many_as_it_takes():
    """2,000 hours a year counted as one contact of somebody who has 100.

    It takes 20 people, who have 19 agreements of 4 hours a year to keep; with 190 hours of the others that is 2,266.
    """
    large = accounts(TWENTY, rep="r0").assign(calls=[2000.0] + [10.0] * 19)
    found = compare_structures(large, people(), assumptions=PLAIN, draws=0)
    territory = row(found, "territory")
    assert (territory["reps"], territory["shared_accounts"]) == (23, 1)
    assert territory["contacts"] == pytest.approx((20 + 19) / 20)
    assert territory["agreeing_hours"] == pytest.approx(19 * 4) and territory["visits"] == 2190
    assert territory["moved_accounts"] == 19, "who serves it today goes on to lead it"
    (said,) = [text for text in found.cautions if "more hours a year than one person has" in text]
    assert "a0 (2,000 hours: 20 people)" in said and "a1" not in said
    plain = compare_structures(accounts(TWENTY), people(), assumptions=PLAIN, draws=0)
    assert not any("than one person has" in text for text in plain.cautions)


def test_by_what_todays_form_is_told_is_said(contested, simple):
    """One form was "nearest to today's", and nothing said by what measure."""
    known = contested.today.set_index("dimension")["information"]
    (said,) = [text for text in conclude_structure(contested).doubts if text.startswith("Today's form is told by")]
    assert f"representative tells {percent(known['segment'], 0)} about its customer type, " in said
    assert f"{percent(known['line'], 0)} about its main product line" in said
    assert said.endswith("the customer structure is nearest.")
    untold = conclude_structure(replace(contested, today_form="")).doubts
    assert any(text.endswith("too little to call any form nearest.") for text in untold)
    assert not any("is told by" in text for text in conclude_structure(simple).doubts), "nobody is named there"


def test_nobody_moves_when_the_structure_is_todays():
    """Three segments at three far places, one representative each: customer type keeps every account in its hands."""
    rows = [(name, "juice" if at % 2 else "tea", 1.0) for name in ("shop", "bar", "hotel") for at in range(10)]
    frame = accounts(rows, rep=["r0"] * 10 + ["r1"] * 10 + ["r2"] * 10)
    table = compare_structures(frame, people(3), draws=0, assumptions=PLAIN).table.set_index("structure")
    assert table.loc["customer", "moved_accounts"] == 0
    assert table.loc["product", "moved_accounts"] > 0
    stays = compare_structures(*_contested(), draws=0, weights={"continuity": 1})
    conclusion = conclude_structure(stays, currency="EUR")
    moved = int(stays.table.set_index("structure").loc["customer", "moved_accounts"])
    assert "by customer type, the form nearest to today's by who serves whom: " in conclusion.answer and moved > 0
    assert f"{moved} of {stays.accounts} accounts changing hands" in conclusion.answer
    assert "leader at one for every 8 representatives (today 1)" in conclude_structure(stays, assumed=PLAIN).answer
    (finding,) = conclusion.findings
    assert finding.unit == "" and finding.action.startswith("Stay organised"), "it is no amount to be ranked"
    assert "EUR 5,610 a year less for the same calls" in finding.action


def test_intervals_widen_with_what_is_uncertain():
    frame, reps = _contested()
    narrow = compare_structures(frame, reps, draws=30, spread=0.02, seed=1)
    wide = compare_structures(frame, reps, draws=30, spread=0.5, seed=1)
    for name in ("territory", "product", "matrix"):
        small, large = row(narrow, name), row(wide, name)
        assert small["cost_high"] - small["cost_low"] < large["cost_high"] - large["cost_low"]
        assert large["cost_low"] <= large["cost"] <= large["cost_high"]
    assert wide.scores["wins"].sum() == pytest.approx(1)
    assert wide.lead_low < wide.lead < wide.lead_high
    assert wide.best != wide.today_form
    assert 0 < wide.cheaper_low < wide.cheaper < wide.cheaper_high


def test_same_seed_same_answer_and_inputs_stay_as_they_are():
    frame, reps = _contested()
    before = frame.copy(), reps.copy()
    one, two = (compare_structures(frame, reps, draws=5, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.scores, two.scores)
    pd.testing.assert_frame_equal(frame, before[0])
    pd.testing.assert_frame_equal(reps, before[1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": {"beauty": 1}}, "no criterion is called 'beauty'"),
        ({"weights": {"cost": -1}}, "the weight of cost must be a number of at least 0, not -1"),
        ({"weights": {"cost": 0}}, "at least one weight"),
        ({"weights": {"fit": 1}}, "no criterion with a weight above 0"),
        ({"shift": 0}, "shift must be"),
        ({"spread": 1}, "spread must be"),
        ({"draws": -1}, "draws must be"),
        ({"confidence": 1}, "confidence must be a number above 0 and below 1, not 1"),
        ({"weights": {"cost": "a"}, "seed": -1}, "the weight of cost must be .*; seed must be"),
        ({"weights": "cost"}, "weights must be a mapping"),
        ({"shift": "a", "spread": None, "draws": "10"}, "shift must be .*; spread must be .*; draws must be"),
        ({"assumptions": {"speed": 50}}, "assumptions must be"),
    ],
)
def test_arguments_out_of_range_are_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        compare_structures(accounts(TWENTY), people(), **({"draws": 0} | change))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("speed", 0),
        ("detour", 0.5),
        ("separate", 1.5),
        ("joint", -0.1),
        ("span", math.nan),
        ("coordination", -1),
        ("speed", "50"),
        ("detour", None),
        ("trip_days", True),
    ],
)
def test_assumptions_out_of_range_are_refused(name, value):
    with pytest.raises(ParameterError, match=name):
        Assumptions(**{name: value})


def test_all_problems_of_both_tables_at_once():
    broken = accounts(TWENTY).assign(calls=-1)
    with pytest.raises(DataError) as error:
        compare_structures(broken, people().drop(columns="cost"))
    assert {problem.table for problem in error.value.problems} == {"accounts", "reps"}


@pytest.mark.parametrize(
    ("frame", "reps", "message"),
    [
        (accounts([("shop", "juice", 1.0)] * 3), people(), "neither two product lines nor two segments"),
        (accounts(TWENTY, rep="stranger"), people(), "a name of the table reps"),
        (accounts(TWENTY), people(0), "somebody present in a selling role"),
        (accounts(TWENTY, calls=0), people(), "calls and hours above 0"),
    ],
)
def test_tables_that_cannot_be_compared(frame, reps, message):
    with pytest.raises(DataError, match=message):
        compare_structures(frame, reps, draws=0)


def test_an_account_of_somebody_in_no_selling_role_is_told_from_one_whose_representative_left():
    frame = accounts(TWENTY, rep=["r0"] * 12 + ["boss"] * 8)
    said = " ".join(compare_structures(frame, people(), draws=0).cautions)
    assert "8 accounts have nobody who is here and in a selling role (representative," in said
    assert "in no hours of today" in said


def test_a_role_written_with_capitals_is_the_same_role():
    staff = team()
    staff.loc[staff["rep"] == "n1", "role"] = " Representative"
    roles = describe_team(staff, on="2026-07-01").roles
    pd.testing.assert_frame_equal(roles, describe_team(team(), on="2026-07-01").roles)


def test_lines_of_unknown_accounts_are_refused():
    lines = pd.DataFrame({"account": ["a0", "nobody"], "line": ["x", "y"], "sales": [0.0, 1.0]})
    with pytest.raises(DataError, match="nobody") as error:
        compare_structures(accounts(TWENTY), people(), account_lines=lines)
    assert "sales of some line" in str(error.value), "and that no account has sales in the same breath"


def test_a_prospect_without_sales_is_of_the_lines_it_names():
    """a0 buys; a1 names two lines, one of them bought by nobody yet; a2 names none and is like all others."""
    frame = pd.DataFrame({"account": ["a0", "a1", "a2", "a3"], "line": ["tea", "water;juice", "", "tea"]})
    bought = pd.DataFrame(
        [("a0", "tea", 3.0), ("a0", "juice", 1.0), ("a1", "tea", 0.0)], columns=["account", "line", "sales"]
    )
    lines = line_shares(frame, bought)
    share = pd.DataFrame(lines.share, frame["account"], lines.names)
    assert share.loc["a0", ["tea", "juice", "water"]].tolist() == [0.75, 0.25, 0.0]
    assert share.loc["a1", ["tea", "juice", "water"]].tolist() == [0.0, 0.5, 0.5]
    assert share.loc["a2", ["tea", "juice", "water"]].tolist() == [0.75, 0.25, 0.0]
    assert [lines.names[main] for main in lines.main] == ["tea", "water", "tea", "tea"]
    assert "3 accounts buy nothing by the table account_lines" in " ".join(lines.cautions)


def team() -> pd.DataFrame:
    """Two teams; one person left in the year, one before, one comes later."""
    rows = [
        ("m1", "manager", "North", 200.0, "2016-01-01", None),
        ("m2", "manager", "South", 180.0, "2020-01-01", None),
        ("n1", "representative", "North", 100.0, "2022-07-02", None),
        ("n2", "representative", "North", 100.0, "2026-03-01", None),
        ("n3", "representative", "North", 90.0, "2020-01-01", "2026-01-01"),
        ("s1", "representative", "South", 110.0, None, None),
        ("s2", "analyst", "South", 70.0, "2024-07-01", None),
        ("old", "representative", "South", 70.0, "2015-01-01", "2021-01-01"),
        ("new", "representative", "South", 70.0, "2027-01-01", None),
    ]
    frame = pd.DataFrame(rows, columns=["rep", "role", "team", "cost", "hired", "left"])
    return frame.assign(hours=1000.0)


def test_make_up_by_hand():
    found = describe_team(team(), on="2026-07-01")
    assert found.heads == 6
    assert found.cost == 760
    assert found.span == 4 / 2
    assert found.support_ratio == 1 / 3
    roles = found.roles.set_index("role")
    assert roles.loc["representative", ["heads", "cost", "new"]].tolist() == [3, 310, 1]
    assert roles.loc["representative", "tenure"] == pytest.approx((1460 + 122) / 2 / 365.25)
    assert roles.loc["all", "share"] == 1
    teams = found.teams.set_index("team")
    assert teams.loc["North", ["heads", "selling", "span"]].tolist() == [3, 2, 2]
    assert teams.loc["South", "support_ratio"] == 1
    assert found.skipped["item"].tolist() == ["tenure"]
    assert any("1 people are hired after" in caution for caution in found.cautions)


def test_turnover_by_hand():
    found = describe_team(team(), on="2026-07-01").turnover.set_index(["by", "name"]).loc[("all", "all")]
    assert found["leavers"] == 1
    heads = 4 + 184 / 365 + 122 / 365 + 1
    assert found["mean_heads"] == pytest.approx(heads)
    assert found["turnover"] == pytest.approx(1 / heads)


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.390)])
def test_turnover_interval_is_the_published_one(count, low, high):
    """Limits of a Poisson count at 95 %, as tabled since Garwood (1936)."""
    rows = [(f"p{at}", "representative", 1.0, 1.0, "2020-01-01", None) for at in range(50)]
    rows += [(f"q{at}", "representative", 1.0, 1.0, "2020-01-01", "2026-12-31") for at in range(count)]
    frame = pd.DataFrame(rows, columns=["rep", "role", "cost", "hours", "hired", "left"])
    found = describe_team(frame, on="2026-12-31").turnover.iloc[0]
    assert found["low"] * found["mean_heads"] == pytest.approx(low, abs=6e-4)
    assert found["high"] * found["mean_heads"] == pytest.approx(high, abs=6e-4)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"on": "yesterday"}, ParameterError, "on must be a date"),
        ({"on": 20260701, "confidence": ".95"}, ParameterError, "on must be a date .*; confidence must be"),
        ({"confidence": 0}, ParameterError, "confidence"),
        ({"on": "1990-01-01"}, DataError, "somebody in the team"),
    ],
)
def test_make_up_refuses(change, error, message):
    frame = team().assign(hired=team()["hired"].fillna("2001-01-01"))
    with pytest.raises(error, match=message):
        describe_team(frame, **({"on": "2026-07-01"} | change))


@pytest.mark.parametrize("on", [None, pd.NaT])
def test_a_team_without_a_day_is_described_on_the_last_that_is_known(on):
    found = describe_team(team(), on=on)
    assert (
        found.on == pd.Timestamp("2027-01-01") and "2027-01-01, the last day that the table reps" in found.cautions[0]
    )
    assert "--quarter 2026Q3" in found.cautions[0] and "no quarter is set" in makeup_sentence(found)
    dated = describe_team(team(), on="2027-01-01")
    assert "no quarter" not in makeup_sentence(dated) + dated.cautions[0]
    assert makeup_sentence(dated).startswith("On 2027-01-01 the team has ")
    gone = team().assign(hired=pd.NaT)
    gone.loc[0, "left"] = "2027-03-31"
    assert describe_team(gone, on=on).heads == gone["left"].isna().sum(), "who has left is gone"
    with pytest.raises(AbsentError, match="no day to describe the team on"):
        describe_team(team().drop(columns=["hired", "left"]), on=on)


def test_who_left_before_he_came_is_a_problem():
    frame = team()
    frame.loc[0, "left"] = "2010-01-01"
    with pytest.raises(DataError, match="not before hired"):
        describe_team(frame, on="2026-07-01")


def test_a_team_without_manager_and_an_unknown_role_are_named():
    frame = team().assign(team="North")
    frame.loc[frame["role"] == "manager", "role"] = "wizard"
    found = describe_team(frame, on="2026-07-01")
    assert set(found.skipped["item"]) == {"tenure", "span of team North", "role wizard"}
    assert math.isnan(found.span)


DUTIES = [
    ("price", "m1", "A", 10.0),
    ("price", "n1", "R", 100.0),
    ("plan", "m1", "A", 5.0),
    ("plan", "m2", "A", 5.0),
    ("plan", "n2", "R", 50.0),
    ("web", "n2", "R", 20.0),
    ("chains", "m2", "A", 5.0),
    ("register", "n3", "R", 5.0),
    ("register", "m1", "A", 5.0),
    ("hire", "ghost", "R", 5.0),
    ("hire", "m1", "A", 5.0),
    ("both", "m1", "A", 0.0),
    ("both", "m1", "R", 60.0),
]


def duties() -> pd.DataFrame:
    return pd.DataFrame(DUTIES, columns=["duty", "person", "part", "hours"])


@pytest.mark.parametrize(
    ("duty", "verdict"),
    [
        ("price", "sound"),
        ("plan", "2 owners"),
        ("web", "no owner"),
        ("chains", "nobody does it"),
        ("register", "held by somebody who has left"),
        ("hire", "held by somebody not in reps"),
        ("both", "sound"),
    ],
)
def test_each_duty_is_judged(duty, verdict):
    table = check_duties(duties(), team()).table.set_index("duty")
    assert table.loc[duty, "verdict"] == verdict


def test_many_to_consult_is_a_fault():
    more = [("price", name, "C", 1.0) for name in ("m2", "n2", "s1", "s2", "new")]
    frame = pd.DataFrame([*DUTIES, *more], columns=["duty", "person", "part", "hours"])
    assert check_duties(frame, team()).table.set_index("duty").loc["price", "verdict"] == "5 to consult"


def test_load_by_hand():
    """n1: 100 hours of duty and 1,000 for customers, of 1,800 or of his own 1,050."""
    found = check_duties(duties(), team()).people.set_index("person")
    assert found.loc["n1", "load"] == pytest.approx(1100 / 1800)
    assert not found["overloaded"].any()
    tight = team().assign(working_hours=1050.0)
    found = check_duties(duties(), tight)
    assert found.people.set_index("person").loc["n1", "load"] == pytest.approx(1100 / 1050)
    assert found.people.loc[found.people["overloaded"], "person"].tolist() == ["n1", "m1", "n2"]
    assert found.overloaded == 3
    assert math.isnan(found.people.set_index("person").loc["ghost", "load"])
    assert found.skipped["item"].tolist() == ["load of ghost"]


def test_accounts_that_take_more_hours_than_contracted_count():
    busy = accounts([("shop", "juice", 1.0)] * 2, calls=700.0, rep="n1")
    found = check_duties(duties(), team(), accounts=busy).people.set_index("person")
    assert found.loc["n1", "customer_hours"] == 1400
    assert found.loc["n1", "load"] == pytest.approx(1500 / 1800)


def test_duties_refuse_what_is_wrong():
    with pytest.raises(ParameterError, match="limit"):
        check_duties(duties(), team(), limit=0)
    with pytest.raises(ParameterError, match=r"working_hours must be .* not '1800'; limit must be"):
        check_duties(duties(), team(), working_hours="1800", limit=True)
    with pytest.raises(DataError, match="one of R, A, C, I"):
        check_duties(duties().assign(part="X"), team())


@pytest.fixture(scope="module")
def contested():
    return compare_structures(*_contested(), draws=8, seed=2)


def test_plots_draw_the_result(contested):
    ax = plot_structures(contested)
    ends = [bar.get_x() + bar.get_width() for bar in ax.containers[len(contested.weights) - 1]]
    assert sorted(ends) == pytest.approx(sorted(contested.scores["score"]))
    bars = plot_flips(contested).patches
    assert len(bars) == len(contested.flips)
    assert {to_hex(bar.get_facecolor()) for bar in bars} == {COLOURS[name] for name in contested.flips["winner"]}
    titled = plot_flips(contested).get_title(loc="left").replace("\n", " ")
    edge = contested.flips[(contested.flips["winner"] != contested.best)].iloc[0]
    assert "wins unless the weight of" in titled and percent(max(edge["from"], 1 - edge["to"]), 0) in titled
    ax = plot_hours(contested)
    assert f"today there are {contested.reps_now}" in ax.get_title(loc="left").replace("\n", " ")
    ends = [bar.get_x() + bar.get_width() for bar in ax.containers[-1]]
    assert [1000 * end for end in ends] == pytest.approx(contested.table["paid_hours"].tolist()[::-1])


def test_growth_is_told_by_one_rule_in_bars_title_and_words():
    """The bars at the right are the mean of the kinds; the title names their least, and who is least elsewhere."""
    contested = compare_structures(*_contested(), draws=0, shift=1.0)
    ax = plot_shifts(contested)
    drawn = [[bar.get_height() for bar in bars.patches] for bars in ax.containers if bars.get_label() in NAMES.values()]
    heights = pd.DataFrame(drawn, index=[NAMES[name] for name in dict.fromkeys(contested.shifts["structure"])])
    shares = contested.shifts.groupby(["structure", "kind"])["unserved"].mean().reset_index()
    means = shares.pivot_table(index="structure", columns="kind", values="unserved")
    means = means.loc[list(dict.fromkeys(contested.shifts["structure"])), ["line", "segment", "region"]]
    means["average"] = means.mean(axis=1)
    assert heights.to_numpy() == pytest.approx(100 * means.to_numpy())
    agility = contested.scores.set_index("structure")["agility"]
    assert means["average"].to_dict() == pytest.approx((1 - agility).to_dict()), "the rule is the criterion's"
    said = ax.get_title(loc="left").replace("\n", " ")
    assert (
        f"{NOUNS[means['average'].idxmin()]} leaves least undone on average ({percent(means['average'].min(), 0)}"
        in said
    )
    others = [kind for kind in means if means[kind].idxmin() != means["average"].idxmin()]
    assert others, "the contested firm has a kind that another structure is best at"
    for kind in others:
        assert f"one {kind} grows" in said and NOUNS[means[kind].idxmin()] in said
    growth = next(text for text in conclude_structure(contested).doubts if "grows by" in text)
    assert percent(means["average"].min(), 0) in growth


def test_today_is_a_row_beside_the_structures():
    """Six representatives and a manager at 1,000 and 3,000; three of them serve all 80 accounts."""
    result = compare_structures(*_contested(), draws=0)
    now = result.now.iloc[0]
    assert (now["reps"], now["managers"], now["people_cost"]) == (6, 1, 6 * 1000 + 3000)
    assert now["customer_hours"] == 800 and now["moved_accounts"] == 0
    assert set(result.now.columns) <= set(result.table.columns)
    assert "(today 6)" in conclude_structure(result).answer
    nobody = compare_structures(accounts(TWENTY), people(), assumptions=PLAIN, draws=0).now.iloc[0]
    assert nobody["reps"] == 6 and "customer_hours" not in nobody


def test_a_form_of_today_is_not_read_out_of_chance():
    """Of 16 accounts dealt out at random to three people, some form seemed to be told in 6 of 40 draws."""
    draw = np.random.default_rng(4)
    alarms, told = 0, []
    for _ in range(200):
        known = pd.DataFrame(
            [(form, *_information(draw.integers(0, 3, 16), draw.integers(0, 3, 16))) for form in STRUCTURES[:3]],
            columns=["structure", "information", "chance"],
        )
        alarms += _today_form(known, STRUCTURES) != ""
        told.append(known["chance"].iloc[0])
    assert alarms / 200 < 0.09 and 0.4 < np.nanmean(told) < 0.7
    group = np.repeat([0, 1, 2], 6)
    information, chance = _information(np.where(np.arange(18) % 6 == 0, 0, group), group)
    assert information > 0.3 and chance < 0.01
    other = np.roll(group, 2)
    shared = 2 * np.log(3) - entropy(pd.crosstab(group, other).to_numpy().ravel())
    by_hand = shared - 4 / 36
    assert _information(group, other)[0] == pytest.approx(by_hand / np.log(3))


def test_plots_of_the_team():
    made = describe_team(team(), on="2026-07-01")
    ax = plot_makeup(made)
    assert sum(bar.get_width() for bars in ax.containers for bar in bars) == made.heads
    check = check_duties(duties(), team())
    labels = [label.get_text() for label in plot_duties(check).get_yticklabels()]
    assert labels == check.table["duty"].tolist()


def test_the_sentence_carries_the_numbers(contested):
    made = describe_team(team(), on="2026-07-01")
    conclusion = conclude_structure(contested, made, check_duties(duties(), team()), currency="EUR")
    best = row(contested, contested.best)
    assert f"{int(best['reps'])} representatives" in conclusion.answer
    assert points(contested.scores["score"].max()) in conclusion.answer
    assert "flips when" in conclusion.answer
    assert "Of 7 duties, 5 are not sound" in conclusion.answer
    assert conclusion.metrics["structure.reps"] == best["reps"]
    assert conclusion.metrics["team.heads"] == 6
    finding = conclusion.findings[0]
    assert finding.unit == "EUR a year"
    assert finding.value == pytest.approx(contested.saving)
    assert (finding.low, finding.high) == (contested.saving_low, contested.saving_high)
    assert "1 left" in makeup_sentence(made)
    assert "3 sell, 2 lead (2 managers) and 1 is in support: one leader for every 2.0 others." in makeup_sentence(made)


@pytest.mark.parametrize(("cost", "part"), [(4000.0, "all"), (1000.0, "today"), (500.0, "none")])
def test_no_more_is_saved_than_today_costs_above_the_best_structure(cost, part):
    """A form that the firm would need more people for was what its saving was counted against.

    Territories take 4 of today's 6 people; a boss more or less is what today's people cost above theirs.
    """
    frame, reps = _contested()
    staff = {"all": reps.assign(cost=cost), "today": reps, "none": reps[reps["rep"].isin(["r0", "r1", "r2"])]}[part]
    result = compare_structures(frame, staff, draws=8)
    best, paid = row(result, result.best), result.now["people_cost"].item()
    assert (result.today_form, result.best) == ("customer", "territory")
    conclusion = conclude_structure(result, currency="EUR")
    finding = conclusion.findings[0]
    if part == "none":
        assert paid == 3000 < best["people_cost"]
        assert np.isnan([result.saving, result.saving_low, result.saving_high]).all() and result.cheaper > 0
        assert np.isnan([finding.value, finding.low, finding.high]).all()
        assert rank_findings(pd.DataFrame([vars(finding)]), currency="EUR").table.empty
        for text in (conclusion.answer, finding.caution):
            assert "No money is saved: today's people cost EUR 3,000 a year, its people EUR 5,000." in text
        assert f"costs {money(result.cheaper, 'EUR')} a year more ({percent(0.95, 0)} interval" in finding.caution
        return
    assert finding.value == result.saving == pytest.approx(min(result.cheaper, paid - best["people_cost"]))
    assert result.saving_low <= result.saving and result.saving_low <= result.saving_high <= result.cheaper_high
    assert "No money" not in conclusion.answer
    assert ("At most what today's people cost" in finding.caution) == (result.saving < result.cheaper)


def test_the_saving_is_ranked_where_the_study_names_no_currency(contested):
    """Chapters and summary spelt the unit of its money in two ways: the finding was left out of the ranking."""
    for currency in ("", "EUR"):
        found = pd.DataFrame([vars(one) for one in conclude_structure(contested, currency=currency).findings])
        assert rank_findings(found, currency=currency).table["value"].tolist() == [contested.saving]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([("x", "A", 1.0), ("x", "R", 1.0)], "The one duty has one owner, and nobody is overloaded."),
        ([("x", "A", 1.0), ("x", "R", 9e9)], "The one duty has one owner, but 1 person is overloaded."),
        ([("x", "R", 1.0)], "The one duty is not sound."),
        ([("x", "R", 1.0), ("y", "A", 1.0), ("y", "R", 1.0)], "Of 2 duties, 1 is not sound."),
    ],
)
def test_one_duty_is_spoken_of_as_one(contested, parts, said):
    table = pd.DataFrame(parts, columns=["duty", "part", "hours"]).assign(person="r0")
    assert conclude_structure(contested, duties=check_duties(table, people())).answer.endswith(f" {said}")


def test_nobody_is_asked_to_give_up_duties_he_has_not_and_who_left_is_not_overloaded(contested):
    """r1 has only accounts, too many of them; r2 has left with as many; r0 has duties beyond his time."""
    parts = pd.DataFrame([("x", "r0", "A", 9e9), ("x", "r0", "R", 1.0)], columns=["duty", "person", "part", "hours"])
    busy = accounts([("shop", "juice", 1.0)] * 2, calls=2000.0, rep=["r1", "r2"])
    staff = people().assign(left=pd.Series(["2020-01-01"], index=[2]))
    check = check_duties(parts, staff, accounts=busy)
    assert check.people.loc[check.people["overloaded"], "person"].tolist() == ["r0", "r1"]
    found = {finding.what: finding.action for finding in conclude_structure(contested, duties=check).findings}
    said = found["People with more work than hours"]
    assert said == "Take duties from r0, and accounts or calls from r1."


def test_who_stays_is_told_what_the_other_structure_costs_more_or_less(contested):
    """The structure that scores best may be dearer: the other one was said to cost "USD -8,000 a year more"."""
    table = contested.table.assign(cost=[5000.0 if name == contested.best else 4000.0 for name in
                                         contested.table["structure"]])  # fmt: skip
    dear = replace(contested, table=table, today_form=contested.best)
    (finding,) = conclude_structure(dear, currency="USD").findings
    assert f"{NOUNS[contested.second]} costs USD 1,000 a year less for the same calls" in finding.action
    (finding,) = conclude_structure(replace(dear, table=table.assign(cost=1.0))).findings
    assert "costs as much for the same calls" in finding.action


def test_one_person_of_unknown_time_makes_whole_sentences(contested):
    one = pd.DataFrame({"rep": ["A"], "role": ["representative"], "cost": [1e5], "hours": [1500.0]})
    assert "How long people have been here is not known" in makeup_sentence(describe_team(one, on="2026-09-30"))
    doubts = conclude_structure(replace(contested, table=contested.table.assign(reps=1.0))).doubts
    assert any(text.startswith("1 representative is as many") for text in doubts)


def test_results_come_back_from_disk(contested, tmp_path):
    whole = join_organisation(contested, describe_team(team(), on="2026-07-01"), check_duties(duties(), team()))
    save_results(tmp_path, "structure", whole, conclude_structure(contested))
    back = load_results(tmp_path, "structure")
    pd.testing.assert_frame_equal(back.tables["scores"], whole.scores)
    assert set(back.tables) >= {"table", "flips", "roles", "teams", "duties", "people", "skipped"}
    assert set(back.tables["skipped"]["part"]) == {"structures", "team", "duties"}


def test_a_firm_with_nothing_to_compare_keeps_its_people_and_duties(tmp_path):
    """One segment and one line: the whole chapter was left out, the make-up of the team and its duties too."""
    made, checked = describe_team(team(), on="2026-07-01"), check_duties(duties(), team())
    why = "the accounts name neither two product lines nor two segments to organise by"
    conclusion = conclude_structure(None, made, checked, uncompared=why, currency="EUR")
    assert conclusion.answer.startswith(f"No structures are compared: {why}. On 2026-07-01 the team has 6 people")
    assert conclusion.answer.endswith("Of 7 duties, 5 are not sound.")
    assert [one.unit for one in conclusion.findings] == ["duties"] and set(made.cautions) <= set(conclusion.doubts)
    assert conclusion.metrics["team.heads"] == 6 and conclusion.metrics["duties.all"] == 7
    save_results(tmp_path, "structure", join_organisation(None, made, checked, uncompared=why), conclusion)
    back = load_results(tmp_path, "structure").tables
    assert "scores" not in back and len(back["roles"]) and back["skipped"].iloc[0].tolist() == [
        "structures", "all of it", why
    ]  # fmt: skip
    assert join_organisation(None, duties=checked, undescribed="no day").skipped["reason"].tolist()[0] == "no day"
    with pytest.raises(AbsentError, match="two segments to organise by; no day"):
        join_organisation(None, uncompared=why, undescribed="no day")


def test_every_criterion_has_a_name_and_a_default():
    from salesopt.structure import CRITERION

    assert set(CRITERIA) == set(CRITERION)
    assert sum(CRITERIA.values()) == pytest.approx(1)


def test_work_far_beyond_the_people_is_said_before_any_structure():
    accounts, reps = _contested()
    few = conclude_structure(compare_structures(accounts, reps.assign(hours=reps["hours"] / 10), draws=0))
    assert few.findings[0].blocks and few.findings[0].value > len(reps) and "before any structure" in few.answer[:150]
    enough = conclude_structure(compare_structures(accounts, reps, draws=0))
    assert not enough.findings[0].blocks and "before any structure" not in enough.answer
