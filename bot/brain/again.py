"""A model that is asked once more when it had nothing to say, or failed at once."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from loguru import logger
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.brain.model import Asked, Model, Piece, ToolCall, Words
from bot.errors import ProviderUnavailable

QUICK_SECONDS = 2.0
"""A failure that came later has cost the caller enough."""
LONGEST_PAUSE = 1.0
"""Seconds that a provider may ask for; for longer ones the caller would wait in silence."""
PAUSE = 0.1
_NUDGE = "(You have not answered. Answer the caller now, in one short sentence.)"


class Again:
    """Asks a model again, once, if the first answer had neither words nor tool calls.

    Args:
        model: The model, or several behind one.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def label(self) -> str:
        """See `Model.label`."""
        return self._model.label

    async def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """See `Model.answer`."""
        began, given = time.monotonic(), False
        try:
            async with aclosing(self._model.answer(asked)) as pieces:
                async for piece in pieces:
                    given = given or isinstance(piece, Words | ToolCall)
                    yield piece
        except ProviderUnavailable as error:
            late = time.monotonic() - began > QUICK_SECONDS
            if given or late or error.retry_after > LONGEST_PAUSE:
                raise
            logger.warning(f"asking again: {error}")
            await asyncio.sleep(max(PAUSE, error.retry_after))
        else:
            if given:
                return
            logger.warning(f"asking again: {self.label} had nothing to say")
            asked = nudged(asked)
        async with aclosing(self._model.answer(asked)) as pieces:
            async for piece in pieces:
                yield piece


def nudged(asked: Asked) -> Asked:
    """The same, and the model is told that an answer is expected."""
    context = asked.context
    messages = [*context.get_messages(), {"role": "developer", "content": _NUDGE}]
    return replace(asked, context=LLMContext(messages, context.tools, context.tool_choice))  # type: ignore[arg-type]
