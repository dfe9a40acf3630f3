"""When a caller means: dates and times in words and as models write them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tools.clock import NoSuchMoment, parse_moment, zone, zone_of_city

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 10, tzinfo=BERLIN)  # a Sunday


@pytest.mark.parametrize(
    ("words", "language", "meant"),
    [
        ("2026-11-24 15:00", "en", "2026-11-24T15:00"),
        ("2026-11-24T15:00:00", "en", "2026-11-24T15:00"),
        ("2026-11-24T15:00:00Z", "en", "2026-11-24T16:00"),
        ("tomorrow at 3 pm", "en", "2026-11-23T15:00"),
        ("tomorrow at three", "en", "2026-11-23T15:00"),
        ("next tuesday at three p.m.", "en", "2026-11-24T15:00"),
        ("monday the 30th at half past two", "en", "2026-11-30T14:30"),
        ("tuesday at ten o'clock", "en", "2026-11-24T10:00"),
        ("monday at 5 in the morning", "en", "2026-11-23T05:00"),
        ("friday at noon", "en", "2026-11-27T12:00"),
        ("tonight at eight", "en", "2026-11-22T20:00"),
        ("in two hours", "en", "2026-11-22T12:00"),
        ("tomorrow at midnight", "en", "2026-11-23T00:00"),
        ("the 5th of december at 4 pm", "en", "2026-12-05T16:00"),
        ("9 am", "en", "2026-11-23T09:00"),
        ("morgen um 15 Uhr", "de", "2026-11-23T15:00"),
        ("am Mittwoch um zehn Uhr dreißig", "de", "2026-11-25T10:30"),
        ("nächsten Dienstag um 15:00", "de", "2026-11-24T15:00"),
        ("mañana a las 15:00", "es", "2026-11-23T15:00"),
        ("demain à 15h30", "fr", "2026-11-23T15:30"),
        ("tomorrow at 3 pm", "de", "2026-11-23T15:00"),  # the model wrote English
    ],
)
def test_moments(words: str, language: str, meant: str) -> None:
    then = datetime.fromisoformat(meant).replace(tzinfo=BERLIN)
    assert parse_moment(words, NOW, language) == then


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("banana", "not clear"),
        ("", "not clear"),
        ("tomorrow", "not clear"),
        ("next friday", "not clear"),
        ("in three weeks", "not clear"),
        ("yesterday at 3 pm", "in the past"),
        ("2026-11-21 15:00", "in the past"),
        ("2026-13-45 15:00", "not clear"),
        ("2039-11-21 15:00", "too far away"),
    ],
)
def test_what_is_no_moment(words: str, said: str) -> None:
    with pytest.raises(NoSuchMoment, match=said):
        parse_moment(words, NOW, "en")


def test_zones() -> None:
    assert zone_of_city("São Paulo, Brazil") == ("Sao Paulo", ZoneInfo("America/Sao_Paulo"))
    assert zone_of_city("Springfield") is None
    assert zone("Nowhere/Else") == ZoneInfo("UTC")
