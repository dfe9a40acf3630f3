"""Keeps the index of ended calls up to date: what is searched and counted of each.

Written behind the calls, in batches, from what the recorder has written; whichever process comes
first does it, and doing it twice changes nothing. Every function raises StoreError when the
database cannot be used.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.console_tables import CallIndexRow
from bot.store.once import clean, folded, writing
from bot.store.store import Store
from bot.store.tables import CallRow, EventRow, TurnStageRow, UtteranceRow

SLOW_SECONDS = 2.0
"""Voice-to-voice from which a turn counts as slow; people answer each other within 0.2 s, and
find more than two seconds odd (Stivers et al., PNAS 2009; Roberts and Francis, JASA 2013)."""
SETTLE = timedelta(seconds=2)
"""After a call's end, in which its last words are written."""
_BROKEN = frozenset({"error", "call broke", "empty answer"})
Row = dict[str, Any]


def is_error(kind: str) -> bool:
    """Whether a kind of event means that something went wrong in a call."""
    return kind in _BROKEN or kind.endswith(" error")


async def index_ended(store: Store, limit: int = 200) -> int:
    """Index ended calls that are not indexed yet, at most `limit`; returns how many."""
    calls = await _waiting(store, limit)
    if not calls:
        return 0
    ids = [call.id for call in calls]
    words = await _grouped(
        store, select(UtteranceRow.call_id, UtteranceRow.text), UtteranceRow.call_id.in_(ids)
    )
    times = await _grouped(
        store,
        select(TurnStageRow.call_id, TurnStageRow.stage, TurnStageRow.seconds),
        TurnStageRow.call_id.in_(ids),
    )
    events = await _grouped(
        store, select(EventRow.call_id, EventRow.kind), EventRow.call_id.in_(ids)
    )
    rows = [_row(call, words[call.id], times[call.id], events[call.id]) for call in calls]
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[store.dialect]
    made = insert(CallIndexRow)
    changed = {name: made.excluded[name] for name in rows[0] if name != "call_id"}
    async with writing(store) as connection:
        # A caller's data may be erased just now: only calls that are still there.
        there = select(CallRow.id).where(CallRow.id.in_(ids))
        found = set((await connection.execute(there)).scalars())
        rows = [row for row in rows if row["call_id"] in found]
        if rows:
            await connection.execute(
                made.on_conflict_do_update(index_elements=["call_id"], set_=changed), rows
            )
    return len(rows)


async def _waiting(store: Store, limit: int) -> Sequence[Any]:
    """Ended calls without an index, or whose end has changed since; the newest first."""
    query = (
        select(CallRow.id, CallRow.caller, CallRow.callee, CallRow.ended_at, CallRow.error)
        .outerjoin(CallIndexRow, CallIndexRow.call_id == CallRow.id)
        .where(
            CallRow.ended_at.is_not(None),
            CallRow.ended_at < datetime.now(UTC) - SETTLE,
            or_(CallIndexRow.call_id.is_(None), CallIndexRow.ended_at != CallRow.ended_at),
        )
        .order_by(CallRow.started_at.desc())
        .limit(limit)
    )
    async with store.reading() as session:
        return (await session.execute(query)).all()


async def _grouped(
    store: Store, query: Any, of_these: ColumnElement[bool]
) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    async with store.reading() as session:
        for row in await session.execute(query.where(of_these)):
            found[row.call_id].append(row)
    return found


def _row(call: Any, words: Iterable[Any], times: Iterable[Any], events: Iterable[Any]) -> Row:
    stages: defaultdict[str, list[float]] = defaultdict(list)
    for time in times:
        stages[time.stage].append(round(time.seconds, 3))
    waits = stages.get("voice_to_voice", [])
    kinds = Counter(event.kind for event in events)
    said = " ".join([call.caller, call.callee, call.error, *(word.text for word in words)])
    return {
        "call_id": call.id,
        "ended_at": call.ended_at,
        "text": clean(folded(said)),
        "turns": len(waits),
        "slow_turns": sum(wait > SLOW_SECONDS for wait in waits),
        "errors": sum(count for kind, count in kinds.items() if is_error(kind)),
        "tools": kinds["tool"],
        "slowest": max(waits, default=0.0),
        "stages": dict(stages),
        "troubles": {kind: count for kind, count in kinds.items() if is_error(kind)},
    }
