"""When people leave or join: who takes over, what finds no room, who is hardest to lose, where the next hire sits."""

from __future__ import annotations

import time
from collections.abc import Sequence, Sized
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesopt.stats.arguments import (
    choice_fault,
    count_fault,
    flag_fault,
    names_as_text,
    names_fault,
    number_fault,
    require,
)
from salesopt.stats.candidates import candidate_places, hire_rows, list_rosters
from salesopt.stats.coverage import LEAST, solve_cover
from salesopt.stats.distances import DETOUR, SPEED
from salesopt.stats.handover import Plan, Roster, Rules, beside, cover_of, load_of, plan_of, row_of
from salesopt.stats.pairs import Pairs, make_pairs, pair_faults, require_places
from salesopt.stats.result import Result
from salesopt.stats.roles import Day, is_here, sells
from salesopt.stats.rostercautions import homeless, limits, search_cautions, unknown_years
from salesopt.stats.takeover import moves_of
from salesopt.study.tables import require_tables

REGIMES = ("handover", "redraw")
SINGLE = ("leaver", "hire", "replacement")  # kinds that are ranked among each other


@dataclass(frozen=True, eq=False, repr=False)
class RosterComparison(Result):
    """What `compare_rosters` found.

    table   : scenario, kind (today, leaver, leavers, hire, hires, replacement, replacements), against (the scenario
              that changes are counted from: today's roster under the same rules; of a replacement, the roster without
              the leavers), who (representative, or places of the hires, and why any more of them would get no
              account), reps (people there, such hires not counted), travel (hours a year),
              travel_change (of the accounts served in both); moved (accounts that go from one person to another; one
              whose representative is not here counts with today, and elsewhere only where it goes to somebody else),
              hours_moved (calls and travel of these, a year), potential_moved (currency a year), takers (people who
              take these over), takers_over (takers who then have more work than hours), years (of relationship that
              end, those of accounts short included; nan where not known); accounts_short (accounts that find nobody),
              no_room, out_of_reach, unsuited (nobody there may serve it, by `fit`), nobody_left (these by reason),
              hours_short (their calls a year, without travel), short_change, potential_short (currency a year); over
              (hours a year above people's hours), over_change (of those who stay), overloaded (people), spread
              (largest less smallest balance_index); cost (travel, misfit and prices, hours a year, with `over_price`
              for each hour above people's hours), cost_change (without what was above the hours of who leaves),
              cost_change_low and cost_change_high (what is proved of it), gap (proved: no plan for the accounts that
              can move, in a redraw at no less balance, costs less than (1 - gap) of theirs), moves_used_up (whether as
              many accounts leave their representative as `keep` allows), balance_missed (hours' worth of the balanced
              measures beyond their limits, in a redraw), rank (1: hardest to lose, best to hire: by potential_short,
              hours_short, then cost_change, which is travel + `over_price` x overload where nothing else is priced),
              hire_cost (currency a year), net (overtime pay saved less the cost of the hires, currency a year; nan
              where hours above people's hours are not paid)
    moves   : scenario, account, rep_from, rep_to ("" where nobody), outcome ("taken over", or why not: "no room", "out
              of reach", "nobody may serve it", "nobody is left"), call_hours (a year), travel (hours a year, nan where
              nobody), travel_now, years (nan where not known), potential, reason; region, lat, lon; by scenario, those
              of most potential first
    load    : scenario, rep, hours (travel included), capacity, share, most (hours that there is room for), over,
              over_change, travel, accounts, gained, given (accounts, against today), potential, balance_index (1: a
              fair share), region, lat, lon
    places  : scenario, place, region, lat, lon, cost_change, travel_change, over_change, short_change, net, rank of
              each candidate
    accounts : account, rep_now, potential, region, lat, lon of all that are counted, for the map
    skipped : item, reason
    regime  : "handover" or "redraw"; cost_per_hour : mean cost of an hour of the representatives, nan where not known
    over_price : hours of travel that an hour above people's hours counts as, in the plans and in the ranks
    """

    table: pd.DataFrame
    moves: pd.DataFrame
    load: pd.DataFrame
    places: pd.DataFrame
    accounts: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    regime: str
    keep: float
    stretch: float
    cost_per_hour: float
    over_price: float


def compare_rosters(
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    *,
    leavers: Sequence[str] | None = None,
    hires: int | pd.DataFrame = 0,
    places: int | pd.DataFrame = 20,
    together: bool = False,
    regime: str = "handover",
    keep: float = 0.8,
    stretch: float = 0.1,
    over_price: float | None = None,
    overtime: float = 0.0,
    reach: float | None = None,
    balance: Sequence[str] = ("hours", "potential"),
    tolerance: float = 0.2,
    fit: pd.DataFrame | None = None,
    travel: pd.DataFrame | None = None,
    speed: float = SPEED,
    detour: float = DETOUR,
    calls_per_trip: float = 4.0,
    fit_weight: float = 1.0,
    move_price: float = 0.0,
    year_price: float = 0.0,
    today: Day = None,
    gap: float = 1e-4,
    time_limit: float = 60.0,
    time_in_all: float = 480.0,
) -> RosterComparison:
    """If somebody leaves, who takes over and what finds no room; where should the next one sit, and what does it save?

    accounts, reps : tables `accounts` and `reps`, as for `assign_accounts`; an account that is `locked` stays with its
                 representative for as long as he is there
    leavers    : who leaves, one at a time; None tries each who serves accounts; an empty list nobody
    hires      : how many new people, or a table of them (rep, base as in `reps`, hours, cost). A number tries every
                 candidate place for one, then the best set of places for two and more, at most one person at a place
                 (more people than places are `skipped`);
                 a table tries each person alone and then all. Hours and cost not given are today's means.
    places     : candidate bases of hires: so many clusters of accounts (with `travel`: regions), or a table of place
                 with lat and lon, or region
    together   : all `leavers` leave at once, and the hires replace them
    regime     : "handover": only the leaver's accounts move, and a hire takes accounts over from others; nobody else
                 exchanges any. "redraw": every account may move, in balance as in `assign_accounts`.
    keep       : least share of the accounts that stay, counted over those whose representative is still there
    stretch    : how far above his hours anybody may go, a fraction; who is above that today carries no more than today
    over_price : hours of travel a year that an hour above somebody's hours is worth; in a redraw also an hour's worth
                 of a balanced measure outside its limits (not in the cost told, which is the least of plans as
                 balanced; a hire need not be given a fair share). None takes 3 in a handover, where a colleague
                 nearby may go over rather than one far away drive, and 20 in a redraw.
    overtime   : what an hour above somebody's hours is paid, as a multiple of the mean cost of an hour; 0 where such
                 hours are not paid, so that fewer of them save no money
    reach      : km of way from a base beyond which nobody takes an account over; who serves a farther one may keep it
    balance, tolerance : as in `assign_accounts`; in a handover they are reported, not required
    fit, travel, speed, detour, calls_per_trip, fit_weight, move_price, year_price, today : as in `assign_accounts`; a
                 hire whom `fit` does not list suits an account as its listed representatives do on average
    gap, time_limit : the proved relative gap, and the seconds of one scenario, at which its search stops
    time_in_all : seconds for all scenarios together: each takes at most its even share of what is left of them

    As much potential as possible is served first; then travel, misfit, and the prices of moves and of hours above the
    limits are least: both to the `gap`, the first as a fraction of the potential that has to be placed. Every scenario
    is compared with today's roster under the same rules, replacements with the roster without the leavers.
    Raises DataError for faulty tables, ParameterError for arguments out of range or names that are not there.
    Source: the assignment is that of `assign_accounts`; the best place of a hire is a facility location problem:
    Daskin, "Network and Discrete Location" (1995).
    """
    leavers = names_as_text(leavers)
    require(
        choice_fault("regime", regime, REGIMES),
        *pair_faults(
            balance, tolerance, keep, speed, detour, calls_per_trip, fit_weight, move_price, year_price, today
        ),
        number_fault("stretch", stretch, least=0),
        number_fault("over_price", over_price, above=0, optional=True),
        number_fault("overtime", overtime, least=0),
        number_fault("reach", reach, above=0, unit="km", optional=True),
        *_who_faults(leavers, hires, places, together),
        number_fault("gap", gap, least=0, below=1),
        number_fault("time_limit", time_limit, above=0, unit="seconds", endless=True),
        number_fault("time_in_all", time_in_all, above=0, unit="seconds", endless=True),
    )
    price = (3.0 if regime == "handover" else 20.0) if over_price is None else over_price
    rules = Rules(regime, keep, tolerance, stretch, price)
    clients, team, suits, distances = require_tables(accounts=accounts, reps=reps, fit=fit, distances=travel)
    require_places(team, clients, suits, distances)  # before hires, who have places, join those who may have none
    here = _here(team, today)
    joining = _joining(clients, team, here, hires, places, distances)
    hires, unmade = _as_many_as_places(hires, joining)
    everybody = team if joining is None else pd.concat([team, joining], ignore_index=True)
    pairs = make_pairs(
        clients,
        everybody,
        balance=tuple(balance),
        tolerance=tolerance,
        keep=keep,
        fit=suits if suits is None or joining is None else _suited(suits, joining),
        distances=distances,
        neighbours=None,
        locked={},
        speed=speed,
        detour=detour,
        calls_per_trip=calls_per_trip,
        prices=(fit_weight, move_price, year_price),
        today=today,
    )
    pairs = _known_years(_within_reach(_unlocked(pairs), reach), clients)
    rosters = list_rosters(pairs, leavers, joining, hires, together)
    named = _solve(pairs, rosters, rules, gap, time_limit, time_in_all)
    plans = list(named.values())
    bases = [named[plan.roster.against] for plan in plans]
    rate = here["cost"].sum() / here["hours"].sum() if here["cost"].sum() > 0 else np.nan
    table = _table(pairs, plans, bases, price, overtime * rate, joining)
    return RosterComparison(
        table=table,
        moves=pd.concat(
            [moves_of(pairs, *both, plans[0]) for both in zip(plans, bases, strict=True)], ignore_index=True
        ),
        load=pd.concat([load_of(pairs, *both) for both in zip(plans, bases, strict=True)], ignore_index=True),
        places=_places(table, joining),
        accounts=_accounts(pairs),
        skipped=pd.concat([pairs.skipped, unmade], ignore_index=True),
        cautions=(
            *pairs.cautions,
            *limits(pairs, plans[0], rules, reach),
            *unknown_years(pairs),
            *search_cautions(plans, rules, joining, hires, gap),
            *homeless(clients, pairs, rosters),
        ),
        regime=regime,
        keep=keep,
        stretch=stretch,
        cost_per_hour=float(rate),
        over_price=price,
    )


def best_hire(result: RosterComparison) -> pd.DataFrame | int:
    """The best candidate place as the argument `hires` of `compare_rosters`, with mean hours and cost; 0 for nobody."""
    best = result.places.head(1)
    where = [name for name in ("region", "lat", "lon") if name in best.columns]
    return best[["place", *where]].rename(columns={"place": "rep"}) if len(best) else 0


def _who_faults(
    leavers: Sequence[str] | None, hires: int | pd.DataFrame, places: int | pd.DataFrame, together: bool
) -> list[str]:
    """What is wrong with who leaves and who joins, in words."""
    nobody = leavers is None or (isinstance(leavers, Sized) and not len(leavers))
    return [
        "" if isinstance(hires, pd.DataFrame) else count_fault("hires", hires, also="a table of people"),
        "" if isinstance(places, pd.DataFrame) else count_fault("places", places, least=1, also="a table of places"),
        names_fault("leavers", leavers, "names", optional=True),
        flag_fault("together", together),
        "together needs the names of those who leave at once: leavers" if together and nobody else "",
    ]


def _unlocked(pairs: Pairs) -> Pairs:
    """The pairs with every cost known: what binds an account to its representative ends when he leaves."""
    return replace(pairs, problem=replace(pairs.problem, cost=pairs.free))


def _within_reach(pairs: Pairs, reach: float | None) -> Pairs:
    """The pairs without those that are too far for somebody to take over."""
    if reach is None:
        return pairs
    near = (pairs.km <= reach) | (np.arange(len(pairs.rep)) == pairs.now[:, None])
    return replace(pairs, problem=replace(pairs.problem, cost=np.where(near, pairs.problem.cost, np.inf)))


def _known_years(pairs: Pairs, accounts: pd.DataFrame) -> Pairs:
    """The pairs with nan for the years of an account of which it is not known since when."""
    since = accounts["since"] if "since" in accounts.columns else pd.Series(pd.NaT, index=accounts.index)
    known = pd.Series(since.notna().to_numpy(), index=accounts["account"])[pairs.account].to_numpy()
    return replace(pairs, years=np.where(known, pairs.years, np.nan))


def _here(reps: pd.DataFrame, today: Day) -> pd.DataFrame:
    """Those who sell and are here, for their mean hours and cost."""
    working = reps[is_here(reps, today) & (reps["hours"] > 0)]
    selling = working[sells(working)]
    return selling if len(selling) else working


def _joining(
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    here: pd.DataFrame,
    hires: int | pd.DataFrame,
    places: int | pd.DataFrame,
    distances: pd.DataFrame | None,
) -> pd.DataFrame | None:
    """New people as rows of reps, None where nobody joins."""
    if isinstance(hires, pd.DataFrame):
        return hire_rows(reps, here, hires, None)
    if not hires:
        return None
    placed = accounts.dropna(subset=[name for name in ("lat", "lon") if name in accounts.columns and distances is None])
    found = candidate_places(placed, places, distances)
    if list(found.columns) == ["place"]:  # no places are known, so that nobody sits anywhere in particular
        found = pd.DataFrame({"place": ["anywhere", *(f"anywhere {number}" for number in range(2, int(hires) + 1))]})
    return hire_rows(reps, here, hires, found)


def _as_many_as_places(
    hires: int | pd.DataFrame, joining: pd.DataFrame | None
) -> tuple[int | pd.DataFrame, pd.DataFrame]:
    """As many `hires` as there are candidate places, and the scenarios of more, which cannot be made."""
    few = 0 if joining is None else len(joining)
    more = [] if isinstance(hires, pd.DataFrame) else list(range(few + 1, hires + 1))
    reason = f"as many candidate places are needed, and there are {few}: accounts or places are too few"
    unmade = pd.DataFrame({"item": [f"hire {count}" for count in more], "reason": reason}, dtype="object")
    return few if more else hires, unmade


def _suited(fit: pd.DataFrame, joining: pd.DataFrame) -> pd.DataFrame:
    """The table `fit` with the mean points of an account for hires that it does not list."""
    absent = joining.loc[~joining["rep"].isin(fit["rep"]), "rep"]
    mean = fit.groupby("account", as_index=False)["fit"].mean()
    return pd.concat([fit, mean.merge(absent.to_frame(), how="cross")], ignore_index=True)


def _solve(
    pairs: Pairs, rosters: list[Roster], rules: Rules, gap: float, time_limit: float, time_in_all: float
) -> dict[str, Plan]:
    plans: dict[str, Plan] = {}
    end = time.perf_counter() + time_in_all
    for done, roster in enumerate(rosters):
        share = max((end - time.perf_counter()) / (len(rosters) - done), LEAST)
        problem, known = beside(pairs, roster, cover_of(pairs, roster, rules), plans.get(roster.against))
        found = solve_cover(problem, gap=gap, time_limit=min(time_limit, share), known=known)
        plans[roster.scenario] = plan_of(pairs, roster, problem, found)
    return plans


def _table(
    pairs: Pairs,
    plans: list[Plan],
    bases: list[Plan],
    over_price: float,
    pay: float,
    joining: pd.DataFrame | None,
) -> pd.DataFrame:
    """One row per scenario, ranked among its like; `pay` is that of an hour above people's hours."""
    rows = [row_of(pairs, plan, base, over_price) for plan, base in zip(plans, bases, strict=True)]
    table = pd.DataFrame(rows)
    cost = pd.Series(dtype=float) if joining is None else joining.set_index("rep")["cost"]
    paid = [float(cost[cost.index.isin(pairs.rep[plan.here])].sum()) for plan in plans]
    named = [_who(pairs, plan, joining) for plan in plans]
    table["who"] = named
    table["rank"] = np.nan
    for kind in SINGLE:
        mine = table[table["kind"] == kind]
        leaves = kind == "leaver"
        order = mine.sort_values(["potential_short", "hours_short", "cost_change"], ascending=not leaves, kind="stable")
        table.loc[order.index, "rank"] = np.arange(1.0, len(order) + 1)
    hires = table["kind"].isin(["hire", "hires", "replacement", "replacements"])
    table["hire_cost"] = np.where(hires & (cost.sum() > 0), paid, np.nan)
    table["net"] = -table["over_change"] * (pay or np.nan) - table["hire_cost"]
    return table


def _who(pairs: Pairs, plan: Plan, joining: pd.DataFrame | None) -> str:
    """Who leaves, or the places of those taken on, and why one more of them would have nothing to do."""
    if plan.roster.sites is None or joining is None:
        return plan.roster.who
    place = joining.set_index("rep")["place"]
    taken = [str(place[pairs.rep[site]]) for site in plan.roster.sites if plan.here[site]]
    said = " and ".join(taken) or "nobody"
    if not (idle := plan.roster.openings - len(taken)):
        return said
    why = "keep lets no more accounts change hands" if plan.used_up else "nothing more is saved"
    return f"{said} ({idle} more would get no account: {why})"


def _places(table: pd.DataFrame, joining: pd.DataFrame | None) -> pd.DataFrame:
    """Every candidate with what one person there changes."""
    columns = ["scenario", "who", "cost_change", "travel_change", "over_change", "short_change", "net", "rank"]
    found = table.loc[table["kind"].isin(["hire", "replacement"]), columns]
    found = found.rename(columns={"who": "place"}).reset_index(drop=True)
    if joining is None:
        return found
    where = [name for name in ("region", "lat", "lon") if name in joining.columns]
    found = found.merge(joining[["place", *where]], on="place")
    return found[["scenario", "place", *where, *columns[2:]]].sort_values("rank", ignore_index=True)


def _accounts(pairs: Pairs) -> pd.DataFrame:
    found = pd.DataFrame({"account": pairs.account, "rep_now": pairs.former, "potential": pairs.potential})
    return pd.concat([found, pairs.places], axis=1)
