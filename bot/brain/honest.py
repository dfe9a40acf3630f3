"""A small model that is not trusted with what was done: the tools say it themselves."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from loguru import logger
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.brain.claims import sayable, unbacked
from bot.brain.model import Asked, Model, Piece, ToolCall, Words
from bot.brain.requests import shown

_CALL_IT = (
    "(You have called no tool, so nothing was done. If the caller wants something done, reply with "
    "its call now and nothing else.)"
)
NOT_DONE = "Sorry, that is not done yet. Could you say it once more?"
_ENDS = re.compile(r"[.!?][\"')]*\s+")


class Honest:
    """What tools answer is said as it stands where it can be, which spares a question as well.

    Where the model's own words claim or promise what no tool has done, it is asked once for the
    call; what it claims twice is never heard. Words pass sentence by sentence, which is how a slow
    model's are spoken.

    Args:
        model: The model.
    """

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def label(self) -> str:
        """See `Model.label`."""
        return self._model.label

    async def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """See `Model.answer`."""
        if told := sayable(asked.context.get_messages()):
            yield Words(told)
            return
        first = _Checked(asked.context.get_messages())
        async with aclosing(self._checked(asked, first)) as pieces:
            async for piece in pieces:
                yield piece
        if not first.stopped:
            return
        logger.warning(f"{self.label} claims what no tool has done; it is asked for the call")
        messages = [*asked.context.get_messages(), {"role": "developer", "content": _CALL_IT}]
        context = LLMContext(messages, asked.context.tools, asked.context.tool_choice)  # type: ignore[arg-type]
        second = _Checked(asked.context.get_messages())
        async with aclosing(self._checked(replace(asked, context=context), second)) as pieces:
            async for piece in pieces:
                yield piece
        if second.stopped:
            yield Words(NOT_DONE)

    async def _checked(self, asked: Asked, answer: "_Checked") -> AsyncGenerator[Piece, None]:
        tools = shown(asked.context)
        async with aclosing(self._model.answer(asked)) as pieces:
            async for piece in pieces:
                if tools and isinstance(piece, Words):
                    if ready := answer.take(piece.text):
                        yield Words(ready)
                    continue
                if isinstance(piece, ToolCall):
                    answer.called = True
                yield piece
        if rest := answer.take("", last=True):
            yield Words(rest)


class _Checked:
    """One answer's words. `stopped`: what it claims is not so, and it calls nothing either."""

    def __init__(self, messages: Sequence[Any]) -> None:
        self._messages = messages
        self._held = ""
        self._claimed = self.called = False

    @property
    def stopped(self) -> bool:
        return self._claimed and not self.called

    def take(self, text: str, *, last: bool = False) -> str:
        """The whole sentences that may be spoken now; nothing more after one that claims."""
        self._held += text
        ready, start = "", 0
        for end in [*(end.end() for end in _ENDS.finditer(self._held)), len(self._held)]:
            if end == len(self._held) and not last:
                break
            sentence, start = self._held[start:end], end
            self._claimed = self._claimed or unbacked(sentence, self._messages)
            if not self._claimed:
                ready += sentence
        self._held = self._held[start:]
        return ready
