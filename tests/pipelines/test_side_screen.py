"""A page beside a phone call in a conversation: the model is told, the caller may type."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from bot.call import Call
from bot.settings import Settings
from pipelines.parts import Parts
from pipelines.screen import CLOSED, OPENED
from tests.fakes.script import Ask, Expect, Script
from tests.fakes.twilio_api import ACCOUNT_SID, AUTH_TOKEN
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import Talk
from tools.beside import AWAY_SECONDS, Beside
from tools.catalog import Catalogue
from tools.links import Links
from tools.toolbox import Toolbox

SETTINGS = Settings.load(
    None,
    PUBLIC_URL="https://bot.example",
    TWILIO_ACCOUNT_SID=ACCOUNT_SID,
    TWILIO_AUTH_TOKEN=AUTH_TOKEN,
    TWILIO_PHONE_NUMBER="+15550002222",
)


class Linked(Talk):
    """A call beside which a page can be opened."""

    def __init__(self, script: Script) -> None:
        super().__init__(script)
        self.box = Toolbox(self.call, SETTINGS, None, None, twilio=object())  # type: ignore[arg-type]
        self.box.beside = self.beside = Links().beside(self.call)
        self.catalogue = Catalogue.for_call(self.box.facts)
        self.pages: list[asyncio.Task[None]] = []
        self.told: list[str] = []

    def parts(self, call: Call) -> Parts:
        return replace(super().parts(call), toolbox=self.box, catalogue=self.catalogue)

    def opens(self, at: float) -> None:
        self.line.at(at, lambda: self.pages.append(asyncio.create_task(self._page(self.beside))))

    def closes(self, at: float) -> None:
        self.line.at(at, lambda: self.pages[-1].cancel())

    async def _page(self, beside: Beside) -> None:
        async with aclosing(beside.news(0)) as news:
            async for told in news:
                if told and told.kind == "message":
                    self.told.append(str(told.data.get("text", told.data["type"])))
                beside.alive()


def knows(ask: Ask) -> list[str]:
    """What the model was told of the page, in order."""
    return [m.text for m in ask.messages if m.text in (OPENED, CLOSED)]


async def test_the_model_has_the_screen_while_the_page_is_open(virtual_time: VirtualTime) -> None:
    asked: list[tuple[list[str], bool]] = []

    def note(ask: Ask) -> bool:
        asked.append((knows(ask), "bot_show_on_canvas" in ask.tools))
        return True

    talk = Linked(Script(*(Expect(note, text) for text in ("No.", "Yes.", "No more."))))
    for at in (2.0, 6.0, 20.0):
        talk.line.says(at, "show me a table of teas")
    talk.opens(5.0)
    talk.closes(9.0)
    assert 9.0 + AWAY_SECONDS < 20.0
    talk.line.hangs_up(26.0)
    await talk.run(until=27)
    assert asked == [([], False), ([OPENED], True), ([OPENED, CLOSED], False)]
    assert talk.box.page is None
    assert "No." in talk.told, "what was said before it was opened"
    await asyncio.gather(*talk.pages, return_exceptions=True)


async def test_what_is_typed_on_the_page_is_the_callers_turn(virtual_time: VirtualTime) -> None:
    talk = Linked(Script(Expect("and what", "This.")))
    talk.opens(1.0)
    typed: dict[str, Any] = {"text": "and what"}
    talk.line.at(2.0, lambda: talk.beside.heard("ui.typed", typed))
    talk.line.hangs_up(6.0)
    heard = await talk.run(until=7)
    assert [u.text for u in heard] == ["Hello there.", "This."]
    await asyncio.wait_for(asyncio.gather(*talk.pages), 5)
    assert talk.told[-1] == "ended"


async def test_without_a_page_nothing_is_kept(virtual_time: VirtualTime) -> None:
    talk = Linked(Script(Expect("hello", "Yes?")))
    talk.box.beside = None
    talk.line.says(2.0, "hello")
    talk.line.hangs_up(6.0)
    await talk.run(until=7)
    assert talk.beside._told == {}
