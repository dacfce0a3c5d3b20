"""CRV3, against pyfixest's leave-one-out estimates and by how it fails where it should."""

from __future__ import annotations

import numpy as np
import pyfixest
import pytest

from salesopt.stats.cells import Cells
from salesopt.stats.inference import estimate
from tests.stats.made import PRICE, PROMO, UNITS, demand_cells
from tests.stats.test_regression import frame_of, uneven

# what pyfixest does on the way, with a newer pandas than it was made for
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.mark.parametrize("effects", [("market",), ("market", "period"), ("period",)])
def test_equals_estimates_without_each_cluster(effects):
    cells = uneven(demand_cells(2, 9, 24, seed=11, market_shock=0.4, effects=effects))
    found = estimate(cells, [PROMO, PRICE], UNITS)
    names = " + ".join(["first", "second"][: len(effects)])
    for unit in range(2):
        peer = pyfixest.feols(
            f"units ~ promo + price | {names}",
            frame_of(cells, unit),
            vcov={"CRV3": "one"},
            ssc=pyfixest.ssc(k_adj=False, G_adj=False),
            demeaner=pyfixest.MapDemeaner(fixef_tol=1e-13),
        )
        # pyfixest leaves out the factor (G-1)/G
        expected = peer.se()[["promo", "price"]].to_numpy() * np.sqrt(8 / 9)
        assert np.sqrt(np.diag(found.variance[unit])) == pytest.approx(expected, rel=1e-8)
    assert found.few.all()
    assert not found.fragile.any()


def test_says_when_one_cluster_carries_the_estimate():
    cells = demand_cells(1, 5, 30, seed=12)
    price = np.where(cells.clusters[0] == 2, cells.mean[PRICE], 1.0)
    alone = Cells(
        cells.unit,
        cells.effects[:1],
        cells.clusters,
        cells.rows,
        cells.weight,
        np.stack([cells.mean[PROMO], price, cells.mean[2], cells.mean[UNITS]]),
    )
    found = estimate(alone, [PROMO, PRICE], UNITS)
    assert found.fragile.tolist() == [True]
    assert np.isfinite(found.variance[0, 1, 1])


def test_large_jobs_are_done_in_blocks(monkeypatch):
    cells = demand_cells(7, 6, 12, seed=13)
    whole = estimate(cells, [PROMO, PRICE], UNITS).variance
    monkeypatch.setattr("salesopt.stats.fewclusters.CHUNK", 900)
    assert estimate(cells, [PROMO, PRICE], UNITS).variance == pytest.approx(whole, rel=1e-12)
