"""The console of this process: its desk, put together from the process's shared parts."""

import asyncio
from collections.abc import Mapping

from bot.errors import ProviderUnavailable, TandemError
from bot.failover.breaker import Health
from bot.openclaw.gateway import Gateway
from bot.probe import Findings, ProbeFailed, probe
from bot.providers import STAGES, Endpoint
from bot.resources import Resources
from bot.settings_report import Row, misspelt, notes, rows
from bot.web.console.desk import Desk, Reports
from bot.web.console.messages import Breaker
from bot.web.console.modes import HouseDesk
from bot.web.console.pages import SettingRow
from bot.web.console.set_up import STORE

PHONE, DEEP, MODE = "phone", "deep brain", "mode "
"""Parts of the settings' report that can be tested beside the stages; MODE: how they begin."""
NO_CALL = "CA" + 32 * "0"
"""A CallSid that no call has: to end it changes nothing, and needs the right credentials."""


def make_desk(resources: Resources) -> Desk:
    """The console's desk. Its `working()` runs as long as the server does."""
    settings = resources.settings
    reports = Reports(
        rows=lambda: [_row(resources, row) for row in rows(settings)],
        notes=lambda: [*misspelt(), *notes(settings)],
        breakers=lambda: [_breaker(one) for one in resources.failover.snapshot()],
        mode=lambda: resources.modes.modes.mode,
        modes=lambda: resources.modes.modes.mark,
        prices=lambda: _prices(resources),
        probe=lambda part: _test(resources, part),
    )
    return Desk(
        settings=settings,
        switchboard=resources.switchboard,
        store=resources.store,
        recorder=resources.recorder,
        twilio=resources.twilio,
        ready=resources.ready,
        reports=reports,
        modes=HouseDesk(resources.modes, resources.store),
    )


def _row(resources: Resources, row: Row) -> SettingRow:
    """A line of the report, and by which name the part is tested."""
    testable = {
        STORE: True,
        PHONE: resources.twilio is not None,
        DEEP: bool(resources.settings.OPENCLAW_API_URL),
    }
    if row.part.startswith(MODE):
        testable[row.part] = not row.missing
    test = row.stage or (row.part if testable.get(row.part) else "")
    return SettingRow(part=row.part, uses=row.uses, why=row.why, missing=row.missing, test=test)


def _breaker(health: Health) -> Breaker:
    usual = f"usually {health.usual_seconds:.2f} s, " if health.usual_seconds is not None else ""
    counts = f"{health.answered} answered, {health.failed} failed, {health.slow} slow"
    return Breaker(
        name=f"{health.stage} {health.name}".strip(),
        state=str(health.state),
        detail=f"{usual}{counts}" + (f"; last: {health.last_error}" if health.last_error else ""),
    )


def _prices(resources: Resources) -> Mapping[str, float]:
    found = resources.modes.modes.setup.modes
    return {name: mode.price_per_minute for name, mode in found.items()}


async def _test(resources: Resources, part: str) -> tuple[bool, str]:
    """Try a part of the set-up: whether it works, and a sentence.

    Raises:
        ProviderError: it does not; the text says why.
    """
    if part == PHONE:
        return await _test_phone(resources)
    if part == DEEP:
        return await _test_deep(resources)
    if part.startswith(MODE):
        mode = resources.modes.modes.setup.modes[part.removeprefix(MODE)]  # type: ignore[index]
        fault = await resources.modes.checks.of(mode, age=0)
        return not fault, fault or "its providers answer"
    name = next(each for each in STAGES if each == part)
    first, *others = resources.modes.modes.plans()[0].stage(name)
    found = await asyncio.gather(_asked(resources, first), *(_health(resources, e) for e in others))
    return all(ok for ok, _ in found), "; ".join(text for _, text in found)


async def _test_phone(resources: Resources) -> tuple[bool, str]:
    if resources.twilio is None:
        return False, "no Twilio credentials are set"
    await resources.twilio.hang_up(NO_CALL)
    return True, "Twilio takes the credentials"


async def _test_deep(resources: Resources) -> tuple[bool, str]:
    settings = resources.settings
    token = settings.OPENCLAW_API_TOKEN.get_secret_value()
    gateway = Gateway(settings.OPENCLAW_API_URL, token, settings.OPENCLAW_AGENT)
    try:
        await gateway.connect()
    except TandemError as error:
        return False, str(error)
    finally:
        await gateway.close()
    return True, "OpenClaw takes the token"


async def _asked(resources: Resources, endpoint: Endpoint) -> tuple[bool, str]:
    """A stage's first provider: the language model is asked a question, the others how they are."""
    well, text = await _health(resources, endpoint)
    if not well or endpoint.stage != "llm" or endpoint.provider == "embedded":
        return well, text
    try:
        found = await probe(endpoint, resources.clients)
    except ProbeFailed as error:
        raise ProviderUnavailable(str(error)) from None
    return found.streams != "no", _said(found)


async def _health(resources: Resources, endpoint: Endpoint) -> tuple[bool, str]:
    health = await resources.modes.checks.ask(endpoint, age=0)
    return not health.fault, f"{endpoint.label}: {health.fault or 'is well'}"


def _said(found: Findings) -> str:
    return (
        f"{found.label} answered, first word after {found.first:.2f} s; tools {found.tools}, "
        f"streams: {found.streams}"
    )
