"""What the comparison of structures, the team's make-up and its duties say, in words."""

from __future__ import annotations

import math

import pandas as pd

from salesopt.display import between, integer, listed, money, number, percent, plural
from salesopt.results import Conclusion, Finding
from salesopt.structure import CRITERION, NAMES, NOUNS, DutyCheck, Structures, TeamMakeup


def conclude_structure(
    structures: Structures,
    makeup: TeamMakeup | None = None,
    duties: DutyCheck | None = None,
    *,
    currency: str = "",
) -> Conclusion:
    """The answer in two sentences, what to doubt, findings and metrics ("structure.reps" and others)."""
    doubts = [*structures.cautions, *_close(structures)]
    findings = [_structure_finding(structures, currency)]
    metrics = _structure_metrics(structures)
    answer = _answer(structures, currency)
    if makeup is not None:
        doubts += makeup.cautions
        metrics |= _makeup_metrics(makeup)
    if duties is not None:
        answer += " " + _duty_sentence(duties)
        doubts += duties.cautions
        findings += _duty_findings(duties)
        metrics |= {"duties.sound": duties.sound, "duties.all": duties.duties, "duties.overloaded": duties.overloaded}
    return Conclusion(answer, tuple(doubts), tuple(findings), metrics)


def _row(table: pd.DataFrame, structure: str) -> pd.Series:
    return table[table["structure"] == structure].iloc[0]


def _answer(structures: Structures, currency: str) -> str:
    best, score = _row(structures.table, structures.best), _row(structures.scores, structures.best)
    costs = money(best["cost"], currency)
    if math.isfinite(best["cost_low"]):
        costs += f" ({money(best['cost_low'], currency)} to {money(best['cost_high'], currency)})"
    return (
        f"Under the weights given the sales force is best organised {NAMES[structures.best]}: "
        f"{number(score['score'])} of 1 point, {_ahead(structures)}, with "
        f"{plural(int(best['reps']), 'representative')} at {costs} a year. {flip_sentence(structures)}"
    )


def _ahead(structures: Structures) -> str:
    """How far ahead of the runner-up, with the interval of the distance."""
    text = f"{number(structures.lead, 2)} ahead of {NOUNS[structures.second]}"
    if not math.isfinite(structures.lead_low):
        return text
    interval = f"{number(structures.lead_low, 2)} to {number(structures.lead_high, 2)}"
    return f"{text} ({percent(structures.confidence, 0)} interval {interval})"


def flip_sentence(structures: Structures) -> str:
    """At what weight of one criterion the answer flips, or that no single weight does it."""
    flips = structures.flips
    others = flips[flips["winner"] != structures.best]
    if others.empty:
        return f"No weight of a single criterion makes another structure win; {_least_shift(structures)}"
    parts = []
    for row in others.assign(gap=_distance(others)).sort_values("gap").to_dict("records"):
        rises = row["from"] > row["weight"]
        word, edge = ("rises above", row["from"]) if rises else ("falls below", row["to"])
        parts.append(
            f"the weight of {CRITERION[row['criterion']]} {word} {percent(edge)} (now {percent(row['weight'])}): "
            f"then {NAMES[row['winner']]}"
        )
    return f"The answer flips when {parts[0]}."


def _distance(flips: pd.DataFrame) -> pd.Series:
    return pd.concat([flips["from"] - flips["weight"], flips["weight"] - flips["to"]], axis=1).max(axis=1)


def _least_shift(structures: Structures) -> str:
    reachable = structures.rivals.dropna(subset=["least_shift"])
    if reachable.empty:
        return "no weights at all do."
    nearest = reachable.sort_values("least_shift").iloc[0]
    return f"for {NOUNS[nearest['structure']]} {percent(nearest['least_shift'])} of all weight would have to move."


def _close(structures: Structures) -> list[str]:
    wins = _row(structures.scores, structures.best)["wins"]
    found = []
    if math.isfinite(wins):
        only = "only " if wins < 0.9 else ""
        found.append(
            f"With every assumption drawn from its range, {NOUNS[structures.best]} wins {only}{percent(wins, 0)} of "
            f"{plural(structures.draws, 'draw')}."
        )
    any_weight = _row(structures.scores, structures.best)["wins_any"]
    found.append(f"Of all weights that could be given, {percent(any_weight)} lead to the same structure.")
    if structures.table["shared_accounts"].max() == 0:
        found.append("No account buys several lines in these tables, so no structure brings two people to one account.")
    return found


def _structure_finding(structures: Structures, currency: str) -> Finding:
    unit = f"{currency} a year".strip()
    best = _row(structures.table, structures.best)
    if not structures.today_form or structures.today_form == structures.best:
        rival = _row(structures.table, structures.second)
        what = f"Stay organised {NAMES[structures.best]}" if structures.today_form else "Organise the sales force"
        return Finding(
            what=what,
            value=float("nan"),
            low=float("nan"),
            high=float("nan"),
            unit=unit,
            action=f"Organise {NAMES[structures.best]}; {NOUNS[structures.second]} costs "
            f"{money(rival['cost'] - best['cost'], currency)} a year more for the same calls.",
            caution="Nothing is to be gained by a change, so it has no worth a year."
            if structures.today_form
            else "Today's structure can't be told from the accounts, so that the gain can't be either.",
            chapter="structure",
        )
    return Finding(
        what=f"Organise {NAMES[structures.best]} instead of {NAMES[structures.today_form]}",
        value=structures.saving,
        low=structures.saving_low,
        high=structures.saving_high,
        unit=unit,
        action=f"Plan the move of {plural(int(best['moved_accounts']), 'account')} to another representative."
        if math.isfinite(best["moved_accounts"])
        else "Plan the change account by account.",
        caution="Difference in cost for the same calls; the change itself and the relations it breaks are not costed.",
        chapter="structure",
    )


def _structure_metrics(structures: Structures) -> dict[str, float]:
    best, score = _row(structures.table, structures.best), _row(structures.scores, structures.best)
    found = {
        "structure.reps": best["reps"],
        "structure.cost": best["cost"],
        "structure.score": score["score"],
        "structure.lead": structures.lead,
        "structure.wins": score["wins"],
    }
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def _makeup_metrics(makeup: TeamMakeup) -> dict[str, float]:
    turnover = makeup.turnover[makeup.turnover["by"] == "all"]
    found = {
        "team.heads": makeup.heads,
        "team.cost": makeup.cost,
        "team.span": makeup.span,
        "team.support_ratio": makeup.support_ratio,
        "team.turnover": float(turnover["turnover"].iloc[0]) if len(turnover) else float("nan"),
    }
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def makeup_sentence(makeup: TeamMakeup, *, currency: str = "") -> str:
    """Heads, cost, span, support and turnover in two sentences."""
    selling = makeup.roles[makeup.roles["group"] == "selling"]["heads"].sum()
    turnover = makeup.turnover[makeup.turnover["by"] == "all"].iloc[0]
    tenure = makeup.roles[makeup.roles["role"] == "all"]["tenure"].iloc[0]
    span = f"one manager leads {number(makeup.span, 2)} people" if math.isfinite(makeup.span) else "nobody leads it"
    return (
        f"The team has {plural(makeup.heads, 'person', 'people')}, {integer(selling)} of them selling, and costs "
        f"{money(makeup.cost, currency)} a year; {span}, with {number(makeup.support_ratio, 2)} in support per seller. "
        f"People have been here {number(tenure, 2)} years on average; {integer(turnover['leavers'])} left in the last "
        f"year, a turnover of {percent(turnover['turnover'])} "
        f"({percent(makeup.confidence, 0)} interval {between(turnover['low'], turnover['high'], 'percent')})."
    )


def _duty_sentence(duties: DutyCheck) -> str:
    wrong = duties.duties - duties.sound
    if not wrong and not duties.overloaded:
        return f"All {plural(duties.duties, 'duty', 'duties')} have one owner, and nobody is overloaded."
    loaded = f"; {plural(duties.overloaded, 'person is', 'people are')} overloaded" if duties.overloaded else ""
    return f"Of {plural(duties.duties, 'duty', 'duties')}, {integer(wrong)} are not sound{loaded}."


def _duty_findings(duties: DutyCheck) -> list[Finding]:
    nothing = float("nan")
    found = []
    wrong = duties.table[duties.table["faults"] > 0]
    if len(wrong):
        found.append(
            Finding(
                what="Duties without exactly one owner or without a doer",
                value=float(len(wrong)),
                low=nothing,
                high=nothing,
                unit="duties",
                action=f"Settle who owns and who does {listed(wrong['duty'])}: {_kinds(duties)}.",
                caution="A count from the table duties; there is no interval to it.",
                chapter="structure",
            )
        )
    loaded = duties.people[duties.people["overloaded"]]
    if len(loaded):
        found.append(
            Finding(
                what="People with more work than hours",
                value=float(len(loaded)),
                low=nothing,
                high=nothing,
                unit="people",
                action=f"Take duties from {listed(loaded['person'])}.",
                caution="Hours are those written in the table duties; none were measured.",
                chapter="structure",
            )
        )
    return found


def _kinds(duties: DutyCheck) -> str:
    """What is wrong, with how often: "no owner (2)"."""
    counts = duties.problems["problem"].value_counts()
    return listed(f"{problem} ({count})" for problem, count in counts.items())
