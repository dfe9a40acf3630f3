"""The front: one port, and for each connection the worker that it belongs to."""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable
from tempfile import TemporaryDirectory

from loguru import logger

from bot.embedded_models import start_embedded
from bot.listener import bind, open_up, url_of
from bot.modes.config import load_config
from bot.modes.mode import standby_plan
from bot.settings import Settings
from bot.workers.child import Child
from bot.workers.crew import Crew
from bot.workers.request import BODY_LIMIT, HEAD_LIMIT, FirstRequest, Wanted
from bot.workers.table import Table

REQUEST_SECONDS = 10.0
"""How long a client may take to send what tells its worker."""
WORKER_SECONDS = 12.0
"""How long a request waits for a worker while there is none; Twilio waits for 15 s."""
UNDECIDED = 1000
"""Connections that may be in the front's hands at once; one more is closed."""
RECENT_SECONDS = 0.5
"""How long a call that was sent to a worker counts there before the worker must have counted it."""
_REMEMBERED = 10_000
_READ = 64 * 1024
_NO_DESCRIPTORS_SECONDS = 0.1
_NOBODY = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\n"
    b"content-type: text/plain\r\ncontent-length: 28\r\n\r\nno worker answers just now.\n"
)


class Front:
    """Tandem on one address with several processes. Used as `bot.server.Server` is.

    Args:
        settings: The settings; the workers read theirs themselves, from the same places.
        progress: Told lines about long work.
    """

    def __init__(self, settings: Settings, progress: Callable[[str], None] = logger.info) -> None:
        self._settings = settings
        self._progress = progress
        self._crew: Crew | None = None
        self._undecided: set[asyncio.Task[None]] = set()
        self._sent: OrderedDict[str, int] = OrderedDict()
        self.listening = asyncio.Event()
        self.url = ""

    async def run(self) -> None:
        """Serve until `stop()`.

        Raises:
            TandemError: the server cannot start; the text says why.
        """
        plan = standby_plan(self._settings, load_config(self._settings))
        table = Table.create()
        listener = bind(self._settings.HOST, self._settings.PORT)
        figures = TemporaryDirectory(prefix="tandem-figures-")
        models = None
        running: list[asyncio.Task[None]] = []
        try:
            models = await start_embedded(self._settings, plan, self._progress)
            crew = self._crew = Crew(self._settings.WORKERS, table, models, figures.name)
            self.url = url_of(listener)
            running.append(asyncio.create_task(crew.run()))
            running.append(asyncio.create_task(self._accept(listener, crew)))
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()
        finally:
            tasks = [*self._undecided, *running]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            listener.close()
            if models:
                await models.stop()
            table.close()
            figures.cleanup()

    def stop(self) -> None:
        """Take no more calls, let the live ones go on for `DRAIN_SECONDS`, then end them."""
        if self._crew:
            self._crew.stop(self._settings.DRAIN_SECONDS)

    def stop_now(self) -> None:
        """Stop, whoever still talks."""
        logger.warning("stopping now, whoever still talks")
        if self._crew:
            self._crew.stop(0)
            self._crew.kill()

    def renew(self) -> None:
        """Replace every worker by a new process; the old ones finish their calls."""
        if self._crew:
            self._crew.renew()

    async def _accept(self, listener: socket.socket, crew: Crew) -> None:
        loop = asyncio.get_running_loop()
        await crew.served.wait()  # a start that fails takes nobody's call
        open_up(listener)
        listener.setblocking(False)
        self.listening.set()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:  # out of descriptors, or a client that is gone again
                logger.warning(f"a connection could not be accepted: {error.strerror}")
                await asyncio.sleep(_NO_DESCRIPTORS_SECONDS)
                continue
            if len(self._undecided) >= UNDECIDED:
                connection.close()
                continue
            task = asyncio.create_task(self._place(connection, crew))
            self._undecided.add(task)
            task.add_done_callback(self._undecided.discard)

    async def _place(self, connection: socket.socket, crew: Crew) -> None:
        """Read whom a connection is for, and hand it over."""
        with connection:
            try:
                connection.setblocking(False)
                async with asyncio.timeout(REQUEST_SECONDS):
                    wanted, received = await _read(connection)
                if wanted:
                    await self._hand(connection, wanted, received, crew)
            except (OSError, TimeoutError) as error:
                logger.debug(f"a connection was given up: {error!r}")

    async def _hand(
        self, connection: socket.socket, wanted: Wanted, received: bytes, crew: Crew
    ) -> None:
        try:
            async with asyncio.timeout(WORKER_SECONDS):
                while True:
                    child = self._choose(wanted, crew)
                    if child is None:
                        await asyncio.sleep(0.1)
                        continue
                    try:
                        return await child.hand(connection, received)
                    except OSError:  # it has just died; the next is chosen when that is known
                        await asyncio.sleep(0.1)
        except TimeoutError:
            await asyncio.get_running_loop().sock_sendall(connection, _NOBODY)

    def _choose(self, wanted: Wanted, crew: Crew) -> Child | None:
        """The worker that has the call, else the least busy one; None while there is none."""
        named = wanted.worker or self._sent.get(wanted.call_sid, 0)
        child = crew.children.get(named)
        if child and child.serving and not (wanted.new_call and child.leaving):
            return child
        found = crew.serving
        if not found:
            return None
        child = min(found, key=lambda c: (c.leaving, not c.taking, c.slow, c.load, c.number))
        if wanted.new_call:
            self._count(child)
            if wanted.call_sid:
                self._remember(wanted.call_sid, child.number)
        return child

    def _count(self, child: Child) -> None:
        child.recent += 1

        def forget() -> None:
            child.recent -= 1

        asyncio.get_running_loop().call_later(RECENT_SECONDS, forget)

    def _remember(self, call_sid: str, number: int) -> None:
        self._sent[call_sid] = number
        self._sent.move_to_end(call_sid)
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)


async def _read(connection: socket.socket) -> tuple[Wanted | None, bytes]:
    """What is wanted on a connection, and all that was read of it; None if it ends before."""
    loop = asyncio.get_running_loop()
    request, received = FirstRequest(), b""
    while len(received) <= HEAD_LIMIT + BODY_LIMIT:
        data = await loop.sock_recv(connection, _READ)
        if not data:
            return None, received
        received += data
        if wanted := request.feed(data):
            return wanted, received
    return Wanted(), received
