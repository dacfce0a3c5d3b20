"""The chapters of a report: which notebooks there are, what they need, and the parameters they take.

A notebook says all of it itself: its file name gives order and word, its metadata the tables it needs, its tagged
cell the parameters. There is no registry beside the folder listing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from salesopt.errors import ParameterError, close_match
from salesopt.report.parameters import Parameter, read_parameters, value_faults

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
OWN = ("study", "quarter", "out")  # parameters that the run sets, never the user


@dataclass(frozen=True)
class Chapter:
    """A notebook as a chapter.

    number     : "20", its place; the first digit is the part of the report
    word       : "elasticity", the analysis
    title      : heading on the page
    needs      : tables without which it is left out; "a or b" asks for one of the two
    uses       : tables it uses where the study has them
    after      : whether it reads what the other chapters saved, and so runs after them
    saves      : titles, by word, of further results that it saves beside its own
    follows    : parameters ("effort.common") of other chapters that it shares: what is chosen there holds here too
    parameters : what its tagged cell declares, by name
    """

    number: str
    word: str
    title: str
    path: Path
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    after: bool
    saves: Mapping[str, str]
    follows: tuple[str, ...]
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
    if unknown := sorted(wanted - set(known)):
        said = ", ".join(f"{word!r}{close_match(word, known)}" for word in unknown)
        raise ParameterError(f"no chapter is called {said}; there are {', '.join(known)}")
    return [chapter for chapter in chapters if not wanted or chapter.word in wanted | {SUMMARY}]


def split_by_tables(chapters: list[Chapter], tables: Iterable[str]) -> tuple[list[Chapter], dict[str, str]]:
    """Chapters whose tables the study has, and for each other chapter's word the reason why it is left out."""
    present = set(tables)
    absent = {
        chapter.word: [need for need in chapter.needs if not present & set(need.split(" or "))] for chapter in chapters
    }
    reasons = {
        word: f"the study has no table {' and no table '.join(names)}" for word, names in absent.items() if names
    }
    return [chapter for chapter in chapters if chapter.word not in reasons], reasons


def value_problems(chapters: list[Chapter], values: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """place, found, expected of every unknown chapter, unknown parameter, and value of a wrong type or out of range.

    A parameter that the run sets itself (`OWN`) is one of them.
    """
    by_word = {chapter.word: chapter for chapter in chapters}
    faults = []
    for word, given in values.items():
        if word not in by_word:
            hint = close_match(word, by_word) or f"; there are {', '.join(by_word)}"
            faults.append((word, repr(word), f"the name of a chapter{hint}"))
            continue
        own = [name for name in given if name in OWN]
        faults += [
            (f"{word}.{name}", repr(given[name]), "no value: the run sets it itself, by the command's own options")
            for name in own
        ]
        faults += value_faults(
            word, by_word[word].parameters, {name: value for name, value in given.items() if name not in own}
        )
    return faults


def check_values(chapters: list[Chapter], values: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise one ParameterError that lists everything `value_problems` finds, a line each."""
    faults = value_problems(chapters, values)
    if faults:
        raise ParameterError(
            "\n".join(f"{place}: found {found}, expected {expected}" for place, found, expected in faults)
        )


def shared_values(chapters: list[Chapter], values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """`values`, with what was chosen for a chapter carried to those that follow it and have no value of their own.

    So that two chapters that measure the same thing measure it in the same way.
    """
    found = {word: dict(given) for word, given in values.items()}
    for chapter in chapters:
        for place in chapter.follows:
            word, _, name = place.partition(".")
            if name in values.get(word, {}):
                found.setdefault(chapter.word, {}).setdefault(name, values[word][name])
    return found


def _chapter(path: Path) -> Chapter:
    notebook = nbformat.read(path, as_version=4)
    about = notebook.metadata.get("salesopt", {})
    if "title" not in about:
        raise ParameterError(f"{path.name}: metadata.salesopt has no title")
    number, word = path.stem.split("_", 1)
    parameters = read_parameters(notebook, path.name)
    needs, uses = tuple(about.get("needs", ())), tuple(about.get("uses", ()))
    follows = tuple(about.get("follows", ()))
    if strange := [name for name in follows if name.partition(".")[2] not in parameters]:
        raise ParameterError(f"{path.name}: it follows {', '.join(strange)} but has no parameter of that name")
    after = bool(about.get("after", False))
    saves = dict(about.get("saves", {}))
    return Chapter(number, word, about["title"], path, needs, uses, after, saves, follows, parameters)
