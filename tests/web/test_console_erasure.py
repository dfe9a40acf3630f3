"""What delegated tasks keep of a caller is seen by the operator, and erased with the rest."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.openclaw.archive import Archive
from bot.openclaw.durable import Durable
from bot.openclaw.kept import HAND_OVER, TASK
from bot.openclaw.task import Task
from bot.store import queries
from tests.fixtures.postgres import PostgresServer
from tests.web.console_lab import Lab, console
from tests.web.test_console_history import held

NUMBER, OTHER = "+15550001111", "+15550002222"
SECRET = "a ferry for Miss Xylophone"


class Worker:
    """Works on tasks as a server does, as far as the database sees it: `hold` keeps one open."""

    def __init__(self, durable: Durable) -> None:
        self.durable = durable
        self.hold = asyncio.Event()

    def task(self, kept: dict[str, Any]) -> dict[str, Any]:
        """The workflow of a task."""
        task = Task.from_dict(kept)

        async def work() -> str:
            if task.urgency == "low":
                await self.hold.wait()
            return f"found: {task.text}"

        self.durable.note("outcome", ["completed", f"found: {task.text}"])
        text = self.durable.step("work", work)
        return {"status": "completed", "text": text, "delivered": "kept"}

    def hand_over(self, claimant: str) -> list[Any]:
        """The workflow of a hand-over."""
        return [claimant, False]

    async def give(self, task_id: str, call_id: str, caller: str, urgency: str = "normal") -> None:
        """A task is given; it ends at once, unless it is of low urgency."""
        kept = Task(task_id, call_id, caller, "", SECRET, urgency, 1.7e9, 60.0)  # type: ignore[arg-type]
        await self.durable.start(TASK, task_id, caller, kept.to_dict())
        if urgency != "low":
            await self.durable.result(task_id)


@asynccontextmanager
async def working(database_url: str) -> AsyncIterator[Worker]:
    durable = Durable("server")
    worker = Worker(durable)
    await durable.open(database_url, {TASK: worker.task, HAND_OVER: worker.hand_over})
    try:
        yield worker
    finally:
        worker.hold.set()
        await durable.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tandem.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.url(await server.new_database())


async def test_only_what_has_ended_of_a_caller_is_erased(database_url: str) -> None:
    archive = Archive(database_url)
    assert await archive.under_way(NUMBER, ["call"]) == 0  # there is no such database yet
    assert await archive.erase(NUMBER, ["call"]) == 0
    async with working(database_url) as worker:
        await worker.give("mine", "call", NUMBER)
        await worker.durable.start(HAND_OVER, "mine/1", NUMBER, "claimant")
        await worker.durable.result("mine/1")
        await worker.give("nameless", "call", "")
        await worker.give("theirs", "another", OTHER)
        await worker.give("open", "later", OTHER, "low")
        assert await archive.under_way(NUMBER, ["call"]) == 0
        assert await archive.under_way(OTHER, ["another"]) == 1
        assert await archive.erase(NUMBER, ["call"]) == 2
        left = await worker.durable.list(TASK)
        assert [one.workflow_id for one in left] == ["theirs", "open"]
        assert await worker.durable.list(HAND_OVER) == []
        assert await worker.durable.noted("mine", "outcome") is None
        assert await archive.erase(OTHER, ["another"]) == 1  # the open one stays, and goes on
        worker.hold.set()
        result = await worker.durable.result("open")
        assert result["text"] == f"found: {SECRET}"
    assert await archive.erase(OTHER, []) == 1  # with nobody left who works on tasks


def lab_url(lab: Lab) -> str:
    return lab.desk.settings.database_url


async def test_the_console_shows_tasks_and_deletes_them_with_the_caller(tmp_path: Path) -> None:
    async with console(tmp_path) as lab, working(lab_url(lab)) as worker:
        await lab.sign_in()
        call = held(lab, "hello")
        held(lab, "hello", caller=OTHER)
        await worker.give("mine", call.id, NUMBER)
        await worker.give("elsewhere", "unknown", OTHER)
        await lab.settled()
        (task,) = (await lab.get(f"calls/{call.id}"))["tasks"]
        assert (task["text"], task["status"], task["told"]) == (SECRET, "completed", "kept")
        await worker.give("open", call.id, NUMBER, "low")
        busy = await lab.post("erase", caller=NUMBER)
        assert (busy.status_code, busy.json()["code"]) == (409, "no")
        assert len((await lab.get("calls"))["calls"]) == 2
        worker.hold.set()
        await worker.durable.result("open")
        done = await lab.post("erase", caller=NUMBER)
        assert "2 tasks with their results" in done.json()["message"], done.text
        assert [one.workflow_id for one in await worker.durable.list(TASK)] == ["elsewhere"]
        await lab.desk.recorder.flush()
        (line,) = [one.detail for one in await operators(lab)]
        assert line.startswith("a caller's data was deleted: 1 calls")
        assert line.endswith("by console (127.0.0.1)")
        assert NUMBER not in line


async def operators(lab: Lab) -> list[Any]:
    return [one for one in await queries.events(lab.desk.store) if one.kind == "operator"]
