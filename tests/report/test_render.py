"""From a study to a report on disk: whole, equal twice, honest about failures, closed to hostile values."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import openpyxl
import pytest

from salesopt.errors import DataError, ParameterError
from salesopt.report import render
from salesopt.report.render import plan_report, render_report
from salesopt.report.run import ChapterRun
from tests.report.conftest import GOOD, LOAD, SAVE, write_firm, write_notebook, write_notebooks


def make(firm, notebooks, out, **options):
    return render_report(plan_report(firm, out=out, notebooks=notebooks, **options), processes=2)


def hashes(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "run.json"]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """The plan of a report that has been made; tests leave the report as it is."""
    place = tmp_path_factory.mktemp("place")
    plan = plan_report(write_firm(place), out=place / "reports", notebooks=write_notebooks(place))
    made = render_report(plan)
    assert made.failed == [] and made.folder == place / "reports" / "firm" / "2026Q3"
    return plan


@pytest.fixture
def folder(plan):
    """The folder of the report."""
    return plan.target


def test_a_report_is_whole_and_self_contained(plan, folder):
    names = set(hashes(folder))
    assert {"index.html", "report.pdf", "tables.xlsx", "results/tea/results.json", "notebooks/20_tea.ipynb"} <= names
    page = (folder / "index.html").read_text()
    assert "450 units were sold." in page and 'alt="Two points"' in page
    assert page.index('id="summary"') < page.index('id="tea"') < page.index('id="coffee"')
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", page) and "<script" not in page
    assert "Tea &lt;script&gt;" in page and "&lt;b&gt;tea&lt;/b&gt;" in page and "<b>tea" not in page
    ledger = json.loads((folder / "run.json").read_text())
    digest = hashlib.sha256((plan.folder / "sales.csv").read_bytes()).hexdigest()
    assert ledger["inputs"]["sales.csv"] == digest and ledger["parameters"]["coffee"]["share"] == 0.5


def test_two_runs_give_the_same_bytes(plan, folder):
    first = hashes(folder)
    assert not render_report(plan).fresh  # nothing has changed, nothing is run
    assert render_report(plan, force=True).fresh and hashes(folder) == first
    assert [path.name for path in folder.parent.iterdir()] == ["2026Q3"]


def test_a_report_is_current_only_while_all_that_it_read_is_unchanged(plan, folder):
    """An earlier quarter's report made later on changes what SWOT and PEST compare with; a draft beside it does not."""

    def current():
        return render._is_current(plan_report(plan.folder, out=folder.parents[1], notebooks=plan.notebooks))

    earlier, later = folder.with_name("2026Q2"), folder.with_name("2026Q4")
    try:
        for place in (later, folder.with_name("2026Q2_tea")):
            shutil.copytree(folder / "results", place / "results")
            assert current()
        shutil.copytree(folder / "results", earlier / "results")
        assert not current()
        again = plan_report(plan.folder, out=folder.parents[1], notebooks=plan.notebooks)
        assert set(again.earlier) == {f"2026Q2/results/{word}/results.json" for word in ("tea", "coffee")}
        for path in earlier.rglob("*.parquet"):
            path.write_bytes(b"")  # only the numbers by name are compared with
        assert (
            again.fingerprint == plan_report(again.folder, out=folder.parents[1], notebooks=plan.notebooks).fingerprint
        )
    finally:
        for place in (earlier, later, folder.with_name("2026Q2_tea")):
            shutil.rmtree(place, ignore_errors=True)
    assert current()


def test_what_a_report_lists_as_read_is_the_study_not_a_report_kept_in_its_folder(firm, notebooks):
    plan = plan_report(firm, out=firm / "reports", notebooks=notebooks)
    plan.target.mkdir(parents=True)
    (plan.target / "index.html").write_text("a page")
    again = plan_report(firm, out=firm / "reports", notebooks=notebooks)
    assert set(again.inputs) == {"study.toml", "sales.csv"} and again.fingerprint == plan.fingerprint


def test_a_failed_chapter_and_one_left_out_leave_the_others_and_are_shown(firm, notebooks, tmp_path):
    broken = "from salesopt.errors import DataError\nraise DataError('no <i>tea</i> left')"
    absent = "from salesopt.errors import AbsentError\nraise AbsentError('the accounts name no <line>')"
    write_notebook(notebooks, "21_broken", [LOAD, GOOD, broken, SAVE])
    write_notebook(notebooks, "41_lines", [LOAD, absent])
    made = make(firm, notebooks, tmp_path / "reports")
    page = (made.folder / "index.html").read_text()
    assert [run.word for run in made.failed] == ["broken"]
    assert "1 of 4 chapters could not be made" in page and "no &lt;i&gt;tea&lt;/i&gt; left" in page
    assert "using papermill" not in page and "What of broken?" in page
    assert page.count('<p class="answer') == 2  # half an answer of the broken chapter is not shown
    # a chapter may find, once it looks, that the study does not hold what it needs: that is no failure
    assert made.left_out == {"lines": "the accounts name no <line>"}
    assert "Lines: the accounts name no &lt;line&gt;." in page and 'id="lines"' not in page
    assert "lines" not in [run.word for run in made.runs]
    plan = plan_report(firm, out=tmp_path / "reports", notebooks=notebooks)
    assert not render._is_current(plan)  # a report with a failure is never taken as up to date


@pytest.fixture
def quick(monkeypatch):
    """Runs without kernels: each chapter ends with the error given here, "" for a good one; no PDF."""
    errors = {}

    def run(plan, stage, *_):
        (stage / "notebooks").mkdir()
        for chapter in plan.chapters:
            shutil.copy(chapter.path, stage / "notebooks")
        (stage / "notebooks" / "place.ipynb").write_text(stage.name)
        return [ChapterRun(chapter.word, 0.1, errors.get(chapter.word, "")) for chapter in plan.chapters]

    monkeypatch.setattr(render, "_run", run)
    monkeypatch.setattr(render, "write_pdf", lambda page, target: "")
    return errors


def test_a_failed_run_goes_beside_an_earlier_good_report_and_a_good_one_takes_its_place(
    firm, notebooks, tmp_path, quick
):
    good = make(firm, notebooks, tmp_path / "reports")
    before, quick["coffee"] = hashes(good.folder), "no coffee left"
    with (firm / "sales.csv").open("a") as file:
        file.write("<b>tea</b>,south,2026-09,10,2.5\n")
    for _ in range(2):  # a second failure takes the place of the first
        failed = make(firm, notebooks, tmp_path / "reports")
        assert failed.folder.name == "2026Q3_failed" and [run.word for run in failed.failed] == ["coffee"]
        assert str(good.folder / "index.html") in failed.notes[-1]
        for name in ("index.html", "run.json"):  # the page of a failed report did not say that the good one stays
            assert "stays as it was: ../2026Q3" in (failed.folder / name).read_text()
        assert hashes(good.folder) == before
        assert sorted(path.name for path in good.folder.parent.iterdir()) == ["2026Q3", "2026Q3_failed"]
        assert (failed.folder / "notebooks" / "place.ipynb").read_text() == "2026Q3_failed"
    del quick["coffee"]
    assert make(firm, notebooks, tmp_path / "reports").folder == good.folder and hashes(good.folder) != before
    assert [path.name for path in good.folder.parent.iterdir()] == ["2026Q3"]


def test_a_report_moved_aside_by_a_run_that_was_killed_comes_back(firm, notebooks, tmp_path, quick, monkeypatch):
    good = make(firm, notebooks, tmp_path / "reports")
    before = hashes(good.folder)

    def move(stage, target):
        if stage.name.endswith(".partial"):
            raise OSError("the disk is full")
        shutil.move(stage, target)

    monkeypatch.setattr(render.os, "replace", move)
    plan = plan_report(firm, out=tmp_path / "reports", notebooks=notebooks)
    with pytest.raises(OSError, match="disk is full"):
        render_report(plan, force=True)
    assert hashes(good.folder) == before
    good.folder.rename(good.folder.with_name(".2026Q3.old"))  # as a run that was killed in that moment leaves it
    assert not render_report(plan).fresh and hashes(good.folder) == before


@pytest.mark.parametrize("ledger", ["3", "[]", '{"a": 1}', '{"fingerprint": "x", "chapters": [3]}', "{"])
def test_a_ledger_that_says_nothing_counts_as_no_report(tmp_path, ledger):
    (tmp_path / "run.json").write_text(ledger)
    (tmp_path / "index.html").write_text("")
    assert not render._is_good(tmp_path)


def test_a_failed_run_without_an_earlier_good_report_stands_at_its_usual_place(firm, notebooks, tmp_path, quick):
    quick["coffee"] = "no coffee left"
    for _ in range(2):
        made = make(firm, notebooks, tmp_path / "reports")
        assert made.folder.name == "2026Q3" and made.notes == []
        assert [path.name for path in made.folder.parent.iterdir()] == ["2026Q3"]


def test_what_the_data_leave_out_stands_in_page_and_ledger(firm, notebooks, tmp_path, quick):
    rows = (firm / "sales.csv").read_text().replace("price\n", "price,promos\n", 1).replace(",2.5\n", ",2.5,0\n")
    (firm / "sales.csv").write_text(rows)
    made = make(firm, notebooks, tmp_path / "reports", only=["tea"])
    ledger = json.loads((made.folder / "run.json").read_text())
    assert ledger["data_left_out"] == [["sales", "column 'promos'", "9", "", "nothing reads it; did you mean 'promo'?"]]
    assert "did you mean 'promo'?" in ledger["cautions"][0]
    assert (made.folder / "index.html").read_text().count("did you mean &#x27;promo&#x27;?") == 2


def test_a_stopped_run_leaves_the_old_report(plan, folder, monkeypatch):
    before = hashes(folder)

    def run(plan, stage, *_):
        for part in ("notebooks", "results"):
            shutil.copytree(folder / part, stage / part)
        return [ChapterRun(chapter.word, 1.0) for chapter in plan.chapters]

    def stop(page, _):
        assert page.is_file() and page.parent != folder
        raise KeyboardInterrupt

    monkeypatch.setattr(render, "_run", run)
    monkeypatch.setattr(render, "write_pdf", stop)
    with pytest.raises(KeyboardInterrupt):
        render_report(plan, force=True)
    assert hashes(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["2026Q3"]


def test_the_workbook_holds_the_tables_and_no_formula(folder):
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    assert book.sheetnames[0] == "contents" and "tea" in book.sheetnames
    assert [cell.value for cell in book["tea"][1]][:3] == ["rank", "what", "value"]
    assert book["tea"]["C2"].value == 450


def test_only_makes_a_report_of_its_own(firm, notebooks, tmp_path):
    plan = plan_report(
        firm, out=tmp_path / "reports", notebooks=notebooks, only=["coffee"], values={"coffee": {"share": 1}}
    )
    assert plan.target.name == "2026Q3_coffee"
    assert [chapter.word for chapter in plan.chapters] == ["coffee", "summary"]
    share = render._values(plan, plan.chapters[0], plan.target)["share"]
    assert share == 1 and isinstance(share, float)


@pytest.mark.parametrize(
    ("toml", "options", "error", "said"),
    [
        ("", {"quarter": "2031Q1"}, ParameterError, "2031Q1"),
        ("", {"quarter": "third"}, ParameterError, "third"),
        ("", {"only": ["price"]}, ParameterError, "no chapter is called 'price'"),
        (
            "[parameters.tea]\nsize = 1\n",
            {},
            ParameterError,
            "tea.size: found 'size', expected the name of a parameter",
        ),
        ("[parameters.coffee]\nshare = 'x'\n", {}, ParameterError, "expected a number"),
        ("[parameters.coffee]\nout = '/etc'\n", {}, ParameterError, "the run sets it itself"),
        ('[parameters.coffee]\n"x=1;import os" = 1\n', {}, ParameterError, "the name of a parameter"),
        (
            "[parameters.coffee]\nshare = 2\n",
            {},
            ParameterError,
            "coffee.share: found 2, expected a number from 0 to 1",
        ),
        ("", {"values": {"coffee": {"share": -0.1}}}, ParameterError, "found -0.1, expected a number from 0 to 1"),
        ("", {"values": {"milk": {}}}, ParameterError, "milk: found 'milk', expected the name of a chapter"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_written(firm, notebooks, tmp_path, toml, options, error, said):
    with (firm / "study.toml").open("a") as file:
        file.write(toml)
    with pytest.raises(error, match=said):
        plan_report(firm, out=tmp_path / "reports", notebooks=notebooks, **options)
    assert not (tmp_path / "reports").exists()


def test_a_bad_table_is_refused_with_every_problem(firm, notebooks, tmp_path):
    rows = "tea,north,2026-08,-1,2.5\ntea,north,2026-08,many,0\n"
    (firm / "sales.csv").write_text("product,market,period,units,price\n" + rows)
    with pytest.raises(DataError) as caught:
        plan_report(firm, out=tmp_path / "reports", notebooks=notebooks)
    assert {problem.row for problem in caught.value.problems} == {2, 3} and len(caught.value.problems) == 4


def test_the_report_of_a_case_opens_with_its_known_answers(tmp_path, monkeypatch):
    """Also where no chapter can be made of it; the calls that compute them are said."""
    monkeypatch.setattr(render, "write_pdf", lambda page, target: "")
    case = Path(__file__).parents[2] / "data" / "cases" / "breakeven_pops"
    report = render_report(plan_report(case, out=tmp_path))
    page = (report.folder / "index.html").read_text()
    assert "2 answers known beforehand" in page and "all agree within their tolerance" in page
    assert "breakeven_change(moves=products)" in page and "<td>0.5</td><td>0.5</td>" in page
    assert "follows from the margins printed" in page and "Course notes MK 4010" in page
    assert "answers.toml" in json.loads((report.folder / "run.json").read_text())["inputs"]


def test_a_fault_in_the_known_answers_is_said_before_anything_runs(firm, notebooks, tmp_path):
    (firm / "answers.toml").write_text('[case]\ntitle = "t"\n')
    with pytest.raises(DataError, match="has no source"):
        plan_report(firm, notebooks=notebooks, out=tmp_path)
