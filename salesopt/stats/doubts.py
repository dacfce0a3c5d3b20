"""Which judgement matters most to the size of a team, and when not to trust the plan."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.effort import Numbers, Units, calibrated, consensus, with_today
from salesopt.stats.judgement import ANSWERS
from salesopt.stats.sizing import WIDEST, Plans, best_heads

SHIFT = 0.1  # an answer is moved by this fraction where a single judge gives no spread
ASKED_TO = 1.5  # the largest multiple of today's heads that judges were asked about, unlimited effort aside
COLUMNS = ["kind", "unit", "question", "judge", "shift", "reps_change", "profit_change", "loss"]


def weigh(
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


def size_cautions(
    units: Units, answers: pd.DataFrame, curve: pd.DataFrame, plans: Plans, high: Numbers, *, draws: int, whole: bool
) -> tuple[str, ...]:
    """Plain sentences about when not to trust the sizes."""
    said = [f"{unit}: {text}." for unit, text in curve["caution"].items() if text]
    best = plans.steps["best"]
    beyond = units.name[best > ASKED_TO * units.reps + 1]
    if len(beyond):
        said.append(
            f"The best size gives {few(beyond)} more than one and a half times today's heads; up to there the judges "
            "were asked, beyond lies their answer on unlimited effort only. Grow in steps and ask again."
        )
    capped = units.name[(best >= high - 1e-6) & (high > 0)]
    if len(capped):
        said.append(
            f"At the most heads allowed (`most`, or {WIDEST:g} times today's): {few(capped)}. The best may be more."
        )
    closed = units.name[(best == 0) & (units.reps > 0)]
    if len(closed):
        said.append(
            f"The plan takes everybody off {few(closed)}: an all-or-nothing unit, whose first heads earn less than "
            "they cost. Check its answers at none and at half before acting."
        )
    if (answers["judges"] < 2).all():
        said.append("Each unit was judged once: the judges' disagreement is unknown, so no figure has an interval.")
    elif draws == 0:
        said.append("No draws were asked for, so no figure has an interval.")
    elif (answers["judges"] < 2).any():
        alone = answers.index[answers["judges"] < 2]
        said.append(f"Judged once, so that the intervals take the answers as certain: {few(alone)}.")
    today = float(units.reps.sum())
    if whole and today - np.floor(today + 1e-9) > 1e-9:
        said.append(f"Today's {today:g} heads count as {np.floor(today):g} whole ones when they are redeployed.")
    return tuple(said)


def few(names: object) -> str:
    """At most five names in a sentence."""
    words = [str(name) for name in names]  # type: ignore[attr-defined]
    words = [*words[:5], f"{len(words) - 5} more"] if len(words) > 5 else words
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
