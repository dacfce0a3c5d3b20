"""Files as other programs write them: encodings, separators, numbers, workbooks, databases."""

import sqlite3

import duckdb
import openpyxl
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from salesopt.errors import DataError
from salesopt.study.numbers import are_numbers, look_at_numbers, misfits, write_plainly
from salesopt.study.read import read_table
from salesopt.study.text import decode

NAMES = ("product", "units", "price")


def written(tmp_path, content, name="table.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("content", "encoding", "read_as"),
    [
        ("Tee grün,1", "utf-8", "utf-8"),
        ("Tee grün,1", "utf-8-sig", "utf-8-sig"),
        ("Tee grün,1", "utf-16", "utf-16"),
        ("橙汁 大瓶,1\n苹果汁,2", "gb18030", "gb18030"),
        ("绿茶,1", "gb18030", "gb18030"),
        ("Grüner Tee,1\nCafé crème,2\nPiña colada,3\nSmørrebrød,4", "cp1252", "cp1252"),
        ("Müller’s “best” – 3 €,1", "cp1252", "cp1252"),
        ("plain,1", "ascii", "utf-8"),
    ],
)
def test_the_encoding_is_found(content, encoding, read_as):
    assert decode(content.encode(encoding)) == (content, read_as)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=6, max_size=40))
def test_utf8_is_never_taken_for_anything_else(content):
    assert decode(content.encode()) == (content, "utf-8")


COMMON = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分"
    "对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
)


@given(st.text(COMMON, min_size=2, max_size=40))
def test_chinese_exports_are_read_as_chinese(content):
    try:  # two or three hanzi alone may happen to be UTF-8 as well
        content.encode("gb18030").decode()
        assume(False)
    except UnicodeDecodeError:
        pass
    assert decode(f"{content},12\n".encode("gb18030"))[0] == f"{content},12\n"


WESTERN = (
    "Größe",
    "Käse",
    "Brötchen",
    "façade",
    "Ñandú",
    "Århus",
    "déjà",
    "Øl",
    "élève",
    "Spaß – 3 €",
    "naïveté",
    "ÉTÉ",
)


@given(st.lists(st.sampled_from(WESTERN), min_size=1, max_size=9))
def test_western_exports_are_read_as_western(words):
    content = " ".join(words) + ",12\n"
    assert decode(content.encode("cp1252"))[0] == content


@pytest.mark.parametrize(
    ("content", "encoding", "says"),
    [
        (b"a\x81\xff,1", "", "save it as UTF-8"),
        (b"\xff\xfea", "", "not utf-16"),
        (b"gr\xfcn", "utf-8", "byte 2 does not fit"),
        (b"a", "klingon", "use utf-8, gb18030 or cp1252"),
    ],
)
def test_what_fits_no_encoding_is_refused(content, encoding, says):
    with pytest.raises(DataError, match=says):
        decode(content, encoding)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(tmp_path, separator):
    lines = [separator.join(row) for row in (NAMES, ("tea", "1", "2.5"), ('"a ""b"" c, d; e|f"', "2", "3.5"))]
    raw = read_table(written(tmp_path, "\r\n".join(lines)), expected=NAMES)
    assert raw.separator == separator
    assert raw.frame["product"].tolist() == ["tea", 'a "b" c, d; e|f']
    assert list(raw.frame.columns) == list(NAMES)


def test_the_expected_names_decide_between_separators(tmp_path):
    raw = read_table(written(tmp_path, "product;units, pieces, a day;price\ntea;1;2\n"), expected=NAMES)
    assert raw.separator == ";"


def test_every_name_is_a_name_even_NA_and_nothing_is_guessed_of_numbers(tmp_path):
    raw = read_table(written(tmp_path, "market,units\nNA,007\nnull,1e3\n"))
    assert raw.frame.to_dict("list") == {"market": ["NA", "null"], "units": ["007", "1e3"]}


def test_rows_are_counted_as_in_the_file_whatever_is_empty(tmp_path):
    raw = read_table(written(tmp_path, 'product,units\n\ntea,1\n,\n"green\ntea",2\n\n\n'))
    assert raw.frame["product"].tolist() == ["tea", "green\ntea"]
    assert list(raw.rows) == [3, 5]
    assert raw.notes == ["2 empty rows left out"]


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    raw = read_table(written(tmp_path, "product,units,price"))
    assert list(raw.frame.columns) == list(NAMES) and raw.frame.empty


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "empty"),
        ("a.csv", "product,units\ntea,1\nmilk, white,2\n", "row 3 has 3 cells where the header has 2"),
        ("a.csv", "product,units\nmilk, white,2\ntea,1\n", "row 2 has 3 cells where the header has 2"),
        ("a.csv", "product,product\ntea,1\n", "twice"),
        ("a.csv", "product,,units\ntea,1,2\n", "an empty name in column 2"),
        ("a.csv", b"a\0b,c\n1,2", "not a text file"),
        ("a.csv", 'product,units\ntea,1\n"milk,2\nwater,3\n', "opened in row 3 and never closed"),
        ("a.csv", 'product,"units\n' + "tea,1\n" * 3, "mark in row 1 is never closed"),
        ("a.xls", "", "save it as one of these"),
        ("a", "", "save it as one of these"),
        ("a.parquet", "no parquet", "not a Parquet file"),
        ("a.xlsx", "no workbook", "not an Excel workbook"),
        ("a.duckdb", "no database", "not a DuckDB file"),
        ("a.sqlite", "no database", "not an SQLite table"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path, name, content, says):
    with pytest.raises(DataError, match=says):
        read_table(written(tmp_path, content, name), part="sales" if "sql" in name or "duck" in name else "")


def test_a_file_that_cannot_be_opened_is_said_to_be_so(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name in ("folder.csv", "absent.parquet"):
        with pytest.raises(DataError, match="cannot be read"):
            read_table(tmp_path / name)


def test_a_row_by_which_a_spreadsheet_names_its_separator_is_no_header(tmp_path):
    raw = read_table(written(tmp_path, "sep=;\r\nproduct;units, a day\r\ntea;1\r\n\r\nmilk;2\r\n"))
    assert raw.frame.to_dict("list") == {"product": ["tea", "milk"], "units, a day": ["1", "2"]}
    assert list(raw.rows) == [3, 5]


def test_a_name_of_a_column_may_hold_a_line_break(tmp_path):
    raw = read_table(written(tmp_path, 'product,"units\na day"\ntea,1\n'))
    assert list(raw.frame.columns) == ["product", "units\na day"] and list(raw.rows) == [2]


def test_trailing_separators_of_a_spreadsheet_export_do_no_harm(tmp_path):
    raw = read_table(written(tmp_path, "product,units,,\ntea,1,,\n,,,\n"))
    assert raw.frame.to_dict("list") == {"product": ["tea"], "units": ["1"]}


def test_a_cell_under_no_heading_is_not_lost_in_silence(tmp_path):
    with pytest.raises(DataError, match="row 2"):
        read_table(written(tmp_path, "product,units,\ntea,1,9\n"))


def test_a_sheet_of_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["notes"])
    sheet = book.create_sheet("sales")
    for row in (
        ["product", "units", "day"],
        [None, None, None],
        ["tea", 12, pd.Timestamp(2026, 7, 1)],
        ["milk", "1.5", None],
    ):
        sheet.append(row)
    book.save(tmp_path / "book.xlsx")
    raw = read_table(tmp_path / "book.xlsx", part="sales")
    assert raw.frame["product"].tolist() == ["tea", "milk"]
    assert raw.frame["units"].tolist() == [12, "1.5"]
    assert list(raw.rows) == [3, 4]
    with pytest.raises(DataError, match=r"book\.xlsx#Sheet, book\.xlsx#sales"):
        read_table(tmp_path / "book.xlsx")
    with pytest.raises(DataError, match="no such sheet; there are Sheet, sales"):
        read_table(tmp_path / "book.xlsx", part="sale")


def test_parquet(tmp_path):
    frame = pd.DataFrame({"product": pd.Categorical(["tea", "milk"]), "units": [1, 2]})
    frame.to_parquet(tmp_path / "sales.parquet")
    assert read_table(tmp_path / "sales.parquet").frame["units"].tolist() == [1, 2]
    frame.set_index("product").to_parquet(tmp_path / "indexed.parquet")
    assert list(read_table(tmp_path / "indexed.parquet").frame.columns) == ["product", "units"]
    with pytest.raises(DataError, match="only workbooks and database files have parts"):
        read_table(tmp_path / "sales.parquet", part="x")


@pytest.mark.parametrize("name", ["base.duckdb", "base.sqlite"])
def test_a_table_of_a_database_file(tmp_path, name):
    path = tmp_path / name
    base = duckdb.connect(str(path)) if name.endswith("duckdb") else sqlite3.connect(path)
    base.execute('create table "my sales" (product varchar, units decimal(9, 2))')
    base.execute("insert into \"my sales\" values ('tea', 1.5)")
    if name.endswith("sqlite"):
        base.commit()
    base.close()
    before = path.read_bytes()
    assert read_table(path, part="my sales").frame.to_dict("list") == {"product": ["tea"], "units": [1.5]}
    with pytest.raises(DataError, match=f"say which table of the file; there are {name}#my sales"):
        read_table(path, part="sales; drop table x")
    with pytest.raises(DataError, match="say which table"):
        read_table(path)
    assert path.read_bytes() == before


def test_a_database_file_cannot_reach_beyond_itself(tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    base = duckdb.connect(str(tmp_path / "base.duckdb"))
    base.execute(f"create view sales as select * from read_csv('{tmp_path / 'secret.csv'}')")
    base.close()
    with pytest.raises(DataError, match="disabled"):
        read_table(tmp_path / "base.duckdb", part="sales")


@pytest.mark.parametrize(
    ("cells", "decimal", "numbers"),
    [
        (["1234.5", "2"], ".", [1234.5, 2]),
        (["1,234.5", "2"], ".", [1234.5, 2]),
        (["1,234,567"], ".", [1234567]),
        (["1,234", "2.5"], ".", [1234, 2.5]),
        (["1234,5", "2"], ",", [1234.5, 2]),
        (["1.234,5"], ",", [1234.5]),
        (["1.234", "2,5"], ",", [1234, 2.5]),
        (["0,125"], ",", [0.125]),
        (["1.234.567"], ",", [1234567]),
        (["12345,678"], ",", [12345.678]),
        (["1 234,5", "1\u00a0234\u202f567,5"], ",", [1234.5, 1234567.5]),
        (["1'234.5", "1’234"], ".", [1234.5, 1234]),
        (["2.5", "1,5", "1,5"], ",", None),  # most rows decide; the others are told
        (["12", "-3", "+4"], "", [12, -3, 4]),
        (["\u22123.5", ".5", "1e3", "-1.5E-2"], ".", [-3.5, 0.5, 1000, -0.015]),
        (["1,234"], "?", None),
        (["1.234", "5"], "?", None),
        (["100.000", "250.000"], "?", None),
    ],
)
def test_how_numbers_are_written_is_found_column_by_column(cells, decimal, numbers):
    column = pd.Series(cells)
    found = look_at_numbers(column)
    assert found.decimal == decimal
    if numbers is not None:
        assert pd.to_numeric(write_plainly(column, found, decimal or ".")).tolist() == numbers


@given(st.lists(st.floats(-1e9, 1e9).map(lambda x: round(x, 2)), min_size=1, max_size=20), st.sampled_from([".", ","]))
def test_numbers_come_back_from_any_way_of_writing_them(numbers, decimal):
    cells = [f"{number:,.2f}" for number in numbers]
    if decimal == ",":
        cells = [cell.translate(str.maketrans(",.", ".,")) for cell in cells]
    column = pd.Series(cells)
    found = look_at_numbers(column)
    assert found.decimal == decimal
    assert pd.to_numeric(write_plainly(column, found, decimal)).tolist() == pytest.approx(numbers)


def test_what_fits_no_way_of_writing_stays_as_it_stood_and_what_fits_the_other_is_named():
    column = pd.Series(["1,5", "2.5", "3,5", "12%", "NA", "1,23,4"])
    found = look_at_numbers(column)
    assert write_plainly(column, found, ",").tolist()[:4] == ["1.5", "2.5", "3.5", "12%"]
    assert pd.isna(write_plainly(column, found, ",")[4])
    assert misfits(found, ",") == ["2.5"] and misfits(found, ".") == ["1,5", "3,5"]


@pytest.mark.parametrize(
    ("cells", "numbers"), [(["1", "2.5"], True), (["01067", "80331"], False), (["a", "1"], False), ([""], False)]
)
def test_codes_are_not_taken_for_numbers(cells, numbers):
    column = pd.Series(cells)
    assert are_numbers(look_at_numbers(column)) is numbers


@pytest.mark.parametrize(
    "text", ["e5", "", "-", ".", ",", "1_000", "0x10", "١٢", "12:30", "1,2,3", "1.5.2", "--1", "1e", "5%"]
)
def test_what_only_looks_like_a_number_is_none(text):
    column = pd.Series([text])
    found = look_at_numbers(column)
    assert found.decimal == "" and not are_numbers(found)


def test_a_view_of_a_table_that_is_gone_cannot_be_read(tmp_path):
    base = sqlite3.connect(tmp_path / "a.db")
    base.executescript("create table gone (a); create view sales as select * from gone; drop table gone;")
    base.close()
    with pytest.raises(DataError, match="not an SQLite table that can be read"):
        read_table(tmp_path / "a.db", part="sales")


def test_a_sheet_with_titles_says_where_its_header_stands_and_is_read_from_there(tmp_path):
    book = openpyxl.Workbook()
    for row in (["Sales of the year"], [], ["product", "units", "price"], ["tea", 5, 2.5]):
        book.active.append(row)
    book.save(tmp_path / "book.xlsx")
    with pytest.raises(DataError, match=r"stand in row 3: .* header = 3 below \[format"):
        read_table(tmp_path / "book.xlsx", expected=NAMES)
    raw = read_table(tmp_path / "book.xlsx", expected=NAMES, form={"header": "3"})
    assert raw.frame.to_dict("records") == [{"product": "tea", "units": 5, "price": 2.5}] and raw.rows.tolist() == [4]
    with pytest.raises(DataError, match="row 9 of the sheet must hold the names"):
        read_table(tmp_path / "book.xlsx", expected=NAMES, form={"header": "9"})
    late = written(tmp_path, "sep=;\ntitle\nproduct;units\ntea;5\n")
    raw = read_table(late, expected=NAMES, form={"header": "3"})
    assert raw.frame["units"].tolist() == ["5"] and raw.rows.tolist() == [4]
