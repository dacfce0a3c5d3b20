"""Raters' pairwise judgements as matrices, after what cannot be is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.errors import DataError, Problem

Array = NDArray[np.float64]


def refuse_contradictions(table: pd.DataFrame) -> None:
    """Raise DataError for items judged against themselves and pairs that a rater judged twice, differently."""
    problems = []
    itself = table["left"] == table["right"]
    if itself.any():
        at = int(itself.to_numpy().argmax())
        problems.append(
            Problem(
                "comparisons",
                "right",
                at + 2,
                repr(table["right"].iloc[at]),
                "another item than left",
                "",
                int(itself.sum()),
            )
        )
    turned = table["left"] > table["right"]
    first, second = table["left"].where(~turned, table["right"]), table["right"].where(~turned, table["left"])
    ratio = table["ratio"].where(~turned, 1 / table["ratio"])
    keys = [table["rater"], table["group"], first, second]
    spread = np.log(ratio).groupby(keys).transform(lambda values: values.max() - values.min())
    for at in np.flatnonzero((spread > math.log(1.05)).to_numpy())[1::2]:
        row = table.iloc[at]
        problems.append(
            Problem("comparisons", "ratio", int(at) + 2, repr(f"{row['left']} to {row['right']}: {row['ratio']:g}"),
                    f"the reciprocal of what {row['rater']} said of the same pair before")
        )  # fmt: skip
    if problems:
        raise DataError(problems)


def matrices_of(rows: pd.DataFrame, items: Sequence[str]) -> tuple[list[str], Array]:
    """One judgement matrix per rater, gaps as nan."""
    raters = [str(rater) for rater in rows["rater"].unique()]
    place = {item: at for at, item in enumerate(items)}
    matrices = np.full((len(raters), len(items), len(items)), np.nan)
    who = rows["rater"].map({rater: at for at, rater in enumerate(raters)}).to_numpy()
    left, right = rows["left"].map(place).to_numpy(), rows["right"].map(place).to_numpy()
    matrices[who, left, right] = rows["ratio"]
    matrices[who, right, left] = 1 / rows["ratio"]
    matrices[:, range(len(items)), range(len(items))] = 1.0
    return raters, matrices
