"""Whole phone calls in Realtime: the real server, Twilio's protocol, the stand-in behind it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.server import Server
from bot.store import queries
from tests.fakes import faults
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_realtime import RealtimeApi
from tests.fakes.phoneline import PhoneLine
from tests.fakes.script import Ask, CallTool, Say
from tests.fixtures.house import Serve, dial, hang_up_after, when_heard
from tests.fixtures.speech import Speech

pytestmark = pytest.mark.usefixtures("virtual_time")
QUESTION = "What time is it?"


@pytest_asyncio.fixture
async def realtime() -> AsyncIterator[RealtimeApi]:
    """The Realtime API at `realtime.url`."""
    async with RealtimeApi() as api:
        yield api
        api.heal()


async def serve_realtime(serve: Serve, realtime: RealtimeApi, **overrides: str) -> Server:
    """A server whose calls begin in Realtime and go on in the cascade."""
    return await serve(
        BOT_GREETING="Hello there.",
        LLM_MODE="openai_realtime",
        OPENAI_REALTIME_URL=realtime.url,
        **overrides,
    )


async def words_of(server: Server) -> list[tuple[str, str, str]]:
    """What the store has of the only call."""
    assert server.resources
    await server.resources.recorder.flush()
    (call,) = await queries.calls(server.resources.store)
    said = await queries.utterances(server.resources.store, call.id)
    return [(one.speaker, one.text, one.kind) for one in said]


async def test_keys_tools_and_goodbye(
    serve: Serve, realtime: RealtimeApi, openai_api: OpenAIApi
) -> None:
    def brain(ask: Ask) -> CallTool | Say:
        if ask.results:
            return Say("I have noted it.")
        return CallTool("bot_take_message", {"for_whom": "Anna", "text": "I am late."})

    realtime.brain = brain
    server = await serve_realtime(serve, realtime)
    line = PhoneLine()
    for number, key in enumerate("1#"):
        line.presses(1.5 + number * 0.2, key)
    hang_up_after(line, "noted it.", 15)
    await dial(server, line, 16)
    assert [u.text for u in line.utterances()] == ["Hello there.", "I have noted it."]
    assert line.utterances()[0].start < 0.5
    assert await words_of(server) == [
        ("bot", "Hello there.", "greeting"),
        ("caller", "1#", "dtmf"),
        ("bot", "I have noted it.", "speech"),
    ]
    assert server.resources
    (call,) = await queries.calls(server.resources.store)
    assert (call.mode, call.state) == ("openai_realtime", "ended")


async def test_dropped_for_good_in_mid_call(
    serve: Serve, realtime: RealtimeApi, openai_api: OpenAIApi
) -> None:
    realtime.replies.append("Thank you.")
    openai_api.brain = lambda ask: f"It is number {ask.user.removeprefix('DTMF: ')}"
    server = await serve_realtime(serve, realtime)
    line = PhoneLine()
    line.presses(1.5, "1")
    line.presses(1.7, "#")
    dropped: list[float] = []

    def gone() -> None:
        dropped.append(line.now)
        realtime.fail(faults.RESET, "realtime")
        realtime.drop()

    def go_on() -> None:
        line.presses(line.now + 0.2, "2")
        line.presses(line.now + 0.4, "#")

    when_heard(line, "Thank you.", 10, gone)
    when_heard(line, "still here.", 15, go_on)
    hang_up_after(line, "number two", 20)
    await dial(server, line, 21)
    heard = line.utterances()
    assert "I am still here." in " ".join(u.text for u in heard)
    back = next(u for u in heard if u.text.startswith("Sorry, there was"))
    assert back.start - dropped[0] < 3.0
    assert "It is number two" in heard[-1].text
    kinds = [kind for _, _, kind in await words_of(server)]
    assert kinds == ["greeting", "dtmf", "speech", "notice", "dtmf", "speech"]


@pytest.mark.models
async def test_speech(
    serve: Serve, realtime: RealtimeApi, openai_api: OpenAIApi, speech: Speech
) -> None:
    realtime.transcripts.append(QUESTION)
    realtime.replies.append("It is noon.")
    server = await serve_realtime(serve, realtime)
    line = PhoneLine()
    line.plays(2.0, speech.ulaw(QUESTION))
    hang_up_after(line, "It is noon.", 15)
    await dial(server, line, 16)
    heard = line.utterances()
    assert [u.text for u in heard] == ["Hello there.", "It is noon."]
    assert [text for _, text, _ in await words_of(server)] == [
        "Hello there.",
        QUESTION,
        "It is noon.",
    ]
