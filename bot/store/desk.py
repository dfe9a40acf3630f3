"""What is arranged for callers: messages, meetings, calls handed to a person.

Every function raises StoreError when the database cannot be used. Moments are UTC.
"""

import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.once import Answer, clean, once
from bot.store.records import next_id
from bot.store.store import Store
from bot.store.tool_tables import HandoverRow, MeetingRow, MessageRow


@dataclass(frozen=True, slots=True)
class Message:
    """A message for `recipient`; `owner` is who left it."""

    id: str
    owner: str
    call_id: str
    recipient: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting of `minutes`, planned in the time zone `zone` (IANA name)."""

    id: str
    token: str
    owner: str
    title: str
    attendees: str
    starts_at: datetime
    minutes: int
    zone: str


@dataclass(frozen=True, slots=True)
class Handover:
    """A call that is handed to `target`, with what they are told first."""

    token: str
    call_id: str
    target: str
    summary: str
    at: datetime


async def take_message(
    store: Store, *, owner: str, call_id: str, recipient: str, text: str, key: str
) -> str:
    """Write a message, once for `key`; returns its id."""

    async def work(connection: AsyncConnection) -> Answer:
        row: dict[str, Any] = {"id": next_id(), "owner": owner, "call_id": call_id}
        row |= {"recipient": clean(recipient), "text": clean(text), "at": datetime.now(UTC)}
        await connection.execute(insert(MessageRow).values(**row))
        return {"id": row["id"]}

    return str((await once(store, key, work))["id"])


async def messages(store: Store, limit: int = 50) -> list[Message]:
    """The newest messages first."""
    columns = (getattr(MessageRow, name) for name in Message.__dataclass_fields__)
    query = select(*columns).order_by(MessageRow.at.desc(), MessageRow.id.desc()).limit(limit)
    return [Message(*row) for row in await _rows(store, query)]


async def book(
    store: Store,
    *,
    owner: str,
    title: str,
    attendees: str,
    starts_at: datetime,
    minutes: int,
    zone: str,
    key: str,
) -> Meeting:
    """Write a meeting, once for `key`."""

    async def work(connection: AsyncConnection) -> Answer:
        names = {"title": clean(title), "attendees": clean(attendees), "zone": zone}
        made = {"id": next_id(), "token": secrets.token_urlsafe(16), "owner": owner, **names}
        await connection.execute(
            insert(MeetingRow).values(
                **made, starts_at=starts_at, minutes=minutes, created_at=datetime.now(UTC)
            )
        )
        return made | {"starts_at": starts_at.isoformat(), "minutes": minutes}

    answer = await once(store, key, work)
    return Meeting(**answer | {"starts_at": datetime.fromisoformat(answer["starts_at"])})


async def meeting(store: Store, token: str) -> Meeting | None:
    """The meeting whose calendar file has this token in its address, or None."""
    rows = await _rows(store, select(*_MEETING).where(MeetingRow.token == token))
    return Meeting(*rows[0]) if rows else None


async def meetings(store: Store, owner: str, after: datetime) -> list[Meeting]:
    """The owner's meetings that begin after a moment, the next one first; at most 20."""
    query = select(*_MEETING).where(MeetingRow.owner == owner, MeetingRow.starts_at > after)
    return [
        Meeting(*row) for row in await _rows(store, query.order_by(MeetingRow.starts_at).limit(20))
    ]


async def hand_over(store: Store, *, call_id: str, target: str, summary: str, key: str) -> Handover:
    """Write what a person is told before they get a call, once for `key`."""

    async def work(connection: AsyncConnection) -> Answer:
        texts = {"target": clean(target), "summary": clean(summary)}
        made = Handover(secrets.token_urlsafe(16), call_id, **texts, at=datetime.now(UTC))
        await connection.execute(insert(HandoverRow).values(**asdict(made)))
        return asdict(made) | {"at": made.at.isoformat()}

    answer = await once(store, key, work)
    return Handover(**answer | {"at": datetime.fromisoformat(answer["at"])})


async def handover(store: Store, token: str) -> Handover | None:
    """The handover with this token, or None."""
    columns = (getattr(HandoverRow, name) for name in Handover.__dataclass_fields__)
    rows = await _rows(store, select(*columns).where(HandoverRow.token == token))
    return Handover(*rows[0]) if rows else None


_MEETING = tuple(getattr(MeetingRow, name) for name in Meeting.__dataclass_fields__)


async def _rows(store: Store, query: Select[Any]) -> list[Any]:
    async with store.reading() as session:
        return list((await session.execute(query)).all())
