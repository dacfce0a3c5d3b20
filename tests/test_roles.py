"""Who sells and who is here: one rule, and every analysis of the team goes by it."""

import pandas as pd
import pytest

from salesopt.rosters import compare_rosters
from salesopt.skills import form_teams, match_skills
from salesopt.stats.roles import group_of, is_here, sells
from salesopt.structure import check_duties, compare_structures, describe_team
from salesopt.team import assign_accounts, mean_cost

END = "2026-09-30"
NAMES = ["ann", "bob", "cy", "dee", "eve", "fay"]
REPS = pd.DataFrame(
    {
        "rep": NAMES,
        "role": ["representative", " Representative", "Specialist", "CONSULTANT", "representative", "representative"],
        "cost": [10.0, 20.0, 30.0, 40.0, 500.0, 600.0],
        "hours": 500.0,
        "lat": 48.0,
        "lon": 8.0,
        "hired": pd.to_datetime([None, None, "2026-09-30", None, None, "2026-10-01"]),
        "left": pd.to_datetime([None, "2026-12-31", None, "2026-09-30", "2026-09-29", None]),
    }
)
ACCOUNTS = pd.DataFrame({"account": list("uvwxyz"), "rep": NAMES, "segment": ["big", "small"] * 3}).assign(
    lat=48.1, lon=8.1, line="tea", potential=100.0, calls=10.0, hours_per_call=1.0
)
SKILLS = pd.DataFrame({"rep": NAMES, "skill": "talk", "level": 2.0})
NEEDS = pd.DataFrame({"group": ["big"], "skill": ["talk"], "level": [2.0]})
DUTIES = pd.DataFrame({"duty": NAMES, "person": NAMES, "part": "A", "hours": 1.0})
HERE = ["ann", "bob", "cy", "dee"]


def test_roles_are_read_whatever_their_capitals():
    roles = pd.DataFrame({"role": ["Lead", "ANALYST", " representative ", "poet"]})
    assert group_of(roles).tolist() == ["managing", "support", "selling", "other"]
    assert sells(REPS).all()


@pytest.mark.parametrize(
    ("today", "names"),
    [(END, HERE), (pd.Timestamp(END), HERE), (None, ["ann", "cy", "fay"]), (pd.NaT, ["ann", "cy", "fay"])],
)
def test_the_last_day_counts_and_who_comes_later_does_not(today, names):
    assert REPS.loc[is_here(REPS, today), "rep"].tolist() == names
    assert is_here(REPS[["rep"]], today).all()


def test_every_analysis_counts_the_same_people():
    loose = {"tolerance": 5.0, "today": END}
    assigned = assign_accounts(ACCOUNTS, REPS, **loose)
    assert assigned.load["rep"].tolist() == HERE
    reasons = assigned.skipped.set_index("item")["reason"].to_dict()
    assert reasons == {"eve": "has left", "fay": "is not here yet"}
    rosters = compare_rosters(ACCOUNTS, REPS, leavers=[], **loose)
    assert rosters.load["rep"].tolist() == HERE and rosters.cost_per_hour == pytest.approx(100 / 2000)
    assert mean_cost(REPS, today=END) == 25.0
    made = describe_team(REPS, on=END)
    assert made.heads == made.teams["selling"].iloc[0] == len(HERE)
    assert compare_structures(ACCOUNTS, REPS, draws=0, today=END).reps_now == len(HERE)
    assert match_skills(SKILLS, NEEDS, REPS, draws=0, today=END).matrix["rep"].tolist() == HERE
    formed = form_teams(SKILLS, NEEDS, REPS, everyone=True, today=END)
    assert sorted(formed.table["rep"]) == HERE
    duties = check_duties(DUTIES, REPS, today=END).people
    assert sorted(duties.loc[duties["present"], "person"]) == HERE


def test_who_neither_sells_nor_serves_is_named():
    boss = REPS.iloc[:1].assign(rep="gus", role="Manager")
    found = assign_accounts(ACCOUNTS, pd.concat([REPS, boss]), tolerance=5.0)
    said = found.skipped.set_index("item").loc["gus", "reason"]
    assert said == "is in no selling role, and serves no account"
