"""The switches between the two brains, on the wire: who got which request, with which model."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot import resources
from bot.settings import Settings
from bot.settings_report import rows
from bot.store import queries
from tests.fakes import anthropic_api as anthropic
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fakes.openclaw_gateway import TOKEN, OpenClawGateway
from tests.fakes.script import Ask, CallTool, Say
from tests.fixtures.house import Serve
from tests.fixtures.openclaw import delegates, keyed, works
from tests.fixtures.speech import Borrowed

pytestmark = pytest.mark.usefixtures("virtual_time")
FERRY = "The ferry leaves at nine."


def delegate(ask: Ask) -> CallTool | Say:
    """Hand the first thing over; then say so."""
    if not ask.results:
        return CallTool("bot_openclaw_task", {"task": "find a ferry"})
    return Say("I am on it.")


def models(api: OpenAIApi | OpenClawGateway) -> list[str]:
    """The models that were asked."""
    return [request.body["model"] for request in api.of(ChatRequest)]


@pytest.mark.parametrize(
    ("settings", "model"),
    [
        ({}, "gpt-4o-mini"),
        ({"BOT_HYBRID_LLM": "true", "BOT_HYBRID_PRIMARY_MODEL": "qwen3"}, "qwen3"),
        ({"OPENAI_MODEL": "llama"}, "llama"),
        ({"OPENAI_MODEL": "llama", "BOT_HYBRID_PRIMARY_MODEL": "qwen3"}, "qwen3"),
    ],
)
async def test_the_fast_model_talks_and_openclaw_works(
    serve: Serve,
    openai_api: OpenAIApi,
    gateway_standin: OpenClawGateway,
    settings: dict[str, Any],
    model: str,
) -> None:
    openai_api.brain = delegate
    gateway_standin.brain = works(FERRY)
    server = await serve(**delegates(gateway_standin, **settings))
    heard = await keyed(server, "1#", FERRY)
    assert heard[1:] == ["I am on it.", f"I have the result. {FERRY}"]
    assert set(models(openai_api)) == {model}
    assert not models(gateway_standin)
    warm_up, sent = gateway_standin.of_method("chat.send")
    assert "the one word: ready" in warm_up["message"]
    assert '"find a ferry"' in sent["message"]
    assert sent["sessionKey"].startswith("agent:main:")


async def test_the_embedded_model_hands_jobs_over_too(
    serve: Serve,
    openai_api: OpenAIApi,
    gateway_standin: OpenClawGateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def start(*_: Any) -> Borrowed:
        there = SimpleNamespace(base_url=openai_api.url, ready=True, status="ready")
        return Borrowed(there)  # type: ignore[arg-type]

    monkeypatch.setattr(resources, "start_embedded", start)
    openai_api.key, openai_api.brain = None, delegate
    gateway_standin.brain = works(FERRY)
    server = await serve(**delegates(gateway_standin, LLM_PROVIDERS="embedded"))
    heard = await keyed(server, "1#", FERRY)
    assert heard[1:] == ["I am on it.", f"I have the result. {FERRY}"]
    assert set(models(openai_api)) == {"llm"}
    offered = {tool["function"]["name"] for tool in openai_api.of(ChatRequest)[0].body["tools"]}
    assert {"bot_create_note", "bot_openclaw_task"} <= offered
    assert "bot_get_weather" not in offered, "a slow model reads few tools, always the same"
    assert not models(gateway_standin)


async def test_everything_through_openclaw(
    serve: Serve, openai_api: OpenAIApi, gateway_standin: OpenClawGateway
) -> None:
    def brain(ask: Ask) -> CallTool | Say:
        message = {"for_whom": "Anna", "text": "I am late."}
        return Say("It is noted.") if ask.results else CallTool("bot_take_message", message)

    gateway_standin.brain = brain
    socket = gateway_standin.url.replace("http", "ws")  # the other address is derived
    changes = {"BOT_HYBRID_LLM": "false", "OPENCLAW_AGENT": "voice", "OPENCLAW_API_URL": socket}
    server = await serve(**delegates(gateway_standin, **changes))
    heard = await keyed(server, "1#", "noted.")
    assert heard[-1] == "It is noted."
    assert set(models(gateway_standin)) == {"openclaw/voice"}
    assert not models(openai_api)
    asked = gateway_standin.of(ChatRequest)[0]
    offered = [tool["function"]["name"] for tool in asked.body["tools"]]
    assert {"bot_take_message", "bot_openclaw_task"} <= set(offered)


async def test_without_openclaw_nothing_speaks_of_it(serve: Serve, openai_api: OpenAIApi) -> None:
    openai_api.replies.append("Hi.")
    server = await serve(BOT_GREETING="Hello there.", OPENAI_MODEL="llama")
    assert (await keyed(server, "1#", "Hi."))[-1] == "Hi."
    (asked,) = openai_api.of(ChatRequest)
    assert asked.body["model"] == "llama"
    assert asked.body["tools"]
    spoken_of = [w for w in ("openclaw", "_task", "colleague") if w in str(asked.body).lower()]
    assert not spoken_of


async def test_claude_alone_thinks_but_takes_no_jobs(
    serve: Serve, openai_api: OpenAIApi, anthropic_api: anthropic.AnthropicApi
) -> None:
    def brain(ask: Ask) -> CallTool | Say:
        return Say("So.") if ask.results else CallTool("bot_think_deeply", {"question": "why?"})

    openai_api.brain = brain
    anthropic_api.replies.append("Because of light. It is scattered.")
    server = await serve(
        BOT_GREETING="Hello there.",
        ANTHROPIC_API_KEY=anthropic.KEY,
        ANTHROPIC_BASE_URL=anthropic_api.origin,
        ANTHROPIC_MODEL="claude-x",
    )
    heard = await keyed(server, "1#", "scattered.")
    assert " ".join(heard).endswith("Because of light. It is scattered.")
    (asked,) = anthropic_api.requests
    assert asked.ask.model == "claude-x"  # type: ignore[attr-defined]
    assert '"why?"' in asked.ask.user  # type: ignore[attr-defined]
    offered = str(openai_api.of(ChatRequest)[0].body["tools"])
    assert "bot_think_deeply" in offered
    assert "bot_openclaw_task" not in offered


async def test_limits_and_agent_reach_the_gateway(
    serve: Serve, openai_api: OpenAIApi, gateway_standin: OpenClawGateway
) -> None:
    results: list[str] = []

    def brain(ask: Ask) -> CallTool | Say:
        results.extend(ask.results)
        if len(results) < 2:
            return CallTool("bot_openclaw_task", {"task": f"find ferry {len(results)}"})
        return Say("One is enough.")

    openai_api.brain = brain
    gateway_standin.brain = lambda _: [Say(" " * 5000)]
    gateway_standin.token_delay = 0.05
    limits = {"OPENCLAW_TASK_TIMEOUT": 77, "OPENCLAW_MAX_TASKS": "1,5", "OPENCLAW_AGENT": "voice"}
    server = await serve(**delegates(gateway_standin, **limits))
    await keyed(server, "1#", "enough.")
    assert "as many jobs under way" in results[1]
    (sent,) = [s for s in gateway_standin.of_method("chat.send") if "ferry" in s["message"]]
    assert sent["sessionKey"].startswith("agent:voice:")
    assert 70_000 < sent["timeoutMs"] <= 77_000
    (hello, *_) = gateway_standin.of_method("connect")
    assert hello["auth"] == {"token": TOKEN}


async def test_a_gateway_that_is_away_holds_up_no_start(
    serve: Serve, openai_api: OpenAIApi, gateway_standin: OpenClawGateway
) -> None:
    await gateway_standin.refuse(cut=True)
    server = await serve(**delegates(gateway_standin))
    assert server.resources
    openai_api.replies.append("Hi.")
    assert (await keyed(server, "1#", "Hi."))[-1] == "Hi."
    await server.resources.recorder.flush()
    kinds = [event.kind for event in await queries.events(server.resources.store)]
    assert "openclaw away" in kinds


def test_the_report_explains_it() -> None:
    on = {"OPENCLAW_API_URL": "http://claw:1", "OPENCLAW_API_TOKEN": TOKEN, "OPENAI_API_KEY": "k"}

    def deep(**settings: Any) -> str:
        (row,) = (r for r in rows(Settings.load(None, **settings)) if r.part == "deep brain")
        return f"{row.uses}; {row.why}; {row.missing}"

    assert "openai gpt-4o-mini talks in front of it" in deep(**on)
    assert "openai qwen3 talks" in deep(**on, BOT_HYBRID_PRIMARY_MODEL="qwen3")
    assert "answers everything" in deep(**on, BOT_HYBRID_LLM="false")
    assert "hard questions" in deep(ANTHROPIC_API_KEY="k")
    assert "OPENCLAW_API_URL" in deep()
