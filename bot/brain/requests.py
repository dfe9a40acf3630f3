"""What the vendors' requests have in common: the tools shown, the calls that come, the end."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pipecat.processors.aggregators.llm_context import LLMContext

from bot.brain.model import ToolCall, Words
from bot.brain.written_calls import Tools, as_object, known_name


def shown(context: LLMContext) -> Tools:
    """The tools a context shows: name -> its arguments' names."""
    tools = getattr(context.tools, "standard_tools", ())
    return {tool.name: tuple(tool.properties) for tool in tools}


@dataclass(slots=True)
class Call:
    """A tool call that is still coming."""

    name: str = ""
    arguments: str = ""
    id: str = ""


class Calls:
    """The tool calls of one answer."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self.coming: list[Call] = []

    def begin(self, name: str = "", arguments: str = "", identifier: str = "") -> Call:
        """One more."""
        self.coming.append(Call(name, arguments, identifier))
        return self.coming[-1]

    def took(self, piece: Words | ToolCall) -> bool:
        """Whether a piece was a call, written as text; it is kept then."""
        if isinstance(piece, Words):
            return False
        self.begin(piece.name, piece.arguments)
        return True

    def whole(self) -> Iterator[ToolCall]:
        """Every call, when no more comes.

        Servers give ids twice, or none, and Mistral's take nine letters or digits and nothing
        else: ours are good for every provider.
        """
        for call in self.coming:
            if call.name:
                name = known_name(call.name, self._tools)
                yield ToolCall(uuid4().hex[:9], name, as_object(call.arguments))


@asynccontextmanager
async def closing(stream: Any) -> AsyncIterator[AsyncGenerator[Any, None]]:
    """Read an SDK's stream; whatever happens, its request is ended at once."""
    pieces = aiter(stream)
    try:
        yield pieces
    finally:
        await pieces.aclose()
        await stream.close()
