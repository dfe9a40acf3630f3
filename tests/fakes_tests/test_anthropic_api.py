"""The stand-in for Anthropic, through the real SDK and through Pipecat's service."""

from collections.abc import AsyncIterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import AsyncAnthropic
from pipecat.frames.frames import LLMContextFrame, LLMTextFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.anthropic.llm import AnthropicLLMService
from pipecat.tests.utils import run_test

from tests.fakes import faults
from tests.fakes.anthropic_api import KEY, AnthropicApi, MessagesRequest
from tests.fakes.faults import Fault
from tests.fakes.script import CallTool, Expect, Script, tool_result

ASK: Any = {
    "model": "claude-haiku-4-5",
    "max_tokens": 500,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Hello"}],
}


@pytest.fixture
async def client(anthropic_api: AnthropicApi) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(
        api_key=KEY, base_url=anthropic_api.origin, max_retries=0, timeout=30
    ) as client:
        yield client


async def test_a_streamed_message(anthropic_api: AnthropicApi, client: AsyncAnthropic) -> None:
    anthropic_api.replies.append("Good morning, caller.")
    async with client.messages.stream(**ASK) as stream:
        texts = [text async for text in stream.text_stream]
        message = await stream.get_final_message()
    assert len(texts) > 3
    assert "".join(texts) == "Good morning, caller."
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens == len(texts)
    assert message.usage.input_tokens > 0
    (request,) = anthropic_api.of(MessagesRequest)
    assert (request.ask.system, request.ask.user) == ("Be brief.", "Hello")


async def test_tools_are_called_and_their_results_seen(
    anthropic_api: AnthropicApi, client: AsyncAnthropic
) -> None:
    anthropic_api.brain = Script(
        Expect("hello", "Let me see.", CallTool("weather", {"city": "Graz"}), CallTool("clock")),
        Expect(tool_result("22"), "It is mild."),
    )
    tools: Any = [
        {"name": name, "description": name, "input_schema": {"type": "object", "properties": {}}}
        for name in ("weather", "clock")
    ]
    async with client.messages.stream(**ASK, tools=tools) as stream:
        message = await stream.get_final_message()
    say, weather, clock = message.content
    assert say.type == "text"
    assert weather.type == clock.type == "tool_use"
    assert (weather.name, weather.input, clock.input) == ("weather", {"city": "Graz"}, {})
    assert message.stop_reason == "tool_use"
    assert anthropic_api.of(MessagesRequest)[0].ask.tools == ("weather", "clock")
    called: Any = {"role": "assistant", "content": message.content}
    results = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "22 degrees"}
        for block in (weather, clock)
    ]
    history = [*ASK["messages"], called]
    with pytest.raises(anthropic.BadRequestError, match="tool_result"):
        await client.messages.create(
            **{**ASK, "messages": [*history, {"role": "user", "content": "And?"}]}
        )
    answer = await client.messages.create(
        **{**ASK, "messages": [*history, {"role": "user", "content": results}]}
    )
    assert answer.content[0].type == "text"
    assert answer.content[0].text == "It is mild."


@pytest.mark.parametrize(
    ("fault", "error", "kind"),
    [
        (faults.BAD_REQUEST, anthropic.BadRequestError, "invalid_request_error"),
        (faults.UNAUTHORIZED, anthropic.AuthenticationError, "authentication_error"),
        (faults.NOT_FOUND, anthropic.NotFoundError, "not_found_error"),
        (faults.RATE_LIMITED, anthropic.RateLimitError, "rate_limit_error"),
        (faults.SERVER_ERROR, anthropic.InternalServerError, "api_error"),
        (faults.OVERLOADED, anthropic.OverloadedError, "overloaded_error"),
        (faults.STREAM_ERROR, anthropic.APIStatusError, "overloaded_error"),
        (faults.RESET, anthropic.APIConnectionError, None),
        (faults.CLOSED, httpx2.RemoteProtocolError, None),
    ],
    ids=str,
)
async def test_each_error_is_the_sdks_own(
    anthropic_api: AnthropicApi,
    client: AsyncAnthropic,
    fault: Fault,
    error: type[Exception],
    kind: str | None,
) -> None:
    anthropic_api.fail(fault, "messages", times=1)

    async def read() -> str:
        async with client.messages.stream(**ASK) as stream:
            return await stream.get_final_text()

    with pytest.raises(error) as raised:
        await read()
    body = getattr(raised.value, "body", None)
    assert (body["error"]["type"] if body else None) == kind
    assert await read() == "You said: Hello"


async def test_keys_models_and_missing_fields(
    anthropic_api: AnthropicApi, client: AsyncAnthropic
) -> None:
    with pytest.raises(anthropic.AuthenticationError):
        await client.with_options(api_key="sk-wrong").messages.create(**ASK)
    anthropic_api.models = {"claude-haiku-5-5"}
    with pytest.raises(anthropic.NotFoundError):
        await client.messages.create(**ASK)
    anthropic_api.models = None
    with pytest.raises(anthropic.BadRequestError, match="messages"):
        await client.messages.create(**{**ASK, "messages": []})


async def test_pipecats_service_answers_with_it(
    anthropic_api: AnthropicApi, client: AsyncAnthropic
) -> None:
    llm = AnthropicLLMService(
        api_key=KEY,
        client=client,
        settings=AnthropicLLMService.Settings(model="claude-haiku-4-5"),
    )
    context = LLMContext([{"role": "user", "content": "Good evening"}])
    down, _ = await run_test(llm, frames_to_send=[LLMContextFrame(context)], start_timeout=20)
    said = "".join(frame.text for frame in down if isinstance(frame, LLMTextFrame))
    assert said == "You said: Good evening"
