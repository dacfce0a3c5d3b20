"""The sample firm's sales team: what judges say of effort, representatives, skills and duties."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.study.sample import names

SKILLS = (
    "data analysis", "digital marketing", "CRM", "mobile selling", "online collaboration", "learning",
    "negotiation", "category management", "food-service know-how",
)  # fmt: skip
TRAINING = (1_800, 1_500, 900, 1_100, 600, 800, 2_000, 2_400, 1_300)  # dollars for one level for one person
COURSE = (4_000, 3_500, 2_000, 1_500, 1_000, 1_000, 5_000, 6_000, 2_500)  # dollars for holding the course at all
USUAL = (0.9, 1.3, 2.2, 1.8, 2.0, 1.9, 2.3, 1.2, 1.6)  # mean level of the team
NEEDS = {  # level needed, 0 to 4, in the order of SKILLS; 0 is left out
    "Supermarket chains": (3, 1, 2, 0, 2, 2, 4, 4, 0),
    "Convenience stores": (1, 2, 3, 3, 1, 1, 2, 2, 0),
    "Independent grocers": (1, 2, 2, 2, 0, 1, 2, 2, 0),
    "Restaurants and cafés": (0, 3, 2, 3, 1, 2, 2, 0, 3),
    "Hotels": (1, 1, 2, 2, 2, 1, 3, 0, 3),
    "Schools and hospitals": (2, 0, 2, 0, 2, 2, 3, 1, 2),
    "Offices and canteens": (1, 3, 3, 2, 2, 2, 2, 0, 2),
    "Wholesalers": (4, 1, 2, 0, 2, 1, 4, 2, 0),
}
EFFORT_CARRY = 0.35  # share of what heads bring that comes a quarter later
DUTIES = (  # duty, {person: part}, {person: hours a year}; some have faults that a check of duties should find
    ("Set list prices", {"Margaret Stone": "A", "Linda Park": "R", "Peter Lang": "C", "Susan Achebe": "C"}, 160),
    ("Plan promotions", {"Margaret Stone": "A", "Claire Dubois": "R", "Tom Brennan": "R", "Ivan Morozov": "C"}, 420),
    ("Forecast demand", {"Ivan Morozov": "R", "Margaret Stone": "A", "Robert Vance": "I"}, 380),
    ("Negotiate with supermarket chains", {"Peter Lang": "A", "Susan Achebe": "A", "Claire Dubois": "R"}, 520),
    ("Win new restaurants and cafés", {"Robert Vance": "C", "Margaret Stone": "I"}, 0),
    ("Train representatives", {"Tom Brennan": "R", "Robert Vance": "A", "Julia Hart": "C"}, 300),
    ("Keep the customer register", {"Julia Hart": "R", "Sofia Ricci": "R", "Linda Park": "A"}, 640),
    ("Settle complaints", {"Marcus Bell": "R", "Sofia Ricci": "R", "Susan Achebe": "A"}, 900),
    ("Report each quarter", {"Linda Park": "R", "Ivan Morozov": "R", "Margaret Stone": "A", "Peter Lang": "I"}, 260),
    ("Plan territories", {"Peter Lang": "R", "Susan Achebe": "R", "Robert Vance": "R", "Margaret Stone": "A"}, 240),
    ("Run the web shop", {"Ivan Morozov": "R", "Marcus Bell": "C"}, 350),
    ("Hire representatives", {"Margaret Stone": "A", "Peter Lang": "R", "Susan Achebe": "R", "Robert Vance": "R"}, 330),
)


def team_tables(seed: int, revenue: float) -> dict[str, pd.DataFrame]:
    """Tables of the team of a firm with `revenue` a year: what effort brings, reps, skills, skill_needs and duties."""
    rng = np.random.default_rng([seed, 4])
    return {
        "effort_response": _effort(rng, revenue),
        "effort_history": _history(np.random.default_rng([seed, 5]), revenue),
        "reps": _reps(rng),
        "skills": _skills(rng),
        "skill_needs": _needs(),
        "duties": _duties(),
    }


def effort_curve(effort: np.ndarray, none: float, most: float, shape: float) -> np.ndarray:
    """Revenue against today's at `effort` times today's effort: none + (most - none) e^shape / (d + e^shape)."""
    half = (most - 1) / (1 - none)
    return none + (most - none) * effort**shape / (half + effort**shape)


def _effort(rng: np.random.Generator, revenue: float) -> pd.DataFrame:
    rows = []
    for group in names.GROUPS:
        for judge in names.JUDGES:
            none = group.none * np.exp(0.10 * rng.standard_normal())
            most = 1 + (group.most - 1) * np.exp(0.20 * rng.standard_normal())
            shape = group.shape * np.exp(0.12 * rng.standard_normal())
            none = min(none, 0.9)
            half, plus = effort_curve(np.array([0.5, 1.5]), none, most, shape)
            answers = [round(float(value), 2) for value in (none, half, plus, most)]
            rows.append((group.name, judge, group.reps, round(group.revenue * revenue, -4), group.margin, *answers))
    columns = ["unit", "judge", "current_reps", "revenue", "margin", "at_none", "at_half", "at_plus_half"]
    table = pd.DataFrame(rows, columns=[*columns, "at_saturation"])
    return table.astype({"revenue": int})


def _history(rng: np.random.Generator, revenue: float) -> pd.DataFrame:
    """Six years of quarters: heads that came and went, and the sales that followed from the true curves.

    All groups share season and shocks; each grows at a pace of its own, whatever its heads; errors last a little.
    """
    quarters = pd.date_range("2020-10-01", "2026-07-01", freq="QS")
    count = len(quarters)
    season = np.array([0.06, -0.07, 0.0, 0.01])[np.arange(count) % 4]
    shared = season + 0.03 * rng.standard_normal(count)
    years = (np.arange(count) - count + 1) / 4
    rows = []
    for group in names.GROUPS:
        part = 0.5 if group.reps <= 2 else 1.0
        heads = _heads(rng, group.reps, part, count)
        works, working = np.empty(count), heads[0]
        for at in range(count):
            working = (1 - EFFORT_CARRY) * heads[at] + EFFORT_CARRY * working
            works[at] = working
        error, last = np.empty(count), 0.0
        for at in range(count):
            last = 0.4 * last + 0.035 * rng.standard_normal()
            error[at] = last
        growth = 0.015 + 0.01 * rng.standard_normal()
        curve = effort_curve(works / group.reps, group.none, group.most, group.shape)
        sales = group.revenue * revenue / 4 * curve * np.exp(growth * years + shared + error)
        rows += list(zip([group.name] * count, quarters, heads, np.round(sales, -2), strict=True))
    return pd.DataFrame(rows, columns=["unit", "period", "reps", "sales"]).astype({"sales": int})


def _heads(rng: np.random.Generator, today: int, part: float, count: int) -> np.ndarray:
    """Heads by quarter, ending with today's: someone comes or goes now and then, and never the last one."""
    heads = [float(today)]
    while len(heads) < count:
        moved = heads[-1] + part * rng.choice([-1, 0, 1], p=[0.18, 0.66, 0.16])
        heads.append(moved if max(part, 0.4 * today) <= moved <= 1.8 * today else heads[-1])
    return np.array(heads[::-1])


def _reps(rng: np.random.Generator) -> pd.DataFrame:
    at = {market[0]: market for market in names.MARKETS}
    homes = [market[0] for market in names.MARKETS] + ["Lakemont", "Lakemont", "Birchwood", "Ashford"]
    rows: list[tuple[str, str, str, float, int, pd.Timestamp, pd.Timestamp | None]] = []
    for name, home in zip(names.REPRESENTATIVES, homes, strict=True):
        hired = pd.Timestamp("2012-01-01") + pd.Timedelta(days=int(rng.integers(0, 5000)))
        tenure = (pd.Timestamp("2026-09-30") - hired).days / 365.25
        cost = round(92_000 + 1_900 * tenure + 5_000 * rng.standard_normal(), -2)
        hours = int(round(1_500 + 60 * rng.standard_normal(), -1))
        rows.append((name, "representative", home, cost, hours, hired, None))
    for name, role, home, hours, cost in names.OTHERS:
        hired = pd.Timestamp("2010-01-01") + pd.Timedelta(days=int(rng.integers(0, 4500)))
        rows.append((name, role, home, cost, hours, hired, None))
    for name, home, first, last in names.LEAVERS:
        rows.append((name, "representative", home, 99_000, 1_500, pd.Timestamp(first), pd.Timestamp(last)))
    table = pd.DataFrame(rows, columns=["rep", "role", "home", "cost", "hours", "hired", "left"])
    table["region"] = [at[home][1] for home in table["home"]]
    for column, place in (("lat", 2), ("lon", 3)):
        offset = 0.02 * rng.standard_normal(len(table))
        towns = np.array([market[place] for market in map(at.__getitem__, table["home"])], dtype=float)
        table[column] = np.round(towns + offset, 3)
    table["team"] = table["region"]
    columns = ["rep", "role", "region", "lat", "lon", "cost", "hours", "team", "hired", "left"]
    return table[columns].astype({"cost": int})


def _skills(rng: np.random.Generator) -> pd.DataFrame:
    """Levels as the manager sees them, and as the representatives see themselves, who are kinder."""
    people = [*names.REPRESENTATIVES, *(row[0] for row in names.OTHERS)]
    level = np.array(USUAL) + 0.95 * rng.standard_normal((len(people), len(SKILLS)))
    rows = []
    for rater, count, kindness in (("manager", len(people), 0.0), ("self", len(names.REPRESENTATIVES), 0.3)):
        seen = np.round(level[:count] + kindness + 0.4 * rng.standard_normal((count, len(SKILLS))))
        rows += [
            (person, skill, int(value), rater)
            for person, levels in zip(people[:count], np.clip(seen, 0, 4), strict=True)
            for skill, value in zip(SKILLS, levels, strict=True)
        ]
    return pd.DataFrame(rows, columns=["rep", "skill", "level", "rater"])


def _needs() -> pd.DataFrame:
    rows = [
        (group, skill, level, cost, course)
        for group, levels in NEEDS.items()
        for skill, level, cost, course in zip(SKILLS, levels, TRAINING, COURSE, strict=True)
        if level
    ]
    return pd.DataFrame(rows, columns=["group", "skill", "level", "training_cost", "course_cost"])


def _duties() -> pd.DataFrame:
    """Hours fall on those who are responsible, in equal parts; whoever else takes part has a tenth of that."""
    rows = []
    for duty, parts, hours in DUTIES:
        doing = sum(part == "R" for part in parts.values())
        for person, part in parts.items():
            own = hours / max(doing, 1)
            rows.append((duty, person, part, int(round(own if part == "R" else own / 10, -1))))
    return pd.DataFrame(rows, columns=["duty", "person", "part", "hours"])
