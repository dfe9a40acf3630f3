"""Reading what was written."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.call import Call
from bot.errors import StoreError
from bot.store import queries
from bot.store.recorder import Recorder
from bot.store.store import Store
from tests.fixtures.postgres import PASSWORD, QUOTED_PASSWORD
from tests.store.databases import Database, PostgresDatabase

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_paging_misses_none_and_repeats_none(recorder: Recorder, store: Store) -> None:
    # Three calls at each moment: the page's edge falls between equals.
    for number in range(9):
        moment = NOON + timedelta(minutes=number // 3)
        call = Call("phone", id=f"call-{number}", caller=f"+{number % 2}", created_at=moment)
        recorder.call_started(call, {})
    await recorder.flush()
    found: list[str] = []
    page = await queries.calls(store, limit=4)
    while page:
        found += [call.id for call in page]
        page = await queries.calls(store, limit=4, before=page[-1].id)
    assert found == [f"call-{number}" for number in range(8, -1, -1)]
    assert [call.id for call in await queries.calls(store, caller="+1", limit=2)] == [
        "call-7",
        "call-5",
    ]
    after = await queries.calls(store, caller="+1", before="call-5")
    assert [call.id for call in after] == ["call-3", "call-1"]
    assert await queries.calls(store, before="unknown") == []


async def test_nothing_is_found_where_nothing_is(store: Store) -> None:
    assert await queries.call(store, "unknown") is None
    assert await queries.calls(store) == []
    assert await queries.turns(store, "unknown") == []
    assert await queries.utterances(store, "unknown") == []
    assert await queries.events(store, "unknown") == []


async def test_events_are_the_newest_in_their_order(recorder: Recorder, store: Store) -> None:
    for number in range(5):
        recorder.event(None, "count", str(number))
    await recorder.flush()
    assert [event.detail for event in await queries.events(store, limit=3)] == ["2", "3", "4"]


async def test_a_read_that_fails_says_so_without_the_password(
    store: Store, database: Database
) -> None:
    if isinstance(database, PostgresDatabase):
        database.cut()
    else:
        async with store.writing() as connection:
            await connection.exec_driver_sql("DROP TABLE calls")
    with pytest.raises(StoreError, match="cannot read the database") as caught:
        await queries.calls(store)
    text = str(caught.value)
    assert "\n" not in text
    assert PASSWORD not in text
    assert QUOTED_PASSWORD not in text


async def test_a_deleted_call_takes_its_details_along(recorder: Recorder, store: Store) -> None:
    call = Call("phone")
    recorder.call_started(call, {})
    recorder.turn_started(call.id, 1)
    recorder.turn_stages(call.id, 1, {"llm": 1.0})
    recorder.utterance(call.id, speaker="bot", text="x", turn=1)
    await recorder.flush()
    async with store.writing() as connection:
        await connection.exec_driver_sql("DELETE FROM calls")
    assert await queries.turns(store, call.id) == []
    assert await queries.utterances(store, call.id) == []
