"""What a regression of sales needs from a table, and what gathering it gives, however large the table is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from salesopt.errors import ParameterError
from salesopt.stats.cells import Cells, Codes
from salesopt.stats.panel import PARTS

INTERCEPT, PRICE, DEAL, TREND, UNITS = (
    "intercept",
    "log price",
    "deal: log of price paid over base price",
    "(trend)",
    "(log units)",
)
YEARS, OTHER_UNITS, OTHER_PRICES = (
    "trend (years)",
    "units of the other products (log)",
    "prices of the other products (log)",
)
BLOCK = "stretch of time"
METHODS = ("ols", "iv", "ppml")


@dataclass(frozen=True)
class Design:
    """Which columns of a sales table enter the regressions, and how.

    unit        : columns whose combinations get a regression each ("product", or "product" and "segment")
    controls    : numeric columns that enter as they stand
    instruments : numeric columns that move the price but not demand
    effects     : columns or period parts whose levels get an effect each
    clusters    : columns or period parts within which errors may be correlated; none means each row by itself
    lags        : number of earlier periods whose price enters
    deals       : split the price into base price and deal
    weights     : column of weights, "" for none
    log_units   : units enter in logs, so that rows without a sale cannot be used
    """

    unit: tuple[str, ...]
    controls: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    lags: int = 0
    deals: bool = False
    weights: str = ""
    log_units: bool = True

    @property
    def exogenous(self) -> tuple[str, ...]:
        """Regressors other than prices, in order."""
        return ((INTERCEPT,) if not self.effects else ()) + self.controls + ((DEAL,) if self.deals else ())

    @property
    def lagged(self) -> tuple[str, ...]:
        """Names of the lagged prices."""
        return tuple(f"{PRICE}, {steps} earlier" for steps in range(1, self.lags + 1))

    @property
    def variables(self) -> tuple[str, ...]:
        """All variables, in the order in which they are gathered; the price comes after all it could repeat."""
        return (*self.exogenous, *self.lagged, PRICE, *self.instruments, TREND, UNITS)

    @property
    def over_time(self) -> bool:
        """Whether prices are compared over time in a single market (`salesopt.stats.one_market`)."""
        return BLOCK in self.clusters and YEARS in self.controls

    def places(self, names: Sequence[str]) -> list[int]:
        """Where variables stand among `variables`."""
        return [self.variables.index(name) for name in names]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table that are needed beyond those that every sales table has."""
        parts = [name for name in (*self.effects, *self.clusters) if name not in PARTS]
        more = [self.weights] if self.weights else []
        named = (*self.unit, *self.controls, *self.instruments, *parts, *more, *(["base_price"] if self.deals else []))
        return tuple(dict.fromkeys(named))

    @property
    def named(self) -> tuple[str, ...]:
        """Those of `columns` that hold names: a row where one is blank cannot be used."""
        return tuple(name for name in self.columns if name not in (*self.numeric, "base_price"))

    @property
    def numeric(self) -> tuple[str, ...]:
        """Those of `columns` that must hold numbers."""
        return (*self.controls, *self.instruments, *([self.weights] if self.weights else []))


@dataclass(frozen=True, eq=False)
class Gathered:
    """What a table holds for a design.

    cells : the data of the regressions; `cells.mean` has the rows of `Design.variables`
    units : one row per regression, in the order of `cells.unit`: the columns of `Design.unit`, rows (used), filled
            (rows without a blank), zeros (those of them without a sale), price_low, price_high, revenue (price x units
            of the rows used), line (where the table has one)
    absent: the units that have no usable row, same columns
    period: (cells,) number of each cell's period, where every cell is one row; None for grouped sums
    blank : rows left out because a column named in the design is blank there, or an earlier price is absent
    """

    cells: Cells
    units: pd.DataFrame
    absent: pd.DataFrame
    blank: int
    period: Codes | None = None


def make_design(
    method: str,
    controls: Sequence[str],
    effects: Sequence[str],
    instruments: Sequence[str],
    cluster: str | Sequence[str] | None,
    lags: int,
    weights: str | None,
    by: str | None,
    deals: bool,
) -> Design:
    """The arguments as a design; raises ParameterError that names the argument."""
    if method not in METHODS:
        raise ParameterError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    if (method == "iv") != bool(instruments):
        raise ParameterError("method 'iv' needs instruments, and only it takes them")
    if not isinstance(lags, int) or isinstance(lags, bool) or not 0 <= lags <= 26:
        raise ParameterError(f"lags must be a whole number from 0 to 26, not {lags!r}")
    if lags and method == "iv":
        raise ParameterError("lags need an instrument for each earlier price, which method 'iv' does not offer")
    clusters = () if cluster is None else (cluster,) if isinstance(cluster, str) else tuple(cluster)
    if len(clusters) > 2 or (cluster is not None and not clusters):
        raise ParameterError(f"cluster must be one column, two columns or None, not {cluster!r}")
    for name, columns in {"controls": controls, "effects": effects, "instruments": instruments}.items():
        if isinstance(columns, str):
            raise ParameterError(f"{name} must be a list of columns, not the text {columns!r}")
    twice = sorted({name for name in (*controls, *instruments) if (*controls, *instruments).count(name) > 1})
    if twice:
        raise ParameterError(f"named twice among controls and instruments: {', '.join(twice)}")
    taken = sorted(name for name in (*controls, *instruments) if name in (INTERCEPT, PRICE, DEAL, TREND, UNITS))
    if taken:
        raise ParameterError(f"these names are used by the estimate itself, so rename the columns: {', '.join(taken)}")
    if by in ("product", "market", "period", "units", "price"):
        raise ParameterError(f"by must name a further column such as 'segment', not {by!r}")
    return Design(
        unit=("product",) if by is None else ("product", by),
        controls=tuple(controls),
        instruments=tuple(instruments),
        effects=tuple(effects),
        clusters=clusters,
        lags=lags,
        deals=deals,
        weights=weights or "",
        log_units=method != "ppml",
    )
