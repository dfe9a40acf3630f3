"""A worker's program; its parent starts it:
`python -m bot.workers NUMBER ROW LINE TABLE URL FIGURES`.

NUMBER names the worker, ROW is its row in the shared table, LINE and TABLE are descriptors, URL is
where the embedded models are or '', FIGURES the folder in which `/metrics` has its files.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop
from loguru import logger

from bot.errors import TandemError
from bot.logs import set_up_logs
from bot.memory import tune
from bot.settings import Settings
from bot.workers.channel import Channel
from bot.workers.models import ParentsModels
from bot.workers.table import SharedPlaces, State, Table

if TYPE_CHECKING:
    from loguru import Record

    from bot.resources import Resources
    from bot.server import Server

LOOK_SECONDS = 0.25
RETIRE_AFTER_SECONDS = 2.0
"""Requests that the front sent before it knew are still answered as usual."""
ORPHAN_SECONDS = 45.0
"""How long a worker that lost its parent may take to end its calls."""


class Worker:
    """Serves the connections that the front hands over."""

    def __init__(
        self, number: int, row: int, line: int, table: int, models_url: str, figures: str
    ) -> None:
        self._figures = Path(figures)
        self._orphaned = False
        self._number = number
        self._table = Table(table)
        self._row = self._table.row(row)
        self._line = socket.socket(fileno=line)
        self._models = ParentsModels(models_url) if models_url else None
        self._server: Server | None = None

    async def run(self) -> None:
        """Serve until the front says otherwise, or is gone.

        Raises:
            TandemError: this worker cannot start; the front was told why.
        """
        channel = Channel(self._line, self._obey, self._adopt, self._lose_parent)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stop)
        try:
            settings = Settings.load()
            self._set_up_logs(settings)
            server = self._server = self._make_server(settings)
            looking = asyncio.create_task(self._look(channel, server))
            try:
                await server.run()
            finally:
                looking.cancel()
        except TandemError as error:
            await channel.note(failure=str(error))
            raise
        finally:
            channel.close()
            if self._orphaned:
                self._tidy()

    def _make_server(self, settings: Settings) -> "Server":
        from bot.resources import Shared  # takes seconds to load; the logs are set up first
        from bot.server import Server

        places = SharedPlaces(self._table, self._row, settings.MAX_CALLS)
        return Server(settings, shared=Shared(self._number, places, self._models))

    def _set_up_logs(self, settings: Settings) -> None:
        def say_who(record: "Record") -> None:
            record["message"] = f"worker {self._number}: {record['message']}"

        set_up_logs(settings)
        logger.configure(patcher=say_who)

    async def _look(self, channel: Channel, server: "Server") -> None:
        """Keep this worker's row true, and let tokens expire even when nobody asks."""
        serving = False
        while True:
            self._row.beat()
            if server.resources:
                server.resources.switchboard.expire()
                self._row.state = self._state(server.resources)
            if not serving and server.listening.is_set():
                serving = True
                await channel.note(serving=True)
            await asyncio.sleep(LOOK_SECONDS)

    def _state(self, resources: "Resources") -> State:
        if resources.switchboard.closed:
            return State.LEAVING
        return State.WARMING if resources.ready() else State.TAKING

    def _adopt(self, connection: socket.socket, received: bytes) -> None:
        if self._server:
            self._server.adopt(connection, received)

    def _stop(self, patience: float | None = None) -> None:
        """Let calls go on for so many seconds, then end; an orphan has no time for that."""
        if self._server:
            self._server.stop(patience)
        else:
            raise SystemExit(0)

    def _lose_parent(self) -> None:
        self._orphaned = True
        self._stop(0)

    def _tidy(self) -> None:
        """Remove what the parent would have removed; the last one removes the folder."""
        for path in self._figures.glob("*_*.db"):
            written_by = int(path.stem.rpartition("_")[2])
            if written_by == os.getpid() or not _lives(written_by):
                path.unlink(missing_ok=True)
        with suppress(OSError):
            self._figures.rmdir()

    def _obey(self, order: dict[str, Any]) -> None:
        if order["do"] == "stop":
            self._stop(order["patience"])
        elif order["do"] == "retire" and self._server:
            loop = asyncio.get_running_loop()
            loop.call_later(RETIRE_AFTER_SECONDS, self._server.retire)
        elif order["do"] == "models" and self._models:
            self._models.hear(order["ready"], order["status"])


def _lives(process: int) -> bool:
    """Whether there is such a process of ours."""
    try:
        os.kill(process, 0)
    except OSError:  # gone, or somebody else's by now
        return False
    return True


def _end_with_parent(parent: int) -> None:
    """End this process for good some time after its parent, even if its event loop hangs."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        time.sleep(ORPHAN_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def main() -> int:
    """Read the command line and serve; returns the exit code."""
    number, row, line, table = (int(text) for text in sys.argv[1:5])
    _end_with_parent(os.getppid())
    tune()
    try:
        worker = Worker(number, row, line, table, *sys.argv[5:7])
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(worker.run())
    except TandemError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
