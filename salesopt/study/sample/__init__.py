"""The sample firm: Orchard Juice Company, made from a seed, with its truth written beside it.

`make_sample` writes the study folder `data/orchard`; `sample_tables` gives the same tables in memory; `sample_sales`
makes the sales alone, fast enough for simulations.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tomli_w

from salesopt.study.sample import names
from salesopt.study.sample.accounts import FROM_CALLS, PACE, WITHOUT_CALLS, account_tables
from salesopt.study.sample.channels import BASELINE, channel_tables
from salesopt.study.sample.factors import factor_tables
from salesopt.study.sample.sales import SampleSales, list_price, sample_sales
from salesopt.study.sample.team import EFFORT_CARRY, team_tables

__all__ = ["SEED", "Sample", "SampleSales", "make_sample", "sample_sales", "sample_tables"]

SEED = 2026
STUDY = """\
# A made-up firm: `salesopt.study.sample.make_sample` wrote this folder from seed {seed}; truth.toml holds the truth.
[study]
title = "Orchard Juice Company"
currency = "USD"

[tables]
{tables}

[parameters.skills]
budget = 60000
"""


@dataclass(frozen=True, eq=False)
class Sample:
    """tables: name -> table as in `salesopt.study.tables`; truth: what the tables were made with, as in truth.toml."""

    tables: dict[str, pd.DataFrame]
    truth: dict[str, Any]


def sample_tables(seed: int = SEED) -> Sample:
    """Make every table of the sample firm and the truth behind it; equal seeds give equal tables."""
    drawn = sample_sales(seed)
    products = _products(drawn)
    last_year = drawn.sales[drawn.sales["period"] >= "2025-10-01"]
    revenue = float((last_year["units"] * last_year["price"]).sum())
    team = team_tables(seed, revenue)
    tables = {
        "sales": drawn.sales,
        "products": products,
        "price_limits": _price_limits(),
        **channel_tables(seed),
        **team,
        **account_tables(seed, team["reps"], revenue),
        **factor_tables(seed),
    }
    return Sample(tables, _truth(seed, drawn, products))


def make_sample(folder: Path | str, *, seed: int = SEED) -> Sample:
    """Write the sample study to `folder`: one CSV per table, study.toml and truth.toml; equal seeds, equal bytes."""
    sample = sample_tables(seed)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in sample.tables.items():
        text = _plain_dates(name, table).to_csv(index=False, lineterminator="\n")
        (folder / f"{name}.csv").write_bytes(text.encode("utf-8"))
    listing = "\n".join(f'{name} = "{name}.csv"' for name in sample.tables)
    (folder / "study.toml").write_bytes(STUDY.format(seed=seed, tables=listing).encode("utf-8"))
    (folder / "truth.toml").write_bytes(tomli_w.dumps(sample.truth).encode("utf-8"))
    return sample


def _plain_dates(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Months as 2026-07, days as 2026-07-15."""
    dates = table.select_dtypes("datetime").columns
    form = {column: "%Y-%m" if column in ("period", "since") else "%Y-%m-%d" for column in dates}
    return table.assign(**{column: table[column].dt.strftime(form[column]) for column in dates})


def _products(drawn: SampleSales) -> pd.DataFrame:
    """Today's list price, a year's units, and the limits within which a price may move."""
    sales = drawn.sales
    last_quarter = sales[sales["period"] >= "2026-07-01"].groupby("product")["base_price"].mean()
    units = sales[sales["period"] >= "2025-10-01"].groupby("product")["units"].sum()
    rows = []
    for name, at, listed, _ in names.PRODUCTS:
        line = names.LINES[at]
        price = float(list_price(np.array([last_quarter[name]])).item())
        ladder = " ".join(f"{listed + step / 10:.2f}" for step in range(-3, 6)) if line.name == "Sparkling" else None
        cost = round(listed * (1 - line.lerner), 2)
        rows.append(
            (name, line.name, cost, price, int(units[name]), round(0.8 * price, 2), round(1.3 * price, 2), ladder)
        )
    columns = ["product", "line", "unit_cost", "price", "units", "min_price", "max_price", "ladder"]
    return pd.DataFrame(rows, columns=columns)


def _price_limits() -> pd.DataFrame:
    """The larger bottle costs at most 1.6 times the smaller; organic stays at least 0.80 dearer."""
    rows = [
        ("orange juice: 1.75 l at most 1.6 times 1 l", "<=", 0.0, "Orange juice 1.75 l", 1.0),
        ("orange juice: 1.75 l at most 1.6 times 1 l", "<=", 0.0, "Orange juice 1 l", -1.6),
        ("apple juice: 1.75 l at most 1.6 times 1 l", "<=", 0.0, "Apple juice 1.75 l", 1.0),
        ("apple juice: 1.75 l at most 1.6 times 1 l", "<=", 0.0, "Apple juice 1 l", -1.6),
        ("organic orange juice at least 0.80 dearer", ">=", 0.8, "Organic orange juice 1 l", 1.0),
        ("organic orange juice at least 0.80 dearer", ">=", 0.8, "Orange juice 1 l", -1.0),
    ]
    return pd.DataFrame(rows, columns=["limit", "sense", "bound", "product", "coefficient"])


def _truth(seed: int, drawn: SampleSales, products: pd.DataFrame) -> dict[str, Any]:
    cost = products.set_index("product")["unit_cost"].to_dict()
    elasticity = drawn.elasticity.set_index("product")["elasticity"].round(4).to_dict()
    best = {name: round(float(cost[name]) * value / (1 + value), 2) for name, value in elasticity.items() if value < -1}
    return {
        "seed": seed,
        "elasticity": elasticity,
        "best_price": best,
        "cross_elasticity": drawn.cross.round(4).to_dict("records"),
        "promo_effect": dict(zip(drawn.promo["line"], drawn.promo["effect"], strict=True)),
        "channels": {
            channel.name: {
                "base": 0.0,
                "ceiling": float(channel.ceiling),
                "shape": channel.shape,
                "scale": float(channel.scale),
                "carry": channel.carry,
            }
            for channel in names.CHANNELS
        },
        "advertising_baseline": BASELINE,
        "effort": {
            group.name: {"at_none": group.none, "at_saturation": group.most, "shape": group.shape}
            for group in names.GROUPS
        },
        "effort_carry_over": EFFORT_CARRY,
        "calls": {"without": WITHOUT_CALLS, "from_calls": FROM_CALLS, "pace": PACE},
    }
