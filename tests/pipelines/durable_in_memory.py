"""Durable workflows without DBOS, for virtual time: its threads hold the clock while they compute.

Nothing survives the process; `tests/openclaw` has the real thing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from threading import Thread, current_thread
from types import SimpleNamespace
from typing import Any

from tests.fixtures.virtual_time import VirtualTime


class InMemory:
    """Takes the place of `Durable`; `clock` is the test's."""

    clock: VirtualTime

    def __init__(self, server_id: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._bodies: dict[str, Callable[..., Any]] = {}
        self._all: dict[str, Any] = {}
        self._notes: dict[tuple[str, str], Any] = {}
        self._open = True
        self._crossings: set[Any] = set()
        self._ids: dict[Thread, str] = {}

    async def open(self, _: str, workflows: dict[str, Callable[..., Any]]) -> None:
        self._bodies = workflows

    async def close(self) -> None:
        self._open = False
        for crossing in list(self._crossings):
            crossing.cancel()
        threads = list(self._ids)
        await asyncio.to_thread(lambda: [thread.join() for thread in threads])

    async def start(self, name: str, workflow_id: str, user: str, *args: Any) -> None:
        if workflow_id in self._all:
            return
        made = SimpleNamespace(
            name=name, workflow_id=workflow_id, user=user, input={"args": args},
            status="PENDING", output=None, done=asyncio.Event(),
        )  # fmt: skip
        self._all[workflow_id] = made
        thread = Thread(target=self._run, args=(made,))
        self._ids[thread] = workflow_id
        self.clock._held += 1
        thread.start()

    async def result(self, workflow_id: str) -> Any:
        made = self._all[workflow_id]
        await made.done.wait()
        return made.output

    async def list(self, name: str, **wanted: Any) -> list[Any]:
        status = wanted.get("status")
        statuses = [status] if isinstance(status, str) else status
        user, prefix = wanted.get("user"), wanted.get("workflow_id_prefix", "")
        return [
            made
            for made in self._all.values()
            if made.name == name
            and (user is None or made.user == user)
            and (statuses is None or made.status in statuses)
            and made.workflow_id.startswith(prefix)
        ]

    async def adopt(self, living: Iterable[str]) -> int:
        return 0

    async def forget(self, before: str) -> None:
        return

    def note(self, key: str, value: Any) -> None:
        self._notes[self._ids[current_thread()], key] = value

    async def noted(self, workflow_id: str, key: str) -> Any:
        return self._notes.get((workflow_id, key))

    def step(self, name: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return self.on_loop(work)

    def on_loop(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        async def crossing() -> Any:
            self.clock._held -= 1
            try:
                return await work()
            finally:
                self.clock._held += 1

        if not self._open:
            raise SystemExit
        future = asyncio.run_coroutine_threadsafe(crossing(), self._loop)
        self._crossings.add(future)
        try:
            return future.result()
        finally:
            self._crossings.discard(future)

    def _run(self, made: Any) -> None:
        output: Any = None
        status = "ERROR"
        try:
            output, status = self._bodies[made.name](*made.input["args"]), "SUCCESS"
        except BaseException as error:
            output = error
        self._loop.call_soon_threadsafe(self._ended, made, status, output)

    def _ended(self, made: Any, status: str, output: Any) -> None:
        self.clock._held -= 1
        made.status, made.output = status, output
        made.done.set()
