"""The caller's ear: what Twilio has buffered, and what of it was really played.

Time is counted in ticks of 20 ms since the stream began, the same for both directions, so that
the distance from the caller's last word to the bot's first is exact whatever the machine's load.
"""

from collections import deque

import numpy as np

from bot.telephony import mulaw

TICK = 0.02
"""Seconds of audio in one message; Twilio's own frame length."""
FRAME = round(mulaw.RATE * TICK)
"""Bytes of µ-law in one tick."""
LOUD = 200
"""Mean amplitude (of 32768) from which a tick counts as audible: about -44 dBFS."""


def audible(frame: bytes) -> bool:
    """Say whether somebody can be heard in a frame of µ-law."""
    samples = np.frombuffer(mulaw.decode(frame), "<i2").astype(np.int32)
    return bool(samples.size) and float(np.abs(samples).mean()) > LOUD


class Ear:
    """Plays what it is sent at 20 ms a tick, in order, with marks, as Twilio does.

    Attributes:
        played: µ-law of everything played since the stream began, silence included.
        audible_ticks: The ticks in which the bot could be heard, ascending.
        clears: How often the bot threw away what was buffered.
        received: Bytes of audio that came.
    """

    def __init__(self) -> None:
        self.played = bytearray()
        self.audible_ticks: list[int] = []
        self.clears = 0
        self.received = 0
        self._queue: deque[bytes | str] = deque()

    @property
    def now(self) -> float:
        """Seconds since the stream began."""
        return len(self.played) / mulaw.RATE

    @property
    def buffered(self) -> float:
        """Seconds of audio that were not played yet."""
        return sum(len(item) for item in self._queue if isinstance(item, bytes)) / mulaw.RATE

    def take(self, audio: bytes) -> None:
        """Buffer µ-law audio from the bot."""
        self.received += len(audio)
        if audio:
            self._queue.append(audio)

    def mark(self, name: str) -> None:
        """Buffer a mark behind the audio that came before it."""
        self._queue.append(name)

    def clear(self) -> list[str]:
        """Throw the buffer away; return the marks in it, which go back at once."""
        self.clears += 1
        names = [item for item in self._queue if isinstance(item, str)]
        self._queue.clear()
        return names

    def tick(self) -> tuple[bytes, list[str]]:
        """Play 20 ms; return the audio played and the marks that were reached."""
        frame, names = bytearray(), []
        while self._queue:
            item = self._queue[0]
            if isinstance(item, str):
                names.append(item)
                self._queue.popleft()
                continue
            room = FRAME - len(frame)
            if not room:
                break
            frame += item[:room]
            self._queue.popleft()
            if len(item) > room:
                self._queue.appendleft(item[room:])
        played = bytes(frame).ljust(FRAME, mulaw.SILENCE)
        if frame and audible(played):
            self.audible_ticks.append(len(self.played) // FRAME)
        self.played += played
        return played, names

    def first_audible(self, since: float) -> float | None:
        """When the bot was first heard at or after `since`, in seconds, or None."""
        start = round(since / TICK)
        return next((tick * TICK for tick in self.audible_ticks if tick >= start), None)

    @property
    def last_audible(self) -> float:
        """When the bot was last heard, in seconds; 0 when it never was."""
        return (self.audible_ticks[-1] + 1) * TICK if self.audible_ticks else 0.0

    def between(self, start: float, end: float) -> bytes:
        """µ-law of what was played between two times."""
        return bytes(self.played[round(start * mulaw.RATE) : round(end * mulaw.RATE)])
