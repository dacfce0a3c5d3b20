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
    """

    share: np.ndarray
    main: np.ndarray
    names: tuple[str, ...]
    split: int

    @property
    def cautions(self) -> tuple[str, ...]:
        """That the split is a guess, where it is one."""
        if not self.split:
            return ()
        return (
            f"The work of {self.split} accounts with several lines is split equally over them; the table account_lines "
            "would say what they buy of each.",
        )


def line_shares(accounts: pd.DataFrame, account_lines: pd.DataFrame | None) -> LineShares:
    """The part of each line in each account of the checked table `accounts`.

    With the checked table `account_lines` a line's part is its share of what the account buys. Without it, it is an
    equal part of the lines named in the column `line` ("juice;water"; blank: "no line"); without that column every
    account is of one line, "all lines". Raises DataError where `account_lines` names a stranger or leaves an account
    without sales, both problems at once.
    """
    if account_lines is not None:
        return _bought(accounts, account_lines)
    if "line" not in accounts:
        return LineShares(np.ones((len(accounts), 1)), np.zeros(len(accounts), int), ("all lines",), 0)
    named = [
        list(dict.fromkeys(part for piece in value.split(";") if (part := piece.strip()))) or ["no line"]
        for value in accounts["line"].fillna("").astype(str)
    ]
    lines = tuple(sorted({line for row in named for line in row}))
    share = np.array([[(line in row) / len(row) for line in lines] for row in named])
    main = np.array([lines.index(row[0]) for row in named])
    return LineShares(share, main, lines, sum(len(row) > 1 for row in named))


def _bought(accounts: pd.DataFrame, account_lines: pd.DataFrame) -> LineShares:
    table = account_lines.pivot_table(index="account", columns="line", values="sales", aggfunc="sum")
    bought = table.reindex(accounts["account"]).fillna(0.0).to_numpy(float)
    problems = []
    strange = sorted(set(table.index) - set(accounts["account"]))
    if strange:
        shown = repr(str(strange[0]))
        problems.append(Problem("account_lines", "account", None, shown, "an account of accounts", count=len(strange)))
    none = bought.sum(axis=1) <= 0
    if none.any():
        shown = repr(str(accounts["account"].to_numpy()[none][0]))
        problems.append(Problem("account_lines", "sales", None, shown, "sales of some line", count=int(none.sum())))
    if problems:
        raise DataError(problems)
    share = bought / bought.sum(axis=1, keepdims=True)
    return LineShares(share, bought.argmax(axis=1), tuple(map(str, table.columns)), 0)
