"""`study.toml`: what a study says about itself, read and checked in one place."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from salesopt.errors import DataError, ParameterError, Problem, close_match
from salesopt.study.periods import parse_quarter
from salesopt.study.tables import TABLES

FILE = "study.toml"
SECTIONS = ("study", "tables", "format", "parameters", "build")
STUDY_KEYS = {"title": str, "currency": str, "fiscal_start": int, "quarter": str, "source": str, "note": str}
FORMAT_KEYS = {
    "encoding": None,
    "separator": (",", ";", "\t", "|"),
    "decimal": (".", ","),
    "dates": ("day first", "month first"),
    "header": None,
}
BUILD_KEYS = {"source": str}


@dataclass(frozen=True)
class Settings:
    """What `study.toml` says.

    folder       : the study's folder
    title        : name of the firm or study
    currency     : code of the one currency of all money, "" where none is named
    fiscal_start : month in which the fiscal year begins, 1 to 12
    quarter      : quarter to report on where the caller names none, "" for the last complete one
    tables       : table name -> file inside the folder, "book.xlsx#sheet" for a part of a file
    formats      : table name -> encoding, separator, decimal, dates, where they are not to be detected; header,
                   the row of the column names
    parameters   : chapter word -> parameter -> value
    source       : package the tables are built from, "" where they are files
    """

    folder: Path
    title: str
    currency: str = ""
    fiscal_start: int = 1
    quarter: str = ""
    tables: Mapping[str, str] = field(default_factory=dict)
    formats: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: str = ""


def read_settings(folder: str | os.PathLike[str]) -> Settings:
    """Read and check `study.toml` in `folder`; raises DataError that lists everything wrong in it."""
    settings, problems = look_at_settings(folder)
    if problems:
        raise DataError(problems)
    return settings


def look_at_settings(folder: str | os.PathLike[str]) -> tuple[Settings, list[Problem]]:
    """What `study.toml` says, without the parts that are wrong, and what is wrong with those.

    Raises DataError where the folder or the file is absent, or the file is not TOML.
    """
    place = Path(folder)
    if not place.is_dir():
        raise DataError(f"{folder}: no such study folder")
    path = place / FILE
    if not path.is_file():
        raise DataError(f"{folder}: no {FILE} here, so it is no study; salesopt new makes one")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: this file is not UTF-8; save it as UTF-8") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets in brackets in brackets
        raise DataError(f"{path}: not valid TOML: {error}") from error
    problems = _problems(place, content)
    wrong = {problem.column for problem in problems}
    section = {name: content.get(name, {}) if isinstance(content.get(name, {}), dict) else {} for name in SECTIONS}
    study = {key: value for key, value in section["study"].items() if f"study.{key}" not in wrong}
    tables = {key: value for key, value in section["tables"].items() if f"tables.{key}" not in wrong}
    settings = Settings(
        folder=place,
        title=study.get("title", ""),
        currency=study.get("currency", ""),
        fiscal_start=study.get("fiscal_start", 1),
        quarter=study.get("quarter", "").strip().upper(),
        tables={name: file for name, file in tables.items() if name in TABLES},
        formats={name: _settled(one, name, wrong) for name, one in section["format"].items()},
        parameters={word: one for word, one in section["parameters"].items() if isinstance(one, dict)},
        source=section["build"].get("source", "") if "build.source" not in wrong else "",
    )
    return settings, problems


def _settled(form: Any, name: str, wrong: set[str]) -> dict[str, str]:
    """The settings of [format.<name>] that are right."""
    if not isinstance(form, dict):
        return {}
    return {
        key: str(value) for key, value in form.items() if key in FORMAT_KEYS and f"format.{name}.{key}" not in wrong
    }


def split_file(file: str) -> tuple[str, str]:
    """("book.xlsx", "sales") of "book.xlsx#sales"; the part is "" where none is named."""
    path, _, part = file.partition("#")
    return path, part


def inside(folder: Path, file: str) -> Path:
    """The path of `file` in `folder`; raises DataError where it leads out of the folder, by whatever way."""
    posix, windows = PurePosixPath(file), PureWindowsPath(file)
    if posix.is_absolute() or windows.is_absolute() or windows.drive or ".." in windows.parts:
        raise DataError([_problem("tables", file, "a relative path to a file inside the study folder")])
    if "\0" in file:
        raise DataError([_problem("tables", file, "the name of a file, without a zero byte")])
    path = folder / file
    if not path.resolve().is_relative_to(folder.resolve()):
        raise DataError([_problem("tables", file, "a file inside the study folder, not a link that leads out of it")])
    return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than the file system allows
        return False


def _problem(where: str, value: Any, expected: str) -> Problem:
    return Problem(FILE, where, None, repr(value), expected, FILE)


def _unknown(where: str, keys: Iterable[str], known: Iterable[str]) -> list[Problem]:
    known = list(known)
    return [
        _problem(where, key, "one of " + ", ".join(known) + close_match(key, known)) for key in keys if key not in known
    ]


def _problems(folder: Path, content: dict[str, Any]) -> list[Problem]:
    problems = _unknown("", content, SECTIONS)
    wrong = [name for name in SECTIONS if not isinstance(content.get(name, {}), dict)]
    if wrong:
        return problems + [_problem(name, content[name], f"a section [{name}]") for name in wrong]
    problems += _study_problems(content.get("study", {}))
    problems += _table_problems(folder, content.get("tables", {}), "source" in content.get("build", {}))
    problems += _format_problems(content.get("format", {}), content.get("tables", {}))
    problems += _typed_problems("build", content.get("build", {}), BUILD_KEYS)
    for word, section in content.get("parameters", {}).items():
        if not isinstance(section, dict):
            problems.append(_problem(f"parameters.{word}", section, f"a section [parameters.{word}]"))
    return problems


def _typed_problems(where: str, section: dict[str, Any], keys: Mapping[str, type]) -> list[Problem]:
    problems = _unknown(where, section, keys)
    for key, kind in keys.items():
        if key in section and (not isinstance(section[key], kind) or isinstance(section[key], bool)):
            problems.append(
                _problem(f"{where}.{key}", section[key], "a whole number" if kind is int else "text in quotes")
            )
    return problems


def _study_problems(study: dict[str, Any]) -> list[Problem]:
    problems = _typed_problems("study", study, STUDY_KEYS)
    right = {key: value for key, value in study.items() if f"study.{key}" not in {one.column for one in problems}}
    if not str(study.get("title", "")).strip():
        problems.append(_problem("study.title", study.get("title", ""), "the name of the firm or study"))
    if not 1 <= right.get("fiscal_start", 1) <= 12:
        problems.append(_problem("study.fiscal_start", study["fiscal_start"], "a month from 1 to 12"))
    if right.get("quarter"):
        try:
            parse_quarter(study["quarter"])
        except ParameterError as error:
            problems.append(_problem("study.quarter", study["quarter"], str(error)))
    return problems


def _table_problems(folder: Path, tables: dict[str, Any], built: bool) -> list[Problem]:
    problems = _unknown("tables", tables, TABLES)
    if not tables and not built:
        problems.append(_problem("tables", "", 'at least one table, such as sales = "sales.csv"'))
    for name, file in ((name, file) for name, file in tables.items() if name in TABLES):
        if not isinstance(file, str) or not file.strip():
            problems.append(_problem(f"tables.{name}", file, "the name of a file, in quotes"))
            continue
        if "://" in file:
            expected = "a file in the study folder; export a database's table to Parquet, CSV or DuckDB first"
            problems.append(_problem(f"tables.{name}", file, expected))
            continue
        try:
            if not _is_file(inside(folder, split_file(file)[0])):
                near = close_match(split_file(file)[0], (path.name for path in folder.iterdir() if path.is_file()))
                problems.append(_problem(f"tables.{name}", file, f"a file that is there{near}"))
        except DataError as error:
            problems += [replace(one, column=f"tables.{name}") for one in error.problems]
    return problems


def _format_problems(formats: dict[str, Any], tables: dict[str, Any]) -> list[Problem]:
    problems = _unknown("format", formats, tables)
    for name, section in formats.items():
        if not isinstance(section, dict):
            problems.append(_problem(f"format.{name}", section, f"a section [format.{name}]"))
            continue
        problems += _unknown(f"format.{name}", section, FORMAT_KEYS)
        for key, choices in FORMAT_KEYS.items():
            if key == "header":
                given = section.get(key, 1)
                if not isinstance(given, int) or isinstance(given, bool) or given < 1:
                    expected = "the number of the row that holds the names of the columns, such as 4"
                    problems.append(_problem(f"format.{name}.{key}", given, expected))
            elif key in section and (not isinstance(section[key], str) or (choices and section[key] not in choices)):
                expected = "one of " + ", ".join(map(repr, choices)) if choices else "the name of an encoding"
                problems.append(_problem(f"format.{name}.{key}", section[key], expected))
    return problems
