"""Published cases: every one of data/cases agrees with its source, and a case file can do no harm and hide nothing."""

import math
from pathlib import Path

import pandas as pd
import pytest

from salesopt.errors import DataError
from salesopt.report.cases import COLUMNS, FUNCTIONS, function_of, list_cases, read_answers, run_case

CASES = list_cases(Path(__file__).parents[1] / "data" / "cases")


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_every_published_number_is_computed(folder):
    found = run_case(folder)
    assert list(found.columns) == list(COLUMNS)
    assert found.loc[~found["agrees"], ["what", "published", "computed", "note"]].to_dict("records") == []
    assert len(found) > 0


def test_the_readme_counts_the_cases_and_says_how_many_numbers_are_printed():
    answers = [answer for case in CASES for run in read_answers(case)["run"] for answer in run["answer"]]
    printed = sum("origin" not in answer for answer in answers)
    text = " ".join((Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8").split())
    assert f"{len(CASES)} published cases with {len(answers)} known numbers" in text
    assert f"{printed} printed in their source" in text


def test_there_are_ten_cases_and_each_names_its_source():
    assert len(CASES) >= 10
    for folder in CASES:
        assert len(read_answers(folder)["case"]["source"]) > 10, folder.name


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_that_a_case_may_call_is_there(name):
    assert callable(function_of(name))


@pytest.mark.parametrize(
    "name", ["eval", "os.system", "__import__", "load_study", "tally_swot.__globals__", "salesopt"]
)
def test_nothing_else_can_be_called(name):
    with pytest.raises(DataError, match="cannot call"):
        function_of(name)


SWOT = "rater,quadrant,factor,weight,rating\n" + "".join(
    f"{rater},{quadrant},{factor},0.25,{rating}\n"
    for rater in ("ann", "bob")
    for quadrant, factor, rating in (("S", "brand", 4), ("W", "cost", 1), ("O", "export", 3), ("T", "tax", 2))
)
HEAD = '[case]\ntitle = "t"\nsource = "A. Author, 1990"\n'
RUN = '[[run]]\nname = "one"\ncall = "tally_swot"\ntables = {scores = "swot"}\n'
ANSWER = '[[run.answer]]\nwhat = "w"\nvalue = 4\ntolerance = 0.001\n'
CELL = 'table = "factors"\nwhere = {factor = "brand"}\ncolumn = "rating"\n'


def case(folder, answers):
    (folder / "study.toml").write_text('[study]\ntitle = "t"\n[tables]\nswot = "swot.csv"\ntows = "tows.csv"\n')
    (folder / "swot.csv").write_text(SWOT)
    (folder / "tows.csv").write_text("strategy,inner,outer,fit\nsell abroad,brand,export,4\n")
    (folder / "answers.toml").write_text(answers)
    return folder


@pytest.mark.parametrize(("value", "tolerance", "agrees"), [(4, 0, True), (4.1, 0.1001, True), (4.1, 0.0999, False)])
def test_a_number_agrees_within_its_tolerance_and_no_further(tmp_path, value, tolerance, agrees):
    answer = f'[[run.answer]]\nwhat = "w"\nvalue = {value}\ntolerance = {tolerance}\n' + CELL
    row = run_case(case(tmp_path, HEAD + RUN + answer)).iloc[0]
    assert (row["computed"], bool(row["agrees"]), row["note"]) == (4, agrees, "")


@pytest.mark.parametrize(
    ("cell", "note"),
    [
        ('table = "nothing"\ncolumn = "rating"\n', "no field 'nothing'"),
        ('table = "factors"\ncolumn = "ratings"\n', "did you mean 'rating'"),
        ('table = "factors"\ncolumn = "rating"\n', "4 rows where {}, not one"),
        ('table = "factors"\nwhere = {factor = "none"}\ncolumn = "rating"\n', "0 rows"),
        ('table = "cautions"\ncolumn = "rating"\n', "no table"),
        ('field = "cautions"\n', "not 'tuple'"),
        ('field = "__class__"\n', "no field '__class__'"),
    ],
)
def test_an_answer_that_points_at_nothing_disagrees_and_says_why(tmp_path, cell, note):
    row = run_case(case(tmp_path, HEAD + RUN + ANSWER + cell)).iloc[0]
    assert math.isnan(row["computed"]) and not row["agrees"] and note in row["note"]


@pytest.mark.parametrize("arguments", ["arguments = {nothing = 1}", "arguments = {confidence = 3.0}"])
def test_an_analysis_that_fails_disagrees_and_says_why_and_the_next_one_runs(tmp_path, arguments):
    second = RUN.replace('"one"', '"two"') + ANSWER + CELL
    found = run_case(case(tmp_path, HEAD + RUN + arguments + "\n" + ANSWER + CELL + second))
    assert found["agrees"].tolist() == [False, True]
    assert found["note"][0] and pd.isna(found["computed"][0])


def test_a_run_can_use_the_result_of_an_earlier_one(tmp_path):
    later = '[[run]]\nname = "two"\ncall = "match_strategies"\ntables = {links = "tows"}\nresults = {tally = "one"}\n'
    answer = (
        '[[run.answer]]\nwhat = "half x half x 4"\nvalue = 1\ntolerance = 1e-9\ntable = "pairs"\ncolumn = "score"\n'
    )
    found = run_case(case(tmp_path, HEAD + RUN + ANSWER + CELL + later + answer))
    assert found["note"].tolist() == ["", ""] and found["agrees"].all()
    lost = run_case(case(tmp_path, HEAD + RUN + ANSWER + CELL + later.replace('"one"', '"three"') + answer))
    assert "no result of an earlier run 'three'" in lost["note"][1]
    wrong = run_case(case(tmp_path, HEAD + RUN + ANSWER + CELL + later.replace('"one"', '"one.total"') + answer))
    assert "no field 'total'" in wrong["note"][1]


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ("[case", "not valid TOML"),
        (RUN + ANSWER + CELL, "has no source"),
        (HEAD, "no \\[\\[run\\]\\]"),
        (HEAD + RUN, "no \\[\\[run.answer\\]\\]"),
        (HEAD + RUN.replace("tally_swot", "tally_swat") + ANSWER + CELL, "did you mean 'tally_swot'"),
        (HEAD + RUN.replace("tables", "table") + ANSWER + CELL, "did you mean 'tables'"),
        (HEAD + RUN + ANSWER, "either a column"),
        (HEAD + RUN + ANSWER + CELL + 'field = "x"\n', "either a column"),
        (HEAD + RUN + ANSWER.replace("4", '"four"') + CELL, "not a number"),
        (HEAD + RUN + ANSWER.replace("tolerance = 0.001", "tolerance = -1") + CELL, "at least 0"),
        (HEAD + RUN + ANSWER.replace("tolerance = 0.001", "") + CELL, "no tolerance"),
        (HEAD + (RUN + ANSWER + CELL) * 2, "there twice"),
        (HEAD + "[runs]\n" + RUN + ANSWER + CELL, "unknown section"),
    ],
)
def test_what_is_wrong_in_a_case_is_refused(tmp_path, answers, says):
    with pytest.raises(DataError, match=says):
        run_case(case(tmp_path, answers))


def test_what_is_no_case_is_said_to_be_none(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        list_cases(tmp_path / "absent")
    with pytest.raises(DataError, match="no published case"):
        run_case(tmp_path)
    assert list_cases(tmp_path) == []
