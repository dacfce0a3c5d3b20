"""The figure of cross-price elasticities: a heat map per group."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from salesopt.cross import CrossElasticity
from salesopt.display import number, points
from salesopt.plots import theme


def plot_cross(result: CrossElasticity, group: str = "", ax: Axes | None = None) -> Axes:
    """Heat map of one group: row, whose units; column, whose price; bold where the interval leaves out zero.

    Without `group` the one whose largest sure cross effect is largest.
    """
    if result.table.empty:
        ax = theme.axes(ax, height=1.2)
        ax.set_axis_off()
        return theme.title(ax, "No group of products could be estimated")
    name = group or _telling_group(result)
    part = result.table[result.table["group"] == name]
    if part.empty:
        raise ValueError(f"the result has no group {name!r}")
    products = list(part["product"].drop_duplicates())
    wide = part.pivot_table(index="product", columns="price_of", values="elasticity", sort=False).loc[
        products, products
    ]
    sure = part.pivot_table(index="product", columns="price_of", values="sure", sort=False).loc[products, products]
    ax = theme.axes(ax, width=8.0, height=2.2 + 0.5 * len(products))
    cross = wide.to_numpy(float)[~np.eye(len(products), dtype=bool)]
    reach = max(float(np.abs(cross).max()), 0.1)
    values, certain = wide.to_numpy(float), sure.to_numpy(float)
    image = ax.imshow(values, cmap="RdBu", vmin=-reach, vmax=reach, aspect="auto")
    for row in range(len(products)):
        for column in range(len(products)):
            value = values[row, column]
            ax.text(
                column, row, points(value), ha="center", va="center",
                color="white" if abs(value) > 0.6 * reach else theme.INK,
                fontweight="bold" if certain[row, column] else "normal",
            )  # fmt: skip
    ax.set_xticks(range(len(products)), theme.thin_labels(ax, products, 30), rotation=35, ha="right")
    ax.set_yticks(range(len(products)), theme.wrap_labels(products, 20))
    ax.set_xlabel("when the price of this product rises by 1 %")
    ax.set_ylabel("units of this product\nchange by %")
    ax.grid(visible=False)
    ax.figure.colorbar(image, ax=ax, label="cross elasticity\n(own ones run off the scale)", shrink=0.8)
    terms = part[part["kind"] == "cross"]
    count = int((terms["sure"] & (terms["elasticity"] > 0)).sum())
    mean = number(float(terms["elasticity"].mean()), 2)
    answer = f"{name}: {count} of {len(terms)} cross effects are surely positive, mean {mean}"
    return theme.title(ax, answer, width=64)


def _telling_group(result: CrossElasticity) -> str:
    terms = result.table[result.table["kind"] == "cross"]
    sure = terms[terms["sure"]]
    chosen = sure if len(sure) else terms
    return str(chosen["group"].iloc[int(chosen["elasticity"].abs().argmax())])
