"""Online channels from visit to served order: how many pass each stage, and what an order costs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import binomtest

STAGES = ("visits", "orders", "delivered", "served")


@dataclass(frozen=True, eq=False)
class OnlineFunnel:
    """What `measure_online_funnel` found, over the last `periods` periods.

    table   : channel, spend, visits, orders, delivered, served; conversion (orders per visit), delivery (delivered per
              order), service (served per delivered), each with *_low and *_high (95 %, Wilson); cost_per_visit,
              cost_per_order, cost_per_served (currency)
    trend   : period, channel, conversion, delivery, service, cost_per_order
    skipped : channel, reason
    """

    table: pd.DataFrame
    trend: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    periods: int


def online_funnel(history: pd.DataFrame, periods: int, confidence: float) -> OnlineFunnel:
    """The funnel of a checked history; see `salesopt.channels.measure_online_funnel`."""
    known = [name for name in STAGES if name in history.columns]
    kept = history[known].notna().all(axis=1) & (len(known) == len(STAGES))
    names = list(dict.fromkeys(history["channel"]))
    online = [name for name in names if kept[history["channel"] == name].any()]
    silent = "no visits, orders, deliveries and served orders in the data"
    skipped = [(name, silent) for name in names if name not in online]
    rows = history[kept]
    last = np.sort(rows["period"].unique())[-periods:]
    recent = rows[rows["period"].isin(last)]
    sums = recent.groupby("channel", sort=False)[["spend", *STAGES]].sum() if len(recent) else pd.DataFrame()
    table = _rates(sums.reset_index(), confidence) if len(sums) else pd.DataFrame(columns=["channel", "spend", *STAGES])
    trend = _trend(rows)
    rising = [
        f"{name}: more {later} than {earlier}"
        for name in (sums.index if len(sums) else [])
        for earlier, later in pairwise(STAGES)
        if sums.loc[name, later] > sums.loc[name, earlier]
    ]
    cautions = ("Stages do not narrow for " + "; ".join(rising) + ".",) if rising else ()
    return OnlineFunnel(table, trend, pd.DataFrame(skipped, columns=["channel", "reason"]), cautions, len(last))


STEPS = (("conversion", "orders", "visits"), ("delivery", "delivered", "orders"), ("service", "served", "delivered"))
COSTS = (("cost_per_visit", "visits"), ("cost_per_order", "orders"), ("cost_per_served", "served"))


def _ratio(above: pd.Series, below: pd.Series) -> pd.Series:
    return above / below.where(below > 0)


def _rates(sums: pd.DataFrame, confidence: float) -> pd.DataFrame:
    table = sums.copy()
    for name, above, below in STEPS:
        table[name] = _ratio(table[above], table[below])
        bounds = [_interval(some, all_, confidence) for some, all_ in zip(table[above], table[below], strict=True)]
        table[f"{name}_low"], table[f"{name}_high"] = zip(*bounds, strict=True)
    for name, below in COSTS:
        table[name] = _ratio(table["spend"], table[below])
    return table


def _trend(rows: pd.DataFrame) -> pd.DataFrame:
    columns = ["period", "channel", "conversion", "delivery", "service", "cost_per_order"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    rates = {name: _ratio(rows[above], rows[below]) for name, above, below in STEPS}
    table = rows.assign(**rates, cost_per_order=_ratio(rows["spend"], rows["orders"]))
    return table[columns].sort_values(["channel", "period"], ignore_index=True)


def _interval(some: float, all_: float, confidence: float) -> tuple[float, float]:
    """Wilson interval of a share; nan where there is no share."""
    if all_ <= 0 or some > all_:
        return np.nan, np.nan
    interval = binomtest(round(some), round(all_)).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)
