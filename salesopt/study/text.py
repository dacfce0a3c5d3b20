"""Text files as any program exports them: encoding, separator, header, rows."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pandas as pd

from salesopt.errors import DataError
from salesopt.study.raw import LOOKED_AT, Raw, header_of, numbered, refuse_titles

SEPARATORS = (",", ";", "\t", "|")
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
CALLED = {"gb18030": "GB18030", "cp1252": "Windows-1252", "utf-16": "UTF-16"}


def decode(content: bytes, encoding: str = "") -> tuple[str, str]:
    """The text of `content` and the encoding it was read in: UTF-8, UTF-16 with its mark, GB18030 or Windows-1252.

    Where both of the last fit, common hanzi decide. Raises DataError where `encoding` does not fit or none does.
    """
    if encoding:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError as error:
            raise DataError(f"the file is not {encoding}: byte {error.start} does not fit") from error
        except (LookupError, ValueError) as error:
            raise DataError(f"no encoding is called {encoding!r}; use utf-8, gb18030 or cp1252") from error
    for mark, name in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return decode(content, name)
    with suppress(UnicodeDecodeError):
        return content.decode("utf-8"), "utf-8"
    for name in _likelier_first(content):
        with suppress(UnicodeDecodeError):
            return content.decode(name), name
    raise DataError("the file is neither UTF-8, GB18030 nor Windows-1252; save it as UTF-8")


def _likelier_first(content: bytes) -> tuple[str, str]:
    """Read as GB18030, most signs of Chinese text are common ones: punctuation and the 3,755 hanzi of level one."""
    signs = Counter(sign for sign in content.decode("gb18030", errors="replace") if sign > "\x7f")
    leads = {sign: sign.encode("gb2312", errors="ignore")[:1] for sign in signs}
    common = sum(
        signs[sign] for sign, lead in leads.items() if b"\xa1" <= lead <= b"\xa3" or b"\xb0" <= lead <= b"\xd7"
    )
    return ("gb18030", "cp1252") if 2 * common >= signs.total() else ("cp1252", "gb18030")


def read_text(path: Path, expected: tuple[str, ...], form: Mapping[str, str]) -> Raw:
    """Read a file of separated values; see `read.read_table`."""
    try:
        content, encoding = decode(path.read_bytes(), form.get("encoding", ""))
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from error
    notes = [f"read as {CALLED[encoding]}"] if encoding in CALLED and not form.get("encoding") else []
    if "\0" in content:
        raise DataError(f"{path.name}: this is not a text file, or it is UTF-16 without its mark; save it as UTF-8")
    hint = re.match(r"sep=(.)\r?\n", content)  # a first row by which Excel names the separator
    skipped, rest = _below(content[hint.end() :] if hint else content, int(form.get("header", 1)) - bool(hint))
    first, body = _split_header(rest)
    if first.count('"') % 2:
        raise DataError(f"{path.name}: a quotation mark in row 1 is never closed")
    if not first.strip():
        raise DataError(f"{path.name}: the file is empty; its first row must hold the names of the columns")
    above = 1 + skipped + bool(hint)
    separator = form.get("separator") or (hint[1] if hint else _separator(first, expected))
    if above == 1:
        refuse_titles(path.name, _first_rows(content, separator), expected)
    header = header_of(path.name, _names(first, separator))
    try:
        frame = _read_body(body, separator, header)
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        if opened := re.search(r"EOF inside string starting at row (\d+)", str(error)):
            why = f"a quotation mark is opened in row {int(opened[1]) + above + 1} and never closed"
        else:
            why = (
                _broken_row(body, separator, len(header), above)
                if body
                else "a quotation mark in row 1 is never closed"
            )
        raise DataError(f"{path.name}: {why}") from error
    raw = numbered(frame, path.name, above)
    return Raw(raw.frame, raw.rows, notes + raw.notes, separator)


def _first_rows(content: str, separator: str) -> list[list[str]]:
    """The first rows, as far as they can be read."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(islice(csv.reader(io.StringIO(content, newline=""), delimiter=separator), LOOKED_AT))
    return rows


def _below(content: str, header: int) -> tuple[int, str]:
    """How many lines stand above line `header`, and the text from there on."""
    lines = content.splitlines(keepends=True)
    above = max(min(header - 1, len(lines)), 0)
    return above, "".join(lines[above:]) if above else content


def _read_body(body: str, separator: str, header: list[str]) -> pd.DataFrame:
    """The rows below the header, every cell as text, an empty one as missing."""
    if not body.strip():
        return pd.DataFrame(columns=header, dtype=str)
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # it says that cells beyond the header would be lost
        return pd.read_csv(
            io.StringIO(body),
            sep=separator,
            header=None,
            names=header,
            index_col=False,
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
            on_bad_lines="error",
        )


def _split_header(content: str) -> tuple[str, str]:
    """The header, which a quoted name may spread over lines, and what stands below it."""
    quotes = 0
    for end, sign in enumerate(content):
        quotes += sign == '"'
        if sign in "\r\n" and quotes % 2 == 0:
            return content[:end], content[end + (2 if content[end : end + 2] == "\r\n" else 1) :]
    return content, ""


def _separator(line: str, expected: tuple[str, ...]) -> str:
    """The separator that yields most of the expected names, then most columns."""

    def worth(separator: str) -> tuple[int, int]:
        names = [name.strip() for name in _names(line, separator)]
        return len(set(names) & set(expected)), len(names)

    return max(SEPARATORS, key=worth)


def _names(line: str, separator: str) -> list[str]:
    return next(csv.reader(io.StringIO(line, newline=""), delimiter=separator))


def _broken_row(body: str, separator: str, width: int, above: int) -> str:
    """Say which row has more cells than the header."""
    for at, cells in enumerate(csv.reader(io.StringIO(body), delimiter=separator), above + 1):
        if len(cells) > width:
            why = "is a separator unquoted, or row 1 a title?"
            return f"row {at} has {len(cells)} cells where the header has {width} columns; {why}"
    return "its rows do not fit its header"
