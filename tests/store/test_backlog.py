"""The queue's bound, and what it gives up first."""

import asyncio

from bot.store.backlog import Backlog
from bot.store.records import Kind, Record


def record(kind: Kind, name: str = "") -> Record:
    return Record(kind, [{"name": name}])


def names(records: list[Record]) -> list[str]:
    return [record.rows[0]["name"] for record in records]


def test_records_come_out_in_the_order_they_went_in() -> None:
    backlog = Backlog(10)
    kinds: list[Kind] = ["call_started", "turn_stages", "event", "utterance", "turn_stages"]
    for number, kind in enumerate(kinds):
        backlog.put(record(kind, str(number)))
    assert names(backlog.take(3)) == ["0", "1", "2"]
    assert backlog.oldest == 4
    assert names(backlog.take(9)) == ["3", "4"]
    assert backlog.oldest is None


def test_the_oldest_stage_times_go_first() -> None:
    backlog = Backlog(4)
    backlog.put(record("utterance", "said"))
    backlog.put(record("turn_stages", "old"))
    backlog.put(record("turn_stages", "new"))
    backlog.put(record("call_state", "state"))
    victim = backlog.put(record("utterance", "more"))
    assert victim is not None
    assert names([victim]) == ["old"]
    assert names(backlog.take(9)) == ["said", "new", "state", "more"]
    assert backlog.lost == {"turn_stages": 1}


def test_what_goes_when_there_are_no_stage_times() -> None:
    backlog = Backlog(1)
    order: list[Kind] = ["turn_started", "event", "utterance", "call_state", "call_started"]
    gone = [backlog.put(record(kind)) for kind in order]
    assert [victim.kind if victim else None for victim in gone] == [None, *order[:-1]]
    # A stage time that comes now is itself the least.
    victim = backlog.put(record("turn_stages"))
    assert victim is not None
    assert victim.kind == "turn_stages"
    assert len(backlog) == 1


async def test_filled_waits_for_a_record() -> None:
    backlog = Backlog(4)
    waiter = asyncio.create_task(backlog.filled())
    await asyncio.sleep(0)
    assert not waiter.done()
    backlog.put(record("event"))
    await asyncio.wait_for(waiter, 1)
    backlog.take(1)
    second = asyncio.create_task(backlog.filled())
    await asyncio.sleep(0)
    assert not second.done()
    second.cancel()
