"""What one caller hears of the bot, and when: the far end's playback buffer, by the clock.

As Twilio does: audio is played in order and at real time, a mark comes back when the audio before
it has been played, `clear` throws away what was not played yet. Times are seconds on any one clock.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bench.clips import FRAME, HZ, LOUD
from bot.telephony import mulaw

DRY_SECONDS = 0.02
"""From this length on, silence because nothing came is a gap: one frame."""
SAME_ANSWER_SECONDS = 1.0
"""Audio that comes later than this after the buffer ran dry is another utterance, not a gap."""

_SIZE = np.abs(np.frombuffer(mulaw.decode(bytes(range(256))), "<i2").astype(np.int32))


@dataclass(frozen=True, slots=True)
class Dry:
    """The buffer was empty from `start` to `end`, with sound of the bot before and after."""

    start: float
    end: float


@dataclass(slots=True)
class Playout:
    """One caller's playback buffer.

    Attributes:
        voiced: Start times of the 20 ms frames in which the bot is heard, ascending; those in the
            future are still to be played.
        dry: Every time that the buffer ran empty inside a stretch of speech.
        clears: When the bot threw its buffer away.
        end: When all that came will have been played.
        played: What was played and when it began, if `keep`: pieces of µ-law.
    """

    voiced: list[float] = field(default_factory=list)
    dry: list[Dry] = field(default_factory=list)
    clears: list[float] = field(default_factory=list)
    end: float = 0.0
    keep: bool = False
    played: list[tuple[float, bytes]] = field(default_factory=list)
    _cleared: bool = True

    def take(self, audio: bytes, now: float) -> None:
        """Buffer µ-law audio that has just come."""
        start = max(now, self.end)
        sizes = [_SIZE[frame].mean() for frame in _frames(audio)]
        loud = [start + n * FRAME / HZ for n, size in enumerate(sizes) if size > LOUD]
        if loud and self._ran_dry(start):
            self.dry.append(Dry(self.end, start))
        self.voiced += loud
        if self.keep:
            self.played.append((start, audio))
        self._cleared = self._cleared and not loud
        self.end = start + len(audio) / HZ

    def clear(self, now: float) -> None:
        """Throw away what was not played."""
        while self.voiced and self.voiced[-1] >= now:
            self.voiced.pop()
        while self.dry and self.dry[-1].end >= now:
            self.dry.pop()
        self._unplay(now)
        self.clears.append(now)
        self.end = min(self.end, now)
        self._cleared = True

    def first_voiced(self, since: float) -> float | None:
        """When the bot is first heard at or after `since`; None if nothing came yet."""
        index = int(np.searchsorted(self.voiced, since))
        return self.voiced[index] if index < len(self.voiced) else None

    def heard_between(self, start: float, end: float) -> float:
        """Seconds of the bot's voice between two times."""
        first, last = np.searchsorted(self.voiced, [start, end])
        return float(last - first) * FRAME / HZ

    def sound(self, since: float) -> bytes:
        """What was played of what began at or after `since`, as µ-law; needs `keep`."""
        return b"".join(audio for start, audio in self.played if start >= since)

    def _unplay(self, now: float) -> None:
        while self.played and self.played[-1][0] >= now:
            self.played.pop()
        if self.played:
            start, audio = self.played[-1]
            self.played[-1] = (start, audio[: max(0, round((now - start) * HZ))])

    def _ran_dry(self, start: float) -> bool:
        if self._cleared or start - self.end <= DRY_SECONDS:
            return False
        return start - self.voiced[-1] < SAME_ANSWER_SECONDS


def _frames(audio: bytes) -> list[npt.NDArray[np.uint8]]:
    return [np.frombuffer(audio[n : n + FRAME], np.uint8) for n in range(0, len(audio), FRAME)]
