"""Which of the caller's audio belongs to a stretch of speech."""

import base64
import time

import numpy as np
import pytest

from bot.realtime import caller
from bot.realtime.caller import BEFORE_SECONDS, LATE_SECONDS, CallerAudio

HZ = 8000
TICK = 0.02


class Line:
    """A caller whose audio comes every 20 ms; each piece is made of one number, its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.audio, self.now, self.pieces = CallerAudio(HZ), 1000.0, 0
        monkeypatch.setattr(time, "time", lambda: self.now)

    def sends(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            self.pieces += 1
            self.audio.hear(np.full(round(HZ * TICK), self.pieces, "<i2").tobytes())

    def kept(self) -> range:
        """The pieces that the present stretch has."""
        numbers = np.frombuffer(bytes(self.audio.turn[-1].pcm), "<i2")[:: round(HZ * TICK)]
        assert list(np.diff(numbers)) == [1] * (len(numbers) - 1)
        return range(int(numbers[0]), int(numbers[-1]) + 1)


@pytest.mark.parametrize("late", [0.0, 0.3, 2.0])
def test_nothing_is_lost_when_the_news_come_late(
    late: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(monkeypatch)
    line.sends(7.0)
    known_at, known_with = line.now, line.pieces
    line.sends(late)
    line.audio.begin(known_at)
    line.sends(0.1)
    kept = line.kept()
    assert kept[-1] == line.pieces
    assert (known_with - kept[0] + 1) * TICK == pytest.approx(BEFORE_SECONDS, abs=TICK)


def test_what_an_earlier_conversation_heard_comes_in_one_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = Line(monkeypatch)
    line.audio.hear(np.full(HZ * 3, 7, "<i2").tobytes())
    known_at = line.now
    line.sends(0.9)  # silence meanwhile
    line.audio.begin(known_at)
    assert bytes(line.audio.turn[-1].pcm).startswith(np.full(HZ * 3, 7, "<i2").tobytes())
    append = line.audio.fresh()
    assert append
    seconds = len(base64.b64decode(append["audio"])) / 2 / caller.API_HZ
    assert seconds == pytest.approx(3.9, abs=0.1)


def test_a_clock_that_was_set_loses_nothing_and_a_silent_line_keeps_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = Line(monkeypatch)
    line.sends(60.0)
    line.audio.begin(line.now + 3600.0)
    assert len(line.kept()) * TICK == pytest.approx(BEFORE_SECONDS, abs=TICK)
    line.audio.end()
    line.sends(60.0)
    line.audio.begin(line.now - 3600.0)
    assert len(line.kept()) * TICK == pytest.approx(BEFORE_SECONDS + LATE_SECONDS, abs=TICK)
