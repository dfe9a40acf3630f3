"""One deep answer, streamed: through OpenClaw, or through Anthropic's API when only that is there.

    async with aclosing(thinker.think("why …", "call-7")) as pieces:
        async for piece in pieces:
            ...

Nothing of it is kept across a restart: it belongs to the call, and ends with it.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import closing
from typing import Protocol
from uuid import uuid4

import anthropic
from anthropic import AsyncAnthropic
from loguru import logger

from bot.errors import ProviderError, ProviderRefused, ProviderUnavailable
from bot.openclaw.connection import GatewayUnavailable
from bot.openclaw.events import Event
from bot.openclaw.gateway import Gateway, Watch
from bot.openclaw.prompts import question_message

FIRST_SECONDS = 20.0
"""Without any sign of life for so long, the caller is told that it cannot be done now."""
SILENCE_SECONDS = 45.0
"""Once there is life: an agent that uses a tool says nothing for a while."""
MOST_TOKENS = 800
"""About a minute and a half of speech."""


class Thinker(Protocol):
    """Answers one question."""

    def think(self, question: str, call_id: str) -> AsyncGenerator[str, None]:
        """The answer's text, piece by piece. Closing the iterator stops the work.

        Raises:
            ProviderUnavailable: nothing came, or it broke off.
            ProviderRefused: the provider said no.
        """


class GatewayThinker:
    """Claude through OpenClaw. Each question has a session of its own, named after the call."""

    def __init__(self, gateway: Gateway, bot: str, limit: float = 180.0) -> None:
        self._gateway, self._bot, self._limit = gateway, bot, limit

    async def think(self, question: str, call_id: str) -> AsyncGenerator[str, None]:
        """See `Thinker.think`."""
        run_id = uuid4().hex
        key = self._gateway.session_key(f"{call_id}-{run_id}".lower())
        message = question_message(self._bot, question)
        deadline = time.monotonic() + self._limit
        over = False
        with closing(self._gateway.watch(key)) as watch:
            await self._gateway.send(key, message, run_id, self._limit)
            try:
                async for event in _events(watch, deadline):
                    if event.kind == "text" and event.text:
                        yield event.text
                    over = event.is_end
                    if event.kind == "failed":
                        raise ProviderUnavailable(f"OpenClaw: {event.text}")
                    if over:
                        return
            finally:
                if not over:
                    await self._stop(key, run_id)

    async def _stop(self, key: str, run_id: str) -> None:
        try:
            await self._gateway.abort(key, run_id)
        except ProviderError as error:
            logger.warning(f"OpenClaw: an unwanted answer was not stopped: {error}")


class AnthropicThinker:
    """Claude by Anthropic's own API."""

    def __init__(self, client: AsyncAnthropic, model: str, bot: str) -> None:
        self._client, self._model, self._bot = client, model, bot

    async def think(self, question: str, call_id: str) -> AsyncGenerator[str, None]:
        """See `Thinker.think`."""
        content = question_message(self._bot, question)
        try:
            async with self._client.messages.stream(
                model=self._model,
                max_tokens=MOST_TOKENS,
                messages=[{"role": "user", "content": content}],
            ) as stream:
                async for piece in stream.text_stream:
                    yield piece
        except anthropic.APIStatusError as error:
            text = f"Anthropic answers {error.status_code}"
            busy = error.status_code in (408, 409, 429) or error.status_code >= 500
            raise (ProviderUnavailable(text) if busy else ProviderRefused(text)) from None
        except anthropic.APIError as error:
            raise ProviderUnavailable(f"Anthropic: {type(error).__name__}") from None


async def _events(watch: Watch, deadline: float) -> AsyncIterator[Event]:
    """A session's events until the limit or too long a silence.

    Raises:
        GatewayUnavailable: either, or the socket was lost.
    """
    quiet_until = time.monotonic() + FIRST_SECONDS
    while (left := min(quiet_until, deadline) - time.monotonic()) > 0:
        event = await watch.next(left)
        if event is None or event.kind == "lost":
            break
        if event.kind == "retrying":
            continue  # no sign of life: an overloaded model is asked again for 76 s
        quiet_until = time.monotonic() + SILENCE_SECONDS
        yield event
    raise GatewayUnavailable("OpenClaw gives no answer")
