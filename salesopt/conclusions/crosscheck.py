"""What to say where a study's own words on its team contradict each other."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from salesopt.display import capital, heads_of, integer, listed, lowered, number, percent, plural
from salesopt.results import Conclusion
from salesopt.stats.crosscheck import APART, FACTOR, LEAST_SLACK, SLACK, HeadGap, UnitHours

QUESTIONS = {
    "at_none": "without any effort",
    "at_half": "at half of today's effort",
    "at_today": "at today's effort",
    "at_plus_half": "at half more effort",
    "at_saturation": "at unlimited effort",
}
MOST = 3  # contradictions of judges that are said one by one


def put_first(conclusion: Conclusion, gap: HeadGap | None, split: pd.DataFrame | None, leaning: int) -> Conclusion:
    """`conclusion` with what the study contradicts itself in as its first doubts.

    A gap between heads and people stands in the answer too, and before the action and the caution of the `leaning`
    first findings.
    """
    doubts = [gap_doubt(gap)] if gap else []
    doubts += split_doubts(split) if split is not None else []
    answer, findings = conclusion.answer, conclusion.findings
    if gap:
        answer += (
            f" But the units count {heads_of(gap.heads)} heads where {plural(gap.people, 'person', 'people')} "
            f"{'sells' if gap.people == 1 else 'sell'}: settle that before acting."
        )
        warned = [
            replace(
                one,
                action=f"First settle the count of heads; as counted now: {lowered(one.action)}",
                caution=f"{doubts[0]} {one.caution}".strip(),
            )
            for one in findings[:leaning]
        ]
        findings = (*warned, *findings[leaning:])
    return replace(conclusion, answer=answer, doubts=(*doubts, *conclusion.doubts), findings=findings)


def gap_doubt(gap: HeadGap) -> str:
    """Heads against people in a sentence."""
    return (
        f"The units of {gap.table} count {heads_of(gap.heads)} heads, but reps lists "
        f"{plural(gap.people, 'person', 'people')} who {'sells' if gap.people == 1 else 'sell'} and "
        f"{'is' if gap.people == 1 else 'are'} here; {percent(SLACK, 0)} or {integer(LEAST_SLACK)} would be in order. "
        "Until one of the two is corrected, no head is to be hired or let go on these sizes."
    )


def unit_doubts(units: UnitHours) -> list[str]:
    """Units whose heads are not those that their calls take, the widest apart first, and who serves them."""
    table = units.table.assign(apart=(units.table["used"] - units.table["heads"]).abs())
    wide = table[table["apart"] >= LEAST_SLACK].sort_values("apart", ascending=False, kind="stable")
    said = [
        f"{row['unit']} {heads_of(row['used'])} (counted {heads_of(row['heads'])})" for row in wide.to_dict("records")
    ]
    found = [f"By hours of calls, the same heads would be: {listed(said, MOST)}. Ask what heads of a unit are."]
    mixed = (
        f"People serve several units each: the largest takes {percent(units.largest, 0)} of a person's hours of calls "
        "on average. To move a head is to move as many hours of calls between units, account by account, as the plan "
        "of calls does; nobody in particular changes his job."
    )
    return [*(found if said else []), *([mixed] if units.mixed else [])]


def split_doubts(split: pd.DataFrame) -> list[str]:
    """The contradictions of judges, the widest one by one, and what counts as one."""
    if not len(split):
        return []
    said = [
        f"on {one.unit} {QUESTIONS[str(one.question)]} {one.low_judge} expects {percent(float(str(one.low)), 0)} and "
        f"{one.high_judge} {percent(float(str(one.high)), 0)} of today's sales"
        for one in split.head(MOST).itertuples(index=False)
    ]
    more = len(split) - MOST
    said += [plural(more, "more contradiction")] if more > 0 else []
    return [
        f"Judges contradict each other and their mean is used: {'; '.join(said)}. Answers count as contradictory "
        f"when they, or the changes from today that they mean, differ {integer(FACTOR)} times or more and lie "
        f"{percent(APART, 0)} of today's sales or more apart; ask both again."
    ]


def doubt_places(conclusion: Conclusion, strays: pd.DataFrame) -> Conclusion:
    """`conclusion` with places that are probably wrong as its first doubt, in its answer, and with findings in hours.

    strays : as `stats.strays.stray_places` finds them
    """
    if not len(strays):
        return conclusion
    count = plural(len(strays), "place")
    lie = "lies" if len(strays) == 1 else "lie"
    names = listed(strays["name"], MOST)
    shown = [
        f"{one.name} (lat {number(float(str(one.lat)), 4)}, lon {number(float(str(one.lon)), 4)}: {one.guess})"
        for one in strays.itertuples(index=False)
    ]
    doubt = (
        f"{capital(count)} {lie} so far from all others that a typing error is likely: {listed(shown, MOST)}. Hours of "
        "travel, who serves whom and the best place of a hire lean on them: mend them, or leave lat and lon blank."
    )
    warned = [
        replace(one, caution=f"First mend the places of {names}. {one.caution}".strip()) if "hours" in one.unit else one
        for one in conclusion.findings
    ]
    said = f" But {count} {lie} far from all others, probably by mistake ({names}): mend that first."
    return replace(
        conclusion,
        answer=conclusion.answer + said,
        doubts=(doubt, *conclusion.doubts),
        findings=tuple(warned),
    )
