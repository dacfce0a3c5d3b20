"""How much of each account is which product line: by what it buys, else in equal parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import DataError, Problem


@dataclass(frozen=True, eq=False)
class LineShares:
    """The product lines of accounts.

    share : accounts x lines, the part of the account's work that is the line's; a row sums to one
    main  : number of the line with the largest part, per account (of equal parts the one named first)
    names : the lines
    split : accounts that name several lines and were split in equal parts, because nothing says what they buy of each
    idle  : accounts that buy nothing by `account_lines`, prospects say: split over the lines that they name
    """

    share: np.ndarray
    main: np.ndarray
    names: tuple[str, ...]
    split: int
    idle: int = 0

    @property
    def cautions(self) -> tuple[str, ...]:
        """That the split is a guess, where it is one."""
        said = []
        if self.split:
            said.append(
                f"The work of {self.split} accounts with several lines is split equally over them; the table "
                "account_lines would say what they buy of each."
            )
        if self.idle:
            who = "1 account buys" if self.idle == 1 else f"{self.idle:,} accounts buy"
            said.append(
                f"{who} nothing by the table account_lines: the work is split equally over the lines that the table "
                "accounts names, or as all others buy where it names none."
            )
        return tuple(said)


def line_shares(accounts: pd.DataFrame, account_lines: pd.DataFrame | None) -> LineShares:
    """The part of each line in each account of the checked table `accounts`.

    With the checked table `account_lines` a line's part is its share of what the account buys; an account that buys
    nothing is of the lines it names, or else like all others together. Without that table, it is an equal part of the
    lines named in the column `line` ("juice;water"; blank: "no line"); without that column every account is of one
    line, "all lines". Raises DataError where `account_lines` names a stranger or leaves every account without sales,
    both problems at once.
    """
    if account_lines is not None:
        return _bought(accounts, account_lines)
    if "line" not in accounts:
        return LineShares(np.ones((len(accounts), 1)), np.zeros(len(accounts), int), ("all lines",), 0)
    named = [row or ["no line"] for row in _named(accounts)]
    lines = tuple(sorted({line for row in named for line in row}))
    share = np.array([[(line in row) / len(row) for line in lines] for row in named])
    main = np.array([lines.index(row[0]) for row in named])
    return LineShares(share, main, lines, sum(len(row) > 1 for row in named))


def _named(accounts: pd.DataFrame) -> list[list[str]]:
    """The lines that each account names, in its order; none where the column is blank or absent."""
    if "line" not in accounts:
        return [[] for _ in range(len(accounts))]
    return [
        list(dict.fromkeys(part for piece in value.split(";") if (part := piece.strip())))
        for value in accounts["line"].fillna("").astype(str)
    ]


def _bought(accounts: pd.DataFrame, account_lines: pd.DataFrame) -> LineShares:
    table = account_lines.pivot_table(index="account", columns="line", values="sales", aggfunc="sum")
    sold = table.reindex(accounts["account"]).fillna(0.0)
    idle = sold.sum(axis=1).to_numpy() <= 0
    problems = []
    strange = sorted(set(table.index) - set(accounts["account"]))
    if strange:
        shown = repr(str(strange[0]))
        problems.append(Problem("account_lines", "account", None, shown, "an account of accounts", count=len(strange)))
    if len(idle) and idle.all():
        shown = repr(str(accounts["account"].iloc[0]))
        problems.append(Problem("account_lines", "sales", None, shown, "sales of some line", count=len(idle)))
    if problems:
        raise DataError(problems)
    named = _named(accounts[idle])
    lines = sorted({*map(str, sold.columns), *(line for row in named for line in row)})
    bought = sold.rename(columns=str).reindex(columns=lines, fill_value=0.0).to_numpy(float, copy=True)
    if idle.any():
        bought[idle] = [[line in row for line in lines] if row else bought.sum(axis=0) for row in named]
    main = bought.argmax(axis=1)
    main[idle] = [lines.index(row[0]) if row else most for row, most in zip(named, main[idle], strict=True)]
    return LineShares(bought / bought.sum(axis=1, keepdims=True), main, tuple(lines), 0, int(idle.sum()))
