"""A small model that is not trusted with what was done: the tools say it themselves."""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from loguru import logger
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.brain.breath import requests_in, requests_of, to_be_done
from bot.brain.claims import sayable, unbacked
from bot.brain.model import Asked, Model, Piece, ToolCall, Words
from bot.brain.requests import shown

_CALL_IT = (
    "(You have called no tool, so nothing was done. If the caller wants something done, reply with "
    "its call now and nothing else.)"
)
_CALL_IT_NOW = (
    "(Nothing was done: you have called no tool. Now reply with the call only, like "
    '<tool_call>{"name": "...", "arguments": {...}}</tool_call>)'
)
"""For what plainly has to be done; the form is a step that the smallest models need."""
NOT_DONE = "Sorry, that is not done yet. Could you say it once more?"
NOT_THIS = "Sorry, this is not done yet: {}. Could you say that once more?"
_ENDS = re.compile(r"[.!?][\"')]*\s+")


@dataclass(frozen=True, slots=True)
class _Request:
    """One thing to ask the model for. `number`: how many of the breath's requests are asked for
    with it; `words`: the caller's where there are several; `due`: words alone are no answer."""

    asked: Asked
    number: int
    words: str = ""
    due: bool = False


class Honest:
    """What tools answer is said as it stands where it can be, which spares a question as well.

    Where the model's own words claim or promise what no tool has done, or it calls nothing though
    the caller plainly wants something done, it is asked once for the call; what comes of neither
    is said not to be done. Of several requests in one breath it is asked for one after the other.
    Words pass sentence by sentence, which is how a slow model's are spoken.

    Args:
        model: The model.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._after: dict[str, int] = {}
        """By a tool call's id: how many of the breath's requests were asked for by then."""

    @property
    def label(self) -> str:
        """See `Model.label`."""
        return self._model.label

    async def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """See `Model.answer`."""
        told = sayable(asked.context.get_messages())
        if told:
            yield Words(told)
        requests = self._requests(asked, bool(told))
        for place, request in enumerate(requests):
            if told or place:
                yield Words(" ")
            called = False
            async with aclosing(self._kept(request)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, ToolCall):
                        called = True
                        self._after[piece.id] = request.number
                    yield piece
            if called:  # the others' turn comes with what it answers
                return

    def _requests(self, asked: Asked, told: bool) -> list[_Request]:
        """What the model is still to be asked for in this turn of the caller's."""
        messages = asked.context.get_messages()
        first, place = _unanswered(messages)
        before, since = list(messages[:first]), messages[place + 1 :]
        words = [str(_get(message, "content") or "") for message in messages[first : place + 1]]
        parts = requests_of(words)
        ids = [call["id"] for message in since for call in _get(message, "tool_calls") or ()]
        done = self._after.get(ids[-1], len(parts)) if ids else 0
        found: list[_Request] = []
        if not since and len(parts) <= 1 and first >= place:
            return [_Request(asked, 1, due=any(map(to_be_done, parts)))]
        if since and not told:
            found = [_Request(asked, done if ids else len(parts))]
        if since and not ids:
            return found
        for number, part in enumerate(parts[done:], done + 1):
            said = [*before, {"role": "user", "content": part}]
            context = LLMContext(said, asked.context.tools, asked.context.tool_choice)  # type: ignore[arg-type]
            found.append(
                _Request(replace(asked, context=context), number, part, due=to_be_done(part))
            )
        return found

    async def _kept(self, request: _Request) -> AsyncGenerator[Piece, None]:
        """One answer, without what is not so."""
        asked = request.asked
        first = _Checked(asked.context.get_messages(), request.due)
        async with aclosing(self._checked(asked, first)) as pieces:
            async for piece in pieces:
                yield piece
        if not first.stopped:
            return
        logger.warning(f"{self.label} claims what no tool has done; it is asked for the call")
        told = {"role": "developer", "content": _CALL_IT_NOW if request.due else _CALL_IT}
        messages = [*asked.context.get_messages(), told]
        context = LLMContext(messages, asked.context.tools, asked.context.tool_choice)  # type: ignore[arg-type]
        second = _Checked(asked.context.get_messages(), request.due)
        async with aclosing(self._checked(replace(asked, context=context), second)) as pieces:
            async for piece in pieces:
                yield piece
        if second.stopped:
            bare = request.words.rstrip(" .,;?!")
            yield Words(NOT_THIS.format(bare) if bare else NOT_DONE)

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
    """One answer's words. `stopped`: what it claims is not so, and it calls nothing either.

    Args:
        messages: The conversation before it.
        due: Something is to be done: words alone are no answer, unless they ask something.
    """

    def __init__(self, messages: Sequence[Any], due: bool = False) -> None:
        self._messages, self._due = messages, due
        self._held = ""
        self._claimed = self.called = False

    @property
    def stopped(self) -> bool:
        return self._claimed and not self.called

    def take(self, text: str, *, last: bool = False) -> str:
        """The whole sentences that may be spoken now; nothing more after one that claims."""
        self._held += text
        if self._due and not self.called:
            if not last:
                return ""
            if not self._held.rstrip(" \"')").endswith("?"):
                self._claimed, self._held = True, ""
                return ""
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


def _unanswered(messages: Sequence[Any]) -> tuple[int, int]:
    """Where the caller's latest words begin and end: several messages, where they went on before
    anything was answered. (0, -1) if there are none.

    Only what is plainly to be done stands for itself; other words may go on with those before.
    """
    places = (n for n in range(len(messages) - 1, -1, -1) if _get(messages[n], "role") == "user")
    last = first = next(places, -1)
    if last < 0:
        return 0, -1
    if any(map(to_be_done, requests_in(str(_get(messages[last], "content") or "")))):
        while first and _get(messages[first - 1], "role") == "user":
            first -= 1
    return first, last


def _get(message: Any, name: str) -> Any:
    get = getattr(message, "get", None)
    return get(name) if get else None
