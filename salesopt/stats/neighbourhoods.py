"""Improve an assignment by solving it again, exactly, for a few neighbouring representatives at a time.

A large balanced assignment is beyond one integer programme: its search finds plans late. The part of it that belongs to
four or five representatives who share a border is solved in a fraction of a second, and going round over all such
groups until none helps gives plans that the whole programme does not find in minutes (large neighbourhood search: Shaw
1998; Pisinger and Ropke, "Large neighborhood search", Handbook of Metaheuristics, 2010). It proves nothing by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy import sparse

from salesopt.stats.highs import begin_from, linear_model, quiet_solver
from salesopt.stats.matching import Flags, Load, Matching, Numbers, Places
from salesopt.stats.relaxation import Rows

GROUPS = (3, 4, 5, 6, 7, 8)  # representatives solved together, a round or two each; larger groups take far longer
PAIRS = 4  # pairs per account, the cheapest by reduced cost, that a group may use
NODES = 30  # nodes of one group's programme: a count, not a clock, so that the plan can be repeated
ROUNDS = 12
LEAST = 0.05  # weight of a representative without slack in the draw of a group, against the one with most
DEAR = 10.0  # of missing a limit by its whole scale, in multiples of the dearest pair; rises while limits are missed
RISE = 3.0  # a high price at once would repair each limit where it is missed, at any cost, and not where it is cheap


def improve_plan(
    problem: Matching,
    choice: Places,
    reduced: Numbers,
    *,
    enough: float,
    deadline: float,
    slack: Callable[[Places], Numbers] | None = None,
    largest: int = GROUPS[-1],
    seed: int = 0,
) -> Places:
    """A plan that is no dearer than `choice`, and within the limits where `choice` could be brought there.

    choice  : representative of each account; may miss limits (a rounded relaxation)
    reduced : cost of each pair with the price of the limits it uses, above the account's cheapest
    enough  : cost at which to stop; deadline : of `time.perf_counter`
    slack   : by how much each representative's part of a plan is dearer than it need be: groups are drawn around
              those who miss limits, then around those with most slack; None goes round all
    Contiguity is not looked at. Returns an empty plan where no plan within the limits was found.
    """
    reps = problem.cost.shape[1]
    near = _nearness(reduced)
    usable = np.isfinite(problem.cost) & (reduced <= _reach(reduced))
    generator = np.random.default_rng(seed)
    penalty = DEAR * float(np.abs(problem.cost[np.isfinite(problem.cost)]).max(initial=1.0))
    tried: set[tuple[bytes, bytes, float]] = set()
    for number in range(ROUNDS):
        before, missed = problem.cost_of(choice), _missed(problem, choice)
        many = GROUPS[min(number // 2, len(GROUPS) - 1)]
        many = many if missed else min(many, largest)  # limits must be met whatever it takes
        for first in generator.permutation(reps):
            if time.perf_counter() > deadline:
                return choice if not _missed(problem, choice) else choice[:0]
            weight = np.ones(reps)
            if slack is not None:
                weight = _weight(problem, choice, slack)
                first = generator.choice(reps, p=weight / weight.sum())
            group = _group(near * weight, int(first), many, generator)
            key = (group.tobytes(), np.where(np.isin(choice, group), choice, -1).tobytes(), penalty)
            if key not in tried:
                tried.add(key)
                choice = _solve_group(problem, choice, group, usable, penalty)
        left = _missed(problem, choice)
        penalty *= RISE if left else 1.0
        cost = problem.cost_of(choice)
        if not left and cost <= enough:
            break
        if not left and not missed and cost >= before * (1 - 1e-5) and many == largest:
            break
    return choice if not _missed(problem, choice) else choice[:0]


def _totals(load: Load, choice: Places) -> Numbers:
    use = load.use[np.arange(len(choice)), choice]
    return np.bincount(choice, weights=use, minlength=len(load.scale)) / load.scale


def _weight(problem: Matching, choice: Places, slack: Callable[[Places], Numbers]) -> Numbers:
    """How much each counts in the draw of a group: who misses a limit; where nobody does, who has slack."""
    loose = np.zeros(problem.cost.shape[1])
    for load in problem.loads:
        total = _totals(load, choice)
        loose[(total < load.least / load.scale - 1e-6) | (total > load.most / load.scale + 1e-6)] = 1.0
    if not loose.any():
        loose = np.maximum(slack(choice), 0.0)
    return (loose + 1e-9) / (loose.max() + 1e-9) + LEAST


def _missed(problem: Matching, choice: Places) -> bool:
    """Whether the plan misses a limit by more than solvers allow for."""
    kept = problem.kept is None or problem.kept[np.arange(len(choice)), choice].sum() >= problem.least_kept - 1e-6
    within = [
        np.all(total >= load.least / load.scale - 1e-6) and np.all(total <= load.most / load.scale + 1e-6)
        for load, total in ((load, _totals(load, choice)) for load in problem.loads)
    ]
    return not (kept and all(within))


def _reach(reduced: Numbers) -> float:
    many = min(PAIRS * len(reduced), reduced.size)
    return float(np.partition(reduced.ravel(), many - 1)[many - 1])


def _nearness(reduced: Numbers) -> Numbers:
    """How many accounts two representatives could both serve at little loss, against how many each could."""
    could = (reduced <= _reach(reduced)).astype(float)
    shared = could.T @ could
    own = np.sqrt(np.maximum(np.diag(shared), 1.0))
    near = shared / own[:, None] / own[None] + 1e-9
    np.fill_diagonal(near, 0.0)
    return near


def _group(near: Numbers, first: int, many: int, generator: np.random.Generator) -> Places:
    """`first` and others around it, drawn in proportion to their nearness."""
    group = [first]
    for _ in range(min(many, len(near)) - 1):
        weight = near[group].sum(axis=0) ** 2
        weight[group] = 0.0
        group.append(int(generator.choice(len(near), p=weight / weight.sum())))
    return np.sort(np.array(group))


def _solve_group(problem: Matching, choice: Places, group: Places, usable: Flags, penalty: float) -> Places:
    """The plan with the accounts of this group divided anew at least cost, the others as they are."""
    mine = np.flatnonzero(np.isin(choice, group))
    if not len(mine):
        return choice
    now = np.searchsorted(group, choice[mine])
    allowed = usable[np.ix_(mine, group)]
    allowed[np.arange(len(mine)), now] = True
    part = _part(problem, choice, mine, group)
    account, rep = np.nonzero(allowed)
    rows = Rows(part)
    matrix = rows.matrix(account, rep)
    start = (now[account] == rep).astype(float)
    reached = matrix @ start
    short, over = np.maximum(rows.lower - reached, 0.0), np.maximum(reached - rows.upper, 0.0)
    low, high = np.flatnonzero(short > 1e-7), np.flatnonzero(over > 1e-7)
    slack = sparse.csc_matrix(
        (
            np.concatenate([np.ones(len(low)), -np.ones(len(high))]),
            (np.concatenate([low, high]), np.arange(len(low) + len(high))),
        ),
        shape=(len(rows.lower), len(low) + len(high)),
    )
    whole = sparse.hstack([matrix, slack]).tocsc()
    cost = np.concatenate([part.cost[account, rep], np.full(slack.shape[1], penalty)])
    values = _solve(whole, cost, rows, len(account), np.concatenate([start, short[low], over[high]]))
    chosen = values[: len(account)] > 0.5
    found = now.copy()
    found[account[chosen]] = rep[chosen]
    changed = choice.copy()
    changed[mine] = group[found]
    return changed


def _part(problem: Matching, choice: Places, mine: Places, group: Places) -> Matching:
    """The problem of these accounts and representatives; the floor on pairs kept less what the others keep."""
    at = np.ix_(mine, group)
    loads = tuple(
        Load(load.name, load.kind, load.use[at], load.least[group], load.most[group], load.scale[group])
        for load in problem.loads
    )
    kept, least = None, 0.0
    if problem.kept is not None:
        kept = problem.kept[at]
        stay = problem.kept[np.arange(len(choice)), choice]
        least = problem.least_kept - float(stay.sum() - stay[mine].sum())
    return Matching(problem.cost[at], loads, kept, max(least, 0.0))


def _solve(matrix: sparse.csc_matrix, cost: Numbers, rows: Rows, whole: int, start: Numbers) -> Numbers:
    """The integer programme of a group from `start` on; `start` itself where nothing better is found."""
    binary = np.arange(len(cost)) < whole
    most = np.where(binary, 1.0, np.inf)
    solver = quiet_solver(gap=1e-4)
    solver.setOptionValue("mip_max_nodes", NODES)
    solver.setOptionValue("mip_allow_restart", False)  # restarts take most of the time and find nothing here
    solver.passModel(linear_model(matrix, cost, rows.lower, rows.upper, most=most, whole=binary))
    begin_from(solver, start)
    solver.run()
    if solver.getInfo().primal_solution_status != 2:
        return start
    values = np.array(solver.getSolution().col_value)
    return values if cost @ values < cost @ start - 1e-9 * abs(cost @ start) else start
