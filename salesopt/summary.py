"""What to do next: the findings of all chapters, ranked by what they are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import DataError
from salesopt.stats.result import Result

COLUMNS = ("what", "value", "low", "high", "unit", "action", "caution", "chapter")


def money_unit(currency: str) -> str:
    """The unit by which findings in money are known: "USD a year", "a year" where the study names no currency."""
    return f"{currency} a year".strip()


@dataclass(frozen=True, eq=False, repr=False)
class Summary(Result):
    """What `rank_findings` made of the findings.

    table    : rank, what, value, low, high, unit, action, sure, caution, chapter - money findings, best first;
               `sure` says whether the whole interval lies above zero
    others   : the findings with another unit, those first that `blocks` the others, then in the order of the report
    skipped  : what, reason - money findings without a number, which cannot be ranked
    cautions : plain sentences about the ranking
    unit     : the unit of money in `table`
    """

    table: pd.DataFrame
    others: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    unit: str


def rank_findings(findings: pd.DataFrame, *, currency: str) -> Summary:
    """Which of all chapters' findings is worth most?

    findings : one row each with the columns of `results.Finding` (`COLUMNS`, and `blocks` where there are such); money
               has the unit of `money_unit`
    Ranks money by value; a finding whose interval starts below zero keeps its rank but is not `sure`. The values are
    not added up: two chapters may gain the same money twice. Raises DataError if a column is absent.
    """
    absent = [column for column in COLUMNS if column not in findings.columns]
    if absent:
        raise DataError(f"findings: column {', '.join(absent)} is absent")
    unit = money_unit(currency)
    is_money = findings["unit"] == unit
    valued = is_money & findings["value"].notna()
    ranked = findings[valued].sort_values("value", ascending=False, kind="stable").reset_index(drop=True)
    ranked.insert(0, "rank", np.arange(1, len(ranked) + 1))
    ranked.insert(7, "sure", ranked["low"] > 0)
    unvalued = findings.loc[is_money & ~valued, ["what"]].assign(reason="the chapter gives no amount for it")
    return Summary(
        table=ranked,
        others=_others(findings[~is_money]),
        skipped=unvalued.reset_index(drop=True),
        cautions=_cautions(ranked),
        unit=unit,
    )


def _others(findings: pd.DataFrame) -> pd.DataFrame:
    blocks = findings["blocks"].astype(bool) if "blocks" in findings.columns else False
    return findings.assign(blocks=blocks).sort_values("blocks", ascending=False, kind="stable", ignore_index=True)


def _cautions(ranked: pd.DataFrame) -> tuple[str, ...]:
    cautions = []
    if len(ranked["chapter"].unique()) > 1:
        cautions.append(
            "The amounts must not be added up: each chapter changes one thing and holds the rest as it is today, "
            "so two of them may count the same money."
        )
    if {"team", "rosters"} <= set(ranked["chapter"]):
        cautions.append(
            "What a further head is worth stands here twice and means two things, not to be added: in the chapter on "
            "the size of the team what he sells less his cost, in that on who leaves or joins the hours of travel and "
            "overtime that he takes off others."
        )
    unsure = int((~ranked["sure"].astype(bool)).sum())
    if unsure:
        cautions.append(
            f"{unsure} of {len(ranked)} amounts have an interval that reaches down to zero or below, or none at all: "
            "treat these as ideas to test, not as money found."
        )
    doubted = int((ranked["caution"] != "").sum())
    if doubted:
        cautions.append(
            f"{doubted} of {len(ranked)} amounts have a caution of their own: read it before acting on them."
        )
    return tuple(cautions)
