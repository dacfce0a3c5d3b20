"""Why each account goes to its representative, and, where no plan exists, which requirements clash and by how much."""

from __future__ import annotations

import dataclasses
import time

import numpy as np

from salesopt.stats.assignment import solve_matching
from salesopt.stats.exchange import Exchange, Step
from salesopt.stats.matching import Matching, Numbers, Places, Solution, connected_patches
from salesopt.stats.pairs import Pairs
from salesopt.stats.relaxation import relax

SOON = 4.0  # seconds in which a plan has to be found for a requirement to be called the one that clashes
LONG = 20.0  # seconds after which no further trial is begun
NO_WAY = "no calls are planned for it, so that the way does not count"
WIDER = (1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)  # multiples of a tolerance that are tried
GRID = 0.01  # steps in which a tolerance is told
SMALLEST = 0.02  # tolerance tried first where it is nothing


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
        return f"locked: stays with {name}" if now == rep else f"settled in advance for {name}"
    allowed = np.isfinite(pairs.problem.cost[row])
    if allowed.sum() == 1:
        return f"only {name} may serve it"
    away = np.where(allowed, pairs.km[row], np.inf)
    nearest = away[rep] <= away.min() + 1e-9
    good = f"nearest of all, {pairs.km[row, rep]:,.0f} km" if nearest and pairs.km.any() else ""
    if pairs.km.any() and not pairs.travel[row].any():
        nearest, good = True, NO_WAY
    if not np.isnan(pairs.fit[row, rep]) and pairs.fit[row, rep] >= np.nanmax(pairs.fit[row]) - 1e-9:
        good = good + (", and " if good else "") + "suits it best"
    if not good and not nearest:
        near = int(away.argmin())
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
    """A requirement that can be let go: its words, its load's place, the floor on pairs kept, locks, or contiguity."""

    words: str
    load: int = -1
    kept: bool = False
    locks: bool = False
    regions: bool = False


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


def _everything(pairs: Pairs) -> list[_Requirement]:
    """The requirements with that of whole territories, which the relaxation does not see."""
    whole = [_Requirement("territories that hang together", regions=True)]
    return _requirements(pairs) + whole * (pairs.problem.region is not None)


def _besides(pairs: Pairs, given_up: list[_Requirement], until: float) -> str:
    """Words for a way out where it is proved that others clash as well if these requirements hold no more at all."""
    rest = [each for each in _everything(pairs) if each not in given_up]
    none = time.perf_counter() < until and _no_plan(_soon(_only(pairs, rest)))
    return " (not enough alone)" if none else ""


def _no_plan(found: Solution) -> bool:
    """Whether it is proved that there is no plan."""
    return not found.choice.size and (found.bound == np.inf or _clash(found))


def _missing(pairs: Pairs, wanted: list[_Requirement], only: _Requirement | None = None) -> Solution:
    """What must be missed if only the `wanted` requirements hold; `only` puts all of that on one of them."""
    weights = np.array([1.0 if only is None or each is only else 1e4 for each in wanted if each.load >= 0])
    kept_weight = 1.0 if only is None or only.kept else 1e4
    return relax(_only(pairs, wanted), feasibility=True, weights=weights, kept_weight=kept_weight)


def _clash(found: Solution) -> bool:
    return bool(found.missed.max(initial=0.0) > 0 or found.missed_kept > 0)


def explain_conflict(pairs: Pairs, solution: Solution) -> tuple[list[str], str, str]:
    """The smallest set of requirements that clash, the ways out, and the message that says both."""
    wanted = _requirements(pairs)
    if not _clash(_missing(pairs, wanted)):
        return _whole_conflict(pairs, solution)
    for each in list(wanted):
        rest = [other for other in wanted if other is not each]
        if _clash(_missing(pairs, rest)):
            wanted = rest
    until = time.perf_counter() + LONG
    balances = [each for each in wanted if _balanced(pairs, each)]
    needs = [need for each in balances if (need := _need(pairs, wanted, each))[1]]
    ways = [way for each in wanted if each not in balances and (way := _way_out(pairs, wanted, each, until))]
    ways += [_even_out(pairs, needs, until)] if balances else []
    conflict = [each.words for each in wanted]
    relaxation = "; or ".join(filter(None, ways)) or "allow more pairs"
    return conflict, relaxation, f"No plan: {_clashing(conflict)}. Way out: {relaxation}."


def _clashing(conflict: list[str]) -> str:
    return f"{conflict[0]} cannot be met" if len(conflict) == 1 else f"{' and '.join(conflict)} cannot hold together"


def _whole_conflict(pairs: Pairs, solution: Solution) -> tuple[list[str], str, str]:
    """What clashes where parts of accounts would fit but whole ones, or whole territories, do not."""
    if alone := _too_large(pairs):
        return alone
    if apart := _too_scattered(pairs):
        return apart
    wanted = _everything(pairs)
    until, proved = time.perf_counter() + LONG, solution.bound == np.inf
    for each in list(wanted):
        rest = [other for other in wanted if other is not each]
        if rest and time.perf_counter() < until:
            found = _soon(_only(pairs, rest))
            if not found.choice.size:
                wanted, proved = rest, found.bound == np.inf
    conflict = [each.words for each in wanted]
    ways = [_wider(pairs, wanted, until)]
    ways += ["leave contiguity out" + _besides(pairs, [each], until) for each in wanted if each.regions]
    relaxation = "; or ".join(filter(None, ways)) or "more spare hours, or more time"
    why = "No plan for whole accounts, although parts of accounts would fit: " + _clashing(conflict)
    if not proved:
        hard = " and ".join(conflict)
        why = f"No plan was found in the time allowed; there may be one. What stands in the way: {hard}"
    return conflict, relaxation, f"{why}. Way out: {relaxation}."


def _too_large(pairs: Pairs) -> tuple[list[str], str, str] | None:
    """An account that alone is more than anybody who may serve it can carry of a measure."""
    allowed = np.isfinite(pairs.problem.cost)
    for load in pairs.problem.loads:
        over = np.where(allowed, load.use - load.most, np.inf)
        least = over.min(axis=1)
        row = int(least.argmax())
        if least[row] <= 1e-6 * load.scale.max():
            continue
        name, rep = pairs.account[row], int(over[row].argmin())
        if load.kind == "capacity":
            said = f"{name} alone asks for {load.use[row, rep]:,.0f} hours a year, more than anybody has for it"
            way = f"{np.ceil(least[row] - 1e-6):,.0f} more hours a year for {pairs.rep[rep]}"
            return ["each representative's hours"], way, f"No plan: {said}. Way out: {way}."
        share = load.use[row] / np.maximum(load.scale, 1e-300)
        need = float(np.where(allowed[row], share - 1, np.inf).min())
        said = f"{name} alone is {need + 1:.2f} times a fair share of {load.name}"
        found = _least_tolerance(pairs, need, time.perf_counter() + LONG, pairs.tolerance)
        more = f" for {load.name}" + " or more" * bool(np.isnan(found))
        way = _said(pairs, _printable(need) if np.isnan(found) else found, more)
        return [f"balance of {load.name}"], way, f"No plan: {said}. Way out: {way}, or leave {name} out of the balance."
    return None


def _too_scattered(pairs: Pairs) -> tuple[list[str], str, str] | None:
    """More groups of regions without a common border than representatives: not every territory can hang together."""
    region, neighbours = pairs.problem.region, pairs.problem.neighbours
    if region is None or neighbours is None:
        return None
    patches, reps = connected_patches(np.unique(region[region >= 0]), neighbours), len(pairs.rep)
    if len(patches) <= reps:
        return None
    names = pairs.places["region"].to_numpy()
    islands = [" + ".join(str(names[np.flatnonzero(region == one)[0]]) for one in patch[:3]) for patch in patches[:5]]
    said = (
        f"the accounts' regions form {len(patches)} groups without a common border ({', '.join(islands)}"
        f"{', ...' if len(patches) > 5 else ''}), for {reps} representatives"
    )
    way = f"list the borders between them in the table neighbours, or {len(patches) - reps} more representatives"
    return ["territories that hang together"], way, f"No plan: {said}. Way out: {way}."


def _soon(problem: Matching) -> Solution:
    """Any plan for whole accounts that is soon found; without one its bound is infinite where none exists."""
    return solve_matching(problem, time_limit=SOON, gap=0.9)


def _only(pairs: Pairs, wanted: list[_Requirement]) -> Matching:
    """The problem with the `wanted` requirements alone."""
    keeps, locks, regions = (any(getattr(each, name) for each in wanted) for name in ("kept", "locks", "regions"))
    problem = pairs.problem
    return dataclasses.replace(
        problem,
        cost=problem.cost if locks else pairs.free,
        loads=tuple(problem.loads[each.load] for each in wanted if each.load >= 0),
        least_kept=problem.least_kept if keeps else 0.0,
        region=problem.region if regions else None,
        neighbours=problem.neighbours if regions else None,
    )


def _balanced(pairs: Pairs, each: _Requirement) -> bool:
    return each.load >= 0 and pairs.problem.loads[each.load].kind == "balance"


def _printable(tolerance: float) -> float:
    """The next tolerance up that a message can say: whole percent, tenths of one below 10 %."""
    step = GRID if tolerance > 0.1 else GRID / 10
    return float(round(np.ceil(tolerance / step - 1e-6) * step, 6))


def _least_tolerance(pairs: Pairs, start: float, until: float, low: float) -> float:
    """The least printable tolerance of all measures above `low` at which a plan for whole accounts is soon found.

    Tried at `start`, then wider, and halved from there; nan where none is found before `until`. What was not found
    soon counts as not there, so that the last one halved may be a step wider than it need be.
    """

    def works(tolerance: float) -> bool:
        loads = tuple(
            load
            if load.kind == "capacity"
            else dataclasses.replace(load, least=(1 - tolerance) * load.scale, most=(1 + tolerance) * load.scale)
            for load in pairs.problem.loads
        )
        return bool(_soon(dataclasses.replace(pairs.problem, loads=loads)).choice.size)

    high = np.nan
    for tolerance in [_printable(max(start, SMALLEST) * factor) for factor in WIDER]:
        if time.perf_counter() > until:
            return np.nan
        if works(tolerance):
            high = tolerance
            break
        low = tolerance
    while np.isfinite(high) and time.perf_counter() < until:
        middle = _printable((low + high) / 2)
        if middle >= high - 1e-9 or middle <= low + 1e-9:
            break
        low, high = (low, middle) if works(middle) else (middle, high)
    return high


def _wider(pairs: Pairs, wanted: list[_Requirement], until: float) -> str:
    """The least wider tolerance with which whole accounts fit; nothing where none is found in time."""
    if not any(_balanced(pairs, each) for each in wanted):
        return ""
    found = _least_tolerance(pairs, WIDER[1] * pairs.tolerance, until, pairs.tolerance)
    return _said(pairs, found) if np.isfinite(found) else ""


def _said(pairs: Pairs, tolerance: float, of: str = "") -> str:
    return f"a tolerance of {100 * tolerance:.6g} %{of} instead of {100 * pairs.tolerance:.3g} %"


def _need(pairs: Pairs, wanted: list[_Requirement], each: _Requirement) -> tuple[float, str]:
    """The tolerance that one balance asks for if it alone gives way, and who misses it; "" where that cannot help."""
    found = _missing(pairs, wanted, each)
    if _stuck(wanted, each, found):
        return np.inf, ""
    load, missed = pairs.problem.loads[each.load], found.missed[_places(wanted).index(each.load)]
    return pairs.tolerance + float((missed / load.scale).max()), _who(pairs, missed)


def _even_out(pairs: Pairs, needs: list[tuple[float, str]], until: float) -> str:
    """The least tolerance of all measures with which whole accounts fit, else what parts of accounts ask for."""
    need, who = min(needs, default=(WIDER[1] * pairs.tolerance, ""))
    names = f" for {' and '.join(pairs.measures)}"
    found = _least_tolerance(pairs, need, until, pairs.tolerance)
    if not np.isfinite(found):
        besides = _besides(pairs, [each for each in _requirements(pairs) if _balanced(pairs, each)], until)
        return _said(pairs, _printable(need), f"{names} or more") + f" ({who})" + besides if needs else ""
    return _said(pairs, found, names) + (f" ({who})" if who else "")


def _places(wanted: list[_Requirement]) -> list[int]:
    return [each.load for each in wanted if each.load >= 0]


def _stuck(wanted: list[_Requirement], each: _Requirement, found: Solution) -> bool:
    """Whether other requirements are missed as well if `each` alone gives way."""
    others = [
        missed.max() > 0 for place, missed in zip(_places(wanted), found.missed, strict=True) if place != each.load
    ]
    return any(others) or (found.missed_kept > 0 and not each.kept)


def _way_out(pairs: Pairs, wanted: list[_Requirement], each: _Requirement, until: float) -> str:
    """By how much one requirement must give way if the others hold; empty where it cannot help."""
    if each.locks:
        return "unlock accounts" + _besides(pairs, [each], until)
    held = _requirements(pairs)
    found = _missing(pairs, held, each)
    if _stuck(held, each, found):  # others clash besides: what is asked of this one by those that it clashes with
        held, found = wanted, _missing(pairs, wanted, each)
        if _stuck(held, each, found):
            return ""
    if each.kept:
        possible = np.floor(pairs.problem.least_kept - found.missed_kept + 1e-6)
        share = np.floor(1000 * possible / max((pairs.now >= 0).sum(), 1) + 1e-6) / 10  # the next one down to be said
        said = f"let at most {share:g} % of the accounts stay instead of {100 * pairs.keep:.4g} %"
        if besides := _besides(pairs, [each], until):
            return said + besides
        fewer = dataclasses.replace(_only(pairs, _everything(pairs)), least_kept=possible)
        none = possible > 0 and time.perf_counter() < until and _no_plan(_soon(fewer))
        return said + ", and some fewer to fit whole accounts" * bool(none)
    load, missed = pairs.problem.loads[each.load], found.missed[_places(held).index(each.load)]
    missed = np.ceil(missed - 1e-6)
    over = f"{missed.sum():,.0f} more hours a year ({_who(pairs, missed)}), and some more to fit whole accounts"
    over += _besides(pairs, [each], until)
    spare = load.most.sum() - load.use.min(axis=1).sum()
    return over if spare >= 0 else over + f"; the team as a whole is at least {-spare:,.0f} hours short"


def _who(pairs: Pairs, missed: Numbers) -> str:
    """The representatives who miss most, at most three."""
    order: Places = np.argsort(-missed)[:3]
    return ", ".join(f"{pairs.rep[at]} {_amount(missed[at])}" for at in order if missed[at] > 1e-6 * missed.max())


def _amount(value: float) -> str:
    """Whole ones, or two figures of what is small: nobody misses a limit by nought."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
