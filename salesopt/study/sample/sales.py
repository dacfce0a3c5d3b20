"""The sample firm's sales: prices that move demand, and everything that moves both.

Log units of a product in a market and month are

    product-market level + season + growth + advertising lift + product's national shock + market shock
    + elasticity x log price + promotion effect x share of the month on promotion
    + cross elasticity x log price of each substitute + noise

and prices follow costs, the season, the market's income, the product's national shock and promotion. So a
regression of units on price alone is biased; market and period effects with `promo` as a control recover the truth,
and `input_cost` moves price but not demand, so it is a valid instrument.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.study.sample import names
from salesopt.study.sample.channels import draw_channels

SPREAD = 0.22  # standard deviation of a product's elasticity around its line's
STOCKOUT = 0.002  # part of the rows with nothing to sell


@dataclass(frozen=True, eq=False)
class SampleSales:
    """Sales made with known elasticities.

    sales      : table sales: product, market, period, units, price, promo, base_price, input_cost
    elasticity : product, line, elasticity - the truth
    cross      : product, other, elasticity - the truth; pairs that are not named have none
    promo      : line, effect - the truth: rise of log units when a whole month is on promotion
    lift       : period, lift - rise of log units of every product that advertising brings
    """

    sales: pd.DataFrame
    elasticity: pd.DataFrame
    cross: pd.DataFrame
    promo: pd.DataFrame
    lift: pd.DataFrame


def sample_sales(seed: int) -> SampleSales:
    """Draw elasticities, prices and sales of every product, market and month; equal seeds give equal tables."""
    rng = np.random.default_rng([seed, 1])
    lines = np.array([row[1] for row in names.PRODUCTS])
    elasticity = np.array([line.elasticity for line in names.LINES])[lines] + SPREAD * rng.standard_normal(lines.size)
    shape = (lines.size, len(names.MARKETS), names.MONTHS)
    income = rng.standard_normal(shape[1])
    shock = _drift(rng, (shape[0], 1, shape[2]), 0.6, 0.07)
    season = _season(lines)
    contract = _drift(rng, shape, 0.75, 0.06)
    index = _commodity(rng)[lines][:, None, :] + contract
    base = _base_price(rng, lines, income, season + shock, index)
    promo, price = _promotion(rng, base, season)
    lift = draw_channels(seed).lift
    log_units = (
        _level(rng, shape, income, lines)
        + season
        + shock
        + _growth(lines)
        + np.log1p(lift)
        + _drift(rng, (1, *shape[1:]), 0.5, 0.07)
        + elasticity[:, None, None] * _log_ratio(price)
        + np.array([line.promo_effect for line in names.LINES])[lines][:, None, None] * promo
        + np.einsum("pq,qmt->pmt", _cross(), _log_ratio(price))
        + _drift(rng, shape, 0.4, 0.12)
    )
    units = np.round(np.exp(log_units)) * (rng.random(shape) >= STOCKOUT)
    table = _frame(units, price, promo, base, np.round(np.exp(index), 3))
    return SampleSales(table, _truth(lines, elasticity), _cross_table(), _promo_table(), _lift_table(lift))


def _drift(rng: np.random.Generator, shape: tuple[int, ...], memory: float, sd: float) -> np.ndarray:
    """Stationary first-order autoregression along the last axis, with standard deviation `sd`."""
    steps = rng.standard_normal(shape)
    for at in range(1, shape[-1]):
        steps[..., at] = memory * steps[..., at - 1] + np.sqrt(1 - memory**2) * steps[..., at]
    return sd * steps


def _log_ratio(price: np.ndarray) -> np.ndarray:
    """Log of each price against the price that the product's usual level of units stands for."""
    today = np.array([row[2] for row in names.PRODUCTS])
    return np.log(price / today[:, None, None])


def _season(lines: np.ndarray) -> np.ndarray:
    calendar = (np.arange(names.MONTHS) + int(names.FIRST_MONTH[-2:]) - 1) % 12 + 1
    peak = np.array([line.peak for line in names.LINES])[lines]
    swing = np.array([line.swing for line in names.LINES])[lines]
    wave = np.cos(2 * np.pi * (calendar[None, :] - peak[:, None]) / 12)
    return (swing[:, None] * wave)[:, None, :]


def _growth(lines: np.ndarray) -> np.ndarray:
    """Growth of demand against today, the last month, in logs."""
    years = (np.arange(names.MONTHS) - names.MONTHS + 1) / 12
    return (np.array([line.growth for line in names.LINES])[lines][:, None] * years)[:, None, :]


def _commodity(rng: np.random.Generator) -> np.ndarray:
    """Log cost of fruit, packing and freight of each line, against the last months: inflation with cycles."""
    years = (np.arange(names.MONTHS) - names.MONTHS + 1) / 12
    return 0.03 * years + _drift(rng, (len(names.LINES), names.MONTHS), 0.9, 0.05)


def _base_price(
    rng: np.random.Generator, lines: np.ndarray, income: np.ndarray, demand: np.ndarray, index: np.ndarray
) -> np.ndarray:
    """Regular price, reviewed every third month: follows cost, the market's income, and demand."""
    months = np.arange(names.MONTHS)
    market = np.arange(income.size)
    review = np.maximum(months[None, :] - (months[None, :] + market[:, None]) % 3, 0)
    local = _drift(rng, index.shape, 0.7, 0.035)
    wanted = 0.7 * index + 0.05 * income[None, :, None] + 0.25 * demand + local
    held = np.take_along_axis(wanted, np.broadcast_to(review[None], wanted.shape), axis=2)
    today = np.array([row[2] for row in names.PRODUCTS])
    return list_price(today[:, None, None] * np.exp(held))


def list_price(price: np.ndarray) -> np.ndarray:
    """The nearest price that ends in 5 or 9 cents."""
    tens = np.floor(price * 10) / 10
    ends = np.stack([tens - 0.01, tens + 0.05, tens + 0.09])
    nearest = np.abs(ends - price).argmin(axis=0)
    return np.round(np.take_along_axis(ends, nearest[None], axis=0)[0], 2)


def _promotion(rng: np.random.Generator, base: np.ndarray, season: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weeks of the month on promotion as a share, and the price paid; there is more promotion in the high season."""
    chance = np.clip(0.22 + 0.8 * season, 0.05, 0.6)
    runs = rng.random(base.shape) < chance
    promo = runs * rng.choice([0.25, 0.5, 0.75, 1.0], size=base.shape, p=[0.35, 0.35, 0.2, 0.1])
    depth = rng.choice([0.10, 0.15, 0.20, 0.25], size=base.shape, p=[0.25, 0.35, 0.25, 0.15])
    return promo, np.round(base * (1 - depth * promo), 2)


def _level(rng: np.random.Generator, shape: tuple[int, ...], income: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Log units at today's price: the product's, the market's size, its income, and local taste."""
    usual = np.log([row[3] for row in names.PRODUCTS])[:, None]
    size = np.array([row[4] for row in names.MARKETS])[None, :]
    premium = 0.12 + 0.10 * (lines == 2)[:, None]
    return (usual + size + premium * income[None, :] + 0.12 * rng.standard_normal(shape[:2]))[:, :, None]


def _cross() -> np.ndarray:
    """Matrix of cross-price elasticities: row the product bought, column the product whose price moves."""
    at = {row[0]: place for place, row in enumerate(names.PRODUCTS)}
    matrix = np.zeros((len(at), len(at)))
    for left, right, value in names.SUBSTITUTES:
        matrix[at[left], at[right]] = matrix[at[right], at[left]] = value
    return matrix


def _periods() -> pd.PeriodIndex:
    return pd.period_range(names.FIRST_MONTH, periods=names.MONTHS, freq="M")


def _frame(
    units: np.ndarray, price: np.ndarray, promo: np.ndarray, base: np.ndarray, index: np.ndarray
) -> pd.DataFrame:
    launched = np.zeros(len(names.PRODUCTS), dtype=int)
    at = {row[0]: place for place, row in enumerate(names.PRODUCTS)}
    for name, start in names.LAUNCHES:
        launched[at[name]] = start
    sold = np.broadcast_to(np.arange(names.MONTHS)[None, None, :] >= launched[:, None, None], units.shape)
    product, market, month = np.nonzero(sold)
    return pd.DataFrame(
        {
            "product": np.array([row[0] for row in names.PRODUCTS], dtype=object)[product],
            "market": np.array([row[0] for row in names.MARKETS], dtype=object)[market],
            "period": _periods().to_timestamp()[month],
            "units": units[sold].astype(int),
            "price": price[sold],
            "promo": promo[sold],
            "base_price": base[sold],
            "input_cost": index[sold],
        }
    )


def _truth(lines: np.ndarray, elasticity: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "product": [row[0] for row in names.PRODUCTS],
            "line": [names.LINES[line].name for line in lines],
            "elasticity": elasticity,
        }
    )


def _cross_table() -> pd.DataFrame:
    rows = [(left, right, value) for left, right, value in names.SUBSTITUTES]
    rows += [(right, left, value) for left, right, value in names.SUBSTITUTES]
    return pd.DataFrame(rows, columns=["product", "other", "elasticity"])


def _promo_table() -> pd.DataFrame:
    return pd.DataFrame([(line.name, line.promo_effect) for line in names.LINES], columns=["line", "effect"])


def _lift_table(lift: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"period": _periods().to_timestamp(), "lift": np.log1p(lift)})
