"""When the caller makes a sound, speaks, pauses and stops: one call's ear, without any frames.

Fed with the caller's audio in pieces of any length, it answers with the edges that were passed. It
keeps the sound of the present stretch of speech (for the STT) and of the last seconds (for the turn
model), so nobody else needs the caller's audio piece by piece.
"""

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import Any, Protocol

START_SECONDS = 0.16
"""Speech from which a sound is a caller speaking; Pipecat has 0.2 s."""
LIKELY_SUM, LIKELY_CONFIDENCE, LIKELY_DBFS = 1.75, 0.25, -38.0
"""A sound is likely to become speech when the detector's confidences in it add up to the first;
windows below one of the others end it. Of 14 barge-ins, half of them human, the slowest twentieth
is known after 0.21 s, against 0.36 s by START_SECONDS: Silero doubts soft beginnings for long. Of
48 synthetic coughs one is taken for speech. Soft sounds, the bot's own echo among them, are left to
START_SECONDS."""
STOP_SECONDS = 0.2
"""Silence from which a stretch of speech is over; Pipecat's own."""
BEFORE_SECONDS = 1.0
"""Kept of what came before a stretch of speech: soft first sounds."""
RECENT_SECONDS = 8.0
"""What Smart Turn listens to at most."""
STRETCH_SECONDS = 30.0
"""The most that one stretch of speech keeps for the STT; Whisper's own window."""
_NOISY_DBFS = -45.0
"""Louder than this, a window without speech is noise on the line."""
_NOISE_WEIGHT = 0.02
"""Of one window in the running share of noisy ones: about the last 1.6 s."""


class Detector(Protocol):
    """Tells speech from other sounds, window by window."""

    window: int
    level: float
    confidence: float

    def speech(self, window: bytes) -> bool:
        """Whether `window` samples of 16-bit mono PCM are speech."""

    @staticmethod
    def foresee(windows: Iterable[tuple[Any, bytes]]) -> None:
        """Judge one window of each of several detectors of this kind at once; their next `speech`,
        about this window, is quick."""


class Edge(Enum):
    """Something that has begun or ended in the caller's audio."""

    STIRRED = auto()
    """A sound that may become speech."""
    SETTLED = auto()
    """It did not."""
    LIKELY = auto()
    """A hint, once a sound: speech, as it seems. Nothing has changed yet."""
    STARTED = auto()
    """Speech."""
    PAUSED = auto()
    """The first silence in it."""
    RESUMED = auto()
    """It goes on."""
    STOPPED = auto()
    """It is over."""


class Hearing:
    """Hears one caller.

    Attributes:
        rate: Hertz of the audio.
        window_bytes: Of the audio that is judged at a time.
        speaking: Between STARTED and STOPPED.
        stirring: Between STIRRED and what comes of it.
        noise: Share (0 to 1) of the latest windows that were loud without being speech.

    Args:
        detector: With this call's state.
        rate: Hertz; 8000 or 16000.
    """

    def __init__(self, detector: Detector, rate: int) -> None:
        self.rate = rate
        self.speaking = self.stirring = False
        self.noise = 0.0
        self._detector = detector
        self.window_bytes = detector.window * 2
        self._window_seconds = detector.window / rate
        self._starts = max(1, round(START_SECONDS / self._window_seconds))
        self._stops = max(1, round(STOP_SECONDS / self._window_seconds))
        self._most_bytes = round(STRETCH_SECONDS * rate) * 2
        self._rest = bytearray()
        self._loud = self._quiet = 0
        self._likely, self._hinted = 0.0, False
        self._stretch = bytearray()
        self._recent = bytearray()
        self._turn_bytes = 0

    @property
    def window_seconds(self) -> float:
        """Length of one window: by as much an edge is known later than it was."""
        return self._window_seconds

    def window(self, pcm: bytes) -> tuple[Detector, bytes] | None:
        """The first window that `hear(pcm)` will judge, if there is one, and by whom."""
        lacks = self.window_bytes - len(self._rest)
        return (self._detector, bytes(self._rest) + pcm[:lacks]) if len(pcm) >= lacks else None

    def hear(self, pcm: bytes) -> list[Edge]:
        """Take 16-bit mono PCM; return the edges in it, mostly none."""
        edges: list[Edge] = []
        self._rest += pcm
        size = self.window_bytes
        while len(self._rest) >= size:
            window = bytes(self._rest[:size])
            del self._rest[:size]
            self._keep(window)
            edge = (self._going_on if self.speaking else self._waiting)(window)
            if edge:
                edges.append(edge)
        return edges

    def silence(self) -> list[Edge]:
        """No audio comes any more: end whatever was under way, and return the edges of that."""
        if self.stirring:
            self.stirring, self._loud = False, 0
            return [Edge.SETTLED]
        if not self.speaking:
            return []
        edges = [Edge.STOPPED] if self._quiet else [Edge.PAUSED, Edge.STOPPED]
        self.speaking, self._loud = False, 0
        return edges

    def stretch(self) -> bytes:
        """The present stretch of speech, with `BEFORE_SECONDS` of what came before it."""
        return bytes(self._stretch)

    def turn(self) -> bytes:
        """The caller's present turn, pauses included; at most `RECENT_SECONDS`."""
        most = round(RECENT_SECONDS * self.rate) * 2
        return bytes(self._recent[-min(most, self._turn_bytes) :]) if self._turn_bytes else b""

    def forget_stretch(self) -> None:
        """What comes next has nothing to do with what was heard; after a loss of audio."""
        self._stretch.clear()

    def turn_over(self) -> None:
        """The next sound belongs to another turn."""
        self._turn_bytes = 0

    def _keep(self, window: bytes) -> None:
        self._recent += window
        surplus = len(self._recent) - round(RECENT_SECONDS * self.rate) * 2
        if surplus > self.window_bytes * 16:  # now and then, for it moves the rest
            del self._recent[:surplus]
        if self._turn_bytes:
            self._turn_bytes = min(self._turn_bytes + len(window), len(self._recent))
        self._stretch += window
        if len(self._stretch) > self._most_bytes:  # hold music, a television
            del self._stretch[: len(self._stretch) - self._most_bytes]

    def _waiting(self, window: bytes) -> Edge | None:
        speech = self._detector.speech(window)
        self._weigh()
        if not speech:
            noisy = self._detector.level > _NOISY_DBFS
            self.noise += _NOISE_WEIGHT * (noisy - self.noise)
            before = round(BEFORE_SECONDS * self.rate) * 2
            if len(self._stretch) > before + self.window_bytes * 16:
                del self._stretch[: len(self._stretch) - before]
            self._loud = 0
            if self.stirring:
                self.stirring = False
                return Edge.SETTLED
            return self._hint()
        self._loud += 1
        if self._loud >= self._starts:
            self._start()
            return Edge.STARTED
        if not self.stirring:
            self.stirring = True
            return Edge.STIRRED
        return self._hint()

    def _hint(self) -> Edge | None:
        if self._hinted or self._likely < LIKELY_SUM:
            return None
        self._hinted = True
        return Edge.LIKELY

    def _weigh(self) -> None:
        """Add up how sure the detector is of this sound."""
        sure = self._detector.confidence
        if sure < LIKELY_CONFIDENCE or self._detector.level < LIKELY_DBFS:
            self._likely, self._hinted = 0.0, False
        else:
            self._likely += sure

    def _going_on(self, window: bytes) -> Edge | None:
        if self._detector.speech(window):
            paused, self._quiet = self._quiet > 0, 0
            return Edge.RESUMED if paused else None
        self._quiet += 1
        if self._quiet >= self._stops:
            self._stop()
            return Edge.STOPPED
        return Edge.PAUSED if self._quiet == 1 else None

    def _start(self) -> None:
        self.speaking, self.stirring = True, False
        self._quiet = 0
        self._likely, self._hinted = 0.0, False
        if not self._turn_bytes:
            said = round((BEFORE_SECONDS / 2 + START_SECONDS) * self.rate) * 2
            self._turn_bytes = min(len(self._recent), said)

    def _stop(self) -> None:
        self.speaking = False
        self._loud = 0
        self._stretch.clear()


Tap = Callable[[bytes], None]
"""Gets every piece of the caller's audio as it comes: 16-bit mono PCM at the line's rate."""
