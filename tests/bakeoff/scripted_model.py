"""A model that answers by a script instead of asking anybody."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from bot.brain.model import Asked, Piece, ToolCall, Usage, Words

Answers = Callable[[str, list[str]], Sequence[Piece | Exception]]
"""(what the caller says, names of the tools shown) -> pieces, or an error to raise."""


def call(name: str, /, **arguments: Any) -> ToolCall:
    """A tool call."""
    return ToolCall("1", name, json.dumps(arguments))


class ScriptedModel:
    """Gives what the script says; `asked` are the last words of every request."""

    def __init__(self, answers: Answers, label: str = "scripted") -> None:
        self.label = label
        self.asked: list[str] = []
        self.contexts: list[list[Any]] = []
        self._answers = answers

    async def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        messages = asked.context.get_messages()
        words = next(m["content"] for m in reversed(messages) if m["role"] == "user")
        self.asked.append(words)
        self.contexts.append(list(messages))
        tools = [tool.name for tool in getattr(asked.context.tools, "standard_tools", [])]
        for piece in self._answers(words, tools):
            if isinstance(piece, Exception):
                raise piece
            yield piece
        yield Usage(self.label, prompt=100, completion=10, cached=40)


def words(text: str) -> list[Piece]:
    """An answer in words."""
    return [Words(text)]
