"""The processor: what it speaks, which tools it starts, what it reports; on true wires."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    ErrorFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMRunFrame,
    LLMTextFrame,
    UserStartedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData, TTFBMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.llm_service import FunctionCallParams
from pipecat.utils.errors import ErrorCategory

from bot.brain.brain import MOST_CALLS, Brain
from bot.brain.conversation import INTERRUPTED
from bot.brain.llm import make_llm
from bot.brain.model import Piece, ToolCall, Usage, Words
from bot.clients import Clients
from bot.errors import ProviderDenied, ProviderRefused, ProviderUnavailable
from tests.brain.asking import QUESTION, Scripted, claude_endpoint, context, openai_endpoint
from tests.fakes.anthropic_api import MessagesRequest
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fakes.script import Ask, CallTool, Pause, Say, Together
from tests.fakes.server import StandIn
from tests.fixtures.small_pipeline import SmallPipeline, small_pipeline

MILK = CallTool("bot_create_note", {"title": "milk"})
JAZZ = CallTool("bot_play_youtube", {"query": "jazz"})
BYE = ToolCall("a1", "bot_end_call", "{}")


class Tools:
    """The two tools, what they were called with, and when they may answer."""

    def __init__(self) -> None:
        self.called: list[tuple[str, Any]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def run(self, params: FunctionCallParams) -> None:
        self.called.append((params.function_name, dict(params.arguments)))
        await self.may_answer.wait()
        await params.result_callback(f"{params.function_name} is done")

    def schemas(self) -> list[FunctionSchema]:
        text = {"type": "string"}
        return [
            FunctionSchema(
                "bot_create_note", "Notes.", {"title": text}, ["title"], handler=self.run
            ),
            FunctionSchema(
                "bot_play_youtube", "Plays.", {"query": text}, ["query"], handler=self.run
            ),
        ]


@asynccontextmanager
async def talking(brain: Brain, tools: Tools | None = None) -> AsyncIterator[SmallPipeline]:
    """A pipeline with the brain between the two halves of a context."""
    shown: Any = tools.schemas() if tools else []
    said = LLMContext([{"role": "user", "content": QUESTION}], shown)
    users, assistants = LLMContextAggregatorPair(said)
    async with small_pipeline(users, brain, assistants) as talk:
        talk.context = said  # type: ignore[attr-defined]
        yield talk


@pytest.fixture(params=["openai", "claude"])
def wire(request: pytest.FixtureRequest, clients: Clients) -> tuple[Brain, StandIn]:
    """A brain on a vendor's true wire."""
    api: Any
    if request.param == "openai":
        api = request.getfixturevalue("openai_api")
        endpoint = openai_endpoint(api)
    else:
        api = request.getfixturevalue("anthropic_api")
        endpoint = claude_endpoint(api)
    return make_llm(endpoint, clients, "Be brief.", "call-7"), api


def asked(api: StandIn) -> list[Ask]:
    kind = ChatRequest if isinstance(api, OpenAIApi) else MessagesRequest
    return [request.ask for request in api.of(kind)]  # type: ignore[attr-defined, type-var]


def spoken(talk: SmallPipeline) -> str:
    return "".join(
        str(m["content"])
        for m in talk.context.messages
        if m["role"] == "assistant" and m.get("content")
    )  # type: ignore[attr-defined]


async def test_two_requests_in_one_breath_both_run(wire: tuple[Brain, StandIn]) -> None:
    brain, api = wire
    tools = Tools()
    together = [Together((MILK, JAZZ))] if isinstance(api, OpenAIApi) else [MILK, JAZZ]
    api.replies += [together, lambda ask: f"{len(ask.results) or 'No'} results."]
    async with talking(brain, tools) as talk:
        await talk.send(LLMRunFrame())
        await talk.until(lambda: len(api.requests) == 2 and api.requests[1].ended)
        await talk.until(lambda: "results." in spoken(talk))
    assert tools.called == [
        ("bot_create_note", {"title": "milk"}),
        ("bot_play_youtube", {"query": "jazz"}),
    ]
    results = [m.text for m in asked(api)[1].messages if m.role == "tool"]
    assert results == ['"bot_create_note is done"', '"bot_play_youtube is done"']


async def test_an_interruption_during_a_tool_leaves_a_valid_conversation(
    wire: tuple[Brain, StandIn],
) -> None:
    brain, api = wire
    tools = Tools()
    tools.may_answer.clear()
    api.replies += [[MILK], "Tuesday then."]
    async with talking(brain, tools) as talk:
        await talk.send(LLMRunFrame())
        await talk.until(lambda: tools.called)
        await talk.settle(0.05)
        await talk.send(InterruptionFrame())
        await talk.settle(0.05)
        talk.context.add_message({"role": "user", "content": "No, Tuesday."})  # type: ignore[attr-defined]
        await talk.send(LLMRunFrame())
        await talk.until(lambda: "Tuesday then." in spoken(talk))
        assert talk.errors == []
    second = asked(api)[1]
    assert [m.text for m in second.messages if m.role == "tool"] == [INTERRUPTED]
    assert second.user == "No, Tuesday."


async def test_an_interruption_ends_the_request_at_once(wire: tuple[Brain, StandIn]) -> None:
    brain, api = wire
    api.replies.append([Say("We do, "), Pause(5.0), "of course."])
    async with talking(brain) as talk:
        await talk.send(LLMRunFrame())
        await talk.until(lambda: api.requests)
        await talk.settle(0.05)
        await talk.send(InterruptionFrame())
        await api.when(lambda: api.requests[0].ended)
    assert api.requests[0].outcome == "cancelled"


async def test_it_times_and_counts(wire: tuple[Brain, StandIn]) -> None:
    brain, api = wire
    api.replies.append("It is noon.")
    async with small_pipeline(brain) as talk:
        await talk.send(LLMContextFrame(context()))
        await talk.until(lambda: talk.of(LLMFullResponseEndFrame))
    kinds = [type(f) for f in talk.down if isinstance(f, LLMFullResponseStartFrame | LLMTextFrame)]
    assert kinds == [LLMFullResponseStartFrame] + [LLMTextFrame] * 3
    (used,) = talk.metrics(LLMUsageMetricsData)
    assert (used.value.completion_tokens, used.model) == (3, brain._asks.label)
    assert used.value.total_tokens == used.value.prompt_tokens + 3
    assert len([data for data in talk.metrics(TTFBMetricsData) if data.value]) == 1
    assert asked(api)[0].system == "Be brief."


@pytest.mark.parametrize(
    ("error", "category", "usable"),
    [
        (ProviderDenied("wrong key"), ErrorCategory.AUTHENTICATION, False),
        (ProviderRefused("nonsense"), ErrorCategory.INVALID_REQUEST, False),
        (ProviderUnavailable("down"), ErrorCategory.CONNECTIVITY, True),
        (ProviderUnavailable("busy", retry_after=9.0), ErrorCategory.RATE_LIMIT, True),
        (KeyError("ours"), ErrorCategory.UNKNOWN, True),
    ],
)
async def test_errors_are_reported_by_their_kind(
    error: Exception, category: ErrorCategory, usable: bool
) -> None:
    brain = Brain(Scripted([error]), "Be brief.")
    async with small_pipeline(brain) as talk:
        await talk.send(LLMContextFrame(context()))
        await talk.until(lambda: talk.of(LLMFullResponseEndFrame))
        await talk.until(lambda: talk.errors)
        (frame,) = (f for f in talk.up if isinstance(f, ErrorFrame))
        assert (frame.category, frame.processor, brain.is_usable) == (category, brain, usable)


async def test_a_tool_that_is_not_there_is_told_once_a_turn() -> None:
    """And if nothing is left of the answer then, `Care` has the caller told."""
    wrong: list[Piece | Exception] = [ToolCall("a1", "bot_fly", "{}")]
    again: list[Piece | Exception] = [ToolCall("a2", "bot_swim", "{}")]
    model = Scripted(wrong, again)
    async with talking(Brain(model, "Be brief."), Tools()) as talk:
        await talk.send(LLMRunFrame())
        await talk.until(lambda: len(model.asked) == 2)
        await talk.settle(0.2)
        assert len(model.asked) == 2
    results = [m for m in talk.context.messages if m["role"] == "tool"]  # type: ignore[attr-defined]
    assert "there is no tool bot_fly" in results[0]["content"]
    assert len(results) == 1


async def test_a_model_that_goes_round_in_circles_is_stopped() -> None:
    loop: list[list[Piece | Exception]] = [
        [ToolCall(f"c{n}", "bot_create_note", '{"title": "x"}')] for n in range(MOST_CALLS + 3)
    ]
    model, tools = Scripted(*loop), Tools()
    async with talking(Brain(model, "Be brief."), tools) as talk:
        await talk.send(LLMRunFrame())
        await talk.until(lambda: len(model.asked) == MOST_CALLS + 1)
        await talk.settle(0.2)
    assert len(tools.called) == MOST_CALLS
    assert len(model.asked) == MOST_CALLS + 1


async def test_whose_conversation_it_is_and_the_prompt_are_passed_on() -> None:
    model = Scripted([Words("Hi.")])
    async with small_pipeline(Brain(model, "Be brief.", call_id="call-7")) as talk:
        await talk.send(LLMContextFrame(context()))
        await talk.until(lambda: talk.of(LLMFullResponseEndFrame))
    (one,) = model.asked
    assert (one.call_id, one.system, one.said) == ("call-7", "Be brief.", "")


async def test_the_model_that_was_paid_is_named() -> None:
    model = Scripted([Words("Hi."), Usage("another model", 5, 1, cached=4)])
    async with small_pipeline(Brain(model, "Be brief.")) as talk:
        await talk.send(LLMContextFrame(context()))
        await talk.until(lambda: talk.metrics(LLMUsageMetricsData))
    (used,) = talk.metrics(LLMUsageMetricsData)
    assert used.model == "another model"
    assert (used.value.cache_read_input_tokens, used.value.total_tokens) == (4, 6)


async def test_speculation_on_a_true_wire(openai_api: OpenAIApi, clients: Clients) -> None:
    tools = Tools()
    openai_api.replies += [[MILK], "We do."]
    brain = make_llm(openai_endpoint(openai_api), clients, "Be brief.")
    async with small_pipeline(brain) as talk:
        said = LLMContext([{"role": "user", "content": QUESTION}], tools.schemas())  # type: ignore[arg-type]
        await talk.send(UserStartedSpeakingFrame(), LLMContextFrame(said, speculation=True))
        await talk.until(lambda: talk.metrics(LLMUsageMetricsData))
        assert tools.called == []
        await talk.send(EagerEndOfTurnCancelFrame(), LLMContextFrame(said, speculation=True))
        await talk.until(lambda: len(talk.of(LLMTextFrame)) == 2)
    assert tools.called == []
