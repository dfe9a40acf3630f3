"""The real gateway, openclaw 2026.9.6, with a stand-in for Claude behind it. It notices drift.

One gateway serves all of these tests; the one that kills it comes last.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import pytest

from bot import clients as house
from bot.brain.llm import make_models
from bot.brain.model import Words
from bot.clients import Clients
from bot.openclaw import follow, prompts
from bot.openclaw.connection import GatewayRefused, GatewayUnavailable
from bot.openclaw.events import Event
from bot.openclaw.follow import Ending, Follower
from bot.openclaw.gateway import Gateway
from bot.openclaw.thinking import GatewayThinker
from bot.providers import choose
from bot.settings import Settings
from tests.brain.asking import asks, calls
from tests.fakes.anthropic_api import AnthropicApi
from tests.fakes.faults import OVERLOADED
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.script import Ask, CallTool, Pause, Say
from tests.fixtures.house import Serve
from tests.fixtures.openclaw import keyed
from tests.openclaw.real_gateway import MODEL_KEY, TOKEN, RealGateway, install

pytestmark = [pytest.mark.gateway, pytest.mark.timeout(600)]

LIMIT = 300.0
"""Seconds; on a machine that is busy with other tests a restarted gateway takes two minutes."""


@pytest.fixture(scope="module")
def real(model_port: int) -> Iterator[RealGateway]:
    """The gateway, running."""
    gateway = RealGateway(f"http://127.0.0.1:{model_port}", install())
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.remove()


@pytest.fixture
async def claude(model_port: int) -> AsyncIterator[AnthropicApi]:
    """The model behind it."""
    api = AnthropicApi(MODEL_KEY, token=0.02)
    await api.start(model_port)
    yield api
    await api.stop()


@pytest.fixture
async def client(real: RealGateway, claude: AnthropicApi) -> AsyncIterator[Gateway]:
    """Our client of it."""
    gateway = Gateway(real.url, TOKEN)
    yield gateway
    await gateway.close()


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    """The process's clients."""
    made = Clients()
    yield made
    await made.aclose()


class Job:
    """A run on the real gateway that is followed."""

    def __init__(self, client: Gateway) -> None:
        self.run_id = uuid4().hex
        self.key = client.session_key(self.run_id)
        self.events: list[Event] = []
        self._client = client
        self.follower = Follower(
            client, self.key, self.run_id, self.events.append, client.watch(self.key)
        )

    async def begin(self, words: str) -> "Job":
        message = prompts.task_message("Tandem", words)
        await self._client.send(self.key, message, self.run_id, LIMIT)
        return self

    async def end(self) -> Ending:
        return await self.follower.follow(time.time() + LIMIT, ask_first=False)

    async def said(self) -> None:
        """Wait until some of the answer has come."""
        watch = self._client.watch(self.key)
        async with asyncio.timeout(LIMIT):
            while True:
                event = await watch.next(LIMIT)
                if event and event.kind == "text":
                    break
        watch.close()


def long(ask: Ask) -> list[Any]:
    return [Say(" ".join(f"word{n}" for n in range(400)))]


async def test_handshake_and_wrong_token(real: RealGateway, client: Gateway) -> None:
    await client.connect()
    for token, code in (("wrong", "INVALID_REQUEST"), ("", "NOT_PAIRED")):
        other = Gateway(real.url, token)
        with pytest.raises(GatewayRefused, match=code):
            await other.connect()
        await other.close()


async def test_a_stream_and_what_was_said_to_the_model(
    client: Gateway, claude: AnthropicApi
) -> None:
    asks: list[str] = []
    claude.brain = lambda ask: asks.append(ask.user) or [Say("One two three four five six.")]
    job = await Job(client).begin("count to six")
    ending = await job.end()
    assert ending == Ending("completed", "One two three four five six.")
    pieces = [event.text for event in job.events if event.kind == "text"]
    assert "".join(pieces) == ending.text
    assert '"count to six"' in asks[0]
    assert (await client.look_up(job.key, job.run_id)).text == ending.text


@pytest.mark.parametrize("words", ["stop", "/new", "do it /think high now", "a /status\n/stop"])
async def test_no_words_are_a_command(client: Gateway, claude: AnthropicApi, words: str) -> None:
    asks: list[str] = []
    claude.brain = lambda ask: asks.append(ask.user) or [Say("Done.")]
    ending = await (await Job(client).begin(words)).end()
    assert ending == Ending("completed", "Done.")
    assert prompts.quotable(words) in asks[0]


async def test_a_tool_loop(client: Gateway, claude: AnthropicApi) -> None:
    claude.replies.append([Say("Let me look."), CallTool("exec", {"command": "echo from-exec"})])
    claude.replies.append("It says from-exec.")
    job = await Job(client).begin("run it")
    assert await job.end() == Ending("completed", "It says from-exec.")
    assert [event.text for event in job.events if event.kind == "activity"]
    assert "from-exec" in str(claude.requests[-1])


async def test_steered_then_steered_too_late(client: Gateway, claude: AnthropicApi) -> None:
    claude.brain = lambda ask: [Say("Both.")] if "trains" in ask.user else long(ask)
    job = await Job(client).begin("ferries")
    ending = asyncio.create_task(job.end())
    await job.said()
    async with job.follower.steering():
        new_id = uuid4().hex
        assert await client.steer(job.key, prompts.steer_message("also trains"), new_id)
        job.follower.steered(new_id)
    assert await ending == Ending("completed", "Both.")
    assert not await client.steer(job.key, prompts.steer_message("and trains"), uuid4().hex)


async def test_aborted_by_its_own_connection_and_by_another(
    real: RealGateway, client: Gateway, claude: AnthropicApi
) -> None:
    claude.brain = long
    other = Gateway(real.url, TOKEN)
    for aborter in (client, other):
        job = await Job(client).begin("something long")
        ending = asyncio.create_task(job.end())
        await job.said()
        assert await aborter.abort(job.key, job.run_id)
        assert (await ending).status == "cancelled"
        assert (await client.look_up(job.key, job.run_id)).state == "cancelled"
    await other.close()


async def test_a_second_start_on_a_busy_session_is_swallowed_by_the_first(
    client: Gateway, claude: AnthropicApi
) -> None:
    claude.brain = lambda ask: [
        Say("Second.") if "second" in ask.user else Say("word " * 60),
    ]
    first = await Job(client).begin("first")
    ending = asyncio.create_task(first.end())
    await first.said()
    second = uuid4().hex
    await client.send(first.key, "the second thing, please", second, LIMIT)
    assert (await ending).text.endswith("Second.")
    assert (await client.look_up(first.key, second)).run_id != first.run_id


async def test_only_the_socket_is_lost(client: Gateway, claude: AnthropicApi) -> None:
    claude.brain = lambda _: [Say("Half"), Pause(2.0), Say(" and half.")]
    job = await Job(client).begin("something long")
    ending = asyncio.create_task(job.end())
    await job.said()
    socket = client._connection._websocket
    assert socket is not None
    socket.transport.abort()  # type: ignore[attr-defined]
    assert (await ending).status == "completed"
    assert len(claude.requests) == 1


async def test_no_sign_of_a_session_that_got_nothing(client: Gateway) -> None:
    run_id = uuid4().hex
    assert (await client.look_up(client.session_key(run_id), run_id)).state == "absent"


async def test_an_overloaded_model_shows_at_once(client: Gateway, claude: AnthropicApi) -> None:
    claude.fail(OVERLOADED)
    job = await Job(client).begin("anything")
    ending = asyncio.create_task(job.end())
    async with asyncio.timeout(LIMIT):
        while not any(event.kind == "retrying" for event in job.events):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert await client.abort(job.key, job.run_id)
    assert (await ending).status == "cancelled"


async def test_a_deep_answer_streams_and_stops_when_nobody_listens(
    client: Gateway, claude: AnthropicApi
) -> None:
    claude.brain = long
    thinker = GatewayThinker(client, "Tandem")
    async with aclosing(thinker.think("why?", "call")) as pieces:
        async for piece in pieces:
            assert piece
            break
    await claude.when(lambda: claude.requests[-1].outcome == "cancelled", timeout=30)


async def test_the_products_own_model_through_chat_completions(
    real: RealGateway, claude: AnthropicApi, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """BOT_HYBRID_LLM=false: the client's tools are called, a request that is dropped is stopped."""
    given = {"OPENCLAW_API_URL": real.url, "OPENCLAW_API_TOKEN": TOKEN, "OPENCLAW_AGENT": "voice"}
    # The first request of a gateway that shares two cores with other tests may take a minute.
    monkeypatch.setattr(house, "OWN_SERVER_TIMEOUT", house.EMBEDDED_TIMEOUT)
    endpoint = choose(Settings.load(None, **given, BOT_HYBRID_LLM=False)).llm[0]
    (model,) = make_models([endpoint], clients)
    claude.replies.append([CallTool("bot_create_note", {"title": "milk"})])
    answer = [piece async for piece in model.answer(asks())]
    (called,) = calls(answer)
    assert (called[0], json.loads(called[1])) == ("bot_create_note", {"title": "milk"})
    assert set(claude.requests[-1].ask.tools) == {"bot_create_note", "bot_play_youtube"}  # type: ignore[attr-defined]
    claude.brain = long
    async with aclosing(model.answer(asks({"role": "user", "content": "Go on."}))) as pieces:
        async for piece in pieces:
            if isinstance(piece, Words):
                break
    await claude.when(lambda: claude.requests[-1].outcome == "cancelled", timeout=30)


async def test_a_call_delegates_and_hears_the_result(
    real: RealGateway, claude: AnthropicApi, openai_api: OpenAIApi, serve: Serve
) -> None:
    claude.brain = lambda ask: [Say("The ferry leaves at nine.\n\nIt is the Blue Star.")]

    def brain(ask: Ask) -> CallTool | Say:
        if not ask.results:
            return CallTool("bot_openclaw_task", {"task": "find a ferry to Crete"})
        return Say("I am on it.")

    openai_api.brain = brain
    given = {"OPENCLAW_API_URL": real.url, "OPENCLAW_API_TOKEN": TOKEN}
    server = await serve(BOT_GREETING="Hello there.", SILENCE_PROMPT_SECONDS=300, **given)
    heard = " ".join(await keyed(server, "1#", "Shall I go on?", latest=90))
    assert "I am on it." in heard
    assert heard.endswith("The ferry leaves at nine. There is more to it. Shall I go on?")
    asked = [str(request) for request in claude.requests if "ferry to Crete" in str(request)]
    assert len(asked) == 1


async def test_killed_in_mid_run_it_goes_on_by_itself(
    real: RealGateway, client: Gateway, claude: AnthropicApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "LOST_BACKOFF", (0.25, 0.5))
    claude.brain = lambda ask: [Say("Found after all.")] if "[System]" in str(ask) else long(ask)
    job = await Job(client).begin("ferries")
    ending = asyncio.create_task(job.end())
    await job.said()
    with pytest.raises(GatewayUnavailable):
        await asyncio.gather(
            real.restart(),
            client._connection.ask(
                "agent.wait",
                {
                    "runId": job.run_id,
                    "timeoutMs": 60_000,
                },
                60.0,
            ),
        )
    assert await ending == Ending("completed", "Found after all.")
