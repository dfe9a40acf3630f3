"""The callers' ear: what is heard when, gaps, and what `clear` takes back."""

import numpy as np
import pytest

from bench.clips import FRAME, HZ
from bench.playout import Playout
from bot.telephony import mulaw

TICK = FRAME / HZ
LOUD = mulaw.encode((np.full(FRAME, 3000, "<i2")).tobytes())
QUIET = mulaw.SILENCE * FRAME


def test_audio_is_heard_one_piece_after_the_other() -> None:
    out = Playout()
    out.take(QUIET + LOUD, 10.0)
    out.take(LOUD, 10.001)
    assert out.voiced == pytest.approx([10.02, 10.04])
    assert out.end == pytest.approx(10.06)
    assert out.first_voiced(10.03) == pytest.approx(10.04)
    assert out.first_voiced(10.05) is None
    assert out.heard_between(10.0, 10.03) == pytest.approx(TICK)


def test_a_buffer_that_runs_dry_inside_an_answer_is_a_gap() -> None:
    out = Playout()
    out.take(LOUD, 1.0)
    out.take(LOUD, 1.02 + 0.015)  # late by less than a frame
    assert not out.dry
    out.take(LOUD, out.end + 0.3)
    assert [round(dry.end - dry.start, 3) for dry in out.dry] == [0.3]


def test_silence_between_answers_is_no_gap() -> None:
    out = Playout()
    out.take(LOUD, 1.0)
    out.take(LOUD, 5.0)
    assert not out.dry
    out.clear(5.01)
    out.take(LOUD, 5.2)
    assert not out.dry


def test_silence_that_comes_late_is_no_gap_until_a_voice_follows() -> None:
    out = Playout()
    out.take(LOUD, 1.0)
    out.take(QUIET, 1.5)
    assert not out.dry


def test_clear_takes_back_what_was_not_played() -> None:
    out = Playout()
    out.take(LOUD * 10, 2.0)
    out.clear(2.05)
    assert out.voiced == pytest.approx([2.0, 2.02, 2.04])
    assert out.end == pytest.approx(2.05)
    assert out.clears == [2.05]
    out.take(LOUD, 2.1)
    assert out.voiced[-1] == pytest.approx(2.1)


def test_what_was_played_is_kept_up_to_where_it_was_thrown_away() -> None:
    out = Playout(keep=True)
    out.take(LOUD * 10, 2.0)
    out.take(LOUD * 10, 2.1)
    out.clear(2.05)
    assert len(out.sound(0)) == 0.05 * HZ
    out.take(QUIET, 3.0)
    assert out.sound(2.5) == QUIET
