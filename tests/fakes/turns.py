"""Turn taking without models: speech is loud audio, and turns end as scripted."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tests.fakes.voice import LOUD

SPEECH = 0.4
"""The detector's confidence in a window of speech: five of them, as much as Silero's of 32 ms in
the same time, make a sound likely."""


class ScriptedDetector:
    """Takes loud audio for speech, in windows of 20 ms, in place of Silero."""

    def __init__(self, rate: int) -> None:
        """Args: the audio's hertz."""
        self.window = rate // 50
        self.level, self.confidence = -96.0, 0.0

    def speech(self, window: bytes) -> bool:
        """Return whether a window is loud."""
        mean = _loudness(window) if window.strip(b"\0") else 0.0  # most of a call is silent
        self.level = 20 * math.log10(max(mean, 0.5) / 32768)
        self.confidence = SPEECH if mean > LOUD else 0.0
        return mean > LOUD

    @staticmethod
    def foresee(windows: Iterable[tuple[Any, bytes]]) -> None:
        """Do nothing: it is quick anyhow."""


def _loudness(pcm: bytes) -> float:
    """The mean amplitude of 16-bit samples."""
    samples = np.frombuffer(pcm, np.int16).astype(np.int32)
    return float(np.abs(samples).sum()) / len(samples)


class ScriptedTurn:
    """Says at each pause how sure it is that the caller has finished, in place of Smart Turn.

    `asked` counts the pauses, `heard` has the seconds of audio that came with each.
    """

    def __init__(self, verdicts: Iterable[float] = ()) -> None:
        """Args: for each pause in turn the certainty, 0 to 1; 1 once they are used up."""
        self._verdicts = list(verdicts)
        self.heard: list[float] = []

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return len(self.heard)

    async def certainty(self, pcm: bytes, rate: int) -> float:
        """Return the next verdict."""
        self.heard.append(len(pcm) / 2 / rate)
        return float(self._verdicts.pop(0)) if self._verdicts else 1.0
