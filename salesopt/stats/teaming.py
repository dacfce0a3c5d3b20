"""Teams whose members make up for each other's gaps: exact set cover and partition, solved by HiGHS."""

from __future__ import annotations

import numpy as np
import pulp

from salesopt.errors import InfeasibleError
from salesopt.stats.programme import Solution, Solver, programme_of, unit_of, with_row


def cheapest_cover(able: np.ndarray, cost: np.ndarray, cover: int) -> np.ndarray:
    """The cheapest people such that every need has `cover` of them (or all who are able, where fewer are).

    able : people x needs, whether a person fills a need; cost : per person. Returns whether each person is in. Of
    equally cheap teams one is returned. Exact: a 0-1 programme solved to a proved optimum.
    """
    if not able.any():
        return np.zeros(len(able), bool)
    problem = pulp.LpProblem("cover", pulp.LpMinimize)
    take = [problem.add_variable(f"take_{person}", cat=pulp.LpBinary) for person in range(len(able))]
    unit = unit_of(cost)
    problem += pulp.lpSum(price / unit * x for price, x in zip(cost, take, strict=True))
    for need in np.flatnonzero(able.any(axis=0)):
        who = np.flatnonzero(able[:, need])
        problem += pulp.lpSum(take[person] for person in who) >= min(cover, len(who))
    return Solver(programme_of(problem, take), gap=0.0).solve().values > 0.5


def best_teams(
    able: np.ndarray,
    weight: np.ndarray,
    cost: np.ndarray,
    *,
    teams: int,
    size: tuple[int, int],
    cover: int,
    everyone: bool,
) -> tuple[np.ndarray, float]:
    """People put into teams so that most of the weighted needs are filled in every team, then at least cost.

    able : people x needs; weight : per need; cost : per person. A need counts once per team where `cover` members fill
    it. Returns (team per person, -1 for none; weight filled over all teams). Exact: two 0-1 programmes in turn, the
    second keeps what the first filled. Raises InfeasibleError where the sizes can't be kept.
    """
    people, needs = able.shape
    low, high = size
    unit = unit_of(weight)
    weight = weight / unit
    if teams * low > people or (everyone and teams * high < people):
        raise InfeasibleError(
            f"{people} people can't form {teams} teams of {low} to {high}",
            conflict=("size", "teams"),
            relaxation=_way_out(people, teams, low, high),
        )
    problem = pulp.LpProblem("teams", pulp.LpMaximize)
    inside = [
        [problem.add_variable(f"in_{person}_{team}", cat=pulp.LpBinary) for team in range(teams)]
        for person in range(people)
    ]
    filled = [
        [problem.add_variable(f"fill_{need}_{team}", cat=pulp.LpBinary) for team in range(teams)]
        for need in range(needs)
    ]
    problem += pulp.lpSum(weight[need] * filled[need][team] for need in range(needs) for team in range(teams))
    for person in range(people):
        total = pulp.lpSum(inside[person])
        problem += (total == 1) if everyone else (total <= 1)
        # Teams are alike, so the first person is in team 0, the second in 0 or 1, ... or out.
        for team in range(person + 1, teams):
            problem += inside[person][team] == 0
    for team in range(teams):
        members = pulp.lpSum(row[team] for row in inside)
        problem += members >= low
        problem += members <= high
        for need in range(needs):
            fillers = pulp.lpSum(inside[person][team] for person in np.flatnonzero(able[:, need]))
            problem += fillers >= cover * filled[need][team]
    columns = [x for row in inside for x in row] + [z for row in filled for z in row]
    best, solution = _lexicographic(problem, columns, cost / unit_of(cost), teams)
    chosen = solution.values[: people * teams].reshape(people, teams) > 0.5
    return np.where(chosen.any(axis=1), chosen.argmax(axis=1), -1), best * unit


def _way_out(people: int, teams: int, low: int, high: int) -> str:
    """Other numbers of teams, or sizes of a team, that the people allow."""
    if teams * low > people:
        ways = [f"form at most {_plural(people // low, 'team')} of {low}"] if people >= low else []
        ways += [f"let a team have {_plural(people // teams, 'member')}"] if people >= teams else []
    else:
        ways = [f"form at least {_plural(-(-people // high), 'team')}"]
        ways += [f"let a team have {_plural(-(-people // teams), 'member')}"]
    return " or ".join(ways) or "let fewer teams have fewer members"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _lexicographic(
    problem: pulp.LpProblem, columns: list[pulp.LpVariable], cost: np.ndarray, teams: int
) -> tuple[float, Solution]:
    programme = programme_of(problem, columns)
    first = Solver(programme, gap=0.0).solve()
    best = first.objective
    solver = Solver(with_row(programme, programme.cost, best - 1e-7 * max(1.0, abs(best)), np.inf), gap=0.0)
    solver.aim(np.concatenate([-np.repeat(cost, teams), np.zeros(len(columns) - teams * len(cost))]))
    return float(best), solver.solve()
