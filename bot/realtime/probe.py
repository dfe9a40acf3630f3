"""Trying the Realtime API: a connection whose session begins, and no more. It costs nothing."""

import asyncio
from collections.abc import Awaitable, Callable

from bot.errors import ProviderUnavailable
from bot.providers import Endpoint
from bot.realtime.link import Event, Link
from bot.realtime.refusal import refusal

SECONDS = 5.0
"""For connection and session; a call gives them less, but nobody waits here."""


def session_begins(endpoint: Endpoint) -> Callable[[], Awaitable[None]]:
    """A probe for the endpoint's breaker; raises ProviderError."""

    async def probe() -> None:
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def heard(event: Event) -> None:
            if begun.done():
                return
            if event["type"] == "session.created":
                begun.set_result(None)
            elif event["type"] == "error":
                begun.set_exception(refusal(event))

        def lost(_: Link, why: str) -> None:
            if not begun.done():
                begun.set_exception(ProviderUnavailable(f"Realtime: {why}"))

        key = endpoint.api_key.get_secret_value()
        link = Link(endpoint.base_url, endpoint.model, key, heard, lost)
        try:
            async with asyncio.timeout(SECONDS):
                await link.open(SECONDS)
                await begun
        except TimeoutError:
            raise ProviderUnavailable("Realtime: connected, but no session began") from None
        finally:
            await link.close()
            begun.cancel()

    return probe
