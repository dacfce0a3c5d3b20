"""Priorities: published weights, truth recovered, what is refused, group answers."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesopt.comparisons import combine_priorities, priorities
from salesopt.errors import DataError, ParameterError
from salesopt.report.cases import run_case

CASES = Path(__file__).parents[1] / "data" / "cases"
TRUTH = {"a": 0.5, "b": 0.25, "c": 0.15, "d": 0.1}


def judged(truth=TRUTH, *, raters=1, noise=0.0, group="g", seed=0):
    rng = np.random.default_rng(seed)
    rows = [
        (f"rater {rater}", group, left, right, truth[left] / truth[right] * np.exp(noise * rng.standard_normal()))
        for rater in range(raters)
        for left, right in combinations(truth, 2)
    ]
    return pd.DataFrame(rows, columns=["rater", "group", "left", "right", "ratio"])


def weights(result):
    return result.weights.set_index("item")["weight"]


@pytest.mark.parametrize("case", ["ahp_drinks", "awot_karelia"])
def test_published_cases(case):
    answers = run_case(CASES / case)
    assert len(answers) >= 8 and answers["agrees"].all()


@pytest.mark.parametrize("method", ["eigenvector", "geometric"])
def test_consistent_judgements_give_back_the_truth_whatever_the_order_of_items(method):
    table = judged()
    turned = table.assign(left=table["right"], right=table["left"], ratio=1 / table["ratio"])
    for one in (table, turned, table.sample(frac=1, random_state=1), table.drop(index=[1, 4])):
        assert weights(priorities(one, method=method)).to_dict() == pytest.approx(TRUTH)


def test_intervals_of_weights_cover_the_truth():
    held = []
    for seed in range(120):
        found = priorities(judged(raters=6, noise=0.5, seed=seed), draws=10).weights.set_index("item")
        held += [found.loc[item, "low"] <= truth <= found.loc[item, "high"] for item, truth in TRUTH.items()]
    assert 0.92 <= np.mean(held) <= 0.98


def test_the_group_answer_is_the_geometric_mean():
    table = pd.concat(
        [judged().assign(rater="x"), judged(dict(zip("abcd", [0.1, 0.2, 0.3, 0.4], strict=True))).assign(rater="y")]
    )
    mean = np.sqrt(np.array([0.5, 0.25, 0.15, 0.1]) * [0.1, 0.2, 0.3, 0.4])
    assert weights(priorities(table))[list("abcd")].to_numpy() == pytest.approx(mean / mean.sum())


def test_the_spoilt_judgement_is_named_with_the_ratio_that_mends_it():
    table = judged()
    table.loc[(table["left"] == "b") & (table["right"] == "d"), "ratio"] = 1 / 5
    result = priorities(table)
    row = result.mends.iloc[0]
    assert (row["left"], row["right"], row["ratio"]) == ("b", "d", pytest.approx(0.2))
    assert (row["implied"], row["on_scale"], row["cr_mended"]) == (pytest.approx(2.5), 3, pytest.approx(0, abs=1e-9))
    assert not result.consistency["acceptable"].item() and any(
        "contradict each other" in one for one in result.cautions
    )
    assert len(priorities(judged()).mends) == 0


def test_a_contradicting_rater_is_seen_behind_a_consistent_mean():
    table = judged(raters=5)
    wild = table[table["rater"] == "rater 0"].assign(rater="wild", ratio=[5, 1 / 5, 1, 5, 1 / 5, 5])
    result = priorities(pd.concat([table, wild]))
    assert result.consistency["acceptable"].item()
    assert any("single raters (g: wild;" in caution for caution in result.cautions)
    assert result.raters.set_index("rater")["distance"].idxmax() == "wild"


def test_global_weights_are_group_times_local_and_sum_to_one():
    inner, outer = judged({"p": 0.6, "q": 0.4}, group="S"), judged({"r": 0.7, "s": 0.2, "t": 0.1}, group="O")
    top = judged({"S": 0.8, "O": 0.2}, group="groups")
    found = priorities(pd.concat([inner, outer, top])).global_weights.set_index("item")["weight"]
    assert found.to_dict() == pytest.approx({"p": 0.48, "q": 0.32, "r": 0.14, "s": 0.04, "t": 0.02})
    assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("S", "p", 1.0), ("groups", "O", 1.0)], "group that 'groups' compares"),
        ([("S", "p", 1.0), ("groups", "S", 0.5), ("groups", "O", 0.5)], "judgements of its own"),
    ],
)
def test_groups_without_weight_or_judgements_are_refused(rows, words):
    with pytest.raises(DataError, match=words):
        combine_priorities(pd.DataFrame(rows, columns=["group", "item", "weight"]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda table: table.iloc[:1].assign(right="a"), "another item than left"),
        (lambda table: table.iloc[[0, 5]], "judgements in group 'g' that connect it with 'a'"),
        (
            lambda table: pd.concat([table, pd.DataFrame([("rater 0", "g", "b", "a", 3.0)], columns=table.columns)]),
            "the reciprocal of",
        ),
        (lambda table: table.assign(ratio=0), "above 0"),
        (lambda table: table.drop(columns="ratio"), "ratio"),
    ],
)
def test_bad_input_is_refused(change, words):
    with pytest.raises(DataError, match=words):
        priorities(change(judged()))


@pytest.mark.parametrize("wrong", [{"method": "guess"}, {"random_index": "mine"}, {"confidence": 0}])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ParameterError):
        priorities(judged(), **wrong)


def test_a_study_without_the_table_gets_an_empty_result_that_says_so():
    result = priorities(None)
    assert len(result.weights) == 0 and result.skipped["reason"].tolist() == ["the study has no such table"]


def test_one_rater_two_items_and_ratios_off_the_scale_are_told():
    result = priorities(judged({"a": 0.95, "b": 0.05}))
    reasons = dict(result.skipped.to_numpy())
    assert reasons["g: intervals of the weights"] == "one rater only"
    assert (
        "nothing is judged twice" in reasons["g: consistency ratio"] and result.consistency["acceptable"].item() is None
    )
    assert any("outside 1/9 to 9" in caution for caution in result.cautions)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), extra=st.floats(0.01, 0.5), method=st.sampled_from(["eigenvector", "geometric"]))
def test_an_irrelevant_item_judged_consistently_leaves_the_others_ratios(seed, extra, method):
    truth = dict(zip("abcd", np.random.default_rng(seed).uniform(1, 9, 4), strict=True))
    before, after = (
        weights(priorities(judged(truth), method=method)),
        weights(priorities(judged(truth | {"x": extra}), method=method)),
    )
    assert (after.drop("x") / after.drop("x").sum())[list("abcd")].to_numpy() == pytest.approx(
        before[list("abcd")].to_numpy()
    )


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), raters=st.integers(2, 5))
def test_order_and_doubling_of_raters_leave_the_weights(seed, raters):
    table = judged(raters=raters, noise=0.6, seed=seed)
    wanted = weights(priorities(table, draws=10)).sort_index()
    mixed = table.sample(frac=1, random_state=seed)
    doubled = pd.concat([table, table.assign(rater=table["rater"] + "'")])
    for other in (mixed, doubled):
        assert weights(priorities(other, draws=10)).sort_index().to_numpy() == pytest.approx(wanted.to_numpy())
