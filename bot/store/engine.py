"""The SQLAlchemy engine for an address, with what SQLite needs to be a server's database."""

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from bot.store.address import Address

BUSY_TIMEOUT = 5.0
"""Seconds that SQLite waits for another process's write before it gives up."""

WRITES = {"sqlite_begin": "BEGIN IMMEDIATE"}
"""Execution options for a transaction that writes: on SQLite it takes the write lock at once,
because one that reads first and writes later fails when another has written in between."""


def make_engine(address: Address) -> AsyncEngine:
    """The engine that serves a process for as long as it lives."""
    engine = create_async_engine(
        address.url,
        connect_args=address.connect_args,
        pool_pre_ping=not address.is_sqlite,
        pool_size=5,
        max_overflow=5,
        # An exception that quotes its parameters would carry what a caller said into the log.
        hide_parameters=True,
    )
    return _sqlite_ready(engine, BUSY_TIMEOUT) if address.is_sqlite else engine


def make_migration_engine(address: Address, patience: float) -> AsyncEngine:
    """An engine for one long transaction; waits `patience` seconds for locks and statements."""
    connect_args = dict(address.connect_args)
    if not address.is_sqlite:
        connect_args["command_timeout"] = patience
    engine = create_async_engine(
        address.url, connect_args=connect_args, poolclass=NullPool, hide_parameters=True
    )
    return _sqlite_ready(engine, patience) if address.is_sqlite else engine


def _sqlite_ready(engine: AsyncEngine, busy_timeout: float) -> AsyncEngine:
    pragmas = (
        f"PRAGMA busy_timeout = {int(busy_timeout * 1000)}",
        "PRAGMA journal_mode = WAL",
        # With WAL a killed process loses nothing; a power cut may lose the last moments.
        "PRAGMA synchronous = NORMAL",
        "PRAGMA foreign_keys = ON",
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: ConnectionPoolEntry) -> None:
        # Transactions are begun below and nowhere else: the driver would begin its own kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            for pragma in pragmas:
                cursor.execute(pragma)
            cursor.close()
        except Exception:
            # The pool does not know this connection yet; its thread would stay.
            connection.close()
            raise

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))

    return engine
