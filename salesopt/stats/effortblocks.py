"""Algebra of a panel unit by unit: rows are sorted by unit, and one unit's own columns never meet another's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from salesopt.stats.effort import Numbers


@dataclass(frozen=True, eq=False)
class Blocks:
    """Columns that each unit has to itself, such as its level and its trend: `own` (rows x columns of a unit).

    starts : first row of each block of rows; unit : number of its unit; of : number of each row's block
    """

    own: Numbers
    starts: NDArray[np.int64]
    unit: NDArray[np.int64]
    of: NDArray[np.int64]

    @classmethod
    def make(cls, unit: NDArray[np.int64], own: Numbers) -> Blocks:
        """Blocks of rows sorted by `unit`."""
        first = np.append(True, unit[1:] != unit[:-1])
        starts = np.flatnonzero(first)
        return cls(own, starts, unit[starts], np.cumsum(first) - 1)

    def sums(self, values: Numbers) -> Numbers:
        """Sum of the rows of each block."""
        return np.asarray(np.add.reduceat(values, self.starts, axis=0))

    @cached_property
    def gram(self) -> Numbers:
        """Products of the own columns: blocks x columns x columns."""
        return self.sums(self.own[:, :, None] * self.own[:, None, :])

    @property
    def rank(self) -> int:
        """Number of own columns over all units."""
        return int(np.linalg.matrix_rank(self.gram, hermitian=True).sum())

    @cached_property
    def _inverse(self) -> Numbers:
        return np.asarray(np.linalg.pinv(self.gram, rcond=1e-10, hermitian=True))

    def weights(self, values: Numbers) -> Numbers:
        """What each own column counts for in `values` (rows x columns): blocks x own columns x columns."""
        return np.asarray(self._inverse @ self.sums(self.own[:, :, None] * values[:, None, :]))

    def fitted(self, values: Numbers) -> Numbers:
        """What the own columns explain of `values` (rows x columns)."""
        return np.asarray(np.einsum("rk,rkv->rv", self.own, self.weights(values)[self.of]))
