"""The sample firm's judgements: SWOT, PEST, strategies and pairwise comparisons by six raters in three rounds."""

from __future__ import annotations

import numpy as np
import pandas as pd

RATERS = (
    "Chief executive",
    "Head of sales",
    "Head of finance",
    "Head of marketing",
    "Head of operations",
    "Board adviser",
)
ROUNDS = ("2026-03-10", "2026-06-09", "2026-09-08")

# quadrant, factor, weight, rating (both: middle of the raters), disagreement (standard deviation of ratings), drift of
# the rating a round, metric
SWOT = (
    (
        "S",
        "Families choose our pouches first",
        0.14,
        3.7,
        0.25,
        0.00,
        "sales.share:Kids' pouches",
    ),
    (
        "S",
        "Own orchards: a third of our apples",
        0.10,
        3.4,
        0.30,
        0.00,
        "",
    ),
    ("S", "Cold-pressed takes a growing share", 0.11, 3.5, 0.35, 0.10, "sales.share:Cold-pressed"),
    ("S", "Chilled delivery within 36 hours", 0.09, 3.3, 0.55, -0.05, ""),
    ("S", "Web-shop customers come back", 0.07, 3.2, 0.50, 0.05, ""),
    ("W", "List prices lag behind the value", 0.13, 1.4, 0.30, -0.05, "elasticity.median"),
    (
        "W",
        "Too many people on saturated chains",
        0.12,
        1.6,
        0.40,
        0.00,
        "team.redeploy_gain",
    ),
    ("W", "Television: most spent, least back", 0.10, 1.7, 0.60, -0.10, "channels.return"),
    ("W", "Only two suppliers of concentrate", 0.08, 1.8, 0.35, 0.00, ""),
    ("W", "Few can run a category review", 0.06, 1.9, 0.55, 0.00, "skills.coverage"),
    ("O", "Cafés look for premium juice", 0.14, 2.6, 0.45, 0.10, ""),
    ("O", "Shoppers pay for no added sugar", 0.13, 3.0, 0.40, 0.05, ""),
    ("O", "Online grocery keeps growing", 0.11, 2.8, 0.50, 0.10, ""),
    ("O", "A regional rival is for sale", 0.06, 1.8, 0.80, 0.05, ""),
    ("O", "Lower fee on reusable bottles", 0.07, 2.2, 0.60, 0.00, ""),
    ("T", "Chains push their own-label juice", 0.14, 2.4, 0.40, -0.10, "sales.share:Apple juice"),
    ("T", "Frost and disease: dearer oranges", 0.13, 2.3, 0.35, -0.05, ""),
    ("T", "Sugar levy before parliament", 0.09, 2.0, 0.70, 0.05, ""),
    ("T", "Delivery complaints up since April", 0.07, 2.1, 0.45, -0.15, "channels.served"),
    ("T", "Drivers and pressers hard to hire", 0.06, 2.3, 0.50, 0.00, ""),
)
# dimension, factor, probability, impact, horizon, direction, disagreement of impact, drift of probability, metric
PEST = (
    ("P", "Sugar levy extended to fruit drinks", 0.45, 3.8, 2.0, "threat", 0.5, 0.18, ""),
    ("P", "Tariff on imported concentrate lowered", 0.30, 3.0, 1.5, "opportunity", 0.5, 0.00, ""),
    ("P", "Public kitchens must buy regional produce", 0.40, 2.8, 2.5, "opportunity", 0.5, 0.04, ""),
    ("E", "Real wages of shoppers rise", 0.55, 3.2, 1.0, "opportunity", 0.4, 0.02, ""),
    ("E", "Orange prices stay above the ten-year mean", 0.70, 4.2, 0.5, "threat", 0.3, 0.03, ""),
    ("E", "Interest on the press-house loan falls", 0.50, 2.2, 1.0, "opportunity", 0.5, 0.00, ""),
    ("S", "Parents cut sugar from lunch boxes", 0.75, 3.6, 1.0, "threat", 0.5, 0.02, ""),
    ("S", "Functional drinks and shots become a habit", 0.60, 3.4, 1.5, "opportunity", 0.6, 0.05, ""),
    ("S", "People eat out more often", 0.55, 2.9, 1.0, "opportunity", 0.5, 0.00, ""),
    ("T", "Retailers price by electronic shelf labels", 0.65, 3.1, 2.0, "opportunity", 0.7, 0.04, ""),
    ("T", "High-pressure processing gets cheaper", 0.50, 2.8, 3.0, "opportunity", 0.5, 0.00, ""),
    ("T", "Grocery platforms charge for search positions", 0.55, 3.0, 1.0, "threat", 0.4, 0.02, ""),
    ("En", "Frost destroys part of the apple harvest", 0.35, 4.0, 1.0, "threat", 0.4, 0.00, ""),
    ("En", "Deposit on small plastic bottles", 0.65, 3.3, 2.0, "threat", 0.4, 0.03, ""),
    ("L", "Stricter rules for health claims on labels", 0.50, 2.6, 2.0, "threat", 0.5, 0.00, ""),
    ("L", "Unfair-trading rules limit chains' late payments", 0.40, 2.4, 1.5, "opportunity", 0.6, 0.00, ""),
)
# strategy, [(inner, outer, fit)] by place in each quadrant's list above
TOWS = (
    ("Raise orange and cold-pressed prices", [("S3", "O2", 4), ("W1", "O2", 4), ("S1", "T1", 2)]),
    ("Move people from chains to cafés", [("W2", "O1", 4), ("S4", "O1", 3), ("W2", "T1", 2)]),
    ("Shift television money online", [("W3", "O3", 4), ("S5", "O3", 3), ("W3", "T1", 2)]),
    ("Buy the regional rival", [("S1", "O4", 3), ("S2", "O4", 2), ("W4", "T2", 2)]),
    ("Third supplier of concentrate", [("W4", "T2", 4), ("S2", "T2", 3)]),
    ("No-added-sugar range for schools", [("S2", "O2", 3), ("S1", "T3", 3), ("W5", "T3", 2)]),
    ("Reusable bottles for food service", [("S4", "O5", 3), ("S4", "T5", 1), ("W2", "O5", 2)]),
    ("New delivery partner for the web shop", [("S5", "T4", 4), ("W3", "T4", 1)]),
)
COMPARED = TOWS[:4]  # strategies compared on every factor (QSPM)
GROUP_WEIGHTS = {"S": 0.30, "W": 0.20, "O": 0.30, "T": 0.20}
COMMENTS = {
    (
        "Head of finance",
        "Television: most spent, least back",
    ): "We pay for reach we already have.",
    (
        "Head of marketing",
        "Television: most spent, least back",
    ): "It builds the brand; give it time.",
    ("Board adviser", "A regional rival is for sale"): "Only at a price that the savings alone repay.",
    ("Head of operations", "Delivery complaints up since April"): "Late vans, not broken bottles.",
    ("Head of sales", "Too many people on saturated chains"): "Chains expect the visits.",
}


def factor_tables(seed: int) -> dict[str, pd.DataFrame]:
    """Tables swot, pest, tows, attractiveness and comparisons."""
    rng = np.random.default_rng([seed, 5])
    return {
        "swot": _swot(rng),
        "pest": _pest(rng),
        "tows": _tows(),
        "attractiveness": _attractiveness(rng),
        "comparisons": _comparisons(rng),
    }


def _swot(rng: np.random.Generator) -> pd.DataFrame:
    """Scores come closer to each other from round to round, as the raters see the group's answer."""
    limits = {"S": (3, 4), "W": (1, 2), "O": (1, 4), "T": (1, 4)}
    leaning = 0.3 * rng.standard_normal((len(RATERS), len(SWOT)))
    rows = []
    for turn, date in enumerate(ROUNDS):
        narrow = 0.72**turn
        for place, rater in enumerate(RATERS):
            weights = _weights(rng, narrow)
            for at, (quadrant, factor, _, rating, spread, drift, metric) in enumerate(SWOT):
                middle = rating + drift * turn + narrow * spread * (leaning[place, at] + rng.standard_normal())
                low, high = limits[quadrant]
                score = int(np.clip(np.round(middle), low, high))
                comment = COMMENTS.get((rater, factor), "") if turn == len(ROUNDS) - 1 else ""
                absent = rater == "Board adviser" and turn == 0 and factor.startswith(("Drivers", "Few", "Chilled"))
                rows.append(
                    (
                        rater,
                        quadrant,
                        factor,
                        weights[at],
                        None if absent else score,
                        date,
                        metric or None,
                        comment or None,
                    )
                )
    columns = ["rater", "quadrant", "factor", "weight", "rating", "date", "metric", "comment"]
    return pd.DataFrame(rows, columns=columns).astype({"rating": "Int64"})


def _weights(rng: np.random.Generator, narrow: float) -> np.ndarray:
    """A rater's weights in hundredths; those of strengths and weaknesses add up to 1, as do the others'."""
    raw = np.array([row[2] for row in SWOT]) * np.exp(0.18 * narrow * rng.standard_normal(len(SWOT)))
    inner = np.array([row[0] in "SW" for row in SWOT])
    weights = np.empty(len(SWOT))
    for mine in (inner, ~inner):
        part = np.floor(raw[mine] / raw[mine].sum() * 100)
        remainder = raw[mine] / raw[mine].sum() * 100 - part
        part[np.argsort(-remainder, kind="stable")[: int(100 - part.sum())]] += 1
        weights[mine] = part / 100
    return weights


def _pest(rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for turn, date in enumerate(ROUNDS):
        narrow = 0.72**turn
        moved = (0.0, 0.5, 2.0)[turn]  # most of the news came in the last quarter
        for rater in RATERS:
            for dimension, factor, probability, impact, horizon, direction, spread, drift, metric in PEST:
                chance = np.clip(probability + drift * moved + 0.09 * narrow * rng.standard_normal(), 0.05, 0.95)
                size = np.clip(np.round(impact + spread * narrow * rng.standard_normal()), 1, 5)
                years = max(horizon - turn / 4 + 0.25 * rng.integers(-1, 2), 0.25)
                chance = round(round(float(chance) * 20) / 20, 2)
                rows.append((rater, dimension, factor, chance, int(size), years, direction, date, metric or None))
    columns = ["rater", "dimension", "factor", "probability", "impact", "horizon", "direction", "date", "metric"]
    return pd.DataFrame(rows, columns=columns)


def _named(place: str) -> str:
    """The factor at a place such as S3: the third strength."""
    return [row[1] for row in SWOT if row[0] == place[0]][int(place[1:]) - 1]


def _tows() -> pd.DataFrame:
    rows = [(strategy, _named(inner), _named(outer), fit) for strategy, links in TOWS for inner, outer, fit in links]
    return pd.DataFrame(rows, columns=["strategy", "inner", "outer", "fit"])


def _attractiveness(rng: np.random.Generator) -> pd.DataFrame:
    """Scores of four strategies; high where the strategy rests on the factor, blank where it has no bearing."""
    linked = {(strategy, _named(place)): fit for strategy, links in COMPARED for *both, fit in links for place in both}
    plain = {strategy: (1, 3) if "rival" in strategy else (1, 4) for strategy, _links in COMPARED}
    silent = {row[1] for row in SWOT if row[1].startswith(("Lower fee", "Drivers"))}
    rows = []
    for _, factor, *_rest in SWOT:
        for strategy, _links in COMPARED:
            score = linked.get((strategy, factor), int(rng.integers(*plain[strategy])))
            rows.append((strategy, factor, None if factor in silent else score))
    return pd.DataFrame(rows, columns=["strategy", "factor", "score"]).astype({"score": "Int64"})


def _comparisons(rng: np.random.Generator) -> pd.DataFrame:
    """Each rater's pairwise judgements of the factors of a quadrant, and of the four quadrants ("groups")."""
    rows = []
    for rater in RATERS:
        noise = 0.60 if rater == "Head of marketing" else 0.22  # one rater contradicts herself
        for group in (*GROUP_WEIGHTS, "groups"):
            weights = GROUP_WEIGHTS if group == "groups" else {row[1]: row[2] for row in SWOT if row[0] == group}
            items = list(weights)
            own = {item: weights[item] * np.exp(0.15 * rng.standard_normal()) for item in items}
            for place, left in enumerate(items):
                for right in items[place + 1 :]:
                    ratio = own[left] / own[right] * np.exp(noise * rng.standard_normal())
                    rows.append((rater, group, left, right, _saaty(float(ratio**1.5))))
    return pd.DataFrame(rows, columns=["rater", "group", "left", "right", "ratio"])


def _saaty(ratio: float) -> float:
    """The nearest of 1/9 .. 1/2, 1, 2 .. 9, in logs."""
    scale = np.array([*(1 / np.arange(9, 1, -1)), *np.arange(1, 10)])
    return round(float(scale[np.abs(np.log(scale) - np.log(ratio)).argmin()]), 6)
