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


def weigh_answers(
    effort: pd.DataFrame, answers: pd.DataFrame, cost: float, low: Numbers, high: Numbers, whole: bool
) -> pd.DataFrame:
    """What each answer of each unit does to the best plan when it is off by the judges' standard deviation (or 10 %).

    effort : the judges' rows; answers : their means as `consensus` gives them. The worse direction is reported.
    """
    spread = with_today(effort).groupby("unit", sort=False)[list(ANSWERS)].std().loc[answers.index]
    plain, _ = calibrated(answers)
    plan = best_heads(plain, cost, low, high, whole)
    pieces = []
    asked = [question for question in ANSWERS if question != "at_today" or question in effort.columns]
    for question in asked:
        usual = (spread[question] / answers[question].where(answers[question] > 0)).to_numpy(dtype=float)
        shift = np.where(np.isfinite(usual) & (usual > 0), usual, SHIFT)
        moved = [
            _change(plain, answers.assign(**{question: answers[question] * factor}), plan, cost, low, high, whole)
            for factor in (1 + shift, np.maximum(1 - shift, 0.0))
        ]
        worse = np.where(moved[1][2] > moved[0][2], 1, 0)
        values = [np.where(worse == 1, moved[1][part], moved[0][part]) for part in range(3)]
        sign = np.where(worse == 1, -1.0, 1.0)
        pieces.append(
            pd.DataFrame(dict(zip(COLUMNS[5:], values, strict=True))).assign(
                kind="answer", unit=answers.index.to_numpy(), question=question, judge="", shift=sign * shift
            )
        )
    return pd.concat(pieces, ignore_index=True)[COLUMNS]


def weigh_judges(
    effort: pd.DataFrame, answers: pd.DataFrame, cost: float, low: Numbers, high: Numbers, whole: bool
) -> pd.DataFrame:
    """What leaving each judge out does to the best plan; units that he alone judged stay as they are."""
    plain, _ = calibrated(answers)
    plan = best_heads(plain, cost, low, high, whole)
    rows: list[tuple[object, ...]] = []
    judges = effort["judge"].unique()
    for judge in judges if len(judges) > 1 else []:
        others = consensus(effort[(effort["judge"] != judge) & effort["unit"].isin(answers.index)])
        without = answers.copy()
        without.loc[others.index, list(ANSWERS)] = others[list(ANSWERS)]
        reps, profit, loss = (part.sum() for part in _change(plain, without, plan, cost, low, high, whole))
        rows.append(("judge", "", "", judge, np.nan, reps, profit, loss))
    return pd.DataFrame(rows, columns=COLUMNS)


def _change(
    plain: Units, other: pd.DataFrame, plan: Numbers, cost: float, low: Numbers, high: Numbers, whole: bool
) -> tuple[Numbers, Numbers, Numbers]:
    """Per unit under the other answers: heads added to its best, profit added at that, profit lost by the old plan."""
    units, _ = calibrated(other)
    best = best_heads(units, cost, low, high, whole)
    now = plain.contribution(plan) - cost * plan
    then, stuck = units.contribution(best) - cost * best, units.contribution(plan) - cost * plan
    return best - plan, then - now, then - stuck


def size_cautions(
    units: Units, answers: pd.DataFrame, curve: pd.DataFrame, plans: Plans, high: Numbers, *, draws: int, whole: bool
) -> tuple[str, ...]:
    """Plain sentences about when not to trust the sizes."""
    said = [f"{unit}: {text}." for unit, text in curve["caution"].items() if text]
    best = plans.steps["best"]
    beyond = units.name[best > ASKED_TO * units.reps + 1]
    if len(beyond):
        said.append(
            f"The best size gives {_few(beyond)} more than one and a half times today's heads; up to there the judges "
            "were asked, beyond lies their answer on unlimited effort only. Grow in steps and ask again."
        )
    capped = units.name[(best >= high - 1e-6) & (high > 0)]
    if len(capped):
        said.append(
            f"At the most heads allowed (`most`, or {WIDEST:g} times today's): {_few(capped)}. The best may be more."
        )
    closed = units.name[(best == 0) & (units.reps > 0)]
    if len(closed):
        said.append(
            f"The plan takes everybody off {_few(closed)}: an all-or-nothing unit, whose first heads earn less than "
            "they cost. Check its answers at none and at half before acting."
        )
    if (answers["judges"] < 2).all():
        said.append("Each unit was judged once: the judges' disagreement is unknown, so no figure has an interval.")
    elif draws == 0:
        said.append("No draws were asked for, so no figure has an interval.")
    elif (answers["judges"] < 2).any():
        alone = answers.index[answers["judges"] < 2]
        said.append(f"Judged once, so that the intervals take the answers as certain: {_few(alone)}.")
    today = float(units.reps.sum())
    if whole and today - np.floor(today + 1e-9) > 1e-9:
        said.append(f"Today's {today:g} heads count as {np.floor(today):g} whole ones when they are redeployed.")
    return tuple(said)


def _few(names: object) -> str:
    """At most five names in a sentence."""
    words = [str(name) for name in names]  # type: ignore[attr-defined]
    words = [*words[:5], f"{len(words) - 5} more"] if len(words) > 5 else words
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
