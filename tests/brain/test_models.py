"""Models over real HTTP: words, tool calls, tokens, errors; a request that is given up ends."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.brain.llm import make_models
from bot.brain.model import Model, Piece, ToolCall, Words, Writing
from bot.clients import Clients
from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable
from bot.providers import Endpoint
from tests.brain.asking import (
    asks,
    calls,
    claude_endpoint,
    given,
    openai_endpoint,
    usage,
    words,
)
from tests.fakes import faults
from tests.fakes.anthropic_api import AnthropicApi, MessagesRequest
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fakes.openclaw_gateway import OpenClawGateway
from tests.fakes.openclaw_wire import Overloaded
from tests.fakes.script import CallTool, Pause, Raw, Say, Together
from tests.fakes.server import StandIn

BOTH = [
    ("bot_create_note", '{"title": "milk"}'),
    ("bot_play_youtube", '{"query": "jazz"}'),
]
MILK = CallTool("bot_create_note", {"title": "milk"})
JAZZ = CallTool("bot_play_youtube", {"query": "jazz"})


@pytest.fixture
def openai(openai_api: OpenAIApi, clients: Clients) -> Model:
    return make_models([openai_endpoint(openai_api)], clients)[0]


@pytest.fixture
def claude(anthropic_api: AnthropicApi, clients: Clients) -> Model:
    return make_models([claude_endpoint(anthropic_api)], clients)[0]


@pytest.fixture(params=["openai", "claude"])
def either(request: pytest.FixtureRequest) -> tuple[Model, StandIn]:
    """A model and its vendor."""
    api = {"openai": "openai_api", "claude": "anthropic_api"}[request.param]
    return request.getfixturevalue(request.param), request.getfixturevalue(api)


async def test_words_come_as_they_are_written(either: tuple[Model, StandIn]) -> None:
    model, api = either
    api.replies.append([Say("It is noon."), Pause(5.0), Say("And late.")])
    api.replies.append("Not asked for.")
    async with asyncio.timeout(3), aclosing(model.answer(asks())) as pieces:
        first = [(await anext(pieces)).text for _ in range(3)]  # type: ignore[union-attr]
    assert first == ["It", " is", " noon."]
    await api.when(lambda: api.requests[0].ended)
    assert api.requests[0].outcome == "cancelled"
    api.replies.clear()


async def test_a_task_that_is_cancelled_ends_the_request(either: tuple[Model, StandIn]) -> None:
    model, api = either
    api.replies.append([Pause(5.0), "Too late."])
    asking = asyncio.create_task(given(model))
    await api.when(lambda: api.requests)
    await asyncio.sleep(0.05)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await api.when(lambda: api.requests[0].ended)
    assert api.requests[0].outcome == "cancelled"


async def test_two_requests_in_one_breath_are_two_calls(either: tuple[Model, StandIn]) -> None:
    model, api = either
    api.replies.append(["Sure.", MILK, JAZZ])
    pieces = await given(model)
    assert (words(pieces), calls(pieces)) == ("Sure.", BOTH)
    ids = [piece.id for piece in pieces if isinstance(piece, ToolCall)]
    assert len(set(ids)) == 2
    assert all(re.fullmatch(r"[a-z0-9]{9}", one) for one in ids)


async def test_tokens_are_told_once(either: tuple[Model, StandIn]) -> None:
    model, api = either
    api.replies.append("It is noon.")
    told = usage(await given(model))
    assert (told.label, told.completion, told.cached) == (model.label, 3, 0)
    assert told.prompt > 5


async def test_several_calls_in_one_delta(openai: Model, openai_api: OpenAIApi) -> None:
    openai_api.replies.append([Together((MILK, JAZZ))])
    assert calls(await given(openai)) == BOTH


def fragment(**function: str) -> dict[str, Any]:
    return {"type": "function", "function": function}


@pytest.mark.parametrize(
    "deltas",
    [
        pytest.param(
            [
                [{"index": 0, "id": "x", **fragment(name=BOTH[0][0], arguments=BOTH[0][1])}],
                [{"index": 0, "id": "y", **fragment(name=BOTH[1][0], arguments=BOTH[1][1])}],
            ],
            id="all numbered 0",
        ),
        pytest.param(
            [
                [{"id": "x", **fragment(name=BOTH[0][0], arguments='{"title": ')}],
                [fragment(arguments='"milk"}')],
                [{"id": "y", **fragment(name=BOTH[1][0], arguments=BOTH[1][1])}],
            ],
            id="not numbered",
        ),
        pytest.param(
            [
                [{"index": 0, "id": "x", **fragment(name=BOTH[0][0], arguments='{"title": ')}],
                [{"index": 0, "id": "x", **fragment(name=BOTH[0][0], arguments='"milk"}')}],
                [{"index": 1, "id": "", **fragment(name="play_youtube", arguments=BOTH[1][1])}],
            ],
            id="name in every fragment, prefix forgotten, no id",
        ),
    ],
)
async def test_calls_as_odd_servers_send_them(
    openai: Model, openai_api: OpenAIApi, deltas: list[Any]
) -> None:
    openai_api.replies.append([Raw({"tool_calls": delta}) for delta in deltas])
    assert calls(await given(openai)) == BOTH


async def test_calls_written_as_text_over_http(openai: Model, openai_api: OpenAIApi) -> None:
    openai_api.replies.append(
        '<think>Two things.</think>Sure. <tool_call>{"name": "bot_create_note", "arguments": '
        '{"title": "milk"}}</tool_call>[TOOL_CALLS][{"name": "bot_play_youtube", "arguments": '
        '{"query": "jazz"}}]'
    )
    pieces = await given(openai)
    assert (words(pieces).strip(), calls(pieces)) == ("Sure.", BOTH)


async def test_thoughts_beside_the_answer_are_not_spoken(
    openai: Model, openai_api: OpenAIApi
) -> None:
    openai_api.replies.append(
        [
            Raw({"reasoning_content": "They want the time."}),
            Raw({"reasoning": "Noon, I think."}),
            Raw(
                {"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "No"}]}
            ),
            Raw({"content": "on."}),
        ]
    )
    assert words(await given(openai)) == "Noon."


async def test_a_model_whose_thoughts_begin_in_the_prompt_is_learnt(
    openai: Model, openai_api: OpenAIApi
) -> None:
    openai_api.replies += ["They ask.</think>Noon.", "They ask again.</think>Still noon.", "Yes."]
    openai_api.replies.append("Yes.")
    assert words(await given(openai)).endswith("Noon.")
    assert words(await given(openai)) == "Still noon."
    assert words(await given(openai)) == "Yes."  # late, for it thinks no more
    async with aclosing(openai.answer(asks())) as pieces:
        assert await anext(pieces) == Words("Yes.")


async def test_a_rambling_model_is_stopped_at_its_end(openai: Model, openai_api: OpenAIApi) -> None:
    openai_api.replies.append([Say("Noon.<|im_end|>\n<|im_start|>user\n"), Pause(5.0), "More."])
    async with asyncio.timeout(3):
        assert words(await given(openai)) == "Noon."
    await openai_api.when(lambda: openai_api.requests[0].ended)
    assert openai_api.requests[0].outcome == "cancelled"


EXPECTED = {
    "reset": ProviderUnavailable,
    "400": ProviderRefused,
    "401": ProviderDenied,
    "404": ProviderDenied,
    "429": ProviderUnavailable,
    "429-after-1s": ProviderUnavailable,
    "429-insufficient_quota": ProviderDenied,
    "500": ProviderUnavailable,
    "503": ProviderUnavailable,
    "closed": ProviderUnavailable,
    "garbage": ProviderUnavailable,
    "stream_error": ProviderUnavailable,
}


@pytest.mark.parametrize("fault", [f for f in faults.ALL if str(f) in EXPECTED], ids=str)
async def test_every_fault_is_one_of_our_errors(
    either: tuple[Model, StandIn], fault: faults.Fault
) -> None:
    model, api = either
    api.replies.append("It is a quarter past noon in this place.")
    api.fail(fault)
    with pytest.raises(ProviderError) as caught:
        await given(model)
    api.replies.clear()
    expected = EXPECTED[str(fault)]
    assert type(caught.value) is expected, caught.value
    assert len(api.requests) == 1, "the SDK must not ask again by itself"
    assert model.label in str(caught.value)
    assert "sk-" not in str(caught.value)
    if isinstance(caught.value, ProviderUnavailable):
        assert caught.value.retry_after == (fault.retry_after or 0.0)


async def test_a_call_of_an_answer_that_broke_off_is_not_given(
    openai: Model, openai_api: OpenAIApi
) -> None:
    openai_api.replies.append([CallTool("bot_create_note", {"title": "milk"}), Pause(0.01), "So."])
    openai_api.fail(faults.CLOSED.at(5))
    got: list[Piece] = []

    async def read() -> None:
        async for piece in openai.answer(asks()):
            if not isinstance(piece, Writing):
                got.append(piece)

    with pytest.raises(ProviderUnavailable):
        await read()
    assert got == []


async def test_a_tool_that_groq_could_not_read_may_be_asked_for_again(
    openai: Model, openai_api: OpenAIApi
) -> None:
    openai_api.fail(faults.Fault(faults.Kind.STATUS, 400, code="tool_use_failed"))
    with pytest.raises(ProviderUnavailable):
        await given(openai)


async def test_an_error_of_vllm_inside_a_stream(openai: Model, openai_api: OpenAIApi) -> None:
    error = {"message": "too long", "type": "BadRequestError", "code": 400}
    openai_api.stream_error = lambda: event(error)  # type: ignore[method-assign]
    openai_api.replies.append("Never.")
    openai_api.fail(faults.STREAM_ERROR.at(1))
    with pytest.raises(ProviderRefused, match="too long"):
        await given(openai)


def event(error: dict[str, Any]) -> bytes:
    return f"data: {json.dumps({'error': error})}\n\n".encode()


async def test_arguments_that_are_no_object_fit_no_tool(
    openai: Model, openai_api: OpenAIApi
) -> None:
    openai_api.replies += [
        CallTool("bot_create_note", '{"title": "mi'),
        CallTool("bot_create_note", '"milk"'),
        CallTool("bot_create_note", "{'title': 'milk',}"),
        CallTool("bot_create_note", ""),
    ]
    got = [calls(await given(openai))[0][1] for _ in range(4)]
    assert got == [
        '{"arguments": "{\\"title\\": \\"mi"}',
        '{"arguments": "milk"}',
        '{"title": "milk"}',
        "{}",
    ]


async def test_what_each_provider_is_sent(openai_api: OpenAIApi, clients: Clients) -> None:
    openai_api.key = None
    endpoints = [openai_endpoint(openai_api, provider) for provider in ("openai", "embedded")]
    said = [
        {"role": "assistant", "content": "Hello there."},
        {"role": "user", "content": "Hi"},
        {"role": "developer", "content": "The task is done."},
    ]
    for model in make_models(endpoints, clients):
        openai_api.replies.append("Yes.")
        await given(model, asks(*said))
    other, embedded = (request.body for request in openai_api.of(ChatRequest))
    for body in (other, embedded):
        assert body["stream_options"] == {"include_usage": True}
        assert body["messages"][0] == {"role": "system", "content": "Be brief."}
        assert body["messages"][-1] == {"role": "user", "content": "Hi\nThe task is done."}
        assert [tool["function"]["name"] for tool in body["tools"]] == [name for name, _ in BOTH]
        assert "user" not in body
    assert [m["role"] for m in other["messages"]] == ["system", "user", "assistant", "user"]
    assert [m["role"] for m in embedded["messages"]] == ["system", "assistant", "user"]
    assert not {"temperature", "max_tokens"} & other.keys()
    assert (embedded["temperature"], embedded["max_tokens"]) == (0.0, 120)


async def test_what_claude_is_sent(claude: Model, anthropic_api: AnthropicApi) -> None:
    anthropic_api.replies.append("Yes.")
    await given(claude, asks({"role": "assistant", "content": "Hello."}, most_tokens=50))
    (request,) = anthropic_api.of(MessagesRequest)
    body = request.body
    assert [m["role"] for m in body["messages"]] == ["user", "assistant", "user"]
    assert body["thinking"] == {"type": "disabled"}
    assert body["max_tokens"] == 50
    assert body["system"][0]["text"] == "Be brief."
    assert body["system"][0]["cache_control"] == {"type": "ephemeral"}
    assert [tool["name"] for tool in body["tools"]] == [name for name, _ in BOTH]


async def test_going_on_where_another_model_broke_off(either: tuple[Model, StandIn]) -> None:
    model, api = either
    api.replies.append("past noon.")
    await given(model, asks(said="It is a quarter"))
    ask = api.requests[0].ask  # type: ignore[attr-defined]
    assert [m.text for m in ask.messages if m.role == "assistant"] == ["It is a quarter"]
    assert "Go on from exactly there" in ask.user


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[OpenClawGateway]:
    async with OpenClawGateway() as made:
        yield made


@pytest.fixture
def openclaw(gateway: OpenClawGateway, clients: Clients) -> Model:
    key, address = SecretStr(gateway.token), f"{gateway.origin}/v1"
    endpoint = Endpoint("llm", "openclaw", address, key, "openclaw/voice", "test")
    return make_models([endpoint], clients)[0]


async def test_openclaw_gets_a_session_of_its_own_for_each_request(
    openclaw: Model, gateway: OpenClawGateway
) -> None:
    gateway.replies += ["It is noon.", [MILK, JAZZ]]
    assert words(await given(openclaw, asks(call_id="Call7"))) == "It is noon."
    assert calls(await given(openclaw, asks(call_id="Call7"))) == BOTH
    first, second = gateway.of(ChatRequest)
    keys = [request.headers["x-openclaw-session-key"] for request in (first, second)]
    assert all(re.fullmatch(r"agent:voice:tandem-call7-[0-9a-f]{32}", key) for key in keys)
    assert keys[0] != keys[1], "its transcript would come before the conversation that is sent"
    assert first.body["model"] == "openclaw/voice"
    assert "user" not in first.body


async def test_an_overload_that_openclaw_tells_after_its_200(
    openclaw: Model, gateway: OpenClawGateway
) -> None:
    gateway.replies.append([Overloaded(seconds=0.05)])
    with pytest.raises(ProviderUnavailable, match="temporarily overloaded"):
        await given(openclaw)


async def test_openclaws_words_for_nothing_are_nothing(
    openclaw: Model, gateway: OpenClawGateway
) -> None:
    gateway.replies.append([])
    assert await given(openclaw) == []


async def test_a_word_that_openclaw_takes_for_a_command_is_not_sent_alone(
    openclaw: Model, gateway: OpenClawGateway
) -> None:
    gateway.replies.append("All right.")
    await given(openclaw, asks({"role": "user", "content": "stop"}))
    (request,) = gateway.of(ChatRequest)
    assert [m["role"] for m in request.body["messages"]] == ["system", "user"]
    assert request.body["messages"][1]["content"] == "The caller says: stop"
