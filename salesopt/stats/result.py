"""How what an analysis found shows itself: each field in a line."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

SHOWN = 6  # columns of a table that are named


class Result:
    """What an analysis found: shows its fields by name and size, where tables in full would fill the screen."""

    def __repr__(self) -> str:
        known = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        width = max(map(len, known))
        lines = [f"  {name:<{width}}  {_in_brief(value)}" for name, value in known.items()]
        return "\n".join([f"{type(self).__name__} (help() of it says what each field holds)", *lines])


def _in_brief(value: Any) -> str:
    """A field of a result in a line: a table by its rows and columns, anything long by its length."""
    if isinstance(value, pd.DataFrame):
        names = list(map(str, value.columns))
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return f"table of {len(value)} rows: {', '.join(names[:SHOWN])}{more}"
    if isinstance(value, (tuple, list, dict)):
        return f"{type(value).__name__} of {len(value)}"
    plain = value is None or isinstance(value, (str, int, float, np.number))
    return repr(value) if plain else type(value).__name__
