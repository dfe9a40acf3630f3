"""A meeting as a calendar file (RFC 5545), which phones and mail programs open."""

from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from bot.store.desk import Meeting
from tools.clock import zone

_SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def calendar_file(meeting: Meeting) -> str:
    """The text of an .ics file; its times are in the meeting's own time zone.

    Each is newer than all before it (SEQUENCE): a calendar that has the entry takes what has
    changed.
    """
    now = datetime.now(UTC)
    starts = meeting.starts_at.astimezone(zone(meeting.zone))
    event = Event()
    event.add("uid", f"{meeting.id}@tandem")
    event.add("dtstamp", now)
    event.add("sequence", int((now - _SINCE).total_seconds()))
    event.add("dtstart", starts)
    event.add("dtend", starts + timedelta(minutes=meeting.minutes))
    event.add("summary", meeting.title)
    if meeting.attendees:
        event.add("description", f"With {meeting.attendees}")
    calendar = Calendar()
    calendar.add("prodid", "-//Tandem//voice bot//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return str(calendar.to_ical(), "utf-8")
