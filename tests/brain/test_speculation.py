"""The model's side of an answer that is begun early: its mark, its tokens, its tools."""

import asyncio
from typing import Any

import pytest
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import LLMTokenUsage, LLMUsageMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams
from pydantic import SecretStr

from bot.brain.llm import make_llm
from bot.brain.speculation import CHARACTERS_PER_TOKEN, ThinksAhead
from bot.clients import Clients
from bot.frames import SPECULATIVE
from bot.providers import Endpoint
from tests.fakes.anthropic_api import AnthropicApi
from tests.fakes.script import CallTool, Pause, Say
from tests.fakes.scripted import ScriptedLLM
from tests.fixtures.small_pipeline import SmallPipeline, small_pipeline
from tests.fixtures.virtual_time import VirtualTime

QUESTION = "Do you have a table for two?"
LONG = Say("We do, and the parking is free for you and all of your guests.", token=0.1)


class Mind(ThinksAhead, ScriptedLLM):
    """A scripted model whose speculative answers flow on."""


def asks(speculation: bool = True) -> LLMContextFrame:
    """What the caller's turn asks of the model."""
    note = FunctionSchema("note", "Notes something.", {"text": {"type": "string"}}, ["text"])
    context = LLMContext([{"role": "user", "content": QUESTION}], ToolsSchema([note]))
    return LLMContextFrame(context, speculation=speculation)


def marks(talk: SmallPipeline) -> list[bool]:
    return [SPECULATIVE in frame.metadata for frame in talk.of(LLMFullResponseStartFrame)]


def text(talk: SmallPipeline) -> str:
    return "".join(frame.text for frame in talk.of(LLMTextFrame))


def tokens(talk: SmallPipeline) -> list[LLMTokenUsage]:
    return [data.value for data in talk.metrics(LLMUsageMetricsData)]


async def test_a_speculative_answer_flows_on_with_a_mark(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Mind(lambda _: "We do.")) as talk:
        await talk.send(UserStartedSpeakingFrame(), asks())
        await asyncio.sleep(1)
        assert (marks(talk), text(talk)) == ([True], "We do.")
        assert len(talk.of(LLMFullResponseEndFrame)) == 1
        await talk.send(UserStoppedSpeakingFrame())
        await asyncio.sleep(1)
    assert text(talk) == "We do."  # and not once more


async def test_other_answers_have_no_mark(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Mind(lambda _: "We do.")) as talk:
        await talk.send(UserStartedSpeakingFrame(), asks(speculation=False))
        await asyncio.sleep(1)
        await talk.send(UserStoppedSpeakingFrame())
        await talk.settle()
        await talk.send(asks())  # the turn's end has overtaken it: nothing speculative any more
        await asyncio.sleep(1)
        assert marks(talk) == [False, False]
        await talk.send(UserStartedSpeakingFrame())
        await talk.settle()
        await talk.send(asks())
        await asyncio.sleep(1)
    assert marks(talk) == [False, False, True]


async def test_a_withdrawn_answer_stops_and_the_next_one_is_marked(
    virtual_time: VirtualTime,
) -> None:
    llm = Mind(lambda ask: LONG)
    async with small_pipeline(llm) as talk:
        await talk.send(UserStartedSpeakingFrame(), asks())
        await asyncio.sleep(0.35)
        await talk.send(EagerEndOfTurnCancelFrame())
        await asyncio.sleep(0.2)
        said = text(talk)
        assert said
        assert LONG.text.startswith(said)
        assert llm.cancelled == 1
        await asyncio.sleep(3)
        assert text(talk) == said
        await talk.send(asks())
        await asyncio.sleep(3)
        assert text(talk) == said + LONG.text
    assert marks(talk) == [True, True]


@pytest.mark.parametrize("over", [EagerEndOfTurnCancelFrame, InterruptionFrame])
async def test_tokens_of_a_broken_off_answer_are_estimated_once(
    virtual_time: VirtualTime, over: type[Frame]
) -> None:
    async with small_pipeline(Mind(lambda _: LONG)) as talk:
        await talk.send(UserStartedSpeakingFrame(), asks())
        await asyncio.sleep(0.35)
        await talk.send(over())
        await asyncio.sleep(0.2)
        (used,) = tokens(talk)
        assert used.prompt_tokens >= len(QUESTION) // CHARACTERS_PER_TOKEN
        assert used.completion_tokens == len(text(talk)) // CHARACTERS_PER_TOKEN > 0
        assert used.total_tokens == used.prompt_tokens + used.completion_tokens
        await talk.send(EagerEndOfTurnCancelFrame(), InterruptionFrame(), InterruptionFrame())
        await asyncio.sleep(0.2)
    assert len(tokens(talk)) == 1


async def test_tokens_before_the_first_word_are_estimated_too(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Mind(lambda _: [Pause(2.0), LONG])) as talk:
        await talk.send(UserStartedSpeakingFrame(), asks())
        await asyncio.sleep(0.5)
        await talk.send(EagerEndOfTurnCancelFrame())
        await asyncio.sleep(0.2)
        (used,) = tokens(talk)
        assert used.prompt_tokens > 0
        assert used.completion_tokens == 0


async def test_the_providers_figure_makes_an_estimate_needless(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Mind(lambda _: "We do.")) as talk:
        await talk.send(UserStartedSpeakingFrame(), asks())
        await asyncio.sleep(1)
        await talk.send(EagerEndOfTurnCancelFrame(), InterruptionFrame())
        await asyncio.sleep(0.2)
        (used,) = tokens(talk)
        assert used.completion_tokens == 2  # the script's own count


async def test_a_provider_that_reports_as_it_is_broken_off_is_believed(
    virtual_time: VirtualTime,
) -> None:
    """As Anthropic's service does, and OpenAI's where usage comes with each chunk (vLLM)."""

    class Reporting(Mind):
        async def _answer(self, context: LLMContext) -> None:
            try:
                await super()._answer(context)
            except asyncio.CancelledError:
                await self.start_llm_usage_metrics(
                    LLMTokenUsage(prompt_tokens=70, completion_tokens=3, total_tokens=73)
                )
                raise

    for over in (EagerEndOfTurnCancelFrame, InterruptionFrame):
        async with small_pipeline(Reporting(lambda _: LONG)) as talk:
            await talk.send(UserStartedSpeakingFrame(), asks())
            await asyncio.sleep(0.35)
            await talk.send(over())
            await asyncio.sleep(0.2)
        assert [used.total_tokens for used in tokens(talk)] == [73]


async def test_claude_broken_off_is_counted_once() -> None:
    clients = Clients()
    async with AnthropicApi() as api:
        api.replies.append([Say("We do, ", token=0.0), Pause(5.0), "of course."])
        endpoint = Endpoint(
            "llm", "anthropic", api.origin, SecretStr(api.key or ""), "claude-test", "test"
        )
        async with small_pipeline(make_llm(endpoint, clients, "Be brief.")) as talk:
            await talk.send(UserStartedSpeakingFrame(), asks())
            await talk.until(lambda: text(talk))
            await talk.send(EagerEndOfTurnCancelFrame())
            await asyncio.sleep(0.1)
        assert "We do, of course.".startswith(text(talk))
        assert len(tokens(talk)) == 1
    await clients.aclose()


async def test_a_request_that_failed_has_cost_nothing(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Mind(lambda _: RuntimeError("overloaded"))) as talk:
        await talk.send(UserStartedSpeakingFrame(), asks())
        await asyncio.sleep(1)
        assert talk.errors
        await talk.send(EagerEndOfTurnCancelFrame(), InterruptionFrame())
        await asyncio.sleep(0.2)
        assert tokens(talk) == []


async def test_an_interruption_without_an_answer_counts_nothing(virtual_time: VirtualTime) -> None:
    async with small_pipeline(Mind(lambda _: "We do.")) as talk:
        await talk.send(InterruptionFrame(), EagerEndOfTurnCancelFrame())
        await asyncio.sleep(0.2)
        assert tokens(talk) == []


@pytest.mark.parametrize("words", ["", "Let me see. "])
@pytest.mark.parametrize("over", [UserStoppedSpeakingFrame, EagerEndOfTurnCancelFrame])
async def test_a_speculative_answers_tool_runs_when_the_turn_is_over_and_written_down(
    virtual_time: VirtualTime, words: str, over: type[Frame]
) -> None:
    called: list[Any] = []

    async def note(params: FunctionCallParams) -> None:
        called.append(params.arguments)
        await params.result_callback({"ok": True})

    llm = Mind(lambda _: [*([Say(words)] if words else []), CallTool("note", {"text": "two"})])
    llm.register_function("note", note)
    async with small_pipeline(llm) as talk:
        await talk.send(UserStartedSpeakingFrame(), asks())
        await asyncio.sleep(1)
        await talk.send(over())
        await asyncio.sleep(1)
        assert called == []
        llm.turn_known()
        await asyncio.sleep(1)
        assert called == ([{"text": "two"}] if over is UserStoppedSpeakingFrame else [])
        assert len(tokens(talk)) == 1
        await talk.send(asks(speculation=False))
        await asyncio.sleep(1)
        assert called[-1:] == [{"text": "two"}]


async def test_a_tool_that_is_reached_after_the_turns_end_is_run(
    virtual_time: VirtualTime,
) -> None:
    called: list[Any] = []

    async def note(params: FunctionCallParams) -> None:
        called.append(params.arguments)
        await params.result_callback({"ok": True})

    llm = Mind(lambda _: [Pause(1.0), CallTool("note", {"text": "two"})])
    llm.register_function("note", note)
    async with small_pipeline(llm) as talk:
        await talk.send(UserStartedSpeakingFrame(), asks())
        await asyncio.sleep(0.5)
        await talk.send(UserStoppedSpeakingFrame())
        llm.turn_known()
        await asyncio.sleep(1)
        assert called == [{"text": "two"}]
        assert talk.of(EagerEndOfTurnCancelFrame) == []
