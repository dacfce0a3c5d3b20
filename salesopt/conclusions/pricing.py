"""What a price plan says, in words that carry its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from salesopt.cross import CrossElasticity
from salesopt.display import between, estimate, number, percent, plural, price
from salesopt.pricing import MOVED, PricePlan, PromotionPlan, TailoredPrices
from salesopt.results import Basis, Conclusion, Finding
from salesopt.summary import money_unit

TOLD = 5


def conclude_pricing(plan: PricePlan, *, currency: str = "", also: Sequence[str] = ()) -> Conclusion:
    """The answer, the doubts (with those of the inputs, `also`), a finding for the list and for each large move."""
    moved = plan.table[plan.table["price_change"].abs() >= MOVED].sort_values("gain", ascending=False)
    return Conclusion(
        answer=_answer(plan, moved, currency),
        doubts=(*_doubts(plan), *also),
        findings=tuple(_findings(plan, moved, currency)),
        metrics=_metrics(plan),
        bases=tuple(
            Basis(what, "products; sales where it is blank", "a year, at today's prices and units", total, currency)
            for what, total in (
                ("Sales at today's list prices", float(plan.table["revenue_now"].sum())),
                ("Margin over unit cost at these prices", float(plan.profit_now)),
            )
        ),
    )


def conclude_cross(result: CrossElasticity) -> Conclusion:
    """How many cross effects are sure, and which product takes most from which."""
    terms = result.table[result.table["kind"] == "cross"]
    if terms.empty:
        return Conclusion("No group of products could be estimated.", result.cautions)
    sure = terms[terms["sure"] & (terms["elasticity"] > 0)].sort_values("elasticity", ascending=False)
    answer = f"{len(sure)} of {plural(len(terms), 'pair')} of products surely take sales from each other"
    if len(sure):
        top = sure.iloc[0]
        effect = f"{number(top['elasticity'], 2)} % ({between(top['low'], top['high'])})"
        answer += f"; most: a 1 % dearer {top['price_of']} sells {effect} more {top['product']}"
    metrics = {"cross.mean": float(terms["elasticity"].mean()), "cross.wrong_signed": float(result.wrong_signed)}
    return Conclusion(f"{answer}.", result.cautions, (), metrics)


def conclude_calendar(plan: TailoredPrices, *, currency: str = "") -> Conclusion:
    """Whether a price per season (or segment) is worth having over a single one."""
    if plan.products.empty:
        return Conclusion(plan.cautions[0], plan.cautions)
    extra = (
        f"{estimate(plan.extra, currency)} a year ({between(plan.extra_low, plan.extra_high, 'estimate', currency)})"
    )
    verdict = "is worth having" if plan.extra_low > 0 else "is not shown to be worth having"
    finding = Finding(
        what=f"A price per {plan.by}",
        value=plan.extra,
        low=plan.extra_low,
        high=plan.extra_high,
        unit=money_unit(currency),
        action=f"Set prices by {plan.by} where the extra profit is sure.",
        caution=plan.cautions[0] if plan.cautions else "",
        chapter="pricing",
    )
    return Conclusion(
        f"A price per {plan.by} {verdict}: it earns {extra} over the best single price.",
        plan.cautions,
        (finding,) if plan.extra_low > 0 else (),
        {"calendar.extra": plan.extra},
    )


def conclude_promotions(plan: PromotionPlan, *, currency: str = "") -> Conclusion:
    """For how many products an offer pays, which kind, and what they bring together."""
    best = plan.table[plan.table["best"]]
    count = plan.table["product"].nunique()
    if plan.table.empty:
        return Conclusion(plan.cautions[0], plan.cautions)
    cut = f"At the margin of a {percent(plan.depth, 0)} price cut"
    if best.empty:
        return Conclusion(f"{cut}, no offer pays for any of {plural(count, 'product')}.", plan.cautions)
    kinds = best["offer"].value_counts()
    named = ", ".join(f"{plural(amount, str(kind))}" for kind, amount in kinds.items())
    ends = between(float(best["gain_low"].sum()), float(best["gain_high"].sum()), "estimate", currency)
    worth = f"{estimate(float(best['gain'].sum()), currency)} ({ends})"
    pays = f"an offer pays for {len(best)} of {plural(count, 'product')} ({named})"
    answer = f"{cut}, {pays}: {worth} in {plan.weeks:g} weeks."
    finding = Finding(
        what=f"Offers for {plural(len(best), 'product')}",
        value=float(best["gain"].sum()),
        low=float(best["gain_low"].sum()),
        high=float(best["gain_high"].sum()),
        unit=f"{currency} per promotion of {plan.weeks:g} weeks".strip(),
        action="Run the best offer of each product, and none for the others.",
        caution=plan.cautions[0],
        chapter="pricing",
    )
    return Conclusion(answer, plan.cautions, (finding,), {"promotions.gain": float(best["gain"].sum())})


def _answer(plan: PricePlan, moved: pd.DataFrame, currency: str) -> str:
    if moved.empty:
        return (
            f"None of the {plural(len(plan.table), 'price')} should move: no move that the data support gains anything."
        )
    ends = between(plan.gain_low, plan.gain_high, "estimate", currency)
    worth = f"{estimate(plan.gain, currency)} a year ({ends}{_together(plan, currency)})"
    share = f", {percent(plan.gain / plan.profit_now)} of today's margin" if plan.profit_now > 0 else ""
    largest = [
        f"{row['product']} from {price(row['price_now'])} to {price(row['price'])} ({estimate(row['gain'], currency)})"
        for row in moved.head(2).to_dict("records")
    ]
    words = "The largest: " if len(largest) > 1 else "It is "
    sure = int(moved["sure"].sum())
    return (
        f"Moving {len(moved)} of {plural(len(plan.table), 'price')} is worth {worth}{share}; "
        f"{sure} of these moves gain even at the cautious end of the estimates. {words}{' and '.join(largest)}. "
        f"{_whole_list(plan, currency)}"
    )


def _together(plan: PricePlan, currency: str) -> str:
    """What the total's interval takes for granted, and how wide it is otherwise; nothing of a single product."""
    ends = _ends_together(plan, currency)
    return f" if the estimates err each by itself, {ends} if all err the same way" if ends else ""


def _ends_together(plan: PricePlan, currency: str) -> str:
    """Between what the gain lies if all estimates err the same way; "" of a single product."""
    if len(plan.table) < 2:
        return ""
    return between(plan.gain_low_together, plan.gain_high_together, "estimate", currency)


def _whole_list(plan: PricePlan, currency: str) -> str:
    """What the new prices do to the units and the revenue of the whole list: profit is not all that changes."""
    table = plan.table
    units, sold = table["units"].sum() / table["units_now"].sum() - 1, table["revenue_now"].sum()
    more = table["revenue"].sum() - sold
    return (
        f"The whole list then sells {percent(abs(units))} {'fewer' if units < 0 else 'more'} units, and its revenue is "
        f"{percent(abs(more) / sold)} ({estimate(abs(more), currency)} a year) {'lower' if more < 0 else 'higher'}."
    )


def _doubts(plan: PricePlan) -> list[str]:
    said = list(plan.cautions)
    if plan.snap_cost > 0 and not plan.points.empty:
        share = percent(plan.snap_cost / plan.profit_now, 2) if plan.profit_now > 0 else estimate(plan.snap_cost)
        said.append(f"Keeping to price points costs {share} of today's margin ({estimate(plan.snap_cost)} a year).")
    costly = (
        plan.limits[plan.limits["cost"] > 0].sort_values("cost", ascending=False) if len(plan.limits) else plan.limits
    )
    for row in costly.head(3).to_dict("records"):
        said.append(f"The limit '{row['limit']}' costs {estimate(row['cost'])} a year.")
    if len(plan.skipped):
        said.append(f"{plural(len(plan.skipped), 'product')} could not be priced; the reasons stand below.")
    return said


def _findings(plan: PricePlan, moved: pd.DataFrame, currency: str) -> list[Finding]:
    unit = money_unit(currency)
    sure = moved[moved["sure"]]
    found = []
    if len(moved):
        found.append(
            Finding(
                what=f"New prices for {plural(len(moved), 'product')}",
                value=plan.gain,
                low=plan.gain_low,
                high=plan.gain_high,
                unit=unit,
                action=_list_action(len(sure)),
                caution=" ".join((_wide(plan, currency), _whole_list(plan, currency), *plan.cautions[:1])).strip(),
                chapter="pricing",
            )
        )
    for row in moved.head(TOLD).to_dict("records"):
        way = "Raise" if row["price_change"] > 0 else "Cut"
        found.append(
            Finding(
                what=f"{row['product']}: {price(row['price_now'])} to {price(row['price'])} (part of the list)",
                value=row["gain"],
                low=row["gain_low"],
                high=row["gain_high"],
                unit=f"{unit}, within the list" if unit else "a year, within the list",
                action=f"{way} the price of {row['product']} by {percent(abs(row['price_change']))}; "
                f"it gains as long as units {_unless(row)}.",
                caution=row["caution"],
                chapter="pricing",
            )
        )
    return found


def _wide(plan: PricePlan, currency: str) -> str:
    ends = _ends_together(plan, currency)
    return f"If the estimates of all products err the same way, it is {ends}." if ends else ""


def _list_action(sure: int) -> str:
    if not sure:
        return "Test the new prices in a few markets before printing the list."
    return f"Print the new price list; begin with the {plural(sure, 'move')} that gain at every likely elasticity."


def _unless(row: dict[Any, Any]) -> str:
    """What units must do for the move to gain."""
    share = row["breakeven_change"]
    if not np.isfinite(share):
        return "do not matter: the new price earns nothing per unit"
    return f"fall by less than {percent(-share)}" if share < 0 else f"rise by more than {percent(share)}"


def _metrics(plan: PricePlan) -> dict[str, float]:
    change = plan.table["price_change"]
    weight = plan.table["revenue_now"]
    return {
        "pricing.gain": plan.gain,
        "pricing.gain_low": plan.gain_low,
        "pricing.gain_high": plan.gain_high,
        "pricing.moves": float(plan.moves),
        "pricing.up": float((change >= MOVED).sum()),
        "pricing.down": float((change <= -MOVED).sum()),
        "pricing.average_change": float((change * weight).sum() / weight.sum()) if weight.sum() > 0 else float("nan"),
        "pricing.margin": plan.profit_now / float(weight.sum()) if weight.sum() > 0 else float("nan"),
    }
