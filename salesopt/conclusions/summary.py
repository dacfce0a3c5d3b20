"""What the summary says in words."""

from __future__ import annotations

from collections.abc import Sequence

from salesopt.display import between, estimate, listed, plural
from salesopt.results import Conclusion
from salesopt.summary import Summary


def conclude_summary(result: Summary, *, failed: Sequence[str] = (), currency: str = "") -> Conclusion:
    """Name the findings worth most with their amounts, and how many of all are sure to be above zero.

    failed : titles of the chapters that could not be made, whose findings are not here
    """
    ranked = result.table
    doubts = (*_gone(failed), *result.cautions)
    if ranked.empty:
        return Conclusion("No chapter of this report found something that is worth an amount of money.", doubts)
    best = ranked.iloc[0]
    size = f"{estimate(best['value'], currency)} a year"
    interval = f" ({between(best['low'], best['high'], 'estimate', currency)})" if best["low"] == best["low"] else ""
    sure = int(ranked["sure"].sum())
    answer = (
        f"Worth most: {best['what'].rstrip('.')}, {size}{interval}. "
        f"Of {plural(len(ranked), 'finding')} with an amount, {sure} {'is' if sure == 1 else 'are'} "
        f"sure to be above zero."
    )
    return Conclusion(answer, doubts, (), {"summary.findings": float(len(ranked))})


def _gone(failed: Sequence[str]) -> list[str]:
    """That chapters failed, in a sentence."""
    if not failed:
        return []
    count = plural(len(failed), "chapter")
    return [f"{count} could not be made ({listed(failed)}): what they would have found is not ranked here."]
