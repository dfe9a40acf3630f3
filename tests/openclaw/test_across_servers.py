"""A caller's next call may land on another server than the one that works on the task."""

import pytest

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
