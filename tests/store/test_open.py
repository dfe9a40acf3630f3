"""Opening a store: migrations, several processes at once, and clear refusals."""

import asyncio
import shutil
import stat
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from bot.errors import StoreError
from bot.store import migrate as migrating
from bot.store.engine import WRITES
from bot.store.store import Store
from bot.store.tables import Base
from tests.fixtures.postgres import PASSWORD, QUOTED_PASSWORD, USER, PostgresServer
from tests.store.databases import Database

ROOT = Path(__file__).resolve().parents[2]
TABLES = {
    *("calls", "turns", "turn_stages", "utterances", "events", "servers", "alembic_version"),
    *("done_writes", "notes", "profiles", "messages", "meetings", "passages", "handovers"),
    *("mode_settings", "mode_changes"),
    *("call_index", "server_workers", "provider_health"),
}
HEAD = "0005"


@pytest.fixture
def tables() -> bool:
    """Here an empty database is opened."""
    return False


def of_the_models(name: str | None, *_: object) -> bool:
    """Full-text indexes are each database's own, and only the migration knows them."""
    return not (name or "").startswith("fts_")


def tables_of(connection: Connection) -> set[str]:
    return set(filter(of_the_models, inspect(connection).get_table_names()))


async def test_an_empty_database_gets_what_the_models_say(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"compare_server_default": True, "include_name": of_the_models}
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, Base.metadata)

    async with store.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(tables_of) == TABLES


async def test_the_named_database_is_really_used(store: Store, server: object) -> None:
    question = "SELECT version()" if server else "SELECT sqlite_version()"
    async with store.engine.connect() as connection:
        answer = (await connection.exec_driver_sql(question)).scalar_one()
    assert answer.startswith("PostgreSQL" if server else "3.")


async def test_sqlite_is_set_up_for_a_server(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/tandem.db")
    async with store.engine.connect() as connection:
        found = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        ]
    await store.close()
    assert found == ["wal", 1, 5000]


async def test_a_second_open_keeps_what_is_there(store: Store, database: Database) -> None:
    async with store.writing() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO events (id, at, kind, detail)"
            " VALUES ('e1', '2026-01-02 03:04:05', 'k', 'd')"
        )
    again = await Store.open(database.url)
    await again.close()
    assert await database.rows("SELECT id FROM events") == [("e1",)]
    assert await database.rows("SELECT version_num FROM alembic_version") == [(HEAD,)]


async def test_opens_at_once_in_one_process(database: Database) -> None:
    stores = await asyncio.gather(*(Store.open(database.url) for _ in range(4)))
    for store in stores:
        await store.close()
    assert await database.rows("SELECT version_num FROM alembic_version") == [(HEAD,)]


async def test_opens_at_once_in_several_processes(database: Database) -> None:
    program = (
        "import asyncio, sys\n"
        "from bot.store.store import Store\n"
        "sys.stdin.readline()\n"
        "async def main():\n"
        "    await (await Store.open(sys.argv[1])).close()\n"
        "asyncio.run(main())\n"
    )
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, database.url), cwd=ROOT, stdin=pipe, stderr=pipe
        )
        for _ in range(4)
    ]
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0] * 4, answers
    assert await database.rows("SELECT version_num FROM alembic_version") == [(HEAD,)]


async def test_a_failed_migration_changes_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(migrating._SCRIPTS, scripts)
    (scripts / "versions" / "9999_broken.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        f"revision = '9999'\ndown_revision = '{HEAD}'\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('id', sa.Integer()))\n"
        "    op.execute('SELECT * FROM nowhere')\n"
    )
    monkeypatch.setattr(migrating, "_SCRIPTS", scripts)
    with pytest.raises(StoreError, match="nowhere"):
        await Store.open(database.url)
    monkeypatch.undo()
    store = await Store.open(database.url)
    async with store.engine.connect() as connection:
        assert await connection.run_sync(tables_of) == TABLES
    await store.close()


async def test_downgrade_leaves_nothing_behind(store: Store) -> None:
    def down(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(migrating._SCRIPTS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    async with store.engine.execution_options(**WRITES).begin() as connection:
        await connection.run_sync(down)
    async with store.engine.connect() as connection:
        assert await connection.run_sync(tables_of) == {"alembic_version"}


async def test_a_newer_database_is_refused(store: Store, database: Database) -> None:
    async with store.writing() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer Tandem") as caught:
        await Store.open(database.url)
    assert PASSWORD not in str(caught.value)


async def test_folder_and_private_file_are_made(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "down" / "tandem.db"
    store = await Store.open(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    async with store.engine.connect() as connection:
        assert await connection.run_sync(tables_of) == TABLES
        wal = file.with_name("tandem.db-wal")
        assert stat.S_IMODE(wal.stat().st_mode) == 0o600
    await store.close()


async def test_files_that_are_no_database_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("this is not a database, whatever it is called" * 100)
    for where in (tmp_path / "text", tmp_path / "text" / "x.db", tmp_path):
        with pytest.raises(StoreError) as caught:
            await Store.open(f"sqlite:///{where}")
        assert str(where) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert (tmp_path / "text").read_text().startswith("this is not")


@pytest.mark.parametrize("fault", ["password", "database", "port", "tls"])
async def test_postgres_refusals_never_show_the_password(
    postgres_server: PostgresServer, fault: str, unused_tcp_port: int
) -> None:
    good = postgres_server.url("postgres")
    url, said = {
        "password": (good.replace(QUOTED_PASSWORD, "wr0ng-secret"), "password authentication"),
        "database": (postgres_server.url("nowhere"), "nowhere"),
        "port": (postgres_server.url("postgres", unused_tcp_port), "Connect call failed"),
        "tls": (f"{good}?sslmode=require", "SSL"),
    }[fault]
    with pytest.raises(StoreError) as caught:
        await Store.open(url)
    text = str(caught.value)
    assert said in text
    assert f"postgresql://{USER}:***@127.0.0.1" in text
    assert "\n" not in text
    for secret in (PASSWORD, QUOTED_PASSWORD, "wr0ng-secret"):
        assert secret not in text
    assert caught.value.__suppress_context__
