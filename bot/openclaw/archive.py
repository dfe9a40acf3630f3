"""What the tasks' database keeps of callers, seen and erased from outside.

It is read beside the process that works on tasks, and also where none does any more (OpenClaw was
switched off, its tasks are still there). Only what has ended is erased: whoever works on a task
writes to it.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from dbos import DBOSClient, WorkflowStatus
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import StoreError
from bot.openclaw.durable import SCHEMA, UNFINISHED, system_url, tasks_file
from bot.openclaw.kept import HAND_OVER, TASK
from bot.openclaw.task import Task
from bot.store.address import Address, parse_address

PAGE = 200
"""Workflows that are read at a time; the calls of the process go on between two pages."""
_MARGIN = timedelta(minutes=1)
"""Around a call: its last task is written a little later, and SQLite keeps whole seconds."""
_TABLE = "workflow_status"
_PRAGMAS = (
    "PRAGMA busy_timeout = 30000",
    # Notes go with their workflow by foreign key, which SQLite heeds only when told.
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
)
"""The first two are DBOS's own."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeptTask:
    """A task that was given in a call. `status`: 'under way', or how it ended; `told`: how its
    owner was told, '' before; `at`: seconds since the epoch."""

    id: str
    at: float
    text: str
    status: str
    result: str
    told: str


class Archive:
    """The tasks' database of a server.

    Args:
        database_url: The store's; see `Durable.open`.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._address = parse_address(database_url)

    async def of_call(self, call_id: str, began: datetime, ended: datetime) -> list[KeptTask]:
        """The tasks that were given in a call, oldest first.

        Raises:
            StoreError: the database does not answer.
        """
        since, until = began - _MARGIN, ended + _MARGIN
        found = await self._list([TASK], start_time=since.isoformat(), end_time=until.isoformat())
        kept = ((one, _task(one)) for one in found)
        return [_kept(one, task) for one, task in kept if task and task.call_id == call_id]

    async def under_way(self, caller: str, call_ids: Collection[str]) -> int:
        """How many of a caller's tasks and hand-overs have not ended.

        Raises:
            StoreError: the database does not answer.
        """
        found = await self._list([TASK, HAND_OVER], status=UNFINISHED, load_output=False)
        return sum(_is_of(one, caller, call_ids) for one in found)

    async def erase(self, caller: str, call_ids: Collection[str]) -> int:
        """Erase what has ended of a caller: what was asked, every step, and the result.

        Args:
            caller: Whose they are, as tasks name it.
            call_ids: Calls of theirs: what was asked in these goes too, whoever it was asked for.

        Returns:
            How many tasks there were.

        Raises:
            StoreError: the database does not answer; some may be erased.
        """
        found = await self._list([TASK, HAND_OVER], load_output=False)
        theirs = [one for one in found if _is_of(one, caller, call_ids)]
        ended = [one for one in theirs if one.status not in UNFINISHED]
        for at in range(0, len(ended), PAGE):
            ids = [one.workflow_id for one in ended[at : at + PAGE]]
            await self._ask(partial(_delete, ids))
        return sum(one.name == TASK for one in ended)

    async def _list(self, names: list[str], **filters: Any) -> list[WorkflowStatus]:
        found: list[WorkflowStatus] = []
        while len(found) % PAGE == 0:
            page = filters | {"name": names, "limit": PAGE, "offset": len(found)}
            more = await self._ask(partial(_page, page))
            if not more:
                break
            found += more
        return found

    async def _ask(self, work: Callable[[DBOSClient], T]) -> T | None:
        """Do something with the database; None where there is none yet."""

        def run() -> T | None:
            with _client(self._address, self._url) as client:
                return work(client) if client else None

        try:
            return await asyncio.to_thread(run)
        except (SQLAlchemyError, OSError) as error:
            reason = type(error).__name__
            raise StoreError(f"the tasks' database does not answer: {reason}") from None


def _page(filters: dict[str, Any], client: DBOSClient) -> list[WorkflowStatus]:
    return client.list_workflows(**filters)


def _delete(ids: list[str], client: DBOSClient) -> None:
    client.delete_workflows(ids)


@contextmanager
def _client(address: Address, database_url: str) -> Iterator[DBOSClient | None]:
    """A client for a moment; None where no task was ever kept."""
    file = tasks_file(address)
    if file and not file.exists():
        yield None
        return
    engine = _engine(address, database_url)
    try:
        schema = None if address.is_sqlite else SCHEMA
        if not sa.inspect(engine).has_table(_TABLE, schema=schema):
            yield None
            return
        client = DBOSClient(
            system_database_engine=engine, dbos_system_schema=SCHEMA, retry_connection_errors=False
        )
        try:
            yield client
        finally:
            client.destroy()
    finally:
        engine.dispose()


def _engine(address: Address, database_url: str) -> sa.Engine:
    engine = sa.create_engine(system_url(address, database_url), hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        if address.is_sqlite:
            connection.isolation_level = "IMMEDIATE"
            for pragma in _PRAGMAS:
                connection.execute(pragma)

    return engine


def _is_of(one: WorkflowStatus, caller: str, call_ids: Collection[str]) -> bool:
    if caller and one.authenticated_user == caller:
        return True
    task = _task(one)
    return task is not None and task.call_id in call_ids


def _task(one: WorkflowStatus) -> Task | None:
    """What was asked; a hand-over asks for nothing."""
    if one.name != TASK or not one.input:
        return None
    return Task.from_dict(one.input["args"][0])


def _kept(one: WorkflowStatus, task: Task) -> KeptTask:
    if one.status in UNFINISHED:
        return KeptTask(task.id, task.created, task.text, "under way", "", "")
    if not isinstance(one.output, dict):  # cancelled or broken inside of DBOS
        return KeptTask(task.id, task.created, task.text, one.status.lower(), "", "")
    output = one.output
    return KeptTask(
        *(task.id, task.created, task.text),
        *(output["status"], output["text"], output["delivered"]),
    )
