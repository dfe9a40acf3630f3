"""Meetings: booked or put right in the store, and brought to the caller as a calendar file."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.store import desk
from bot.store.once import folded
from bot.store.put_right import Gone, rebook
from tools import clock
from tools.calendar_file import calendar_file
from tools.corrections import UNCHANGED, alike, mistaken, remember
from tools.running import acting, once_key
from tools.text_messages import Sent, replacing, try_send_text
from tools.toolbox import Toolbox, ToolFailed
from tools.ui import FileSave

MINUTES = 30
"""How long a meeting takes if nobody says it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A meeting as the model asks for it. `minutes` 0 and empty texts: the caller has not said."""

    title: str
    when: str
    attendees: str
    minutes: int


@dataclass(slots=True)
class _Booked:
    meeting: desk.Meeting
    linked: Sent = "perhaps"


async def book(box: Toolbox, wish: Wish, correction: bool) -> str:
    """Book a meeting, or change the one that is corrected; returns what the model is told.

    Args:
        box: The call's toolbox.
        wish: What the model asks for.
        correction: Whether it says that this corrects an earlier one.

    Raises:
        ToolFailed: the date or the time is not clear, or nothing is to be changed.
    """
    now = datetime.now(clock.zone(box.settings.BOT_TIMEZONE))
    former = await _former(box, correction, lambda old: _same_matter(old, wish))
    starts = await _moment(box, wish.when, now, former)
    if former is None:  # "no, with Paul": another matter at the same time
        former = await _former(box, correction, lambda old: old.starts_at == clock.utc(starts))
    if former and _as_it_is(former.meeting, wish, starts):
        raise ToolFailed(UNCHANGED.format(tool="bot_book_meeting"))
    acting()
    meeting, former = await _write(box, wish, clock.utc(starts), former)
    booked = _Booked(meeting)
    remember(box, "meeting", booked, instead_of=former)
    how = await _deliver(box, booked, clock.spoken(starts), former)
    what = f"{meeting.title}, {clock.spoken(starts)}, {meeting.minutes} minutes"
    if former is None:
        return f"Booked: {what}. {how}".strip()
    was = clock.spoken(former.meeting.starts_at.astimezone(now.tzinfo))
    return f"Changed: {what}; no more {former.meeting.title}, {was}. {how}".strip()


def _as_it_is(old: desk.Meeting, wish: Wish, starts: datetime) -> bool:
    said = (wish.title, wish.attendees, wish.minutes)
    kept = zip(said, (old.title, old.attendees, old.minutes), strict=True)
    same = all(not new or folded(str(new)) == folded(str(was)) for new, was in kept)
    return same and old.starts_at == clock.utc(starts)


def _same_matter(old: desk.Meeting, wish: Wish) -> bool:
    with_whom = wish.attendees or old.attendees
    return alike(f"{old.title} {old.attendees}", f"{wish.title} {with_whom}")


async def _former(box: Toolbox, said: bool, fits: Callable[[desk.Meeting], bool]) -> _Booked | None:
    found: _Booked | None = await mistaken(box, "meeting", said, lambda old: fits(old.meeting))
    return found


async def _moment(box: Toolbox, when: str, now: datetime, former: _Booked | None) -> datetime:
    """When it begins; who corrects only the day means the same time of day.

    Raises:
        ToolFailed: that is not clear.
    """
    try:
        return await asyncio.to_thread(clock.parse_moment, when, now, box.language)
    except clock.NoSuchMoment as error:
        unclear = ToolFailed(f"Not done: {error}.")
    if former is None:
        raise unclear
    at = former.meeting.starts_at.astimezone(now.tzinfo)
    try:
        return await asyncio.to_thread(
            clock.parse_moment, f"{when.rstrip('. ')} {at:%H:%M}", now, box.language
        )
    except clock.NoSuchMoment:
        raise unclear from None


async def _write(
    box: Toolbox, wish: Wish, starts_at: datetime, former: _Booked | None
) -> tuple[desk.Meeting, _Booked | None]:
    """Write the meeting, over the former one if that is still there; and the one replaced."""
    if former:
        old = former.meeting
        try:
            return (
                await rebook(
                    box.store,
                    old,
                    title=wish.title or old.title,
                    attendees=wish.attendees or old.attendees,
                    starts_at=starts_at,
                    minutes=wish.minutes or old.minutes,
                    key=once_key(),
                ),
                former,
            )
        except Gone:
            former = None  # erased meanwhile: a new one then
    made = await desk.book(
        box.store,
        owner=box.owner,
        title=wish.title or "Meeting",
        attendees=wish.attendees,
        starts_at=starts_at,
        minutes=wish.minutes or MINUTES,
        zone=box.settings.BOT_TIMEZONE,
        key=once_key(),
    )
    return made, None


async def _deliver(box: Toolbox, booked: _Booked, when: str, former: _Booked | None) -> str:
    """Bring the caller the calendar file; says how, or '' where there is no way.

    A changed meeting has the address of the former one, whose file has changed with it.
    """
    meeting = booked.meeting
    if box.page:
        file = FileSave(name="meeting.ics", mime="text/calendar", text=calendar_file(meeting))
        if await box.page.tell(file):
            booked.linked = former.linked if former else "no"
            return "Its calendar file is on the caller's screen."
    if not (box.facts.sms and box.number and box.settings.PUBLIC_URL):
        booked.linked = "no"
        return ""
    text = f"{meeting.title}, {when}: {box.settings.PUBLIC_URL}/calendar/{meeting.token}.ics"
    replaces = former is not None and former.linked != "no"
    sent = await try_send_text(box, box.number, replacing(text, box.language) if replaces else text)
    booked.linked = "perhaps" if replaces and sent == "no" else sent
    if sent != "yes":
        return ""
    if replaces:
        return "A text message that says so is sent to the caller."
    return "A text message with its calendar file is sent to the caller."
