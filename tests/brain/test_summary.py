"""A long conversation is summarised between turns; if it cannot be, nothing changes."""

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import LLMRunFrame
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.processors.aggregators import async_tool_messages
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair

from bot.brain import summary
from bot.brain.brain import Brain
from bot.brain.conversation import valid
from bot.brain.llm import make_llm
from bot.brain.model import Piece, Usage, Words
from bot.clients import Clients
from bot.errors import ProviderUnavailable
from tests.brain.asking import Scripted, openai_endpoint
from tests.brain.test_conversation import bot, call, openai_problem, result, user
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import ChatRequest
from tests.fakes.script import Ask, Say
from tests.fixtures.small_pipeline import small_pipeline
from tests.fixtures.virtual_time import VirtualTime

LONG = "and there is more to say about it than anybody on the phone would like to hear " * 4


def talked(turns: int) -> list[Any]:
    """A conversation; each turn has about 170 tokens."""
    said: list[Any] = [bot("Hello there.")]
    for number in range(turns):
        said += [user(f"Question {number} {LONG}"), bot(f"Answer {number} {LONG}")]
    return [*said, user("And now?")]


async def listen(brain: Brain, messages: list[Any], until: Any) -> tuple[LLMContext, Any]:
    """Have the brain answer once, and wait."""
    context = LLMContext(messages)
    users, assistants = LLMContextAggregatorPair(context)
    async with small_pipeline(users, brain, assistants) as talk:
        await talk.send(LLMRunFrame())
        await talk.until(lambda: until(context))
        await talk.settle(0.1)
    return context, talk


async def test_the_beginning_becomes_a_summary_and_the_end_stays(
    openai_api: OpenAIApi, clients: Clients
) -> None:
    openai_api.replies += ["It is noon.", "Ann wants\na table for two."]
    brain = make_llm(openai_endpoint(openai_api), clients, "Be brief.")
    before = talked(40)
    context, talk = await listen(brain, list(before), lambda c: len(c.messages) < len(before))
    first, *rest = context.get_messages()
    assert first["role"] == "user"  # type: ignore[index, call-overload]
    assert "Ann wants a table for two." in first["content"]  # type: ignore[index, call-overload]
    assert rest == [*before[-len(rest) + 1 :], bot("It is noon.")]
    assert rest[0]["role"] == "user"  # type: ignore[index, call-overload]
    assert 9 < len(rest) < 25
    assert talk.errors == []

    asked, summing = (request.ask for request in openai_api.of(ChatRequest))
    assert asked.system == "Be brief."
    assert summing.system == summary.PROMPT
    assert summing.tools == ()
    assert "Caller: Question 3 " in summing.user
    assert "Question 39" not in summing.user
    assert len(talk.metrics(LLMUsageMetricsData)) == 2, "it costs, so it is counted"


async def test_a_short_conversation_is_left_alone() -> None:
    model = Scripted([Words("It is noon.")])
    context, _ = await listen(
        Brain(model, ""), talked(10), lambda c: c.messages[-1] == bot("It is noon.")
    )
    assert len(model.asked) == 1
    assert context.messages[-1] == bot("It is noon.")


@pytest.mark.parametrize(
    "outcome", [[ProviderUnavailable("down")], [], [Usage("scripted model", 1, 0)]]
)
async def test_if_it_fails_nothing_changes_and_nobody_hears_of_it(
    outcome: list[Piece | Exception],
) -> None:
    model = Scripted([Words("It is noon.")], outcome)
    before = talked(40)
    context, talk = await listen(Brain(model, ""), list(before), lambda c: len(model.asked) == 2)
    assert context.messages == [*before, bot("It is noon.")]
    assert talk.errors == []


async def test_it_gives_up_in_time(virtual_time: VirtualTime) -> None:
    class Slow(Scripted):
        async def answer(self, asked):  # type: ignore[no-untyped-def]
            if asked.most_tokens:
                self.asked.append(asked)
                await asyncio.sleep(summary.LIMIT_SECONDS + 5)
            async for piece in super().answer(asked):
                yield piece

    model = Slow([Words("It is noon.")])
    before = talked(40)
    context, talk = await listen(Brain(model, ""), list(before), lambda c: len(model.asked) == 2)
    assert context.messages == [*before, bot("It is noon.")]
    assert talk.errors == []


async def test_turns_go_on_while_it_is_made(openai_api: OpenAIApi, clients: Clients) -> None:
    """The next answer does not wait for it, and what is said meanwhile stays."""
    made = asyncio.Event()

    async def answer(ask: Ask) -> Any:
        if ask.system == summary.PROMPT:
            await made.wait()
            return "Ann wants a table."
        return Say(f"Yes to {ask.user[-6:]}.")

    openai_api.brain = answer
    brain = make_llm(openai_endpoint(openai_api), clients, "Be brief.")
    context = LLMContext(talked(40))
    users, assistants = LLMContextAggregatorPair(context)
    async with small_pipeline(users, brain, assistants) as talk:
        await talk.send(LLMRunFrame())
        await talk.until(lambda: len(openai_api.requests) == 2)
        context.add_message(user("Second"))  # type: ignore[arg-type]
        await talk.send(LLMRunFrame())
        await talk.until(lambda: context.messages[-1] == bot("Yes to Second."))
        made.set()
        await talk.until(lambda: len(context.messages) < 40)
    said = context.get_messages()
    assert "Ann wants a table." in said[0]["content"]  # type: ignore[index, call-overload]
    assert said[-2:] == [user("Second"), bot("Yes to Second.")]
    assert openai_problem(valid(said)) == ""


def test_an_open_call_and_what_follows_it_stay() -> None:
    later = talked(40)
    started = async_tool_messages.build_started_message("a")
    waiting = [*talked(20)[:-1], user("Look it up"), call("a"), started, *later]
    assert 0 < summary.kept_from(waiting) <= waiting.index(call("a"))
    over = [*waiting, async_tool_messages.build_final_result_message("a", '"found"')]
    assert summary.kept_from(over) > waiting.index(call("a")) + 2
    running = [*talked(20)[:-1], user("Go"), call("b"), result("b", "IN_PROGRESS"), *later]
    assert 0 < summary.kept_from(running) <= running.index(call("b"))


def test_the_transcript_has_who_said_and_did_what() -> None:
    said = [user("Note milk"), call("a", '{"title": "milk"}'), result("a"), bot("Noted.")]
    assert summary.transcript(said).splitlines() == [
        "Caller: Note milk",
        'You used note with {"title": "milk"}',
        'Result: "Done."',
        "You: Noted.",
    ]


async def test_the_embedded_model_is_not_asked_to(openai_api: OpenAIApi, clients: Clients) -> None:
    openai_api.replies.append("It is noon.")
    endpoint = openai_endpoint(openai_api, "embedded")
    brain = make_llm(endpoint, clients, "Be brief.")
    await listen(brain, talked(40), lambda c: c.messages[-1] == bot("It is noon."))
    assert len(openai_api.requests) == 1
