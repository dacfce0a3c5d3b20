"""What the summary says in words."""

from __future__ import annotations

from salesopt.display import between, estimate, plural
from salesopt.results import Conclusion
from salesopt.summary import Summary


def conclude_summary(result: Summary, *, currency: str = "") -> Conclusion:
    """Name the findings worth most with their amounts, and how many of all are sure to be above zero."""
    ranked = result.table
    if ranked.empty:
        return Conclusion(
            "No chapter of this report found something that is worth an amount of money.", result.cautions
        )
    best = ranked.iloc[0]
    size = f"{estimate(best['value'], currency)} a year"
    interval = f" ({between(best['low'], best['high'], 'estimate', currency)})" if best["low"] == best["low"] else ""
    sure = int(ranked["sure"].sum())
    answer = (
        f"Worth most: {best['what'].rstrip('.')}, {size}{interval}. "
        f"Of {plural(len(ranked), 'finding')} with an amount, {sure} {'is' if sure == 1 else 'are'} "
        f"sure to be above zero."
    )
    return Conclusion(answer, result.cautions, (), {"summary.findings": float(len(ranked))})
