"""What is held in front of the transport, and what becomes of it."""

import asyncio

import pytest
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.llm_service import FunctionCallParams

from bot.frames import SPECULATIVE, AnswerWithdrawnFrame
from pipelines.speculation import Held
from tests.fakes.script import CallTool, Say
from tests.fixtures.small_pipeline import SmallPipeline, small_pipeline
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import SENTENCES, Talk


def start(speculative: bool = True) -> LLMFullResponseStartFrame:
    frame = LLMFullResponseStartFrame()
    if speculative:
        frame.metadata[SPECULATIVE] = True
    return frame


def end() -> LLMFullResponseEndFrame:
    return LLMFullResponseEndFrame()


def audio(number: int) -> TTSAudioRawFrame:
    return TTSAudioRawFrame(number.to_bytes(2, "little"), 8000, 1)


def answer(first: int, last: int, speculative: bool = True) -> list[Frame]:
    """An answer whose pieces of audio are numbered."""
    pieces = [audio(number) for number in range(first, last + 1)]
    return [start(speculative), TTSStartedFrame(), *pieces, TTSStoppedFrame(), end()]


def heard(talk: SmallPipeline) -> list[int]:
    """The numbers of the audio that got through, in order."""
    return [int.from_bytes(frame.audio, "little") for frame in talk.of(TTSAudioRawFrame)]


async def test_a_speculative_answer_is_released_whole_and_in_order(
    virtual_time: VirtualTime,
) -> None:
    frames = answer(1, 9)
    async with small_pipeline(Held()) as talk:
        await talk.send(UserStartedSpeakingFrame(), *frames)
        await talk.settle()
        assert [type(frame) for frame in talk.down] == [UserStartedSpeakingFrame]
        await talk.send(UserStoppedSpeakingFrame())
        await talk.settle()
        assert talk.down[2:] == frames  # behind the frame that confirms them
        await talk.send(*answer(10, 12, speculative=False))
        await talk.settle()
        assert heard(talk) == list(range(1, 13))


async def test_an_ordinary_answer_passes_in_mid_turn(virtual_time: VirtualTime) -> None:
    frames = answer(1, 3, speculative=False)
    async with small_pipeline(Held()) as talk:
        await talk.send(UserStartedSpeakingFrame(), *frames)
        await talk.settle()
        assert talk.down[1:] == frames


async def test_the_verdict_may_come_before_the_answer(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Held()) as talk:
        await talk.send(UserStartedSpeakingFrame(), UserStoppedSpeakingFrame())
        await talk.settle()
        await talk.send(*answer(1, 3))
        await talk.settle()
        assert heard(talk) == [1, 2, 3]
        await talk.send(UserStartedSpeakingFrame())
        await talk.settle()
        await talk.send(*answer(4, 6))
        await talk.settle()
        assert heard(talk) == [1, 2, 3]  # that verdict was not for the next turn


async def test_a_verdict_that_overtakes_half_an_answer_releases_both_halves(
    virtual_time: VirtualTime,
) -> None:
    frames = answer(1, 9)
    async with small_pipeline(Held()) as talk:
        await talk.send(UserStartedSpeakingFrame(), *frames[:5])
        await talk.settle()
        await talk.send(*frames[5:8], UserStoppedSpeakingFrame(), *frames[8:])
        await talk.settle()
        assert talk.down[2:] == frames


class Slow(FrameProcessor):
    """Takes its time over each frame, on the way of whoever pushes it."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            await asyncio.sleep(0.01)
        await self.push_frame(frame, direction)


async def test_frames_that_come_during_the_release_keep_their_place(
    virtual_time: VirtualTime,
) -> None:
    async with small_pipeline(Held(), Slow()) as talk:
        await talk.send(UserStartedSpeakingFrame(), start(), *map(audio, range(10)))
        await talk.settle()
        await talk.send(UserStoppedSpeakingFrame())
        for number in range(10, 40):
            await talk.send(audio(number))
            await asyncio.sleep(0.003)
        await talk.send(end())
        await asyncio.sleep(1)
        assert heard(talk) == list(range(40))
        assert isinstance(talk.down[-1], LLMFullResponseEndFrame)


@pytest.mark.parametrize("over", [EagerEndOfTurnCancelFrame, InterruptionFrame])
async def test_a_withdrawn_answer_is_dropped_with_what_is_queued_of_it(
    virtual_time: VirtualTime, over: type[Frame]
) -> None:
    async with small_pipeline(Held()) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer(1, 5))
        await talk.settle()
        await talk.send(over())
        await talk.settle()
        assert [type(frame) for frame in talk.down] == [UserStartedSpeakingFrame, over]
        if over is EagerEndOfTurnCancelFrame:
            await talk.send(AnswerWithdrawnFrame())
        await talk.send(*answer(6, 8), UserStoppedSpeakingFrame())
        await talk.settle()
        assert heard(talk) == [6, 7, 8]


async def test_the_tail_of_a_dropped_answer_is_dropped_too(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Held()) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer(1, 5)[:-1])
        await talk.settle()
        await talk.send(EagerEndOfTurnCancelFrame(), AnswerWithdrawnFrame())
        await talk.settle()
        await talk.send(end())
        await talk.settle()
        assert talk.of(LLMFullResponseEndFrame) == []
        await talk.send(*answer(6, 8), UserStoppedSpeakingFrame())
        await talk.settle()
        assert len(talk.of(LLMFullResponseStartFrame)) == len(talk.of(LLMFullResponseEndFrame)) == 1
        assert heard(talk) == [6, 7, 8]


async def test_several_withdrawals_leave_the_last_answer_alone(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Held()) as talk:
        await talk.send(UserStartedSpeakingFrame())
        for first in (1, 11, 21):
            await talk.send(*answer(first, first + 4))
            await talk.settle()
            await talk.send(EagerEndOfTurnCancelFrame(), AnswerWithdrawnFrame())
            await talk.settle()
        await talk.send(*answer(31, 33))
        await talk.settle()
        await talk.send(UserStoppedSpeakingFrame())
        await talk.settle()
        assert heard(talk) == [31, 32, 33]


async def test_what_may_not_be_lost_outlives_a_withdrawal(virtual_time: VirtualTime) -> None:
    kept = TTSTextFrame("goodbye", "sentence")
    kept.interruptible = False
    async with small_pipeline(Held()) as talk:
        await talk.send(UserStartedSpeakingFrame(), start(), audio(1), kept, audio(2))
        await talk.settle()
        assert kept not in talk.down
        await talk.send(EagerEndOfTurnCancelFrame(), AnswerWithdrawnFrame())
        await talk.settle()
        assert talk.down[-1] is kept
        assert heard(talk) == []


async def test_an_end_is_not_held_up_and_last_words_come_before_it(
    virtual_time: VirtualTime,
) -> None:
    async with small_pipeline(Held(), seconds=1) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer(1, 3))
        await talk.settle()
        await talk.send(TTSStartedFrame(), audio(90), TTSStoppedFrame())
        await talk.end()
        await talk.settle(0.1)
        assert isinstance(talk.down[-1], EndFrame)
        assert heard(talk)[-1] == 90


async def test_a_caller_who_hangs_up_hears_nothing_of_a_held_answer(
    virtual_time: VirtualTime,
) -> None:
    async with small_pipeline(Held(), cancel=True, seconds=1) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer(1, 3))
        await talk.settle()
    assert heard(talk) == []


async def test_frames_upstream_pass(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Held()) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer(1, 3))
        await talk.settle()
        await talk.last.push_frame(frame := TTSStoppedFrame(), FrameDirection.UPSTREAM)
        await talk.settle()
        assert frame in talk.up


async def test_words_before_a_speculative_tool_call_are_said_once(
    virtual_time: VirtualTime,
) -> None:
    """A whole call: the tool's withdrawal overtakes the words that were written just before it."""

    async def note(params: FunctionCallParams) -> None:
        await params.result_callback({"ok": True})

    words = "Let me write that down."
    talk = Talk(
        lambda ask: "Noted." if ask.results else [Say(words), CallTool("note", {"text": "two"})],
        "A table for two, please.",
    )
    talk.llm.register_function("note", note)
    talk.line.speaks(1.5, 2.5)
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert talk.tts.texts == ["Hello there.", words, "Noted."]
    assert heard[1].text.startswith("Let me")
    assert talk.notes.said("bot") == ["Hello there.", words, "Noted."]


async def test_last_words_are_said_though_an_answer_is_held_and_withdrawn(
    virtual_time: VirtualTime,
) -> None:
    """A whole call: the server stops in the wait for a turn's end, and then the caller goes on."""
    talk = Talk(lambda _: "Of course. For how many?", "Do you have a table?")
    talk.line.speaks(1.5, 2.5)
    talk.line.speaks(2.85, 4.5)
    ending: list[asyncio.Task[None]] = []

    def stop() -> None:
        assert talk.call.hang_up
        ending.append(asyncio.ensure_future(talk.call.hang_up("server stopping")))

    talk.line.at(2.8, stop)
    await talk.run(until=20)
    assert SENTENCES.stopping in talk.line.utterances()[-1].text
