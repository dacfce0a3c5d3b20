"""Project teams whose members make up for each other's gaps in skills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.stats.arguments import count_fault, day_fault, flag_fault, require
from salesopt.stats.result import Result
from salesopt.stats.roles import Day
from salesopt.stats.skillcase import Case, able_of, needs_asked, read_case
from salesopt.stats.teaming import best_teams


@dataclass(frozen=True, eq=False, repr=False)
class SkillTeams(Result):
    """What `form_teams` found.

    table    : team (1, 2, ...), rep, role, cost, needs (that he fills), alone (that nobody else of his team fills)
    needs    : team, group, skill, need, people (of the team who fill it), who, filled
    summary  : team, people, cost, filled (share of the needs, weighted by hours)
    left_out : rep, role, cost - people in no team
    skipped  : item, reason
    filled   : share of the weighted needs filled, over all teams; at most `possible`, were everybody in every team
    """

    table: pd.DataFrame
    needs: pd.DataFrame
    summary: pd.DataFrame
    left_out: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    filled: float
    possible: float
    cost: float
    cover: int


def form_teams(
    skills: pd.DataFrame,
    skill_needs: pd.DataFrame,
    reps: pd.DataFrame,
    *,
    accounts: pd.DataFrame | None = None,
    account_lines: pd.DataFrame | None = None,
    teams: int = 1,
    least: int = 1,
    most: int = 6,
    cover: int = 1,
    everyone: bool = False,
    today: Day = None,
) -> SkillTeams:
    """Form teams whose members make up for each other's gaps: most needs filled in every team, then at least cost.

    A need (group x skill at a level) is filled in a team where `cover` members reach it; it weighs the hours of its
    group (hours of accounts with several lines as in `match_skills`). Each team is to serve all groups and has `least`
    to `most` members; a person who is here (on the day `today`) is in one team or none (`everyone`: in one). Exact: two
    0-1 programmes solved to proved optima by HiGHS.

    Raises DataError, ParameterError; InfeasibleError where the sizes can't be kept.
    """
    sizes = {"teams": teams, "least": least, "most": most, "cover": cover}
    faults = [*(count_fault(name, value, least=1) for name, value in sizes.items()), flag_fault("everyone", everyone)]
    faults.append(day_fault("today", today, optional=True))
    require(*faults, "" if any(faults) or least <= most else f"most ({most}) must not be below least ({least})")
    case = read_case(skills, skill_needs, reps, accounts, account_lines, 0.0, today)
    able, asked = able_of(case), needs_asked(case)
    weight = np.array([case.demand.hours[:, group].sum() for group, _ in asked])
    cost = case.people["cost"].to_numpy(float)
    team, best = best_teams(able, weight, cost, teams=teams, size=(least, most), cover=cover, everyone=everyone)
    needs = _team_needs(case, able, asked, team, teams, cover)
    table = _members(case, able, team)
    filled = needs["filled"] * np.tile(weight, teams)
    share = filled.groupby(needs["team"]).sum() / weight.sum()
    summary = table.groupby("team").agg(people=("rep", "size"), cost=("cost", "sum")).reset_index()
    summary["filled"] = summary["team"].map(share)
    out = case.people.loc[team < 0, ["rep", "role", "cost"]].reset_index(drop=True)
    return SkillTeams(
        table=table,
        needs=needs,
        summary=summary,
        left_out=out,
        skipped=pd.DataFrame(list(case.demand.skipped), columns=["item", "reason"]),
        cautions=(
            "Levels are taken as rated; teams may change where a level is half a level off.",
            *case.demand.cautions,
        ),
        filled=best / (teams * weight.sum()),
        possible=float(weight[able.sum(axis=0) >= cover].sum() / weight.sum()),
        cost=float(cost[team >= 0].sum()),
        cover=cover,
    )


def _members(case: Case, able: np.ndarray, team: np.ndarray) -> pd.DataFrame:
    inside = np.flatnonzero(team >= 0)
    others = np.array([able[team == team[person]].sum(axis=0) - able[person] for person in inside])
    alone = (able[inside] & (others.reshape(len(inside), able.shape[1]) == 0)).sum(axis=1)
    table = case.people.loc[inside, ["rep", "role", "cost"]].assign(needs=able[inside].sum(axis=1), alone=alone)
    table.insert(0, "team", team[inside] + 1)
    return table.sort_values(["team", "alone", "needs"], ascending=[True, False, False], ignore_index=True)


def _team_needs(
    case: Case, able: np.ndarray, asked: list[tuple[int, int]], team: np.ndarray, teams: int, cover: int
) -> pd.DataFrame:
    rows = []
    for number in range(teams):
        for at, (group, skill) in enumerate(asked):
            who = case.people["rep"].to_numpy(str)[(team == number) & able[:, at]]
            place = (number + 1, case.demand.groups[group], case.skills[skill], case.need[group, skill])
            rows.append((*place, len(who), ", ".join(who), len(who) >= cover))
    return pd.DataFrame(rows, columns=["team", "group", "skill", "need", "people", "who", "filled"])
