"""What the summary says in words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from salesopt.display import between, estimate, heads_of, listed, percent, plural, size
from salesopt.results import Conclusion
from salesopt.summary import Summary, money_unit

SIZES = {
    "team.best_reps": "earn most, by the curves of effort",
    "structure.reps": "are what the calls planned and the way to them ask for, laid out anew",
    "team.workload_reps": "are what the table workload asks for",
}
DOUBTED = "Each finding stands on the doubts that its own chapter names at its end."


def open_summary(answers: pd.DataFrame, *, quarter: str = "", absent: Sequence[str] = ()) -> Conclusion:
    """What a board asks first: the quarter's sales as their chapter has them, or why they are not here.

    answers : chapter, answer - as `results.collect_answers` gives them
    absent  : names of the tables that the study has not
    """
    said = answers.loc[answers["chapter"] == "sales", "answer"]
    if len(said):
        return Conclusion(said.iloc[0])
    why = "the study has no table sales" if "sales" in absent else "it has no chapter on them, as its end says why"
    return Conclusion(f"Sales of {quarter or 'the quarter'} are not in this report: {why}.")


def in_words(others: pd.DataFrame, *, currency: str = "") -> pd.DataFrame:
    """`Summary.others` as a board reads them: fractions as percent, money to the digits that can be known."""
    shown = others.copy()
    parts = others["unit"].str.startswith("fraction of ")
    amounts = others["unit"].str.startswith(money_unit(currency))
    for column in ("value", "low", "high"):
        shown[column] = [
            "" if value != value else percent(value) if part else estimate(value) if amount else size(value)
            for value, part, amount in zip(others[column], parts, amounts, strict=True)
        ]
    return shown.assign(unit=others["unit"].str.removeprefix("fraction "))


def conclude_summary(
    result: Summary, *, metrics: Mapping[str, float] | None = None, failed: Sequence[str] = (), currency: str = ""
) -> Conclusion:
    """Name what comes before all else, the findings worth most with their amounts, and how many are sure.

    metrics : what the chapters measured, for the sizes of the team that they give
    failed  : titles of the chapters that could not be made, whose findings are not here
    """
    each = () if result.table.empty and result.others.empty else (DOUBTED,)
    doubts = (*_gone(failed), *_sizes(metrics or {}), *result.cautions, *each)
    first = "".join(_before(row) for row in result.others[result.others["blocks"]].head(1).to_dict("records"))
    ranked = result.table
    if ranked.empty:
        nothing = "No chapter of this report found something that is worth an amount of money."
        return Conclusion(f"{first} {nothing}".strip(), doubts)
    sure = int(ranked["sure"].sum())
    answer = (
        f"{first} {_worth_most(ranked, currency)} Of {plural(len(ranked), 'finding')} with an amount, {sure} "
        f"{'is' if sure == 1 else 'are'} sure to be above zero."
    )
    return Conclusion(answer.strip(), doubts, (), {"summary.findings": float(len(ranked))})


def _sizes(metrics: Mapping[str, float]) -> list[str]:
    """The sizes of the team that chapters give, which answer different questions; nothing where there is one."""
    said = [f"{heads_of(metrics[name])} heads {what}" for name, what in SIZES.items() if name in metrics]
    if len(said) < 2:
        return []
    today = f"; today there are {heads_of(metrics['team.reps'])}" if "team.reps" in metrics else ""
    return [
        f"Sizes of the team stand here for different questions: {listed(said)}{today}. The first weighs what heads "
        "bring; the others only count work: size by the first, and see that the work fits."
    ]


def _before(row: dict[Hashable, Any]) -> str:
    """What has to be settled before the other findings are acted on."""
    amount = f" ({size(row['value'])} {row['unit']})" if row["value"] == row["value"] else ""
    return f"Before all else: {row['what']}{amount}. {row['action'].rstrip('.')}."


def _worth_most(ranked: pd.DataFrame, currency: str) -> str:
    """The best finding; where it is not sure, the best of those that are comes first."""
    sure, top = ranked[ranked["sure"]], ranked.iloc[0]
    if top["sure"] or sure.empty:
        return f"Worth most: {_amount(top, currency)}."
    why = "its interval reaches zero or below" if top["low"] == top["low"] else "no interval says how sure that is"
    return (
        f"Worth most of what is sure: {_amount(sure.iloc[0], currency)}. Worth more if it holds: "
        f"{_amount(top, currency)}, but {why}."
    )


def _amount(row: pd.Series, currency: str) -> str:
    interval = f" ({between(row['low'], row['high'], 'estimate', currency)})" if row["low"] == row["low"] else ""
    return f"{row['what'].rstrip('.')}, {estimate(row['value'], currency)} a year{interval}"


def _gone(failed: Sequence[str]) -> list[str]:
    """That chapters failed, in a sentence."""
    if not failed:
        return []
    count = plural(len(failed), "chapter")
    return [f"{count} could not be made ({listed(failed)}): what they would have found is not ranked here."]
