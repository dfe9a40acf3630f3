"""Which processes live, by the store's own table of servers."""

from sqlalchemy import select

from bot.store.servers import beat
from bot.store.store import Store
from bot.store.tables import ServerRow


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
