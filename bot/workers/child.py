"""One worker as its parent sees it: a process, its line, its row in the table."""

import asyncio
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress
from typing import Any, Self

from loguru import logger

from bot.settings import ROOT
from bot.workers.channel import Channel, pair
from bot.workers.table import Row, State, Table

SLOW_SECONDS = 3.0
"""After which a worker whose event loop stands still is given no new calls."""
HUNG_SECONDS = 60.0
"""After which it is killed: nobody hears a call of such a worker any more."""


class Child:
    """A worker process. `number` is never used again by another; `failure` is why it gave up."""

    def __init__(self, number: int, generation: int, row: Row, process: Process) -> None:
        self.number = number
        self.generation = generation
        self.row = row
        self.began = time.monotonic()
        self.serving = False
        self.leaving = self.stopping = False
        self.failure = ""
        self.recent = 0
        self._process = process
        self._channel: Channel | None = None

    @classmethod
    async def start(
        cls, number: int, generation: int, row: Row, table: Table, models_url: str, figures: str
    ) -> Self:
        """Start a worker; it says when it serves.

        Raises:
            TandemError: this system has not what workers need.
            OSError: the process cannot be started.
        """
        ours, theirs = pair()
        row.state = State.STARTING
        row.beat()
        handed = theirs.fileno(), table.descriptor
        # prometheus_client reads this variable as it is loaded.
        command = ["env", f"PROMETHEUS_MULTIPROC_DIR={figures}"]
        command += [sys.executable, "-m", "bot.workers", str(number), str(row.index)]
        command += [str(handed[0]), str(handed[1]), models_url, figures]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=DEVNULL,
                cwd=ROOT,
                pass_fds=handed,
                start_new_session=True,  # a Ctrl-C is the front's alone
            )
        except BaseException:
            ours.close()
            row.empty()
            raise
        finally:
            theirs.close()
        child = cls(number, generation, row, process)
        child._channel = Channel(ours, child._noted)
        return child

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def slow(self) -> bool:
        """Whether its event loop stands still just now."""
        return self.row.silent_for > SLOW_SECONDS

    @property
    def taking(self) -> bool:
        """Whether it takes new calls."""
        return self.serving and not self.leaving and self.row.state is State.TAKING

    @property
    def load(self) -> int:
        """How many calls it has, those under way to it included."""
        return self.row.taken + self.recent

    async def hand(self, connection: socket.socket, received: bytes) -> None:
        """Give it a connection; OSError when it is gone."""
        assert self._channel
        await self._channel.connection(connection, received)

    async def order(self, **what: Any) -> None:
        """Tell it what to do; nothing if it is gone."""
        assert self._channel
        with suppress(OSError):
            await self._channel.note(**what)

    def look(self) -> None:
        """Kill it if it hangs."""
        if self.serving and self.row.silent_for > HUNG_SECONDS:
            logger.error(f"worker {self.number} has hung for {HUNG_SECONDS:.0f} s and is ended")
            self.kill()

    def kill(self) -> None:
        """End it now."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def ended(self) -> str:
        """Wait for the end of the process, give back what it had, and say how it ended."""
        code = await self._process.wait()
        assert self._channel
        # What it said last may not have been read yet.
        await asyncio.sleep(0)
        self._channel.close()
        self.row.empty()
        return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"

    def _noted(self, note: dict[str, Any]) -> None:
        self.serving = self.serving or bool(note.get("serving"))
        self.failure = str(note.get("failure", self.failure))
