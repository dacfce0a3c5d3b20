"""A hostile study: names that are mark-up, formulas, paths and line breaks pass through and stay names."""

import io
import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest

from salesopt.conclusions.makeup import makeup_sentence
from salesopt.conclusions.skills import conclude_skills
from salesopt.conclusions.structure import conclude_structure
from salesopt.display import show_answer, show_doubts, show_table
from salesopt.errors import DataError, ParameterError
from salesopt.plots.skills import plot_coverage, plot_skills, plot_training
from salesopt.plots.structure import plot_duties, plot_flips, plot_hours, plot_makeup, plot_shifts, plot_structures
from salesopt.report.workbook import write_workbook
from salesopt.results import Conclusion, Finding, load_results, save_results
from salesopt.skills import form_teams, match_skills
from salesopt.structure import check_duties, compare_structures, describe_team, join_organisation

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": "\"><img src=x onerror='alert(1)'>",
    "entity": "&lt;b&gt; & <b>bold",
    "formula": "=cmd|'/c calc'!A1",
    "plus": "+SUM(1;2)",
    "at": "@import url(http://example.test)",
    "path": "../../etc/passwd",
    "windows": "..\\..\\con",
    "lines": "two\nlines\r\nand a\ttab",
    "quotes": 'it\'s "quoted" `so`',
    "mathtext": r"$\frac{1}{$ and \$x$",
    "format": "{0.__class__} %s %(name)s {{x}}",
    "comment": "--> <!-- ]]> <?php ?>",
    "reversed": "abc\u202eexe.txt",
    "toml": '"""\n[run]\nout = "/"',
    "long": "x" * 500,
}
VALUES = list(HOSTILE.values())
TAGS = {"p", "h3", "ul", "li", "div", "table", "caption", "span", "thead", "tbody", "tr", "th", "td", "strong"}
# A checked table holds its text without blanks at the ends; line breaks inside stay.
NAMES = [value.strip() for value in VALUES]


class Reader(HTMLParser):
    """Tags, attributes and text of a piece of a page, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.others: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.others.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def assert_safe(page, *, holds: list[str] | None = None) -> None:
    """Nothing but our own tags, no attribute but our three, and every name in `holds` is there as text."""
    read = Reader(page._repr_html_())
    assert read.tags <= TAGS
    assert read.attributes <= {
        "class",
        "data-label",
        "colspan",
    }  # a heading that broke out of its quotes would be another
    assert not read.others
    for name in holds or []:
        assert _joined(name) in _joined(read.text)


def _joined(text: str) -> str:
    """Text without its blanks: a parser turns a carriage return into a line feed."""
    return "".join(text.split())


@pytest.fixture(scope="module")
def study() -> dict[str, pd.DataFrame]:
    """Every name of the firm is hostile: people, accounts, lines, segments, skills, duties, teams."""
    count = len(NAMES)
    people = pd.DataFrame({"rep": NAMES, "role": "representative", "cost": 100.0, "hours": 900.0, "team": NAMES[::-1]})
    people.loc[0, "role"] = "manager"
    people["hired"] = "2020-01-01"
    accounts = pd.DataFrame(
        {
            "account": NAMES,
            "segment": [NAMES[at % 3] for at in range(count)],
            "line": [NAMES[3 + at % 3] for at in range(count)],
            "region": [NAMES[6 + at % 2] for at in range(count)],
            "potential": 100.0,
            "calls": 20.0,
            "hours_per_call": 2.0,
            "rep": [NAMES[1 + at % (count - 1)] for at in range(count)],
        }
    )
    rows = [(person, NAMES[skill], float((at + skill) % 4)) for at, person in enumerate(NAMES) for skill in range(4)]
    needs = [(group, NAMES[skill], 3.0) for group in NAMES[:3] for skill in range(4)]
    duties = [(duty, NAMES[(at + 1) % count], part) for at, duty in enumerate(NAMES) for part in "AR"[: 1 + at % 2]]
    return {
        "reps": people,
        "accounts": accounts,
        "skills": pd.DataFrame(rows, columns=["rep", "skill", "level"]),
        "skill_needs": pd.DataFrame(needs, columns=["group", "skill", "level"]).assign(training_cost=10.0),
        "duties": pd.DataFrame(duties, columns=["duty", "person", "part"]).assign(hours=2000.0),
    }


@pytest.fixture(scope="module")
def structure(study):
    structures = compare_structures(study["accounts"], study["reps"], draws=3)
    makeup = describe_team(study["reps"], on="2026-01-01")
    duties = check_duties(study["duties"], study["reps"])
    return structures, makeup, duties


@pytest.fixture(scope="module")
def skills(study):
    tables = {name: study[name] for name in ("skills", "skill_needs", "reps", "accounts")}
    return match_skills(**tables, draws=20, plan_draws=2)


@pytest.mark.parametrize("value", VALUES, ids=HOSTILE)
def test_a_table_shows_hostile_cells_headings_and_captions_as_text(value):
    table = pd.DataFrame({value: [value, "plain"], "number": [1.0, float("nan")]})
    page = show_table(table, columns={value: value, "number": "Number"}, caption=value, currency=value)
    assert_safe(page, holds=[value])
    assert Reader(page.body).text.count(value.split("\n")[0].split("\r")[0]) >= 3


@pytest.mark.parametrize("value", VALUES, ids=HOSTILE)
def test_answers_and_doubts_show_hostile_words_as_text(value):
    conclusion = Conclusion(f"Sell {value} now.", (value, "fine"))
    assert_safe(show_answer(conclusion), holds=[value])
    skipped = pd.DataFrame({"item": [value], "reason": [value]})
    assert_safe(show_doubts(conclusion, skipped), holds=[value])


def test_the_chapter_of_structure_is_safe(structure):
    structures, makeup, duties = structure
    conclusion = conclude_structure(structures, makeup, duties, currency=HOSTILE["script"])
    result = join_organisation(structures, makeup, duties)
    wrong = duties.table.loc[duties.table["faults"] > 0, "duty"].tolist()
    assert wrong
    assert_safe(show_answer(conclusion), holds=[HOSTILE["script"]])
    assert_safe(show_doubts(conclusion, result.skipped))
    assert any(_joined(wrong[0]) in _joined(finding.action) for finding in conclusion.findings)
    assert_safe(show_table(result.duties), holds=wrong)
    assert_safe(show_table(result.people), holds=NAMES[1:3])
    assert_safe(show_table(makeup.teams), holds=NAMES)
    assert_safe(show_table(makeup.roles, caption=makeup_sentence(makeup, currency=HOSTILE["script"])))
    assert_safe(show_table(structures.shifts, most=100), holds=NAMES[:3])


def test_the_chapter_of_skills_is_safe(skills, study):
    conclusion = conclude_skills(skills, currency=HOSTILE["attribute"])
    assert_safe(show_answer(conclusion), holds=[HOSTILE["attribute"]])
    assert_safe(show_doubts(conclusion, skills.skipped))
    assert_safe(show_table(skills.matrix, most=200), holds=NAMES)
    assert_safe(show_table(skills.table), holds=NAMES[:4])
    assert_safe(show_table(skills.training, most=200))
    formed = form_teams(study["skills"], study["skill_needs"], study["reps"], teams=2, most=3)
    assert_safe(show_table(formed.table), holds=formed.table["rep"].tolist())


@pytest.mark.parametrize(
    "plot",
    [plot_structures, plot_flips, plot_hours, plot_shifts, plot_makeup, plot_duties],
    ids=lambda one: one.__name__,
)
def test_figures_of_structure_draw_hostile_names_as_text(plot, structure):
    part = {"plot_makeup": 1, "plot_duties": 2}.get(plot.__name__, 0)
    assert_drawing_is_safe(plot(structure[part]))


@pytest.mark.parametrize("plot", [plot_skills, plot_coverage, plot_training], ids=lambda one: one.__name__)
def test_figures_of_skills_draw_hostile_names_as_text(plot, skills):
    assert_drawing_is_safe(plot(skills))


def assert_drawing_is_safe(ax) -> None:
    """The SVG is well-formed, has no script, no event and no address outside itself."""
    drawing = io.StringIO()
    ax.figure.savefig(drawing, format="svg")
    for element in ElementTree.fromstring(drawing.getvalue()).iter():
        assert "script" not in str(element.tag).lower()
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert not name.endswith("href") or value.startswith(("#", "data:image/png;base64,"))


def test_results_keep_every_name_and_stay_in_their_folder(tmp_path, structure, skills):
    structures, makeup, duties = structure
    folder = tmp_path / "report"
    for word, result, conclusion in (
        ("structure", join_organisation(structures, makeup, duties), conclude_structure(structures, makeup, duties)),
        ("skills", skills, conclude_skills(skills)),
    ):
        save_results(folder, word, result, conclusion)
        back = load_results(folder, word)
        assert back.conclusion.answer == conclusion.answer
        assert [finding.action for finding in back.conclusion.findings] == [item.action for item in conclusion.findings]
    assert back.tables["matrix"]["rep"].unique().tolist() == NAMES
    assert {path.name for path in tmp_path.iterdir()} == {"report"}
    assert {path.name for path in (folder / "results").iterdir()} == {"structure", "skills"}


@pytest.mark.parametrize("value", VALUES, ids=HOSTILE)
def test_a_hostile_finding_comes_back_word_for_word(value, tmp_path, skills):
    finding = Finding(value, 1.0, float("nan"), float("inf"), value, value, value, "skills")
    save_results(tmp_path, "skills", skills, Conclusion(value, (value,), (finding,), {value: 1.0}))
    back = load_results(tmp_path, "skills").conclusion
    assert (back.answer, back.doubts, back.metrics) == (value, (value,), {value: 1.0})
    assert (back.findings[0].what, back.findings[0].unit, back.findings[0].action) == (value, value, value)


@pytest.mark.parametrize(
    "word",
    ["../skills", "/etc/passwd", "skills/..", "..", "", ".", "Skills", "skills\n", "skills\0", "a b", "con:", "é"],
)
def test_a_word_that_is_a_path_is_refused(word, tmp_path, skills):
    with pytest.raises(ParameterError, match="plain lower-case"):
        save_results(tmp_path / "out", word, skills, Conclusion(""))
    with pytest.raises(ParameterError, match="plain lower-case"):
        load_results(tmp_path / "out", word)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../secret", "..\\secret", "/etc/passwd", "a/b", "", "table\n", "Table"])
def test_a_table_that_is_a_path_is_refused(name, tmp_path, skills):
    """Also by who reads a `results.json` that somebody has changed, with a checksum that fits."""
    with pytest.raises(ParameterError, match="plain lower-case"):
        save_results(tmp_path, "skills", skills, Conclusion(""), also={name: skills.table})
    place = save_results(tmp_path, "skills", skills, Conclusion(""))
    content = json.loads((place / "results.json").read_text(encoding="utf-8"))
    content["tables"] = {name: content["tables"]["table"]}
    (place.parent / "secret.parquet").write_bytes((place / "table.parquet").read_bytes())
    (place / "results.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(DataError):
        load_results(tmp_path, "skills")


def test_a_changed_table_is_noticed(tmp_path, skills):
    place = save_results(tmp_path, "skills", skills, Conclusion(""))
    skills.team.to_parquet(place / "table.parquet")
    with pytest.raises(DataError, match="not the one"):
        load_results(tmp_path, "skills")


def test_no_cell_of_the_workbook_is_a_formula(tmp_path, structure, skills):
    structures, makeup, duties = structure
    save_results(tmp_path, "structure", join_organisation(structures, makeup, duties), Conclusion(""))
    save_results(tmp_path, "skills", skills, Conclusion(""))
    saved = [load_results(tmp_path, word) for word in ("structure", "skills")]
    write_workbook(saved, tmp_path / "tables.xlsx", title=HOSTILE["formula"], quarter=HOSTILE["script"])
    book = openpyxl.load_workbook(tmp_path / "tables.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert HOSTILE["formula"] in {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} <= {"s", "n", "b"}
    assert not any(cell.hyperlink for cell in cells)


def test_an_error_about_a_hostile_value_shows_it_on_one_line(study):
    """A message is read on a terminal: what stood there is quoted, so that it can't break the line or fake another."""
    broken = study["duties"].assign(part=HOSTILE["lines"])
    with pytest.raises(DataError) as error:
        check_duties(broken, study["reps"])
    assert str(error.value).count("\n") == len(error.value.problems) - 1
