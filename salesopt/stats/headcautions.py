"""When not to trust a plan of heads over the years, in plain sentences."""

from __future__ import annotations

import numpy as np

from salesopt.stats.doubts import beyond_known, falling_words, few, known_words
from salesopt.stats.effort import Curves, Numbers
from salesopt.stats.headlimits import Field
from salesopt.stats.headpath import Way
from salesopt.stats.headyears import flows_of


def plan_cautions(field: Field, way: Way, best: Numbers, curves: Curves) -> tuple[str, ...]:
    """Plain sentences about when not to trust the plan; `best` is the best size of each year without limits."""
    units, terms, plan = field.units, field.terms, way.heads
    said = [
        f"The way holds today's curves, costs and margins for {terms.years} years: plan the first year, then ask again "
        "before the next."
    ]
    if way.bound - way.value > 1e-9 * max(abs(way.value), terms.cost):
        said.append(
            f"Not proved best: another plan may earn up to {way.bound - way.value:,.6g} more in all; allow more "
            "seconds for the proof."
        )
    said += falling_words(curves.given, list(units.name))
    beyond = units.name[beyond_known(curves, plan)]
    if len(beyond):
        said.append(f"The way gives {few(beyond)} more heads than {known_words(curves)}.")
    short = float(best[0].sum() - plan[-1].sum())
    if abs(short) > 1e-6:
        heads = f"{abs(short):g} {'head' if abs(short) == 1 else 'heads'} {'below' if short > 0 else 'above'}"
        why = "limits and costs of change" if terms.hiring or terms.severance or terms.moving else "limits of change"
        said.append(f"After {terms.years} years the team is still {heads} the best size: {why}.")
    if not (terms.hiring or terms.severance or terms.moving) and terms.first_year == 1:
        said.append(
            "Hiring, moving and letting go are counted as free, and who is new as good as who is settled: give their "
            "costs, and what a head brings in its first year."
        )
    flows = flows_of(field.today, plan, terms)
    if terms.turnover:
        said.append("Who leaves by himself is an expected number: hires and moves of a year are therefore not whole.")
    if (flows.let_go > 1e-6).any():
        said.append(
            f"The plan lets {flows.let_go.sum():g} of the people go in all: check notice, law and what it does to who "
            "stays, which no figure here holds."
        )
    if not np.array_equal(field.today, units.reps):
        said.append(
            f"Today's {units.reps.sum():g} heads count as {field.today.sum():g} in steps of {terms.step:g}, unit by "
            "unit; staying is counted with these."
        )
    if curves.drawn is None:
        said.append("The gain has no interval: each unit was judged once, or no draws were asked for.")
    else:
        said.append("The interval is that of the curves alone: limits, costs and leavers are taken as certain.")
    return tuple(said)
