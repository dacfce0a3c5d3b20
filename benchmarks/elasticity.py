"""How fast are per-product elasticities, against statsmodels, linearmodels and pyfixest, side by side in one run?

    python benchmarks/elasticity.py [rows ...]        default 100000 1000000 10000000

Every program estimates, for every product, log units on log price and promotion with market and calendar-month effects
and errors clustered by market. Each contender runs in a process of its own on the same table. Seconds are of the
estimate alone, on the clock and of processor time over all threads; compare the latter on a busy machine. Memory is the
highest of the whole process during the estimate, and what it held before it with the table loaded. Peers that would
take more than about five minutes are left out and say so.
`parquet` is salesopt reading a file that is never loaded whole.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

PRODUCTS, MARKETS = 200, 320
MOST = {"statsmodels": 1_100_000, "linearmodels": 1_100_000, "pyfixest": 11_000_000}
CONTENDERS = ("salesopt", "salesopt parquet", "pyfixest", "linearmodels", "statsmodels")


def write_sales(path: Path, rows: int, block: int = 2_000_000) -> None:
    """A Parquet file of `rows` rows: 200 products x 320 markets x weeks; 48 markets in small tables."""
    products = min(PRODUCTS, max(rows // 2_500, 20))
    markets = MARKETS if rows >= 5_000_000 else 48
    rng = np.random.default_rng(0)
    level = rng.standard_normal(markets)
    truth = rng.uniform(-3, -1, products)
    names = [f"product {k:04d}" for k in range(products)], [f"market {k:04d}" for k in range(markets)]
    writer = None
    for start in range(0, rows, block):
        place = np.arange(start, min(start + block, rows))
        market, product = place % markets, place // markets % products
        day = np.datetime64("2016-01-04") + 7 * (place // (markets * products)) * np.timedelta64(1, "D")
        season = np.sin(2 * np.pi * day.astype("datetime64[M]").astype(int) / 12)
        promo = (rng.random(len(place)) < 0.2).astype(float)
        price = 1 + 0.1 * level[market] + 0.05 * season + 0.1 * rng.standard_normal(len(place)) - 0.1 * promo
        units = 4 + level[market] + 0.3 * season + truth[product] * price + 0.3 * promo
        units += 0.3 * rng.standard_normal(len(place))
        table = pa.table(
            {
                "product": pa.DictionaryArray.from_arrays(product.astype(np.int32), names[0]).cast(pa.string()),
                "market": pa.DictionaryArray.from_arrays(market.astype(np.int32), names[1]).cast(pa.string()),
                "period": pa.array(day.astype("datetime64[s]")).cast(pa.timestamp("us")),
                "units": np.exp(units),
                "price": np.exp(price),
                "promo": promo,
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def loaded(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path)
    return frame.assign(**{name: frame[name].astype("category") for name in ("product", "market")})


def by_salesopt(sales: object) -> pd.Series:
    from salesopt.elasticity import estimate_elasticity

    result = estimate_elasticity(sales, controls=["promo"], pool=False, deals=False, engine="auto")
    return pd.concat([result.table["elasticity"], result.table["std_error"]])


def prepared(sales: pd.DataFrame) -> pd.DataFrame:
    """Logs and month: every peer needs them, so they count as part of its time."""
    return sales.assign(
        log_units=np.log(sales["units"]), log_price=np.log(sales["price"]), month=sales["period"].dt.month
    )


def by_pyfixest(sales: pd.DataFrame) -> pd.Series:
    import pyfixest

    found = []
    for _, part in prepared(sales).groupby("product", observed=True):
        fit = pyfixest.feols("log_units ~ log_price + promo | market + month", part, vcov={"CRV1": "market"})
        found.append((fit.coef()["log_price"], fit.se()["log_price"]))
    return flat(found)


def by_linearmodels(sales: pd.DataFrame) -> pd.Series:
    from linearmodels.iv.absorbing import AbsorbingLS

    found = []
    for _, part in prepared(sales).groupby("product", observed=True):
        effects = part[["market", "month"]].astype("category")
        model = AbsorbingLS(part["log_units"], part[["log_price", "promo"]], absorb=effects)
        fit = model.fit(cov_type="clustered", clusters=part["market"].cat.codes, debiased=False)
        rows, markets = len(part), part["market"].nunique()
        scale = markets / (markets - 1) * (rows - 1) / (rows - 2 - 12)
        found.append((fit.params["log_price"], fit.std_errors["log_price"] * np.sqrt(scale)))
    return flat(found)


def by_statsmodels(sales: pd.DataFrame) -> pd.Series:
    import statsmodels.api as sm

    found = []
    for _, part in prepared(sales).groupby("product", observed=True):
        codes = part["market"].cat.codes.to_numpy()
        dummies = [np.equal.outer(values, np.unique(values)[1:]) for values in (codes, part["month"].to_numpy())]
        design = np.column_stack([part["log_price"], part["promo"], np.ones(len(part)), *dummies])
        fit = sm.OLS(part["log_units"].to_numpy(), design).fit(cov_type="cluster", cov_kwds={"groups": codes})
        rows, width = design.shape
        scale = (rows - width) / (rows - 2 - 12)
        found.append((fit.params[0], fit.bse[0] * np.sqrt(scale)))
    return flat(found)


def flat(found: list[tuple[float, float]]) -> pd.Series:
    return pd.Series([value for value, _ in found] + [error for _, error in found])


RUN: dict[str, Callable[..., pd.Series]] = {
    "salesopt": by_salesopt,
    "salesopt parquet": by_salesopt,
    "pyfixest": by_pyfixest,
    "linearmodels": by_linearmodels,
    "statsmodels": by_statsmodels,
}


def megabytes(line: str) -> float:
    """Memory of this process: now ("VmRSS"), or at its highest ("VmHWM") since it was last reset."""
    status = Path("/proc/self/status").read_text()
    return float(next(row.split()[1] for row in status.splitlines() if row.startswith(line))) / 1024


def contender(name: str, path: Path, queue: multiprocessing.Queue) -> None:
    """Load, warm up on a small part, run once, and report seconds, peak memory (all of the process) and numbers."""
    warnings.simplefilter("ignore")  # of the peers; salesopt's own tests run with warnings as errors
    whole = name == "salesopt parquet"
    sales = path if whole else loaded(path)
    small = path.with_name("small.parquet")
    RUN[name](small if whole else loaded(small))
    Path("/proc/self/clear_refs").write_text("5")  # resets the highest memory
    before = megabytes("VmRSS")
    start, work = time.perf_counter(), time.process_time()
    numbers = RUN[name](sales)
    seconds, work = time.perf_counter() - start, time.process_time() - work
    queue.put((seconds, work, before, megabytes("VmHWM"), numbers.to_numpy()))


def measure(name: str, path: Path) -> tuple[float, float, float, float, np.ndarray]:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=contender, args=(name, path, queue))
    process.start()
    found = queue.get()
    process.join()
    return found


def main(sizes: list[int]) -> None:
    print(f"{'rows':>12} {'program':<18} {'seconds':>9} {'x slower':>9} {'processor':>9} {'x slower':>9} "
          f"{'rows/s':>12} {'peak MB':>8} {'of it before':>12} {'largest difference':>19}")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        write_sales(Path(folder) / "small.parquet", 50_000)
        for rows in sizes:
            path = Path(folder) / f"{rows}.parquet"
            write_sales(path, rows)
            first: tuple[float, float, np.ndarray] | None = None
            for name in CONTENDERS:
                if rows > MOST.get(name, 10**12):
                    print(f"{rows:>12,} {name:<18} {'left out: would take more than five minutes':>9}")
                    continue
                if name == "salesopt" and rows > 20_000_000:
                    print(f"{rows:>12,} {name:<18} {'left out: the table itself would fill the memory':>9}")
                    continue
                seconds, work, before, peak, numbers = measure(name, path)
                first = first or (seconds, work, numbers)
                gap = float(np.max(np.abs(numbers - first[2])))
                print(f"{rows:>12,} {name:<18} {seconds:>9.2f} {seconds / first[0]:>9.1f} {work:>9.2f} "
                      f"{work / first[1]:>9.1f} {rows / seconds:>12,.0f} {peak:>8,.0f} {before:>12,.0f} {gap:>19.1e}",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [100_000, 1_000_000, 10_000_000])
