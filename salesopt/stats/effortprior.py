"""What is expected of curves of sales over effort before the history is looked at: judges, or field studies.

The judges' curve is the middle of the prior. How far a unit may be from it is the judges' own disagreement, and on top
of it what even judges who agree get wrong; a part of that they get wrong alike on all units. Where nobody judged a unit
the middle is a curve with an elasticity of a third: 0.34 on average over field studies of personal selling (Albers,
Mantrala and Sridhar, "Personal selling elasticities: a meta-analysis", Journal of Marketing Research 47, 2010). The
mean of a firm's eight units then is taken to lie between 0.05 and 1.1, 95 times in 100.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.effort import Curves, Numbers
from salesopt.stats.effortcurve import SIZE, place_of
from salesopt.stats.effortfit import Prior

# logit(none), log(most - 1), log(shape)
USUAL = np.array([np.log(0.55 / 0.45), np.log(0.5), np.log(1.4)])
USUAL_OWN, USUAL_SHARED = np.array([1.0, 1.0, 0.4]), np.array([1.2, 1.2, 0.4])
JUDGED_OWN, JUDGED_SHARED = np.array([0.3, 0.3, 0.2]), np.array([0.2, 0.2, 0.1])


def make_prior(names: pd.Index, judged: Curves | None) -> Prior:
    """The prior of the units `names`: the judges' curves where there are some, what is usual elsewhere."""
    count = len(names)
    mean = np.tile(USUAL, (count, 1))
    own = np.tile(np.diag(USUAL_OWN**2), (count, 1, 1))
    known = np.full(count, -1) if judged is None else pd.Index(judged.units.name).get_indexer(names)
    if judged is None or not (known >= 0).any():
        return Prior(mean, own, np.diag(USUAL_SHARED**2))
    there = np.flatnonzero(known >= 0)
    mean[there] = place_of(judged.units)[known[there]]
    own[there] = np.diag(JUDGED_OWN**2)
    if judged.drawn is not None:
        own[there] += _spread(place_of(judged.drawn))[known[there]]
    # Where some units were judged, those that were not are taken to be like them.
    mean[known < 0] = mean[there].mean(axis=0)
    return Prior(mean, own, np.diag(JUDGED_SHARED**2))


def _spread(drawn: Numbers) -> Numbers:
    """Covariance of each unit's three numbers over draws x units x 3: units x 3 x 3.

    From the middle two thirds, so that a draw at the end of its range does not set the scale.
    """
    low, high = np.quantile(drawn, [1 / 6, 5 / 6], axis=0)
    scale = (high - low) / 1.935
    found = np.empty((drawn.shape[1], SIZE, SIZE))
    for unit in range(drawn.shape[1]):
        moving = drawn[:, unit].std(axis=0) > 1e-9
        alike = np.atleast_2d(np.corrcoef(drawn[:, unit], rowvar=False)) if moving.all() else np.eye(SIZE)
        found[unit] = alike * np.outer(scale[unit], scale[unit])
    return found
