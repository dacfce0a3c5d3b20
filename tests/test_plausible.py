"""What passes every rule and is most likely a mistake: said by `check` and the report, refused where it is wild."""

from pathlib import Path

import openpyxl
import pytest

from salesopt.errors import DataError
from salesopt.study.load import check_study, load_study

ANSWERS = "0.5,0.8,1.2,1.5"
EFFORT = "unit,judge,current_reps,revenue,margin,at_none,at_half,at_plus_half,at_saturation\n"
UNITS = EFFORT + "".join(
    f"{unit},{judge},{heads},{revenue},0.3,{ANSWERS}\n"
    for unit, heads, revenue in (("Hotels", 4, 2040000), ("Shops", 2, 900000))
    for judge in ("ann", "bob", "cy")
)
REPS = "rep,role,cost,hours,left\n" + "".join(f"r{at},representative,90000,1500,\n" for at in range(6))
HISTORY = "unit,period,reps,sales\n" + "".join(
    f"{unit},{year}Q{quarter},2,100\n"
    for unit in ("Hotels", "Shops")
    for year in (2024, 2025)
    for quarter in (1, 2, 3, 4)
)
ACCOUNTS = "account,potential,calls,hours_per_call,rep\na,1,5000,1,r0\n"


COST = "[parameters.team]\ncost_per_rep = 90000\n"


def study(folder: Path, **tables: str) -> Path:
    lines = "".join(f'{name} = "{name}.csv"\n' for name in tables)
    (folder / "study.toml").write_text(f'[study]\ntitle = "Tea"\ncurrency = "EUR"\n[tables]\n{lines}{COST}')
    for name, content in tables.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    return folder


def levels(problems, level):
    return [(one.file, one.row, one.column, one.value) for one in problems if one.level == level]


def test_a_sound_study_has_nothing_to_say(tmp_path):
    study(tmp_path, effort_response=UNITS, reps=REPS, effort_history=HISTORY, accounts=ACCOUNTS)
    assert check_study(tmp_path) == [] and load_study(tmp_path).cautions == ()


@pytest.mark.parametrize(
    ("heads", "level"),
    [(4, None), (5, None), (3, None), (6, "warning"), (0, "warning"), (11, "warning"), (17, "error")],
)
def test_heads_are_compared_with_the_people_who_sell(tmp_path, heads, level):
    """Six people sell; the shops count two heads, and one head more or less is no matter."""
    reps = REPS + "lead,lead,90000,1500,\ngone,representative,90000,1500,2025-06-30\n"
    units = UNITS.replace("Hotels,ann,4", f"Hotels,ann,{heads}").replace("Hotels,bob,4", f"Hotels,bob,{heads}")
    study(tmp_path, effort_response=units.replace("Hotels,cy,4", f"Hotels,cy,{heads}"), reps=reps)
    problems = check_study(tmp_path)
    assert [(one.level, one.file, one.column) for one in problems] == (
        [(level, "effort_response.csv", "current_reps")] if level else []
    )
    if level:
        assert problems[0].value == f"{heads + 2} heads over all units"
        assert "people who sell and are here in reps.csv, 6, give or take 10% or 1" in problems[0].expected
    if level == "error":
        with pytest.raises(DataError, match="more than 3 times as many are refused"):
            load_study(tmp_path)
    else:
        assert [f"{one}." for one in problems] == list(load_study(tmp_path).cautions)


def test_without_judges_the_heads_of_the_last_period_up_to_the_quarter_count(tmp_path):
    history = HISTORY.replace("2025Q4,2,", "2025Q4,9,").replace("sales\n", "sales,margin\n").replace(",100", ",100,0.3")
    study(tmp_path, effort_history=history, reps=REPS)
    assert levels(check_study(tmp_path), "warning") == [("effort_history.csv", None, "reps", "18 heads over all units")]
    assert "4 heads over all units" in load_study(tmp_path, quarter="2025Q3").cautions[0]


def test_judges_who_differ_on_facts_are_refused_with_row_column_and_both_values(tmp_path):
    units = UNITS.replace("Hotels,bob,4,2040000,0.3", "Hotels,bob,4,2140000,0.35").replace("Shops,cy,2", "Shops,cy,3")
    problems = check_study(study(tmp_path, effort_response=units))
    assert levels(problems, "error") == [
        ("effort_response.csv", 7, "unit / current_reps", "unit Shops, current_reps 3 (elsewhere 2)"),
        ("effort_response.csv", 3, "unit / revenue", "unit Hotels, revenue 2140000 (elsewhere 2040000)"),
        ("effort_response.csv", 3, "unit / margin", "unit Hotels, margin 0.35 (elsewhere 0.3)"),
    ]
    with pytest.raises(DataError, match=r"effort_response.csv, row 3, column 'unit / revenue'.*judges differ on ans"):
        load_study(tmp_path)


def test_a_misspelt_optional_column_is_named_and_others_are_listed_once(tmp_path):
    reps = REPS.replace("left\n", "latt,Team ,colour,shoe size\n", 1).replace(",1500,\n", ",1500,48.1,North,red,44\n")
    problems = check_study(study(tmp_path, reps=reps))
    assert levels(problems, "warning") == [
        ("reps.csv", 1, "latt", "a column that nothing reads"),
        ("reps.csv", 1, "Team", "a column that nothing reads"),
    ]
    assert [one.expected for one in problems[:2]] == [
        "a column of reps; did you mean 'lat'?",
        "a column of reps; did you mean 'team'?",
    ]
    assert [one[2] for one in levels(problems, "note")] == ["colour, shoe size"]
    firm = load_study(tmp_path)
    assert firm.left_out[["table", "what", "rows"]].to_numpy().tolist() == [
        ["reps", "column 'latt'", 6],
        ["reps", "column 'Team'", 6],
    ]
    assert "did you mean 'lat'?" in firm.left_out["why"][0] and firm["reps"]["latt"].tolist() == [48.1] * 6


def test_a_column_like_one_that_is_there_as_well_is_ones_own(tmp_path):
    reps = REPS.replace("left\n", "left,lefts\n", 1).replace("1500,\n", "1500,2027-01-01,1\n")
    assert [one.level for one in check_study(study(tmp_path, reps=reps))] == ["note"]


def test_units_of_the_history_that_nobody_judged_are_named_with_the_one_that_may_be_meant(tmp_path):
    history = HISTORY.replace("Hotels", "Hotel")
    problems = check_study(study(tmp_path, effort_response=UNITS, effort_history=history))
    assert levels(problems, "warning") == [("effort_history.csv", 2, "unit", "'Hotel' (did you mean 'Hotels'?)")]
    assert problems[0].count == 8 and "stands in effort_response.csv; as it stands, it is left out" in str(problems[0])
    assert "did you mean 'Hotels'?" in load_study(tmp_path).cautions[0]


@pytest.mark.parametrize("other", ["hotels", "HOTELS", "\uff28otels"])
def test_units_that_look_alike_but_for_capitals_blanks_or_forms_of_a_letter_are_refused(tmp_path, other):
    between = study(tmp_path, effort_response=UNITS, effort_history=HISTORY.replace("Hotels", other))
    assert levels(check_study(between), "error") == [
        ("effort_history.csv", 2, "unit", f"'{other}' (did you mean 'Hotels'?)")
    ]
    with pytest.raises(DataError, match=r"the unit spelt as in effort_response.csv"):
        load_study(tmp_path)
    within = study(tmp_path, effort_history=HISTORY + f"{other},2023Q4,2,100\n")
    assert levels(check_study(within), "error") == [("effort_history.csv", 18, "unit", f"'{other}' beside 'Hotels'")]


def test_other_names_in_two_spellings_are_a_warning_since_numbers_of_accounts_may_differ_so(tmp_path):
    accounts = ACCOUNTS + "00Ab,1,1,1,r1\n00aB,1,1,1,r1\nbig  shop,1,1,1,r1\nBig shop,1,1,1,r1\n"
    problems = check_study(study(tmp_path, reps=REPS, accounts=accounts))
    assert levels(problems, "warning") == [
        ("accounts.csv", 4, "account", "'00aB' beside '00Ab'"),
        ("accounts.csv", 6, "account", "'Big shop' beside 'big  shop'"),
    ]


def test_judges_who_contradict_each_other_are_a_warning_with_both_answers(tmp_path):
    units = UNITS.replace(f"Hotels,bob,4,2040000,0.3,{ANSWERS}", "Hotels,bob,4,2040000,0.3,0.05,0.8,1.2,1.5")
    problems = check_study(study(tmp_path, effort_response=units))
    assert levels(problems, "warning") == [
        ("effort_response.csv", 3, "at_none", "0.05 by bob and 0.5 by ann on Hotels")
    ]
    assert "less than 3 times apart" in problems[0].expected
    assert "0.05 by bob and 0.5 by ann" in load_study(tmp_path).cautions[0]


def test_a_rep_who_does_not_exist_is_refused_by_the_report_too_and_a_leaver_is_not(tmp_path):
    accounts = ACCOUNTS + "b,1,1,1,r00\nc,1,1,1,gone\n"
    study(tmp_path, reps=REPS + "gone,representative,90000,1500,2025-06-30\n", accounts=accounts)
    assert levels(check_study(tmp_path), "error") == [("accounts.csv", 3, "rep", "'r00' (did you mean 'r0'?)")]
    with pytest.raises(DataError, match=r"accounts.csv, row 3, column 'rep'.*keep who has left in it") as refused:
        load_study(tmp_path)
    assert list(refused.value.problems) == check_study(tmp_path)


def test_roles_that_nobody_knows_and_hours_of_a_week_are_warnings(tmp_path):
    reps = REPS.replace(",1500,", ",38,").replace("r5,representative", "r5,Sales representative")
    problems = check_study(study(tmp_path, reps=reps))
    assert levels(problems, "warning") == [
        ("reps.csv", 7, "role", "'Sales representative' (did you mean 'representative'?)"),
        ("reps.csv", None, "hours", "at most 38 hours for everybody who sells"),
    ]


@pytest.mark.parametrize("word", ["Total", "GRAND TOTAL", "Total:", "合计"])
def test_a_last_row_of_totals_is_a_warning(tmp_path, word):
    units = UNITS + f"{word},ann,6,2940000,0.3,{ANSWERS}\n"
    assert ("effort_response.csv", 8, "unit", repr(word)) in levels(
        check_study(study(tmp_path, effort_response=units)), "warning"
    )


def test_revenue_in_thousands_beside_costs_that_are_not_is_a_warning(tmp_path):
    units = UNITS.replace("2040000", "2040").replace("900000", "900")
    problems = check_study(study(tmp_path, effort_response=units, reps=REPS))
    assert [(one.column, one.level, one.value) for one in problems] == [
        ("revenue", "warning", "490 of revenue a head, where a head of reps.csv costs 90000")
    ]


@pytest.mark.parametrize("blanks", [" , , ,\n", "\u00a0,,,\n", ",,,  \n,,,\n"])
def test_rows_of_blanks_alone_are_empty_rows(tmp_path, blanks):
    study(tmp_path, reps=REPS.replace(",left\n", "\n").replace("1500,\n", "1500\n") + blanks)
    assert check_study(tmp_path) == [] and len(load_study(tmp_path)["reps"]) == 6


@pytest.mark.parametrize(
    ("reps", "file", "said"),
    [
        ("Our team,,,,\n" + REPS, "reps.csv", "stand in row 2: delete the rows above it, or say so"),
        ("Our team\n" + REPS, "reps.csv", "header = 2 below [format.reps]"),
        (REPS, "Reps.csv", "did you mean 'reps.csv'?"),
        (REPS.replace("90000", "30%"), "reps.csv", "row 2, column 'cost': found '30%', expected a number"),
        (REPS.replace(",1500", ",-1500"), "reps.csv", "found '-1500', expected a number of at least 0 (6 rows in all)"),
        (REPS.replace("rep,role", ",role").replace("r0,", ",", 1), "reps.csv", "a name for every column"),
    ],
)
def test_what_exports_of_spreadsheets_have_is_named_in_words(tmp_path, reps, file, said):
    study(tmp_path, reps=reps)
    settings = (tmp_path / "study.toml").read_text().replace("reps.csv", file)
    (tmp_path / "study.toml").write_text(settings)
    assert said in "\n".join(map(str, check_study(tmp_path)))


def test_a_unit_left_blank_below_its_first_row_is_an_empty_cell_not_a_traceback(tmp_path):
    units = UNITS.replace("Hotels,bob", ",bob").replace("Shops,cy", ",cy").replace("0.3,0.5", "30%,0.5", 1)
    problems = check_study(study(tmp_path, effort_response=units, reps=REPS))
    assert {(one.row, one.column, one.value) for one in problems if one.level == "error"} == {
        (3, "unit", "an empty cell"),
        (2, "margin", "'30%'"),
    }
    assert "0.3 for 30 %" in str(problems)


def test_a_misspelt_sheet_is_named_with_the_one_that_may_be_meant(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Reps"
    book.create_sheet("Other")
    book.save(tmp_path / "book.xlsx")
    (tmp_path / "study.toml").write_text('[study]\ntitle = "T"\n[tables]\nreps = "book.xlsx#Rep"\n')
    said = "book.xlsx#Rep: no such sheet; there are Reps, Other; did you mean 'Reps'?"
    assert [str(one) for one in check_study(tmp_path)] == [said]


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        (12000, "12,000 hours of calls a year, travel not counted: 133% of people's 9,000"),
        (1800, "1,800 hours of calls a year, travel not counted: 20% of people's 9,000"),
        (6000, ""),
    ],
)
def test_calls_that_do_not_fit_in_peoples_hours_or_leave_most_idle_are_a_warning(tmp_path, calls, said):
    left = REPS + "gone,representative,90000,1500,2025-06-30\nboss,manager,90000,1500,\n"
    accounts = ACCOUNTS.replace("5000", str(calls))
    found = levels(check_study(study(tmp_path, reps=left, accounts=accounts)), "warning")
    assert found == ([("accounts.csv", None, "calls", said)] if said else [])


def test_a_place_far_from_all_others_is_doubtful_with_its_row_and_what_it_probably_is(tmp_path):
    places = [(51 + at / 10, 9 + at / 10) for at in range(8)] + [(9.2, 51.3), (0, 0)]
    rows = "".join(f"a{at},{lat},{lon},1,1,1\n" for at, (lat, lon) in enumerate(places))
    study(tmp_path, accounts="account,lat,lon,potential,calls,hours_per_call\n" + rows)
    found = check_study(tmp_path)
    assert levels(found, "warning") == [
        ("accounts.csv", 10, "lat / lon", "lat 9.2, lon 51.3 of a8"),
        ("accounts.csv", 11, "lat / lon", "lat 0, lon 0 of a9"),
    ]
    assert found[0].expected.endswith("lat and lon seem exchanged") and "leave both blank" in found[1].expected
    assert any("lat and lon seem exchanged." in one for one in load_study(tmp_path).cautions)
    rows = "".join(f"a{at},{51 + at / 100},9,1,1,1\n" for at in range(60))
    rows += "".join(f"b{at},{at},51,1,1,1\n" for at in range(12))
    study(tmp_path, accounts="account,lat,lon,potential,calls,hours_per_call\n" + rows)
    found = levels(check_study(tmp_path), "warning")
    assert len(found) == 11 and found[-1][3] == "more such places"


SERVED = "account,segment,potential,calls,hours_per_call\n"
MATCHED = "a,Hotels,1,1,1\nb,Shops,1,1,1\n"


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (MATCHED, []),
        (
            MATCHED.replace("Shops", "Shop"),
            [("accounts.csv", 3, "segment", "'Shop' (did you mean 'Shops'?)")],
        ),
        (
            MATCHED.replace("Shops", "Bars"),
            [("accounts.csv", 3, "segment", "'Bars'"), ("effort_response.csv", 5, "unit", "'Shops'")],
        ),
        (
            MATCHED.replace("Shops", "Hotels and inns"),
            [
                ("accounts.csv", 3, "segment", "'Hotels and inns' (did you mean 'Hotels'?)"),
                ("effort_response.csv", 5, "unit", "'Shops'"),
            ],
        ),
        (MATCHED.replace("Shops", "Tea").replace("Hotels", "Coffee"), []),  # the units are something else
    ],
)
def test_groups_of_accounts_and_units_that_match_nothing_are_named(tmp_path, rows, found):
    problems = check_study(study(tmp_path, effort_response=UNITS, accounts=SERVED + rows))
    assert levels(problems, "warning") == found and all(one.level == "warning" for one in problems)


def test_needs_of_groups_and_skills_that_match_nothing_are_named(tmp_path):
    needs = "group,skill,level\nHotels,tasting,2\nLabs,Tasting,2\nwine,pricing,1\n"
    tables = {
        "accounts": "account,segment,line,potential,calls,hours_per_call\n"
        "a,Hotels,tea; wine,1,3000,1\nb,Lab,tea,1,3000,1\n",
        "reps": REPS,
        "skills": "rep,skill,level\nr0,tasting,2\n",
        "skill_needs": needs,
    }
    assert levels(check_study(study(tmp_path, **tables)), "warning") == [
        ("skill_needs.csv", 3, "skill", "'Tasting' beside 'tasting'"),
        ("skill_needs.csv", 3, "group", "'Labs' (did you mean 'Lab'?)"),
        ("skill_needs.csv", 3, "skill", "'Tasting' (did you mean 'tasting'?)"),
        ("skill_needs.csv", 4, "skill", "'pricing'"),
    ]
    assert any("did you mean 'Lab'?" in one for one in load_study(tmp_path).cautions)


def test_a_study_of_people_without_a_day_says_how_to_set_one(tmp_path):
    hired = REPS.replace("left\n", "hired,left\n").replace("1500,\n", "1500,2017-03-01,\n")
    found = check_study(study(tmp_path, reps=hired))
    assert levels(found, "warning") == [("study.toml", None, "study.quarter", "no quarter")]
    assert "--quarter" in found[0].expected
    assert sum("expected one such as" in one for one in load_study(tmp_path).cautions) == 1
    assert load_study(tmp_path, quarter="2026Q3").cautions == ()
    toml = (tmp_path / "study.toml").read_text()
    (tmp_path / "study.toml").write_text(toml.replace("[study]", '[study]\nquarter = "2026Q3"'))
    assert check_study(tmp_path) == []
    assert check_study(study(tmp_path, reps=REPS)) == []


def test_a_judge_in_percent_is_refused_once_and_not_said_to_contradict_the_others_as_well(tmp_path):
    percent = UNITS.replace(f"Hotels,bob,4,2040000,0.3,{ANSWERS}", "Hotels,bob,4,2040000,0.3,50,80,120,150")
    split = percent.replace(f"Shops,cy,2,900000,0.3,{ANSWERS}", "Shops,cy,2,900000,0.3,0.1,0.8,1.2,1.5")
    found = check_study(study(tmp_path, effort_response=split))
    assert [(one.level, one.row) for one in found] == [("error", 3), ("warning", 7)]


def test_an_account_of_somebody_without_hours_is_doubtful(tmp_path):
    reps = REPS + "boss,manager,150000,0,\n"
    found = check_study(study(tmp_path, reps=reps, accounts=ACCOUNTS + "b,1,1,1,boss\n"))
    assert levels(found, "warning") == [("accounts.csv", 3, "rep", "'boss', who has 0 hours")]
    assert "goes to another" in found[0].expected


def test_an_account_locked_to_nobody_is_refused_and_one_locked_to_a_leaver_is_doubtful(tmp_path):
    accounts = "account,potential,calls,hours_per_call,rep,locked\na,1,5000,1,r0,yes\nb,1,1,1,,yes\nc,1,1,1,gone,yes\n"
    study(tmp_path, reps=REPS + "gone,representative,90000,1500,2025-06-30\n", accounts=accounts)
    found = check_study(tmp_path)
    assert levels(found, "error") == [("accounts.csv", 3, "locked", "locked yes")]
    assert levels(found, "warning") == [("accounts.csv", 4, "locked", "yes, with 'gone', who is not here")]
    study(tmp_path, reps=REPS, accounts=accounts.replace("r0,yes", "r0,maybe"))
    assert "one of no, yes" in str(next(one for one in check_study(tmp_path) if one.column == "locked"))


def test_a_study_to_be_sized_without_people_is_told_to_say_what_a_head_costs(tmp_path):
    """The chapter on the team failed on a folder in which check had found nothing."""
    assert check_study(study(tmp_path, effort_response=UNITS)) == []
    settings = tmp_path / "study.toml"
    settings.write_text(settings.read_text().replace(COST, ""))
    (found,) = check_study(tmp_path)
    assert (found.column, found.value, found.level) == ("parameters.team", "no cost of a head", "warning")
    assert "effort_response.csv" in found.expected and "--set team.cost_per_rep" in found.expected
