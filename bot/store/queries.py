"""Read what was written about calls. Every function raises StoreError when it cannot."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select

from bot.store.store import Store
from bot.store.tables import CallRow, EventRow, TurnRow, TurnStageRow, UtteranceRow


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A call. Empty text: not known. `providers`: stage -> provider's name."""

    id: str
    channel: str
    direction: str
    caller: str
    callee: str
    provider_call_id: str
    mode: str
    mode_reason: str
    providers: Mapping[str, str]
    state: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    error: str
    dropped_frames: int


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn. `stages`: stage -> seconds; `started_at` is None if only its stages were written."""

    call_id: str
    number: int
    started_at: datetime | None
    stages: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class StoredUtterance:
    """Something said. `text` was heard; `unheard` was cut off by a barge-in."""

    id: str
    call_id: str
    turn: int | None
    at: datetime
    speaker: str
    kind: str
    text: str
    unheard: str
    interrupted: bool


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A line for the operator."""

    id: str
    call_id: str | None
    at: datetime
    kind: str
    detail: str


_CALL = select(*(getattr(CallRow, name) for name in StoredCall.__dataclass_fields__))
_UTTERANCE = select(*(getattr(UtteranceRow, name) for name in StoredUtterance.__dataclass_fields__))
_EVENT = select(*(getattr(EventRow, name) for name in StoredEvent.__dataclass_fields__))


async def call(store: Store, call_id: str) -> StoredCall | None:
    """The call with that id, or None."""
    rows = await _rows(store, _CALL.where(CallRow.id == call_id))
    return StoredCall(*rows[0]) if rows else None


async def calls(
    store: Store, limit: int = 50, before: str | None = None, caller: str | None = None
) -> list[StoredCall]:
    """The newest calls first, at most `limit`, all or one caller's.

    `before` is the id of the last call of the page before; unknown, it gives an empty page.
    """
    query = _CALL.order_by(CallRow.started_at.desc(), CallRow.id.desc()).limit(limit)
    if caller is not None:
        query = query.where(CallRow.caller == caller)
    if before is not None:
        mark = await call(store, before)
        if mark is None:
            return []
        same_moment = and_(CallRow.started_at == mark.started_at, CallRow.id < mark.id)
        query = query.where(or_(CallRow.started_at < mark.started_at, same_moment))
    return [StoredCall(*row) for row in await _rows(store, query)]


async def turns(store: Store, call_id: str) -> list[StoredTurn]:
    """A call's turns by their numbers, with the seconds of each stage."""
    begun = await _rows(
        store, select(TurnRow.number, TurnRow.started_at).where(TurnRow.call_id == call_id)
    )
    timed = await _rows(
        store,
        select(TurnStageRow.turn, TurnStageRow.stage, TurnStageRow.seconds)
        .where(TurnStageRow.call_id == call_id)
        .order_by(TurnStageRow.turn, TurnStageRow.stage),
    )
    stages: dict[int, dict[str, float]] = defaultdict(dict)
    for number, stage, seconds in timed:
        stages[number][stage] = seconds
    starts: dict[int, datetime] = {row.number: row.started_at for row in begun}
    return [
        StoredTurn(call_id, number, starts.get(number), stages.get(number, {}))
        for number in sorted(starts.keys() | stages.keys())
    ]


async def utterances(store: Store, call_id: str) -> list[StoredUtterance]:
    """What was said in a call, in the order in which it began."""
    query = _UTTERANCE.where(UtteranceRow.call_id == call_id)
    rows = await _rows(store, query.order_by(UtteranceRow.at, UtteranceRow.id))
    return [StoredUtterance(*row) for row in rows]


async def events(store: Store, call_id: str | None = None, limit: int = 1000) -> list[StoredEvent]:
    """The newest events last, at most `limit`: a call's, or everybody's."""
    query = _EVENT.order_by(EventRow.at.desc(), EventRow.id.desc()).limit(limit)
    if call_id is not None:
        query = query.where(EventRow.call_id == call_id)
    return [StoredEvent(*row) for row in reversed(await _rows(store, query))]


async def _rows(store: Store, query: Select[*tuple[Any, ...]]) -> Sequence[Any]:
    async with store.reading() as session:
        return (await session.execute(query)).all()
