"""Bring a database to the newest schema: safe from several processes at once."""

import asyncio
import os
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bot.errors import StoreError
from bot.store.address import Address
from bot.store.engine import WRITES, make_migration_engine
from bot.store.failures import reason_of

PATIENCE = 120.0
"""Seconds to wait for another process's migration, and for each statement of ours."""

LOCK_KEY = 0x7461_6E64_656D
"""PostgreSQL's advisory lock for migrations: 'tandem' in ASCII, so that no other program's."""

_SCRIPTS = Path(__file__).parent / "migrations"
# Alembic keeps its context in module globals.
_one_at_a_time = threading.Lock()


def migrate(address: Address) -> None:
    """Create the folder and the tables, or change them to the newest form.

    Blocks; to be called in a thread. Runs in one transaction under a lock, so that it happens
    wholly or not at all, and another process waits for it and then finds nothing to do.

    Raises:
        StoreError: one line: the database, and why it cannot be used.
    """
    try:
        if address.file is not None:
            _make_private(address.file)
        with _one_at_a_time:
            asyncio.run(_migrate(address))
    except CommandError:
        raise StoreError(
            f"the database {address.shown} was made by a newer Tandem, or is not Tandem's"
        ) from None
    except (SQLAlchemyError, OSError, TimeoutError, ValueError) as error:
        # `from None`: the cause's frames hold the URL with its password.
        reason = reason_of(error, address.secret)
        raise StoreError(f"cannot use the database {address.shown}: {reason}") from None


def _make_private(file: Path) -> None:
    """Only the owner may read what callers said. An existing file keeps its permissions."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


async def _migrate(address: Address) -> None:
    engine = make_migration_engine(address, PATIENCE).execution_options(**WRITES)
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with engine.begin() as connection:
                        await connection.run_sync(_upgrade)
                    return
                except OperationalError as error:
                    # Switching a new file to WAL does not wait for its lock.
                    if "database is locked" not in str(error.orig):
                        raise
                    await asyncio.sleep(0.1)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
