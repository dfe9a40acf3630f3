"""The server is killed with -9 in mid-task, for real; the next one goes on, and repeats nothing."""

import asyncio
import signal

import pytest

from bot.openclaw.tasks import Tasks
from bot.store.servers import farewell
from bot.store.store import Store
from tests.fakes.openclaw_gateway import OpenClawGateway
from tests.fakes.script import Pause, Say
from tests.openclaw.conftest import Open
from tests.openclaw.deliveries import Deliveries
from tests.openclaw.processes import CALLER, Start

pytestmark = pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)


async def test_the_run_ends_while_no_server_lives(openclaw: OpenClawGateway, start: Start) -> None:
    openclaw.replies.append([Pause(0.5), Say("The ferry leaves at nine.")])
    first = await start("find a ferry")
    await openclaw.when(lambda: openclaw.runs, timeout=60)
    await first.end(signal.SIGKILL)
    (run,) = openclaw.runs.values()
    while not run.over:  # noqa: ASYNC110 - the stand-in's run sets no event
        await asyncio.sleep(0.02)
    second = await start()
    assert await second.line("texted") == f"texted {CALLER} completed The ferry leaves at nine."
    assert len(openclaw.of_method("chat.send")) == 1
    await second.end(signal.SIGTERM)
    third = await start()
    await asyncio.sleep(1.5)  # longer than a recovered task takes to begin
    await third.end(signal.SIGTERM)
    assert not [line for line in third.lines if line.startswith("texted")]


async def test_the_run_goes_on_and_the_next_server_follows_it(
    openclaw: OpenClawGateway, start: Start
) -> None:
    go_on = asyncio.Event()

    async def brain(_: object) -> str:
        await go_on.wait()
        return "The ferry leaves at nine."

    openclaw.brain = brain
    first = await start("find a ferry")
    await openclaw.when(lambda: openclaw.runs, timeout=60)
    await first.end(signal.SIGKILL)
    second = await start()
    await openclaw.when(lambda: openclaw.of_method("agent.wait"), timeout=60)
    go_on.set()
    assert await second.line("texted") == f"texted {CALLER} completed The ferry leaves at nine."
    assert len(openclaw.of_method("chat.send")) == 1


async def test_a_stop_in_mid_task_leaves_it_to_the_next(
    openclaw: OpenClawGateway,
    open_tasks: Open,
    stores: dict[Tasks, Store],
    deliveries: Deliveries,
) -> None:
    openclaw.replies.append([Pause(1.0), Say("Found.")])
    first = await open_tasks()
    await first.of("call", CALLER).start("find a ferry")
    await deliveries.until(lambda: first.known() and first.known()[0].follower)
    await first.close()
    async with stores[first].writing() as connection:  # as the recorder does at its close
        await farewell(connection, stores[first].server)
    second = await open_tasks()
    await deliveries.until(lambda: deliveries.spoken)
    assert [outcome.text for _, outcome in deliveries.spoken] == ["Found."]
    assert len(openclaw.of_method("chat.send")) == 1
    (view,) = await second.of("other", CALLER).views()
    assert view.outcome is not None
