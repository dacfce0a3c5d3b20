"""Factor evaluation matrices (IFE, EFE): cells of the internal-external grid, directions, and what a rating rule
allows.

Ratings run from 1 to 4, the midpoint is 2.5. Source: David, Strategic Management: Concepts and Cases, 13th ed. (2011),
chapters 3, 4 and 6.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
MIDPOINT = 2.5
QUADRANTS = {"S": "strength", "W": "weakness", "O": "opportunity", "T": "threat"}
MATRIX = {"S": "IFE", "W": "IFE", "O": "EFE", "T": "EFE"}
RULES = ("strength", "response")
ALLOWED = {"strength": {"S": (3.0, 4.0), "W": (1.0, 2.0)}, "response": {}}
CELLS = np.array([["I", "II", "III"], ["IV", "V", "VI"], ["VII", "VIII", "IX"]])
CELL_ADVICE = {
    **dict.fromkeys(("I", "II", "IV"), "grow and build"),
    **dict.fromkeys(("III", "V", "VII"), "hold and maintain"),
    **dict.fromkeys(("VI", "VIII", "IX"), "harvest or divest"),
}
DIRECTIONS = {
    (True, True): ("SO", "aggressive: use strengths to take opportunities"),
    (False, True): ("WO", "turn round: mend weaknesses to take opportunities"),
    (True, False): ("ST", "diversify: use strengths to fend off threats"),
    (False, False): ("WT", "defend: mend weaknesses and avoid threats"),
}


def limits(rule: str, quadrant: str) -> tuple[float, float]:
    """Lowest and highest rating that the rule allows for a factor of the quadrant."""
    return ALLOWED[rule].get(quadrant, (1.0, 4.0))


def cell_of(internal: Array, external: Array) -> NDArray[np.str_]:
    """Cell of the internal-external grid: columns strong (3 and more), average (2 to 3), weak; rows high, medium,
    low."""
    return CELLS[2 - np.digitize(external, [2.0, 3.0]), 2 - np.digitize(internal, [2.0, 3.0])]


def tell_position(internal: float, external: float, draws: Array) -> pd.DataFrame:
    """Cells of the grid and directions with their probability.

    `draws` is draws x 2 (IFE, EFE totals). Columns: kind ("cell" or "direction"), name, advice, probability, chosen
    (where the totals themselves lie). All nine cells and four directions are listed.
    """
    here = str(cell_of(np.array([internal]), np.array([external]))[0])
    cells = cell_of(draws[:, 0], draws[:, 1])
    rows: list[tuple[str, str, str, float, bool]] = [
        ("cell", name, CELL_ADVICE[name], float((cells == name).mean()), name == here)
        for name in CELLS.ravel().tolist()
    ]
    above = draws >= MIDPOINT
    for (inner, outer), (name, advice) in DIRECTIONS.items():
        share = float(((above[:, 0] == inner) & (above[:, 1] == outer)).mean())
        chosen = (internal >= MIDPOINT) == inner and (external >= MIDPOINT) == outer
        rows.append(("direction", name, advice, share, chosen))
    return pd.DataFrame(rows, columns=["kind", "name", "advice", "probability", "chosen"])


def verdict(low: float, high: float) -> str:
    """A total against the midpoint in a word: above, below, or not told apart from it."""
    if np.isnan(low):
        return "not known"
    return "above" if low > MIDPOINT else "below" if high < MIDPOINT else "not told apart"


def attainable(rule: str, quadrants: list[str], weights: Array) -> tuple[float, float]:
    """Lowest and highest total that any ratings could reach under the rule, given the weights (which sum to 1)."""
    ends = np.array([limits(rule, quadrant) for quadrant in quadrants])
    return float(weights @ ends[:, 0]), float(weights @ ends[:, 1])


def rating_to_midpoint(hurting: NDArray[np.bool_], weights: Array, ratings: Array) -> float:
    """Mean rating (weighted) of the factors where `hurting` at which the total would be the midpoint; nan without
    such factors."""
    share = weights[hurting].sum()
    return float((MIDPOINT - weights[~hurting] @ ratings[~hurting]) / share) if share > 0 else float("nan")
