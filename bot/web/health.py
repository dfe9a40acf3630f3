"""`/health`, `/ready`, `/health/llm` and `/metrics`. None of them is on a call's path."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from loguru import logger
from prometheus_client import CONTENT_TYPE_LATEST

from bot.health.metrics import Metrics, Now
from bot.health.traces import Traces
from bot.settings import Settings
from bot.store.recorder import Recorder
from bot.store.records import Record
from bot.web import guard

UPDATE_SECONDS = 1.0
"""Between two looks at how the process is; what several processes share must be written down."""
SCRAPE_SECONDS = 1.0
"""How long a scrape is good for."""


class HealthDesk:
    """Keeps the figures of this process.

    Args:
        settings: The server's settings.
        recorder: Followed for calls, turns and errors.
        worker: This process's number, 0 when it is alone.
        now: How the process is at the moment.
    """

    def __init__(
        self, settings: Settings, recorder: Recorder, worker: int, now: Callable[[], Now]
    ) -> None:
        self._now = now
        self._metrics = Metrics(several=worker > 0)
        self._traces = Traces.from_settings(settings, worker)
        self._scraping = asyncio.Lock()
        self._text, self._at = b"", -SCRAPE_SECONDS
        self._followers = [self._metrics.record]
        if self._traces:
            self._followers.append(self._traces.record)
        recorder.followers.append(self._follow)

    def _follow(self, record: Record) -> None:
        """Count a record; what fails here (a full disk, say) must not keep it from the store."""
        for follow in self._followers:
            try:
                follow(record)
            except Exception as error:
                logger.warning(f"a {record.kind} was not counted: {error!r}")

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Keep the figures true while the block runs."""
        updating = asyncio.create_task(self._update(), name="metrics")
        try:
            yield
        finally:
            updating.cancel()
            await asyncio.gather(updating, return_exceptions=True)
            if self._traces:
                await self._traces.close()

    async def scrape(self) -> bytes:
        """Prometheus's text, at most a second old."""
        async with self._scraping:
            if time.monotonic() - self._at >= SCRAPE_SECONDS:
                self._metrics.update(self._now())
                self._text = await asyncio.to_thread(self._metrics.text)
                self._at = time.monotonic()
            return self._text

    async def _update(self) -> None:
        while True:
            try:
                self._metrics.update(self._now())
            except Exception:  # figures that stop would look like a process that is well
                logger.exception("metrics could not be updated")
            await asyncio.sleep(UPDATE_SECONDS)


def health_router(
    settings: Settings,
    desk: HealthDesk,
    ready: Callable[[], dict[str, Any]],
    active_mode: Callable[[], Awaitable[dict[str, Any]]],
) -> APIRouter:
    """Return the routes. Providers and figures are for programs on this machine and for who brings
    the operator's token.

    Args:
        settings: The server's settings.
        desk: Has the figures.
        ready: What `/ready` answers; 503 unless its `ready` is true.
        active_mode: What `/health/llm` answers; 503 unless its `well` is true.
    """
    router = APIRouter()

    def allowed(request: Request) -> None:
        if not guard.local(request):
            guard.operator(settings, request)

    @router.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/ready")
    async def is_ready() -> JSONResponse:
        found = ready()
        return JSONResponse(found, 200 if found["ready"] else 503)

    @router.get("/health/llm")
    async def health_llm(request: Request) -> JSONResponse:
        allowed(request)
        found = await active_mode()
        return JSONResponse(found, 200 if found["well"] else 503)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        allowed(request)
        return Response(await desk.scrape(), headers={"content-type": CONTENT_TYPE_LATEST})

    return router
