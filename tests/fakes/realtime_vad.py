"""The Realtime stand-in's turn detection: loud audio is speech, silence ends it."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.fakes.voice import LOUD

_RATE = 24_000
_WINDOW = _RATE // 50
_STARTS = 5  # windows of speech
_EAGER = {"low": 2000, "medium": 1000, "auto": 1000, "high": 500}


class ServerVad:
    """`server_vad` or `semantic_vad` (which is no more than a longer silence here)."""

    def __init__(self, settings: dict[str, Any]) -> None:
        """Args: the session's `turn_detection`."""
        semantic = settings.get("type") == "semantic_vad"
        eager = _EAGER[settings.get("eagerness") or "auto"]
        silence = eager if semantic else settings.get("silence_duration_ms") or 500
        self.responds = settings.get("create_response") is not False
        self.interrupts = settings.get("interrupt_response") is not False
        self._stops = round(silence / 20)
        self._rest = b""
        self._windows = self._loud = self._quiet = 0
        self._speaking = False

    def hear(self, pcm: bytes) -> Iterator[tuple[str, int]]:
        """Yield "started" and "stopped" with the milliseconds at which they were."""
        self._rest += pcm
        while len(self._rest) >= _WINDOW * 2:
            window, self._rest = self._rest[: _WINDOW * 2], self._rest[_WINDOW * 2 :]
            self._windows += 1
            loud = np.abs(np.frombuffer(window, np.int16).astype(np.int32)).mean() > LOUD
            self._loud, self._quiet = (self._loud + 1, 0) if loud else (0, self._quiet + 1)
            if not self._speaking and self._loud >= _STARTS:
                self._speaking = True
                yield "started", (self._windows - _STARTS) * 20
            elif self._speaking and self._quiet >= self._stops:
                self._speaking = False
                yield "stopped", (self._windows - self._stops) * 20
