"""Switching while calls are live, on the whole server with the providers' stand-ins behind it."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.call import Call
from bot.modes.operators import Order
from bot.modes.setup import Setup
from bot.server import Server
from bot.store import queries
from tests.fakes import elevenlabs_api as elevenlabs
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fakes.phoneline import PhoneLine
from tests.fixtures.house import Serve, cloud

pytestmark = pytest.mark.usefixtures("virtual_time")


@pytest.fixture
async def pod() -> AsyncIterator[OpenAIApi]:
    """Whisper and vLLM on RunPod."""
    async with OpenAIApi() as api:
        api.models = {"qwen-small"}
        yield api


def streaming(pod: OpenAIApi, voice: elevenlabs.ElevenLabsApi) -> dict[str, Any]:
    return {
        "BOT_GREETING": "Hello there.",
        "RUNPOD_A100_ENDPOINT": pod.url,
        "RUNPOD_API_KEY": "sk-test",
        "RUNPOD_LLM_MODEL": "qwen-small",
        "WHISPER_ENDPOINT": pod.url,
        "WHISPER_API_KEY": "sk-test",
        "ELEVENLABS_API_KEY": elevenlabs.KEY,
        "ELEVENLABS_VOICE_ID": elevenlabs.VOICE,
        "ELEVENLABS_BASE_URL": voice.origin,
    }


class Caller:
    """Calls; presses a key and waits for the answer."""

    def __init__(self, server: Server, number: int) -> None:
        self.line = PhoneLine(call_sid=f"CA{number:032d}")
        self._server, self._number = server, number
        self._task: asyncio.Task[None] | None = None
        self.path = ""

    async def dial(self) -> None:
        """Ring, and stay until `hang_up`; returns when the greeting was heard."""
        form = {"CallSid": self.line.call_sid, "From": f"+1555000{self._number:04d}"}
        async with aiohttp.ClientSession() as http:
            answer = await http.post(
                f"{self._server.url}/phone/incoming", data={**form, "To": "+15550009999"}
            )
            found = re.search(r'<Stream url="([^"]+)"', await answer.text())
        assert found
        self.path = found[1].split("/", 3)[3].rpartition("/")[0]
        self._task = asyncio.create_task(self.line.dial(found[1], 100))
        await self.hears("Hello there.")

    async def presses(self, key: str, answer: str) -> None:
        self.line.presses(self.line.now + 0.1, key)
        await self.hears(answer)

    async def hears(self, words: str) -> None:
        async with asyncio.timeout(60):
            while words not in " ".join(u.text for u in self.line.utterances()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def hang_up(self) -> None:
        assert self._task
        self.line.at(self.line.now + 0.05, self.line.end)
        await self._task


async def test_a_switch_touches_no_live_call(
    serve: Serve, openai_api: OpenAIApi, pod: OpenAIApi, elevenlabs_api: elevenlabs.ElevenLabsApi
) -> None:
    openai_api.brain = lambda _: "The cascade is speaking."
    said = iter(("The pod is speaking.", "It speaks again.", "And again."))
    pod.brain = lambda _: next(said)
    server = await serve(**streaming(pod, elevenlabs_api))
    assert server.resources
    operators, modes = server.resources.modes.operators, server.resources.modes.modes
    first, second, third = (Caller(server, number) for number in (1, 2, 3))
    await first.dial()
    await operators.switch(Order("runpod_streaming", who="anna"))
    await second.dial()
    await operators.switch(Order("cascade", when="idle"))
    await asyncio.gather(
        first.presses("1", "The cascade is speaking."), second.presses("2", "The pod is speaking.")
    )
    assert modes.mode == "runpod_streaming"  # two calls are live
    await operators.switch(Order("cascade", who="bert"))
    await third.dial()
    await asyncio.gather(
        third.presses("3", "The cascade is speaking."), second.presses("4", "It speaks again.")
    )
    await asyncio.gather(*(caller.hang_up() for caller in (first, second, third)))
    assert {r.body["model"] for r in pod.of(ChatRequest)} == {"qwen-small"}
    assert {r.body["model"] for r in openai_api.of(ChatRequest)} == {"gpt-4o-mini"}
    assert [c.path for c in (first, second, third)] == [
        "phone/media-stream",
        "streaming/media",
        "phone/media-stream",
    ]
    await server.resources.recorder.flush()
    stored = await queries.calls(server.resources.store)
    assert [(c.mode, c.mode_reason, c.state, c.providers["llm"]) for c in reversed(stored)] == [
        ("cascade", "default_mode", "ended", "openai gpt-4o-mini"),
        ("runpod_streaming", "operator's setting", "ended", "runpod qwen-small"),
        ("cascade", "operator's setting", "ended", "openai gpt-4o-mini"),
    ]
    assert modes.pool.outstanding == {}


async def test_a_switch_when_idle_comes_after_the_last_call(serve: Serve) -> None:
    server = await serve(BOT_GREETING="Hello there.")
    assert server.resources
    operators, modes = server.resources.modes.operators, server.resources.modes.modes
    caller = Caller(server, 1)
    await caller.dial()
    await operators.switch(Order("cascade", when="idle", who="anna"))
    await asyncio.sleep(1.5)  # longer than the beat
    assert modes.settled.pending
    assert modes.settled.mode is None
    await caller.hang_up()
    async with asyncio.timeout(10):
        while modes.settled.pending:  # noqa: ASYNC110 - the beat sets no event
            await asyncio.sleep(0.05)
    assert modes.settled.mode == "cascade"


async def test_new_settings_are_for_new_calls_and_live_ones_keep_theirs(
    serve: Serve, openai_api: OpenAIApi, tmp_path: Any
) -> None:
    openai_api.brain = lambda _: "Right."
    server = await serve(BOT_GREETING="Hello there.")
    resources = server.resources
    assert resources
    caller = Caller(server, 1)
    await caller.dial()
    changed = cloud(
        openai_api, tmp_path, OPENAI_MODEL="gpt-6-luna", BOT_GREETING="Hello there. Good day!"
    )
    resources.modes.modes.renew(Setup.of(changed))
    resources._renewed(changed)
    await caller.presses("1", "Right.")
    another = Caller(server, 2)
    await another.dial()
    await another.hears("Good day!")
    await another.presses("2", "Right.")
    await asyncio.gather(caller.hang_up(), another.hang_up())
    models = [request.body["model"] for request in openai_api.of(ChatRequest)]
    assert list(dict.fromkeys(models)) == ["gpt-4o-mini", "gpt-6-luna"]
    assert resources.parts(Call("phone")).sentences.greeting == "Hello there. Good day!"


async def test_the_embedded_models_are_refused_where_they_were_not_started(serve: Serve) -> None:
    server = await serve()
    assert server.resources
    with pytest.raises(Exception, match="embedded: needs the embedded models, which were not"):
        await server.resources.modes.operators.switch(Order("embedded", forced=True))
