"""The sample firm's sales team: what judges say of effort, representatives, accounts, skills and duties."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.study.sample import names

SKILLS = (
    "data analysis", "digital sales tools", "e-commerce", "social selling", "category management", "negotiation",
    "food-service know-how", "automation of routine work",
)  # fmt: skip
TRAINING = (1_800, 900, 1_500, 1_100, 2_400, 2_000, 1_300, 1_600)  # dollars for one level for one person
NEEDS = {  # level needed, 0 to 4, in the order of SKILLS; 0 is left out
    "Supermarket chains": (3, 2, 2, 0, 4, 4, 0, 2),
    "Convenience stores": (1, 3, 1, 2, 2, 2, 0, 2),
    "Independent grocers": (1, 2, 1, 2, 2, 2, 0, 0),
    "Restaurants and cafés": (0, 2, 1, 3, 0, 2, 4, 0),
    "Hotels": (1, 2, 2, 1, 0, 3, 3, 0),
    "Schools and hospitals": (2, 2, 0, 0, 1, 3, 2, 1),
    "Offices and canteens": (1, 3, 3, 2, 0, 2, 2, 2),
    "Wholesalers": (3, 2, 2, 0, 2, 4, 0, 3),
}
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
    """Tables effort_response, reps, accounts, skills, skill_needs and duties of a firm with `revenue` a year."""
    rng = np.random.default_rng([seed, 4])
    reps = _reps(rng)
    return {
        "effort_response": _effort(rng, revenue),
        "reps": reps,
        "accounts": _accounts(rng, reps, revenue),
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
        offset = 0.05 * rng.standard_normal(len(table))
        towns = np.array([market[place] for market in map(at.__getitem__, table["home"])], dtype=float)
        table[column] = np.round(towns + offset, 3)
    table["team"] = table["region"]
    columns = ["rep", "role", "region", "lat", "lon", "cost", "hours", "team", "hired", "left"]
    return table[columns].astype({"cost": int})


def _accounts(rng: np.random.Generator, reps: pd.DataFrame, revenue: float) -> pd.DataFrame:
    count = 600
    size = np.exp([market[4] for market in names.MARKETS])
    market = rng.choice(size.size, count, p=size / size.sum())
    group = rng.choice(len(names.GROUPS), count, p=[row.accounts for row in names.GROUPS])
    place = np.array([(row[2], row[3]) for row in names.MARKETS])[market]
    place = place + rng.standard_normal((count, 2)) * np.array([0.30, 0.40])
    potential = _potential(rng, group, revenue)
    rank = potential.argsort().argsort() / count
    tier = np.digitize(rank, [0.50, 0.85])
    serving = reps.loc[(reps["role"] == "representative") & reps["left"].isna()].reset_index(drop=True)
    rep = _today(rng, place, serving)
    since = np.maximum(
        serving["hired"].to_numpy()[rep],
        (pd.Timestamp("2014-01-01") + pd.to_timedelta(rng.integers(0, 4500, count), unit="D")).to_numpy(),
    )
    calls = np.array([14, 30, 52])[tier]
    made = np.round(calls * rng.choice([0.4, 0.7, 0.9, 1.0, 1.1], count, p=[0.1, 0.2, 0.3, 0.3, 0.1]))
    share = 0.45 + 0.5 * (1 - np.exp(-1.2 * made / calls)) + 0.06 * rng.standard_normal(count)
    table = pd.DataFrame(
        {
            "account": _account_names(rng, market, group),
            "region": [names.MARKETS[at][1] for at in market],
            "market": [names.MARKETS[at][0] for at in market],
            "lat": place[:, 0].round(3),
            "lon": place[:, 1].round(3),
            "segment": [names.GROUPS[at].name for at in group],
            "line": [names.LINES[at].name for at in rng.choice(len(names.LINES), count)],
            "potential": potential.astype(int),
            "calls": calls,
            "hours_per_call": np.array([1.0, 1.5, 2.0])[tier],
            "rep": serving["rep"].to_numpy()[rep],
            "since": pd.DatetimeIndex(since).to_period("M").to_timestamp(),
            "calls_made": made.astype(int),
            "revenue": np.round(potential * np.clip(share, 0.2, 1.0), -2).astype(int),
        }
    )
    return table.sort_values(["region", "account"], ignore_index=True)


def _potential(rng: np.random.Generator, group: np.ndarray, revenue: float) -> np.ndarray:
    """Revenue each account could bring: the group's revenue and headroom, shared out unevenly."""
    weight = np.exp(0.8 * rng.standard_normal(group.size))
    potential = np.empty(group.size)
    for at, row in enumerate(names.GROUPS):
        mine = group == at
        potential[mine] = weight[mine] / weight[mine].sum() * row.revenue * revenue * 1.3
    return np.maximum(np.round(potential, -2), 500)


def _today(rng: np.random.Generator, place: np.ndarray, serving: pd.DataFrame) -> np.ndarray:
    """Who serves each account today: someone near, but habit has made some rounds long and some far."""
    base = serving[["lat", "lon"]].to_numpy()
    distance = np.hypot(*(((place[:, None, :] - base[None]) * np.array([1.0, 0.75])).transpose(2, 0, 1))) + 0.6
    habit = np.exp(0.40 * rng.standard_normal(distance.shape))
    target = rng.uniform(0.5, 1.5, len(serving))
    target *= len(place) / target.sum()
    favour = np.ones(len(serving))
    for _ in range(40):
        rep = (distance * favour * habit).argmin(axis=1)
        favour *= ((np.bincount(rep, minlength=len(serving)) + 1) / (target + 1)) ** 0.2
    moved = rng.random(len(place)) < 0.12
    return np.where(moved, rng.integers(0, len(serving), len(place)), rep)


def _account_names(rng: np.random.Generator, market: np.ndarray, group: np.ndarray) -> list[str]:
    """Street and trade, in a market; a number where the same name comes again."""
    seen: dict[str, int] = {}
    found = []
    for town, kind in zip(market, group, strict=True):
        trade = names.GROUPS[kind].names
        name = f"{rng.choice(names.STREETS)} {rng.choice(trade)}, {names.MARKETS[town][0]}"
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return found


def _skills(rng: np.random.Generator) -> pd.DataFrame:
    people = [*names.REPRESENTATIVES, *(row[0] for row in names.OTHERS)]
    usual = np.array([1.2, 2.0, 1.3, 1.4, 2.0, 2.5, 1.6, 0.9])
    level = np.clip(np.round(usual + rng.standard_normal((len(people), usual.size)) * 0.95), 0, 4).astype(int)
    rows = [
        (person, skill, int(value))
        for person, levels in zip(people, level, strict=True)
        for skill, value in zip(SKILLS, levels, strict=True)
    ]
    return pd.DataFrame(rows, columns=["rep", "skill", "level"])


def _needs() -> pd.DataFrame:
    rows = [
        (group, skill, level, cost)
        for group, levels in NEEDS.items()
        for skill, level, cost in zip(SKILLS, levels, TRAINING, strict=True)
        if level
    ]
    return pd.DataFrame(rows, columns=["group", "skill", "level", "training_cost"])


def _duties() -> pd.DataFrame:
    """Hours fall on those who are responsible, in equal parts; whoever else takes part has a tenth of that."""
    rows = []
    for duty, parts, hours in DUTIES:
        doing = sum(part == "R" for part in parts.values())
        for person, part in parts.items():
            own = hours / max(doing, 1)
            rows.append((duty, person, part, int(round(own if part == "R" else own / 10, -1))))
    return pd.DataFrame(rows, columns=["duty", "person", "part", "hours"])
