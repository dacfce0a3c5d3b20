"""What all results share: a conclusion in words, findings with what they are worth, and a place on disk.

An analysis returns a frozen dataclass of tables and scalars; this module writes it as one `results.json`
plus one Parquet file per table, and reads it back. It knows no analysis by name.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesopt.errors import DataError, ParameterError


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing a reader may act on.

    what      : what was found, a short noun phrase ("Move 6 representatives to dairy")
    value     : its size, in `unit`; nan where it has no size
    low, high : interval of `value`, nan where it has none (then `caution` says why)
    unit      : `summary.money_unit` ("USD a year") for money, so that findings can be ranked; else the unit's name
    action    : what to do, an imperative sentence
    caution   : when not to trust it, a plain sentence, "" where there is nothing to say
    chapter   : the analysis's word ("pricing")
    blocks    : whether other findings wait until this one is settled, so that a summary says it first
    """

    what: str
    value: float
    low: float
    high: float
    unit: str
    action: str
    caution: str
    chapter: str
    blocks: bool = False


def count_finding(what: str, count: int, unit: str, action: str, caution: str, chapter: str) -> Finding:
    """A finding that is a count of `unit`, such as "people": it has no interval."""
    return Finding(what, float(count), math.nan, math.nan, unit, action, caution, chapter)


SIZES = ("value", "low", "high")


@dataclasses.dataclass(frozen=True)
class Basis:
    """A total that a chapter's amounts are counted on, so that a reader sees why those of two chapters differ.

    what   : what was added up ("Sales at list prices")
    table  : the table, or tables, that it comes from
    period : the time that it covers ("12 months from 2025-10"; "a year, at today's prices")
    value  : the total, in `unit` (the study's currency where it is money)
    """

    what: str
    table: str
    period: str
    value: float
    unit: str


@dataclasses.dataclass(frozen=True)
class Conclusion:
    """What a result says, in words that carry its numbers.

    answer   : one or two sentences that open the chapter, with numbers, units and intervals
    doubts   : plain sentences about when not to trust the answer
    findings : what the summary ranks
    metrics  : named numbers that other chapters may lean on ("elasticity.median": -1.8)
    bases    : the totals that the amounts are counted on
    """

    answer: str
    doubts: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    bases: tuple[Basis, ...] = ()


def note_left_out(conclusion: Conclusion, reasons: Mapping[str, str]) -> Conclusion:
    """The conclusion with a doubt for each part left out: `reasons` maps "The calls are" to why, "" where it is not."""
    said = tuple(f"{what} left out: {why.rstrip('.')}." for what, why in reasons.items() if why)
    return dataclasses.replace(conclusion, doubts=(*conclusion.doubts, *said))


@dataclasses.dataclass(frozen=True, eq=False)
class Saved:
    """A result read back from disk: its word, tables by name, scalars by name, and conclusion."""

    word: str
    tables: dict[str, pd.DataFrame]
    scalars: dict[str, Any]
    conclusion: Conclusion


def tables_of(result: Any) -> dict[str, pd.DataFrame]:
    """The tables of a result by field name, in the order of its declaration; fields that are None are left out."""
    fields = [(field.name, getattr(result, field.name)) for field in dataclasses.fields(result)]
    return {name: value for name, value in fields if isinstance(value, pd.DataFrame)}


def scalars_of(result: Any) -> dict[str, Any]:
    """The fields of a result that are numbers, text, or sequences and mappings of these, by name."""
    fields = [(field.name, getattr(result, field.name)) for field in dataclasses.fields(result)]
    return {name: _plain(value) for name, value in fields if not isinstance(value, pd.DataFrame)}


def save_results(
    folder: str | os.PathLike[str],
    word: str,
    result: Any,
    conclusion: Conclusion,
    *,
    also: Mapping[str, pd.DataFrame] | None = None,
) -> Path:
    """Write `result` and its `conclusion` to `<folder>/results/<word>/`, replacing what stood there.

    Writes `results.json` (scalars, answer, doubts, findings, metrics; and per table file, rows, columns and
    sha256) and one Parquet file per table; `also` names further tables of the chapter that the result does not hold.
    Returns the folder written. Raises ParameterError if `word` or the name of a table is not a plain lower-case
    word, or `also` names a table that the result has.
    """
    _refuse_word(word)
    tables, further = tables_of(result), dict(also or {})
    wrong = [name for name in further if name in tables or not re.fullmatch(r"[a-z][a-z_]*", name)]
    if wrong:
        raise ParameterError(
            f"further tables need plain lower-case names of their own, not {', '.join(map(repr, wrong))}"
        )
    place = Path(folder) / "results" / word
    place.mkdir(parents=True, exist_ok=True)
    for old in place.glob("*.parquet"):
        old.unlink()
    described = {}
    for name, table in (tables | further).items():
        path = place / f"{name}.parquet"
        table.to_parquet(path, index=False)
        described[name] = {
            "file": path.name,
            "rows": len(table),
            "columns": [str(column) for column in table.columns],
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
    content = {
        "word": word,
        "tables": described,
        "scalars": scalars_of(result),
        "answer": conclusion.answer,
        "doubts": list(conclusion.doubts),
        "findings": [_plain(dataclasses.asdict(finding)) for finding in conclusion.findings],
        "metrics": _plain(dict(conclusion.metrics)),
        "bases": [_plain(dataclasses.asdict(basis)) for basis in conclusion.bases],
    }
    partial = place / "results.json.partial"
    partial.write_text(json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False), encoding="utf-8")
    os.replace(partial, place / "results.json")
    return place


def load_results(folder: str | os.PathLike[str], word: str) -> Saved:
    """Read what `save_results` wrote; raises DataError if it is absent, not readable, or a table was changed since.

    Raises ParameterError if `word` is not a plain lower-case word.
    """
    _refuse_word(word)
    place = Path(folder) / "results" / word
    if not (place / "results.json").is_file():
        raise DataError(f"{place}: no results of '{word}' here; run its chapter first")
    try:
        content = json.loads((place / "results.json").read_text(encoding="utf-8"))
        tables = {name: _read_table(place, name, described) for name, described in content["tables"].items()}
        findings = tuple(
            Finding(**(finding | {size: _number(finding[size]) for size in SIZES})) for finding in content["findings"]
        )
        metrics = {name: _number(value) for name, value in content["metrics"].items()}
        bases = tuple(Basis(**(basis | {"value": _number(basis["value"])})) for basis in content["bases"])
        conclusion = Conclusion(content["answer"], tuple(content["doubts"]), findings, metrics, bases)
        return Saved(word, tables, content["scalars"], conclusion)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        if isinstance(problem, DataError):
            raise
        raise DataError(
            f"{place / 'results.json'}: this is not what a chapter saved; run its chapter again"
        ) from problem


def _refuse_word(word: str) -> None:
    if not re.fullmatch(r"[a-z][a-z_]*", word):
        raise ParameterError(f"the word of a result must be plain lower-case letters, not {word!r}")


def _read_table(place: Path, name: str, described: Mapping[str, Any]) -> pd.DataFrame:
    path = place / f"{name}.parquet"
    known = bool(re.fullmatch(r"[a-z][a-z_0-9]*", name)) and path.is_file()
    if not known or hashlib.sha256(path.read_bytes()).hexdigest() != described["sha256"]:
        raise DataError(f"{path}: this table is absent or not the one that results.json describes")
    return pd.read_parquet(path)


def _number(value: Any) -> float:
    """A number as JSON holds it: None for nan, text for the infinities."""
    return math.nan if value is None else float(value)


def earlier_results(folder: str | os.PathLike[str], *, quarter: str) -> list[Path]:
    """The `results.json` of the reports of quarters before `quarter` that stand beside `folder`, in their order."""
    paths = sorted(Path(os.path.abspath(folder)).parent.glob("*/results/*/results.json"))
    return [path for path in paths if re.fullmatch(r"\d{4}Q[1-4]", name := path.parents[2].name) and name < quarter]


def read_metrics(folder: str | os.PathLike[str], *, quarter: str) -> dict[str, pd.Series]:
    """What this report and those of earlier quarters measured: metric -> its values in order of the quarters.

    `folder` is that of the report being made for `quarter` ("reports/orchard/2026Q3"): what its chapters have saved so
    far is the last value; its neighbours named by an earlier quarter come before. Raises DataError where one of them
    cannot be read.
    """
    found: dict[str, dict[str, float]] = {}
    for path in earlier_results(folder, quarter=quarter):
        try:
            metrics = dict(json.loads(path.read_text(encoding="utf-8"))["metrics"])
        except (ValueError, KeyError, TypeError) as problem:
            raise DataError(
                f"{path}: this is not what a chapter saved; make the report of {path.parents[2].name} again"
            ) from problem
        for name, value in metrics.items():
            if isinstance(value, (int, float)):
                found.setdefault(name, {})[path.parents[2].name] = float(value)
    for name, now in collect_metrics(folder).items():
        found.setdefault(name, {})[quarter] = now
    return {name: pd.Series(values).sort_index() for name, values in sorted(found.items())}


def saved_words(folder: str | os.PathLike[str]) -> list[str]:
    """The words of the analyses whose results are in `folder`, in alphabetical order."""
    return sorted(path.parent.name for path in Path(folder).glob("results/*/results.json"))


def save_titles(folder: str | os.PathLike[str], titles: Mapping[str, str]) -> None:
    """Write down the titles of a report's chapters, word -> title in its order, beside the results in `folder`."""
    place = Path(folder) / "results"
    place.mkdir(parents=True, exist_ok=True)
    (place / "titles.json").write_text(json.dumps(dict(titles), indent=1, ensure_ascii=False), encoding="utf-8")


def read_titles(folder: str | os.PathLike[str]) -> dict[str, str]:
    """What `save_titles` wrote in `folder`; empty where a notebook runs by itself, outside a report."""
    path = Path(folder) / "results" / "titles.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def save_failed(folder: str | os.PathLike[str], titles: Sequence[str]) -> None:
    """Write down the titles of the chapters that failed, for the summary, beside the results in `folder`."""
    (Path(folder) / "results" / "failed.json").write_text(
        json.dumps(list(titles), ensure_ascii=False), encoding="utf-8"
    )


def read_failed(folder: str | os.PathLike[str]) -> list[str]:
    """What `save_failed` wrote in `folder`; empty where a notebook runs by itself, outside a report."""
    path = Path(folder) / "results" / "failed.json"
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []


def collect_findings(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The findings of every result saved in `folder`, one row each with the fields of `Finding` as columns."""
    findings = [found for word in saved_words(folder) for found in load_results(folder, word).conclusion.findings]
    names = [field.name for field in dataclasses.fields(Finding)]
    return pd.DataFrame([dataclasses.astuple(found) for found in findings], columns=names)


def collect_answers(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """chapter, answer - the opening sentences of every result saved in `folder`, in the order of the report."""
    answers = [(word, load_results(folder, word).conclusion.answer) for word in _in_order(folder)]
    return pd.DataFrame(answers, columns=["chapter", "answer"])


def collect_bases(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """chapter and the fields of `Basis` - the totals that each saved result counts on, in the order of the report."""
    found = [
        (word, *dataclasses.astuple(basis))
        for word in _in_order(folder)
        for basis in load_results(folder, word).conclusion.bases
    ]
    return pd.DataFrame(found, columns=["chapter", *(field.name for field in dataclasses.fields(Basis))])


def _in_order(folder: str | os.PathLike[str]) -> list[str]:
    order = list(read_titles(folder))
    return sorted(saved_words(folder), key=lambda word: order.index(word) if word in order else len(order))


def collect_metrics(folder: str | os.PathLike[str]) -> dict[str, float]:
    """The named numbers of every result saved in `folder` ("elasticity.median": -1.8); unknown ones are left out."""
    metrics: dict[str, float] = {}
    for word in saved_words(folder):
        known = load_results(folder, word).conclusion.metrics
        metrics |= {name: float(value) for name, value in known.items() if not math.isnan(value)}
    return metrics


def _plain(value: Any) -> Any:
    """`value` in the types JSON knows: numpy scalars cast, nan and infinities as None or text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return [_plain(item) for item in sorted(value, key=str)]
    if isinstance(value, (list, tuple, np.ndarray, pd.Series, pd.Index)):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return None if math.isnan(number) else number if math.isfinite(number) else str(number)
    return None if value is None or value is pd.NaT or value is pd.NA else str(value)
