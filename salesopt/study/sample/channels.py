"""The sample firm's channels: spend over the months, true response with carry-over and saturation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.study.sample import names

BASELINE = 2_750_000.0  # dollars of sales a month that the lift of advertising is counted against
ONLINE = {  # part of the response that is ordered online, dollars an order, orders a visit
    "Search": (0.45, 31.0, 0.042),
    "Social media": (0.35, 26.0, 0.014),
    "Online video": (0.25, 28.0, 0.010),
    "Email and loyalty": (0.80, 34.0, 0.065),
}


@dataclass(frozen=True, eq=False)
class SampleChannels:
    """Spend and true response, both in dollars a month; rows are channels, columns months; lift is a fraction."""

    spend: np.ndarray
    response: np.ndarray
    lift: np.ndarray


def draw_channels(seed: int) -> SampleChannels:
    """Draw the spend of each channel and month and compute the response that follows from it."""
    rng = np.random.default_rng([seed, 2])
    usual = np.array([channel.spend for channel in names.CHANNELS])
    moves = np.array([channel.moves for channel in names.CHANNELS])
    steps = rng.standard_normal((usual.size, names.MONTHS))
    social = [channel.name for channel in names.CHANNELS].index("Social media")
    steps[social + 1] = 0.8 * steps[social] + 0.6 * steps[social + 1]  # one agency plans both
    steps[:, -3:] *= 0.25  # the last quarter is close to what is usual today
    years = (np.arange(names.MONTHS) - names.MONTHS + 2) / 12
    growth = np.array([0.05 if channel.kind == "online" else -0.01 for channel in names.CHANNELS])
    spend = usual[:, None] * np.exp(moves[:, None] * steps + growth[:, None] * years)
    spend = np.round(spend, -2)
    response = respond(carry_over(spend))
    return SampleChannels(spend, response, response.sum(axis=0) / BASELINE)


def carry_over(spend: np.ndarray) -> np.ndarray:
    """Spend that works in a month: (1 - carry) x spend + carry x what worked the month before.

    The months before the first are taken to have had the usual spend, so a constant spend works in full.
    """
    carry = np.array([channel.carry for channel in names.CHANNELS])
    works = np.empty_like(spend)
    before = np.array([channel.spend for channel in names.CHANNELS], dtype=float)
    for at in range(spend.shape[1]):
        before = (1 - carry) * spend[:, at] + carry * before
        works[:, at] = before
    return works


def respond(works: np.ndarray) -> np.ndarray:
    """Dollars of sales a month at spend `works`: ceiling x works^shape / (scale^shape + works^shape)."""
    ceiling, shape, scale = (
        np.array([getattr(channel, part) for channel in names.CHANNELS])[:, None]
        for part in ("ceiling", "shape", "scale")
    )
    return ceiling * works**shape / (scale**shape + works**shape)


def channel_tables(seed: int) -> dict[str, pd.DataFrame]:
    """Tables channels, channel_history and channel_limits."""
    rng = np.random.default_rng([seed, 3])
    drawn = draw_channels(seed)
    return {
        "channels": _channels(rng, drawn),
        "channel_history": _history(rng, drawn),
        "channel_limits": _limits(drawn),
    }


def _channels(rng: np.random.Generator, drawn: SampleChannels) -> pd.DataFrame:
    """What the planner believes: curves close to the truth, not equal to it."""
    error = np.exp(0.06 * rng.standard_normal((len(names.CHANNELS), 2)))
    now = np.round(drawn.spend[:, -3:].mean(axis=1), -2)
    return pd.DataFrame(
        {
            "channel": [channel.name for channel in names.CHANNELS],
            "kind": [channel.kind for channel in names.CHANNELS],
            "current_spend": now.astype(int),
            "min_spend": [
                int(round(spend * (0.8 if channel.moves < 0.1 else 0.3), -3))
                for channel, spend in zip(names.CHANNELS, now, strict=True)
            ],
            "max_spend": np.round(2.5 * now, -3).astype(int),
            "base": 0,
            "ceiling": np.round([channel.ceiling for channel in names.CHANNELS] * error[:, 0], -3).astype(int),
            "shape": [channel.shape for channel in names.CHANNELS],
            "scale": np.round([channel.scale for channel in names.CHANNELS] * error[:, 1], -3).astype(int),
            "margin": names.CHANNEL_MARGIN,
        }
    )


def _history(rng: np.random.Generator, drawn: SampleChannels) -> pd.DataFrame:
    outcome = np.round(drawn.response * np.exp(0.06 * rng.standard_normal(drawn.response.shape)), -1)
    periods = pd.period_range(names.FIRST_MONTH, periods=names.MONTHS, freq="M").to_timestamp()
    parts = []
    for place, channel in enumerate(names.CHANNELS):
        frame = pd.DataFrame({"period": periods, "channel": channel.name})
        frame["spend"] = drawn.spend[place].astype(int)
        frame["outcome"] = outcome[place].astype(int)
        parts.append(_online(rng, frame, channel.name))
    return pd.concat(parts, ignore_index=True)


def _online(rng: np.random.Generator, frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Visits, orders, deliveries and orders without complaint; none for channels that take no orders."""
    columns = ["visits", "orders", "delivered", "served"]
    if name not in ONLINE:
        return frame.assign(**{column: pd.array([pd.NA] * len(frame), dtype="Int64") for column in columns})
    part, value, conversion = ONLINE[name]
    fade = np.linspace(0.15, 0.0, len(frame)) if name == "Social media" else np.zeros(len(frame))
    late = np.where(np.arange(len(frame)) >= 30, 0.05, 0.0)  # a new delivery partner since April 2026
    orders = np.round(frame["outcome"].to_numpy() * part / value)
    rate = conversion * (1 + fade) * np.exp(0.05 * rng.standard_normal(len(frame)))
    delivered = rng.binomial(orders.astype(int), 0.975 - late)
    counts = (np.round(orders / rate), orders, delivered, rng.binomial(delivered, 0.955 - late))
    numbers = {
        column: pd.array(count.astype(int), dtype="Int64") for column, count in zip(columns, counts, strict=True)
    }
    return frame.assign(**numbers)


def _limits(drawn: SampleChannels) -> pd.DataFrame:
    """Studio hours, households reached, and at least 35 % of the spend online."""
    hours = (2.4, 1.6, 0.8, 5.5, 1.8, 6.0, 4.5, 7.0)  # studio hours for 1,000 dollars of spend
    reach = (62.0, 48.0, 70.0, 9.0, 22.0, 40.0, 52.0, 12.0)  # households reached for 10 dollars of spend
    rows = []
    for channel, hour, household in zip(names.CHANNELS, hours, reach, strict=True):
        online = 0.65 if channel.kind == "online" else -0.35
        rows += [
            ("studio hours", "<=", 1100, channel.name, round(hour / 1000, 4)),
            ("households reached", ">=", 900_000, channel.name, household / 10),
            ("online share", ">=", 0, channel.name, online),
        ]
    table = pd.DataFrame(rows, columns=["limit", "sense", "bound", "channel", "coefficient"])
    return table.sort_values("limit", kind="stable", ignore_index=True)
