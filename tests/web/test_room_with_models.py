"""The room's page in Chromium, spoken to, on the real pipeline and the embedded models, no key."""

import re

import pytest

from bot.store import notes, queries
from tests.fixtures.chromium import HEARD_HZ, Room, open_room
from tests.fixtures.house import Serve
from tests.fixtures.speech import Speech
from tests.web.barge import WAY_SECONDS, broken_in, ear_seconds

pytestmark = [pytest.mark.models, pytest.mark.browser, pytest.mark.timeout(300)]

GREETING = (
    "Hello, this is Tandem, and I would like to tell you right away what I can do for you, which "
    "is to write down your notes and to read them out again whenever you ask me for an elephant."
)
BARGE_IN_SECONDS = 0.3
"""From the caller's first sound to the bot's silence in the page. The ear's part of it is counted
in sound, and the way there and back is timed in `test_room_browser`, so that a busy machine does
not decide."""
LISTENED_BYTES = 12 * HEARD_HZ * 2
"""Of the beginning and of the end of what was heard: an ear hears half a minute at a time."""


async def test_a_caller_breaks_in_is_answered_and_makes_a_note(
    keyless: Serve, speech: Speech
) -> None:
    server = await keyless(BOT_GREETING=GREETING)
    assert server.resources
    question = speech.say("What is two plus two?", 16_000)
    wanted = speech.say("Please take a note: buy milk tomorrow.", 16_000)
    async with open_room(server.url) as room:
        await room.call()
        await room.page.get_by_role("navigation").get_by_role("button", name="Notes").click()
        await room.wait_until(lambda: _said(room, "right away"), "greeting", 20)
        start = await room.mark()
        await room.say(question)
        await room.wait_until(lambda: _said(room, "4"), "answer", 90)
        await room.wait_until(lambda: _quiet(room), "silence", 20)
        heard, silent_after = broken_in(await room.record(start), await room.spoken(start))
        print(f"barge-in: silence in the page {silent_after * 1000:.0f} ms after the first sound")
        assert ear_seconds(question, 16_000) + WAY_SECONDS <= BARGE_IN_SECONDS
        assert silent_after < 2 * BARGE_IN_SECONDS  # whatever else the machine does
        assert "elephant" in await room.said("unheard")
        assert "elephant" not in speech.hear(heard[:LISTENED_BYTES], HEARD_HZ).lower()
        assert re.search(r"\b(4|four)\b", speech.hear(heard[-LISTENED_BYTES:], HEARD_HZ), re.I)
        assert "plus" in await room.said("caller")
        stages = (await room.stages())[1]
        assert stages["voice_to_voice"] >= stages["llm"] > 0
        await _takes_a_note(room, wanted)
        await room.hang_up()
        await room.wait_for_phase("over", 10)
    await server.resources.recorder.flush()
    (call,) = await queries.calls(server.resources.store)
    assert (call.channel, call.end_reason) == ("room", "caller hung up")
    (note,) = await notes.find(server.resources.store, call.caller)
    assert "milk" in f"{note.title} {note.text}".lower()


async def _takes_a_note(room: Room, wanted: bytes) -> None:
    """What is said becomes a note, and the open notes window shows it by itself."""
    shown = room.page.get_by_role("dialog", name="Notes")
    assert "No notes yet." in await shown.inner_text()

    async def there() -> bool:
        titles = await shown.get_by_role("list", name="Notes").inner_text()
        text = shown.get_by_role("textbox", name="Text of the note")
        return (
            bool(titles)
            and bool(await text.count())
            and "milk" in (f"{titles} {await text.input_value()}".lower())
        )

    await room.say(wanted)
    await room.wait_until(there, "note in the window", 90)
    await room.wait_until(lambda: _quiet(room), "silence", 20)


async def _said(room: Room, words: str) -> bool:
    return words in await room.said("bot")


async def _quiet(room: Room) -> bool:
    return await room.heard_rms(0.6) < 0.002
