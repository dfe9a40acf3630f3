"""A tool's call in the store's events."""

from datetime import date

from bot.store import tool_events
from bot.store.tool_events import MOST, ToolEvent


def test_what_was_written_is_read_again() -> None:
    given = {"title": "Einkauf: Käse\nund\tBrot", "on": date(2026, 11, 22), "many": [1, None]}
    told = tool_events.written("bot_create_note done after 0.10 s", given, "Saved.\n\nTwo lines.")
    assert tool_events.read(told) == ToolEvent(
        "bot_create_note done after 0.10 s",
        '{"title": "Einkauf: Käse\\nund\\tBrot", "on": "2026-11-22", "many": [1, null]}',
        "Saved.\n\nTwo lines.",
    )


def test_an_event_of_an_older_version_says_only_how_it_went() -> None:
    assert tool_events.read("bot_weather done after 1.20 s") == ToolEvent(
        "bot_weather done after 1.20 s"
    )


def test_long_ones_are_cut_and_stay_apart() -> None:
    found = tool_events.read(tool_events.written("a\nb", {"text": "x" * 9_000}, "y" * 9_000))
    assert found.how == "a b"
    assert len(found.arguments) == len(found.answer) == MOST
    assert (found.arguments[-1], found.answer) == ("…", "y" * (MOST - 1) + "…")
