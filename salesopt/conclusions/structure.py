"""What the comparison of structures, the team's make-up and its duties say, in words."""

from __future__ import annotations

import math

import pandas as pd

from salesopt.conclusions.makeup import duties_checked, made_up, makeup_sentence
from salesopt.display import band, between, integer, listed, money, number, percent, plural, points, size
from salesopt.results import Conclusion, Finding
from salesopt.stats.comparison import tabulate_unserved
from salesopt.structure import CRITERION, NAMES, NOUNS, Assumptions, DutyCheck, Structures, TeamMakeup
from salesopt.summary import money_unit


def conclude_structure(
    structures: Structures | None,
    makeup: TeamMakeup | None = None,
    duties: DutyCheck | None = None,
    *,
    uncompared: str = "",
    assumed: Assumptions | None = None,
    currency: str = "",
) -> Conclusion:
    """The answer in a few sentences, what to doubt, findings and metrics ("structure.reps" and others).

    uncompared : why no structures are compared; then the answer tells who is in the team
    assumed    : what the structures were compared under, to be said
    """
    nothing = f"No structures are compared: {uncompared.rstrip('.')}." if uncompared else ""
    found = [_compared(structures, assumed, currency) if structures else Conclusion(nothing, (), (), {})]
    if makeup:
        people = "" if structures else makeup_sentence(makeup, currency=currency)
        found.append(made_up(makeup, people))
    if duties:
        found.append(duties_checked(duties))
    return Conclusion(
        " ".join(part.answer for part in found if part.answer),
        tuple(text for part in found for text in part.doubts),
        tuple(finding for part in found for finding in part.findings),
        {name: value for part in found for name, value in part.metrics.items()},
    )


def _compared(structures: Structures, assumed: Assumptions | None, currency: str) -> Conclusion:
    travels = "travel" not in set(structures.skipped["item"])
    ways = [_ways(assumed, currency)] if assumed and travels else []
    doubts = (*_other_sizes(structures), *_told(structures), *ways, *structures.cautions, *_close(structures))
    answer, findings = _answer(structures, assumed, currency), [_structure_finding(structures, currency)]
    if _far_too_small(structures):
        answer = f"{_short(structures)} {answer}"
        findings.insert(0, _short_finding(structures))
    return Conclusion(answer, doubts, tuple(findings), _structure_metrics(structures))


def _row(table: pd.DataFrame, structure: str) -> pd.Series:
    return table[table["structure"] == structure].iloc[0]


SCALE = 2.0  # times as many people as there are that the work asks for: the team is far too small


def _far_too_small(structures: Structures) -> bool:
    return bool(_row(structures.table, structures.best)["reps"] > SCALE * structures.reps_now)


def _short(structures: Structures) -> str:
    needed = int(_row(structures.table, structures.best)["reps"])
    return (
        f"The calls planned ask for {plural(needed, 'representative')} where there are {structures.reps_now}: check "
        "hours, calls and hours per call before any structure."
    )


def _short_finding(structures: Structures) -> Finding:
    """That the work is far beyond today's people, which comes before the choice of a structure."""
    return Finding(
        what="Representatives that the calls planned ask for beyond those there are",
        value=float(_row(structures.table, structures.best)["reps"] - structures.reps_now),
        low=float("nan"),
        high=float("nan"),
        unit="people",
        action="Settle hours and calls first: check both, then plan fewer calls or more people.",
        caution="No interval here: the table of structures has that of the people needed.",
        chapter="structure",
        blocks=True,
    )


def _answer(structures: Structures, assumed: Assumptions | None, currency: str) -> str:
    best, score = _row(structures.table, structures.best), _row(structures.scores, structures.best)
    costs = money(best["cost"], currency)
    counted = "included" if math.isfinite(best["travel_hours"]) else "not counted"
    if best["cost_low"] < best["cost_high"]:
        costs += f" ({between(best['cost_low'], best['cost_high'], 'money', currency)})"
    stays = structures.today_form == structures.best
    same = ", the form nearest to today's by who serves whom" if stays else ""
    return (
        f"Under the weights of this chapter the sales force is best organised {NAMES[structures.best]}{same}: "
        f"{points(score['score'])} of 1 point, {_ahead(structures)}. Laid out anew it takes "
        f"{plural(int(best['reps']), 'representative')} (today {structures.reps_now}){_anew(structures, assumed)} and "
        f"costs {costs} a year, travel {counted}. {_nothing_saved(structures, currency)}{flip_sentence(structures)}"
    )


def _anew(structures: Structures, assumed: Assumptions | None) -> str:
    """Leaders and accounts that change hands if the best structure is laid out anew, beside today's."""
    best, now = _row(structures.table, structures.best), structures.now.iloc[0]
    every = f" at one for every {size(assumed.span)} representatives" if assumed else ""
    said = f", {plural(int(best['managers']), 'leader')}{every} (today {int(now['managers'])})"
    if not math.isfinite(best["moved_accounts"]):
        return said
    return f"{said}, {integer(best['moved_accounts'])} of {plural(structures.accounts, 'account')} changing hands,"


def _ahead(structures: Structures) -> str:
    """How far ahead of the runner-up, with the interval of the distance."""
    interval = band(structures.lead_low, structures.lead_high, "points", structures.confidence)
    return f"{points(structures.lead)} ahead of {NOUNS[structures.second]}{interval}"


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
            f"the weight of {CRITERION[row['criterion']]} {word} {percent(edge, 0)} (now {percent(row['weight'], 0)}): "
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
    found += _growth(structures)
    if structures.table["shared_accounts"].max() == 0:
        found.append("No account buys several lines in these tables, so no structure brings two people to one account.")
    return found


def _other_sizes(structures: Structures) -> list[str]:
    """That the people needed are another size than that which earns most."""
    needed = int(_row(structures.table, structures.best)["reps"])
    return [
        f"{plural(needed, 'representative')} {'is' if needed == 1 else 'are'} as many as the calls planned and the way "
        "to them ask for; how many earn most is another question, which the chapter on the size of the team answers."
    ]


DIMENSIONS = {"region": "region", "line": "main product line", "segment": "customer type"}


def _told(structures: Structures) -> list[str]:
    """By what today's form is told, or that it can't be."""
    known = structures.today.dropna(subset=["information"]).sort_values("information", ascending=False, kind="stable")
    if known.empty:
        return []
    shares = [
        f"{percent(row['information'], 0)} about its {DIMENSIONS[row['dimension']]}" for row in known.to_dict("records")
    ]
    nearest = f"{NOUNS[structures.today_form]} is" if structures.today_form else "too little to call any form"
    return [
        f"Today's form is told by who serves whom: of all there is to know, an account's representative "
        f"tells {listed(shares)} (mutual information over entropy, less what chance gives); {nearest} nearest."
    ]


def _growth(structures: Structures) -> list[str]:
    """What the best structure leaves undone when one place grows, and where another one leaves less."""
    table = tabulate_unserved(structures.shifts).dropna(subset=["mean"])
    mine = table[table["structure"] == structures.best].set_index("kind")["mean"]
    if mine.empty:
        return []
    least = table.loc[table.groupby("kind", sort=False)["mean"].idxmin()].set_index("kind")
    beside = {
        kind: f" ({NOUNS[row['structure']]}: {percent(row['mean'], 0)})" if row["structure"] != structures.best else ""
        for kind, row in least.iterrows()
    }
    worse = [
        f"{percent(mine[kind], 0)} where one {kind} grows{beside[kind]}"
        for kind in mine.index
        if kind != "average" and beside[kind]
    ]
    return [
        f"When one line, segment or region grows by {percent(structures.shift, 0)}, {NOUNS[structures.best]} leaves "
        f"{percent(mine['average'], 0)} of the extra hours undone on average{beside['average'] or ', the least of all'}"
        + (f", but {listed(worse)}." if worse else ".")
    ]


def _structure_finding(structures: Structures, currency: str) -> Finding:
    best = _row(structures.table, structures.best)
    if not structures.today_form or structures.today_form == structures.best:
        rival = _row(structures.table, structures.second)
        same = bool(structures.today_form)
        stay = "Stay organised" if same else "Organise the sales force"
        return Finding(
            what=f"{'Stay organised' if same else 'Organise the sales force'} {NAMES[structures.best]}",
            value=float("nan"),
            low=float("nan"),
            high=float("nan"),
            unit="",
            action=f"{stay} {NAMES[structures.best]}; {NOUNS[structures.second]} costs "
            f"{_dearer(rival['cost'] - best['cost'], currency)} for the same calls.",
            caution="Nothing is to be gained by another form, so it has no worth a year; to lay this one out anew "
            "moves accounts and leaders all the same."
            if same
            else "Today's structure can't be told from the accounts, so that the gain can't be either.",
            chapter="structure",
        )
    return Finding(
        what=f"Organise {NAMES[structures.best]} instead of {NAMES[structures.today_form]}",
        value=structures.saving,
        low=structures.saving_low,
        high=structures.saving_high,
        unit=money_unit(currency) if math.isfinite(structures.saving) else "",
        action=f"Plan the move of {plural(int(best['moved_accounts']), 'account')} to another representative."
        if math.isfinite(best["moved_accounts"])
        else "Plan the change account by account.",
        caution=f"{_saved(structures, currency)} The change itself and the relations it breaks are not costed.",
        chapter="structure",
    )


def _saved(structures: Structures, currency: str) -> str:
    """What the saving is counted against, or that there is none and how the two forms compare."""
    if not math.isfinite(structures.saving):
        ends = band(structures.cheaper_low, structures.cheaper_high, "money", structures.confidence, currency)
        return (
            f"{_nothing_saved(structures, currency)}For the same calls {NOUNS[structures.today_form]} laid out anew "
            f"costs {_dearer(structures.cheaper, currency)}{ends}."
        )
    if structures.saving < structures.cheaper:
        paid = _people_costs(structures, currency)
        return f"At most what today's people cost above its own: {paid}; what they travel today is not known."
    return "Difference in cost for the same calls, both forms laid out anew."


def _nothing_saved(structures: Structures, currency: str) -> str:
    """That the people of the best structure cost no less than today's, so that no money is saved."""
    best, now = _row(structures.table, structures.best), structures.now.iloc[0]
    if now["people_cost"] > best["people_cost"]:
        return ""
    return f"No money is saved: {_people_costs(structures, currency)}. "


def _people_costs(structures: Structures, currency: str) -> str:
    rows = structures.now.iloc[0], _row(structures.table, structures.best)
    today, anew = (money(row["people_cost"], currency) for row in rows)
    return f"today's people cost {today} a year, its people {anew}"


def _dearer(more: float, currency: str) -> str:
    """A difference of cost in words; the structure that scores best need not be the cheapest."""
    if abs(more) < 0.5:
        return "as much"
    return f"{money(abs(more), currency)} a year {'more' if more > 0 else 'less'}"


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


def structures_caption(structures: Structures, assumed: Assumptions) -> str:
    """Which people the table of structures counts, today and in each structure under what is `assumed`."""
    return (
        f"Today's {plural(structures.reps_now, 'person', 'people')} in selling roles (table reps) and who leads them; "
        f"below, structures laid out anew on the same {plural(structures.accounts, 'account')}: as many whole people, "
        f"of {integer(structures.capacity)} hours a year each with customers and on the road, as calls ask for, and "
        f"one leader for every {size(assumed.span)} begun, of one line or customer type or of several. Today all who "
        "lead count, those of support too"
    )


def _ways(assumed: Assumptions, currency: str) -> str:
    """How places become hours and money here, and what the chapter on the size of the team does otherwise."""
    trips = f" and trips of up to {size(assumed.trip_days)} days" if assumed.trip_days > 1 else ""
    return (
        f"Travel: a way is {number(assumed.detour, 2)} times the straight line, or as the table distances says, at "
        f"{size(assumed.speed)} km an hour and {money(assumed.cost_per_km, currency)} a km from the middle of an area; "
        f"visits are strung into days of {size(assumed.hours_a_day)} hours{trips}, a night away at "
        f"{money(assumed.night_cost, currency)}. The chapter on the size of the team has today's travel: the same ways "
        "from people's homes, but as many calls on each way out as its parameter calls_per_trip says, however far; its "
        "doubts say what such trips come to."
    )
