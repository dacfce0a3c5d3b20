"""How the sales force is organised: four structures on the same accounts, the team's make-up, who owns which duty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import AbsentError, DataError, ParameterError, Problem
from salesopt.stats.arguments import count_fault, day_fault, mapping_fault, number_fault, require, unless
from salesopt.stats.comparison import (
    Case,
    draw_structures,
    interval_of,
    measure_structure,
    rank_structures,
    tabulate_flips,
    tabulate_rivals,
    tabulate_scores,
    tabulate_shifts,
    tabulate_structures,
    vary_assumptions,
    weigh_gain,
)
from salesopt.stats.duties import DutyCheck, check_duties
from salesopt.stats.geography import locate
from salesopt.stats.makeup import TeamMakeup, describe_team
from salesopt.stats.organisation import STRUCTURES, Assumptions, Work, work_of
from salesopt.stats.result import Result
from salesopt.stats.roles import Day
from salesopt.stats.staffing import People, describe_today, people_of, resemblance
from salesopt.stats.structurecautions import doubt_structures
from salesopt.study.tables import check_table, require_table

__all__ = [
    "CRITERIA",
    "Assumptions",
    "DutyCheck",
    "Organisation",
    "Structures",
    "TeamMakeup",
    "check_duties",
    "compare_structures",
    "describe_team",
    "join_organisation",
]

CRITERIA = {
    "cost": 0.30,
    "selling": 0.20,
    "contact": 0.15,
    "continuity": 0.10,
    "fit": 0.15,
    "agility": 0.10,
}
NAMES = {
    "territory": "by territory",
    "product": "by product line",
    "customer": "by customer type",
    "matrix": "as a matrix",
}
NOUNS = {
    "territory": "the territory structure",
    "product": "the product structure",
    "customer": "the customer structure",
    "matrix": "the matrix",
}
CRITERION = {
    "cost": "cost",
    "selling": "time with customers",
    "contact": "one contact per account",
    "continuity": "accounts that keep their representative",
    "fit": "fit of skills",
    "agility": "ease with shifts in demand",
}
UNKNOWN = {
    "selling": "no hours could be measured",
    "contact": "no contacts could be measured",
    "continuity": "no account names the representative who serves it today",
    "fit": "the tables skills and skill_needs are not both there",
    "agility": "there are not two lines, segments or regions that demand could shift between",
}
LEAST_RESEMBLANCE = 0.2
BY_CHANCE = 0.05  # how often chance may tell as much of any of the forms as today's owners do, for one to be named


@dataclass(frozen=True, eq=False, repr=False)
class Structures(Result):
    """What `compare_structures` found. Hours, visits, km and money are a year.

    table       : structure, reps, managers, people_cost (without travel), cost, cost_low, cost_high, reps_low,
                  reps_high, customer_hours, travel_hours, agreeing_hours, idle_hours, paid_hours, visits, extra_visits,
                  km, nights, shared_accounts, contacts (mean per account), moved_accounts, fit (fraction),
                  people_to_spare
    scores      : structure, a column of points from 0 to 1 per criterion, score, low, high, wins (share of draws in
                  which it scores best under these weights), wins_any (share of all weights), rank
    flips       : criterion, weight (now), from, to, winner, holds (whether the weight of now lies in this stretch)
    rivals      : structure, behind (points of score), least_shift (share of all weight that must move for it to come
                  level; nan: no weights do), and what each criterion's weight then is
    shifts      : structure, kind (line, segment, region), group, extra_hours, unserved_hours, unserved (fraction)
    sensitivity : assumption, value, winner, lead (points of score), reps, cost - each assumption alone at its ends
    now         : one row, structure "today", with those columns of `table` that need no assumption: today's
                  representatives, those who lead them and what these people cost, and how they serve the accounts
    today       : dimension, structure, information (how much the representative tells about it, 0 to 1), chance
                  (how often accounts dealt out at random tell as much)
    skipped     : item, reason
    weights     : weight per criterion, they sum to one; best, second: structures; lead, lead_low, lead_high: points
                  of score between them
    cheaper     : cost of `today_form`, laid out anew, less cost of `best`, with low and high
    saving      : what `best` costs less than today, with low and high: `cheaper`, but at most the cost of today's
                  people less that of the people of `best` (today's travel is not known); nan where today's people
                  cost no more than those of `best`: then no money is saved
    """

    table: pd.DataFrame
    now: pd.DataFrame
    scores: pd.DataFrame
    flips: pd.DataFrame
    rivals: pd.DataFrame
    shifts: pd.DataFrame
    sensitivity: pd.DataFrame
    today: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    weights: dict[str, float]
    best: str
    second: str
    lead: float
    lead_low: float
    lead_high: float
    today_form: str
    cheaper: float
    cheaper_low: float
    cheaper_high: float
    saving: float
    saving_low: float
    saving_high: float
    accounts: int
    reps_now: int
    capacity: float
    shift: float
    draws: int
    confidence: float


def compare_structures(
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    *,
    account_lines: pd.DataFrame | None = None,
    distances: pd.DataFrame | None = None,
    skills: pd.DataFrame | None = None,
    skill_needs: pd.DataFrame | None = None,
    assumptions: Assumptions | None = None,
    weights: Mapping[str, float] | None = None,
    shift: float = 0.3,
    spread: float = 0.3,
    draws: int = 100,
    confidence: float = 0.95,
    seed: int = 0,
    today: Day = None,
) -> Structures:
    """Compare a sales force by territory, product, customer type and matrix on the same accounts.

    How each is built:
    - territory: every representative serves all lines of all accounts of one compact area;
    - product: one pool of specialists per line; an account that buys several lines is visited by one of each, who
      together make more visits than one person would (`assumptions.separate`); its main line's specialist leads it;
    - customer: one pool per segment, each cut into areas of its own; an account has one representative for all lines;
    - matrix: account managers by territory for everybody; at the largest accounts (`key_share` of potential) line
      specialists make the share `joint` of the calls.
    Each pool is cut into as many balanced areas as whole representatives are needed for calls, travel and
    coordination; each lives at the middle of his area. Today's people are matched to the jobs so that the hours with
    accounts they know plus the hours for which they have the skills are most (an exact assignment).

    accounts, reps : tables of that name; `lat`, `lon` (or `region` with `distances`) give travel, `line`
        ("juice;water" for several) or `account_lines` the lines, `segment` the customer types, `rep` today's hands
    skills, skill_needs : tables of that name; both or neither
    weights : worth of each criterion of `CRITERIA` (normalised to sum to one). Points run from 0 to 1: cost (least
        cost / cost), selling (hours that customers need / hours paid), contact (share of accounts with one contact),
        continuity (share of accounts that keep their representative), fit (share of needed skill levels present),
        agility (share of the extra hours that can be served when a line, a segment or a region grows by `shift`)
    spread, draws : each judged assumption is drawn evenly within +-`spread` of its value and each account's calls
        with a coefficient of variation of 0.15; intervals are quantiles over `draws` draws. 0 draws: no intervals
    today : day on which people are here; None: who has no day in `left`

    Raises DataError for tables that are not what they should be, ParameterError for arguments out of range.
    Source of the travel: Daganzo 1984; of the weights that another structure needs: Lahdelma and others 1998.
    """
    require(
        *_weight_faults(CRITERIA if weights is None else weights),
        unless(isinstance(assumptions, Assumptions | None), "assumptions", assumptions, "Assumptions(...), or None"),
        number_fault("shift", shift, above=0, most=5),
        number_fault("spread", spread, least=0, below=1),
        count_fault("draws", draws),
        count_fault("seed", seed),
        number_fault("confidence", confidence, above=0, below=1),
        day_fault("today", today, optional=True),
    )
    wanted = {name: float((CRITERIA if weights is None else weights).get(name, 0.0)) for name in CRITERIA}
    accounts, reps = _inputs(accounts, reps)
    lines = None if account_lines is None else require_table("account_lines", account_lines)
    work = work_of(accounts, lines, locate(accounts, distances))
    people = people_of(reps, accounts, work, skills, skill_needs, today)
    case = Case(work, people, assumptions or Assumptions(), shift)
    skipped = _left_out(accounts, work, people)
    options = tuple(name for name in STRUCTURES if name not in skipped)
    if len(options) < 2:
        raise AbsentError("the accounts name neither two product lines nor two segments to organise by")
    measured = [measure_structure(name, case) for name in options]
    usable = tuple(name for name in wanted if name == "cost" or all(np.isfinite(row[name]) for row in measured))
    skipped |= {f"criterion {name}": UNKNOWN[name] for name in wanted if name not in usable}
    total = sum(wanted[name] for name in usable)
    if total <= 0:
        raise ParameterError("weights: no criterion with a weight above 0 can be measured from these tables")
    weight = np.array([wanted[name] / total for name in usable])
    drawn = [draw_structures(options, case, spread, np.random.default_rng([seed, draw])) for draw in range(draws)]
    ranking = rank_structures(options, usable, weight, measured, drawn, seed)
    best, second = (int(number) for number in ranking.order[:2])
    resembled = resemblance(work, people)
    form = _today_form(resembled, options)
    lead = interval_of(ranking.drawn[:, best] - ranking.drawn[:, second], confidence)
    gain = weigh_gain(measured, drawn, options.index(form) if form else None, best, people.paid, confidence)
    sensitivity = vary_assumptions(options, usable, weight, case, spread)
    return Structures(
        table=_table(tabulate_structures(options, measured, drawn, confidence), work),
        now=pd.DataFrame([describe_today(work, people)]),
        scores=tabulate_scores(options, usable, ranking, confidence),
        flips=tabulate_flips(options, usable, weight, ranking.points),
        rivals=tabulate_rivals(options, usable, weight, ranking),
        shifts=tabulate_shifts(options, case),
        sensitivity=sensitivity,
        today=resembled,
        skipped=pd.DataFrame(list(skipped.items()), columns=["item", "reason"]),
        cautions=doubt_structures(case, measured, options[best], sensitivity, people),
        weights=dict(zip(usable, map(float, weight), strict=True)),
        best=options[best],
        second=options[second],
        lead=float(ranking.score[best] - ranking.score[second]),
        lead_low=lead[0],
        lead_high=lead[1],
        today_form=form,
        **gain,
        accounts=len(accounts),
        reps_now=len(people.names),
        capacity=people.capacity,
        shift=shift,
        draws=draws,
        confidence=confidence,
    )


def _weight_faults(weights: Mapping[str, float]) -> list[str]:
    if fault := mapping_fault("weights", weights, "criteria to numbers"):
        return [fault]
    strange = [
        f"weights: no criterion is called {name!r} (criteria are {', '.join(CRITERIA)})"
        for name in weights
        if name not in CRITERIA
    ]
    found = [*strange, *(number_fault(f"the weight of {name}", value, least=0) for name, value in weights.items())]
    if not any(found) and not sum(weights.values()) > 0:
        found.append("weights: at least one weight must be above 0")
    return found


def _inputs(accounts: pd.DataFrame, reps: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The checked tables; problems of both are raised together."""
    problems: list[Problem] = []
    checked = []
    for name, frame in (("accounts", accounts), ("reps", reps)):
        typed, found = check_table(name, frame)
        problems += found
        checked.append(typed)
    if not problems and not (checked[0]["calls"] * checked[0]["hours_per_call"]).sum() > 0:
        problems.append(Problem("accounts", "calls", None, "no calls at all", "calls and hours above 0"))
    if problems:
        raise DataError(problems)
    return checked[0], checked[1]


def _left_out(accounts: pd.DataFrame, work: Work, people: People) -> dict[str, str]:
    """What can't be told from these tables, with the reason."""
    found = {}
    if len(work.lines) < 2:
        found["product"] = found["matrix"] = "the accounts name fewer than two product lines"
    if len(work.segments) < 2:
        found["customer"] = "the accounts name fewer than two segments"
    if work.where is None:
        found["travel"] = "no account has a latitude and longitude, or a region with its distances"
    if len(work.regions) < 2:
        found["growth of a region"] = "the accounts name fewer than two regions"
    return found


def _table(table: pd.DataFrame, work: Work) -> pd.DataFrame:
    """The table of structures, travel left blank where no place is known: it is not none."""
    return table if work.where is not None else table.assign(**dict.fromkeys(["travel_hours", "km", "nights"], np.nan))


def _today_form(today: pd.DataFrame, options: Sequence[str]) -> str:
    """The structure that today's assignment resembles most; "" where it resembles none or it is unknown."""
    known = today[today["structure"].isin(options)].dropna(subset=["information"])
    known = known[known["chance"] <= BY_CHANCE / max(len(known), 1)]
    if known.empty or known["information"].max() < LEAST_RESEMBLANCE:
        return ""
    return str(known["structure"].iloc[int(known["information"].argmax())])


@dataclass(frozen=True, eq=False, repr=False)
class Organisation(Result):
    """The chapter's three results in one, so that they are saved together: fields as in the three classes.

    table, now, scores, flips, rivals, shifts, sensitivity, today : of `Structures`; None without it
    roles, teams, turnover : of `TeamMakeup`; None without it
    duties, duty_problems, people : `table`, `problems` and `people` of `DutyCheck`; None without it
    skipped : part, item, reason
    """

    table: pd.DataFrame | None
    now: pd.DataFrame | None
    scores: pd.DataFrame | None
    flips: pd.DataFrame | None
    rivals: pd.DataFrame | None
    shifts: pd.DataFrame | None
    sensitivity: pd.DataFrame | None
    today: pd.DataFrame | None
    roles: pd.DataFrame | None
    teams: pd.DataFrame | None
    turnover: pd.DataFrame | None
    duties: pd.DataFrame | None
    duty_problems: pd.DataFrame | None
    people: pd.DataFrame | None
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    weights: dict[str, float]
    best: str
    second: str
    lead: float
    confidence: float


def join_organisation(
    structures: Structures | None,
    makeup: TeamMakeup | None = None,
    duties: DutyCheck | None = None,
    *,
    uncompared: str = "",
    undescribed: str = "",
) -> Organisation:
    """Put the comparison of structures, the team's make-up and the check of duties together.

    uncompared, undescribed : why there is no comparison and no make-up, for `skipped`

    Raises AbsentError where there is nothing at all.
    """
    whole = {"structures": structures, "team": makeup, "duties": duties}
    parts = {name: part for name, part in whole.items() if part is not None}
    reasons = {"structures": uncompared, "team": undescribed}
    absent = [(name, "all of it", why) for name, why in reasons.items() if why and name not in parts]
    if not parts:
        raise AbsentError(
            "; ".join(why for *_, why in absent) or "neither structures, nor people, nor duties are there"
        )
    skipped = [part.skipped.assign(part=name)[["part", "item", "reason"]] for name, part in parts.items()]
    cautions = [caution for part in parts.values() for caution in part.cautions]
    compared = ("table", "now", "scores", "flips", "rivals", "shifts", "sensitivity", "today")
    return Organisation(
        **{name: getattr(structures, name, None) for name in compared},
        roles=makeup.roles if makeup else None,
        teams=makeup.teams if makeup else None,
        turnover=makeup.turnover if makeup else None,
        duties=duties.table if duties else None,
        duty_problems=duties.problems if duties else None,
        people=duties.people if duties else None,
        skipped=pd.concat([pd.DataFrame(absent, columns=["part", "item", "reason"]), *skipped], ignore_index=True),
        cautions=tuple(cautions),
        weights=structures.weights if structures else {},
        best=structures.best if structures else "",
        second=structures.second if structures else "",
        lead=structures.lead if structures else float("nan"),
        confidence=structures.confidence if structures else makeup.confidence if makeup else float("nan"),
    )
