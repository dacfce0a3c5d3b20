"""Chapters are found, their parameters read without running them, and every wrong value is named."""

from __future__ import annotations

import nbformat
import pytest

from salesopt.errors import ParameterError
from salesopt.report.chapters import check_values, choose_chapters, find_chapters, read_parameters, split_by_tables
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
    assert "did you mean 'share'" in lines[0] and "expected float, found 'much'" in lines[1]
    assert "no parameter is called" in lines[3] and "did you mean 'coffee'" in lines[4]


def test_whole_numbers_pass_for_fractions_but_truth_values_do_not(notebooks):
    chapters = find_chapters(notebooks)
    check_values(chapters, {"coffee": {"share": 1}})
    with pytest.raises(ParameterError, match="expected float, found True"):
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
