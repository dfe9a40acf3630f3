"""The two databases of the tests, each with a way to take it away and give it back."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from tests.fixtures.postgres import PostgresServer


class Database(Protocol):
    """An empty database that a test owns."""

    url: str

    def cut(self) -> None:
        """From now on nothing can be written."""

    def mend(self) -> None:
        """Undo `cut`."""

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run `sql` beside the store, by another driver's own means."""


class SqliteDatabase:
    """A file. It is cut by another process's endless write."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.url = f"sqlite:///{file}"
        self._hog: sqlite3.Connection | None = None

    def cut(self) -> None:
        self._hog = sqlite3.connect(self.file, isolation_level=None)
        self._hog.execute("BEGIN IMMEDIATE")

    def mend(self) -> None:
        hog, self._hog = self._hog, None
        if hog is not None:
            hog.execute("ROLLBACK")
            hog.close()

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            return connection.execute(sql).fetchall()


class PostgresDatabase:
    """A database of its own on the real server. It is cut by stopping the server."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server = server
        self.name = name
        self.url = server.url(name)
        self._down = False

    def cut(self) -> None:
        self.server.stop()
        self._down = True

    def mend(self) -> None:
        if self._down:
            self.server.start()
            self._down = False

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait until `true` says so; a test that waits for more than 20 s fails."""
    async with asyncio.timeout(20):
        while not await true():  # noqa: ASYNC110 - what is awaited sets no event
            await asyncio.sleep(0.01)
