"""Several calls' audio that comes in one step of the event loop is judged in one go."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from pipecat.frames.frames import VADUserStartedSpeakingFrame, VADUserStoppedSpeakingFrame

from bot.frames import SpeechPausedFrame
from bot.speech.hearing import Hearing
from pipelines.ear import Ear
from tests.fakes.turns import ScriptedDetector
from tests.fakes.voice import babble
from tests.fixtures.small_pipeline import SmallPipeline, small_pipeline
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import SENTENCES, Talk

RATE = 8000
WHOLE = [VADUserStartedSpeakingFrame, SpeechPausedFrame, VADUserStoppedSpeakingFrame]
SOUND = bytes(RATE) + babble(1.0, RATE).tobytes() + bytes(RATE)


class Detector(ScriptedDetector):
    """Notes how many are judged at a time; `breaks` when that is tried, `broken` ones at once."""

    together: list[int]
    breaks = False

    def __init__(self, rate: int, *, broken: bool = False) -> None:
        super().__init__(rate)
        self._broken = broken

    def speech(self, window: bytes) -> bool:
        if self._broken:
            raise RuntimeError("the model is gone")
        return super().speech(window)

    @staticmethod
    def foresee(windows: Iterable[tuple[Any, bytes]]) -> None:
        Detector.together.append(len(list(windows)))
        if Detector.breaks:
            raise RuntimeError("too many at once")


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Detector, "together", [], raising=False)


def ear(**options: Any) -> Ear:
    return Ear(Hearing(Detector(RATE, **options), RATE))


def give(*ears: Ear) -> None:
    """What an event loop does that finds audio at all sockets."""
    for one in ears:
        one.take(SOUND)


def kinds(talk: SmallPipeline) -> list[type]:
    return [type(frame) for frame in talk.down]


@pytest.mark.parametrize("breaks", [False, True])
async def test_all_that_is_there_is_judged_together(
    breaks: bool, virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Detector, "breaks", breaks)
    one, other, alone = ear(), ear(), ear()
    async with small_pipeline(one) as a, small_pipeline(other) as b, small_pipeline(alone) as c:
        give(one, other)
        await asyncio.sleep(0.1)
        windows = len(SOUND) // one.hearing.window_bytes
        assert Detector.together == [2] * windows
        give(alone)
        await asyncio.sleep(0.1)
        assert len(Detector.together) == windows
        assert kinds(a) == kinds(b) == kinds(c) == WHOLE
        sounds = [talk.of(SpeechPausedFrame)[0].audio for talk in (a, b, c)]
        assert sounds[0] == sounds[1] == sounds[2]


async def test_audio_is_judged_soon_and_in_order(virtual_time: VirtualTime) -> None:
    one = ear()
    async with small_pipeline(one) as talk:
        one.take(SOUND[: len(SOUND) // 2])
        assert kinds(talk) == []  # not by the call itself: others' audio may be coming
        await one.hear(SOUND[len(SOUND) // 2 :])
        assert kinds(talk) == WHOLE
        assert SOUND[RATE : RATE * 3] in talk.of(SpeechPausedFrame)[0].audio


async def test_audio_does_not_wait_for_what_is_told(virtual_time: VirtualTime) -> None:
    one, recorder = ear(), bytearray()
    one.taps.append(recorder.extend)
    one.on_likely = lambda: asyncio.sleep(1)
    async with small_pipeline(one) as talk:
        give(one)
        await asyncio.sleep(0.1)
        assert (one.hearing.speaking, kinds(talk)) == (False, [])  # heard to the end, nothing told
        give(one)
        await asyncio.sleep(0.1)
        assert bytes(recorder) == SOUND * 2
        await asyncio.sleep(2)
        assert kinds(talk) == WHOLE * 2


async def test_a_detector_that_breaks_is_told_once_and_nobody_else_notices(
    virtual_time: VirtualTime,
) -> None:
    broken, well = ear(broken=True), ear()
    async with small_pipeline(broken) as a, small_pipeline(well) as b:
        give(broken, well)
        await asyncio.sleep(0.1)
        give(broken)
        await asyncio.sleep(0.1)
        assert a.errors == ["the caller cannot be heard: RuntimeError: the model is gone"]
        assert kinds(b) == WHOLE
        assert not b.errors


async def test_a_caller_who_cannot_be_heard_is_told_so_and_the_call_ends(
    virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = Talk(lambda _: "Never asked.")
    monkeypatch.setattr(
        "tests.pipelines.talk.ScriptedDetector", lambda rate: Detector(rate, broken=True)
    )
    talk.line.says(3.0, "is anybody there?")
    heard = await talk.run(30)
    assert heard[-1].text.endswith(SENTENCES.broken)
    assert talk.call.state == "failed"
    assert "the caller cannot be heard" in talk.call.error
