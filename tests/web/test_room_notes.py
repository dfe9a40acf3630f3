"""Notes and calculator by hand: the tools' own store and evaluator, each browser its own notes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request

from bot.settings import Settings
from bot.store import notes
from bot.store.store import Store
from bot.web.room_notes import notes_router
from bot.web.room_visitor import COOKIE, visitor

HOME = "http://127.0.0.1:7860"
ADA, BOB = "A" * 22, "B" * 22


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/tandem.db")
    yield opened
    await opened.close()


@asynccontextmanager
async def browser(
    store: Store,
    cookie: str = ADA,
    *,
    peer: str = "127.0.0.1",
    headers: dict[str, str] | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in the room, as it sends its requests."""
    app = FastAPI()
    app.include_router(notes_router(Settings.load(env_file=None), store))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(peer, 50_000)),
        base_url=HOME,
        cookies={COOKIE: cookie} if cookie else {},
        headers={"sec-fetch-site": "same-origin", "origin": HOME} if headers is None else headers,
    ) as client:
        yield client


def owner(cookie: str) -> str:
    header = (b"cookie", f"{COOKIE}={cookie}".encode())
    return visitor(Request({"type": "http", "headers": [header]}))


async def test_a_note_is_written_read_changed_and_deleted(store: Store) -> None:
    async with browser(store) as ada:
        made = (await ada.post("/api/notes", json={"title": "Shopping", "text": ""})).json()
        path = f"/api/notes/{made['id']}"
        assert (await ada.put(path, json={"text": "milk", "base": ""})).json()["text"] == "milk"
        assert (await ada.get(path)).json() == made | {"text": "milk"}
        assert (await ada.get("/api/notes")).json() == {
            "notes": [{"id": made["id"], "title": "Shopping"}]
        }
        kept = await notes.get(store, owner(ADA), made["id"])
        assert kept is not None
        assert kept.text == "milk", "the tools see what was typed"
        assert (await ada.delete(path)).status_code == 204
        gone = await ada.get(path)
        assert (gone.status_code, gone.json()["code"]) == (404, "gone")
        assert (await ada.put(path, json={"text": "x", "base": ""})).status_code == 404


async def test_a_change_by_voice_is_not_overwritten(store: Store) -> None:
    note = await notes.create(store, owner(ADA), "List", "one", key="1")
    async with browser(store) as ada:
        await notes.change(store, owner(ADA), note.id, lambda text: text + "\ntwo", key="2")
        late = await ada.put(f"/api/notes/{note.id}", json={"text": "one!", "base": "one"})
        assert (late.status_code, late.json()["text"]) == (409, "one\ntwo")
        again = {"text": "one!\ntwo", "base": "one\ntwo"}
        assert (await ada.put(f"/api/notes/{note.id}", json=again)).status_code == 200
        repeated = await ada.put(f"/api/notes/{note.id}", json=again)
        assert repeated.status_code == 200, "an answer that got lost is asked for again"


async def test_another_browser_sees_and_changes_nothing(store: Store) -> None:
    note = await notes.create(store, owner(ADA), "Diary", "secret", key="1")
    async with browser(store, BOB) as bob:
        assert (await bob.get("/api/notes")).json() == {"notes": []}
        path = f"/api/notes/{note.id}"
        assert (await bob.get(path)).status_code == 404
        assert (await bob.put(path, json={"text": "", "base": "secret"})).status_code == 404
        await bob.delete(path)
    assert await notes.get(store, owner(ADA), note.id) is not None


@pytest.mark.parametrize(
    ("cookie", "headers", "peer", "code"),
    [
        ("", None, "127.0.0.1", "no_cookie"),
        ("short", None, "127.0.0.1", "no_cookie"),
        (ADA, {}, "127.0.0.1", "foreign"),
        (ADA, {"sec-fetch-site": "cross-site"}, "127.0.0.1", "foreign"),
        (ADA, {"origin": "https://evil.example"}, "127.0.0.1", "foreign"),
        (
            ADA,
            {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
            "127.0.0.1",
            "foreign",
        ),
        (ADA, None, "192.0.2.7", "closed"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nobody_else_gets_in(
    store: Store, cookie: str, headers: dict[str, str] | None, peer: str, code: str, method: str
) -> None:
    async with browser(store, cookie, peer=peer, headers=headers) as stranger:
        answer = await stranger.request(method, "/api/notes", json={"title": "x", "text": ""})
    assert answer.json()["code"] == code
    assert answer.status_code == 403


async def test_reading_needs_no_origin_where_the_browser_vouches(store: Store) -> None:
    async with browser(store, headers={"sec-fetch-site": "same-origin"}) as ada:
        assert (await ada.get("/api/notes")).status_code == 200


@pytest.mark.parametrize(
    "body", [{"title": "", "text": ""}, {"title": "x"}, {"title": "x", "text": "y" * 20_001}, []]
)
async def test_what_is_no_note_is_refused(store: Store, body: object) -> None:
    async with browser(store) as ada:
        answer = await ada.post("/api/notes", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize(
    ("expression", "value", "exact"),
    [
        ("12.5 % * 80", "10", True),
        ("twenty five percent of eighty", "20", True),
        ("2/3", "0.6666666667", False),
    ],
)
async def test_the_calculator_is_the_tools(
    store: Store, expression: str, value: str, exact: bool
) -> None:
    async with browser(store) as ada:
        answer = await ada.post("/api/calculate", json={"expression": expression})
    assert answer.json() == {"value": value, "exact": exact, "error": ""}


async def test_nonsense_is_told_so(store: Store) -> None:
    async with browser(store) as ada:
        answer = await ada.post("/api/calculate", json={"expression": "1/0"})
    assert "divided by zero" in answer.json()["error"]
