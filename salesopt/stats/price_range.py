"""Between which prices a product may move, and what holds it at either end.

Limits have a rank. The cost (or margin) floor and the firm's own `min_price` and `max_price` are hard; the bounds
around today's price and the range of prices ever observed are soft and give way where a hard limit lies beyond them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.demand import best_price

COST, MARGIN = "cost", "margin floor"
LEAST, HIGHEST = "least price allowed", "highest price allowed"
LOWER, UPPER = "largest cut allowed", "largest rise allowed"
LOWEST_SEEN, HIGHEST_SEEN = "lowest price observed", "highest price observed"
TODAY, INTERVAL, SIGN = "today's price", "interval of the elasticity", "wrong-signed elasticity"


def price_range(
    items: pd.DataFrame, *, bounds: tuple[float, float], margin_floor: float, extrapolate: bool
) -> pd.DataFrame:
    """The range of prices of each item: least, most, and the names of what sets them (least_by, most_by).

    items : price, unit_cost, min_price, max_price, price_low, price_high (nan where there is none)
    A row where no price is allowed (the highest price allowed is below the floor) has least > most.
    """
    now = items["price"].to_numpy(float)
    floor = items["unit_cost"].to_numpy(float) / (1 - margin_floor)
    lows = {LOWER: bounds[0] * now, COST if margin_floor == 0 else MARGIN: floor, LEAST: _filled(items, "min_price", 0)}
    highs = {UPPER: bounds[1] * now, HIGHEST: _filled(items, "max_price", np.inf)}
    if not extrapolate:
        lows[LOWEST_SEEN] = np.minimum(_filled(items, "price_low", 0), now)
        highs[HIGHEST_SEEN] = np.maximum(_filled(items, "price_high", np.inf), now)
    least, least_by = _tightest(lows, np.argmax)
    most, most_by = _tightest(highs, np.argmin)
    hard_low, hard_low_by = _tightest({name: lows[name] for name in lows if name in (COST, MARGIN, LEAST)}, np.argmax)
    hard_high = highs[HIGHEST]
    forced_up = (hard_low > most) & (hard_low <= hard_high)
    forced_down = (hard_high < least) & (hard_low <= hard_high)
    result = pd.DataFrame({"least": least, "most": most, "least_by": least_by, "most_by": most_by}, index=items.index)
    result.loc[forced_up, "most"] = hard_low[forced_up]
    result.loc[forced_up, "most_by"] = np.asarray(hard_low_by, dtype=object)[forced_up]
    result.loc[forced_down, "least"] = hard_high[forced_down]
    result.loc[forced_down, "least_by"] = HIGHEST
    impossible = hard_low > hard_high
    result.loc[impossible, "least"], result.loc[impossible, "most"] = hard_low[impossible], hard_high[impossible]
    result["floor"] = floor
    return result


def narrow_to_sure(items: pd.DataFrame, ranges: pd.DataFrame, cost: np.ndarray, which: np.ndarray) -> pd.DataFrame:
    """Keep the price of the items `which` from moving further than every elasticity of the interval supports.

    With `best_price(low)` and `best_price(high)` as the ends of the interval of the best price, a move towards the
    nearer end gains at every elasticity of the interval, and it gains most, in the worst case, right at that end; from
    inside the interval no move gains in all cases. So the price may go from today's price to the nearer end. An item
    with a positive elasticity does not move at all.
    """
    now = items["price"].to_numpy(float)
    ends = best_price(cost, items["low"]), best_price(cost, items["high"])
    target = np.clip(now, np.minimum(*ends), np.maximum(*ends))
    positive = items["elasticity"].to_numpy(float) >= 0
    target = np.where(positive, now, target)
    result = ranges.copy()
    holder = np.where(positive, SIGN, INTERVAL)
    for column, end, tighter in (
        ("least", np.minimum(now, target), np.maximum),
        ("most", np.maximum(now, target), np.minimum),
    ):
        bound = np.clip(end, ranges["least"], ranges["most"])
        moved = which & (tighter(bound, ranges[column].to_numpy(float)) != ranges[column].to_numpy(float))
        result.loc[moved, column] = bound[moved]
        result.loc[moved, f"{column}_by"] = np.where(end == target, holder, TODAY)[moved]
    return result


def _filled(items: pd.DataFrame, column: str, missing: float) -> np.ndarray:
    return items[column].fillna(missing).to_numpy(float)


def _tightest(limits: dict[str, np.ndarray], pick: object) -> tuple[np.ndarray, np.ndarray]:
    """Per item the tightest of several limits, and its name."""
    names, values = np.array(list(limits), dtype=object), np.stack(list(limits.values()))
    at = pick(values, axis=0)  # type: ignore[operator]
    return values[at, np.arange(values.shape[1])], names[at]
