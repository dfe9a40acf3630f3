"""uvicorn for connections that another process has accepted, one request each.

A kept-alive connection's next request may be meant for another process, and only the one that
accepts sees where a connection's first request goes. So every answer closes its connection.
"""

import asyncio
import socket
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import uvicorn
from loguru import logger
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FORCED_SECONDS = 1.0
"""What the application gets for its own shutdown where the server stops now."""


class WebServer(uvicorn.Server):
    """uvicorn that leaves signals alone, and that can be handed connections.

    Args:
        config: uvicorn's.
        up: Set as soon as connections are served.
    """

    def __init__(self, config: uvicorn.Config, up: asyncio.Event) -> None:
        super().__init__(config)
        self._up = up
        self._adopting: set[asyncio.Task[None]] = set()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Capture none: the calls are drained first."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving `sockets`, which may be none at all."""
        await super().startup(sockets)
        self._up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving. The application is told of it also where nothing else is waited for."""
        await super().shutdown(sockets)
        if self.force_exit:
            with suppress(TimeoutError):
                async with asyncio.timeout(FORCED_SECONDS):
                    await self.lifespan.shutdown()

    def adopt(self, connection: socket.socket, received: bytes) -> None:
        """Serve an accepted connection of which `received` was read already."""
        task = asyncio.create_task(self._adopt(connection, received))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def _adopt(self, connection: socket.socket, received: bytes) -> None:
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            made: Any = self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config,
                server_state=self.server_state,
                app_state=self.lifespan.state,
                _loop=loop,
            )
            begin = made.connection_made

            def connection_made(transport: asyncio.BaseTransport) -> None:
                begin(transport)
                made.data_received(received)  # before the loop reads on

            made.connection_made = connection_made
            return made  # type: ignore[no-any-return]

        try:
            connection.setblocking(False)
            await loop.connect_accepted_socket(protocol, connection)
        except OSError as error:
            logger.debug(f"a connection was gone before it was served: {error}")
            connection.close()


class OneRequestEach:
    """An ASGI application whose every HTTP answer closes its connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; websockets are left alone."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), (b"connection", b"close")]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, closing)
