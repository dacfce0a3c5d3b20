"""Response curves: what a period's spend (or effort) brings, its marginal return, and its carry-over to later periods.

A curve is a row of parameters (`curve, base, ceiling, shape, scale, return_rate`); every function takes them as arrays
and broadcasts, so that thousands of curves are handled in one call. Curves, with x the spend of the period:

    linear    base + return_rate * x
    power     base + return_rate * x**shape                                        0 < shape <= 1
    hill      base + (ceiling - base) * x**shape / (scale**shape + x**shape)       S-shaped above shape 1 (ADBUDG)
    logistic  base + (ceiling - base) * (1 - 3**(-x/scale)) / (1 + 3**(-x/scale))  concave; scale is half of the way
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from salesopt.errors import ParameterError
from salesopt.stats.judgement import adbudg, calibrate_judgement

__all__ = [
    "CURVES",
    "Curves",
    "adbudg",
    "calibrate_judgement",
    "carry_over",
    "carry_over_weights",
    "curves_from",
]

Numbers = NDArray[np.float64]
CURVES = ("linear", "power", "hill", "logistic")
ADSTOCKS = ("none", "geometric", "weibull")


@dataclass(frozen=True, eq=False)
class Curves:
    """Response curves as arrays of one length: kind (one of `CURVES`), base, ceiling, shape, scale, return_rate.

    A parameter that a kind does not use is ignored (nan is fine). All methods take spend as an array whose last axis
    runs over the curves, and give an array of that shape.
    """

    kind: NDArray[np.str_]
    base: Numbers
    ceiling: Numbers
    shape: Numbers
    scale: Numbers
    return_rate: Numbers

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, places: ArrayLike) -> Curves:
        """The curves at `places` (whole numbers or a mask), in that order; a place may come again."""
        chosen = np.arange(len(self))[np.asarray(places)]
        return Curves(*(getattr(self, name)[chosen] for name in ("kind", *PARAMETERS)))

    def response(self, spend: ArrayLike) -> Numbers:
        """Response of a period at `spend`, base included."""
        return self.base + self.gain(spend)

    def gain(self, spend: ArrayLike) -> Numbers:
        """Response above the base."""
        x = np.asarray(spend, dtype=float)
        gain = np.where(self.kind == "linear", self.return_rate * x, 0.0)
        gain = np.where(self.kind == "power", self.return_rate * np.power(np.maximum(x, 0), self._power), gain)
        way = self._odds(x)
        gain = np.where(self.kind == "hill", self._span * way / (1 + way), gain)
        fall = np.power(3.0, -x / self._scale)
        return np.asarray(np.where(self.kind == "logistic", self._span * (1 - fall) / (1 + fall), gain))

    def slope(self, spend: ArrayLike) -> Numbers:
        """Marginal response per unit of spend; infinite at no spend where the shape is below 1."""
        x = np.asarray(spend, dtype=float)
        positive = np.maximum(x, 0)
        with np.errstate(divide="ignore"):
            tilt = np.power(positive, self._power - 1)
            rise = np.power(positive / self._scale, self._shape - 1) / self._scale
        slope = np.where(self.kind == "linear", self.return_rate + 0 * x, 0.0)
        slope = np.where(self.kind == "power", self.return_rate * self._power * tilt, slope)
        slope = np.where(self.kind == "hill", self._span * self._shape * rise / (1 + self._odds(x)) ** 2, slope)
        fall = np.power(3.0, -x / self._scale)
        steep = 2 * np.log(3) / self._scale * self._span * fall / (1 + fall) ** 2
        return np.asarray(np.where(self.kind == "logistic", steep, slope))

    def inflection(self) -> Numbers:
        """Spend up to which the curve is convex; 0 where it is concave from the start."""
        shape = np.maximum(self._shape, 1.0)
        inflection = self._scale * ((shape - 1) / (shape + 1)) ** (1 / shape)
        return np.asarray(np.where(self.kind == "hill", inflection, 0.0))

    def _odds(self, x: Numbers) -> Numbers:
        return np.power(np.maximum(x, 0) / self._scale, self._shape)

    @property
    def _span(self) -> Numbers:
        return np.where(np.isin(self.kind, ("hill", "logistic")), self.ceiling - self.base, 0.0)

    @property
    def _scale(self) -> Numbers:
        return np.where(np.isin(self.kind, ("hill", "logistic")), self.scale, 1.0)

    @property
    def _shape(self) -> Numbers:
        return np.where(self.kind == "hill", self.shape, 1.0)

    @property
    def _power(self) -> Numbers:
        return np.where(self.kind == "power", self.shape, 1.0)


PARAMETERS = ("base", "ceiling", "shape", "scale", "return_rate")


def curves_from(table: pd.DataFrame) -> Curves:
    """Curves of a table with the columns curve?, base?, ceiling?, shape?, scale?, return_rate?.

    Where `curve` is absent or blank: "hill" where ceiling and scale are given (shape 1 where blank), "power" where
    return_rate and shape are given, else "linear" by return_rate. A blank base is 0.
    Raises ParameterError naming every row whose parameters do not make a curve.
    """
    given = {name: _numbers(table, name) for name in PARAMETERS}
    saturates = np.isfinite(given["ceiling"]) & np.isfinite(given["scale"])
    bends = np.isfinite(given["return_rate"]) & np.isfinite(given["shape"])
    guess = np.where(saturates, "hill", np.where(bends, "power", "linear"))
    named = table["curve"].to_numpy(dtype=object) if "curve" in table.columns else np.full(len(table), None)
    kind = np.array([name if isinstance(name, str) and name else guess[row] for row, name in enumerate(named)], str)
    base = np.where(np.isfinite(given["base"]), given["base"], 0.0)
    shape = np.where(np.isfinite(given["shape"]), given["shape"], 1.0)
    _require_curves(kind, base, shape, given)
    return Curves(kind, base, given["ceiling"], shape, given["scale"], given["return_rate"])


def _numbers(table: pd.DataFrame, name: str) -> Numbers:
    if name not in table.columns:
        return np.full(len(table), np.nan)
    return pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _require_curves(kind: NDArray[np.str_], base: Numbers, shape: Numbers, given: dict[str, Numbers]) -> None:
    saturating, by_rate = np.isin(kind, ("hill", "logistic")), np.isin(kind, ("linear", "power"))
    faults = (
        (~np.isin(kind, CURVES), f"the curve must be one of {', '.join(CURVES)}"),
        (by_rate & ~np.isfinite(given["return_rate"]), "it needs return_rate, or ceiling and scale"),
        (saturating & ~(given["ceiling"] >= base), "it needs a ceiling of at least the base"),
        (saturating & ~(given["scale"] > 0), "it needs a scale above 0"),
        (~(shape > 0), "its shape must be above 0"),
        ((kind == "power") & ~(shape <= 1), "the shape of a power curve must be at most 1"),
    )
    wrong = [f"row {row + 2}: {text}" for holds, text in faults for row in np.flatnonzero(holds)]
    if wrong:
        raise ParameterError("response curves: " + "; ".join(wrong))


def carry_over_weights(kind: str, length: int, *, decay: float = 0.0, shape: float = 1.0) -> Numbers:
    """Share of a period's spend that works 0, 1, ... `length` - 1 periods later; the shares add to 1.

    kind  : "none"; "geometric": share falls by the factor `decay` (0 <= decay < 1) each period; "weibull": survival of
            a Weibull of exponent `shape` whose level after one period is `decay` (shape 1 is the geometric one; above
            1 the effect holds on and then drops)
    Steady spend has then the same effect as without carry-over, so that curves keep their meaning.
    Source: Broadbent, "One way TV advertisements work", Journal of the Market Research Society 21 (1979).
    """
    if kind not in ADSTOCKS:
        raise ParameterError(f"carry-over is one of {', '.join(ADSTOCKS)}, not {kind!r}")
    if not 0 <= decay < 1:
        raise ParameterError(f"the decay of carry-over must be at least 0 and below 1, not {decay!r}")
    if length < 1 or not shape > 0:
        raise ParameterError("carry-over needs a length of at least 1 and a shape above 0")
    later = np.arange(length, dtype=float)
    if kind == "none" or decay == 0:
        return (later == 0).astype(float)
    weights = np.power(decay, later if kind == "geometric" else np.power(later, shape))
    return np.asarray(weights / weights.sum())


def carry_over(spend: ArrayLike, weights: ArrayLike, *, before: float | None = None) -> Numbers:
    """Spend that works in each period: the sum over earlier periods of `weights` x spend; over the first axis.

    before : spend of each period before the first; the mean of the first periods (as many as there are weights) where
             None. What is assumed here matters in the first `len(weights)` - 1 periods only.
    """
    spend, weights = np.asarray(spend, dtype=float), np.asarray(weights, dtype=float)
    length = len(weights)
    earlier = spend[:length].mean(axis=0) if before is None else np.full(spend.shape[1:], before, dtype=float)
    padded = np.concatenate([np.broadcast_to(earlier, (length - 1, *spend.shape[1:])), spend])
    rows = len(spend)
    return np.asarray(sum(weights[lag] * padded[length - 1 - lag : length - 1 - lag + rows] for lag in range(length)))
