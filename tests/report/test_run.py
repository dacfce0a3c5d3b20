"""A chapter counts as run only if every code cell has run; runs are equal; a failure leaves the others alone."""

from __future__ import annotations

import tempfile

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError

from salesopt.report import run
from salesopt.report.run import Job, Runner, explain, normalise, unrun
from tests.report.conftest import write_notebook

PLAIN = "value: int = 1  # A number\n"


def job(folder, name, timeout=60):
    return Job(name.split("_")[1], folder / f"{name}.ipynb", folder / "done" / f"{name}.ipynb", {"value": 7}, timeout)


def test_good_and_bad_chapters_side_by_side(tmp_path, monkeypatch):
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint(value, object())"
    write_notebook(tmp_path, "10_good", [draw, "import os; os.path.basename(os.getcwd())"], parameters=PLAIN)
    write_notebook(tmp_path, "11_leaves", ["import sys; sys.exit(0)", "1"], parameters=PLAIN)
    write_notebook(tmp_path, "12_killed", ["import os; os._exit(1)", "1"], parameters=PLAIN)
    wrong = "from salesopt.errors import DataError\nraise DataError('sales.csv, row 3: found -1')"
    write_notebook(tmp_path, "13_wrong", [wrong], parameters=PLAIN)
    write_notebook(tmp_path, "14_slow", ["import time; time.sleep(60)"], parameters=PLAIN)
    write_notebook(tmp_path, "15_kills", ["import os, signal; os.kill(os.getppid(), signal.SIGKILL)"], parameters=PLAIN)
    names, seen = ["10_good", "11_leaves", "12_killed", "13_wrong", "14_slow"], []
    jobs = [job(tmp_path, name, timeout=2 if name == "14_slow" else 60) for name in names]
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "scratch").mkdir()
    with Runner(tmp_path) as runner:
        runs = {one.word: one for one in runner.run(jobs, lambda word, cell: seen.append((word, cell)))}
        (killed,) = runner.run([job(tmp_path, "15_kills")])
        (after,) = runner.run([job(tmp_path, "10_good")])
    assert "was killed" in killed.error and after.error == ""
    assert runs["good"].error == "" and len([word for word, _ in seen if word == "good"]) >= 4
    assert runs["leaves"].error != "" and runs["wrong"].error == "sales.csv, row 3: found -1"
    assert "kernel died" in runs["killed"].error
    assert "longer than" in runs["slow"].error
    executed = nbformat.read(tmp_path / "done" / "10_good.ipynb", as_version=4)
    text = "".join(str(cell.get("outputs", "")) for cell in executed.cells)
    assert "7 <object object at 0x0>" in text and tmp_path.name in text
    assert not list((tmp_path / "done").glob("*.partial"))
    assert not list((tmp_path / "scratch").iterdir())  # a worker that is killed cannot tidy up: its home is in ours


def test_a_kernel_that_lost_its_port_is_started_again(tmp_path, monkeypatch):
    """Between the choice of its ports and its start another program took one of them: the chapter was lost."""
    tries = []

    def execute(source, target, **_):
        tries.append(source)
        if len(tries) <= lost:
            raise RuntimeError("Kernel died before replying to kernel_info")
        cell = nbformat.v4.new_code_cell("1", execution_count=1, id="a")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), target)

    monkeypatch.setattr(papermill, "execute_notebook", execute)
    for lost in range(3):
        tries.clear()
        assert run._run(job(tmp_path, "10_tea")).error == "" and len(tries) == lost + 1
    tries, lost = [], 3
    assert "Kernel died" in run._run(job(tmp_path, "10_tea")).error and len(tries) == 3


def test_unrun_sees_a_cell_that_papermill_calls_completed():
    cells = [nbformat.v4.new_code_cell("1", execution_count=1, id="a"), nbformat.v4.new_code_cell("2", id="b")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert unrun(notebook) == "cell 2 (b) never ran"
    notebook.cells[1].execution_count = 2
    assert unrun(notebook) == ""
    notebook.cells[1].outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]
    assert unrun(notebook) == "cell 2 (b) ended with an error"


def test_normalise_takes_out_what_differs_between_equal_runs():
    cell = nbformat.v4.new_code_cell("x", metadata={"papermill": {"duration": 1.2}, "tags": ["injected-parameters"]})
    cell.outputs = [nbformat.v4.new_output("stream", text="<f at 0x7f12ab> in /tmp/ipykernel_123/99.py")]
    clean = normalise(nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {"start": "now"}}))
    assert clean.cells[0].id == "injected-parameters" and "papermill" not in clean.cells[0].metadata
    assert clean.cells[0].outputs[0].text == "<f at 0x0> in cell"


@pytest.mark.parametrize(
    ("name", "message", "said"),
    [
        ("ParameterError", "confidence must be inside (0, 1)", "confidence must be inside (0, 1)"),
        ("ModuleNotFoundError", "No module named 'duckdb'", "a library is absent"),
        ("KeyError", "'x'", "an unexpected KeyError"),
    ],
)
def test_errors_are_said_in_plain_words(name, message, said):
    assert said in explain(name, message)


def test_the_time_said_is_the_time_given(tmp_path, monkeypatch):
    """A chapter stopped after a second was said to have taken more than 900."""

    def stop(*_, **given):
        raise CellTimeoutError(f"stopped after {given['execution_timeout']}")

    monkeypatch.setattr(papermill, "execute_notebook", stop)
    made = run._run(Job("tea", tmp_path / "tea.ipynb", tmp_path / "out.ipynb", {}, timeout=1))
    assert made.error == "a cell took longer than 1 seconds"
