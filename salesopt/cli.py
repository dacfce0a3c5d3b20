"""The `salesopt` command: report, check, new, cases. It parses, calls and prints; nothing is computed here.

Exit codes: 0 done; 1 a chapter or a case failed; 2 the command line or the study is wrong.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from salesopt.errors import ParameterError, SalesoptError, close_match

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Sales-strategy studies as reproducible quarterly reports.",
)
console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True)


def main() -> None:
    """Run the command; an error of ours is printed as plain words and sets the exit code."""
    try:
        app()
    except SalesoptError as error:
        errors.print(f"[bold red]Not done.[/] {escape(str(error))}", highlight=False)
        sys.exit(error.exit_code)
    except OSError as error:
        if not error.filename:
            raise
        errors.print(f"[bold red]Not done.[/] {escape(f'{error.filename}: {error.strerror}')}", highlight=False)
        sys.exit(2)


@app.command()
def report(
    study: Annotated[Path, typer.Argument(help="Folder of the study: study.toml and its tables")],
    quarter: Annotated[str, typer.Option(help="Quarter, such as 2026Q3; the last complete one if left out")] = "",
    only: Annotated[str, typer.Option(help="Chapters to make, such as pricing,channels; all if left out")] = "",
    out: Annotated[Path, typer.Option(help="Folder for reports")] = Path("reports"),
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Chapters run at the same time")] = 2,
    force: Annotated[bool, typer.Option("--force", help="Make it again although nothing has changed")] = False,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter: pricing.margin_floor=0.1; may be repeated")
    ] = None,
) -> None:
    """Render the quarterly report of a study: page, PDF, workbook and executed notebooks."""
    from salesopt.report.render import plan_report, render_report

    chosen = [word.strip() for word in only.split(",") if word.strip()]
    with console.status("Reading and checking the study"):
        plan = plan_report(study, quarter=quarter, only=chosen, out=out, values=parse_settings(set_ or []))
    counts = {chapter.word: len(_code_cells(chapter.path)) for chapter in plan.chapters}
    with _progress(counts) as advance:
        made = render_report(plan, processes=jobs, force=force, progress=advance)
    for word, reason in made.left_out.items():
        console.print(f"left out  {word}: {escape(reason)}", style="dim", highlight=False)
    for run in made.runs:
        ending = f"[bold red]failed[/]: {escape(run.error)}" if run.error else "[green]done[/]"
        console.print(f"{run.seconds:6.1f} s  {run.word}  {ending}", highlight=False)
    for note in made.notes:
        console.print(f"note      {escape(note)}", highlight=False)
    if not made.fresh:
        console.print("Up to date: nothing has changed since this report was made (--force makes it again).")
    page = made.folder / "index.html"
    console.print(os.path.relpath(page) if page.is_relative_to(Path.cwd()) else str(page), highlight=False)
    if made.failed:
        raise typer.Exit(1)


@app.command()
def check(study: Annotated[Path, typer.Argument(help="Folder of the study")]) -> None:
    """List every problem of every table of a study: file, row, column, what stood there, what was expected.

    A report refuses the problems; what is only doubtful, as a misspelt column, it says and goes on.
    """
    from salesopt.study.load import check_study

    found = check_study(study)
    levels = {level: [one for one in found if one.level == level] for level in ("error", "warning", "note")}
    for heading, level in (("Problems, which a report refuses", "error"), ("Doubtful, which a report says", "warning")):
        if levels[level]:
            console.print(f"[bold]{heading}[/]")
        for one in levels[level]:
            console.print(f"- {escape(str(one))}", highlight=False)
    for one in levels["note"]:
        console.print(f"note: {escape(f'{one.file}: {one.column}: {one.value}')}.", style="dim", highlight=False)
    problems, warnings = len(levels["error"]), len(levels["warning"])
    said = f"{problems or 'no'} problem{'s' if problems > 1 else ''} found"
    said += f", {warnings} doubtful" if warnings else ""
    if problems:
        errors.print(f"{escape(str(study))}: {said}.", highlight=False)
        raise typer.Exit(2)
    console.print(f"{escape(str(study))}: {said}.", highlight=False)


@app.command()
def new(study: Annotated[Path, typer.Argument(help="Folder to make")]) -> None:
    """Make the folder of a new study: study.toml and empty tables with headers, each column explained."""
    from salesopt.study.scaffold import new_study

    new_study(study)
    console.print(f"Made {escape(str(study))}. Fill in its tables, then: salesopt check {escape(quote(str(study)))}")


@app.command()
def cases(
    folder: Annotated[Path, typer.Argument(help="Folder that holds the cases")] = Path("data/cases"),
    only: Annotated[str, typer.Option(help="One case, by the name of its folder")] = "",
) -> None:
    """Run the published cases through the analyses: the known number beside the computed one."""
    from salesopt.display import plural
    from salesopt.report.cases import PRINTED, list_cases, run_case

    every = list_cases(folder)
    found = [case for case in every if not only or case.name == only]
    if not found:
        near = close_match(only, [case.name for case in every])
        raise ParameterError(f"{folder}: no case {only!r} here{near}" if only else f"{folder}: no cases here")
    table = Table()
    for heading, side in (
        ("case", "left"),
        ("what", "left"),
        ("known", "right"),
        ("computed", "right"),
        ("", "left"),
    ):
        table.add_column(heading, justify=side, overflow="fold")  # type: ignore[arg-type]
    missed = other = 0
    for case in found:
        for row in run_case(case).itertuples(index=False):
            missed += not row.agrees
            other += str(row.origin) != PRINTED
            verdict = "[green]agrees[/]" if row.agrees else "[bold red]differs[/]"
            where = "" if row.origin == PRINTED else f", {row.origin}"
            known = f"{row.published:g}"
            table.add_row(
                escape(case.name), escape(str(row.what)), known, f"{row.computed:.6g}", verdict + escape(where)
            )
    console.print(table)
    printed = table.row_count - other
    said = f"{plural(len(found), 'case')}, {plural(printed, 'number')} printed in their source"
    console.print(f"{said}{f' and {other} known otherwise' if other else ''}, {missed} differ.")
    console.print(
        f"The report of a case shows them too: salesopt report {escape(quote(str(found[0])))}", highlight=False
    )
    if missed:
        raise typer.Exit(1)


def parse_settings(settings: list[str]) -> dict[str, dict[str, Any]]:
    """["pricing.margin_floor=0.1"] -> {"pricing": {"margin_floor": 0.1}}; a value is TOML, or else plain text.

    Raises ParameterError for a setting not of the form chapter.parameter=value.
    """
    values: dict[str, dict[str, Any]] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        word, dot, parameter = name.strip().partition(".")
        if not (equals and dot and word.isidentifier() and parameter.isidentifier()):
            raise ParameterError(f"--set {setting!r}: expected chapter.parameter=value")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        values.setdefault(word, {})[parameter] = value
    return values


def _code_cells(path: Path) -> list[Any]:
    import nbformat

    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@contextmanager
def _progress(cells: dict[str, int]) -> Iterator[Callable[[str, int], None]]:
    """A bar per chapter that has begun, and one over all; yields the function to call as cells finish."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        overall = bars.add_task("all chapters", total=sum(cells.values()) or 1)
        tasks: dict[str, Any] = {}

        def advance(word: str, cell: int) -> None:
            if word not in tasks:
                tasks[word] = bars.add_task(word, total=cells.get(word, 1) + 1)
            bars.advance(tasks[word])
            bars.advance(overall)
            if bars.tasks[tasks[word]].completed >= cells.get(word, 1):
                bars.update(tasks[word], visible=False)

        yield advance


if __name__ == "__main__":
    main()
