"""What an interjection did to the bot's answer, judged by what the caller heard."""

import numpy as np
import pytest

from bench.caller import Frames
from bench.clips import FRAME, HZ, Clip
from bench.interrupter import judge, longest_hole, silent_after
from bench.playout import Playout
from bench.scenes import VOICES, Scene
from bench.standin import LONG_ANSWER
from bot.telephony import mulaw
from tests.fakes import voice

TICK = FRAME / HZ


def frames(*spans: tuple[float, float]) -> list[float]:
    """The times of voiced frames that fill some spans."""
    return [
        round(start + n * TICK, 3)
        for start, end in spans
        for n in range(round((end - start) / TICK))
    ]


@pytest.mark.parametrize(
    ("voiced", "silent"),
    [
        (frames((0, 5.2)), 0.2),  # stops and stays silent
        (frames((0, 5.2), (7, 9)), 0.2),  # stops, then answers
        (frames((0, 5.2), (5.3, 9)), 4.0),  # a hole that is only a breath
        (frames((0, 4)), 0.0),  # was silent before
    ],
)
def test_silence_is_timed_from_the_interjection(voiced: list[float], silent: float) -> None:
    assert silent_after(voiced, 5.0) == pytest.approx(silent)


@pytest.mark.parametrize(
    ("voiced", "paused"),
    [
        (frames((0, 9)), 0.0),
        (frames((0, 5.3), (6.3, 9)), 1.0),
        (frames((0, 5.3), (5.4, 9)), 0.0),  # a breath
        (frames((0, 3), (4, 9)), 0.0),  # before it
        (frames((0, 8.3), (8.9, 9)), 0.0),  # long after it
        (frames((0, 5.3)), 0.0),  # the answer is over
    ],
)
def test_only_silences_that_an_interjection_made_count(voiced: list[float], paused: float) -> None:
    assert longest_hole(voiced, 5.0, 7.5) == pytest.approx(paused)


def answer(text: str) -> bytes:
    return mulaw.encode(voice.speak(f"{text} ", HZ).tobytes())


def said(kind: str) -> Frames:
    pcm = np.full(HZ // 2, 3000, np.int16)
    return Frames.of(Clip(Scene("s", kind, VOICES[0], ("Okay.",)), pcm, ()))  # type: ignore[arg-type]


def heard(*pieces: tuple[float, str]) -> Playout:
    out = Playout(keep=True)
    for start, text in pieces:
        out.take(answer(text), start)
    return out


def test_an_answer_that_goes_on_is_complete() -> None:
    found = judge(said("cough"), heard((1.0, LONG_ANSWER)), 1.0, 3.0)
    assert found.complete
    assert not found.again
    assert found.paused == 0


def test_an_answer_that_is_taken_up_again_is_complete_with_a_pause() -> None:
    words = LONG_ANSWER.split()
    half = len(words) // 4
    out = heard((1.0, " ".join(words[:half])))
    stopped = out.end
    out.take(answer(" ".join(words[half:])), stopped + 0.8)
    found = judge(said("backchannel"), out, 1.0, stopped - 0.3)
    assert found.complete
    assert found.paused == pytest.approx(0.8, abs=0.1)


def test_an_answer_that_is_thrown_away_is_not_complete() -> None:
    out = heard((1.0, LONG_ANSWER))
    out.clear(3.2)
    out.take(answer("Yes, on Tuesday."), 5.0)
    found = judge(said("barge-in"), out, 1.0, 3.0)
    assert not found.complete
    assert found.silent == pytest.approx(0.2, abs=0.05)


def test_an_answer_that_begins_anew_is_noticed() -> None:
    out = heard((1.0, LONG_ANSWER))
    out.clear(4.0)
    out.take(answer(LONG_ANSWER), 5.0)
    assert judge(said("backchannel"), out, 1.0, 3.5).again
