"""Structures laid out anew by plain loops, account by account, on small random firms."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from salesopt.stats.comparison import Case, measure_structure
from salesopt.stats.geography import locate
from salesopt.stats.organisation import STRUCTURES, Assumptions, work_of
from salesopt.stats.staffing import people_of

SAME = (
    "reps", "managers", "people_cost", "cost", "customer_hours", "travel_hours", "agreeing_hours", "idle_hours",
    "paid_hours", "visits", "extra_visits", "km", "nights", "shared_accounts", "contacts", "people_to_spare",
    "selling", "contact", "agility",
)  # fmt: skip
COLUMNS = {"distances": ("origin", "destination", "km"), "account_lines": ("account", "line", "sales"),
           "skills": ("rep", "skill", "level"), "skill_needs": ("group", "skill", "level")}  # fmt: skip


def firm(seed):
    """A firm of 3 to 12 accounts and 2 to 4 representatives; which optional tables it has differs from seed to seed."""
    draw = np.random.default_rng(seed)
    count, people = int(draw.integers(3, 13)), int(draw.integers(2, 5))
    names = [f"r{at}" for at in range(people)]
    reps = pd.DataFrame({"rep": [*names, "boss"], "role": ["representative"] * people + ["manager"],
                         "cost": [*draw.integers(800, 1200, people).astype(float), 3000.0],
                         "hours": [*draw.integers(60, 140, people).astype(float), 0.0]})  # fmt: skip
    lines = ["juice", "tea", "water"][: draw.integers(2, 4)]
    accounts = pd.DataFrame(
        {
            "account": [f"a{at}" for at in range(count)],
            "segment": draw.choice(["bar", "hotel", "shop"], count),
            "line": [";".join(draw.permutation(lines)[: draw.integers(1, len(lines) + 1)]) for _ in range(count)],
            "region": draw.choice(["east", "north", "west"], count),
            "potential": draw.integers(1, 200, count).astype(float),
            "calls": draw.integers(1, 40, count).astype(float),
            "hours_per_call": draw.choice([0.2, 0.5, 1.0, 2.5], count),
            "rep": [str(name) if name else None for name in draw.choice([*names, ""], count)],
        }
    )
    accounts.loc[:1, "segment"], accounts.loc[0, "line"] = ["bar", "shop"], "juice;tea"
    given = {}
    if place := draw.integers(3):  # coordinates, or regions with a table of distances, or nothing
        if place == 1:
            accounts["lat"], accounts["lon"] = 45 + draw.random(count), 5 + 2 * draw.random(count)
            accounts.loc[draw.random(count) < 0.1, ["lat", "lon"]] = np.nan
        else:
            ways = draw.integers(20, 200, 3).astype(float)
            ends = [("east", "north"), ("east", "west"), ("north", "west")]
            given["distances"] = [(*pair, km) for pair, km in zip(ends, ways, strict=True)]
    if draw.random() < 0.5:
        named = zip(accounts["account"], accounts["line"].str.split(";"), strict=True)
        given["account_lines"] = [(a, line, float(draw.integers(1, 90))) for a, lines in named for line in lines]
    if draw.random() < 0.7:
        skills = ["ask", "haggle", "listen"]
        given["skills"] = [(name, skill, draw.uniform(0, 4)) for name in names for skill in skills[:2]]
        needy = ["bar", "juice", "shop", "tea", "water"]
        given["skill_needs"] = [(group, skill, float(draw.integers(0, 5))) for group in needy for skill in skills]
    assumed = Assumptions(
        opening_hours=float(draw.choice([0.0, 0.25, 0.5])), separate=float(draw.choice([0.0, 0.5, 1.0])),
        coordination=float(draw.choice([0.0, 4.0])), key_share=float(draw.choice([0.0, 0.3, 0.5, 1.0])),
        joint=float(draw.choice([0.0, 0.3, 1.0])), span=float(draw.choice([2.0, 8.0])),
        trip_days=float(draw.choice([1.0, 3.0])), stretch=float(draw.choice([0.0, 0.1])),
    )  # fmt: skip
    return accounts, reps, given, assumed


def lines_of(account, given):
    """Part of each line in the account's work, and its main line."""
    named = account["line"].split(";")
    if "account_lines" not in given:
        return {line: 1 / len(named) for line in named}, named[0]
    sold = {line: sales for who, line, sales in sorted(given["account_lines"]) if who == account["account"]}
    total = sum(sold.values())
    return {line: sales / total for line, sales in sold.items()}, max(sold, key=sold.get)


def entry(account, visits, hours, share, leads):
    return {"account": account, "visits": visits, "hours": hours, "share": share, "leads": leads}


def whole(account, part, given):
    """One person for all lines of `part` of the account's calls."""
    visits = account["calls"] * part
    return entry(account, visits, visits * account["hours_per_call"], lines_of(account, given)[0], True)


def special(accounts, part, given, assumed, leads):
    """One pool of specialists a line, for `part` of the calls of these accounts."""
    pools = []
    for line in ("juice", "tea", "water"):
        pool = []
        for account in accounts:
            share, main = lines_of(account, given)
            if not share.get(line):
                continue
            calls, s = account["calls"] * part, share[line]
            visits = calls * s * (1 - assumed.separate) + calls * assumed.separate
            opening = min(assumed.opening_hours, account["hours_per_call"])
            hours = visits * opening + s * calls * (account["hours_per_call"] - opening)
            pool.append(entry(account, visits, hours, {line: 1.0}, leads and line == main))
        pools.append(pool)
    return [pool for pool in pools if pool]


def pools_of(structure, accounts, given, assumed):
    if structure == "territory":
        return [[whole(account, 1.0, given) for account in accounts]]
    if structure == "customer":
        kinds = sorted({account["segment"] for account in accounts})
        return [[whole(a, 1.0, given) for a in accounts if a["segment"] == kind] for kind in kinds]
    if structure == "product":
        return special(accounts, 1.0, given, assumed, True)
    key, held, total = set(), 0.0, sum(account["potential"] for account in accounts)
    for account in sorted(accounts, key=lambda one: -one["potential"]):
        if assumed.joint > 0 and held < assumed.key_share * total - 1e-9:
            key.add(account["account"])
        held += account["potential"]
    keys = [account for account in accounts if account["account"] in key]
    parts = [(account, 1 - assumed.joint if account["account"] in key else 1.0) for account in accounts]
    managers = [whole(account, part, given) for account, part in parts if part > 0]
    pools = special(keys, assumed.joint, given, assumed, assumed.joint == 1) if keys else []
    return [managers, *pools] if managers else pools


def split(pool, capacity):
    """What is too much for one person in equal parts, the first of which leads."""
    found = []
    for one in pool:
        people = max(1, math.ceil(one["hours"] / capacity - 1e-9))
        for number in range(people):
            part = dict(one, visits=one["visits"] / people, hours=one["hours"] / people)
            found.append(dict(part, leads=one["leads"] and number == 0))
    return found


def way(one, other, given):
    """Kilometres on the road but for the detour: the sphere of 6,371.0088 km, or the table."""
    if "distances" in given:
        pair = {one["region"], other["region"]}
        return next((km for start, end, km in given["distances"] if {start, end} == pair), 0.0)
    first, second = (
        (math.cos(math.radians(a["lat"])) * math.cos(math.radians(a["lon"])),
         math.cos(math.radians(a["lat"])) * math.sin(math.radians(a["lon"])), math.sin(math.radians(a["lat"])))
        for a in (one, other)
    )  # fmt: skip
    return 6371.0088 * 2 * math.asin(min(1.0, math.dist(first, second) / 2))


def cut(pool, work, people):
    """Lists of places in the pool: across the longer side, as near as can be to equal work, half and half again."""
    if people == 1 or len(pool) == 1:
        return [pool]
    xs, ys = [entry["account"]["x"] for entry, _ in pool], [entry["account"]["y"] for entry, _ in pool]
    along, across = ("x", "y") if max(xs) - min(xs) >= max(ys) - min(ys) else ("y", "x")
    pool = sorted(pool, key=lambda one: (one[0]["account"][along], one[0]["account"][across], one[1]))
    left = people // 2
    wanted, done, first = sum(work[at] for _, at in pool) * left / people, 0.0, []
    for one in pool:
        if done + work[one[1]] / 2 < wanted:
            first.append(one)
        done += work[one[1]]
    size = min(max(len(first), left), len(pool) - 1)
    return cut(pool[:size], work, left) + cut(pool[size:], work, people - left)


def drive(pool, areas, work, given, assumed):
    """km, hours and nights of a visit of each entry, and nothing where its place is not known."""
    found = [(0.0, 0.0, 0.0)] * len(pool)
    longer = 1.0 if "distances" in given else assumed.detour
    for area in areas:
        inside = [pool[at]["account"] for at in area]
        pull = {at: work[at] for at in area if pool[at]["account"]["placed"]}
        middle = [sum(hours * pool[at]["account"][axis] for at, hours in pull.items()) / (sum(pull.values()) or 1)
                  for axis in ("x", "y")]  # fmt: skip
        placed = [account for account in inside if account["placed"]]
        base = min(placed, key=lambda one: math.dist((one["x"], one["y"]), middle), default=None)
        for at in area:
            account, hours = pool[at]["account"], pool[at]["hours"] / pool[at]["visits"]
            out = way(base, account, given) * longer if account["placed"] else 0.0
            others = [pool[i]["account"] for i in area if i != at and pool[i]["account"]["placed"]]
            hop = 0.0
            if account["placed"] and others:
                hop = min(way(account, other, given) for other in others) * longer * 0.57 / 0.50
            days = 1
            while 2 * out / assumed.speed > 0.25 * days * 8 + 1e-9 and days < assumed.trip_days:
                days += 1
            left = days * 8 - 2 * out / assumed.speed - hours  # after the way out and back and the first visit
            more = max(left / max(hours + hop / assumed.speed, 1e-9), 0.0)
            km = (2 * out + more * hop) / (1 + more)
            found[at] = (km, km / assumed.speed, (days - 1) / (1 + more))
    return found


def territories(pool, load, capacity, located, given, assumed):
    """Areas and the way per visit, with the fewest people whose hours hold the work and its travel."""
    people = max(1, math.ceil(sum(load) / capacity - 1e-9))
    if not located:
        areas, done = [[] for _ in range(people)], 0.0
        for at, hours in enumerate(load):
            areas[min(int((done + hours / 2) / sum(load) * people), people - 1)].append(at)
            done += hours
        return areas, [(0.0, 0.0, 0.0)] * len(pool)
    while True:
        work = load
        for _ in range(2):  # once without travel, and once with what it then is
            areas = [[at for _, at in area] for area in cut([(one, at) for at, one in enumerate(pool)], work, people)]
            ways = drive(pool, areas, work, given, assumed)
            work = [hours + one["visits"] * each[1] for hours, one, each in zip(load, pool, ways, strict=True)]
        if sum(work) <= people * capacity * (1 + 1e-9):
            return areas + [[]] * (people - len(areas)), ways
        people += 1


def matched(jobs, names, given, serves):
    """Every way to put the people to the jobs that is best: (person of each job, hours of fit of each job)."""

    def fits(name, group):
        if "skills" not in given:
            return 0.0
        met = total = 0.0
        for skill in ("ask", "haggle", "listen"):
            level = max(
                (points for who, what, points in given["skill_needs"] if what == skill and who in group), default=0
            )
            mine = sum(points for who, what, points in given["skills"] if (who, what) == (name, skill))
            met, total = met + min(mine, level), total + level
        return met / total if total else 1.0

    fit = {(name, kind, line): fits(name, (kind, line)) for name in names for kind in ("bar", "hotel", "shop")
           for line in ("juice", "tea", "water")}  # fmt: skip
    suits = [[sum(one["hours"] * part * fit[name, one["account"]["segment"], line] for one in job
                  for line, part in one["share"].items()) for job in jobs] for name in names]  # fmt: skip
    knows = [[sum(one["hours"] for one in job if one["leads"] and serves[one["account"]["account"]] == name)
              for job in jobs] for name in names]  # fmt: skip
    seats = [*range(len(jobs)), *[None] * max(len(names) - len(jobs), 0)]
    best, found = -1.0, []
    for seating in set(itertools.permutations(seats, len(names))):
        value = sum(suits[who][job] + knows[who][job] for who, job in enumerate(seating) if job is not None)
        if value > best + 1e-9:
            best, found = value, []
        if value >= best - 1e-9:
            people = {job: who for who, job in enumerate(seating) if job is not None}
            fitted = [suits[people[job]][job] if job in people else sum(row[job] for row in suits) / len(names)
                      for job in range(len(jobs))]  # fmt: skip
            found.append(([names[people[job]] if job in people else "hire" for job in range(len(jobs))], sum(fitted)))
    return found


def growth(jobs, accounts, capacity, assumed, shift):
    """Share of the extra hours that is served as each line, segment and region grows, each kind counted once."""
    limit, kinds = capacity * (1 + assumed.stretch), []
    kinds_of = {"segment": [a["segment"] for a in accounts], "region": [a["region"] for a in accounts],
                "line": [line for a in accounts for line in a["lines"]]}  # fmt: skip
    for kind, groups in kinds_of.items():
        shares = []
        for group in set(groups) if len(set(groups)) > 1 else ():
            asked = missed = 0.0
            for job in jobs:
                now = sum(one["hours"] + one["travel"] + one["agreed"] for one in job)
                more = 0.0
                for one in job:
                    part = one["share"].get(group, 0.0) if kind == "line" else float(one["account"][kind] == group)
                    more += shift * part * (one["hours"] + one["travel"])
                asked, missed = asked + more, missed + max(now + more - limit, 0.0) - max(now - limit, 0.0)
            if asked > 0:
                shares.append(1 - missed / asked)
        if shares:
            kinds.append(sum(shares) / len(shares))
    return sum(kinds) / len(kinds) if kinds else math.nan


def by_hand(structure, frame, reps, given, assumed, shift):
    """One structure: columns of the table and points, and each (accounts moved, fit) that a best seating has."""
    accounts = [row | place for row, place in zip(frame.to_dict("records"), places(frame, given), strict=True)]
    for account in accounts:
        account["lines"] = lines_of(account, given)[0]
    selling = reps[reps["role"] == "representative"]
    capacity, cost = sum(selling["hours"]) / len(selling), sum(selling["cost"]) / len(selling)
    pools = [split(pool, capacity) for pool in pools_of(structure, accounts, given, assumed)]
    parts = [one["account"]["account"] for pool in pools for one in pool]
    jobs = []
    for pool in pools:
        for one in pool:
            contacts = parts.count(one["account"]["account"])
            one["agreed"] = assumed.coordination * (contacts - 1) / contacts
        load = [one["hours"] + one["agreed"] for one in pool]
        areas, ways = territories(pool, load, capacity, any(account["placed"] for account in accounts), given, assumed)
        for one, (km, hours, nights) in zip(pool, ways, strict=True):
            one |= {"km": km * one["visits"], "travel": hours * one["visits"], "nights": nights * one["visits"]}
        jobs += [[pool[at] for at in area] for area in areas]
    everything = [one for job in jobs for one in job]
    total = {name: sum(one[name] for one in everything)
             for name in ("hours", "travel", "agreed", "visits", "km", "nights")}  # fmt: skip
    visitors = [sum(any(one["account"] is account for one in job) for job in jobs) for account in accounts]
    managers = math.ceil(len(jobs) / assumed.span)
    paid = len(jobs) * cost + managers * 3000.0
    serves = {account["account"]: account["rep"] for account in accounts}
    leads = [(one["account"]["account"], job) for job, ones in enumerate(jobs) for one in ones if one["leads"]]
    assert sorted(name for name, _ in leads) == sorted(serves)  # every account has one main contact
    named = [name for name, rep in serves.items() if isinstance(rep, str)]
    seatings = matched(jobs, list(selling["rep"]), given, serves)
    outcomes = {(sum(who[job] != serves[name] for name, job in leads if name in named), fitted / total["hours"])
                for who, fitted in seatings}  # fmt: skip
    calls, needed = sum(a["calls"] for a in accounts), sum(a["calls"] * a["hours_per_call"] for a in accounts)
    return {
        "reps": len(jobs), "managers": managers, "people_cost": paid,
        "cost": paid + total["km"] * assumed.cost_per_km + total["nights"] * assumed.night_cost,
        "customer_hours": total["hours"], "travel_hours": total["travel"], "agreeing_hours": total["agreed"],
        "paid_hours": len(jobs) * capacity,
        "idle_hours": len(jobs) * capacity - total["hours"] - total["travel"] - total["agreed"],
        "visits": total["visits"], "extra_visits": total["visits"] - calls, "km": total["km"],
        "nights": total["nights"], "shared_accounts": sum(many > 1 for many in visitors),
        "contacts": sum(visitors) / len(accounts), "people_to_spare": max(len(selling) - len(jobs), 0),
        "selling": needed / (len(jobs) * capacity), "contact": visitors.count(1) / len(accounts),
        "agility": growth(jobs, accounts, capacity, assumed, shift), "outcomes": outcomes, "named": len(named),
    }  # fmt: skip


def places(frame, given):
    """Each account's place on a plane in km and whether it is known; who has none stands in the middle of the others.

    The plane of regions is the code's own: a table of ways does not say where north is.
    """
    if "distances" in given:
        ways = pd.DataFrame(given["distances"], columns=COLUMNS["distances"])
        return [{"x": x, "y": y, "placed": True} for x, y in locate(frame, ways).plane]
    rows = [row for row in frame.to_dict("records") if "lat" in row and row["lat"] == row["lat"]]
    if not rows:
        return [{"x": 0.0, "y": 0.0, "placed": False}] * len(frame)
    km = 6371.0088 * math.pi / 180
    narrow = math.cos(math.radians(sum(row["lat"] for row in rows) / len(rows)))
    found = {row["account"]: (row["lon"] * km * narrow, row["lat"] * km) for row in rows}
    middle = [sum(place[axis] for place in found.values()) / len(found) for axis in (0, 1)]
    at = {name: found.get(name, middle) for name in frame["account"]}
    return [{"x": x, "y": y, "placed": name in found} for name, (x, y) in at.items()]


def differences(seed, shift=0.3):
    """What differs between the code and the loops on one firm: structure, column, the code's, the loops'."""
    accounts, reps, given, assumed = firm(seed)
    table = {name: pd.DataFrame(rows, columns=COLUMNS[name]) for name, rows in given.items()}
    work = work_of(accounts, table.get("account_lines"), locate(accounts, table.get("distances")))
    people, found = people_of(reps, accounts, work, table.get("skills"), table.get("skill_needs")), []
    for structure in STRUCTURES:
        ours = measure_structure(structure, Case(work, people, assumed, shift))
        wanted = by_hand(structure, accounts, reps, given, assumed, shift)
        found += [(structure, name, ours[name], wanted[name]) for name in SAME
                  if ours[name] != pytest.approx(wanted[name], rel=1e-7, abs=1e-7, nan_ok=True)]  # fmt: skip
        seated = (ours["moved_accounts"] if wanted["named"] else 0, ours["fit"] if "skills" in given else 0.0)
        if not any(seated == pytest.approx(outcome, abs=1e-6) for outcome in wanted["outcomes"]):
            found.append((structure, "moved, fit", seated, wanted["outcomes"]))
    return found


@pytest.mark.parametrize("first", range(0, 24, 8))
def test_every_structure_is_what_plain_loops_make_of_it(first):
    assert [found for seed in range(first, first + 8) for found in differences(seed)] == []
