"""Curves from a history: truth and coverage, an independent optimiser and sampler, published equations."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from linearmodels import PanelOLS
from scipy import optimize
from scipy.stats import multivariate_normal

from salesopt.stats.effort import Curves, Units
from salesopt.stats.effortblocks import Blocks
from salesopt.stats.effortcurve import elasticity_today, log_slopes, middle, place_of, relative_sales, shares, units_of
from salesopt.stats.effortfit import Panel, Prior, carry_span, draw_curves, fit_curves, whiten, working_effort
from salesopt.stats.effortpanel import make_history, measured_elasticity
from salesopt.stats.effortprior import USUAL, make_prior
from salesopt.stats.judgement import adbudg

OWN, SHARED = np.array([0.3, 0.3, 0.25]), np.array([0.1, 0.1, 0.1])


def paths(units, periods, draw):
    """Heads that come and go one by one, never the last."""
    heads = np.empty((units, periods))
    for unit in range(units):
        now = draw.integers(2, 10)
        for period in range(periods):
            now = max(1, now + draw.choice([-1, 0, 1], p=[0.13, 0.74, 0.13]))
            heads[unit, period] = now
    return heads


def made(draw, units=8, periods=24, *, carry=0.3, lasting=0.4, noise=0.06, off=OWN, trend=0.01):
    """A panel, the true curves, and the prior they were drawn from."""
    mean = USUAL + draw.normal(size=(units, 3)) * [0.5, 0.5, 0.2]
    true = mean + draw.normal(size=(units, 3)) * off + draw.normal(size=3) * SHARED
    heads = paths(units, periods, draw)
    unit, period = np.repeat(np.arange(units), periods), np.tile(np.arange(periods), units)
    effort = (heads / heads[:, -1:]).ravel()
    error = np.zeros((units, periods))
    for at in range(periods):
        fresh = noise * draw.standard_normal(units)
        error[:, at] = lasting * error[:, at - 1] + np.sqrt(1 - lasting**2) * fresh if at else fresh
    own, shared = np.column_stack([np.ones(len(unit)), period - periods / 2]), np.eye(periods)[period]
    panel = Panel(unit, period, effort, np.zeros(units * periods), own, shared)
    sales = np.log(relative_sales(true[unit], working_effort(panel, carry))) + error.ravel()
    sales += draw.normal(size=units)[unit] + 0.1 * draw.normal(size=periods)[period]
    sales += trend * draw.normal(size=units)[unit] * period
    prior = Prior(mean, np.tile(np.diag(OWN**2), (units, 1, 1)), np.diag(SHARED**2))
    return replace(panel, log_sales=sales), true, prior


def test_the_curve_is_adbudg_and_its_three_numbers_come_back():
    place = np.array([[-0.4, -0.3, 0.2], [1.0, -1.5, 0.8]])
    none, most, shape, half = shares(place)
    for effort in (0.0, 0.3, 1.0, 2.2):
        ours = relative_sales(place, effort)
        assert ours == pytest.approx(adbudg(effort, none, most, shape, half))
    assert relative_sales(place, 1.0) == pytest.approx(1.0)
    step = 1e-5
    slope = np.log(relative_sales(place, np.exp(step)) / relative_sales(place, np.exp(-step))) / (2 * step)
    assert elasticity_today(place) == pytest.approx(slope, rel=1e-6)
    names, reps = np.array(["a", "b"], dtype=object), np.array([4.0, 7.0])
    units = units_of(place, names, reps, np.array([100.0, 50.0]), np.array([0.3, 0.5]))
    assert units.sales(units.reps) == pytest.approx([100.0, 50.0])
    assert units.sales(2 * reps) == pytest.approx([100.0, 50.0] * relative_sales(place, 2.0))
    assert place_of(units) == pytest.approx(place)


def test_intervals_hold_the_truth_and_the_history_halves_the_error():
    draw = np.random.default_rng(1)
    inside, beyond, errors, before, carried = [], [], [], [], []
    for _ in range(25):
        panel, true, prior = made(draw)
        found = fit_curves(panel, prior)
        drawn, _ = draw_curves(found, 400, draw)
        for effort, hits in ((None, inside), (1.5, beyond)):
            values = elasticity_today(drawn) if effort is None else relative_sales(drawn, effort)
            truth = elasticity_today(true) if effort is None else relative_sales(true, effort)
            low, high = np.quantile(values, [0.025, 0.975], axis=0)
            hits.append((low < truth) & (truth < high))
        _, low, high = carry_span(found, [0.025, 0.975])
        carried.append(low <= 0.3 <= high)
        errors.append(elasticity_today(middle(drawn)) - elasticity_today(true))
        before.append(elasticity_today(prior.mean) - elasticity_today(true))
    assert 0.91 <= np.mean(inside) <= 0.985 and 0.91 <= np.mean(beyond) <= 0.985
    assert np.mean(carried) >= 0.9 and abs(np.mean(errors)) < 0.01
    assert np.sqrt(np.mean(np.square(errors))) < 0.9 * np.sqrt(np.mean(np.square(before)))


def test_judges_who_are_off_alike_are_corrected_by_the_history():
    """All judges overrate effort in the same way: the history of eleven units corrects the twelfth too."""
    draw = np.random.default_rng(3)
    panel, true, prior = made(draw, units=12, periods=32, noise=0.02, off=0.05 * OWN)
    wrong = Prior(true + np.array([-0.4, 0.6, 0.2]), prior.own, np.diag([0.5, 0.5, 0.3]) ** 2)
    silent = panel.unit != 11  # the last unit has no history
    less = Panel(*(getattr(panel, field.name)[silent] for field in fields(Panel)))
    found = elasticity_today(fit_curves(less, wrong)[0].mode)
    target, said = elasticity_today(true), elasticity_today(wrong.mean)
    assert (said - target).mean() > 0.15
    assert abs((found - target)[:11].mean()) < 0.05
    assert abs(found[11] - target[11]) < 0.6 * abs(said[11] - target[11])


def test_carry_over_and_lasting_errors_are_found():
    draw = np.random.default_rng(5)
    rates, lasting = [], []
    for _ in range(8):
        panel, _, prior = made(draw, units=10, periods=40, carry=0.45, lasting=0.5, noise=0.03)
        best = fit_curves(panel, prior)[0]
        rates.append(best.carry)
        lasting.append(best.lasting)
    assert np.mean(rates) == pytest.approx(0.45, abs=0.08) and np.mean(lasting) == pytest.approx(0.5, abs=0.1)


def loss_of(panel, prior, best):
    """Twice the negative log posterior of the curves, written out anew as generalised least squares."""
    effort = working_effort(panel, best.carry)
    same = panel.unit[:, None] == panel.unit
    distance = np.abs(panel.period[:, None] - panel.period)
    inverse = np.linalg.inv(np.where(same, best.lasting**distance, 0.0) * best.noise**2)
    held = np.hstack([same.astype(float), same * panel.own[:, [1]], panel.shared])
    inverse -= inverse @ held @ np.linalg.pinv(held.T @ inverse @ held) @ held.T @ inverse
    weight = np.linalg.inv(prior.covariance)

    def loss(flat):
        place = flat.reshape(-1, 3)
        missed = panel.log_sales - np.log(relative_sales(place[panel.unit], effort))
        away = flat - prior.mean.ravel()
        return missed @ inverse @ missed + away @ weight @ away

    return loss


def test_the_mode_and_the_curvature_are_those_of_an_independent_optimiser_and_sampler():
    draw = np.random.default_rng(7)
    panel, _, prior = made(draw, units=3, periods=20)
    best = fit_curves(panel, prior, (0.3,))[0]
    loss = loss_of(panel, prior, best)
    found = optimize.minimize(loss, prior.mean.ravel(), method="BFGS", options={"gtol": 1e-6})
    assert loss(best.mode.ravel()) == pytest.approx(found.fun, abs=1e-4)
    assert best.mode.ravel() == pytest.approx(found.x, abs=5e-3)
    root = np.linalg.cholesky(best.covariance)
    place, now, kept = found.x, found.fun, []
    for step in range(12_000):  # Metropolis
        tried = place + 0.8 * root @ draw.standard_normal(9)
        if (then := loss(tried)) < now + 2 * draw.exponential():
            place, now = tried, then
        if step > 1_000 and step % 5 == 0:
            kept.append(place)
    chain = np.array(kept)
    assert chain.std(axis=0) == pytest.approx(np.sqrt(np.diag(best.covariance)), rel=0.3)
    assert (np.abs(chain.mean(axis=0) - best.mode.ravel()) < 0.6 * chain.std(axis=0)).all()


def test_the_evidence_for_a_rate_is_the_restricted_likelihood_written_out():
    """Contrasts free of what is held equal are normal; the curves, straight around the mode, are integrated out."""
    panel, _, prior = made(np.random.default_rng(7), units=3, periods=20)
    panel = replace(panel, shared=panel.shared[:, :-1])
    same = panel.unit[:, None] == panel.unit
    held = np.hstack([same.astype(float), same * panel.own[:, [1]], panel.shared])
    left, size, _ = np.linalg.svd(held)
    free = left[:, int((size > 1e-9 * size[0]).sum()) :].T
    gaps = []
    for carry in (0.0, 0.3, 0.6):
        best = fit_curves(panel, prior, (carry,))[0]
        level, slopes = log_slopes(best.mode[panel.unit], working_effort(panel, carry))
        wide = np.zeros((len(level), 9))
        for number in range(3):
            wide[np.arange(len(level)), 3 * panel.unit + number] = slopes[:, number]
        errors = best.noise**2 * np.where(same, best.lasting ** np.abs(panel.period[:, None] - panel.period), 0.0)
        mean = level + wide @ (prior.mean - best.mode).ravel()
        spread = errors + wide @ prior.covariance @ wide.T
        ours = multivariate_normal(free @ mean, free @ spread @ free.T).logpdf(free @ panel.log_sales)
        gaps.append(best.evidence - ours)
    assert gaps == pytest.approx([gaps[0]] * 3, abs=0.02)


@pytest.mark.parametrize("trends", [False, True])
def test_errors_that_last_are_found_in_short_histories_with_and_without_trends(trends):
    draw = np.random.default_rng(11)
    found = []
    for _ in range(6):
        panel, _, prior = made(draw, units=30, periods=12, lasting=0.4, trend=0.01 * trends)
        panel = panel if trends else replace(panel, own=panel.own[:, :1])
        found.append(fit_curves(panel, prior, (0.3,))[0].lasting)
    assert np.mean(found) == pytest.approx(0.4, abs=0.06)


def test_rows_are_made_independent_over_gaps_too():
    period = np.array([0, 1, 2, 5, 6, 0, 3])
    unit = np.array([0, 0, 0, 0, 0, 1, 1])
    panel = Panel(unit, period, np.ones(7), np.zeros(7), np.ones((7, 1)), np.empty((7, 0)))
    covariance = np.where(unit[:, None] == unit, 0.6 ** np.abs(period[:, None] - period), 0.0)
    turned = whiten(panel, 0.6, np.eye(7))
    assert turned @ covariance @ turned.T == pytest.approx(np.eye(7))


def test_effort_carries_over_and_holds_over_gaps():
    panel = Panel(np.array([0, 0, 0, 1, 1]), np.array([0, 1, 4, 0, 1]), np.array([1.0, 2.0, 2.0, 3.0, 1.0]),
                  np.zeros(5), np.ones((5, 1)), np.empty((5, 0)))  # fmt: skip
    assert working_effort(panel, 0.0) == pytest.approx(panel.effort)
    # 1, then half of 2 and half of 1, then 2 held for three periods, of which the last is its own row
    assert working_effort(panel, 0.5) == pytest.approx([1.0, 1.5, 2 - 0.5 * 0.5**3, 3.0, 2.0])


def history_of(draw, units=6, periods=20, *, follows=0.0, carry=0.0, back=0.0, noise=0.1):
    """A table of heads and sales with an elasticity of 0.4; `follows`: how far next period's heads follow sales.

    back : how far heads swing back two periods later
    """
    quarters = pd.date_range("2021-01-01", periods=periods, freq="QS")
    rows = []
    for unit in range(units):
        shock = noise * draw.standard_normal(periods)
        moves = 0.15 * draw.standard_normal(periods)
        for at in range(2, periods):
            moves[at] -= back * moves[at - 2]
        heads = 5 * np.exp(moves + follows * np.append(0.0, shock[:-1]))
        work = heads.copy()
        for at in range(1, periods):
            work[at] = (1 - carry) * heads[at] + carry * work[at - 1]
        rows.append(pd.DataFrame({"unit": f"u{unit}", "period": quarters, "reps": heads,
                                  "sales": 100 * (unit + 1) * work**0.4 * np.exp(shock)}))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def test_the_plain_elasticity_is_that_of_linearmodels_with_each_unit_left_out_in_turn():
    table = history_of(np.random.default_rng(2))
    past = make_history(table, pd.Series(dtype=float), common="auto", trends=None, controls=(), min_periods=6)
    found = measured_elasticity(past, 0.95).iloc[0]
    logs = table.assign(y=np.log(table["sales"]), x=np.log(table["reps"])).set_index(["unit", "period"])
    theirs = PanelOLS(logs["y"], logs[["x"]], entity_effects=True, time_effects=True).fit()
    assert found["elasticity"] == pytest.approx(theirs.params["x"])
    left = []
    for unit in table["unit"].unique():
        rest = logs.drop(index=unit)
        left.append(PanelOLS(rest["y"], rest[["x"]], entity_effects=True, time_effects=True).fit().params["x"])
    error = np.sqrt(5 / 6 * np.square(np.array(left) - found["elasticity"]).sum())
    assert (found["high"] - found["low"]) / 2 == pytest.approx(error * 2.5705818, rel=1e-6)


def test_trends_are_taken_out_and_leads_are_seen():
    draw = np.random.default_rng(4)
    hits = {0.0: 0, 3.0: 0}
    for follows in hits:
        for _ in range(20):
            past = make_history(
                history_of(draw, follows=follows), pd.Series(dtype=float), common="auto", trends=None, controls=(),
                min_periods=6,
            )  # fmt: skip
            hits[follows] += measured_elasticity(past, 0.95).iloc[2]["p"] < 0.05
    assert hits[0.0] <= 3 and hits[3.0] >= 18
    table = history_of(draw)
    table["sales"] *= np.exp(0.03 * table["unit"].str[1].astype(int) * table.groupby("unit").cumcount())
    past = make_history(table, pd.Series(dtype=float), common="auto", trends=None, controls=(), min_periods=6)
    found = measured_elasticity(past, 0.95)
    logs = table.assign(y=np.log(table["sales"]), x=np.log(table["reps"]), t=table.groupby("unit").cumcount())
    theirs = smf.ols("y ~ x + C(unit) + C(period) + C(unit):t", logs)
    slope = np.linalg.lstsq(theirs.exog, theirs.endog, rcond=None)[0][theirs.exog_names.index("x")]
    assert found.iloc[1]["elasticity"] == pytest.approx(slope)


def test_what_lasts_of_earlier_heads_does_not_pass_for_a_lead():
    """Heads that swing back and an effect that carries over: the next heads hold what earlier ones still bring."""
    draw, hits = np.random.default_rng(9), 0
    for _ in range(25):
        past = make_history(
            history_of(draw, carry=0.6, back=0.6, noise=0.03), pd.Series(dtype=float), common="auto", trends=None,
            controls=(), min_periods=6,
        )  # fmt: skip
        hits += measured_elasticity(past, 0.95).iloc[2]["p"] < 0.05
    assert hits <= 3


def test_the_prior_is_what_field_studies_found_or_what_judges_said():
    names = pd.Index(["a", "b", "c"])
    prior = make_prior(names, None)
    draws = np.random.default_rng(0).multivariate_normal(prior.mean.ravel(), prior.covariance, 4000)
    assert elasticity_today(draws.reshape(-1, 3)).mean() == pytest.approx(0.34, abs=0.03)
    prior = make_prior(pd.Index(list("abcdefgh")), None)
    draws = np.random.default_rng(0).multivariate_normal(prior.mean.ravel(), prior.covariance, 4000)
    means = elasticity_today(draws.reshape(-1, 8, 3)).mean(axis=1)
    assert np.quantile(means, [0.025, 0.975]) == pytest.approx([0.05, 1.1], abs=0.05)
    place = np.array([[-0.4, -0.3, 0.2], [1.0, -1.5, 0.8]])
    judged = units_of(place, np.array(["c", "a"], dtype=object), np.ones(2), np.ones(2), np.ones(2))
    assert isinstance(judged, Units)
    prior = make_prior(names, Curves(judged))
    assert prior.mean[0] == pytest.approx(place[1]) and prior.mean[2] == pytest.approx(place[0])
    assert prior.mean[1] == pytest.approx(place.mean(axis=0))
    assert prior.own[1].trace() > prior.own[0].trace()


def test_units_taken_one_by_one_give_what_all_columns_at_once_give():
    draw = np.random.default_rng(3)
    unit = np.repeat([0, 2, 3], [5, 9, 3])  # the unit 1 has no history
    own, values = np.column_stack([np.ones(17), draw.normal(size=17)]), draw.normal(size=(17, 4))
    wide = np.hstack([(unit[:, None] == np.unique(unit)) * own[:, [at]] for at in (0, 1)])
    blocks = Blocks.make(unit, own)
    assert blocks.fitted(values) == pytest.approx(wide @ np.linalg.lstsq(wide, values, rcond=None)[0])
    assert blocks.rank == 6
    place, effort = draw.normal(size=(17, 3)), np.append(0.0, draw.uniform(0.2, 3.0, 16))
    level, slopes = log_slopes(place, effort)
    assert level == pytest.approx(np.log(relative_sales(place, effort)))
    for number, step in enumerate(1e-6 * np.eye(3)):
        turned = np.log(relative_sales(place + step, effort) / relative_sales(place - step, effort)) / 2e-6
        assert slopes[:, number] == pytest.approx(turned, abs=1e-8)
