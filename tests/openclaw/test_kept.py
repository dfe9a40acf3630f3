"""Who is told when the caller has gone: an SMS, or the next call, once."""

import asyncio

import pytest

from bot.openclaw.task import Kept
from bot.openclaw.tasks import Tasks
from tests.fakes.openclaw_gateway import OpenClawGateway
from tests.openclaw.conftest import Open
from tests.openclaw.deliveries import Deliveries

CALLER = "+15550001"


async def _finished(tasks: Tasks, deliveries: Deliveries) -> None:
    await deliveries.until(lambda: "finished" in deliveries.kinds() and not tasks._work.open)
    for progress in tasks.known():
        await tasks._durable.result(progress.task.id)


async def _heard(_: Kept) -> bool:
    return True


async def test_the_caller_has_gone_and_gets_an_sms(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    deliveries.live = False
    openclaw.replies.append("Found.")
    await tasks.of("call", CALLER, "+15550001").start("find ferries")
    await _finished(tasks, deliveries)
    assert [(number, outcome.text) for number, outcome in deliveries.texted] == [
        ("+15550001", "Found.")
    ]
    assert await tasks.waiting_for(CALLER) == []


@pytest.mark.parametrize("failing", [None, RuntimeError("the call broke")])
async def test_it_waits_for_the_next_call_and_is_told_once(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries, failing: Exception | None
) -> None:
    deliveries.live, deliveries.texting, deliveries.failing = False, False, failing
    openclaw.replies.append("Found.")
    await tasks.of("call", CALLER, "+15550001").start("find ferries")
    await _finished(tasks, deliveries)
    (kept,) = await tasks.of("next", CALLER).waiting()
    assert (kept.task.text, kept.outcome.text, kept.offered) == ("find ferries", "Found.", 1)
    assert await tasks.of("another", "+15559999").waiting() == []
    assert await tasks.of("anonymous", "").waiting() == []
    heard = await asyncio.gather(
        *(tasks.of(call, CALLER).hand_over(kept, _heard) for call in ("a", "b", "c"))
    )
    assert sorted(heard) == [False, False, True]
    assert await tasks.waiting_for(CALLER) == []


async def test_what_was_not_heard_is_kept_again(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    deliveries.live = False
    openclaw.replies.append("Found.")
    await tasks.of("call", CALLER).start("find ferries")
    await _finished(tasks, deliveries)

    async def hung_up(_: Kept) -> bool:
        return False

    (kept,) = await tasks.waiting_for(CALLER)
    assert not await tasks.of("next", CALLER).hand_over(kept, hung_up)
    (again,) = await tasks.waiting_for(CALLER)
    assert again.offered == kept.offered + 1
    assert await tasks.of("third", CALLER).hand_over(again, _heard)
    assert await tasks.waiting_for(CALLER) == []


async def test_while_it_is_being_told_no_other_call_gets_it(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    deliveries.live = False
    openclaw.replies.append("Found.")
    await tasks.of("call", CALLER).start("find ferries")
    await _finished(tasks, deliveries)
    (kept,) = await tasks.waiting_for(CALLER)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_: Kept) -> bool:
        begun.set()
        await go_on.wait()
        return True

    telling = asyncio.create_task(tasks.hand_over(kept, slowly))
    await begun.wait()
    assert await tasks.waiting_for(CALLER) == []
    go_on.set()
    assert await telling


async def test_nobody_to_tell_is_seen_by_the_operator(
    openclaw: OpenClawGateway, tasks: Tasks, deliveries: Deliveries
) -> None:
    deliveries.live = False
    openclaw.replies.append("Found.")
    await tasks.of("call", "").start("find ferries")
    await _finished(tasks, deliveries)
    assert [kind for kind, _, _ in deliveries.operator] == ["task_untold"]


@pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)
async def test_a_new_process_knows_what_waits(
    openclaw: OpenClawGateway, open_tasks: Open, deliveries: Deliveries
) -> None:
    deliveries.live = False
    openclaw.replies.append("Found.")
    first = await open_tasks()
    await first.of("call", CALLER).start("find ferries")
    await _finished(first, deliveries)
    await first.close()
    second = await open_tasks()
    (kept,) = await second.waiting_for(CALLER)
    assert await second.hand_over(kept, _heard)
    assert await second.waiting_for(CALLER) == []
