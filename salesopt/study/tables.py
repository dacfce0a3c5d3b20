"""What each table of a study holds, declared once: columns, units, rules, keys.

`TABLES[name]` is the pandera schema that everything else is derived from: the checks of `salesopt check` and of
every analysis, the headers that `salesopt new` writes, and `data/README.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from salesopt.errors import DataError, ParameterError, Problem, close_match
from salesopt.study.declare import check_frame, date, number, table, text

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
EFFORT_HISTORY = table(
    "a unit (as in effort_response) in a period: who worked on it and what was sold",
    {
        "unit": text("what effort is spent on, as in effort_response"),
        "period": date("first day of the month, quarter or year"),
        "reps": number("representatives who worked on it", "full-time representatives", least=0),
        "sales": number("sales of the unit", "currency a period", least=0),
        "margin": number(
            "contribution margin; needed where effort_response is absent", "fraction", least=0, most=1, optional=True
        ),
    },
    ("unit", "period"),
)
REPS = table(
    "a sales representative",
    {
        "rep": text("name or number"),
        "role": text("lead, supervisor, manager, representative, specialist, consultant, analyst, support"),
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
        "locked": text(
            "yes: it stays with this representative, whatever a plan says; no or blank: it may move",
            choices=("no", "yes"),
            optional=True,
        ),
        "since": date("since when this representative serves it", optional=True),
        "calls_made": number("calls it gets today; calls where absent", "calls a year", least=0, optional=True),
        "revenue": number("what it buys today; potential where absent", "currency a year", least=0, optional=True),
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
        "rater": text(
            "who rated it (his own name, or self, for his own rating); several raters of one skill are several rows",
            optional=True,
        ),
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

TABLES: dict[str, Any] = {
    "sales": SALES,
    "products": PRODUCTS,
    "elasticities": ELASTICITIES,
    "price_limits": PRICE_LIMITS,
    "channels": CHANNELS,
    "channel_history": CHANNEL_HISTORY,
    "channel_limits": CHANNEL_LIMITS,
    "effort_response": EFFORT_RESPONSE,
    "effort_history": EFFORT_HISTORY,
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
    unknown table name, DataError where `frame` is no DataFrame.
    """
    if name not in TABLES:
        raise ParameterError(f"no table is called {name!r}{close_match(name, TABLES)}")
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"table '{name}' must be a DataFrame, not {type(frame).__name__}")
    return check_frame(name, TABLES[name], frame, file)


def require_table(name: str, frame: pd.DataFrame, *, columns: Iterable[str] = ()) -> pd.DataFrame:
    """The typed copy of `frame` as table `name`; raises DataError that lists every problem at once.

    `columns` names further columns that the caller needs: optional ones of the declaration, or others, whose content
    is the caller's to check.
    """
    typed, problems = check_table(name, frame)
    absent = [column for column in columns if column not in frame.columns]
    problems += [Problem(name, column, None, "", "this column, which is absent") for column in absent]
    if problems:
        raise DataError(problems)
    return typed


def require_tables(**given: pd.DataFrame | None) -> tuple[Any, ...]:
    """The typed copies of several tables, each by its name, None as it is; DataError lists the problems of them all."""
    typed: list[pd.DataFrame | None] = []
    problems: list[Problem] = []
    for name, frame in given.items():
        try:
            typed.append(None if frame is None else require_table(name, frame))
        except DataError as error:
            problems += error.problems or [Problem(name, "", None, "", str(error))]
    if problems:
        raise DataError(problems)
    return tuple(typed)
