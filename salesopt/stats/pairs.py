"""From tables of accounts and representatives to the costs of every pair and the limits on every total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from salesopt.errors import AbsentError, DataError, ParameterError, close_match
from salesopt.stats.arguments import day_fault, names_fault, number_fault, read_day
from salesopt.stats.distances import great_circle, region_kilometres, travel_hours
from salesopt.stats.locks import bound_pairs, lock_pairs
from salesopt.stats.matching import Flags, Load, Matching, Numbers, Places
from salesopt.stats.roles import Day, is_here, sells

Names = np.ndarray


@dataclass(frozen=True, eq=False)
class Pairs:
    """Accounts x representatives: hours of calls, hours of travel, km, points of fit, cost, and what limits them.

    now    : place of who serves each account today, -1 where nobody here does; former : his name, "" where nobody
    years  : length of that relationship; locked : accounts whose representative is settled
    free   : cost without the locks; unbordered : those of the cautions that say what contiguity can't see
    """

    account: Names
    rep: Names
    hours: Numbers
    travel: Numbers
    km: Numbers
    fit: Numbers
    free: Numbers
    capacity: Numbers
    potential: Numbers
    measures: dict[str, Numbers]
    now: Places
    former: Names
    years: Numbers
    locked: Flags
    tolerance: float
    keep: float
    places: pd.DataFrame
    bases: pd.DataFrame
    problem: Matching
    skipped: pd.DataFrame
    cautions: tuple[str, ...] = field(default=())
    unbordered: tuple[str, ...] = field(default=())

    def fair_share(self, name: str) -> Numbers:
        """What each representative would carry of a measure in proportion to his hours."""
        return np.asarray(self.measures[name].sum() * self.capacity / max(self.capacity.sum(), 1e-9))

    def shares_of(self, name: str, totals: Numbers) -> Numbers:
        """Totals of a measure over the fair shares; nan for who has no hours to be given a share for."""
        fair = self.fair_share(name)
        return np.divide(totals, fair, out=np.full(len(fair), np.nan), where=fair > 0)


def pair_faults(
    balance: Sequence[str],
    tolerance: float,
    keep: float,
    speed: float,
    detour: float,
    calls_per_trip: float,
    fit_weight: float,
    move_price: float,
    year_price: float,
    today: Day,
) -> list[str]:
    """What is wrong with the arguments of `assign_accounts` that shape its pairs and limits, in words."""
    prices = {"fit_weight": fit_weight, "move_price": move_price, "year_price": year_price}
    return [
        names_fault("balance", balance, "measures such as hours, accounts or potential"),
        number_fault("tolerance", tolerance, least=0, endless=True),
        number_fault("keep", keep, least=0, most=1),
        number_fault("speed", speed, above=0, unit="km an hour"),
        number_fault("detour", detour, least=1),
        number_fault("calls_per_trip", calls_per_trip, above=0),
        *(number_fault(name, price, least=0) for name, price in prices.items()),
        day_fault("today", today, optional=True),
    ]


def make_pairs(
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    *,
    balance: tuple[str, ...],
    tolerance: float,
    keep: float,
    fit: pd.DataFrame | None,
    distances: pd.DataFrame | None,
    neighbours: pd.DataFrame | None,
    locked: dict[Any, Any],
    speed: float,
    detour: float,
    calls_per_trip: float,
    prices: tuple[float, float, float],
    today: Day,
) -> Pairs:
    """Everything `assign_accounts` needs to know, from tables that were checked; see there for the arguments."""
    team, left_out = serving_team(accounts, reps, today)
    team, accounts, unplaced = _placed(team, accounts, fit, distances)
    km = kilometres(accounts, team, distances, detour)
    reserved = _reserved(unplaced, team)
    skipped = pd.concat([left_out, _unplaced_reasons(unplaced, team)], ignore_index=True)
    travel = travel_hours(km, accounts["calls"].to_numpy()[:, None], speed, calls_per_trip)
    call_hours = (accounts["calls"] * accounts["hours_per_call"]).to_numpy()
    points, hours = _fit(accounts, team, fit, call_hours)
    served, now = owners(accounts, team)
    years = _years(accounts, today)
    short = np.where(np.isfinite(points), np.nanmax(np.where(np.isfinite(points), points, -np.inf), axis=1)[:, None], 0)
    fit_weight, move_price, year_price = prices
    cost = travel + fit_weight * (short - points) if fit is not None else travel.copy()
    change = (now >= 0) * (move_price + year_price * years)
    cost = cost + change[:, None] * (np.arange(len(team)) != now[:, None])
    cost = np.where(np.isfinite(cost), cost, np.inf)
    bound, bindings = bound_pairs(accounts, team)
    settled, free = lock_pairs(accounts, team, cost, bound, locked)
    measures = _measures(accounts, balance, hours)
    capacity = team["hours"].to_numpy() - reserved
    loads = _loads(hours + travel, capacity, measures, tolerance)
    kept = (np.arange(len(team)) == now[:, None]) & (now >= 0)[:, None]
    region, border = _regions(accounts, neighbours)
    unbordered = _unbordered(accounts, team, neighbours)
    problem = Matching(cost, loads, kept, float(np.ceil(keep * (now >= 0).sum() - 1e-9)), region, border)
    return Pairs(
        account=accounts["account"].to_numpy(dtype=object),
        rep=team["rep"].to_numpy(dtype=object),
        hours=hours,
        travel=travel,
        km=km,
        fit=points if fit is not None else np.full(travel.shape, np.nan),
        free=free,
        capacity=capacity,
        potential=accounts["potential"].to_numpy(),
        measures=measures,
        now=now,
        former=served.fillna("").to_numpy(dtype=object),
        years=years,
        locked=settled,
        tolerance=tolerance,
        keep=keep,
        places=_coordinates(accounts),
        bases=_coordinates(team),
        problem=problem,
        skipped=skipped,
        cautions=(
            *_strangers(served, reps),
            *_cautions(
                served, now, distances, km, detour, f"at {speed:g} km an hour, with {calls_per_trip:g} calls a way"
            ),
            *_placeless(unplaced),
            *bindings,
            *_unbalanced(balance, measures),
            *unbordered,
        ),
        unbordered=tuple(unbordered),
    )


def serving_team(accounts: pd.DataFrame, reps: pd.DataFrame, today: Day) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Who can serve accounts, and who cannot with the reason."""
    serving = set(accounts["rep"].dropna()) if "rep" in accounts.columns else set()
    here, still = is_here(reps, today), is_here(reps.drop(columns="hired", errors="ignore"), today)
    reason = pd.Series("", index=reps.index)
    reason[~sells(reps) & ~reps["rep"].isin(serving)] = "is in no selling role, and serves no account"
    reason[reps["hours"] <= 0] = "has no hours for customers"
    reason[~here] = "is not here yet"
    reason[~still] = "has left"
    team = reps[reason.eq("")].reset_index(drop=True)
    if team.empty:
        raise DataError("reps: nobody here can serve accounts: all have left, have no hours or another role")
    out = reps[reason.ne("")]
    return team, pd.DataFrame({"item": out["rep"].to_numpy(), "reason": reason[reason != ""].to_numpy()})


def owners(accounts: pd.DataFrame, team: pd.DataFrame) -> tuple[pd.Series, Places]:
    """Who serves each account today, by name (blank where nobody) and by place in `team` (-1 where not of it)."""
    served = accounts["rep"] if "rep" in accounts.columns else pd.Series(pd.NA, index=accounts.index)
    place = pd.Series(np.arange(len(team)), index=team["rep"])
    return served, served.map(place).fillna(-1).to_numpy(dtype=np.int64)


def require_places(
    team: pd.DataFrame, accounts: pd.DataFrame, fit: pd.DataFrame | None, distances: pd.DataFrame | None
) -> list[str]:
    """The columns that say where people and accounts are; none where skills alone decide who serves whom.

    Raises AbsentError where a table lacks one of them.
    """
    needed = ["region"] if distances is not None else ["lat", "lon"]
    if all(set(needed) <= set(table.columns) for table in (team, accounts)):
        return needed
    if fit is not None and distances is None:
        return []
    raise AbsentError(
        "accounts and reps: travel needs lat and lon in both tables, or region in both and a table of distances; where "
        "no places are known, the table fit, of who may serve whom and how well, is enough"
    )


def _placed(
    team: pd.DataFrame, accounts: pd.DataFrame, fit: pd.DataFrame | None, distances: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The team and the accounts whose place is known (where places are used), and the accounts without."""
    needed = require_places(team, accounts, fit, distances)
    if not needed:
        return team, accounts.reset_index(drop=True), accounts.iloc[:0]
    homeless = team.loc[team[needed].isna().any(axis=1), "rep"]
    if len(homeless):
        raise DataError(f"reps: the base ({', '.join(needed)}) is missing of {', '.join(homeless)}")
    missing = accounts[needed].isna().any(axis=1)
    if missing.all():
        raise DataError(f"accounts: no account has a place ({', '.join(needed)})")
    return team, accounts[~missing].reset_index(drop=True), accounts[missing]


def kilometres(accounts: pd.DataFrame, team: pd.DataFrame, distances: pd.DataFrame | None, detour: float) -> Numbers:
    """Way in km of each account (rows) from each base (columns); 0 where no places are known.

    detour : road over straight line, ratio; the ways of `distances` are taken as they are
    """
    if distances is not None:
        return region_kilometres(accounts["region"], team["region"], distances)
    if not {"lat", "lon"} <= set(accounts.columns) & set(team.columns):
        return np.zeros((len(accounts), len(team)))
    return detour * great_circle(*(table[name].to_numpy() for table in (accounts, team) for name in ("lat", "lon")))


def _reserved(unplaced: pd.DataFrame, team: pd.DataFrame) -> Numbers:
    """Hours of calls that stay with whoever serves the accounts without a place."""
    if unplaced.empty or "rep" not in unplaced.columns:
        return np.zeros(len(team))
    hours = (unplaced["calls"] * unplaced["hours_per_call"]).groupby(unplaced["rep"]).sum()
    return hours.reindex(team["rep"]).fillna(0.0).to_numpy()


def _unplaced_reasons(unplaced: pd.DataFrame, team: pd.DataFrame) -> pd.DataFrame:
    here = set(team["rep"])
    served = unplaced["rep"] if "rep" in unplaced.columns else pd.Series(pd.NA, index=unplaced.index)
    said = [
        f"its place is not known: it stays with {rep}, whose hours for it are set aside"
        if rep in here
        else "its place is not known, and nobody here serves it: not assigned"
        for rep in served
    ]
    return pd.DataFrame({"item": unplaced["account"].to_numpy(), "reason": said})


def _placeless(unplaced: pd.DataFrame) -> list[str]:
    """That the way to accounts without a place is in no figure."""
    if unplaced.empty:
        return []
    one = len(unplaced) == 1
    where = "The place of 1 account is" if one else f"The places of {len(unplaced):,} accounts are"
    its, it = ("its", "it") if one else ("their", "them")
    set_aside = f"the hours of {its} calls are set aside for who serves {it}"
    return [f"{where} not known: {set_aside}, the way to {it} is not counted."]


def _fit(
    accounts: pd.DataFrame, team: pd.DataFrame, fit: pd.DataFrame | None, call_hours: Numbers
) -> tuple[Numbers, Numbers]:
    """Points of each pair (nan where the pair is not allowed) and its hours of calls."""
    hours = np.repeat(call_hours[:, None], len(team), axis=1)
    if fit is None:
        return np.zeros(hours.shape), hours
    points = _wide(fit, "fit", accounts, team)
    nobody = accounts["account"][pd.Series(points.tolist()).map(lambda row: bool(np.isnan(row).all()))]
    if len(nobody):
        raise DataError(f"fit: no representative here is listed for {', '.join(nobody.head(5))} ({len(nobody)} in all)")
    if "hours" in fit.columns:
        own = _wide(fit, "hours", accounts, team)
        hours = np.where(np.isnan(own), hours, own)
    return points, hours


def _wide(fit: pd.DataFrame, column: str, accounts: pd.DataFrame, team: pd.DataFrame) -> Numbers:
    """A column of `fit` as accounts x representatives, nan where a pair is absent."""
    wide = fit.pivot_table(index="account", columns="rep", values=column)
    return wide.reindex(index=accounts["account"], columns=team["rep"]).to_numpy(dtype=float)


def _years(accounts: pd.DataFrame, today: Day) -> Numbers:
    """Years that each account has been with its representative; 0 where that is not known."""
    if "since" not in accounts.columns or accounts["since"].isna().all():
        return np.zeros(len(accounts))
    day = read_day(today) or accounts["since"].max()
    return ((day - accounts["since"]).dt.days / 365.25).fillna(0.0).clip(lower=0.0).to_numpy()


def _measures(accounts: pd.DataFrame, balance: tuple[str, ...], hours: Numbers) -> dict[str, Numbers]:
    measures = {}
    for name in balance:
        if name == "hours":
            values = hours.mean(axis=1)
        elif name == "accounts":
            values = np.ones(len(accounts))
        elif name in accounts.columns and pd.api.types.is_numeric_dtype(accounts[name]):
            values = accounts[name].to_numpy(dtype=float)
        else:
            raise ParameterError(f"balance: {name!r} is neither hours, accounts nor a number column of accounts")
        if not (np.isfinite(values).all() and (values >= 0).all()):
            raise DataError(f"accounts: {name} must be numbers of at least 0 to be balanced")
        if values.any():
            measures[name] = values
    return measures


def _unbalanced(balance: tuple[str, ...], measures: dict[str, Numbers]) -> list[str]:
    return [
        f"{name.capitalize()} is not balanced: it is 0 for every account." for name in balance if name not in measures
    ]


def _loads(time: Numbers, capacity: Numbers, measures: dict[str, Numbers], tolerance: float) -> tuple[Load, ...]:
    """Hours within capacity, and each measure within the tolerance of its fair share."""
    unlimited = np.full(len(capacity), -np.inf)
    loads = [Load("hours", "capacity", time, unlimited, capacity, np.maximum(np.abs(capacity), 1e-9))]
    for name, values in measures.items():
        fair = values.sum() * capacity / max(capacity.sum(), 1e-9)
        use = np.repeat(values[:, None], len(capacity), axis=1)
        least, most = unlimited, -unlimited  # without end also where the fair share is nothing
        if np.isfinite(tolerance):
            least, most = (1 - tolerance) * fair, (1 + tolerance) * fair
        loads.append(Load(name, "balance", use, least, most, np.maximum(fair, 1e-9)))
    return tuple(loads)


def _regions(accounts: pd.DataFrame, neighbours: pd.DataFrame | None) -> tuple[Places | None, Flags | None]:
    """Region number of each account, and which regions border on each other."""
    if neighbours is None:
        return None, None
    if "region" not in accounts.columns:
        raise DataError("accounts: contiguity needs the column region")
    names = pd.Index(sorted({*accounts["region"].dropna(), *neighbours["region"], *neighbours["neighbour"]}))
    border = np.zeros((len(names), len(names)), dtype=bool)
    one, other = names.get_indexer(neighbours["region"]), names.get_indexer(neighbours["neighbour"])
    border[one, other] = border[other, one] = True
    return names.get_indexer(accounts["region"]).astype(np.int64), border


def _unbordered(accounts: pd.DataFrame, team: pd.DataFrame, neighbours: pd.DataFrame | None) -> list[str]:
    """What contiguity can't see: accounts without a region, and regions that no other table knows."""
    if neighbours is None:
        return []
    bordering = {*neighbours["region"], *neighbours["neighbour"]}
    based = set(team["region"].dropna()) if "region" in team.columns else set()
    blank = int(accounts["region"].isna().sum())
    said = [f"{blank} accounts have no region: they go to anybody, wherever his other regions lie."] if blank else []
    strange = accounts.loc[~accounts["region"].isin(bordering | based), "region"].value_counts(sort=False)
    return said + [
        f"Region {name!r} of {count} accounts is neither in neighbours nor in reps, so that it borders on no other"
        f"{close_match(str(name), bordering)}."
        for name, count in strange.items()
    ]


def _coordinates(table: pd.DataFrame) -> pd.DataFrame:
    return table[[name for name in ("region", "lat", "lon") if name in table.columns]].reset_index(drop=True)


def _strangers(served: pd.Series, reps: pd.DataFrame) -> list[str]:
    """That accounts are served by somebody of whom nothing is known: perhaps a slip of the pen, and no leaver."""
    strange = served[served.notna() & ~served.isin(reps["rep"])]
    if strange.empty:
        return []
    known = list(reps["rep"])
    names = [f"{name!r}{close_match(name, known).replace('; ', ' (').replace('?', '?)')}" for name in strange.unique()]
    more = f" and {len(names) - 5} more names" if len(names) > 5 else ""
    return [
        f"{len(strange):,} accounts are served by somebody who is not in the table reps, and count as served by nobody "
        f"here: {', '.join(names[:5])}{more}. Keep who has left in it, with the last day in its column left."
    ]


def _cautions(
    served: pd.Series, now: Places, distances: pd.DataFrame | None, km: Numbers, detour: float, how: str
) -> tuple[str, ...]:
    said = []
    orphans = int((served.notna().to_numpy() & (now < 0)).sum())
    if orphans:
        said.append(f"{orphans} accounts are served today by somebody who is not available; they move in any case.")
    if not km.any():
        said.append("No places were given, so that travel counts as nought.")
    elif distances is None:
        way = "in a straight line" if detour == 1 else f"{detour:g} times the straight line"
        said.append(f"Travel is {way} from the base and back, {how}; ways between accounts are not counted.")
    else:
        said.append(f"Travel is between regions, {how}; within a region it is what the table says, else nought.")
    return tuple(said)
