"""Every test that asks for `database` runs on SQLite and on a real PostgreSQL."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from loguru import logger

from bot.store import engine
from bot.store.recorder import Recorder
from bot.store.store import Store
from tests.fixtures.postgres import PostgresServer
from tests.store.databases import Database, PostgresDatabase, SqliteDatabase


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> PostgresServer | None:
    """The PostgreSQL server, or None for SQLite."""
    return request.getfixturevalue("postgres_server") if request.param == "postgres" else None


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that cut the database: SQLite gives up at once. Others wait for their turn."""
    monkeypatch.setattr(engine, "BUSY_TIMEOUT", 0.05)


@pytest.fixture(scope="session")
def blank_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database that has the tables and no rows, to be copied."""

    async def make() -> None:
        await (await Store.open(f"sqlite:///{file}")).close()

    file = tmp_path_factory.mktemp("blank") / "tandem.db"
    asyncio.run(make())
    return file


@pytest.fixture
def tables() -> bool:
    """Whether `database` has its tables already: to make them costs more than most tests."""
    return True


@pytest.fixture
async def database(
    server: PostgresServer | None, tables: bool, blank_file: Path, tmp_path: Path
) -> AsyncIterator[Database]:
    """A database without rows, on each of the two."""
    made: SqliteDatabase | PostgresDatabase
    if server is None:
        made = SqliteDatabase(tmp_path / "tandem.db")
        if tables:
            shutil.copy(blank_file, made.file)
    elif tables:
        made = PostgresDatabase(server, await server.emptied_database())
    else:
        made = PostgresDatabase(server, await server.new_database())
    yield made
    made.mend()
    if isinstance(made, PostgresDatabase) and not tables:
        await made.server.drop_database(made.name)


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    """An open store on `database`."""
    opened = await Store.open(database.url)
    yield opened
    await opened.close()


@pytest.fixture
async def recorder(store: Store) -> AsyncIterator[Recorder]:
    """A running recorder that tries again quickly."""
    started = Recorder(store, retry=(0.02, 0.1))
    started.start()
    yield started
    await started.close(timeout=5)


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """The operator's lines: warnings and errors, as they are written."""
    written: list[str] = []
    sink = logger.add(
        lambda message: written.append(str(message).strip()), level="WARNING", format="{message}"
    )
    yield written
    logger.remove(sink)
