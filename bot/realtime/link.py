"""The websocket to the Realtime API: one connection, opened with a limit, closed without waiting.

Events go out and come in as plain dicts. A connection that is lost says so once.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from loguru import logger
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable

PING_SECONDS = 3.0
"""Between signs of life, and how long one is waited for: a dead network shows no other sign."""
CLOSE_SECONDS = 0.3
MOST_BYTES = 16 * 1024 * 1024
"""Of one message; the largest are a second or two of audio in base64."""
_DENIED = frozenset({401, 402, 403, 404})

Event = dict[str, Any]


class Link:
    """A connection to the API.

    Args:
        url: Address without the model.
        model: Name of the model.
        key: OpenAI's key; '' sends none.
        on_event: Given every event of the server, one after the other.
        on_lost: Told once why the connection is over, unless `close()` ended it.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str,
        on_event: Callable[[Event], Awaitable[None]],
        on_lost: Callable[["Link", str], None],
    ) -> None:
        self._url = f"{url}?{urlencode({'model': model})}"
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._on_event, self._on_lost = on_event, on_lost
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._outbox: asyncio.Queue[Event] = asyncio.Queue()
        self._over = False
        self.garbage = 0

    async def open(self, seconds: float) -> None:
        """Connect.

        Raises:
            ProviderDenied: key, account or model are not accepted.
            ProviderRefused: another 4xx.
            ProviderUnavailable: not reached within `seconds`, overloaded, or failing.
        """
        try:
            async with asyncio.timeout(seconds):
                self._socket = await connect(
                    self._url,
                    additional_headers=self._headers,
                    compression=None,  # base64 hardly shrinks
                    open_timeout=None,
                    ping_interval=PING_SECONDS,
                    ping_timeout=PING_SECONDS,
                    close_timeout=CLOSE_SECONDS,
                    max_size=MOST_BYTES,
                )
        except InvalidStatus as error:
            raise _refusal(error) from None
        except TimeoutError:
            raise ProviderUnavailable(f"Realtime: no connection within {seconds:.1f} s") from None
        except (OSError, WebSocketException) as error:
            raise ProviderUnavailable(f"Realtime: not reached: {type(error).__name__}") from None
        self._tasks = [
            asyncio.create_task(self._read(self._socket), name="realtime in"),
            asyncio.create_task(self._write(self._socket), name="realtime out"),
        ]

    def send(self, event: Event) -> None:
        """Send an event behind those before it, without waiting for a slow network."""
        if not self._over:
            self._outbox.put_nowait(event)

    async def close(self) -> None:
        """End the connection; a server that does not answer is not waited for."""
        self._over = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket:
            await self._socket.close()

    async def _read(self, socket: ClientConnection) -> None:
        why = "closed by the server"
        try:
            async for text in socket:
                event = self._parse(text)
                if event is not None and not self._over:
                    await self._on_event(event)
            why = f"closed by the server ({socket.close_code})"
        except ConnectionClosed as error:
            why = _why(error)
        except Exception as error:
            logger.exception("an event of the Realtime API could not be taken")
            why = f"broke: {type(error).__name__}"
        self._lose(why)

    async def _write(self, socket: ClientConnection) -> None:
        try:
            while True:
                await socket.send(json.dumps(await self._outbox.get()))
        except ConnectionClosed as error:
            self._lose(_why(error))

    def _parse(self, text: str | bytes) -> Event | None:
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):
            event = None
        if isinstance(event, dict) and isinstance(event.get("type"), str):
            return event
        self.garbage += 1
        if self.garbage == 1:
            logger.warning("Realtime: a message that is no event was dropped")
        return None

    def _lose(self, why: str) -> None:
        if not self._over:
            self._over = True
            self._on_lost(self, why)


def _why(error: ConnectionClosed) -> str:
    code = error.rcvd.code if error.rcvd else None
    return f"closed by the server ({code})" if code else "connection lost"


def _refusal(error: InvalidStatus) -> ProviderError:
    status = error.response.status_code
    if status in _DENIED:
        return ProviderDenied(f"Realtime: not accepted (HTTP {status})")
    if status == 429 or status >= 500:
        after = error.response.headers.get("retry-after", "")
        seconds = float(after) if after.replace(".", "", 1).isdigit() else 0.0
        return ProviderUnavailable(f"Realtime: not available (HTTP {status})", retry_after=seconds)
    return ProviderRefused(f"Realtime: refused (HTTP {status})")
