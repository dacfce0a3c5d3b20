"""The plain words beside a price list: when not to trust a price, and what holds it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from salesopt.stats.price_range import SIGN

Row = dict[Hashable, Any]


def row_cautions(
    table: pd.DataFrame, items: pd.DataFrame, refused: np.ndarray, extrapolate: bool, no_point: np.ndarray
) -> list[str]:
    """One text per product, "" where there is nothing to say."""
    rows = zip(table.to_dict("records"), items.to_dict("records"), refused, no_point, strict=True)
    return [" ".join(_sentences(row, item, bool(off), extrapolate, bool(bare))) for row, item, off, bare in rows]


def _sentences(row: Row, item: Row, refused: bool, extrapolate: bool, no_point: bool) -> list[str]:
    said = []
    if refused:
        said.append(_refusal(row, item))
    if item["price"] < item["unit_cost"]:
        said.append("Today's price is below unit cost.")
    if pd.notna(item["price_low"]) and pd.notna(item["price_high"]):
        said += _observed(row, item, extrapolate, refused)
    if no_point:
        said.append("No price point lies within its range, so the price nearest to today's within it is kept.")
    if not row["sure"] and abs(row["price_change"]) >= 0.005 and row["gain"] > 0:
        said.append(f"The move may lose: the interval of its gain starts at {row['gain_low']:,.0f}.")
    if (row["price_change"] < -0.005 and row["best_low"] > row["price_now"]) or (
        row["price_change"] > 0.005 and row["best_high"] < row["price_now"]
    ):
        said.append("It moves away from its own best price, to make room for others under a limit or for their sake.")
    if row["gain"] < 0 and abs(row["price_change"]) >= 0.005:
        said.append(
            "It earns less than today: other products' new prices take sales from it, or it moves for their sake, "
            "for a limit or to a price point; the list as a whole gains."
        )
    if item["assumed"]:
        said.append("Unit cost is assumed.")
    if item["caution"]:
        said.append(item["caution"])
    return said


def _refusal(row: Row, item: Row) -> str:
    where = f"elasticity {item['elasticity']:.2f}, interval {item['low']:.2f} to {item['high']:.2f}"
    held = row["binding"] or "its range"
    if SIGN in str(row["binding"]):
        return f"Units rise with the price in the data ({where}); that is no basis for a price, which stays as it is."
    if item["elasticity"] >= -1:
        return f"No inner optimum: demand is not elastic ({where}), profit rises with the price; held by {held}."
    return f"No inner optimum that the data can vouch for: the interval reaches -1 or above ({where}); held by {held}."


def _observed(row: Row, item: Row, extrapolate: bool, refused: bool) -> list[str]:
    low, high = item["price_low"], item["price_high"]
    seen = f"the prices ever observed ({low:.4g} to {high:.4g})"
    if not low * (1 - 1e-9) <= row["price"] <= high * (1 + 1e-9):
        return [f"The new price lies outside {seen}: an extrapolation."]
    if not extrapolate and not refused and not low * (1 - 1e-9) <= row["best"] <= high * (1 + 1e-9):
        return [f"The best price, {row['best']:.2f}, lies outside {seen}; the new price stays within them."]
    return []


def plan_cautions(
    table: pd.DataFrame, refused: np.ndarray, cross: Any, proved: bool, objective: str
) -> tuple[str, ...]:
    """Plain sentences about the list as a whole."""
    said = []
    if refused.any():
        said.append(
            f"{int(refused.sum())} of {len(table)} products have no inner optimum, because their elasticity or its "
            "interval is not below -1; their prices move only where every elasticity of the interval gains."
        )
    seen = table["binding"].str.contains("price observed").sum()
    if seen:
        said.append(
            f"{int(seen)} prices stop at the highest or lowest price ever observed; beyond it the data say nothing."
        )
    unsure = int((~table["sure"] & (table["price_change"].abs() >= 0.005)).sum())
    if unsure:
        said.append(f"{unsure} of the moves may lose: the interval of their gain reaches below zero.")
    too_much = float(table["optimism"].sum())
    if too_much > 0:
        said.append(
            f"{too_much:,.0f} a year were taken off the gain: elasticities that are not pooled make the prices chosen "
            "on them look better than they are (the optimiser's curse)."
        )
    said.append(
        "Elasticities come from past, often short, changes of price: a lasting one can cost more buyers. Competitors "
        "are taken not to answer, and unit cost not to change with volume."
    )
    wrong = getattr(cross, "wrong_signed", None)
    if isinstance(wrong, (int, np.integer)) and wrong:
        said.append(
            f"{int(wrong)} of the cross elasticities have a sign that substitutes should not have; the joint prices "
            "lean on them."
        )
    if not proved:
        said.append(
            "Prices that limits or cross effects tie together come from a search that is not proved to find the best."
        )
    if objective != "profit":
        aim = {
            "revenue": "revenue is maximised, not profit",
            "cautious": "each price moves only as far as every elasticity of its interval supports",
        }
        said.append(f"Objective: {aim[objective]}.")
    return tuple(said)
