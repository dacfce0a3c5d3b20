"""Rounding, words and tables for the page: every edge case of a number, nothing unescaped."""

import math

import numpy as np
import pandas as pd
import pytest

from salesopt import display
from salesopt.display import MINUS, THIN, Page, about, between, listed, plural, show_answer, show_doubts, show_table
from salesopt.errors import ParameterError
from salesopt.results import Conclusion

NAN, INF = math.nan, math.inf
PC = f"{THIN}%"


@pytest.mark.parametrize(
    ("style", "value", "text"),
    [
        ("number", 1234567.8, "1,234,568"),
        ("number", 999.6, "1,000"),
        ("number", 999.4, "999"),
        ("number", 9.996, "10.0"),
        ("number", 0.9996, "1.00"),
        ("number", 0.01234, "0.0123"),
        ("number", -1.8361, f"{MINUS}1.84"),
        ("number", 0.0, "0"),
        ("number", -0.0, "0"),
        ("number", 5e-324, "< 0.000001"),
        ("number", -1e-9, f"> {MINUS}0.000001"),
        ("number", 2e-6, "0.00000200"),
        ("number", NAN, "n/a"),
        ("number", None, "n/a"),
        ("number", pd.NA, "n/a"),
        ("number", INF, "unlimited"),
        ("number", -INF, f"{MINUS}unlimited"),
        ("integer", 999.6, "1,000"),
        ("integer", -0.4, "0"),
        ("integer", -10, f"{MINUS}10"),
        ("integer", -100, f"{MINUS}100"),
        ("integer", INF, "unlimited"),
        ("percent", 0.1234, f"12.3{PC}"),
        ("percent", -0.0001, f"0.0{PC}"),
        ("percent", -0.5, f"{MINUS}50.0{PC}"),
        ("percent", 12.5, f"1,250.0{PC}"),
        ("percent", NAN, "n/a"),
        ("money", 999.6, "1,000"),
        ("money", 0.9996e6, "1.00 million"),
        ("money", 999_499, "999,500"),
        ("money", 999.6e6, "1.00 billion"),
        ("money", 1_234_567, "1.23 million"),
        ("money", 45_600.4, "45,600"),
        ("money", 123_456, "123,500"),
        ("money", 12.3, "12.30"),
        ("money", 0.0, "0"),
        ("money", -0.0, "0"),
        ("money", -0.001, "0.00"),
        ("money", -2.5e9, f"{MINUS}2.50 billion"),
        ("money", NAN, "n/a"),
        ("money", -INF, f"{MINUS}unlimited"),
        ("size", 3.0, "3"),
        ("size", 8845.2, "8,845"),
        ("size", 0.02134, "0.0213"),
        ("size", NAN, "n/a"),
        ("size", INF, "unlimited"),
        ("estimate", 843_312, "843,000"),
        ("estimate", 9139.4, "9,140"),
        ("estimate", -37_012, f"{MINUS}37,000"),
        ("estimate", 1_164_000, "1.16 million"),
        ("estimate", 999_600, "1.00 million"),
        ("estimate", -11_114_000, f"{MINUS}11.1 million"),
        ("estimate", 843e9, "843 billion"),
        ("estimate", 12.3, "12.30"),
        ("estimate", NAN, "n/a"),
        ("estimate", INF, "unlimited"),
        ("price", 3.456, "3.46"),
        ("price", -0.004, "0.00"),
        ("price", INF, "unlimited"),
        ("points", 2.605, "2.60"),
        ("points", -0.001, "0.00"),
        ("chance", 0.834, f"83{PC}"),
        ("chance", 0.9951, f"more than 99{PC}"),
        ("chance", 1.0, f"100{PC}"),
        ("chance", 0.0, f"0{PC}"),
        ("chance", 0.001, f"less than 1{PC}"),
        ("p_value", 0.0429, "0.043"),
        ("p_value", 1e-12, "< 0.001"),
        ("p_value", NAN, "n/a"),
    ],
)
def test_a_number_in_words(style, value, text):
    assert getattr(display, style)(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-45_600, f"{MINUS}USD 45,600"),
        (1.5e6, "USD 1.50 million"),
        (-0.001, "USD 0.00"),
        (NAN, "n/a"),
        (INF, "unlimited"),
    ],
)
def test_money_with_its_currency(value, text):
    assert display.money(value, "USD") == text


@pytest.mark.parametrize("size", [10.0**power for power in range(-5, 12)])
def test_every_size_keeps_three_digits_without_an_exponent(size):
    for factor in (1, 1.234, 5.6789, 9.994, 9.996, 9.9999):
        text = display.number(size * factor)
        assert "e" not in text
        assert float(text.replace(",", "")) == pytest.approx(size * factor, rel=0.0051)
        if "." in text:
            assert len(text.replace(".", "").lstrip("0")) == 3


@pytest.mark.parametrize(
    ("value", "text"), [(8716, "8,700"), (484.4, "480"), (4.2, "4"), (0, "0"), (-271, "\u2212270")]
)
def test_what_is_roughly_known_keeps_two_digits(value, text):
    assert about(value) == text


def test_intervals_lists_and_counts():
    assert between(0.1, 0.25, "percent") == f"10.0{PC} to 25.0{PC}"
    assert between(-1e6, INF, "money", "EUR") == f"{MINUS}EUR 1.00 million to unlimited"
    assert [listed([]), listed(["a"]), listed("ab"), listed("abcdefg", 5)] == [
        "",
        "a",
        "a and b",
        "a, b, c, d, e and 2 more",
    ]
    assert [plural(1, "product"), plural(3, "product"), plural(2, "strategy", "strategies")] == [
        "1 product",
        "3 products",
        "2 strategies",
    ]


def test_an_amount_does_not_break_at_the_end_of_a_line():
    kept = "USD\u00a01.16\u00a0million"
    answer = show_answer(Conclusion("It is worth USD 1.16 million (USD 447,000 to USD 2.00 billion) a year."))
    assert f"worth {kept} (USD\u00a0447,000 to USD\u00a02.00\u00a0billion) a year" in answer.body
    assert "USD 1.16 million" in answer.plain, "only the page needs it"
    cell = show_table(pd.DataFrame({"worth": [1.16e6]}), {"worth": "money"}, currency="USD").body
    assert f">{kept}</td>" in cell
    assert kept in show_doubts(Conclusion("", ("USD 1.16 million",))).body


HOSTILE = "<script>alert('1')</script> & \"so\""


def test_a_sentence_writes_percent_and_minus_as_the_tables_do():
    said = "Below -1 (-1.55 to -0.95) in 95% of draws up to 2026-09-30, rows 3-5, item A-1."
    page = show_doubts(Conclusion("", (said,)))._repr_html_()
    wanted = f"Below {MINUS}1 ({MINUS}1.55 to {MINUS}0.95) in 95{THIN}% of draws up to 2026-09-30, rows 3-5, item A-1."
    assert wanted in page
    assert wanted in show_table(pd.DataFrame({"caution": [said]}))._repr_html_()
    assert "A -1 2%" in show_table(pd.DataFrame({"product": ["A -1 2%"]}))._repr_html_()


def test_every_cell_heading_and_caption_is_escaped():
    table = pd.DataFrame({"factor": [HOSTILE], "value": [1.0]})
    page = show_table(
        table,
        columns={"factor": HOSTILE, "value": "Value"},
        currency=HOSTILE,
        formats={"value": "price"},
        caption=HOSTILE,
    )
    assert "<script>" not in page.body and page.body.count("&lt;script&gt;") == 4
    assert HOSTILE in page.plain
    assert "<script>" not in show_table(table.iloc[:0], caption=HOSTILE).body
    conclusion = Conclusion(HOSTILE, (HOSTILE,))
    skipped = pd.DataFrame({"item": [HOSTILE], "reason": [HOSTILE]})
    for part in (show_answer(conclusion), show_doubts(conclusion, skipped)):
        assert "<script>" not in part._repr_html_() and HOSTILE in repr(part)


def test_a_table_shows_each_kind_of_value():
    table = pd.DataFrame(
        {
            "name": ["a", None], "share": [0.5, NAN], "count": [1200, 3], "sure": [True, False], "maybe": [True, None],
            "day": pd.to_datetime(["2026-07-01", None]), "mixed": pd.Series([0.123456, None], dtype=object),
            "small": np.array([1.5, NAN], dtype="float32"),
        }
    )  # fmt: skip
    body = show_table(table, {"share": "percent"}).body
    first, second = (row.split("</td>") for row in body.split("<tbody><tr>")[1].split("</tr><tr>"))
    assert [cell.split(">")[-1] for cell in first[:8]] == [
        "a",
        f"50.0{PC}",
        "1,200",
        "yes",
        "yes",
        "2026-07-01",
        "0.123",
        "1.50",
    ]
    assert [cell.split(">")[-1] for cell in second[:8]] == ["", "", "3", "no", "", "", "", ""]
    assert '<th class="text">Name</th><th>Share</th>' in body


def test_a_long_table_says_where_the_rest_is():
    page = show_table(pd.DataFrame({"value": range(45)}), most=40)
    assert page.body.count("<tr>") == 41 and "5 more rows in tables.xlsx" in page.body
    assert "more row" not in show_table(pd.DataFrame({"value": range(40)})).body


@pytest.mark.parametrize(
    "call", [lambda table: show_table(table, columns=["absent"]), lambda table: show_table(table, {"value": "pct"})]
)
def test_a_wrong_column_or_format_is_refused(call):
    with pytest.raises(ParameterError):
        call(pd.DataFrame({"value": [1.0]}))


def test_a_page_is_html_in_a_notebook_and_text_elsewhere():
    assert (Page("<b>x</b>", "x")._repr_html_(), repr(Page("<b>x</b>", "x"))) == ("<b>x</b>", "x")


def test_each_cell_of_a_table_with_prose_carries_its_heading_for_a_phone_and_no_other_does():
    prose = pd.DataFrame({"what": ["word " * 20], "worth": [3.0]})
    body = show_table(prose, columns={"what": "What <to> do", "worth": "Worth"}).body
    assert '<div class="table prose">' in body and 'data-label="What &lt;to&gt; do"' in body
    assert "data-label" not in show_table(prose.assign(what="short")).body
    wide = prose.assign(**{f"column {at}": 1.0 for at in range(9)})
    assert "data-label" not in show_table(wide).body


def test_a_number_to_be_compared_keeps_seven_digits_and_no_zeros_at_its_end():
    shown = [display.exact(value) for value in (0.5, 527.0, 510.4935, 1032.279001, 1e-9, float("nan"), 120.0)]
    assert shown == ["0.5", "527", "510.4935", "1,032.279", "< 0.000001", "n/a", "120"]


def test_a_currency_counted_in_millions_is_said_as_people_say_it():
    assert display.money(111.4, "million USD") == "USD 111 million"
    assert display.estimate(-0.057, "thousand EUR") == f"{MINUS}EUR 0.06 thousand"
    assert display.money(111.4, "US dollars") == "US dollars 111"


def test_a_sentence_that_ends_in_a_percentage_ends_there():
    said = f"Sales fell by {display.percent(0.045)}. Units rose by {display.percent(0.2)}. The end."
    assert show_answer(Conclusion(said)).body.count("<li>") == 2


def test_an_answer_opens_with_its_first_sentence_and_lists_the_others():
    said = "Prof. J. Smith of St. Gallen is hardest to lose (95 % of 3.4). Hire 2.5 people. Costs: USD 5,200 (n/a)."
    body = show_answer(Conclusion(said)).body
    assert body.startswith('<p class="answer first">Prof. J. Smith of St. Gallen is hardest to lose (95 % of 3.4).</p>')
    assert [part.split("</li>")[0] for part in body.split("<li>")[1:]] == [
        "Hire 2.5 people.",
        "Costs: USD\u00a05,200 (n/a).",
    ]
    assert show_answer(Conclusion("One.")).body == '<p class="answer">One.</p>'


def test_items_left_out_for_one_reason_are_gathered_and_still_counted():
    names = [f"rep {at}" for at in range(9)]
    skipped = pd.DataFrame({"item": [*names, "zoe"], "reason": ["has left"] * 9 + ["has no hours"]})
    body = show_doubts(Conclusion(""), skipped).body
    assert "rep 0, rep 1, rep 2 and 6 more" in body and "zoe" in body and "(10 items)" in body
    few = show_doubts(Conclusion(""), skipped.tail(3)).body
    assert "rep 7" in few and "rep 8" in few and "more" not in few
    parts = skipped.assign(part=["size", "calls"] * 5)
    assert show_doubts(Conclusion(""), parts).body.count("has left") == 2


def test_prose_of_a_crowded_table_stands_below_its_row_across_the_table():
    """A caution in the last of twelve columns was a word wide and half a page high, with the rest of the page empty."""
    crowded = pd.DataFrame({f"n{at}": [1.0, 2.0] for at in range(6)} | {"caution": ["<i> " + "may lose " * 9, ""]})
    body = show_table(crowded).body
    assert body.count("<tr") == 4, "head, two rows, and one below the first; none below a blank"
    assert '<tr class="below"><td class="text" colspan="6"><p><strong>Caution:</strong> &lt;i&gt; may lose' in body
    assert "<th>N5</th></tr>" in body and body.index("may lose") < body.index(">2.00<")
    few = show_table(crowded[["n0", "caution"]]).body
    assert "below" not in few and "below" in show_table(crowded[["n0", "caution"]], below=["caution"]).body
    assert "below" not in show_table(crowded, below=[]).body


def test_a_column_of_text_in_which_nothing_stands_takes_no_room():
    bare = pd.DataFrame({"product": ["tea", ""], "note": ["", ""], "units": [1.0, math.nan], "why": ["", "sold out"]})
    body = show_table(bare).body
    assert "Note" not in body and all(f">{name}</th>" in body for name in ("Product", "Units", "Why"))


def test_what_a_chapter_read_stands_in_a_line():
    days = pd.to_datetime(["2023-10-01", None])
    read = pd.DataFrame({"table": ["sales", "products"], "file": ["<s>.csv", "p.csv"], "rows": [28140, 1]})
    body = display.show_sources(read.assign(first=days, last=days, note=["", "as listed"])).body
    assert "sales (&lt;s&gt;.csv, 28,140 rows, 2023-10-01 to 2023-10-01); products (p.csv, 1 row, as listed)." in body
