"""The sample firm: its files are those of the seed, its economics are those of truth.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesopt.elasticity import estimate_elasticity
from salesopt.study.load import load_study
from salesopt.study.sample import SEED, make_sample, sample_sales, sample_tables
from salesopt.study.sample.channels import BASELINE, carry_over, draw_channels, respond
from salesopt.study.sample.names import CHANNEL_MARGIN, CHANNELS, GROUPS, LINES
from salesopt.study.sample.team import effort_curve
from salesopt.study.tables import check_table

ORCHARD = Path(__file__).parent.parent / "data" / "orchard"
RIGHT = {"controls": ["promo"], "effects": ["market", "period"]}


@pytest.fixture(scope="module")
def sample():
    return sample_tables()


@pytest.fixture(scope="module")
def tables(sample):
    return sample.tables


def estimated(seed: int, **arguments) -> pd.DataFrame:
    """Estimates of a seed's products beside the truth."""
    drawn = sample_sales(seed)
    truth = drawn.elasticity.rename(columns={"elasticity": "truth"})
    found = estimate_elasticity(drawn.sales, lines=truth[["product", "line"]], **arguments)
    return found.table.merge(truth[["product", "truth"]], on="product", validate="one_to_one")


def test_the_committed_files_are_what_the_seed_makes(tmp_path):
    make_sample(tmp_path, seed=SEED)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in ORCHARD.iterdir()}
    assert sorted(made) == sorted(committed)
    assert [name for name in made if made[name] != committed[name]] == []
    assert sum(map(len, committed.values())) < 5_000_000


def test_equal_seeds_give_equal_tables_and_others_do_not(tables):
    again, other = sample_tables(SEED).tables, sample_tables(SEED + 1).tables
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, again[name])
    assert not tables["sales"]["units"].equals(other["sales"]["units"])


def test_the_firm_has_the_size_that_was_asked_for(tables):
    sales, reps = tables["sales"], tables["reps"]
    serving = reps["role"].eq("representative") & reps["left"].isna()
    assert sales["period"].dt.to_period("Q").nunique() >= 12
    assert len(tables["products"]) == sales["product"].nunique() == 40
    assert sales["market"].nunique() == 20
    assert len(tables["channels"]) == 8
    assert serving.sum() == 24 and reps["left"].notna().sum() == 5
    assert len(tables["accounts"]) == 600
    assert tables["swot"]["rater"].nunique() == tables["pest"]["rater"].nunique() == 6
    assert tables["swot"]["date"].nunique() == tables["pest"]["date"].nunique() == 3


def test_every_table_is_what_the_house_declares(tables):
    problems = [str(problem) for name, table in tables.items() for problem in check_table(name, table)[1]]
    assert problems == []


def test_the_study_loads_for_its_last_quarter():
    firm = load_study(ORCHARD)
    assert (firm.quarter, firm.currency, firm.title) == ("2026Q3", "USD", "Orchard Juice Company")


@pytest.mark.parametrize(
    ("table", "column", "other", "named"),
    [
        ("sales", "product", "products", "product"),
        ("price_limits", "product", "products", "product"),
        ("channel_history", "channel", "channels", "channel"),
        ("channel_limits", "channel", "channels", "channel"),
        ("accounts", "rep", "reps", "rep"),
        ("accounts", "segment", "effort_response", "unit"),
        ("account_lines", "account", "accounts", "account"),
        ("account_lines", "line", "products", "line"),
        ("skills", "rep", "reps", "rep"),
        ("skill_needs", "group", "accounts", "segment"),
        ("skill_needs", "skill", "skills", "skill"),
        ("duties", "person", "reps", "rep"),
        ("tows", "inner", "swot", "factor"),
        ("tows", "outer", "swot", "factor"),
        ("attractiveness", "factor", "swot", "factor"),
        ("attractiveness", "strategy", "tows", "strategy"),
        ("neighbours", "neighbour", "accounts", "region"),
    ],
)
def test_names_agree_between_tables(tables, table, column, other, named):
    assert set(tables[table][column]) <= set(tables[other][named])


def test_intervals_cover_the_true_elasticities_of_the_committed_firm():
    sales = load_study(ORCHARD, tables=["sales"])["sales"]
    lines = pd.read_csv(ORCHARD / "products.csv")[["product", "line"]]
    truth = tomllib.loads((ORCHARD / "truth.toml").read_text("utf-8"))["elasticity"]
    found = estimate_elasticity(sales, lines=lines, **RIGHT)
    value = found.table["product"].map(truth)
    assert found.skipped.empty and len(found.table) == 40
    assert value.between(found.table["low"], found.table["high"]).mean() >= 0.90


def test_intervals_cover_the_truth_in_19_of_20_cases_over_many_seeds():
    every = pd.concat([estimated(seed, **RIGHT) for seed in range(40)])
    pooled = every["truth"].between(every["low"], every["high"]).mean()
    own = every["truth"].between(every["own_low"], every["own_high"]).mean()
    assert len(every) == 1600
    assert 0.93 <= pooled <= 0.97
    assert 0.93 <= own <= 0.97
    assert abs((every["own_elasticity"] - every["truth"]).mean()) < 0.03


def test_what_is_left_out_of_the_regression_biases_it():
    def bias(**arguments):
        found = pd.concat([estimated(seed, deals=False, **arguments) for seed in range(6)])
        return (found["own_elasticity"] - found["truth"]).mean()

    assert bias(effects=()) > 0.5  # dear markets buy more
    assert bias(effects=("market", "period")) < -0.4  # promotion lowers the price and is noticed
    assert bias(effects=("market", "month"), controls=["promo"]) > 0.15  # prices follow demand
    assert abs(bias(effects=("market", "period"), controls=["promo"])) < 0.05


def test_input_cost_is_a_valid_instrument():
    found = pd.concat([estimated(seed, method="iv", instruments=["input_cost"], **RIGHT) for seed in range(6)])
    assert abs((found["own_elasticity"] - found["truth"]).mean()) < 0.1


def test_elasticities_differ_by_line_and_product(sample):
    truth = pd.Series(sample.truth["elasticity"])
    line = sample.tables["products"].set_index("product")["line"]
    middle = truth.groupby(line).mean()
    for one in LINES:
        assert middle[one.name] == pytest.approx(one.elasticity, abs=0.35)
    assert truth.between(-3.6, -0.4).all() and truth.groupby(line).std().min() > 0.05


def test_substitutes_take_sales_from_each_other():
    """With the substitute's price in the regression, its coefficient is the cross elasticity of the truth."""
    found = []
    for seed in range(12):
        sales = sample_sales(seed).sales
        wide = sales.pivot_table(index=["market", "period"], columns="product", values="price")
        other = np.log(wide["Apple juice 1.75 l"]).rename("other").reset_index()
        mine = sales[sales["product"] == "Apple juice 1 l"].merge(other, on=["market", "period"])
        table = estimate_elasticity(
            mine, controls=["promo", "other"], effects=["market", "period"], pool=False
        ).coefficients
        found.append(table.loc[table["term"] == "other", "coefficient"].item())
    assert np.mean(found) == pytest.approx(0.55, abs=3 * np.std(found) / np.sqrt(len(found)))


def test_some_rows_have_no_sale_and_two_products_came_later(tables):
    sales = tables["sales"]
    assert 0.001 < sales["units"].eq(0).mean() < 0.004
    first = sales.groupby("product")["period"].min()
    assert (first > sales["period"].min()).sum() == 2
    assert (sales["price"] <= sales["base_price"]).all()


def test_channel_outcomes_are_the_true_response_with_noise(tables):
    drawn = draw_channels(SEED)
    history = tables["channel_history"]
    outcome = history.pivot_table(index="channel", columns="period", values="outcome").loc[[c.name for c in CHANNELS]]
    ratio = np.log(outcome.to_numpy() / drawn.response)
    assert abs(ratio.mean()) < 0.02 and ratio.std() == pytest.approx(0.06, abs=0.01)
    steady = np.array([[float(channel.spend)] * 3 for channel in CHANNELS])
    assert carry_over(steady) == pytest.approx(steady)
    half = np.array([[float(channel.scale)] for channel in CHANNELS])
    assert respond(half).ravel() == pytest.approx([channel.ceiling / 2 for channel in CHANNELS])


def test_television_is_overspent_and_search_underspent():
    now = np.array([[float(channel.spend)] for channel in CHANNELS])
    worth = pd.Series(
        CHANNEL_MARGIN * (respond(now + 100) - respond(now)).ravel() / 100, [channel.name for channel in CHANNELS]
    )
    assert worth["Television"] < 0.4 < 1.2 < worth["Search"]


def test_advertising_lifts_total_sales():
    """Beyond season and trend, log units of a made firm rise one for one with the lift."""
    units, lift = [], []
    for seed in range(60):
        drawn = sample_sales(seed)
        response = draw_channels(seed).response.sum(axis=0)
        assert drawn.lift["lift"].to_numpy() == pytest.approx(np.log1p(response / BASELINE))
        old = drawn.sales[drawn.sales.groupby("product")["period"].transform("min") == drawn.sales["period"].min()]
        units.append(np.log(old.groupby("period")["units"].sum().to_numpy()))
        lift.append(drawn.lift["lift"].to_numpy())
    months = np.arange(36)
    known = np.column_stack([months % 12 == month for month in range(12)] + [months]).astype(float)
    beyond = np.eye(36) - known @ np.linalg.pinv(known)
    left, right = beyond @ np.array(units).T, beyond @ np.array(lift).T
    assert (left * right).sum() / (right**2).sum() == pytest.approx(1.0, abs=0.15)


def test_online_orders_narrow_from_visits_to_served(tables):
    online = tables["channel_history"].dropna(subset="visits")
    assert online["channel"].nunique() == 4
    assert (online["visits"] > online["orders"]).all()
    assert (online["orders"] >= online["delivered"]).all() and (online["delivered"] >= online["served"]).all()


def test_judges_answers_rise_with_effort(tables):
    answers = tables["effort_response"]
    steps = answers[["at_none", "at_half", "at_plus_half", "at_saturation"]].assign(today=1.0)
    ordered = steps[["at_none", "at_half", "today", "at_plus_half", "at_saturation"]]
    assert (ordered.diff(axis="columns").iloc[:, 1:] >= 0).all(axis=None)
    assert answers.groupby("unit")["current_reps"].first().sum() == 24
    for group in GROUPS:
        assert effort_curve(np.array([1.0]), group.none, group.most, group.shape).item() == pytest.approx(1.0)


def test_accounts_buy_what_their_lines_add_up_to_and_follow_calls(tables):
    accounts, lines = tables["accounts"], tables["account_lines"]
    assert lines.groupby("account")["sales"].sum().loc[accounts["account"]].tolist() == accounts["revenue"].tolist()
    share = accounts["revenue"] / accounts["potential"]
    assert np.corrcoef(share, accounts["calls_made"] / accounts["calls"])[0, 1] > 0.4


def test_todays_assignment_has_something_to_gain(tables):
    accounts = tables["accounts"].merge(tables["reps"][["rep", "lat", "lon", "hours"]], on="rep", suffixes=("", "_rep"))
    far = np.hypot(accounts["lat"] - accounts["lat_rep"], 0.75 * (accounts["lon"] - accounts["lon_rep"])) > 1.0
    load = (accounts["calls"] * accounts["hours_per_call"]).groupby(accounts["rep"]).sum()
    load = load / accounts.groupby("rep")["hours"].first()
    assert 0.10 < far.mean() < 0.6
    assert load.max() > 1.0 and load.min() < 0.35


def test_raters_weights_add_up_and_their_ratings_come_closer(tables):
    scores = tables["swot"].assign(inner=lambda table: table["quadrant"].isin(["S", "W"]))
    total = scores.groupby(["rater", "date", "inner"])["weight"].sum()
    assert total.to_numpy() == pytest.approx(1.0)
    assert scores.loc[scores["quadrant"] == "S", "rating"].min() >= 3
    assert scores.loc[scores["quadrant"] == "W", "rating"].max() <= 2
    spread = scores.groupby(["date", "factor"])["rating"].std().groupby("date").mean()
    assert spread.iloc[-1] < spread.iloc[0]


def test_comparisons_are_complete_and_on_the_scale(tables):
    comparisons = tables["comparisons"]
    pairs = comparisons.groupby(["rater", "group"]).size().unstack()  # noqa: PD010
    assert (pairs[["S", "W", "O", "T"]] == 10).all(axis=None) and (pairs["groups"] == 6).all()
    scale = {round(value, 6) for value in [*range(1, 10), *(1 / step for step in range(2, 10))]}
    assert set(comparisons["ratio"]) <= scale
