"""The one task that writes what the recorder queued: in order, again and again until it holds.

Who reads its log lines is the operator: one line when the database goes away, a reminder every
five minutes, one when it is back, and one for each record that can never be written.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence

from loguru import logger
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import records, servers
from bot.store.backlog import Backlog
from bot.store.failures import blames_record, kind_of
from bot.store.records import Record
from bot.store.store import Store

BATCH = 200
"""Records in one transaction: a second's worth of some fifty calls."""

GATHER_SECONDS = 0.05
"""Pause before a transaction, in which records of other calls join it: one write for them all
costs less than half the processor time."""

WRITE_SECONDS = 20.0
"""After which a transaction counts as failed; longer than any driver's own timeout here."""

REMIND_SECONDS = 300.0

Retry = tuple[float, float]
Work = Callable[[AsyncConnection], Awaitable[None]]


class Writer:
    """Writes a backlog to a store, and beats this server's heart there.

    Args:
        store: where to write.
        backlog: what to write.
        written_off: called when another server had taken this one for dead.
        retry: seconds to the first new try after a failure, and at most between two.
        beat: seconds between two heartbeats.
    """

    def __init__(
        self,
        store: Store,
        backlog: Backlog,
        written_off: Callable[[], None],
        retry: Retry,
        beat: float,
    ) -> None:
        self._store = store
        self._backlog = backlog
        self._written_off = written_off
        self._retry = retry
        self._beat = beat
        self._next_beat = 0.0
        self._statements = records.statements(store.dialect)
        self._away_since: float | None = None
        self._remind_at = 0.0
        self._progress = asyncio.Condition()
        self.in_flight: list[Record] = []
        self._in_flight_from: int | None = None
        self.unwritable = 0

    async def run(self) -> None:
        """Write for ever; ends only by being cancelled."""
        while True:
            try:
                await self._once()
            except Exception as error:
                # A mistake of ours; what was queued later must not suffer for it.
                logger.error(f"store: the writer stumbled over {kind_of(error)}; it goes on")
                await asyncio.sleep(self._retry[0])

    async def reached(self, number: int) -> None:
        """Wait until the record of that number, and all before it, are written or given up."""

        def done() -> bool:
            oldest = self._in_flight_from if self.in_flight else self._backlog.oldest
            return oldest is None or oldest > number

        async with self._progress:
            await self._progress.wait_for(done)

    async def farewell(self) -> None:
        """Tell the neighbours that this server stops; one try, which raises what went wrong."""
        async with self._store.writing() as connection:
            await servers.farewell(connection, self._store.server)

    async def _once(self) -> None:
        if time.monotonic() >= self._next_beat:
            await self._insist(self._heartbeat)
            self._next_beat = time.monotonic() + self._beat
        try:
            async with asyncio.timeout_at(self._loop_time(self._next_beat)):
                await self._backlog.filled()
        except TimeoutError:
            return
        if len(self._backlog) < BATCH:
            await asyncio.sleep(GATHER_SECONDS)
        self._in_flight_from = self._backlog.oldest
        self.in_flight = self._backlog.take(BATCH)
        try:
            await self._write(self.in_flight)
        finally:
            self.in_flight = []
            async with self._progress:
                self._progress.notify_all()

    @staticmethod
    def _loop_time(moment: float) -> float:
        return asyncio.get_running_loop().time() + moment - time.monotonic()

    async def _heartbeat(self, connection: AsyncConnection) -> None:
        alive = await servers.beat(connection, self._store.server)
        count = await servers.reap(connection, self._store.server)
        if count:
            logger.warning(f"store: {count} calls of dead servers were left open; marked failed")
        if not alive:
            logger.warning("store: another server had taken this one for dead; its calls go on")
            self._written_off()

    async def _write(self, batch: Sequence[Record]) -> None:
        """All at once; one by one when one of them is at fault."""
        try:
            await self._insist(self._writes(batch))
        except Exception as error:
            if len(batch) == 1:
                self.unwritable += 1
                logger.error(f"store: a {batch[0].kind} cannot be written: {kind_of(error)}")
                return
            for record in batch:
                await self._write([record])

    def _writes(self, batch: Sequence[Record]) -> Work:
        async def work(connection: AsyncConnection) -> None:
            await records.write(connection, batch, self._statements)

        return work

    async def _insist(self, work: Work) -> None:
        """Do `work` in a transaction, as often as it takes. Raises only what no retry can mend."""
        pause, longest = self._retry
        while True:
            try:
                async with asyncio.timeout(WRITE_SECONDS), self._store.writing() as connection:
                    await work(connection)
            except Exception as error:
                if blames_record(error):
                    raise
                self._away(error)
            else:
                self._back()
                return
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            pause = min(2 * pause, longest)

    def _away(self, error: Exception) -> None:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = self._remind_at = now
        if now >= self._remind_at:
            self._remind_at = now + REMIND_SECONDS
            reason = self._store.reason(error)
            logger.error(f"store: {self._store.shown} takes no writes, calls go on: {reason}")

    def _back(self) -> None:
        if self._away_since is not None:
            seconds = time.monotonic() - self._away_since
            waiting = len(self._backlog) + len(self.in_flight)
            logger.warning(f"store: writes again after {seconds:.1f} s, {waiting} records waited")
            self._away_since = None
