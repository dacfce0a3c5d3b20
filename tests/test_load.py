"""Loading a study: what is read, what is refused and how it is said, the quarter, and checks between tables."""

import os
from io import StringIO
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from salesopt.errors import DataError, ParameterError
from salesopt.study import cases
from salesopt.study.across import lost_joins
from salesopt.study.load import check_study, find_quarters, join_losses, load_study
from salesopt.study.tables import TABLES

SETTINGS = '[study]\ntitle = "Tea and Co"\ncurrency = "EUR"\n'
SALES = "product,market,period,units,price\n" + "".join(
    f"{product},{market},2026-{month:02d},{10 * month},2.5\n"
    for product in ("tea", "milk")
    for market in ("north", "south")
    for month in range(1, 12)
)
PRODUCTS = "product,unit_cost\ntea,1\nmilk,0.5\n"


def study(folder: Path, settings: str = SETTINGS, **tables: str | bytes) -> Path:
    tables = tables or {"sales": SALES, "products": PRODUCTS}
    if "[tables]" not in settings:
        settings += "[tables]\n" + "".join(f'{name} = "{name}.csv"\n' for name in tables)
    (folder / "study.toml").write_text(settings, encoding="utf-8")
    for name, content in tables.items():
        (folder / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def test_a_study_up_to_the_end_of_a_quarter(tmp_path):
    firm = load_study(study(tmp_path), quarter="2026Q2", tables=["sales", "reps"])
    assert (firm.title, firm.currency, firm.quarter) == ("Tea and Co", "EUR", "2026Q2")
    assert (firm.start, firm.end) == (pd.Timestamp(2026, 4, 1), pd.Timestamp(2026, 6, 30))
    assert firm["sales"]["period"].max() == pd.Timestamp(2026, 6, 1) and len(firm["sales"]) == 24
    assert firm.sources.to_dict("records") == [
        {
            "table": "sales",
            "file": "sales.csv",
            "rows": 24,
            "first": pd.Timestamp(2026, 1, 1),
            "last": pd.Timestamp(2026, 6, 1),
            "note": "20 rows dated after the quarter left out",
        }
    ]
    assert firm.left_out["rows"].tolist() == [20]
    assert firm.get("reps") is None and "sales" in firm and "reps" not in firm


def test_a_table_read_from_the_study_is_a_copy(tmp_path):
    firm = load_study(study(tmp_path))
    mine = firm["sales"]
    mine.loc[:, "units"] = 0
    mine["price"] = 0
    assert len(firm["sales"]) == 36 and firm["sales"]["price"].max() == 2.5
    assert firm["sales"]["units"].min() == 10


def test_only_the_tables_asked_for_are_read(tmp_path):
    firm = load_study(study(tmp_path, sales=SALES, products="rubbish"), tables=["sales"])
    assert list(firm.sources["table"]) == ["sales"]
    with pytest.raises(ParameterError, match="add it to tables="):
        firm["products"]
    with pytest.raises(ParameterError, match="add it to tables="):
        firm.get("products")
    with pytest.raises(DataError, match="no table 'reps'"):
        firm["reps"]
    with pytest.raises(ParameterError, match="did you mean 'sales'"):
        firm["sale"]
    with pytest.raises(ParameterError, match="did you mean 'sales'"):
        load_study(tmp_path, tables=["sale"])


@pytest.mark.parametrize(
    ("settings", "quarter", "found"),
    [
        ("", "", "2026Q3"),  # the data end in November
        ('quarter = "2026q1"\n', "", "2026Q1"),
        ('quarter = "2026Q1"\n', "2026Q2", "2026Q2"),
        ("fiscal_start = 9\n", "", "2026Q4"),  # June to August
        ("fiscal_start = 12\n", "", "2026Q4"),  # September to November
    ],
)
def test_the_quarter_reported_on(tmp_path, settings, quarter, found):
    firm = load_study(study(tmp_path, SETTINGS + settings), quarter=quarter, tables=["products"])
    assert firm.quarter == (found if "9" not in settings else "2027Q1")


def test_quarters_with_data_are_listed(tmp_path):
    assert find_quarters(study(tmp_path)) == (["2026Q1", "2026Q2", "2026Q3", "2026Q4"], "2026Q3")


@pytest.mark.parametrize("quarter", ["2025Q4", "2027Q1"])
def test_a_quarter_without_data_is_refused_naming_those_with(tmp_path, quarter):
    with pytest.raises(
        ParameterError, match=f"no data for quarter {quarter}; there are 2026Q1, 2026Q2, 2026Q3, 2026Q4"
    ):
        load_study(study(tmp_path), quarter=quarter, tables=["products"])


def test_a_badly_written_quarter_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="written like 2026Q3"):
        load_study(study(tmp_path), quarter="third")


def test_an_incomplete_quarter_is_said_to_be_so(tmp_path):
    firm = load_study(study(tmp_path), quarter="2026Q4")
    assert firm.cautions == ("The last period of 2026Q4 begins on 2026-11-01: the quarter is not complete.",)
    assert load_study(tmp_path, quarter="2026Q3").cautions == ()


def test_a_study_without_periods_has_no_quarter_unless_told(tmp_path):
    study(tmp_path, products=PRODUCTS)
    assert load_study(tmp_path).quarter == "" and pd.isna(load_study(tmp_path).end)
    assert load_study(tmp_path, quarter="2026Q3").end == pd.Timestamp(2026, 9, 30)
    assert find_quarters(tmp_path) == ([], "")


def test_rounds_of_scores_after_the_quarter_are_left_out_but_undated_ones_stay(tmp_path):
    swot = "rater,quadrant,factor,weight,rating,date\na,S,f,0.5,3,2026-06-30\na,S,f,0.5,3,2026-07-01\na,S,g,0.5,3,\n"
    firm = load_study(study(tmp_path, sales=SALES, swot=swot), quarter="2026Q2")
    assert len(firm["swot"]) == 2


def test_every_problem_of_every_table_in_one_error(tmp_path):
    sales = "product,market,period,units,price\n\ntea,north,2026-01,many,1\n,,,,\ntea,north,soon,-1,0\n"
    study(tmp_path, sales=sales, products="product,unit_cost\ntea,x\ntea,1\n", reps="rep\n")
    with pytest.raises(DataError) as caught:
        load_study(tmp_path)
    found = {(one.file, one.row, one.column) for one in caught.value.problems}
    assert found == {
        ("sales.csv", 3, "units"),
        ("sales.csv", 5, "units"),
        ("sales.csv", 5, "price"),
        ("sales.csv", 5, "period"),
        ("products.csv", 2, "unit_cost"),
        ("products.csv", 3, "product"),
        *(("reps.csv", None, column) for column in ("role", "cost", "hours")),
    }
    assert {str(one) for one in check_study(tmp_path)} >= {str(one) for one in caught.value.problems}


@pytest.mark.parametrize(
    ("content", "units", "prices", "note"),
    [
        (
            "product;market;period;units;price\ntee grün;n;2026-01;1.000;2,50\n".encode("cp1252"),
            1000,
            2.5,
            "Windows-1252",
        ),
        (
            "product\tmarket\tperiod\tunits\tprice\n绿茶\tn\t2026年1月\t1,000\t2.50\n".encode("gb18030"),
            1000,
            2.5,
            "GB18030",
        ),
        ('product,market,period,units,price\ntea,n,31.01.2026,"1 000","2.5"\n'.encode("utf-8-sig"), 1000, 2.5, ""),
        (b'product,market,period,units,price\ntea,n,01/31/2026,1000,"2,5"\n', 1000, 2.5, "decimal comma"),
    ],
)
def test_exports_of_any_origin(tmp_path, content, units, prices, note):
    firm = load_study(study(tmp_path, sales=content))
    assert firm["sales"][["units", "price"]].to_numpy().tolist() == [[units, prices]]
    assert note in firm.sources["note"][0]


AMBIGUOUS = 'product;market;period;units;price\ntea;n;2026-01;"1,234";5\nmilk;n;2026-01;"2,500";5\n'


def test_a_number_that_can_be_read_in_two_ways_is_refused_saying_how_to_settle_it(tmp_path):
    with pytest.raises(DataError, match=r"row 2, column 'units': found '1,234', which may be 1234 or 1.234") as caught:
        load_study(study(tmp_path, sales=AMBIGUOUS))
    assert '[format.sales] decimal = "." or ","' in str(caught.value)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(("decimal", "units"), [(".", [1234, 2500]), (",", [1.234, 2.5])])
def test_the_format_settles_it(tmp_path, decimal, units):
    settings = SETTINGS + f'[tables]\nsales = "sales.csv"\n[format.sales]\ndecimal = "{decimal}"\n'
    assert load_study(study(tmp_path, settings, sales=AMBIGUOUS))["sales"]["units"].tolist() == units


def test_other_columns_of_the_file_settle_it_and_the_note_says_so(tmp_path):
    firm = load_study(study(tmp_path, sales=AMBIGUOUS.replace(";5", ";5,25")))
    assert firm["sales"]["units"].tolist() == [1.234, 2.5]
    assert "column 'units': 1,234 read as decimal comma" in firm.sources["note"][0]


def test_columns_that_contradict_each_other_settle_nothing(tmp_path):
    content = "product;market;period;units;price;cost\na;n;2026-01;1,234;5,25;2.5\n"
    assert [one.column for one in check_study(study(tmp_path, sales=content))] == ["units"]


def test_a_point_in_a_file_without_commas_between_columns_may_be_thousands(tmp_path):
    content = "product;market;period;units;price\na;n;2026-01;1.234;5\n"
    assert [one.value for one in check_study(study(tmp_path, sales=content))] == ["'1.234', which may be 1.234 or 1234"]


def test_a_plain_decimal_point_in_a_comma_separated_file_is_one(tmp_path):
    content = "product,market,period,units,price\ntea,n,2026-01,1.234,5\n"
    assert load_study(study(tmp_path, sales=content))["sales"]["units"].tolist() == [1.234]


def test_one_cell_written_against_the_rest_of_its_column_is_a_problem(tmp_path):
    content = "product;market;period;units;price\na;n;2026-01;1;2,5\nb;n;2026-01;1;2.5\nc;n;2026-01;1;3,75\n"
    problems = check_study(study(tmp_path, sales=content))
    assert [(one.row, one.column, one.value) for one in problems] == [(3, "price", "'2.5'")]
    assert "decimal sign ','" in problems[0].expected


def test_a_date_that_can_be_read_in_two_ways_is_refused_and_the_format_settles_it(tmp_path):
    content = "product,market,period,units,price\ntea,n,03/04/2026,1,5\n"
    problems = check_study(study(tmp_path, sales=content))
    assert [(one.row, one.column) for one in problems] == [(2, "period")] and "[format.sales] dates" in problems[
        0
    ].expected
    settings = SETTINGS + '[tables]\nsales = "sales.csv"\n[format.sales]\ndates = "day first"\n'
    assert load_study(study(tmp_path, settings, sales=content))["sales"]["period"].tolist() == [
        pd.Timestamp(2026, 4, 3)
    ]


def test_undeclared_columns_of_numbers_become_numbers_and_codes_stay_text(tmp_path):
    content = "product;market;period;units;price;weather;postcode\ntea;n;2026-01;1;5;21,5;01067\n"
    sales = load_study(study(tmp_path, sales=content))["sales"]
    assert sales["weather"].tolist() == [21.5] and sales["postcode"].tolist() == ["01067"]


def test_an_undeclared_column_that_can_be_read_in_two_ways_stays_text_with_a_caution(tmp_path):
    content = 'product;market;period;units;price;weather\ntea;n;2026-01;1;5;"1,234"\n'
    firm = load_study(study(tmp_path, sales=content))
    assert firm["sales"]["weather"].tolist() == ["1,234"]
    assert "column 'weather' stays text" in firm.cautions[0]


@pytest.mark.parametrize(
    ("settings", "column", "says"),
    [
        ("[study]\n[tables]\nsales = 'sales.csv'", "study.title", "name of the firm"),
        ("[study]\ntitle = 3\n[tables]\nsales = 'sales.csv'", "study.title", "text in quotes"),
        (SETTINGS + "curency = 'x'\n[tables]\nsales = 'sales.csv'", "study", "did you mean 'currency'"),
        (SETTINGS + "fiscal_start = 13\n[tables]\nsales = 'sales.csv'", "study.fiscal_start", "1 to 12"),
        (SETTINGS + "quarter = 'soon'\n[tables]\nsales = 'sales.csv'", "study.quarter", "like 2026Q3"),
        (SETTINGS + "[table]\nsales = 'sales.csv'", "", "did you mean 'tables'"),
        (SETTINGS + "[tables]", "tables", "at least one table"),
        (SETTINGS + "tables = 3", "study", "one of"),
        ("tables = 3\n" + SETTINGS, "tables", "a section [tables]"),
        (SETTINGS + "[tables]\nsale = 'sales.csv'", "tables", "did you mean 'sales'"),
        (SETTINGS + "[tables]\nsales = 3", "tables.sales", "the name of a file"),
        (SETTINGS + "[tables]\nsales = 'other.csv'", "tables.sales", "a file that is there"),
        (SETTINGS + "[tables]\nsales = '../sales.csv'", "tables.sales", "inside the study folder"),
        (SETTINGS + "[tables]\nsales = 'a/../../sales.csv'", "tables.sales", "inside the study folder"),
        (SETTINGS + "[tables]\nsales = '..\\sales.csv'", "tables.sales", "inside the study folder"),
        (SETTINGS + "[tables]\nsales = '/etc/passwd'", "tables.sales", "inside the study folder"),
        (SETTINGS + "[tables]\nsales = 'C:\\sales.csv'", "tables.sales", "inside the study folder"),
        (SETTINGS + "[tables]\nsales = 'postgresql://host/base'", "tables.sales", "export"),
        (SETTINGS + "[tables]\nsales = 'sales.csv'\n[format.reps]\ndecimal = ','", "format", "one of sales"),
        (
            SETTINGS + "[tables]\nsales = 'sales.csv'\n[format.sales]\ndecimals = ','",
            "format.sales",
            "did you mean 'decimal'",
        ),
        (SETTINGS + "[tables]\nsales = 'sales.csv'\n[format.sales]\ndecimal = ';'", "format.sales.decimal", "one of"),
        (SETTINGS + "[tables]\nsales = 'sales.csv'\n[parameters]\ncluster = 'x'", "parameters.cluster", "a section"),
        (SETTINGS + "[tables]\nsales = 'sales.csv'\n[build]\nfrom = 'x'", "build", "one of source"),
    ],
)
def test_what_is_wrong_in_study_toml_is_named(tmp_path, settings, column, says):
    study(tmp_path, settings, sales=SALES) if "[tables]" in settings else study(tmp_path)
    (tmp_path / "study.toml").write_text(settings)
    with pytest.raises(DataError) as caught:
        load_study(tmp_path)
    assert [(one.file, one.column) for one in caught.value.problems][:1] == [("study.toml", column)]
    assert says in caught.value.problems[0].expected
    assert str(caught.value.problems[0]) in [str(one) for one in check_study(tmp_path)]


def test_a_wrong_study_toml_does_not_hide_the_problems_of_the_tables(tmp_path):
    settings = SETTINGS + "fiscal_start = 99\n[tables]\nsales = 'sales.csv'\nsale = 'x'"
    problems = check_study(
        study(tmp_path, settings, sales=SALES.replace("tea,north,2026-03,30", "tea,north,2026-03,-30"))
    )
    assert [(one.file, one.row) for one in problems] == [("study.toml", None), ("study.toml", None), ("sales.csv", 4)]


def test_a_link_out_of_the_study_is_refused_one_inside_is_not(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "outside.csv").write_text(SALES)
    folder = study(tmp_path / "inside", products=PRODUCTS, sales=SALES)
    os.symlink(tmp_path / "outside.csv", folder / "link.csv")
    os.symlink("sales.csv", folder / "near.csv")
    (folder / "study.toml").write_text(SETTINGS + "[tables]\nsales = 'near.csv'")
    assert len(load_study(folder)["sales"]) == 36
    (folder / "study.toml").write_text(SETTINGS + "[tables]\nsales = 'link.csv'")
    with pytest.raises(DataError, match="a link that leads out of it"):
        load_study(folder)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no study.toml"),
        (b"[study", "not valid TOML"),
        (b"title = '\xff'", "not UTF-8"),
        (b"x = " + b"[" * 5000, "not valid TOML"),
        (b"x = " + b"9" * 5000, "not valid TOML"),
    ],
)
def test_what_is_no_study_is_said_to_be_none(tmp_path, content, says):
    if content is not None:
        (tmp_path / "study.toml").write_bytes(content)
    for look in (load_study, check_study, find_quarters):
        with pytest.raises(DataError, match=says):
            look(tmp_path)
    with pytest.raises(DataError, match="no such study folder"):
        load_study(tmp_path / "absent")


@pytest.mark.parametrize(
    ("file", "says"), [("a" * 5000 + ".csv", "a file that is there"), ("sales\\u0000.csv", "without a zero byte")]
)
def test_a_name_that_no_file_can_have_is_a_problem_of_the_study(tmp_path, file, says):
    study(tmp_path, SETTINGS + f'[tables]\nsales = "{file}"\n')
    assert says in check_study(tmp_path)[0].expected
    for look in (load_study, find_quarters):
        with pytest.raises(DataError):
            look(tmp_path)


@pytest.mark.parametrize("encoding", ["undefined", "utf\\u0000", "hex", "latin-99"])
def test_an_encoding_that_reads_no_text_is_refused(tmp_path, encoding):
    settings = f'[tables]\nsales = "sales.csv"\n[format.sales]\nencoding = "{encoding}"\n'
    with pytest.raises(DataError, match="no encoding is called"):
        load_study(study(tmp_path, SETTINGS + settings, sales=SALES))


def test_the_calendar_of_a_table_with_a_column_twice_is_refused(tmp_path):
    study(tmp_path, sales=SALES.replace("market", "product", 1))
    with pytest.raises(DataError, match="twice"):
        find_quarters(tmp_path)


def test_parameters_of_chapters_are_handed_on(tmp_path):
    settings = SETTINGS + "[tables]\nsales = 'sales.csv'\n[parameters.elasticity]\ncluster = 'market'\n"
    assert load_study(study(tmp_path, settings, sales=SALES)).parameters == {"elasticity": {"cluster": "market"}}


EFFORT = "unit,current_reps,revenue,margin,at_none,at_half,at_plus_half,at_saturation\nnorth,5,100,0.5,{}\n"
CHANNELS = "channel,current_spend,min_spend,max_spend,return_rate,base,ceiling\n{}\n"


@pytest.mark.parametrize(
    ("tables", "table", "row", "column", "says"),
    [
        ({"sales": SALES, "products": "product,unit_cost\ntea,1\n"}, "sales", 24, "product", "stands in products.csv"),
        (
            {"products": "product,unit_cost,min_price,max_price\na,1,1,2\nb,1,3,2\n"},
            "products",
            3,
            "max_price",
            "up to",
        ),
        ({"products": "product,unit_cost,ladder\na,1,1.99 2.49\nb,1,2 1\n"}, "products", 3, "ladder", "rising prices"),
        ({"products": "product,unit_cost,ladder\na,1,cheap\n"}, "products", 2, "ladder", "rising prices"),
        ({"channels": CHANNELS.format("web,5,9,8,1,,")}, "channels", 2, "min_spend", "up to max_spend"),
        ({"channels": CHANNELS.format("web,5,0,8,,1,5")}, "channels", 2, "channel", "return_rate, or base"),
        (
            {
                "channels": CHANNELS.format("web,5,1,8,1,,"),
                "channel_limits": "limit,sense,bound,channel,coefficient\na,<=,9,web,1\nb,<=,9,shop,1\n",
            },
            "channel_limits",
            3,
            "channel",
            "stands in channels.csv",
        ),
        (
            {"channel_limits": "limit,sense,bound,channel,coefficient\na,<=,9,web,1\na,<=,8,shop,1\n"},
            "channel_limits",
            3,
            "bound",
            "limit's first row",
        ),
        (
            {"workload": "group,accounts,calls,hours_per_call\nA,4,2,1\nB,4,,2\n"},
            "workload",
            3,
            "group",
            "accounts and",
        ),
        ({"effort_response": EFFORT.format("0.5,0.4,1.2,1.5")}, "effort_response", 2, "at_half", "rise with effort"),
        (
            {"effort_response": EFFORT.format("0.5,0.8,0.9,1.5")},
            "effort_response",
            2,
            "at_plus_half",
            "rise with effort",
        ),
        (
            {
                "reps": "rep,role,cost,hours,hired,left\nann,lead,1,3,2020,\nbob,lead,1,1,2020,2019\n",
                "accounts": "account,potential,calls,hours_per_call,rep\na,1,1,1,ann\nb,1,1,1,bob\n",
            },
            "reps",
            3,
            "hired",
            "up to left",
        ),
        (
            {
                "reps": "rep,role,cost,hours\nann,lead,1,4\n",
                "accounts": "account,potential,calls,hours_per_call,rep\na,1,1,1,ann\nb,1,1,1,\nc,1,1,1,bob\n",
            },
            "accounts",
            4,
            "rep",
            "stands in reps.csv",
        ),
        (
            {"price_limits": "limit,sense,bound,product,coefficient\na,<=,9,tea,1\na,>=,9,milk,1\n"},
            "price_limits",
            3,
            "sense",
            "limit's first row",
        ),
        (
            {
                "swot": "rater,quadrant,factor,weight,rating\na,S,x,1,3\na,S,y,1,3\n",
                "comparisons": "rater,group,left,right,ratio\na,S,x,y,2\na,groups,S,W,2\na,S,x,z,2\n",
            },
            "comparisons",
            4,
            "right",
            "stands in swot.csv",
        ),
        ({"comparisons": "rater,group,left,right,ratio\na,S,x,x,2\n"}, "comparisons", 2, "left", "two different"),
    ],
)
def test_what_must_hold_in_a_row_and_between_tables(tmp_path, tables, table, row, column, says):
    problems = check_study(study(tmp_path, **tables))
    assert len(problems) == 1
    assert (problems[0].table, problems[0].row) == (table, row)
    assert column in problems[0].column and says in problems[0].expected
    with pytest.raises(DataError) as refused:
        load_study(tmp_path)
    assert list(refused.value.problems) == problems  # a report refuses exactly what the check calls an error


def test_equal_neighbours_break_no_rule(tmp_path):
    tables = {"effort_response": EFFORT.format("1,1,1,1"), "channels": CHANNELS.format("web,5,8,8,1,,")}
    assert [one.column for one in check_study(study(tmp_path, **tables))] == ["parameters.team"], "no cost of a head"


def test_rows_of_problems_between_tables_are_those_of_the_file(tmp_path):
    accounts = "account,potential,calls,hours_per_call,rep\n\n\na,1,1,1,bob\n"
    problems = check_study(study(tmp_path, reps="rep,role,cost,hours\nann,lead,1,1\n", accounts=accounts))
    assert [one.row for one in problems] == [4]


SCORES = "rater,quadrant,factor,weight,rating,date\na,S,old,1,3,2026-01-31\na,S,new,1,3,2026-09-30\n"
LINKS = "strategy,inner,outer,fit\n1,old,old,2\n2,new,old,2\n"


def test_what_every_join_loses_is_counted_where_the_quarter_cuts_a_table(tmp_path):
    study(tmp_path, sales=SALES, swot=SCORES, tows=LINKS)
    assert join_losses(tmp_path)["lost_rows"].tolist() == [0, 0] and load_study(tmp_path).cautions == ()
    said = load_study(tmp_path, quarter="2026Q1").cautions
    assert said == ("1 of 2 rows name something that is absent (tows.inner in swot): new.",)
    assert load_study(tmp_path, quarter="2026Q1", tables=["tows"]).cautions == ()


def test_the_share_of_an_amount_that_a_join_loses(tmp_path):
    tables = {"sales": pd.read_csv(StringIO(SALES)), "products": pd.DataFrame({"product": ["teaa", "milk"]})}
    row = lost_joins(tables).iloc[0]
    assert (row["join"], row["rows"], row["lost_rows"], row["unused"]) == ("sales.product in products", 44, 22, 1)
    assert row["lost_amount"] == pytest.approx(0.5) and row["names"] == "tea"


def test_missing_periods_are_a_caution(tmp_path):
    rows = [row for row in SALES.splitlines() if "2026-03" not in row and "2026-05" not in row]
    study(tmp_path, sales="\n".join(rows))
    assert load_study(tmp_path).cautions == ("sales.csv has no row for 2026-03, 2026-05.",)
    assert load_study(tmp_path, quarter="2026Q2").cautions == ("sales.csv has no row for 2026-03, 2026-05.",)
    assert load_study(tmp_path, quarter="2026Q1").cautions == ()


def test_a_study_built_from_a_package(tmp_path, monkeypatch):
    made = {"sales": pd.read_csv(StringIO(SALES)), "products": pd.DataFrame({"product": ["tea"], "unit_cost": [-1]})}
    out = {
        "table": ["sales", "products"],
        "what": ["returns", "x"],
        "rows": [3, 1],
        "amount": [9.5, 0],
        "why": ["", ""],
    }
    monkeypatch.setattr(cases, "build", lambda source, folder: cases.Built(made, pd.DataFrame(out)))
    (tmp_path / "study.toml").write_text(SETTINGS + '[build]\nsource = "somewhere"\n')
    firm = load_study(tmp_path, tables=["sales", "reps"], quarter="2026Q2")
    assert firm.sources["file"].tolist() == ["built from somewhere"] and len(firm["sales"]) == 24
    assert firm.left_out[["table", "rows"]].to_numpy().tolist() == [["sales", 3], ["sales", 20]]
    assert firm.get("reps") is None
    first = check_study(tmp_path)[0]
    assert (first.file, first.column) == ("built from somewhere", "unit_cost")
    study(tmp_path, SETTINGS + '[build]\nsource = "somewhere"\n[tables]\nproducts = "products.csv"', products=PRODUCTS)
    assert check_study(tmp_path) == []  # a file of the study comes before what is built


def test_an_unknown_package_is_refused(tmp_path):
    (tmp_path / "study.toml").write_text(SETTINGS + '[build]\nsource = "somewhere"\n')
    for look in (load_study, check_study, find_quarters):
        with pytest.raises(ParameterError, match="somewhere"):
            look(tmp_path)


CELLS = [
    "",
    "1",
    "-1",
    "1,234",
    "1.5",
    "1,5",
    "x",
    "NA",
    "inf",
    "2026Q3",
    "03/04/2026",
    "13/04/2026",
    '"',
    '"a\nb"',
    ";",
    "e5",
]
CELLS += ["橙", "\x1a", "1e999", "１２", "S", "True", "5%", "9999-12-31", "2026-W53", "−", ".", "12:30", "#REF!", "\t"]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_stands_in_the_files_the_answer_is_tables_or_a_clear_error(tmp_path, seed):
    """Only DataError and ParameterError may come out, and a problem always says where it is."""
    random = Random(seed)
    for name in ("sales", "products", "channels", "reps", "swot"):
        columns = list(TABLES[name].columns) + ["extra"] * random.randint(0, 1)
        rows = [[random.choice(["a", "1", "2026-01"]) for _ in columns] for _ in range(random.randint(0, 5))]
        wild = [[random.choice(CELLS) if random.random() < 0.3 else cell for cell in row] for row in rows]
        content = "\n".join(random.choice(",;\t").join(row) for row in [columns, *wild])
        (tmp_path / f"{name}.csv").write_bytes(content.encode(random.choice(["utf-8", "gb18030", "utf-16"])))
    lines = "".join(f'{name} = "{name}.csv"\n' for name in ("sales", "products", "channels", "reps", "swot"))
    (tmp_path / "study.toml").write_text(SETTINGS + "[tables]\n" + lines)
    problems = check_study(tmp_path)
    assert all(problem.file and (problem.expected or problem.level == "note") for problem in problems)
    try:
        load_study(tmp_path)
    except (DataError, ParameterError):
        assert "error" in {problem.level for problem in problems}
    else:
        assert "error" not in {problem.level for problem in problems}


def test_a_study_whose_own_quarter_has_no_data_is_a_problem(tmp_path):
    problems = check_study(study(tmp_path, SETTINGS + "quarter = '2030Q1'\n"))
    assert [one.column for one in problems] == ["study.quarter"]


def test_a_cell_that_says_not_available_is_shown_as_it_stands_where_none_may_be_blank(tmp_path):
    rows = "account,potential,calls,hours_per_call,calls_made\na,n/a,1,1,n/a\n"
    (found,) = check_study(study(tmp_path, accounts=rows))
    assert (found.row, found.column, found.value) == (2, "potential", "'n/a'")


def test_where_a_required_column_is_absent_those_that_nothing_reads_are_offered(tmp_path):
    rows = "account,potential,visits,Hours per call\na,1,1,1\n"
    found = {one.column: one.expected for one in check_study(study(tmp_path, accounts=rows)) if one.level == "error"}
    assert found["calls"].endswith("is it one of the columns that nothing reads: 'visits'?")
    assert found["hours_per_call"].endswith("is it 'Hours per call'?")
    study(tmp_path, accounts="account,potential,calls\na,1,1\n")
    assert str(check_study(tmp_path)[0]).endswith("expected this column, which is absent")


def test_titles_above_a_table_are_skipped_where_the_study_says_so(tmp_path):
    title = "Export of 3 May\n\nall regions,\n"
    study(tmp_path, accounts=title + "account,potential,calls,hours_per_call\na,1,-1,1\n")
    (found,) = check_study(tmp_path)
    assert "header = 4 below [format.accounts]" in str(found) and found.row == 1
    settings = tmp_path / "study.toml"
    settings.write_text(settings.read_text() + "[format.accounts]\nheader = 4\n")
    (found,) = check_study(tmp_path)
    assert (found.row, found.column) == (5, "calls")
    settings.write_text(settings.read_text().replace("= 4", "= 0"))
    assert "such as 4" in str(check_study(tmp_path)[0])
