"""Structures measured side by side: as the tables say, under draws of what is assumed, and one assumption at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.stats.organisation import Assumptions, Work, lay_out_structure
from salesopt.stats.staffing import People, measure, shift_response
from salesopt.stats.weighting import acceptability, least_shift, weighted_score, winners_along

CALLS_VARIATION = 0.15
JUDGED = (
    "speed",
    "detour",
    "opening_hours",
    "separate",
    "coordination",
    "key_share",
    "joint",
    "span",
    "cost_per_km",
    "night_cost",
)


@dataclass(frozen=True, eq=False)
class Case:
    """One reading of the firm: its work, its people and what is assumed of a working day."""

    work: Work
    people: People
    assumed: Assumptions
    shift: float


def measure_structure(name: str, case: Case) -> dict[str, float]:
    """What one structure costs and gives: `staffing.measure` of its layout."""
    layout = lay_out_structure(name, case.work, case.people.capacity, case.assumed)
    return measure(layout, case.work, case.people, case.assumed, case.shift)


def draw_structures(
    options: Sequence[str], case: Case, spread: float, random: np.random.Generator
) -> list[dict[str, float]]:
    """All structures measured under one draw of the assumptions and of the calls that accounts need."""
    factors = random.uniform(1 - spread, 1 + spread, len(JUDGED))
    assumed = moved(case.assumed, dict(zip(JUDGED, factors, strict=True)))
    noise = np.sqrt(np.log1p(CALLS_VARIATION**2))
    calls = case.work.calls * random.lognormal(-(noise**2) / 2, noise, len(case.work.calls))
    drawn = dataclasses.replace(case, work=dataclasses.replace(case.work, calls=calls), assumed=assumed)
    return [measure_structure(name, drawn) for name in options]


def moved(assumed: Assumptions, factors: Mapping[str, float]) -> Assumptions:
    """The assumptions times `factors`, kept inside what they can be."""
    values = {name: getattr(assumed, name) * factor for name, factor in factors.items()}
    values |= {name: min(values[name], 1.0) for name in ("separate", "key_share", "joint") if name in values}
    values |= {"detour": max(values["detour"], 1.0)} if "detour" in values else {}
    return dataclasses.replace(assumed, **values)


def points_of(measured: Sequence[Mapping[str, float]], usable: Sequence[str]) -> np.ndarray:
    """Structures x criteria, points from 0 to 1."""
    least = min(row["cost"] for row in measured)
    return np.array([[least / row["cost"] if name == "cost" else row[name] for name in usable] for row in measured])


@dataclass(frozen=True, eq=False)
class Ranking:
    """Points and scores of the structures, as measured and in every draw (draws x structures)."""

    points: np.ndarray
    score: np.ndarray
    drawn: np.ndarray
    order: np.ndarray
    wins_any: np.ndarray


def rank_structures(
    options: Sequence[str],
    usable: Sequence[str],
    weight: np.ndarray,
    measured: Sequence[Mapping[str, float]],
    drawn: Sequence[Sequence[Mapping[str, float]]],
    seed: int,
) -> Ranking:
    """Points, scores, order and the share of all weights under which each structure wins."""
    points = points_of(measured, usable)
    score = weighted_score(points, weight)
    scores = np.array([weighted_score(points_of(rows, usable), weight) for rows in drawn]).reshape(-1, len(options))
    order = np.argsort(-score, kind="stable")
    return Ranking(points, score, scores, order, acceptability(points, draws=10_000, seed=seed))


def tabulate_shifts(options: Sequence[str], case: Case) -> pd.DataFrame:
    """structure, kind, group, extra_hours, unserved_hours, unserved (fraction): `staffing.shift_response` of each."""
    rows = []
    for name in options:
        layout = lay_out_structure(name, case.work, case.people.capacity, case.assumed)
        found = shift_response(layout, case.work, case.people.capacity, case.assumed, case.shift)
        rows += [(name, *row, row[3] / row[2] if row[2] > 0 else np.nan) for row in found]
    return pd.DataFrame(rows, columns=["structure", "kind", "group", "extra_hours", "unserved_hours", "unserved"])


def tabulate_unserved(shifts: pd.DataFrame) -> pd.DataFrame:
    """structure, kind, least, mean, most: share of the extra hours that stays unserved, over the groups of a kind.

    The last kind of each structure, "average", is the mean of its kinds, each counted once: what the criterion agility
    rests on.
    """
    found = shifts.groupby(["structure", "kind"], sort=False)["unserved"].agg(least="min", mean="mean", most="max")
    table = found.reset_index()
    average = table.groupby("structure", sort=False)[["mean"]].mean().reset_index().assign(kind="average")
    return pd.concat([table, average], ignore_index=True)


def vary_assumptions(
    options: Sequence[str], usable: Sequence[str], weight: np.ndarray, case: Case, spread: float
) -> pd.DataFrame:
    """Who wins when one assumption alone goes to either end of its range; assumptions of no effect are left in."""
    rows = []
    for name in JUDGED if spread > 0 else ():
        for factor in (1 - spread, 1 + spread):
            assumed = moved(case.assumed, {name: factor})
            measured = [measure_structure(option, dataclasses.replace(case, assumed=assumed)) for option in options]
            score = weighted_score(points_of(measured, usable), weight)
            order = np.argsort(-score, kind="stable")
            first = measured[order[0]]
            lead = float(score[order[0]] - score[order[1]])
            rows.append((name, getattr(assumed, name), options[order[0]], lead, first["reps"], first["cost"]))
    return pd.DataFrame(rows, columns=["assumption", "value", "winner", "lead", "reps", "cost"])


def interval_of(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """The middle `confidence` of the draws; nan where there are none."""
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def weigh_gain(
    measured: Sequence[Mapping[str, float]],
    drawn: Sequence[Sequence[Mapping[str, float]]],
    form: int | None,
    best: int,
    paid_now: float,
    confidence: float,
) -> dict[str, float]:
    """cheaper and saving with low and high, see `structure.Structures`; all nan where today's `form` is not known.

    paid_now : cost of today's people, currency a year
    """
    found = dict.fromkeys([f"{name}{end}" for name in ("cheaper", "saving") for end in ("", "_low", "_high")], np.nan)
    if form is None:
        return found
    # The form laid out anew may have more people than the firm pays: only what it pays can be saved.
    above = [paid_now - rows[best]["people_cost"] for rows in (measured, *drawn)]
    cheaper = np.array([rows[form]["cost"] - rows[best]["cost"] for rows in (measured, *drawn)])
    gains = {"cheaper": cheaper, "saving": np.minimum(cheaper, above)} if above[0] > 0 else {"cheaper": cheaper}
    for name, values in gains.items():
        found[name] = float(values[0])
        found[f"{name}_low"], found[f"{name}_high"] = interval_of(values[1:], confidence)
    return found


def tabulate_structures(
    options: Sequence[str],
    measured: Sequence[Mapping[str, float]],
    drawn: Sequence[Sequence[Mapping[str, float]]],
    confidence: float,
) -> pd.DataFrame:
    """What each structure costs and gives, with the intervals of cost and heads over the draws."""
    table = pd.DataFrame(measured).drop(columns=["selling", "contact", "continuity", "agility"])
    table.insert(0, "structure", list(options))
    for name in ("cost", "reps"):
        found = [interval_of(np.array([rows[at][name] for rows in drawn]), confidence) for at in range(len(options))]
        table[f"{name}_low"], table[f"{name}_high"] = zip(*found, strict=True)
    return table


def tabulate_scores(options: Sequence[str], usable: Sequence[str], ranking: Ranking, confidence: float) -> pd.DataFrame:
    """Points per criterion and score of each structure, its interval, how often it wins, and its rank."""
    scores = pd.DataFrame(ranking.points, columns=list(usable))
    scores.insert(0, "structure", list(options))
    scores["score"] = ranking.score
    found = [interval_of(ranking.drawn[:, at], confidence) for at in range(len(options))]
    scores["low"], scores["high"] = zip(*found, strict=True)
    wins = np.bincount(ranking.drawn.argmax(axis=1), minlength=len(options)) / max(len(ranking.drawn), 1)
    scores["wins"] = wins if len(ranking.drawn) else np.nan
    scores["wins_any"] = ranking.wins_any
    scores["rank"] = 1 + np.argsort(ranking.order)
    return scores


def tabulate_flips(
    options: Sequence[str], usable: Sequence[str], weight: np.ndarray, points: np.ndarray
) -> pd.DataFrame:
    """Which structure wins at which weight of one criterion, the others in proportion."""
    rows = [
        (name, weight[at], start, end, options[winner], bool(start <= weight[at] <= end))
        for at, name in enumerate(usable)
        for start, end, winner in winners_along(points, weight, at)
    ]
    return pd.DataFrame(rows, columns=["criterion", "weight", "from", "to", "winner", "holds"])


def tabulate_rivals(
    options: Sequence[str], usable: Sequence[str], weight: np.ndarray, ranking: Ranking
) -> pd.DataFrame:
    """How far each other structure is behind, and the least weight that must move for it to come level."""
    best = int(ranking.order[0])
    rows = []
    for rival in map(int, ranking.order[1:]):
        moved, then = least_shift(ranking.points, weight, rival)
        behind = float(ranking.score[best] - ranking.score[rival])
        rows.append((options[rival], behind, moved, *then))
    return pd.DataFrame(rows, columns=["structure", "behind", "least_shift", *usable])
