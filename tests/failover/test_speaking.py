"""The chain that speaks, on the vendors' wire protocols: no word is lost, none is said twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from pipecat.frames.frames import (
    AggregatedTextFrame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.services.tts_service import TTSService
from pydantic import SecretStr

from bot.clients import Clients
from bot.failover.breaker import State
from bot.failover.breakers import Breakers
from bot.providers import Endpoint
from bot.speech.phrases import Phrases
from bot.speech.speakers import RATE
from bot.speech.tts import make_tts, synthesize
from tests.fakes import elevenlabs_api as elevenlabs
from tests.fakes import faults, voice
from tests.fakes.elevenlabs_api import ElevenLabsApi, HttpRequest
from tests.fakes.openai_api import OpenAIApi, SpeechRequest
from tests.fixtures.small_pipeline import SmallPipeline, small_pipeline

TEXT = "We are open from nine until six, and on Sundays from ten until four in the afternoon."


@pytest_asyncio.fixture
async def clients() -> AsyncIterator[Clients]:
    made = Clients()
    yield made
    await made.aclose()


@pytest_asyncio.fixture
async def phrases(tmp_path: Path) -> Phrases:
    """One sentence is rendered, so the voice's pace is known."""

    async def render(text: str) -> bytes:
        return voice.speak(text, RATE).tobytes()

    made = Phrases(tmp_path, "voice")
    await made.prepare(["One moment, please."], render)
    return made


def openai_voice(api: OpenAIApi) -> Endpoint:
    return Endpoint("tts", "openai", api.url, SecretStr("sk-test"), "voice-1", "test", "alloy")


def eleven_voice(api: ElevenLabsApi) -> Endpoint:
    key = SecretStr(elevenlabs.KEY)
    return Endpoint(
        "tts", "elevenlabs", api.origin, key, "eleven_flash_v2_5", "test", elevenlabs.VOICE
    )


def heard(talk: SmallPipeline) -> str:
    """The words in the sound; every frame is of the same kind."""
    frames = talk.of(TTSAudioRawFrame)
    assert {(frame.sample_rate, frame.num_channels) for frame in frames} <= {(RATE, 1)}
    assert all(frame.audio and len(frame.audio) % 2 == 0 for frame in frames)
    return voice.hear(b"".join(frame.audio for frame in frames), RATE).strip()


def kept(folder: Path) -> int:
    """How many renderings lie on disk."""
    return len(list(folder.iterdir()))


async def say(tts: TTSService, *texts: str) -> SmallPipeline:
    async with small_pipeline(tts) as talk:
        for number, text in enumerate(texts, 1):
            await talk.send(TTSSpeakFrame(text))
            await talk.until(lambda n=number: len(talk.of(TTSStoppedFrame)) == n or talk.errors)
    return talk


async def test_each_voice_says_a_sentence_alone(
    clients: Clients, phrases: Phrases, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    for endpoint in (openai_voice(openai_api), eleven_voice(elevenlabs_api)):
        talk = await say(make_tts([endpoint], clients, phrases, "en", fast_brain=True), TEXT)
        assert heard(talk) == TEXT
        assert [frame.text for frame in talk.of(TTSTextFrame)] == [TEXT]
        assert voice.hear(await synthesize(endpoint, clients, TEXT), RATE).strip() == TEXT
    (asked, _) = elevenlabs_api.of(HttpRequest)
    assert asked.query == {"output_format": "pcm_24000"}
    assert asked.body == {"text": TEXT, "model_id": "eleven_flash_v2_5", "language_code": "en"}


@pytest.mark.parametrize(
    "fault",
    [
        faults.RESET,
        faults.UNAUTHORIZED,
        faults.RATE_LIMITED,
        faults.NO_CREDIT,
        faults.SERVER_ERROR,
        faults.UNAVAILABLE,
        faults.HANG,
        faults.STALL.at(0),
        faults.CLOSED.at(0),
        faults.GARBAGE,
    ],
    ids=str,
)
@pytest.mark.parametrize("first", ["openai", "elevenlabs"])
async def test_a_sentence_that_failed_is_said_by_the_next_voice(
    clients: Clients,
    phrases: Phrases,
    openai_api: OpenAIApi,
    elevenlabs_api: ElevenLabsApi,
    first: str,
    fault: faults.Fault,
) -> None:
    chain = [openai_voice(openai_api), eleven_voice(elevenlabs_api)]
    if first == "elevenlabs":
        chain.reverse()
    (openai_api if first == "openai" else elevenlabs_api).fail(fault, "speech", times=1)
    breakers = Breakers()
    talk = await say(
        make_tts(chain, clients, phrases, "en", breakers, fast_brain=True), TEXT, "And now?"
    )
    assert heard(talk) == f"{TEXT} And now?"
    assert talk.errors == []
    # The voice that took over stays for the rest of the call.
    asked = (openai_api.of(SpeechRequest), elevenlabs_api.of(HttpRequest))
    assert [len(requests) for requests in asked] == ([1, 2] if first == "openai" else [2, 1])
    await breakers.close()


@pytest.mark.parametrize(
    ("fault", "after"),
    [*((faults.CLOSED, after) for after in (2, 5, 9, 14, 20, 30)), (faults.STALL, 7)],
    ids=str,
)
async def test_the_part_that_was_not_said_is_said_by_the_next_voice(
    clients: Clients,
    phrases: Phrases,
    openai_api: OpenAIApi,
    elevenlabs_api: ElevenLabsApi,
    fault: faults.Fault,
    after: int,
) -> None:
    openai_api.fail(fault.at(after), "speech", times=1)
    chain = [openai_voice(openai_api), eleven_voice(elevenlabs_api)]
    breakers = Breakers()
    talk = await say(make_tts(chain, clients, phrases, "en", breakers, fast_brain=True), TEXT)
    (rest,) = (request.body["text"] for request in elevenlabs_api.of(HttpRequest))
    assert TEXT.endswith(rest)
    assert len(rest) < len(TEXT)
    beginning = TEXT.removesuffix(rest)
    said = heard(talk)
    assert said.startswith(beginning.strip())
    assert said.endswith(rest)
    assert len(said) <= len(TEXT) + 4  # at the seam a word that was cut may be heard as a stump
    assert [frame.text for frame in talk.of(AggregatedTextFrame)][:1] == [TEXT]
    assert talk.errors == []
    await breakers.close()


@pytest.mark.parametrize("after", [1, 2, 3, 5, 8])
async def test_elevenlabs_says_whole_words_so_the_seam_is_exact(
    clients: Clients,
    phrases: Phrases,
    openai_api: OpenAIApi,
    elevenlabs_api: ElevenLabsApi,
    after: int,
) -> None:
    elevenlabs_api.fail(faults.CLOSED.at(after), "speech", times=1)
    chain = [eleven_voice(elevenlabs_api), openai_voice(openai_api)]
    breakers = Breakers()
    talk = await say(make_tts(chain, clients, phrases, "en", breakers, fast_brain=True), TEXT)
    assert heard(talk) == TEXT
    (rest,) = (request.text for request in openai_api.of(SpeechRequest))
    assert 0 < len(rest) < len(TEXT)
    await breakers.close()


async def test_a_sentence_that_is_wrong_is_one_error(
    clients: Clients, phrases: Phrases, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi
) -> None:
    openai_api.fail(faults.BAD_REQUEST, "speech", times=1)
    chain = [openai_voice(openai_api), eleven_voice(elevenlabs_api)]
    breakers = Breakers()
    talk = await say(make_tts(chain, clients, phrases, "en", breakers, fast_brain=True), TEXT)
    assert len(talk.errors) >= 1
    assert elevenlabs_api.requests == []
    assert breakers.of(chain[0]).state is State.CLOSED


async def test_rendered_sentences_are_said_while_every_voice_is_down(
    clients: Clients, phrases: Phrases, openai_api: OpenAIApi
) -> None:
    openai_api.fail(faults.UNAVAILABLE, "speech")
    tts = make_tts([openai_voice(openai_api)], clients, phrases, "en", fast_brain=True)
    talk = await say(tts, "One moment, please.")
    assert heard(talk) == "One moment, please."
    assert openai_api.requests == []
    openai_api.heal()


async def test_a_barge_in_ends_the_request(
    clients: Clients, phrases: Phrases, openai_api: OpenAIApi
) -> None:
    openai_api.fail(faults.STALL.at(3), "speech")
    tts = make_tts([openai_voice(openai_api)], clients, phrases, "en", fast_brain=True)
    async with small_pipeline(tts) as talk:
        await talk.send(TTSSpeakFrame(TEXT))
        await talk.until(lambda: talk.of(TTSAudioRawFrame))
        await talk.send(InterruptionFrame())
        (asked,) = openai_api.of(SpeechRequest)
        await openai_api.when(lambda: asked.ended)
        openai_api.heal()
        await asyncio.sleep(0.05)
        assert len(openai_api.of(SpeechRequest)) == 1
    assert talk.errors == []


async def test_a_voice_that_is_down_at_start_is_stood_in_for(
    clients: Clients, openai_api: OpenAIApi, elevenlabs_api: ElevenLabsApi, tmp_path: Path
) -> None:
    openai_api.fail(faults.UNAVAILABLE, "speech", times=1)
    phrases = Phrases(tmp_path, "first")

    async def first(text: str) -> bytes:
        return await synthesize(openai_voice(openai_api), clients, text)

    async def second(text: str) -> bytes:
        return await synthesize(eleven_voice(elevenlabs_api), clients, text)

    await phrases.prepare(["We are sorry."], first)
    assert phrases.get("We are sorry.") is None
    await phrases.borrow(["We are sorry."], second)
    assert phrases.get("We are sorry.")
    assert kept(tmp_path) == 0  # it is not this voice's
    await phrases.prepare(["We are sorry."], first)
    assert len(openai_api.of(SpeechRequest)) == 2
    assert phrases.missing(["We are sorry."]) == []
    assert kept(tmp_path) == 1
