"""The chain that hears, on the vendors' wire protocols: what one has not heard, the next does."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pipecat.frames.frames import (
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pydantic import SecretStr

from bot.clients import Clients
from bot.failover.breaker import State
from bot.failover.breakers import Breakers
from bot.failover.budget import Budget
from bot.frames import SpeechPausedFrame
from bot.providers import Endpoint
from bot.speech.stt import make_stt
from tests.fakes import assemblyai_api, faults, voice
from tests.fakes.assemblyai_api import AssemblyAiApi, SyncRequest
from tests.fakes.openai_api import Delays, OpenAIApi, TranscriptionRequest
from tests.fixtures.small_pipeline import SmallPipeline, small_pipeline

RATE = 8000
SPEECH = voice.speak("book a table ", RATE).tobytes()


@pytest_asyncio.fixture
async def clients() -> AsyncIterator[Clients]:
    made = Clients()
    yield made
    await made.aclose()


@pytest_asyncio.fixture
async def assemblyai() -> AsyncIterator[AssemblyAiApi]:
    async with AssemblyAiApi() as api:
        yield api


def openai_ears(api: OpenAIApi) -> Endpoint:
    return Endpoint("stt", "openai", api.url, SecretStr("sk-test"), "whisper-1", "test")


def assembly_ears(api: AssemblyAiApi) -> Endpoint:
    key = SecretStr(assemblyai_api.KEY)
    return Endpoint("stt", "assemblyai", api.origin, key, "universal-3-5-pro", "test")


async def says(talk: SmallPipeline, number: int = 1) -> None:
    """One segment of speech, from its start to its end."""
    await talk.send(
        VADUserStartedSpeakingFrame(start_secs=0.16),
        SpeechPausedFrame(SPEECH, RATE, number, 0.02),
        VADUserStoppedSpeakingFrame(stop_secs=0.2),
    )
    await talk.until(lambda: len(talk.of(TranscriptionFrame)) >= number)


def texts(talk: SmallPipeline) -> list[str]:
    return [frame.text for frame in talk.of(TranscriptionFrame)]


async def test_assemblyai_hears_a_segment_in_one_request(
    clients: Clients, assemblyai: AssemblyAiApi
) -> None:
    async with small_pipeline(make_stt([assembly_ears(assemblyai)], clients, "en-GB")) as talk:
        await says(talk)
    assert texts(talk) == ["book a table"]
    (asked,) = assemblyai.of(SyncRequest)
    assert asked.order == ["config", "audio"]  # the service wants them so
    assert (asked.config, asked.rate) == ({"language_code": "en"}, RATE)
    assert asked.seconds == pytest.approx(len(SPEECH) / 2 / RATE + 0.5)


@pytest.mark.parametrize(
    "fault",
    [
        faults.RESET,
        faults.UNAUTHORIZED,
        faults.RATE_LIMITED,
        faults.RATE_LIMITED_1S,
        faults.NO_CREDIT,
        faults.SERVER_ERROR,
        faults.UNAVAILABLE,
        faults.CLOSED,
        faults.GARBAGE,
    ],
    ids=str,
)
async def test_the_same_audio_goes_to_the_next_ears(
    clients: Clients, openai_api: OpenAIApi, assemblyai: AssemblyAiApi, fault: faults.Fault
) -> None:
    openai_api.fail(fault, "transcriptions")
    breakers = Breakers()
    chain = [openai_ears(openai_api), assembly_ears(assemblyai)]
    async with small_pipeline(make_stt(chain, clients, "en", breakers)) as talk:
        await says(talk)
    assert (texts(talk), talk.errors) == (["book a table"], [])
    assert len(openai_api.of(TranscriptionRequest)) == 1
    failed = {health.name: health.failed for health in breakers.snapshot()}
    assert failed == {"openai whisper-1": 1, "assemblyai universal-3-5-pro": 0}
    await breakers.close()


async def test_a_bad_request_is_not_held_against_the_ears(
    clients: Clients, openai_api: OpenAIApi, assemblyai: AssemblyAiApi
) -> None:
    openai_api.fail(faults.BAD_REQUEST, "transcriptions")
    breakers = Breakers()
    chain = [openai_ears(openai_api), assembly_ears(assemblyai)]
    async with small_pipeline(make_stt(chain, clients, "en", breakers)) as talk:
        await says(talk)
    assert (texts(talk), len(talk.errors)) == ([""], 1)
    assert assemblyai.requests == []
    assert [health.failed for health in breakers.snapshot()] == [0, 0]


@pytest.mark.usefixtures("virtual_time")
async def test_ears_that_hang_are_joined_by_the_next(
    clients: Clients, openai_api: OpenAIApi, assemblyai: AssemblyAiApi
) -> None:
    openai_api.fail(faults.HANG, "transcriptions")
    chain = [openai_ears(openai_api), assembly_ears(assemblyai)]
    budget = Budget(0.1)
    start = asyncio.get_running_loop().time()
    async with small_pipeline(make_stt(chain, clients, "en", Breakers(), budget)) as talk:
        await says(talk)
        assert asyncio.get_running_loop().time() - start < 2.9
        (asked,) = openai_api.of(TranscriptionRequest)
        await openai_api.when(lambda: asked.outcome == "cancelled" or asked.ended)
    assert (texts(talk), talk.errors) == (["book a table"], [])
    assert budget.spent == 1


async def test_ears_that_are_known_to_be_dead_are_asked_last(
    clients: Clients, openai_api: OpenAIApi, assemblyai: AssemblyAiApi
) -> None:
    breakers = Breakers()
    chain = [openai_ears(openai_api), assembly_ears(assemblyai)]
    openai_api.fail(faults.UNAUTHORIZED, "transcriptions", nth=1)
    async with small_pipeline(make_stt(chain, clients, "en", breakers)) as talk:
        await says(talk, 1)
        assert breakers.of(chain[0]).state is State.OPEN
        await says(talk, 2)
        assert len(openai_api.of(TranscriptionRequest)) == 1
        breakers.of(chain[0]).agree(State.CLOSED, "")
        await says(talk, 3)
    assert texts(talk) == ["book a table"] * 3
    assert len(openai_api.of(TranscriptionRequest)) == 2
    await breakers.close()


async def test_a_dead_pair_of_ears_is_tried_by_itself_and_comes_back(
    clients: Clients, openai_api: OpenAIApi
) -> None:
    openai_api.fail(faults.RATE_LIMITED_1S, "transcriptions", nth=1)
    told: list[str] = []
    breakers = Breakers(lambda _, line: told.append(line))
    breaker = breakers.of(openai_ears(openai_api))
    async with small_pipeline(make_stt([openai_ears(openai_api)], clients, "en", breakers)) as talk:
        breaker.pause = 0.01
        await says(talk)
        breaker.agree(State.OPEN, "again")  # the segment's second try has closed it
        breaker.pause = 0.05
        breakers._look_after(breaker)
        await openai_api.when(lambda: len(openai_api.of(TranscriptionRequest)) >= 3)
        await talk.until(lambda: breaker.state is State.CLOSED)
    assert any("open, " in line for line in told)
    assert "it answers again" in told[-1]
    await breakers.close()


async def test_delays_are_the_providers_habit(clients: Clients, openai_api: OpenAIApi) -> None:
    openai_api.delays = Delays(stt=0.05)
    breakers = Breakers()
    async with small_pipeline(make_stt([openai_ears(openai_api)], clients, "en", breakers)) as talk:
        for number in range(1, 4):
            await says(talk, number)
    (health,) = breakers.snapshot()
    assert health.answered == 3
    assert health.usual_seconds is not None
    assert 0.05 <= health.usual_seconds < 1
