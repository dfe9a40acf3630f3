"""A phone call with a page beside it, whole: the text message, Chromium, what the bot shows there.

The phone line, the providers and Twilio are stand-ins; the server, the store and the browser are
real. Pictures go to `$SCREENSHOTS/room` (default /tmp/tandem-screenshots).
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.server import Server
from bot.store import notes
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fakes.phoneline import PhoneLine
from tests.fakes.script import Ask, CallTool, Say
from tests.fakes.twilio_api import ACCOUNT_SID, AUTH_TOKEN, TwilioApi
from tests.fixtures.chromium import Room, open_room
from tests.fixtures.house import Serve
from tests.web.looks import axe_finds_nothing, load_axe, picture

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CALLER, BOT = "+15550001111", "+15550002222"
PUBLIC = "https://bot.example"
TABLE = "Tea | Minutes\nGreen | 2\nBlack | 4"
EVIL = "<img src=x onerror=\"document.title='hacked'\">"
CHART = "Green: 2\nBlack: 4"
WANTS: dict[str, CallTool] = {
    "1": CallTool("bot_send_screen_link"),
    "2": CallTool("bot_show_on_canvas", {"kind": "chart", "content": CHART, "title": "Teas"}),
    "show me a table": CallTool("bot_show_on_canvas", {"kind": "table", "content": TABLE}),
    "make a note": CallTool("bot_create_note", {"title": "Shopping", "content": f"bread\n{EVIL}"}),
    "open the mail app": CallTool("bot_open_app", {"app": "mail"}),
}
"""What the model calls when the caller presses a key, or types so on the page. (The stand-in's
voice is no speech to the real ear.)"""


def brain(ask: Ask) -> CallTool | Say:
    """Does what the caller wants, and says what came of it."""
    if ask.results:
        return Say(ask.results[-1][:90])
    wanted = next((tool for words, tool in WANTS.items() if words in ask.user.lower()), None)
    if wanted is None or wanted.name not in ask.tools:
        return Say("That cannot be done now.")
    return wanted


@dataclass
class Phoned:
    """A live phone call."""

    server: Server
    line: PhoneLine
    twilio: TwilioApi
    task: asyncio.Task[Any]

    async def presses(self, key: str, answer: str) -> None:
        """Press a key and wait for the answer."""
        async with self.answers(answer):
            for number, each in enumerate((key, "#")):
                self.line.presses(self.line.now + 0.1 + 0.2 * number, each)

    async def types(self, room: Room, words: str, answer: str) -> None:
        """Type on the page and wait for the answer on the phone."""
        async with self.answers(answer):
            await room.page.get_by_label("Type to Tandem").fill(words)
            await room.page.keyboard.press("Enter")

    @asynccontextmanager
    async def answers(self, words: str) -> AsyncIterator[None]:
        """The bot says these words after what is done inside."""
        before = self.heard.count(words)
        yield
        await until(lambda: self.heard.count(words) > before)

    @property
    def heard(self) -> str:
        return " ".join(utterance.text for utterance in self.line.utterances())

    @property
    def path(self) -> str:
        """Of the page, as it stood in the last text message."""
        link = next(w for w in self.twilio.messages[-1]["Body"].split() if w.startswith(PUBLIC))
        return link.removeprefix(PUBLIC)


async def until(done: Any, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 - what was heard is decoded for each look
            await asyncio.sleep(0.4)


@asynccontextmanager
async def phoned(serve: Serve, openai_api: OpenAIApi, sid: str = "1") -> AsyncIterator[Phoned]:
    """A phone call through Twilio's stand-in."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    openai_api.brain = brain
    async with TwilioApi(reach={PUBLIC: f"http://127.0.0.1:{port}"}) as twilio:
        server = await serve(
            PORT=port,
            BOT_GREETING="Hello there.",
            BOT_NAME="Tandem",
            PUBLIC_URL=PUBLIC,
            TWILIO_ACCOUNT_SID=ACCOUNT_SID,
            TWILIO_AUTH_TOKEN=AUTH_TOKEN,
            TWILIO_API_URL=twilio.origin,
            TWILIO_PHONE_NUMBER=BOT,
            SILENCE_PROMPT_SECONDS=300,
        )
        line = PhoneLine(call_sid="CA" + sid * 32, account_sid=ACCOUNT_SID)
        webhook = f"{PUBLIC}/phone/incoming"
        ringing = twilio.ring(webhook, line, until=170, caller=CALLER, callee=BOT)
        call = Phoned(server, line, twilio, asyncio.create_task(ringing))
        try:
            await until(lambda: "Hello there." in call.heard)
            yield call
        finally:
            line.end()
            await asyncio.gather(call.task, return_exceptions=True)


async def status(room: Room, text: str) -> None:
    await room.page.get_by_test_id("status").filter(has_text=text).wait_for()


async def test_a_caller_sees_on_the_page_what_the_bot_shows(
    serve: Serve, openai_api: OpenAIApi, built_pages: Path
) -> None:
    async with phoned(serve, openai_api) as call:
        await call.presses("2", "cannot be done now")
        await call.presses("1", "The address is on its way")
        async with open_room(call.server.url, microphone="none", path=call.path) as room:
            await status(room, "Connected to your call")
            assert "Tandem" in await room.page.title()
            assert "on its way" in await room.said("bot"), "what was said before it was opened"
            assert "Keys 2 #" in await room.said("caller")
            await _another_browser(room, call)
            await _shown(room, call)
            await _looked_at(room, built_pages)
            await _by_hand(room, call)
            call.line.end()
            await status(room, "Call ended")
            text = room.page.get_by_label("Text of the note Shopping")
            assert await text.get_attribute("readonly") is not None
            assert "bread" in await text.input_value()
            assert "The call is over." in await room.page.locator("footer").inner_text()
            await room.page.screenshot(path=picture("room", "beside-over"))
        asked = str([request.body for request in openai_api.of(ChatRequest)])
        assert "The caller has opened the page" in asked
        assert call.path.partition("#")[2] not in asked, "no model has seen the token"


async def _another_browser(room: Room, call: Phoned) -> None:
    """Somebody else who has got hold of the message."""
    browser = room.page.context.browser
    assert browser
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(call.server.url + call.path)
    alert = page.get_by_role("alert")
    await alert.wait_for()
    assert "opened in another browser" in await alert.inner_text()
    assert await page.locator("[data-caption]").count() == 0
    await page.screenshot(path=picture("room", "beside-refused"))
    await context.close()


async def _shown(room: Room, call: Phoned) -> None:
    await call.types(room, "show me a table of teas", "table is on")
    canvas = room.page.locator('[role=dialog][data-window="canvas"]')
    assert await canvas.get_by_role("cell").all_inner_texts() == ["Green", "2", "Black", "4"]
    await call.presses("2", "chart is on")
    await canvas.locator("rect").nth(1).wait_for()
    await call.types(room, "open the mail app", "there is no mail app")
    await room.page.locator("[data-app=notes]").click()
    await room.page.get_by_text("No notes yet.").wait_for()
    await call.types(room, "make a note", "Saved as the note")
    text = room.page.get_by_label("Text of the note Shopping")
    await text.wait_for()
    assert await text.input_value() == f"bread\n{EVIL}"
    assert "hacked" not in await room.page.title()
    await room.page.screenshot(path=picture("room", "beside-light"))
    await room.page.reload()
    await status(room, "Connected to your call")
    await canvas.locator("rect").nth(1).wait_for()  # loaded anew, it looks as it did
    await room.page.get_by_role("button", name="Shopping").click()


async def _looked_at(room: Room, built_pages: Path) -> None:
    """In both themes and on a phone: axe objects to nothing, and nothing is wider than that."""
    page = room.page
    await load_axe(page, built_pages)
    await axe_finds_nothing(page, "light")
    await page.emulate_media(color_scheme="dark")
    await page.screenshot(path=picture("room", "beside-dark"), animations="disabled")
    await axe_finds_nothing(page, "dark")
    await page.set_viewport_size({"width": 390, "height": 780})
    await page.screenshot(path=picture("room", "beside-on-a-phone"))
    await axe_finds_nothing(page, "on a phone")
    assert await page.evaluate("() => document.documentElement.scrollWidth") <= 390
    typing, shown = page.get_by_label("Type to Tandem"), page.get_by_label("Text of the note")
    above, below = await shown.bounding_box(), await typing.bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] < below["y"], "the note and the conversation, both"
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": 1280, "height": 800})


async def _by_hand(room: Room, call: Phoned) -> None:
    assert call.server.resources
    store = call.server.resources.store
    text = room.page.get_by_label("Text of the note Shopping")
    await text.fill("bread\nmilk")
    await room.page.get_by_text("Saved", exact=True).wait_for()
    (found,) = await notes.find(store, CALLER, "", limit=5)
    assert found.text == "bread\nmilk"
