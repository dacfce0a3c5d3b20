"""Cross elasticities: known truth, coverage, statsmodels and pyfixest, restrictions, what is left out."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from salesopt.cross import estimate_cross_elasticity
from salesopt.errors import DataError, ParameterError
from salesopt.plots.cross import plot_cross
from salesopt.stats.system import shrink

TRUTH = np.array([[-2.0, 0.5, 0.2], [0.4, -2.5, 0.0], [0.1, 0.3, -1.8]])


def made(seed=0, matrix=TRUTH, markets=12, periods=30, noise=0.15, within=0.0):
    """Sales made with known elasticities; prices follow a market and a period level that also move demand."""
    random = np.random.default_rng(seed)
    count = len(matrix)
    shape = (markets, periods, count)
    market, period = 0.3 * random.standard_normal((markets, 1, 1)), 0.2 * random.standard_normal((1, periods, 1))
    price = 0.3 * market + 0.3 * period + 0.15 * random.standard_normal(shape)
    shared = within * random.standard_normal((markets, 1, count)) * random.standard_normal((1, periods, 1))
    log_units = 5 + market + period + price @ matrix.T + noise * random.standard_normal(shape) + shared
    index = pd.MultiIndex.from_product(
        [
            [f"m{at:02}" for at in range(markets)],
            pd.date_range("2025-01-06", periods=periods, freq="7D"),
            [f"p{at}" for at in range(count)],
        ],
        names=["market", "period", "product"],
    )
    table = pd.DataFrame({"units": np.exp(log_units).ravel(), "price": 2 * np.exp(price).ravel()}, index=index)
    return table.reset_index().assign(line="juice")


FIXED = {"group": "line", "effects": ("market", "period"), "min_rows": 30}


def matrix_of(result, column="elasticity"):
    count = int(len(result.table) ** 0.5)
    return result.table[column].to_numpy().reshape(count, count)


def test_recovers_the_matrix_the_data_were_made_with():
    found = estimate_cross_elasticity(made(noise=1e-6), pool=False, **FIXED)
    assert matrix_of(found) == pytest.approx(TRUTH, abs=1e-4)
    assert found.table["kind"].tolist() == ["own", "cross", "cross", "cross", "own", "cross", "cross", "cross", "own"]


@pytest.mark.parametrize("markets", [12, 40])
def test_equals_statsmodels_equation_by_equation(markets):
    """CRV3 (12 clusters) against a plain loop that leaves each market out, CRV1 (40) against statsmodels itself."""
    sales = made(3, markets=markets, periods=16)
    found = estimate_cross_elasticity(sales, pool=False, **FIXED).table
    wide = np.log(sales.pivot_table(index=["market", "period"], columns="product", values="price")).reset_index()
    for product in ("p0", "p2"):
        frame = wide.merge(sales.loc[sales["product"] == product, ["market", "period", "units"]])
        model = smf.ols("np.log(units) ~ p0 + p1 + p2 + C(market) + C(period)", frame)
        names = ["p0", "p1", "p2"]
        if markets >= 30:
            groups = pd.factorize(frame["market"])[0]
            fit = model.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
            error = fit.bse[names].to_numpy()
        else:
            fit = model.fit()
            left = [
                smf.ols(model.formula, frame[frame["market"] != market]).fit().params[names].to_numpy()
                for market in frame["market"].unique()
            ]
            change = np.array(left) - fit.params[names].to_numpy()
            error = np.sqrt((markets - 1) / markets * (change**2).sum(axis=0))
        mine = found[found["product"] == product]
        assert mine["elasticity"].to_numpy() == pytest.approx(fit.params[names].to_numpy(), abs=1e-8)
        assert mine["std_error"].to_numpy() == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize(("restrict", "least"), [((), 0.93), (("symmetry",), 0.93), (("sign",), 0.93)])
def test_intervals_cover_the_truth(restrict, least):
    """Errors are correlated within a market over products, so that errors which ignore clusters would fail."""
    revenue = np.array([3.0, 2.0, 1.0])
    symmetric = np.array([[-2.0, 0.4, 0.1], [0.6, -2.5, 0.2], [0.3, 0.4, -1.8]])
    assert symmetric * revenue[:, None] == pytest.approx((symmetric * revenue[:, None]).T, abs=0.2)
    hits, runs = [], 40 if "sign" in restrict else 60
    for seed in range(runs):
        sales = made(seed, symmetric, markets=20, periods=12, within=0.1)
        scale = sales["product"].map({"p0": 3.0, "p1": 2.0, "p2": 1.0})
        spent = (sales["units"] * sales["price"]).groupby(sales["product"]).transform("sum")
        sales["units"] *= scale / spent * 1e6
        found = estimate_cross_elasticity(sales, pool=False, restrict=restrict, **FIXED)
        low, high = matrix_of(found, "low"), matrix_of(found, "high")
        hits.append((low <= symmetric) & (symmetric <= high))
    assert least <= np.mean(hits) <= 0.985


def test_pooled_cross_terms_are_nearer_to_the_truth_and_still_covered():
    random = np.random.default_rng(5)
    raw_error, pooled_error, hits = [], [], []
    for seed in range(20):
        matrix = 0.15 + 0.1 * random.standard_normal((5, 5))
        np.fill_diagonal(matrix, -2.2)
        sales = made(seed, matrix, markets=20, periods=10, noise=0.3)
        found = estimate_cross_elasticity(sales, **FIXED).table
        cross, truth = (found["kind"] == "cross").to_numpy(), matrix.ravel()
        raw_error.append(((found["raw_elasticity"] - truth)[cross] ** 2).mean())
        pooled_error.append(((found["elasticity"] - truth)[cross] ** 2).mean())
        hits.append(((found["low"] <= truth) & (truth <= found["high"]))[cross])
        assert (found["elasticity"] == found["raw_elasticity"])[~cross].all()
    assert np.mean(pooled_error) < 0.6 * np.mean(raw_error)
    assert 0.92 <= np.mean(hits) <= 0.985


def test_symmetry_holds_in_revenue_and_equals_a_constrained_fit():
    sales = made(2)
    found = estimate_cross_elasticity(sales, pool=False, restrict=["symmetry"], **FIXED)
    revenue = (sales["units"] * sales["price"]).groupby(sales["product"]).sum().to_numpy()
    weighted = matrix_of(found) * revenue[:, None]
    assert weighted == pytest.approx(weighted.T, rel=1e-8)
    assert not np.allclose(matrix_of(found, "raw_elasticity") * revenue[:, None], weighted)
    stacked, variances = stack(sales)
    free = matrix_of(found, "raw_elasticity").ravel()
    restriction = np.zeros((3, 9))
    for row, (one, other) in enumerate([(0, 1), (0, 2), (1, 2)]):
        restriction[row, 3 * one + other], restriction[row, 3 * other + one] = revenue[one], -revenue[other]
    square = sum(np.kron(np.diag(np.eye(3)[at]), stacked / variances[at]) for at in range(3))
    kkt = np.block([[square, restriction.T / 1e5], [restriction / 1e5, np.zeros((3, 3))]])
    solved = np.linalg.solve(kkt, np.concatenate([square @ free, np.zeros(3)]))[:9]
    assert matrix_of(found).ravel() == pytest.approx(solved, rel=1e-7)


def stack(sales):
    """Cross-products of the prices after market and period effects, and the residual variance of each equation."""
    prices = np.log(sales.pivot_table(index=["market", "period"], columns="product", values="price"))
    units = np.log(sales.pivot_table(index=["market", "period"], columns="product", values="units"))

    def swept(table):
        return (
            table - table.groupby("market").transform("mean") - table.groupby("period").transform("mean") + table.mean()
        )

    x, y = swept(prices).to_numpy(), swept(units).to_numpy()
    slope = np.linalg.lstsq(x, y, rcond=None)[0]
    free = len(x) - (12 + 30 - 1) - 3
    return x.T @ x, ((y - x @ slope) ** 2).sum(axis=0) / free


def test_signs_are_imposed_and_wrong_ones_counted():
    matrix = np.array([[-2.0, -0.4, 0.3], [0.2, -2.0, 0.1], [0.3, 0.2, -2.0]])
    sales = made(4, matrix, noise=0.05)
    free = estimate_cross_elasticity(sales, pool=False, **FIXED)
    assert free.wrong_signed == 1 and free.groups["wrong_signed_sure"].item() == 1
    assert "1 of 6 cross elasticities are below zero" in free.cautions[0]
    assert "Below zero beyond noise" in free.table.loc[1, "caution"]
    held = estimate_cross_elasticity(sales, pool=False, restrict=["sign"], **FIXED)
    cross = held.table["kind"] == "cross"
    assert held.wrong_signed == 0 and (held.table.loc[cross, "elasticity"] >= 0).all()
    assert held.table.loc[1, "elasticity"] == 0 and held.table.loc[1, "raw_elasticity"] < -0.3
    both = estimate_cross_elasticity(sales, pool=False, restrict=["sign", "symmetry"], **FIXED)
    revenue = (sales["units"] * sales["price"]).groupby(sales["product"]).sum().to_numpy()
    weighted = matrix_of(both) * revenue[:, None]
    assert weighted == pytest.approx(weighted.T, rel=1e-8, abs=1e-6)


def test_deals_and_controls_are_taken_out():
    """Deals lift demand beyond their price: the base price's effect is found only when the deal has its own term."""
    random, sales = np.random.default_rng(1), made(6, noise=0.02)
    deal = random.random(len(sales)) < 0.3
    sales["base_price"] = sales["price"]
    wide = pd.DataFrame(
        {"market": sales["market"], "period": sales["period"], "deal": np.where(deal, np.log(0.8), 0.0)}
    )
    moved = wide["deal"].to_numpy().reshape(-1, 3)
    sales["price"] *= np.exp(wide["deal"])
    sales["units"] *= np.exp((moved @ TRUTH.T).ravel() + 0.4 * deal)
    found = estimate_cross_elasticity(sales, pool=False, **FIXED)
    assert matrix_of(found) == pytest.approx(TRUTH, abs=0.05)
    without = estimate_cross_elasticity(sales, pool=False, deals=False, **FIXED)
    assert np.diag(matrix_of(without)).max() < -2.3
    named = estimate_cross_elasticity(
        sales.assign(deal=deal.astype(float)), pool=False, deals=False, controls=["deal"], **FIXED
    )
    assert matrix_of(named) == pytest.approx(TRUTH, abs=0.05)


def test_gaps_are_filled_and_said_and_hopeless_products_left_out():
    sales = made(0)
    random = np.random.default_rng(0)
    gone = (sales["product"] == "p2") & (random.random(len(sales)) < 0.25)
    found = estimate_cross_elasticity(sales[~gone], pool=False, **FIXED)
    assert found.groups["filled"].item() == pytest.approx(gone.sum() / len(sales), rel=1e-9)
    assert any("filled in" in said for said in found.cautions)
    assert matrix_of(found) == pytest.approx(TRUTH, abs=0.35)
    rare = estimate_cross_elasticity(sales[(sales["product"] != "p2") | (random.random(len(sales)) < 0.1)], **FIXED)
    assert rare.skipped["item"].tolist() == ["p2"] and len(rare.table) == 4
    still = sales.assign(price=sales["price"].where(sales["product"] != "p1", 3.0))
    assert "never changes" in estimate_cross_elasticity(still, **FIXED).skipped["reason"].iloc[0]
    same = sales.assign(price=sales.groupby(["market", "period"])["price"].transform("first"))
    together = estimate_cross_elasticity(same, **FIXED)
    assert together.table.empty and "move together" in together.skipped["reason"].iloc[0]


def test_a_group_can_be_a_mapping_the_products_table_or_too_large():
    sales = made(0)
    by_column = estimate_cross_elasticity(sales, **FIXED).table
    fixed = {key: value for key, value in FIXED.items() if key != "group"}
    mapping = {"p0": "juice", "p1": "juice", "p2": "juice"}
    listed = pd.DataFrame({"product": list(mapping), "line": "juice"})
    for group in (mapping, listed):
        pd.testing.assert_frame_equal(estimate_cross_elasticity(sales, group=group, **fixed).table, by_column)
    cut = estimate_cross_elasticity(sales, most_products=2, **FIXED)
    assert len(cut.table) == 4 and "more than 2 products" in cut.skipped["reason"].iloc[0]
    part = estimate_cross_elasticity(sales, group={"p0": "a", "p1": "a"}, **fixed)
    assert part.skipped.to_numpy().tolist() == [["p2", "it belongs to no group"]]


def test_segments_are_summed_before():
    sales = made(0)
    halves = pd.concat(
        [sales.assign(units=sales["units"] * share, segment=name) for name, share in (("a", 0.3), ("b", 0.7))]
    )
    whole, split = (estimate_cross_elasticity(table, **FIXED).table for table in (sales, halves))
    assert split["elasticity"].to_numpy() == pytest.approx(whole["elasticity"].to_numpy(), rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"restrict": "sign"}, ParameterError, "restrict"),
        ({"restrict": ["homogeneity"]}, ParameterError, "restrict"),
        ({"confidence": 95}, ParameterError, "confidence"),
        ({"min_rows": 1}, ParameterError, "min_rows"),
        ({"most_products": 1}, ParameterError, "most_products"),
        ({"group": 3}, ParameterError, "group"),
        ({"group": "family"}, DataError, "family"),
        ({"effects": ("shop",)}, DataError, "shop"),
        ({"controls": ["promo"]}, DataError, "promo"),
        ({"deals": True}, DataError, "base_price"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        estimate_cross_elasticity(made(periods=12), **{**FIXED, **arguments})


def test_input_stays_as_it_is_and_equal_seeds_agree():
    sales = made(0)
    before = sales.copy()
    first, second = (estimate_cross_elasticity(sales, restrict=["sign"], seed=1, **FIXED).table for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(sales, before)


def test_shrinking_draws_to_the_mean_by_the_share_of_noise():
    values, errors = np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.full(5, 0.01)
    assert shrink(values, errors)[0] == pytest.approx(values, abs=1e-3)
    noisy = shrink(values, np.full(5, 10.0))
    assert np.ptp(noisy[0]) < 0.6 * 4 and noisy[2] == pytest.approx(2.0)
    assert shrink(values[:2], errors[:2])[0].tolist() == [0.0, 1.0]


def test_the_heat_map_shows_the_matrix():
    found = estimate_cross_elasticity(made(0), **FIXED)
    ax = plot_cross(found, "juice")
    assert np.asarray(ax.get_images()[0].get_array()) == pytest.approx(matrix_of(found))
    assert "cross effects are surely positive" in ax.get_title(loc="left")
    with pytest.raises(ValueError, match="no group 'beer'"):
        plot_cross(found, "beer")
