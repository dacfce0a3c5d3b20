"""The sample firm's accounts: where they are, what they buy, who serves them today, how sales follow the calls."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.study.sample import names

COUNT = 600
TIERS = ("C", "B", "A")  # the lower half of the potentials, the next 35 %, the top 15 %
CALLS = (14, 30, 52)  # calls an account of each tier should get in a year
HOURS = (1.0, 1.5, 2.0)  # length of a call
WITHOUT_CALLS = 0.45  # part of its potential that an account buys without any call
FROM_CALLS = 0.50  # further part at unlimited calls
PACE = 1.2  # how fast calls get there: FROM_CALLS x (1 - exp(-PACE x calls made / calls it should get))
TASTES = {  # weight of each line in a group's buying, in the order of names.LINES
    "Supermarket chains": (6, 5, 2, 3, 4, 2),
    "Convenience stores": (3, 2, 2, 4, 1, 5),
    "Independent grocers": (4, 5, 2, 3, 3, 2),
    "Restaurants and cafés": (5, 2, 5, 2, 0, 4),
    "Hotels": (6, 3, 4, 1, 0, 2),
    "Schools and hospitals": (4, 6, 0, 1, 5, 0),
    "Offices and canteens": (3, 3, 3, 2, 0, 4),
    "Wholesalers": (5, 5, 1, 2, 3, 3),
}
BORDERS = (("North", "Lakes"), ("North", "South"), ("Lakes", "East"), ("Lakes", "South"), ("East", "South"))


def account_tables(seed: int, reps: pd.DataFrame, revenue: float) -> dict[str, pd.DataFrame]:
    """Tables accounts, account_lines, workload and neighbours of a firm with `revenue` a year and the team `reps`."""
    rng = np.random.default_rng([seed, 6])
    accounts, lines = _accounts(rng, reps, revenue)
    return {
        "accounts": accounts,
        "account_lines": lines,
        "workload": _workload(accounts),
        "neighbours": pd.DataFrame(BORDERS, columns=["region", "neighbour"]),
    }


def _accounts(rng: np.random.Generator, reps: pd.DataFrame, revenue: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    count = COUNT
    size = np.exp([market[4] for market in names.MARKETS])
    market = rng.choice(size.size, count, p=size / size.sum())
    group = rng.choice(len(names.GROUPS), count, p=[row.accounts for row in names.GROUPS])
    place = np.array([(row[2], row[3]) for row in names.MARKETS])[market]
    place = place + rng.standard_normal((count, 2)) * np.array([0.12, 0.16])
    potential = _potential(rng, group, revenue)
    rank = potential.argsort().argsort() / count
    tier = np.digitize(rank, [0.50, 0.85])
    serving = reps.loc[(reps["role"] == "representative") & reps["left"].isna()].reset_index(drop=True)
    rep = _today(rng, place, serving)
    since = np.maximum(
        serving["hired"].to_numpy()[rep],
        (pd.Timestamp("2014-01-01") + pd.to_timedelta(rng.integers(0, 4500, count), unit="D")).to_numpy(),
    )
    calls = np.array(CALLS)[tier]
    made = np.round(calls * rng.choice([0.4, 0.7, 0.9, 1.0, 1.1], count, p=[0.1, 0.2, 0.3, 0.3, 0.1]))
    share = WITHOUT_CALLS + FROM_CALLS * (1 - np.exp(-PACE * made / calls)) + 0.06 * rng.standard_normal(count)
    bought = np.round(potential * np.clip(share, 0.2, 1.0), -2).astype(int)
    called = _account_names(rng, market, group)
    lines = _lines(rng, called, group, bought)
    table = pd.DataFrame(
        {
            "account": called,
            "region": [names.MARKETS[at][1] for at in market],
            "market": [names.MARKETS[at][0] for at in market],
            "lat": place[:, 0].round(3),
            "lon": place[:, 1].round(3),
            "segment": [names.GROUPS[at].name for at in group],
            "line": lines.groupby("account", sort=False)["line"].agg(";".join).loc[called].to_numpy(),
            "potential": potential.astype(int),
            "calls": calls,
            "hours_per_call": np.array(HOURS)[tier],
            "rep": serving["rep"].to_numpy()[rep],
            "since": pd.DatetimeIndex(since).to_period("M").to_timestamp(),
            "calls_made": made.astype(int),
            "tier": np.array(TIERS)[tier],
            "revenue": bought,
        }
    )
    return table.sort_values(["region", "account"], ignore_index=True), lines.sort_values(
        ["account", "sales"], ascending=[True, False], kind="stable", ignore_index=True
    )


def _lines(rng: np.random.Generator, called: list[str], group: np.ndarray, bought: np.ndarray) -> pd.DataFrame:
    """What each account buys of each line, the main line first; the parts add up to what it buys."""
    taste = np.array([TASTES[row.name] for row in names.GROUPS], dtype=float)[group]
    weight = taste * rng.exponential(size=taste.shape)
    weight[weight < 0.12 * weight.sum(axis=1, keepdims=True)] = 0.0
    rows = []
    for account, total, mine in zip(called, bought, weight, strict=True):
        order = np.argsort(-mine, kind="stable")[: int((mine > 0).sum())]
        parts = np.round(total * mine[order] / mine.sum(), -1).astype(int)
        parts[0] += total - parts.sum()
        rows += [(account, names.LINES[line].name, int(part)) for line, part in zip(order, parts, strict=True)]
    return pd.DataFrame(rows, columns=["account", "line", "sales"])


def _workload(accounts: pd.DataFrame) -> pd.DataFrame:
    """Accounts by size of their potential: A, B and C."""
    tiers = accounts.groupby("tier").agg(
        accounts=("account", "size"), calls=("calls", "first"), hours_per_call=("hours_per_call", "first")
    )
    return tiers.reset_index().rename(columns={"tier": "group"})


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
    distance = np.hypot(*(((place[:, None, :] - base[None]) * np.array([1.0, 0.75])).transpose(2, 0, 1))) + 0.24
    habit = np.exp(0.40 * rng.standard_normal(distance.shape))
    target = rng.uniform(0.35, 2.1, len(serving))
    target *= len(place) / target.sum()
    favour = np.ones(len(serving))
    for _ in range(40):
        rep = (distance * favour * habit).argmin(axis=1)
        favour *= ((np.bincount(rep, minlength=len(serving)) + 1) / (target + 1)) ** 0.2
    moved = rng.random(len(place)) < 0.15
    some = np.argsort(distance, axis=1)[np.arange(len(place)), rng.integers(2, 8, len(place))]
    return np.where(moved, some, rep)


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
