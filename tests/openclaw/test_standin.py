"""The stand-in's HTTP side, with the client that Pipecat uses."""

import openai
import pytest

from tests.fakes.openclaw_gateway import TOKEN, OpenClawGateway
from tests.fakes.openclaw_wire import Overloaded
from tests.fakes.script import CallTool

_TOOL = {"type": "function", "function": {"name": "bot_note", "parameters": {"type": "object"}}}


def _client(openclaw: OpenClawGateway, token: str = TOKEN) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key=token, base_url=f"{openclaw.url}/v1", max_retries=0)


async def _ask(client: openai.AsyncOpenAI, agent: str = "voice") -> str:
    stream = await client.chat.completions.create(
        model=f"openclaw/{agent}",
        messages=[{"role": "user", "content": "note: milk"}],
        tools=[_TOOL],  # type: ignore[list-item]
        stream=True,
    )
    found = ""
    async for chunk in stream:
        delta = chunk.choices[0].delta
        found += delta.content or ""
        for call in delta.tool_calls or ():
            assert call.function
            found += (call.function.name or "") + (call.function.arguments or "")
    return found


async def test_text_and_the_clients_tools(openclaw: OpenClawGateway) -> None:
    openclaw.replies.append("It is noted.")
    openclaw.replies.append([CallTool("bot_note", {"title": "milk"})])
    async with _client(openclaw) as client:
        assert await _ask(client) == "It is noted."
        assert await _ask(client) == 'bot_note{"title": "milk"}'


async def test_overloaded_is_a_200_with_a_late_error(openclaw: OpenClawGateway) -> None:
    openclaw.replies.append([Overloaded(seconds=0.1)])
    async with _client(openclaw) as client:
        with pytest.raises(openai.APIError, match="overloaded"):
            await _ask(client)


async def test_wrong_token_and_wrong_agent(openclaw: OpenClawGateway) -> None:
    async with _client(openclaw, "wrong") as client:
        with pytest.raises(openai.AuthenticationError):
            await _ask(client)
    async with _client(openclaw) as client:
        with pytest.raises(openai.BadRequestError, match="nobody"):
            await _ask(client, "nobody")
