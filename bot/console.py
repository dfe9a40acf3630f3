"""The console of this process: its desk, put together from the process's shared parts."""

from collections.abc import Mapping

from bot.errors import ProviderUnavailable
from bot.failover.breaker import Health
from bot.probe import Findings, ProbeFailed, probe
from bot.providers import STAGES, choose
from bot.resources import Resources
from bot.settings_report import misspelt, notes, rows
from bot.web.console.desk import Desk, Reports
from bot.web.console.messages import Breaker
from bot.web.console.modes import HouseDesk
from bot.web.console.pages import SettingRow


def make_desk(resources: Resources) -> Desk:
    """The console's desk. Its `working()` runs as long as the server does."""
    settings = resources.settings
    reports = Reports(
        rows=lambda: [
            SettingRow(part=r.part, uses=r.uses, why=r.why, missing=r.missing, stage=r.stage)
            for r in rows(settings)
        ],
        notes=lambda: [*misspelt(), *notes(settings)],
        breakers=lambda: [_breaker(one) for one in resources.failover.snapshot()],
        prices=lambda: _prices(resources),
        probe=lambda stage: _test(resources, stage),
    )
    return Desk(
        settings=settings,
        switchboard=resources.switchboard,
        store=resources.store,
        recorder=resources.recorder,
        twilio=resources.twilio,
        ready=resources.ready,
        reports=reports,
        modes=HouseDesk(resources.modes),
    )


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


async def _test(resources: Resources, stage: str) -> tuple[bool, str]:
    """Ask a stage's first provider: the language model a question, the others how they are."""
    name = next(each for each in STAGES if each == stage)
    endpoint = choose(resources.settings).stage(name)[0]
    health = await resources.modes.checks.ask(endpoint, age=0)
    if health.fault or stage != "llm" or endpoint.provider == "embedded":
        return not health.fault, f"{endpoint.label}: {health.fault or 'is well'}"
    try:
        found = await probe(endpoint, resources.clients)
    except ProbeFailed as error:
        raise ProviderUnavailable(str(error)) from None
    return found.streams != "no", _said(found)


def _said(found: Findings) -> str:
    return (
        f"{found.label} answered, first word after {found.first:.2f} s; tools {found.tools}, "
        f"streams: {found.streams}"
    )
