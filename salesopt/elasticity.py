"""Price elasticity of demand: by how many percent units sold change when the price rises by one percent."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from salesopt.cross import CrossElasticity, estimate_cross_elasticity
from salesopt.engine.gather import gather
from salesopt.engine.session import column_names
from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.cells import Mask, take
from salesopt.stats.demandcurve import demand_curve, demand_points, thinned
from salesopt.stats.design import DEAL, PRICE, Design, Gathered, make_design
from salesopt.stats.inference import Estimates
from salesopt.stats.instruments import check_instruments
from salesopt.stats.loglog import Solved, evidence_of, identified, solve
from salesopt.stats.one_market import compare_over_time
from salesopt.stats.pitfalls import cautions_of, general_cautions
from salesopt.stats.result import Result
from salesopt.stats.shrinkage import LEAST, median_interval, pool

__all__ = ["CrossElasticity", "Elasticity", "estimate_cross_elasticity", "estimate_elasticity"]
DRAWN = 4
TESTS = (
    *("effective_f", "effective_f_critical", "ar_low", "ar_high", "ar_set"),
    *("hausman_p", "overid", "overid_p", "sargan", "sargan_p"),
)
MEASURES = ("elasticity", "std_error", "low", "high")
ENDS = ("", "_std_error", "_low", "_high")


@dataclass(frozen=True, eq=False, repr=False)
class Elasticity(Result):
    """What `estimate_elasticity` found.

    table        : one row per product (and segment with `by`), in the order of the names
                   product, [by], line (where known), elasticity, std_error, low, high (percent change of units per
                   percent change of price; pooled where `pool`), own_elasticity, own_std_error, own_low, own_high
                   (before pooling), own_weight (share of the product's own estimate in the pooled one, a fraction),
                   rows, clusters, zero_share (rows without a sale, a fraction), price_low, price_high (observed,
                   currency per unit), revenue (currency, in the rows used), r_squared (a fraction), caution; with
                   `lags` (elasticity is then the effect within the period) also long_run,
                   long_run_std_error, long_run_low, long_run_high; with base prices also deal_elasticity,
                   deal_std_error, deal_low, deal_high
    coefficients : product, [by], term, coefficient, std_error, low, high: every other regressor, before pooling
    drivers      : those regressors over all products: term, median, clearly_above, clearly_below (products whose
                   interval lies on one side of zero), products
    tests        : method "iv" only; product, [by], effective_f, effective_f_critical, ar_low, ar_high, ar_set,
                   hausman_p, overid_p (Hansen's J, robust), sargan, sargan_p
    pools        : what pooling drew towards: group (product line; the product with `by`), elasticity, std_error, low,
                   high, members; the last row is for "all"
    demand       : demand curve of the products with most revenue: product, [by], kind ("data" or "curve"), price,
                   units, low, high
    skipped      : item, reason: products without an estimate
    cautions     : when not to trust the table, plain sentences
    median, median_low, median_high : elasticity of the typical (median) product, with its interval
    method, confidence, effects, clusters, rows : how it was estimated; rows used in all
    """

    table: pd.DataFrame
    coefficients: pd.DataFrame
    drivers: pd.DataFrame
    tests: pd.DataFrame
    pools: pd.DataFrame
    demand: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    median: float
    median_low: float
    median_high: float
    method: str
    confidence: float
    effects: tuple[str, ...]
    clusters: tuple[str, ...]
    rows: int


def estimate_elasticity(
    sales: pd.DataFrame | str | os.PathLike[str],
    *,
    method: str = "ols",
    controls: Sequence[str] = (),
    effects: Sequence[str] = ("market", "month"),
    instruments: Sequence[str] = (),
    cluster: str | Sequence[str] | None = "market",
    pool: bool = True,
    lags: int = 0,
    weights: str | None = None,
    confidence: float = 0.95,
    min_rows: int = 12,
    by: str | None = None,
    lines: Mapping[str, str] | pd.DataFrame | None = None,
    deals: bool | None = None,
    engine: str = "auto",
) -> Elasticity:
    """Estimate the own-price elasticity of every product in `sales` (see `salesopt.study.tables`).

    Each product has its own regression of log units on log price. A product without an estimate is listed in
    `skipped` with the reason, never dropped silently.

    sales       : product, market, period, units, price (currency per unit) and the columns named below
    method      : "ols"; "iv" (two-stage least squares, needs `instruments`); "ppml" (Poisson pseudo-likelihood, units
                  not in logs, which keeps rows without a sale)
    controls    : numeric columns that enter as they stand, such as "promo"
    effects     : columns or period parts (week, month, quarter, year, period) whose levels get an effect each; ()
                  means an intercept
    instruments : numeric columns that move the price and have no influence on demand, such as "cost"
    cluster     : column or period part within which errors are correlated, or two of them; None means HC1 errors;
                  "block" means stretches of time, of use where there are few markets and many periods.
                  Below 30 clusters the errors are CRV3 (jackknife)
    pool        : draw the estimates of uncertain products towards their product line (needs three products)
    lags        : earlier periods whose price enters too; the sum of all coefficients is the long-run elasticity
    weights     : numeric column of weights
    min_rows    : least number of usable rows of a product
    by          : a further column, such as "segment": one elasticity per product and level of it
    lines       : product line of each product (a mapping, or a table with columns product and line); a column `line`
                  of `sales` is used otherwise
    deals       : split the price into base price (the elasticity) and deal (price / base price, `deal_elasticity`);
                  None means: where there is a column `base_price`
    engine      : "auto": row by row up to a million rows, grouped sums beyond, and by DuckDB for files; "memory",
                  "duckdb", "spark" (the active session) or a Spark address (such as "local[2]") choose. Grouped
                  sums serve "ols" and "iv" with clusters, without lags and weights

    A table of a single market with errors by market is compared over time (`salesopt.stats.one_market`): season, trend
    and the other products' sales are held equal in place of market and period, and `cautions` and `caution` say so.

    Raises DataError if `sales` is not a valid sales table, ParameterError for an argument out of its range.
    """
    split = _has_base_price(sales) if deals is None else deals
    design = make_design(method, controls, effects, instruments, cluster, lags, weights, by, split)
    _check_numbers(confidence, min_rows)
    timed = compare_over_time(sales, effects, controls, cluster, unit=design.unit)
    if timed.cautions:
        design = make_design(
            method, timed.controls, timed.effects, instruments, timed.cluster, lags, weights, by, split
        )
    gathered, cautions = gather(timed.sales, design, engine)
    cautions = [*timed.cautions, *cautions]
    kept, skipped = _usable(gathered, design, min_rows)
    return _result(kept, design, method, confidence, pool, lines, skipped, cautions)


def _has_base_price(sales: Any) -> bool:
    """Whether there is a base price to split the price by."""
    if isinstance(sales, pd.DataFrame):
        return "base_price" in sales and bool(sales["base_price"].notna().any())
    return "base_price" in column_names(sales)


def _check_numbers(confidence: float, min_rows: int) -> None:
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence must lie between 0 and 1, not {confidence!r}")
    if not isinstance(min_rows, int) or isinstance(min_rows, bool) or min_rows < 3:
        raise ParameterError(f"min_rows must be a whole number of at least 3, not {min_rows!r}")


def _usable(gathered: Gathered, design: Design, min_rows: int) -> tuple[Gathered, pd.DataFrame]:
    """The units that can be estimated at all, and the others with their reasons."""
    units = gathered.units
    reason = np.where(
        units["rows"] < min_rows,
        [f"{rows:,} usable rows, fewer than the least of {min_rows}" for rows in units["rows"]],
        np.where(units["price_low"] == units["price_high"], "the price never changed", ""),
    )
    keep = reason == ""
    gone = pd.concat(
        [
            units[~keep].assign(reason=reason[~keep]),
            gathered.absent.assign(reason="no row with a sale and all columns that are needed"),
        ]
    )
    if not keep.all():
        cells = take(gathered.cells, keep[gathered.cells.unit])
        period = None if gathered.period is None else gathered.period[keep[gathered.cells.unit]]
        gathered = replace(gathered, cells=cells, units=units[keep].reset_index(drop=True), period=period)
    return gathered, _skipped(gone, design)


def _skipped(units: pd.DataFrame, design: Design) -> pd.DataFrame:
    item = units[list(design.unit)].astype(str).agg(" | ".join, axis=1) if len(units) else pd.Series([], dtype=str)
    return pd.DataFrame({"item": item, "reason": units["reason"].astype(str)}).reset_index(drop=True)


def _result(
    gathered: Gathered,
    design: Design,
    method: str,
    confidence: float,
    pooled: bool,
    lines: Mapping[str, str] | pd.DataFrame | None,
    skipped: pd.DataFrame,
    cautions: list[str],
) -> Elasticity:
    if not len(gathered.units):
        return _empty(design, method, confidence, skipped, cautions)
    solved = solve(gathered.cells, design, method)
    good, reason = identified(solved, design, method)
    lost = _skipped(gathered.units[~good].assign(reason=reason[~good]), design)
    skipped = pd.concat([skipped, lost], ignore_index=True).sort_values("item", ignore_index=True)
    if not good.any():
        return _empty(design, method, confidence, skipped, cautions)
    terms = _terms(solved.found, design, gathered.units, confidence)[np.repeat(good, solved.found.beta.shape[1])]
    table = _own_table(solved, gathered.units, terms, design, confidence, good)
    table = _with_line(table, lines)
    table, pools, (low, high) = _pooled(table, design, pooled, confidence)
    if pooled and not len(pools):
        cautions = [*cautions, f"Nothing was pooled: there are fewer than {LEAST} estimates to learn from each other."]
    tests = _tests(solved, gathered.units, design, confidence)
    tests = tests[good].reset_index(drop=True) if len(tests) else tests
    evidence = evidence_of(solved, gathered, design, good, method, bool(len(pools)))
    others = terms[terms["term"] != PRICE].reset_index(drop=True)
    table = table.assign(caution=cautions_of(table, evidence, tests))
    return Elasticity(
        table=_ordered(table, design),
        coefficients=others,
        drivers=_drivers(others),
        tests=tests,
        pools=pools,
        demand=_demand(solved, table, design, good),
        skipped=skipped,
        cautions=(*cautions, *general_cautions(table, evidence, method)),
        median=float(table["elasticity"].median()),
        median_low=low,
        median_high=high,
        method=method,
        confidence=confidence,
        effects=design.effects,
        clusters=design.clusters,
        rows=int(table["rows"].sum()),
    )


def _tests(solved: Solved, units: pd.DataFrame, design: Design, confidence: float) -> pd.DataFrame:
    """The tests of the instruments, one row per unit; none without instruments."""
    names = units[list(design.unit)]
    if solved.w is None:
        return _no_tests(design)
    excluded = design.places(design.instruments)
    tests = check_instruments(
        solved.cells, solved.found, solved.x, solved.y, solved.w, excluded, confidence, clustered=bool(design.clusters)
    )
    return names.assign(
        effective_f=tests.effective_f,
        effective_f_critical=tests.critical,
        ar_low=[pieces[0][0] if pieces else np.nan for pieces in tests.sets],
        ar_high=[pieces[-1][1] if pieces else np.nan for pieces in tests.sets],
        ar_set=[_set_text(pieces) for pieces in tests.sets],
        hausman_p=tests.hausman_p,
        overid=tests.overid,
        overid_p=tests.overid_p,
        sargan=tests.sargan,
        sargan_p=tests.sargan_p,
    )


def _no_tests(design: Design) -> pd.DataFrame:
    return pd.DataFrame(columns=[*design.unit, *TESTS])


def _set_text(pieces: Sequence[tuple[float, float]]) -> str:
    if not pieces:
        return "empty: every elasticity contradicts some instrument"
    return " or ".join(_piece_text(low, high) for low, high in pieces)


def _piece_text(low: float, high: float) -> str:
    if np.isinf(low) and np.isinf(high):
        return "any value"
    if np.isinf(low):
        return f"up to {high:.3f}"
    return f"{low:.3f} and above" if np.isinf(high) else f"{low:.3f} to {high:.3f}"


def _demand(solved: Solved, table: pd.DataFrame, design: Design, good: Mask) -> pd.DataFrame:
    """Data and curve of the units with most revenue."""
    largest = table["revenue"].nlargest(DRAWN).index
    drawn = np.flatnonzero(good)[np.sort(largest)]
    keep = np.isin(solved.cells.unit, drawn)
    fitted = None if solved.fitted is None else solved.fitted[keep]
    points = demand_points(take(solved.cells, keep), solved.found.beta[drawn], solved.x, solved.y, fitted)
    parts = []
    for place in largest:
        row = table.loc[place]
        seen = thinned(points[points["unit"] == np.searchsorted(np.sort(largest), place)])
        curve = demand_curve(seen, row["elasticity"], row["low"], row["high"])
        for kind, part in (("data", seen[["price", "units"]]), ("curve", curve)):
            parts.append(part.assign(kind=kind, **{name: row[name] for name in design.unit}))
    columns = [*design.unit, "kind", "price", "units", "low", "high"]
    return pd.concat(parts, ignore_index=True).reindex(columns=columns) if parts else pd.DataFrame(columns=columns)


def _empty(design: Design, method: str, confidence: float, skipped: pd.DataFrame, cautions: list[str]) -> Elasticity:
    """The result where no product has an estimate."""
    measures = [*MEASURES, "own_elasticity", "own_std_error", "own_low", "own_high", "own_weight"]
    rest = ["rows", "clusters", "zero_share", "price_low", "price_high", "revenue", "r_squared", "caution"]
    return Elasticity(
        table=pd.DataFrame(columns=[*design.unit, *measures, *rest]),
        coefficients=pd.DataFrame(columns=[*design.unit, "term", "coefficient", "std_error", "low", "high"]),
        drivers=pd.DataFrame(columns=["term", "median", "clearly_above", "clearly_below", "products"]),
        tests=_no_tests(design),
        pools=pd.DataFrame(columns=["group", *MEASURES, "members"]),
        demand=pd.DataFrame(columns=[*design.unit, "kind", "price", "units", "low", "high"]),
        skipped=skipped,
        cautions=(*cautions, "No product could be estimated; see what was left out."),
        median=np.nan,
        median_low=np.nan,
        median_high=np.nan,
        method=method,
        confidence=confidence,
        effects=design.effects,
        clusters=design.clusters,
        rows=0,
    )


def _terms(found: Estimates, design: Design, units: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """One row per unit and regressor: coefficient, std_error, low, high; nan where the regressor was left out."""
    names = [*design.exogenous, *design.lagged, PRICE]
    error = np.sqrt(np.maximum(np.einsum("uii->ui", found.variance), 0))
    error = np.where(found.fit.used, error, np.nan)
    beta = np.where(found.fit.used, found.beta, np.nan)
    half = _critical(found, confidence)[:, None] * error
    repeated = units.loc[units.index.repeat(len(names)), list(design.unit)].reset_index(drop=True)
    return repeated.assign(
        term=np.tile(names, len(units)),
        coefficient=beta.ravel(),
        std_error=error.ravel(),
        low=(beta - half).ravel(),
        high=(beta + half).ravel(),
    )


def _critical(found: Estimates, confidence: float) -> np.ndarray:
    return t.ppf((1 + confidence) / 2, np.maximum(found.freedom, 1))


def _own_table(
    solved: Solved, units: pd.DataFrame, terms: pd.DataFrame, design: Design, confidence: float, good: Mask
) -> pd.DataFrame:
    """The table before pooling."""
    found = solved.found
    critical = _critical(found, confidence)
    price = terms[terms["term"] == PRICE]
    table = units[good].reset_index(drop=True)
    table = table.assign(
        own_elasticity=price["coefficient"].to_numpy(),
        own_std_error=price["std_error"].to_numpy(),
        own_low=price["low"].to_numpy(),
        own_high=price["high"].to_numpy(),
        critical=critical[good],
        clusters=found.clusters[good],
        zero_share=table["zeros"] / table["filled"],
        r_squared=solved.r_squared[good],
    )
    if design.deals:
        deal = terms[terms["term"] == DEAL].rename(columns={"coefficient": "elasticity"})
        table = table.assign(**{f"deal_{name}": deal[name].to_numpy() for name in MEASURES})
    if design.lags:
        prices = np.arange(-1 - design.lags, 0)
        long_run = found.beta[:, prices].sum(axis=1)
        error = np.sqrt(np.maximum(found.variance[:, prices][:, :, prices].sum(axis=(1, 2)), 0))
        half = critical * error
        numbers = (long_run, error, long_run - half, long_run + half)
        table = table.assign(**{f"long_run{end}": value[good] for end, value in zip(ENDS, numbers, strict=True)})
    return table


def _with_line(table: pd.DataFrame, lines: Mapping[str, str] | pd.DataFrame | None) -> pd.DataFrame:
    """The table with its products' lines, where these are known."""
    if isinstance(lines, pd.DataFrame):
        if "product" not in lines:
            raise DataError([Problem("lines", "product", None, "", "this column, which is absent")])
        if "line" not in lines:
            return table
        lines = dict(zip(lines["product"].astype(str), lines["line"], strict=True))
    return table if lines is None else table.assign(line=table["product"].map(dict(lines)))


def _pooled(
    table: pd.DataFrame, design: Design, wanted: bool, confidence: float
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[float, float]]:
    """The table with pooled values, the lines' own, and the median's interval; without pooling both are the same."""
    own = {"elasticity": "own_elasticity", "std_error": "own_std_error", "low": "own_low", "high": "own_high"}
    table = table.assign(**{name: table[source] for name, source in own.items()}, own_weight=1.0)
    if not wanted or len(table) < LEAST:
        interval = median_interval(table["elasticity"].to_numpy(), table["std_error"].to_numpy(), confidence)
        return table, pd.DataFrame(columns=["group", *MEASURES, "members"]), interval
    level = "product" if len(design.unit) > 1 else "line"
    named = table[level].fillna("(no line)") if level in table else pd.Series("all", index=table.index)
    group, names = pd.factorize(named, sort=True)
    # an error is stretched so that the normal interval at this level is as wide as the t interval
    normal = norm.ppf((1 + confidence) / 2)
    error = table["own_std_error"].to_numpy() * table["critical"].to_numpy() / normal
    pooled = pool(table["own_elasticity"].to_numpy(), error, group, confidence)
    table = table.assign(
        elasticity=pooled.mean, std_error=pooled.error, low=pooled.low, high=pooled.high, own_weight=pooled.own_weight
    )
    center = np.append(pooled.group_mean, pooled.overall)
    spread = np.append(pooled.group_error, pooled.overall_error)
    pools = pd.DataFrame(
        {
            "group": [*names, "all"],
            "elasticity": center,
            "std_error": spread,
            "low": center - normal * spread,
            "high": center + normal * spread,
            "members": [*np.bincount(group), len(table)],
        }
    )
    low, high = np.quantile(pooled.medians, [(1 - confidence) / 2, (1 + confidence) / 2])
    return table, pools[-1:].reset_index(drop=True) if len(names) == 1 else pools, (float(low), float(high))


def _drivers(others: pd.DataFrame) -> pd.DataFrame:
    """What the other regressors do, over all products."""
    known = others[others["coefficient"].notna()]
    grouped = known.assign(above=known["low"] > 0, below=known["high"] < 0).groupby("term", sort=False)
    return grouped.agg(
        median=("coefficient", "median"),
        clearly_above=("above", "sum"),
        clearly_below=("below", "sum"),
        products=("coefficient", "size"),
    ).reset_index()


def _ordered(table: pd.DataFrame, design: Design) -> pd.DataFrame:
    first = [*design.unit, *(["line"] if "line" in table else []), *MEASURES, "own_elasticity", "own_std_error"]
    rest = ["own_low", "own_high", "own_weight", "rows", "clusters", "zero_share", "price_low", "price_high"]
    more = [name for name in table.columns if str(name).startswith(("long_run", "deal_"))]
    return table[[*first, *rest, "revenue", "r_squared", *more, "caution"]]
