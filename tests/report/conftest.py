"""A small study and small notebooks, so that the way from study to report is tested in seconds."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

PARAMETERS = """study: str = "../firm"  # Folder of the study
quarter: str = ""  # Quarter reported on
out: str = "../reports/draft"  # Folder the results are saved in
"""
LOAD = """from salesopt.display import show_answer, show_table
from salesopt.results import Conclusion, Finding, save_results
from salesopt.study.load import load_study
from salesopt.summary import rank_findings
firm = load_study(study, quarter=quarter, tables=["sales"])"""
GOOD = """import pandas as pd
units = firm["sales"]["units"].sum()
finding = Finding("More tea", units, 1.0, 2 * units, "EUR a year", "Sell more tea", "", WORD)
conclusion = Conclusion(f"{units:g} units were sold.", ("Few rows.",), (finding,), {WORD + ".units": units})
rows = [tuple(vars(finding).values())]
result = rank_findings(pd.DataFrame(rows, columns=list(vars(finding))), currency="EUR")
show_answer(conclusion)"""
SAVE = "save_results(out, WORD, result, conclusion);"
FIGURE = """import matplotlib.pyplot as plt
from salesopt.plots.theme import use_theme
use_theme()
plt.plot([1, 2]); plt.title("Two points");"""


def write_notebook(
    folder: Path, name: str, cells: list[str], *, parameters: str = PARAMETERS, needs=("sales",)
) -> Path:
    """A notebook of the house's shape from the sources of its code cells."""
    word = name.split("_", 1)[1]
    notebook = nbformat.v4.new_notebook()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "salesopt": {"title": word.capitalize(), "needs": list(needs), "uses": []},
    }
    question = nbformat.v4.new_markdown_cell(f"# {word.capitalize()}\n\nWhat of {word}?")
    declared = nbformat.v4.new_code_cell(parameters)
    declared.metadata["tags"] = ["parameters"]
    sources = [f'WORD = "{word}"', *cells]
    notebook.cells = [question, declared, *map(nbformat.v4.new_code_cell, sources)]
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place}"
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def write_firm(place: Path) -> Path:
    """A study with one table; its title and a product try to be markup."""
    folder = place / "firm"
    folder.mkdir()
    (folder / "study.toml").write_text(
        '[study]\ntitle = "Tea <script>alert(1)</script> & Co"\ncurrency = "EUR"\n[tables]\nsales = "sales.csv"\n'
    )
    rows = [f"<b>tea</b>,north,2026-{month:02d},{10 * month},2.5" for month in range(1, 10)]
    (folder / "sales.csv").write_text("product,market,period,units,price\n" + "\n".join(rows) + "\n")
    return folder


def write_notebooks(place: Path) -> Path:
    """Two chapters and a summary that reads what they saved."""
    folder = place / "notebooks"
    folder.mkdir()
    write_notebook(folder, "20_tea", [LOAD, GOOD, FIGURE, "show_table(firm['sales'])", SAVE])
    write_notebook(
        folder,
        "30_coffee",
        [LOAD, GOOD, SAVE],
        parameters=PARAMETERS + "share: float = 0.5  # A fraction [0 to 1]\nnames: list[str] = []  # Names\n",
    )
    collected = "from salesopt.results import collect_findings\nlen(collect_findings(out))"
    write_notebook(folder, "90_summary", [collected], needs=())
    return folder


@pytest.fixture
def firm(tmp_path: Path) -> Path:
    """A small study of its own for a test."""
    return write_firm(tmp_path)


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """Small notebooks of its own for a test."""
    return write_notebooks(tmp_path)
