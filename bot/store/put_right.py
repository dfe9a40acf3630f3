"""What was arranged for a caller, changed in the store: the same meeting, the same message.

Every function raises StoreError when the database cannot be used.
"""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import TandemError
from bot.store.desk import Meeting
from bot.store.once import Answer, clean, once
from bot.store.store import Store
from bot.store.tool_tables import MeetingRow, MessageRow


class Gone(TandemError):
    """What is to be changed is not there any more."""


async def rebook(
    store: Store,
    former: Meeting,
    *,
    title: str,
    attendees: str,
    starts_at: datetime,
    minutes: int,
    key: str,
) -> Meeting:
    """Change a meeting, once for `key`; its calendar entry and its address stay the same.

    Raises:
        Gone: nothing was written.
    """
    texts = {"title": clean(title), "attendees": clean(attendees)}
    now = replace(former, **texts, starts_at=starts_at, minutes=minutes)

    async def work(connection: AsyncConnection) -> Answer:
        mine = and_(MeetingRow.id == former.id, MeetingRow.owner == former.owner)
        values = texts | {"starts_at": starts_at, "minutes": minutes}
        await _change(connection, update(MeetingRow).where(mine).values(**values))
        return asdict(now) | {"starts_at": starts_at.isoformat()}

    await once(store, key, work)
    return now


async def reword(
    store: Store, owner: str, message_id: str, *, recipient: str, text: str, key: str
) -> None:
    """Change a message that the owner has left, once for `key`.

    Raises:
        Gone: nothing was written.
    """

    async def work(connection: AsyncConnection) -> Answer:
        mine = and_(MessageRow.id == message_id, MessageRow.owner == owner)
        values = {"recipient": clean(recipient), "text": clean(text)}
        await _change(connection, update(MessageRow).where(mine).values(**values))
        return {"id": message_id}

    await once(store, key, work)


async def _change(connection: AsyncConnection, change: Any) -> None:
    if (await connection.execute(change)).rowcount == 0:
        raise Gone("it is not there any more")
