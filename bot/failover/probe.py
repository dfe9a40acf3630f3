"""Trying a language model that has failed: one short question, of which one word is taken."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from pipecat.processors.aggregators.llm_context import LLMContext

from bot.brain.model import Asked, Model

_QUESTION = "Say OK."


def first_word(model: Model) -> Callable[[], Awaitable[None]]:
    """A probe for the model's breaker; raises what the model raises."""

    async def probe() -> None:
        context = LLMContext([{"role": "user", "content": _QUESTION}])
        asked = Asked(context, "Answer with one word.", call_id="health")
        async with aclosing(model.answer(asked)) as pieces:
            async for _ in pieces:
                return

    return probe
