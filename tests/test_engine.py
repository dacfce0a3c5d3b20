"""Grouped sums: the same numbers as from rows, on DuckDB and on Spark, from tables and from files."""

from __future__ import annotations

import os
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from salesopt.elasticity import estimate_elasticity
from salesopt.engine import blocks, columns, gather
from salesopt.engine.sums import cell_sql
from salesopt.errors import DataError, ParameterError
from salesopt.stats.design import Design
from tests.test_elasticity import made_sales

SALES = made_sales(4, 9, 40, seed=21, zeros=0.02)[0].assign(
    heat=np.random.default_rng(0).standard_normal(4 * 9 * 40), base_price=np.nan
)
SALES.loc[5, "heat"] = np.nan
DESIGNS = {
    "two effects": {"controls": ["promo"]},
    "period effects": {"controls": ["promo", "heat"], "effects": ("market", "period")},
    "intercept": {"controls": ["heat"], "effects": ()},
    "two-way clusters": {
        "controls": ["promo"],
        "effects": ("market", "quarter", "year"),
        "cluster": ("market", "month"),
    },
    "week": {"effects": ("market", "week"), "cluster": "quarter"},
    "instrument": {
        "method": "iv",
        "controls": ["promo"],
        "instruments": ["cost", "heat"],
        "effects": ("market", "year"),
    },
    "line by market": {"by": "line", "controls": ["promo"]},
}


def same(one, other) -> None:
    """Equal tables, tests and skipped; only the caution that compares with another model may differ."""
    drop = ["caution"]
    pd.testing.assert_frame_equal(
        one.table.drop(columns=drop, errors="ignore"), other.table.drop(columns=drop, errors="ignore"), rtol=1e-8
    )
    pd.testing.assert_frame_equal(one.coefficients, other.coefficients, rtol=1e-8, atol=1e-10)
    pd.testing.assert_frame_equal(one.tests, other.tests, rtol=1e-7)
    pd.testing.assert_frame_equal(one.skipped, other.skipped)
    assert one.rows == other.rows


@pytest.mark.parametrize("name", DESIGNS)
def test_sums_by_duckdb_equal_rows_in_memory(name):
    arguments = {**DESIGNS[name], "pool": False}
    same(
        estimate_elasticity(SALES, engine="memory", **arguments),
        estimate_elasticity(SALES, engine="duckdb", **arguments),
    )


def test_deals_are_told_from_base_prices_by_sums_too():
    sales = SALES.assign(base_price=SALES["price"] * np.exp(0.2 * SALES["promo"]))
    one, other = (estimate_elasticity(sales, engine=engine, pool=False) for engine in ("memory", "duckdb"))
    assert "deal_elasticity" in other.table
    same(one, other)


@pytest.mark.parametrize("kind", ["parquet", "csv", "folder of parquet", "folder of csv"])
def test_files_equal_the_table(kind, tmp_path):
    parts = [SALES.iloc[:700], SALES.iloc[700:]] if kind.startswith("folder") else [SALES]
    for number, part in enumerate(parts):
        path = tmp_path / f"part {number}.{kind.split()[-1]}"
        if kind.endswith("csv"):
            part.to_csv(path, index=False)
        else:
            part.to_parquet(path)
    place = tmp_path if kind.startswith("folder") else path
    arguments = {"controls": ["promo"], "deals": False, "pool": False}
    same(estimate_elasticity(SALES, **arguments), estimate_elasticity(place, **arguments))


def test_many_rows_go_to_the_engine_by_themselves(monkeypatch):
    called = []
    by_blocks, by_engine = gather.gather_blocks, gather.gather_sums
    monkeypatch.setattr(gather, "gather_blocks", lambda *given: called.append("blocks") or by_blocks(*given))
    monkeypatch.setattr(gather, "gather_sums", lambda *given: called.append(given[2]) or by_engine(*given))
    estimate_elasticity(SALES)
    assert called == []
    monkeypatch.setattr(gather, "ROWS", len(SALES) - 1)
    estimate_elasticity(SALES)
    assert called == ["blocks"]
    estimate_elasticity(SALES.assign(period=SALES["period"].dt.strftime("%Y-%m")))
    assert called == ["blocks", "blocks", "duckdb"]


@pytest.fixture
def blocks_only(monkeypatch):
    """Every table in memory is summed in small blocks, and by nothing else."""
    monkeypatch.setattr(gather, "ROWS", 0)
    monkeypatch.setattr(columns, "BLOCK", 97)
    monkeypatch.setattr(gather, "gather_sums", lambda *_: pytest.fail("not summed in blocks"))


@pytest.mark.parametrize("name", DESIGNS)
def test_sums_of_blocks_equal_rows_in_memory(name, blocks_only):
    arguments = {**DESIGNS[name], "pool": False}
    mixed = SALES.sample(frac=1, random_state=3)
    same(
        estimate_elasticity(SALES, engine="memory", **arguments),
        estimate_elasticity(mixed, **arguments),
    )


def test_blocks_take_categories_deals_lines_and_products_without_a_sale(blocks_only):
    sales = SALES.assign(base_price=SALES["price"] * np.exp(0.2 * SALES["promo"]))
    first = sales["product"].iloc[0]
    sales.loc[sales["product"] == first, "units"] = 0
    sales.loc[3:9, "base_price"] = np.nan
    sales = sales.assign(product=sales["product"].astype("category").cat.add_categories("never sold"))
    sales["line"] = sales["line"].where(sales.index % 3 > 0)
    one = estimate_elasticity(sales.assign(product=sales["product"].astype("str")), engine="memory")
    other = estimate_elasticity(sales)
    assert list(other.skipped["item"]) == [first]
    assert (
        one.cautions[0] == other.cautions[0] == "7 of 1,440 rows were left out because a column that the estimate "
        "needs is blank there."
    )
    assert other.table["line"].notna().all()
    same(one, other)


def test_blocks_read_names_as_a_table_in_memory_does(blocks_only):
    number = SALES["product"].str[-1].astype(float) + 1001
    sales = SALES.assign(product=number, market=SALES["market"] + np.where(SALES.index % 2, " ", ""))
    other = estimate_elasticity(sales, pool=False)
    assert list(other.table["product"]) == ["1001", "1002", "1003", "1004"]
    same(estimate_elasticity(sales, engine="memory", pool=False), other)


def test_more_combinations_than_rows_go_to_the_engine(monkeypatch):
    monkeypatch.setattr(blocks, "LEAST", 0)
    design = Design(("product",), effects=("market", "period"), clusters=("market",))
    assert blocks.gather_blocks(SALES, design) is not None
    assert blocks.gather_blocks(SALES.iloc[:300], design) is None


def test_a_memory_limit_is_kept(monkeypatch, tmp_path):
    SALES.drop(columns="base_price").to_parquet(tmp_path / "sales.parquet")
    monkeypatch.setenv("SALESOPT_MEMORY", "100MB")
    assert len(estimate_elasticity(tmp_path / "sales.parquet").table) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"units": -1.0},
            "column 'units': found something else, expected a number of at least 0 \\(1440 rows in all\\)",
        ),
        ({"price": 0.0}, "column 'price'.*a number above 0"),
        ({"price": np.nan}, "column 'price'.*a number above 0"),
        ({"product": None}, "column 'product'.*some text"),
        ({"units": "many"}, "column 'units'.*numbers"),
        ({"promo": "yes"}, "column 'promo'.*numbers"),
        ({"period": "spring"}, "column 'period'"),
    ],
)
@pytest.mark.parametrize("engine", ["duckdb", "auto"])
def test_bad_rows_are_refused(change, message, engine, monkeypatch):
    monkeypatch.setattr(gather, "ROWS", 0)
    with pytest.raises(DataError, match=message):
        estimate_elasticity(SALES.assign(**change), controls=["promo"], engine=engine)


@pytest.mark.parametrize("engine", ["duckdb", "auto"])
@pytest.mark.parametrize("absent", [["units", "market"], ["period"], ["product", "price"]])
def test_absent_columns_are_named(absent, engine, monkeypatch):
    monkeypatch.setattr(gather, "ROWS", 0)
    with pytest.raises(DataError) as caught:
        estimate_elasticity(SALES.drop(columns=absent), engine=engine, controls=["tide"])
    assert all(f"'{name}'" in str(caught.value) for name in [*absent, "tide"])
    with pytest.raises(DataError):
        estimate_elasticity(SALES.drop(columns=absent), engine=engine)


def test_absent_files_are_named(tmp_path):
    with pytest.raises(DataError, match="no Parquet or CSV file here"):
        estimate_elasticity(tmp_path)
    SALES.drop(columns="price").to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="'price'"):
        estimate_elasticity(tmp_path)
    SALES.to_csv(tmp_path / "b.csv")
    with pytest.raises(DataError, match="both Parquet and CSV"):
        estimate_elasticity(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        estimate_elasticity(tmp_path / "absent.parquet")


@pytest.mark.parametrize("arguments", [{"lags": 1}, {"method": "ppml"}, {"cluster": None}, {"weights": "heat"}])
def test_what_sums_cannot_do_is_said(arguments):
    with pytest.raises(ParameterError, match="grouped sums"):
        estimate_elasticity(SALES, engine="duckdb", **arguments)


def test_odd_column_names_are_safe():
    odd = 'heat"; DROP TABLE sales; --'
    sales = SALES.rename(columns={"heat": odd})
    same(
        estimate_elasticity(sales, controls=[odd], pool=False),
        estimate_elasticity(sales, controls=[odd], pool=False, engine="duckdb"),
    )
    columns = ("product", "market", "period", "units", "price", odd)
    assert odd not in cell_sql(Design(("product",), (odd,), (), ("market",), ("market",)), columns, [0.0] * 4)


@pytest.fixture(scope="module")
def spark():
    """One local Spark session for all tests of this module."""
    pytest.importorskip("pyspark")
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.parametrize("name", ["period effects", "two-way clusters", "instrument"])
def test_spark_equals_duckdb(name, spark, tmp_path):
    SALES.drop(columns="base_price").to_parquet(tmp_path / "sales.parquet", coerce_timestamps="us")
    arguments = {**DESIGNS[name], "pool": False}
    one = estimate_elasticity(tmp_path / "sales.parquet", engine="duckdb", **arguments)
    other = estimate_elasticity(tmp_path / "sales.parquet", engine="spark", **arguments)
    pd.testing.assert_frame_equal(one.table, other.table, rtol=1e-11)
    pd.testing.assert_frame_equal(one.tests, other.tests, rtol=1e-8)


def test_spark_takes_tables_of_its_own_and_of_pandas(spark):
    frame = SALES.drop(columns=["base_price", "heat"])
    here = estimate_elasticity(frame, engine="duckdb", pool=False)
    spark.range(3).createOrReplaceTempView("sales")  # a view of the user's own stays as it is
    same(here, estimate_elasticity(frame, engine="spark", pool=False))
    assert spark.table("sales").count() == 3
    same(here, estimate_elasticity(spark.createDataFrame(pa.Table.from_pandas(frame)), pool=False))


def test_spark_without_a_session_is_refused(monkeypatch):
    sql = pytest.importorskip("pyspark.sql")
    monkeypatch.setattr(sql.SparkSession, "getActiveSession", classmethod(lambda _: None))
    with pytest.raises(ParameterError, match="needs an active Spark session"):
        estimate_elasticity(SALES, engine="spark")
