""" "No, Tuesday": what was arranged a moment ago is put right, not done twice."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar, Event
from sqlalchemy import delete

from bot.brain.claims import sayable
from bot.store import desk, notes
from bot.store.once import writing
from bot.store.store import Store
from bot.store.tool_tables import MeetingRow, MessageRow
from tests.fakes import faults
from tests.fakes.twilio_api import TwilioApi
from tests.tools.conftest import Play
from tests.tools.scene import CALLER, Scene
from tools.calendar_file import calendar_file
from tools.corrections import mistaken, remember

MILLER, ANNA = "+15550004444", "+15550005555"
CORRECTION = "Correction, instead of the message before: "
IGNORE = "Please ignore the message before: it was not meant for you."
LATE = "I come on Monday at nine"
RIGHT = "I come on Tuesday at nine"


@pytest.fixture
def call(play: Play, twilio_api: TwilioApi) -> Scene:
    """A phone call from which text messages can be sent."""
    contacts = f"Dr Miller={MILLER}, Anna={ANNA}"
    return play(twilio=twilio_api, CONTACTS=contacts, BOT_TIMEZONE="UTC")


def says_no(call: Scene) -> None:
    """The caller's next turn has a no in it."""
    call.next_turn()
    call.box.refused = lambda: True


def on(days: int, time: str = "15:00") -> str:
    """A day from now, as models write it."""
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d} {time}"


async def meetings(store: Store) -> list[desk.Meeting]:
    return await desk.meetings(store, CALLER, datetime.now(UTC))


def event(meeting: desk.Meeting) -> Event:
    (found,) = Calendar.from_ical(calendar_file(meeting)).walk("VEVENT")
    assert isinstance(found, Event)
    return found


async def test_a_meeting_is_moved_in_the_calendar_of_who_has_it(
    call: Scene, store: Store, twilio_api: TwilioApi
) -> None:
    await call("bot_book_meeting", title="Check-up", when=on(3), attendees="Laura", minutes=45)
    (first,) = await meetings(store)
    says_no(call)
    said = await call("bot_book_meeting", title="Check-up", when=on(4))
    (second,) = await meetings(store)
    assert said.startswith("Changed: Check-up, ")
    assert "45 minutes; no more Check-up, " in said
    assert second.starts_at - first.starts_at == timedelta(days=1)
    assert (second.attendees, second.minutes) == ("Laura", 45)  # what was not said is as it was
    links = [re.search(r"https://\S+", m["Body"]) for m in twilio_api.messages]
    assert [link and link[0].rpartition("/")[2] for link in links] == [f"{first.token}.ics"] * 2
    assert [m["Body"].startswith(CORRECTION) for m in twilio_api.messages] == [False, True]
    before, after = event(first), event(second)
    assert before["UID"] == after["UID"]


def test_a_calendar_takes_the_newer_file_of_the_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5545 3.8.7.4: an entry with the same UID is replaced by one with a higher SEQUENCE."""
    meeting = desk.Meeting("1", "t", CALLER, "A", "", datetime.now(UTC), 30, "UTC")

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=2)

    before = event(meeting)
    monkeypatch.setattr("tools.calendar_file.datetime", Later)
    after = event(meeting)
    assert 0 <= int(before["SEQUENCE"]) < int(after["SEQUENCE"]) < 2**31


@pytest.mark.parametrize(
    ("when", "hours"), [("at 5 pm {later:%A}", 26), ("{later:%A}", 24), ("{later:%Y-%m-%d}", 24)]
)
async def test_who_corrects_only_the_day_means_the_same_time(
    call: Scene, store: Store, when: str, hours: int
) -> None:
    later = datetime.now(UTC) + timedelta(days=4)
    await call("bot_book_meeting", title="Check-up", when=on(3))
    (first,) = await meetings(store)
    says_no(call)
    await call("bot_book_meeting", title="Check-up", when=when.format(later=later))
    (second,) = await meetings(store)
    assert second.starts_at - first.starts_at == timedelta(hours=hours)


async def test_another_matter_at_the_same_time_replaces_it_too(call: Scene, store: Store) -> None:
    await call("bot_book_meeting", title="Dentist", when=on(3))
    says_no(call)
    await call("bot_book_meeting", title="Haircut with Paul", when=on(3))
    assert [m.title for m in await meetings(store)] == ["Haircut with Paul"]


async def test_a_model_that_says_it_corrects_is_believed_later_too(
    call: Scene, store: Store
) -> None:
    await call("bot_book_meeting", title="Check-up", when=on(3))
    await call("bot_book_meeting", title="Garden party", when=on(9))
    for _ in range(3):
        call.next_turn()
    await call("bot_book_meeting", title="The check-up", when=on(4), correction=True)
    assert sorted(m.title for m in await meetings(store)) == ["Garden party", "The check-up"]
    await call("bot_book_meeting", title="Lunch", when=on(12), correction=True)
    assert len(await meetings(store)) == 3  # none of those it knows can be meant


@pytest.mark.parametrize(("no", "turns"), [(False, 1), (True, 2)], ids=["no no", "later"])
async def test_what_is_no_correction_is_one_more(
    call: Scene, store: Store, twilio_api: TwilioApi, no: bool, turns: int
) -> None:
    await call("bot_book_meeting", title="Check-up", when=on(3))
    await call("bot_take_message", for_whom="Dr Miller", text=LATE)
    for _ in range(turns):
        call.next_turn()
    call.box.refused = lambda: no
    assert "Booked" in await call("bot_book_meeting", title="Check-up", when=on(4))
    await call("bot_take_message", for_whom="Dr Miller", text=RIGHT)
    assert len(await meetings(store)) == len(await desk.messages(store)) == 2
    assert not any(CORRECTION in m["Body"] for m in twilio_api.messages)


async def test_an_answer_to_something_else_loses_nothing(call: Scene, store: Store) -> None:
    """ "Anything else?" "No. Oh, and tell Dr Miller …"."""
    await call("bot_take_message", for_whom="Dr Miller", text=LATE)
    await call("bot_book_meeting", title="Check-up", when=on(3))
    says_no(call)
    await call("bot_take_message", for_whom="Dr Miller", text="The key is under the mat.")
    await call("bot_book_meeting", title="Garden party", when=on(5, "20:00"))
    assert len(await meetings(store)) == len(await desk.messages(store)) == 2


async def test_a_message_that_was_taken_is_one_and_right(
    call: Scene, store: Store, twilio_api: TwilioApi
) -> None:
    await call("bot_take_message", for_whom="Dr Miller", text=LATE)
    says_no(call)
    said = await call("bot_take_message", for_whom="Dr Miller", text=RIGHT)
    assert said.startswith(f"Changed the message; it is for Dr Miller and says now: {RIGHT}")
    assert [(m.recipient, m.text) for m in await desk.messages(store)] == [("Dr Miller", RIGHT)]
    assert [m["Body"] for m in twilio_api.messages] == [
        f"Message from {CALLER}: {LATE}",
        f"{CORRECTION}Message from {CALLER}: {RIGHT}",
    ]
    call.next_turn()
    again = await call("bot_take_message", for_whom="Dr Miller", text=RIGHT)
    assert "what it says already" in again
    assert len(twilio_api.messages) == 2


async def test_a_message_for_somebody_else_is_taken_back(
    call: Scene, store: Store, twilio_api: TwilioApi
) -> None:
    await call("bot_take_message", for_whom="Dr Miller", text=LATE)
    says_no(call)
    await call("bot_take_message", for_whom="Anna", text=LATE)
    assert [m.recipient for m in await desk.messages(store)] == ["Anna"]
    told = [(m["To"], m["Body"]) for m in twilio_api.messages[1:]]
    assert sorted(told) == [(MILLER, IGNORE), (ANNA, f"Message from {CALLER}: {LATE}")]


@pytest.mark.parametrize("fault", [faults.UNAVAILABLE, faults.BAD_REQUEST], ids=["unsure", "no"])
async def test_only_what_may_have_left_is_corrected(
    call: Scene, store: Store, twilio_api: TwilioApi, fault: faults.Fault
) -> None:
    twilio_api.fail(fault, "message", times=1)
    await call("bot_take_message", for_whom="Dr Miller", text=LATE)
    says_no(call)
    await call("bot_take_message", for_whom="Dr Miller", text=RIGHT)
    (sent,) = twilio_api.messages
    assert sent["Body"].startswith(CORRECTION) == (fault is faults.UNAVAILABLE)
    assert len(await desk.messages(store)) == 1


async def test_a_correction_that_cannot_be_sent_is_not_passed_over(
    call: Scene, store: Store, twilio_api: TwilioApi
) -> None:
    await call("bot_take_message", for_whom="Dr Miller", text=LATE)
    says_no(call)
    twilio_api.fail(faults.BAD_REQUEST, "message", times=1)
    said = await call("bot_take_message", for_whom="Dr Miller", text=RIGHT)
    assert "former words could not be put right" in said
    assert [m.text for m in await desk.messages(store)] == [RIGHT]


async def test_a_text_message_that_left_is_followed_by_a_correction(
    call: Scene, twilio_api: TwilioApi
) -> None:
    await call("bot_send_sms", text=LATE, to="Anna")
    says_no(call)
    assert "correction to Anna" in await call("bot_send_sms", text=RIGHT, to="Anna")
    call.next_turn()
    assert "says already" in await call("bot_send_sms", text=RIGHT, to="Anna")
    said = await call("bot_send_sms", text=RIGHT, to="Dr Miller")
    assert said == "Sent to Dr Miller instead, and Anna is asked to ignore theirs."
    assert [(m["To"], m["Body"]) for m in twilio_api.messages] == [
        (ANNA, LATE),
        (ANNA, CORRECTION + RIGHT),
        (MILLER, RIGHT),
        (ANNA, IGNORE),
    ]


async def test_the_caller_is_not_asked_to_ignore_their_own(
    call: Scene, twilio_api: TwilioApi
) -> None:
    await call("bot_send_sms", text=LATE)
    says_no(call)
    await call("bot_send_sms", text=LATE, to="Anna")
    assert [m["To"] for m in twilio_api.messages] == [CALLER, ANNA]


@pytest.fixture
def erased(store: Store) -> Callable[[], Awaitable[None]]:
    """`await erased()` deletes what was arranged, as an operator may at any time."""

    async def erase() -> None:
        async with writing(store) as connection:
            await connection.execute(delete(MeetingRow))
            await connection.execute(delete(MessageRow))

    return erase


async def test_what_was_erased_meanwhile_is_made_anew(
    call: Scene, store: Store, erased: Callable[[], Awaitable[None]]
) -> None:
    await call("bot_book_meeting", title="Check-up", when=on(3))
    await call("bot_take_message", for_whom="the boss", text=LATE)
    await erased()
    says_no(call)
    assert "Booked" in await call("bot_book_meeting", title="Check-up", when=on(4))
    assert "written down" in await call("bot_take_message", for_whom="the boss", text=RIGHT)
    assert len(await meetings(store)) == len(await desk.messages(store)) == 1


async def test_a_model_that_repeats_itself_is_told_and_may_try_again(
    call: Scene, store: Store
) -> None:
    """Small models hear "no, Tuesday" and write Monday again: that changes nothing."""
    await call("bot_create_note", title="Plumber", content="The plumber comes on Monday.")
    await call("bot_book_meeting", title="Check-up", when=on(3), attendees="Laura")
    says_no(call)
    for title in ("Plumber", "The plumber"):
        said = await call("bot_create_note", title=title, content="the plumber comes on monday")
        assert said.startswith("Not done: that is what it says already.")
        assert sayable([{"role": "tool", "content": said}]) == "What should it say instead?"
    assert "says already" in await call("bot_book_meeting", title="check-up", when=on(3))
    said = await call("bot_create_note", title="Plumber", content="The plumber comes on Tuesday.")
    assert "It says now: The plumber comes on Tuesday." in said
    assert [n.text for n in await notes.find(store, CALLER)] == ["The plumber comes on Tuesday."]
    assert len(await meetings(store)) == 1


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("bot_take_message", {"for_whom": "Dr Miller", "text": RIGHT}),
        ("bot_send_sms", {"to": "Dr Miller", "text": RIGHT}),
        ("bot_book_meeting", {"title": "Check-up", "when": on(4)}),
    ],
)
async def test_a_correction_that_is_overtaken_changes_nothing(
    call: Scene, store: Store, twilio_api: TwilioApi, tool: str, arguments: dict[str, str]
) -> None:
    await call("bot_book_meeting", title="Check-up", when=on(3))
    await call("bot_send_sms", to="Dr Miller", text=LATE)
    await call("bot_take_message", for_whom="Dr Miller", text=LATE)
    (before,), texts = await meetings(store), len(twilio_api.messages)
    says_no(call)
    wanted = iter([True])  # when it is called, and no more when it is about to act
    call.box.still_wanted = lambda _: next(wanted, False)
    assert "said something new" in await call(tool, **arguments)
    assert [m.text for m in await desk.messages(store)] == [LATE]
    assert await meetings(store) == [before]
    assert len(twilio_api.messages) == texts


async def test_who_breaks_in_while_it_is_done_corrects_it_all_the_same(
    call: Scene, store: Store, twilio_api: TwilioApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one is still on its way when the next generation calls again."""
    assert call.box.twilio
    send, begun, go_on = call.box.twilio.send_message, asyncio.Event(), asyncio.Event()

    async def slowly(*message: str) -> str:
        begun.set()
        await go_on.wait()
        return await send(*message)

    monkeypatch.setattr(call.box.twilio, "send_message", slowly)
    first = asyncio.create_task(call("bot_take_message", for_whom="Dr Miller", text=LATE))
    await begun.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    says_no(call)
    second = asyncio.create_task(call("bot_take_message", for_whom="Dr Miller", text=RIGHT))
    for _ in range(10):
        await asyncio.sleep(0)
    go_on.set()
    assert "Changed the message" in await second
    assert [m.text for m in await desk.messages(store)] == [RIGHT]
    assert [m["Body"].startswith(CORRECTION) for m in twilio_api.messages] == [False, True]


async def test_what_was_replaced_is_not_corrected_again(call: Scene) -> None:
    remember(call.box, "thing", "old")
    remember(call.box, "thing", "new", instead_of="old")
    call.next_turn()
    assert await mistaken(call.box, "thing", True, lambda thing: thing == "old") is None
    assert await mistaken(call.box, "thing", True, lambda thing: thing == "new") == "new"
    assert await mistaken(call.box, "another", True, lambda _: True) is None
