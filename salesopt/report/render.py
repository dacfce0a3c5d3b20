"""From a study to a report: check, choose, run, summarise, write; moved into place only when whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

import salesopt
from salesopt.display import integer, money
from salesopt.errors import ParameterError
from salesopt.report import cases, ledger
from salesopt.report.chapters import (
    SUMMARY,
    Chapter,
    check_values,
    choose_chapters,
    default_notebooks,
    find_chapters,
    shared_values,
    split_by_tables,
)
from salesopt.report.page import build_page, chapter_page
from salesopt.report.pdf import write_pdf
from salesopt.report.run import ChapterRun, Job, Runner
from salesopt.report.workbook import write_workbook
from salesopt.results import earlier_results, load_results, save_failed, save_titles, saved_words
from salesopt.study.load import Study, load_study
from salesopt.study.settings import FILE, split_file

FAILED = "_failed"  # what the folder of a run with a failed chapter ends in, where a good report stands already


@dataclass(frozen=True)
class Report:
    """What `render_report` made.

    folder   : where it is: index.html, report.pdf, tables.xlsx, notebooks/, results/, run.json; beside its usual place
               under the name <quarter>_failed where a chapter failed and a good report stands there
    runs     : how each chapter ended
    left_out : chapter's word -> why the study does not allow it
    notes    : plain sentences, such as why there is no PDF
    fresh    : False where the folder held an up-to-date report and nothing was run
    """

    folder: Path
    runs: list[ChapterRun] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    fresh: bool = True

    @property
    def failed(self) -> list[ChapterRun]:
        """The chapters that could not be made."""
        return [run for run in self.runs if run.error]


@dataclass(frozen=True)
class Plan:
    """Everything that is settled before the first chapter runs.

    inputs, earlier : sha256 of the files read, by path: of the study, and of reports of earlier quarters beside it
    fingerprint     : one hash over all that the report depends on
    """

    study: Study
    folder: Path
    target: Path
    notebooks: Path
    chapters: list[Chapter]
    left_out: dict[str, str]
    values: Mapping[str, Mapping[str, Any]]
    inputs: Mapping[str, str]
    earlier: Mapping[str, str]
    fingerprint: str


def plan_report(
    folder: Path,
    *,
    quarter: str = "",
    only: Iterable[str] = (),
    out: Path = Path("reports"),
    values: Mapping[str, Mapping[str, Any]] | None = None,
    notebooks: Path | None = None,
) -> Plan:
    """Check the study and every parameter, and say which chapters will run; nothing is written.

    `values` ({chapter: {parameter: value}}) take precedence over the study's own. Raises DataError for a study that
    fails its checks, ParameterError for an unknown chapter, parameter or quarter, or a value of the wrong type.
    """
    notebooks = (notebooks or default_notebooks()).resolve()
    every = find_chapters(notebooks)
    chosen = choose_chapters(every, only)
    study = load_study(folder, quarter=quarter)
    merged = _merge(study.parameters, values or {})
    check_values(every, merged)
    merged = shared_values(every, merged)
    chapters, left_out = split_by_tables(chosen, study.tables)
    known = cases.is_case(folder) and bool(cases.read_answers(folder))  # its faults are said before anything runs
    if not [chapter for chapter in chapters if chapter.word != SUMMARY]:
        chapters = []
    if not (chapters or known):
        reasons = "; ".join(f"{word}: {reason}" for word, reason in left_out.items())
        raise ParameterError(f"no chapter can be made from this study ({reasons})")
    name = "_".join([study.quarter or "undated", *sorted(set(only) - {SUMMARY})])
    target = out.resolve() / folder.resolve().name / name
    inputs, earlier = _inputs(study), _earlier(target, study.quarter)
    fingerprint = _fingerprint({**inputs, **earlier}, notebooks, merged)
    return Plan(study, folder, target, notebooks, chapters, left_out, merged, inputs, earlier, fingerprint)


def render_report(
    plan: Plan, *, processes: int = 2, force: bool = False, progress: Callable[[str, int], None] | None = None
) -> Report:
    """Run the chapters of `plan` and write the report; an up-to-date one is left as it is unless `force`.

    The report is built beside its final place and moved there when it is whole: a run that is stopped leaves the old
    report untouched, and so does one with a failed chapter where the old report is good: it goes beside it. Otherwise
    a chapter that fails is shown as failed; the others stand.
    """
    _bring_back(plan.target)
    if not force and _is_current(plan):
        return Report(plan.target, fresh=False)
    stage = plan.target.with_name(f".{plan.target.name}.partial")
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        every = _run(plan, stage, processes, progress)
        plan, runs = _settle(plan, every), [run for run in every if not run.left_out]
        beside = plan.target.with_name(f"{plan.target.name}{FAILED}")
        kept = any(run.error for run in runs) and _is_good(plan.target)
        target = beside if kept else plan.target
        standing = "a chapter failed, so the earlier good report stays as it was" if kept else ""
        notes = _write(replace(plan, target=target), stage, runs, standing and f"{standing}: ../{plan.target.name}")
        _move(stage, target)
        if kept:
            notes.append(f"{standing}: {plan.target / 'index.html'}")
        else:
            shutil.rmtree(beside, ignore_errors=True)  # an earlier failure is mended, or this one takes its place
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return Report(target, runs, plan.left_out, notes)


def _move(stage: Path, target: Path) -> None:
    """Put the whole report `stage` in the place of what stands at `target`, which is kept where that fails."""
    old = _old(target)
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        os.replace(target, old)
    try:
        os.replace(stage, target)
    except BaseException:
        _bring_back(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _old(target: Path) -> Path:
    """Where the report at `target` is for the moment in which another takes its place."""
    return target.with_name(f".{target.name}.old")


def _bring_back(target: Path) -> None:
    """Put an earlier report back that a run, killed at that very moment, had moved aside."""
    if _old(target).exists() and not target.exists():
        os.replace(_old(target), target)


def _merge(*layers: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    merged: dict[str, dict[str, Any]] = {}
    for layer in layers:
        for word, given in layer.items():
            merged[word] = {**merged.get(word, {}), **given}
    return merged


def _inputs(study: Study) -> dict[str, str]:
    """sha256 of study.toml, of known answers and of every file that a table was read from, by path."""
    files = [FILE, cases.FILE, *(split_file(file)[0] for file in study.sources["file"])]
    return ledger.file_hashes(study.folder, [study.folder / file for file in files])


def _earlier(target: Path, quarter: str) -> dict[str, str]:
    """sha256 of what the reports of earlier quarters saved, which chapters compare with, by path below the study's."""
    return ledger.file_hashes(target.parent, earlier_results(target, quarter=quarter))


def _fingerprint(read: Mapping[str, str], notebooks: Path, values: Mapping[str, Any]) -> str:
    package = Path(salesopt.__file__).parent
    return ledger.fingerprint(
        {
            "read": read,
            "notebooks": ledger.file_hashes(notebooks, notebooks.glob("*.ipynb")),
            "code": ledger.file_hashes(package, package.rglob("*")),
            "values": values,
            "versions": ledger.versions(),
        }
    )


def _is_current(plan: Plan) -> bool:
    return _is_good(plan.target) and _ran(plan.target)["fingerprint"] == plan.fingerprint


def _is_good(target: Path) -> bool:
    """Whether a report stands at `target` of which no chapter failed."""
    run = _ran(target)
    return bool(run) and not any(run["chapters"].values()) and (target / "index.html").is_file()


def _ran(target: Path) -> dict[str, Any]:
    """Fingerprint of the report at `target` and the errors of its chapters by word; empty where no ledger says so."""
    try:
        run = json.loads((target / "run.json").read_text(encoding="utf-8"))
        return {
            "fingerprint": run["fingerprint"],
            "chapters": {chapter["word"]: chapter["error"] for chapter in run["chapters"]},
        }
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def _run(plan: Plan, stage: Path, processes: int, progress: Callable[[str, int], None] | None) -> list[ChapterRun]:
    """Run all chapters: first those that stand alone, then those that read what others saved, the summary last."""
    alone = [chapter for chapter in plan.chapters if not chapter.after and chapter.word != SUMMARY]
    after = [chapter for chapter in plan.chapters if chapter.after and chapter.word != SUMMARY]
    last = [chapter for chapter in plan.chapters if chapter.word == SUMMARY]
    runs: list[ChapterRun] = []
    titles = [{chapter.word: chapter.title, **chapter.saves} for chapter in plan.chapters]
    save_titles(stage, {word: title for some in titles for word, title in some.items()})
    with Runner(plan.notebooks, processes=processes) as runner:
        for group in (alone, after, last):
            jobs = [
                Job(chapter.word, chapter.path, stage / "notebooks" / chapter.path.name, _values(plan, chapter, stage))
                for chapter in group
            ]
            runs += runner.run(jobs[::-1], progress)[::-1]  # the last ones, on the team, take longest: they start first
            failed = {run.word for run in runs if run.error}
            save_failed(stage, [chapter.title for chapter in plan.chapters if chapter.word in failed])
    return runs


def _values(plan: Plan, chapter: Chapter, stage: Path) -> dict[str, Any]:
    """Values for a chapter's parameters; paths relative to the notebooks, as JupyterLab's kernels see them."""
    own = {
        "study": os.path.relpath(plan.folder.resolve(), plan.notebooks),
        "quarter": plan.study.quarter,
        "out": os.path.relpath(stage, plan.notebooks),
    }
    given = {**own, **plan.values.get(chapter.word, {})}
    kinds = {name: known.type for name, known in chapter.parameters.items()}
    return {name: float(value) if kinds[name] == "float" else value for name, value in given.items() if name in kinds}


def _settle(plan: Plan, runs: list[ChapterRun]) -> Plan:
    """`plan` without the chapters that found, once they looked, that the study does not hold what they need."""
    absent = {run.word: run.left_out for run in runs if run.left_out}
    kept = [chapter for chapter in plan.chapters if chapter.word not in absent]
    return replace(plan, chapters=kept, left_out={**plan.left_out, **absent})


def _write(plan: Plan, stage: Path, runs: list[ChapterRun], standing: str = "") -> list[str]:
    """Page, PDF, workbook and ledger from what the chapters left in `stage`; returns notes in plain words.

    standing : that an earlier report stays, which the reader of a failed one has to know
    """
    for path in (stage / "notebooks").glob("*.ipynb"):
        # The folder the chapters wrote to was a passing one; what is kept names the place the report ends up in.
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(stage.name, plan.target.name), encoding="utf-8")
    errors = {run.word: run.error for run in runs}
    facts = _facts(plan)
    pages = [
        chapter_page(
            chapter,
            stage / "notebooks" / chapter.path.name,
            _values(plan, chapter, plan.target),
            errors.get(chapter.word, ""),
        )
        for chapter in plan.chapters
    ]
    (stage / "index.html").write_text(
        build_page(pages, title=plan.study.title, quarter=plan.study.quarter, standing=standing, **facts),
        encoding="utf-8",
    )
    saved = [load_results(stage, word) for word in saved_words(stage)]
    write_workbook(saved, stage / "tables.xlsx", title=plan.study.title, quarter=plan.study.quarter)
    notes = list(filter(None, [write_pdf(stage / "index.html", stage / "report.pdf")]))
    made = _ledger(plan, runs, [*notes, standing] if standing else notes, facts)
    (stage / "run.json").write_text(json.dumps(made, indent=1), encoding="utf-8")
    return notes


def _facts(plan: Plan) -> dict[str, Any]:
    titles = {chapter.word: chapter.title for chapter in find_chapters(plan.notebooks)}
    return {
        "currency": plan.study.currency,
        "end": "" if pd.isna(plan.study.end) else plan.study.end.date().isoformat(),
        "commit": ledger.commit(),
        "version": salesopt.__version__,
        "left_out": [(titles[word], reason) for word, reason in plan.left_out.items()],
        "notes": list(plan.study.cautions),
        "known": cases.known_answers(plan.folder) if cases.is_case(plan.folder) else None,
        "gone": _gone(plan.study),
        "inputs": list(plan.inputs.items()),
        "earlier": list(plan.earlier.items()),
        "versions": list(ledger.versions().items()),
    }


def _gone(study: Study) -> list[tuple[str, str, str, str, str]]:
    """What of the source is not in the tables, as the page shows it: table, what, rows, amount, why."""
    table = study.left_out
    amounts = ["" if pd.isna(amount) else money(amount, study.currency) for amount in table["amount"]]
    words = (table[column].astype(str) for column in ("table", "what", "why"))
    named = zip(*words, table["rows"].map(integer), amounts, strict=True)
    return [(name, what, rows, amount, why) for name, what, why, rows, amount in named]


def _ledger(plan: Plan, runs: list[ChapterRun], notes: list[str], facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "study": plan.folder.resolve().name,
        "quarter": plan.study.quarter,
        "fingerprint": plan.fingerprint,
        "commit": facts["commit"],
        "versions": dict(facts["versions"]),
        "inputs": dict(facts["inputs"]),
        "earlier": dict(plan.earlier),
        "parameters": {
            chapter.word: {name: known.default for name, known in chapter.parameters.items()}
            | _values(plan, chapter, plan.target)
            for chapter in plan.chapters
        },
        "chapters": [{"word": run.word, "seconds": round(run.seconds, 2), "error": run.error} for run in runs],
        "left_out": plan.left_out,
        "data_left_out": facts["gone"],
        "cautions": facts["notes"],
        "notes": notes,
    }
