"""The caller's speech on its way to the API: only the stretches, as they are spoken.

Silence is not sent: it would be paid for. Each stretch becomes one item of the conversation when it
is over. The stretches of a turn are kept until the turn is in the context as text, so that a new
connection can hear them too.
"""

import base64
import time
from collections import deque
from dataclasses import dataclass

import numpy as np
import soxr

from bot.realtime.link import Event
from bot.speech.hearing import START_SECONDS

API_HZ = 24_000
BEFORE_SECONDS = 0.4 + START_SECONDS
"""Sent of what came before a stretch was known to be speech: soft first sounds."""
LATE_SECONDS = 5.0
"""Kept besides: audio comes by call, the news that it is speech as a frame, which is late when the
machine is busy or the pipeline is only just there."""
CLOCK_SECONDS = 0.005
"""By which two looks at the clock for one moment may differ."""
PIECE_SECONDS = 0.1
"""Of audio in one message."""
MOST_SECONDS = 60.0
"""Kept of one stretch."""


@dataclass
class Stretch:
    """One stretch of speech: its audio so far (16-bit mono PCM at the line's rate), and what the
    API has made of it. `text` is None until it was transcribed."""

    pcm: bytearray
    item_id: str = ""
    text: str | None = None
    over: bool = False


class CallerAudio:
    """Takes the caller's audio piece by piece, and gives what is to be sent.

    Args:
        rate: Hertz of the line.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.turn: list[Stretch] = []
        self._before: deque[tuple[float, bytes]] = deque()
        self._before_bytes = 0
        self._present: Stretch | None = None
        self._sent = 0
        self._stream = _stream(rate)

    def hear(self, pcm: bytes) -> bool:
        """Take a piece; True if enough has come together to be sent."""
        present = self._present
        if present is None:
            self._before.append((time.time(), pcm))
            self._before_bytes += len(pcm)
            most = round((BEFORE_SECONDS + LATE_SECONDS) * self.rate) * 2
            while self._before_bytes - len(self._before[0][1]) >= most:
                self._before_bytes -= len(self._before.popleft()[1])
            return False
        if len(present.pcm) < MOST_SECONDS * self.rate * 2:
            present.pcm += pcm
        return len(present.pcm) - self._sent >= PIECE_SECONDS * self.rate * 2

    def begin(self, known_at: float) -> None:
        """A stretch of speech has begun.

        Args:
            known_at: Since when that is known, by the wall clock. `BEFORE_SECONDS` of what was
                heard before, and all that was heard since, belong to it.
        """
        least = round(BEFORE_SECONDS * self.rate) * 2
        pieces: deque[bytes] = deque()
        size = 0
        for heard_at, piece in reversed(self._before):
            if size >= least and heard_at < known_at - BEFORE_SECONDS + CLOCK_SECONDS:
                break
            pieces.appendleft(piece)
            size += len(piece)
        self._present = Stretch(bytearray(b"".join(pieces)))
        self._before.clear()
        self._before_bytes = self._sent = 0
        self._stream = _stream(self.rate)
        self.turn.append(self._present)

    def end(self) -> Stretch | None:
        """The stretch is over; returns it."""
        present, self._present = self._present, None
        if present:
            present.over = True
        return present

    def again(self) -> None:
        """A new connection has heard nothing of the present stretch."""
        self._sent = 0
        self._stream = _stream(self.rate)

    def forget_turn(self) -> None:
        """The turn is in the context; a stretch that is still spoken belongs to the next one."""
        self.turn = [stretch for stretch in self.turn if not stretch.over]

    def fresh(self) -> Event | None:
        """The message that carries what was not sent yet of the latest stretch."""
        if not self.turn:
            return None
        latest = self.turn[-1]
        fresh = bytes(latest.pcm[self._sent :])
        self._sent += len(fresh)
        return _append(self._stream, fresh, last=latest.over)

    def replay(self, stretch: Stretch) -> Event | None:
        """The message that carries all of an earlier stretch."""
        return _append(_stream(self.rate), bytes(stretch.pcm), last=True)


def _stream(rate: int) -> soxr.ResampleStream:
    return soxr.ResampleStream(rate, API_HZ, 1, dtype="int16", quality="MQ")


def _append(stream: soxr.ResampleStream, pcm: bytes, *, last: bool) -> Event | None:
    audio = stream.resample_chunk(np.frombuffer(pcm, np.int16), last=last).tobytes()
    if not audio:
        return None
    text = base64.b64encode(audio).decode("ascii")
    return {"type": "input_audio_buffer.append", "audio": text}
