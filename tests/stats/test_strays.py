"""Places far from all others, and what each probably is."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from salesopt.conclusions.crosscheck import doubt_places
from salesopt.results import Conclusion, Finding
from salesopt.stats.strays import NOWHERE, UNKNOWN, stray_places


def firm(spread=1.5, middle=(51.0, 9.0)):
    draw = np.random.default_rng(1)
    accounts = pd.DataFrame(draw.normal(middle, spread, (40, 2)).round(3), columns=["lat", "lon"])
    return accounts.assign(account=[f"a{at}" for at in range(40)])


REPS = pd.DataFrame({"rep": ["ann", "bob"], "lat": [52.5, 48.1], "lon": [13.4, 11.6]})


@pytest.mark.parametrize(
    ("place", "guess"),
    [
        ((0.0, 0.0), NOWHERE),
        ((6.96, 50.94), "lat and lon seem exchanged"),
        ((-50.94, 6.96), "lat seems to have the wrong sign"),
        ((5.094, 6.96), "the decimal point of lat seems to have slipped"),
        ((50.94, 69.6), "lon has a digit too many before its point, as it seems"),
        ((-33.9, 151.2), UNKNOWN),
        ((50.94, 6.96), None),
        ((48.85, 2.35), None),  # Paris, beside the firm's own country
        ((np.nan, 6.96), None),
    ],
)
def test_a_place_far_from_all_others_is_named_with_what_it_probably_is(place, guess):
    accounts = firm()
    accounts.loc[7, ["lat", "lon"]] = place
    found = stray_places(accounts, REPS)
    expected = [("accounts", 7, "a7", guess)] if guess else []
    assert list(found[["table", "row", "name", "guess"]].itertuples(index=False, name=None)) == expected


def test_a_firm_over_the_whole_world_a_small_one_and_one_with_a_table_of_distances_have_none():
    world = firm(spread=60, middle=(0.0, 0.0)).assign(lat=lambda table: table["lat"].clip(-80, 80))
    assert len(stray_places(world, REPS)) == 0
    assert len(stray_places(firm().head(2).assign(lat=[51.0, -51.0]), None)) == 0
    accounts = firm()
    accounts.loc[7, "lat"] = -51.0
    assert len(stray_places(accounts, None)) == 1
    assert len(stray_places(accounts, None, pd.DataFrame({"origin": []}))) == 0
    assert len(stray_places(None, None)) == len(stray_places(accounts.drop(columns="lat"), None)) == 0


def test_a_third_of_the_places_at_nought_are_all_named():
    accounts = firm()
    accounts.loc[:13, ["lat", "lon"]] = 0.0
    assert stray_places(accounts, REPS)["row"].tolist() == list(range(14))


def test_strays_stand_in_the_answer_first_among_the_doubts_and_with_findings_in_hours():
    accounts = firm()
    accounts.loc[[3, 7], ["lat", "lon"]] = [[0.0, 0.0], [6.96, 50.94]]
    finding = Finding("A hire", 100.0, np.nan, np.nan, "hours a year", "Hire near a7.", "No interval.", "rosters")
    sold = replace(finding, unit="EUR a year")
    said = Conclusion("Hire near a7.", ("Roads are longer.",), (finding, sold))
    found = doubt_places(said, stray_places(accounts, REPS))
    assert found.answer.startswith("Hire near a7. But 2 places lie far from all others") and "a3 and a7" in found.answer
    assert "a7 (lat 6.960, lon 50.94: lat and lon seem exchanged)" in found.doubts[0] and len(found.doubts) == 2
    assert found.findings[0].caution == "First mend the places of a3 and a7. No interval." and found.findings[1] == sold
    assert doubt_places(said, stray_places(firm(), REPS)) == said
