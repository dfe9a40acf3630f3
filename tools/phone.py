"""The call itself: hand it over, end it, messages, text messages, meetings."""

import asyncio
import re
from datetime import datetime
from typing import Annotated

from loguru import logger
from pipecat.services.llm_service import FunctionCallParams
from pydantic import Field

from bot.errors import ProviderError
from bot.store import desk
from bot.store.once import folded
from bot.telephony.putting_through import put_through
from tools import clock
from tools.calendar_file import calendar_file
from tools.declare import Facts, Family, tool
from tools.running import acting, once_key
from tools.text_messages import link_message, send_text, try_send_text
from tools.toolbox import Toolbox, ToolFailed, toolbox
from tools.ui import FileSave

FAMILY = Family(
    name="phone",
    words=r"bye|goodbye|see you|hang up|end (?:the|this) call|that(?: i|)s (?:all|everything)"
    r"|transfer (?:me|my call|the call|this call)|connect me|put me through|speak (?:to"
    r"|with)|talk to (?!you|yourself)|real person|human|text (?:me|him|her|them|my)|sms|links?\b"
    r"|message|meeting|appointment|book (?:a|an|me|us)\b|schedul|let (?:\w+ ){1,3}know"
    r"|tell (?:doctor|dr|mister|mr|mrs|miss|ms|the)\b|tell \w+ (?:that|i|we|to)\b"
    r"|call (?:me|us) back|tschuss|auf wiederhor|auflegen|leg auf|verbinde|nachricht"
    r"|termin|sag (?:dem|der|herrn|frau)|adios|colgar|mensaje|reunion|cita\b|revoir"
    r"|raccroch|rendez",
    hints=r"transfer|person\b|agent|text\b|book|call|remind|screen|show|see\b|bildschirm|zeig"
    r"|pantalla|muestra|ecran|montre",
    cannot="hand the call to a person, send text messages, take messages or book meetings",
    base=True,
)

PAGE_PATH = "/beside"
"""Where the page is; the token stands behind '#', which no server or proxy gets to see."""
_QUIET_SECONDS = 5.0


def _can_transfer(facts: Facts) -> bool:
    return facts.live_phone and bool(facts.settings.contacts) and bool(facts.settings.PUBLIC_URL)


def _can_text(facts: Facts) -> bool:
    settings = facts.settings
    return facts.sms and (facts.number or bool(settings.contacts) or settings.SMS_TO_ANYBODY)


@tool(seconds=15, needs=_can_transfer, cannot="hand the call to a person")
async def bot_transfer_call(params: FunctionCallParams, to: str, reason: str, summary: str) -> str:
    """Hand the caller over to a person: "can I talk to somebody", "connect me to sales".

    Args:
        to: Which person or department.
        reason: Why, in a few words.
        summary: Who is calling and what they want, in one or two sentences; the person hears it
            before the caller is connected.
    """
    box = toolbox(params)
    name, number = _contact(box, to)
    assert box.twilio is not None
    await _wait_quiet(box)
    acting()
    note = await desk.hand_over(
        box.store,
        call_id=box.call.id,
        target=name,
        summary=". ".join(part for part in (summary.rstrip("."), reason) if part),
        key=once_key(),
    )
    try:
        await put_through(box.twilio, box.settings, box.call, number, note.token, name)
    except ProviderError as error:
        logger.warning(f"call {box.call.id}: not handed over: {error}")
        raise ToolFailed(
            f"Not done: the call could not be handed to {name}. Say sorry, and offer to take a "
            "message for them."
        ) from None
    return f"The caller is being connected to {name}. Say nothing more."


async def bot_end_call(params: FunctionCallParams, reason: str) -> str:
    """Hang up, once the caller has said goodbye or asked you to. Never because of a silence.

    Args:
        reason: Why, in a few words, like caller said goodbye.
    """
    acting()
    await toolbox(params).end_call(f"bot hung up: {reason[:80]}")
    return "Say goodbye in one short sentence; the line is closed after it."


@tool(needs=_can_text, cannot="send text messages")
async def bot_send_sms(params: FunctionCallParams, text: str, to: str = "") -> str:
    """Send a text message, to the caller's own phone if nobody else is named.

    Args:
        text: What the message says, complete.
        to: A contact's name, or a number with its country code like +15551234567; leave it out
            for the caller.
    """
    box = toolbox(params)
    name, number = _addressee(box, to)
    if not text:
        raise ToolFailed("Not done: the message is empty. Ask the caller what it should say.")
    await send_text(box, number, text)
    return f"The text message to {name} is sent."


def _can_link(facts: Facts) -> bool:
    return facts.link


@tool(needs=_can_link)
async def bot_send_screen_link(params: FunctionCallParams) -> str:
    """Text the caller the address of a page that shows, during this call, their notes and whatever
    they want to see: "can you show me that", "I want to see it on my screen".
    """
    box = toolbox(params)
    if box.beside is None:
        raise ToolFailed("Not done: no page can be opened beside this call. Say so.")
    acting()
    address = f"{box.settings.PUBLIC_URL}{PAGE_PATH}#{box.beside.link(box.owner)}"
    await send_text(box, box.number, link_message(box.settings.BOT_NAME, address, box.language))
    return (
        "The address is on its way to the caller's phone as a text message. Ask them to open it "
        "there. You are told when the page is open; until then nothing can be shown."
    )


async def bot_take_message(params: FunctionCallParams, for_whom: str, text: str) -> str:
    """Take a message for somebody who is not there: "tell Dr Miller that I am late".

    Args:
        for_whom: The person or department that it is for.
        text: The message, complete, with who it is from and how to reach them if they said so.
    """
    box = toolbox(params)
    if not text:
        raise ToolFailed("Not done: the message is empty. Ask the caller what to say.")
    acting()
    await desk.take_message(
        box.store,
        owner=box.owner,
        call_id=box.call.id,
        recipient=for_whom,
        text=text,
        key=once_key(),
    )
    known = _match(box, for_whom)
    words = f"Message from {box.number or 'a caller without a number'}: {text}"
    if known and box.facts.sms and await try_send_text(box, known[1], words):
        return f"The message for {known[0]} is written down, and sent to them as a text message."
    return f"The message for {for_whom} is written down."


@tool(seconds=12)
async def bot_book_meeting(
    params: FunctionCallParams,
    title: str,
    when: str,
    attendees: str = "",
    minutes: Annotated[int, Field(ge=5, le=1440)] = 30,
) -> str:
    """Book a meeting or an appointment, and give the caller its calendar file.

    Args:
        title: What it is about, in a few words.
        when: Date and time, like 2026-11-24 15:00, or in the caller's words.
        attendees: Who else is there.
        minutes: How long it takes.
    """
    box = toolbox(params)
    now = datetime.now(clock.zone(box.settings.BOT_TIMEZONE))
    try:
        starts = await asyncio.to_thread(clock.parse_moment, when, now, box.language)
    except clock.NoSuchMoment as error:
        raise ToolFailed(f"Not done: {error}.") from None
    acting()
    meeting = await desk.book(
        box.store,
        owner=box.owner,
        title=title or "Meeting",
        attendees=attendees,
        starts_at=clock.utc(starts),
        minutes=minutes,
        zone=box.settings.BOT_TIMEZONE,
        key=once_key(),
    )
    how = await _deliver(box, meeting, clock.spoken(starts))
    return f"Booked: {meeting.title}, {clock.spoken(starts)}, {minutes} minutes. {how}".strip()


async def _deliver(box: Toolbox, meeting: desk.Meeting, when: str) -> str:
    """Bring the caller the calendar file; says how, or '' where there is no way."""
    if box.page:
        file = FileSave(name="meeting.ics", mime="text/calendar", text=calendar_file(meeting))
        if await box.page.tell(file):
            return "Its calendar file is on the caller's screen."
    if not (box.facts.sms and box.number and box.settings.PUBLIC_URL):
        return ""
    link = f"{box.settings.PUBLIC_URL}/calendar/{meeting.token}.ics"
    sent = await try_send_text(box, box.number, f"{meeting.title}, {when}: {link}")
    return "A text message with its calendar file is sent to the caller." if sent else ""


def _addressee(box: Toolbox, to: str) -> tuple[str, str]:
    """(name, number) of whom a text message is for.

    Only the caller and the business's contacts, unless the operator allows everybody: else anybody
    could make the bot send anything anywhere, on the operator's bill.
    """
    digits = "+" + re.sub(r"\D", "", to) if to.strip().startswith("+") else ""
    if (
        not to
        or folded(to) in ("me", "caller", "the caller", "my phone", "mich")
        or (digits and digits == box.number)
    ):
        if box.number:
            return "the caller", box.number
        raise ToolFailed("Not done: the caller's own number is not known. Say so.")
    if found := _match(box, to):
        return found
    if box.settings.SMS_TO_ANYBODY and re.fullmatch(r"\+[1-9]\d{6,14}", digits):
        return digits, digits
    names = ", ".join(["the caller", *box.settings.contacts])
    more = " or a number with its country code" if box.settings.SMS_TO_ANYBODY else ""
    raise ToolFailed(f"Not done: a text message can go to {names}{more}; not to {to}.")


def _contact(box: Toolbox, to: str) -> tuple[str, str]:
    found = _match(box, to)
    if found:
        return found
    names = ", ".join(box.settings.contacts)
    raise ToolFailed(f"Not done: there is no {to}. There are: {names}. Ask which one is meant.")


def _match(box: Toolbox, words: str) -> tuple[str, str] | None:
    """The contact that is meant; the only one there is, for 'a person'."""
    contacts, wanted = box.settings.contacts, set(folded(words).split())
    named = [name for name in contacts if set(folded(name).split()) & wanted]
    if not named and len(contacts) == 1 and wanted & _ANYBODY:
        named = list(contacts)
    exact = [name for name in named if folded(name) == folded(words)]
    chosen = exact or named
    return (chosen[0], contacts[chosen[0]]) if len(chosen) == 1 else None


_ANYBODY = frozenset(
    [
        "human",
        "person",
        "somebody",
        "someone",
        "anyone",
        "agent",
        "operator",
        "staff",
        "mensch",
        "jemand",
    ]
)


async def _wait_quiet(box: Toolbox) -> None:
    """Let the caller hear what the bot has begun to say."""
    try:
        async with asyncio.timeout(_QUIET_SECONDS):
            await box.quiet()
    except TimeoutError:
        logger.debug(f"call {box.call.id}: handed over in mid-sentence")
