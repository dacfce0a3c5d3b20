"""What chapters save comes back the same; what was changed since, or is hostile, is refused."""

import dataclasses
import json
import math
import typing

import numpy as np
import pandas as pd
import pytest

import salesopt
from salesopt.errors import DataError, ParameterError
from salesopt.results import (
    Basis,
    Conclusion,
    Finding,
    collect_answers,
    collect_bases,
    load_results,
    read_metrics,
    read_titles,
    save_results,
    save_titles,
    saved_words,
    scalars_of,
    tables_of,
)
from salesopt.stats.result import Result


@dataclasses.dataclass(frozen=True, eq=False)
class Made:
    table: pd.DataFrame
    skipped: pd.DataFrame
    empty: pd.DataFrame | None
    cautions: tuple[str, ...]
    total: float
    seen: object


def made(total=1.5, seen=None):
    table = pd.DataFrame(
        {
            "item": ["a", "b"],
            "value": [1.5, math.nan],
            "sure": [True, None],
            "day": pd.to_datetime(["2026-01-01", None]),
        }
    )
    return Made(table, pd.DataFrame(columns=["item", "reason"]), None, ("be careful", "né à Zürich"), total, seen)


FINDING = Finding("Move 6", 12.5, 10.0, math.nan, "USD a year", "Move them", "", "team")
CONCLUSION = Conclusion(
    "Half <b>sure</b>.",
    ("a doubt",),
    (FINDING,),
    {"team.gain": 12.5, "team.unknown": math.nan, "team.most": math.inf},
    (Basis("Sales by the curves", "effort_response", "a year", 40e6, "USD"),),
)


def test_what_is_saved_comes_back(tmp_path):
    place = save_results(tmp_path, "team", made(), CONCLUSION, also={"more": pd.DataFrame({"x": [1]})})
    assert place == tmp_path / "results" / "team" and saved_words(tmp_path) == ["team"]
    back = load_results(tmp_path, "team")
    assert list(back.tables) == ["table", "skipped", "more"] and len(back.tables["skipped"]) == 0
    pd.testing.assert_frame_equal(back.tables["table"], made().table, check_dtype=False)
    assert back.scalars["total"] == 1.5 and back.scalars["cautions"] == ["be careful", "né à Zürich"]
    assert (back.conclusion.answer, back.conclusion.doubts) == (CONCLUSION.answer, CONCLUSION.doubts)
    finding = back.conclusion.findings[0]
    assert dataclasses.replace(finding, high=0) == dataclasses.replace(FINDING, high=0) and math.isnan(finding.high)
    metrics = back.conclusion.metrics
    assert back.conclusion.bases == CONCLUSION.bases
    assert metrics["team.gain"] == 12.5 and math.isnan(metrics["team.unknown"]) and metrics["team.most"] == math.inf


def test_a_finding_without_limit_comes_back_as_a_number(tmp_path):
    endless = dataclasses.replace(FINDING, value=math.inf, low=-math.inf)
    save_results(tmp_path, "team", made(), Conclusion("x", findings=(endless,)))
    back = load_results(tmp_path, "team").conclusion.findings[0]
    assert (back.value, back.low) == (math.inf, -math.inf)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (math.nan, None),
        (pd.NaT, None),
        (pd.NA, None),
        (-math.inf, "-inf"),
        (pd.Timestamp("2026-07-01"), "2026-07-01 00:00:00"),
        ({"b", "a", "c"}, ["a", "b", "c"]),
        (pd.Series([1.0, math.nan]), [1.0, None]),
        ({1: (2, {"x": np.array([3])})}, {"1": [2, {"x": [3]}]}),
        (FINDING, {**dataclasses.asdict(FINDING), "high": None}),
        ("text", "text"),
    ],
)
def test_scalars_are_what_json_knows(value, plain, tmp_path):
    assert scalars_of(made(seen=value))["seen"] == plain
    save_results(tmp_path, "team", made(seen=value), CONCLUSION)
    assert load_results(tmp_path, "team").scalars["seen"] == plain


def test_tables_by_name_without_those_that_are_none():
    assert list(tables_of(made())) == ["table", "skipped"]


def test_saving_again_replaces_what_stood_there(tmp_path):
    save_results(tmp_path, "team", made(), CONCLUSION, also={"old": pd.DataFrame({"x": [1]})})
    save_results(tmp_path, "team", made(total=2.0), CONCLUSION)
    back = load_results(tmp_path, "team")
    assert back.scalars["total"] == 2 and "old" not in back.tables
    assert sorted(path.name for path in (tmp_path / "results" / "team").iterdir()) == [
        "results.json",
        "skipped.parquet",
        "table.parquet",
    ]


def test_two_runs_write_the_same_bytes(tmp_path):
    for place in ("one", "two"):
        save_results(tmp_path / place, "team", made(seen={"b", "a"}), CONCLUSION)
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / place / "results" / "team").iterdir()}
        for place in ("one", "two")
    )
    assert one == two


@pytest.mark.parametrize("word", ["../team", "Team", "", "team/..", "te am", "team\n", "/etc", "1team"])
def test_a_hostile_word_is_refused(word, tmp_path):
    with pytest.raises(ParameterError):
        save_results(tmp_path, word, made(), CONCLUSION)
    with pytest.raises(ParameterError):
        load_results(tmp_path, word)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../table", "table", "A b"])
def test_a_further_table_needs_a_plain_name_of_its_own(name, tmp_path):
    with pytest.raises(ParameterError):
        save_results(tmp_path, "team", made(), CONCLUSION, also={name: pd.DataFrame({"x": [1]})})
    assert list(tmp_path.iterdir()) == []


def tamper(place, change):
    path = place / "results.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda place: (place / "table.parquet").unlink(),
        lambda place: pd.DataFrame({"item": ["z"]}).to_parquet(place / "table.parquet"),
        lambda place: (place / "results.json").write_text("{ not json"),
        lambda place: (place / "results.json").write_text("[]"),
        lambda place: (place / "results.json").unlink(),
        lambda place: (place / "results.json").write_bytes(b"\xff\xfe\x00"),
        lambda place: tamper(place, lambda content: content.pop("answer")),
        lambda place: tamper(place, lambda content: content["findings"][0].pop("low")),
        lambda place: tamper(place, lambda content: content["findings"][0].update(value="much")),
        lambda place: tamper(place, lambda content: content["findings"][0].update(surprise=1)),
        lambda place: tamper(place, lambda content: content["tables"].update({"../../x": content["tables"]["table"]})),
    ],
)
def test_what_was_changed_since_is_refused(spoil, tmp_path):
    spoil(save_results(tmp_path, "team", made(), CONCLUSION))
    with pytest.raises(DataError):
        load_results(tmp_path, "team")


def test_metrics_of_earlier_quarters_in_their_order(tmp_path):
    for quarter, share in (("2026Q2", 0.28), ("2026Q1", 0.31), ("2026Q3", 0.25), ("draft", 9.0)):
        metrics = {"market.share": share, "market.unknown": math.nan}
        save_results(tmp_path / quarter, "market", made(), Conclusion("x", metrics=metrics))
    found = read_metrics(tmp_path / "2026Q3", quarter="2026Q3")
    assert list(found) == ["market.share"] and list(found["market.share"]) == [0.31, 0.28, 0.25]
    assert read_metrics(tmp_path / "2026Q1", quarter="2026Q1")["market.share"].to_dict() == {"2026Q1": 0.31}
    stage = read_metrics(tmp_path / "draft", quarter="2026Q2")  # where a report is being made
    assert stage["market.share"].to_dict() == {"2026Q1": 0.31, "2026Q2": 9.0}
    assert read_metrics(tmp_path / "nowhere" / "2026Q1", quarter="2026Q1") == {}


def test_an_earlier_report_that_is_no_report_is_named(tmp_path):
    place = tmp_path / "2026Q1" / "results" / "team"
    place.mkdir(parents=True)
    for broken in ("{", "[]", '{"metrics": 1}'):
        (place / "results.json").write_text(broken)
        with pytest.raises(DataError, match="make the report of 2026Q1 again"):
            read_metrics(tmp_path / "2026Q2", quarter="2026Q2")


def test_answers_come_in_the_order_of_the_report_with_the_titles_of_its_chapters(tmp_path):
    assert read_titles(tmp_path) == {}
    for word in ("apple", "pear"):
        save_results(tmp_path, word, made(), Conclusion(f"{word}."))
    assert collect_answers(tmp_path)["chapter"].tolist() == ["apple", "pear"]
    save_titles(tmp_path, {"pear": "Birnen: größer", "summary": "What to do next"})
    assert read_titles(tmp_path) == {"pear": "Birnen: größer", "summary": "What to do next"}
    answers = collect_answers(tmp_path).replace({"chapter": read_titles(tmp_path)})
    assert answers["chapter"].tolist() == ["Birnen: größer", "apple"], "what has no title comes last under its word"


def test_what_chapters_count_on_stands_together_in_the_order_of_the_report(tmp_path):
    save_results(tmp_path, "apple", made(), Conclusion("No total."))
    save_results(tmp_path, "pear", made(), Conclusion("", bases=(Basis("Sales", "sales", "2026Q3", 5.0, "EUR"),)))
    save_results(tmp_path, "team", made(), CONCLUSION)
    save_titles(tmp_path, {"team": "Team", "pear": "Pears"})
    bases = collect_bases(tmp_path)
    assert bases["chapter"].tolist() == ["team", "pear"] and bases["value"].tolist() == [40e6, 5.0]
    assert list(bases.columns) == ["chapter", "what", "table", "period", "value", "unit"]


def test_a_result_shows_its_fields_by_name_and_size():
    @dataclasses.dataclass(frozen=True, eq=False, repr=False)
    class Tally(Result):
        table: pd.DataFrame
        cautions: tuple[str, ...]
        confidence: float

    shown = repr(Tally(pd.DataFrame({f"column{n}": [1.0] * 500 for n in range(8)}), ("one", "two"), 0.95))
    assert shown.splitlines()[1:] == [
        "  table       table of 500 rows: column0, column1, column2, column3, column4, column5 and 2 more",
        "  cautions    tuple of 2",
        "  confidence  0.95",
    ]


@pytest.mark.parametrize("name", sorted(set(salesopt.PUBLIC) - {"load_study"}))
def test_what_an_analysis_returns_is_a_result(name):
    analysis = getattr(salesopt, name)
    returned = typing.get_type_hints(analysis, analysis.__globals__)["return"]
    assert issubclass(returned, Result)
    assert len(returned.__doc__) > 100
