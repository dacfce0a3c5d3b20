"""Which judgement matters most to the size of a team, and when not to trust the plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.stats.crosscheck import falling_answers
from salesopt.stats.effort import ASKED_TO, Curves, Numbers, Units, calibrated, consensus, with_today
from salesopt.stats.judgement import ANSWERS
from salesopt.stats.sizing import Plans, best_heads

SHIFT = 0.1  # an answer is moved by this fraction where a single judge gives no spread
COLUMNS = ["kind", "unit", "question", "judge", "shift", "reps_change", "profit_change", "loss"]


def weigh(curves: Curves, cost: float, low: Numbers, high: Numbers, whole: bool) -> pd.DataFrame:
    """What each answer and judge, or each measured curve, does to the best plan if it is off: see `TeamSize`."""
    if curves.given is not None and curves.answers is not None:
        return _weigh_answers(curves.given, curves.answers, cost, low, high, whole)
    return _weigh_curves(curves, cost, low, high, whole)


def _weigh_curves(curves: Curves, cost: float, low: Numbers, high: Numbers, whole: bool) -> pd.DataFrame:
    """What each unit's curve does if it is off: the drawn curve a sixth from the flattest and from the steepest today.

    `shift` is how far that is from the curve's slope at today's heads, a fraction; the worse of the two is reported.
    """
    units, drawn = curves.units, curves.drawn
    if drawn is None:
        return pd.DataFrame(columns=COLUMNS)
    count = len(units.name)
    best = best_heads(units, cost, low, high, whole).reshape(count)
    slopes, own = drawn.curves.slope(units.reps), units.curves.slope(units.reps)
    order = np.argsort(slopes, axis=0, kind="stable")
    fields = ("low", "high", "shape", "scale")
    rows: list[tuple[object, ...]] = []
    for tail in (1 / 6, 5 / 6):
        at = order[round(tail * (len(order) - 1)), np.arange(count)]
        other = replace(units, **{name: getattr(drawn, name)[at, np.arange(count)] for name in fields})
        heads = best_heads(other, cost, low, high, whole).reshape(count)
        then, stuck = (other.contribution(plan) - cost * plan for plan in (heads, best))
        now = units.contribution(best) - cost * best
        shift = slopes[at, np.arange(count)] / np.maximum(own, 1e-300) - 1
        rows += [
            ("curve", unit, "", "", shift[place], *values)
            for place, (unit, *values) in enumerate(
                zip(units.name, heads - best, then - now, then - stuck, strict=True)
            )
        ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    worst = table.groupby("unit", sort=False)["loss"].idxmax()
    return table.loc[worst].sort_values("loss", ascending=False, kind="stable", ignore_index=True)


def _weigh_answers(
    effort: pd.DataFrame, answers: pd.DataFrame, cost: float, low: Numbers, high: Numbers, whole: bool
) -> pd.DataFrame:
    """What each answer, and each judge, does to the best plan if the answer is off, or the judge should not count.

    effort : the judges' rows; answers : their means as `consensus` gives them. An answer is moved up and down by the
    judges' standard deviation (10 % where there is none), and the worse direction is reported. A unit that one judge
    alone judged stays as it is when he is left out. All the changed answers are calibrated in one go.
    """
    names, changed = _shifted(effort, answers)
    left_out, without = _without(effort, answers)
    sets, units = 1 + len(changed) + len(without), len(answers)
    every, _ = calibrated(pd.concat([answers, *changed, *without]))
    fields = ("name", "reps", "margin", "low", "high", "shape", "scale")
    table = Units(*(getattr(every, field).reshape(sets, units) for field in fields))
    best = best_heads(table, cost, low, high, whole)
    plan = np.broadcast_to(best[0], best.shape)
    then, stuck = (table.contribution(heads) - cost * heads for heads in (best, plan))
    measures = np.stack([best - best[0], then - then[0], then - stuck])
    rows: list[tuple[object, ...]] = []
    for place, (question, shift) in enumerate(names):
        up, down = measures[:, 1 + 2 * place], measures[:, 2 + 2 * place]
        worse = down[2] > up[2]
        values, signed = np.where(worse, down, up), np.where(worse, -shift, shift)
        rows += [("answer", unit, question, "", signed[at], *values[:, at]) for at, unit in enumerate(answers.index)]
    for place, judge in enumerate(left_out):
        rows.append(("judge", "", "", judge, np.nan, *measures[:, 1 + len(changed) + place].sum(axis=1)))
    losses = pd.DataFrame(rows, columns=COLUMNS)
    return losses.sort_values("loss", ascending=False, kind="stable", ignore_index=True)


def _shifted(effort: pd.DataFrame, answers: pd.DataFrame) -> tuple[list[tuple[str, Numbers]], list[pd.DataFrame]]:
    """Each question with its shifts, and the answers with it moved up and moved down, in turn."""
    spread = with_today(effort).groupby("unit", sort=False)[list(ANSWERS)].std().loc[answers.index]
    names, changed = [], []
    for question in ANSWERS:
        if question == "at_today" and question not in effort.columns:
            continue
        usual = (spread[question] / answers[question].where(answers[question] > 0)).to_numpy(dtype=float)
        shift = np.where(np.isfinite(usual) & (usual > 0), usual, SHIFT)
        names.append((question, shift))
        for factor in (1 + shift, np.maximum(1 - shift, 0.0)):
            changed.append(answers.assign(**{question: answers[question] * factor}))
    return names, changed


def _without(effort: pd.DataFrame, answers: pd.DataFrame) -> tuple[list[str], list[pd.DataFrame]]:
    """Each judge, and the answers without his; none where there is one judge."""
    judges = list(effort["judge"].unique())
    changed = []
    for judge in judges if len(judges) > 1 else []:
        others = consensus(effort[(effort["judge"] != judge) & effort["unit"].isin(answers.index)])
        without = answers.copy()
        without.loc[others.index, list(ANSWERS)] = others[list(ANSWERS)]
        changed.append(without)
    return judges if changed else [], changed


def size_cautions(curves: Curves, plans: Plans, high: Numbers, *, whole: bool) -> tuple[str, ...]:
    """Plain sentences about when not to trust the sizes: of the same heads redeployed, and of the size to go to."""
    units, same = curves.units, plans.steps["redeployed"]
    aim, word = (plans.steps["asked"], "within the cap") if "asked" in plans.steps else (plans.steps["best"], "best")
    said = []
    beyond = _where(units.name, beyond_known(curves, same), beyond_known(curves, aim), word)
    if beyond:
        said.append(f"{beyond}: more heads than {known_words(curves)}. Grow in steps and ask again.")
    full = [(plan >= high - 1e-6) & (high > 0) for plan in (same, aim)]
    capped = _where(units.name, full[0], full[1], word)
    if capped:
        times = high / np.where(units.reps > 0, units.reps, np.nan)
        at = np.unique(np.round(times[(full[0] | full[1]) & np.isfinite(times)], 2))
        limit = f"{at[0]:g} times today's; parameter most" if len(at) == 1 else "parameter most"
        said.append(f"At the most heads allowed ({limit}): {capped}. More may be better: the best size is held there.")
    left = [(plan == 0) & (units.reps > 0) for plan in (same, aim)]
    closed = _where(units.name, left[0], left[1], word)
    if closed:
        said.append(
            f"Everybody is taken off: {closed}. These are all-or-nothing units, whose first heads earn less than they "
            "would elsewhere or than they cost: check their answers at none and at half before acting."
        )
    said += falling_words(curves.given, list(units.name))
    judges = curves.about["judges"]
    if curves.source == "judges" and (judges < 2).all():
        said.append("Each unit was judged once: the judges' disagreement is unknown, so no figure has an interval.")
    elif curves.drawn is None:
        said.append("No draws were asked for, so no figure has an interval.")
    elif curves.source == "judges" and (judges < 2).any():
        alone = curves.about.index[judges < 2]
        said.append(f"Judged once, so that the intervals take the answers as certain: {few(alone)}.")
    today = float(units.reps.sum())
    if abs(same.sum() - today) >= 1:
        said.append(
            f"The limits on units allow no division of today's {today:g} heads: the step of redeploying stands with "
            f"{same.sum():g}."
        )
    elif whole and today - np.floor(today + 1e-9) > 1e-9:
        said.append(f"Today's {today:g} heads count as {np.floor(today):g} whole ones when they are redeployed.")
    if curves.source != "known":
        alike = "" if curves.source != "judges" else ", and their intervals hold only what the judges disagree on"
        said.append(
            "Gains are those of the plan that looks best under these curves: units whose curve is overrated are given "
            f"most, so that a gain is more often too high than too low{alike}. Count on its low end."
        )
    return (*said, *(f"{unit}: {text}." for unit, text in curves.about["caution"].items() if text))


def falling_words(given: pd.DataFrame | None, units: list[str]) -> list[str]:
    """Who answered that more effort sells less, in words.

    A study refuses that, for the cell is at hand to be mended; noise may do it to answers made elsewhere, whose mean
    still rises, so that here it is said and no more.
    """
    if given is None:
        return []
    falling = given[falling_answers(given) & given["unit"].isin(units)]
    if falling.empty:
        return []
    named = zip(falling["judge"], falling["unit"], strict=True)
    who = few([f"{judge} on {unit}" if judge else unit for judge, unit in named])
    return [
        f"Answers that fall as effort rises: {who}. More effort seldom sells less: ask again. As it stands, "
        "they count in the mean of their unit."
    ]


def _where(names: NDArray[np.object_], same: NDArray[np.bool_], aim: NDArray[np.bool_], word: str) -> str:
    """Names of the units marked in one plan or the other, those of one alone with the plan they are marked in."""
    parts = ((same & aim, ""), (same & ~aim, " (redeployed)"), (~same & aim, f" ({word})"))
    return few([f"{name}{tail}" for marked, tail in parts for name in names[marked]]) if (same | aim).any() else ""


def beyond_known(curves: Curves, heads: Numbers) -> NDArray[np.bool_]:
    """Which units a plan (or any year of one) gives more heads than anything is known of."""
    some = np.isfinite(curves.seen_to)
    over = heads > np.where(some, np.where(some, curves.seen_to, 0.0) * curves.units.reps + 1e-6, np.inf)
    return np.asarray(over.any(axis=0) if over.ndim > 1 else over)


def known_words(curves: Curves) -> str:
    """Up to which heads something is known of a unit's curve, in words that follow "more heads than"."""
    if curves.source == "history":
        return "its history ever saw; beyond lies an assumed curve"
    asked = f"the {ASKED_TO:g} times today's that judges were asked about"
    if curves.source == "judges":
        return f"{asked}; beyond lies their answer on unlimited effort only"
    return f"{asked} and its history ever saw; beyond lies the judges' answer on unlimited effort only"


def few(names: object) -> str:
    """At most five names in a sentence."""
    words = [str(name) for name in names]  # type: ignore[attr-defined]
    words = [*words[:5], f"{len(words) - 5} more"] if len(words) > 5 else words
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
