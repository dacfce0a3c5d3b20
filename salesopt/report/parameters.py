"""The parameters of a notebook: declared in its tagged cell, read without running it, checked before anything runs.

A line says it all: `tail: float = 0.1  # Fraction of futures beyond the best [above 0 to below 0.5]`. The brackets at
its end, of which there is one pair, hold what is allowed, for a list of each of its entries: `[0 or more]`,
`[above 0]`, `[0 to 1]`, `[above 0 to below 1]`, or the words to choose from, `[profit | revenue]`.
"""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nbformat

from salesopt.errors import ParameterError, close_match
from salesopt.stats.arguments import Allowed

TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
}
WORDS = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "list": "a list"}
NUMBER = r"(-?\d+(?:\.\d+)?)"
RANGE = re.compile(rf"(?:(above )?{NUMBER} to (below )?{NUMBER}|{NUMBER} or more|above {NUMBER})")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a notebook: its name, type ("float"), default, the comment that explains it, what is allowed.

    `of` is the type of a list's entries ("str"), "" where any will do.
    """

    name: str
    type: str
    default: Any
    meaning: str
    of: str = ""
    allowed: Allowed | None = None

    def fault(self, value: Any) -> str:
        """What was expected instead of `value`, in words; "" where it is right."""
        many = self.type == "list"
        kind = self.of if many else self.type
        wanted = str(self.allowed) if self.allowed else WORDS.get(kind, "")
        if kind == "int" and self.allowed:
            wanted = wanted.replace("a number", "a whole number")
        if many:
            wanted = f"a list, each entry {wanted}" if wanted else "a list"
        if many and not isinstance(value, list):
            return wanted
        wrong = [one for one in (value if many else [value]) if kind and not self._takes(one, kind)]
        return wanted if wrong else ""

    def _takes(self, value: Any, kind: str) -> bool:
        return _fits(value, kind) and (self.allowed is None or self.allowed.has(value))


def value_faults(word: str, declared: Mapping[str, Parameter], given: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """name, found, expected of every value in `given` for chapter `word` that is unknown, of a wrong type or range."""
    faults = []
    for name, value in given.items():
        if name not in declared:
            known = ", ".join(one for one in declared if one not in ("study", "quarter", "out"))
            hint = close_match(name, declared) or f"; there are {known}"
            faults.append((f"{word}.{name}", repr(name), f"the name of a parameter of this chapter{hint}"))
        elif expected := declared[name].fault(value):
            faults.append((f"{word}.{name}", repr(value), expected))
    return faults


def read_parameters(notebook: nbformat.NotebookNode, name: str) -> dict[str, Parameter]:
    """The parameters that the cell tagged "parameters" declares as `name: type = default  # meaning [allowed]`.

    Read with `ast`, never executed. Raises ParameterError where the cell is absent or holds anything else, and where a
    default is not allowed by its own line.
    """
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ParameterError(f"{name}: expected one cell tagged 'parameters', found {len(cells)}")
    comments = _comments(cells[0].source)
    found = {}
    for line in ast.parse(cells[0].source).body:
        if not (isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value is not None):
            raise ParameterError(
                f"{name}: line {line.lineno} of the parameters is not of the form name: type = default"
            )
        kind, _, of = ast.unparse(line.annotation).rstrip("]").partition("[")
        try:
            default = ast.literal_eval(line.value)
        except ValueError as error:
            raise ParameterError(f"{name}: parameter {line.target.id!r} needs a plain value as its default") from error
        meaning = comments.get(line.end_lineno or line.lineno, "")
        if kind not in TYPES or (of and of not in TYPES) or not _fits(default, kind):
            raise ParameterError(f"{name}: parameter {line.target.id!r} has type {kind!r} and default {default!r}")
        one = Parameter(line.target.id, kind, default, meaning, of, _allowed(meaning, of or kind, name))
        if expected := one.fault(default):
            raise ParameterError(f"{name}: the default of {one.name!r} is {default!r}, expected {expected}")
        found[one.name] = one
    return found


def _allowed(meaning: str, kind: str, name: str) -> Allowed | None:
    """What the brackets at the end of `meaning` allow; None without any."""
    plain = meaning.replace("[]", "an empty list")
    if not set("[]") & set(plain):
        return None
    written = re.fullmatch(r"[^][]*\[([^][]+)\]\s*", plain)
    if written is None:
        raise ParameterError(f"{name}: {meaning!r}: one pair of brackets, at the end of the line, says what is allowed")
    if "|" in written[1] and kind == "str":
        return Allowed(choices=tuple(word.strip() for word in written[1].split("|")))
    ends = RANGE.fullmatch(written[1].strip())
    if ends is None or kind not in ("int", "float"):
        raise ParameterError(f"{name}: [{written[1]}] is no range such as [0 to 1] and no choice such as [one | other]")
    above, low, below, high, least, over = ends.groups()
    most = float(high) if high else math.inf
    return Allowed(float(low or least or over), most, above=bool(above or over), below=bool(below))


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT}


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    return isinstance(value, TYPES[kind]) and (kind == "bool" or not isinstance(value, bool))
