"""A new study: complete, explained, never over something that is there; filled in, it passes the check."""

import csv

import pytest

from salesopt.errors import DataError, ParameterError
from salesopt.study.describe import describe_data, describe_tables
from salesopt.study.load import check_study, load_study
from salesopt.study.scaffold import new_study
from salesopt.study.tables import TABLES

SPECIAL = {"ladder": "1.99 2.49", "role": "representative", "hours": "1500"}
SPECIAL |= {"right": "other", "destination": "other", "neighbour": "other"}


def fill(folder):
    """One row in every table: the same name everywhere, so that everything refers to something; every number 1."""
    for name, schema in TABLES.items():
        with (folder / f"{name}.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow([cell(column, spec) for column, spec in schema.columns.items()])


def cell(column, spec):
    if column in SPECIAL:
        return SPECIAL[column]
    choices = [
        check.statistics["allowed_values"] for check in spec.checks if "allowed_values" in (check.statistics or {})
    ]
    text = choices[0][0] if choices else "one"
    return {"number": "1", "date": "2026-07-01", "text": text}[spec.metadata["kind"]]


def test_a_new_study_has_every_table_with_its_header(tmp_path):
    folder = new_study(tmp_path / "Müller & Söhne")
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["study.toml", "README.md", *(f"{name}.csv" for name in TABLES)]
    )
    assert (folder / "sales.csv").read_text(encoding="utf-8-sig") == ",".join(TABLES["sales"].columns) + "\n"
    guide = (folder / "README.md").read_text(encoding="utf-8")
    for name, schema in TABLES.items():
        assert f"## {name}\n" in guide and all(f"| `{column}` |" in guide for column in schema.columns)


def test_a_new_study_says_in_one_line_what_to_fill_in_first(tmp_path):
    folder = new_study(tmp_path / "study")
    problems = check_study(folder)
    assert [(one.file, one.column, one.level) for one in problems] == [("study.toml", "tables", "error")]
    assert "all without rows" in problems[0].value and "effort_response.csv (size of the team)" in problems[0].expected
    with pytest.raises(DataError) as refused:
        load_study(folder)
    assert list(refused.value.problems) == problems


def test_tables_not_yet_filled_in_count_as_absent_and_are_named(tmp_path):
    folder = new_study(tmp_path / "study")
    with (folder / "sales.csv").open("a", encoding="utf-8") as file:
        file.write("tea,north,2026-07,10,2.5,,,,\n")
    (folder / "reps.csv").write_text("rep,role,cost\n", encoding="utf-8")  # a header that lacks a column is a problem
    problems = check_study(folder)
    assert [(one.file, one.column, one.level) for one in problems[:-1]] == [("reps.csv", "hours", "error")]
    assert (
        problems[-1].level == "note" and "accounts.csv" in problems[-1].column and "no rows yet" in problems[-1].value
    )
    (folder / "reps.csv").write_text("rep,role,cost,hours\n", encoding="utf-8")
    firm = load_study(folder)
    assert list(firm.tables) == ["sales"] and firm.get("reps") is None and firm.quarter == "2026Q3"
    assert "no rows yet" in firm.cautions[0] and "promo" not in firm["sales"]  # no entry at all: as if absent


def test_a_new_study_filled_in_passes_the_check_and_loads(tmp_path):
    folder = new_study(tmp_path / "study")
    fill(folder)
    assert [str(problem) for problem in check_study(folder)] == []
    firm = load_study(folder)
    assert set(firm.tables) == set(TABLES) and firm.quarter == "2026Q3" and firm.title == "study"


def test_a_table_that_is_left_out_is_no_problem(tmp_path):
    folder = new_study(tmp_path / "study")
    fill(folder)
    settings = (folder / "study.toml").read_text(encoding="utf-8")
    lines = [line for line in settings.splitlines() if not line.startswith("products")]
    (folder / "study.toml").write_text("\n".join(lines), encoding="utf-8")
    (folder / "products.csv").unlink()
    assert check_study(folder) == [] and load_study(folder).get("products") is None


@pytest.mark.parametrize("there", ["folder", "file"])
def test_nothing_is_ever_overwritten(tmp_path, there):
    place = tmp_path / "study"
    if there == "folder":
        place.mkdir()
        (place / "mine.txt").write_text("mine")
    else:
        place.write_text("mine")
    with pytest.raises(ParameterError, match="already there"):
        new_study(place)
    assert (place / "mine.txt" if there == "folder" else place).read_text() == "mine"
    assert len(list(tmp_path.rglob("*"))) == (2 if there == "folder" else 1)


@pytest.mark.parametrize("name", ['a "quoted" name', "back\\slash", "tab\tname", "果汁", "a'b # c"])
def test_any_name_of_a_folder_makes_a_valid_study(tmp_path, name):
    folder = new_study(tmp_path / name)
    fill(folder)
    assert load_study(folder, tables=["sales"]).title == name


def test_an_empty_folder_will_do(tmp_path):
    assert new_study(tmp_path) == tmp_path and (tmp_path / "study.toml").is_file()


def test_the_description_names_units_rules_and_references():
    text = describe_tables()
    assert "| `price` |  | currency per unit | a number above 0 | price paid per unit, after deals |" in text
    assert "| `channel` |  | text | stands in `channels` | name, as in channels |" in text
    assert "one of S, W, O, T" in text and "- `min_price`, `max_price`: min_price up to max_price." in text
    assert describe_data().endswith(text)
