"""Chat completions and the warm prefix over real HTTP, in front of a stand-in for llama.cpp."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.speech.embedded.chat_routes import CALL_END, MAX_TOKENS, add_chat_routes, without_oldest
from bot.speech.embedded.llama import LlamaEngine
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.sidecar import new_app
from tests.speech.embedded.waiting import until

PROGRAM = Path(__file__).with_name("standin_llama.py")
SYSTEM = {"role": "system", "content": "You are a bot."}
TOOL = {"type": "function", "function": {"name": "t", "parameters": {"type": "object"}}}


class Brain(NamedTuple):
    """The sidecar with nothing but a language model."""

    client: TestClient[Any, Any]
    engine: LlamaEngine
    folder: Path

    def diary(self, path: str) -> list[dict[str, Any]]:
        lines = (self.folder / "diary.jsonl").read_text().splitlines()
        return [entry for line in lines if (entry := json.loads(line))["path"] == path]

    async def say(self, *words: str, **more: Any) -> Any:
        body = {"messages": [SYSTEM, *turns(*words)], **more}
        return await self.client.post("/v1/chat/completions", json=body)

    async def until_ready(self) -> None:
        await until(lambda: self.engine.stage.state == "ready")


def turns(*words: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[i % 2], "content": word} for i, word in enumerate(words)]


@pytest.fixture
async def brain(tmp_path: Path) -> AsyncIterator[Brain]:
    (tmp_path / "own.gguf").write_text("weights")
    options = EmbeddedOptions(
        cache=tmp_path / "cache", llm_model=str(tmp_path / "own.gguf"), llm_slots=2
    )
    engine = LlamaEngine(options, [sys.executable, str(PROGRAM), str(tmp_path)])
    app = new_app([engine], ["llama"])
    add_chat_routes(app, engine)
    async with TestClient(TestServer(app, handler_cancellation=True)) as client:
        brain = Brain(client, engine, tmp_path)
        await engine.start()
        await brain.until_ready()
        yield brain
        await engine.stop()


async def test_an_answer_comes_whole(brain: Brain) -> None:
    response = await brain.say("hello")

    assert (await response.json())["choices"][0]["message"]["content"] == "You said hello."


async def test_an_answer_streams(brain: Brain) -> None:
    response = await brain.say("hello", stream=True)

    assert response.headers["Content-Type"] == "text/event-stream"
    text = await response.text()
    assert text.count("data: {") == 3
    assert text.endswith("data: [DONE]\n\n")


async def test_what_llama_gets_beside_the_request(brain: Brain) -> None:
    await brain.say("hello", tools=[TOOL], stop="\n\n")
    await brain.say("hello", tools=[], max_completion_tokens=9)

    first, second = (entry["body"] for entry in brain.diary("chat"))
    assert (first["stop"], first["max_tokens"]) == (["\n\n", CALL_END], MAX_TOKENS)
    assert "tools" not in second
    assert "max_tokens" not in second


async def test_a_conversation_stays_in_its_slot(brain: Brain) -> None:
    await brain.say("anna")
    await brain.say("ben")
    await brain.say("anna", "You said anna.", "more")
    await brain.say("ben", "You said ben.", "more")

    slots = [entry["body"]["id_slot"] for entry in brain.diary("chat")]
    assert slots == [0, 1, 0, 1]


async def test_a_caller_who_goes_away_stops_the_generation(brain: Brain) -> None:
    response = await brain.say("stall", stream=True)
    await response.content.readline()
    response.close()

    await until(lambda: brain.diary("broken off"))
    assert (await brain.say("still there?")).status == 200


async def test_too_long_a_conversation_loses_its_oldest_half(brain: Brain) -> None:
    words = [f"turn {i}" for i in range(9)]

    response = await brain.say(*words)

    assert response.status == 200
    first, second = (entry["body"]["messages"] for entry in brain.diary("chat"))
    assert len(first) == 10
    assert second == [SYSTEM, *first[5:]]


def test_what_is_left_begins_with_a_user_turn() -> None:
    messages = [SYSTEM, *turns("a", "b", "c", "d")]

    assert without_oldest(messages) == [SYSTEM, *messages[3:]]
    assert without_oldest([SYSTEM, *turns("a")]) == [SYSTEM, *turns("a")]


async def test_one_sentence_that_is_too_long_is_an_error(brain: Brain) -> None:
    crowd = [{"role": "assistant", "content": "x"}] * 8

    response = await brain.client.post(
        "/v1/chat/completions", json={"messages": [*turns("hi"), *crowd]}
    )

    assert response.status == 400
    assert (await response.json())["error"]["code"] == "exceed_context_size_error"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not valid JSON"),
        (b"[]", "must be a JSON object"),
        (b"{}", "messages: expected a list"),
        (b'{"messages": []}', "messages: expected a list"),
        (b'{"messages": ["hi"]}', "messages[0]: expected an object with a role"),
    ],
)
async def test_a_wrong_request_is_answered_in_openais_shape(
    brain: Brain, body: bytes, message: str
) -> None:
    response = await brain.client.post("/v1/chat/completions", data=body)

    error = (await response.json())["error"]
    assert response.status == 400
    assert message in error["message"]
    assert error["type"] == "invalid_request_error"
    assert set(error) == {"message", "type", "param", "code"}


async def test_a_model_that_dies_is_an_error_and_comes_back(brain: Brain) -> None:
    response = await brain.say("die")
    assert response.status == 503

    await until(lambda: brain.engine.stage.state != "ready")
    assert (await brain.say("hello")).status == 503
    await brain.until_ready()
    assert (await brain.say("hello")).status == 200

    pids = {entry["pid"] for entry in brain.diary("chat")}
    assert len(pids) == 2


async def test_a_prompt_is_evaluated_once_and_then_comes_from_disk(brain: Brain) -> None:
    prefix = {"messages": [SYSTEM], "tools": [TOOL]}

    first = await (await brain.client.post("/v1/tandem/warm", json=prefix)).json()
    second = await (await brain.client.post("/v1/tandem/warm", json=prefix)).json()

    assert (first["restored"], second["restored"]) == (False, True)
    assert len(brain.diary("completion")) == 1
    assert [entry["slot"] for entry in brain.diary("restore")] == ["1", "0", "1"]


async def test_a_restarted_model_is_warm_before_it_is_ready(brain: Brain) -> None:
    await brain.client.post("/v1/tandem/warm", json={"messages": [SYSTEM]})
    restored = len(brain.diary("restore"))

    await brain.say("die")
    await until(lambda: brain.engine.stage.state != "ready")
    await brain.until_ready()

    assert len(brain.diary("restore")) == restored + 2


async def test_a_broken_file_is_evaluated_again(brain: Brain) -> None:
    prefix = {"messages": [SYSTEM]}
    await brain.client.post("/v1/tandem/warm", json=prefix)
    (file,) = (brain.folder / "cache" / "warm").iterdir()
    file.write_text("garbage")

    again = await (await brain.client.post("/v1/tandem/warm", json=prefix)).json()

    assert again["restored"] is False
    assert file.read_text() == "state"
