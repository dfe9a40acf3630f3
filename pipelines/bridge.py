"""What is said while an answer takes long, so that nobody asks 'hello?'."""

import asyncio
from collections.abc import Awaitable, Callable

HOLD_ON_SECONDS = 4.5
"""Silence after the caller's last sound from which people ask 'hello?'."""
HOLD_ON_AGAIN_SECONDS = 15.0
MOST_TIMES = 4
"""After so many and another `HOLD_ON_AGAIN_SECONDS`, a minute in all, no answer comes any more."""


class Bridge:
    """Says that it takes a moment, now and then, until it is stopped.

    Args:
        say: Says it.
        lost: Called once it was said often enough.
    """

    def __init__(
        self, say: Callable[[], Awaitable[None]], lost: Callable[[], Awaitable[None]]
    ) -> None:
        self._say, self._lost = say, lost
        self._task: asyncio.Task[None] | None = None

    @property
    def waits(self) -> bool:
        """Whether something will be said unless it is stopped."""
        return self._task is not None

    def restart(self, seconds: float = HOLD_ON_SECONDS) -> None:
        """Say it in so many seconds."""
        self.stop()
        self._task = asyncio.create_task(self._run(seconds))

    def stop(self) -> asyncio.Task[None] | None:
        """Say nothing; returns what was stopped."""
        task, self._task = self._task, None
        if task:
            task.cancel()
        return task

    async def _run(self, wait: float) -> None:
        for _ in range(MOST_TIMES):
            await asyncio.sleep(wait)
            await self._say()
            wait = HOLD_ON_AGAIN_SECONDS
        await asyncio.sleep(wait)
        self._task = None
        await self._lost()
