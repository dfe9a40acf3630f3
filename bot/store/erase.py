"""Erase everything that is kept about one caller. Raises StoreError when it cannot be done."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.once import writing
from bot.store.store import Store
from bot.store.tables import Base, CallRow, EventRow
from bot.store.tool_tables import (
    DoneWriteRow,
    HandoverRow,
    MeetingRow,
    MessageRow,
    NoteRow,
    ProfileRow,
)


@dataclass(frozen=True, slots=True)
class Erased:
    """What is gone: the calls' ids, and how many rows of what callers keep (notes, profile,
    messages, meetings)."""

    call_ids: tuple[str, ...]
    kept: int


async def calls_of(store: Store, number: str) -> list[tuple[str, bool]]:
    """Every call from or to a number: (id, whether it is over)."""
    query = select(CallRow.id, CallRow.ended_at.is_not(None)).where(_of(number))
    async with store.reading() as session:
        return [(call_id, bool(over)) for call_id, over in (await session.execute(query)).all()]


async def erase_caller(store: Store, number: str) -> Erased:
    """Erase a caller's calls with all that was said and happened in them, and what they keep.

    One transaction. `number` is the caller's, as it stands in the calls.
    """
    async with writing(store) as connection:
        found = await connection.execute(select(CallRow.id).where(_of(number)))
        ids = tuple(found.scalars())
        owners = [number, *(f"call:{call_id}" for call_id in ids)]
        marks = {number, *ids, *await _ids_of_kept(connection, owners)}
        await _forget_answers(connection, marks)
        kept = 0
        for table in (NoteRow, ProfileRow, MessageRow, MeetingRow):
            kept += await _delete(connection, table, table.owner.in_(owners))
        await _delete(connection, HandoverRow, HandoverRow.call_id.in_(ids))
        about = or_(EventRow.call_id.in_(ids), EventRow.detail.contains(number, autoescape=True))
        await _delete(connection, EventRow, about)
        # Turns, stages, words and the index go with their call.
        await _delete(connection, CallRow, _of(number))
    return Erased(ids, kept)


def _of(number: str) -> ColumnElement[bool]:
    inbound = (CallRow.direction == "inbound") & (CallRow.caller == number)
    return inbound | ((CallRow.direction == "outbound") & (CallRow.callee == number))


async def _ids_of_kept(connection: AsyncConnection, owners: list[str]) -> set[str]:
    found: set[str] = set()
    for table in (NoteRow, MessageRow, MeetingRow):
        rows = await connection.execute(select(table.id).where(table.owner.in_(owners)))
        found |= set(rows.scalars())
    return found


async def _forget_answers(connection: AsyncConnection, marks: set[str]) -> None:
    """Delete remembered answers of writes (kept for two weeks) that speak of any of the marks."""
    keys: list[str] = []
    for key, answer in (
        await connection.execute(select(DoneWriteRow.key, DoneWriteRow.answer))
    ).all():
        values = {value for value in answer.values() if isinstance(value, str)}
        if values & marks or any(mark in json.dumps(answer) for mark in marks):
            keys.append(key)
    if keys:
        await _delete(connection, DoneWriteRow, DoneWriteRow.key.in_(keys))


async def _delete(connection: AsyncConnection, table: type[Base], which: Any) -> int:
    return (await connection.execute(delete(table).where(which))).rowcount
