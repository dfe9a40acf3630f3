"""Health and money, as the page shows them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.store import queries_figures
from bot.store.queries_figures import Spread
from bot.web.console.desk import Desk
from bot.web.console.lines import moment
from bot.web.console.pages import (
    DayOfMode,
    HealthPage,
    MoneyOfMode,
    MoneyPage,
    ProviderErrors,
    SpreadMs,
    TimeSlice,
)
from bot.web.console.pages_calls import CostLine, Moment

_SLICES = {1: 60, 24: 48, 168: 56, 720: 60}
"""Hours of a page -> pieces of its charts."""
UNKNOWN = -1.0
NO_LEDGER = (
    "All amounts are estimates: minutes of conversation times the mode's price in config.json."
    " What was really used (seconds of speech, tokens, characters, text messages) is not recorded"
    " yet.",
    "Cost by provider: not known, for the price of a mode is not split among its providers.",
    "Margin: not known, for what you charge is not set anywhere.",
)
NO_COSTS = "What this call has used (tokens, characters, text messages) is not recorded yet."


async def health(desk: Desk, hours: int) -> HealthPage:
    """Latency and errors of the last hours."""
    since = datetime.now(UTC) - timedelta(hours=hours)
    found = await queries_figures.figures(desk.store, since, _SLICES.get(hours, 48))
    breakers = desk.reports.breakers()
    return HealthPage(
        hours=hours,
        calls=found.calls,
        uptime=round(await queries_figures.uptime(desk.store, since), 5),
        stages=_spreads(found.stages),
        slices=[
            TimeSlice(
                at=moment(one.at), calls=one.calls, errors=one.errors, stages=_spreads(one.stages)
            )
            for one in found.slices
        ],
        errors=[
            ProviderErrors(stage=stage, provider=provider, kind=kind, count=count)
            for (stage, provider, kind), count in sorted(
                found.errors.items(), key=lambda item: -item[1]
            )
        ],
        breakers=breakers,
        history=[
            Moment(at=moment(one.at), text=one.detail)
            for one in await queries_figures.provider_events(desk.store, since)
        ],
        missing=[] if breakers else ["No circuit breakers are reported by this server."],
    )


async def money(desk: Desk, days: int) -> MoneyPage:
    """Minutes and what they are estimated to have cost."""
    since = datetime.now(UTC) - timedelta(days=days)
    found = await queries_figures.figures(desk.store, since, 1)
    prices = dict(desk.reports.prices())
    rows = [
        DayOfMode(
            day=day,
            mode=mode,
            calls=calls,
            minutes=round(seconds / 60, 2),
            dollars=round(seconds / 60 * prices.get(mode, 0.0), 4),
        )
        for day, modes in sorted(found.days.items(), reverse=True)
        for mode, (calls, seconds) in sorted(modes.items())
    ]
    unknown = sorted({row.mode for row in rows} - prices.keys())
    missing = [*NO_LEDGER]
    if unknown:
        missing.append(f"No price is known for: {', '.join(unknown)}.")
    return MoneyPage(
        days=rows,
        modes=_by_mode(rows, prices),
        prices=prices,
        minutes=round(sum(row.minutes for row in rows), 2),
        dollars=round(sum(row.dollars for row in rows), 4),
        missing=missing,
    )


def estimate(desk: Desk, mode: str, seconds: float) -> list[CostLine]:
    """What is known of a call's cost, line by line: an estimate by its mode's price."""
    price = desk.reports.prices().get(mode)
    if price is None:
        return []
    minutes = seconds / 60
    detail = f"{minutes:.1f} minutes in {mode}, at an estimated ${price:.3f} a minute"
    return [CostLine(what="Conversation", detail=detail, dollars=round(minutes * price, 4))]


def _by_mode(rows: Sequence[DayOfMode], prices: Mapping[str, float]) -> list[MoneyOfMode]:
    found = []
    for mode in sorted({row.mode for row in rows}):
        days = [row for row in rows if row.mode == mode]
        found.append(
            MoneyOfMode(
                mode=mode,
                calls=sum(day.calls for day in days),
                minutes=round(sum(day.minutes for day in days), 2),
                price=prices.get(mode, UNKNOWN),
                dollars=round(sum(day.dollars for day in days), 4),
            )
        )
    return found


def _spreads(stages: Mapping[str, Spread]) -> dict[str, SpreadMs]:
    return {
        stage: SpreadMs(
            count=one.count,
            p50=round(1000 * one.p50),
            p95=round(1000 * one.p95),
            p99=round(1000 * one.p99),
        )
        for stage, one in stages.items()
    }
