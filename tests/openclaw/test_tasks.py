"""Delegated tasks on the stand-in of the gateway, on a real DBOS."""

import asyncio
from typing import Any

import pytest

from bot.openclaw import tasks as tasks_module
from bot.openclaw.task import TooManyTasks
from bot.openclaw.tasks import Tasks
from tests.fakes.openclaw_gateway import OpenClawGateway
from tests.fakes.openclaw_wire import Overloaded
from tests.fakes.script import Ask, CallTool, Pause, Say
from tests.openclaw.conftest import Open
from tests.openclaw.deliveries import Deliveries

CALLER = "+15550001"


async def test_a_task_is_done_and_spoken_once(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    go_on = asyncio.Event()

    async def agent(_: Ask) -> str:
        await go_on.wait()
        return "The ferry leaves at nine.\n\nThere is another one at noon."

    openclaw.brain = agent
    async with asyncio.timeout(20):
        await tasks.of("call", CALLER).start("find a ferry to Crete")
    assert not deliveries.spoken, "whoever delegates does not wait"
    go_on.set()
    await deliveries.until(lambda: deliveries.spoken)
    ((text, outcome),) = deliveries.spoken
    assert text == "find a ferry to Crete"
    assert outcome.status == "completed"
    assert outcome.summary == "The ferry leaves at nine."
    assert outcome.details == "There is another one at noon."
    (sent,) = openclaw.of_method("chat.send")
    assert '"find a ferry to Crete"' in sent["message"]
    assert deliveries.kinds() == ["started", "finished"]


async def test_progress_and_the_answer_after_a_tool_without_what_was_said_before(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.replies.append([Say("Let me look."), CallTool("exec", {"command": "ls"})])
    openclaw.replies.append("There are two files.")
    await tasks.of("call", CALLER).start("how many files are there")
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].text == "There are two files."
    assert ("progress", "Exec print text") in [(n.kind, n.text) for _, n in deliveries.news]


async def test_several_at_once_do_not_mix(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.brain = lambda ask: [Pause(0.05), Say("about " + ask.user.split('"')[1])]
    for call, text in (("one", "apples"), ("two", "pears"), ("one", "plums")):
        await tasks.of(call, "").start(text)
    await deliveries.until(lambda: len(deliveries.spoken) == 3)
    assert {(text, outcome.text) for text, outcome in deliveries.spoken} == {
        ("apples", "about apples"),
        ("pears", "about pears"),
        ("plums", "about plums"),
    }
    keys = [sent["sessionKey"] for sent in openclaw.of_method("chat.send")]
    assert len(set(keys)) == 3


async def test_limits_per_call_and_in_all(openclaw: OpenClawGateway, open_tasks: Open) -> None:
    openclaw.brain = lambda _: [Pause(20)]
    tasks = await open_tasks(most=(2, 3))
    await tasks.of("one", "").start("a")
    await tasks.of("one", "").start("b")
    with pytest.raises(TooManyTasks, match="2 tasks of this call"):
        await tasks.of("one", "").start("c")
    await tasks.of("two", "").start("d")
    with pytest.raises(TooManyTasks, match="of all callers"):
        await tasks.of("three", "").start("e")


@pytest.mark.parametrize(("most", "begun"), [((2, 9), 2), ((9, 3), 3)], ids=["a call", "in all"])
async def test_the_limits_hold_for_tasks_that_come_at_once(
    openclaw: OpenClawGateway, open_tasks: Open, most: tuple[int, int], begun: int
) -> None:
    """As models call tools: several in one answer."""
    openclaw.brain = lambda _: [Pause(20)]
    tasks = await open_tasks(most=most)
    mine = tasks.of("one", "")
    starts = (mine.start(text) for text in "abcde")
    results = await asyncio.gather(*starts, return_exceptions=True)
    assert sum(isinstance(result, TooManyTasks) for result in results) == 5 - begun
    await openclaw.when(lambda: len(openclaw.of_method("chat.send")) == begun)
    assert len(tasks.known()) == begun


async def test_no_room_that_is_known_too_late_for_the_call_is_told_as_news(
    openclaw: OpenClawGateway,
    open_tasks: Open,
    deliveries: Deliveries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database is slow: "I am on it" has been said before the tasks of all are counted."""
    tasks = await open_tasks(most=(3, 1))
    counted = asyncio.Event()

    async def slow(_: Any) -> bool:
        await counted.wait()
        return False

    monkeypatch.setattr(tasks, "_has_room", slow)
    monkeypatch.setattr(tasks_module, "START_SECONDS", 0.01)
    await tasks.of("call", CALLER).start("find ferries")
    counted.set()
    await deliveries.until(lambda: deliveries.spoken)
    ((_, outcome),) = deliveries.spoken
    assert (outcome.status, outcome.text) == ("failed", str(TooManyTasks()))
    assert not openclaw.of_method("chat.send")


@pytest.mark.parametrize("words", ["stop", "/stop", "/new", "please stop", "look at /status now"])
async def test_words_that_the_gateway_takes_for_commands_reach_the_agent(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries, words: str
) -> None:
    asked: list[str] = []
    openclaw.brain = lambda ask: asked.append(ask.user) or "Done."
    await tasks.of("call", "").start(words)
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].status == "completed"
    assert words.split()[-1].strip("/") in asked[0]


async def test_steered_while_it_runs(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.replies.append([Pause(20)])
    openclaw.replies.append("Ferries and trains, both.")
    mine = tasks.of("call", CALLER)
    await mine.start("find ferries")
    await openclaw.when(lambda: openclaw.sessions)
    await deliveries.until(lambda: tasks.known()[0].follower)
    (view,) = await mine.open()
    assert await mine.steer(view, "also check the trains")
    await deliveries.until(lambda: deliveries.spoken)
    assert [outcome.text for _, outcome in deliveries.spoken] == ["Ferries and trains, both."]
    assert "steered" in deliveries.kinds()
    assert '"also check the trains"' in openclaw.of_method("sessions.steer")[0]["message"]


async def test_a_steer_after_the_end_is_dropped_and_its_run_stopped(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.replies.append("Found.")
    openclaw.replies.append([Pause(20)])
    deliveries.hold = asyncio.Event()
    mine = tasks.of("call", CALLER)
    await mine.start("find ferries")
    await deliveries.until(lambda: "finished" in deliveries.kinds())
    (view,) = await mine.views()
    assert not await mine.steer(view, "also trains")
    deliveries.hold.set()
    await deliveries.until(lambda: deliveries.spoken)
    assert [outcome.text for _, outcome in deliveries.spoken] == ["Found."]
    assert not openclaw.of_method("sessions.steer")
    openclaw.replies.clear()


async def test_a_steer_that_meets_the_end_stops_the_run_that_it_began(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.replies.append([Pause(0.2), Say("Found.")])
    openclaw.replies.append([Pause(20)])
    mine = tasks.of("call", CALLER)
    await mine.start("find ferries")
    await deliveries.until(lambda: tasks.known()[0].follower)
    (view,) = await mine.open()
    (session,) = openclaw.sessions.values()
    release = openclaw.held["sessions.steer"] = asyncio.Event()
    steering = asyncio.create_task(mine.steer(view, "also trains"))
    await deliveries.until(lambda: session.active is None)
    release.set()
    assert not await steering
    await deliveries.until(lambda: deliveries.spoken)
    assert [outcome.text for _, outcome in deliveries.spoken] == ["Found."]
    assert [run.status for run in openclaw.runs.values()] == ["ok", "aborted"]


async def test_cancelled_and_never_spoken_of(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.replies.append([Pause(20)])
    mine = tasks.of("call", CALLER)
    await mine.start("find ferries")
    await deliveries.until(lambda: tasks.known()[0].follower)
    (view,) = await mine.open()
    assert await mine.cancel(view)
    await deliveries.until(lambda: not tasks._work.open)
    (run,) = openclaw.runs.values()
    assert run.status == "aborted"
    assert not deliveries.spoken
    assert not deliveries.texted
    assert await tasks.waiting_for(CALLER) == []


@pytest.mark.parametrize("trouble", [Pause(20), Overloaded(76)])
async def test_the_clock_ends_it(
    openclaw: OpenClawGateway, open_tasks: Open, deliveries: Deliveries, trouble: Any
) -> None:
    """The gateway's own limit does not bound a run that is tried again and again."""
    openclaw.replies.append([trouble])
    tasks = await open_tasks(limit=0.6)
    await tasks.of("call", CALLER).start("think for ever")
    await deliveries.until(lambda: deliveries.spoken)
    ((_, outcome),) = deliveries.spoken
    assert outcome.status == "failed"
    assert "longer than is allowed" in outcome.text
    (run,) = openclaw.runs.values()
    assert run.status == "aborted"


async def test_a_mistake_of_ours_is_told_too(
    openclaw: OpenClawGateway,
    tasks: Tasks,
    deliveries: Deliveries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(*_: Any) -> None:
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr(tasks._work._attempts, "follow", broken)
    openclaw.replies.append("Found.")
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].status == "failed"
    assert "task_lost" in [kind for kind, _, _ in deliveries.operator]


async def test_others_tasks_are_out_of_reach(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.replies.append([Pause(20)])
    await tasks.of("call", CALLER).start("my secret plan")
    await deliveries.until(lambda: tasks.known()[0].follower)
    (view,) = await tasks.of("call", CALLER).views()
    for other in (tasks.of("other", "+15559999"), tasks.of("other", "")):
        assert await other.views() == []
        assert not await other.steer(view, "tell me")
        assert not await other.cancel(view)
