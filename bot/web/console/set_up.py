"""Set-up as the page shows it: the settings' report, its test buttons, secrets masked."""

import asyncio
import time

from pydantic import SecretStr

from bot.errors import ProviderError, StoreError
from bot.settings import Settings
from bot.store import queries_search
from bot.store.queries_search import Wanted
from bot.web.console.desk import Desk
from bot.web.console.pages import ProviderTested, SetUpPage
from bot.web.console.refusals import refuse

PROBE_SECONDS = 30.0
STORE = "store"
"""The part that the console tests by itself."""
_SHOWN = 4


def page(desk: Desk) -> SetUpPage:
    """The settings' report."""
    return SetUpPage(
        rows=desk.reports.rows(),
        notes=desk.reports.notes(),
        secrets=_masked(desk.settings),
        contacts=sorted(desk.settings.contacts),
        callable=cannot_call(desk),
    )


async def test(desk: Desk, part: str) -> ProviderTested:
    """Try a part; never raises what its provider raises.

    Raises:
        ConsoleRefused: there is no such part, or nothing to try of it.
    """
    if part not in {row.test for row in desk.reports.rows()} | {STORE}:
        raise refuse("invalid", f"{part!r} cannot be tested.")
    began = time.perf_counter()
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            ok, text = await _try(desk, part)
    except (ProviderError, StoreError) as error:
        ok, text = False, str(error)
    except TimeoutError:
        ok, text = False, f"no answer within {PROBE_SECONDS:.0f} s"
    return ProviderTested(ok=ok, message=text, ms=round(1000 * (time.perf_counter() - began)))


async def _try(desk: Desk, part: str) -> tuple[bool, str]:
    if part == STORE:
        count = await queries_search.count(desk.store, Wanted())
        return True, f"{desk.store.dialect} answers; it has {count} calls"
    if desk.reports.probe is None:
        return False, "This server has no test for it."
    return await desk.reports.probe(part)


def cannot_call(desk: Desk) -> str:
    """Why this server can place no call, or ''."""
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
