"""Curves of sales over effort from a history of heads and sales, with what judges said as the prior.

    log sales = unit + period (or season) + the unit's own trend + controls + log f(working heads / today's) + error

f is the curve of `effortcurve`; its three numbers are normal around the judges' curve (or around what field studies
found, where nobody judged), each unit with its own doubt and all units with one doubt they share: what judges get wrong
they get wrong together, and the history of some units corrects the others. Working heads carry over from period to
period. Errors of a unit last (first-order autoregression, found by restricted likelihood). The posterior is
approximated by a normal at its mode (Laplace), for each of a few rates of carry-over, which are weighed by their
marginal likelihood.

Source: Little (1970) for the curve; Lindley and Smith, "Bayes estimates for the linear model", JRSS B 34 (1972), for
units with a common mean; Prais and Winsten (1954) for lasting errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from salesopt.stats.effort import Numbers
from salesopt.stats.effortblocks import Blocks
from salesopt.stats.effortcurve import LEAST, MOST, SIZE, log_slopes, relative_sales

CARRIES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75)  # rates of carry-over that are weighed
STEPS, ROUNDS = 60, 6
LASTING = (0.0, 0.9)


@dataclass(frozen=True, eq=False)
class Panel:
    """What is fitted: one entry per row, rows sorted by unit and period.

    unit, period : numbers of the unit and of the period (consecutive periods count up by one); effort : heads against
    today's; log_sales; own : columns held equal of each unit for itself (level, trend); shared : those of all (periods
    or season, controls), of which a few may be redundant
    """

    unit: NDArray[np.int64]
    period: NDArray[np.int64]
    effort: Numbers
    log_sales: Numbers
    own: Numbers
    shared: Numbers

    @property
    def goes_on(self) -> NDArray[np.bool_]:
        """Whether each row is of the same unit as the row before it."""
        return np.append(False, self.unit[1:] == self.unit[:-1])

    @property
    def gap(self) -> Numbers:
        """Periods since the row before, 1 for the first row; of use where the unit goes on."""
        return np.append(1, np.diff(self.period)).astype(float)


@dataclass(frozen=True, eq=False)
class Prior:
    """What is expected of units x 3 numbers: mean, each unit's own covariance, and that of the doubt all share."""

    mean: Numbers
    own: Numbers
    shared: Numbers

    @property
    def covariance(self) -> Numbers:
        """(3 units x 3 units), unit by unit."""
        count = len(self.mean)
        full = np.asarray(np.kron(np.ones((count, count)), self.shared), dtype=np.float64)
        for unit in range(count):
            at = slice(SIZE * unit, SIZE * (unit + 1))
            full[at, at] += self.own[unit]
        return full


@dataclass(frozen=True, eq=False)
class Posterior:
    """Mode (units x 3) and covariance of the curves at one rate of carry-over, and how likely that rate is.

    carry; lasting : autocorrelation of errors from period to period; noise : their standard deviation (logs);
    free : degrees of freedom left; fitted : log sales of each row; evidence : log of the marginal likelihood
    """

    carry: float
    mode: Numbers
    covariance: Numbers
    lasting: float
    noise: float
    free: float
    fitted: Numbers
    evidence: float


def working_effort(panel: Panel, carry: float) -> Numbers:
    """Effort after carry-over: (1 - carry) x this period's + carry x the working effort of the period before.

    Before its first row a unit is taken to have had that row's effort; over a gap the effort stays as it was.
    """
    working = panel.effort.copy()
    if carry == 0:
        return working
    for row in range(1, len(working)):
        if panel.unit[row] == panel.unit[row - 1]:
            gap = panel.period[row] - panel.period[row - 1]
            before = panel.effort[row - 1] + carry ** (gap - 1) * (working[row - 1] - panel.effort[row - 1])
            working[row] = (1 - carry) * panel.effort[row] + carry * before
    return working


def fit_curves(panel: Panel, prior: Prior, carries: tuple[float, ...] = CARRIES) -> list[Posterior]:
    """The posterior of the curves at each rate of carry-over, the likeliest first."""
    precision = np.asarray(np.linalg.inv(prior.covariance), dtype=np.float64)
    panel = without_redundant(panel)
    found = [_fit(panel, prior, precision, carry) for carry in carries]
    return sorted(found, key=lambda one: -one.evidence)


def without_redundant(panel: Panel) -> Panel:
    """The panel without shared columns that the units' own and the other shared ones make up."""
    own = Blocks.make(panel.unit, panel.own)
    size, order = linalg.qr(panel.shared - own.fitted(panel.shared), mode="r", pivoting=True)
    size = np.abs(np.diag(size))
    kept = order[: len(size)][size > 1e-9 * max(float(size.max(initial=0.0)), 1e-300)]
    return replace(panel, shared=panel.shared[:, np.sort(kept)])


def weights_of(found: list[Posterior]) -> Numbers:
    """How likely each rate of carry-over is, all being equally likely before."""
    evidence = np.array([one.evidence for one in found])
    weight = np.exp(evidence - evidence.max())
    return np.asarray(weight / weight.sum())


def mixed(found: list[Posterior], values: Callable[[Posterior], Numbers | float]) -> Numbers:
    """The mean of `values` over the rates of carry-over, each as it is likely."""
    return np.asarray(sum(weight * values(one) for weight, one in zip(weights_of(found), found, strict=True)))


def carry_span(found: list[Posterior], tails: list[float]) -> tuple[float, float, float]:
    """Mean rate of carry-over and its interval; a rate stands for all that are nearer to it than to another tried."""
    order = np.argsort([one.carry for one in found])
    rates, weights = np.array([one.carry for one in found])[order], weights_of(found)[order]
    middles = (rates[1:] + rates[:-1]) / 2
    edges = np.concatenate([rates[:1], middles, rates[-1:]])
    within = np.minimum(np.searchsorted(np.cumsum(weights), tails), len(rates) - 1)
    return float(weights @ rates), float(edges[within[0]]), float(edges[within[1] + 1])


def draw_curves(found: list[Posterior], draws: int, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    """draws x units x 3 numbers, from each rate of carry-over as often as it is likely; and the rate of each draw."""
    which = np.sort(random.choice(len(found), size=draws, p=weights_of(found)))
    drawn = []
    for place, one in enumerate(found):
        count = int((which == place).sum())
        half = -(-count // 2)  # each draw with its mirror, so that chance does not move the middle
        root = np.linalg.cholesky(one.covariance + 1e-12 * np.eye(len(one.covariance)))
        stretch = np.sqrt(one.free / random.chisquare(one.free, half))
        away = (random.standard_normal((half, len(root))) @ root.T) * stretch[:, None]
        away = np.concatenate([away, -away])[:count]
        drawn.append(np.clip(one.mode + away.reshape(count, *one.mode.shape), LEAST, MOST))
    order, rates = random.permutation(draws), np.array([one.carry for one in found])
    return np.concatenate(drawn)[order], rates[which][order]


def whiten(panel: Panel, lasting: float, values: Numbers) -> Numbers:
    """Rows made independent: each less what lasts of the unit's row before (Prais and Winsten), over any gap."""
    keep = np.where(panel.goes_on, lasting ** np.maximum(panel.gap, 1.0), 0.0)
    before = np.roll(values, 1, axis=0)
    shaped = (slice(None), *(None,) * (values.ndim - 1))
    return np.asarray((values - keep[shaped] * before) / np.sqrt(1 - keep**2)[shaped])


def rank_of(panel: Panel) -> int:
    """Number of levels, trends and other columns that are held equal."""
    return Blocks.make(panel.unit, panel.own).rank + panel.shared.shape[1]


def _fit(panel: Panel, prior: Prior, precision: Numbers, carry: float) -> Posterior:
    effort = working_effort(panel, carry)
    place, lasting, noise = prior.mean.copy(), 0.0, 0.0
    rank = rank_of(panel)
    free = float(max(len(effort) - rank, 1))
    for _ in range(ROUNDS):
        model = _Model(panel, effort, lasting)
        if noise == 0.0:
            left = model.residuals(place)
            noise = float(np.sqrt(left @ left / free)) + 1e-9
        place, hessian, information, left = _mode(model, prior, precision, place, noise)
        used = float(np.trace(np.linalg.solve(hessian, information)))
        free = float(max(len(effort) - rank - used, 2.0))
        before = (lasting, noise)
        noise = float(np.sqrt(left @ left / free)) + 1e-9
        lasting = _lasting(panel, effort, place, rank)
        if abs(lasting - before[0]) < 1e-3 and abs(noise / before[1] - 1) < 1e-3:
            break
    away = (place - prior.mean).ravel()
    evidence = -0.5 * (
        left @ left / noise**2
        + away @ precision @ away
        + np.linalg.slogdet(hessian)[1]
        - np.linalg.slogdet(precision)[1]
        + 2 * (len(effort) - rank) * np.log(noise)
        + model.log_scale
    )
    fitted = panel.log_sales - model.errors(place)
    covariance = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
    return Posterior(carry, place, covariance, lasting, noise, free, fitted, float(evidence))


class _Model:
    """Rows made independent, what is held equal projected out: first unit by unit, then what all share."""

    def __init__(self, panel: Panel, effort: Numbers, lasting: float) -> None:
        self.panel, self.effort, self.lasting = panel, effort, lasting
        self.own = Blocks.make(panel.unit, whiten(panel, lasting, panel.own))
        self.shared = whiten(panel, lasting, panel.shared)
        self.basis, self.turn = np.linalg.qr(self.shared - self.own.fitted(self.shared))

    @property
    def log_scale(self) -> float:
        """Log of |R| |X'R^-1 X|, R the correlations of rows and X what is held equal: of the restricted likelihood."""
        gap = np.maximum(self.panel.gap[self.panel.goes_on], 1.0)
        scale = np.log1p(-(self.lasting ** (2.0 * gap))).sum() if self.lasting else 0.0
        held = np.linalg.slogdet(self.own.gram)[1].sum() + 2 * np.log(np.abs(np.diag(self.turn))).sum()
        return float(scale + held)

    def _rest(self, place: Numbers) -> tuple[Numbers, Numbers]:
        """Log sales less the curves, and the falls of the curves with their own three numbers; rows independent."""
        level, slopes = log_slopes(place[self.panel.unit], self.effort)
        return self._turned(self.panel.log_sales - level), self._turned(slopes)

    def _turned(self, values: Numbers) -> Numbers:
        made = whiten(self.panel, self.lasting, values)
        return made - self.own.fitted(made.reshape(len(made), -1)).reshape(made.shape)

    def residuals(self, place: Numbers) -> Numbers:
        """What the curves miss, by row."""
        level = np.log(relative_sales(place[self.panel.unit], self.effort))
        rest = self._turned(self.panel.log_sales - level)
        return np.asarray(rest - self.basis @ (self.basis.T @ rest))

    def look(self, place: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """What the curves miss; how that falls with every number (3 units); and the products of these falls.

        A unit's numbers move its own rows alone, so that units meet only in what all share.
        """
        rest, slopes = self._rest(place)
        left = np.asarray(rest - self.basis @ (self.basis.T @ rest))
        units, at = len(place), self.own.unit
        down, alike = np.zeros(place.shape), np.zeros((units, SIZE, units, SIZE))
        down[at] = self.own.sums(slopes * left[:, None])
        alike[at, :, at, :] = self.own.sums(slopes[:, :, None] * slopes[:, None, :])
        met = np.zeros((self.basis.shape[1], units, SIZE))
        met[:, at] = self.own.sums(self.basis[:, :, None] * slopes[:, None, :]).swapaxes(0, 1)
        flat = met.reshape(len(met), place.size)
        return left, down.ravel(), alike.reshape(place.size, place.size) - flat.T @ flat

    def errors(self, place: Numbers) -> Numbers:
        """What is missed of log sales, before rows are made independent."""
        rest = self.panel.log_sales - np.log(relative_sales(place[self.panel.unit], self.effort))
        made = whiten(self.panel, self.lasting, rest)
        common = linalg.solve_triangular(self.turn, self.basis.T @ made)
        levels = self.own.weights((made - self.shared @ common)[:, None])[self.own.of, :, 0]
        return np.asarray(rest - self.panel.shared @ common - (self.panel.own * levels).sum(axis=1))


def _mode(
    model: _Model, prior: Prior, precision: Numbers, place: Numbers, noise: float
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Mode by damped Gauss-Newton; the curvature there, the part of it that is data's, and what is missed."""
    left, down, alike = model.look(place)
    damping = 1e-3

    def loss(missed: Numbers, at: Numbers) -> float:
        away = (at - prior.mean).ravel()
        return float(missed @ missed / noise**2 + away @ precision @ away)

    now = loss(left, place)
    for _ in range(STEPS):
        hessian = alike / noise**2 + precision
        slope = down / noise**2 - precision @ (place - prior.mean).ravel()
        step = linalg.solve(hessian + damping * np.diag(np.diag(hessian)), slope, assume_a="sym")
        tried = np.clip(place + np.clip(step, -1.5, 1.5).reshape(place.shape), LEAST, MOST)
        then = model.look(tried)
        value = loss(then[0], tried)
        if value <= now:
            done = now - value <= 1e-10 * max(now, 1.0)
            place, (left, down, alike), now, damping = tried, then, value, max(damping / 5, 1e-9)
            if done:
                break
        else:
            damping *= 6
            if damping > 1e8:
                break
    information = alike / noise**2
    return place, information + precision, information, left


def _lasting(panel: Panel, effort: Numbers, place: Numbers, rank: int) -> float:
    """The autocorrelation of errors from period to period that the restricted likelihood finds likeliest."""

    def unlikely(lasting: float) -> float:
        model = _Model(panel, effort, lasting)
        left = model.residuals(place)
        return float((len(left) - rank) * np.log(left @ left + 1e-300) + model.log_scale)

    return float(optimize.minimize_scalar(unlikely, bounds=LASTING, method="bounded", options={"xatol": 1e-3}).x)
