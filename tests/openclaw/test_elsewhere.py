"""The owner of a task talks with another process than the one that has worked on it.

`start` runs a server that has nobody on the line and can send text messages; the test's own
process has the caller on the line.
"""

import asyncio
import signal
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from bot.openclaw import elsewhere
from bot.openclaw import tasks as tasks_module
from bot.openclaw.asked import CallTasks
from bot.openclaw.task import Kept, TooManyTasks
from bot.openclaw.tasks import Tasks
from bot.store.store import Store
from bot.store.tables import CallRow
from tests.fakes.openclaw_gateway import OpenClawGateway
from tests.fakes.script import Say
from tests.openclaw.conftest import Open
from tests.openclaw.deliveries import Deliveries
from tests.openclaw.processes import CALLER, Process, Start

FERRY = "The ferry leaves at nine."


class Line:
    """The caller on the line of this process."""

    def __init__(self, store: Store, tasks: Tasks) -> None:
        self.store, self.mine = store, tasks.of("call-2", CALLER)
        self.heard: list[str] = []

    async def begins(self) -> None:
        now = datetime.now(UTC)
        texts = ("callee", "provider_call_id", "mode", "mode_reason", "end_reason", "error")
        row = dict.fromkeys(texts, "") | {"id": "call-2", "server_id": self.store.server.id}
        row |= {"channel": "phone", "direction": "inbound", "caller": CALLER, "state": "talking"}
        about = {"providers": {}, "started_at": now, "dropped_frames": 0}
        async with self.store.writing() as connection:
            await connection.execute(insert(CallRow).values(**row, **about))

    async def waits(self) -> Kept:
        """Until a result is there for this call."""
        async with asyncio.timeout(60):
            while not (found := await self.mine.waiting()):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        (kept,) = found
        return kept

    async def say(self, kept: Kept) -> bool:
        self.heard.append(kept.outcome.text)
        return True


@pytest.fixture
async def line(
    openclaw: OpenClawGateway, start: Start, open_tasks: Open, stores: dict[Tasks, Store]
) -> tuple[Line, Process]:
    """The caller, after the other process has begun their task; and that process."""
    go_on = asyncio.Event()

    async def brain(_: object) -> list[Say]:
        await go_on.wait()
        return [Say(FERRY)]

    openclaw.brain = brain
    other = await start("find a ferry")
    await openclaw.when(lambda: openclaw.runs, timeout=20)
    here: Tasks = await open_tasks(most=(1, 1))
    on = Line(stores[here], here)
    await on.begins()
    assert await on.mine.elsewhere()
    with pytest.raises(TooManyTasks, match="too many"):
        await on.mine.start("the limit in all counts every process")
    go_on.set()
    return on, other


async def delivered(mine: CallTasks, task_id: str) -> str:
    """How the other process says that it was told, once it does."""
    durable = mine._tasks._durable
    async with asyncio.timeout(60):
        result = await durable.result(task_id)
    return str(result["delivered"])


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_it_is_told_here_once_and_not_sent(line: tuple[Line, Process]) -> None:
    on, other = line
    kept = await on.waits()
    assert (kept.outcome.text, kept.live, kept.offered) == (FERRY, True, 0)
    assert await on.mine.hand_over(kept, on.say)
    assert on.heard == [FERRY]
    assert await delivered(on.mine, kept.task.id) == "spoken"
    assert await on.mine.waiting() == []
    assert not await on.mine.elsewhere()
    assert not [told for told in other.lines if told.startswith("texted")]


async def test_the_process_that_waits_is_killed_and_nothing_is_told_twice(
    line: tuple[Line, Process],
) -> None:
    on, other = line
    kept = await on.waits()
    await other.end(signal.SIGKILL)
    assert await on.mine.hand_over(kept, on.say)
    assert await on.mine._tasks.adopt() == 1
    assert await delivered(on.mine, kept.task.id) == "spoken"
    assert on.heard == [FERRY]


# -- both sides in one process: nobody is on the line as far as the task's side knows


@pytest.fixture
async def offered(
    openclaw: OpenClawGateway,
    open_tasks: Open,
    deliveries: Deliveries,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Tasks, Kept, dict[str, bool]]:
    """A result that waits for another process; and whether the caller is on its line."""
    line = {CALLER: True}

    async def in_call(_: Store, caller: str) -> bool:
        return line[caller]

    monkeypatch.setattr(tasks_module, "in_call_elsewhere", in_call)
    deliveries.live = False
    openclaw.replies.append(FERRY)
    tasks: Tasks = await open_tasks()
    await tasks.of("call", CALLER, CALLER).start("find a ferry")
    async with asyncio.timeout(60):
        while not (found := await tasks._shelf.waiting_for(CALLER)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert await tasks.waiting_for(CALLER) == [], "not for this process itself"
    return tasks, found[0], line


@pytest.mark.parametrize("hears", [True, False])
async def test_who_does_not_hear_it_elsewhere_gets_a_text_message(
    offered: tuple[Tasks, Kept, dict[str, bool]], deliveries: Deliveries, hears: bool
) -> None:
    tasks, kept, _ = offered

    async def say(_: Kept) -> bool:
        return hears

    assert await tasks.hand_over(kept, say) is hears
    told = await delivered(tasks.of("call", CALLER), kept.task.id)
    assert told == ("spoken" if hears else "texted")
    assert len(deliveries.texted) == (0 if hears else 1)


async def test_a_call_that_ends_first_has_it_no_more(
    offered: tuple[Tasks, Kept, dict[str, bool]], deliveries: Deliveries
) -> None:
    tasks, kept, line = offered
    told: list[str] = []

    async def say(kept: Kept) -> bool:
        told.append(kept.outcome.text)
        return True

    line[CALLER] = False
    await deliveries.until(lambda: deliveries.texted)
    assert not await tasks.hand_over(kept, say), "what was seen before is out of date"
    assert not told
    assert await tasks._shelf.waiting_for(CALLER) == []


async def test_the_caller_who_comes_back_here_hears_it_here(
    offered: tuple[Tasks, Kept, dict[str, bool]], deliveries: Deliveries
) -> None:
    tasks, kept, line = offered
    deliveries.live, line[CALLER] = True, False
    await deliveries.until(lambda: deliveries.spoken)
    assert await delivered(tasks.of("call", CALLER), kept.task.id) == "spoken"
    assert not deliveries.texted


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(tasks_module, "COUNT_SECONDS", 10.0)
