"""PEST: totals by hand, truth recovered with its interval, moves against noise, scenarios counted out, figures."""

import dataclasses
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesopt.conclusions.pest import conclude_pest
from salesopt.errors import DataError, ParameterError
from salesopt.pest import tally_pest
from salesopt.plots.pest import plot_balance, plot_moves, plot_pest
from salesopt.stats.outlook import make_panel, panel_scores, tell_moves, tell_totals
from salesopt.stats.raters import deviations, interval, moderated_errors
from salesopt.stats.scoresheets import with_rounds
from salesopt.study.tables import require_table

TRUTH = {  # factor: dimension, direction, probability, impact, horizon
    "levy": ("P", "threat", 0.6, 4, 1.5),
    "tariff": ("P", "opportunity", 0.3, 3, 0.5),
    "wages": ("E", "opportunity", 0.55, 3, 0.5),
    "rates": ("E", "threat", 0.4, 2, 4.0),
    "habits": ("S", "opportunity", 0.7, 3, 2.0),
    "labels": ("T", "threat", 0.8, 2, None),
    "frost": ("En", "threat", 0.25, 4, 0.5),
}


def made_up(raters=6, *, seed=0, noise=0.12, date=None, shift=None):
    rng = np.random.default_rng(seed)
    rows = []
    for rater in range(raters):
        for factor, (dimension, direction, chance, impact, horizon) in TRUTH.items():
            moved = chance + (shift or {}).get(factor, 0.0)
            probability = float(np.clip(np.round(20 * (moved + noise * rng.standard_normal())) / 20, 0, 1))
            size = float(np.clip(np.round(impact + 4 * noise * rng.standard_normal()), 1, 5))
            rows.append((f"rater {rater}", dimension, factor, probability, size, horizon, direction, date))
    columns = ["rater", "dimension", "factor", "probability", "impact", "horizon", "direction", "date"]
    table = pd.DataFrame(rows, columns=columns)
    return table if date else table.drop(columns="date")


def whole(result):
    return result.totals.set_index("dimension").loc["all"]


def signed(scores):
    return scores["probability"] * scores["impact"] * scores["direction"].map({"opportunity": 1, "threat": -1})


def test_scores_and_totals_are_the_means_of_probability_times_impact():
    scores = made_up()
    result = tally_pest(scores)
    wanted = signed(scores).groupby(scores["factor"]).mean()
    found = result.factors.set_index("factor")["score"]
    assert found.to_dict() == pytest.approx(wanted.to_dict())
    assert whole(result)["opportunity"] == pytest.approx(wanted.clip(lower=0).sum())
    assert whole(result)["threat"] == pytest.approx(-wanted.clip(upper=0).sum())
    assert result.totals["net"].iloc[:-1].sum() == pytest.approx(whole(result)["net"])
    assert result.horizons["net"].sum() == pytest.approx(whole(result)["net"])
    assert result.factors["score"].abs().is_monotonic_decreasing
    bands = result.factors.set_index("factor")["band"]
    assert bands[["levy", "tariff", "rates", "labels"]].tolist() == [
        "1 to 3 years",
        "within a year",
        "beyond 3 years",
        "not said",
    ]


def panel_of(scores):
    """The table with its rounds and signed scores, and the panel of its last round."""
    table = with_rounds(require_table("pest", scores), "pest").assign(score=signed(scores))
    return table, make_panel(table)[0]


def test_intervals_of_scores_and_of_the_net_cover_the_truth():
    """The mean of 300 panels gives the truth; panels of 5 must hold it 95 times in 100."""
    scores, nets = [], []
    for seed in range(300):
        _, panel = panel_of(made_up(5, seed=seed))
        estimate, deviation = deviations(lambda take, panel=panel: panel_scores(panel, take), 5)
        own = slice(2 * len(TRUTH), 3 * len(TRUTH))
        scores.append((estimate[own], *interval(estimate[own], *moderated_errors(deviation[:, own]), 0.95)))
        nets.append(tell_totals(panel, estimate, deviation, 0.95).iloc[-1])
    first = tally_pest(made_up(5, seed=0))
    assert sorted(first.factors["low"]) == sorted(scores[0][1]) and whole(first)["low"] == nets[0]["low"]
    truth = np.mean([estimate for estimate, _, _ in scores], axis=0)
    assert 0.93 <= np.mean([(low <= truth) & (truth <= high) for _, low, high in scores]) <= 0.97
    net = np.mean([row["net"] for row in nets])
    assert 0.92 <= np.mean([row["low"] <= net <= row["high"] for row in nets]) <= 0.98


def test_raters_who_see_the_other_side_are_told_and_count_on_both_sides():
    scores = made_up()
    scores.loc[(scores["factor"] == "wages") & (scores["rater"] == "rater 0"), "direction"] = "threat"
    result = tally_pest(scores)
    assert result.factors.set_index("factor").loc["wages", "contested"] == pytest.approx(1 / 6)
    own = scores.assign(score=signed(scores)).query("dimension == 'E'")
    economic = result.totals.set_index("dimension").loc["E"]
    assert economic["threat"] == pytest.approx(-own["score"].clip(upper=0).sum() / 6)
    assert any("'wages' is an opportunity or a threat (17% see" in caution for caution in result.cautions)


def test_a_real_move_is_found_and_noise_is_not_called_one():
    before, after = made_up(8, seed=1, date="2026-03-01"), made_up(8, seed=2, date="2026-06-01", shift={"frost": 0.5})
    result = tally_pest(pd.concat([before, after]))
    assert result.moves.loc[result.moves["beyond_noise"], "factor"].tolist() == ["frost"]
    row = result.moves.iloc[0]
    assert row["low"] < row["change"] < row["high"] < 0 and row["raters"] == 8
    paired = (signed(after) - signed(before)).groupby(after["factor"]).mean()
    assert row["change"] == pytest.approx(paired["frost"]) and row["now"] - row["before"] == pytest.approx(
        row["change"]
    )
    assert "'frost'" in conclude_pest(result).answer


def test_without_any_move_few_panels_report_one():
    """False discoveries: under no change at most about 1 panel in 20 names a factor."""
    named = []
    for seed in range(150):
        rounds = [made_up(6, seed=2 * seed + at, date=date) for at, date in enumerate(("2026-03-01", "2026-06-01"))]
        moves, _ = tell_moves(*panel_of(pd.concat(rounds, ignore_index=True)), 0.95)
        named.append(moves["beyond_noise"].any())
    assert np.mean(named) <= 0.10


def test_what_cannot_be_compared_between_rounds_is_listed():
    before = made_up(4, date="2026-03-01")
    after = made_up(4, seed=5, date="2026-06-01").replace({"factor": {"tariff": "quota"}})
    after = after[~((after["factor"] == "levy") & (after["rater"] != "rater 1"))]
    result = tally_pest(pd.concat([before[before["factor"] != "wages"], after]))
    reasons = dict(result.skipped.to_numpy())
    assert reasons["P: quota"] == "new in this round" == reasons["E: wages"]
    assert reasons["P: tariff"] == "scored in the round before, not in this one"
    assert "fewer than two raters" in reasons["P: levy"]
    assert set(result.moves["factor"]) == {"rates", "habits", "labels", "frost"}
    assert len(tally_pest(made_up()).moves) == 0


def outcomes(result):
    """Every future of independent factors with its probability."""
    chance = result.factors["probability"].to_numpy()
    impact = result.factors["score"].to_numpy() / chance
    for happens in product((0, 1), repeat=len(chance)):
        yield float(np.dot(happens, impact)), float(np.prod(np.where(happens, chance, 1 - chance)))


def test_scenarios_against_all_futures_counted_out():
    result = tally_pest(made_up())
    every = pd.DataFrame(outcomes(result), columns=["net", "share"]).sort_values("net")
    below = every["share"].cumsum()
    scenarios = result.scenarios.set_index("scenario")["net"]
    assert (
        scenarios["base"] == pytest.approx(whole(result)["net"]) == pytest.approx((every["net"] * every["share"]).sum())
    )
    for name, tail in (("worst", 0.1), ("best", 0.9)):
        near = every.loc[(below >= tail - 0.02) & (below - every["share"] <= tail + 0.02), "net"]
        assert near.min() - 1e-9 <= scenarios[name] <= near.max() + 1e-9


def test_correlation_widens_the_scenarios_and_a_point_has_its_price():
    alone, together = (
        tally_pest(made_up(), effect_per_point=0.01),
        tally_pest(made_up(), correlation=0.5, effect_per_point=0.01),
    )
    width = [run.scenarios["net"].iloc[0] - run.scenarios["net"].iloc[2] for run in (alone, together)]
    assert width[1] > 1.15 * width[0]
    assert alone.scenarios["sales_effect"].tolist() == pytest.approx((0.01 * alone.scenarios["net"]).tolist())
    assert tally_pest(made_up()).scenarios["sales_effect"].isna().all()
    assert (alone.scenarios["low"] < alone.scenarios["net"]).all() and (
        alone.scenarios["net"] < alone.scenarios["high"]
    ).all()


def test_gaps_and_lone_raters():
    scores = made_up(4)
    scores.loc[scores["factor"] == "frost", "impact"] = np.nan
    scores.loc[(scores["factor"] == "levy") & (scores["rater"] != "rater 0"), "probability"] = np.nan
    result = tally_pest(scores)
    reasons = dict(result.skipped.to_numpy())
    assert "no rater gave it both" in reasons["En: frost"] and reasons["P: levy, interval"] == "one rater only"
    assert "frost" not in set(result.factors["factor"])
    assert np.isfinite(whole(result)[["low", "high"]].astype(float)).all()
    alone = tally_pest(made_up(1))
    assert (
        np.isnan(whole(alone)["low"])
        and alone.factors["rank_probability"].isna().all()
        and whole(alone)["verdict"] == "not known"
    )
    assert "nan" not in conclude_pest(alone).answer


def test_a_measured_series_against_the_judged_direction():
    scores = made_up()
    scores["metric"] = scores["factor"].map({"wages": "sales.units", "levy": "-sales.price"})
    falling = pd.Series([4.0, 3, 2, 1])
    result = tally_pest(scores, measured={"sales.units": falling, "sales.price": falling})
    found = result.measured.set_index("factor")
    assert found["contradiction"].to_dict() == {"wages": True, "levy": True}
    assert found.loc["wages", "words"] == "judged as an opportunity, but sales.units fell three periods running"
    assert any("judged as a threat" in doubt for doubt in conclude_pest(result).doubts)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.assign(probability=1.2), "at most 1"),
        (lambda table: table.assign(impact=6), "at most 5"),
        (lambda table: table.assign(direction="up"), "one of opportunity, threat"),
        (lambda table: table.assign(dimension="X"), "one of P, E, S, T, En, L"),
        (lambda table: table.assign(probability=np.nan), "at least one factor"),
        (lambda table: pd.concat([table, table]), "one row per"),
        (lambda table: table.drop(columns="impact"), "impact"),
    ],
)
def test_bad_input_is_refused(change, words):
    with pytest.raises(DataError, match=words):
        tally_pest(change(made_up()))


@pytest.mark.parametrize("wrong", [{"confidence": 1.0}, {"tail": 0.5}, {"correlation": 1.0}])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ParameterError):
        tally_pest(made_up(), **wrong)


def test_input_is_not_modified_and_the_seed_decides():
    scores = made_up()
    before = scores.copy(deep=True)
    first, again = tally_pest(scores, seed=3), tally_pest(scores, seed=3)
    pd.testing.assert_frame_equal(scores, before)
    for field in dataclasses.fields(first):
        one, two = getattr(first, field.name), getattr(again, field.name)
        assert one.equals(two) if isinstance(one, pd.DataFrame) else one == two or one != one


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), raters=st.integers(2, 6))
def test_order_and_doubling_of_raters_leave_the_scores(seed, raters):
    scores = made_up(raters, seed=seed)
    one = tally_pest(scores, draws=20)
    mixed = tally_pest(scores.sample(frac=1, random_state=seed), draws=20)
    doubled = tally_pest(pd.concat([scores, scores.assign(rater=scores["rater"] + "'")]), draws=20)
    wanted = one.factors.set_index("factor").sort_index()
    for other in (mixed, doubled):
        assert other.factors.set_index("factor").sort_index()["score"].to_numpy() == pytest.approx(
            wanted["score"].to_numpy()
        )
    assert mixed.factors.set_index("factor").sort_index()["low"].to_numpy() == pytest.approx(wanted["low"].to_numpy())
    assert (whole(doubled)["high"] - whole(doubled)["low"]) < (whole(one)["high"] - whole(one)["low"])


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), impact=st.integers(1, 5))
def test_a_factor_that_will_not_come_about_changes_nothing(seed, impact):
    scores = made_up(5, seed=seed)
    idle = scores[scores["factor"] == "levy"].assign(factor="comet", probability=0.0, impact=float(impact))
    one, two = tally_pest(scores, draws=20), tally_pest(pd.concat([scores, idle]), draws=20)
    columns = ["opportunity", "threat", "net", "low", "high"]
    assert whole(two)[columns].tolist() == pytest.approx(whole(one)[columns].tolist())
    assert two.factors["factor"].iloc[-1] == "comet"
    assert two.factors["factor"].tolist()[:-1] == one.factors["factor"].tolist()


def test_the_heat_map_numbers_every_factor_and_hides_none():
    scores = made_up().replace({"factor": {"levy": "tax of $5 or $6"}})
    result = tally_pest(scores)
    axes = plot_pest(result)
    axes.figure.canvas.draw()
    numbers = [text for text in axes.texts if text.get_text().isdigit()]
    assert sorted(int(text.get_text()) for text in numbers) == list(range(1, 8))
    places = np.array([text.get_position() for text in numbers])
    gaps = [np.hypot((a[0] - b[0]) / 0.034, (a[1] - b[1]) / 0.24) for at, a in enumerate(places) for b in places[:at]]
    assert min(gaps) >= 0.999
    named = next(text for text in axes.texts if "tax of" in text.get_text())
    shown, mathematics = named._preprocess_math(named.get_text())
    assert (" ".join(shown.split()), mathematics) == ("1 P tax of $5 or $6", False)


def test_the_balance_and_the_moves_draw_the_tables():
    rounds = pd.concat(
        [made_up(8, seed=1, date="2026-03-01"), made_up(8, seed=2, date="2026-06-01", shift={"frost": 0.5})]
    )
    result = tally_pest(rounds)
    bars = [bar.get_width() for bar in plot_balance(result).patches]
    assert bars[: len(result.totals)] == pytest.approx(result.totals["opportunity"].tolist()[::-1])
    points = plot_moves(result).collections[-1].get_offsets()[:, 0]
    assert points.tolist() == pytest.approx(result.moves["change"].tolist()[::-1])
    assert "1 of 7 factors moved" in plot_moves(result).get_title(loc="left")
    assert "no round before" in plot_moves(tally_pest(made_up())).texts[0].get_text()


def test_the_answer_has_the_net_with_its_interval_and_the_largest_factors():
    result = tally_pest(made_up())
    conclusion = conclude_pest(result)
    row = whole(result)
    assert f"{abs(row['net']):.2f} points (" in conclusion.answer and "'levy'" in conclusion.answer
    assert (
        conclusion.metrics["pest.net"] == row["net"]
        and conclusion.metrics["pest.worst"] < conclusion.metrics["pest.best"]
    )
    assert [finding.what.split(":")[0] for finding in conclusion.findings] == [
        "Largest threat outside",
        "Largest opportunity outside",
    ]
