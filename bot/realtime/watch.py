"""Notices that the API has fallen silent in the middle of an answer."""

import asyncio
from collections.abc import Callable

CREATED_SECONDS = 1.5
"""From a question to the API's word that it answers; it says so within a third of a second."""
THINK_SECONDS = 5.0
"""From then to the first of the answer. Models that reason take their time; the caller is told to
wait before this is over."""
MIDDLE_SECONDS = 1.5
"""Between two pieces of an answer: it comes in faster than it is heard."""
SILENT = "silent for"
"""How the reason begins."""
_LOOK_SECONDS = 0.1


class Watch:
    """A clock that runs while an answer is waited for.

    Args:
        lose: Told why the connection is not to be trusted any more.
    """

    def __init__(self, lose: Callable[[str], None]) -> None:
        self._lose = lose
        self._limit: float | None = None
        self._since = 0.0
        self._asked = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._task = self._task or asyncio.create_task(self._look(), name="realtime watch")

    def stop(self) -> None:
        """Watch no more."""
        if self._task:
            self._task.cancel()
            self._task = None

    def asked(self) -> None:
        """A question was asked."""
        self._set(CREATED_SECONDS)
        self._asked = True

    def speaking(self) -> None:
        """The answer comes in."""
        self._set(MIDDLE_SECONDS)

    def created(self) -> None:
        """The API is answering."""
        self._set(THINK_SECONDS)

    def alive(self) -> None:
        """Something has come from the server; of an answer, once it was created."""
        if not self._asked:
            self._since = self._now()

    def rest(self) -> None:
        """Nothing is waited for."""
        self._limit, self._asked = None, False

    def _set(self, seconds: float) -> None:
        self._limit, self._since, self._asked = seconds, self._now(), False

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._limit is not None and self._now() - self._since > self._limit:
                limit = self._limit
                self.rest()
                self._lose(f"{SILENT} {limit:g} s")

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
