"""What must hold within a row and between tables, and what every join between tables would lose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from salesopt.errors import Problem, close_match
from salesopt.stats.crosscheck import falling_answers
from salesopt.stats.locks import locked_to_nobody
from salesopt.study.declare import MOST, problems_at, shown


class Reference(NamedTuple):
    """A name in `table`.`column` that must stand in `other`.`name` as well.

    `amount` is a column that measures what would be lost; `only` limits it to the rows that hold one of these groups;
    `hint` says what to do about an absent name.
    """

    table: str
    column: str
    other: str
    name: str
    amount: str = ""
    only: tuple[str, ...] = ()
    hint: str = ""


class Rule(NamedTuple):
    """What must hold in each row of `table`: `broken` marks the rows where it does not, for any of the `columns`.

    `elsewhere` gives what other rows say in place of the last column, to be shown beside it.
    """

    table: str
    columns: tuple[str, ...]
    broken: Callable[[pd.DataFrame], pd.Series]
    expected: str
    elsewhere: Callable[[pd.DataFrame], pd.Series] | None = None


NEAR = 0.8  # likeness of two names from which one may be the other misspelt
CLOSE = 2000  # names that are looked at for one that may be meant; more would take seconds
QUADRANTS = ("S", "W", "O", "T")
REFERENCES = (
    Reference("sales", "product", "products", "product", "units"),
    Reference("price_limits", "product", "products", "product"),
    Reference("channel_history", "channel", "channels", "channel", "spend"),
    Reference("channel_limits", "channel", "channels", "channel"),
    Reference(
        "accounts",
        "rep",
        "reps",
        "rep",
        "potential",
        hint="; keep who has left in it, with the last day in its column left",
    ),
    Reference("account_lines", "account", "accounts", "account", "sales"),
    Reference("fit", "rep", "reps", "rep"),
    Reference("fit", "account", "accounts", "account"),
    Reference("skills", "rep", "reps", "rep"),
    Reference("duties", "person", "reps", "rep", "hours"),
    Reference("tows", "inner", "swot", "factor"),
    Reference("tows", "outer", "swot", "factor"),
    Reference("attractiveness", "factor", "swot", "factor"),
    Reference("comparisons", "left", "swot", "factor", only=QUADRANTS),
    Reference("comparisons", "right", "swot", "factor", only=QUADRANTS),
)


def _decreasing(*columns: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Marks the rows in which a column is below one before it; empty cells are passed over."""

    def broken(table: pd.DataFrame) -> pd.Series:
        values = table[list(columns)]
        return (values < values.cummax(axis=1)).any(axis=1)

    return broken


def _no_response(table: pd.DataFrame) -> pd.Series:
    curve = ["base", "ceiling", "shape", "scale"]
    linear, curved = table.reindex(columns=["return_rate"]), table.reindex(columns=curve)
    return linear.isna().all(axis=1) & curved.isna().any(axis=1)


def _no_work(table: pd.DataFrame) -> pd.Series:
    given = table.reindex(columns=["accounts", "calls", "hours"]).notna()
    return ~(given["hours"] | (given["accounts"] & given["calls"]))


def _changes_within_limit(table: pd.DataFrame) -> pd.Series:
    first = table.groupby("limit")[["sense", "bound"]].transform("first")
    return (table[["sense", "bound"]] != first).any(axis=1)


def _usual(column: str) -> Callable[[pd.DataFrame], pd.Series]:
    """What most rows of the unit say of `column`, the first of them where none is the more frequent."""
    return lambda table: table.groupby("unit")[column].transform(
        lambda given: given.value_counts(sort=False).idxmax() if given.notna().any() else np.nan
    )


def _strays(column: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Marks the rows that differ from most rows of their unit in `column`."""

    def broken(table: pd.DataFrame) -> pd.Series:
        slack, units = 1e-9 * table[column].abs().max(), table.groupby("unit")[column]
        if not (units.max() - units.min() > slack).any():
            return pd.Series(False, index=table.index)
        return (table[column] - _usual(column)(table)).abs() > slack

    return broken


def _not_a_ladder(table: pd.DataFrame) -> pd.Series:
    def wrong(ladder: object) -> bool:
        points = pd.to_numeric(pd.Series(str(ladder).split(), dtype="str"), errors="coerce")
        return bool(points.isna().any() or (points <= 0).any() or not points.is_monotonic_increasing)

    return table["ladder"].notna() & table["ladder"].map(wrong).astype(bool)


RULES = (
    Rule("products", ("min_price", "max_price"), _decreasing("min_price", "max_price"), "min_price up to max_price"),
    Rule("products", ("ladder",), _not_a_ladder, "rising prices separated by spaces, such as 1.99 2.49 2.99"),
    Rule("channels", ("min_spend", "max_spend"), _decreasing("min_spend", "max_spend"), "min_spend up to max_spend"),
    Rule("channels", ("base", "ceiling"), _decreasing("base", "ceiling"), "base up to ceiling"),
    Rule("channels", ("channel",), _no_response, "a return_rate, or base, ceiling, shape and scale"),
    *(
        Rule(table, ("limit", "sense", "bound"), _changes_within_limit, "the sense and bound of the limit's first row")
        for table in ("channel_limits", "price_limits")
    ),
    Rule(
        "effort_response",
        ("at_none", "at_half", "at_plus_half", "at_saturation"),
        falling_answers,
        "answers that rise with effort, fractions of today's revenue (0.6 for 60 %): "
        "at_none, at_half, at_today (1), at_plus_half, at_saturation",
    ),
    *(
        Rule(
            "effort_response",
            ("unit", column),
            _strays(column),
            "one value in all rows of a unit: judges differ on answers, not on facts",
            _usual(column),
        )
        for column in ("current_reps", "revenue", "margin")
    ),
    Rule("workload", ("group",), _no_work, "accounts and calls (with hours_per_call), or hours"),
    Rule("reps", ("hired", "left"), _decreasing("hired", "left"), "hired up to left"),
    Rule("accounts", ("locked",), locked_to_nobody, "the representative it is bound to in rep, where locked is yes"),
    Rule("comparisons", ("left", "right"), lambda table: table["left"] == table["right"], "two different items"),
)


def row_problems(tables: Mapping[str, pd.DataFrame], files: Mapping[str, str]) -> list[Problem]:
    """What is wrong within rows of the checked `tables` of a study; `files` names where each came from.

    Rows are counted as in the file of a table without empty rows.
    """
    problems: list[Problem] = []
    for rule in RULES:
        table = tables.get(rule.table)
        if table is None or not set(rule.columns) <= set(table.columns):
            continue
        rows = np.flatnonzero(rule.broken(table))
        cells = table[list(rule.columns)].iloc[rows]
        texts = [", ".join(f"{name} {_shown(value)}" for name, value in row.items()) for _, row in cells.iterrows()]
        if rule.elsewhere and len(rows):
            others = rule.elsewhere(table).iloc[rows]
            texts = [f"{text} (elsewhere {_shown(other)})" for text, other in zip(texts, others, strict=True)]
        file = files.get(rule.table, "")
        problems += problems_at(rule.table, " / ".join(rule.columns), rows, texts, rule.expected, file)
    return problems


def reference_problems(tables: Mapping[str, pd.DataFrame], files: Mapping[str, str]) -> list[Problem]:
    """The names in the checked `tables` that another of them should have and has not, as `row_problems` does."""
    problems: list[Problem] = []
    for reference in REFERENCES:
        unknown = _unknown(tables, reference)
        if unknown is not None:
            rows, (table, column) = np.flatnonzero(unknown), reference[:2]
            article = "an" if reference.name[0] in "aeiou" else "a"
            file = files.get(reference.other, reference.other)
            expected = f"{article} {reference.name} that stands in {file}{reference.hint}"
            texts = hinted(tables[table][column].iloc[rows], tables[reference.other][reference.name])
            problems += problems_at(table, column, rows, texts, expected, files.get(table, ""))
    return problems


def meant(name: str, known: Iterable[str]) -> str:
    """A hint at the one of `known` that `name` may be misspelt for; "" where none is like it."""
    return close_match(name, known, cutoff=NEAR)


def hinted(names: pd.Series, known: pd.Series, hint: Callable[[str, list[str]], str] = meant) -> list[str]:
    """Each of `names` as a message shows it, the first ones with the one of `known` that may be meant."""
    listed = list(known.dropna().unique()[:CLOSE])
    hints = {name: hint(name, listed).replace("; ", " (") for name in names.dropna().unique()[:MOST]}
    return [shown(name) + (f"{hints[name].removesuffix('?')}?)" if hints.get(name) else "") for name in names]


def lost_joins(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What every join between the `tables` of a study would lose.

    Returns join ("sales.product in products"), rows (of the first table), lost_rows, lost_share (of the rows), amount
    (the column summed), lost_amount (its share on the lost rows, a fraction; nan where nothing is summed), names
    (those not found, the first five) and unused (names of the second table that the first never uses).
    """
    rows = []
    for reference in REFERENCES:
        unknown = _unknown(tables, reference)
        if unknown is None:
            continue
        table, other = tables[reference.table], tables[reference.other]
        used = table[reference.column].dropna()
        amount = reference.amount if reference.amount in table.columns else ""
        total = table[amount].sum() if amount else 0.0
        rows.append(
            {
                "join": f"{reference.table}.{reference.column} in {reference.other}",
                "rows": len(table),
                "lost_rows": int(unknown.sum()),
                "lost_share": float(unknown.mean()),
                "amount": amount,
                "lost_amount": float(table.loc[unknown, amount].sum() / total) if total else float("nan"),
                "names": ", ".join(sorted(used[unknown].unique())[:5]),
                "unused": int((~other[reference.name].drop_duplicates().isin(used)).sum()),
            }
        )
    columns = ["join", "rows", "lost_rows", "lost_share", "amount", "lost_amount", "names", "unused"]
    return pd.DataFrame(rows, columns=columns)


def _unknown(tables: Mapping[str, pd.DataFrame], reference: Reference) -> pd.Series | None:
    """Marks the rows whose name the other table has not; None where a table or column is absent."""
    table, other = tables.get(reference.table), tables.get(reference.other)
    if table is None or other is None or reference.column not in table.columns or reference.name not in other.columns:
        return None
    names = table[reference.column]
    unknown = names.notna() & ~names.isin(other[reference.name])
    return unknown & table["group"].isin(reference.only) if reference.only else unknown


def _shown(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:.12g}" if isinstance(value, float) else str(value)
