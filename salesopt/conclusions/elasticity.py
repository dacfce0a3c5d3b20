"""What the elasticities say, in words."""

from __future__ import annotations

import pandas as pd

from salesopt.display import band, listed, number, plural
from salesopt.elasticity import Elasticity
from salesopt.results import Basis, Conclusion, Finding

UNIT = "% of units per % of price"


def conclude_elasticity(result: Elasticity, *, currency: str = "") -> Conclusion:
    """The answer in a sentence, what to doubt, findings and metrics ("elasticity.median" and others)."""
    table = result.table
    if not len(table):
        return Conclusion("No product's price elasticity could be estimated from these sales.", result.cautions)
    elastic, inelastic = table[table["high"] < -1], table[table["low"] > -1]
    return Conclusion(
        answer=_answer(result, len(elastic), len(inelastic)),
        doubts=(*result.cautions, *_flagged(table)),
        findings=_findings(result, elastic, inelastic),
        metrics={
            "elasticity.median": result.median,
            "elasticity.median_low": result.median_low,
            "elasticity.median_high": result.median_high,
            "elasticity.products": len(table),
            "elasticity.elastic": len(elastic),
            "elasticity.inelastic": len(inelastic),
            "elasticity.unclear": len(table) - len(elastic) - len(inelastic),
            "elasticity.wrong_sign": int((table["own_elasticity"] >= 0).sum()),
            "elasticity.skipped": len(result.skipped),
        },
        bases=(
            Basis(
                "Sales in the rows that the estimates use",
                "sales",
                "all periods up to the quarter",
                float(table["revenue"].sum()),
                currency,
            ),
        ),
    )


def _answer(result: Elasticity, elastic: int, inelastic: int) -> str:
    table = result.table
    if len(table) == 1:
        row = table.iloc[0]
        return (
            f"When the price of {row['product']} rises by 1 %, its units change by {number(row['elasticity'])} %"
            f"{band(row['low'], row['high'], 'number', result.confidence)}."
        )
    return (
        f"When its price rises by 1 %, the typical product's units change by {number(result.median)} %"
        f"{band(result.median_low, result.median_high, 'number', result.confidence)}. Of "
        f"{plural(len(table), 'product')}, {elastic} are clearly sensitive to price (a rise loses revenue), "
        f"{inelastic} clearly not, and for {len(table) - elastic - inelastic} the data cannot tell."
    )


def _flagged(table: pd.DataFrame) -> list[str]:
    flagged = table[table["caution"] != ""]
    if not len(flagged):
        return []
    names = listed(flagged.sort_values("revenue", ascending=False)["product"].drop_duplicates(), 4)
    return [
        f"{plural(len(flagged), 'estimate')} of {len(table)} carry a caution of their own ({names}); see the table."
    ]


def _findings(result: Elasticity, elastic: pd.DataFrame, inelastic: pd.DataFrame) -> tuple[Finding, ...]:
    caution = result.cautions[0] if result.cautions else ""
    revenue = float(result.table["revenue"].sum())
    found = [
        Finding(
            "Price elasticity of the typical product",
            result.median,
            result.median_low,
            result.median_high,
            UNIT,
            "Use each product's own elasticity for its price, not one for all.",
            caution,
            "elasticity",
        )
    ]
    for part, what, action in (
        (elastic, "sensitive", "Think twice before raising these prices: each rise loses revenue."),
        (inelastic, "insensitive", "Test price rises here first: a rise gains revenue."),
    ):
        if len(part):
            names = listed(part.sort_values("revenue", ascending=False)["product"].drop_duplicates(), 3)
            share = float(part["revenue"].sum()) / revenue
            found.append(
                Finding(
                    f"Share of revenue in products clearly {what} to price ({names})",
                    share,
                    float("nan"),
                    float("nan"),
                    "fraction of revenue",
                    action,
                    "A class, by whether the whole interval lies on one side of -1; it has no interval of its own.",
                    "elasticity",
                )
            )
    return tuple(found)
