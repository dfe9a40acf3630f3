"""Tasks that outlive the process: DBOS, embedded.

A workflow's inputs and each step's result are written before it goes on. The next process finds
the workflows of a dead one and goes on with each at the step that has no result. Where two
processes believe that they run the same workflow, only the owner's step is written, and the other
one stops there.

DBOS works on threads of its own and never on the calls' event loop: it would replace that loop's
thread pool, and a database that is slow would hold up speech. A step crosses over to the loop with
`Durable.on_loop` and back. Its singleton allows one `Durable` in a process at a time.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from contextlib import closing
from contextvars import Context
from pathlib import Path
from typing import Any, TypeVar

from dbos import DBOS, DBOSConfig, DBOSContextSetAuth, SetWorkflowID, WorkflowHandle, WorkflowStatus
from sqlalchemy import make_url

from bot.errors import StoreError
from bot.store.address import Address, parse_address

APP_VERSION = "2"
"""Raised only when a workflow's steps change: a process goes on with its own version's alone."""
APP_NAME = "tandem"
SCHEMA = "dbos"
POLL_SECONDS = 0.1
UNFINISHED = ["PENDING", "ENQUEUED", "DELAYED"]

T = TypeVar("T")
Workflow = Callable[..., Any]


class Stopping(BaseException):
    """The process stops: the step's thread ends and the workflow stays as it is, unfinished."""


class Durable:
    """An open DBOS.

    Args:
        server_id: This process among those that share the database; never used twice.
    """

    def __init__(self, server_id: str) -> None:
        self._server_id = server_id
        self._workflows: dict[str, Workflow] = {}
        self._loop = asyncio.get_running_loop()
        self._open = False
        self._crossings: set[Future[Any]] = set()

    async def open(self, database_url: str, workflows: dict[str, Workflow]) -> None:
        """Open or create the tables.

        Args:
            workflows: What can be started, by the name it is kept under.
            database_url: The store's. On PostgreSQL the tables are in it, in a schema of their
                own; beside a SQLite file lies another one, `<name>-tasks.db`.

        Raises:
            StoreError: the database cannot be opened; the text holds no password.
        """
        address = parse_address(database_url)
        try:
            await asyncio.to_thread(self._launch, address, database_url, workflows)
        except Exception as error:
            await self.close()
            reason = str(error).replace(address.secret or "\0", "***").partition("\n")[0]
            text = f"cannot keep tasks in the database {address.shown}: {reason}"
            raise StoreError(text) from None

    async def close(self) -> None:
        """Stop. Unfinished workflows stay so, and the next process goes on with them."""
        self._open = False
        for crossing in list(self._crossings):
            crossing.cancel()
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)

    async def start(self, name: str, workflow_id: str, user: str, *args: Any) -> None:
        """Start a workflow; returns when it is written down. An id that is known is not started.

        Args:
            name: Which workflow.
            workflow_id: Its id, for good.
            user: Whose it is.
            args: What it gets: dicts, lists, texts, numbers.

        Raises:
            StoreError: it could not be written down.
        """

        def run() -> None:
            with SetWorkflowID(workflow_id), DBOSContextSetAuth(user, None):
                DBOS.start_workflow(self._workflows[name], *args)

        await self._ask(run)

    async def result(self, workflow_id: str) -> Any:
        """Wait for a workflow's end and return its output; raises what it has raised."""

        def wait() -> Any:
            handle: WorkflowHandle[Any] = DBOS.retrieve_workflow(workflow_id)
            return handle.get_result(polling_interval_sec=POLL_SECONDS)

        return await asyncio.to_thread(wait)

    async def list(self, name: str, **filters: Any) -> "list[WorkflowStatus]":
        """Workflows by DBOS's filters (`user`, `status`, `workflow_id_prefix`, …), oldest first.

        Raises:
            StoreError: the database does not answer.
        """
        return await self._ask(lambda: DBOS.list_workflows(name=name, **filters))

    async def adopt(self, living: Iterable[str]) -> int:
        """Go on with the workflows of processes that live no more. Returns how many.

        Raises:
            StoreError: the database does not answer.
        """
        alive = {*living, self._server_id}

        def run() -> int:
            open_ones = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
            dead = {w.executor_id for w in open_ones if w.executor_id} - alive
            # The one way in DBOS that takes a workflow from a dead process and from no other.
            return len(DBOS._recover_pending_workflows(sorted(dead))) if dead else 0

        return await self._ask(run)

    async def forget(self, before: str) -> None:
        """Delete what has ended before a moment (RFC 3339)."""

        def run() -> None:
            old = DBOS.list_workflows(completed_before=before, load_input=False, load_output=False)
            DBOS.delete_workflows([w.workflow_id for w in old])

        await self._ask(run)

    def note(self, key: str, value: Any) -> None:
        """In a workflow: leave a note that other processes can read."""
        DBOS.set_event(key, value)

    async def noted(self, workflow_id: str, key: str) -> Any:
        """A workflow's note, or None.

        Raises:
            StoreError: the database does not answer.
        """
        return await self._ask(lambda: DBOS.get_event(workflow_id, key, timeout_seconds=0))

    def step(self, name: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """In a workflow: a step that runs on the calls' loop, once, and is then remembered."""
        return DBOS.run_step({"name": name}, lambda: self.on_loop(work))

    def on_loop(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the calls' loop and wait for it, on a thread of a workflow.

        Raises:
            Stopping: the process stops.
        """
        if not self._open:
            raise Stopping
        # In a context of its own: what is asked of DBOS on the loop is no part of this workflow.
        crossing = Context().run(asyncio.run_coroutine_threadsafe, work(), self._loop)
        self._crossings.add(crossing)
        try:
            return crossing.result()
        except BaseException as error:
            # At the stop everything is torn down: whatever this is, it is no result.
            if not self._open:
                raise Stopping from error
            raise
        finally:
            self._crossings.discard(crossing)

    def _launch(self, address: Address, database_url: str, workflows: dict[str, Workflow]) -> None:
        _quiet()
        config: DBOSConfig = {
            "name": APP_NAME,
            "system_database_url": system_url(address, database_url),
            "dbos_system_schema": SCHEMA,
            "application_version": APP_VERSION,
            "executor_id": self._server_id,
            "db_engine_kwargs": {"hide_parameters": True, "pool_pre_ping": not address.is_sqlite},
            "log_level": "WARNING",
        }
        DBOS(config=config)
        for name, work in workflows.items():
            self._workflows[name] = DBOS.workflow(name=name)(_plain(work))
        self._open = True
        DBOS.launch()

    async def _ask(self, run: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(run)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise StoreError(f"the tasks' database does not answer: {reason}") from None


def _plain(work: Workflow) -> Workflow:
    """DBOS marks the function that it is given; a method cannot be marked."""

    def run(*args: Any) -> Any:
        return work(*args)

    return run


def tasks_file(address: Address) -> Path | None:
    """Where tasks lie beside a SQLite file; None on PostgreSQL, where they are in its database."""
    file = address.file
    return file and file.with_name(f"{file.stem}-tasks{file.suffix or '.db'}")


def system_url(address: Address, database_url: str) -> str:
    """The tasks' database, as SQLAlchemy's address; a SQLite file is made ready for readers."""
    if file := tasks_file(address):
        _write_ahead(file)
        return f"sqlite:///{file}"
    url = make_url(database_url.strip()).set(drivername="postgresql+psycopg")
    # psycopg speaks libpq's own words; this one is asyncpg's.
    url = url.difference_update_query(["prepared_statement_cache_size", "ssl"])
    return url.render_as_string(hide_password=False)


def _write_ahead(file: Path) -> None:
    """Readers do not wait for writers, and a commit costs less: kept in the file itself."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def _quiet() -> None:
    """DBOS would write to stderr by a handler of its own; the house's log gets it instead."""
    log = logging.getLogger("dbos")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    log.propagate = True
