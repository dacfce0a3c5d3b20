"""Published cases: run them through the analyses and put the published number beside the computed one.

A case is a study folder with an `answers.toml`:

    [case]           title, source, note
    [[run]]          name, call (a function of FUNCTIONS)
    [run.tables]     argument = table of the study
    [run.results]    argument = "<earlier run>.<field>", a result or a field of it
    [run.arguments]  keyword arguments
    [[run.answer]]   what, value, tolerance; `table`, `where`, `column` for a cell, or `field` for a scalar; `origin`
                     where the number is not printed in the source, but follows from it or was computed by others
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from salesopt.display import Page, plural, show_table
from salesopt.errors import DataError, SalesoptError, close_match
from salesopt.study.load import Study, load_study

FILE = "answers.toml"
COLUMNS = ("case", "what", "published", "computed", "tolerance", "agrees", "note", "origin", "call")
PRINTED = "printed in the source"
KEYS = {
    "case": {"title", "source", "note"},
    "run": {"name", "call", "tables", "results", "arguments", "answer"},
    "answer": {"what", "table", "where", "column", "field", "value", "tolerance", "origin"},
}
# The only functions a case can call: name -> module. Nothing in a case file is ever evaluated.
FUNCTIONS = {
    "tally_swot": "swot",
    "tally_pest": "pest",
    "priorities": "comparisons",
    "match_strategies": "tows",
    "rank_strategies": "tows",
    "estimate_elasticity": "elasticity",
    "estimate_cross_elasticity": "cross",
    "optimise_prices": "pricing",
    "breakeven_change": "pricing",
    "optimise_channel_mix": "channels",
    "size_team": "team",
    "plan_headcount": "headcount",
    "assign_accounts": "territories",
    "compare_rosters": "rosters",
    "fit_from_skills": "territories",
    "workload_size": "workload",
    "plan_calls": "workload",
    "compare_structures": "structure",
    "match_skills": "skills",
    "form_teams": "skills",
}


def list_cases(folder: str | os.PathLike[str] = "data/cases") -> list[Path]:
    """The folders of published cases below `folder`, in alphabetical order; DataError where there is no such folder."""
    if not Path(folder).is_dir():
        raise DataError(f"{folder}: no such folder of cases")
    return sorted(path.parent for path in Path(folder).glob(f"*/{FILE}"))


def run_case(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """Run every analysis of the case in `folder` and compare its answers with the published ones.

    Returns case (name of the folder), what, published, computed (nan where the analysis failed), tolerance (the
    largest absolute difference allowed), agrees, note (why nothing was computed), origin (where the known number comes
    from), call (of Python, that computes it): one row per known number.
    Raises DataError where the folder is no case or `answers.toml` is wrong.
    """
    place = Path(folder)
    answers = read_answers(place)
    study = load_study(place)
    results: dict[str, Any] = {}
    rows = []
    for run in answers["run"]:
        note = ""
        try:
            results[run["name"]] = _call(study, run, results)
        except Exception as error:  # whatever an analysis raises is a published number that was not reproduced
            note = str(error) if isinstance(error, SalesoptError) else f"{type(error).__name__}: {error}"
        for answer in run["answer"]:
            computed, why = _computed(results.get(run["name"]), answer, note)
            agrees = abs(computed - answer["value"]) <= answer["tolerance"]
            known, tolerance = float(answer["value"]), float(answer["tolerance"])
            origin, call = answer.get("origin", PRINTED), call_in_words(run)
            rows.append((place.name, answer["what"], known, computed, tolerance, agrees, why, origin, call))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def is_case(folder: str | os.PathLike[str]) -> bool:
    """Whether the study in `folder` is a published case with known answers."""
    return Path(folder, FILE).is_file()


def known_answers(folder: str | os.PathLike[str]) -> dict[str, str]:
    """The known answers of the case in `folder` for its report: source, note, said (a sentence), tables (HTML)."""
    about, found = read_answers(Path(folder))["case"], run_case(folder)
    missed = int((~found["agrees"].astype(bool)).sum())
    said = f"{plural(len(found), 'answer')} known beforehand, computed again by the calls below: "
    said += f"{missed} of them differ by more than the tolerance." if missed else "all agree within their tolerance."
    tables = [_shown(call, part).body for call, part in found.groupby("call", sort=False)]
    return {"source": about["source"], "note": about.get("note", ""), "said": said, "tables": "\n".join(tables)}


def _shown(call: object, found: pd.DataFrame) -> Page:
    """The known answers that one `call` gives, as a table; where a number is known from only where some differ."""
    return show_table(
        found.assign(agrees=found["agrees"].map({True: "agrees", False: "differs"})),
        {"published": "exact", "computed": "exact", "tolerance": "exact"},
        columns={
            "what": "What",
            "published": "Known",
            "computed": "Computed",
            "agrees": "Verdict",
            "tolerance": "Tolerance",
            **({"note": "Why nothing was computed"} if found["note"].any() else {}),
            **({"origin": "Where it is known from"} if found["origin"].ne(PRINTED).any() else {}),
        },
        caption=str(call),
        most=len(found),
    )


def read_answers(folder: Path) -> dict[str, Any]:
    """What `answers.toml` of the case in `folder` says; DataError where it is absent or wrong, naming every fault."""
    path = folder / FILE
    if not path.is_file():
        raise DataError(f"{folder}: no {FILE} here, so it is no published case")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: not valid TOML: {error}") from error
    faults = _faults(content)
    if faults:
        raise DataError("\n".join(f"{path}: {fault}" for fault in faults))
    return content


def function_of(name: str) -> Callable[..., Any]:
    """The analysis that a case calls by `name`; DataError where a case may not call it."""
    if name not in FUNCTIONS:
        raise DataError(f"a case cannot call {name!r}{close_match(name, FUNCTIONS)}")
    found: Callable[..., Any] = getattr(import_module(f"salesopt.{FUNCTIONS[name]}"), name)
    return found


def call_in_words(run: Mapping[str, Any]) -> str:
    """The call of a run as Python has it: size_team(effort=effort_response, cost_per_rep=0.057)."""
    given = [f"{argument}={source}" for part in ("tables", "results") for argument, source in run.get(part, {}).items()]
    given += [f"{argument}={value!r}" for argument, value in run.get("arguments", {}).items()]
    return f"{run['call']}({', '.join(given)})"


def _faults(content: dict[str, Any]) -> list[str]:
    faults = [f"unknown section [{key}]{close_match(key, ('case', 'run'))}" for key in content if key not in KEYS]
    case, runs = content.get("case", {}), content.get("run", [])
    faults += _unknown("[case]", case, "case")
    faults += [f"[case] has no {key}" for key in ("title", "source") if not case.get(key)]
    if not runs:
        faults.append("no [[run]]")
    names: set[str] = set()
    for run in runs:
        where = f"run {run.get('name', '?')!r}"
        faults += _unknown(where, run, "run") + [f"{where} has no {key}" for key in ("name", "call") if key not in run]
        if run.get("name") in names:
            faults.append(f"{where} is there twice")
        names.add(run.get("name"))
        if run.get("call") not in FUNCTIONS:
            faults.append(f"{where} cannot call {run.get('call')!r}{close_match(run.get('call', ''), FUNCTIONS)}")
        if not run.get("answer"):
            faults.append(f"{where} has no [[run.answer]]")
        for answer in run.get("answer", []):
            faults += _answer_faults(f"{where}, answer {answer.get('what', '?')!r}", answer)
    return faults


def _answer_faults(where: str, answer: dict[str, Any]) -> list[str]:
    faults = _unknown(where, answer, "answer")
    faults += [f"{where} has no {key}" for key in ("what", "value", "tolerance") if key not in answer]
    faults += [
        f"{where}: {key} is {answer[key]!r}, not a number"
        for key in ("value", "tolerance")
        if key in answer and (not isinstance(answer[key], (int, float)))
    ]
    if not faults and not answer["tolerance"] >= 0:
        faults.append(f"{where}: a tolerance is at least 0")
    if ("column" in answer) == ("field" in answer):
        faults.append(f"{where}: names either a column (of a table) or a field")
    return faults


def _unknown(where: str, section: Mapping[str, Any], kind: str) -> list[str]:
    return [f"{where}: unknown {key!r}{close_match(key, KEYS[kind])}" for key in section if key not in KEYS[kind]]


def _call(study: Study, run: dict[str, Any], results: Mapping[str, Any]) -> Any:
    arguments = {argument: study[table] for argument, table in run.get("tables", {}).items()}
    for argument, source in run.get("results", {}).items():
        name, _, field = source.partition(".")
        if name not in results:
            raise DataError(f"no result of an earlier run {name!r}")
        arguments[argument] = _field(results[name], field) if field else results[name]
    return function_of(run["call"])(**arguments, **run.get("arguments", {}))


def _computed(result: Any, answer: dict[str, Any], note: str) -> tuple[float, str]:
    """The number that `answer` points at in `result`, and why there is none."""
    if note:
        return float("nan"), note
    try:
        if "field" in answer:
            return float(_field(result, answer["field"])), ""
        table = _field(result, answer["table"]) if "table" in answer else result
        return _cell(table, answer.get("where", {}), answer["column"]), ""
    except (DataError, TypeError, ValueError) as error:
        return float("nan"), str(error)


def _field(result: Any, path: str) -> Any:
    """`result.path`; each part of a dotted path is a field, or a key of a mapping."""
    for name in path.split("."):
        known = result if isinstance(result, Mapping) else getattr(result, "__dataclass_fields__", {})
        if name not in known:
            raise DataError(f"the result has no field {name!r}{close_match(name, known)}")
        result = result[name] if isinstance(result, Mapping) else getattr(result, name)
    return result


def _cell(table: Any, where: Mapping[str, Any], column: str) -> float:
    if not isinstance(table, pd.DataFrame):
        raise DataError("this field is no table")
    for name in (*where, column):
        if name not in table.columns:
            raise DataError(f"the table has no column {name!r}{close_match(name, map(str, table.columns))}")
    fits = pd.Series(True, index=table.index)
    for name, value in where.items():
        wanted = pd.Timestamp(value) if pd.api.types.is_datetime64_any_dtype(table[name]) else value
        fits &= table[name] == wanted
    if fits.sum() != 1:
        raise DataError(f"{int(fits.sum())} rows where {dict(where)}, not one")
    return float(table.loc[fits, column].item())
