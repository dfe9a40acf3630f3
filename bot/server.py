"""The web server: phone webhooks and media sockets, the test room, health."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from fastapi import FastAPI
from loguru import logger
from pipecat.transports.base_transport import BaseTransport

from bot import converse
from bot.call import Call
from bot.console import make_desk
from bot.health.metrics import Now
from bot.health.report import active_mode
from bot.listener import bind, open_up, url_of
from bot.resources import Resources, Shared
from bot.settings import Settings
from bot.switchboard import STOPPING
from bot.telephony.websocket import MediaWebSocketProtocol
from bot.web.admin import admin_router
from bot.web.adopted import OneRequestEach, WebServer
from bot.web.calendar import calendar_router
from bot.web.connections import RoomConnections
from bot.web.console.routes import console_router
from bot.web.handover import handover_router
from bot.web.health import HealthDesk, health_router
from bot.web.phone import phone_router
from bot.web.room import room_router
from bot.web.room_notes import notes_router
from bot.web.security import SecurityHeaders

GOODBYE_SECONDS = 20.0
"""How long calls that were told may take to say goodbye when the server stops."""
RETIRE_SECONDS = 3600.0
"""How long calls may go on in a process that was replaced by a new one."""
RETIRE_LOOK_SECONDS = 0.25
LINGER_SECONDS = 5.0
"""After its last call, in which Twilio reports the call's end to whoever had it."""
MEDIA_MESSAGE_BYTES = 16 * 1024 * 1024
"""Twilio's media messages have about 300 bytes. A longer one is read, dropped and counted; only
beyond this uvicorn closes the socket, and the call with it."""


def make_app(resources: Resources) -> FastAPI:
    """The web application on the process's shared parts."""
    settings, switchboard = resources.settings, resources.switchboard
    twilio = resources.twilio
    desk = make_desk(resources)

    def now() -> Now:
        return Now(
            lag=desk.load().lag_ms / 1000,
            unwritten=resources.recorder.waiting,
            taking=not (resources.ready() or switchboard.closed),
            providers=resources.failover.snapshot(),
        )

    health = HealthDesk(settings, resources.recorder, switchboard.worker, now)

    async def talk(call: Call, transport: BaseTransport) -> None:
        with desk.live.follow(call, transport):
            await converse(call, transport, resources)

    rooms = RoomConnections(switchboard, talk)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with desk.working(), health.working():
            yield
            await rooms.close()

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
            can_call=desk.can_call,
        )
    )
    app.include_router(handover_router(settings, resources.store, resources.recorder.event))
    app.include_router(calendar_router(resources.store))
    app.include_router(
        room_router(
            settings=settings,
            switchboard=switchboard,
            converse=talk,
            ready=resources.ready,
            connections=rooms,
            links=resources.links,
        )
    )
    app.include_router(notes_router(settings, resources.store, resources.links))
    app.include_router(console_router(desk))
    app.include_router(admin_router(settings, resources.modes))

    app.include_router(
        health_router(
            settings,
            health,
            lambda: _ready(resources),
            lambda: active_mode(resources.modes.modes),
        )
    )
    return app


def _ready(resources: Resources) -> dict[str, Any]:
    """What `/ready` says: whether a call would be taken now, and if not, why."""
    switchboard, sidecar = resources.switchboard, resources.sidecar
    reason = resources.ready() or switchboard.refusal
    return {
        "ready": not reason,
        "reason": reason,
        "calls": switchboard.places.taken,
        "workers": switchboard.places.workers,
        "embedded": {"base_url": sidecar.base_url} if sidecar else None,
    }


class Server:
    """Tandem on one address, from start to a stop that says goodbye to every caller.

    Args:
        settings: The settings; with `PORT` 0 the system picks one.
        progress: Told lines about long work.
        shared: For one of several processes on a port: it does not listen, its connections are
            `adopt()`ed.
    """

    def __init__(
        self,
        settings: Settings,
        progress: Callable[[str], None] = logger.info,
        shared: Shared | None = None,
    ) -> None:
        self._settings = settings
        self._progress = progress
        self._shared = shared
        self._stop = asyncio.Event()
        self._stop_now = asyncio.Event()
        self._patience: float | None = None
        self._web: WebServer | None = None
        self._retiring: asyncio.Task[None] | None = None
        self.listening = asyncio.Event()
        self.resources: Resources | None = None
        self.url = ""

    async def run(self) -> None:
        """Serve until `stop()`.

        Raises:
            TandemError: the server cannot start; the text says why.
        """
        settings, shared = self._settings, self._shared
        listeners = [] if shared else [bind(settings.HOST, settings.PORT)]
        try:
            self.resources = await Resources.open(settings, self._progress, shared)
            try:
                await self._serve(listeners, self.resources)
            finally:
                await self.resources.close()
        finally:
            for listener in listeners:
                listener.close()

    def stop(self, patience: float | None = None) -> None:
        """Take no more calls, let the live ones go on for a while, end them politely, then stop.

        Args:
            patience: How long they may go on, in seconds; by default `DRAIN_SECONDS`.
        """
        if not self._stop.is_set():
            self._patience = patience
            self._stop.set()

    def stop_now(self) -> None:
        """Stop, whoever still talks."""
        logger.warning("stopping now, whoever still talks")
        self._stop_now.set()
        if self._web:
            self._web.force_exit = True
        self._stop.set()

    def retire(self) -> None:
        """Take no new calls, and stop when the last one has ended by itself."""
        assert self.resources
        self.resources.switchboard.retire(STOPPING)
        self._retiring = self._retiring or asyncio.create_task(self._outlive_calls())

    def adopt(self, connection: socket.socket, received: bytes) -> None:
        """Serve a connection that another process accepted; to be called while `listening`.

        Args:
            connection: The client's socket; it is closed here.
            received: What the other process has read from it.
        """
        assert self._web
        self._web.adopt(connection, received)

    async def _serve(self, listeners: list[socket.socket], resources: Resources) -> None:
        app: Any = make_app(resources)
        config = uvicorn.Config(
            OneRequestEach(app) if self._shared else app,
            log_config=None,
            access_log=False,
            ws_max_size=MEDIA_MESSAGE_BYTES,
            ws=MediaWebSocketProtocol,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=int(GOODBYE_SECONDS),
        )
        for listener in listeners:
            open_up(listener)
        self.url = url_of(listeners[0]) if listeners else ""
        web = self._web = WebServer(config, self.listening)
        serving = asyncio.create_task(web.serve(sockets=listeners))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                await self._drain(resources)
                web.should_exit = True
            await serving
        finally:
            stopping.cancel()

    async def _outlive_calls(self) -> None:
        assert self.resources
        switchboard = self.resources.switchboard
        with suppress(TimeoutError):
            async with asyncio.timeout(RETIRE_SECONDS):
                while switchboard.calls:  # noqa: ASYNC110 - nobody waits for it
                    await asyncio.sleep(RETIRE_LOOK_SECONDS)
        await asyncio.sleep(LINGER_SECONDS)
        self.stop()

    async def _drain(self, resources: Resources) -> None:
        """Let the calls end; a second wish to stop cuts that short."""
        switchboard, patience = resources.switchboard, self._patience
        if patience is None:
            patience = resources.settings.DRAIN_SECONDS
        logger.info(
            f"stopping: no more calls are taken, live ones ({switchboard.live}) may go on for "
            f"{patience:g} s"
        )
        draining = asyncio.create_task(
            switchboard.drain(GOODBYE_SECONDS, STOPPING, patience=patience)
        )
        forced = asyncio.create_task(self._stop_now.wait())
        try:
            await asyncio.wait({draining, forced}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            draining.cancel()
            forced.cancel()
