"""Response curves, carry-over and calibration from judgement."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import least_squares

from salesopt.errors import DataError, ParameterError
from salesopt.stats.judgement import ANSWERS, EFFORT, adbudg, calibrate_judgement
from salesopt.stats.response import carry_over, carry_over_weights, curves_from

# Syntex case as taught (after Lodish, Curtis, Ness, Simpson 1988): answers, and the published fit low, high, c, d.
SYNTEX = pd.DataFrame(
    [
        ("Naprosyn", 0.30, 0.45, 1.00, 1.40, 1.60, 0.3093240572, 1.6069658910, 3.4626803902, 0.8417607065),
        ("Nipro", 0.47, 0.68, 1.05, 1.26, 1.52, 0.4693894307, 1.5241013364, 2.2644485129, 0.8259554668),
        ("Anaprox", 0.15, 0.48, 1.04, 1.20, 1.35, 0.1481987348, 1.3425788348, 2.8172906212, 0.3611700059),
        ("Norinyl", 0.31, 0.63, 1.03, 1.15, 1.25, 0.3095802769, 1.2480450771, 2.6184020694, 0.3119027687),
        ("Pironil", 0.45, 0.70, 1.01, 1.05, 1.10, 0.4495863803, 1.0918162563, 3.2543696959, 0.1624036580),
        ("Lidex", 0.56, 0.80, 1.02, 1.11, 1.20, 0.5600386648, 1.2022363656, 2.0893221236, 0.3943936471),
        ("Synalar", 0.59, 0.76, 1.02, 1.07, 1.11, 0.5896361135, 1.1057967624, 3.2459095764, 0.2119628889),
        ("Nasalide", 0.15, 0.61, 1.07, 1.46, 1.76, 0.1569669248, 1.7811627527, 2.0454216795, 0.6766930366),
    ],
    columns=["product", *ANSWERS, "published_low", "published_high", "published_shape", "published_half"],
).set_index("product")


@pytest.mark.parametrize("parameter", ["low", "high", "shape", "half"])
def test_judgement_reproduces_the_published_syntex_fit(parameter):
    fitted = calibrate_judgement(SYNTEX)[parameter]
    assert fitted.to_numpy() == pytest.approx(SYNTEX[f"published_{parameter}"].to_numpy(), rel=5e-6)
    assert list(fitted.index) == list(SYNTEX.index)


@pytest.mark.parametrize("unit", SYNTEX.index)
def test_judgement_is_no_worse_than_scipy(unit):
    given = SYNTEX.loc[unit, list(ANSWERS)].to_numpy(dtype=float)
    scipy_fit = least_squares(
        lambda p: adbudg(EFFORT, p[0], p[1], p[2], p[3]) - given, [0.3, 1.5, 2, 0.5], bounds=(0, 20), xtol=1e-12
    )
    ours = calibrate_judgement(SYNTEX).loc[unit, "error"]
    assert ours <= np.sqrt(np.mean(scipy_fit.fun**2)) * (1 + 1e-9)


def test_judgement_finds_the_curve_that_made_the_answers():
    random = np.random.default_rng(1)
    low, high, shape = random.uniform(0, 0.6, 300), random.uniform(1.1, 2, 300), random.uniform(0.5, 5, 300)
    half = (high - 1) / (1 - low)
    made = adbudg(EFFORT, low[:, None], high[:, None], shape[:, None], half[:, None])
    fitted = calibrate_judgement(pd.DataFrame(made, columns=list(ANSWERS)))
    assert fitted["shape"].to_numpy() == pytest.approx(shape, rel=1e-6)
    assert fitted["scale"].to_numpy() == pytest.approx(half ** (1 / shape), rel=1e-6)


def test_judgement_does_not_depend_on_the_unit_of_the_answers():
    small, large = calibrate_judgement(SYNTEX), calibrate_judgement(SYNTEX[list(ANSWERS)] * 1e6)
    assert large["shape"].to_numpy() == pytest.approx(small["shape"].to_numpy(), rel=1e-6)
    assert large["high"].to_numpy() == pytest.approx(small["high"].to_numpy() * 1e6, rel=1e-6)


def test_closed_form_keeps_none_saturation_and_today():
    fitted = calibrate_judgement(SYNTEX, method="closed_form")
    assert fitted["low"].tolist() == SYNTEX["at_none"].tolist()
    assert fitted["high"].tolist() == SYNTEX["at_saturation"].tolist()
    today = adbudg(1.0, fitted["low"], fitted["high"], fitted["shape"], fitted["half"])
    assert today == pytest.approx(SYNTEX["at_today"].to_numpy())


def test_closed_form_meets_half_and_half_more_where_one_curve_can():
    made = adbudg([0, 0.5, 1, 1.5], 0.4, 1.6, 2.5, 1.0)
    answers = pd.DataFrame([[*made, 1.6]], columns=list(ANSWERS))
    fitted = calibrate_judgement(answers, method="closed_form")
    assert fitted["shape"].item() == pytest.approx(2.5)
    assert fitted["error"].item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("answers", "caution"),
    [
        ((1, 1, 1, 1, 1), "does nothing"),
        ((0.5, 0.4, 1, 1.2, 1.5), "falls where effort rises"),
        ((0.2, 0.2, 1, 1, 3), "misses the answers"),
    ],
)
def test_odd_answers_are_said(answers, caution):
    fitted = calibrate_judgement(pd.DataFrame([answers], columns=list(ANSWERS)))
    assert caution in fitted["caution"].item()
    assert np.isfinite(fitted[["low", "high", "shape", "half"]].to_numpy()).all()


def test_bad_answers_are_all_listed():
    answers = SYNTEX[list(ANSWERS)].astype(object)
    answers.iloc[2, 0] = "some"
    answers.iloc[3, 4] = -1
    with pytest.raises(DataError) as error:
        calibrate_judgement(answers)
    assert [(problem.column, problem.row) for problem in error.value.problems] == [("at_none", 4), ("at_saturation", 5)]
    with pytest.raises(DataError, match="at_half"):
        calibrate_judgement(SYNTEX.drop(columns="at_half"))
    with pytest.raises(ParameterError, match="least_squares"):
        calibrate_judgement(SYNTEX, method="guess")


CURVE_ROWS = pd.DataFrame(
    [
        ("linear", 5, None, None, None, 0.8),
        ("power", 0, None, 0.5, None, 2.0),
        ("hill", 10, 110, 0.7, 40, None),
        ("hill", 0, 100, 3.0, 40, None),
        ("logistic", 10, 110, None, 40, None),
    ],
    columns=["curve", "base", "ceiling", "shape", "scale", "return_rate"],
)


def test_curves_have_the_values_their_formulas_say():
    curves = curves_from(CURVE_ROWS)
    assert curves.response(np.zeros(5)).tolist() == [5, 0, 10, 0, 10]
    assert curves.response(np.full(5, 40.0)) == pytest.approx([37, 2 * 40**0.5, 60, 50, 60])
    assert curves.response(np.full(5, 1e9))[2:] == pytest.approx([110, 100, 110], rel=1e-4)


def test_slope_is_the_derivative_and_inflection_its_peak():
    curves = curves_from(CURVE_ROWS)
    for spend in (3.0, 20.0, 75.0):
        nudged = (curves.response(np.full(5, spend + 1e-5)) - curves.response(np.full(5, spend - 1e-5))) / 2e-5
        assert curves.slope(np.full(5, spend)) == pytest.approx(nudged, rel=1e-6)
    grid = np.linspace(0.1, 100, 9991)
    steepest = grid[curves.take([3]).slope(grid[:, None])[:, 0].argmax()]
    assert curves.inflection().tolist() == pytest.approx([0, 0, 0, steepest, 0], abs=0.011)


def test_rows_that_make_no_curve_are_all_named():
    rows = pd.DataFrame({"ceiling": [1, 5, np.nan], "base": [2, 0, 0], "scale": [1, -1, np.nan]})
    with pytest.raises(ParameterError, match=r"row 4.*row 2.*row 3"):
        curves_from(rows)


@pytest.mark.parametrize(
    ("kind", "shape", "expected"),
    [("none", 1, [1, 0, 0]), ("geometric", 1, [4 / 7, 2 / 7, 1 / 7]), ("weibull", 2, [16 / 25, 8 / 25, 1 / 25])],
)
def test_carry_over_weights(kind, shape, expected):
    assert carry_over_weights(kind, 3, decay=0.5, shape=shape) == pytest.approx(expected)


def test_carry_over_keeps_all_spend_and_the_steady_state():
    weights = carry_over_weights("geometric", 6, decay=0.6)
    pulse = np.zeros(20)
    pulse[5] = 1
    assert carry_over(pulse, weights, before=0).sum() == pytest.approx(1)
    assert carry_over(pulse, weights, before=0)[5:11] == pytest.approx(weights)
    assert carry_over(np.full(20, 3.0), weights) == pytest.approx(np.full(20, 3.0))
