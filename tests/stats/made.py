"""Made-up demand whose truth is known: many independent data sets ("units") in one `Cells`."""

from __future__ import annotations

import numpy as np

from salesopt.stats.cells import Cells

BETA = -1.6


def demand_cells(
    units: int,
    markets: int,
    periods: int,
    *,
    seed: int,
    confounded: float = 0.0,
    market_shock: float = 0.0,
    instrument: float = 0.0,
    effects: tuple[str, ...] = ("market", "period"),
    counts: float = 0.0,
    common: float = 0.0,
) -> Cells:
    """Balanced panels with variables promo, log price, instrument, log units (or counts with mean `counts`).

    confounded   : how strongly an unseen demand shock moves the price
    market_shock : how strongly errors are alike within a market: an unseen slope of the market on price
    instrument   : how strongly the instrument moves the price
    common       : instead of a season that moves price and demand alike, shocks of each period that move the price, and
                   others that move demand, in all markets by this much
    """
    rng = np.random.default_rng(seed)
    shape = (units, markets, periods)
    market = 0.5 * rng.standard_normal((units, markets, 1))
    season = 0.3 * rng.standard_normal((units, 1, periods))
    price_shock, demand_shock = common * rng.standard_normal((2, units, 1, periods))
    season = season * (common == 0)
    shock, cost = 0.3 * rng.standard_normal(shape), rng.standard_normal(shape)
    promo = (rng.random(shape) < 0.25).astype(float)
    price = 0.3 * market + 0.2 * season + 0.12 * rng.standard_normal(shape) - 0.1 * promo
    price = (
        price + price_shock + confounded * shock + instrument * cost + 0.05 * rng.standard_normal((units, markets, 1))
    )
    slope = market_shock * rng.standard_normal((units, markets, 1))
    units_sold = market + season + (BETA + slope) * price + 0.4 * promo + shock
    units_sold = units_sold + 2 * demand_shock
    if counts:
        units_sold = rng.poisson(np.exp(units_sold + np.log(counts))).astype(float)
    place = np.broadcast_to(np.arange(units)[:, None, None], shape).ravel()
    codes = {
        "market": np.broadcast_to(np.arange(markets)[None, :, None], shape).ravel(),
        "period": np.broadcast_to(np.arange(periods)[None, None, :], shape).ravel(),
    }
    ones = np.ones(place.size)
    return Cells(
        place,
        np.array([codes[name] for name in effects]).reshape(len(effects), -1),
        codes["market"][None],
        ones,
        ones,
        np.stack([promo.ravel(), price.ravel(), cost.ravel(), units_sold.ravel()]),
    )


PROMO, PRICE, COST, UNITS = range(4)
