"""The STT service on the wire: what it asks of the provider, and what it no longer needs."""

import pytest
from pipecat.frames.frames import (
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pydantic import SecretStr

from bot.clients import Clients
from bot.frames import SpeechPausedFrame, SpeechResumedFrame
from bot.providers import Endpoint
from bot.speech.stt import make_stt
from tests.fakes.openai_api import Delays, OpenAIApi, TranscriptionRequest
from tests.fixtures.small_pipeline import small_pipeline

RATE = 8000


async def test_the_request_of_a_dropped_attempt_is_cancelled() -> None:
    clients = Clients()
    async with OpenAIApi(delays=Delays(stt=5.0)) as api:
        endpoint = Endpoint("stt", "openai", api.url, SecretStr("sk-test"), "whisper-1", "test")
        async with small_pipeline(make_stt([endpoint], clients, "en")) as talk:
            await talk.send(
                VADUserStartedSpeakingFrame(start_secs=0.16),
                SpeechPausedFrame(bytes(RATE * 2), RATE, 1, 0.02),
            )
            await api.when(lambda: api.of(TranscriptionRequest))
            (request,) = api.of(TranscriptionRequest)
            assert request.seconds == pytest.approx(1.5)  # Pipecat adds half a second of silence
            await talk.send(SpeechResumedFrame())
            await api.when(lambda: request.outcome == "cancelled")
            api.delays = Delays()
            api.transcripts.append("I want to book")
            await talk.send(SpeechPausedFrame(bytes(RATE * 4), RATE, 2, 0.02))
            await api.when(lambda: len(api.of(TranscriptionRequest)) == 2)
            await talk.send(VADUserStoppedSpeakingFrame(stop_secs=0.2))
            await talk.until(lambda: talk.of(TranscriptionFrame))
        assert [frame.text for frame in talk.of(TranscriptionFrame)] == ["I want to book"]
        assert not talk.errors
    await clients.aclose()


@pytest.mark.parametrize(("provider", "eager"), [("openai", True), ("embedded", False)])
async def test_models_on_the_same_machine_are_not_asked_in_vain(provider: str, eager: bool) -> None:
    clients = Clients()
    async with OpenAIApi(key=None) as api:
        endpoint = Endpoint("stt", provider, api.url, SecretStr(""), "whisper-1", "test")
        api.transcripts.append("hello")
        async with small_pipeline(make_stt([endpoint], clients, "en")) as talk:
            await talk.send(
                VADUserStartedSpeakingFrame(start_secs=0.16),
                SpeechPausedFrame(bytes(RATE * 2), RATE, 1, 0.02),
            )
            if eager:
                await api.when(lambda: api.of(TranscriptionRequest))
            await talk.settle(0.05)
            assert len(api.of(TranscriptionRequest)) == (1 if eager else 0)
            await talk.send(VADUserStoppedSpeakingFrame(stop_secs=0.2))
            await talk.until(lambda: talk.of(TranscriptionFrame))
        assert len(api.of(TranscriptionRequest)) == 1
    await clients.aclose()
