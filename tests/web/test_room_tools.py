"""The room's page in Chromium on the real server and pipeline, the cloud's stand-in for a model:
what is typed reaches the model, its tools reach the page, and the model is told what happened."""

import json

import pytest

from bot.store import notes
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fakes.script import Ask, CallTool, Say
from tests.fixtures.chromium import Room, open_room
from tests.fixtures.house import Serve

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


async def test_typed_words_become_windows_and_notes(serve: Serve, openai_api: OpenAIApi) -> None:
    results: list[str] = []

    def brain(ask: Ask) -> CallTool | Say:
        if ask.results:
            results.append(json.loads(ask.results[-1]))
            return Say("There you are.")
        if "open my notes" in ask.user:
            return CallTool("bot_open_app", {"app": "notes"})
        if "mail" in ask.user:
            return CallTool("bot_arrange_window", {"window": "mail", "action": "maximize"})
        return CallTool("bot_create_note", {"title": "Shopping", "content": "milk"})

    openai_api.brain = brain
    server = await serve(BOT_GREETING="Hello there.")
    assert server.resources
    async with open_room(server.url, microphone="none") as room:
        await room.page.get_by_role("button", name="Type instead of speaking").click()
        await room.wait_for_phase("talking")
        await room.wait_until(lambda: _said(room, "Hello there."), "greeting")
        await _type(room, "please open my notes window", 1)
        window = room.page.get_by_role("dialog", name="Notes")
        await window.get_by_text("No notes yet.").wait_for()
        await _type(room, "maximize the mail window", 2)
        await _type(room, "make a note: milk", 3)
        editor = window.get_by_role("textbox", name="Text of the note Shopping")
        assert await editor.input_value() == "milk"
        assert results[0] == "The notes window is open."
        assert "there is no window called mail; open are: Notes" in results[1]
        assert "Saved as the note" in results[2]
        (call,) = server.resources.switchboard.calls
        assert call.caller.startswith("browser:")
        kept = await notes.find(server.resources.store, call.caller)
        assert [(note.title, note.text) for note in kept] == [("Shopping", "milk")]
        await room.page.get_by_role("button", name="Behind the scenes").click()
        details = room.page.get_by_role("dialog", name="Behind the scenes")
        assert "bot_arrange_window" in await details.inner_text()
        assert '"window": "mail"' in await details.inner_text()
    offered = {tool["function"]["name"] for tool in openai_api.of(ChatRequest)[-1].body["tools"]}
    assert "bot_open_note" in offered


async def _type(room: Room, text: str, answer: int) -> None:
    """Type a turn and wait until the bot has answered that many of them."""
    await room.page.get_by_role("textbox", name="Type to Tandem").fill(text)
    await room.page.keyboard.press("Enter")

    async def answered() -> bool:
        said = [words for _, who, words in await room.captions() if who == "bot"]
        return sum("There you are." in words for words in said) == answer

    await room.wait_until(answered, f"answer {answer}")


async def _said(room: Room, words: str) -> bool:
    return words in await room.said("bot")
