"""A training plan in words and figures: who is to learn what, how sure that is, and what other budgets would buy."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.skillcase import Case, gap_of, interval_of
from salesopt.stats.training import Steps, most_with, plan_training, shadow_price, spent, training_steps

SMALL = 1e-3  # part of all that is missing below which a skill wants no reason for not being trained


def _courses(case: Case, steps: Steps, plan: np.ndarray) -> np.ndarray:
    """Courses per person and skill."""
    count = np.zeros(case.level.shape)
    np.add.at(count, (steps.person[plan], steps.skill[plan]), 1)
    return count


def tabulate_training(
    case: Case,
    steps: Steps,
    plan: np.ndarray,
    drawn: np.ndarray,
    plan_draws: int,
    budget: float,
    confidence: float,
) -> tuple[pd.DataFrame, np.ndarray]:
    """The courses bought, and the gap left in every draw once they are taken."""
    courses = _courses(case, steps, plan)
    raised = drawn + courses
    gains = gap_of(case, drawn) - gap_of(case, raised)
    expected = np.zeros(case.level.shape)
    np.add.at(expected, (steps.person[plan], steps.skill[plan]), steps.gain[plan])
    chance = _chances(case, drawn[:plan_draws], budget)
    attending = (courses > 0).sum(axis=0)
    rows = []
    for person, skill in np.argwhere(courses > 0):
        set_up = np.nan_to_num(case.course_cost[skill]) / attending[skill]
        cost = courses[person, skill] * case.cost[skill] + set_up
        # A course closes a level at most: where nearly every draw gains all of it, the mean lies below their middle.
        low, high = interval_of(gains[:, person, skill], confidence)
        low, high = min(low, expected[person, skill]), max(high, expected[person, skill])
        rows.append(
            {
                "rep": str(case.people["rep"].iloc[person]),
                "skill": case.skills[skill],
                "level": case.level[person, skill],
                "expected": case.mean[person, skill],
                "to": min(case.mean[person, skill] + courses[person, skill], 4.0),
                "courses": int(courses[person, skill]),
                "cost": cost,
                "gain": expected[person, skill],
                "gain_low": low,
                "gain_high": high,
                "per_thousand": 1000 * expected[person, skill] / cost if cost > 0 else np.inf,
                "chance": chance[person, skill],
            }
        )
    columns = [
        "rep",
        "skill",
        "level",
        "expected",
        "to",
        "courses",
        "cost",
        "gain",
        "gain_low",
        "gain_high",
        "per_thousand",
        "chance",
    ]
    table = pd.DataFrame(rows, columns=columns).sort_values("gain", ascending=False, kind="stable", ignore_index=True)
    return table, gap_of(case, raised).sum(axis=(1, 2))


def _chances(case: Case, drawn: np.ndarray, budget: float) -> np.ndarray:
    """People x skills: share of the draws in whose best plan the person is trained in the skill; nan without draws."""
    if not len(drawn):
        return np.full(case.level.shape, np.nan)
    count = np.zeros(case.level.shape)
    for level in drawn:
        known = np.zeros_like(level)
        steps = training_steps(level, known, case.need, case.demand.hours, case.cost, case.course_cost)
        count += _courses(case, steps, plan_training(steps, np.array([budget]), cheapest=False)[0]) > 0
    return count / len(drawn)


def tabulate_untrained(case: Case, steps: Steps, plan: np.ndarray, gaps: np.ndarray, budget: float) -> pd.DataFrame:
    """Skills with a gap in which the plan trains nobody, widest gap first, and why; see `skills.SkillMatch`.

    gaps : level-hours missing of each skill
    """
    rows = []
    for at in np.argsort(-gaps, kind="stable"):
        if gaps[at] < SMALL * gaps.sum() or (steps.skill[plan] == at).any():
            continue
        first, less = case.cost[at] + np.nan_to_num(case.course_cost[at]), np.nan
        if not np.isfinite(first):
            reason = "its training has no price in skill_needs"
        elif not (steps.skill == at).any():
            reason = "no course closes any of it"
        elif first > budget:
            reason = "the first person trained, the course included, takes more than the budget"
        else:
            less = float(steps.gain[plan].sum()) - most_with(steps, budget, int(at))
            reason = "the budget closes more in other skills"
        rows.append((case.skills[at], gaps[at], first, less, reason))
    return pd.DataFrame(rows, columns=["skill", "gap_hours", "first_cost", "less", "reason"])


def tabulate_frontier(case: Case, steps: Steps, gap: float, needed: float, budget: float) -> pd.DataFrame:
    """What each budget buys at best, from nothing to all that courses can close."""
    budgets = np.unique(np.append(np.linspace(0.0, steps.full_cost, 13), budget))
    plans = plan_training(steps, budgets)
    gains = plans @ steps.gain
    return pd.DataFrame(
        {
            "budget": budgets,
            "cost": [spent(steps, plan) for plan in plans],
            "gain": gains,
            "coverage": 1 - (gap - gains) / needed,
            "shadow_price": [shadow_price(steps, float(amount)) for amount in budgets],
        }
    )
