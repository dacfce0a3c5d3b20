"""Hours a year that customers of each group spend with each person: what a skill is needed for, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.stats.lines import LineShares, line_shares

NO_ACCOUNT = "no account is of this segment or line"


@dataclass(frozen=True, eq=False)
class Demand:
    """Hours for which skills are needed.

    groups : names of the groups that need skills; hours : people x groups, hours a year; source : where they are from
    skipped: item, reason; cautions: sentences
    """

    groups: tuple[str, ...]
    hours: np.ndarray
    source: str
    skipped: tuple[tuple[str, str], ...]
    cautions: tuple[str, ...] = ()


def demand_of(
    groups: tuple[str, ...],
    people: pd.DataFrame,
    accounts: pd.DataFrame | None,
    account_lines: pd.DataFrame | None = None,
) -> Demand:
    """Hours per person of the checked table `people` and group.

    With `accounts` that name who serves them: calls times hours per call of the accounts of the segment, or that buy
    the line, per representative; of an account with several lines each counts with its share of what the account buys
    (the checked table `account_lines`), else in equal parts, with a caution where skills are needed by line. With
    accounts that name nobody: these hours shared by the people in proportion to their hours. Without accounts: each
    person's hours in equal parts over the groups.
    """
    capacity = people["hours"].to_numpy(float)
    share = capacity / capacity.sum() if capacity.sum() > 0 else np.full(len(people), 1 / len(people))
    if accounts is None:
        alike = np.outer(capacity, np.full(len(groups), 1 / len(groups)))
        unread = () if account_lines is None else (("account_lines", "says nothing without the table accounts"),)
        return Demand(groups, alike, "everybody's hours alike", unread)
    lines = line_shares(accounts, account_lines)
    belongs = _belongs(groups, accounts, lines)
    cautions = lines.cautions if set(groups) & set(lines.names) else ()
    hours = (accounts["calls"] * accounts["hours_per_call"]).to_numpy(float)
    skipped = tuple(
        (f"group {group}", NO_ACCOUNT)
        for group, any_account in zip(groups, belongs.sum(axis=0) > 0, strict=True)
        if not any_account
    )
    if "rep" not in accounts or accounts["rep"].isna().all():
        return Demand(groups, np.outer(share, hours @ belongs), "accounts, shared by hours", skipped, cautions)
    who = pd.Index(people["rep"]).get_indexer(pd.Index(accounts["rep"].fillna("")))
    served = np.zeros((len(people), len(groups)))
    known = who >= 0
    np.add.at(served, who[known], hours[known, None] * belongs[known])
    if not known.all():
        count = int((~known).sum())
        skipped += ((f"{count} accounts", "nobody of the team serves them today, so nobody's skills count there"),)
    return Demand(groups, served, "accounts as served today", skipped, cautions)


def _belongs(groups: tuple[str, ...], accounts: pd.DataFrame, lines: LineShares) -> np.ndarray:
    """Accounts x groups: 1 for the account's segment, its part for each line that it buys."""
    place = pd.Index(groups)
    belongs = np.zeros((len(accounts), len(groups)))
    if "segment" in accounts:
        of_segment = place.get_indexer(pd.Index(accounts["segment"].fillna("").astype(str).str.strip()))
        belongs[np.flatnonzero(of_segment >= 0), of_segment[of_segment >= 0]] = 1.0
    of_line = place.get_indexer(pd.Index(lines.names))
    belongs[:, of_line[of_line >= 0]] += lines.share[:, of_line >= 0]
    return belongs
