"""Audio of several calls that has come in one step of the event loop is judged together.

The detector's model costs the same for one call as for four, so it runs once for all whose audio is
there: the busier the loop, the more they are. A call that is alone waits for nobody.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol
from weakref import WeakKeyDictionary

from loguru import logger

from bot.speech.hearing import Detector


class Listener(Protocol):
    """Has audio that waits to be judged."""

    def window(self) -> tuple[Detector, bytes] | None:
        """The window that `judge` will have judged, if it is complete, and by whom."""

    def judge(self) -> bool:
        """Take the next piece; return whether there are more."""


class Rounds:
    """Those of one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[Listener, None] = {}

    def add(self, listener: Listener) -> None:
        """Let it judge its audio in the loop's next step."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._run)
        self._waiting[listener] = None

    def _run(self) -> None:
        listeners, self._waiting = list(self._waiting), {}
        while listeners:
            _foresee(window for listener in listeners if (window := listener.window()))
            listeners = [listener for listener in listeners if listener.judge()]


def _foresee(windows: Iterable[tuple[Detector, bytes]]) -> None:
    kinds: dict[type[Detector], list[tuple[Detector, bytes]]] = {}
    for detector, window in windows:
        kinds.setdefault(type(detector), []).append((detector, window))
    for kind, some in kinds.items():
        if len(some) > 1:
            try:
                kind.foresee(some)
            except Exception:
                logger.exception("speech of several calls cannot be judged together; one by one")


_ROUNDS: WeakKeyDictionary[asyncio.AbstractEventLoop, Rounds] = WeakKeyDictionary()


def rounds() -> Rounds:
    """Those of the running loop."""
    return _ROUNDS.setdefault(asyncio.get_running_loop(), Rounds())
