"""The way of an answer's frames to the caller: one voice at a time."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from pipecat.frames.frames import Frame

OTHER_SECONDS = 3.0
"""How long another voice may take to make its sentence; then it has failed."""


class Mouth:
    """Sends an answer's frames on, and keeps them while another voice makes a sentence.

    Args:
        push: Sends a frame on.
    """

    def __init__(self, push: Callable[[Frame], Awaitable[None]]) -> None:
        self._push = push
        self._kept: deque[Frame] = deque()
        self._closed = False
        self._timer: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Another voice has a sentence to say."""
        self._closed = True
        self._stop_timer()
        self._timer = asyncio.create_task(self._wait())

    async def open(self) -> None:
        """The other voice has made its sentence."""
        if not self._closed:
            return
        self._stop_timer()
        while self._kept:  # what comes meanwhile queues up behind
            await self._push(self._kept.popleft())
        self._closed = False

    def shut_up(self) -> None:
        """Nothing of what is kept is to be said any more."""
        self._stop_timer()
        self._kept.clear()
        self._closed = False

    async def say(self, frames: Iterable[Frame]) -> None:
        """Send frames on, or keep them."""
        for frame in frames:
            if self._closed:
                self._kept.append(frame)
            else:
                await self._push(frame)

    async def _wait(self) -> None:
        await asyncio.sleep(OTHER_SECONDS)
        self._timer = None
        await self.open()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer and timer is not asyncio.current_task():
            timer.cancel()
