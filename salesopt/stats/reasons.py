"""Why each account goes to its representative, and, where no plan exists, which requirements clash and by how much."""

from __future__ import annotations

import dataclasses

import numpy as np

from salesopt.stats.assignment import solve_matching
from salesopt.stats.exchange import Exchange, Step
from salesopt.stats.matching import Numbers, Places, Solution
from salesopt.stats.pairs import Pairs
from salesopt.stats.relaxation import relax


def explain_pairs(pairs: Pairs, solution: Solution) -> dict[str, np.ndarray]:
    """Columns reason, second, second_cost: whom the cheapest step would give it to, and hours a year more.

    A step moves the account and at most one other; the best plan that serves it by somebody else may cost less.
    """
    plan = Exchange(pairs.problem, solution.choice)
    steps = [plan.step(row) for row in range(len(pairs.account))]
    reasons = [_reason(pairs, plan, row) + _second_words(pairs, step) for row, step in enumerate(steps)]
    extra = np.array([step.cost for step in steps])
    return {
        "reason": np.array(reasons, dtype=object),
        "second": np.array([pairs.rep[step.rep] if step.rep >= 0 else "" for step in steps], dtype=object),
        "second_cost": np.where(np.isfinite(extra), extra, np.nan),
    }


def _reason(pairs: Pairs, plan: Exchange, row: int) -> str:
    """Why this representative, in words that can be read to him."""
    rep, now = int(plan.choice[row]), int(pairs.now[row])
    name = pairs.rep[rep]
    if pairs.locked[row]:
        return f"settled in advance for {name}"
    allowed = np.isfinite(pairs.problem.cost[row])
    if allowed.sum() == 1:
        return f"only {name} may serve it"
    travel = np.where(allowed, pairs.travel[row], np.inf)
    nearest = travel[rep] <= travel.min() + 1e-9
    good = f"nearest of all, {pairs.km[row, rep]:,.0f} km" if nearest and pairs.km.any() else ""
    if not np.isnan(pairs.fit[row, rep]) and pairs.fit[row, rep] >= np.nanmax(pairs.fit[row]) - 1e-9:
        good = good + (", and " if good else "") + "suits it best"
    if not good and not nearest:
        near = int(travel.argmin())
        good = f"{pairs.rep[near]} is nearer, but {_against(pairs, plan, row, near)}"
    if now == rep:
        return f"stays with {name}" + (f" ({good})" if good else "")
    if now < 0:
        came = f"{pairs.former[row]} is no longer here: to {name}" if pairs.former[row] else f"to {name}"
        return came + (f" ({good})" if good else "")
    came, saved = f"from {pairs.rep[now]} to {name}", pairs.travel[row, now] - pairs.travel[row, rep]
    if saved > 0.05:
        return came + f": {saved:,.1f} hours of travel a year less" + (f" ({good})" if good else "")
    cost = f", for {-saved:,.1f} hours of travel a year more" if saved < -0.05 else ""
    return came + f": {_against(pairs, plan, row, now)}{cost}"


def _against(pairs: Pairs, plan: Exchange, row: int, other: int) -> str:
    """Why `other` does not serve the account, in words that follow "but" or a colon."""
    rep, name, cost = int(plan.choice[row]), pairs.rep[other], pairs.problem.cost[row]
    found = plan.obstacles(row, other)
    if not found or cost[other] >= cost[rep] - 1e-9:
        if not np.isnan(pairs.fit[row]).all() and pairs.fit[row, other] < pairs.fit[row, rep]:
            return f"{name} suits it less"
        if cost[other] >= cost[rep] - 1e-9:
            return "a change of hands is priced above the travel that it saves"
        return "the search ended within its gap"
    first = found[0]
    words = {
        "capacity": f"{pairs.rep[first.rep]} has no hours left for it",
        "kept": "the share of accounts that have to stay leaves no further change",
        "contiguity": f"the regions of {name} or {pairs.rep[rep]} would fall apart",
    }
    end = "upper" if first.rep == other else "lower"
    return words.get(first.kind, f"{pairs.rep[first.rep]} is at the {end} end of the balance of {first.name}")


def _second_words(pairs: Pairs, step: Step) -> str:
    row = step.account
    if step.rep < 0:
        alone = pairs.locked[row] or np.isfinite(pairs.problem.cost[row]).sum() == 1
        return "" if alone else "; no other place within the limits was found, even with one other account moved"
    also = f" with {pairs.account[step.other]} to {pairs.rep[step.other_rep]}" if step.other >= 0 else ""
    return f"; next best is {pairs.rep[step.rep]}{also}, {max(step.cost, 0.0):,.1f} hours a year more"


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
