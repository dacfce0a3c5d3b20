"""Least squares with fixed effects and clusters, against pyfixest and statsmodels, and on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyfixest
import pytest
import statsmodels.formula.api as smf
from scipy.stats import t

from salesopt.stats.cells import Cells, number_within, take
from salesopt.stats.inference import estimate
from salesopt.stats.regression import fit, moments
from tests.stats.made import BETA, PRICE, PROMO, UNITS, demand_cells

# what pyfixest does on the way, with a newer pandas than it was made for
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def frame_of(cells: Cells, unit: int = 0) -> pd.DataFrame:
    mine = cells.unit == unit
    frame = pd.DataFrame(cells.mean[:, mine].T, columns=["promo", "price", "cost", "units"])
    for row, name in enumerate(["first", "second", "third"][: len(cells.effects)]):
        frame[name] = cells.effects[row, mine]
    for row, name in enumerate(["one", "two"][: len(cells.clusters)]):
        frame[name] = cells.clusters[row, mine]
    return frame.assign(weight=cells.weight[mine])


def uneven(cells: Cells, seed: int = 1) -> Cells:
    """The cells with a fifth of the rows gone, at random."""
    return take(cells, np.random.default_rng(seed).random(len(cells.unit)) < 0.8)


def with_clusters(cells: Cells, clusters: np.ndarray) -> Cells:
    numbered = number_within(cells.unit, clusters)
    return Cells(cells.unit, cells.effects, numbered, cells.rows, cells.weight, cells.mean)


@pytest.mark.parametrize(
    ("effects", "formula"),
    [
        (("market",), "units ~ promo + price | first"),
        (("market", "period"), "units ~ promo + price | first + second"),
        (("period", "market"), "units ~ promo + price | first + second"),
    ],
)
@pytest.mark.parametrize("cluster", ["market", "period", None])
def test_equals_pyfixest(effects, formula, cluster):
    cells = uneven(demand_cells(3, 34, 31, seed=3, confounded=0.2, market_shock=0.3, effects=effects))
    if cluster == "period":
        period = np.tile(np.arange(31), 3 * 34)[np.random.default_rng(1).random(3 * 34 * 31) < 0.8]
        cells = with_clusters(cells, period[None])
    elif cluster is None:
        cells = with_clusters(cells, np.arange(len(cells.unit))[None])
    found = estimate(cells, [PROMO, PRICE], UNITS, clustered=cluster is not None)
    for unit in range(3):
        vcov = "hetero" if cluster is None else {"CRV1": "one"}
        demeaner = pyfixest.MapDemeaner(fixef_tol=1e-13)
        peer = pyfixest.feols(formula, frame_of(cells, unit), vcov=vcov, demeaner=demeaner)
        assert found.beta[unit] == pytest.approx(peer.coef()[["promo", "price"]].to_numpy(), abs=1e-10)
        error = np.sqrt(np.diag(found.variance[unit]))
        assert error == pytest.approx(peer.se()[["promo", "price"]].to_numpy(), rel=1e-9)


def test_three_effects_and_weights_equal_statsmodels_with_dummies():
    cells = uneven(demand_cells(2, 12, 20, seed=4))
    third = number_within(cells.unit, (np.arange(len(cells.unit)) % 5)[None])
    weight = np.random.default_rng(0).uniform(0.2, 3, len(cells.unit))
    each = np.arange(len(cells.unit))
    cells = Cells(cells.unit, np.concatenate([cells.effects, third]), cells.clusters, cells.rows, weight, cells.mean)
    found = estimate(with_clusters(cells, each[None]), [PROMO, PRICE], UNITS, clustered=False)
    for unit in range(2):
        frame = frame_of(cells, unit)
        peer = smf.wls("units ~ promo + price + C(first) + C(second) + C(third)", frame, weights=frame["weight"])
        fitted = peer.fit(cov_type="HC1", use_t=True)
        assert found.beta[unit] == pytest.approx(fitted.params[["promo", "price"]].to_numpy(), abs=1e-10)
        assert np.sqrt(found.variance[unit, 1, 1]) == pytest.approx(fitted.bse["price"], rel=1e-9)
        assert found.freedom[unit] == fitted.df_resid


def test_two_way_clusters_equal_statsmodels_or_are_the_larger_one_way_error():
    cells = uneven(demand_cells(6, 34, 33, seed=5, market_shock=0.5))
    period = cells.effects[1]
    cells = with_clusters(cells, np.stack([cells.clusters[0], period]))
    found = estimate(cells, [PROMO, PRICE], UNITS)
    compared = 0
    for unit in range(6):
        frame = frame_of(cells, unit)
        demeaner = pyfixest.MapDemeaner(fixef_tol=1e-13)
        none = pyfixest.ssc(k_adj=False, G_adj=False)
        formula = "units ~ promo + price | first + second"
        raw = {
            name: pyfixest.feols(formula, frame, vcov={"CRV1": name}, ssc=none, demeaner=demeaner).se()["price"] ** 2
            for name in ("one", "two")
        }
        raw["both"] = pyfixest.feols(formula, frame, vcov="hetero", ssc=none, demeaner=demeaner).se()["price"] ** 2
        rows, least = len(frame), min(frame["one"].nunique(), frame["two"].nunique())
        scale = least / (least - 1) * (rows - 1)
        effects = frame["first"].nunique() + frame["second"].nunique() - 1
        nested = {"one": frame["first"].nunique(), "two": frame["second"].nunique(), "both": -1 + 1}
        taken = {name: 2 + effects - nested[name] + (name != "both") for name in raw}
        variance = {name: raw[name] * scale / (rows - taken[name]) for name in raw}
        two_way = variance["one"] + variance["two"] - variance["both"]
        expected = max(two_way, variance["one"], variance["two"])
        compared += expected == two_way
        assert found.variance[unit, 1, 1] == pytest.approx(expected, rel=1e-8)
        assert found.clusters[unit] == least
    assert compared >= 2


@pytest.mark.parametrize(("markets", "periods"), [(36, 36), (12, 40)])
def test_two_way_intervals_cover_the_truth_where_one_way_ones_do_not(markets, periods):
    """Errors that are alike in a market and in a period, prices too; 36 clusters each way, or 12 jackknifed ones."""
    cells = demand_cells(300, markets, periods, seed=42, effects=("market",), market_shock=0.3, common=0.15)
    period = np.tile(np.arange(periods), 300 * markets)
    both = with_clusters(cells, np.stack([cells.clusters[0], period]))
    cover = []
    for data in (cells, both):
        found = estimate(data, [PROMO, PRICE], UNITS)
        half = t.ppf(0.975, found.freedom) * np.sqrt(found.variance[:, 1, 1])
        cover.append((np.abs(found.beta[:, 1] - BETA) <= half).mean())
    assert cover[0] < 0.8
    assert 0.92 <= cover[1] <= 0.98


def test_grouped_cells_give_the_same_as_their_rows():
    rows = demand_cells(3, 8, 40, seed=6, effects=("market",))
    season = np.tile(np.arange(40) // 10, 3 * 8)
    rows = Cells(rows.unit, np.stack([rows.effects[0], season]), rows.clusters, rows.rows, rows.weight, rows.mean)
    group = (rows.unit * 8 + rows.effects[0]) * 4 + season
    count = np.bincount(group).astype(float)
    mean = np.stack([np.bincount(group, row) / count for row in rows.mean])
    centered = rows.mean - mean[:, group]
    within = np.stack([np.bincount(group, centered[i] * centered[j]) for i in range(4) for j in range(i, 4)])
    first = np.unique(group, return_index=True)[1]
    cells = Cells(rows.unit[first], rows.effects[:, first], rows.clusters[:, first], count, count, mean, within)
    one, other = (estimate(data, [PROMO, PRICE], UNITS) for data in (rows, cells))
    assert other.beta == pytest.approx(one.beta, abs=1e-12)
    assert other.variance == pytest.approx(one.variance, rel=1e-9)
    assert other.moments.raw == pytest.approx(one.moments.raw, rel=1e-12)
    assert (other.few.all(), one.few.all()) == (True, True)


def test_a_regressor_that_others_explain_is_left_out():
    cells = demand_cells(2, 6, 30, seed=7)
    cells.mean[2] = 2 * cells.mean[PROMO] + 5
    cells.mean[2, cells.unit == 1] = np.random.default_rng(0).standard_normal(6 * 30)
    sums = moments(cells)
    found = fit(sums.total, sums.least, [PROMO, 2, PRICE], UNITS)
    assert found.used.tolist() == [[True, False, True], [True, True, True]]
    alone = fit(sums.total, sums.least, [PROMO, PRICE], UNITS)
    assert found.beta[0, [0, 2]] == pytest.approx(alone.beta[0])


def test_a_price_that_only_differs_between_markets_is_not_used():
    cells = demand_cells(1, 6, 30, seed=8)
    cells.mean[PRICE] = 1e3 + cells.effects[0]
    sums = moments(cells)
    assert fit(sums.total, sums.least, [PROMO, PRICE], UNITS).used.tolist() == [[True, False]]


@pytest.mark.parametrize(("markets", "periods"), [(40, 8), (10, 25)])
def test_intervals_cover_the_truth(markets, periods):
    """40 clusters use CRV1; 10 use CRV3, whose coverage may lie a little above the level."""
    cells = demand_cells(800, markets, periods, seed=9, market_shock=0.6)
    found = estimate(cells, [PROMO, PRICE], UNITS)
    error = np.sqrt(found.variance[:, 1, 1])
    half = t.ppf(0.975, found.freedom) * error
    cover = (np.abs(found.beta[:, 1] - BETA) <= half).mean()
    assert found.few.all() == (markets < 30)
    assert 0.93 <= cover <= 0.97
