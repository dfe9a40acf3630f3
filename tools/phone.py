"""The call itself: hand it over, end it, messages, text messages, meetings."""

import asyncio
from typing import Annotated

from loguru import logger
from pipecat.services.llm_service import FunctionCallParams
from pydantic import Field

from bot.errors import ProviderError
from bot.store import desk
from bot.telephony.putting_through import put_through
from tools import meetings, messages
from tools.contacts import addressee, contact
from tools.declare import Facts, Family, tool
from tools.running import acting, once_key
from tools.text_messages import link_message, send_text
from tools.toolbox import Toolbox, ToolFailed, toolbox

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
    name, number = contact(box, to)
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
async def bot_send_sms(
    params: FunctionCallParams, text: str, to: str = "", correction: bool = False
) -> str:
    """Send a text message, to the caller's own phone if nobody else is named.

    Args:
        text: What the message says, complete.
        to: A contact's name, or a number with its country code like +15551234567; leave it out
            for the caller.
        correction: True if it puts right the text message before it.
    """
    box = toolbox(params)
    name, number = addressee(box, to)
    if not text:
        raise ToolFailed("Not done: the message is empty. Ask the caller what it should say.")
    return await messages.send(box, name, number, text, correction)


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


async def bot_take_message(
    params: FunctionCallParams, for_whom: str, text: str, correction: bool = False
) -> str:
    """Take a message for somebody who is not there: "tell somebody that …".

    Args:
        for_whom: The person or department that it is for.
        text: The message, complete, with who it is from and how to reach them if they said so.
        correction: True if it puts right the message before it.
    """
    box = toolbox(params)
    if not text:
        raise ToolFailed("Not done: the message is empty. Ask the caller what to say.")
    return await messages.leave(box, for_whom, text, correction)


@tool(seconds=12)
async def bot_book_meeting(
    params: FunctionCallParams,
    title: str,
    when: str,
    attendees: str = "",
    minutes: Annotated[int, Field(ge=5, le=1440)] = 0,
    correction: bool = False,
) -> str:
    """Book a meeting or an appointment, and give the caller its calendar file.

    Args:
        title: What it is about, in a few words.
        when: Date and time, like 2026-11-24 15:00, or in the caller's words.
        attendees: Who else is there.
        minutes: How long it takes, if the caller has said it.
        correction: True if it changes the meeting that was booked before it.
    """
    wish = meetings.Wish(title, when, attendees, minutes)
    return await meetings.book(toolbox(params), wish, correction)


async def _wait_quiet(box: Toolbox) -> None:
    """Let the caller hear what the bot has begun to say."""
    try:
        async with asyncio.timeout(_QUIET_SECONDS):
            await box.quiet()
    except TimeoutError:
        logger.debug(f"call {box.call.id}: handed over in mid-sentence")
