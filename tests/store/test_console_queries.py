"""What the console reads: the index of ended calls, the search, figures, erasure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.call import Call
from bot.store import (
    console_tables,
    desk,
    erase,
    notes,
    profiles,
    queries,
    queries_figures,
    queries_index,
    queries_open,
    queries_search,
)
from bot.store.queries_search import Wanted
from bot.store.recorder import Recorder
from bot.store.store import Store

LONG_AGO = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries_index, "SETTLE", timedelta(0))


def hold(
    recorder: Recorder, *said: str, minutes: int = 0, waits: tuple[float, ...] = (), **fields: Any
) -> Call:
    """A call that is over; `minutes` after `LONG_AGO`."""
    call = Call("phone", created_at=LONG_AGO + timedelta(minutes=minutes), **fields)
    recorder.call_started(call, {"stt": "openai whisper", "llm": "openai gpt"})
    call.on_state = recorder.call_state
    call.connected()
    for number, text in enumerate(said, 1):
        recorder.utterance(call.id, speaker="caller", text=text, turn=number)
    for number, seconds in enumerate(waits, 1):
        recorder.turn_stages(call.id, number, {"voice_to_voice": seconds, "llm": seconds / 2})
    call.ended("caller hung up")
    return call


async def settled(recorder: Recorder, store: Store) -> None:
    await recorder.flush()
    while await queries_index.index_ended(store, 3):
        continue


async def ids(store: Store, wanted: Wanted, **more: Any) -> list[str]:
    return [one.call.id for one in await queries_search.search(store, wanted, **more)]


async def test_calls_are_found_by_what_was_said(recorder: Recorder, store: Store) -> None:
    cafe = hold(recorder, "A table at the Café Zürich", "Goodbye", minutes=1, caller="+15550001111")
    refund = hold(recorder, "I want a REFUND for my table", minutes=2, caller="+15550002222")
    live = Call("phone", caller="+15550003333", created_at=LONG_AGO)
    recorder.call_started(live, {})
    recorder.utterance(live.id, speaker="caller", text="a table", turn=1)
    await settled(recorder, store)
    assert await ids(store, Wanted()) == [refund.id, cafe.id, live.id]
    assert await ids(store, Wanted(words="table")) == [refund.id, cafe.id]
    assert await ids(store, Wanted(words="cafe zurich")) == [cafe.id]
    assert await ids(store, Wanted(words="refu")) == [refund.id]
    assert await ids(store, Wanted(words="refund zurich")) == []
    assert await ids(store, Wanted(words="000 2222")) == [refund.id]
    assert await ids(store, Wanted(words=cafe.id)) == [cafe.id]
    for syntax in ('"', "*", "NEAR(a b)", "table AND", "a:b", "' OR 1=1 --", "&|!", "%", "\\"):
        assert isinstance(await ids(store, Wanted(words=syntax)), list)
    assert await ids(store, Wanted(words="%")) == []
    found = await queries_search.search(store, Wanted(words="goodbye"))
    assert found[0].excerpt == "Goodbye"


async def test_calls_are_found_by_what_happened(recorder: Recorder, store: Store) -> None:
    slow = hold(recorder, "one", minutes=1, waits=(0.5, 4.0), mode="embedded")
    failed = hold(recorder, "two", minutes=2, waits=(0.5,))
    recorder.event(failed.id, "llm error", "429")
    recorder.event(failed.id, "tool", "web_search done after 1.00 s")
    await settled(recorder, store)
    assert await ids(store, Wanted(slow=True)) == [slow.id]
    assert await ids(store, Wanted(errors=True)) == [failed.id]
    assert await ids(store, Wanted(mode="embedded")) == [slow.id]
    assert await ids(store, Wanted(outcome="failed")) == []
    assert await ids(store, Wanted(after=LONG_AGO + timedelta(seconds=90))) == [failed.id]
    assert await ids(store, Wanted(before=LONG_AGO + timedelta(seconds=90))) == [slow.id]
    assert await queries_search.count(store, Wanted()) == 2
    assert await queries_search.modes(store) == ["cascade", "embedded"]
    one = (await queries_search.search(store, Wanted(slow=True)))[0]
    assert (one.turns, one.slow_turns, one.slowest, one.errors) == (2, 1, 4.0, 0)
    other = (await queries_search.search(store, Wanted(errors=True)))[0]
    assert (other.errors, other.tools) == (1, 1)


@pytest.mark.parametrize("few", [0, 1_000])
async def test_words_that_many_calls_have_are_found_like_rare_ones(
    few: int, recorder: Recorder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_search, "FEW", few)
    first = hold(recorder, "nothing", "A Café, please", minutes=1, caller="+15550004711")
    second = hold(recorder, "cafes and precafe", minutes=2, mode="embedded")
    third = hold(recorder, "no café at all, 4711 times", minutes=3)
    await settled(recorder, store)
    found = await queries_search.search(store, Wanted(words="cafe"))
    assert [(one.call.id, one.excerpt) for one in found] == [
        (third.id, "no café at all, 4711 times"),
        (second.id, "cafes and precafe"),
        (first.id, "A Café, please"),
    ]
    assert await ids(store, Wanted(words="cafe"), limit=1) == [third.id]
    assert await ids(store, Wanted(words="cafe", cursor=third.id)) == [second.id, first.id]
    assert await ids(store, Wanted(words="cafe", mode="embedded")) == [second.id]
    assert await ids(store, Wanted(words="4711")) == [third.id, first.id]  # said, or dialled
    assert await queries_search.count(store, Wanted(words="4711")) == 2
    assert await queries_search.count(store, Wanted(words="cafe", mode="embedded")) == 1


async def test_what_happened_to_providers_and_why_modes_were_given(
    recorder: Recorder, store: Store
) -> None:
    for kind, line in (("provider", "open"), ("mode", "switched"), ("provider", "closed")):
        recorder.event(None, kind, line)
    hold(recorder, mode="embedded", mode_reason="rule: 3 calls are live")
    hold(recorder, mode="cascade", mode_reason="default_mode; not embedded (rule) is down")
    hold(recorder, mode="cascade", mode_reason="default_mode")
    await recorder.flush()
    events = await queries_figures.provider_events(store, LONG_AGO)
    assert [event.detail for event in events] == ["closed", "open"]
    assert await queries_figures.provider_events(store, datetime.now(UTC)) == []
    assert await queries_figures.reasons(store, LONG_AGO) == [
        (("cascade", "default_mode"), 2),
        (("embedded", "rule: 3 calls are live"), 1),
    ]
    assert await queries_figures.reasons(store, datetime.now(UTC)) == []


async def test_pages_of_a_search_miss_none(recorder: Recorder, store: Store) -> None:
    made = [hold(recorder, "hello", minutes=number // 2) for number in range(7)]
    await settled(recorder, store)
    found: list[str] = []
    page = await ids(store, Wanted(words="hello"), limit=3)
    while page:
        found += page
        page = await ids(store, Wanted(words="hello", cursor=page[-1]), limit=3)
    assert sorted(found) == sorted(call.id for call in made)
    assert len(found) == 7
    assert [one.call.id async for one in queries_search.every(store, Wanted())] == found
    assert await ids(store, Wanted(cursor="unknown")) == []


async def test_figures_add_up(recorder: Recorder, store: Store) -> None:
    hold(recorder, minutes=1, waits=(1.0, 2.0, 3.0))
    failed = hold(recorder, minutes=40, waits=(9.0,), mode="embedded")
    recorder.event(failed.id, "llm error", "500")
    recorder.event(failed.id, "empty answer", "nothing")
    await settled(recorder, store)
    found = await queries_figures.figures(store, LONG_AGO, slices=2)
    assert [one.calls for one in found.slices] == [1, 1]
    assert [one.errors for one in found.slices] == [0, 2]
    assert found.slices[0].stages["voice_to_voice"].p50 == 2.0
    assert found.stages["voice_to_voice"].count == 4
    assert found.modes["embedded"].spread.p50 == 9.0
    assert found.modes["cascade"].early_hang_ups == 1
    assert found.errors == {("llm", "openai gpt", "llm error"): 1, ("", "", "empty answer"): 1}
    assert [calls for calls, _ in found.days[f"{LONG_AGO:%Y-%m-%d}"].values()] == [1, 1]
    assert await queries_figures.uptime(store, LONG_AGO) > 0.5


async def test_calls_of_other_processes_are_seen(recorder: Recorder, store: Store) -> None:
    call = Call("phone", caller="+15550001111")
    recorder.call_started(call, {})
    recorder.utterance(call.id, speaker="caller", text="first", turn=1)
    recorder.utterance(call.id, speaker="bot", text="second", turn=1)
    await recorder.flush()
    await queries_open.announce(store, 3)
    assert await queries_open.of_others(store) == []
    here, store.server = store.server, type(store.server)(place=store.server.place)
    found = await queries_open.of_others(store)
    store.server = here
    assert [(one.call.id, one.worker, one.words, one.speaker) for one in found] == [
        (call.id, 3, "second", "bot")
    ]


async def test_a_caller_is_erased_whole(recorder: Recorder, store: Store) -> None:
    number, other = "+15550001111", "+15550002222"
    mine = hold(recorder, "my secret xylophone", minutes=1, waits=(1.0,), caller=number)
    theirs = hold(recorder, "their xylophone", minutes=2, caller=other)
    recorder.event(mine.id, "llm error", "500")
    recorder.event(None, "error", f"call to {number}: refused")
    for owner, call in ((number, mine), (other, theirs)):
        await notes.create(store, owner, "title", f"note of {owner}", key=f"note {call.id[:8]}")
        await profiles.put(store, owner, "name", owner, key=f"profile {call.id[:8]}")
        await desk.take_message(
            store,
            owner=owner,
            call_id=call.id,
            recipient="x",
            text="t",
            key=f"message {call.id[:8]}",
        )
        await desk.hand_over(
            store, call_id=call.id, target="x", summary="s", key=f"handover {call.id[:8]}"
        )
    await settled(recorder, store)
    erased = await erase.erase_caller(store, number)
    assert erased.call_ids == (mine.id,)
    assert erased.kept == 3
    assert await ids(store, Wanted(words="xylophone")) == [theirs.id]
    assert await queries.utterances(store, mine.id) == []
    assert await queries.events(store) == []
    assert len(await desk.messages(store)) == 1
    async with store.reading() as session:
        text = str((await session.execute(select(console_tables.CallIndexRow.text))).all())
        for table in erase.Base.metadata.sorted_tables:
            rows = (await session.execute(select(table))).all()
            assert number not in str(rows), table.name
            assert mine.id not in str(rows), table.name
    assert "secret" not in text
    assert other[1:] in text
    assert await erase.calls_of(store, other) == [(theirs.id, True)]
