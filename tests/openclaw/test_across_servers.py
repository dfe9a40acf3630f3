"""A caller's next call may land on another server than the one that works on the task."""

import asyncio

import pytest

from bot.openclaw import tasks as tasks_module
from bot.openclaw.task import TooManyTasks
from bot.openclaw.tasks import Tasks
from tests.fakes.openclaw_gateway import OpenClawGateway
from tests.fakes.script import Pause
from tests.openclaw.conftest import Open
from tests.openclaw.processes import CALLER, Start


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
async def test_steered_and_given_up_from_another_server(
    openclaw: OpenClawGateway, start: Start, open_tasks: Open
) -> None:
    openclaw.brain = lambda _: [Pause(20)]
    first = await start("find a ferry")
    await openclaw.when(lambda: openclaw.runs, timeout=60)
    here: Tasks = await open_tasks()
    mine = here.of("another call", CALLER)
    (view,) = await mine.open()
    assert view.task.text == "find a ferry"
    assert await mine.steer(view, "by train instead")
    await openclaw.when(lambda: len(openclaw.runs) == 2)
    assert await here.of("x", "+15559999").open() == []
    assert await mine.cancel(view)
    assert await first.line("news finished") == "news finished cancelled"
    assert await here.waiting_for(CALLER) == []


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
async def test_the_limit_in_all_holds_for_all_servers_at_once(
    openclaw: OpenClawGateway,
    start: Start,
    open_tasks: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two servers are asked for three tasks each at the same moment; two may run."""
    monkeypatch.setattr(tasks_module, "START_SECONDS", 30.0)
    openclaw.brain = lambda _: [Pause(20)]
    other = await start("", "3,2")
    here: Tasks = await open_tasks(most=(3, 2))
    starts = [here.of(f"here {n}", CALLER).start(f"ferry {n}") for n in range(3)]
    _, *mine = await asyncio.gather(
        other.give("trains", "buses", "planes"), *starts, return_exceptions=True
    )
    refused = sum(isinstance(one, TooManyTasks) for one in mine)
    taken_here = 3 - refused
    for _ in range(3):
        refused += (await other.line(("taken", "refused"))).startswith("refused")
    assert refused == 4
    async with asyncio.timeout(30):
        while len(await here.unfinished(CALLER)) > 2:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    await openclaw.when(lambda: len(openclaw.of_method("chat.send")) >= 2, timeout=30)
    assert len(openclaw.of_method("chat.send")) == 2
    assert len(here.known()) == taken_here, "what was turned away never was a task"
