"""Where a new person could sit, that person as a row of the table reps, and who is there in each scenario."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesopt.errors import DataError, ParameterError, Problem, close_match
from salesopt.stats.geography import locate
from salesopt.stats.handover import Roster
from salesopt.stats.matching import Numbers, Places
from salesopt.stats.pairs import Pairs
from salesopt.study.tables import require_table

ROUNDS = 100
COLUMNS = ("place", "region", "lat", "lon")


def candidate_places(
    accounts: pd.DataFrame, places: int | pd.DataFrame, distances: pd.DataFrame | None
) -> pd.DataFrame:
    """Candidate bases: place, and region, lat, lon where they are known.

    A number asks for that many clusters of accounts, weighted by their hours of calls, each named by the account that
    is nearest to its middle; with a table of `distances` the regions of the accounts are taken, those with most hours
    first. A table gives place, and lat and lon, or region.
    """
    if isinstance(places, pd.DataFrame):
        return _given_places(places, distances)
    hours = (accounts["calls"] * accounts["hours_per_call"]).to_numpy(dtype=float)
    if distances is not None:
        total = (
            pd.Series(hours).groupby(accounts["region"].to_numpy()).sum().sort_values(ascending=False, kind="stable")
        )
        names = [str(name) for name in total.index[:places]]
        return pd.DataFrame({"place": names, "region": names})
    where = locate(accounts)
    if where is None:
        return pd.DataFrame({"place": ["anywhere"]})
    middle = _middles(where.plane, hours, places)
    found = accounts.iloc[middle]
    columns = [name for name in COLUMNS[1:] if name in accounts.columns]
    return pd.DataFrame({"place": "near " + found["account"].astype(str)}).join(found[columns]).reset_index(drop=True)


def _given_places(places: pd.DataFrame, distances: pd.DataFrame | None) -> pd.DataFrame:
    needed = ["place", *(["region"] if distances is not None else ["lat", "lon"])]
    problems = [
        Problem("places", name, None, "", "this column, which is absent") for name in needed if name not in places
    ]
    if problems or places.empty:
        raise DataError(problems or "places: the table has no row")
    given = places[[name for name in COLUMNS if name in places.columns]].reset_index(drop=True)
    for name in [one for one in ("lat", "lon") if one in needed]:
        values = pd.to_numeric(given[name], errors="coerce")
        wrong = ~(values.abs() <= (90 if name == "lat" else 180))
        problems += [
            Problem("places", name, int(row) + 2, repr(given[name][row]), "degrees")
            for row in np.flatnonzero(wrong)[:5]
        ]
        given[name] = values
    blank = given[["place", *(["region"] if "region" in needed else [])]].isna().any(axis=1) | given["place"].eq("")
    problems += [Problem("places", "", int(row) + 2, "", "a name and a place") for row in np.flatnonzero(blank)[:5]]
    problems += [
        Problem("places", "place", int(row) + 2, repr(given["place"][row]), "each place once")
        for row in np.flatnonzero(given["place"].duplicated())[:5]
    ]
    if problems:
        raise DataError(problems)
    return given.assign(place=given["place"].astype(str))


def _middles(plane: Numbers, weight: Numbers, count: int) -> Places:
    """The rows nearest to the middles of `count` clusters (Lloyd's rounds from far-apart starts, no chance in it)."""
    weight = np.maximum(weight, 1e-9 * max(weight.max(initial=0.0), 1.0))
    centre = np.average(plane, axis=0, weights=weight)
    starts = [int(((plane - centre) ** 2).sum(axis=1).argmin())]
    near = ((plane - plane[starts[0]]) ** 2).sum(axis=1)
    while len(starts) < count and near.max() > 0:
        starts.append(int((near * weight).argmax()))
        near = np.minimum(near, ((plane - plane[starts[-1]]) ** 2).sum(axis=1))
    middle, label = plane[starts], np.full(len(plane), -1)
    for _ in range(ROUNDS):
        away = ((plane[:, None, :] - middle[None]) ** 2).sum(axis=2)
        if (away.argmin(axis=1) == label).all():
            break
        label = away.argmin(axis=1)
        sums = np.stack([np.bincount(label, weight * plane[:, axis], len(middle)) for axis in (0, 1)], axis=1)
        total = np.bincount(label, weight, len(middle))
        middle = np.where(total[:, None] > 0, sums / np.maximum(total, 1e-12)[:, None], middle)
    away = ((plane[:, None, :] - middle[None]) ** 2).sum(axis=2)
    return np.unique(away.argmin(axis=0)).astype(np.int64)


def hire_rows(
    reps: pd.DataFrame, team: pd.DataFrame, hires: int | pd.DataFrame, places: pd.DataFrame | None
) -> pd.DataFrame:
    """New people as rows of the table reps, with `place`: one at each of `places`, or those of a table.

    Hours and cost that are not given are the means of the representatives of `team`.
    """
    if isinstance(hires, pd.DataFrame):
        given = hires.assign(role="representative", cost=hires.get("cost", team["cost"].mean()))
        rows = require_table("reps", given.assign(hours=given.get("hours", team["hours"].mean())))
        if rows.empty:
            raise DataError("hires: the table has no row")
        rows = rows.assign(place=rows["rep"])
    else:
        assert places is not None
        rows = places.assign(
            rep="new, " + places["place"],
            role="representative",
            cost=float(team["cost"].mean()),
            hours=float(team["hours"].mean()),
        )
    taken = sorted(set(rows["rep"]) & set(reps["rep"]))
    if taken:
        raise DataError(f"hires: {', '.join(taken[:5])} is a name that somebody in the table reps has")
    if not (rows["hours"] > 0).all():
        raise DataError(f"hires: {', '.join(rows.loc[~(rows['hours'] > 0), 'rep'])} has no hours for customers")
    keep = [name for name in ("rep", "role", "region", "lat", "lon", "cost", "hours", "place") if name in rows.columns]
    return rows[keep].reset_index(drop=True)


def list_rosters(
    pairs: Pairs,
    leavers: Sequence[str] | None,
    joining: pd.DataFrame | None,
    hires: int | pd.DataFrame,
    together: bool,
) -> list[Roster]:
    """Today's roster, then one for each scenario; the arguments are those of `compare_rosters`."""
    column = {str(name): place for place, name in enumerate(pairs.rep)}
    new = [] if joining is None else [column[name] for name in joining["rep"]]
    team = np.setdiff1d(np.arange(len(pairs.rep)), new)
    gone = _leaving(pairs, team, leavers)
    rosters = [Roster("today", "today", "", team)]
    if together:
        team, said = np.setdiff1d(team, [column[name] for name in gone]), " and ".join(gone)
        what = ("leaver", f"{said} leaves") if len(gone) == 1 else ("leavers", f"{said} leave")
        rosters.append(Roster(what[1], what[0], said, team, tuple(gone)))
    else:
        for name in gone:
            rosters.append(Roster(f"{name} leaves", "leaver", name, np.setdiff1d(team, column[name]), (name,)))
    if joining is None:
        return rosters
    return rosters + _with_hires(rosters[-1] if together else rosters[0], joining, hires, np.array(new, dtype=np.int64))


def _leaving(pairs: Pairs, team: Places, leavers: Sequence[str] | None) -> list[str]:
    """The names of who leaves; everybody who serves accounts where none are named."""
    if leavers is None:
        return [str(pairs.rep[place]) for place in team if (pairs.now == place).any()]
    here = [str(pairs.rep[place]) for place in team]
    strange = [str(name) for name in leavers if name not in here]
    if strange:
        said = "; ".join(f"{name!r} is not here to leave{close_match(name, here)}" for name in strange)
        raise ParameterError(f"leavers: {said}")
    twice = sorted({str(name) for name in leavers if list(leavers).count(name) > 1})
    if twice:
        raise ParameterError(f"leavers: {', '.join(twice)} is named twice")
    return [str(name) for name in leavers]


def _with_hires(base: Roster, joining: pd.DataFrame, hires: int | pd.DataFrame, new: Places) -> list[Roster]:
    """The scenarios of new people, in columns `new`, on top of `base`: each alone, then several."""
    one, many = ("replacement", "replacements") if base.gone else ("hire", "hires")
    gone, against = base.gone, base.scenario
    found = [
        Roster(f"hire {place}", one, place, np.append(base.people, column), gone, (name,), against=against)
        for name, place, column in zip(joining["rep"], joining["place"], new, strict=True)
    ]
    everybody = np.append(base.people, new)
    if not isinstance(hires, pd.DataFrame):
        more = range(2, hires + 1)
        return found + [
            Roster(f"hire {count}", many, "", everybody, gone, (), new, count, against=against) for count in more
        ]
    names = tuple(joining["rep"])
    together = Roster("hire all", many, " and ".join(names), everybody, gone, names, against=against)
    return [*found, together] if len(new) > 1 else found
