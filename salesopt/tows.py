"""TOWS and QSPM: strategies that follow from the factors of a SWOT, and which of them is the most attractive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.result import Result
from salesopt.stats.strategies import draw_weights, rank_by, tell_decisive
from salesopt.study.tables import require_table
from salesopt.swot import SwotTally

Array = NDArray[np.float64]
TOWS_COLUMNS = (
    ["strategy", "kind", "pairs", "score", "low", "high", "rank", "first_probability"],
    ["strategy", "kind", "inner", "outer", "fit", "score"],
    ["kind", "strategies", "score"],
)
QSPM_COLUMNS = (
    ["strategy", "total", "low", "high", "rank", "first_probability", "factors"],
    ["factor", "weight", "strategy", "score", "weighted"],
    ["factor", "lead", "weight", "weight_to_tie"],
)


@dataclass(frozen=True, eq=False, repr=False)
class Tows(Result):
    """What `match_strategies` found.

    strategies : strategy, kind (SO, WO, ST, WT: where most of its score comes from), pairs, score (0 to 4 points: 4
                 would use every pair of an inner and an outer factor perfectly), low, high, rank, first_probability
                 (that it scores highest before another panel of raters)
    pairs      : strategy, kind, inner, outer, fit, score - one row per link
    kinds      : kind, strategies, score - what the four directions add up to
    skipped    : item, reason - links and factors that count for nothing
    cautions   : when not to trust it
    """

    strategies: pd.DataFrame
    pairs: pd.DataFrame
    kinds: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Qspm(Result):
    """What `rank_strategies` found (quantitative strategic planning matrix).

    strategies : strategy, total (sum of weight x attractiveness, points), low, high, rank, first_probability (that it
                 comes first before another panel of raters), factors
    scores     : factor, weight, strategy, score (attractiveness, 1 to 4), weighted (weight x score, points)
    decisive   : factor, lead (weighted score of the first strategy less that of the second, points), weight,
                 weight_to_tie (weight at which the two would be level, the other weights kept; missing where none
                 from 0 on would do it)
    skipped    : item, reason - factors that do not bear on the choice, or are blank for one strategy and so count for
                 none
    cautions   : when not to trust it
    """

    strategies: pd.DataFrame
    scores: pd.DataFrame
    decisive: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]


def match_strategies(links: pd.DataFrame | None, tally: SwotTally, *, draws: int = 4000, seed: int = 0) -> Tows:
    """Score candidate strategies by the pairs of inner and outer factors that they link (TOWS, Weihrich, 1982).

    `links` is the table tows: strategy, inner (a strength or weakness of `tally`), outer (an opportunity or threat),
    fit (1 to 4; a blank link counts for nothing and is listed). A link's score is weight of inner x weight of outer x
    fit; a strategy's is the sum. As weights sum to 1 in each matrix, 4 is the most that any strategy could score.
    Intervals come from the raters' weights.

    Without `links` (a study without that table) the result is empty and says so.

    Raises DataError where the table is not valid or names a factor that the tally does not have.
    """
    if links is None:
        strategies, pairs, kinds = (pd.DataFrame(columns=columns) for columns in TOWS_COLUMNS)
        return Tows(strategies, pairs, kinds, _absent("tows"), ())
    table = require_table("tows", links)
    inner, outer = _side(tally, "IFE"), _side(tally, "EFE")
    _refuse_unknown(table, inner, outer)
    blank = table["fit"].isna()
    skipped = [
        (f"{row.strategy}: {row.inner} with {row.outer}", "no fit was given") for row in table[blank].itertuples()
    ]
    table = table[~blank].reset_index(drop=True)
    if table.empty:
        raise DataError([Problem("tows", "fit", None, "only blanks", "at least one link with a fit")])
    table["kind"] = table["inner"].map(inner["quadrant"]) + table["outer"].map(outer["quadrant"])
    known, sheets = draw_weights(tally.factors, tally.influence, draws, seed)
    at_inner = [known.index(("IFE", factor)) for factor in table["inner"]]
    at_outer = [known.index(("EFE", factor)) for factor in table["outer"]]
    table["score"] = table["fit"] * table["inner"].map(inner["weight"]) * table["outer"].map(outer["weight"])
    link_draws = sheets[:, at_inner] * sheets[:, at_outer] * table["fit"].to_numpy()
    names = list(table["strategy"].unique())
    member = np.array([[name == own for own in table["strategy"]] for name in names], dtype=float)
    strategies = rank_by(names, member @ table["score"].to_numpy(), link_draws @ member.T, tally.confidence, "score")
    by_kind = table.groupby(["strategy", "kind"], sort=False)["score"].sum().reset_index()
    main = (
        by_kind.sort_values("score", ascending=False, kind="stable").drop_duplicates("strategy").set_index("strategy")
    )
    strategies.insert(1, "kind", strategies["strategy"].map(main["kind"]))
    strategies.insert(2, "pairs", strategies["strategy"].map(table["strategy"].value_counts()))
    kinds = pd.DataFrame({"kind": ["SO", "WO", "ST", "WT"]})
    kinds["strategies"] = kinds["kind"].map(main["kind"].value_counts()).fillna(0).astype(int)
    kinds["score"] = kinds["kind"].map(table.groupby("kind")["score"].sum()).fillna(0.0)
    unused = [
        factor
        for side, column in ((inner, "inner"), (outer, "outer"))
        for factor in side.index
        if factor not in set(table[column])
    ]
    skipped += [(str(factor), "no strategy uses this factor") for factor in unused]
    pairs = table[["strategy", "kind", "inner", "outer", "fit", "score"]]
    cautions = _tows_cautions(strategies, tally)
    return Tows(strategies, pairs, kinds, pd.DataFrame(skipped, columns=["item", "reason"]), cautions)


def rank_strategies(
    attractiveness: pd.DataFrame | None, tally: SwotTally | None = None, *, draws: int = 4000, seed: int = 0
) -> Qspm:
    """Rank strategies by how attractive they are in view of each factor (QSPM; David, 1986, Long Range Planning 19(5)).

    `attractiveness` is the table of that name: strategy, factor, score (1 to 4, blank where the factor does not bear
    on the choice), and weight, or the factors' weights are taken from `tally`. A factor that is blank for one
    strategy counts for none: a dash in one column is a dash across the row. Intervals come from the raters' weights,
    where these are the tally's.

    Without `attractiveness` (a study without that table) the result is empty and says so.

    Raises DataError where the table is not valid, a factor has no weight or two, or no factor is scored for all
    strategies; ParameterError where there are fewer than two strategies.
    """
    if attractiveness is None:
        ranked, scores, decisive = (pd.DataFrame(columns=columns) for columns in QSPM_COLUMNS)
        return Qspm(ranked, scores, decisive, _absent("attractiveness"), ())
    table = require_table("attractiveness", attractiveness)
    strategies = list(table["strategy"].unique())
    if len(strategies) < 2:
        raise ParameterError("QSPM compares at least two strategies")
    own = "weight" in table.columns and bool(table["weight"].notna().any())
    weights = _own_weights(table) if own else _tally_weights(table, tally)
    sheet = table.pivot_table(index="factor", columns="strategy", values="score", sort=False, dropna=False)
    sheet = sheet.reindex(index=table["factor"].unique(), columns=strategies)
    dashes = sheet.isna()
    skipped = [
        (str(factor), "blank for every strategy: it does not bear on the choice")
        for factor in sheet.index[dashes.all(axis=1)]
    ]
    partly = dashes.any(axis=1) & ~dashes.all(axis=1)
    for factor in sheet.index[partly]:
        missing = ", ".join(sheet.columns[dashes.loc[factor]])
        skipped.append((str(factor), f"blank for {missing}: a dash in one column is a dash across the row"))
    whole = sheet[~dashes.any(axis=1)]
    if whole.empty:
        raise DataError(
            [Problem("attractiveness", "score", None, "", "at least one factor that is scored for every strategy")]
        )
    weight = weights.loc[whole.index].to_numpy()
    total = weight @ whole.to_numpy()
    sheets = np.tile(total, (draws, 1))
    if tally is not None and not own:
        known, drawn = draw_weights(tally.factors, tally.influence, draws, seed)
        place = {factor: at for at, (_, factor) in enumerate(known)}
        sheets = drawn[:, [place[factor] for factor in whole.index]] @ whole.to_numpy()
    ranked = rank_by(strategies, total, sheets, 0.95 if tally is None else tally.confidence, "total")
    ranked["factors"] = len(whole)
    named = whole.rename_axis(index="factor", columns=None).reset_index()
    long = named.melt("factor", var_name="strategy", value_name="score")
    long.insert(1, "weight", long["factor"].map(weights))
    long["weighted"] = long["weight"] * long["score"]
    cautions = _qspm_cautions(ranked, int(partly.sum()), own)
    first, second = ranked["strategy"].iloc[0], ranked["strategy"].iloc[1]
    decisive = tell_decisive(whole, weights, first, second)
    return Qspm(ranked, long, decisive, pd.DataFrame(skipped, columns=["item", "reason"]), cautions)


def _absent(name: str) -> pd.DataFrame:
    return pd.DataFrame([(name, "the study has no such table")], columns=["item", "reason"])


def _side(tally: SwotTally, matrix: str) -> pd.DataFrame:
    """Factors of one matrix by name; where raters put a factor in two quadrants, the heavier one."""
    side = tally.factors[tally.factors["matrix"] == matrix].sort_values("weight", ascending=False, kind="stable")
    return side.drop_duplicates("factor").set_index("factor")


def _refuse_unknown(table: pd.DataFrame, inner: pd.DataFrame, outer: pd.DataFrame) -> None:
    problems = []
    for column, side, what in (("inner", inner, "strength or weakness"), ("outer", outer, "opportunity or threat")):
        bad = ~table[column].isin(side.index)
        for factor in table.loc[bad, column].unique():
            rows = np.flatnonzero((table[column] == factor).to_numpy())
            problems.append(
                Problem("tows", column, int(rows[0]) + 2, repr(factor), f"a {what} that swot scores", "", len(rows))
            )
    if problems:
        raise DataError(problems)


def _own_weights(table: pd.DataFrame) -> pd.Series:
    """Weight of each factor as the table gives it; DataError where it gives none or two."""
    spread = table.groupby("factor", sort=False)["weight"].agg(["min", "max"])
    problems = [
        Problem("attractiveness", "weight", None, repr(str(factor)), "a weight for this factor")
        for factor in spread.index[spread["min"].isna()]
    ]
    problems += [
        Problem(
            "attractiveness",
            "weight",
            None,
            f"{row['min']:g} and {row['max']:g} for {factor!r}",
            "one weight per factor",
        )
        for factor, row in spread[spread["max"] - spread["min"] > 1e-9].iterrows()
    ]
    if problems:
        raise DataError(problems)
    return spread["max"]


def _tally_weights(table: pd.DataFrame, tally: SwotTally | None) -> pd.Series:
    if tally is None:
        raise DataError(
            [
                Problem(
                    "attractiveness", "weight", None, "", "weights in this table, or the table swot to take them from"
                )
            ]
        )
    weights = (
        tally.factors.sort_values("weight", ascending=False).drop_duplicates("factor").set_index("factor")["weight"]
    )
    absent = [factor for factor in table["factor"].unique() if factor not in weights.index]
    if absent:
        raise DataError(
            [Problem("attractiveness", "factor", None, repr(one), "a factor that swot scores") for one in absent]
        )
    return weights


def _tows_cautions(strategies: pd.DataFrame, tally: SwotTally) -> tuple[str, ...]:
    cautions = ["The fit of a strategy to a pair is one judgement; the intervals carry the raters' weights only."]
    if len(strategies) > 1 and strategies["first_probability"].iloc[0] < 0.8:
        lead, second = strategies["strategy"].iloc[0], strategies["strategy"].iloc[1]
        cautions.append(f"'{lead}' and '{second}' are close: other raters could turn their order round.")
    if tally.influence["rater"].nunique() < 2:
        cautions.append("One rater only: there is no interval.")
    return tuple(cautions)


def _qspm_cautions(ranked: pd.DataFrame, partly: int, own: bool) -> tuple[str, ...]:
    cautions = []
    if partly:
        cautions.append(
            f"{partly} factors are blank for some strategies only; they count for none, else sums would not compare."
        )
    if own:
        cautions.append("The weights were typed in with the attractiveness scores, so there is no interval.")
    gap = ranked["total"].iloc[0] - ranked["total"].iloc[1]
    if gap == 0 or (ranked["first_probability"].iloc[0] < 0.8):
        cautions.append(
            f"'{ranked['strategy'].iloc[0]}' and '{ranked['strategy'].iloc[1]}' cannot be told apart by these weights."
        )
    return tuple(cautions)
