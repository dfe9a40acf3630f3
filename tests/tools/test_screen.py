"""The screen's families: each tool sends its one command, and tells what the page answers."""

from typing import Any

import pytest

from tests.fakes import faults
from tests.fakes.public_apis import ApiRequest, PublicApis
from tests.tools.conftest import Play
from tests.tools.scene import Scene


@pytest.mark.parametrize(
    ("tool", "arguments", "command", "payload"),
    [
        ("bot_open_app", {"app": "Mail"}, "window.open", {"app": "mail"}),
        (
            "bot_arrange_window",
            {"window": "notes", "action": "snap left"},
            "window.arrange",
            {"window": "notes", "action": "snap_left"},
        ),
        (
            "bot_arrange_window",
            {"action": "close"},
            "window.arrange",
            {"window": "", "action": "close"},
        ),
        ("bot_control_soundtrack", {"action": "next"}, "soundtrack.control", {"action": "next"}),
        ("bot_set_soundtrack_volume", {"level": 40}, "soundtrack.volume", {"level": 40, "step": 0}),
        (
            "bot_set_soundtrack_volume",
            {"direction": "down"},
            "soundtrack.volume",
            {"level": -1, "step": -15},
        ),
        ("bot_summon_sprite", {"prompt": "a dragon"}, "sprite.summon", {"prompt": "a dragon"}),
        ("bot_dismiss_sprite", {}, "sprite.dismiss", {}),
        ("bot_switch_desktop", {"mode": "quiet"}, "desktop.switch", {"mode": "quiet"}),
        (
            "bot_open_browser",
            {"url": "example.com"},
            "browser.open",
            {"url": "https://example.com"},
        ),
        (
            "bot_open_browser",
            {"url": "http://example.com/a?b=c"},
            "browser.open",
            {"url": "http://example.com/a?b=c"},
        ),
        ("bot_close_views", {}, "views.close", {"which": "all"}),
        ("bot_close_views", {"which": "youtube"}, "views.close", {"which": "youtube"}),
        (
            "bot_show_on_canvas",
            {"kind": "text", "content": "Hello", "title": "T"},
            "canvas.text",
            {"kind": "text", "title": "T", "text": "Hello"},
        ),
        (
            "bot_show_on_canvas",
            {"kind": "table", "content": "| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 |"},
            "canvas.table",
            {"title": "", "head": ["a", "b"], "rows": [["1", "2"], ["3", ""]]},
        ),
        (
            "bot_show_on_canvas",
            {"kind": "chart", "content": "Berlin: 3.7 million\nParis: 2,100\nRome: -1"},
            "canvas.chart",
            {"title": "", "labels": ["Berlin", "Paris", "Rome"], "values": [3.7, 2100.0, -1.0]},
        ),
        (
            "bot_show_on_canvas",
            {"kind": "image", "content": "https://example.com/a.png"},
            "canvas.image",
            {"title": "", "url": "https://example.com/a.png"},
        ),
        ("bot_clear_canvas", {}, "canvas.clear", {}),
    ],
)
async def test_one_command_each(
    room: Scene, tool: str, arguments: dict[str, Any], command: str, payload: dict[str, Any]
) -> None:
    assert room.screen
    said = await room(tool, **arguments)
    assert "Not done" not in said
    assert room.screen.last == (command, payload)
    await room(tool, **arguments)
    assert len(room.screen.commands) == 1  # the same request in the same turn


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("bot_open_browser", {"url": "javascript:alert(1)"}),
        ("bot_open_browser", {"url": "file:///etc/passwd"}),
        ("bot_open_browser", {"url": "https://bank.com@evil.example"}),
        ("bot_open_browser", {"url": "the news"}),
        ("bot_show_on_canvas", {"kind": "image", "content": "http://example.com/a.png"}),
        ("bot_show_on_canvas", {"kind": "image", "content": "data:text/html,<script>"}),
        ("bot_show_on_canvas", {"kind": "table", "content": "just a head"}),
        ("bot_show_on_canvas", {"kind": "chart", "content": "Berlin is big"}),
        ("bot_show_on_canvas", {"kind": "text", "content": " "}),
        ("bot_set_soundtrack_volume", {}),
        ("bot_set_soundtrack_volume", {"level": 140}),
        ("bot_open_app", {"app": "solitaire"}),
    ],
)
async def test_what_makes_no_sense_never_reaches_the_page(
    room: Scene, tool: str, arguments: dict[str, Any]
) -> None:
    assert room.screen
    assert "Not done" in await room(tool, **arguments)
    assert room.screen.commands == []


async def test_the_model_is_told_what_the_page_says(room: Scene) -> None:
    assert room.screen
    room.screen.answer = lambda *_: {"ok": False, "text": "there is no window called mail"}
    said = await room("bot_arrange_window", window="mail", action="maximize")
    assert said == "Not done: there is no window called mail. Tell the caller."
    room.screen.answer = lambda *_: {"ok": True, "text": "Mail was open already."}
    assert await room("bot_open_app", app="mail") == "Mail was open already."
    room.screen.answer = lambda *_: None
    assert "does not answer" in await room("bot_open_app", app="drive")


async def test_on_the_phone_there_is_no_screen(call: Scene) -> None:
    assert "no screen open" in await call("bot_open_app", app="mail")


async def test_videos_are_searched_chosen_and_controlled(
    play: Play, public_apis: PublicApis
) -> None:
    room = play(channel="room", apis=public_apis)
    assert room.screen
    said = await room("bot_search_youtube", query="jazz")
    assert "1. Smooth Jazz & Rain, by Jazz Caf'e; 2. Piano Bar, by Ivory" in said
    assert "Piano Bar" in await room("bot_play_youtube", query="the second one")
    assert room.screen.last == (
        "youtube.play",
        {"video_id": "abcdefghijk", "title": "Piano Bar", "channel": "Ivory"},
    )
    assert len(public_apis.requests) == 1
    room.next_turn()
    assert "no next video" in await room("bot_control_youtube", action="next")
    assert "Smooth Jazz" in await room("bot_play_youtube", query="smooth jazz")
    assert "Piano Bar" in await room("bot_control_youtube", action="next")
    assert "paused" in await room("bot_control_youtube", action="pause")
    assert room.screen.last == ("youtube.control", {"action": "pause"})
    asked = public_apis.of(ApiRequest)[0].query
    assert (asked["type"], asked["videoEmbeddable"]) == ("video", "true")
    assert "key" not in asked  # addresses end up in logs


async def test_the_quota_and_failures_are_sentences(play: Play, public_apis: PublicApis) -> None:
    room = play(channel="room", apis=public_apis)
    public_apis.fail(faults.Fault(faults.Kind.STATUS, 403), "youtube", times=1)
    assert "no more searches today" in await room("bot_play_youtube", query="jazz")
    public_apis.fail(faults.UNAVAILABLE, "youtube", times=1)
    assert "does not answer" in await room("bot_play_youtube", query="jazz")
    public_apis.videos = []
    assert "nothing for jazz" in await room("bot_play_youtube", query="jazz")
    assert room.screen
    assert room.screen.commands == []
