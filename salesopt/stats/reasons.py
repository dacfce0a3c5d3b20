"""Why each account goes to its representative, and, where no plan exists, which requirements clash and by how much."""

from __future__ import annotations

import dataclasses

import numpy as np

from salesopt.stats.assignment import solve_matching
from salesopt.stats.matching import Numbers, Places, Solution
from salesopt.stats.pairs import Pairs
from salesopt.stats.relaxation import relax


def explain_pairs(pairs: Pairs, solution: Solution) -> dict[str, np.ndarray]:
    """Columns reason, second, second_cost (hours a year, with what the room it takes is worth)."""
    rows, choice = np.arange(len(pairs.account)), solution.choice
    marginal = pairs.problem.cost if solution.marginal is None else solution.marginal
    others = marginal.copy()
    others[rows, choice] = np.inf
    second = others.argmin(axis=1)
    has_second = np.isfinite(others[rows, second])
    extra = np.where(has_second, others[rows, second] - marginal[rows, choice], np.nan)
    reasons = [
        _reason(pairs, row, int(choice[row])) + _second_words(pairs, row, int(choice[row]), int(second[row]), known)
        for row, known in enumerate(has_second)
    ]
    names = np.where(has_second, pairs.rep[second], "")
    return {"reason": np.array(reasons, dtype=object), "second": names, "second_cost": extra}


def _reason(pairs: Pairs, row: int, rep: int) -> str:
    """Why this representative, in words that can be read to him."""
    name, now = pairs.rep[rep], pairs.now[row]
    if pairs.locked[row]:
        return f"settled in advance for {name}"
    allowed = np.isfinite(pairs.problem.cost[row])
    if allowed.sum() == 1:
        return f"only {name} may serve it"
    best = pairs.travel[row] <= pairs.travel[row][allowed].min() + 1e-9
    good = f"nearest of all, {pairs.km[row, rep]:,.0f} km" if best[rep] and pairs.km.any() else ""
    if not np.isnan(pairs.fit[row, rep]) and pairs.fit[row, rep] >= np.nanmax(pairs.fit[row]) - 1e-9:
        good = good + (", and " if good else "") + "suits it best"
    if now == rep:
        return f"stays with {name}" + (f" ({good})" if good else "; nearer colleagues have no room")
    came = f"{pairs.former[row]} is no longer here: to {name}" if pairs.former[row] and now < 0 else f"to {name}"
    if now >= 0:
        came = f"from {pairs.rep[now]} to {name}"
        saved = pairs.travel[row, now] - pairs.travel[row, rep]
        if saved > 0.05:
            return came + f": {saved:,.1f} hours of travel a year less" + (f" ({good})" if good else "")
        return came + f": makes room and evens the load, for {-saved:,.1f} hours of travel a year more"
    return came + (f" ({good})" if good else "; nearer colleagues have no room")


def _second_words(pairs: Pairs, row: int, rep: int, second: int, known: bool) -> str:
    if not known:
        return ""
    more = pairs.problem.cost[row, second] - pairs.problem.cost[row, rep]
    if second == pairs.now[row] and more < 0:
        return ""
    if more >= 0:
        return f"; next best is {pairs.rep[second]}, {more:,.1f} hours a year more"
    return f"; {pairs.rep[second]} would save {-more:,.1f} hours a year, but has to have room for others"


@dataclasses.dataclass(frozen=True)
class _Requirement:
    """One requirement that can be let go: its words, the places of its loads, or the floor on pairs kept, or locks."""

    words: str
    load: int = -1
    kept: bool = False
    locks: bool = False


def _requirements(pairs: Pairs) -> list[_Requirement]:
    found = []
    for place, load in enumerate(pairs.problem.loads):
        words = "each representative's hours" if load.kind == "capacity" else f"balance of {load.name}"
        found.append(_Requirement(words, load=place))
    if pairs.problem.least_kept > 0:
        found.append(_Requirement("accounts that must stay", kept=True))
    if pairs.locked.any():
        found.append(_Requirement("locked pairs", locks=True))
    return found


def _missing(pairs: Pairs, wanted: list[_Requirement], only: _Requirement | None = None) -> Solution:
    """What must be missed if only the `wanted` requirements hold; `only` puts all of that on one of them."""
    loads = [pairs.problem.loads[each.load] for each in wanted if each.load >= 0]
    keeps = any(each.kept for each in wanted)
    cost = pairs.problem.cost if any(each.locks for each in wanted) else pairs.free
    weights = np.array([1.0 if only is None or each is only else 1e4 for each in wanted if each.load >= 0])
    kept_weight = 1.0 if only is None or only.kept else 1e4
    problem = dataclasses.replace(
        pairs.problem, cost=cost, loads=tuple(loads), least_kept=pairs.problem.least_kept if keeps else 0.0
    )
    return relax(problem, feasibility=True, weights=weights, kept_weight=kept_weight)


def _clash(found: Solution) -> bool:
    return bool(found.missed.max(initial=0.0) > 1e-6 or found.missed_kept > 1e-6)


def explain_conflict(pairs: Pairs, solution: Solution) -> tuple[list[str], str, str]:
    """The smallest set of requirements that clash, the ways out, and the message that says both."""
    wanted = _requirements(pairs)
    if not _clash(_missing(pairs, wanted)):
        conflict = [each.words for each in wanted]
        relaxation = _wider(pairs)
        why = (
            "whole accounts cannot be put within the limits, although parts of accounts could"
            if solution.bound == np.inf
            else "no plan was found in the time allowed, although parts of accounts would fit"
        )
        return conflict, relaxation, f"{why}: {', '.join(conflict)}. Way out: {relaxation}."
    for each in list(wanted):
        rest = [other for other in wanted if other is not each]
        if _clash(_missing(pairs, rest)):
            wanted = rest
    ways = [way for each in wanted if (way := _way_out(pairs, wanted, each))]
    conflict = [each.words for each in wanted]
    clash = conflict[0] + " cannot be met" if len(conflict) == 1 else " and ".join(conflict) + " cannot hold together"
    relaxation = "; or ".join(ways) or "allow more pairs"
    return conflict, relaxation, f"No plan: {clash}. Way out: {relaxation}."


def _wider(pairs: Pairs) -> str:
    """The first wider tolerance with which whole accounts fit; what else may help where none of a few does."""
    for factor in (1.25, 1.5, 2.0, 3.0):
        loads = [
            load
            if load.kind == "capacity"
            else dataclasses.replace(
                load,
                least=(1 - factor * pairs.tolerance) * (load.least + load.most) / 2,
                most=(1 + factor * pairs.tolerance) * (load.least + load.most) / 2,
            )
            for load in pairs.problem.loads
        ]
        if solve_matching(dataclasses.replace(pairs.problem, loads=tuple(loads)), time_limit=5.0, gap=0.9).choice.size:
            return f"a tolerance of {100 * factor * pairs.tolerance:.3g} % instead of {100 * pairs.tolerance:.3g} %"
    return "more spare hours, a much wider tolerance, or more time"


def _way_out(pairs: Pairs, wanted: list[_Requirement], each: _Requirement) -> str:
    """By how much one requirement must give way if the others hold; empty where it cannot help alone."""
    if each.locks:
        return "unlock accounts"
    found = _missing(pairs, wanted, each)
    places = [other.load for other in wanted if other.load >= 0]
    stuck = [missed.max() > 1e-6 for place, missed in zip(places, found.missed, strict=True) if place != each.load]
    if any(stuck) or (found.missed_kept > 1e-6 and not each.kept):
        return ""
    if each.kept:
        possible = pairs.problem.least_kept - found.missed_kept
        share = np.floor(possible + 1e-6) / max((pairs.now >= 0).sum(), 1)
        return f"let at most {100 * share:.0f} % of the accounts stay instead of {100 * pairs.keep:.0f} %"
    load, missed = pairs.problem.loads[each.load], found.missed[places.index(each.load)]
    if load.kind == "capacity":
        over = f"{missed.sum():,.0f} more hours a year ({_who(pairs, missed)})"
        spare = load.most.sum() - load.use.min(axis=1).sum()
        return over if spare >= 0 else over + f"; the team as a whole is at least {-spare:,.0f} hours short"
    need = pairs.tolerance + (missed / load.scale).max()
    asked = f"a tolerance of {100 * need:.0f} % for {load.name} instead of {100 * pairs.tolerance:.0f} %"
    return f"{asked} ({_who(pairs, missed)})"


def _who(pairs: Pairs, missed: Numbers) -> str:
    """The representatives who miss most, at most three."""
    order: Places = np.argsort(-missed)[:3]
    return ", ".join(f"{pairs.rep[at]} {missed[at]:,.0f}" for at in order if missed[at] > 1e-6)
