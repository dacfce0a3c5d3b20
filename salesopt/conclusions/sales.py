"""What the quarter's sales say, in words."""

from __future__ import annotations

import math

import pandas as pd

from salesopt.display import integer, listed, money, percent, plural, signed
from salesopt.results import Basis, Conclusion
from salesopt.sales import QuarterSales


def conclude_sales(result: QuarterSales, *, currency: str = "", source: str = "") -> Conclusion:
    """The quarter's sales, units and margin with their changes, and metrics ("sales.quarter" and others).

    source : file of the table sales, which the answer names
    """
    own = result.table.iloc[0]
    whole = bool(result.quarters["whole"].iloc[-1])
    said = "" if whole else ", not complete"
    answer = [
        f"{own['quarter']}{said}: sales of {money(own['sales'], currency)} and {integer(own['units'])} units in "
        f"{plural(own['periods'], result.length)} (table sales{f', {source}' if source else ''}).",
        *(_change(row, result.length) for _, row in result.table.iloc[1:].iterrows()),
        _margin(result, currency),
        _movers(result, currency),
    ]
    metrics = {
        "sales.quarter": own["sales"],
        "sales.quarter_units": own["units"],
        "sales.quarter_margin": own["margin"],
    }
    return Conclusion(" ".join(filter(None, answer)), result.cautions, (), metrics, _bases(result, currency))


def _bases(result: QuarterSales, currency: str) -> tuple[Basis, ...]:
    own, year = result.table.iloc[0], result.quarters.tail(4)
    bases = [Basis("Sales at prices paid", "sales", own["quarter"], own["sales"], currency)]
    if not math.isnan(own["margin"]):
        bases.append(Basis("Margin over unit cost", "sales", own["quarter"], own["margin"], currency))
    if len(year) == 4 and year["whole"].all():
        span = f"{year['quarter'].iloc[0]} to {own['quarter']}"
        bases.append(Basis("Sales at prices paid", "sales", span, float(year["sales"].sum()), currency))
    return tuple(bases)


def _change(row: pd.Series, length: str) -> str:
    """Growth against another quarter, with how many periods were compared."""
    if math.isnan(row["compared"]):
        return f"Against {row['against']} ({row['quarter']}) nothing can be said: table sales does not hold it."
    mine, other = plural(int(row["compared"]), length), plural(int(row["compared_before"]), length)
    over = f"{mine} of each" if row["compared"] == row["compared_before"] else f"{mine} against {other}"
    return (
        f"Against {row['against']} ({row['quarter']}) sales {moved(row['sales_change'])}, "
        f"units {moved(row['units_change'])} ({over} compared)."
    )


def moved(change: float) -> str:
    """A change in words: "rose by 4.5 %", "fell by 6.4 %", "did not change"."""
    if not math.isfinite(change):
        return "cannot be compared"
    shown = percent(abs(change))
    return "did not change" if shown == percent(0.0) else f"{'rose' if change > 0 else 'fell'} by {shown}"


def _margin(result: QuarterSales, currency: str) -> str:
    own, year = result.table.iloc[0], result.table.iloc[2]
    if math.isnan(own["margin"]):
        return "The margin cannot be told: the cost of some or all that was sold is not known."
    if own["sales"] == 0:
        return ""
    known = math.isfinite(year["margin_change"])
    change = f"; against {year['against']} it {moved(year['margin_change'])}" if known else ""
    share = percent(own["margin"] / own["sales"])
    return f"Margin over unit cost: {money(own['margin'], currency)}, {share} of sales{change}."


def _movers(result: QuarterSales, currency: str) -> str:
    """The lines that rose and fell most in money over a year, where there are several."""
    amounts = (result.lines["sales_before"] * result.lines["sales_change"]).dropna().sort_values()
    if len(amounts) < 2:
        return ""
    said = [
        f"{result.lines.loc[at, result.by]} {word} most ({money(abs(amounts[at]), currency)}, "
        f"{signed(result.lines.loc[at, 'sales_change'])})"
        for word, at, sign in (("gained", amounts.index[-1], 1), ("lost", amounts.index[0], -1))
        if amounts[at] * sign > 0
    ]
    return f"Against a year before, in sales, {listed(said)}." if said else ""
