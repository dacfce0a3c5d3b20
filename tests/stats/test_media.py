"""Curves fitted to history: truth recovered, intervals that cover, sums that tie, blind spots that are said."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import least_squares

from salesopt.channels import fit_channel_response
from salesopt.errors import DataError, ParameterError
from salesopt.stats.media import History, curve_share, fit_history, log_place, resample
from salesopt.stats.mediafit import Settings, widening
from salesopt.stats.response import carry_over, carry_over_weights

DECAY, SHAPE, SCALE, GAIN = (
    np.array([0.5, 0.2]),
    np.array([1.5, 0.9]),
    np.array([90.0, 140.0]),
    np.array([400.0, 700.0]),
)
NAMES = ["tv", "search"]


def make_spend(periods, random, spread=0.7):
    return 100 * np.exp(spread * random.normal(size=(periods, 2)))


def true_parts(spend, carry="geometric", exponent=1.0):
    parts = []
    for place in range(2):
        weights = carry_over_weights(carry, 13, decay=DECAY[place], shape=exponent)
        working = carry_over(spend[:, place], weights, before=spend[:6, place].mean())
        parts.append(GAIN[place] * curve_share("hill", working, SHAPE[place], SCALE[place]))
    return np.column_stack(parts)


def make_tables(spend, parts, extra=None):
    periods = pd.date_range("2019-01-01", periods=len(spend), freq="MS")
    history = pd.DataFrame(
        {
            "period": np.repeat(periods, 2),
            "channel": np.tile(NAMES, len(spend)),
            "spend": spend.ravel(),
            "outcome": parts.ravel(),
        }
    )
    total = pd.DataFrame({"period": periods, "outcome": parts.sum(axis=1) + (0 if extra is None else extra)})
    return history, total


@pytest.fixture(scope="module")
def exact():
    random = np.random.default_rng(3)
    spend = make_spend(80, random)
    return make_tables(spend, true_parts(spend))


def test_curves_are_found_exactly_where_there_is_no_noise(exact):
    table = fit_channel_response(exact[0], draws=20).table
    for column, truth in (("carry_over", DECAY), ("shape", SHAPE), ("scale", SCALE), ("gain", GAIN)):
        assert table[column].to_numpy() == pytest.approx(truth, rel=2e-3), column
    assert (table["r_squared"] > 0.999999).all()


def test_channels_are_told_apart_in_the_total_and_the_baseline_is_found():
    random = np.random.default_rng(5)
    spend = make_spend(120, random)
    number = np.arange(120)
    season = 60 * np.sin(2 * np.pi * number / 12)
    price = random.normal(size=120)
    history, total = make_tables(spend, true_parts(spend), 300 + 0.5 * number + season - 40 * price)
    controls = pd.DataFrame({"period": total["period"], "price": price})
    result = fit_channel_response(
        history.drop(columns="outcome"), total=total, controls=controls, trend=True, season=12, draws=20
    )
    for column, truth in (("carry_over", DECAY), ("shape", SHAPE), ("scale", SCALE), ("gain", GAIN)):
        assert result.table[column].to_numpy() == pytest.approx(truth, rel=0.01), column
    base = result.decomposition.query("part == 'baseline'")["response"].to_numpy()
    assert base == pytest.approx(300 + 0.5 * number + season - 40 * price, abs=3)
    assert any("experiment" in text for text in result.cautions)


def test_the_parts_add_up_to_the_fit_and_the_fit_and_misses_to_the_outcome():
    random = np.random.default_rng(7)
    spend = make_spend(60, random)
    parts = true_parts(spend) + random.normal(size=(60, 2)) * 10
    history, total = make_tables(spend, parts, 200)
    for result in (
        fit_channel_response(history, draws=20, baseline=True),
        fit_channel_response(history, total=total, draws=20),
    ):
        sums = result.decomposition.groupby("period")["response"].sum().to_numpy()
        table = result.periods_table
        assert sums == pytest.approx(table["fitted"].to_numpy(), rel=1e-9)
        assert (table["fitted"] + table["missed"]).to_numpy() == pytest.approx(table["outcome"].to_numpy(), rel=1e-9)
    assert table["outcome"].to_numpy() == pytest.approx(total["outcome"].to_numpy())


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_weibull_carry_over_is_found(exponent):
    random = np.random.default_rng(11)
    spend = make_spend(80, random)
    history, _ = make_tables(spend, true_parts(spend, "weibull", exponent))
    table = fit_channel_response(history, carry="weibull", carry_shape=exponent, draws=20).table
    assert table["carry_over"].to_numpy() == pytest.approx(DECAY, rel=5e-3)


@pytest.mark.parametrize(
    ("curve", "response"),
    [
        ("linear", lambda x: 2.5 * x),
        ("power", lambda x: 30 * x**0.6),
        ("logistic", lambda x: 500 * (1 - 3 ** (-x / 120)) / (1 + 3 ** (-x / 120))),
    ],
)
def test_other_curves_are_found(curve, response):
    random = np.random.default_rng(13)
    spend = make_spend(60, random)
    history, _ = make_tables(spend, response(spend))
    result = fit_channel_response(history, curve=curve, carry="none", draws=20)
    row = result.channels.iloc[0]
    if curve == "logistic":
        assert (row["ceiling"], row["scale"]) == pytest.approx((500, 120), rel=1e-3)
    else:
        rate, shape = {"linear": (2.5, 1.0), "power": (30.0, 0.6)}[curve]
        assert row["return_rate"] == pytest.approx(rate, rel=1e-3)
        assert curve == "linear" or row["shape"] == pytest.approx(shape, rel=1e-3)


def test_the_fit_is_no_worse_than_scipy():
    random = np.random.default_rng(17)
    spend = make_spend(60, random)
    made = true_parts(spend)[:, 0] + random.normal(size=60) * 15
    before = spend[:6, :1].mean(axis=0)
    history = History(spend[:, :1], made, np.ones((60, 1)), before)
    ours = (fit_history(history, made[None]).missed ** 2).sum()

    def missed(parameters):
        decay, shape, scale, gain, base = parameters
        working = carry_over(spend[:, 0], carry_over_weights("geometric", 13, decay=decay), before=before[0])
        return base + gain * curve_share("hill", working, shape, scale) - made

    other = least_squares(
        missed, [0.5, 1.5, 90, 400, 0], bounds=([0.02, 0.4, 1, 1, -900], [0.9, 5, 2000, 9000, 900]), x_scale="jac"
    )
    assert ours <= 2 * other.cost * (1 + 1e-6)


def test_intervals_of_the_return_cover_the_truth():
    """200 histories of 60 months; the bootstrap interval of what today's spend returns, at 90 %."""
    random = np.random.default_rng(19)
    spend = make_spend(60, random)
    truth = true_parts(spend)[:, 0]
    outcomes = truth + random.normal(size=(200, 60)) * 25
    history = History(spend[:, :1], truth, np.zeros((60, 0)), spend[:6, :1].mean(axis=0))
    start = log_place(fit_history(history, truth[None]))
    first = fit_history(history, outcomes, start)
    now = 110.0
    exact = GAIN[0] * curve_share("hill", np.array(now), SHAPE[0], SCALE[0])
    inside, draws = [], 119
    settings = Settings("hill", "geometric", 1.0, False, False, 0, draws, 3, 0.9, 3, 0.5, 0)
    for row in range(len(outcomes)):
        widened = first.missed[row] * widening(60, 4, settings)
        made = resample(outcomes[row] - first.missed[row], widened, draws, 3, random)
        again = fit_history(history, made, log_place(first, row))
        share = curve_share("hill", np.full(draws, now), again.shape[:, 0], again.scale[:, 0])
        low, high = np.quantile(again.gain[:, 0] * share, [0.05, 0.95])
        inside.append(low <= exact <= high)
    assert 0.85 <= np.mean(inside) <= 0.94


def test_judgement_pulls_a_fit_that_the_data_leave_open():
    random = np.random.default_rng(23)
    spend = 100 * np.exp(0.05 * random.normal(size=(40, 2)))
    history, _ = make_tables(spend, true_parts(spend) + random.normal(size=(40, 2)) * 8)
    prior = pd.DataFrame({"channel": NAMES, "ceiling": GAIN, "shape": SHAPE, "scale": SCALE})
    alone = fit_channel_response(history, draws=20).table
    both = fit_channel_response(history, prior=prior, spread=0.1, draws=20).table
    miss = [np.abs(np.log(table["scale"].to_numpy() / SCALE)).max() for table in (alone, both)]
    assert miss[1] < 0.2 < miss[0]


def test_what_the_history_cannot_tell_is_said():
    random = np.random.default_rng(29)
    spend = make_spend(60, random)
    spend[:, 1] = spend[:, 0] * np.exp(0.02 * random.normal(size=60))
    history, _ = make_tables(spend, true_parts(spend))
    assert fit_channel_response(history, draws=20).table["caution"].str.contains("moved with that of").all()
    spend = 20 * np.exp(0.02 * random.normal(size=(60, 2)))
    history, _ = make_tables(spend, true_parts(spend) + random.normal(size=(60, 2)))
    result = fit_channel_response(history, draws=20)
    assert result.table["caution"].str.contains("hardly moved").all()
    assert any("cannot tell the response of tv, search" in text for text in result.cautions)


def test_channels_without_answer_are_listed(exact):
    history = exact[0].copy()
    history.loc[history["channel"] == "tv", "outcome"] = np.nan
    result = fit_channel_response(history, draws=20)
    assert result.table["channel"].tolist() == ["search"]
    assert result.skipped["channel"].tolist() == ["tv"]
    with pytest.raises(DataError, match="no channel can be fitted"):
        fit_channel_response(history[history["channel"] == "tv"])
    with pytest.raises(DataError, match="only 8 periods"):
        fit_channel_response(exact[0].head(16))


def test_gaps_are_not_filled(exact):
    result = fit_channel_response(exact[0].drop(index=0), draws=20)
    assert "no row in some period" in result.skipped.set_index("channel").loc["tv", "reason"]


def test_bad_arguments_are_said(exact):
    with pytest.raises(ParameterError, match=r"curve.*carry.*draws"):
        fit_channel_response(exact[0], curve="wave", carry="long", draws=2)
    with pytest.raises(DataError, match="outcome"):
        fit_channel_response(exact[0].drop(columns="outcome"))
    with pytest.raises(DataError, match="no outcome for period"):
        fit_channel_response(exact[0], total=exact[1].head(5))


def test_the_same_seed_gives_the_same_draws(exact):
    one, two = (fit_channel_response(exact[0], draws=20, seed=4).draws for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
