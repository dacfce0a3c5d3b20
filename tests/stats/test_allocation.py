"""The exact divisions against brute force, a MILP, a fine grid and closed forms."""

import itertools

import numpy as np
import pytest
from scipy import optimize, sparse

from salesopt.errors import InfeasibleError, ParameterError
from salesopt.stats.allocation import HillCurves, divide_continuous, divide_lots, divide_whole, envelope


def random_curves(seed, count):
    draw = np.random.default_rng(seed)
    return HillCurves(draw.lognormal(0, 1, count), draw.uniform(0.5, 5, count), draw.lognormal(1.5, 0.5, count))


def milp_division(values, total):
    """The best value of exactly `total` people by HiGHS: one binary per unit and head count."""
    worth = np.concatenate(values)
    unit = np.repeat(np.arange(len(values)), [len(value) for value in values])
    heads = np.concatenate([np.arange(len(value)) for value in values])
    rows = sparse.vstack([sparse.csr_matrix((np.ones(len(unit)), (unit, np.arange(len(unit))))), heads[None, :]])
    bounds = np.append(np.ones(len(values)), total)
    found = optimize.milp(
        -worth,
        integrality=np.ones(len(worth)),
        bounds=(0, 1),
        constraints=optimize.LinearConstraint(rows, bounds, bounds),
        options={"mip_rel_gap": 0},
    )
    return -found.fun


@pytest.mark.parametrize("seed", range(6))
def test_whole_division_is_that_of_a_milp(seed):
    values = [value for value in random_curves(seed, 7).gain(np.arange(13)[:, None]).T]
    divisions = divide_whole(values, 60)
    for total in (5, 23, 48):
        plan = divisions.plan(total)
        assert plan.sum() == total
        assert sum(value[heads] for value, heads in zip(values, plan, strict=True)) == pytest.approx(
            divisions.value[total]
        )
        assert divisions.value[total] == pytest.approx(milp_division(values, total), abs=1e-7)


def test_whole_division_is_that_of_brute_force_on_values_of_any_shape():
    draw = np.random.default_rng(5)
    values = [draw.normal(size=size) for size in (4, 6, 3, 5)]
    divisions = divide_whole(values, 14)
    for total in range(15):
        best = max(
            (
                sum(value[heads] for value, heads in zip(values, plan, strict=True))
                for plan in itertools.product(*(range(len(value)) for value in values))
                if sum(plan) == total
            ),
            default=-np.inf,
        )
        assert divisions.value[total] == pytest.approx(best)


def test_every_plan_at_once_is_the_plan_of_each():
    divisions = divide_whole([value for value in random_curves(3, 5).gain(np.arange(9)[:, None]).T], 40)
    assert (divisions.plans(np.arange(41)) == np.array([divisions.plan(total) for total in range(41)])).all()
    with pytest.raises(InfeasibleError):
        divide_whole([np.zeros(3)], 5).plan(4)
    with pytest.raises(ParameterError):
        divide_whole([np.zeros(3)], -1)


@pytest.mark.parametrize("seed", range(5))
def test_continuous_division_bounds_and_reaches_a_fine_grid(seed):
    curves, total, step = random_curves(seed, 5), 14.0, 0.02
    most = np.full(5, 12.0)
    found = divide_continuous(curves, least=np.zeros(5), most=most, total=total)
    grid = [value for value in curves.gain(np.arange(0, 12 + step / 2, step)[:, None]).T]
    fine = divide_whole(grid, round(total / step)).value[-1]
    assert found.value == pytest.approx(curves.gain(found.effort).sum())
    assert found.effort.sum() <= total + 1e-9 and (found.effort <= most + 1e-9).all()
    assert fine - 1e-9 <= found.value <= found.bound <= found.value + 1e-8 * curves.span.sum()
    assert found.value - fine < 5e-4 * found.value


def test_a_price_on_effort_leaves_effort_unused():
    curves, price = HillCurves(np.array([10.0, 4.0]), np.array([2.0, 3.0]), np.array([3.0, 5.0])), 0.6
    found = divide_continuous(curves, least=np.zeros(2), most=np.full(2, 50.0), total=90.0, price=price)
    on = found.effort > 0
    assert found.effort.sum() < 90 and curves.slope(found.effort)[on] == pytest.approx(price)
    scan = np.linspace(0, 50, 50_001)[:, None]
    assert found.value == pytest.approx((curves.gain(scan) - price * scan).max(axis=0).sum(), abs=1e-6)


def test_least_efforts_are_met_or_refused():
    curves = random_curves(1, 3)
    found = divide_continuous(curves, least=np.array([2.0, 0, 1]), most=np.full(3, 9.0), total=6.0)
    assert (found.effort >= np.array([2.0, 0, 1]) - 1e-12).all()
    with pytest.raises(InfeasibleError, match="add to 7"):
        divide_continuous(curves, least=np.array([4.0, 0, 3]), most=np.full(3, 9.0), total=6.0)


def test_envelope_is_the_concave_hull_of_the_curve():
    curves = random_curves(8, 20)
    least, most = np.full(20, 0.5), np.full(20, 30.0)
    roof = envelope(curves, least, most)
    effort = np.linspace(0.5, 30, 3000)[:, None]
    hull = np.array([roof.value(curves, row) for row in np.broadcast_to(effort, (3000, 20))])
    assert (hull >= curves.gain(effort) - 1e-9).all()
    assert (np.diff(hull, n=2, axis=0) <= 1e-9).all()
    touch = roof.value(curves, roof.touch)
    assert touch == pytest.approx(curves.gain(roof.touch))


def test_effort_at_a_slope_has_that_slope():
    curves = random_curves(4, 50)
    effort = curves.effort_at(0.01)
    assert curves.slope(effort) == pytest.approx(np.full(50, 0.01), rel=1e-9)
    assert (effort >= curves.inflection()).all()


def test_lots_of_time_are_divided_as_brute_force_does():
    draw = np.random.default_rng(2)
    values = [np.concatenate([[0.0], np.cumsum(draw.normal(size=4))]) for _ in range(4)]
    lots = [3, 2, 5, 4]
    plan, best = divide_lots(values, lots, 30)
    for total in range(31):
        wanted = max(
            sum(value[count] for value, count in zip(values, counts, strict=True))
            for counts in itertools.product(range(5), repeat=4)
            if np.dot(counts, lots) <= total
        )
        assert best[total] == pytest.approx(wanted)
    assert sum(value[count] for value, count in zip(values, plan, strict=True)) == pytest.approx(best[30])
    assert np.dot(plan, lots) <= 30
