"""The store's stand-in for a bad day: the true database, whose driver fails on demand.

SQLite's words stand for those of any database; what the house makes of PostgreSQL's is in
`tests/store`.
"""

import asyncio
import sqlite3
from typing import Any

from sqlalchemy import event
from sqlalchemy.util import await_only

from bot.store.store import Store
from tests.fakes.faults import Fault, Kind

SLOW_SECONDS = 0.05
"""A statement's usual time, which a slow database multiplies."""
_WORDS = {
    401: "attempt to write a readonly database",
    429: "database is locked",
    500: "disk I/O error",
    503: "unable to open database file",
}


class Database:
    """Fails the statements of a store. `struck` counts them."""

    def __init__(self, store: Store) -> None:
        self.struck = 0
        self._fault: Fault | None = None
        event.listen(store.engine.sync_engine, "do_execute", self._execute)
        event.listen(store.engine.sync_engine, "do_execute_no_params", self._bare)

    def fail(self, fault: Fault) -> None:
        """Every statement fails like this from now on; a bad request is one statement's fault."""
        self._fault = fault

    def heal(self) -> None:
        """All is well again."""
        self._fault = None

    def _bare(self, cursor: Any, statement: str, context: Any) -> None:
        self._execute(cursor, statement, (), context)

    def _execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> None:
        """Called by SQLAlchemy for each statement, on the greenlet of an async connection."""
        fault = self._fault
        begins = statement.startswith(("BEGIN", "PRAGMA"))
        if fault is None or (begins and fault.kind in (Kind.STALL, Kind.CLOSED)):
            return
        if fault.status in (400, 401) and not statement.startswith(("INSERT", "UPDATE")):
            return
        self.struck += 1
        match fault.kind:
            case Kind.HANG | Kind.STALL:
                await_only(asyncio.Event().wait())
            case Kind.SLOW:
                await_only(asyncio.sleep(SLOW_SECONDS * fault.factor))
            case Kind.STATUS if fault.status == 400:
                self._fault = None
                raise sqlite3.IntegrityError("CHECK constraint failed")
            case Kind.STATUS:
                raise sqlite3.OperationalError(_WORDS[fault.status])
            case Kind.GARBAGE:
                raise sqlite3.DatabaseError("database disk image is malformed")
            case _:
                raise sqlite3.OperationalError("unable to open database file")
