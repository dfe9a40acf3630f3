"""The database of calls: open it, read from it, write to it, close it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from loguru import logger
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

from bot.errors import StoreError
from bot.store import servers
from bot.store.address import Address, parse_address
from bot.store.engine import WRITES, make_engine
from bot.store.failures import reason_of
from bot.store.migrate import migrate
from bot.store.servers import Server


class Store:
    """An open database. One per process, shared by all calls.

    `sessions` makes sessions for reading; `reading()` does so too and turns the database's errors
    into `StoreError`. What happens in a call is written by a `Recorder`, not by hand.
    """

    def __init__(self, address: Address, engine: AsyncEngine, server: Server) -> None:
        self.engine = engine
        self.server = server
        self.sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._address = address
        self._writes = engine.execution_options(**WRITES)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database at `url` (any form of DATABASE_URL); creates folder and tables.

        Raises:
            StoreError: one line that says which database and why not, without its password.
        """
        address = parse_address(url)
        await asyncio.to_thread(migrate, address)
        server = await asyncio.to_thread(Server)
        return cls(address, make_engine(address), server)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    @property
    def shown(self) -> str:
        """The database's address without its password."""
        return self._address.shown

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    def reason(self, error: BaseException) -> str:
        """Why the database failed, on one line, without its password."""
        return reason_of(error, self._address.secret)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session to read with.

        Raises:
            StoreError: the database cannot be read just now.
        """
        try:
            async with self.sessions() as session:
                yield session
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            text = f"cannot read the database {self.shown}: {self.reason(error)}"
            raise StoreError(text) from None

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction that is committed at the block's end.

        The database's own errors come through; a caller that does not retry maps them.
        """
        async with self._writes.begin() as connection:
            yield connection

    async def reap_orphans(self) -> int:
        """Mark calls that a dead server left open as failed: 'server died'. Returns how many.

        The recorder does this at its start and with each heartbeat.

        Raises:
            StoreError: the database cannot be written just now.
        """
        try:
            async with self.writing() as connection:
                count = await servers.reap(connection, self.server)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            text = f"cannot write to the database {self.shown}: {self.reason(error)}"
            raise StoreError(text) from None
        if count:
            logger.warning(f"store: {count} calls of dead servers were left open; marked failed")
        return count
