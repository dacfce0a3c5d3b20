"""Heads against people, and judges against each other."""

import pandas as pd
import pytest

from salesopt.stats.crosscheck import compare_heads, ended_units, split_judges

ROLES = ["representative"] * 20 + ["lead"]
REPS = pd.DataFrame({"role": ROLES, "left": [pd.NaT] * 19 + [pd.Timestamp(2026, 6, 30)] * 2})


def judged(heads):
    return pd.DataFrame({"unit": ["a", "a", "b"], "current_reps": [heads, heads, 2.0]})


@pytest.mark.parametrize(("heads", "gap"), [(16, None), (18, None), (19, (21, 19)), (15, (17, 19))])
def test_heads_may_differ_from_people_by_a_tenth(heads, gap):
    """19 people sell on the last day of September; with the two heads of unit b 17.1 to 20.9 heads are in order."""
    found = compare_heads(judged(heads), None, REPS, today="2026-09-30")
    assert (None if found is None else (found.heads, found.people)) == gap


def test_one_head_is_never_a_difference_and_absent_tables_say_nothing():
    reps = REPS.iloc[:4]
    assert compare_heads(judged(3), None, reps) is None and compare_heads(judged(4), None, reps).people == 4
    assert compare_heads(None, None, reps) is None and compare_heads(judged(99), None, None) is None


@pytest.mark.parametrize(("heads", "wild"), [(55, False), (56, True)])
def test_more_than_three_heads_for_each_person_are_wild(heads, wild):
    assert compare_heads(judged(heads), None, REPS, today="2026-09-30").wild is wild


def test_the_history_counts_heads_where_nobody_judged():
    history = pd.DataFrame({"unit": ["a", "b", "a"], "period": pd.to_datetime(["2026-04", "2026-01", "2026-01"])})
    found = compare_heads(None, history.assign(reps=[30.0, 9.0, 1.0]), REPS)
    assert (found.heads, found.people, found.table) == (39, 19, "effort_history")


def test_units_that_ended_and_periods_to_come_are_no_heads_of_today():
    """A shop shut years ago was counted with the heads it once had, and one of next year with those it is to get."""
    periods = pd.to_datetime(["2026-07-01", "2025-10-01", "2025-07-01", "2026-10-01"])
    history = pd.DataFrame({"unit": ["a", "b", "shut", "a"], "period": periods, "reps": [10.0, 9.0, 50.0, 99.0]})
    assert compare_heads(None, history, REPS, today="2026-09-30") is None
    assert list(ended_units(history.iloc[:3])) == [pd.Timestamp("2025-07-01")]


@pytest.mark.parametrize(
    ("question", "answers", "split"),
    [
        ("at_none", (0.2, 0.6), True),  # three times as much stays without effort
        ("at_none", (0.25, 0.6), False),
        ("at_none", (0.4, 0.8), True),  # without effort three times as much is lost
        ("at_none", (0.05, 0.2), False),  # four times as much, but both are little
        ("at_plus_half", (1.1, 1.4), True),
        ("at_plus_half", (1.02, 1.15), False),
        ("at_saturation", (1.0, 1.2), True),
        ("at_saturation", (1.4, 2.0), False),
    ],
)
def test_judges_contradict_each_other_from_a_factor_of_three_on(question, answers, split):
    effort = pd.DataFrame(
        {"unit": "a", "judge": ["x", None], "at_none": 0.5, "at_plus_half": 1.2, "at_saturation": 1.5}
    )
    effort[question] = answers
    found = split_judges(effort)
    expected = [("a", question, *answers, "x", "no name", 1)] if split else []
    assert list(found.itertuples(index=False, name=None)) == expected


def test_the_widest_contradiction_comes_first():
    effort = pd.DataFrame({"unit": list("aabb"), "judge": list("xyxy"), "at_none": [0.1, 0.5, 0.9, 0.1]})
    assert split_judges(effort)["unit"].tolist() == ["b", "a"]
    assert split_judges(effort)[["low_judge", "high_judge"]].to_numpy().tolist() == [["y", "x"], ["x", "y"]]
