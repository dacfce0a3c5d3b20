"""People put to the jobs of an organisation, and what the organisation then costs and gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special
from scipy.optimize import linear_sum_assignment

from salesopt.errors import DataError, Problem
from salesopt.stats.organisation import Assumptions, Layout, Work
from salesopt.stats.roles import SELLING, Day, group_of, is_here, sells
from salesopt.study.tables import require_table

DEALS = 999  # random deals that today's owners are held against


@dataclass(frozen=True, eq=False)
class People:
    """Today's representatives, as far as the comparison of structures needs them.

    names        : representatives who are here
    capacity     : mean hours a year; cost: mean cost a year; manager_cost: mean cost a year of those who lead
    today        : number of the representative per account, -1 where nobody is named
    fit          : people x segments x lines, share of the needed skill levels that each has; None if not known
    """

    names: tuple[str, ...]
    capacity: float
    cost: float
    manager_cost: float
    managers: int
    today: np.ndarray
    fit: np.ndarray | None

    @property
    def paid(self) -> float:
        """What today's representatives and those who lead them cost a year, without travel."""
        return len(self.names) * self.cost + self.managers * self.manager_cost


def people_of(
    reps: pd.DataFrame,
    accounts: pd.DataFrame,
    work: Work,
    skills: pd.DataFrame | None,
    skill_needs: pd.DataFrame | None,
    today: Day = None,
) -> People:
    """Read the people of the day `today` from checked tables.

    Raises DataError where nobody sells or an account names a stranger.
    """
    here = reps[is_here(reps, today)]
    selling, leading = here[sells(here)], here[group_of(here) == "managing"]
    if selling.empty or not selling["hours"].mean() > 0:
        expected = f"somebody present in a selling role ({', '.join(SELLING)}) with hours above 0"
        raise DataError([Problem("reps", "role", None, "", expected)])
    names = tuple(selling["rep"])
    return People(
        names,
        float(selling["hours"].mean()),
        float(selling["cost"].mean()),
        float(leading["cost"].mean() if len(leading) else selling["cost"].mean()),
        len(leading),
        _today(accounts, reps, names),
        _fit(names, work, skills, skill_needs),
    )


def _today(accounts: pd.DataFrame, reps: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    if "rep" not in accounts:
        return np.full(len(accounts), -1)
    strange = accounts["rep"].notna() & ~accounts["rep"].isin(reps["rep"])
    if strange.any():
        at = int(strange.to_numpy().argmax())
        shown = repr(str(accounts["rep"].iloc[at]))
        raise DataError(
            [Problem("accounts", "rep", at + 2, shown, "a name of the table reps", count=int(strange.sum()))]
        )
    return pd.Index(names).get_indexer(pd.Index(accounts["rep"].fillna("")))


def _fit(
    names: tuple[str, ...], work: Work, skills: pd.DataFrame | None, skill_needs: pd.DataFrame | None
) -> np.ndarray | None:
    if skills is None or skill_needs is None:
        return None
    have = require_table("skills", skills).pivot_table(index="rep", columns="skill", values="level", aggfunc="mean")
    need = require_table("skill_needs", skill_needs).pivot_table(index="group", columns="skill", values="level")
    every = sorted(set(need.columns))
    have = have.reindex(index=list(names), columns=every).fillna(0.0)
    by_segment = need.reindex(index=list(work.segments), columns=every).fillna(0.0).to_numpy()
    by_line = need.reindex(index=list(work.lines), columns=every).fillna(0.0).to_numpy()
    needed = np.maximum(by_segment[:, None, :], by_line[None, :, :])
    met = np.minimum(have.to_numpy()[:, None, None, :], needed[None]).sum(axis=-1)
    total = needed.sum(axis=-1)
    return np.where(total > 0, met / np.where(total > 0, total, 1.0), 1.0)


def staff_jobs(layout: Layout, work: Work, people: People) -> np.ndarray:
    """Number of the person per job, -1 for a new hire: most hours with known accounts plus hours of skill fit.

    Exact (linear sum assignment). An hour with an account that the person serves today counts as much as an hour for
    which he has every skill needed.
    """
    kept, fitted = _known_hours(layout, people), _fit_hours(layout, work, people)
    value = kept + (fitted if fitted is not None else 0.0)
    who, job = linear_sum_assignment(value, maximize=True)
    person = np.full(layout.jobs, -1)
    person[job] = who
    return person


def _known_hours(layout: Layout, people: People) -> np.ndarray:
    """People x jobs: hours of the job with accounts that it leads and the person serves today."""
    kept = np.zeros((len(people.names), layout.jobs))
    today = people.today[layout.account]
    known = layout.leads & (today >= 0)
    np.add.at(kept, (today[known], layout.job[known]), layout.hours[known])
    return kept


def _fit_hours(layout: Layout, work: Work, people: People) -> np.ndarray | None:
    """People x jobs: hours of the job times the share of their skill needs that the person has."""
    if people.fit is None:
        return None
    hours = np.zeros((layout.jobs, len(work.segments), len(work.lines)))
    np.add.at(hours, (layout.job, work.segment[layout.account]), layout.hours[:, None] * layout.share)
    return np.einsum("rsl,jsl->rj", people.fit, hours)


def measure(layout: Layout, work: Work, people: People, assumed: Assumptions, shift: float) -> dict[str, float]:
    """What an organisation costs and gives a year; the criteria (but cost) as fractions, nan where unknown."""
    jobs = layout.jobs
    who = np.unique(np.column_stack([layout.account, layout.job]), axis=0)[:, 0]
    contacts = np.bincount(who, minlength=len(work.calls))
    person = staff_jobs(layout, work, people)
    lead = np.full(len(work.calls), -2)
    lead[layout.account[layout.leads]] = person[layout.job[layout.leads]]
    served = people.today >= 0
    moved = int((lead[served] != people.today[served]).sum())
    paid = jobs * people.capacity
    km, nights, load = float(layout.km.sum()), float(layout.nights.sum()), float(layout.load.sum())
    road_cost = km * assumed.cost_per_km + nights * assumed.night_cost
    people_cost = jobs * people.cost + layout.managers * people.manager_cost
    fitted = _fit_hours(layout, work, people)
    if fitted is None:
        fit = np.nan
    else:
        at_job = np.where(person >= 0, fitted[np.maximum(person, 0), np.arange(jobs)], fitted.mean(axis=0))
        fit = float(at_job.sum() / layout.hours.sum())
    shifts = shift_response(layout, work, people.capacity, assumed, shift)
    return {
        "reps": jobs,
        "managers": layout.managers,
        "people_cost": people_cost,
        "cost": people_cost + road_cost,
        "customer_hours": float(layout.hours.sum()),
        "travel_hours": float(layout.travel.sum()),
        "agreeing_hours": float(layout.agreeing.sum()),
        "idle_hours": paid - load,
        "paid_hours": paid,
        "visits": float(layout.visits.sum()),
        "extra_visits": float(layout.visits.sum() - work.calls.sum()),
        "km": km,
        "nights": nights,
        "shared_accounts": int((contacts > 1).sum()),
        "contacts": float(contacts.mean()),
        "moved_accounts": moved if served.any() else np.nan,
        "people_to_spare": max(len(people.names) - jobs, 0),
        "selling": float(work.hours.sum() / paid),
        "contact": float((contacts == 1).mean()),
        "continuity": 1 - moved / served.sum() if served.any() else np.nan,
        "fit": fit,
        "agility": agility(shifts),
    }


def describe_today(work: Work, people: People) -> dict[str, object]:
    """Today's organisation as far as the tables tell it: nothing of it is assumed, so that it holds no travel.

    What hangs on who serves whom is nan where no account names a representative who is here.
    """
    served = people.today >= 0
    found: dict[str, object] = {
        "structure": "today",
        "reps": len(people.names),
        "managers": people.managers,
        "people_cost": people.paid,
    }
    if not served.any():
        return found
    hours = work.hours[served]
    found |= {"customer_hours": float(hours.sum()), "shared_accounts": 0, "extra_visits": 0.0, "moved_accounts": 0}
    if people.fit is not None and hours.sum() > 0:
        each = (people.fit[people.today[served], work.segment[served]] * work.share[served]).sum(axis=1)
        found["fit"] = float(each @ hours / hours.sum())
    return found


def shift_response(
    layout: Layout, work: Work, capacity: float, assumed: Assumptions, shift: float
) -> list[tuple[str, str, float, float]]:
    """(kind, group, extra hours, extra hours that stay unserved) as each line, segment and region grows by `shift`.

    People, areas and specialities stay; each person can go `assumed.stretch` above his hours; nobody takes over
    another's accounts. A kind with one group only is left out: its growth is the same under every structure.
    """
    limit = (1 + assumed.stretch) * capacity
    load = np.bincount(layout.job, layout.load, layout.jobs)
    before = np.maximum(load - limit, 0).sum()
    found = []
    for kind, groups in (("line", work.lines), ("segment", work.segments), ("region", work.regions)):
        if len(groups) < 2:
            continue
        for number, group in enumerate(groups):
            if kind == "line":
                part = layout.share[:, number]
            else:
                part = ((work.segment if kind == "segment" else work.region)[layout.account] == number).astype(float)
            extra = np.bincount(layout.job, shift * part * (layout.hours + layout.travel), layout.jobs)
            unserved = np.maximum(load + extra - limit, 0).sum() - before
            found.append((kind, group, float(extra.sum()), float(unserved)))
    return found


def agility(shifts: list[tuple[str, str, float, float]]) -> float:
    """Mean over kinds of the share of the extra hours that is served; nan where there is nothing that could shift."""
    kinds = {kind: [row for row in shifts if row[0] == kind and row[2] > 0] for kind, *_ in shifts}
    shares = [np.mean([1 - row[3] / row[2] for row in rows]) for rows in kinds.values() if rows]
    return float(np.mean(shares)) if shares else np.nan


def resemblance(work: Work, people: People) -> pd.DataFrame:
    """How much the name of today's representative tells about an account's region, line and segment.

    dimension, structure, information: mutual information over the dimension's entropy, less what chance alone gives
    ((people - 1)(groups - 1) / (2 accounts), Miller 1955); 0 nothing, 1 everything; nan where there is one group or
    nobody is named. chance: how often accounts dealt out at random to the same people, each as many as now, tell as
    much or more (a permutation test).
    """
    served = people.today >= 0
    rows = []
    for dimension, structure, codes in (
        ("region", "territory", work.region),
        ("line", "product", work.main),
        ("segment", "customer", work.segment),
    ):
        rows.append((dimension, structure, *_information(people.today[served], codes[served])))
    return pd.DataFrame(rows, columns=["dimension", "structure", "information", "chance"])


def _information(who: np.ndarray, group: np.ndarray) -> tuple[float, float]:
    """How much `who` tells about `group`, and how often chance alone tells as much."""
    if not len(who) or len(np.unique(group)) < 2:
        return np.nan, np.nan
    (hands, who), (groups, group) = (np.unique(codes, return_inverse=True) for codes in (who, group))
    generator = np.random.default_rng(0)
    dealt = np.vstack([who, generator.permuted(np.tile(who, (DEALS, 1)), axis=1)])
    cells = len(hands) * len(groups)
    places = dealt * len(groups) + group + cells * np.arange(DEALS + 1)[:, None]
    joint = np.bincount(places.ravel(), minlength=cells * (DEALS + 1)).reshape(DEALS + 1, cells) / len(who)
    side, top = np.bincount(who) / len(who), np.bincount(group) / len(who)
    mutual = special.rel_entr(joint, np.outer(side, top).ravel()).sum(axis=1)
    bias = (len(hands) - 1) * (len(groups) - 1) / (2 * len(who))
    known = (mutual[0] - bias) / special.entr(top).sum()
    return float(np.clip(known, 0.0, 1.0)), float((mutual >= mutual[0] - 1e-12).mean())
