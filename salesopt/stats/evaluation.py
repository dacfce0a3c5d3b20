"""A panel's SWOT scores as grids: checked against the rating rule, weighed, and added up for any choice of raters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.errors import DataError, Problem
from salesopt.stats import matrices
from salesopt.stats.raters import deviations, interval, panel_means, panel_weights, standard_errors
from salesopt.stats.scoresheets import Item, doubt_raters, grid, items_of

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Panel:
    """The last round as grids (raters x items), and what was found out on the way."""

    table: pd.DataFrame
    names: list[str]
    items: list[Item]
    weights: Array
    ratings: Array
    fixed: Array | None
    skipped: list[tuple[str, str]]
    cautions: list[str]

    @property
    def quadrants(self) -> list[str]:
        return [quadrant for quadrant, _ in self.items]

    def inside(self, matrix: str) -> NDArray[np.bool_]:
        """Which items belong to the matrix."""
        return np.array([matrices.MATRIX[quadrant] == matrix for quadrant in self.quadrants])


def refuse_ratings(table: pd.DataFrame, rule: str) -> None:
    """Raise DataError that lists, per quadrant, the ratings the rule forbids."""
    problems = []
    for quadrant, name in matrices.QUADRANTS.items():
        low, high = matrices.limits(rule, quadrant)
        bad = (table["quadrant"] == quadrant) & ((table["rating"] < low) | (table["rating"] > high))
        if bad.any():
            at = int(bad.to_numpy().argmax())
            expected = (
                f"a rating from {low:g} to {high:g} for a {name} under rating_rule 'strength' ('response': 1 to 4)"
            )
            shown = f"{table['rating'].iloc[at]:g} for {table['factor'].iloc[at]!r} by {table['rater'].iloc[at]!r}"
            problems.append(Problem("swot", "rating", at + 2, shown, expected, "", int(bad.sum())))
    if problems:
        raise DataError(problems)


def make_panel(table: pd.DataFrame, priorities: pd.DataFrame | None) -> Panel:
    """The last round of a table swot (with its column `round`) as a panel; what cannot count is in its `skipped`.

    `priorities` (item, weight) replaces the raters' weights. Raises DataError where nothing is rated or a weight is
    missing.
    """
    last = table[table["round"] == table["round"].max()]
    skipped, cautions = [], []
    names = [str(name) for name in last["rater"].unique()]
    items = items_of(last, "quadrant", list(matrices.QUADRANTS))
    weights = grid(last, "quadrant", "weight", names, items)
    ratings = grid(last, "quadrant", "rating", names, items)
    keep = np.array(~np.isnan(ratings).all(axis=0))
    for matrix in ("IFE", "EFE"):
        inside = np.array([matrices.MATRIX[quadrant] == matrix for quadrant, _ in items])
        if inside.any() and priorities is None and not np.nansum(weights[:, inside]) > 0:
            weights[:, inside] = 1.0
            cautions.append(f"No rater weighed the factors of the {matrix} matrix: all count the same.")
        elif priorities is None:
            keep = keep & ~(inside & np.isnan(weights).all(axis=0))
    for at in np.flatnonzero(~keep):
        what = "rating" if np.isnan(ratings[:, at]).all() else "weight"
        skipped.append((f"{items[at][0]}: {items[at][1]}", f"no rater gave it a {what} in the last round"))
    kept = [item for item, one in zip(items, keep, strict=True) if one]
    if not kept:
        raise DataError([Problem("swot", "rating", None, "only blanks", "at least one factor with a rating")])
    lone = (~np.isnan(ratings)).sum(axis=0) == 1
    if len(names) > 1:
        alone = [item for item, one in zip(items, lone, strict=True) if one]
        skipped += [(f"{quadrant}: {factor}, interval", "one rater only") for quadrant, factor in alone]
    fixed = None if priorities is None else _fixed_weights(priorities, kept)
    return Panel(last, names, kept, weights[:, keep], ratings[:, keep], fixed, skipped, cautions)


def _fixed_weights(priorities: pd.DataFrame, items: list[Item]) -> Array:
    """The given weights of the items, brought to a sum of 1 per matrix."""
    known = dict(zip(priorities["item"].astype(str), priorities["weight"].astype(float), strict=True))
    absent = [factor for _, factor in items if factor not in known]
    if absent:
        raise DataError(
            [Problem("priorities", "item", None, repr(one), "a weight for every factor scored") for one in absent]
        )
    weights = np.array([known[factor] for _, factor in items])
    inner = np.array([matrices.MATRIX[quadrant] == "IFE" for quadrant, _ in items])
    return np.where(inner, weights / max(weights[inner].sum(), 1e-300), weights / max(weights[~inner].sum(), 1e-300))


def add_up(panel: Panel, take: Array) -> Array:
    """Rows of weights, ratings, scores, pulls (each one per item) and the two totals, for each row of raters taken."""
    weight = np.full((len(take), len(panel.items)), np.nan)
    for matrix in ("IFE", "EFE"):
        inside = panel.inside(matrix)
        if inside.any():
            weight[:, inside] = _weights_of(panel, inside, take)
    rating = panel_means(panel.ratings, take)
    totals = [_total(weight, rating, panel.inside(matrix)) for matrix in ("IFE", "EFE")]
    pull = weight * (rating - matrices.MIDPOINT)
    return np.column_stack([weight, rating, weight * rating, pull, *totals])


def _weights_of(panel: Panel, inside: NDArray[np.bool_], take: Array) -> Array:
    if panel.fixed is not None:
        return np.tile(panel.fixed[inside], (len(take), 1))
    return panel_weights(panel.weights[:, inside], take)


def _total(weight: Array, rating: Array, inside: NDArray[np.bool_]) -> Array:
    known = inside & ~np.isnan(weight * rating)
    share = np.where(known, weight, 0.0).sum(axis=1)
    total = np.where(known, weight * rating, 0.0).sum(axis=1)
    return np.where(share > 0, total / np.where(share > 0, share, 1.0), np.nan)


def metrics_of(panel: Panel) -> list[str]:
    """The metric each factor names, "" where none; where raters name several, the first."""
    if "metric" not in panel.table.columns:
        return [""] * len(panel.items)
    named = panel.table.dropna(subset=["metric"]).drop_duplicates(["quadrant", "factor"])
    known = {(row.quadrant, row.factor): str(row.metric) for row in named.itertuples()}
    return [known.get(item, "") for item in panel.items]


def tell_rules(panel: Panel, in_force: str, confidence: float) -> pd.DataFrame:
    """The totals under either rating rule: ratings that a rule forbids are moved to its nearest limit.

    Columns: see `SwotTally.rules`.
    """
    rows = []
    for matrix in ("IFE", "EFE"):
        inside = panel.inside(matrix)
        if not inside.any():
            continue
        stands = _ruled(panel, in_force, matrix, inside, confidence)
        for rule in matrices.RULES:
            row = _ruled(panel, rule, matrix, inside, confidence)
            side = "total" if stands["verdict"] == "not known" else "verdict"
            same = (row["total"] >= matrices.MIDPOINT) == (stands["total"] >= matrices.MIDPOINT)
            changes = not same if side == "total" else row["verdict"] != stands["verdict"]
            rows.append({**row, "in_force": rule == in_force, "changes": bool(changes)})
    return pd.DataFrame(rows)


def _ruled(panel: Panel, rule: str, matrix: str, inside: NDArray[np.bool_], confidence: float) -> dict[str, Any]:
    ends = np.array([matrices.limits(rule, quadrant) for quadrant in panel.quadrants])
    allowed = np.clip(panel.ratings, ends[:, 0], ends[:, 1])
    moved = (allowed != panel.ratings) & ~np.isnan(panel.ratings)
    other = replace(panel, ratings=allowed)
    estimate, deviation = deviations(lambda take: add_up(other, take), len(panel.names))
    count, at = len(panel.items), -2 if matrix == "IFE" else -1
    error = standard_errors(deviation)[at : len(estimate) + at + 1]
    low, high = interval(estimate[at : len(estimate) + at + 1], error, len(panel.names) - 1, confidence)
    weight, rating = estimate[:count][inside], estimate[count : 2 * count][inside]
    quadrants = [quadrant for quadrant, one in zip(panel.quadrants, inside, strict=True) if one]
    least, most = matrices.attainable(rule, quadrants, weight)
    hurting = np.isin(quadrants, ["W", "T"])
    return {
        "rule": rule, "in_force": False, "matrix": matrix, "total": float(estimate[at]), "low": float(low[0]),
        "high": float(high[0]), "forbidden": int(moved[:, inside].sum()), "attainable_low": least,
        "attainable_high": most,
        "verdict": matrices.verdict(float(low[0]), float(high[0])), "changes": False,
        "rating_to_midpoint": matrices.rating_to_midpoint(hurting, weight, rating),
    }  # fmt: skip


def tell_raters(panel: Panel) -> pd.DataFrame:
    """How strict each rater is, how far from the others, and the totals without the rater; see `SwotTally.raters`."""
    given = ~np.isnan(panel.ratings)
    count = given.sum(axis=0)
    total = np.where(given, panel.ratings, 0.0).sum(axis=0)
    others = np.where(given & (count > 1), (total - panel.ratings) / np.maximum(count - 1, 1), np.nan)
    distance = panel.ratings - others
    known = ~np.isnan(distance)
    share = np.maximum(known.sum(axis=1), 1)
    strictness = np.where(known.any(axis=1), np.where(known, distance, 0.0).sum(axis=1) / share, np.nan)
    absolute = np.where(known.any(axis=1), np.where(known, np.abs(distance), 0.0).sum(axis=1) / share, np.nan)
    raters = len(panel.names)
    without = add_up(panel, 1.0 - np.eye(raters))[:, -2:] if raters > 1 else np.full((1, 2), np.nan)
    return pd.DataFrame(
        {
            "rater": panel.names, "scored": given.sum(axis=1), "strictness": strictness, "distance": absolute,
            "IFE_without": without[:, 0], "EFE_without": without[:, 1],
        }
    )  # fmt: skip


def tell_influence(panel: Panel, deviation: Array) -> pd.DataFrame:
    """Each rater's deviation of weight and score, one row per rater and factor; see `SwotTally.influence`."""
    count = len(panel.items)
    return pd.DataFrame(
        {
            "rater": np.repeat(panel.names, count),
            "quadrant": np.tile(panel.quadrants, len(panel.names)),
            "factor": np.tile([factor for _, factor in panel.items], len(panel.names)),
            "weight": deviation[:, :count].ravel(),
            "score": deviation[:, 2 * count : 3 * count].ravel(),
        }
    )


def doubt_panel(panel: Panel, table: pd.DataFrame, totals: pd.DataFrame, agreement: pd.DataFrame) -> list[str]:
    """Plain sentences about the panel: few raters, weights off 1, gaps, twins, dropped raters, disagreement, moved
    quadrants."""
    raters = len(panel.names)
    cautions = []
    if raters < 2:
        cautions.append("One rater only: there is no interval, and nothing shows whether another rater would agree.")
    elif raters < 8:
        ends = totals[["matrix", "low", "high"]].itertuples(index=False, name=None)
        reach = " and ".join(f"{name} by {(high - low) / 2:.2f}" for name, low, high in ends)
        cautions.append(
            f"{raters} raters are few: other raters like these could move the totals ({reach} points either way); "
            "halving that takes about four times as many raters."
        )
    for matrix in totals["matrix"] if panel.fixed is None else ():
        inside = panel.inside(matrix)
        sums = np.nansum(panel.weights[:, inside], axis=1)
        off = [f"{name} {total:.3g}" for name, total in zip(panel.names, sums, strict=True) if abs(total - 1) > 0.005]
        if off:
            cautions.append(f"{matrix} weights did not sum to 1 ({', '.join(off)}); they were brought to 1.")
    if panel.fixed is not None:
        cautions.append(
            "The weights were given and are taken as certain; the intervals carry the raters' ratings only."
        )
    gaps = int(np.isnan(panel.ratings).sum())
    if gaps:
        cautions.append(
            f"{gaps} of {panel.ratings.size} ratings are missing; each factor rests on the raters who rated it."
        )
    cautions += doubt_raters(table, panel.table, panel.names, "quadrant", ["weight", "rating"])
    placed = panel.table.groupby("factor")["quadrant"].agg(lambda values: sorted(set(values)))
    cautions += [f"Raters disagree whether '{factor}' belongs to {' or '.join(own)}: it is counted in each."
                 for factor, own in placed.items() if len(own) > 1]  # fmt: skip
    split = agreement[(agreement["measure"] == "rating") & (agreement["p"] >= 0.05) & (agreement["quadrant"] != "all")]
    if len(split):
        names = ", ".join(split["quadrant"])
        cautions.append(
            f"In {names} the raters share no order of the factors beyond chance (Kendall's W, p of 0.05 or more)."
        )
    return cautions
