"""Structures measured side by side: as the tables say, under draws of what is assumed, and one assumption at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.stats.organisation import Assumptions, Work, lay_out_structure
from salesopt.stats.staffing import People, measure, shift_response
from salesopt.stats.weighting import acceptability, weighted_score

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
