"""Tools in whole calls: the real server and store, the cloud's stand-in for a model."""

import asyncio
import json

import pytest

from bot.server import Server
from bot.store import desk, queries, tool_events
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fakes.phoneline import PhoneLine
from tests.fakes.script import Ask, CallTool, Say
from tests.fixtures.house import Serve, dial, hang_up_after

pytestmark = pytest.mark.usefixtures("virtual_time")
CALLER = "+15550001111"


async def keyed(server: Server, keys: str, until_heard: str) -> list[str]:
    """A caller who presses keys, listens and hangs up; what was heard."""
    line = PhoneLine()
    for number, key in enumerate(keys):
        line.presses(1.5 + number * 0.2, key)
    hang_up_after(line, until_heard, 15)
    await dial(server, line, 16)
    return [u.text for u in line.utterances()]


async def test_message_is_taken_and_confirmed(serve: Serve, openai_api: OpenAIApi) -> None:
    def brain(ask: Ask) -> CallTool | Say:
        if ask.results:
            return Say("I have noted it.")
        return CallTool("bot_take_message", {"for_whom": "Anna", "text": "I am late."})

    openai_api.brain = brain
    server = await serve(BOT_GREETING="Hello there.")
    heard = await keyed(server, "1#", "noted it.")
    assert heard[-1] == "I have noted it."
    assert server.resources
    (message,) = await desk.messages(server.resources.store)
    assert (message.owner, message.recipient, message.text) == (CALLER, "Anna", "I am late.")
    await server.resources.recorder.flush()
    (call,) = await queries.calls(server.resources.store)
    events = await queries.events(server.resources.store, call.id)
    tools = [tool_events.read(event.detail) for event in events if event.kind == "tool"]
    (taken,) = [tool for tool in tools if tool.how.startswith("bot_take_message done")]
    assert json.loads(taken.arguments) == {"for_whom": "Anna", "text": "I am late."}
    assert taken.answer
    first = openai_api.of(ChatRequest)[0].body
    offered = [tool["function"]["name"] for tool in first["tools"]]
    assert "bot_end_call" in offered
    assert "bot_open_app" not in offered, "a phone has no windows"
    assert "never say that something was done" in first["messages"][0]["content"]


async def test_goodbye_is_heard_before_the_bot_hangs_up(
    serve: Serve, openai_api: OpenAIApi
) -> None:
    def brain(ask: Ask) -> CallTool | Say:
        return Say("Goodbye then.") if ask.results else CallTool("bot_end_call", {"reason": "done"})

    openai_api.brain = brain
    server = await serve(BOT_GREETING="Hello there.", BOT_LANGUAGE="it")  # no words to guard it by
    line = PhoneLine()
    line.presses(1.5, "1")
    line.presses(1.7, "#")
    await dial(server, line, 20)
    assert line.utterances()[-1].text == "Goodbye then."
    assert line.now < 15
    assert server.resources
    async with asyncio.timeout(30):
        while server.resources.switchboard.live:  # noqa: ASYNC110 - a plain count
            await asyncio.sleep(0.05)
    await server.resources.recorder.flush()
    (call,) = await queries.calls(server.resources.store)
    assert call.end_reason == "bot hung up: done"


async def test_model_cannot_hang_up_on_a_caller_who_goes_on(
    serve: Serve, openai_api: OpenAIApi
) -> None:
    results: list[str] = []

    def brain(ask: Ask) -> CallTool | Say:
        results.extend(ask.results)
        return Say("What else?") if ask.results else CallTool("bot_end_call", {"reason": "done"})

    openai_api.brain = brain
    server = await serve(BOT_GREETING="Hello there.")
    heard = await keyed(server, "1#", "What else?")
    assert heard[-1] == "What else?"
    assert "has not said goodbye" in results[0]
