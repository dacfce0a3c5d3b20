"""What it means if people leave or join, in words."""

from __future__ import annotations

import math

import pandas as pd

from salesopt.display import integer, listed, money, percent, plural
from salesopt.results import Conclusion, Finding
from salesopt.rosters import RosterComparison

ROUGH = 0.005  # gap from which on differences between scenarios may be those of the search
NAMES = {"handover": "only their accounts moving", "redraw": "all accounts free to move within the limits"}


def conclude_rosters(
    result: RosterComparison, redrawn: RosterComparison | None = None, *, currency: str = ""
) -> Conclusion:
    """The answer, what to doubt, findings and metrics ("rosters.hardest_travel" and others).

    redrawn : the hardest loss once more, with all accounts free to move
    """
    leavers = result.table[result.table["kind"].isin(["leaver", "leavers"])].sort_values("rank")
    joins = result.table[result.table["kind"].isin(["hire", "replacement"])].sort_values("rank")
    sets = result.table[result.table["kind"].isin(["hires", "replacements"])]
    parts = [
        *([_leaver_answer(result, leavers, currency)] if len(leavers) else []),
        *([_redrawn_answer(redrawn, currency)] if redrawn else []),
        *([_hire_answer(result, joins.iloc[0], _cured(result, redrawn), currency)] if len(joins) else []),
    ]
    findings = [
        *([_cover_finding(result, leavers.iloc[0], currency)] if len(leavers) else []),
        *([_hire_finding(joins.iloc[0], _cured(result, redrawn), currency)] if len(joins) else []),
    ]
    people = plural(int(result.table["reps"].iloc[0]), "person", "people")
    nothing = f"Nobody was asked to leave or to join: there are {people} today."
    return Conclusion(
        " ".join(parts) or nothing,
        (*result.cautions, *_doubts(result, leavers, sets, currency), *(_redrawn_doubts(redrawn) if redrawn else ())),
        tuple(findings),
        _metrics(leavers, joins),
    )


def _signed(hours: float, noun: str) -> str:
    """ "120 hours of travel a year more"."""
    return f"{integer(abs(hours))} hours of {noun} a year {'more' if hours >= 0 else 'less'}"


def _leaver_answer(result: RosterComparison, leavers: pd.DataFrame, currency: str) -> str:
    worst = leavers.iloc[0]
    start = f"Hardest to lose is {worst['who']}" if len(leavers) > 1 else f"If {worst['scenario']}"
    takers = result.load[(result.load["scenario"] == worst["scenario"]) & (result.load["gained"] > 0)]
    taken = (
        f"{plural(int(takers['gained'].sum()), 'account')} would go to {plural(len(takers), 'colleague')} for "
        f"{_signed(worst['travel_change'], 'travel')}{_worth(-worst['travel_worth'], currency)}"
        if len(takers)
        else "no account finds a colleague with room"
    )
    over = (
        f", {plural(int(worst['newly_over']), 'colleague')} would go above the hours there are"
        if worst["newly_over"]
        else ""
    )
    short = _short_words(worst, currency)
    alone = int((leavers["accounts_short"] > 0).sum())
    others = ""
    if len(leavers) > 1:
        others = (
            f" For {integer(alone)} of {integer(len(leavers))} people those who stay could not take over everything."
            if alone
            else f" Everybody else's accounts find room too, each of {integer(len(leavers))} people taken alone."
        )
    return f"{start}: {taken}{over}{short}.{others}"


def _worth(value: float, currency: str) -> str:
    return f" ({money(value, currency)} at the mean cost of an hour)" if math.isfinite(value) and value > 0 else ""


def _short_words(row: pd.Series, currency: str) -> str:
    if not row["accounts_short"]:
        return ""
    return (
        f"; nobody has room for {plural(int(row['accounts_short']), 'account')} with "
        f"{integer(row['hours_short'])} hours and {money(row['potential_short'], currency)} of potential a year"
    )


def _redrawn_answer(redrawn: RosterComparison, currency: str) -> str:
    today, row = redrawn.table.iloc[0], redrawn.table.iloc[1]
    room = _short_words(row, currency).removeprefix("; ") or "everything finds room"
    return (
        f"With all accounts free to move and {percent(redrawn.keep, 0)} of the others kept, {room}: "
        f"{_signed(row['travel_change'], 'travel')} than if nobody left, and {integer(row['moved'])} accounts change "
        f"hands instead of {integer(today['moved'])}."
    )


def _redrawn_doubts(redrawn: RosterComparison) -> tuple[str, ...]:
    row = redrawn.table.iloc[1]
    low, high = integer(row["cost_change_low"]), integer(row["cost_change_high"])
    proved = f"With all accounts free, what the loss costs is proved to lie between {low} and {high} hours a year."
    return (proved, *(text for text in redrawn.cautions if "Time ran out" in text))


def _cured(result: RosterComparison, redrawn: RosterComparison | None) -> float:
    """Hours above what people have that dividing today's accounts anew relieves without a hire; 0 where unknown."""
    if redrawn is None:
        return 0.0
    return max(float(result.table["over"].iloc[0] - redrawn.table["over"].iloc[0]), 0.0)


def _hire_answer(result: RosterComparison, best: pd.Series, cured: float, currency: str) -> str:
    tried = len(result.places)
    of = f" (best of {integer(tried)} places tried)" if tried > 1 else ""
    replaces = best["kind"] == "replacement"
    net = ""
    if cured > -best["over_change"] and not replaces:
        net = f"; dividing today's accounts anew relieves {integer(cured)} without a hire: do that first"
    elif math.isfinite(best["net"]):
        way = "more than the hire costs" if best["net"] >= 0 else "less than the hire costs"
        net = f"; at the mean cost of an hour that is {money(abs(best['net']), currency)} a year {way}"
    return (
        f"The {'replacement' if replaces else 'next hire'} sits best {best['who']}{of}: "
        f"{_signed(best['travel_change'], 'travel')}{_relief(best)} than {'without one' if replaces else 'today'}, "
        f"for {plural(int(best['moved']), 'account')} that change hands{net}."
    )


def _relief(best: pd.Series) -> str:
    parts = []
    if best["short_change"] <= -0.5:
        parts.append(f"{integer(-best['short_change'])} fewer hours that nobody has room for")
    if best["over_change"] <= -0.5:
        parts.append(f"{integer(-best['over_change'])} fewer hours above what people have")
    return "".join(f", {part}" for part in parts)


def _takers(result: RosterComparison, scenario: str) -> str:
    load = result.load[(result.load["scenario"] == scenario) & (result.load["gained"] > 0)]
    load = load.sort_values("gained", ascending=False)
    return listed([f"{rep} ({count})" for rep, count in zip(load["rep"], load["gained"], strict=True)], 4)


def _cover_finding(result: RosterComparison, worst: pd.Series, currency: str) -> Finding:
    takers = _takers(result, str(worst["scenario"]))
    return Finding(
        what=f"Hours to be found if {worst['scenario']}",
        value=float(worst["hours_short"] + max(worst["travel_change"], 0) + max(worst["over_change"], 0)),
        low=math.nan,
        high=math.nan,
        unit="hours a year",
        action=f"Agree now who would take over from {worst['who']}: {takers}."
        if takers
        else f"Train a second person for the accounts of {worst['who']}: nobody could take them over.",
        caution=f"No interval: distances and hours are taken as exact. It ends {integer(worst['years'])} years of "
        f"relationship{_short_words(worst, currency)}.",
        chapter="rosters",
    )


def _hire_finding(best: pd.Series, cured: float, currency: str) -> Finding:
    first = cured > -best["over_change"] and best["kind"] == "hire"  # what the hire would relieve needs no hire
    worth_it = math.isfinite(best["net"]) and best["net"] > 0 and not first
    value = best["net"] if worth_it else max(-best["travel_change"], 0.0)
    hire = f"Seat the next hire {best['who']} and hand over {plural(int(best['moved']), 'account')}."
    if first:
        action = (
            f"Divide today's accounts anew first, which relieves {integer(cured)} hours; then ask again who to hire."
        )
    elif worth_it or not math.isfinite(best["net"]):
        action = hire
    else:
        action = "Do not hire for travel and overload alone: what is saved is less than the cost of one more."
    return Finding(
        what=f"One person more {best['who']}, cost taken off"
        if worth_it
        else f"Travel saved by one more {best['who']}",
        value=float(value),
        low=math.nan,
        high=math.nan,
        unit=f"{currency} a year" if worth_it else "hours a year",
        action=action,
        caution="No interval. Hours above what people have count at the mean cost of an hour, as if they were worked "
        "and paid; sales that come of it are not counted. It overlaps with the size of the team: do not add.",
        chapter="rosters",
    )


def _doubts(result: RosterComparison, leavers: pd.DataFrame, sets: pd.DataFrame, currency: str) -> tuple[str, ...]:
    said = [
        f"With {NAMES[result.regime]}; calls are taken as they are, and no account is lost with who leaves.",
        f"Each plan is proved: none of those within the limits costs more than {percent(result.table['gap'].max(), 2)} "
        "less for the accounts that can move.",
    ]
    if (rough := result.table["gap"].max()) > ROUGH:
        wide = (result.table["cost_change_high"] - result.table["cost_change_low"]).max()
        said.append(
            f"The search stopped at up to {percent(rough)}: a difference between two scenarios of less than "
            f"{integer(wide)} hours a year may be that of the search."
        )
    if len(leavers) > 1:
        lighter = int((leavers["travel_change"] < -0.5).sum())
        if lighter:
            said.append(
                f"{plural(lighter, 'person', 'people')} could leave and travel would fall: colleagues are nearer to "
                "the accounts they would take, which an assignment uses without anybody leaving."
            )
    for row in sets.to_dict("records"):
        said.append(
            f"{str(row['scenario']).capitalize()}: {row['who']}, {_signed(row['travel_change'], 'travel')}, "
            f"{integer(row['moved'])} accounts change hands"
            + (f", net {money(row['net'], currency)} a year." if math.isfinite(row["net"]) else ".")
        )
    return tuple(said)


def _metrics(leavers: pd.DataFrame, joins: pd.DataFrame) -> dict[str, float]:
    found: dict[str, float] = {}
    if len(leavers):
        worst = leavers.iloc[0]
        found |= {
            "rosters.hardest_travel": float(worst["travel_change"]),
            "rosters.hardest_short": float(worst["hours_short"]),
            "rosters.irreplaceable": float((leavers["accounts_short"] > 0).sum()),
        }
    if len(joins):
        best = joins.iloc[0]
        found |= {
            "rosters.hire_travel_saved": -float(best["travel_change"]),
            "rosters.hire_relief": -float(best["over_change"]),
        }
        found |= {"rosters.hire_net": float(best["net"])} if math.isfinite(best["net"]) else {}
    return found
