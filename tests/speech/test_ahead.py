"""The voice's side of an answer that is begun early: its first piece, and how it is taken back."""

import asyncio

from pipecat.frames.frames import (
    AggregatedTextFrame,
    EagerEndOfTurnCancelFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import TTSUsageMetricsData

from bot.frames import SPECULATIVE, AnswerWithdrawnFrame
from bot.speech.ahead import SpeaksAhead
from tests.fakes import voice
from tests.fakes.scripted import ScriptedTTS
from tests.fixtures.small_pipeline import SmallPipeline, small_pipeline
from tests.fixtures.virtual_time import VirtualTime

RATE = 24_000


class Voice(SpeaksAhead, ScriptedTTS):
    """A scripted voice that speaks a speculative answer's first piece."""


def answer(*texts: str, speculative: bool = True) -> list[Frame]:
    """An answer as the model sends it."""
    start = LLMFullResponseStartFrame()
    if speculative:
        start.metadata[SPECULATIVE] = True
    return [start, *(LLMTextFrame(text) for text in texts), LLMFullResponseEndFrame()]


def spoken(talk: SmallPipeline) -> str:
    """The words in the audio that came out."""
    audio = b"".join(frame.audio for frame in talk.of(TTSAudioRawFrame))
    return voice.hear(audio, RATE).strip()


async def test_the_first_piece_is_spoken_and_the_rest_when_the_turn_is_over(
    virtual_time: VirtualTime,
) -> None:
    tts = Voice()
    async with small_pipeline(tts) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer("We do. ", "For ten. ", "Or two."))
        await asyncio.sleep(2)
        assert tts.texts == ["We do."]
        assert spoken(talk) == "We do."
        await talk.send(UserStoppedSpeakingFrame())
        await asyncio.sleep(1)
        assert tts.texts == ["We do.", "For ten.", "Or two."]
    assert spoken(talk) == "We do. For ten. Or two."
    assert len(talk.of(TTSStartedFrame)) == len(talk.of(TTSStoppedFrame)) == 1


async def test_an_answer_that_comes_after_the_turn_is_spoken_at_once(
    virtual_time: VirtualTime,
) -> None:
    """The turn's end may overtake the answer that it confirms."""
    tts = Voice()
    async with small_pipeline(tts) as talk:
        await talk.send(UserStartedSpeakingFrame(), UserStoppedSpeakingFrame())
        await talk.settle()
        await talk.send(*answer("We do. ", "For ten. ", "Or two."))
        await asyncio.sleep(1)
        assert tts.texts == ["We do.", "For ten.", "Or two."]


async def test_an_ordinary_answer_does_not_wait_for_anything(virtual_time: VirtualTime) -> None:
    tts = Voice()
    async with small_pipeline(tts) as talk:
        await talk.send(UserStartedSpeakingFrame())
        await talk.send(*answer("We do. ", "For ten.", speculative=False))
        await asyncio.sleep(1)
        assert tts.texts == ["We do.", "For ten."]


async def test_a_withdrawn_answer_is_dropped_and_the_next_one_speaks(
    virtual_time: VirtualTime,
) -> None:
    tts = Voice()
    async with small_pipeline(tts) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer("For how ", "many? ", "And when?"))
        await asyncio.sleep(1)
        assert tts.texts == ["For how many?"]
        before = len(talk.down)
        await talk.send(EagerEndOfTurnCancelFrame(), AnswerWithdrawnFrame())
        await asyncio.sleep(1)
        withdrawal = [EagerEndOfTurnCancelFrame, AnswerWithdrawnFrame]
        assert [type(frame) for frame in talk.down[before:]] == withdrawal
        await talk.send(*answer("We have ", "both. ", "Parking is free."))
        await asyncio.sleep(1)
        assert tts.texts == ["For how many?", "We have both."]
        await talk.send(UserStoppedSpeakingFrame())
        await asyncio.sleep(1)
        assert tts.texts == ["For how many?", "We have both.", "Parking is free."]


async def test_a_withdrawal_breaks_off_the_piece_that_is_being_spoken(
    virtual_time: VirtualTime,
) -> None:
    tts = Voice(delay=0.5)
    async with small_pipeline(tts) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer("For how many? ", "And when?"))
        await asyncio.sleep(0.2)
        await talk.send(EagerEndOfTurnCancelFrame(), AnswerWithdrawnFrame())
        await asyncio.sleep(0.05)
        await talk.send(*answer("We have both."), UserStoppedSpeakingFrame())
        await asyncio.sleep(3)
        assert tts.texts == ["For how many?", "We have both."]
        assert spoken(talk) == "We have both."


async def test_half_a_sentence_of_a_withdrawn_answer_is_not_said_with_the_next(
    virtual_time: VirtualTime,
) -> None:
    tts = Voice()
    async with small_pipeline(tts) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer("For how many ")[:-1])
        await talk.settle()
        await talk.send(EagerEndOfTurnCancelFrame(), AnswerWithdrawnFrame())
        await talk.settle()
        await talk.send(*answer("We have both."), UserStoppedSpeakingFrame())
        await asyncio.sleep(1)
        assert tts.texts == ["We have both."]


async def test_words_that_a_withdrawal_has_overtaken_are_not_said(
    virtual_time: VirtualTime,
) -> None:
    """A system frame overtakes what was sent just before it: "Let me see." and then a tool."""
    tts = Voice()
    async with small_pipeline(tts) as talk:
        start, text, end = answer("Let me see.")
        await talk.send(UserStartedSpeakingFrame(), start)
        await talk.settle()
        await talk.send(text, EagerEndOfTurnCancelFrame(), AnswerWithdrawnFrame(), end)
        await asyncio.sleep(1)
        assert tts.texts == []
        await talk.send(*answer("Noted."), UserStoppedSpeakingFrame())
        await asyncio.sleep(1)
        assert tts.texts == ["Noted."]


async def test_an_interruption_ends_the_waiting(virtual_time: VirtualTime) -> None:
    tts = Voice()
    async with small_pipeline(tts) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer("We do. ", "For ten."))
        await asyncio.sleep(1)
        await talk.send(InterruptionFrame())
        await talk.settle()
        await talk.send(TTSSpeakFrame("One moment."))
        await asyncio.sleep(1)
        assert tts.texts == ["We do.", "One moment."]


async def test_a_sentence_of_our_own_is_said_at_once_while_nothing_is_speculated(
    virtual_time: VirtualTime,
) -> None:
    tts = Voice()
    async with small_pipeline(tts) as talk:
        await talk.send(TTSSpeakFrame("Hello there."))
        await asyncio.sleep(0.2)
        assert tts.texts == ["Hello there."]
        await talk.send(UserStartedSpeakingFrame(), TTSSpeakFrame("One moment."))
        await asyncio.sleep(0.2)
        assert tts.texts[1:] == ["One moment."]  # in mid-turn: the caller is slow, or the STT
        await talk.send(*answer("We do. ", "For ten."))
        await asyncio.sleep(0.5)
        await talk.send(EagerEndOfTurnCancelFrame(), AnswerWithdrawnFrame())
        await talk.settle()
        await talk.send(TTSSpeakFrame("Still there?"))
        await asyncio.sleep(0.5)
        assert tts.texts[2:] == ["We do.", "Still there?"]


async def test_a_sentence_of_our_own_is_said_at_once_after_a_confirmed_answer(
    virtual_time: VirtualTime,
) -> None:
    tts = Voice()
    async with small_pipeline(tts) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer("We do. ", "For ten."))
        await asyncio.sleep(0.5)
        await talk.send(UserStoppedSpeakingFrame())
        await asyncio.sleep(1)
        await talk.send(UserStartedSpeakingFrame())
        await talk.settle()
        await talk.send(TTSSpeakFrame("One moment."))
        await asyncio.sleep(0.5)
        assert tts.texts == ["We do.", "For ten.", "One moment."]


async def test_nobody_pays_for_pieces_that_were_not_spoken(virtual_time: VirtualTime) -> None:
    tts = Voice()
    async with small_pipeline(tts) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer("We do. ", "For ten. ", "Or two."))
        await asyncio.sleep(1)
        await talk.send(EagerEndOfTurnCancelFrame(), AnswerWithdrawnFrame())
        await asyncio.sleep(1)
        assert [data.value for data in talk.metrics(TTSUsageMetricsData)] == [len("We do.")]
        assert [frame.text for frame in talk.of(AggregatedTextFrame)][:1] == ["We do."]


async def test_an_end_in_mid_speculation_does_not_hang(virtual_time: VirtualTime) -> None:
    tts = Voice()
    async with small_pipeline(tts, cancel=True, seconds=1) as talk:
        await talk.send(UserStartedSpeakingFrame(), *answer("We do. ", "For ten."))
        await asyncio.sleep(1)
    assert tts.texts == ["We do."]
