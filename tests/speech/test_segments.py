"""Segments of speech as they reach the STT: begun at the first silence, told once, in order."""

import asyncio
import io
import wave
from collections.abc import AsyncGenerator, Callable

import pytest
from pipecat.frames.frames import (
    EagerTranscriptionFrame,
    EndFrame,
    Frame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import STTUsageMetricsData

from bot.frames import SpeechPausedFrame, SpeechResumedFrame
from bot.speech.segments import PAUSE, Segments
from tests.fakes.scripted import ScriptedSTT
from tests.fixtures.small_pipeline import SmallPipeline, small_pipeline
from tests.fixtures.virtual_time import VirtualTime

RATE = 8000
PADDING = 0.5
"""Seconds of silence that Pipecat puts behind a segment."""


class Ears(Segments, ScriptedSTT):
    """An STT whose every attempt takes so long and ends so (a text, None, or a failure).

    `segments` are the seconds of audio of each attempt; `busy` counts those in flight.
    """

    def __init__(self, *attempts: tuple[float, str | Exception | None]) -> None:
        super().__init__()
        self._attempts = list(attempts)
        self.cancelled = self.busy = 0

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        with wave.open(io.BytesIO(audio)) as file:
            self.segments.append(file.getnframes() / file.getframerate())
        self.busy += 1
        try:
            delay, outcome = self._attempts.pop(0)
            await asyncio.sleep(delay)
            if isinstance(outcome, Exception):
                raise outcome
            if outcome is not None:
                yield TranscriptionFrame(outcome, "", "")
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.busy -= 1


def paused(number: int, seconds: float = 1.0) -> SpeechPausedFrame:
    return SpeechPausedFrame(bytes(round(seconds * RATE) * 2), RATE, number, 0.02)


def began() -> VADUserStartedSpeakingFrame:
    return VADUserStartedSpeakingFrame(start_secs=0.16)


def stopped() -> VADUserStoppedSpeakingFrame:
    return VADUserStoppedSpeakingFrame(stop_secs=0.2)


async def says(talk: SmallPipeline, number: int, seconds: float = 1.0) -> None:
    """A whole stretch of speech: it begins, pauses, and is over 0.18 s later."""
    await talk.send(began(), paused(number, seconds))
    await asyncio.sleep(0.18)
    await talk.send(stopped())
    await talk.settle()


def texts(talk: SmallPipeline) -> list[str]:
    return [frame.text for frame in talk.of(TranscriptionFrame)]


def eager(talk: SmallPipeline) -> list[tuple[str, int]]:
    return [(frame.text, frame.metadata[PAUSE]) for frame in talk.of(EagerTranscriptionFrame)]


def billed(talk: SmallPipeline) -> list[float]:
    return [data.value.audio_seconds for data in talk.metrics(STTUsageMetricsData)]


async def test_one_transcript_a_segment_from_one_attempt(virtual_time: VirtualTime) -> None:
    ears = Ears((0.05, " What time is it? "))
    async with small_pipeline(ears) as talk:
        await talk.send(began(), paused(1))
        await asyncio.sleep(0.1)
        assert eager(talk) == [("What time is it?", 1)]
        assert texts(talk) == []
        await talk.send(stopped())
        await talk.settle()
        assert texts(talk) == ["What time is it?"]
        kinds = [type(frame) for frame in talk.down]
        assert kinds.index(VADUserStoppedSpeakingFrame) < kinds.index(TranscriptionFrame)
        await asyncio.sleep(5)
    assert texts(talk) == ["What time is it?"]
    assert ears.segments == [1.0 + PADDING]
    assert talk.of(TranscriptionFrame)[0].finalized
    assert not talk.errors


async def test_transcripts_keep_the_order_of_their_segments(virtual_time: VirtualTime) -> None:
    ears = Ears((1.5, "first"), (0.3, "second"), (0.05, "third"))
    async with small_pipeline(ears) as talk:
        for number in (1, 2, 3):
            await says(talk, number)
        assert texts(talk) == []  # nobody overtakes the first
        await asyncio.sleep(2)
        assert texts(talk) == ["first", "second", "third"]
    assert eager(talk) == [("third", 3)]  # the others' words came when their pause was over
    assert len(ears.segments) == 3


async def test_a_segment_without_words_has_an_empty_transcript(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Ears((0.05, None))) as talk:
        await says(talk, 1)
    assert (texts(talk), talk.errors) == ([""], [])


@pytest.mark.parametrize("over", [SpeechResumedFrame, began])
async def test_speech_that_goes_on_drops_the_attempt(
    virtual_time: VirtualTime, over: Callable[[], Frame]
) -> None:
    ears = Ears((0.3, "I want to"), (0.05, "I want to book"))
    async with small_pipeline(ears) as talk:
        await talk.send(began(), paused(1))
        await asyncio.sleep(0.1)
        assert ears.busy == 1
        await talk.send(over())
        await talk.settle()
        assert (ears.busy, ears.cancelled) == (0, 1)
        await asyncio.sleep(1)
        assert eager(talk) == []
        await talk.send(paused(2, 2.0))
        await asyncio.sleep(0.18)
        await talk.send(stopped())
    assert eager(talk) == [("I want to book", 2)]
    assert texts(talk) == ["I want to book"]


async def test_words_that_were_told_are_not_the_segments_when_it_goes_on(
    virtual_time: VirtualTime,
) -> None:
    ears = Ears((0.02, "I want to"), (0.5, "I want to book"))
    async with small_pipeline(ears) as talk:
        await talk.send(began(), paused(1))
        await asyncio.sleep(0.1)
        await talk.send(SpeechResumedFrame(), paused(2, 2.0))
        await asyncio.sleep(0.18)
        await talk.send(stopped())
        await asyncio.sleep(1)
    assert eager(talk) == [("I want to", 1)]  # nothing eager of the second: it came too late
    assert texts(talk) == ["I want to book"]


async def test_a_pause_after_a_pause_takes_its_place(virtual_time: VirtualTime) -> None:
    """Audio that is lost in a pause counts as another, longer one."""
    ears = Ears((0.5, "first"), (0.5, "second"))
    async with small_pipeline(ears) as talk:
        await talk.send(began(), paused(1))
        await talk.settle()
        await talk.send(paused(2), stopped())
        await talk.settle()
        assert ears.busy == 1
        await asyncio.sleep(1)
    assert texts(talk) == ["second"]
    assert eager(talk) == []


async def test_a_failed_eager_attempt_is_made_again_silently(virtual_time: VirtualTime) -> None:
    ears = Ears((0.05, RuntimeError("busy")), (0.3, "again"))
    async with small_pipeline(ears) as talk:
        await says(talk, 1)
        assert texts(talk) == []
        await asyncio.sleep(0.5)
    assert texts(talk) == ["again"]
    assert (eager(talk), talk.errors) == ([], [])
    assert ears.segments == [1.0 + PADDING] * 2


async def test_a_failed_attempt_waits_for_the_end_of_the_segment(virtual_time: VirtualTime) -> None:
    ears = Ears((0.02, RuntimeError("busy")), (0.05, "longer"))
    async with small_pipeline(ears) as talk:
        await talk.send(began(), paused(1))
        await asyncio.sleep(0.1)
        await talk.send(SpeechResumedFrame())
        await asyncio.sleep(1)
        assert len(ears.segments) == 1  # nobody needs it any more
        await talk.send(paused(2))
        await asyncio.sleep(0.18)
        await talk.send(stopped())
    assert (texts(talk), talk.errors) == (["longer"], [])


async def test_two_failures_give_one_error_and_one_empty_transcript(
    virtual_time: VirtualTime,
) -> None:
    failure = RuntimeError("no ears")
    async with small_pipeline(Ears((0.05, failure), (0.05, failure), (0.05, "later"))) as talk:
        await says(talk, 1)
        await asyncio.sleep(1)
        assert texts(talk) == [""]
        assert talk.errors == ["transcription failed: no ears"]
        await says(talk, 2)
    assert texts(talk) == ["", "later"]
    assert len(talk.errors) == 1


async def test_without_eagerness_nothing_is_asked_before_the_end(
    virtual_time: VirtualTime,
) -> None:
    ears = Ears((0.05, "What time is it?"), (0.05, RuntimeError("no ears")))
    ears.eager = False
    async with small_pipeline(ears) as talk:
        await talk.send(began(), paused(1), SpeechResumedFrame(), paused(2, 2.0))
        await asyncio.sleep(0.18)
        assert ears.segments == []
        await talk.send(stopped())
        await asyncio.sleep(0.1)
        assert texts(talk) == ["What time is it?"]
        await says(talk, 3)
        await asyncio.sleep(1)
    assert ears.segments == [2.0 + PADDING, 1.0 + PADDING]  # and a failure is not tried again
    assert eager(talk) == []
    assert texts(talk) == ["What time is it?", ""]
    assert len(talk.errors) == 1


async def test_every_attempt_is_billed_but_one_that_failed(virtual_time: VirtualTime) -> None:
    ears = Ears((0.3, "I want"), (0.05, RuntimeError("busy")), (0.05, "I want to book"))
    async with small_pipeline(ears) as talk:
        await talk.send(began(), paused(1, 0.6))
        await asyncio.sleep(0.1)
        await talk.send(SpeechResumedFrame())
        await says(talk, 2, 1.8)
        await asyncio.sleep(1)
        assert texts(talk) == ["I want to book"]
        assert billed(talk) == pytest.approx([0.6 + PADDING + 1.8 + PADDING])


async def test_an_end_waits_for_the_words_of_what_was_said(virtual_time: VirtualTime) -> None:
    ears = Ears((0.8, "goodbye"))
    async with small_pipeline(ears) as talk:
        await says(talk, 1)
        await talk.end()
        await asyncio.sleep(1)
    assert texts(talk) == ["goodbye"]
    kinds = [type(frame) for frame in talk.down]
    assert kinds.index(TranscriptionFrame) < kinds.index(EndFrame)


@pytest.mark.parametrize("cancel", [False, True])
@pytest.mark.parametrize("over", [False, True])
async def test_no_attempt_outlives_the_pipeline(
    virtual_time: VirtualTime, cancel: bool, over: bool
) -> None:
    """`over`: the segment has ended; if not, its attempt is nobody's any more."""
    ears = Ears((0.4, "first"), (0.4, "second"))
    start = virtual_time.now
    async with small_pipeline(ears, cancel=cancel) as talk:
        await says(talk, 1)
        await talk.send(began(), paused(2))
        if over:
            await talk.send(stopped())
        await talk.settle()
        assert ears.busy == 2
    assert ears.busy == 0
    assert virtual_time.now - start < 1
    expected = [] if cancel else ["first", "second"] if over else ["first"]
    assert texts(talk) == expected


async def test_no_attempt_outlives_the_pipeline_after_two_pauses(
    virtual_time: VirtualTime,
) -> None:
    ears = Ears((3.0, "first"), (3.0, "second"))
    async with small_pipeline(ears, cancel=True) as talk:
        await talk.send(began(), paused(1))
        await talk.settle()
        await talk.send(paused(2))
        await talk.settle()
    assert ears.busy == 0


async def test_a_service_that_cannot_work_is_not_asked(virtual_time: VirtualTime) -> None:
    ears = Ears()
    async with small_pipeline(ears) as talk:
        await ears.set_usable(False)
        await says(talk, 1)
        assert texts(talk) == [""]  # turn taking counts on one for each segment
    assert ears.segments == []
