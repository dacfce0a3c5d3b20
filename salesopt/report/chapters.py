"""The chapters of a report: which notebooks there are, what they need, and the parameters they take.

A notebook says all of it itself: its file name gives order and word, its metadata the tables it needs, its tagged
cell the parameters. There is no registry beside the folder listing.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from salesopt.errors import ParameterError, close_match

PARTS = {
    "1": "Where do we stand?",
    "2": "Price",
    "3": "Channels",
    "4": "Team",
    "5": "Process and customers",
    "6": "Watch and look ahead",
    "9": "Summary",
}
SUMMARY = "summary"
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a notebook: its name, type ("float"), default and the comment that explains it."""

    name: str
    type: str
    default: Any
    meaning: str


@dataclass(frozen=True)
class Chapter:
    """A notebook as a chapter.

    number     : "20", its place; the first digit is the part of the report
    word       : "elasticity", the analysis
    title      : heading on the page
    needs      : tables without which it is left out
    uses       : tables it uses where the study has them
    after      : whether it reads what the other chapters saved, and so runs after them
    parameters : what its tagged cell declares, by name
    """

    number: str
    word: str
    title: str
    path: Path
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    after: bool
    parameters: Mapping[str, Parameter]

    @property
    def part(self) -> str:
        """Name of the part of the report that it belongs to."""
        return PARTS.get(self.number[0], "More")


def default_notebooks() -> Path:
    """The notebooks folder beside the package."""
    return Path(__file__).resolve().parents[2] / "notebooks"


def find_chapters(notebooks: Path) -> list[Chapter]:
    """Every chapter of the folder in order; raises ParameterError for a notebook without tag or metadata."""
    paths = sorted(path for path in notebooks.glob("*.ipynb") if re.fullmatch(r"\d\d_[a-z_]+", path.stem))
    if not paths:
        raise ParameterError(f"{notebooks}: no notebooks named like 20_elasticity.ipynb here")
    return [_chapter(path) for path in paths]


def choose_chapters(chapters: list[Chapter], only: Iterable[str]) -> list[Chapter]:
    """The chapters whose words are in `only` (all where it is empty), the summary always included."""
    wanted, known = set(only), [chapter.word for chapter in chapters]
    for word in sorted(wanted - set(known)):
        raise ParameterError(f"no chapter is called {word!r}{close_match(word, known)}; there are {', '.join(known)}")
    return [chapter for chapter in chapters if not wanted or chapter.word in wanted | {SUMMARY}]


def split_by_tables(chapters: list[Chapter], tables: Iterable[str]) -> tuple[list[Chapter], dict[str, str]]:
    """Chapters whose tables the study has, and for each other chapter's word the reason why it is left out."""
    present = set(tables)
    absent = {chapter.word: [name for name in chapter.needs if name not in present] for chapter in chapters}
    reasons = {
        word: f"the study has no table {' and no table '.join(names)}" for word, names in absent.items() if names
    }
    return [chapter for chapter in chapters if chapter.word not in reasons], reasons


def check_values(chapters: list[Chapter], values: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise one ParameterError that lists every unknown chapter, unknown parameter and value of a wrong type."""
    by_word = {chapter.word: chapter for chapter in chapters}
    faults = []
    for word, given in values.items():
        if word not in by_word:
            faults.append(f"[parameters.{word}]: no chapter is called {word!r}{close_match(word, by_word)}")
            continue
        declared = by_word[word].parameters
        for name, value in given.items():
            if name not in declared:
                faults.append(f"{word}: no parameter is called {name!r}{close_match(name, declared)}")
            elif not _fits(value, declared[name].type):
                faults.append(f"{word}.{name}: expected {declared[name].type}, found {value!r}")
    if faults:
        raise ParameterError("\n".join(faults))


def read_parameters(notebook: nbformat.NotebookNode, name: str) -> dict[str, Parameter]:
    """The parameters that the cell tagged "parameters" declares as `name: type = default  # meaning`.

    Read with `ast`, never executed. Raises ParameterError where the cell is absent or holds anything else.
    """
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ParameterError(f"{name}: expected one cell tagged 'parameters', found {len(cells)}")
    comments = _comments(cells[0].source)
    found = {}
    for line in ast.parse(cells[0].source).body:
        if not (isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value is not None):
            raise ParameterError(f"{name}: line {line.lineno} of the parameters is not `name: type = default`")
        kind = ast.unparse(line.annotation).split("[")[0]
        default = ast.literal_eval(line.value)
        if kind not in TYPES or not _fits(default, kind):
            raise ParameterError(f"{name}: parameter {line.target.id!r} has type {kind!r} and default {default!r}")
        meaning = comments.get(line.end_lineno or line.lineno, "")
        found[line.target.id] = Parameter(line.target.id, kind, default, meaning)
    return found


def _chapter(path: Path) -> Chapter:
    notebook = nbformat.read(path, as_version=4)
    about = notebook.metadata.get("salesopt", {})
    if "title" not in about:
        raise ParameterError(f"{path.name}: metadata.salesopt has no title")
    number, word = path.stem.split("_", 1)
    parameters = read_parameters(notebook, path.name)
    needs, uses = tuple(about.get("needs", ())), tuple(about.get("uses", ()))
    return Chapter(number, word, about["title"], path, needs, uses, bool(about.get("after", False)), parameters)


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _fits(value: Any, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "bool" or not isinstance(value, bool))
