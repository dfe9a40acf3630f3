"""Completions outside calls: who is asked by priority, who stands behind, what is recorded."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import select

from bot.brain.llm import make_models
from bot.brain.model import Usage
from bot.clients import Clients
from bot.errors import ProviderRefused, ProviderUnavailable
from bot.failover.breakers import Breakers
from bot.failover.complete import Completions, Priority, usage_line
from bot.providers import Endpoint
from bot.settings import Settings
from bot.store.tables import EventRow
from tests.fakes import anthropic_api as anthropic
from tests.fakes import faults
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fixtures.house import Serve


@pytest_asyncio.fixture
async def groq_api() -> AsyncIterator[OpenAIApi]:
    async with OpenAIApi(key="gsk-test") as api:
        yield api


@pytest_asyncio.fixture
async def house(
    openai_api: OpenAIApi, groq_api: OpenAIApi, anthropic_api: anthropic.AnthropicApi
) -> AsyncIterator[tuple[Completions, list[tuple[Usage, Priority]]]]:
    """Three providers, each of which says its name."""
    openai_api.brain = lambda _: "openai"
    groq_api.brain = lambda _: "groq"
    anthropic_api.brain = lambda _: "claude"
    settings = Settings.load(
        None,
        OPENAI_API_KEY="sk-test",
        OPENAI_BASE_URL=openai_api.url,
        GROQ_API_KEY="gsk-test",
        GROQ_BASE_URL=groq_api.url,
        ANTHROPIC_API_KEY=anthropic.KEY,
        ANTHROPIC_BASE_URL=anthropic_api.origin,
    )
    clients, breakers = Clients(), Breakers()
    recorded: list[tuple[Usage, Priority]] = []
    made = Completions(
        lambda: settings,
        lambda endpoints: make_models(endpoints, clients),
        breakers,
        lambda usage, priority: recorded.append((usage, priority)),
    )
    yield made, recorded
    await breakers.close()
    await clients.aclose()


House = tuple[Completions, list[tuple[Usage, Priority]]]


@pytest.mark.parametrize(
    ("priority", "first", "second"),
    [
        ("critical", "openai", "claude"),
        ("high", "groq", "openai"),
        ("normal", "groq", "openai"),
        ("low", "groq", "openai"),
    ],
)
async def test_each_priority_has_its_order(
    house: House,
    openai_api: OpenAIApi,
    groq_api: OpenAIApi,
    priority: Priority,
    first: str,
    second: str,
) -> None:
    completions, recorded = house
    assert await completions.complete("Say your name.", priority=priority) == first
    (openai_api if first == "openai" else groq_api).fail(faults.UNAVAILABLE, "chat")
    assert await completions.complete("Say your name.", priority=priority) == second
    assert [(usage.completion > 0, p) for usage, p in recorded] == [(True, priority)] * 2
    assert len({usage.label for usage, _ in recorded}) == 2


async def test_claude_is_the_last_of_the_ordinary_ones(
    house: House, openai_api: OpenAIApi, groq_api: OpenAIApi
) -> None:
    for api in (openai_api, groq_api):
        api.fail(faults.SERVER_ERROR, "chat")
    assert await house[0].complete("Say your name.", priority="low") == "claude"
    with pytest.raises(ProviderUnavailable):
        await house[0].complete("Say your name.", priority="high")  # never that far


async def test_prompt_context_and_length_reach_the_model(house: House, groq_api: OpenAIApi) -> None:
    await house[0].complete("Sum it up.", "Ann wants a table.", max_tokens=77)
    (asked,) = groq_api.of(ChatRequest)
    assert asked.body["max_tokens"] == 77
    assert asked.ask.user == "Ann wants a table.\n\nSum it up."


async def test_nothing_to_do_and_nobody_to_do_it(house: House) -> None:
    with pytest.raises(ProviderRefused):
        await house[0].complete(" ")
    alone = Completions(lambda: Settings.load(None), lambda _: [], Breakers(), lambda *_: None)
    with pytest.raises(ProviderUnavailable, match="no provider is set up"):
        await alone.complete("Say your name.")


async def test_the_process_has_them_and_notes_what_they_cost(
    serve: Serve, openai_api: OpenAIApi
) -> None:
    openai_api.brain = lambda _: "Two chairs."
    server = await serve(BOT_GREETING="Hello there.")
    assert server.resources
    text = await server.resources.completions.complete("Sum up.", "Ann wants two chairs.", "low")
    assert text == "Two chairs."
    await server.resources.recorder.flush()
    async with server.resources.store.reading() as session:
        query = select(EventRow.detail).where(EventRow.kind == "usage")
        (line,) = (await session.execute(query)).scalars()
    assert line.startswith("openai gpt-4o-mini: prompt=")
    assert line.endswith("priority=low")


async def test_without_a_vendor_the_calls_own_model_is_asked(openai_api: OpenAIApi) -> None:
    openai_api.brain = lambda _: "pod"
    key = SecretStr("sk-test")
    pod = Endpoint("llm", "runpod", openai_api.url, key, "gpt-4o-mini", "test")
    clients, breakers, now = Clients(), Breakers(), [Settings.load(None)]
    completions = Completions(
        lambda: now[0],
        lambda endpoints: make_models(endpoints, clients),
        breakers,
        lambda *_: None,
        lambda: [pod],
    )
    assert await completions.complete("Say your name.", priority="critical") == "pod"
    assert breakers.of(pod).health().answered == 1
    now[0] = Settings.load(None, GROQ_API_KEY="gsk-test", GROQ_BASE_URL="http://127.0.0.1:1/v1")
    with pytest.raises(ProviderUnavailable):  # a vendor that has been set up meanwhile is asked
        await completions.complete("Say your name.")
    await breakers.close()
    await clients.aclose()


def test_the_line_for_the_store() -> None:
    line = usage_line(Usage("groq m", 120, 40, 20), "high")
    assert line == "groq m: prompt=120 cached=20 completion=40 priority=high"
