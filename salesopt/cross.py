"""Cross-price elasticities: which products take sales from each other, group by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.cross_panel import Panel, build_panel, group_of, product_groups
from salesopt.stats.demand import Array
from salesopt.stats.one_market import compare_over_time
from salesopt.stats.result import Result
from salesopt.stats.system import SystemFit, fit_system, shrink, signed, symmetric
from salesopt.study.tables import require_table

RESTRICTIONS = {  # what may be taken for granted, in words
    "symmetry": "in money, the price of one product acts on the sales of another as that one's price acts on it",
    "sign": "no product sells more when it gets dearer, or less when another does",
}
COLUMNS = ["group", "product", "price_of", "kind", "elasticity", "std_error", "low", "high", "raw_elasticity"]
COLUMNS += ["raw_std_error", "wrong_sign", "sure", "rows", "clusters", "caution"]
GROUP_COLUMNS = ["group", "products", "rows", "clusters", "filled", "cross_terms", "wrong_signed", "wrong_signed_sure"]
GROUP_COLUMNS += ["mean_cross"]


@dataclass(frozen=True, eq=False, repr=False)
class CrossElasticity(Result):
    """What `estimate_cross_elasticity` found.

    table   : group, product (whose units), price_of (whose price), kind ("own" or "cross"), elasticity, std_error,
              low, high, raw_elasticity, raw_std_error (before restrictions and pooling), wrong_sign (cross below 0 or
              own above 0), sure (the interval leaves out 0), rows, clusters, caution; one row per cell of the matrix
    groups  : group, products, rows (least of the equations), clusters, filled (share of prices filled in, a fraction),
              cross_terms, wrong_signed, wrong_signed_sure (before restrictions and pooling), mean_cross
    skipped : item, reason
    wrong_signed : number of cross terms below zero and own terms above zero in `table`
    """

    table: pd.DataFrame
    groups: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    wrong_signed: int
    restrict: tuple[str, ...]
    pooled: bool
    confidence: float


def estimate_cross_elasticity(
    sales: pd.DataFrame,
    *,
    group: str | Mapping[str, str] | pd.DataFrame,
    controls: Sequence[str] = (),
    effects: Sequence[str] = ("market", "month"),
    cluster: str = "market",
    restrict: Sequence[str] = (),
    pool: bool = True,
    deals: bool | None = None,
    confidence: float = 0.95,
    min_rows: int = 40,
    most_products: int = 12,
    seed: int = 0,
) -> CrossElasticity:
    """Estimate how the units of each product of a group answer to the prices of all products of the group.

    One log-log regression per product on the log prices of the whole group, with effects; errors from clusters that
    run through all equations (CRV3 below 30 clusters).

    sales    : see `tables.SALES`
    group    : column of `sales` with the product group, a mapping product -> group, or the products table (its lines)
    controls : numeric columns of the product itself that enter as they stand ("promo")
    effects  : columns, or period parts (week, month, quarter, year, period)
    restrict : "symmetry": revenue_i * e_ij = revenue_j * e_ji; "sign": own terms <= 0, cross terms >= 0 (substitutes)
    pool     : draw the cross terms of a group towards their mean as far as noise explains their spread
    deals    : add the product's own deal depth, log(price / base_price); None: where there is a column `base_price`
    min_rows : least number of rows of an equation beyond its prices and effects
    most_products : a larger group is cut to its products with most revenue; the rest is in `skipped`
    seed     : of the draws behind intervals under "sign"

    Sales of a single market are compared over time (`salesopt.stats.one_market`), and `cautions` say so. A group that
    cannot be estimated is in `skipped`. Raises DataError, ParameterError.
    """
    _check(restrict, confidence, min_rows, most_products)
    columns = [*controls, *[name for name in (*effects, cluster) if name in sales]]
    typed = require_table("sales", sales, columns=[name for name in columns if name not in ("market", "period")])
    mapping = product_groups(typed, group)
    timed = compare_over_time(typed, effects, controls, cluster, unit=(), leave=pd.Series(mapping, dtype=object))
    typed, controls, effects, cluster = timed.sales, timed.controls, timed.effects, timed.only_cluster
    deal = "base_price" in typed and deals is not False
    if deals and not deal:
        raise DataError([Problem("sales", "base_price", None, "", "this column, which the parameter deals needs")])
    groups, skipped = group_of(typed, mapping, most_products)
    random = np.random.default_rng(seed)
    tables, summaries = [], []
    for name, members in groups.items():
        panel, dropped = build_panel(typed, members, controls, effects, cluster, deal, min_rows)
        skipped += [(product, f"group {name}: {reason}") for product, reason in dropped]
        if panel is None:
            skipped.append((name, "fewer than two products of the group can be estimated"))
            continue
        try:
            fit = fit_system(panel.equations, panel.clusters)
        except np.linalg.LinAlgError:
            skipped.append(
                (name, "prices of the group move together, or with its effects, too closely to be told apart")
            )
            continue
        tables.append(_table(name, panel, fit, tuple(restrict), pool, confidence, random))
        summaries.append(_summary(name, panel, tables[-1]))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    summary = pd.DataFrame(summaries, columns=GROUP_COLUMNS)
    return CrossElasticity(
        table=table,
        groups=summary,
        skipped=pd.DataFrame(skipped, columns=["item", "reason"]),
        cautions=(
            *timed.cautions,
            *(_cautions(table, summary, tuple(restrict), pool) if tables else ("No group could be estimated.",)),
        ),
        wrong_signed=int(table["wrong_sign"].sum()),
        restrict=tuple(restrict),
        pooled=pool,
        confidence=confidence,
    )


def _check(restrict: Sequence[str], confidence: float, min_rows: int, most_products: int) -> None:
    wrong = []
    if isinstance(restrict, str) or not set(restrict) <= set(RESTRICTIONS):
        wrong.append(f"restrict must be a list of {' and '.join(RESTRICTIONS)}, not {restrict!r}")
    if not 0 < confidence < 1:
        wrong.append(f"confidence must lie between 0 and 1, not {confidence}")
    if min_rows < 3:
        wrong.append(f"min_rows must be at least 3, not {min_rows}")
    if most_products < 2:
        wrong.append(f"most_products must be at least 2, not {most_products}")
    if wrong:
        raise ParameterError("; ".join(wrong))


def _table(
    name: str,
    panel: Panel,
    fit: SystemFit,
    restrict: tuple[str, ...],
    pool: bool,
    confidence: float,
    random: np.random.Generator,
) -> pd.DataFrame:
    """One row per cell of the group's matrix."""
    count = len(panel.products)
    raw, raw_error = fit.matrix.ravel(), np.sqrt(np.diag(fit.variance))
    values, errors, low, high = _restricted(panel, fit, restrict, confidence, random)
    own = np.eye(count, dtype=bool).ravel()
    width = float(student.ppf(0.5 + confidence / 2, fit.clusters - 1))
    if pool:
        scale = (high - low) / (2 * width) if "sign" in restrict else errors
        moved, moved_error, _ = shrink(values[~own], np.maximum(scale[~own], 1e-12))
        values, errors = values.copy(), errors.copy()
        values[~own], errors[~own] = moved, moved_error
        low, high = low.copy(), high.copy()
        low[~own], high[~own] = moved - width * moved_error, moved + width * moved_error
        if "sign" in restrict:
            low[~own] = np.maximum(low[~own], 0.0)
    table = pd.DataFrame(
        {
            "group": name,
            "product": np.repeat(panel.products, count),
            "price_of": np.tile(panel.products, count),
            "kind": np.where(own, "own", "cross"),
            "elasticity": values,
            "std_error": errors,
            "low": low,
            "high": high,
            "raw_elasticity": raw,
            "raw_std_error": raw_error,
            "wrong_sign": np.where(own, values > 0, values < 0),
            "sure": (low > 0) | (high < 0),
            "rows": np.repeat(fit.rows, count),
            "clusters": fit.clusters,
        }
    )
    table["caution"] = [_caution(row.kind, row.wrong_sign, row.sure, fit.few) for row in table.itertuples()]
    return table


def _restricted(
    panel: Panel, fit: SystemFit, restrict: tuple[str, ...], confidence: float, random: np.random.Generator
) -> tuple[Array, Array, Array, Array]:
    """Values, standard errors and interval of the matrix under the restrictions, row by row."""
    revenue = panel.revenue if "symmetry" in restrict else None
    if "sign" in restrict:
        matrix, draws = signed(fit, revenue, 400, random)
        tail = (1 - confidence) / 2
        flat = draws.reshape(len(draws), -1)
        low, high = np.quantile(flat, [tail, 1 - tail], axis=0)
        return matrix.ravel(), flat.std(axis=0), np.minimum(low, matrix.ravel()), np.maximum(high, matrix.ravel())
    used = fit if revenue is None else symmetric(fit, revenue)
    errors = np.sqrt(np.diag(used.variance))
    width = float(student.ppf(0.5 + confidence / 2, fit.clusters - 1))
    return used.matrix.ravel(), errors, used.matrix.ravel() - width * errors, used.matrix.ravel() + width * errors


def _caution(kind: Any, wrong: Any, sure: Any, few: bool) -> str:
    said = []
    if wrong and kind == "own":
        said.append("Units rise with the own price: not usable.")
    elif wrong:
        said.append(
            "Below zero: complements, or noise."
            if not sure
            else "Below zero beyond noise: complements, or confounded prices."
        )
    if few:
        said.append(
            "Fewer than 30 groups that may err each in its own way: the interval comes from leaving out one at a time."
        )
    return " ".join(said)


def _summary(name: str, panel: Panel, table: pd.DataFrame) -> dict[str, object]:
    cross = table[table["kind"] == "cross"]
    width = float(student.ppf(0.975, panel.clusters - 1))
    wrong = cross["raw_elasticity"] < 0
    return {
        "group": name,
        "products": len(panel.products),
        "rows": int(table["rows"].min()),
        "clusters": panel.clusters,
        "filled": panel.filled,
        "cross_terms": len(cross),
        "wrong_signed": int(wrong.sum()),
        "wrong_signed_sure": int((wrong & (cross["raw_elasticity"] < -width * cross["raw_std_error"])).sum()),
        "mean_cross": float(cross["elasticity"].mean()),
    }


def _cautions(table: pd.DataFrame, groups: pd.DataFrame, restrict: tuple[str, ...], pool: bool) -> tuple[str, ...]:
    terms, wrong, sure = (int(groups[column].sum()) for column in ("cross_terms", "wrong_signed", "wrong_signed_sure"))
    said = [
        f"{wrong} of {terms} cross elasticities are below zero before they are held to each other (the wrong sign for "
        f"substitutes), {sure} of them beyond noise."
    ]
    own = int(((table["kind"] == "own") & table["wrong_sign"]).sum())
    if own:
        said.append(f"{own} own elasticities are above zero: these products' prices are confounded with demand.")
    if restrict:
        said.append(f"Taken for granted, not tested: {'; '.join(RESTRICTIONS[name] for name in restrict)}.")
    if pool:
        said.append(
            "Cross elasticities are drawn towards the mean of their group as far as noise explains their spread."
        )
    filled = groups.loc[groups["filled"] > 0.05, "group"]
    if len(filled):
        said.append(
            f"More than 5 % of the prices were filled in from the same period elsewhere: {', '.join(map(str, filled))}."
        )
    said.append("Prices of products outside of the group, competitors' above all, are not in the regressions.")
    return tuple(said)
