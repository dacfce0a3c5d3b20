"""What an argument may be, in every kind: what is taken, what is refused, and in which words."""

import math

import numpy as np
import pandas as pd
import pytest

from salesopt.errors import ParameterError
from salesopt.stats.arguments import (
    Allowed,
    choice_fault,
    count_fault,
    day_fault,
    flag_fault,
    mapping_fault,
    names_fault,
    number_fault,
    read_day,
    require,
)

NOTHING = (True, "1", None, math.nan, [1], np.bool_(True), 1j, pd.NA)


def test_numbers_are_taken_within_their_limits():
    for value in (0, 1.5, np.float32(2), np.int64(3)):
        assert number_fault("keep", value, least=0, most=3) == ""
    assert number_fault("reps", None, optional=True) == number_fault("gap", math.inf, endless=True) == ""
    assert number_fault("keep", 3.5, least=0, most=3) == "keep must be a number from 0 to 3, not 3.5"
    assert number_fault("speed", 0, above=0, unit="km an hour") == "speed must be a number above 0 km an hour, not 0"
    assert number_fault("gap", 1, least=0, below=1) == "gap must be a number of at least 0 and below 1, not 1"
    assert number_fault("cost", -math.inf) == "cost must be a number, not -inf"
    assert number_fault("reps", "3", least=0, optional=True) == "reps must be a number of at least 0, or None, not '3'"


@pytest.mark.parametrize("value", NOTHING)
def test_what_is_no_number_is_refused_as_number_and_count(value):
    assert "must be a number" in number_fault("x", value)
    assert "must be a whole number of at least 0" in count_fault("x", value)


def test_counts_have_no_decimal_point():
    assert count_fault("draws", np.int32(4)) == count_fault("years", 1, least=1) == ""
    assert count_fault("draws", 4.0) == "draws must be a whole number of at least 0, not 4.0"
    assert count_fault("hires", -1, also="a table") == "hires must be a whole number of at least 0 or a table, not -1"


def test_truths_words_lists_and_mappings():
    assert flag_fault("whole", np.bool_(False)) == choice_fault("common", "none", ("none", "season")) == ""
    assert flag_fault("whole", "no") == "whole must be True or False, not 'no'"
    assert choice_fault("common", 3, ("none", "season")) == "common must be one of none, season, not 3"
    for value in (["a"], (), pd.Index(["a"]), np.array(["a"])):
        assert names_fault("balance", value, "measures") == ""
    for value in ("a", b"a", [1], {"a": 1}, (one for one in "a")):
        assert names_fault("balance", value, "measures").startswith("balance must be a list of measures, not ")
    assert mapping_fault("locked", {}, "a to b") == mapping_fault("locked", None, "a to b", optional=True) == ""
    assert mapping_fault("locked", ["a"], "a to b") == "locked must be a mapping of a to b, not ['a']"


def test_days():
    for value in ("2026-09-30", pd.Timestamp("2026-09-30 18:00"), np.datetime64("2026-09-30")):
        assert day_fault("today", value) == "" and read_day(value) == pd.Timestamp("2026-09-30")
    for value in ("yesterday", "", 20260930, True, ["2026-09-30"], None, pd.NaT):
        assert day_fault("today", value).startswith("today must be a date such as 2026-09-30, not ")
    assert day_fault("today", None, optional=True) == day_fault("today", pd.NaT, optional=True) == ""
    assert read_day(pd.NaT) is None


def test_one_error_holds_all_faults_and_shows_no_table():
    require("", "")
    table = pd.DataFrame({"a": range(50)})
    with pytest.raises(ParameterError, match=r"^x must be a number, not a DataFrame; y must be True or False, not 1$"):
        require(number_fault("x", table), "", flag_fault("y", 1))


def test_what_is_allowed_in_words():
    assert str(Allowed(0, 1)) == "a number from 0 to 1" and str(Allowed()) == "a number"
    assert str(Allowed(0, 1, above=True)) == "a number above 0 and at most 1"
    assert Allowed(0, 1, above=True).has(1) and not Allowed(0, 1, above=True).has(0)
    assert str(Allowed(choices=("ols", "iv"))) == "one of ols, iv" and Allowed(choices=("ols",)).has("ols")
