"""The page beside a call: what it is told, in which order, and when it counts as there."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from bot.call import Call
from bot.messages import Caption, Session, TaskNews, Trouble, TurnTimes
from tests.fixtures.virtual_time import VirtualTime
from tools.beside import AWAY_SECONDS, SILENT_SECONDS, Beside, Told
from tools.links import Links
from tools.page import NotShown
from tools.ui import CanvasClear, CanvasText, NoteShow, WindowOpen

TEXT = CanvasText(kind="text", title="Tea", text="hot")


def said(text: str, turn: int = 1, *, final: bool = True) -> Caption:
    return Caption(speaker="bot", turn=turn, text=text, final=final)


class Reader:
    """A page that reads what it is told; `answers` says what it did."""

    def __init__(self, beside: Beside, last: int = 0, *, answers: bool = True) -> None:
        self.told: list[Told] = []
        self._beside, self._answers = beside, answers
        self.task = asyncio.create_task(self._read(last))

    async def _read(self, last: int) -> None:
        news: AsyncGenerator[Told | None] = self._beside.news(last)
        async with aclosing(news):
            async for told in news:
                if told is None:
                    continue
                self.told.append(told)
                if told.kind == "command" and self._answers:
                    request = told.data["payload"]["request"]
                    windows = ["canvas"] if "canvas" in told.data["command"] else []
                    done = {"request": request, "ok": True, "text": "seen", "windows": windows}
                    self._beside.heard("ui.done", done)

    def of(self, kind: str) -> list[dict[str, object]]:
        return [told.data for told in self.told if told.kind == kind]

    async def leave(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
def beside() -> Beside:
    call = Call("phone", caller="+15550001111")
    call.connected()
    return Links().beside(call)


async def test_a_page_sees_what_was_said_before_and_what_is_said_now(
    virtual_time: VirtualTime, beside: Beside
) -> None:
    beside.show(said("Hel", 0, final=False))
    beside.show(said("Hello.", 0))
    reader = Reader(beside)
    await asyncio.sleep(0.1)
    beside.show(said("Fine.", 1))
    beside.show(TaskNews(task="t", title="Look", kind="started", text=""))
    await asyncio.sleep(0.1)
    assert [m.get("text") for m in reader.of("message")] == ["Hello.", "Fine.", ""]
    assert reader.told[0].kind == "welcome"
    await reader.leave()


async def test_what_is_the_operators_is_not_shown_to_callers(
    virtual_time: VirtualTime, beside: Beside
) -> None:
    beside.show(Trouble(kind="llm error", detail="HTTP 503"))
    beside.show(TurnTimes(turn=1, stages={"llm": 0.3}))
    beside.show(Session(call="c", mode="m", reason="r", models={}, tools=[]))
    reader = Reader(beside)
    await asyncio.sleep(0.1)
    assert reader.of("message") == []
    await reader.leave()


async def test_commands_are_answered_by_the_page(virtual_time: VirtualTime, beside: Beside) -> None:
    reader = Reader(beside)
    await asyncio.sleep(0)
    assert await beside.page.do(TEXT) == "seen"
    assert beside.page.windows == ("canvas",)
    (command,) = reader.of("command")
    assert command["command"] == "canvas.text"
    await reader.leave()


async def test_a_page_that_came_back_is_told_what_it_missed_and_nothing_twice(
    virtual_time: VirtualTime, beside: Beside
) -> None:
    beside.show(said("One."))
    first = Reader(beside)
    await asyncio.sleep(0.1)
    await first.leave()
    beside.show(said("Two.", 2))
    asking = asyncio.create_task(beside.page.do(TEXT))
    await asyncio.sleep(0.5)
    again = Reader(beside, last=max(told.number for told in first.told))
    assert await asking == "seen"
    assert [m["text"] for m in again.of("message")] == ["Two."]
    await again.leave()


async def test_a_page_that_is_loaded_anew_looks_as_it_did(
    virtual_time: VirtualTime, beside: Beside
) -> None:
    reader = Reader(beside)
    await asyncio.sleep(0)
    await beside.page.do(TEXT)
    beside.heard("ui.windows", {"windows": ["canvas", "notes"]})
    await reader.leave()
    anew = Reader(beside)
    await asyncio.sleep(0.1)
    notes, canvas = anew.of("command")
    assert notes == {"command": WindowOpen.command, "payload": {"request": "", "app": "notes"}}
    assert canvas["payload"] == TEXT.model_dump(mode="json")
    await beside.page.do(CanvasClear())
    await anew.leave()
    cleared = Reader(beside)
    await asyncio.sleep(0.1)
    assert "canvas.text" not in str(cleared.of("command"))
    await cleared.leave()


async def test_it_is_there_until_it_is_away_for_a_while(
    virtual_time: VirtualTime, beside: Beside
) -> None:
    seen: list[str] = []
    beside.attach(lambda: seen.append("came"), lambda: seen.append("went"))
    reader = Reader(beside)
    await asyncio.sleep(0.1)
    await reader.leave()
    await asyncio.sleep(AWAY_SECONDS - 1)
    assert beside.there
    reader = Reader(beside)
    await asyncio.sleep(AWAY_SECONDS)
    assert seen == ["came"]
    await reader.leave()
    asking = asyncio.create_task(beside.page.do(NoteShow(id="1", title="t", text="")))
    await asyncio.sleep(1.9)
    with pytest.raises(NotShown, match="does not answer"):
        await asking
    await asyncio.sleep(AWAY_SECONDS)
    assert seen == ["came", "went"]
    assert not beside.there


async def test_a_page_that_is_closed_while_it_is_asked_is_named(
    virtual_time: VirtualTime, beside: Beside
) -> None:
    reader = Reader(beside, answers=False)
    await asyncio.sleep(0.1)
    await reader.leave()
    await asyncio.sleep(AWAY_SECONDS - 1)
    asking = asyncio.create_task(beside.page.do(TEXT))
    with pytest.raises(NotShown, match="has closed the page"):
        await asking
    late = Reader(beside)
    await asyncio.sleep(3)
    assert late.of("command") == [], "what nobody waits for is not done later"
    await late.leave()


async def test_a_page_that_sleeps_is_not_there(virtual_time: VirtualTime, beside: Beside) -> None:
    reader = Reader(beside)
    await asyncio.sleep(SILENT_SECONDS - 5)
    beside.alive()
    await asyncio.sleep(SILENT_SECONDS - 5)
    assert not reader.task.done()
    await asyncio.sleep(10 + AWAY_SECONDS)
    assert reader.task.done()
    assert not beside.there


async def test_the_page_that_came_last_has_it(virtual_time: VirtualTime, beside: Beside) -> None:
    first = Reader(beside)
    await asyncio.sleep(0.1)
    second = Reader(beside)
    await asyncio.sleep(1)
    assert first.told[-1].kind == "taken"
    assert first.task.done()
    await beside.page.do(TEXT)
    assert second.of("command")
    assert not first.of("command")
    await asyncio.sleep(AWAY_SECONDS + 1)
    assert beside.there
    await second.leave()


async def test_the_end_of_the_call_is_told_and_ends_it(
    virtual_time: VirtualTime, beside: Beside
) -> None:
    seen: list[str] = []
    beside.attach(lambda: seen.append("came"), lambda: seen.append("went"))
    beside.show(said("Bye."))
    reader = Reader(beside)
    await asyncio.sleep(0.1)
    beside.call.ended("caller hung up")
    await asyncio.wait_for(reader.task, 2)
    assert reader.of("message")[-1] == {"type": "ended", "reason": "caller hung up"}
    await asyncio.sleep(0.1)
    assert seen == ["came", "went"]
    again = Reader(beside)  # loaded anew, it can still be read
    await asyncio.wait_for(again.task, 2)
    assert [m["type"] for m in again.of("message")] == ["caption", "ended"]
    await asyncio.sleep(0.1)
    assert seen == ["came", "went"], "the conversation is over and hears nothing"
