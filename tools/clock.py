"""Times of day as people say and mean them: zones of places, spoken dates, meetings' dates. Pure
but for the clock, which is handed in."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import dateparser

from bot.errors import TandemError
from bot.store.once import folded
from tools.number_words import digits

_FARTHEST = timedelta(days=730)


class NoSuchMoment(TandemError):
    """A date or a time cannot be understood; the text tells the model what to ask for."""


def zone(name: str) -> ZoneInfo:
    """The time zone with an IANA name; UTC if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def zone_of_city(place: str) -> tuple[str, ZoneInfo] | None:
    """(the city's name, its zone) if the place is one that a time zone is named after."""
    name = folded(place.partition(",")[0])
    found = _cities().get(name)
    return (found.rpartition("/")[2].replace("_", " "), ZoneInfo(found)) if found else None


@lru_cache(maxsize=1)
def _cities() -> dict[str, str]:
    areas = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Pacific/")
    names = sorted(name for name in available_timezones() if name.startswith(areas))
    return {folded(name.rpartition("/")[2]): name for name in names} | {"utc": "UTC"}


def spoken(moment: datetime) -> str:
    """'Tuesday, 24 November 2026, 15:00'."""
    return f"{moment:%A}, {moment.day} {moment:%B %Y, %H:%M}"


def parse_moment(text: str, now: datetime, language: str) -> datetime:
    """The moment that somebody means, in the time zone of `now`, later than `now`.

    Args:
        text: '2026-11-24 15:00', or words such as 'tomorrow at three p.m.'.
        now: With its time zone.
        language: Two letters.

    Raises:
        NoSuchMoment: the text names no day, no time of day, or none that is to come.
    """
    found = _iso(text, now) or _words(text, now, language)
    if found is None:
        raise NoSuchMoment(
            "the date and the time are not clear; work them out and give them like "
            f"{now + timedelta(days=1):%Y-%m-%d} 15:00, or ask the caller for both"
        )
    if found <= now:
        raise NoSuchMoment(f"{spoken(found)} is in the past; now it is {spoken(now)}")
    if found > now + _FARTHEST:
        raise NoSuchMoment(f"{spoken(found)} is too far away; ask the caller for the date again")
    return found


def _iso(text: str, now: datetime) -> datetime | None:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*", text.strip()):
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (
        found.replace(tzinfo=now.tzinfo) if found.tzinfo is None else found.astimezone(now.tzinfo)
    )


_NOON = re.compile(r"\b(?:mid)?(?:night|nacht|noon)\b|mitternacht|\b0?0[:.h]00\b")
_EARLY = re.compile(
    r"\b(?:in|en|dans) \d|am\b|morning|morgens|fruh|früh|nachts|night|matin|madrugada"
    r"|de la mañana|\b0\d[:.h]"
)
"""It is early that is meant, or so many hours from now."""
_REPLACED = {
    "en": [
        (r"\bhalf past (\d{1,2})\b", r"\1:30"),
        (r"\bquarter past (\d{1,2})\b", r"\1:15"),
        (r"\b(\d{1,2}) o.?clock\b", r"\1:00"),
        (r"\btonight at (\d{1,2})(?!\d|:| ?[ap]\.?m)", r"today at \1 pm"),
        (r"\b(?:tonight|this (?:evening|afternoon|morning))\b", "today"),
        (r"\b([ap])\. ?m\.?", r"\1m"),
        (r"\bat (\d{1,2}) (\d\d)\b", r"at \1:\2"),
        (r"\bthe (\d{1,2})(?:st|nd|rd|th)(?: of)?\b", r"\1"),
        (r"\bin the (?:morning)\b", "am"),
        (r"\bin the (?:afternoon|evening)\b", "pm"),
        (r"\bat (\d{1,2})$", r"at \1:00"),
    ],
    "de": [
        (r"\b(?:nächste[nrs]?|kommende[nrs]?|am)\s+(?=\w+tag|mittwoch)", ""),
        (r"\bum (\d{1,2}) uhr (\d\d)\b", r"um \1:\2"),
        (r"\b(\d{1,2}) uhr\b", r"\1:00"),
    ],
    "es": [(r"\b(?:el|próximo|próxima) ", "")],
    "fr": [(r"\b(\d{1,2}) ?h(?:eures?)?(?: (\d\d))?\b", r"\1:\g<2>00"), (r" prochaine?\b", "")],
}


def _words(text: str, now: datetime, language: str) -> datetime | None:
    plain = digits(text.casefold(), language)
    for pattern, better in _REPLACED.get(language, _REPLACED["en"]):
        plain = re.sub(pattern, better, plain)
    plain = re.sub(r"(:\d\d)00\b", r"\1", plain)
    # A time of day that was not said comes back as this odd one.
    base = now.replace(tzinfo=None, second=37, microsecond=417)
    known = language if language in ("en", "de", "es", "fr") else "en"
    found: datetime | None = dateparser.parse(
        plain,
        languages=list(dict.fromkeys([known, "en"])),
        settings={"PREFER_DATES_FROM": "future", "RELATIVE_BASE": base},
    )
    if found is None:
        return None
    unsaid = (found.hour, found.minute, found.second) == (base.hour, base.minute, base.second)
    midnight = (found.hour, found.minute) == (0, 0) and not _NOON.search(plain)
    if unsaid or midnight:
        return None
    if 1 <= found.hour <= 6 and not _EARLY.search(plain):
        found += timedelta(hours=12)  # 'at three' is in the afternoon
    return found.replace(second=0, microsecond=0, tzinfo=now.tzinfo)


def utc(moment: datetime) -> datetime:
    """The same moment in UTC."""
    return moment.astimezone(UTC)
