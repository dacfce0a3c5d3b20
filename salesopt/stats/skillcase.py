"""Skills, needs and hours as arrays: who is how good at what, for whom it is needed, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import DataError, Problem
from salesopt.stats.demandhours import Demand, demand_of
from salesopt.stats.levels import Levels, Ratings, estimate_levels, expected_gap, reaches, shrink_levels
from salesopt.stats.roles import Day, is_here, sells
from salesopt.study.tables import check_table


@dataclass(frozen=True, eq=False)
class Case:
    """The tables as arrays: levels people x skills, need groups x skills, hours people x groups.

    level, error, raters : as rated; mean, deviation : the level to be expected given the ratings, see `shrink_levels`
    """

    people: pd.DataFrame
    skills: tuple[str, ...]
    level: np.ndarray
    error: np.ndarray
    raters: np.ndarray
    ratings: Ratings
    mean: np.ndarray
    deviation: np.ndarray
    need: np.ndarray
    demand: Demand
    cost: np.ndarray
    course_cost: np.ndarray
    levels: Levels
    strangers: tuple[str, ...]
    unrated: tuple[str, ...]
    uneven: tuple[str, ...]


def read_case(
    skills: pd.DataFrame,
    skill_needs: pd.DataFrame,
    reps: pd.DataFrame,
    accounts: pd.DataFrame | None,
    account_lines: pd.DataFrame | None,
    noise: float,
    today: Day = None,
) -> Case:
    """Check the tables, all problems at once, and read them as of `today`; see `skills.match_skills` for them."""
    frames = {"skills": skills, "skill_needs": skill_needs, "reps": reps}
    optional = {"accounts": accounts, "account_lines": account_lines}
    frames |= {name: frame for name, frame in optional.items() if frame is not None}
    problems: list[Problem] = []
    checked: dict[str, pd.DataFrame] = {}
    for name, frame in frames.items():
        checked[name], found = check_table(name, frame)
        problems += found
    if problems:
        raise DataError(problems)
    here = checked["reps"][is_here(checked["reps"], today)]
    levels = estimate_levels(checked["skills"], noise=noise)
    people = here[here["rep"].isin(levels.table["rep"])].reset_index(drop=True)
    if people.empty:
        raise DataError([Problem("skills", "rep", None, "", "at least one person who is here, named as in reps")])
    wanted = checked["skill_needs"]
    names = tuple(dict.fromkeys([*wanted["skill"], *levels.table["skill"]]))
    groups = tuple(dict.fromkeys(wanted["group"]))
    demand = demand_of(groups, people, checked.get("accounts"), checked.get("account_lines"))
    cost, course, uneven = _prices(wanted, names)
    level = _wide(levels.table, "level", people, names)
    error, raters = (_wide(levels.table, column, people, names) for column in ("std_error", "raters"))
    ratings = Ratings(level, error, raters > 0, levels.freedom)
    mean, deviation = shrink_levels(ratings)
    case = Case(
        people=people,
        skills=names,
        level=level,
        error=error,
        raters=raters,
        ratings=ratings,
        mean=mean,
        deviation=deviation,
        need=_needs(wanted, demand.groups, names),
        demand=demand,
        cost=cost,
        course_cost=course,
        levels=levels,
        strangers=tuple(sorted(set(levels.table["rep"]) - set(checked["reps"]["rep"]))),
        unrated=tuple(here.loc[sells(here) & ~here["rep"].isin(people["rep"]), "rep"]),
        uneven=uneven,
    )
    if not needed_of(case).sum() > 0:
        raise DataError([Problem("skill_needs", "level", None, "", "a level above 0 for a group that the team serves")])
    return case


def _wide(table: pd.DataFrame, value: str, people: pd.DataFrame, skills: tuple[str, ...]) -> np.ndarray:
    wide = table.pivot_table(index="rep", columns="skill", values=value)
    return wide.reindex(index=people["rep"], columns=list(skills)).fillna(0.0).to_numpy(float)


def _needs(wanted: pd.DataFrame, groups: tuple[str, ...], skills: tuple[str, ...]) -> np.ndarray:
    wide = wanted.pivot_table(index="group", columns="skill", values="level")
    return wide.reindex(index=list(groups), columns=list(skills)).fillna(0.0).to_numpy(float)


def _prices(wanted: pd.DataFrame, skills: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Cost of a level and of a course per skill (the highest where groups differ), and the skills where they differ."""
    empty = pd.Series(np.nan, index=wanted.index)
    table = pd.DataFrame({name: wanted.get(name, empty) for name in ("training_cost", "course_cost")})
    grouped = table.groupby(wanted["skill"])
    most = grouped.max().reindex(list(skills))
    uneven = tuple(map(str, grouped.nunique().max(axis=1).loc[lambda count: count > 1].index))
    return most["training_cost"].to_numpy(float), most["course_cost"].to_numpy(float), uneven


def gaps_expected(case: Case) -> np.ndarray:
    """Level-hours missing that are to be expected: people x skills x groups, hours a year."""
    gap = expected_gap(case.mean[:, :, None], case.deviation[:, :, None], case.need.T[None])
    return gap * case.demand.hours[:, None, :]


def gap_of(case: Case, level: np.ndarray) -> np.ndarray:
    """Level-hours missing at `level` (... people x skills): of the same shape, hours a year."""
    gap = np.zeros_like(level)
    for number, hours in enumerate(case.demand.hours.T):
        gap += hours[:, None] * np.maximum(case.need[number] - level, 0.0)
    return gap


def needed_of(case: Case) -> np.ndarray:
    """Level-hours needed, people x skills."""
    return case.demand.hours @ case.need


def needs_asked(case: Case) -> list[tuple[int, int]]:
    """(group, skill) of every need above 0 of a group that somebody serves."""
    served = case.demand.hours.sum(axis=0) > 0
    return [(int(group), int(skill)) for group, skill in np.argwhere((case.need > 0) & served[:, None])]


def able_of(case: Case) -> np.ndarray:
    """People x needs of `needs_asked`, whether the person fills it."""
    asked = needs_asked(case)
    filled = [reaches(case.level[:, skill], case.need[group, skill]) for group, skill in asked]
    return np.array(filled, bool).T.reshape(len(case.people), len(asked))


def interval_of(drawn: np.ndarray, confidence: float) -> tuple[float, float]:
    """The middle `confidence` of the draws; nan without draws."""
    if not len(drawn):
        return float("nan"), float("nan")
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
