"""What is said while an answer takes long, so that nobody asks 'hello?'."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

HOLD_ON_AGAIN_SECONDS = 15.0
MOST_TIMES = 4
"""After so many and another `HOLD_ON_AGAIN_SECONDS`, a minute in all, no answer comes any more."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller is left in silence. Seconds.

    `hold_on`: from the end of the caller's sound (known 0.2 s late) until they are asked to hold
    on. `written`: more, from the answer's first word, for that will sound soon; but no more than
    `latest` in all.
    """

    hold_on: float
    written: float
    latest: float = math.inf


FAST = Patience(2.4, 1.0, 2.5)
"""Whatever fails, the caller hears something within 3 s: a voice that was asked by then begins in
time."""
SLOW = Patience(4.5, 4.5)
"""Where models share the machine with the calls, most answers take longer than that: said from the
silence on after which people ask 'hello?', or it would be said each time."""


FILLED_SECONDS = 4.5
"""After "let me check": the caller knows that there is something to wait for."""


class Bridge:
    """Says that it takes a moment, now and then, until it is stopped.

    Args:
        say: Says it.
        lost: Called once it was said often enough.
        patience: When.
    """

    def __init__(
        self,
        say: Callable[[], Awaitable[None]],
        lost: Callable[[], Awaitable[None]],
        patience: Patience,
    ) -> None:
        self._say, self._lost, self._patience = say, lost, patience
        self._task: asyncio.Task[None] | None = None
        self._since = self._due = self._said = self._filled = -math.inf

    @property
    def waits(self) -> bool:
        """Whether something will be said unless it is stopped."""
        return self._task is not None

    def silent(self) -> None:
        """The caller waits from now on."""
        self._since = _now()
        self.restart()

    def restart(self, seconds: float | None = None) -> None:
        """Say it in so many seconds; by default as long after the caller's last sound as ever, or
        soon, if that has passed."""
        self.stop()
        soon = _now() + self._patience.written
        usual = max(self._since + self._patience.hold_on, min(soon, self._latest))
        usual = max(usual, self._said + SLOW.hold_on)
        self._due = usual if seconds is None else _now() + seconds
        self._task = asyncio.create_task(self._run())

    def written(self) -> None:
        """The first word of an answer is there: wait for its sound, if something is waited for."""
        self._due = max(self._due, min(_now() + self._patience.written, self._latest))

    async def apart(self) -> None:
        """Return when the last filler is `FILLED_SECONDS` ago, and count the next from now on: two
        different ones in a row are one too many."""
        while (left := self._filled + FILLED_SECONDS - _now()) > 0:  # noqa: ASYNC110 - as above
            await asyncio.sleep(left)
        self._filled = _now()

    def stop(self) -> asyncio.Task[None] | None:
        """Say nothing; returns what was stopped."""
        task, self._task = self._task, None
        if task:
            task.cancel()
        return task

    @property
    def _latest(self) -> float:
        return self._since + self._patience.latest

    async def _run(self) -> None:
        for _ in range(MOST_TIMES):
            while (left := self._due - _now()) > 0:  # noqa: ASYNC110 - it may be put off meanwhile
                await asyncio.sleep(left)
            self._said = self._filled = _now()
            await self._say()
            self._due = _now() + HOLD_ON_AGAIN_SECONDS
        await asyncio.sleep(HOLD_ON_AGAIN_SECONDS)
        self._task = None
        await self._lost()


def _now() -> float:
    return asyncio.get_running_loop().time()
