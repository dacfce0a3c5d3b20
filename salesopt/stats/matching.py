"""What an assignment of accounts to representatives is made of: costs of pairs, limits on totals, the plan."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csgraph

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Load:
    """A total over each representative's accounts that must stay within [least, most].

    name  : what is added up ("hours"); kind : "capacity" or "balance"
    use   : what each pair adds, accounts x representatives; least, most : per representative, infinite where unlimited
    scale : per representative, the amount that counts as one whole when limits are missed
    """

    name: str
    kind: str
    use: Numbers
    least: Numbers
    most: Numbers
    scale: Numbers


@dataclass(frozen=True, eq=False)
class Matching:
    """An assignment problem: cost of each pair (infinite where not allowed), loads, and a floor on pairs kept.

    region, neighbours : region number of each account (-1 none) and region x region; None asks for no contiguity
    """

    cost: Numbers
    loads: tuple[Load, ...] = ()
    kept: Flags | None = None
    least_kept: float = 0.0
    region: Places | None = None
    neighbours: Flags | None = None

    def cost_of(self, choice: Places) -> float:
        """What a plan costs that gives each account to the representative at `choice`."""
        return float(self.cost[np.arange(len(choice)), choice].sum())


@dataclass(frozen=True, eq=False)
class Solution:
    """A plan: the representative of each account, its cost, the bound no plan undercuts, marginal costs of pairs.

    choice   : place of each account's representative; empty where no plan was found
    bound    : infinite where it is proved that whole accounts fit in no plan
    marginal : cost of each pair with the price of the limits it uses; None where there are no prices
    missed   : loads x representatives, by how much the relaxation must miss each limit (0 where it can be met), and
               `missed_kept`, pairs short of the floor
    method   : "flow", "linear" (the relaxation was whole) or "integer"
    nearest  : the relaxation rounded, each account with the representative who has most of it; may miss limits
    kept_price : what a pair kept is worth, 0 where the floor costs nothing
    by_clock : whether the clock ended a part of the search, so that another run may find another plan
    """

    choice: Places
    cost: float
    bound: float
    marginal: Numbers | None
    method: str
    missed: Numbers = field(default_factory=lambda: np.zeros((0, 0)))
    missed_kept: float = 0.0
    nearest: Places = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    kept_price: float = 0.0
    by_clock: bool = False

    @property
    def gap(self) -> float:
        """How far the cost may be above the least possible, as a fraction of it; infinite where there is no plan."""
        if not self.choice.size:
            return np.inf
        return max(0.0, (self.cost - self.bound) / max(abs(self.cost), 1e-12))


def connected_patches(served: Places, neighbours: Flags) -> list[Places]:
    """The regions `served`, grouped into those that hang together; the largest group first."""
    if not len(served):
        return []
    count, label = csgraph.connected_components(neighbours[np.ix_(served, served)], directed=False)
    patches = [served[label == number] for number in range(count)]
    return sorted(patches, key=len, reverse=True)
