"""A promotion plan: a price cut, a deal and a bundle that give away the same margin, compared by what they earn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.demand import Array, spread_draws
from salesopt.stats.price_items import Skipped, price_items, table_of

CUT, DEAL, BUNDLE = "price cut", "deal", "bundle"
DEEPEST = 0.6
COLUMNS = (
    *("product", "offer", "partner", "depth", "margin", "units_base", "units", "units_change", "breakeven_change"),
    *("profit_base", "profit", "gain", "gain_low", "gain_high", "caution"),
)
Offer = tuple[str, str, float, float, Array, Array, float]


@dataclass(frozen=True, eq=False)
class PromotionPlan:
    """What `compare_promotions` found. Money is in the study's currency over the promotion, units over the promotion.

    table    : product, offer ("price cut", "deal", "bundle"), partner (of a bundle), depth (discount printed on the
               offer, a fraction), margin (fraction of revenue during the offer; of the bundle itself, for a bundle),
               units_base, units, units_change (fraction), breakeven_change (of a price cut: the change of units at
               which it gains nothing, borrowed sales counted), profit_base, profit, gain, gain_low, gain_high, best
               (the offer of the product that gains most, if any gains), caution
    skipped  : item, reason: products and offers without a comparison
    depth, weeks, redemption, attach, borrowed, confidence : what was asked for
    """

    table: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    depth: float
    weeks: float
    redemption: float
    attach: float
    borrowed: float
    confidence: float


def compare_promotions(
    products: pd.DataFrame,
    elasticity: Any,
    *,
    depth: float = 0.1,
    weeks: float = 4,
    redemption: float = 0.5,
    attach: float = 0.2,
    borrowed: float = 0.3,
    bundles: pd.DataFrame | None = None,
    assumed_margin: float | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> PromotionPlan:
    """Compare a price cut of `depth` with a deal and a bundle that leave the same margin, a fraction of revenue.

    products   : product, unit_cost, price (currency per unit), units (a year)
    elasticity : a result with `.table`, or the table; `deal_elasticity` and `deal_std_error` (answer to a temporary
                 price) are used where known, the elasticity of the lasting price elsewhere (said in `caution`)
    price cut  : everybody pays `depth` less
    deal       : a coupon or multi-buy that only `redemption` of the units are bought on, the rest at full price; its
                 depth is the one that leaves the margin of the price cut (at most 60 %)
    bundle     : with the partner in `bundles` (product, partner); `attach` of the buyers take both, at one price with
                 the margin of the price cut; the others buy as before
    borrowed   : share of the extra units that are taken from later weeks at full margin (stocking up); of a bundle
                 both products

    Where nothing can be promoted the table is empty, and `cautions` and `skipped` say why.

    Raises DataError, ParameterError. Source of the comparison at equal margin: Blattberg and Neslin, Sales Promotion.
    """
    _check(depth, weeks, redemption, attach, borrowed, draws)
    estimates, confidence = table_of(elasticity, "elasticity"), float(getattr(elasticity, "confidence", 0.95))
    items, skipped, notes = price_items(products, _temporary(estimates), confidence, assumed_margin)
    temporary: set[str] = set()
    if "deal_elasticity" in estimates:
        temporary = set(estimates["product"][estimates["deal_elasticity"].notna()].astype(str))
    slopes = spread_draws(items["elasticity"], items["spread"], draws, np.random.default_rng(seed))
    share = weeks * 7 / 365.25
    partners = _partners(bundles, items, skipped)
    rows = []
    for at, item in enumerate(items.to_dict("records")):
        cut_price = item["price"] * (1 - depth)
        if cut_price <= item["unit_cost"]:
            skipped.append((str(item["product"]), f"a cut of {100 * depth:g} % would sell below unit cost"))
            continue
        if item["elasticity"] >= 0:
            skipped.append((str(item["product"]), "units rise with the price in the data"))
            continue
        margin = 1 - item["unit_cost"] / cut_price
        own = np.append(item["elasticity"], slopes[:, at])
        stand_in = f"The elasticity of a lasting price stands in. {item['caution']}".strip()
        caution = str(item["caution"]) if item["product"] in temporary else stand_in
        cut, deal = _cut(item, own, depth), _deal(item, own, margin, redemption)
        full = item["price"] - item["unit_cost"]
        offers: list[Offer] = [(CUT, "", depth, margin, *cut, full), (DEAL, "", *deal, full)]
        for other in partners.get(str(item["product"]), []):
            with_it = np.append(items["elasticity"].iloc[other], slopes[:, other])
            second = items.iloc[other].to_dict()
            found = _bundle(item, second, own, with_it, margin, attach)
            partner = str(items["product"].iloc[other])
            if found is None:
                reason = "no bundle is set by that margin: the partner's is too low, or the product costs nothing"
                skipped.append((f"{item['product']} with {partner}", reason))
            else:
                offers.append((BUNDLE, partner, *found, full + second["price"] - second["unit_cost"]))
        rows += [_row(item, offer, share, borrowed, confidence, caution) for offer in offers]
    table = pd.DataFrame(rows, columns=COLUMNS)
    best = table.groupby("product")["gain"].transform("max")
    table["best"] = (table["gain"] == best) & (best > 0)
    cautions = notes + _cautions(table, redemption, attach, borrowed) if rows else (_nothing(skipped), *notes)
    return PromotionPlan(
        table, pd.DataFrame(skipped, columns=["item", "reason"]), cautions,
        depth, weeks, redemption, attach, borrowed, confidence,
    )  # fmt: skip


def _nothing(skipped: Skipped) -> str:
    """Why no product is promoted: the most frequent reason."""
    reasons = pd.Series([reason for _, reason in skipped]).value_counts()
    return f"No product can be promoted; for {int(reasons.iloc[0])} of {len(skipped)}: {reasons.index[0]}."


def pair_products(products: pd.DataFrame) -> pd.DataFrame:
    """Pair each product with one of its line to bundle it with: the one with the highest margin, then most units.

    products : product, price, units; line (all are one line without it); unit_cost (equal margins where it is blank).
    Returns product, partner. Pairs from baskets or from complements (`cross` terms below zero) are better where known.
    """
    usable = products.dropna(subset=["price", "units"]).copy()
    usable["group"] = usable["line"].astype(str) if "line" in usable else "all products"
    usable["margin"] = (1 - usable["unit_cost"] / usable["price"]).fillna(0.0) if "unit_cost" in usable else 0.0
    pairs = []
    for _, members in usable.groupby("group", sort=True):
        ranked = members.sort_values(["margin", "units"], ascending=False)["product"].tolist()
        pairs += [(name, ranked[0] if name != ranked[0] else ranked[1]) for name in ranked if len(ranked) > 1]
    return pd.DataFrame(pairs, columns=["product", "partner"])


def _check(depth: float, weeks: float, redemption: float, attach: float, borrowed: float, draws: int) -> None:
    wrong = []
    if not 0 < depth < 1:
        wrong.append(f"depth must be a fraction between 0 and 1, not {depth}")
    if not 0 < weeks <= 52:
        wrong.append(f"weeks must lie above 0 and up to 52, not {weeks}")
    for name, value in (("redemption", redemption), ("attach", attach)):
        if not 0 < value <= 1:
            wrong.append(f"{name} must be a fraction above 0 and up to 1, not {value}")
    if not 0 <= borrowed <= 1:
        wrong.append(f"borrowed must be a fraction from 0 to 1, not {borrowed}")
    if draws < 100:
        wrong.append(f"draws must be at least 100 for an interval, not {draws}")
    if wrong:
        raise ParameterError("; ".join(wrong))


def _temporary(estimates: pd.DataFrame) -> pd.DataFrame:
    """The estimates with the answer to a temporary price in place of that to a lasting one, where it is known."""
    if "deal_elasticity" not in estimates:
        return estimates
    known = estimates["deal_elasticity"].notna()
    changed = estimates.copy()
    pairs = {"elasticity": "deal_elasticity", "std_error": "deal_std_error", "low": "deal_low", "high": "deal_high"}
    for column, deal in pairs.items():
        if column in changed:
            given = estimates[deal] if deal in estimates else pd.Series(np.nan, index=estimates.index)
            changed[column] = estimates[column].where(~known, given)
    return changed


def _partners(bundles: pd.DataFrame | None, items: pd.DataFrame, skipped: Skipped) -> dict[str, list[int]]:
    """Positions of the partners of each product; what is not being priced goes to `skipped`."""
    if bundles is None:
        return {}
    needed = [column for column in ("product", "partner") if column not in bundles]
    problems = [Problem("bundles", column, None, "", "this column, which is absent") for column in needed]
    if problems:
        raise DataError(problems)
    place = {str(name): at for at, name in enumerate(items["product"])}
    found: dict[str, list[int]] = {}
    for product, partner in bundles[["product", "partner"]].astype(str).itertuples(index=False):
        if product in place and partner in place and product != partner:
            found.setdefault(product, []).append(place[partner])
        else:
            skipped.append((f"{product} with {partner}", "one of the two has no price, cost or elasticity"))
    return found


def _cut(item: dict[Any, Any], slopes: Array, depth: float) -> tuple[Array, Array]:
    """Change of profit and of units a year for everybody at the lower price; first at the estimate, then per draw."""
    lift = (1 - depth) ** slopes
    margin, less = item["price"] - item["unit_cost"], item["price"] * (1 - depth) - item["unit_cost"]
    return item["units"] * (lift * less - margin), item["units"] * (lift - 1)


def _deal(item: dict[Any, Any], slopes: Array, margin: float, redemption: float) -> tuple[float, float, Array, Array]:
    """Depth that leaves the margin, the margin, and the changes: only `redemption` of the units answer."""
    price, cost = item["price"], item["unit_cost"]

    def left(depth: float) -> float:
        lift = (1 - depth) ** slopes[0]
        revenue = (1 - redemption) * price + redemption * lift * price * (1 - depth)
        return 1 - cost * ((1 - redemption) + redemption * lift) / revenue

    depth = float(brentq(lambda one: left(one) - margin, 0.0, DEEPEST)) if left(DEEPEST) < margin else DEEPEST
    change, extra = _cut(item, slopes, depth)
    return depth, float(left(depth)), redemption * change, redemption * extra


def _bundle(
    item: dict[Any, Any], other: dict[Any, Any], slopes: Array, slopes_other: Array, margin: float, attach: float
) -> tuple[float, float, Array, Array] | None:
    """Depth of the bundle's price that leaves the margin, the margin, and the changes; None where there is none."""
    list_price, cost = item["price"] + other["price"], item["unit_cost"] + other["unit_cost"]
    if margin >= 1:  # the product costs nothing, so that no price of the bundle is singled out by its margin
        return None
    price = cost / (1 - margin)
    depth = 1 - price / list_price
    if depth <= 0:
        return None
    both = attach * min(item["units"], other["units"])
    weight = item["price"] / list_price
    lift = (1 - depth) ** (weight * slopes + (1 - weight) * slopes_other)
    return float(depth), margin, both * (lift * (price - cost) - (list_price - cost)), both * (lift - 1)


def _row(
    item: dict[Any, Any],
    offer: Offer,
    share: float,
    borrowed: float,
    confidence: float,
    caution: str,
) -> dict[str, object]:
    """One row of the table; the promotion lasts `share` of a year, borrowed units cost their margin later.

    The last part of an offer is that margin: of a unit, or of both units of a bundle.
    """
    name, partner, depth, margin, change, extra, later = offer
    full, less = item["price"] - item["unit_cost"], item["price"] * (1 - depth) - item["unit_cost"]
    gains = share * (change - borrowed * np.maximum(extra, 0.0) * later)
    base, tail = item["units"] * share, (1 - confidence) / 2
    low, high = np.quantile(gains[1:], [tail, 1 - tail])
    if name == DEAL and depth == DEEPEST:
        caution = f"{caution} The deal cannot give away as much as the price cut does.".strip()
    pays = less - borrowed * full
    return {
        "product": str(item["product"]),
        "offer": name,
        "partner": partner,
        "depth": depth,
        "margin": margin,
        "units_base": base,
        "units": base + share * extra[0],
        "units_change": extra[0] / item["units"],
        "breakeven_change": np.nan if name != CUT else (full - less) / pays if pays > 0 else np.inf,
        "profit_base": full * base,
        "profit": full * base + gains[0],
        "gain": gains[0],
        "gain_low": min(low, gains[0]),
        "gain_high": max(high, gains[0]),
        "caution": caution,
    }


def _cautions(table: pd.DataFrame, redemption: float, attach: float, borrowed: float) -> tuple[str, ...]:
    said = [
        f"Taken as given, not estimated: {100 * redemption:g} % of units are bought on a deal, {100 * attach:g} % of "
        f"buyers take a bundle, {100 * borrowed:g} % of the extra units are borrowed from later weeks."
    ]
    losing = table.groupby("product")["gain"].max() <= 0
    if losing.any():
        said.append(f"For {int(losing.sum())} of {len(losing)} products no offer of that margin pays.")
    return tuple(said)
