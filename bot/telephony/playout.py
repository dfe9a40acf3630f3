"""What the caller has heard: a clock of the far end's audio buffer, set right by its marks.

Twilio plays what it is sent in order, at real time, and returns a mark when the audio before it
has been played. Between marks a local clock fills in. `clear` throws away what was not played yet.
Readers: the transport, which paces itself by it; the interruption logic, which must not believe
that a sentence was heard because it was sent; and the hang-up, which waits for the last word.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

MARK_SECONDS = 1.0
"""How long after its due time a mark is still waited for."""
_LAG_LIMIT = 2.0


@dataclass(slots=True)
class _Mark:
    position: float  # seconds of kept audio before the mark
    due: float  # when the local clock says that it is reached
    passed: asyncio.Event


class Playout:
    """The far end's playing of one call's audio. Seconds count from the start of the call.

    Args:
        send_mark: Sends a mark with the given name to the far end.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        send_mark: Callable[[str], Awaitable[None]],
        clock: Callable[[], float] = lambda: time.monotonic(),
    ) -> None:
        self._send_mark = send_mark
        self._clock = clock
        self._sent = 0.0
        self._ends = clock()
        self._lag = 0.0
        self._heard = 0.0
        self._marks: dict[str, _Mark] = {}
        self._names = 0

    @property
    def sent_seconds(self) -> float:
        """Audio sent and not thrown away."""
        return self._sent

    @property
    def buffered_seconds(self) -> float:
        """Audio that was sent and, by the local clock alone, is not played yet."""
        return max(0.0, self._ends - self._clock())

    @property
    def played_seconds(self) -> float:
        """Audio that the caller has heard, counting the delay that the marks have shown."""
        waiting = max(0.0, self._ends + self._lag - self._clock())
        self._heard = max(self._heard, min(self._sent, self._sent - waiting))
        return self._heard

    @property
    def lag_seconds(self) -> float:
        """How much later than the local clock the last mark came: network and far-end buffer."""
        return self._lag

    def sent(self, seconds: float) -> None:
        """Count audio that has just been sent."""
        self._ends = max(self._ends, self._clock()) + seconds
        self._sent += seconds

    def cleared(self) -> None:
        """The far end was told to throw away what it has not played."""
        self._sent = self.played_seconds
        self._ends = self._clock()
        for mark in self._marks.values():
            mark.passed.set()
        self._marks.clear()

    async def mark(self) -> asyncio.Event:
        """Send a mark behind the audio sent so far; the event is set when it comes back."""
        self._names += 1
        name = f"m{self._names}"
        mark = _Mark(self._sent, max(self._ends, self._clock()), asyncio.Event())
        self._marks[name] = mark
        await self._send_mark(name)
        return mark.passed

    def marked(self, name: str) -> None:
        """Take a mark that came back; unknown and outdated ones are ignored."""
        mark = self._marks.pop(name, None)
        if mark is None:
            return
        self._lag = min(_LAG_LIMIT, max(0.0, self._clock() - mark.due))
        self._heard = max(self._heard, mark.position)
        mark.passed.set()

    async def drained(self, timeout: float | None = None) -> bool:
        """Wait until the caller has heard everything that was sent.

        Args:
            timeout: Seconds; None allows the buffered audio and `MARK_SECONDS` more.

        Returns:
            Whether the far end said so in time.
        """
        limit = self.buffered_seconds + MARK_SECONDS if timeout is None else timeout
        passed = await self.mark()
        try:
            async with asyncio.timeout(limit):
                await passed.wait()
        except TimeoutError:
            return False
        return True
