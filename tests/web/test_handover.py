"""What Twilio is told while a caller is handed to a person."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import aiohttp
import pytest
import pytest_asyncio
from icalendar import Calendar

from bot.settings import Settings
from bot.store import desk
from bot.store.store import Store
from bot.web.calendar import calendar_router
from bot.web.handover import handover_router
from tests.fakes.twilio_api import sign
from tests.web.small_server import served

TOKEN, PUBLIC = "the auth token", "https://bot.example.com"
SETTINGS = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_URL": PUBLIC}


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path}/tandem.db")
    yield opened
    await opened.close()


class Routes:
    """The two routers on a server, and the operator's lines."""

    def __init__(self, url: str, http: aiohttp.ClientSession, lines: list[str]) -> None:
        self.url, self.http, self.lines = url, http, lines

    async def ask(self, path: str, signature: str | None = None, **fields: str) -> tuple[int, str]:
        """Ask as Twilio does."""
        form = {"CallSid": "CA1", **fields}
        headers = {"X-Twilio-Signature": signature or sign(TOKEN, PUBLIC + path, form)}
        async with self.http.post(self.url + path, data=form, headers=headers) as answer:
            return answer.status, await answer.text()


@pytest_asyncio.fixture
async def routes(store: Store) -> AsyncIterator[Routes]:
    lines: list[str] = []
    router = handover_router(
        Settings.load(None, **SETTINGS), store, lambda _, kind, text: lines.append(f"{kind} {text}")
    )
    async with served(router, calendar_router(store)) as url, aiohttp.ClientSession() as http:
        yield Routes(url, http, lines)


async def handover(store: Store) -> desk.Handover:
    return await desk.hand_over(
        store, call_id="c1", target="sales", summary="Sam <wants> chairs & tables", key="k"
    )


async def test_the_person_hears_who_calls(routes: Routes, store: Store) -> None:
    note = await handover(store)
    status, text = await routes.ask(f"/phone/whisper/{note.token}")
    assert status == 200
    said = [verb.text for verb in ElementTree.fromstring(text)]
    assert said == ["A call for you from the assistant.", "Sam <wants> chairs & tables"]


async def test_a_token_that_nobody_knows_still_connects(routes: Routes) -> None:
    status, text = await routes.ask("/phone/whisper/unknown")
    assert status == 200
    assert [verb.tag for verb in ElementTree.fromstring(text)] == ["Say", "Say"]


async def test_after_they_have_talked_the_call_is_over(routes: Routes, store: Store) -> None:
    note = await handover(store)
    _, text = await routes.ask(f"/phone/handed-over/{note.token}", DialCallStatus="completed")
    assert [verb.tag for verb in ElementTree.fromstring(text)] == ["Hangup"]
    assert routes.lines == []


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled", ""])
async def test_when_nobody_comes_the_bot_is_there_again(
    routes: Routes, store: Store, status: str
) -> None:
    note = await handover(store)
    _, text = await routes.ask(f"/phone/handed-over/{note.token}", DialCallStatus=status)
    say, redirect = ElementTree.fromstring(text)
    assert "nobody can take your call" in (say.text or "")
    assert (redirect.tag, redirect.text) == ("Redirect", f"{PUBLIC}/phone/incoming")
    assert routes.lines == [f"handover sales did not answer: {status}"]


@pytest.mark.parametrize("path", ["/phone/whisper/x", "/phone/handed-over/x"])
async def test_nobody_but_twilio_is_answered(routes: Routes, path: str) -> None:
    assert (await routes.ask(path, signature="wrong"))[0] == 403
    assert routes.lines == [f"refused {path}: not signed by Twilio"]


async def test_the_calendar_file_is_at_its_secret_address(routes: Routes, store: Store) -> None:
    meeting = await desk.book(
        store,
        **{"owner": "me", "title": "Tea; biscuits", "attendees": "Ada", "zone": "Europe/Berlin"},
        starts_at=datetime(2026, 7, 1, 14, tzinfo=UTC),
        minutes=45,
        key="k",
    )
    async with routes.http.get(f"{routes.url}/calendar/{meeting.token}.ics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/calendar"
        assert "no-store" in answer.headers["cache-control"]
        calendar = Calendar.from_ical(await answer.text())
    event = calendar.walk("VEVENT")[0]
    assert str(event["SUMMARY"]) == "Tea; biscuits"
    start = event.decoded("DTSTART")
    assert (start.hour, start.utcoffset().total_seconds()) == (16, 7200)
    assert calendar.walk("VTIMEZONE")
    for token in ("unknown-unknown-unknown", "..%2f..%2fetc", "a"):
        async with routes.http.get(f"{routes.url}/calendar/{token}.ics") as answer:
            assert answer.status == 404


async def test_a_calendar_that_cannot_be_read_is_503(routes: Routes, store: Store) -> None:
    async with store.writing() as connection:
        await connection.exec_driver_sql("DROP TABLE meetings")
    async with routes.http.get(f"{routes.url}/calendar/unknown-unknown-unknown.ics") as answer:
        assert answer.status == 503
