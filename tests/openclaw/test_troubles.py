"""A task while the gateway or its model is slow, away, wrong or restarted."""

import asyncio

import pytest

from bot.openclaw import steering, work
from bot.openclaw.tasks import Tasks
from tests.fakes.openclaw_gateway import OpenClawGateway
from tests.fakes.openclaw_wire import Overloaded, WrongKey
from tests.fakes.script import Pause, Say
from tests.openclaw.conftest import Open
from tests.openclaw.deliveries import Deliveries

CALLER = "+15550001"


async def test_overloaded_is_told_at_once_and_tried_again(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.replies.append([Overloaded(seconds=0.5)])
    openclaw.replies.append("Here it is.")
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: deliveries.spoken)
    assert [outcome.text for _, outcome in deliveries.spoken] == ["Here it is."]
    assert deliveries.kinds()[:3] == ["started", "slow", "retrying"]
    assert "overloaded" in deliveries.operator[0][1]
    first, second = openclaw.of_method("chat.send")
    assert first["sessionKey"] != second["sessionKey"]
    assert first["idempotencyKey"] != second["idempotencyKey"]


async def test_a_wrong_model_key_is_told_and_seen_by_the_operator(
    openclaw: OpenClawGateway, open_tasks: Open, deliveries: Deliveries
) -> None:
    openclaw.replies.append([WrongKey()])
    tasks = await open_tasks(limit=1.5)
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].status == "failed"
    assert "retrying" in deliveries.kinds()
    assert len(openclaw.of_method("chat.send")) == 4  # the provider stayed disabled


async def test_silence_is_told_as_slow(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.replies.append([Pause(0.6), Say("At last.")])
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: "slow" in deliveries.kinds())
    assert not deliveries.spoken
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.kinds().count("slow") == 1


async def test_a_gateway_that_is_down_is_told_and_waited_for(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    await openclaw.refuse(cut=True)
    openclaw.replies.append("Here it is.")
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: "slow" in deliveries.kinds())
    await openclaw.accept()
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].text == "Here it is."
    assert len(openclaw.runs) == 1


async def test_a_gateway_that_starts_is_waited_for(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.starting = True
    openclaw.replies.append("Here it is.")
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: "slow" in deliveries.kinds())
    openclaw.starting = False
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].status == "completed"


async def test_a_gateway_that_never_comes_fails_within_the_limit(
    openclaw: OpenClawGateway, open_tasks: Open, deliveries: Deliveries
) -> None:
    await openclaw.refuse(cut=True)
    tasks = await open_tasks(limit=0.8)
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].status == "failed"
    assert not openclaw.runs


async def test_a_wrong_token_is_refused_at_once(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.token = "another"
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].status == "failed"
    assert deliveries.operator[0][0] == "task_refused"
    assert "another" not in str(deliveries.operator)


async def test_a_token_that_may_only_read_is_refused_and_seen(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.grants = {"operator.read"}
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].status == "failed"
    assert [kind for kind, _, _ in deliveries.operator] == ["task_refused"]
    assert not openclaw.runs


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_socket_that_breaks_while_a_task_is_sent(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries, arrives: bool
) -> None:
    """Nobody knows whether it has arrived: it is asked after, and sent again only if it has not."""
    openclaw.replies.append("Here it is.")
    go_on = openclaw.held["chat.send"] = asyncio.Event()
    await tasks.of("call", CALLER).start("find ferries")
    await openclaw.when(lambda: openclaw.of_method("chat.send"))
    openclaw.lost = set() if arrives else {"chat.send"}
    go_on.set()
    await openclaw.drop()
    await openclaw.when(lambda: openclaw.of_method("agent.wait"))
    openclaw.lost.clear()
    await deliveries.until(lambda: deliveries.spoken)
    assert [outcome.text for _, outcome in deliveries.spoken] == ["Here it is."]
    assert len(openclaw.of_method("chat.send")) == (1 if arrives else 2)
    assert len(openclaw.runs) == 1


async def test_what_was_added_goes_with_the_next_attempt(
    openclaw: OpenClawGateway,
    tasks: Tasks,
    deliveries: Deliveries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A change before the task has reached the agent, one to a run that fails, one between."""
    monkeypatch.setattr(work, "RETRY_SECONDS", (1.0, 1.0))
    monkeypatch.setattr(steering, "STEER_SECONDS", 0.3)
    openclaw.brain = lambda ask: [
        Pause(0.2),
        Overloaded(0.2) if "buses" not in ask.user else Say("All."),
    ]
    held = openclaw.held["chat.send"] = asyncio.Event()
    mine = tasks.of("call", CALLER)
    await mine.start("find ferries")
    await openclaw.when(lambda: openclaw.of_method("chat.send"))
    (view,) = await mine.open()
    assert await mine.steer(view, "also trains")
    held.set()
    await openclaw.when(lambda: openclaw.of_method("sessions.steer"))
    await deliveries.until(lambda: "retrying" in deliveries.kinds())
    assert await mine.steer(view, "and buses")
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].text == "All."
    first, second = openclaw.of_method("chat.send")
    assert "trains" not in first["message"]
    assert '"also trains"' in openclaw.of_method("sessions.steer")[0]["message"]
    for change in ("also trains", "and buses"):
        assert f'The caller has added since: "{change}"' in second["message"]


async def test_a_lost_socket_loses_nothing(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.replies.append([Pause(0.3), Say("Still here.")])
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: tasks.known()[0].follower)
    await openclaw.drop()
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].text == "Still here."
    assert len(openclaw.of_method("chat.send")) == 1


async def test_what_a_killed_gateway_takes_up_again_is_followed_not_repeated(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    openclaw.replies.append([Pause(20)])
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: tasks.known()[0].follower)
    await openclaw.kill()
    openclaw.replies.append([Pause(0.1), Say("Found after all.")])
    await openclaw.come_back()
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].text == "Found after all."
    assert len(openclaw.of_method("chat.send")) == 1


async def test_a_run_that_nobody_can_ask_after_is_parked_and_told_when_it_is_known(
    openclaw: OpenClawGateway, open_tasks: Open, deliveries: Deliveries
) -> None:
    openclaw.replies.append([Pause(0.2), Say("Done meanwhile.")])
    tasks = await open_tasks(limit=1.0)
    await tasks.of("call", CALLER).start("find ferries")
    await deliveries.until(lambda: tasks.known()[0].follower)
    await openclaw.refuse()
    await openclaw.drop()
    await deliveries.until(lambda: "parked" in deliveries.kinds())
    assert not deliveries.spoken
    assert "task_parked" in [kind for kind, _, _ in deliveries.operator]
    await openclaw.accept()
    await deliveries.until(lambda: deliveries.spoken)
    assert deliveries.spoken[0][1].text == "Done meanwhile."
    assert len(openclaw.of_method("chat.send")) == 1
