"""Asking a model directly: what it gives, on the vendors' true wires."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMContext
from pydantic import SecretStr

from bot.brain.model import Asked, Model, Piece, ToolCall, Usage, Words, Writing
from bot.providers import Endpoint
from tests.fakes.anthropic_api import AnthropicApi
from tests.fakes.openai_api import OpenAIApi

QUESTION = "Note milk, and play some jazz."
NOTE = FunctionSchema(
    "bot_create_note", "Notes something.", {"title": {"type": "string"}}, ["title"]
)
JAZZ = FunctionSchema("bot_play_youtube", "Plays.", {"query": {"type": "string"}}, ["query"])


def context(*messages: Any, tools: Any = (NOTE, JAZZ)) -> LLMContext:
    """A conversation with the two tools."""
    said = list(messages) or [{"role": "user", "content": QUESTION}]
    return LLMContext(said, ToolsSchema(list(tools)))


def asks(*messages: Any, **more: Any) -> Asked:
    """A request for an answer to the messages."""
    return Asked(context(*messages), "Be brief.", **more)


def openai_endpoint(api: OpenAIApi, provider: str = "openai", model: str = "gpt-test") -> Endpoint:
    """Where the stand-in answers."""
    return Endpoint("llm", provider, api.url, SecretStr(api.key or ""), model, "test")


def claude_endpoint(api: AnthropicApi, model: str = "claude-haiku-5-5") -> Endpoint:
    """Where the stand-in answers."""
    return Endpoint("llm", "anthropic", api.origin, SecretStr(api.key or ""), model, "test")


async def given(model: Model, asked: Asked | None = None) -> list[Piece]:
    """Everything a model answers, signs of life left out."""
    pieces = [piece async for piece in model.answer(asked or asks())]
    return [piece for piece in pieces if not isinstance(piece, Writing)]


def words(pieces: list[Piece]) -> str:
    """The words of an answer."""
    return "".join(piece.text for piece in pieces if isinstance(piece, Words))


def calls(pieces: list[Piece]) -> list[tuple[str, str]]:
    """The tool calls of an answer: name and arguments."""
    return [(piece.name, piece.arguments) for piece in pieces if isinstance(piece, ToolCall)]


def usage(pieces: list[Piece]) -> Usage:
    """The one report of tokens."""
    (found,) = (piece for piece in pieces if isinstance(piece, Usage))
    return found


class Scripted:
    """A model that gives one list of pieces after the other; an exception is raised."""

    label = "scripted model"

    def __init__(self, *answers: list[Piece | Exception]) -> None:
        self.answers = list(answers)
        self.asked: list[Asked] = []
        self.closed = 0

    async def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """See `Model.answer`."""
        self.asked.append(asked)
        try:
            for piece in self.answers.pop(0):
                if isinstance(piece, Exception):
                    raise piece
                await asyncio.sleep(0.01)
                yield piece
        finally:
            self.closed += 1
