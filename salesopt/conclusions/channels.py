"""What the channel mix says, in words."""

from __future__ import annotations

import math
import re

import pandas as pd

from salesopt.channels import ChannelMix, CompletedChannels, OnlineFunnel
from salesopt.display import MINUS, between, capital, estimate, listed, money, number, percent
from salesopt.errors import ParameterError
from salesopt.results import Basis, Conclusion, Finding
from salesopt.summary import money_unit


def conclude_channels(
    result: ChannelMix,
    *,
    currency: str = "",
    periods_per_year: int = 12,
    funnel: OnlineFunnel | None = None,
    channels: CompletedChannels | None = None,
) -> Conclusion:
    """Answer, doubts, findings and metrics of a channel mix.

    Money findings are gains a year: the plan's gain over today times `periods_per_year` / the plan's periods.
    """
    if not periods_per_year > 0:
        raise ParameterError(f"periods_per_year must be above 0, not {periods_per_year!r}")
    yearly = periods_per_year / result.periods
    doubts = [*result.cautions, *(() if channels is None else channels.cautions)]
    if funnel is not None:
        doubts += funnel.cautions
    findings = [*_gain_finding(result, doubts, currency, yearly), *_limit_findings(result, currency, yearly)]
    return Conclusion(
        answer=_answer(result, currency, periods_per_year),
        doubts=tuple(doubts),
        findings=tuple(findings),
        metrics=_metrics(result, funnel),
        bases=(
            Basis("Spend today", "channels", "a period of the table", result.spend_now, currency),
            Basis(
                "Response at today's spend, by the curves",
                "channels, channel_history",
                "a period of the table",
                result.response_now,
                "what the column outcome counts",
            ),
        ),
    )


def _answer(result: ChannelMix, currency: str, periods_per_year: int) -> str:
    if result.objective_name != "profit":
        now, best = number(result.objective_now, 4), number(result.objective, 4)
        return f"The best plan brings a response of {best} where today's spend brings {now}. {_moves(result, currency)}"
    yearly = periods_per_year / result.periods
    gain = (result.objective - result.objective_now) * yearly
    span = ""
    if math.isfinite(result.gain_low):
        low, high = result.gain_low * yearly, result.gain_high * yearly
        low, high = (low, high) if gain >= 0 else (-high, -low)
        span = f" (95 % interval {between(low, high, 'estimate', currency)})"
    word = "earns" if gain >= 0 else "costs"
    left = result.budget - result.spend
    rest = f" It leaves {money(left, currency)} of the budget unspent." if left > 0.001 * result.budget < 1e300 else ""
    first = (
        f"Splitting the money as planned {word} {estimate(abs(gain), currency)} a year more than today's split{span}."
    )
    return f"{first} {_moves(result, currency)}{rest}"


def _moves(result: ChannelMix, currency: str) -> str:
    table = result.table
    up = table[table["change"] > 0.005 * result.spend].sort_values("change", ascending=False)
    down = table[table["change"] < -0.005 * result.spend].sort_values("change")
    parts = []
    for word, sign, part in (("more", "+", up), ("less", MINUS, down)):
        named = zip(part["channel"], part["segment"], part["change"].abs(), strict=True)
        moves = [f"{_name(channel, segment)} ({sign}{money(size, currency)})" for channel, segment, size in named]
        parts += [f"{word} for {listed(moves, 3)}"] if moves else []
    if not parts:
        return "No channel moves by more than half a percent of the spend."
    text = "; ".join(parts)
    return f"{capital(text)} {'a period' if result.periods == 1 else 'over the plan'}."


def _name(channel: str, segment: object) -> str:
    return f"{channel}, {segment}" if isinstance(segment, str) and segment else channel


def price_sentences(result: ChannelMix, *, currency: str = "") -> pd.DataFrame:
    """Every limit that holds the plan, in words: limit, sentence; the dearest first."""
    table = result.shadow_prices
    tight = table[(table["shadow_price"].fillna(0) != 0)]
    order = (tight["shadow_price"].abs() * tight["bound"].abs().clip(lower=1)).sort_values(ascending=False).index
    rows = [(row["limit"], _sentence(row, result, currency)) for _, row in tight.loc[order].iterrows()]
    idle = table[(table["kind"] == "budget") & (table["slack"] > 0)]
    for _, row in idle.iterrows():
        left = money(float(row["slack"]), currency)
        rows.append(
            (row["limit"], f"One more {currency or 'unit'} of budget earns nothing: {left} of it stays unspent.")
        )
    return pd.DataFrame(rows, columns=["limit", "sentence"])


def _sentence(row: pd.Series, result: ChannelMix, currency: str) -> str:
    worth = float(row["shadow_price"])
    profit = result.objective_name == "profit"
    size = _price(abs(worth), currency) if profit else f"{number(abs(worth))} of response"
    subject = {
        "budget": f"One more {currency or 'unit'} of budget",
        "most": f"One more {currency or 'unit'} allowed at the top of '{str(row['limit'])[4:]}'",
        "least": f"One more {currency or 'unit'} forced on '{re.sub('^min (lot )?', '', str(row['limit']))}'",
        "quota": f"One more unit of response asked of {str(row['limit'])[12:]}",
        "share": f"One more unit of slack in '{row['limit']}'",
    }.get(str(row["kind"]), f"One more unit of '{row['limit']}'")
    verb = "earns" if worth > 0 else "costs"
    low, high = float(row["valid_from"]), float(row["valid_to"])
    sentence = f"{subject} {verb} {size}"
    bent = "" if _is_linear(result) else f" within {percent(result.drift, 0)}"
    if math.isfinite(high):
        sentence += f"; true{bent} up to {_bound(high, row, currency)}"
    if math.isfinite(low):
        sentence += f"{' and' if math.isfinite(high) else '; true' + bent} down to {_bound(low, row, currency)}"
    return sentence + "."


def _is_linear(result: ChannelMix) -> bool:
    table = result.table
    return bool((table["marginal_return"] == table["marginal_return_now"]).all())


def _price(value: float, currency: str) -> str:
    return f"{currency} {number(value, 3)}".strip()


def _bound(value: float, row: pd.Series, currency: str) -> str:
    return money(value, currency) if row["kind"] in ("budget", "most", "least") else number(value, 4)


def _gain_finding(result: ChannelMix, doubts: list[str], currency: str, yearly: float) -> list[Finding]:
    gain = (result.objective - result.objective_now) * yearly
    profit = result.objective_name == "profit"
    unit = money_unit(currency) if profit else "response a year"
    certain = "" if math.isfinite(result.gain_low) else "The curves are taken as certain, so there is no interval."
    beyond = [text for text in doubts if "beyond" in text or "breaks" in text or "cannot tell" in text]
    return [
        Finding(
            what="Move money between channels" if gain >= 0 else "Meeting the channel limits costs money",
            value=gain,
            low=result.gain_low * yearly,
            high=result.gain_high * yearly,
            unit=unit,
            action=_moves(result, currency),
            caution=" ".join([certain, *beyond]).strip(),
            chapter="channels",
        )
    ]


def _limit_findings(result: ChannelMix, currency: str, yearly: float, most: int = 2) -> list[Finding]:
    """The limits of the firm's own making that cost most: what easing each by 1 % of its bound is worth a year."""
    if result.objective_name != "profit":
        return []
    table = result.shadow_prices
    own = table[table["kind"].isin(["limit", "share", "quota", "budget"]) & (table["bound"] != 0)]
    ease = (own["shadow_price"].abs() * own["bound"].abs() * 0.01 * yearly).sort_values(ascending=False)
    findings = []
    for place in ease[ease > 0].index[:most].tolist():
        row, value = own.loc[place], ease.loc[place]
        one = abs(float(row["bound"])) * 0.01
        worth, step = float(row["shadow_price"]), one if float(row["shadow_price"]) > 0 else -one
        holds = float(row["valid_from"]) <= float(row["bound"]) + step <= float(row["valid_to"])
        caution = "It has no interval: it is the limit's price on the central curves."
        caution += "" if holds else " One percent is more than the price holds for, so it is worth less than this."
        findings.append(
            Finding(
                what=f"Ease the limit '{row['limit']}' by 1 %",
                value=float(value),
                low=math.nan,
                high=math.nan,
                unit=money_unit(currency),
                action=f"{'Raise' if worth > 0 else 'Lower'} '{row['limit']}' by {number(one, 3)}.",
                caution=caution,
                chapter="channels",
            )
        )
    return findings


def _metrics(result: ChannelMix, funnel: OnlineFunnel | None) -> dict[str, float]:
    table = result.table
    metrics = {
        "channels.spend": result.spend_now,
        "channels.profit": result.profit_now,
        "channels.profit_planned": result.profit,
        "channels.largest_share": float(table["spend_now"].max() / max(table["spend_now"].sum(), 1e-300)),
        "channels.herfindahl": result.herfindahl,
        "channels.return": result.response_now / max(result.spend_now, 1e-300),
    }
    online = table["kind"] == "online"
    if online.any():
        metrics["channels.online_share"] = float(table.loc[online, "spend_now"].sum() / table["spend_now"].sum())
    dearest = int(table["spend_now"].to_numpy().argmax())
    metrics["channels.largest_marginal_return"] = float(table["marginal_return_now"].to_numpy()[dearest])
    tv = table["channel"].str.casefold().isin(["tv", "television"])
    if tv.any():
        metrics["channels.tv_return"] = float(table.loc[tv, "response_now"].sum() / table.loc[tv, "spend_now"].sum())
    if funnel is not None and len(funnel.table):
        sums = funnel.table[["visits", "orders", "delivered", "served", "spend"]].sum()
        metrics |= {
            "channels.conversion": float(sums["orders"] / sums["visits"]),
            "channels.served": float(sums["served"] / sums["delivered"]),
            "channels.cost_per_order": float(sums["spend"] / sums["orders"]),
        }
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def summarise_robustness(result: ChannelMix, *, currency: str = "") -> str:
    """One sentence on how the plan does where the curves are not what they seem; "" without draws."""
    if result.robust.empty:
        return ""
    now, plan = (result.robust[result.robust["plan"] == name].iloc[0] for name in ("today", "plan"))
    values = [float(value) for value in (plan["expected"], now["expected"], plan["worst_5_percent"])]
    if result.objective_name == "profit":
        mean, today, worst = (estimate(value, currency) for value in values)
        what = f"the plan earns {mean} a plan period on average, spend paid"
    else:
        mean, today, worst = (number(value) for value in values)
        what = f"the plan brings a response of {mean} a plan period on average"
    return f"Over all draws of the curves {what} (today's split: {today}), and {worst} in the worst 5 %."
