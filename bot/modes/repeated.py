"""Work that is done again and again in the background, and may fail for a while."""

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger

Tell = Callable[[str], None]
"""Writes a line for the operator."""


class Repeated:
    """Does `work` every `seconds` until it is closed. Each trouble is told once, and so is the end.

    Args:
        name: What it is, for the operator's line.
        seconds: Between the end of one time and the next.
        work: What is done.
        tell: Writes a line for the operator.
    """

    def __init__(
        self, name: str, seconds: float, work: Callable[[], Awaitable[None]], tell: Tell
    ) -> None:
        self.name = name
        self._seconds = seconds
        self._work = work
        self._tell = tell
        self._task: asyncio.Task[None] | None = None
        self._told: set[str] = set()
        self.trouble = ""

    def start(self, *, at_once: bool = False) -> None:
        """Begin, with a pause first unless it is to be done `at_once`."""
        if self._task is None:
            first = 0.0 if at_once else self._seconds
            self._task = asyncio.create_task(self._run(first), name=self.name)

    async def once(self) -> None:
        """Do it now."""
        try:
            await self._work()
        except Exception as error:
            self.trouble = " ".join(str(error).split()) or type(error).__name__
            if self.trouble not in self._told:
                self._told.add(self.trouble)
                self._tell(f"{self.name}: {self.trouble}")
                logger.opt(exception=error).debug(self.name)
        else:
            if self.trouble:
                self._tell(f"{self.name}: well again")
            self.trouble = ""
            self._told.clear()

    async def close(self) -> None:
        """Do it no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self, pause: float) -> None:
        while True:
            await asyncio.sleep(pause)
            await self.once()
            pause = self._seconds
