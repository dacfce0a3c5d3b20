"""What each table of a study holds, declared once: columns, units, rules, keys.

`TABLES[name]` is the pandera schema that everything else is derived from: the checks of `salesopt check` and of
every analysis, the headers that `salesopt new` writes, and `data/README.md`.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable
from typing import Any

import pandas as pd

with warnings.catch_warnings():
    # Where pyspark is installed, pandera tries to import pyspark.pandas, which warns of pandas 3 and then fails: on its
    # own import and, as a failed import is not remembered, again when its checks are loaded on first use.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    import pandera.pandas as pa

    importlib.import_module("pandera.backends.pandas.builtin_checks")

from salesopt.errors import DataError, ParameterError, Problem, close_match
from salesopt.study.periods import first_days


def _column(kind: str, meaning: str, unit: str, checks: list[pa.Check], optional: bool, blank: bool) -> pa.Column:
    return pa.Column(
        dtype=None,
        checks=checks,
        nullable=True,
        required=not optional,
        description=meaning,
        metadata={"kind": kind, "unit": unit, "blank": blank or optional},
    )


def text(meaning: str, *, choices: tuple[str, ...] = (), optional: bool = False) -> pa.Column:
    """A column of names; with `choices` one of these."""
    checks = [pa.Check.isin(choices, error="one of " + ", ".join(choices))] if choices else []
    return _column("text", meaning, "", checks, optional, False)


def number(
    meaning: str,
    unit: str,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    whole: bool = False,
    optional: bool = False,
    blank: bool = False,
) -> pa.Column:
    """A column of numbers in `unit`, within the limits given; `blank` allows empty cells, an optional column too."""
    checks = []
    if least is not None:
        checks.append(pa.Check.ge(least, error=f"a number of at least {least:g}"))
    if above is not None:
        checks.append(pa.Check.gt(above, error=f"a number above {above:g}"))
    if most is not None:
        checks.append(pa.Check.le(most, error=f"a number of at most {most:g}"))
    if whole:
        checks.append(pa.Check(lambda column: column % 1 == 0, error="a whole number"))
    return _column("number", meaning, unit, checks, optional, blank)


def date(meaning: str, *, optional: bool = False) -> pa.Column:
    """A column of dates or periods (2026-07-06, 2026-07, 2026Q3); a period stands for its first day."""
    return _column("date", meaning, "date", [], optional, False)


def table(meaning: str, columns: dict[str, pa.Column], key: Iterable[str]) -> pa.DataFrameSchema:
    """A table of `columns` with one row per `key`; columns it does not name are allowed."""
    return pa.DataFrameSchema(columns, description=meaning, metadata={"key": tuple(key)})


SALES = table(
    "a product in a market in a period",
    {
        "product": text("what was sold"),
        "market": text("where: store, region or customer group; prices are set per market"),
        "period": date("first day of the week, month or quarter"),
        "units": number("units sold in the period; returns are taken out before", "units", least=0),
        "price": number("price paid per unit, after deals", "currency per unit", above=0),
        "promo": number("share of the period on promotion", "fraction", least=0, most=1, optional=True),
        "cost": number("variable cost", "currency per unit", least=0, optional=True),
        "base_price": number("regular price without the deal", "currency per unit", above=0, optional=True),
        "segment": text("customer segment that bought", optional=True),
    },
    ("product", "market", "period", "segment"),
)
PRODUCTS = table(
    "a product",
    {
        "product": text("name, as in sales"),
        "line": text("product line", optional=True),
        "unit_cost": number(
            "variable cost; where it is not known, pricing assumes a margin and says so",
            "currency per unit",
            least=0,
            optional=True,
        ),
        "price": number("today's price", "currency per unit", above=0, optional=True),
        "units": number("units sold in a year at today's price", "units a year", least=0, optional=True),
        "min_price": number("least price allowed", "currency per unit", least=0, optional=True),
        "max_price": number("highest price allowed", "currency per unit", above=0, optional=True),
        "ladder": text("price points allowed, separated by spaces: 1.99 2.49 2.99", optional=True),
    },
    ("product",),
)
ELASTICITIES = table(
    "a product's price elasticity, where it comes from outside of the sales data",
    {
        "product": text("name, as in products"),
        "elasticity": number("change of units for a change of price, both in logs", "", blank=True),
        "std_error": number("standard error of the elasticity", "", least=0, optional=True),
        "low": number("lower end of its interval", "", optional=True),
        "high": number("upper end of its interval", "", optional=True),
        "price_low": number("lowest price observed", "currency per unit", above=0, optional=True),
        "price_high": number("highest price observed", "currency per unit", above=0, optional=True),
        "caution": text("when not to trust it", optional=True),
    },
    ("product",),
)
PRICE_LIMITS = table(
    "a coefficient of a limit on prices",
    {
        "limit": text("name of the limit; its rows share sense and bound"),
        "sense": text("direction", choices=("<=", ">=", "=")),
        "bound": number("right-hand side", "unit of the limit"),
        "product": text("name, as in products"),
        "coefficient": number("weight of the product's price in the limit", "unit of the limit per currency"),
    },
    ("limit", "product"),
)
CHANNELS = table(
    "a channel, or a channel in a customer segment",
    {
        "channel": text("name of the channel"),
        "segment": text("customer segment", optional=True),
        "kind": text("where it works, for limits on shares", choices=("online", "offline"), optional=True),
        "current_spend": number("today's spend", "currency a period", least=0),
        "min_spend": number("least spend", "currency a period", least=0),
        "max_spend": number("highest spend", "currency a period", least=0),
        "return_rate": number("response per unit of spend of a linear channel", "response per currency", optional=True),
        "curve": text("response curve", choices=("linear", "power", "hill", "logistic"), optional=True),
        "base": number("response without spend", "response a period", optional=True),
        "ceiling": number("response at unlimited spend", "response a period", optional=True),
        "shape": number("exponent of the response curve; above 1 it is S-shaped", "", above=0, optional=True),
        "scale": number("spend at half of the way from base to ceiling", "currency a period", above=0, optional=True),
        "margin": number("profit per unit of response", "currency per response", optional=True),
        "fixed_cost": number("cost of opening the channel at all", "currency a period", least=0, optional=True),
        "min_lot": number("least spend once it is opened", "currency a period", least=0, optional=True),
        "carry_over": number("share of the effect that is left a period later", "fraction", least=0, optional=True),
        "observed_low": number("least spend the curve was fitted on", "currency a period", least=0, optional=True),
        "observed_high": number("highest spend the curve was fitted on", "currency a period", least=0, optional=True),
    },
    ("channel", "segment"),
)
CHANNEL_HISTORY = table(
    "a channel in a period",
    {
        "period": date("first day of the week, month or quarter"),
        "channel": text("name, as in channels"),
        "spend": number("spend in the period", "currency", least=0),
        "outcome": number(
            "response counted for the channel; blank where only the total is known",
            "response",
            least=0,
            optional=True,
        ),
        "visits": number("visits to the channel", "visits", least=0, optional=True),
        "orders": number("orders placed", "orders", least=0, optional=True),
        "delivered": number("orders delivered", "orders", least=0, optional=True),
        "served": number("orders closed without a complaint", "orders", least=0, optional=True),
    },
    ("period", "channel"),
)
CHANNEL_LIMITS = table(
    "a coefficient of a side limit",
    {
        "limit": text("name of the limit; its rows share sense and bound"),
        "sense": text("direction", choices=("<=", ">=", "=")),
        "bound": number("right-hand side", "unit of the limit"),
        "channel": text("name, as in channels"),
        "coefficient": number("use of the limit per unit of spend", "unit of the limit per currency"),
        "segment": text("customer segment; blank means all of the channel's", optional=True),
    },
    ("limit", "channel", "segment"),
)
EFFORT_RESPONSE = table(
    "a unit (product, region, segment) as one judge sees it",
    {
        "unit": text("what effort is spent on"),
        "judge": text("who answered", optional=True),
        "current_reps": number("representatives on it today", "full-time representatives", least=0),
        "revenue": number("revenue at today's effort", "currency a year", least=0),
        "margin": number("contribution margin", "fraction", least=0, most=1),
        "at_none": number("revenue without any effort, against today's", "fraction", least=0),
        "at_half": number("revenue at half of today's effort", "fraction", least=0),
        "at_today": number("revenue if today's effort is kept up; 1 where absent", "fraction", least=0, optional=True),
        "at_plus_half": number("revenue at one and a half times today's effort", "fraction", least=0),
        "at_saturation": number("revenue at unlimited effort", "fraction", least=0),
    },
    ("unit", "judge"),
)
REPS = table(
    "a sales representative",
    {
        "rep": text("name or number"),
        "role": text("lead, supervisor, manager, representative, analyst, support"),
        "region": text("home region", optional=True),
        "lat": number("latitude of the base", "degrees", least=-90, most=90, optional=True),
        "lon": number("longitude of the base", "degrees", least=-180, most=180, optional=True),
        "cost": number("full cost", "currency a year", least=0),
        "hours": number("hours for customers, travel included", "hours a year", least=0),
        "working_hours": number("all hours at work", "hours a year", least=0, optional=True),
        "team": text("team", optional=True),
        "hired": date("first day at work", optional=True),
        "left": date("last day at work; blank for who is here", optional=True),
    },
    ("rep",),
)
ACCOUNTS = table(
    "an account",
    {
        "account": text("name or number"),
        "region": text("region", optional=True),
        "lat": number("latitude", "degrees", least=-90, most=90, optional=True),
        "lon": number("longitude", "degrees", least=-180, most=180, optional=True),
        "segment": text("customer segment", optional=True),
        "line": text("product line it buys; several are separated by ';', the main one first", optional=True),
        "potential": number("revenue it could bring", "currency a year", least=0),
        "calls": number("calls it should get", "calls a year", least=0),
        "hours_per_call": number("length of a call", "hours", least=0),
        "rep": text("who serves it today", optional=True),
        "since": date("since when this representative serves it", optional=True),
    },
    ("account",),
)
ACCOUNT_LINES = table(
    "a product line that an account buys",
    {
        "account": text("name, as in accounts"),
        "line": text("product line"),
        "sales": number("what the account buys of the line", "currency a year", least=0),
    },
    ("account", "line"),
)
DISTANCES = table(
    "the way between two regions; either direction will do",
    {
        "origin": text("region, as in accounts"),
        "destination": text("region, as in accounts"),
        "km": number("length of the way", "km", least=0),
    },
    ("origin", "destination"),
)
NEIGHBOURS = table(
    "two regions that border on each other; either direction will do",
    {
        "region": text("region, as in accounts"),
        "neighbour": text("region that borders on it"),
    },
    ("region", "neighbour"),
)
FIT = table(
    "how well a representative suits an account",
    {
        "rep": text("name, as in reps"),
        "account": text("name, as in accounts"),
        "fit": number("how well they suit each other, the more the better", "points"),
        "hours": number(
            "time the account would take this representative; blank takes calls x hours_per_call",
            "hours a year",
            least=0,
            optional=True,
        ),
    },
    ("rep", "account"),
)
WORKLOAD = table(
    "a group of accounts that are called on alike",
    {
        "group": text("name of the group, such as A, B, C"),
        "accounts": number("accounts in the group", "accounts", least=0, optional=True),
        "calls": number("calls an account should get", "calls a year", least=0, optional=True),
        "hours_per_call": number("length of a call", "hours", least=0, optional=True),
        "hours": number(
            "hours of the whole group, where they are known outright", "hours a year", least=0, optional=True
        ),
    },
    ("group",),
)
SKILLS = table(
    "a skill of a representative",
    {
        "rep": text("name, as in reps"),
        "skill": text("name of the skill"),
        "level": number("level, 0 none to 4 expert", "level", least=0, most=4),
        "rater": text("who rated it; several raters of one skill are several rows", optional=True),
    },
    ("rep", "skill", "rater"),
)
SKILL_NEEDS = table(
    "a skill that a group of accounts needs",
    {
        "group": text("customer segment or product line, as in accounts"),
        "skill": text("name of the skill"),
        "level": number("level needed, 0 to 4", "level", least=0, most=4),
        "training_cost": number("cost of one level for one person", "currency", least=0, optional=True),
        "course_cost": number(
            "cost of holding the course at all, however many attend", "currency", least=0, optional=True
        ),
    },
    ("group", "skill"),
)
DUTIES = table(
    "a person's part in a duty (RACI)",
    {
        "duty": text("what has to be done"),
        "person": text("name, as in reps"),
        "part": text("responsible, accountable, consulted or informed", choices=("R", "A", "C", "I")),
        "hours": number("time it takes this person", "hours a year", least=0, optional=True),
    },
    ("duty", "person", "part"),
)
SWOT = table(
    "a rater's score of a factor",
    {
        "rater": text("who scored"),
        "quadrant": text("strength, weakness, opportunity, threat", choices=("S", "W", "O", "T")),
        "factor": text("the factor"),
        "weight": number("importance", "fraction of the matrix", least=0, blank=True),
        "rating": number("rating, 1 to 4", "points", least=1, most=4, blank=True),
        "date": date("when it was scored; one date is one round", optional=True),
        "metric": text("number that measures the factor, as chapters name it: market.share", optional=True),
        "comment": text("the rater's words", optional=True),
    },
    ("rater", "quadrant", "factor", "date"),
)
PEST = table(
    "a rater's score of a factor",
    {
        "rater": text("who scored"),
        "dimension": text(
            "political, economic, social, technological, environmental, legal",
            choices=("P", "E", "S", "T", "En", "L"),
        ),
        "factor": text("the factor"),
        "probability": number("probability that it comes about", "fraction", least=0, most=1, blank=True),
        "impact": number("size of its effect on the firm, 1 to 5", "points", least=1, most=5, blank=True),
        "horizon": number("years until it bites", "years", least=0, blank=True),
        "direction": text("good or bad for the firm", choices=("opportunity", "threat")),
        "date": date("when it was scored; one date is one round", optional=True),
        "metric": text("number that measures the factor, as chapters name it", optional=True),
        "comment": text("the rater's words", optional=True),
    },
    ("rater", "dimension", "factor", "date"),
)
TOWS = table(
    "a link of an inner with an outer factor to a strategy",
    {
        "strategy": text("candidate strategy"),
        "inner": text("strength or weakness, as in swot"),
        "outer": text("opportunity or threat, as in swot"),
        "fit": number("how well the strategy uses the pair, 1 to 4", "points", least=1, most=4, blank=True),
    },
    ("strategy", "inner", "outer"),
)
ATTRACTIVENESS = table(
    "how attractive a strategy is in view of a factor (QSPM)",
    {
        "strategy": text("candidate strategy"),
        "factor": text("factor, as in swot"),
        "weight": number("weight of the factor; blank takes the one in swot", "fraction", least=0, optional=True),
        "score": number(
            "attractiveness score, 1 to 4; blank: the factor does not bear on the choice",
            "points",
            least=1,
            most=4,
            blank=True,
        ),
    },
    ("strategy", "factor"),
)
COMPARISONS = table(
    "a rater's pairwise judgement",
    {
        "rater": text("who judged"),
        "group": text("what is compared with each other: a SWOT quadrant, or 'groups'"),
        "left": text("item"),
        "right": text("item"),
        "ratio": number("how many times more important left is than right, 1/9 to 9", "ratio", above=0),
    },
    ("rater", "group", "left", "right"),
)

TABLES: dict[str, pa.DataFrameSchema] = {
    "sales": SALES,
    "products": PRODUCTS,
    "elasticities": ELASTICITIES,
    "price_limits": PRICE_LIMITS,
    "channels": CHANNELS,
    "channel_history": CHANNEL_HISTORY,
    "channel_limits": CHANNEL_LIMITS,
    "effort_response": EFFORT_RESPONSE,
    "reps": REPS,
    "accounts": ACCOUNTS,
    "account_lines": ACCOUNT_LINES,
    "distances": DISTANCES,
    "neighbours": NEIGHBOURS,
    "fit": FIT,
    "workload": WORKLOAD,
    "skills": SKILLS,
    "skill_needs": SKILL_NEEDS,
    "duties": DUTIES,
    "swot": SWOT,
    "pest": PEST,
    "tows": TOWS,
    "attractiveness": ATTRACTIVENESS,
    "comparisons": COMPARISONS,
}


def check_table(name: str, frame: pd.DataFrame, *, file: str = "") -> tuple[pd.DataFrame, list[Problem]]:
    """Check `frame` against the declaration of table `name`; return a typed copy and every problem found.

    The copy has text columns as str, numbers as float64, dates as datetime64; columns that the declaration does not
    name stay as they are. Rows are counted as a spreadsheet does: the header is row 1. Raises ParameterError for an
    unknown table name.
    """
    if name not in TABLES:
        raise ParameterError(f"no table is called {name!r}{close_match(name, TABLES)}")
    schema = TABLES[name]
    problems = [
        Problem(name, column, None, "", f"this column, which is absent{_spelt(column, frame, schema)}", file)
        for column, spec in schema.columns.items()
        if spec.required and column not in frame.columns
    ]
    if frame.empty:
        return frame.copy(), [*problems, Problem(name, "", None, "no rows", "at least one row", file)]
    typed = frame.copy()
    for column, spec in schema.columns.items():
        if column in frame.columns:
            typed[column], found = _typed(name, frame[column], spec, file)
            problems += found
    problems += _rule_problems(name, typed, schema, file)
    problems += _key_problems(name, typed, schema.metadata["key"], file)
    return typed, problems


def require_table(name: str, frame: pd.DataFrame, *, columns: Iterable[str] = ()) -> pd.DataFrame:
    """The typed copy of `frame` as table `name`; raises DataError that lists every problem at once.

    `columns` names further columns that the caller needs: optional ones of the declaration, or others (which
    then must be numbers where the declaration does not name them).
    """
    typed, problems = check_table(name, frame)
    absent = [column for column in columns if column not in frame.columns]
    problems += [Problem(name, column, None, "", "this column, which is absent") for column in absent]
    if problems:
        raise DataError(problems)
    return typed


def _spelt(column: str, frame: pd.DataFrame, schema: pa.DataFrameSchema) -> str:
    """A hint at the column of `frame` that may be the absent `column` under another spelling."""
    others = [str(name) for name in frame.columns if name not in schema.columns]
    return close_match(column, others).replace("did you mean", "is it")


def _first(name: str, column: str, bad: pd.Series, values: pd.Series, expected: str, file: str) -> list[Problem]:
    """One Problem for the rows where `bad` holds, showing the first; none where no row is bad."""
    if not bad.any():
        return []
    at = int(bad.to_numpy().argmax())
    value = values.iloc[at]
    shown = "an empty cell" if pd.isna(value) else repr(str(value))
    return [Problem(name, column, at + 2, shown, expected, file, int(bad.sum()))]


def _typed(name: str, values: pd.Series, spec: Any, file: str) -> tuple[pd.Series, list[Problem]]:
    kind, blank, column = spec.metadata["kind"], spec.metadata["blank"], str(values.name)
    typed: pd.Series
    missing = values.isna()
    if kind == "number":
        typed = pd.to_numeric(values, errors="coerce").astype("float64")
        typed = typed.where(typed.abs() != float("inf"))
        wanted = f"a number ({spec.metadata['unit']})" if spec.metadata["unit"] else "a number"
    elif kind == "date":
        typed = first_days(values)
        wanted = "a date or period such as 2026-07-06, 2026-07 or 2026Q3"
    else:
        typed = values.astype("str").str.strip().where(~missing)
        missing = missing | (typed == "")
        wanted = "some text"
    problems = _first(name, column, typed.isna() & ~missing, values, wanted, file)
    if not blank:
        problems += _first(name, column, missing, values.where(~missing), wanted, file)
    return typed, problems


def _rule_problems(name: str, typed: pd.DataFrame, schema: pa.DataFrameSchema, file: str) -> list[Problem]:
    """What pandera finds: values outside their limits or choices."""
    present = pa.DataFrameSchema({key: spec for key, spec in schema.columns.items() if key in typed.columns})
    try:
        present.validate(typed.reset_index(drop=True), lazy=True)
    except pa.errors.SchemaErrors as errors:
        problems = []
        for (column, check), cases in errors.failure_cases.groupby(["column", "check"], sort=False):
            first = cases.sort_values("index").iloc[0]
            shown = repr(str(first["failure_case"]))
            problems.append(Problem(name, column, int(first["index"]) + 2, shown, str(check), file, len(cases)))
        return problems
    return []


def _key_problems(name: str, typed: pd.DataFrame, key: tuple[str, ...], file: str) -> list[Problem]:
    required = [column for column in key if TABLES[name].columns[column].required]
    present = [column for column in key if column in typed.columns]
    if not set(required) <= set(present):
        return []
    again = typed.duplicated(present) & typed[required].notna().all(axis=1)
    if not again.any():
        return []
    at = int(again.to_numpy().argmax())
    shown = repr(" | ".join("" if pd.isna(value) else str(value) for value in typed[present].iloc[at]))
    expected = "one row per " + ", ".join(present)
    return [Problem(name, " + ".join(present), at + 2, shown, expected, file, int(again.sum()))]
