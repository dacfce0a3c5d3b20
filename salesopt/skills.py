"""Skills of the team against what its accounts need: gaps, people who can't be missed, teams, training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.stats.arguments import count_fault, day_fault, number_fault, require
from salesopt.stats.levels import draw_levels, reaches
from salesopt.stats.plans import tabulate_frontier, tabulate_training, tabulate_untrained
from salesopt.stats.projectteams import SkillTeams, form_teams
from salesopt.stats.result import Result
from salesopt.stats.roles import Day
from salesopt.stats.skillcase import (
    Case,
    able_of,
    gap_of,
    gaps_expected,
    interval_of,
    needed_of,
    needs_asked,
    read_case,
)
from salesopt.stats.teaming import cheapest_cover
from salesopt.stats.training import Steps, plan_training, shadow_price, spent, training_steps

__all__ = ["SkillMatch", "SkillTeams", "form_teams", "match_skills"]

DIGITAL = (
    "data analysis",
    "digital marketing",
    "CRM",
    "mobile selling",
    "online collaboration",
    "learning",
)


@dataclass(frozen=True, eq=False, repr=False)
class SkillMatch(Result):
    """What `match_skills` found. Levels run from 0 (none) to 4 (expert); hours are a year.

    table     : skill, digital, need (mean over the hours that need it), highest_need, team_level, best_level, best
                (of those rated; blank where nobody is), coverage (share of the needed level-hours that is there), low,
                high, gap_hours (level-hours missing), gap_low, gap_high, met (share of the hours served by somebody
                who reaches the need), short (people below what their own accounts need), single_points (needs that one
                person fills), unfilled (needs that nobody fills)
    matrix    : rep, role, skill, level (as rated), std_error, expected (level), raters, need (highest of his own
                accounts), gap_hours
    groups    : group, skill, need, hours, people (who reach it), coverage, gap_hours
    points    : group, skill, need, people, who, hours, chance_under_two - needs that at most one person fills
    team      : rep, role, cost, needs (number that he fills), alone (number that nobody else in this team fills) - the
                cheapest team in which every need is filled that anybody fills
    training  : rep, skill, level (as rated), expected (level, the error of ratings allowed for: what the plan starts
                from), to, courses, cost (part of the course's set-up included), gain (level-hours a year), gain_low,
                gain_high, per_thousand (gain per 1,000 of cost), chance (share of draws of the levels in whose best
                plan it is)
    untrained : skill, gap_hours, first_cost (of one person trained by a level, the course included), less (level-hours
                a year that the budget would close less at best, if somebody had to be trained in it), reason - skills
                with a gap in which nobody is trained
    frontier  : budget, cost, gain, coverage, shadow_price (level-hours per currency)
    skipped   : item, reason
    coverage  : share of all needed level-hours that is there, with low and high
    """

    table: pd.DataFrame
    matrix: pd.DataFrame
    groups: pd.DataFrame
    points: pd.DataFrame
    team: pd.DataFrame
    training: pd.DataFrame
    untrained: pd.DataFrame
    frontier: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    coverage: float
    low: float
    high: float
    coverage_after: float
    after_low: float
    after_high: float
    budget: float
    cost: float
    gain: float
    gain_low: float
    gain_high: float
    shadow_price: float
    full_cost: float
    people: int
    noise: float
    noise_measured: bool
    confidence: float


def match_skills(
    skills: pd.DataFrame,
    skill_needs: pd.DataFrame,
    reps: pd.DataFrame,
    *,
    accounts: pd.DataFrame | None = None,
    account_lines: pd.DataFrame | None = None,
    budget: float | None = None,
    noise: float = 0.5,
    draws: int = 400,
    plan_draws: int = 30,
    confidence: float = 0.95,
    seed: int = 0,
    today: Day = None,
) -> SkillMatch:
    """Match the skills of the team with what the accounts it serves need, and plan the training.

    A need is a level of a skill for a customer segment or product line (`skill_needs`). It is held against the level
    of the person who serves these accounts (`accounts.rep`), hour by hour: one level missing for one hour is one
    level-hour of gap. Levels are means over raters; the error of a rating comes from raters who rated the same thing,
    or is `noise` levels (an assumption) where nobody did. Gaps, coverage and gains are those to be expected given the
    ratings and their error (`stats.levels.shrink_levels`): as rated, gaps would look wider and training better than
    they are. With `noise` 0 and one rating each they are the plain sums. Who reaches a need is counted as rated.

    skills, skill_needs, reps, accounts : tables of that name
    today : day on which people are here, the others are left out; None: who has no day in `left` is here
    account_lines : table of that name: what an account with several lines buys of each, so that its hours are shared
        out in this ratio; without it in equal parts, which is said
    budget : currency for training; None: half of what closing every gap that courses can close would cost
    draws, plan_draws : draws of the levels for the intervals, and for how sure each training is
    Training is bought in whole courses of one level (`training_cost` a person, `course_cost` once a skill); the plan is
    the proved optimum of a 0-1 programme.

    Raises DataError (all problems of the tables at once) and ParameterError.
    """
    require(
        number_fault("budget", budget, least=0, optional=True),
        number_fault("noise", noise, least=0, most=4, unit="levels"),
        count_fault("draws", draws),
        count_fault("plan_draws", plan_draws),
        count_fault("seed", seed),
        number_fault("confidence", confidence, above=0, below=1),
        day_fault("today", today, optional=True),
    )
    case = read_case(skills, skill_needs, reps, accounts, account_lines, noise, today)
    drawn = draw_levels(case.ratings, draws=draws, seed=seed)
    by_group, drawn_gaps = gaps_expected(case), gap_of(case, drawn)
    gaps = by_group.sum(axis=2)
    steps = training_steps(case.mean, case.deviation, case.need, case.demand.hours, case.cost, case.course_cost)
    amount = 0.5 * steps.full_cost if budget is None else float(budget)
    plan = plan_training(steps, np.array([amount]))[0]
    training, drawn_after = tabulate_training(case, steps, plan, drawn, plan_draws, amount, confidence)
    needed = needed_of(case)
    total = needed.sum()
    coverage = 1 - gaps.sum() / total
    gain = float(steps.gain[plan].sum())
    low, high = interval_of(1 - drawn_gaps.sum(axis=(1, 2)) / total, confidence)
    after_low, after_high = interval_of(1 - drawn_after / total, confidence)
    gain_low, gain_high = interval_of(drawn_gaps.sum(axis=(1, 2)) - drawn_after, confidence)
    points = _points(case, drawn)
    return SkillMatch(
        table=_table(case, gaps, drawn_gaps, points, confidence),
        matrix=_matrix(case, gaps),
        groups=_groups(case, by_group),
        points=points,
        team=_core(case),
        training=training,
        untrained=tabulate_untrained(case, steps, plan, gaps.sum(axis=0), amount),
        frontier=tabulate_frontier(case, steps, gaps.sum(), total, amount),
        skipped=_skipped(case, steps),
        cautions=_cautions(case, steps),
        coverage=float(coverage),
        low=low,
        high=high,
        coverage_after=float(coverage + gain / total),
        after_low=after_low,
        after_high=after_high,
        budget=amount,
        cost=spent(steps, plan),
        gain=gain,
        gain_low=gain_low,
        gain_high=gain_high,
        shadow_price=shadow_price(steps, amount),
        full_cost=steps.full_cost,
        people=len(case.people),
        noise=case.levels.noise,
        noise_measured=case.levels.measured,
        confidence=confidence,
    )


def _table(case: Case, gaps: np.ndarray, drawn: np.ndarray, points: pd.DataFrame, confidence: float) -> pd.DataFrame:
    hours = case.demand.hours
    needed = needed_of(case)
    single, unfilled = (points.loc[points["people"] == count, "skill"].value_counts() for count in (1, 0))
    own = np.where(hours[:, :, None] > 0, case.need[None], 0.0).max(axis=1)
    rows = []
    for at, skill in enumerate(case.skills):
        wants = case.need[:, at] > 0
        asked = hours[:, wants].sum()
        total, gap = needed[:, at].sum(), gaps[:, at].sum()
        low, high = interval_of(drawn[:, :, at].sum(axis=1), confidence)
        reach = reaches(case.level[:, at][:, None], case.need[wants, at][None, :])
        rated = case.raters[:, at] > 0
        best = int(np.where(rated, case.level[:, at], -1.0).argmax())
        rows.append(
            {
                "skill": skill,
                "digital": skill.lower() in {name.lower() for name in DIGITAL},
                "need": total / asked if asked > 0 else 0.0,
                "highest_need": float(case.need[:, at].max()),
                "team_level": float(case.level[:, at].mean()),
                "best_level": float(case.level[best, at]) if rated.any() else np.nan,
                "best": str(case.people["rep"].iloc[best]) if rated.any() else "",
                "coverage": 1 - gap / total if total > 0 else np.nan,
                "low": 1 - high / total if total > 0 else np.nan,
                "high": 1 - low / total if total > 0 else np.nan,
                "gap_hours": gap,
                "gap_low": low,
                "gap_high": high,
                "met": float((hours[:, wants] * reach).sum() / asked) if asked > 0 else np.nan,
                "short": int((~reaches(case.level[:, at], own[:, at])).sum()),
                "single_points": int(single.get(skill, 0)),
                "unfilled": int(unfilled.get(skill, 0)),
            }
        )
    return pd.DataFrame(rows).sort_values("gap_hours", ascending=False, kind="stable", ignore_index=True)


def _matrix(case: Case, gaps: np.ndarray) -> pd.DataFrame:
    own = np.where(case.demand.hours[:, :, None] > 0, case.need[None], 0.0).max(axis=1)
    count = len(case.skills)
    return pd.DataFrame(
        {
            "rep": np.repeat(case.people["rep"].to_numpy(str), count),
            "role": np.repeat(case.people["role"].to_numpy(str), count),
            "skill": np.tile(np.array(case.skills, dtype=object), len(case.people)),
            "level": case.level.ravel(),
            "std_error": case.error.ravel(),
            "expected": case.mean.ravel(),
            "raters": case.raters.ravel().astype(int),
            "need": own.ravel(),
            "gap_hours": gaps.ravel(),
        }
    )


def _groups(case: Case, by_group: np.ndarray) -> pd.DataFrame:
    rows = []
    for group, skill in needs_asked(case):
        hours, need = case.demand.hours[:, group], case.need[group, skill]
        gap = float(by_group[:, skill, group].sum())
        people = int(reaches(case.level[:, skill], need).sum())
        name = (case.demand.groups[group], case.skills[skill])
        rows.append((*name, need, hours.sum(), people, 1 - gap / (need * hours.sum()), gap))
    columns = ["group", "skill", "need", "hours", "people", "coverage", "gap_hours"]
    return pd.DataFrame(rows, columns=columns).sort_values("gap_hours", ascending=False, ignore_index=True)


def _points(case: Case, drawn: np.ndarray) -> pd.DataFrame:
    """Needs that nobody or one person fills, most hours first."""
    rows = []
    for group, skill in needs_asked(case):
        need = case.need[group, skill]
        able = np.flatnonzero(reaches(case.level[:, skill], need))
        if len(able) > 1:
            continue
        chance = float((reaches(drawn[:, :, skill], need).sum(axis=1) < 2).mean()) if len(drawn) else np.nan
        who = ", ".join(case.people["rep"].iloc[able])
        hours = float(case.demand.hours[:, group].sum())
        rows.append((case.demand.groups[group], case.skills[skill], need, len(able), who, hours, chance))
    columns = ["group", "skill", "need", "people", "who", "hours", "chance_under_two"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["people", "hours"], ascending=[True, False], ignore_index=True)


def _core(case: Case) -> pd.DataFrame:
    """The cheapest people who together fill every need that anybody fills."""
    able = able_of(case)
    chosen = np.flatnonzero(cheapest_cover(able, case.people["cost"].to_numpy(float), 1))
    inside = able[chosen]
    alone = (inside & (inside.sum(axis=0) == 1)).sum(axis=1)
    table = case.people.loc[chosen, ["rep", "role", "cost"]].assign(needs=inside.sum(axis=1), alone=alone)
    return table.sort_values(["alone", "needs"], ascending=False, ignore_index=True)


def _skipped(case: Case, steps: Steps) -> pd.DataFrame:
    rows = list(case.demand.skipped)
    rows += [(name, "rated, but not in the table reps") for name in case.strangers]
    rows += [(name, "sells, but has no rating of any skill") for name in case.unrated]
    wanted = case.need.max(axis=0) > 0
    short = gap_of(case, case.level).sum(axis=0) > 0
    for at, skill in enumerate(case.skills):
        if not wanted[at]:
            rows.append((f"skill {skill}", "rated, but no group of accounts is said to need it"))
        elif not (case.raters[:, at] > 0).any():
            rows.append((f"skill {skill}", "needed, but nobody is rated in it; everybody counts as level 0"))
        if wanted[at] and short[at] and not np.isfinite(case.cost[at]):
            rows.append((f"training in {skill}", "no training_cost in skill_needs"))
    known = {skill.lower() for skill in case.skills}
    if others := [name for name in DIGITAL if name.lower() not in known]:
        rows.append((f"digital skills: {', '.join(others)}", "neither rated nor needed in these tables"))
    asked = needs_asked(case)
    able = able_of(case)
    for number, (group, at) in enumerate(asked):
        if not able[:, number].any():
            name = f"{case.skills[at]} for {case.demand.groups[group]}"
            rows.append((name, f"nobody reaches level {case.need[group, at]:g}; no team can fill it without training"))
    return pd.DataFrame(rows, columns=["item", "reason"])


def _cautions(case: Case, steps: Steps) -> tuple[str, ...]:
    found = []
    if case.levels.measured:
        found.append(f"Raters of the same skill differ by a standard deviation of {case.levels.noise:.2f} levels.")
    else:
        found.append(
            f"Each level is one rating; its error is not known and taken as {case.levels.noise:g} levels. A second "
            "rater for some people would measure it."
        )
    bias = case.levels
    if np.isfinite(bias.self_bias):
        found.append(
            f"People rate themselves {bias.self_bias:+.2f} levels ({bias.self_low:+.2f} to {bias.self_high:+.2f}) "
            "against what others give them."
        )
    elif not case.levels.measured:
        found.append("Where people rate themselves, levels run high; the interval does not hold that.")
    blank = int((case.raters[:, case.need.max(axis=0) > 0] == 0).sum())
    if blank:
        found.append(f"{blank} pairs of person and needed skill have no rating and count as level 0.")
    if case.uneven:
        found.append(f"Groups name different costs for {', '.join(case.uneven)}; the highest is used.")
    if case.demand.source != "accounts as served today":
        found.append(f"Who needs what is weighed by {case.demand.source}, because accounts name no representative.")
    found += case.demand.cautions
    if len(steps.gain):
        found.append(
            "A course is taken to raise a person by one level for good; what courses really do is not measured."
        )
    return tuple(found)
