"""Price elasticity from a sales table: recovery, coverage, pitfalls, bad input, published cases, figures, words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesopt.conclusions.elasticity import conclude_elasticity
from salesopt.elasticity import estimate_elasticity
from salesopt.errors import DataError, ParameterError
from salesopt.plots.elasticity import plot_demand, plot_elasticity, plot_sensitivity
from salesopt.report.cases import run_case
from salesopt.results import load_results, save_results
from salesopt.study.sample.sales import sample_sales

OWN = ("own_low", "own_high")
CASES = Path(__file__).parent.parent / "data" / "cases"


def made_sales(
    products: int = 6, markets: int = 12, months: int = 30, *, seed: int = 0, noise: float = 0.25, zeros: float = 0.0
) -> tuple[pd.DataFrame, pd.Series]:
    """Monthly sales with known elasticities: lines A (about -2.2) and B (about -1.2); and the truth by product."""
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product(
        [
            [f"product {k:03d}" for k in range(products)],
            [f"market {k:02d}" for k in range(markets)],
            pd.date_range("2024-01-01", periods=months, freq="MS"),
        ],
        names=["product", "market", "period"],
    )
    sales = index.to_frame(index=False)
    shape = (products, markets, months)
    truth = np.where(np.arange(products) % 2, -1.2, -2.2) + 0.25 * rng.standard_normal(products)
    market = rng.standard_normal((1, markets, 1))
    season = 0.3 * np.sin(2 * np.pi * np.arange(months) / 12)[None, None, :]
    cost, demand = rng.standard_normal(shape), rng.standard_normal(shape)
    promo = (rng.random(shape) < 0.2).astype(float)
    base = np.log(3) + 0.1 * market + 0.2 * season + 0.08 * cost + 0.05 * demand
    price = base - 0.15 * promo
    log_units = 4 + market + season + truth[:, None, None] * price + 0.3 * promo + noise * rng.standard_normal(shape)
    units = np.exp(log_units)
    units = np.where(rng.random(shape) < zeros, 0.0, units)
    sales = sales.assign(
        units=units.ravel(), price=np.exp(price).ravel(), promo=promo.ravel(), cost=np.exp(cost.ravel() / 10)
    )
    sales["line"] = np.where(sales["product"].str[-1].astype(int) % 2, "B", "A")
    return sales, pd.Series(truth, index=sales["product"].unique())


SALES, TRUTH = made_sales()


def test_exact_demand_gives_the_exact_elasticity():
    sales, truth = made_sales(2, 4, 20, noise=0.0)
    result = estimate_elasticity(sales, controls=["promo"], pool=False)
    assert result.table["elasticity"].to_numpy() == pytest.approx(truth.to_numpy(), abs=1e-9)
    assert result.table["r_squared"].to_numpy() == pytest.approx(1)


def test_table_has_the_columns_that_others_lean_on():
    table = estimate_elasticity(SALES, controls=["promo"]).table
    wanted = "product elasticity std_error low high own_elasticity own_std_error rows clusters price_low price_high"
    assert set((wanted + " r_squared caution zero_share own_weight line").split()) <= set(table.columns)
    assert (table["low"] < table["elasticity"]).all()
    assert (table["elasticity"] < table["high"]).all()
    assert table["rows"].tolist() == [360] * 6
    assert table["clusters"].tolist() == [12] * 6
    first = SALES[SALES["product"] == "product 000"]
    assert table["price_low"].iloc[0] == first["price"].min()
    assert table["price_high"].iloc[0] == first["price"].max()


def test_input_is_not_changed_and_rows_may_come_in_any_order():
    before = SALES.copy()
    one = estimate_elasticity(SALES, controls=["promo"], lags=1)
    pd.testing.assert_frame_equal(SALES, before)
    other = estimate_elasticity(SALES.sample(frac=1, random_state=1), controls=["promo"], lags=1)
    pd.testing.assert_frame_equal(one.table, other.table, rtol=1e-9)


@pytest.mark.parametrize("pool", [False, True])
def test_intervals_cover_the_truth(pool):
    """120 products with 15 markets each, errors jackknifed; pooled ones have the line as their level."""
    inside = []
    for seed in range(4):
        sales, truth = made_sales(120, 15, 24, seed=seed, noise=0.7)
        table = estimate_elasticity(sales, controls=["promo"], pool=pool).table
        inside.append((table["low"] <= truth.to_numpy()) & (truth.to_numpy() <= table["high"]))
    assert 0.93 <= np.mean(inside) <= 0.975
    if pool:
        error = np.sqrt(np.mean((table["elasticity"].to_numpy() - truth.to_numpy()) ** 2))
        own = np.sqrt(np.mean((table["own_elasticity"].to_numpy() - truth.to_numpy()) ** 2))
        assert error < 0.8 * own


def test_intervals_cover_the_truth_of_the_sample_firm():
    """Eight seeds of the sample firm: prices follow demand and season, promotions and growth run alongside."""
    inside = []
    for seed in range(8):
        sample = sample_sales(seed)
        table = estimate_elasticity(
            sample.sales, controls=["promo"], effects=("market", "period"), lines=sample.elasticity[["product", "line"]]
        ).table
        truth = table["product"].map(sample.elasticity.set_index("product")["elasticity"])
        inside.append([table[low].le(truth) & truth.le(table[high]) for low, high in (("low", "high"), OWN)])
    assert np.mean(inside, axis=(0, 2)) == pytest.approx(0.95, abs=0.02)


def test_a_wrong_signed_product_is_pooled_to_its_line_and_said():
    sales, _ = made_sales(8, 10, 24, seed=2)
    wild = sales["product"] == "product 004"
    short = sales["period"] < "2024-05-01"
    rng = np.random.default_rng(0)
    sales.loc[wild, "units"] = 50 * sales.loc[wild, "price"] ** 9.0 * np.exp(2.0 * rng.standard_normal(wild.sum()))
    sales = sales[~wild | short]
    result = estimate_elasticity(sales, controls=["promo"])
    row = result.table.set_index("product").loc["product 004"]
    assert row["own_elasticity"] > 0 > row["elasticity"]
    assert row["own_weight"] < 0.5
    assert "above zero by itself" in row["caution"]
    assert any("1 of 8 products have an own estimate above zero" in text for text in result.cautions)
    alone = estimate_elasticity(sales, controls=["promo"], pool=False).table.set_index("product").loc["product 004"]
    assert "do not price on it" in alone["caution"]


def test_pools_say_what_products_were_drawn_to():
    result = estimate_elasticity(SALES, controls=["promo"])
    assert result.pools["group"].tolist() == ["A", "B", "all"]
    assert result.pools["members"].tolist() == [3, 3, 6]
    a, b, overall = result.pools["elasticity"]
    assert a < overall < b
    lines = pd.DataFrame({"product": TRUTH.index, "line": ["x", "y", "x", "y", "x", "y"]})
    named = estimate_elasticity(SALES, controls=["promo"], lines=lines)
    assert named.table["line"].tolist() == ["x", "y", "x", "y", "x", "y"]
    two = estimate_elasticity(SALES[SALES["product"] < "product 002"], controls=["promo"])
    assert len(two.pools) == 0
    assert "Nothing was pooled: there are fewer than 3 estimates to learn from each other." in two.cautions


def test_instruments_recover_what_least_squares_miss():
    sales, truth = made_sales(3, 35, 30, seed=7)
    rng = np.random.default_rng(1)
    shock = rng.standard_normal(len(sales))
    sales["price"] *= np.exp(0.1 * shock)
    sales["units"] *= np.exp(np.repeat(truth.to_numpy(), 35 * 30) * 0.1 * shock + 0.4 * shock)
    naive = estimate_elasticity(sales, controls=["promo"], pool=False)
    right = estimate_elasticity(sales, method="iv", controls=["promo"], instruments=["cost"], pool=False)
    assert (naive.table["elasticity"] - truth.to_numpy() > 0.5).all()
    inside = (right.table["low"] <= truth.to_numpy()) & (truth.to_numpy() <= right.table["high"])
    assert inside.all()
    assert (right.tests["effective_f"] > right.tests["effective_f_critical"]).all()
    assert (right.tests["hausman_p"] < 0.01).all()
    assert (right.tests["ar_low"] < right.table["elasticity"]).all()
    assert (right.table["elasticity"] < right.tests["ar_high"]).all()
    assert right.tests["overid_p"].isna().all()
    assert any("as set without regard to demand" in text for text in naive.cautions)
    assert not any("as set without regard to demand" in text for text in right.cautions)


def test_a_useless_instrument_is_called_weak_and_its_set_may_be_unbounded():
    sales, _ = made_sales(2, 31, 12, seed=8)
    sales["luck"] = np.random.default_rng(0).standard_normal(len(sales))
    result = estimate_elasticity(sales, method="iv", instruments=["luck"], pool=False)
    assert result.table["caution"].str.contains("weak instrument").all()
    assert np.isinf(result.tests[["ar_low", "ar_high"]]).any(axis=None)
    assert result.tests["ar_set"].str.contains("any value|up to|above").any()


def test_poisson_keeps_the_rows_without_sales_and_says_how_many():
    sales, truth = made_sales(4, 31, 24, seed=9, zeros=0.3)
    result = estimate_elasticity(sales, method="ppml", controls=["promo"], pool=False)
    assert result.table["rows"].tolist() == [31 * 24] * 4
    assert result.table["zero_share"].to_numpy() == pytest.approx(0.3, abs=0.05)
    inside = (result.table["low"] <= truth.to_numpy()) & (truth.to_numpy() <= result.table["high"])
    assert inside.sum() >= 3
    assert any("have no sale; they are kept" in text for text in result.cautions)
    logs = estimate_elasticity(sales, controls=["promo"], pool=False)
    assert (logs.table["rows"] < 31 * 24).all()
    assert logs.table["caution"].str.contains("had no sale and are left out").all()


def test_lags_give_the_long_run():
    sales, truth = made_sales(3, 32, 36, seed=10, noise=0.1)
    sales = sales.sort_values(["product", "market", "period"], ignore_index=True)
    before = sales.groupby(["product", "market"])["price"].shift(1).fillna(3.0)
    sales["units"] *= before**0.5  # who stocked up last month buys less now when it was cheap
    result = estimate_elasticity(sales, controls=["promo"], lags=1, pool=False)
    table = result.table
    assert table["elasticity"].to_numpy() == pytest.approx(truth.to_numpy(), abs=0.2)
    assert table["long_run"].to_numpy() == pytest.approx(truth.to_numpy() + 0.5, abs=0.25)
    terms = result.coefficients[result.coefficients["term"] == "log price, 1 earlier"]
    total = terms["coefficient"].to_numpy() + table["own_elasticity"].to_numpy()
    assert table["long_run"].to_numpy() == pytest.approx(total)
    assert (table["long_run_low"] < table["long_run"]).all()
    assert any("an earlier price is absent" in text for text in result.cautions)
    assert table["rows"].tolist() == [32 * 35] * 3


def test_a_gap_is_not_a_step_of_the_lag():
    sales, _ = made_sales(1, 6, 24, seed=11)
    gap = sales[~((sales["market"] == "market 00") & (sales["period"] == "2024-06-01"))]
    assert estimate_elasticity(gap, lags=1).table["rows"].item() == 6 * 23 - 2


def test_deals_are_told_from_the_base_price():
    rng = np.random.default_rng(12)
    sales, _ = made_sales(4, 31, 30, seed=12)
    sales["base_price"] = sales["price"]
    depth = np.where(rng.random(len(sales)) < 0.3, -0.2, 0.0)
    sales["price"] = sales["base_price"] * np.exp(depth)
    sales["units"] *= np.exp(-3.5 * depth)
    result = estimate_elasticity(sales, controls=["promo"], pool=False)
    base = estimate_elasticity(sales.assign(price=sales["base_price"]), controls=["promo"], deals=False, pool=False)
    assert result.table["deal_elasticity"].to_numpy() == pytest.approx(-3.5, abs=0.25)
    assert result.table["elasticity"].to_numpy() == pytest.approx(base.table["elasticity"].to_numpy(), abs=0.6)
    assert (result.table["deal_low"] < result.table["deal_elasticity"]).all()
    deal = result.drivers.set_index("term").loc["deal: log of price paid over base price"]
    assert deal["median"] == pytest.approx(result.table["deal_elasticity"].median())
    assert deal["clearly_below"] == deal["products"] == 4
    assert any("elasticity is that of the base price" in text for text in result.cautions)
    assert "deal_elasticity" not in estimate_elasticity(sales, deals=False).table


def test_segments_have_their_own_elasticities_or_are_added_up():
    one, _ = made_sales(3, 12, 24, seed=13, noise=0.1)
    other = one.assign(segment="firms", units=one["units"] * one["price"] ** 1.0)
    both = pd.concat([one.assign(segment="homes"), other], ignore_index=True)
    result = estimate_elasticity(both, controls=["promo"], by="segment")
    firms, homes = (result.table[result.table["segment"] == name] for name in ("firms", "homes"))
    assert firms["own_elasticity"].to_numpy() - homes["own_elasticity"].to_numpy() == pytest.approx(1.0, abs=1e-6)
    assert result.pools["group"].tolist() == [*one["product"].unique(), "all"]
    whole = estimate_elasticity(both, controls=["promo"])
    assert whole.table["rows"].tolist() == [12 * 24] * 3
    assert any("Segments were added up" in text for text in whole.cautions)
    assert (whole.table["revenue"] > result.table.groupby("product")["revenue"].max().to_numpy()).all()


def test_what_cannot_be_estimated_is_skipped_with_its_reason():
    sales, _ = made_sales(7, 8, 20, seed=14)
    name = "product 00{}".format
    few = (sales["product"] != name(0)) | ((sales["market"] == "market 00") & (sales["period"] < "2024-06-01"))
    sales = sales[few].copy()
    sales.loc[sales["product"] == name(1), "price"] = 2.0
    sales.loc[sales["product"] == name(2), "units"] = 0.0
    number = sales["market"].str[-2:].astype(int)
    sales.loc[sales["product"] == name(3), "price"] = 2.0 + number
    sales = sales[(sales["product"] != name(4)) | (sales["market"] == "market 01")]
    result = estimate_elasticity(sales, controls=["promo"])
    reasons = result.skipped.set_index("item")["reason"]
    assert reasons[name(0)] == "5 usable rows, fewer than the least of 12"
    assert reasons[name(1)] == "the price never changed"
    assert reasons[name(2)] == "no row with a sale and all columns that are needed"
    assert reasons[name(3)] == "the price does not vary beyond the effects and controls"
    assert reasons[name(4)] == "only one market, so that no error can be estimated"
    assert result.table["product"].tolist() == [name(5), name(6)]


@pytest.mark.parametrize("change", [{"price": 1.0}, {"units": 0.0}])
def test_nothing_to_estimate_gives_an_empty_table_that_still_concludes_and_saves(change, tmp_path):
    sales = SALES.assign(**change).drop_duplicates(["product", "market", "period"])
    result = estimate_elasticity(sales)
    assert len(result.table) == 0
    assert len(result.skipped) == 6
    conclusion = conclude_elasticity(result, currency="USD")
    assert "No product" in conclusion.answer
    for plot in (plot_elasticity, plot_demand, plot_sensitivity):
        assert plot(result).get_title(loc="left").startswith("No product")
    save_results(tmp_path, "elasticity", result, conclusion)


def test_blank_controls_are_left_out_and_counted():
    holes = SALES.assign(heat=np.where(np.arange(len(SALES)) % 10 == 0, np.nan, np.arange(len(SALES)) % 7))
    result = estimate_elasticity(holes, controls=["promo", "heat"])
    assert result.rows == len(SALES) * 9 // 10
    assert "216 of 2,160 rows were left out because a column that the estimate needs is blank there." in result.cautions


def test_prices_that_follow_demand_over_time_are_warned_of():
    sales, _ = made_sales(4, 32, 36, seed=15, noise=0.1)
    month = (sales["period"] - sales["period"].min()).dt.days / 30
    drift = np.sin(month / 5.0)
    sales["price"] *= np.exp(0.1 * drift)
    sales["units"] *= np.exp(0.5 * drift)
    result = estimate_elasticity(sales, controls=["promo"])
    assert result.table["caution"].str.contains("if each period has an effect of its own").all()
    assert any("prefer that model" in text for text in result.cautions)
    better = estimate_elasticity(sales, controls=["promo"], effects=("market", "period"))
    assert not better.table["caution"].str.contains("prices move with demand").any()


def test_little_movement_of_the_price_and_very_few_clusters_are_said():
    sales, _ = made_sales(1, 4, 40, seed=16)
    sales["price"] = 2 * np.exp(0.005 * np.random.default_rng(0).standard_normal(len(sales)))
    caution = estimate_elasticity(sales).table["caution"].item()
    assert "the price moved by only 0.5% beyond the effects" in caution
    assert "errors rest on only 4 clusters (market)" in caution


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "magic"}, "method must be one of ols, iv, ppml"),
        ({"method": "iv"}, "needs instruments"),
        ({"instruments": ["cost"]}, "needs instruments, and only it takes them"),
        ({"lags": -1}, "lags must be a whole number"),
        ({"lags": True}, "lags must be a whole number"),
        ({"method": "iv", "instruments": ["cost"], "lags": 1}, "instrument for each earlier price"),
        ({"cluster": ["market", "period", "product"]}, "cluster must be"),
        ({"cluster": ()}, "cluster must be"),
        ({"controls": "promo"}, "controls must be a list"),
        ({"controls": ["promo", "promo"]}, "named twice"),
        ({"confidence": 95}, "confidence must lie between 0 and 1"),
        ({"min_rows": 1}, "min_rows must be"),
        ({"by": "market"}, "by must name a further column"),
        ({"controls": ["log price"]}, "rename the columns"),
        ({"engine": "abacus"}, "engine must be"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ParameterError, match=message):
        estimate_elasticity(SALES, **arguments)


def test_wrong_tables_are_refused_with_every_problem():
    bad = SALES.assign(promo="yes").drop(columns="price")
    with pytest.raises(DataError) as caught:
        estimate_elasticity(bad, controls=["heat"])
    text = str(caught.value)
    assert "price" in text
    assert "heat" in text
    assert "promo" in text
    with pytest.raises(DataError, match="a number"):
        estimate_elasticity(SALES.assign(heat="hot"), controls=["heat"])
    with pytest.raises(DataError, match="negative weight"):
        estimate_elasticity(SALES.assign(heat=-1.0), weights="heat")
    with pytest.raises(DataError, match="'product'"):
        estimate_elasticity(SALES, lines=pd.DataFrame({"item": ["a"], "line": ["b"]}))
    with pytest.raises(DataError, match="one row per"):
        estimate_elasticity(pd.concat([SALES, SALES]))


def test_blank_names_are_left_out_and_counted():
    holes = SALES.assign(zone=np.where(SALES["market"] == "market 03", None, SALES["market"]))
    for arguments in ({"effects": ("zone", "month")}, {"cluster": "zone"}, {"by": "zone", "effects": ()}):
        result = estimate_elasticity(holes, controls=["promo"], **arguments)
        assert any(text.startswith("180 of 2,160 rows were left out") for text in result.cautions)


def test_a_control_may_be_called_trend():
    sales = SALES.assign(trend=np.arange(len(SALES)) % 11)
    assert "trend" in estimate_elasticity(sales, controls=["trend"]).coefficients["term"].tolist()


def test_weights_count():
    heavy = np.where(SALES["market"] < "market 06", 1.0, 1e-9)
    weighted = estimate_elasticity(SALES.assign(size=heavy), weights="size", controls=["promo"], pool=False)
    half = estimate_elasticity(SALES[SALES["market"] < "market 06"], controls=["promo"], pool=False)
    assert weighted.table["elasticity"].to_numpy() == pytest.approx(half.table["elasticity"].to_numpy(), abs=1e-6)


@pytest.mark.parametrize("case", ["cigarettes_difference", "cigarettes_1995", "fish_market", "journals"])
def test_published_numbers_are_reproduced(case):
    found = run_case(CASES / case)
    assert len(found) >= 2
    assert found["agrees"].all(), found.to_string()


def test_two_periods_with_effects_equal_the_regression_of_differences():
    changes = pd.read_csv(CASES / "cigarettes_difference" / "sales.csv")
    values = ["units", "price", "log_income_change", "sales_tax_change"]
    before = changes.assign(period="1985-01-01", **dict(zip(values, (1.0, 1.0, 0.0, 0.0), strict=True)))
    arguments = {"method": "iv", "controls": ["log_income_change"], "instruments": ["sales_tax_change"]}
    panel = estimate_elasticity(pd.concat([before, changes]), effects=("market", "period"), **arguments).table
    assert panel["elasticity"].item() == pytest.approx(-0.938, abs=6e-4)
    assert panel["std_error"].item() == pytest.approx(0.208, abs=2e-3)  # another small-sample factor


def test_figures_draw_the_table():
    result = estimate_elasticity(SALES, controls=["promo"])
    ax = plot_elasticity(result)
    drawn = sorted(x for points in ax.collections for x, _ in points.get_offsets().tolist())
    assert set(result.table["elasticity"]) <= set(drawn)
    assert set(result.table["own_elasticity"]) <= set(drawn)
    sure = int((result.table["high"] < -1).sum())
    assert f"for {sure} of 6 products" in ax.get_title(loc="left").replace("\n", " ")
    ax = plot_demand(result)
    top = result.table.nlargest(1, "revenue")
    assert top["product"].item() in ax.get_title(loc="left")
    assert len(ax.get_lines()[0].get_xdata()) == 40
    ax = plot_sensitivity(result)
    assert sum(bar.get_width() for bar in ax.patches) == pytest.approx(1)


def test_demand_curve_passes_through_its_data():
    result = estimate_elasticity(SALES, controls=["promo"], pool=False)
    product = result.table.nlargest(1, "revenue")["product"].item()
    part = result.demand[result.demand["product"] == product]
    data, curve = part[part["kind"] == "data"], part[part["kind"] == "curve"]
    slope = np.polyfit(np.log(data["price"]), np.log(data["units"]), 1)[0]
    assert slope == pytest.approx(result.table.set_index("product").loc[product, "elasticity"], abs=1e-8)
    ends = curve.iloc[[0, -1]]
    assert np.diff(np.log(ends["units"])) / np.diff(np.log(ends["price"])) == pytest.approx(slope)
    assert (curve["low"] <= curve["units"]).all()


def test_conclusion_counts_and_survives_saving(tmp_path):
    result = estimate_elasticity(SALES, controls=["promo"])
    conclusion = conclude_elasticity(result, currency="USD")
    table = result.table
    assert conclusion.metrics["elasticity.median"] == table["elasticity"].median()
    assert conclusion.metrics["elasticity.elastic"] == (table["high"] < -1).sum()
    assert result.median_low < result.median < result.median_high
    assert f"{result.median:.2f}".replace("-", "\u2212") in conclusion.answer
    save_results(tmp_path, "elasticity", result, conclusion)
    saved = load_results(tmp_path, "elasticity")
    pd.testing.assert_frame_equal(saved.tables["table"], table)
    assert saved.scalars["method"] == "ols"
