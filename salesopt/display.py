"""The one place where numbers are rounded: for sentences, for tables on a page.

Computing code never rounds; percent, thousands separators and currency signs appear here and nowhere else.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import ParameterError
from salesopt.results import Conclusion

MINUS = "\u2212"
THIN = "\u202f"
SMALLEST = 1e-6
FORMATS = (
    "number",
    "size",
    "exact",
    "points",
    "integer",
    "heads",
    "percent",
    "chance",
    "p_value",
    "money",
    "estimate",
    "price",
    "text",
)
GATHERED = 3  # items left out for one reason that are listed one by one
LONG = 60  # characters from which on a cell is prose
CROWDED = 6  # columns beyond which prose has no room beside the others: it goes in a row of its own below
NARROW = 9  # columns up to which a table with prose is shown on a phone row by row, each cell with its heading
SCALES = ("thousand", "million", "billion")  # in which a study may count its currency
TITLES = "".join(rf"(?<!\b{word}\.)" for word in ("Mrs", "Prof", "Inc", "Ltd", "Corp", "Bros"))
# None ends in an initial, J. or St.; a percentage has a narrow blank before its sign.
SENTENCE = re.compile(rf"(?<=[a-z0-9)%\u202f][a-z0-9)%'’]\.){TITLES} (?=[A-Z](?!\.))")
PERCENT = re.compile(r"(?<=\d)%")
BELOW_ZERO = re.compile(r"(?<![\w.)\]-])-(?=\d)")  # the hyphen of a negative number, not that of a date or a range
KEPT = re.compile(r"(?<=\d) (?=[mb]illion\b)|(?<=\b[A-Z]{3}) (?=[\u22120-9])")


def _odd(value: float) -> str | None:
    """The words for what is no finite number: missing ("n/a") or without limit; None for a finite number."""
    if value is None or value is pd.NA or math.isnan(value):
        return "n/a"
    if math.isinf(value):
        return "unlimited" if value > 0 else f"{MINUS}unlimited"
    return None


def number(value: float, digits: int = 3) -> str:
    """`value` to `digits` significant digits without an exponent, thousands set apart: 1,234,567; 0.0123; -1.84.

    A size below 0.000001 that is not 0 is said to be so ("< 0.000001"), never shown as 0.
    """
    if (odd := _odd(value)) is not None:
        return odd
    if value == 0:
        return "0"
    if abs(value) < SMALLEST:
        return f"{'> ' + MINUS if value < 0 else '< '}{SMALLEST:f}"
    rounded = float(f"{value:.{digits - 1}e}")  # 9.996 has one decimal less than its size says: 10.0
    decimals = max(digits - 1 - math.floor(math.log10(abs(rounded))), 0)
    return _signed(f"{value:,.{decimals}f}")


def size(value: float) -> str:
    """A count without decimals, any other size as `number` has it: "3", "8,845", "0.0213"."""
    return integer(value) if _odd(value) is None and value == round(value) else number(value)


def exact(value: float) -> str:
    """A number to be compared with another: seven digits at most, without zeros at its end: "0.4286", "510.493"."""
    shown = number(value, 7)
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def integer(value: float) -> str:
    """`value` as a whole number, thousands set apart."""
    odd = _odd(value)
    return _signed(f"{value:,.0f}") if odd is None else odd


def about(value: float) -> str:
    """What is only roughly known, to two digits and whole: 8,716 -> "8,700"; 4.2 -> "4"."""
    return integer(float(f"{value:.1e}")) if _odd(value) is None else integer(value)


def heads_of(heads: float) -> str:
    """Heads as a reader says them: whole ones without a decimal, others with one."""
    if (odd := _odd(heads)) is not None:
        return odd
    return integer(heads) if abs(heads - round(heads)) < 1e-6 else f"{heads:,.1f}"


def percent(value: float, digits: int = 1) -> str:
    """A fraction as percent: 0.1234 -> "12.3 %"."""
    odd = _odd(value)
    return _signed(f"{100 * value:,.{digits}f}{THIN}%") if odd is None else odd


def signed(change: float) -> str:
    """A change, a fraction, as percent with its sign: 0.045 -> "+4.5 %"."""
    return f"{'+' if change > 0 else ''}{percent(change)}"


def money(value: float, currency: str = "") -> str:
    """An amount as a reader says it: "USD 1.23 million", "USD 45,600", "USD 12.30"."""
    if (odd := _odd(value)) is not None:
        return odd
    size = abs(value)
    for limit, word in ((1e9, " billion"), (1e6, " million")):
        if size >= 0.9995 * limit:
            return _amount(f"{value / limit:,.2f}{word}", currency)
    if size >= 1000:
        digits = max(-2, 2 - math.floor(math.log10(size))) if size >= 1e5 else 0
        return _amount(f"{round(value, min(digits, 0)):,.0f}", currency)
    return _amount(f"{value:,.2f}" if size and size < 100 else f"{value:,.0f}", currency)


def estimate(value: float, currency: str = "") -> str:
    """An amount that is estimated, not counted, to the three digits that can be known at most: "USD 843,000"."""
    if (odd := _odd(value)) is not None:
        return odd
    rounded = float(f"{value:.2e}")
    for limit, word in ((1e9, " billion"), (1e6, " million")):
        if abs(rounded) >= limit:
            return _amount(f"{number(rounded / limit)}{word}", currency)
    return money(rounded, currency)


def price(value: float, currency: str = "") -> str:
    """A unit price with its cents."""
    odd = _odd(value)
    return _amount(f"{value:,.2f}", currency) if odd is None else odd


def points(value: float) -> str:
    """A score with two decimals: 2.61, 0.05."""
    odd = _odd(value)
    return _signed(f"{value:,.2f}") if odd is None else odd


def chance(share: float) -> str:
    """A probability as a reader takes it: "83 %", never 0 or 100 for what is only nearly so: "more than 99 %"."""
    if (odd := _odd(share)) is not None:
        return odd
    if 0.99 < share < 1:
        return f"more than 99{THIN}%"
    return f"less than 1{THIN}%" if 0 < share < 0.01 else percent(share, 0)


def p_value(value: float) -> str:
    """A p-value to three decimals; below that only "< 0.001"."""
    if (odd := _odd(value)) is not None:
        return odd
    return "< 0.001" if 0 <= value < 0.001 else f"{value:.3f}"


def between(low: float, high: float, style: str = "number", currency: str = "") -> str:
    """An interval in words: "1.2 to 1.9"; `style` is one of `FORMATS`."""
    return f"{_show(low, style, currency)} to {_show(high, style, currency)}"


def band(low: float, high: float, style: str, level: float, currency: str = "") -> str:
    """An interval in brackets to follow its estimate: " (95 % interval 1.2 to 1.9)"; nothing where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f" ({percent(level, 0)} interval {between(low, high, style, currency)})"


def listed(items: Iterable[object], most: int = 5) -> str:
    """Items as a list in a sentence: "a, b and c"; beyond `most` the rest is counted ("and 4 more")."""
    words = [str(item) for item in items]
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def capital(text: str) -> str:
    """Text that opens a sentence; other than `str.capitalize`, it leaves the capitals of names."""
    return text[:1].upper() + text[1:]


def lowered(text: str) -> str:
    """Text that goes on a sentence: only its first letter changes."""
    return text[:1].lower() + text[1:]


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: plural(1, "product") -> "1 product", plural(3, "product") -> "3 products"."""
    return f"{integer(count)} {one if count == 1 else many or one + 's'}"


@dataclass(frozen=True)
class Page:
    """A piece of a page: shows as HTML in a notebook, as plain text elsewhere."""

    body: str
    plain: str

    def _repr_html_(self) -> str:
        return self.body

    def __repr__(self) -> str:
        return self.plain


def show_answer(conclusion: Conclusion) -> Page:
    """What opens a chapter: its first sentence, and the others as a list below it, so that each is seen."""
    first, *others = SENTENCE.split(conclusion.answer)
    points = "".join(f"<li>{prose(one)}</li>" for one in others)
    more = f'<ul class="answer">{points}</ul>' if points else ""
    kind = "answer first" if points else "answer"
    return Page(f'<p class="{kind}">{prose(first)}</p>{more}', conclusion.answer)


def show_doubts(conclusion: Conclusion, skipped: pd.DataFrame | None = None) -> Page:
    """What to doubt: the conclusion's doubts as a list, and what gave no answer with the reason."""
    points = "".join(f"<li>{prose(doubt)}</li>" for doubt in conclusion.doubts)
    some = skipped is not None and len(skipped) > 0
    body = f'<ul class="doubts">{points}</ul>' if points else "" if some else "<p>Nothing that we know of.</p>"
    body, plain = "<h3>What to doubt</h3>" + body, "\n".join(conclusion.doubts)
    if skipped is not None and some:
        left_out = show_table(_gathered(skipped), caption=f"Left out, and why ({plural(len(skipped), 'item')})")
        body, plain = body + left_out.body, plain + "\n" + left_out.plain
    return Page(body, plain)


def _gathered(skipped: pd.DataFrame) -> pd.DataFrame:
    """What was left out, with the items of one reason in one row where they are many; the workbook lists them all."""
    names = [str(name) for name in skipped.columns if name != "part"]
    if "reason" not in names or len(names) != 2:
        return skipped
    item = next(name for name in names if name != "reason")
    keys = [name for name in skipped.columns if name != item]
    rows = []
    for _, same in skipped.groupby(keys, sort=False, dropna=False):
        if len(same) <= GATHERED:
            rows += same.to_dict("records")
        else:
            rows.append(same.iloc[0].to_dict() | {item: listed(same[item], GATHERED)})
    return pd.DataFrame(rows, columns=skipped.columns)


def show_table(
    table: pd.DataFrame,
    formats: Mapping[str, str] | None = None,
    *,
    columns: Mapping[str, str] | Iterable[str] | None = None,
    currency: str = "",
    caption: str = "",
    most: int = 40,
    below: Iterable[str] | None = None,
) -> Page:
    """A table for a page: every cell escaped, numbers rounded to read, right-aligned.

    formats : column -> one of `FORMATS` ("number" where a numeric column is not named); mind to give units in `columns`
    columns : the columns to show, in order; a mapping also gives their headings ("std_error": "Standard error")
    most    : rows shown; where there are more, a line below the table says so and where the rest is
    below   : columns that stand in a row of their own across the table, below the row they belong to; left out, those
              of prose in a table of more than `CROWDED` columns, where they would be a word wide and a page high

    A column of text in which nothing stands takes no room. Raises ParameterError for a column that the table does not
    have or an unknown format.
    """
    names = [str(name) for name in (table.columns if columns is None else columns)]
    absent = [name for name in names if name not in table.columns]
    if absent:
        raise ParameterError(f"the table to show has no column {', '.join(map(repr, absent))}")
    headings = dict(columns) if isinstance(columns, Mapping) else {name: _heading(name) for name in names}
    styles = {name: (formats or {}).get(name) or _style_of(table[name]) for name in names}
    shown = table.head(most)
    cells = {name: [_show(value, styles[name], currency) for value in shown[name]] for name in headings}
    align = {name: ' class="text"' if style == "text" else "" for name, style in styles.items()}
    prose = len(names) <= NARROW and any(len(cell) > LONG for column in cells.values() for cell in column)
    label = {name: f' data-label="{_safe(heading)}"' if prose else "" for name, heading in headings.items()}
    if below is None:
        wordy = [name for name in names[1:] if any(len(cell) > LONG for cell in cells[name])]
        below = wordy if len(names) > CROWDED else []
    under = list(below)
    empty = [name for name in names[1:] if styles[name] == "text" and not any(cells[name])]  # no caution on any row
    beside = [name for name in names if name not in (*under, *empty)]
    head = "".join(f"<th{align[name]}>{_safe(headings[name])}</th>" for name in beside)
    rows = ""
    for row in range(len(shown)):
        notes = "".join(
            f"<p><strong>{_safe(headings[name])}:</strong> {_cell(cells[name][row])}</p>"
            for name in under
            if cells[name][row]
        )
        own = "".join(f"<td{align[name]}{label[name]}>{_cell(cells[name][row])}</td>" for name in beside)
        rows += f'<tr class="noted">{own}</tr>' if notes else f"<tr>{own}</tr>"
        rows += f'<tr class="below"><td class="text" colspan="{len(beside)}">{notes}</td></tr>' if notes else ""
    if table.empty:
        return Page(f'<p class="note"><strong>{_safe(caption or "Table")}:</strong> none.</p>', f"{caption}: none")
    title = f"<caption><span>{_safe(caption)}</span></caption>" if caption else ""
    rest = len(table) - len(shown)
    note = f'<p class="note">{plural(rest, "more row")} in tables.xlsx.</p>' if rest else ""
    kind = "table prose" if prose else "table"
    body = f'<div class="{kind}"><table>{title}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}'
    plain = pd.DataFrame(cells).rename(columns=headings).to_string(index=False)
    return Page(body, f"{caption}\n{plain}" if caption else plain)


def show_sources(sources: pd.DataFrame) -> Page:
    """Where a chapter's numbers come from, in a line: each table with its file, rows and dates (`Study.sources`)."""
    said = []
    for row in sources.to_dict("records"):
        dated = f", {_show(row['first'], 'text')} to {_show(row['last'], 'text')}" if pd.notna(row["first"]) else ""
        note = f", {row['note']}" if row["note"] else ""
        said.append(f"{row['table']} ({row['file']}, {plural(row['rows'], 'row')}{dated}{note})")
    line = f"Read for this chapter: {'; '.join(said) or 'no table'}."
    return Page(f'<p class="sources">{_safe(line)}</p>', line)


def _show(value: object, style: str, currency: str = "") -> str:
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, (float, np.floating)) and math.isnan(value):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if style == "text" or not isinstance(value, (int, float, np.integer, np.floating)):
        return str(value)
    if style in ("money", "estimate", "price"):
        return {"money": money, "estimate": estimate, "price": price}[style](float(value), currency)
    if style not in FORMATS:
        raise ParameterError(f"a format is one of {', '.join(FORMATS)}, not {style!r}")
    plain = {
        "number": number,
        "points": points,
        "size": size,
        "exact": exact,
        "integer": integer,
        "heads": heads_of,
        "chance": chance,
        "p_value": p_value,
    }
    return plain.get(style, percent)(float(value))


def _safe(text: str) -> str:
    """Text as HTML, escaped; an amount keeps its currency and its "million" on the line of its figure."""
    return html.escape(KEPT.sub("\u00a0", text))


def prose(text: str) -> str:
    """A sentence as HTML, as `_safe` has it, with percent and minus signs as the numbers of tables have them."""
    return _safe(BELOW_ZERO.sub(MINUS, PERCENT.sub(f"{THIN}%", text)))


def _cell(text: str) -> str:
    return prose(text) if len(text) > LONG else _safe(text)


def _style_of(column: pd.Series) -> str:
    if column.dtype == object and len(known := column.dropna()):
        numbers = all(isinstance(one, (int, float, np.number)) and not isinstance(one, bool) for one in known)
        return "number" if numbers else "text"
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return "text"
    return "integer" if pd.api.types.is_integer_dtype(column) else "number"


def _heading(name: object) -> str:
    return str(name).replace("_", " ").capitalize()


def _signed(text: str) -> str:
    digits = text.strip("-0.,").strip()
    return text.replace("-", MINUS) if digits and digits[0] not in f"{THIN}%" else text.replace("-", "")


def _amount(text: str, currency: str) -> str:
    text = _signed(text)
    if not currency:
        return text
    scale, _, code = currency.partition(" ")
    if code and scale in SCALES:  # amounts in millions: "USD 111 million", not "million USD 111"
        return f"{_amount(text, code)} {scale}"
    return f"{MINUS}{currency} {text[1:]}" if text.startswith(MINUS) else f"{currency} {text}"
