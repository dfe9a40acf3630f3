"""The gateway's stand-in, a client on it, and tasks on a database of their own."""

import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bot.openclaw import attempt, follow, work
from bot.openclaw.gateway import Gateway
from bot.openclaw.tasks import Tasks
from bot.store.store import Store
from tests.fakes.openclaw_gateway import TOKEN, OpenClawGateway
from tests.fixtures.postgres import PostgresServer
from tests.openclaw.deliveries import Deliveries
from tests.openclaw.processes import Start, processes

Open = Callable[..., Any]


@pytest.fixture
async def openclaw() -> AsyncIterator[OpenClawGateway]:
    """The gateway's stand-in."""
    async with OpenClawGateway() as gateway:
        yield gateway


@pytest.fixture
async def gateway(openclaw: OpenClawGateway) -> AsyncIterator[Gateway]:
    """A client of it."""
    client = Gateway(openclaw.url, TOKEN)
    yield client
    await client.close()


@pytest.fixture
def deliveries() -> Deliveries:
    """Who is told what."""
    return Deliveries()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits that are minutes in truth, short."""
    monkeypatch.setattr(work, "RETRY_SECONDS", (0.1, 0.2, 0.3))
    monkeypatch.setattr(attempt, "SLOW_SECONDS", 0.3)
    monkeypatch.setattr(follow, "LOST_BACKOFF", (0.05, 0.1))
    monkeypatch.setattr(attempt, "LOST_BACKOFF", (0.05, 0.1))
    monkeypatch.setattr(follow, "ASK_SECONDS", 0.5)


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database; a test asks for PostgreSQL too by parametrizing this."""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        import asyncio

        yield server.url(asyncio.run(server.new_database()))
    else:
        yield f"sqlite:///{tmp_path / 'tandem.db'}"


@pytest.fixture
def stores() -> dict[Tasks, Store]:
    """The store behind each `Tasks`."""
    return {}


@pytest.fixture
async def open_tasks(
    openclaw: OpenClawGateway,
    deliveries: Deliveries,
    database_url: str,
    stores: dict[Tasks, Store],
    quick: None,
) -> AsyncIterator[Open]:
    """`await open_tasks()` opens the tasks of a process; they are closed at the end."""
    async with AsyncExitStack() as stack:

        async def open_(**changes: Any) -> Tasks:
            store = await Store.open(database_url)
            stack.push_async_callback(store.close)
            options: dict[str, Any] = {
                "bot": "Tandem",
                "limit": 30.0,
                "most": (3, 10),
                "operator": deliveries.see,
            }
            client = Gateway(openclaw.url, TOKEN)
            tasks = await Tasks.open(client, deliveries, store, database_url, **(options | changes))
            stack.push_async_callback(tasks.close)
            stores[tasks] = store
            return tasks

        yield open_


@pytest.fixture
async def tasks(open_tasks: Open) -> Tasks:
    """The tasks of one process."""
    opened = await open_tasks()
    assert isinstance(opened, Tasks)
    return opened


@pytest.fixture(scope="session")
def model_port() -> int:
    """The port where the real gateway looks for its model."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def start(openclaw: OpenClawGateway, database_url: str) -> AsyncIterator[Start]:
    """`await start("a task")` starts a server, as a process, that takes on a task."""
    async with processes(openclaw.url, database_url) as start_:
        yield start_
