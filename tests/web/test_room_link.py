"""A phone caller's link over HTTP: whom it lets in, what it shows, when it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bot.call import Call
from bot.messages import Caption
from bot.settings import Settings
from bot.store import notes
from bot.store.store import Store
from bot.web.room import CONTENT_SECURITY_POLICY, STATIC
from bot.web.room_link import LinkAttempts, link_router
from bot.web.room_notes import notes_router
from bot.workers.request import FirstRequest, Wanted
from tests.web.small_server import served
from tools import links as links_module
from tools.links import Links
from tools.ui import WindowOpen

ADA, BOB = "+15550001111", "+15550009999"


class House:
    """The routes on a real server; `browser()` is one with cookies of its own."""

    def __init__(self, url: str, links: Links, store: Store, stack: AsyncExitStack) -> None:
        self.url, self.links, self.store = url, links, store
        self._stack = stack

    def call(self, number: str = ADA) -> tuple[Call, str]:
        """A live call, and the token of a link that its caller was sent."""
        call = Call("phone", caller=number)
        call.connected()
        return call, self.links.beside(call).link(number)

    async def browser(self) -> "Browser":
        jar = aiohttp.CookieJar(unsafe=True)
        session = aiohttp.ClientSession(self.url, cookie_jar=jar, headers={"origin": self.url})
        return Browser(await self._stack.enter_async_context(session))


class Browser:
    """A browser, as its page sends its requests."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.link = ""

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        where = f"{path}?link={self.link}" if self.link else path
        async with self.session.request(method, where, json=body, **more) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    async def open(self, token: str) -> tuple[int, Any]:
        self.link = ""
        status, said = await self.ask("POST", "/api/beside", {"token": token})
        self.link = said.get("link", "")
        return status, said

    async def events(self, **headers: str) -> AsyncIterator[tuple[str, str, Any]]:
        """(id, kind, data) of each event, until the stream ends."""
        where = f"/api/beside/live?link={self.link}"
        async with self.session.get(where, headers=headers) as answer:
            assert answer.status == 200
            fields: dict[str, str] = {}
            async for line in answer.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "event" in fields:
                    yield fields.get("id", ""), fields["event"], json.loads(fields["data"])
                    fields = {}

    async def until(self, kind: str, **headers: str) -> Any:
        """The data of the first event of a kind; the page is closed again."""
        async for _, found, data in self.events(**headers):
            if found == kind:
                return data
        return None


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    settings = Settings.load(None, BOT_NAME="Tandem")
    links = Links()
    async with AsyncExitStack() as stack:
        store = await Store.open(f"sqlite:///{tmp_path}/tandem.db")
        stack.push_async_callback(store.close)
        routers = (
            link_router(settings, links, STATIC / "room.html", CONTENT_SECURITY_POLICY),
            notes_router(settings, store, links),
        )
        url = await stack.enter_async_context(served(*routers))
        yield House(url, links, store, stack)


async def test_the_page_may_not_use_the_microphone_and_knows_no_token(house: House) -> None:
    browser = await house.browser()
    async with browser.session.get("/beside") as answer:
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert "microphone=()" in answer.headers["permissions-policy"]
        assert "set-cookie" not in answer.headers, "a preview of the message opens nothing"
        assert b"<script" in await answer.read()


@pytest.mark.parametrize(
    "line",
    [
        "POST /api/beside?worker=3",
        "GET /api/beside/live?worker=3&link=0a",
        "POST /api/beside/event?worker=3&link=0a",
        "PUT /api/notes/18ea58eb?worker=3&link=0a",
    ],
)
def test_with_several_processes_the_one_that_has_the_call_is_asked(line: str) -> None:
    head = f"{line} HTTP/1.1\r\nhost: bot.example\r\ncontent-length: 0\r\n\r\n"
    assert FirstRequest().feed(head.encode()) == Wanted(3)


async def test_the_first_browser_has_the_link(house: House) -> None:
    _, token = house.call()
    mine, other = await house.browser(), await house.browser()
    status, said = await mine.open(token)
    assert (status, said["bot"], said["over"]) == (200, "Tandem", False)
    assert token not in json.dumps(said)
    (cookie,) = mine.session.cookie_jar
    assert cookie["httponly"]
    assert cookie["samesite"] == "lax"
    assert (await mine.open(token))[0] == 200, "loaded again"
    status, said = await other.open(token)
    assert (status, said["code"]) == (403, "link_taken")
    assert "another browser" in said["message"]
    other.link = mine.link
    for method, path in (
        ("GET", "/api/beside/live"),
        ("POST", "/api/beside/event"),
        ("GET", "/api/notes"),
        ("POST", "/api/notes"),
        ("POST", "/api/calculate"),
    ):
        assert (await other.ask(method, path, {"event": "", "payload": {}}))[0] == 403, path


async def test_without_its_cookie_no_browser_is_the_one(house: House) -> None:
    _, token = house.call()
    mine = await house.browser()
    await mine.open(token)
    mine.session.cookie_jar.clear()
    status, said = await mine.ask("GET", "/api/notes")
    assert (status, said["code"]) == (403, "no_cookie")


@pytest.mark.parametrize("token", ["", "x" * 22, "x" * 65])
async def test_a_forged_token_opens_nothing(house: House, token: str) -> None:
    browser = await house.browser()
    status, said = await browser.open(token)
    assert (status, said["code"]) in ((404, "link_unknown"), (422, "invalid"))
    assert (await browser.ask("GET", "/api/beside/live?link=" + "0" * 24))[0] in (403, 404)


async def test_guessing_is_slowed_down(house: House) -> None:
    browser = await house.browser()
    for _ in range(LinkAttempts.MOST):
        assert (await browser.open("x" * 22))[0] == 404
    status, said = await browser.open("x" * 22)
    assert (status, said["code"]) == (429, "wait")
    _, token = house.call()
    assert (await browser.open(token))[0] == 429, "nor is the right one told from a wrong one"


async def test_another_sites_page_changes_nothing(house: House) -> None:
    _, token = house.call()
    mine = await house.browser()
    evil = {"headers": {"origin": "https://evil.example"}}
    status, said = await mine.ask("POST", "/api/beside", {"token": token}, **evil)
    assert (status, said["code"]) == (403, "foreign")
    await mine.open(token)
    for method, path in (("POST", "/api/beside/event"), ("POST", "/api/notes")):
        body = {"event": "", "payload": {}}
        assert (await mine.ask(method, path, body, **evil))[1]["code"] == "foreign"


async def test_two_callers_see_their_own_notes_and_calls(house: House) -> None:
    await notes.create(house.store, ADA, "Diary", "secret", key="1")
    (one, ones), (two, twos) = house.call(ADA), house.call(BOB)
    ada, bob = await house.browser(), await house.browser()
    await ada.open(ones)
    await bob.open(twos)
    assert [n["title"] for n in (await ada.ask("GET", "/api/notes"))[1]["notes"]] == ["Diary"]
    assert (await bob.ask("GET", "/api/notes"))[1] == {"notes": []}
    made = (await bob.ask("POST", "/api/notes", {"title": "Mine", "text": ""}))[1]
    edit = {"text": "milk", "base": ""}
    assert (await bob.ask("PUT", f"/api/notes/{made['id']}", edit))[0] == 200
    assert (await ada.ask("GET", f"/api/notes/{made['id']}"))[0] == 404
    kept = await notes.get(house.store, BOB, made["id"])
    assert kept
    assert kept.text == "milk"
    hers = house.links.of(ada.link, _browser(house, ada))
    his = house.links.of(bob.link, _browser(house, bob))
    assert (hers.call, his.call) == (one, two)


def _browser(house: House, browser: Browser) -> str:
    return house.links._links[browser.link].browser


async def test_what_the_bot_shows_is_shown_and_answered(house: House) -> None:
    call, token = house.call()
    mine = await house.browser()
    await mine.open(token)
    beside = house.links.of(mine.link, _browser(house, mine))
    beside.show(Caption(speaker="bot", turn=0, text="Hello.", final=True))
    seen: list[str] = []
    asking: asyncio.Task[str] | None = None
    async for number, kind, data in mine.events():
        seen.append(kind)
        if kind == "welcome":
            asking = asyncio.create_task(beside.page.do(WindowOpen(app="notes")))
        elif kind == "message" and data["type"] == "ended":
            assert data["reason"] == "caller hung up"
        elif kind == "message":
            assert (number, data["text"]) == ("1", "Hello.")
        elif kind == "command":
            done = {"request": data["payload"]["request"], "ok": True, "text": "yes"}
            event = {"event": "ui.done", "payload": done | {"windows": ["notes"]}}
            assert (await mine.ask("POST", "/api/beside/event", event))[0] == 204
            call.ended("caller hung up")
    assert seen == ["welcome", "message", "command", "message"]
    assert asking
    assert await asking == "yes"


async def test_a_page_sends_nothing_else_and_not_too_much(house: House) -> None:
    _, token = house.call()
    mine = await house.browser()
    await mine.open(token)
    for event, payload in (
        ("ui.windows", {"windows": ["solitaire"]}),
        ("ui.typed", {"text": ""}),
        ("tool.result", {"ok": True}),
    ):
        sent = {"event": event, "payload": payload}
        assert (await mine.ask("POST", "/api/beside/event", sent))[0] == 422, event
    typed = {"event": "ui.typed", "payload": {"text": "hello"}}
    answers = [(await mine.ask("POST", "/api/beside/event", typed))[0] for _ in range(6)]
    assert answers == [204] * 4 + [422] * 2


async def test_it_ends_with_its_call(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    call, token = house.call()
    mine = await house.browser()
    await mine.open(token)
    call.ended("bot hung up")
    status, said = await mine.open(token)
    assert (status, said["over"]) == (200, True)
    assert (await mine.until("message"))["type"] == "ended"
    assert (await mine.ask("GET", "/api/notes"))[0] == 200, "what was typed is still saved"
    monkeypatch.setattr(links_module, "AFTER_SECONDS", -1.0)
    for path in ("/api/notes", "/api/beside/live"):
        status, said = await mine.ask("GET", path)
        assert (status, said["code"]) == (410, "link_over")
    status, said = await mine.open(token)
    assert (status, said["message"]) == (410, "The call is over, and this link with it.")
