"""The web server: phone webhooks and media sockets, the test room, health."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from loguru import logger
from pipecat.transports.base_transport import BaseTransport

from bot import converse
from bot.call import Call
from bot.errors import TandemError
from bot.resources import Resources
from bot.settings import Settings
from bot.telephony.twilio import TwilioRest
from bot.web.connections import RoomConnections
from bot.web.phone import phone_router
from bot.web.room import room_router
from bot.web.security import SecurityHeaders

DRAIN_SECONDS = 20.0
"""How long calls may take to say goodbye when the server stops."""
MEDIA_MESSAGE_BYTES = 16 * 1024 * 1024
"""Twilio's media messages have about 300 bytes. A longer one is read, dropped and counted; only
beyond this uvicorn closes the socket, and the call with it."""
STOPPING = "server stopping"


def make_app(resources: Resources) -> FastAPI:
    """The web application on the process's shared parts."""
    settings, switchboard = resources.settings, resources.switchboard
    twilio = TwilioRest.from_settings(settings)

    async def talk(call: Call, transport: BaseTransport) -> None:
        await converse(call, transport, resources)

    rooms = RoomConnections(switchboard, talk)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await rooms.close()
        if twilio:
            await twilio.aclose()

    app = FastAPI(title="Tandem", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_middleware(SecurityHeaders)
    app.include_router(
        phone_router(
            settings=settings,
            switchboard=switchboard,
            twilio=twilio,
            converse=talk,
            record=resources.recorder.event,
            ready=resources.ready,
        )
    )
    app.include_router(
        room_router(
            settings=settings,
            switchboard=switchboard,
            converse=talk,
            ready=resources.ready,
            connections=rooms,
        )
    )

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/ready")
    async def ready() -> JSONResponse:
        reason = resources.ready() or switchboard.refusal
        sidecar = resources.sidecar
        return JSONResponse(
            {
                "ready": not reason,
                "reason": reason,
                "calls": switchboard.live,
                "embedded": {"base_url": sidecar.base_url} if sidecar else None,
            },
            status_code=503 if reason else 200,
        )

    return app


class Server:
    """Tandem on one address, from start to a stop that says goodbye to every caller.

    Args:
        settings: The settings; with `PORT` 0 the system picks one.
        progress: Told lines about long work.
    """

    def __init__(self, settings: Settings, progress: Callable[[str], None] = logger.info) -> None:
        self._settings = settings
        self._progress = progress
        self._stop = asyncio.Event()
        self.listening = asyncio.Event()
        self.resources: Resources | None = None
        self.url = ""

    async def run(self) -> None:
        """Serve until `stop()`.

        Raises:
            TandemError: the server cannot start; the text says why.
        """
        listener = _listen(self._settings.HOST, self._settings.PORT)
        try:
            self.resources = await Resources.open(self._settings, self._progress)
            try:
                await self._serve(listener, self.resources)
            finally:
                await self.resources.close()
        finally:
            listener.close()

    def stop(self) -> None:
        """Take no more calls, end the live ones politely, then stop."""
        self._stop.set()

    async def _serve(self, listener: socket.socket, resources: Resources) -> None:
        config = uvicorn.Config(
            make_app(resources),
            log_config=None,
            access_log=False,
            ws_max_size=MEDIA_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=int(DRAIN_SECONDS),
        )
        server = _Unsignalled(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        stopping = asyncio.create_task(self._stop.wait())
        self.url = "http://{}:{}".format(*listener.getsockname()[:2])
        self.listening.set()
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                logger.info("stopping: no more calls are taken, the live ones are told goodbye")
                await resources.switchboard.drain(DRAIN_SECONDS, STOPPING)
                server.should_exit = True
            await serving
        finally:
            stopping.cancel()


class _Unsignalled(uvicorn.Server):
    """uvicorn that leaves signals alone: the calls are drained first."""

    def capture_signals(self) -> Any:
        """Capture none."""
        return nullcontext()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises TandemError with the way out when the address is taken."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, reuse_port=False)
    except OSError as error:
        raise TandemError(
            f"HOST and PORT: cannot listen on {host}:{port}: {error.strerror or error}; stop the "
            "other program or set another PORT"
        ) from None
