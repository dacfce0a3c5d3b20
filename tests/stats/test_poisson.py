"""Poisson demand, against pyfixest and statsmodels, and on data with many zeros whose truth is known."""

from __future__ import annotations

import numpy as np
import pyfixest
import pytest
import statsmodels.formula.api as smf
from scipy.stats import t

from salesopt.stats.cells import Cells, take
from salesopt.stats.inference import estimate
from salesopt.stats.poisson import fit_poisson
from tests.stats.made import BETA, PRICE, PROMO, UNITS, demand_cells
from tests.stats.test_regression import frame_of

# what pyfixest does on the way, with a newer pandas than it was made for
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.mark.parametrize("effects", [("market",), ("market", "period")])
def test_equals_pyfixest(effects):
    cells = demand_cells(2, 34, 14, seed=31, market_shock=0.3, effects=effects, counts=0.8)
    found = fit_poisson(cells, [PROMO, PRICE], UNITS)
    assert found.converged.all()
    names = " + ".join(["first", "second"][: len(effects)])
    for unit in range(2):
        peer = pyfixest.fepois(
            f"units ~ promo + price | {names}",
            frame_of(found.cells, unit),
            vcov={"CRV1": "one"},
            demeaner=pyfixest.MapDemeaner(fixef_tol=1e-12),
            iwls_tol=1e-12,
            separation_check=["fe"],
        )
        assert found.estimates.beta[unit] == pytest.approx(peer.coef()[["promo", "price"]].to_numpy(), abs=1e-8)
        error = np.sqrt(np.diag(found.estimates.variance[unit]))
        assert error == pytest.approx(peer.se()[["promo", "price"]].to_numpy(), rel=1e-7)


def test_equals_statsmodels_without_clusters():
    cells = demand_cells(1, 6, 40, seed=32, effects=("market",), counts=1.5)
    each = np.arange(len(cells.unit))[None]
    cells = Cells(cells.unit, cells.effects, each, cells.rows, cells.weight, cells.mean)
    found = fit_poisson(cells, [PROMO, PRICE], UNITS, clustered=False)
    peer = smf.poisson("units ~ promo + price + C(first)", frame_of(cells)).fit(disp=False, cov_type="HC0", tol=1e-14)
    assert found.estimates.beta[0] == pytest.approx(peer.params[["promo", "price"]].to_numpy(), abs=1e-8)
    scale = np.sqrt(240 / (240 - 8))
    assert np.sqrt(found.estimates.variance[0, 1, 1]) == pytest.approx(peer.bse["price"] * scale, rel=1e-6)


def test_levels_without_a_sale_are_taken_out_and_change_nothing():
    cells = demand_cells(1, 10, 30, seed=33, effects=("market", "period"), counts=3)
    dead = cells.effects[0] == 4
    cells.mean[UNITS, dead] = 0
    found = fit_poisson(cells, [PROMO, PRICE], UNITS)
    assert not found.kept[dead].any()
    assert found.kept[~dead].all()
    assert found.converged.all()
    assert found.fitted.sum() == pytest.approx(cells.mean[UNITS].sum(), rel=1e-9)


def test_rows_that_a_regressor_predicts_to_be_empty_say_nothing():
    """Never a sale on promotion: its effect is minus infinity; the price's is that of the other rows."""
    cells = demand_cells(1, 6, 30, seed=34, effects=("market",), counts=5)
    cells.mean[UNITS, cells.mean[PROMO] > 0] = 0
    found = fit_poisson(cells, [PROMO, PRICE], UNITS)
    rest = fit_poisson(take(cells, cells.mean[PROMO] == 0), [PRICE], UNITS)
    assert found.estimates.fit.used.tolist() == [[False, True]]
    assert found.estimates.beta[0, 1] == pytest.approx(rest.estimates.beta[0, 0], abs=1e-8)
    assert found.estimates.variance[0, 1, 1] == pytest.approx(rest.estimates.variance[0, 0, 0], rel=1e-6)


def test_a_price_that_alone_decides_whether_there_are_sales_has_no_elasticity():
    cells = demand_cells(1, 6, 30, seed=34, effects=("market",), counts=5)
    cells.mean[PRICE] = np.where(cells.mean[PRICE] > 0, 0.3, 0.0)
    cells.mean[UNITS, cells.mean[PRICE] > 0] = 0
    assert fit_poisson(cells, [PROMO, PRICE], UNITS).estimates.fit.used[0, 1] == False  # noqa: E712


@pytest.mark.parametrize(("markets", "periods"), [(40, 12), (12, 40)])
def test_intervals_cover_the_truth_with_many_zeros(markets, periods):
    cells = demand_cells(400, markets, periods, seed=35, market_shock=0.2, counts=0.7)
    assert (cells.mean[UNITS] == 0).mean() > 0.4
    found = fit_poisson(cells, [PROMO, PRICE], UNITS).estimates
    half = t.ppf(0.975, found.freedom) * np.sqrt(found.variance[:, 1, 1])
    assert 0.93 <= (np.abs(found.beta[:, 1] - BETA) <= half).mean() <= 0.975


def test_logs_of_the_rows_with_sales_understate_the_elasticity():
    cells = demand_cells(20, 30, 30, seed=36, counts=0.7)
    poisson = fit_poisson(cells, [PROMO, PRICE], UNITS).estimates.beta[:, 1].mean()
    sold = cells.mean[UNITS] > 0
    logs = Cells(
        cells.unit[sold],
        cells.effects[:, sold],
        cells.clusters[:, sold],
        cells.rows[sold],
        cells.weight[sold],
        np.concatenate([cells.mean[:3, sold], np.log(cells.mean[3:, sold])]),
    )
    assert poisson == pytest.approx(BETA, abs=0.08)
    assert estimate(logs, [PROMO, PRICE], UNITS).beta[:, 1].mean() > BETA + 0.5
