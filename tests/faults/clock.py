"""Virtual time for many calls at once, and which of them a task belongs to."""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from tests.fixtures.virtual_time import VirtualTime, _free_kept_clocks

STEP = 0.005
"""Seconds. The clock stands on multiples of it only, so that the calls' timers fall together: what
a jump costs is paid once for all of them."""
REALLY_SECONDS = 60.0
"""Real ones, for a thread on a machine that is busy."""
OWNER: ContextVar[object] = ContextVar("owner", default=None)
"""Whose task it is; inherited by the tasks that a task begins."""


class Steps(VirtualTime):
    """Virtual time that jumps from step to step."""

    def _wait(self, timeout: float | None = None) -> list[Any]:
        if self._held and (timeout is None or timeout > 0):
            return self._select(REALLY_SECONDS)
        before = self._now
        events = super()._wait(timeout)
        if not events and timeout and self._now > before + timeout / 2:
            self._now = math.ceil(self._now / STEP) * STEP
        return events


class Tasks:
    """Knows the tasks of every owner."""

    def __init__(self) -> None:
        self._owners: WeakKeyDictionary[asyncio.Task[Any], object] = WeakKeyDictionary()

    def of(self, owner: object) -> list[asyncio.Task[Any]]:
        """An owner's tasks that are not done."""
        return [t for t, whose in list(self._owners.items()) if whose is owner and not t.done()]

    def make(self, loop: asyncio.AbstractEventLoop, work: Any, **kwargs: Any) -> asyncio.Task[Any]:
        """The loop's task factory."""
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **kwargs)
        context = kwargs.get("context")
        self._owners[task] = context.get(OWNER) if context else OWNER.get()
        return task


@contextmanager
def on_virtual_time() -> Iterator[tuple[Steps, Tasks]]:
    """The running loop is on virtual time, and its tasks are known, while the block runs."""
    loop, tasks = asyncio.get_running_loop(), Tasks()
    _free_kept_clocks()
    clock = Steps(loop)
    with pytest.MonkeyPatch.context() as patch:
        clock.install(patch)
        loop.set_task_factory(tasks.make)
        try:
            yield clock, tasks
        finally:
            loop.set_task_factory(None)
