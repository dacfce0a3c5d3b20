"""Prices compared over time in one market: coverage on made-up truth, statsmodels, other products, words."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from salesopt.cross import estimate_cross_elasticity
from salesopt.elasticity import estimate_elasticity
from salesopt.errors import DataError
from salesopt.pricing import optimise_prices
from salesopt.stats.design import BLOCK, OTHER_UNITS, YEARS
from salesopt.stats.one_market import compare_over_time
from salesopt.stats.price_today import current_prices

TRUTH = -2.0


def market(products=30, months=48, *, seed=0, common=0.3, lasting=0.5, others_follow=0.0, groups=1):
    """Monthly sales of one market with a trend, a season, shocks common to all products, and shocks that last.

    others_follow : how far prices follow the shocks that all products share
    """
    draw = np.random.default_rng(seed)
    month = np.arange(months)
    periods = [f"{2020 + at // 12}-{at % 12 + 1:02d}" for at in month]
    shared = common * draw.standard_normal(months)
    season = 0.3 * np.sin(2 * np.pi * month / 12) + 0.4 * (month % 12 == 11)
    rows = []
    for product in range(products):
        own = np.zeros(months)
        shock = 0.15 * draw.standard_normal(months)
        for at in month:
            own[at] = shock[at] + (lasting * own[at - 1] if at else 0.0)
        price = np.exp(0.7 + 0.15 * draw.standard_normal(months) + others_follow * shared)
        units = np.exp(4 + TRUTH * np.log(price) + 0.01 * month + season + shared + own)
        rows.append(pd.DataFrame({"product": f"p{product:02d}", "period": periods, "price": price, "units": units}))
    return pd.concat(rows, ignore_index=True).assign(market="Lund")


@pytest.mark.parametrize("months", [24, 48])
def test_intervals_hold_the_truth(months):
    """60 products each of 6 markets: 95 % intervals, shocks of which half lasts and a tenth of which is common."""
    inside = []
    for seed in range(6):
        found = estimate_elasticity(market(60, months, seed=seed), controls=(), pool=False).table
        assert len(found) == 60
        inside.append(((found["low"] < TRUTH) & (found["high"] > TRUTH)).mean())
    assert 0.92 <= np.mean(inside) <= 0.99


def test_other_products_take_out_what_prices_follow():
    """Prices that follow common shocks: biased where a product stands alone, not where others show the shock."""
    errors = {}
    for count in (1, 10):
        found = [
            estimate_elasticity(market(count, 60, seed=seed, others_follow=0.5), controls=(), pool=False).table
            for seed in range(24 // count + 3)
        ]
        errors[count] = pd.concat(found)["elasticity"].mean() - TRUTH
    assert errors[1] > 0.4
    assert abs(errors[10]) < 0.12


def test_the_regression_is_that_of_statsmodels_with_each_stretch_left_out_in_turn():
    sales = market(5, 36, seed=4)
    found = estimate_elasticity(sales, controls=(), pool=False).table.set_index("product")
    made = compare_over_time(sales, ("market", "period"), (), "market").sales
    made = made.rename(columns={YEARS: "years", OTHER_UNITS: "other", BLOCK: "block"})
    made["other_price"] = made.filter(like="prices of the other").to_numpy()
    made["month"] = made["period"].dt.month
    formula = "np.log(units) ~ np.log(price) + years + other + other_price + C(month)"
    for product, rows in made.groupby("product"):
        slope = smf.ols(formula, rows).fit().params["np.log(price)"]
        assert found.loc[product, "elasticity"] == pytest.approx(slope, rel=1e-8)
        left = []
        for block in rows["block"].unique():
            part = smf.ols(formula, rows[rows["block"] != block]).fit()
            left.append(part.params["np.log(price)"])
        count = len(left)
        assert count == 8
        error = np.sqrt((count - 1) / count * ((np.array(left) - slope) ** 2).sum())
        assert found.loc[product, "std_error"] == pytest.approx(error, rel=1e-6)


def test_a_product_is_left_out_of_its_own_yardstick():
    sales = market(4, 24, seed=1)
    made = compare_over_time(sales, ("market", "period"), (), "market").sales
    logs = np.log(sales.pivot_table(index="period", columns="product", values="units"))
    logs = logs - logs.mean()
    mine = made.loc[made["product"] == "p02", OTHER_UNITS].to_numpy()
    assert mine == pytest.approx(logs.drop(columns="p02").mean(axis=1).to_numpy())


def test_a_product_that_comes_late_does_not_move_the_yardstick():
    """All products share a trend and a season: so does the yardstick, whether p04 comes late or not."""
    sales = market(5, 36, seed=1, common=0.0)
    periods = sorted(sales["period"].unique())
    month = sales["period"].map({period: at for at, period in enumerate(periods)})
    level = sales["product"].str[-1].astype(float)
    sales["units"] = np.exp(level + 0.05 * month + 0.3 * np.sin(month))
    late = sales[(sales["product"] != "p04") | (month >= 24)]
    made = compare_over_time(late, ("market", "period"), (), "market").sales
    mine = made[made["product"] == "p00"].sort_values("period")[OTHER_UNITS].to_numpy()
    steps = np.diff(0.05 * np.arange(36) + 0.3 * np.sin(np.arange(36)))
    assert np.diff(mine) == pytest.approx(steps)


def test_blanks_around_the_name_of_a_market_make_no_second_one():
    sales = market(4, 30, seed=2)
    blank = sales.assign(market=np.where(sales.index % 2, "Lund ", "Lund"))
    timed = compare_over_time(blank, ("market", "period"), (), "market")
    assert any("one market (Lund)" in text for text in timed.cautions)
    assert OTHER_UNITS in timed.sales


@pytest.mark.parametrize(("months", "said"), [(2, "no error can be told"), (6, "2 stretches of time")])
def test_a_history_too_short_for_stretches_says_so(months, said):
    cautions = compare_over_time(market(4, months), ("market", "period"), (), "market").cautions
    assert any(said in text for text in cautions) and not any("1 stretches" in text for text in cautions)


def test_sales_of_many_markets_are_left_alone():
    sales = pd.concat([market(2, 12), market(2, 12).assign(market="Malmö")])
    timed = compare_over_time(sales, ("market", "period"), (), "market")
    assert timed.sales is sales and timed.cautions == () and timed.effects == ("market", "period")


def test_stretches_may_be_asked_for_in_any_number_of_markets():
    """Few markets, many periods: errors by stretches of time instead of by market."""
    sales = pd.concat([market(3, 36, seed=at).assign(market=f"m{at}") for at in range(3)], ignore_index=True)
    found = estimate_elasticity(sales, effects=("market", "month"), controls=(), cluster="block", pool=False)
    assert (found.table["clusters"] == 8).all()
    assert any("8 stretches" in text for text in found.cautions)


def test_what_it_rests_on_is_said_beside_each_number_and_once_in_words():
    found = estimate_elasticity(market(6, 18), controls=())
    assert (found.table["caution"].str.contains("compared over time in one market")).all()
    assert any("Lund" in text and "all other products" in text for text in found.cautions)
    assert any("less than two years" in text for text in found.cautions)
    alone = estimate_elasticity(market(1, 30), controls=())
    assert any("Anything else that moved sales" in text for text in alone.cautions)


def test_names_that_the_estimate_uses_are_refused():
    with pytest.raises(DataError, match="rename the columns"):
        estimate_elasticity(market(2, 24).assign(**{BLOCK: 1}), controls=(BLOCK,))


def test_cross_elasticities_of_one_market_hold_their_truth():
    """Units of p00 rise by 0.8 % where the price of p01 does by 1 %; eight years of months, 12 firms."""
    group = {"p00": "a", "p01": "a", "p02": "b", "p03": "b", "p04": "b", "p05": "b"}
    inside, taken = [], []
    for seed in range(12):
        sales = market(6, 96, seed=seed, common=0.1)
        prices = sales.pivot_table(index="period", columns="product", values="price")
        first = sales["product"] == "p00"
        sales.loc[first, "units"] *= (prices["p01"] ** 0.8).reindex(sales.loc[first, "period"]).to_numpy()
        found = estimate_cross_elasticity(sales, group=group, effects=("market", "period"), pool=False)
        cells = found.table.assign(true=np.where(found.table["kind"] == "own", TRUTH, 0.0))
        cells.loc[(cells["product"] == "p00") & (cells["price_of"] == "p01"), "true"] = 0.8
        inside.append(cells["true"].between(cells["low"], cells["high"]).mean())
        taken.append(cells.set_index(["product", "price_of"]).loc[("p00", "p01"), "elasticity"])
        assert any("one market (Lund)" in text for text in found.cautions)
    assert 0.92 <= np.mean(inside) <= 0.99
    assert np.mean(taken) == pytest.approx(0.8, abs=0.12)


def test_a_study_of_one_market_gets_prices():
    sales = market(6, 48, seed=2)
    products = pd.DataFrame({"product": sales["product"].unique(), "unit_cost": 1.0})
    own = estimate_elasticity(sales, controls=())
    today = current_prices(products, sales).table
    plan = optimise_prices(today, own)
    assert len(plan.table) == 6 and plan.table["gain"].sum() > 0
