"""Health, money and set-up, as the page shows them."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from bot.errors import ProviderError, StoreError
from bot.settings import Settings
from bot.store import queries_figures, queries_search
from bot.store.queries_figures import Spread
from bot.store.queries_search import Wanted
from bot.web.console.desk import Desk
from bot.web.console.lines import moment
from bot.web.console.pages import (
    DayOfMode,
    HealthPage,
    MoneyPage,
    ProviderErrors,
    ProviderTested,
    SetUpPage,
    SpreadMs,
    TimeSlice,
)

PROBE_SECONDS = 30.0
_SLICES = {1: 60, 24: 48, 168: 56, 720: 60}
"""Hours of a page -> pieces of its charts."""
_SHOWN = 4
NO_LEDGER = (
    "Costs are not recorded call by call yet. Amounts are estimates: minutes of conversation times"
    " the estimated price of the mode in config.json. Margin needs what you charge."
)


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
    missing = [NO_LEDGER]
    if unknown:
        missing.append(f"No price is known for: {', '.join(unknown)}.")
    return MoneyPage(
        days=rows,
        prices=prices,
        minutes=round(sum(row.minutes for row in rows), 2),
        dollars=round(sum(row.dollars for row in rows), 4),
        missing=missing,
    )


def set_up(desk: Desk) -> SetUpPage:
    """The settings' report."""
    return SetUpPage(
        rows=desk.reports.rows(),
        notes=desk.reports.notes(),
        secrets=_masked(desk.settings),
        contacts=sorted(desk.settings.contacts),
        callable=_cannot_call(desk),
        probes=desk.reports.probe is not None,
    )


async def test(desk: Desk, stage: str) -> ProviderTested:
    """Try what serves a stage; never raises what the provider raises."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            ok, text = await _try(desk, stage)
    except (ProviderError, StoreError) as error:
        ok, text = False, str(error)
    except TimeoutError:
        ok, text = False, f"no answer within {PROBE_SECONDS:.0f} s"
    return ProviderTested(ok=ok, message=text, ms=round(1000 * (time.perf_counter() - began)))


async def _try(desk: Desk, stage: str) -> tuple[bool, str]:
    if stage == "store":
        count = await queries_search.count(desk.store, Wanted())
        return True, f"{desk.store.dialect} answers; it has {count} calls"
    if desk.reports.probe is None:
        return False, "This server has no test for it."
    return await desk.reports.probe(stage)


def _cannot_call(desk: Desk) -> str:
    settings = desk.settings
    if desk.place_call is None:
        return "This server cannot place calls from here."
    if desk.twilio is None:
        return "Calling out needs TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN or an API key."
    missing = [n for n in ("TWILIO_PHONE_NUMBER", "PUBLIC_URL") if not getattr(settings, n)]
    return f"Calling out needs {' and '.join(missing)}." if missing else ""


def _masked(settings: Settings) -> dict[str, str]:
    """Every secret that is set, hidden; of a provider's long key the end, to tell it by."""
    found = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and (text := value.get_secret_value()):
            key = name.endswith("_API_KEY") and len(text) >= 5 * _SHOWN
            end = text[-_SHOWN:] if key else ""
            found[name] = f"••••{end}"
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
