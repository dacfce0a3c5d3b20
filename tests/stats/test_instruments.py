"""Two-stage least squares and its tests, against linearmodels and brute force, and on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from linearmodels.iv import IV2SLS, IVGMM
from scipy.stats import chi2, f, ncx2, t

from salesopt.stats.cells import Cells, number_within
from salesopt.stats.inference import estimate
from salesopt.stats.instruments import anderson_rubin, check_instruments
from tests.stats.made import BETA, COST, PRICE, PROMO, UNITS, demand_cells


def with_second_instrument(cells: Cells, strength: float = 0.1, seed: int = 2) -> Cells:
    extra = np.random.default_rng(seed).standard_normal(len(cells.unit))
    mean = cells.mean.copy()
    mean[PRICE] += strength * extra
    mean[UNITS] += BETA * strength * extra
    return Cells(
        cells.unit, cells.effects, cells.clusters, cells.rows, cells.weight, np.concatenate([mean, extra[None]])
    )


def confounded(units: int, markets: int, periods: int, seed: int, instrument: float = 0.15) -> Cells:
    return demand_cells(
        units, markets, periods, seed=seed, confounded=0.4, market_shock=0.3, instrument=instrument, effects=("market",)
    )


def dummies(cells: Cells) -> np.ndarray:
    return np.equal.outer(cells.effects[0], np.arange(cells.effects[0].max() + 1)).astype(float)


@pytest.mark.parametrize("two", [False, True])
@pytest.mark.parametrize("clustered", [False, True])
def test_equals_linearmodels(two, clustered):
    cells = confounded(1, 32, 15, seed=21)
    cells = with_second_instrument(cells) if two else cells
    instruments = [COST, 4] if two else [COST]
    if not clustered:
        each = number_within(cells.unit, np.arange(len(cells.unit))[None])
        cells = Cells(cells.unit, cells.effects, each, cells.rows, cells.weight, cells.mean)
    w = [PROMO, *instruments]
    found = estimate(cells, [PROMO, PRICE], UNITS, w, clustered=clustered)
    tests = check_instruments(cells, found, [PROMO, PRICE], UNITS, w, instruments, 0.95, clustered=clustered)

    exogenous = np.column_stack([dummies(cells), cells.mean[PROMO]])
    arguments = (cells.mean[UNITS], exogenous, cells.mean[PRICE], cells.mean[instruments].T)
    kind = {"cov_type": "clustered", "clusters": cells.clusters[0]} if clustered else {"cov_type": "robust"}
    peer = IV2SLS(*arguments).fit(**kind, debiased=False)
    rows, k = len(cells.unit), exogenous.shape[1] + 1
    scale = 32 / 31 * (rows - 1) / (rows - 3) if clustered else rows / (rows - k)
    assert found.beta[0, 1] == pytest.approx(peer.params.iloc[-1], abs=1e-9)
    expected = peer.std_errors.iloc[-1] * np.sqrt(scale)
    assert np.sqrt(found.variance[0, 1, 1]) == pytest.approx(expected, rel=1e-8)
    if two:
        sargan = IV2SLS(*arguments).fit(cov_type="unadjusted").sargan
        assert tests.sargan[0] == pytest.approx(sargan.stat, rel=1e-8)
        assert tests.sargan_p[0] == pytest.approx(sargan.pval, rel=1e-8)
        weights = {"weight_type": "clustered", "clusters": cells.clusters[0]} if clustered else {}
        left = [sm.OLS(cells.mean[place].T, dummies(cells)).fit().resid for place in (UNITS, PROMO, PRICE, instruments)]
        gmm = IVGMM(*left, **weights).fit(iter_limit=2)
        assert tests.overid[0] == pytest.approx(gmm.j_stat.stat, rel=1e-6)
    else:
        assert np.isnan([tests.sargan[0], tests.overid_p[0]]).all()


def test_effective_f_of_one_instrument_is_its_robust_f():
    cells = confounded(3, 33, 12, seed=22)
    w = [PROMO, COST]
    found = estimate(cells, [PROMO, PRICE], UNITS, w)
    tests = check_instruments(cells, found, [PROMO, PRICE], UNITS, w, [COST], 0.95)
    first = estimate(cells, w, PRICE)
    assert tests.effective_f == pytest.approx((first.beta[:, 1] ** 2 / first.variance[:, 1, 1]), rel=1e-10)
    assert tests.critical == pytest.approx(ncx2.ppf(0.95, 1, 10))  # 23.1, as in the paper


def test_effective_f_of_two_instruments_partials_the_controls_out():
    """Computed again by hand: instruments residualised on effects and control, then made orthonormal."""
    cells = with_second_instrument(confounded(1, 40, 10, seed=23))
    cells.mean[COST] += 2 * cells.mean[PROMO]
    w = [PROMO, COST, 4]
    found = estimate(cells, [PROMO, PRICE], UNITS, w)
    tests = check_instruments(cells, found, [PROMO, PRICE], UNITS, w, [COST, 4], 0.95)
    included = np.column_stack([dummies(cells), cells.mean[PROMO]])
    z, x = (sm.OLS(cells.mean[place].T, included).fit().resid for place in ([COST, 4], PRICE))
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z)).T
    slope = z.T @ x
    rows = len(x)
    score = np.stack([np.bincount(cells.clusters[0], z[:, k] * (x - z @ slope)) for k in range(2)])
    variance = score @ score.T * 40 / 39 * (rows - 1) / (rows - 4)
    assert tests.effective_f[0] == pytest.approx(slope @ slope / np.trace(variance), rel=1e-9)


@pytest.mark.parametrize("instruments", [1, 2, 3])
def test_anderson_rubin_set_equals_a_search(instruments):
    """Over a fine grid, on made-up first stages from strong to none."""
    rng = np.random.default_rng(instruments)
    shapes = set()
    for strength in (8.0, 2.0, 1.0, 0.5, 0.0) * 6:
        root = 0.3 * rng.standard_normal((2 * instruments, 2 * instruments))
        joint = root @ root.T + 0.5 * np.eye(2 * instruments)
        blocks = joint.reshape(2, instruments, 2, instruments).transpose(0, 2, 1, 3)
        forms = strength * rng.uniform(0.5, 1.5, (2, instruments)) + 0.7 * rng.standard_normal((2, instruments))
        pieces = anderson_rubin(forms, blocks, 30.0, 0.95)
        shapes.add((len(pieces), bool(pieces) and np.isinf(pieces[0][0])))
        bound = f.ppf(0.95, instruments, 31 - instruments) * instruments * 30 / (31 - instruments)
        for value in np.tan(np.linspace(-1.5, 1.5, 401)):
            gap = forms[1] - value * forms[0]
            variance = blocks[1, 1] - value * (blocks[0, 1] + blocks[1, 0]) + value**2 * blocks[0, 0]
            stands = gap @ np.linalg.solve(variance, gap) <= bound
            assert stands == any(low <= value <= high for low, high in pieces)
    assert (1, False) in shapes  # bounded
    assert (1, True) in shapes  # unbounded
    assert instruments > 1 or (2, True) in shapes  # two pieces


def test_hausman_test_equals_the_control_function():
    cells = confounded(1, 34, 10, seed=24)
    w = [PROMO, COST]
    found = estimate(cells, [PROMO, PRICE], UNITS, w)
    tests = check_instruments(cells, found, [PROMO, PRICE], UNITS, w, [COST], 0.95)
    included = np.column_stack([dummies(cells), cells.mean[PROMO]])
    rest = sm.OLS(cells.mean[PRICE], np.column_stack([included, cells.mean[COST]])).fit().resid
    design = np.column_stack([included, cells.mean[PRICE], rest])
    peer = sm.OLS(cells.mean[UNITS], design).fit(cov_type="cluster", cov_kwds={"groups": cells.clusters[0]}, use_t=True)
    rows, k = len(rest), design.shape[1]
    ratio = peer.tvalues[-1] * np.sqrt((rows - 4) / (rows - k))  # effects nested in the clusters don't count
    assert tests.hausman_p[0] == pytest.approx(2 * t.sf(abs(ratio), 33), rel=1e-6)


@pytest.mark.parametrize("markets", [40, 10])
def test_intervals_cover_the_truth_where_least_squares_do_not(markets):
    cells = confounded(500, markets, 400 // markets, seed=25)
    w = [PROMO, COST]
    found = estimate(cells, [PROMO, PRICE], UNITS, w)
    half = t.ppf(0.975, found.freedom) * np.sqrt(found.variance[:, 1, 1])
    assert 0.93 <= (np.abs(found.beta[:, 1] - BETA) <= half).mean() <= 0.97
    naive = estimate(cells, [PROMO, PRICE], UNITS)
    assert (
        np.abs(naive.beta[:, 1] - BETA) <= t.ppf(0.975, naive.freedom) * np.sqrt(naive.variance[:, 1, 1])
    ).mean() < 0.5


@pytest.mark.parametrize("markets", [40, 10])
def test_anderson_rubin_covers_the_truth_with_a_useless_instrument(markets):
    """Where the instrument says almost nothing the usual interval misleads; the set must still hold its level."""
    cells = confounded(500, markets, 320 // markets, seed=26, instrument=0.01)
    w = [PROMO, COST]
    found = estimate(cells, [PROMO, PRICE], UNITS, w)
    tests = check_instruments(cells, found, [PROMO, PRICE], UNITS, w, [COST], 0.95)
    covered = np.mean([any(low <= BETA <= high for low, high in pieces) for pieces in tests.sets])
    unbounded = np.mean([bool(pieces) and np.isinf(pieces[0][0]) for pieces in tests.sets])
    assert 0.93 <= covered <= 0.97
    assert unbounded > 0.6
    assert np.median(tests.effective_f) < 5


def test_overidentification_holds_its_level_and_finds_a_bad_instrument():
    good = with_second_instrument(confounded(400, 60, 8, seed=27))
    bad = Cells(good.unit, good.effects, good.clusters, good.rows, good.weight, good.mean.copy())
    bad.mean[UNITS] += 0.1 * bad.mean[4]
    share = []
    for cells in (good, bad):
        w = [PROMO, COST, 4]
        found = estimate(cells, [PROMO, PRICE], UNITS, w)
        tests = check_instruments(cells, found, [PROMO, PRICE], UNITS, w, [COST, 4], 0.95)
        assert tests.overid_p == pytest.approx(chi2.sf(tests.overid, 1))
        share.append((tests.overid_p < 0.05).mean())
    assert 0.02 <= share[0] <= 0.08
    assert share[1] > 0.9
