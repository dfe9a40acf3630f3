"""What callers told about themselves. Every function raises StoreError when it cannot."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import TandemError
from bot.store.once import Answer, clean, once
from bot.store.store import Store
from bot.store.tool_tables import ProfileRow

MOST_FIELDS = 50
LONGEST_FIELD, LONGEST_VALUE = 40, 500
"""Characters; a profile is read by the model as a whole."""


class ProfileFull(TandemError):
    """The profile has `MOST_FIELDS` fields already."""


async def read(store: Store, owner: str) -> Mapping[str, str]:
    """The owner's fields by name, in alphabetical order."""
    query = select(ProfileRow.field, ProfileRow.value).where(ProfileRow.owner == owner)
    async with store.reading() as session:
        rows = await session.execute(query.order_by(ProfileRow.field))
        return {row.field: row.value for row in rows}


async def put(store: Store, owner: str, field: str, value: str, key: str) -> None:
    """Set one field, once for `key`.

    Raises:
        ProfileFull: nothing was written.
    """
    field, value = clean(field)[:LONGEST_FIELD], clean(value)[:LONGEST_VALUE]
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[store.dialect]

    async def work(connection: AsyncConnection) -> Answer:
        others = and_(ProfileRow.owner == owner, ProfileRow.field != field)
        count = await connection.execute(select(func.count()).where(others))
        if count.scalar_one() >= MOST_FIELDS:
            raise ProfileFull(f"{MOST_FIELDS} fields")
        values = {"value": value, "changed_at": datetime.now(UTC)}
        new = insert(ProfileRow).values(owner=owner, field=field, **values)
        await connection.execute(
            new.on_conflict_do_update(index_elements=["owner", "field"], set_=values)
        )
        return {}

    await once(store, key, work)


async def forget(store: Store, owner: str, field: str, key: str) -> bool:
    """Delete one field (all if `field` is ''), once for `key`; False if there was none."""
    mine = ProfileRow.owner == owner
    chosen = and_(mine, ProfileRow.field == field) if field else mine

    async def work(connection: AsyncConnection) -> Answer:
        return {"found": (await connection.execute(delete(ProfileRow).where(chosen))).rowcount > 0}

    return bool((await once(store, key, work))["found"])
