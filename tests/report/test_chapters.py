"""Chapters are found, their parameters read without running them, and every wrong value is named."""

from __future__ import annotations

import math
import re

import nbformat
import pytest

from salesopt import channels, cross, pest, pricing
from salesopt.errors import ParameterError
from salesopt.report.chapters import (
    check_values,
    choose_chapters,
    default_notebooks,
    find_chapters,
    shared_values,
    split_by_tables,
)
from salesopt.report.parameters import read_parameters
from salesopt.stats import ahp, design, price_promotions
from salesopt.stats.matrices import RULES
from salesopt.stats.organisation import Assumptions
from salesopt.stats.price_points import price_points
from tests.report.conftest import write_notebook


def declared(source: str) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["tags"] = ["parameters"]
    return nbformat.v4.new_notebook(cells=[cell])


def test_parameters_keep_equals_and_hash_in_defaults_and_comments():
    found = read_parameters(declared('rule: str = "a=b#c"  # a = b, # and all\nlags: list[int] = [1, 2]\n'), "x")
    assert (found["rule"].default, found["rule"].meaning, found["rule"].type) == ("a=b#c", "a = b, # and all", "str")
    assert found["lags"].default == [1, 2] and found["lags"].type == "list"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x = 1", "line 1"),
        ("x: int = 'a'", "'x' has type 'int'"),
        ("x: dict = {}", "type 'dict'"),
        ("x: bool = 1", "type 'bool'"),
        ("x: list[dict] = []", "type 'list'"),
        ("x: list[int] = ['a']", "each entry a whole number"),
        ("x: float = float('nan')", "'x' needs a plain value"),
        ("x: float = 2.0  # Part [0 to 1]", "expected a number from 0 to 1"),
        ("x: str = 'c'  # Way [a | b]", "expected one of a, b"),
        ("x: int = 1  # Part [some]", "is no range"),
        ("x: str = 'a'  # Way [0 to 1]", "is no range"),
        ("x: int = 7  # Part [5]", "is no range"),
        ("x: float = 2.0  # Part [0 to 1], a fraction", "at the end of the line"),
        ("x: float = 0.5  # Part [0 to 1", "at the end of the line"),
        ("x: float = 0.5  # Part [0 or more] [0 to 1]", "one pair of brackets"),
        ("import os", "line 1"),
    ],
)
def test_a_cell_that_declares_anything_else_is_refused(source, complaint):
    with pytest.raises(ParameterError, match=complaint):
        read_parameters(declared(source), "20_tea.ipynb")


def test_a_notebook_without_the_tagged_cell_is_refused():
    with pytest.raises(ParameterError, match="found 0"):
        read_parameters(nbformat.v4.new_notebook(), "20_tea.ipynb")


def test_chapters_come_in_order_with_their_parts(notebooks):
    write_notebook(notebooks, "11_early", [])
    chapters = find_chapters(notebooks)
    assert [chapter.word for chapter in chapters] == ["early", "tea", "coffee", "summary"]
    assert [chapter.part for chapter in chapters] == ["Where do we stand?", "Price", "Channels", "Summary"]


def test_every_wrong_value_is_named_at_once(notebooks):
    values = {
        "coffee": {"shar": 1, "share": "much", "names": "one", "__import__('os').system('id')": 1},
        "cofee": {"share": 1},
        "tea": {"quarter": True},
    }
    with pytest.raises(ParameterError) as caught:
        check_values(find_chapters(notebooks), values)
    lines = str(caught.value).splitlines()
    assert len(lines) == 6
    assert "did you mean 'share'" in lines[0] and lines[1].endswith("found 'much', expected a number from 0 to 1")
    assert "the name of a parameter of this chapter; there are share, names" in lines[3]
    assert "did you mean 'coffee'" in lines[4] and "the run sets it itself" in lines[5]


def test_whole_numbers_pass_for_fractions_but_truth_values_do_not(notebooks):
    chapters = find_chapters(notebooks)
    check_values(chapters, {"coffee": {"share": 1}})
    with pytest.raises(ParameterError, match="found True, expected a number"):
        check_values(chapters, {"coffee": {"share": True}})


def test_only_keeps_the_summary_and_refuses_unknown_words(notebooks):
    chapters = find_chapters(notebooks)
    assert [chapter.word for chapter in choose_chapters(chapters, ["tea"])] == ["tea", "summary"]
    with pytest.raises(ParameterError, match="did you mean 'coffee'"):
        choose_chapters(chapters, ["coffe"])


def test_a_chapter_whose_table_is_absent_is_left_out_with_the_reason(notebooks):
    write_notebook(notebooks, "40_team", [], needs=("reps", "accounts"))
    kept, left_out = split_by_tables(find_chapters(notebooks), ["sales", "reps"])
    assert [chapter.word for chapter in kept] == ["tea", "coffee", "summary"]
    assert left_out == {"team": "the study has no table accounts"}


@pytest.mark.parametrize(
    ("line", "right", "wrong", "expected"),
    [
        ("x: float = 0.5  # [above 0 to below 1]", [0.01, 0.99], [0, 1, -1, 2.0], "a number above 0 and below 1"),
        ("x: float = 0.5  # [0 to 1]", [0, 1, 0.5], [-0.01, 1.01, float("nan")], "a number from 0 to 1"),
        ("x: float = 1.0  # [0 or more]", [0, 1e9], [-1, float("inf"), "1", True], "a number of at least 0"),
        ("x: int = 3  # [above 0 to 52]", [1, 52], [0, 53, 4.0], "a whole number above 0 and at most 52"),
        ("x: float = 0.0  # [-1.5 to below 2]", [-1.5, 1.99], [-1.6, 2], "a number of at least -1.5 and below 2"),
        ("x: str = 'a'  # [a | b c]", ["a", "b c"], ["", "A", 1], "one of a, b c"),
        ("x: list[float] = []  # [0 or more]", [[], [0, 1.5]], [[-1], ["a"], 1], "a list, each entry a number"),
        ("x: list[str] = ['a']  # [a | b]", [[], ["b", "a"]], [["c"], [1], "a"], "a list, each entry one of a, b"),
        ("x: list = []  # Anything", [[], [1, "a"]], ["a", {}], "a list"),
        ("x: str = ''  # Text", ["", "a"], [1, []], "text"),
    ],
)
def test_what_a_line_allows_is_checked_and_said(line, right, wrong, expected):
    parameter = read_parameters(declared(line), "x")["x"]
    assert [parameter.fault(value) for value in right] == [""] * len(right)
    assert all(parameter.fault(value).startswith(expected) for value in wrong)


def test_what_is_chosen_for_one_chapter_holds_for_those_that_follow_it():
    chapters = find_chapters(default_notebooks())
    chosen = {"effort": {"common": "season", "min_periods": 8}, "team": {"min_periods": 9}}
    assert shared_values(chapters, chosen) == {
        "effort": {"common": "season", "min_periods": 8},
        "team": {"min_periods": 9, "common": "season"},
    }
    assert "common" not in chosen["team"]
    for chosen_in in ("team", "structure"):  # chapters that reckon travel do it alike, wherever it is chosen
        shared = shared_values(chapters, {chosen_in: {"speed": 50.0, "detour": 1.2}})
        assert shared == {word: {"speed": 50.0, "detour": 1.2} for word in ("team", "structure", "rosters")}
    by_word = {chapter.word: chapter for chapter in chapters}
    for chapter in chapters:
        for place in chapter.follows:
            word, _, name = place.partition(".")
            theirs, ours = by_word[word].parameters[name], chapter.parameters[name]
            assert (theirs.type, theirs.default) == (ours.type, ours.default), place
            assert theirs.allowed is None or not set(theirs.allowed.choices) - set(ours.allowed.choices), place


def test_every_result_that_a_notebook_saves_has_a_title():
    for chapter in find_chapters(default_notebooks()):
        saved = set(re.findall(r'save_results\(\s*out,\s*"(\w+)"', code_of(chapter.path)))
        assert saved == {chapter.word, *chapter.saves}, chapter.word


def code_of(path):
    """The sources of a notebook's cells, one after the other."""
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


def test_every_number_of_the_notebooks_says_what_is_allowed():
    chapters = find_chapters(default_notebooks())
    bare = [
        f"{chapter.word}.{parameter.name}"
        for chapter in chapters
        for parameter in chapter.parameters.values()
        if (parameter.of or parameter.type) in ("int", "float") and parameter.allowed is None
    ]
    assert bare == []


def test_the_words_to_choose_from_are_those_of_the_analyses():
    chosen = {
        "swot.rating_rule": tuple(RULES),
        "swot.ahp_method": tuple(ahp.METHODS),
        "elasticity.method": design.METHODS,
        "pricing.method": design.METHODS,
        "pricing.objective": pricing.OBJECTIVES,
        "pricing.restrict": cross.RESTRICTIONS,
        "channels.objective": channels.OBJECTIVES,
    }
    for name, words in chosen.items():
        word, parameter = name.split(".")
        chapter = next(one for one in find_chapters(default_notebooks()) if one.word == word)
        allowed = chapter.parameters[parameter].allowed
        assert allowed is not None and set(allowed.choices) == set(words), name


def test_the_ends_of_a_range_are_those_of_the_analysis():
    """An analysis takes every end that its notebook allows and refuses the one beyond: two places, one rule."""
    checks = {
        ("pricing", "margin_floor"): lambda x: pricing._check_parameters("profit", (0.8, 1.2), x, 500, None, None),
        ("pricing", "assumed_margin"): lambda x: pricing._check_parameters("profit", (0.8, 1.2), 0, 500, None, x),
        ("pricing", "lowest"): lambda x: pricing._check_parameters("profit", (x, 1.2), 0, 500, None, None),
        ("pricing", "highest"): lambda x: pricing._check_parameters("profit", (0.8, x), 0, 500, None, None),
        ("pricing", "promotion_depth"): lambda x: price_promotions._check(x, 4, 0.5, 0.5, 0.5, 500),
        ("pricing", "promotion_weeks"): lambda x: price_promotions._check(0.1, x, 0.5, 0.5, 0.5, 500),
        ("pricing", "redemption"): lambda x: price_promotions._check(0.1, 4, x, 0.5, 0.5, 500),
        ("pricing", "attach"): lambda x: price_promotions._check(0.1, 4, 0.5, x, 0.5, 500),
        ("pricing", "borrowed"): lambda x: price_promotions._check(0.1, 4, 0.5, 0.5, x, 500),
        ("pricing", "endings"): lambda x: price_points(0.5, 3.0, endings=[x]),
        ("structure", "separate"): lambda x: Assumptions(separate=x),
        ("structure", "joint"): lambda x: Assumptions(joint=x),
        ("structure", "span"): lambda x: Assumptions(span=x),
        ("structure", "cost_per_km"): lambda x: Assumptions(cost_per_km=x),
        ("elasticity", "lags"): lambda x: design.make_design("ols", (), (), (), None, int(x), None, None, False),
        ("pest", "tail"): lambda x: pest._check(0.95, x, 0),
        ("pest", "correlation"): lambda x: pest._check(0.95, 0.1, x),
    }
    declared = {chapter.word: chapter.parameters for chapter in find_chapters(default_notebooks())}
    for (word, name), check in checks.items():
        allowed, step = declared[word][name].allowed, 1 if declared[word][name].type == "int" else 1e-9
        for end, open_, way in ((allowed.least, allowed.above, -1), (allowed.most, allowed.below, 1)):
            if math.isfinite(end):
                check(end - way * step if open_ else end)
                with pytest.raises(ParameterError):
                    check(end if open_ else end + way * step)
