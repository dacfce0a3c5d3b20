"""What a regression of sales needs from a table, and what gathering it gives, however large the table is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from salesopt.stats.cells import Cells, Codes
from salesopt.stats.panel import PARTS

INTERCEPT, PRICE, DEAL, TREND, UNITS = "intercept", "log price", "log deal", "trend", "log units"


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
