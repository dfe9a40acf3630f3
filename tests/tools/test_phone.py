"""The call itself: handing over, hanging up, text messages, messages, meetings."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from icalendar import Calendar

from bot.store import desk
from bot.store.store import Store
from tests.fakes import faults
from tests.fakes.phoneline import PhoneLine
from tests.fakes.twilio_api import TwilioApi
from tests.fakes.twilio_wire import TwilioCall
from tests.tools.conftest import Play
from tests.tools.scene import BOT, CALLER, Scene

CONTACTS = "sales=+15550003333, Dr Miller=+15550004444"


@pytest.fixture
def live(play: Play, twilio_api: TwilioApi) -> Scene:
    """A phone call that Twilio knows."""
    made = play(twilio=twilio_api, CONTACTS=CONTACTS, BOT_TIMEZONE="Europe/Berlin")
    twilio_api.incoming(PhoneLine(call_sid=made.box.call.provider_call_id), CALLER, BOT)
    return made


def twilio_call(api: TwilioApi) -> TwilioCall:
    return next(iter(api.calls.values()))


async def test_the_call_is_handed_over_with_a_summary(
    live: Scene, twilio_api: TwilioApi, store: Store
) -> None:
    heard: list[str] = []

    async def quiet() -> None:
        heard.append("all")

    live.box.quiet = quiet
    said = await live(
        "bot_transfer_call", to="Sales please", reason="a quote", summary="Sam wants 30 chairs."
    )
    assert "being connected to sales" in said
    assert heard == ["all"]
    assert live.box.call.state == "transferred"
    assert live.box.call.handing_over is True
    dial = ElementTree.fromstring(twilio_call(twilio_api).twiml).find("Dial")
    assert dial is not None
    assert dial.get("answerOnBridge") == "true"
    assert dial.get("callerId") is None
    number = dial.find("Number")
    assert number is not None
    assert number.text == "+15550003333"
    whisper, after = number.get("url", ""), dial.get("action", "")
    token = whisper.rpartition("/")[2]
    assert whisper == f"https://bot.example/phone/whisper/{token}"
    assert after == f"https://bot.example/phone/handed-over/{token}"
    note = await desk.handover(store, token)
    assert note is not None
    assert (note.target, note.summary) == ("sales", "Sam wants 30 chairs. a quote")


async def test_only_the_business_own_contacts_can_be_rung(
    live: Scene, twilio_api: TwilioApi
) -> None:
    for to in ("+15559998888", "my brother", "", "sales or Dr Miller"):
        said = await live("bot_transfer_call", to=to, reason="r", summary="s")
        assert "There are: sales, Dr Miller" in said
    assert twilio_call(twilio_api).twiml == ""


async def test_a_person_is_the_only_contact_there_is(play: Play, twilio_api: TwilioApi) -> None:
    call = play(twilio=twilio_api, CONTACTS="front desk=+15550003333")
    twilio_api.incoming(PhoneLine(call_sid=call.box.call.provider_call_id), CALLER, BOT)
    said = await call("bot_transfer_call", to="a human", reason="r", summary="s")
    assert "connected to front desk" in said


@pytest.mark.parametrize("fault", [faults.UNAVAILABLE, faults.BAD_REQUEST, faults.RESET], ids=str)
async def test_a_handover_that_fails_keeps_the_caller(
    live: Scene, twilio_api: TwilioApi, fault: faults.Fault
) -> None:
    twilio_api.fail(fault, "update")
    said = await live("bot_transfer_call", to="sales", reason="r", summary="s")
    assert "could not be handed to sales" in said
    assert live.box.call.handing_over is False
    assert live.box.call.state == "connected"
    twilio_api.heal()
    assert "being connected" in await live("bot_transfer_call", to="sales", reason="r", summary="s")


async def test_a_caller_who_speaks_while_the_bot_finishes_is_not_handed_over(
    live: Scene, twilio_api: TwilioApi
) -> None:
    async def quiet() -> None:
        live.wanted = False

    live.box.quiet = quiet
    said = await live("bot_transfer_call", to="sales", reason="r", summary="s")
    assert "said something new" in said
    assert twilio_call(twilio_api).twiml == ""


async def test_hanging_up_is_left_to_the_pipeline(live: Scene) -> None:
    said = await live("bot_end_call", reason="caller said goodbye")
    assert "Say goodbye" in said
    assert live.ended == ["bot hung up: caller said goodbye"]
    await live("bot_end_call", reason="caller said goodbye")
    assert len(live.ended) == 1


async def test_a_text_message_goes_to_the_caller_or_a_contact(
    live: Scene, twilio_api: TwilioApi
) -> None:
    assert "to the caller is sent" in await live("bot_send_sms", text="Our address: 1 Main St")
    assert "to Dr Miller is sent" in await live("bot_send_sms", text="Hi", to="doctor miller")
    assert twilio_api.messages == [
        {"To": CALLER, "From": BOT, "Body": "Our address: 1 Main St"},
        {"To": "+15550004444", "From": BOT, "Body": "Hi"},
    ]


async def test_a_text_message_goes_nowhere_else_unless_the_operator_says_so(
    live: Scene, play: Play, twilio_api: TwilioApi
) -> None:
    said = await live("bot_send_sms", text="spam", to="+4915112345678")
    assert "can go to the caller, sales, Dr Miller; not to +4915112345678" in said
    assert twilio_api.messages == []
    free = play(twilio=twilio_api, SMS_TO_ANYBODY=True)
    assert "is sent" in await free("bot_send_sms", text="hi", to="+49 151 12345678")
    assert "not to 5551234" in await free("bot_send_sms", text="hi", to="5551234")
    assert [m["To"] for m in twilio_api.messages] == ["+4915112345678"]


async def test_no_caller_can_run_up_a_bill(live: Scene, twilio_api: TwilioApi) -> None:
    for number in range(7):
        live.next_turn()
        said = await live("bot_send_sms", text=f"number {number}")
    assert len(twilio_api.messages) == 5
    assert "no more text messages" in said


async def test_a_refused_text_message_and_an_unsure_one(live: Scene, twilio_api: TwilioApi) -> None:
    twilio_api.fail(faults.Fault(faults.Kind.STATUS, 400, "21610"), "message", times=1)
    assert "cannot get text messages" in await live("bot_send_sms", text="a")
    twilio_api.fail(faults.UNAVAILABLE, "message", times=1)
    assert "does not answer" in await live("bot_send_sms", text="b")
    # Whether 'b' was sent is not known: the same request in the same turn does not send it again.
    await live("bot_send_sms", text="b")
    assert twilio_api.messages == []


async def test_a_message_is_written_down_and_reaches_a_contact(
    live: Scene, store: Store, twilio_api: TwilioApi
) -> None:
    said = await live("bot_take_message", for_whom="Dr Miller", text="I am late")
    assert "sent to them" in said
    assert twilio_api.messages[0]["Body"] == f"Message from {CALLER}: I am late"
    assert "is written down" in await live("bot_take_message", for_whom="the boss", text="Hello")
    stored = await desk.messages(store)
    assert [(m.recipient, m.text, m.owner) for m in stored] == [
        ("the boss", "Hello", CALLER),
        ("Dr Miller", "I am late", CALLER),
    ]


async def test_a_message_stays_when_its_text_message_fails(
    live: Scene, store: Store, twilio_api: TwilioApi
) -> None:
    twilio_api.fail(faults.UNAVAILABLE, "message")
    said = await live("bot_take_message", for_whom="Dr Miller", text="I am late")
    assert said == "The message for Dr Miller is written down."
    assert len(await desk.messages(store)) == 1


def soon() -> str:
    return f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d} 15:00"


async def test_a_meeting_is_booked_and_its_link_sent(
    live: Scene, store: Store, twilio_api: TwilioApi
) -> None:
    said = await live(
        "bot_book_meeting", title="Check-up", when=soon(), attendees="Dr Miller", minutes=45
    )
    assert said.startswith("Booked: Check-up, ")
    assert "calendar file is sent" in said
    body = twilio_api.messages[0]["Body"]
    token = re.search(r"https://bot\.example/calendar/([\w-]+)\.ics$", body)
    assert token
    meeting = await desk.meeting(store, token[1])
    assert meeting is not None
    assert (meeting.title, meeting.minutes, meeting.attendees) == ("Check-up", 45, "Dr Miller")
    assert [m.id for m in await desk.meetings(store, CALLER, datetime.now(UTC))] == [meeting.id]
    await live("bot_book_meeting", title="Check-up", when=soon(), attendees="Dr Miller", minutes=45)
    assert len(await desk.meetings(store, CALLER, datetime.now(UTC))) == 1


async def test_a_meeting_in_the_room_is_a_file_on_the_page(room: Scene) -> None:
    assert room.screen
    await room("bot_book_meeting", title="Demo", when=soon())
    name, payload = room.screen.last
    assert name == "file.save"
    event = Calendar.from_ical(payload["text"]).walk("VEVENT")[0]
    assert str(event["SUMMARY"]) == "Demo"
    assert event.decoded("DTEND") - event.decoded("DTSTART") == timedelta(minutes=30)


async def test_a_meeting_without_a_clear_time_is_asked_for(live: Scene, store: Store) -> None:
    assert "not clear" in await live("bot_book_meeting", title="X", when="some day")
    assert "in the past" in await live("bot_book_meeting", title="X", when="2020-01-01 10:00")
    assert "minutes" in await live("bot_book_meeting", title="X", when=soon(), minutes=0)
    assert await desk.meetings(store, CALLER, datetime.now(UTC)) == []


async def test_nobody_waits_for_ever_for_the_bot_to_finish(
    live: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.phone._QUIET_SECONDS", 0.02)
    live.box.quiet = asyncio.Event().wait  # type: ignore[assignment]
    assert "being connected" in await live("bot_transfer_call", to="sales", reason="r", summary="s")
