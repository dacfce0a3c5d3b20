"""Arguments of an analysis: what each may be, and one ParameterError that says everything that is wrong with a call.

    require(number_fault("cost_per_rep", cost_per_rep, above=0), count_fault("draws", draws))

Each check gives its fault in words, "" where there is none, so that a check of one's own is a sentence like the others.
A truth is no number, nor is text or nan; a whole number has no decimal point.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from salesopt.errors import ParameterError

LONGEST = 60  # characters of a value that a message shows; of a longer one it names the type


@dataclass(frozen=True)
class Allowed:
    """The values that are allowed: `choices`, or numbers from `least` to `most`, an end left out where open."""

    least: float = -math.inf
    most: float = math.inf
    above: bool = False
    below: bool = False
    choices: tuple[str, ...] = ()

    def has(self, value: Any) -> bool:
        """Whether `value`, of the right type, is allowed."""
        if self.choices:
            return value in self.choices
        over = value > self.least if self.above else value >= self.least
        return bool(over and (value < self.most if self.below else value <= self.most))

    def __str__(self) -> str:
        """Say it in words: "a number above 0 and below 1", "one of ols, iv, ppml"."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if math.isfinite(self.least) and math.isfinite(self.most) and not (self.above or self.below):
            return f"a number from {self.least:g} to {self.most:g}"
        ends = [f"{'above' if self.above else 'of at least'} {self.least:g}"] if math.isfinite(self.least) else []
        ends += [f"{'below' if self.below else 'at most'} {self.most:g}"] if math.isfinite(self.most) else []
        return " ".join(["a number", " and ".join(ends)]).strip()


def require(*faults: str) -> None:
    """Raise one ParameterError that holds every fault; "" is none."""
    if said := [fault for fault in faults if fault]:
        raise ParameterError("; ".join(said))


def unless(right: bool, name: str, value: object, wanted: str) -> str:
    """The fault of an argument that is not `right`: what it must be, and what it is."""
    return "" if right else f"{name} must be {wanted}, not {_shown(value)}"


def number_fault(
    name: str,
    value: object,
    *,
    least: float = -math.inf,
    above: float | None = None,
    most: float = math.inf,
    below: float | None = None,
    optional: bool = False,
    endless: bool = False,
    unit: str = "",
) -> str:
    """The fault of a number within limits; `optional` allows None, `endless` infinity; `unit` is said with it."""
    allowed = _allowed(least, above, most, below)
    right = isinstance(value, Real) and not isinstance(value, bool) and allowed.has(value)
    right = right and (endless or abs(value) < math.inf)  # type: ignore[arg-type]
    wanted = f"{allowed} {unit}".rstrip() + (", or None" if optional else "")
    return unless(right or (optional and value is None), name, value, wanted)


def count_fault(name: str, value: object, *, least: int = 0, also: str = "") -> str:
    """The fault of a whole number of at least `least`; `also` says what else the caller takes."""
    right = isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
    return unless(right, name, value, f"a whole number of at least {least}" + (f" or {also}" if also else ""))


def flag_fault(name: str, value: object) -> str:
    """The fault of what must be true or false."""
    return unless(isinstance(value, bool | np.bool_), name, value, "True or False")


def choice_fault(name: str, value: object, choices: Sequence[str]) -> str:
    """The fault of a word that is none of `choices`."""
    return unless(isinstance(value, str) and value in choices, name, value, str(Allowed(choices=tuple(choices))))


def names_fault(name: str, value: object, what: str, *, optional: bool = False) -> str:
    """The fault of a list of names: one text is no list; `what` says of what, such as "columns"."""
    listed = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping | pd.DataFrame)
    right = listed and all(isinstance(one, str) for one in value)  # type: ignore[attr-defined]
    wanted = f"a list of {what}" + (", or None" if optional else "")
    return unless(right or (optional and value is None), name, value, wanted)


def named_as_text(name: Any) -> Any:
    """A name that is a whole number as the text that tables hold it as; anything else as it is."""
    return str(name) if isinstance(name, Integral) and not isinstance(name, bool) else name


def names_as_text(names: Any) -> Any:
    """The names of a list, each as `named_as_text`; what is no list of names as it is, for `names_fault` to tell."""
    listed = isinstance(names, Collection) and not isinstance(names, str | bytes | Mapping | pd.DataFrame)
    return [named_as_text(name) for name in names] if listed else names


def mapping_fault(name: str, value: object, what: str, *, optional: bool = False) -> str:
    """The fault of a mapping; `what` says of what, such as "account to representative"."""
    right = isinstance(value, Mapping) or (optional and value is None)
    return unless(right, name, value, f"a mapping of {what}" + (", or None" if optional else ""))


def day_fault(name: str, value: object, *, optional: bool = False) -> str:
    """The fault of a date; `optional` allows None and NaT, which a study without periods has."""
    known = not isinstance(value, Real) and read_day(value) is not None
    nothing = value is None or value is pd.NaT
    return unless(known or (optional and nothing), name, value, "a date such as 2026-09-30")


def read_day(value: Any) -> pd.Timestamp | None:
    """The day that a text or date means; None where it means none, as NaT does."""
    try:
        found = pd.Timestamp(value) if value is not None else pd.NaT
    except (ValueError, TypeError):
        return None
    return None if pd.isna(found) else found.tz_localize(None).normalize()


def _allowed(least: float, above: float | None, most: float, below: float | None) -> Allowed:
    low, high = (least if above is None else above), (most if below is None else below)
    return Allowed(low, high, above=above is not None, below=below is not None)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST and "\n" not in text else f"a {type(value).__name__}"
