"""A FastAPI `WebSocket` without a network, for Pipecat's websocket transport and our routes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.datastructures import URL, Address, Headers, QueryParams
from starlette.websockets import WebSocketDisconnect, WebSocketState


class FakeWebSocket:
    """The server's end of a websocket; the test is the far end.

    The far end sends with `feed`, leaves with `hang_up`, and finds what the server sent in
    `sent` (or takes it as it comes with `on_send`). `closed` is the server's close code.
    """

    def __init__(
        self,
        url: str = "ws://127.0.0.1/streaming/media",
        *,
        headers: dict[str, str] | None = None,
        on_send: Callable[[str | bytes], None] | None = None,
    ) -> None:
        """Args: address and headers as the server sees them; what to do with each message."""
        self.url = URL(url)
        self.headers = Headers(headers or {})
        self.query_params = QueryParams(self.url.query)
        self.client = Address("127.0.0.1", 50000)
        self.client_state = WebSocketState.CONNECTED
        self.application_state = WebSocketState.CONNECTED
        self.sent: list[str | bytes] = []
        self.closed: int | None = None
        self.done = asyncio.Event()
        self._on_send = on_send
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def feed(self, message: str | bytes | dict[str, Any]) -> None:
        """Send one message to the server; a dict goes as JSON."""
        if isinstance(message, bytes):
            self._inbox.put_nowait({"type": "websocket.receive", "bytes": message})
        else:
            text = message if isinstance(message, str) else json.dumps(message)
            self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    def hang_up(self, code: int = 1000) -> None:
        """Leave: the server reads what was fed before, then the disconnect."""
        self._inbox.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.done.set()

    async def accept(self, *_: Any, **__: Any) -> None:
        """Do nothing: the fake is open from the start."""

    async def receive(self) -> dict[str, Any]:
        """Return the next ASGI message."""
        if self.client_state is WebSocketState.DISCONNECTED:
            raise RuntimeError('Cannot call "receive" once a disconnect message was received')
        message = await self._inbox.get()
        if message["type"] == "websocket.disconnect":
            self.client_state = WebSocketState.DISCONNECTED
        return message

    async def receive_text(self) -> str:
        """Return the next message's text; raise `WebSocketDisconnect` at the end."""
        message = await self.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        return str(message["text"])

    async def receive_json(self) -> Any:
        """Return the next message, decoded."""
        return json.loads(await self.receive_text())

    async def iter_text(self) -> AsyncIterator[str]:
        """Yield texts until the far end leaves."""
        try:
            while True:
                yield await self.receive_text()
        except WebSocketDisconnect:
            return

    async def send_text(self, data: str) -> None:
        """Send text to the far end."""
        self._send(data)

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes to the far end."""
        self._send(data)

    async def send_json(self, data: Any) -> None:
        """Send JSON to the far end."""
        self._send(json.dumps(data))

    async def close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close from the server's side; the receiver then sees the disconnect."""
        if self.application_state is WebSocketState.DISCONNECTED:
            raise RuntimeError('Cannot call "send" once a close message has been sent')
        self.application_state = WebSocketState.DISCONNECTED
        self.closed = code
        self.hang_up(code)

    def _send(self, data: str | bytes) -> None:
        if self.application_state is WebSocketState.DISCONNECTED:
            raise RuntimeError('Cannot call "send" once a close message has been sent')
        if self.client_state is WebSocketState.DISCONNECTED:
            raise WebSocketDisconnect(1006)
        self.sent.append(data)
        if self._on_send:
            self._on_send(data)
