"""Keeps the workers: so many, each replaced when it dies, all renewed on request."""

import asyncio
import time
from collections.abc import Sequence

from loguru import logger
from prometheus_client.multiprocess import mark_process_dead

from bot.embedded_models import Models
from bot.errors import TandemError
from bot.workers.child import Child
from bot.workers.table import Table

LOOK_SECONDS = 0.25
STEADY_SECONDS = 60.0
"""A worker that lived as long counts as one that works: its successor starts at once."""
PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next start, by how many died young in a row; the last one repeats."""
STOP_SECONDS = 45.0
"""After `patience` a worker takes 20 s for its calls' goodbyes, as much for its connections; then
it is killed."""


class Crew:
    """The worker processes of one server.

    Args:
        size: How many take calls.
        table: What they share.
        models: The embedded models, or None.
        figures: The folder in which they keep their figures for `/metrics`.
        pauses: Seconds before the next start, by how many died young in a row.
    """

    def __init__(
        self,
        size: int,
        table: Table,
        models: Models | None,
        figures: str,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.children: dict[int, Child] = {}
        self._size = size
        self._table = table
        self._models = models
        self._figures = figures
        self.served = asyncio.Event()
        self._pauses = pauses
        self._look_now = asyncio.Event()
        self._last_number = self._generation = 0
        self._young_deaths = 0
        self._not_before = 0.0
        self._stop_by: float | None = None
        self._patience = 0.0
        self._told: dict[int, tuple[bool, str]] = {}
        self._watching: set[asyncio.Task[None]] = set()
        self._failure: TandemError | None = None

    @property
    def serving(self) -> list[Child]:
        """The workers that answer requests; those that only finish their calls are the last."""
        found = [child for child in self.children.values() if child.serving]
        return sorted(found, key=lambda child: child.leaving)

    async def run(self) -> None:
        """Keep the workers until `stop()`, and then until all are gone.

        Raises:
            TandemError: the first ones could not start; the text says why.
        """
        try:
            while not self._failure and (self._stop_by is None or self.children):
                await self._look()
                await self._pause()
            if self._failure:
                raise self._failure
        finally:
            self.kill()
            await asyncio.gather(*self._watching, return_exceptions=True)

    def stop(self, patience: float) -> None:
        """Have no new calls taken, and every worker end after its last one.

        Args:
            patience: How long, in seconds, calls may go on before they are told goodbye.
        """
        if self._stop_by is None:
            logger.info("stopping: every worker ends its calls")
            self._patience = patience
            self._stop_by = time.monotonic() + patience + STOP_SECONDS
            self._look_now.set()

    def renew(self) -> None:
        """Replace the workers one after the other, a new one first; no call is touched."""
        if self._stop_by is None:
            logger.info("workers are renewed: new ones take the calls, old ones finish theirs")
            self._generation += 1
            self._look_now.set()

    def kill(self) -> None:
        """End every worker now."""
        for child in self.children.values():
            child.kill()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._look_now.wait()
        except TimeoutError:
            return
        self._look_now.clear()

    async def _look(self) -> None:
        for child in self.children.values():
            child.look()
        if self.serving:
            self.served.set()
        await self._tell_models()
        if self._stop_by is not None:
            await self._see_them_off(self._stop_by)
        else:
            await self._fill_up()

    async def _see_them_off(self, until: float) -> None:
        for child in list(self.children.values()):
            if time.monotonic() > until:
                logger.error(f"worker {child.number} does not stop and is ended")
                child.kill()
            elif not child.serving:
                child.kill()  # it is starting: it has no calls
            elif not child.stopping:
                child.stopping = True
                await child.order(do="stop", patience=self._patience)

    async def _fill_up(self) -> None:
        """Start what is missing; while the crew is renewed there is one more than usual."""
        staying = [child for child in self.children.values() if not child.leaving]
        old = [child for child in staying if child.generation < self._generation]
        wanted = self._size + bool(old)
        if len(staying) < wanted:
            for _ in range(wanted - len(staying)):
                await self._start_one()
        elif old and all(child.taking for child in staying if child not in old):
            leaver = old[0]
            leaver.leaving = True
            await leaver.order(do="retire")

    async def _start_one(self) -> None:
        row = self._table.free_row()
        if row is None or time.monotonic() < self._not_before:
            return
        self._last_number += 1
        url = self._models.base_url if self._models else ""
        try:
            child = await Child.start(
                self._last_number, self._generation, row, self._table, url, self._figures
            )
        except OSError as error:
            logger.error(f"a worker cannot be started: {error.strerror}")
            self._died_young()
            return
        self.children[child.number] = child
        task = asyncio.create_task(self._watch(child), name=f"worker {child.number}")
        self._watching.add(task)
        task.add_done_callback(self._watching.discard)

    async def _watch(self, child: Child) -> None:
        calls = 0
        waiting = asyncio.create_task(child.ended())
        while not waiting.done():
            calls = child.row.taken
            await asyncio.wait({waiting}, timeout=LOOK_SECONDS)
        how = waiting.result()
        mark_process_dead(child.pid, self._figures)  # type: ignore[no-untyped-call]
        del self.children[child.number]
        self._told.pop(child.number, None)
        self._look_now.set()
        if self._stop_by is not None or child.leaving:
            logger.info(f"worker {child.number} has left")
        elif child.failure or not child.serving:
            self._did_not_start(child, how)
        else:
            lost = f"its calls ({calls}) are lost" if calls else "it had no calls"
            logger.error(f"worker {child.number} {how}: {lost}, a new one is started")
            if time.monotonic() - child.began < STEADY_SECONDS:
                self._died_young()
            else:
                self._young_deaths = 0

    def _did_not_start(self, child: Child, how: str) -> None:
        reason = child.failure or f"worker {child.number} {how} before it served"
        if not self.served.is_set():
            self._failure = TandemError(reason)
            return
        logger.error(f"worker {child.number} could not start: {reason}; it is tried again")
        self._died_young()

    def _died_young(self) -> None:
        pause = self._pauses[min(self._young_deaths, len(self._pauses) - 1)]
        self._young_deaths += 1
        self._not_before = time.monotonic() + pause

    async def _tell_models(self) -> None:
        """Tell each worker how the embedded models are, when that has changed."""
        if self._models is None:
            return
        news = self._models.ready, self._models.status
        for child in self.children.values():
            if child.serving and self._told.get(child.number) != news:
                self._told[child.number] = news
                await child.order(do="models", ready=news[0], status=news[1])
