"""Hours a year that customers of each group spend with each person: what a skill is needed for, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class Demand:
    """Hours for which skills are needed.

    groups : names of the groups that need skills; hours : people x groups, hours a year; source : where they are from
    skipped: item, reason
    """

    groups: tuple[str, ...]
    hours: np.ndarray
    source: str
    skipped: tuple[tuple[str, str], ...]


def demand_of(groups: tuple[str, ...], people: pd.DataFrame, accounts: pd.DataFrame | None) -> Demand:
    """Hours per person of the checked table `people` and group.

    With `accounts` that name who serves them: calls times hours per call of the accounts of the segment, or that buy
    the line (its part where they buy several), per representative. With accounts that name nobody: these hours shared
    by the people in proportion to their hours. Without accounts: each person's hours in equal parts over the groups.
    """
    capacity = people["hours"].to_numpy(float)
    share = capacity / capacity.sum() if capacity.sum() > 0 else np.full(len(people), 1 / len(people))
    if accounts is None:
        return Demand(groups, np.outer(capacity, np.full(len(groups), 1 / len(groups))), "everybody's hours alike", ())
    belongs = _belongs(groups, accounts)
    hours = (accounts["calls"] * accounts["hours_per_call"]).to_numpy(float)
    skipped = tuple(
        (f"group {group}", "no account is of this segment or line")
        for group, any_account in zip(groups, belongs.sum(axis=0) > 0, strict=True)
        if not any_account
    )
    if "rep" not in accounts or accounts["rep"].isna().all():
        return Demand(groups, np.outer(share, hours @ belongs), "accounts, shared by hours", skipped)
    who = pd.Index(people["rep"]).get_indexer(pd.Index(accounts["rep"].fillna("")))
    served = np.zeros((len(people), len(groups)))
    known = who >= 0
    np.add.at(served, who[known], hours[known, None] * belongs[known])
    if not known.all():
        count = int((~known).sum())
        skipped += ((f"{count} accounts", "nobody of the team serves them today, so nobody's skills count there"),)
    return Demand(groups, served, "accounts as served today", skipped)


def _belongs(groups: tuple[str, ...], accounts: pd.DataFrame) -> np.ndarray:
    """Accounts x groups: 1 for the account's segment, its part for each line that it buys."""
    belongs = np.zeros((len(accounts), len(groups)))
    place = {group: number for number, group in enumerate(groups)}
    for column in ("segment", "line"):
        if column not in accounts:
            continue
        for row, value in enumerate(accounts[column].fillna("").astype(str)):
            names = list(dict.fromkeys(name for part in value.split(";") if (name := part.strip())))
            names = [value.strip()] if column == "segment" else names
            for name in names:
                if name in place:
                    belongs[row, place[name]] += 1 / len(names)
    return belongs
