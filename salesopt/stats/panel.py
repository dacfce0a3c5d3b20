"""Preparing a table of repeated observations for regression: parts of a date as effects, lags, numbers for names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.cells import Codes, Floats

PARTS = ("week", "month", "quarter", "year", "period")


def period_part(period: pd.Series, part: str) -> pd.Series:
    """Week of the year, month or quarter of the year, year, or the period itself, of dates."""
    if part == "period":
        return period
    if part == "week":
        return period.dt.isocalendar().week.astype("int64")
    return getattr(period.dt, part).astype("int64")


def codes_of(values: pd.Series) -> Codes:
    """A number for each distinct value, in order of the values."""
    return pd.factorize(values, sort=True)[0].astype(np.int64)


def lag(values: Floats, series: Codes, period: Codes, steps: int) -> Floats:
    """The value of the same series `steps` periods earlier; nan where that period is absent.

    `period` numbers the distinct periods of the table 0, 1, 2 ...: a gap in one series is a gap, not a step.
    """
    earlier = pd.Series(values, index=pd.MultiIndex.from_arrays([series, period + steps]))
    wanted = pd.MultiIndex.from_arrays([series, period])
    return np.asarray(earlier.reindex(wanted), dtype=np.float64)
