"""The whole program is killed with -9 in the middle of a job; the next one delivers its result.
And one worker has the job while another one has the caller.
"""

import asyncio
import re
from typing import Any

import pytest

from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openclaw_gateway import OpenClawGateway
from tests.fakes.phoneline import PhoneLine
from tests.fakes.script import Ask, CallTool, Pause, Say
from tests.fixtures.house import hang_up_after
from tests.fixtures.openclaw import delegates
from tests.fixtures.program import Program, Start, heard, sid

pytestmark = pytest.mark.timeout(600)
FERRY = "The ferry leaves at nine."


async def ready(program: Program) -> Program:
    """Wait until it takes calls."""
    await program.ready(1)
    async with asyncio.timeout(120):
        while not (await program.state())["ready"]:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    return program


async def call(program: Program, number: int, until_heard: str, *keys: str) -> str:
    """A caller who presses keys, waits until they hear something, and hangs up."""
    line = PhoneLine(call_sid=sid(number))
    for place, key in enumerate(keys):
        line.presses(2.0 + place * 0.2, key)
    hang_up_after(line, until_heard, 120)
    twiml = await program.post("/phone/incoming", line.call_sid)
    found = re.search(r'<Stream url="([^"]+)"', twiml)
    assert found, twiml
    await line.dial(found[1], 121)
    return heard(line)


def delegates_once(ask: Ask) -> Any:
    """Hand the job over; then say so."""
    if ask.results:
        return Say("I am on it.")
    return CallTool("bot_openclaw_task", {"task": "find a ferry"})


async def test_killed_in_mid_task(
    start: Start, openai_api: OpenAIApi, gateway_standin: OpenClawGateway
) -> None:
    openai_api.brain = delegates_once
    go_on = asyncio.Event()

    async def agent(ask: Ask) -> Any:
        if "find a ferry" not in ask.user:
            return "ready"  # the warm-up
        await go_on.wait()
        return [Pause(0.2), Say(FERRY)]

    gateway_standin.brain = agent
    settings = delegates(gateway_standin)
    first = await ready(await start(**settings))
    assert "I am on it." in await call(first, 1, "on it.", "1", "#")
    await gateway_standin.when(lambda: sent(gateway_standin), timeout=60)
    first.process.kill()
    await first.process.wait()

    second = await ready(await start(**settings))
    await gateway_standin.when(lambda: gateway_standin.of_method("agent.wait"), timeout=90)
    go_on.set()
    told = await call(second, 2, FERRY)
    assert FERRY in told
    assert len(sent(gateway_standin)) == 1, "the job was given to the agent again"
    again = await call(second, 3, "there.")
    assert FERRY not in again


async def test_a_job_in_one_worker_and_its_caller_in_another(
    start: Start, openai_api: OpenAIApi, gateway_standin: OpenClawGateway
) -> None:
    openai_api.brain = delegates_once
    go_on = asyncio.Event()

    async def agent(ask: Ask) -> Any:
        if "find a ferry" not in ask.user:
            return "ready"
        await go_on.wait()
        return FERRY

    gateway_standin.brain = agent
    program = await start(WORKERS=2, **delegates(gateway_standin))
    await program.ready(2)
    line = PhoneLine(call_sid=sid(1))
    url, first = await program.ring(line.call_sid)
    line.presses(2.0, "1")
    line.presses(2.2, "#")
    hang_up_after(line, "on it.", 120)
    await line.dial(url, 121)
    assert "I am on it." in heard(line)

    rung = {number: await program.ring(sid(number)) for number in (2, 3)}
    number, url = next((n, url) for n, (url, worker) in rung.items() if worker != first)
    again = PhoneLine(call_sid=sid(number))
    hang_up_after(again, FERRY, 120)
    call = asyncio.create_task(again.dial(url, 121))
    await program.until(lambda: heard(again) == "Hello there.", 60)
    go_on.set()
    await call
    assert f"I have the result. {FERRY}" in heard(again)
    assert len(sent(gateway_standin)) == 1


def sent(gateway: OpenClawGateway) -> list[Any]:
    """The job, each time it was sent."""
    return [s for s in gateway.of_method("chat.send") if "find a ferry" in s["message"]]
