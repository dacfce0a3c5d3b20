"""What it means if people leave or join, in words."""

from __future__ import annotations

import math

import pandas as pd

from salesopt.conclusions.workload import short_answer, used_sentence
from salesopt.display import about, capital, integer, listed, money, percent, plural
from salesopt.results import Conclusion, Finding
from salesopt.rosters import RosterComparison
from salesopt.stats.handover import SHORT
from salesopt.summary import money_unit
from salesopt.workload import TeamHours

ROUGH = 0.005  # gap from which on differences between scenarios may be those of the search
WIDE = 10.0  # hours a year between the ends of what a search leaves open from which on they are told in the answer
NAMES = {"handover": "only their accounts moving", "redraw": "all accounts free to move within the limits"}
LEAVE, JOIN, SETS = ["leaver", "leavers"], ["hire", "replacement"], ["hires", "replacements"]
WANTED = {  # by why accounts find nobody, what would help
    "nobody_left": "Have a second person who knows the accounts of {}: nobody is left to take them over.",
    "unsuited": "Train a second person for the accounts of {}: some could be taken over by nobody.",
    "out_of_reach": "Find somebody near the accounts of {}: some are out of everybody's reach.",
    "no_room": "Find hours for the accounts of {}, by fewer calls or more people: nobody has room for them.",
}
NONE = (math.nan, math.nan)
TIME = "time, not money or sales"
SEE = "see the chapter on the team"
APART = "What sales a further head brings stands in the chapter on the team: other things, do not add."


def conclude_rosters(
    result: RosterComparison,
    redrawn: RosterComparison | None = None,
    *,
    hours: TeamHours | None = None,
    currency: str = "",
) -> Conclusion:
    """The answer, what to doubt, findings and metrics ("rosters.hardest_travel" and others).

    redrawn : the hardest loss and the best hire once more, with all accounts free to move
    hours : what calls planned and made take of people's hours
    """
    if result.accounts["rep_now"].eq("").all():
        redrawn = None  # there is no division that could be another
    leavers = _rows(result, LEAVE)
    joins, anew = _rows(result, JOIN), _rows(redrawn, JOIN)
    asked = leavers[leavers["moved"] + leavers["accounts_short"] > 0]
    parts, findings = [short_answer(hours), _nothing(result, leavers) if asked.empty else ""], []
    if len(asked):
        parts.append(_leaver_answer(result, asked, currency))
        findings.append(_cover_finding(result, redrawn, asked.iloc[0], currency))
    if redrawn is not None and (said := _redrawn_answer(result, redrawn, len(asked) > 0)):
        parts.append(said)
    if len(joins):
        best = anew.iloc[0] if len(anew) else joins.iloc[0]
        parts.append(_hire_answer(best, len(anew) > 0, currency))
        if _helps(best):
            findings.append(_hire_finding(best, _first(result, redrawn), len(anew) > 0, currency))
    return Conclusion(
        " ".join(part for part in parts if part),
        (
            *([used_sentence(hours)] if hours is not None else []),
            *result.cautions,
            *_doubts(result, leavers),
            *_hire_doubts(result, joins, currency),
            *(_redrawn_doubts(redrawn) if redrawn else ()),
        ),
        tuple(findings),
        _metrics(result, asked, joins),
    )


def _rows(result: RosterComparison | None, kinds: list[str]) -> pd.DataFrame:
    """The scenarios of some kinds, best or hardest first; without a row where there is no result."""
    if result is None:
        return pd.DataFrame()
    return result.table[result.table["kind"].isin(kinds)].sort_values("rank")


def _change(hours: float) -> str:
    """ "about 120 hours of travel a year more"."""
    return f"about {about(abs(hours))} hours of travel a year {'more' if hours >= 0 else 'less'}"


def _nothing(result: RosterComparison, leavers: pd.DataFrame) -> str:
    """Where nobody's leaving asks anything of the others."""
    people = plural(int(result.table["reps"].iloc[0]), "person", "people")
    if len(leavers):
        said = f"{listed(leavers['who'])} {'serve' if len(leavers) > 1 else 'serves'} no account today"
        return f"{said}: nothing has to be handed over."
    if result.accounts["rep_now"].eq("").all():
        return f"No account has a representative today, so that nothing is known of the loss of any of {people}."
    return f"Nobody was asked to leave: there are {people} today."


def _leaver_answer(result: RosterComparison, asked: pd.DataFrame, currency: str) -> str:
    worst = asked.iloc[0]
    start = f"{worst['who']} is hardest to lose" if len(asked) > 1 else f"If {worst['scenario']}"
    start += ", all accounts free to move" if result.regime == "redraw" else ""
    alone = int((asked["accounts_short"] > result.table["accounts_short"].iloc[0]).sum())
    others = ""
    if len(asked) > 1 and alone:
        others = f" {integer(alone)} of {integer(len(asked))} people would leave such accounts."
    elif len(asked) > 1 and not asked["accounts_short"].any():
        others = f" Whoever of the {integer(len(asked))} people leaves alone, all accounts find a colleague."
    return f"{start}: {_goes(worst, currency)}.{others}"


def _goes(row: pd.Series, currency: str) -> str:
    """ "12 accounts would go to 7 colleagues, 22 with USD 2.42 million of potential a year to nobody (no room)"."""
    taken = f"{plural(int(row['moved']), 'account')} would go to {plural(int(row['takers']), 'colleague')}"
    if not row["accounts_short"]:
        return taken
    worth, why = _worth(row, currency), _why(row)
    if row["moved"]:
        return f"{taken}, {integer(row['accounts_short'])}{worth} to nobody ({why})"
    return f"{plural(int(row['accounts_short']), 'account')}{worth} would go to nobody ({why})"


def _worth(row: pd.Series, currency: str) -> str:
    return f" with {money(row['potential_short'], currency)} of potential a year" if row["potential_short"] else ""


def _short_words(row: pd.Series, currency: str) -> str:
    short = plural(int(row["accounts_short"]), "account")
    return f"{short}{_worth(row, currency)} would find nobody ({_why(row)})."


def _why(row: pd.Series) -> str:
    """Why accounts find nobody: in one word where it is one reason, else how many for which."""
    found = {words: int(row[name]) for name, words in SHORT.items() if row[name]}
    return ", ".join(found if len(found) == 1 else [f"{integer(count)} {why}" for why, count in found.items()])


def _saved_anew(result: RosterComparison, redrawn: RosterComparison) -> str:
    """What dividing today's accounts anew saves without anybody leaving or joining, in words; "" for nothing."""
    now, then = result.table.iloc[0], redrawn.table.iloc[0]
    room = int(now["accounts_short"] - then["accounts_short"])
    if room < 0:  # travel to fewer accounts is no saving
        return ""
    travel, over = now["travel"] - then["travel"], now["over"] - then["over"]
    saved = [f"{about(travel)} hours of travel"] if travel >= 0.5 else []
    saved += [f"{about(over)} hours of overload"] if over >= 0.5 else []
    more = f", for {about(-travel)} hours of travel more" if travel <= -0.5 else ""
    found = f", and {plural(room, 'account')} more {'finds' if room == 1 else 'find'} a colleague" if room else ""
    if not saved:
        return f"no hours{more}{found}" if room else ""
    return f"about {' and '.join(saved)} a year{more}{found}"


def _first(result: RosterComparison, redrawn: RosterComparison | None) -> bool:
    """Whether a new division of today's accounts comes before a hire."""
    return redrawn is not None and bool(_saved_anew(result, redrawn))


def _redrawn_answer(result: RosterComparison, redrawn: RosterComparison, asked: bool) -> str:
    """What a new division saves, and whether all accounts of the hardest loss (where one is `asked`) find somebody."""
    saved, gone = _saved_anew(result, redrawn), _rows(redrawn, LEAVE if asked else [])
    short = int(gone["accounts_short"].iloc[0]) if len(gone) else 0
    room = f"{plural(short, 'account')} would still find nobody" if short else "all would find a colleague"
    loss = f"; if {gone['scenario'].iloc[0]}, {room}" if len(gone) else ""
    if saved:
        return f"Divide accounts anew: at planned calls that saves {saved}{loss}."
    return f"Dividing all accounts anew would save hardly anything{loss}."


def _helps(best: pd.Series) -> bool:
    """Whether a hire finds accounts a home, or is proved to save travel or overload."""
    saves = min(best["travel_change"], best["over_change"]) <= -0.5 and best["cost_change_high"] <= -0.5
    return bool(best["short_change"] <= -0.5 or saves)


def _hire_answer(best: pd.Series, anew: bool, currency: str) -> str:
    """What the best hire saves, after a new division where that was asked (`anew`), and what that is not."""
    name = f"A {'replacement' if best['kind'] == 'replacement' else 'hire'} (best {best['who']})"
    then = "then " if anew else ""
    if not _helps(best):
        _, most = _proved(best)
        least = f"less than about {about(most)} hours of" if most >= 1 else "no"
        held = ", as the changes of hands that keep allows are used up" if best["moves_used_up"] and most >= 1 else ""
        return f"{name} {then}saves {least} travel or overload a year{held}: hire for sales only ({SEE})."
    low, high = _searched(best)
    wide = math.isfinite(low) and high - low >= WIDE
    known = f" ({about(low)} to {about(high)}, as far as the search tells)" if wide else ""
    travel, worth = _change(best["travel_change"]) + known, f"{TIME} ({SEE})"
    if math.isfinite(best["net"]):
        net = money(abs(best["net"]), currency)
        worth = f"paid overtime saved is {net} {_way(best)} than the hire costs, sales apart"
    if best["short_change"] <= -0.5:
        return f"{name} {then}finds room for {integer(-best['short_change'])} hours of calls a year, with {travel}."
    return f"{name} {then}means {' and '.join([travel, *_relief(best)])}: {worth}."


def _searched(best: pd.Series) -> tuple[float, float]:
    """Hours of travel a year that a hire saves at least and at most; nan where overload or room is saved too."""
    return NONE if abs(best["over_change"]) >= 0.5 or best["short_change"] <= -0.5 else _proved(best)


def _proved(best: pd.Series) -> tuple[float, float]:
    """What a hire saves at least and at most as plans are proved, hours a year; an hour of overload weighs more."""
    return max(float(-best["cost_change_high"]), 0.0), max(float(-best["cost_change_low"]), 0.0)


def _way(best: pd.Series) -> str:
    return "more" if best["net"] >= 0 else "less"


def _relief(best: pd.Series) -> list[str]:
    fewer = -best["over_change"]
    return [f"about {about(fewer)} fewer hours of overload"] if fewer >= 0.5 else []


def _takers(result: RosterComparison, scenario: str) -> str:
    load = result.load[(result.load["scenario"] == scenario) & (result.load["gained"] > 0)]
    load = load.sort_values("gained", ascending=False, kind="stable")
    return listed([f"{rep} ({count})" for rep, count in zip(load["rep"], load["gained"], strict=True)], 4)


def _cover_finding(
    result: RosterComparison, redrawn: RosterComparison | None, worst: pd.Series, currency: str
) -> Finding:
    """One clear size: hours of calls that find nobody; where all find somebody, the hours that colleagues take over."""
    short, takers, gone = worst["accounts_short"] > 0, _takers(result, str(worst["scenario"])), _rows(redrawn, LEAVE)
    cured = len(gone) > 0 and gone["accounts_short"].iloc[0] == 0
    agree = f"Agree now who would take over from {worst['who']}: {takers}."
    agree = agree if result.regime == "handover" else f"Keep the moves at hand for the day when {worst['scenario']}."
    train = next(text for name, text in WANTED.items() if worst[name] or name == "no_room").format(worst["who"])
    divide = "Divide accounts anew, so that all find a colleague. " if short and cured else ""
    ends = (
        f"It ends {integer(worst['years'])} years of relationship in all"
        if math.isfinite(worst["years"])
        else "How many years of relationship it ends is not known"
    )
    return Finding(
        what=f"{'Hours of calls that find nobody' if short else 'Hours of accounts that change hands'} "
        f"if {worst['scenario']}",
        value=float(worst["hours_short"] if short else worst["hours_moved"]),
        low=math.nan,
        high=math.nan,
        unit="hours a year",
        action=divide + (agree if takers else "" if divide else train),
        caution=f"No interval: calls are taken as planned{'' if short else ', distances as exact'}. {ends}."
        + (f" {_short_words(worst, currency)}" if short else ""),
        chapter="rosters",
    )


def _hire_finding(best: pd.Series, first: bool, anew: bool, currency: str) -> Finding:
    """What one more saves, or finds room for, after a new division of today's accounts where that was asked."""
    paid, homes = math.isfinite(best["net"]) and best["net"] > 0, best["short_change"] <= -0.5
    hand = f" and hand over {plural(int(best['moved']), 'account')}" if best["moved"] else ""
    seat = f"seat the next one {best['who']}{hand}."
    what, value = "Travel saved", -best["travel_change"]
    action = "Hire for sales, not for travel or overload" + ("." if anew else f"; if you do, {seat}")
    if homes:
        what, value, action = "Hours of calls that find room", -best["short_change"], capital(seat)
    elif paid:
        what, value, action = "Overtime pay saved, cost taken off,", best["net"], capital(seat)
    money_of_it = paid and not homes
    low, high = NONE if money_of_it else _searched(best)
    interval = "The interval is that of the search" if math.isfinite(low) else "No interval"
    return Finding(
        what=f"{what} through one more {best['who']}" + (", after today's accounts are divided anew" if anew else ""),
        value=float(value),
        low=low,
        high=high,
        unit=money_unit(currency) if money_of_it else "hours a year",
        action=f"Divide today's accounts anew first. {action}" if first and not homes else action,
        caution=f"{interval}: distances and hours are taken as exact. "
        f"{'' if money_of_it else f'It is {TIME}. '}{APART}",
        chapter="rosters",
    )


def _doubts(result: RosterComparison, leavers: pd.DataFrame) -> tuple[str, ...]:
    said = [
        f"With {NAMES[result.regime]}; calls are taken as they are, and no account is lost with who leaves.",
        f"Each plan is proved: none of those within the limits costs more than {percent(result.table['gap'].max(), 2)} "
        "less for the accounts that can move.",
    ]
    if result.table["gap"].max() > ROUGH:
        said.append(_rough(result))
    lighter = leavers[leavers["travel_change"] <= -0.5]
    if len(lighter):
        one = lighter.iloc[0]
        unserved = "; to those that find nobody, nobody drives" if one["accounts_short"] else ""
        said.append(
            f"Less travel is no gain of a loss: if {one['scenario']}, accounts that find a colleague need "
            f"{_change(one['travel_change'])}, because these colleagues live nearer to them, which a new division uses "
            f"without anybody leaving{unserved}."
        )
    return tuple(said)


def _hire_doubts(result: RosterComparison, joins: pd.DataFrame, currency: str) -> tuple[str, ...]:
    """What the hours saved by hires are and are not, and the best sets of several."""
    if joins.empty:
        return ()
    paid = math.isfinite(joins["net"].iloc[0])
    pay = "Hours of overload count as paid" if paid else "Hours of overload are not taken as paid"
    cost = joins["hire_cost"].iloc[0]
    price = f", and a hire costs {money(cost, currency)} a year" if math.isfinite(cost) else ""
    said = [f"What a hire saves here is {TIME}. {pay} (parameter overtime){price}. {APART}"]
    if len(joins) > 1:
        said.append(
            "Places are ranked by the potential that finds somebody, then by what a hire there saves: hours of travel, "
            f"and {result.over_price:g} for each hour of overload less; misfit and moves "
            "too where these are priced."
        )
    for row in result.table[result.table["kind"].isin(SETS)].to_dict("records"):
        net = f", overtime pay saved less their cost {money(row['net'], currency)} a year" if paid else ""
        said.append(
            f"{str(row['scenario']).capitalize()}: {row['who']}, {_change(row['travel_change'])}, "
            f"{plural(int(row['moved']), 'account')} change hands{net}."
        )
    return tuple(said)


def _rough(result: RosterComparison, start: str = "The") -> str:
    wide = (result.table["cost_change_high"] - result.table["cost_change_low"]).max()
    return (
        f"{start} search stopped at up to {percent(result.table['gap'].max())}: a difference between two scenarios of "
        f"less than about {about(wide)} hours a year may be that of the search."
    )


def _redrawn_doubts(redrawn: RosterComparison) -> tuple[str, ...]:
    moved = plural(int(redrawn.table["moved"].iloc[0]), "account")
    said = [
        f"Divided anew: {moved} change hands, at least {percent(redrawn.keep, 0)} stay, hours and potential are evened "
        "out as far as that allows. Where the chapter on the team divides them too, take its plan."
    ]
    anew = _rows(redrawn, JOIN)
    said += [_hire_anew(anew.iloc[0], redrawn)] if len(anew) else []
    if redrawn.table["gap"].max() > ROUGH and anew.empty:
        said.append(_rough(redrawn, "Divided anew, the"))
    return (*said, *(text for text in redrawn.cautions if "Time ran out" in text))


def _hire_anew(best: pd.Series, redrawn: RosterComparison) -> str:
    """Between what a hire's savings lie after a new division, and whether the limit of moves holds them down."""
    low, high = _proved(best)
    weigh = ", an hour of overload weighed as several" if abs(best["over_change"]) >= 0.5 else ""
    said = (
        f"Divided anew, with no less balance than without it, a hire saves between {about(low)} and {about(high)} "
        f"hours of travel and overload a year{weigh}, as the search stopped at {percent(redrawn.table['gap'].max())}."
    )
    if not best["moves_used_up"]:
        return said
    most = percent(1 - redrawn.keep, 0)
    return f"{said} The limit of moves binds: no more than {most} of accounts may change hands, with a hire or without."


def _metrics(result: RosterComparison, asked: pd.DataFrame, joins: pd.DataFrame) -> dict[str, float]:
    found: dict[str, float] = {}
    if len(asked):
        worst = asked.iloc[0]
        found |= {
            "rosters.hardest_travel": float(worst["travel_change"]),
            "rosters.hardest_short": float(worst["hours_short"]),
            "rosters.irreplaceable": float((asked["accounts_short"] > result.table["accounts_short"].iloc[0]).sum()),
        }
    if len(joins):
        best = joins.iloc[0]
        found |= {
            "rosters.hire_travel_saved": -float(best["travel_change"]),
            "rosters.hire_relief": -float(best["over_change"]),
        }
        found |= {"rosters.hire_net": float(best["net"])} if math.isfinite(best["net"]) else {}
    return found
