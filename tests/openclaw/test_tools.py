"""The delegation family as a model calls it, on real tasks and the gateway's stand-in."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import httpx2
import pytest

from bot.brain.claims import sayable
from bot.openclaw.deep import DeepBrain
from bot.openclaw.tasks import Tasks
from bot.openclaw.thinking import GatewayThinker
from bot.store.store import Store
from tests.fakes.openclaw_gateway import OpenClawGateway
from tests.fakes.script import Pause, Say
from tests.openclaw.deliveries import Deliveries
from tests.tools.scene import CALLER, Scene, scene


async def _speak(pieces: AsyncIterator[str]) -> str:
    return "".join([piece async for piece in pieces])


@pytest.fixture
async def call(tasks: Tasks, stores: dict[Tasks, Store]) -> AsyncIterator[Scene]:
    """A phone call that may delegate."""
    async with httpx2.AsyncClient() as http:
        made = scene(stores[tasks], http)
        mine = tasks.of(made.box.call.id, CALLER)
        thinker = GatewayThinker(tasks.gateway, "Tandem")
        made.box.tasks = DeepBrain(mine, thinker, _speak)
        yield made
        await made.box.close()


async def test_a_job_is_begun_once_in_a_turn(
    call: Scene, openclaw: OpenClawGateway, deliveries: Deliveries
) -> None:
    openclaw.replies.append("At nine.")
    first = await call("bot_openclaw_task", task="find a ferry", urgency="high")
    again = await call("bot_openclaw_task", task="find a ferry", urgency="high")
    assert "find a ferry" in first
    assert first == again
    await deliveries.until(lambda: deliveries.spoken)
    (sent,) = openclaw.of_method("chat.send")
    assert "It is urgent" in sent["message"]
    assert "completed. At nine." in await call("bot_task_status")


async def test_an_interrupted_generation_begins_nothing(
    call: Scene, openclaw: OpenClawGateway
) -> None:
    call.wanted = False
    assert "Not done" in await call("bot_openclaw_task", task="find a ferry")
    assert not openclaw.of_method("chat.send")


async def test_the_right_job_is_steered_and_given_up(
    call: Scene, openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.brain = lambda ask: [Pause(0.0 if "adds" in ask.user else 20), Say("Done.")]
    assert "no background job" in await call("bot_steer_task", change="also trains")
    await call("bot_openclaw_task", task="find ferries to Crete")
    await call("bot_openclaw_task", task="compare electric bicycles")
    await deliveries.until(lambda: all(p.follower for p in tasks.known()))
    assert "several jobs" in await call("bot_cancel_task")
    assert "bicycles" in await call("bot_cancel_task", job="the bicycles")
    await deliveries.until(lambda: len(tasks._work.open) == 1)
    assert "Passed on" in await call("bot_steer_task", change="also check the trains")
    await deliveries.until(lambda: deliveries.spoken)
    assert [text for text, _ in deliveries.spoken] == ["find ferries to Crete"]


@pytest.mark.parametrize(
    ("most", "words"),
    [
        ((2, 9), "I am still busy with your other jobs. Shall I begin this one when one of them"),
        ((9, 2), "I cannot begin that just now, too much else is being worked on. Please ask me"),
    ],
    ids=["a call", "in all"],
)
async def test_too_many_are_said(
    call: Scene, openclaw: OpenClawGateway, tasks: Tasks, most: tuple[int, int], words: str
) -> None:
    openclaw.brain = lambda _: [Pause(20)]
    tasks._most = most
    for job in ("one", "two"):
        assert "Begun" in await call("bot_openclaw_task", task=job)
    said = await call("bot_openclaw_task", task="three")
    assert said.startswith("Not done")
    assert sayable([{"role": "tool", "content": said}]).startswith(words)
    await openclaw.when(lambda: len(openclaw.of_method("chat.send")) == 2)


async def test_an_answer_is_spoken_as_it_comes(call: Scene, openclaw: OpenClawGateway) -> None:
    openclaw.replies.append("Because of light.")
    told = await call("bot_think_deeply", question="why is the sky blue?")
    assert "“Because of light.”" in told


async def test_an_answer_that_is_talked_over_stops(call: Scene, openclaw: OpenClawGateway) -> None:
    openclaw.replies.append([Say("Because "), Pause(20)])

    async def interrupted(pieces: AsyncIterator[str]) -> str:
        assert isinstance(pieces, AsyncGenerator)
        async for piece in pieces:
            return piece
        return ""

    deep = call.box.tasks
    call.box.tasks = DeepBrain(deep.tasks, deep.thinker, interrupted)
    await call("bot_think_deeply", question="why?")
    await openclaw.when(lambda: openclaw.of_method("chat.abort"))
    (run,) = openclaw.runs.values()
    assert run.status == "aborted"


async def test_a_gateway_that_is_away_is_said(call: Scene, openclaw: OpenClawGateway) -> None:
    await openclaw.refuse(cut=True)
    async with asyncio.timeout(5):
        assert "does not answer" in await call("bot_think_deeply", question="why?")


async def test_without_openclaw(call: Scene) -> None:
    call.box.tasks = None
    assert "Not done" in await call("bot_openclaw_task", task="find a ferry")
