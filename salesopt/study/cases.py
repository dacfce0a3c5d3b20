"""Studies whose tables are built from an installed package instead of being read from files.

A study asks for it in study.toml: `[build] source = "completejourney"`. What of the source is not in the tables is
said in `left_out`, row by row and with its amount.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from salesopt.errors import ParameterError
from salesopt.study.journey import build_journey

SOURCES: dict[str, Callable[[], tuple[dict[str, pd.DataFrame], pd.DataFrame]]] = {"completejourney": build_journey}


@dataclass(frozen=True, eq=False)
class Built:
    """Tables built from a source.

    tables   : name -> table as in `salesopt.study.tables`
    left_out : table, what, rows, amount (currency), why - what of the source is not in the tables
    """

    tables: dict[str, pd.DataFrame]
    left_out: pd.DataFrame


def build(source: str, folder: Path, tables: Iterable[str] | None = None) -> Built:
    """Build the study in `folder` from `source`; `tables` names the tables wanted, all by default.

    Raises ParameterError for an unknown source, DataError where the package of the source is not installed.
    """
    if source not in SOURCES:
        raise ParameterError(f"{folder}: [build] source is {source!r}; known sources are {', '.join(sorted(SOURCES))}")
    made, left_out = _built(source)
    wanted = made.keys() if tables is None else set(tables)
    kept = {name: table.copy() for name, table in made.items() if name in wanted}
    return Built(kept, left_out[left_out["table"].isin(list(kept))].reset_index(drop=True))


@lru_cache(maxsize=1)
def _built(source: str) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The tables of a source, built once in a process: loading a study asks for its quarters first, then for it."""
    return SOURCES[source]()
