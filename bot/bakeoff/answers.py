"""What a model did with a request: asked through the seam, timed, and kept on disk.

The key of an answer is a hash of all that the model saw, so an answer is used again, by another
mode or after a stop, exactly when the question is the same; scores are made anew each time.
"""

import asyncio
import hashlib
import json
import time
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from loguru import logger
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.bakeoff.cases import Request
from bot.bakeoff.offered import Mode, called, context, system
from bot.brain.model import Asked, Model, Piece, ToolCall, Usage, Words
from bot.errors import ProviderUnavailable

TRIES = 3
_PAUSE_SECONDS = 2.0
_TOLD = "Done."
"""What a tool answers here, where more of the request is still to be done."""


@dataclass(slots=True)
class Answer:
    """One request's answer. Times are seconds from the first asking: `first` to the first words
    or whole tool call, `whole` to the end, the model's time only. Tokens are summed over steps.

    `calls` are (name, arguments as written); `trouble` is what came instead of an answer.
    """

    calls: list[tuple[str, str]] = field(default_factory=list)
    words: str = ""
    first: float = 0.0
    whole: float = 0.0
    prompt: int = 0
    completion: int = 0
    cached: int = 0
    trouble: str = ""


async def ask(model: Model, request: Request, mode: Mode) -> Answer:
    """Ask as a call would. Where several calls are expected and the model makes them one after the
    other, it is told that the first is done and asked again, as often as it takes.

    Raises:
        ProviderDenied: key, account or model are not accepted; no use in asking for more.
    """
    asked, answer = context(request, mode), Answer()
    for _ in range(max(1, len(request.expected))):
        before = len(answer.calls)
        await _step(model, asked, request.id, answer)
        new = answer.calls[before:]
        missing = len(answer.calls) < len(request.expected)
        if answer.trouble or not new or not missing:
            break
        for place, (name, arguments) in enumerate(new, before):
            for message in called(name, _object(arguments), f"call{place}", _TOLD):
                asked.add_message(message)  # type: ignore[arg-type]
    return answer


async def _step(model: Model, asked: LLMContext, call_id: str, answer: Answer) -> None:
    for attempt in range(1, TRIES + 1):
        began = time.perf_counter()
        try:
            async with aclosing(model.answer(Asked(asked, system(), f"bakeoff {call_id}"))) as said:
                async for piece in said:
                    _take(piece, answer, time.perf_counter() - began)
        except ProviderUnavailable as error:
            if attempt == TRIES or answer.words or answer.calls:
                answer.trouble = f"{type(error).__name__}: {error}"
                break
            logger.debug(f"{model.label}: {error}; asked again")
            await asyncio.sleep(max(error.retry_after, _PAUSE_SECONDS * attempt))
            continue
        break
    answer.whole += time.perf_counter() - began


def _take(piece: Piece, answer: Answer, seconds: float) -> None:
    if isinstance(piece, Usage):
        answer.prompt += piece.prompt
        answer.completion += piece.completion
        answer.cached += piece.cached
        return
    if isinstance(piece, Words | ToolCall):
        answer.first = answer.first or seconds
    if isinstance(piece, Words):
        answer.words += piece.text
    elif isinstance(piece, ToolCall):
        answer.calls.append((piece.name, piece.arguments))


def _object(text: str) -> str:
    """The arguments if they are a JSON object, for vendors refuse anything else in a context."""
    try:
        return text if isinstance(json.loads(text), dict) else "{}"
    except ValueError:
        return "{}"


class Kept:
    """Answers on disk, one JSON line each; a run that was stopped goes on where it was.

    Args:
        path: The file; made when the first answer is added. None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._found: dict[str, Answer] = {}
        lines = path.read_text("utf-8").splitlines() if path and path.exists() else []
        for line in lines:
            try:
                row = json.loads(line)
                key = row.pop("key")
                calls = [(name, written) for name, written in row.pop("calls")]
                self._found[key] = Answer(calls=calls, **row)
            except (ValueError, KeyError, TypeError):
                logger.warning(f"{path}: a line that is no answer was left out")

    def get(self, key: str) -> Answer | None:
        """The answer to this very question, if there is one."""
        return self._found.get(key)

    def add(self, key: str, answer: Answer) -> None:
        """Keep an answer; one that failed is asked for again next time."""
        self._found[key] = answer
        if self._path and not answer.trouble:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key} | asdict(answer), ensure_ascii=False) + "\n")


def key_of(label: str, request: Request, mode: Mode) -> str:
    """A hash of the model's name and of all that it is shown."""
    asked = context(request, mode)
    seen: list[Any] = [label, system(), tools_of(asked), asked.get_messages()]
    seen.append(len(request.expected))
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:24]


def tools_of(asked: LLMContext) -> list[dict[str, Any]]:
    """The tools that a context shows, as vendors get them."""
    if not isinstance(asked.tools, ToolsSchema):
        return []
    return [tool.to_default_dict() for tool in asked.tools.standard_tools]
