"""A session with the Realtime API that outlives its connections.

A connection that drops, breaks or falls silent is replaced within `RECONNECT_SECONDS` by a new one,
which is told the conversation; when that fails, the session says that it is gone.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from loguru import logger

from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable
from bot.failover.breaker import Breaker
from bot.providers import Endpoint
from bot.realtime.link import Event, Link
from bot.realtime.refusal import refusal

FIRST_SECONDS = 3.0
"""For the first connection: the greeting is heard meanwhile."""
RECONNECT_SECONDS = 2.0
"""From the loss of a connection until the next one knows the conversation, or it is given up."""
ATTEMPT_SECONDS = 1.2
RETRY_SECONDS = 0.15
MOST_LOSSES, LOSSES_SECONDS = 3, 60.0
"""Connections lost within a minute after which the API is not worth a further attempt."""


class Listener(Protocol):
    """Who holds the conversation."""

    def configuration(self) -> Event:
        """The first event of a connection."""

    def restoration(self) -> Iterable[Event]:
        """The events that tell a new connection the conversation."""

    async def on_event(self, event: Event) -> None:
        """Take an event of the server."""

    async def on_broken(self, why: str) -> None:
        """The connection is lost; a new one is being made."""

    async def on_ready(self) -> None:
        """The connection knows the conversation."""

    async def on_gone(self, error: ProviderError) -> None:
        """There is no connection any more, and none to be had."""


class Session:
    """Keeps a connection.

    Attributes:
        ready: The connection knows the conversation.

    Args:
        endpoint: Where the API is.
        listener: Who holds the conversation.
        breaker: Told of connections that fail or are lost.
    """

    def __init__(self, endpoint: Endpoint, listener: Listener, breaker: Breaker) -> None:
        self._endpoint = endpoint
        self._listener = listener
        self._breaker = breaker
        self._link: Link | None = None
        self._making: asyncio.Task[None] | None = None
        self._configured: asyncio.Future[None] | None = None
        self._losses: deque[float] = deque(maxlen=MOST_LOSSES)
        self._over = False
        self._again = ""
        self._asked_at = 0.0
        self.ready = False

    def open(self) -> None:
        """Begin to connect."""
        self._make("", FIRST_SECONDS)

    def send(self, event: Event) -> None:
        """Send an event; without a connection that knows the conversation it is dropped: the next
        one is told everything anew."""
        if self._link and self.ready:
            self._link.send(event)

    def lose(self, why: str, error: ProviderError | None = None) -> None:
        """The connection is not to be used any more; `error` if the API has said what is wrong."""
        if self._link and not self._over:
            self._lost(self._link, why, error)

    def asked(self) -> None:
        """A question was asked."""
        self._asked_at = asyncio.get_running_loop().time()

    def answered(self) -> None:
        """Its answer has begun, or was complete at once."""
        self._breaker.answered(asyncio.get_running_loop().time() - self._asked_at)

    def blame(self, error: ProviderError) -> None:
        """Hold an error against the API, unless it is the request's own fault."""
        if isinstance(error, ProviderDenied) or not isinstance(error, ProviderRefused):
            self._breaker.failed(error)

    async def close(self) -> None:
        """End the session."""
        self._over = True
        self.ready = False
        if self._making and self._making is not asyncio.current_task():
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)
        if self._link:
            await self._link.close()

    def _lost(self, link: Link, why: str, error: ProviderError | None = None) -> None:
        if link is not self._link or self._over:
            return
        away = ProviderUnavailable(f"Realtime: {why}")
        if self._configured and not self._configured.done():
            self._configured.set_exception(away)
            return
        self.ready = False
        self.blame(error or away)
        self._make(why, RECONNECT_SECONDS)

    def _make(self, why: str, seconds: float) -> None:
        if self._making and not self._making.done():
            self._again = why  # lost while it was told the conversation
            return
        self._making = asyncio.create_task(self._keep(why, seconds), name="realtime session")

    async def _keep(self, why: str, seconds: float) -> None:
        try:
            await self._connect(why, seconds)
            while self._again:
                why, self._again = self._again, ""
                await self._connect(why, RECONNECT_SECONDS)
        except Exception as error:
            if self._over:
                return
            if not isinstance(error, ProviderError):
                logger.exception("the Realtime session broke")
                error = ProviderUnavailable(f"Realtime: {type(error).__name__}")
            self._over = True
            await self._close_link()
            await self._listener.on_gone(error)

    async def _connect(self, why: str, seconds: float) -> None:
        """Make a connection.

        Raises:
            ProviderError: there is none to be had.
        """
        now = asyncio.get_running_loop().time
        deadline = now() + seconds
        if why:
            logger.warning(f"Realtime: {why}; connecting anew")
            self._losses.append(now())
            await self._listener.on_broken(why)
            if self._too_often(now()):
                raise ProviderUnavailable(f"Realtime: lost too often, last: {why}")
        await self._until(deadline)

    async def _until(self, deadline: float) -> None:
        """Try until it works or `deadline` has come.

        Raises:
            ProviderError: it does not work, as the last attempt has it.
        """
        now = asyncio.get_running_loop().time
        while True:
            try:
                await self._attempt(min(ATTEMPT_SECONDS, deadline - now()))
                return
            except ProviderError as error:
                self.blame(error)
                if not isinstance(error, ProviderUnavailable):
                    raise
                wait = max(RETRY_SECONDS, error.retry_after)
                if now() + wait >= deadline:
                    raise
            await asyncio.sleep(wait)

    async def _attempt(self, seconds: float) -> None:
        began = asyncio.get_running_loop().time()
        await self._close_link()
        self._configured = configured = asyncio.get_running_loop().create_future()
        configured.add_done_callback(lambda done: done.cancelled() or done.exception())
        endpoint = self._endpoint
        key = endpoint.api_key.get_secret_value()
        self._link = link = Link(endpoint.base_url, endpoint.model, key, self._event, self._lost)
        await link.open(seconds)
        left = seconds - (asyncio.get_running_loop().time() - began)
        try:
            async with asyncio.timeout(left):
                await configured
        except TimeoutError:
            raise ProviderUnavailable("Realtime: connected, but no session began") from None
        for event in self._listener.restoration():
            link.send(event)
        self.ready = True
        await self._listener.on_ready()

    async def _event(self, event: Event) -> None:
        configured = self._configured
        if configured is None or configured.done():
            await self._listener.on_event(event)
        elif event["type"] == "session.created":
            if self._link:
                self._link.send(self._listener.configuration())
        elif event["type"] == "session.updated":
            configured.set_result(None)
        elif event["type"] == "error":
            configured.set_exception(refusal(event))

    async def _close_link(self) -> None:
        link, self._link = self._link, None
        if link:
            await link.close()

    def _too_often(self, now: float) -> bool:
        full = len(self._losses) == MOST_LOSSES
        return full and now - self._losses[0] < LOSSES_SECONDS
