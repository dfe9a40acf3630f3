"""Which processes live, and which hold whose call, by the store's own tables."""

from sqlalchemy import or_, select

from bot.store.servers import beat
from bot.store.store import Store
from bot.store.tables import CallRow, ServerRow


async def living(store: Store) -> set[str]:
    """The ids of the servers that live, this one among them; dead ones are written off first.

    Raises:
        StoreError: the database cannot be read or written just now.
    """
    await store.reap_orphans()
    async with store.reading() as session:
        rows = await session.execute(select(ServerRow.id).where(ServerRow.stopped_at.is_(None)))
        return {*rows.scalars(), store.server.id}


async def enlist(store: Store) -> None:
    """Write this process down, before it owns a task that a neighbour could take for orphaned."""
    async with store.writing() as connection:
        await beat(connection, store.server)


async def in_call_elsewhere(store: Store, caller: str) -> bool:
    """Whether another process holds a call of this caller's now, or of a number we have called.

    Calls of a process that has died count until its recorder's neighbours have written it off.

    Raises:
        StoreError: the database cannot be read just now.
    """
    query = select(CallRow.id).where(
        CallRow.ended_at.is_(None),
        CallRow.server_id != store.server.id,
        or_(CallRow.caller == caller, CallRow.callee == caller),
    )
    async with store.reading() as session:
        return (await session.execute(query.limit(1))).first() is not None
