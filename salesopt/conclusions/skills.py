"""What the match of skills and needs says, in words."""

from __future__ import annotations

import math

from salesopt.display import capital, integer, listed, money, percent, plural
from salesopt.results import Conclusion, Finding, count_finding
from salesopt.skills import SkillMatch, SkillTeams
from salesopt.stats.demandhours import NO_ACCOUNT


def conclude_skills(
    result: SkillMatch,
    formed: SkillTeams | None = None,
    *,
    unformed: str = "",
    assumed: bool = False,
    currency: str = "",
) -> Conclusion:
    """The answer in a few sentences, what to doubt, findings and metrics ("skills.coverage" and others).

    formed : the project teams; unformed : why there are none, where they were asked for
    assumed : whether nobody gave the budget
    """
    metrics = {
        "skills.coverage": result.coverage,
        "skills.coverage_after": result.coverage_after,
        "skills.gain": result.gain,
        "skills.cost": result.cost,
        "skills.single_points": float((result.points["people"] == 1).sum()),
        "skills.unfilled": float((result.points["people"] == 0).sum()),
    }
    answer, doubts = _answer(result, assumed, currency), _doubts(result)
    if formed is not None:
        doubts = tuple(dict.fromkeys((*doubts, *formed.cautions)))
        metrics |= {"skills.teams_filled": formed.filled, "skills.teams_cost": formed.cost}
    elif unformed:
        doubts = (*doubts, f"No project teams are formed: {unformed}.")
    return Conclusion(answer, doubts, _findings(result, currency), metrics)


ASSUMED = " (no budget was given; half of what closing every gap would cost is assumed)"


def _answer(result: SkillMatch, assumed: bool, currency: str) -> str:
    table = result.table
    people = serving(result)
    who = "The one person who serves customers has" if people == 1 else f"The {people} people who serve customers have"
    text = (
        f"{who} {percent(result.coverage, 0)} of the skill levels that their customers' hours call for"
        f"{_span(result.low, result.high, result.confidence)}"
    )
    if not (table["gap_hours"] > 0).any():
        return text + "; nothing is missing, and nothing has to change."
    return f"{text}. {_most_missing(result)}. {_weak_points(result)}{_training(result, assumed, currency)}"


def serving(result: SkillMatch) -> int:
    """How many of the people rated serve customers whose needs are known."""
    return int(result.matrix.loc[result.matrix["need"] > 0, "rep"].nunique())


def _most_missing(result: SkillMatch) -> str:
    """Where most level-hours are missing, and which skill has the lowest share where that is another."""
    table = result.table.dropna(subset=["coverage"])
    most, least = table.iloc[0], table.sort_values("coverage", kind="stable").iloc[0]
    text = f"Most is missing in {most['skill']} ({percent(most['coverage'], 0)} covered)"
    if least["skill"] == most["skill"]:
        return text
    return (
        f"{text}; the lowest share is that of {least['skill']} ({percent(least['coverage'], 0)}), where less is needed"
    )


def _span(low: float, high: float, confidence: float, *, short: bool = False) -> str:
    if not math.isfinite(low):
        return ""
    level = "" if short else f"{percent(confidence, 0)} interval "
    return f" ({level}{percent(low, 0)} to {percent(high, 0)})"


def _weak_points(result: SkillMatch) -> str:
    nobody, one = (int((result.points["people"] == count).sum()) for count in (0, 1))
    if not nobody and not one:
        return f"Every need is filled by at least two people{_dropped(result)}. "
    parts = [f"{plural(one, 'need rests', 'needs rest')} on one person"] if one else []
    named = result.points.loc[result.points["people"] == 0, ["skill", "group"]].agg(" for ".join, axis=1)
    parts += [f"{plural(nobody, 'need is', 'needs are')} filled by nobody ({listed(named, 2)})"] if nobody else []
    return f"{capital(listed(parts))}{_dropped(result)}. "


def _dropped(result: SkillMatch) -> str:
    """The groups whose needs count for nothing, as no account is of them, in half a sentence."""
    items = result.skipped.loc[result.skipped["reason"] == NO_ACCOUNT, "item"].str.removeprefix("group ")
    if items.empty:
        return ""
    return f", but what {listed(items, 3)} {'needs' if len(items) == 1 else 'need'} is not counted: no account is of it"


def _training(result: SkillMatch, assumed: bool, currency: str) -> str:
    if result.training.empty:
        return "No training is bought: no course is priced, or the budget buys none."
    learners = result.training["rep"].nunique()
    span = _span(result.after_low, result.after_high, result.confidence, short=True)
    return (
        f"Training {plural(learners, 'person', 'people')} for {money(result.cost, currency)}"
        f"{ASSUMED if assumed else ''} raises the share to "
        f"{percent(result.coverage_after, 0)}{span}.{_most_untrained(result)}"
    )


def _most_untrained(result: SkillMatch) -> str:
    """Why none of the training goes to where most is missing, if so."""
    most = result.table["skill"].iloc[0]
    why = result.untrained.loc[result.untrained["skill"] == most, "reason"]
    return f" None of it goes to {most}: {why.iloc[0]}." if len(why) else ""


def teams_caption(formed: SkillTeams, currency: str = "") -> str:
    """How far the project teams fill the needs, at what cost, and who is in none."""
    out, several = len(formed.left_out), len(formed.summary) > 1
    rest = f"; {plural(out, 'person is', 'people are')} in none" if out else ""
    return (
        f"Teams whose members make up for each other's gaps: "
        f"{plural(len(formed.summary), 'project team')} of {plural(len(formed.table), 'person', 'people')}"
        f"{' in all' if several else ''}, at {money(formed.cost, currency)} a year, would fill "
        f"{percent(formed.filled, 0)} of the needs, weighted by hours (all people together: "
        f"{percent(formed.possible, 0)}){rest}"
    )


def needs_caption(result: SkillMatch) -> str:
    """Whom the table of skills counts, and what a level-hour is."""
    return (
        f"Skills against needs, most missing first. Levels run from 0 to 4; a level-hour is one level of a skill for "
        f"one hour with a customer. {plural(result.people, 'person is', 'people are')} rated; needs are those of the "
        f"customers that {serving(result)} of them serve. What is covered and what is missing allow for the error of "
        "ratings, which would make gaps look wider; hours fully met, people short and needs on one person or nobody "
        "count levels as rated"
    )


def _doubts(result: SkillMatch) -> tuple[str, ...]:
    found = list(result.cautions)
    if len(result.training) and result.training["chance"].notna().all():
        sure = int((result.training["chance"] >= 0.8).sum())
        found.append(
            f"{sure} of {plural(len(result.training), 'training')} {'is' if sure == 1 else 'are'} in the best plan in "
            "at least 80 % of the draws of the levels; the others depend on half a level here or there."
        )
    return tuple(found)


def _findings(result: SkillMatch, currency: str) -> tuple[Finding, ...]:
    found = []
    missing = float(result.table["gap_hours"].sum())
    if len(result.training) and missing > 0:
        first = [f"{row['rep']} in {row['skill']}" for row in result.training.head(3).to_dict("records")]
        closed = integer(1000 * result.shadow_price)
        more = f" The next {money(1000, currency)} of budget would close {closed} level-hours."
        found.append(
            Finding(
                what=f"Training that closes {percent(result.gain / missing, 0)} of the level-hours that are missing",
                value=result.gain,
                low=result.gain_low,
                high=result.gain_high,
                unit="level-hours a year",
                action=f"Train {listed(first)} first, {money(result.cost, currency)} in all." + more,
                caution="A level-hour is one level of a skill for one hour with a customer; what it is worth in money "
                "is not measured.",
                chapter="skills",
            )
        )
    weak = result.points[result.points["people"] <= 1]
    if len(weak):
        row = weak.sort_values("hours", ascending=False).iloc[0]
        alone = row["people"] == 1
        who = f"only {row['who']} can fill it" if alone else "nobody can fill it"
        action = (
            f"{'Build up a second person' if alone else 'Build somebody up'} in {row['skill']} for "
            f"{row['group']} ({integer(row['hours'])} hours a year; {who})."
        )
        caution = "A count at the levels as rated; half a level here or there changes it."
        found.append(
            count_finding("Needs that at most one person fills", len(weak), "needs", action, caution, "skills")
        )
    return tuple(found)
