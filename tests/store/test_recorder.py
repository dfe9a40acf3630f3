"""What happens in a call is read back as it happened."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bot.call import Call
from bot.errors import StoreError
from bot.store import queries
from bot.store.recorder import Recorder
from bot.store.store import Store
from tests.store.databases import Database

PROVIDERS = {"stt": "whisper", "llm": "openai", "tts": "elevenlabs"}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def started(recorder: Recorder, **about: Any) -> Call:
    """A call that the recorder follows from its start."""
    call = Call("phone", **about)
    call.on_state = recorder.call_state
    recorder.call_started(call, PROVIDERS)
    return call


async def test_a_whole_call(recorder: Recorder, store: Store) -> None:
    before = datetime.now(UTC)
    call = started(
        recorder, caller="+4930123", callee="+15550", provider_call_id="CA1", mode_reason="admin"
    )
    call.connected()
    recorder.turn_started(call.id, 1, NOON)
    recorder.utterance(call.id, speaker="bot", text="Hello!", turn=None, at=NOON, kind="greeting")
    call.talking()
    recorder.utterance(
        call.id, speaker="caller", text="Grüß Gott 🙂", turn=1, at=NOON + timedelta(seconds=2)
    )
    recorder.utterance(
        call.id,
        speaker="bot",
        text="It opens at",
        unheard="nine o'clock.",
        interrupted=True,
        turn=1,
        at=NOON + timedelta(seconds=4),
    )
    recorder.turn_stages(call.id, 1, {"stt": 0.25, "llm": 0.5})
    recorder.turn_stages(call.id, 1, {"tts": 0.125, "llm": 0.75})
    call.dropped_frames = 3
    call.ended("caller hung up")
    await recorder.flush()

    written = await queries.call(store, call.id)
    assert written is not None
    assert (written.channel, written.direction, written.mode) == ("phone", "inbound", "cascade")
    assert (written.caller, written.callee) == ("+4930123", "+15550")
    assert (written.provider_call_id, written.mode_reason) == ("CA1", "admin")
    assert written.providers == PROVIDERS
    assert (written.state, written.end_reason, written.error) == ("ended", "caller hung up", "")
    assert written.dropped_frames == 3
    assert written.answered_at is not None
    assert written.ended_at is not None
    assert before <= written.started_at <= written.answered_at <= written.ended_at
    assert written.ended_at <= datetime.now(UTC)

    said = await queries.utterances(store, call.id)
    assert [(u.speaker, u.kind, u.text, u.unheard, u.interrupted, u.turn) for u in said] == [
        ("bot", "greeting", "Hello!", "", False, None),
        ("caller", "speech", "Grüß Gott 🙂", "", False, 1),
        ("bot", "speech", "It opens at", "nine o'clock.", True, 1),
    ]
    assert [u.at for u in said] == [NOON + timedelta(seconds=s) for s in (0, 2, 4)]
    (turn,) = await queries.turns(store, call.id)
    assert (turn.number, turn.started_at) == (1, NOON)
    assert turn.stages == {"stt": 0.25, "llm": 0.75, "tts": 0.125}


@pytest.mark.parametrize("end", ["ended", "transferred", "failed"])
async def test_every_end_has_its_time_and_reason(
    recorder: Recorder, store: Store, end: str
) -> None:
    call = started(recorder)
    call.connected()
    await recorder.flush()
    live = await queries.call(store, call.id)
    assert live is not None
    assert (live.state, live.ended_at) == ("connected", None)
    getattr(call, end)("boom")
    await recorder.flush()
    over = await queries.call(store, call.id)
    assert over is not None
    assert (over.state, over.answered_at) == (end, live.answered_at)
    assert over.ended_at is not None
    assert over.error == ("boom" if end == "failed" else "")
    # Said again, as with late counts: the time of the end stays.
    call.dropped_frames = 9
    recorder.call_state(call)
    await recorder.flush()
    again = await queries.call(store, call.id)
    assert again is not None
    assert (again.ended_at, again.dropped_frames) == (over.ended_at, 9)


async def test_a_call_that_was_never_answered(recorder: Recorder, store: Store) -> None:
    call = started(recorder)
    call.ended("caller hung up")
    await recorder.flush()
    written = await queries.call(store, call.id)
    assert written is not None
    assert written.answered_at is None


async def test_states_alone_make_a_call(recorder: Recorder, store: Store) -> None:
    call = Call("room")
    call.on_state = recorder.call_state
    call.connected()
    recorder.call_started(call, PROVIDERS)
    call.provider_call_id = "CA2"
    call.talking()
    await recorder.flush()
    written = await queries.call(store, call.id)
    assert written is not None
    assert (written.state, written.provider_call_id) == ("talking", "CA2")
    assert written.providers == PROVIDERS
    assert written.answered_at is not None


async def test_utterances_are_read_in_the_order_they_began(
    recorder: Recorder, store: Store
) -> None:
    call = started(recorder)
    east = timezone(timedelta(hours=5))
    moments = [
        NOON + timedelta(seconds=3),
        NOON,
        (NOON + timedelta(seconds=1)).astimezone(east),
        NOON + timedelta(seconds=3),
    ]
    for text, at in zip("dabe", moments, strict=True):
        recorder.utterance(call.id, speaker="bot", text=text, turn=1, at=at)
    await recorder.flush()
    assert "".join(u.text for u in await queries.utterances(store, call.id)) == "abde"


async def test_what_comes_before_start_is_written_too(store: Store) -> None:
    recorder = Recorder(store)
    call = started(recorder)
    assert recorder.waiting == 1
    recorder.start()
    recorder.start()
    await recorder.close()
    assert await queries.call(store, call.id) is not None


async def test_events_with_and_without_a_call(recorder: Recorder, store: Store) -> None:
    call = started(recorder)
    recorder.event(None, "start", "up")
    recorder.event(call.id, "dtmf", "5")
    recorder.event("never-heard-of", "status", "busy")
    await recorder.flush()
    assert [(e.kind, e.detail) for e in await queries.events(store)] == [
        ("start", "up"),
        ("dtmf", "5"),
        ("status", "busy"),
    ]
    assert [e.detail for e in await queries.events(store, call.id)] == ["5"]


async def test_text_that_postgres_cannot_hold_is_kept_readable(
    recorder: Recorder, store: Store, lines: list[str]
) -> None:
    call = started(recorder)
    recorder.utterance(call.id, speaker="bot", text="a\0b\ud83dc", turn=1)
    await recorder.flush()
    (said,) = await queries.utterances(store, call.id)
    assert said.text == "a\ufffdb?c"
    assert lines == []


async def test_stages_that_are_no_number_are_left_out(recorder: Recorder, store: Store) -> None:
    call = started(recorder)
    recorder.turn_stages(call.id, 2, {"llm": float("nan"), "tts": float("inf"), "stt": 0.5})
    recorder.turn_stages(call.id, 2, {"vad": float("nan")})
    await recorder.flush()
    (turn,) = await queries.turns(store, call.id)
    assert (turn.number, turn.started_at, turn.stages) == (2, None, {"stt": 0.5})


async def test_nonsense_is_logged_and_never_raised(
    recorder: Recorder, store: Store, lines: list[str]
) -> None:
    nonsense: Any = object()
    recorder.call_started(nonsense, PROVIDERS)
    recorder.call_state(nonsense)
    recorder.turn_started("c", nonsense)
    recorder.turn_started("c", 1, datetime(2026, 1, 1))
    recorder.utterance("c", speaker="bot", text="my secret words", turn=nonsense)
    recorder.turn_stages("c", 1, {"llm": nonsense})
    recorder.turn_stages("c", 1, nonsense)
    await recorder.flush()
    assert len(lines) == 7
    assert all(line.startswith("store: ") for line in lines)
    assert "secret words" not in "".join(lines)
    assert recorder.waiting == 0


async def test_flush_without_start_says_so(store: Store) -> None:
    with pytest.raises(StoreError, match="not running"):
        await Recorder(store).flush()


async def test_after_close_nothing_is_taken(
    store: Store, database: Database, lines: list[str]
) -> None:
    recorder = Recorder(store)
    recorder.start()
    call = started(recorder)
    await recorder.close()
    recorder.event(call.id, "late", "detail")
    recorder.start()
    await recorder.close()
    assert await database.rows("SELECT count(*) FROM events") == [(0,)]
    assert len(lines) == 1
    assert "after the recorder was closed" in lines[0]
    (stopped,) = (await database.rows("SELECT stopped_at FROM servers"))[0]
    assert stopped is not None


async def test_close_leaves_no_task_behind(store: Store) -> None:
    before = asyncio.all_tasks()
    recorder = Recorder(store)
    recorder.start()
    assert asyncio.all_tasks() - before
    await recorder.close()
    assert asyncio.all_tasks() == before


async def test_flush_returns_while_others_go_on_recording(
    recorder: Recorder, database: Database
) -> None:
    async def chatter() -> None:
        while True:
            for _ in range(10):
                recorder.event(None, "chatter", "")
            await asyncio.sleep(0.001)

    talking = asyncio.create_task(chatter())
    await asyncio.sleep(0.05)
    recorder.event(None, "mine", "")
    async with asyncio.timeout(60):
        await recorder.flush()
    talking.cancel()
    assert await database.rows("SELECT count(*) FROM events WHERE kind = 'mine'") == [(1,)]


async def test_many_calls_at_once(recorder: Recorder, store: Store) -> None:
    async def talk(number: int) -> Call:
        call = started(recorder, caller=f"+{number}")
        call.connected()
        for turn in range(1, 11):
            recorder.turn_started(call.id, turn)
            recorder.utterance(call.id, speaker="caller", text=f"{number}/{turn}", turn=turn)
            recorder.turn_stages(call.id, turn, {"stt": turn / 8, "llm": number / 8})
            await asyncio.sleep(0)
        call.ended("done")
        return call

    finished = await asyncio.gather(*(talk(number) for number in range(30)))
    await recorder.flush()
    for number, call in enumerate(finished):
        said = await queries.utterances(store, call.id)
        assert [u.text for u in said] == [f"{number}/{turn}" for turn in range(1, 11)]
        turns = await queries.turns(store, call.id)
        assert [t.stages for t in turns] == [
            {"stt": turn / 8, "llm": number / 8} for turn in range(1, 11)
        ]
