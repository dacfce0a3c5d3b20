"""The command: exit codes, clear messages, never a traceback for a user's mistake."""

from __future__ import annotations

import pytest

from salesopt import cli
from salesopt.errors import ParameterError


def call(monkeypatch, capsys, *words):
    monkeypatch.setattr("sys.argv", ["salesopt", *map(str, words)])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    printed = capsys.readouterr()
    return stopped.value.code or 0, printed.out, printed.err


def test_settings_are_toml_or_text():
    given = ["pricing.margin_floor=0.1", "swot.rule=strength", 'tea.names=["a", "b"]', "pricing.draws=10"]
    assert cli.parse_settings(given) == {
        "pricing": {"margin_floor": 0.1, "draws": 10},
        "swot": {"rule": "strength"},
        "tea": {"names": ["a", "b"]},
    }


@pytest.mark.parametrize("setting", ["pricing", "pricing=1", "pricing.=1", "a.b.c=1", "x.os.system('id')=1", ".a=1"])
def test_a_setting_of_another_form_is_refused(setting):
    with pytest.raises(ParameterError, match=r"chapter\.parameter=value"):
        cli.parse_settings([setting])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "nowhere"), "nowhere"),
        (("check", "nowhere"), "nowhere"),
        (("cases", "nowhere"), "nowhere"),
        (("report", "nowhere", "--set", "x"), "chapter.parameter=value"),
        (("report",), "Missing argument"),
        (("reprot", "x"), "No such command"),
        (("report", "x", "--jobs", "0"), "--jobs"),
    ],
)
def test_mistakes_end_with_2_and_plain_words(monkeypatch, capsys, words, said):
    code, out, err = call(monkeypatch, capsys, *words)
    assert code == 2 and said in out + err and "Traceback" not in out + err


def test_check_lists_every_problem_with_its_place(monkeypatch, capsys, tmp_path):
    (tmp_path / "study.toml").write_text('[study]\ntitle = "Tea"\ncurrency = "EUR"\n[tables]\nsales = "sales.csv"\n')
    rows = "tea,north,2026-07,5,2\ntea,north,2026-08,-1,2\ntea,north,2026-08,[red]x[/red],2\n"
    (tmp_path / "sales.csv").write_text("product,market,period,units,price\n" + rows)
    code, out, err = call(monkeypatch, capsys, "check", tmp_path)
    assert code == 2 and "3 problems found" in err
    assert "'-1" in out and "[red]x[/red]" in out and "sales.csv" in out


def test_check_tells_problems_from_what_is_doubtful_and_from_notes(monkeypatch, capsys, tmp_path):
    call(monkeypatch, capsys, "new", tmp_path / "mine")
    code, out, err = call(monkeypatch, capsys, "check", tmp_path / "mine")
    assert code == 2 and out.count("\n") == 2 and "fill in first" in out and "1 problem found" in err
    (tmp_path / "mine" / "reps.csv").write_text("rep,role,cost,hours,latt\nann,representative,1,1500,48\n")
    code, out, err = call(monkeypatch, capsys, "check", tmp_path / "mine")
    assert code == 0 and err == "" and "no problem found, 1 doubtful" in out.replace("\n", " ")
    assert "did you mean 'lat'?" in out and "note: study.toml: sales.csv, " in out


def test_new_makes_a_study_and_never_writes_over_one(monkeypatch, capsys, tmp_path):
    code, out, _ = call(monkeypatch, capsys, "new", tmp_path / "mine")
    assert code == 0 and "salesopt check" in out and (tmp_path / "mine" / "study.toml").is_file()
    code, _, err = call(monkeypatch, capsys, "new", tmp_path / "mine")
    assert code == 2 and "mine" in err


@pytest.mark.parametrize(
    "words", [("new", "{}/file/study"), ("report", "data/orchard", "--only", "pest", "--out", "{}/file/out")]
)
def test_a_folder_that_cannot_be_made_is_said_without_a_traceback(monkeypatch, capsys, tmp_path, words):
    (tmp_path / "file").write_text("not a folder")
    code, _, said = call(monkeypatch, capsys, *(word.format(tmp_path) for word in words))
    assert code == 2
    assert "Not done." in said and str(tmp_path / "file") in said.replace("\n", "")


def test_one_case_is_shown_by_its_name_and_what_is_not_printed_in_its_source_is_said(monkeypatch, capsys):
    code, out, _ = call(monkeypatch, capsys, "cases", "--only", "breakeven_pops")
    assert code == 0 and "1 case, 1 number printed in their source and 1 known otherwise, 0 differ." in out
    assert "agrees, " in out and "follows" in out and "salesopt report data/cases/breakeven_pops" in out
    code, _, err = call(monkeypatch, capsys, "cases", "--only", "syntex")
    assert code == 2 and "did you mean 'syntex8'?" in err
