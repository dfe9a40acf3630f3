"""Words that were heard and words that were not, together, are what the bot said."""

import numpy as np
import pytest
from pipecat.frames.frames import (
    AggregatedTextFrame,
    InterruptionFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair

from pipelines.heard import Heard, Spoken, Utterance
from tests.fixtures.small_pipeline import small_pipeline

RATE = 8000
SENTENCE = "The first thing is here and the second is there."
STEP = 0.1


@pytest.mark.parametrize("steps", [1, 3, 7, 12])
async def test_a_word_heard_the_moment_before_an_interruption_is_not_lost(steps: int) -> None:
    utterance, context = Utterance(), LLMContext()
    aggregators = LLMContextAggregatorPair(context)
    unheard: list[str] = []
    heard = Heard(utterance, on_words=lambda *_: None, on_cut=unheard.append)
    sentence = AggregatedTextFrame(SENTENCE, "sentence")
    sentence.will_be_spoken, sentence.append_to_context = True, False
    sound = np.zeros(round(STEP * RATE), np.int16).tobytes()
    async with small_pipeline(Spoken(utterance), heard, aggregators.assistant()) as talk:
        await talk.send(LLMFullResponseStartFrame(), TTSStartedFrame(), sentence)
        await talk.settle()
        await talk.send(*(TTSAudioRawFrame(sound, RATE, 1) for _ in range(steps)))
        await talk.send(InterruptionFrame())
        await talk.until(lambda: talk.of(InterruptionFrame))
    kept = [str(message["content"]) for message in context.get_messages()]
    assert " ".join([*kept, *unheard]) == SENTENCE
    assert len("".join(kept)) <= len(SENTENCE) * steps * STEP / 3 + 1
