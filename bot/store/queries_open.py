"""Calls that other processes hold just now, and which worker each of them is.

Every function raises StoreError when the database cannot be used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.console_tables import ServerWorkerRow
from bot.store.once import writing
from bot.store.queries import StoredCall
from bot.store.store import Store
from bot.store.tables import CallRow, EventRow, UtteranceRow


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call of another process; `worker` is its number if it shares our port, else 0."""

    call: StoredCall
    worker: int
    words: str
    speaker: str


async def announce(store: Store, worker: int) -> None:
    """Say which worker this process is."""
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[store.dialect]
    row = {"server_id": store.server.id, "place": store.server.place, "worker": worker}
    async with writing(store) as connection:
        await connection.execute(insert(ServerWorkerRow).values(**row).on_conflict_do_nothing())


async def of_others(store: Store, limit: int = 500) -> list[OpenCall]:
    """The calls of other processes that are not over, the newest first, with their last words."""
    columns = tuple(getattr(CallRow, name) for name in StoredCall.__dataclass_fields__)
    query = (
        select(*columns, ServerWorkerRow.worker, ServerWorkerRow.place)
        .outerjoin(ServerWorkerRow, ServerWorkerRow.server_id == CallRow.server_id)
        .where(CallRow.ended_at.is_(None), CallRow.server_id != store.server.id)
        .order_by(CallRow.started_at.desc())
        .limit(limit)
    )
    async with store.reading() as session:
        rows = (await session.execute(query)).all()
    last = await _last_words(store, [row.id for row in rows]) if rows else {}
    found = []
    for row in rows:
        near = row.worker if row.place and row.place == store.server.place else 0
        words, speaker = last.get(row.id, ("", ""))
        found.append(OpenCall(StoredCall(*row[: len(columns)]), near or 0, words, speaker))
    return found


async def _last_words(store: Store, ids: list[str]) -> Mapping[str, tuple[str, str]]:
    """Call -> (what was said last, by whom)."""
    place = (
        func.row_number()
        .over(partition_by=UtteranceRow.call_id, order_by=UtteranceRow.at.desc())
        .label("place")
    )
    ranked = (
        select(UtteranceRow.call_id, UtteranceRow.text, UtteranceRow.speaker, place)
        .where(UtteranceRow.call_id.in_(ids))
        .subquery()
    )
    query = select(ranked.c.call_id, ranked.c.text, ranked.c.speaker).where(ranked.c.place == 1)
    async with store.reading() as session:
        rows = (await session.execute(query)).all()
        return {call_id: (text, speaker) for call_id, text, speaker in rows}


async def count_events(store: Store, kind: str, detail: str, since: datetime) -> int:
    """How many events of a kind with exactly this detail there were since a moment."""
    query = (
        select(func.count())
        .select_from(EventRow)
        .where(EventRow.at >= since, EventRow.kind == kind, EventRow.detail == detail)
    )
    async with store.reading() as session:
        return int((await session.execute(query)).scalar_one())
