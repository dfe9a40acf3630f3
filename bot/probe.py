"""`python runner.py --check --probe`: asks the configured language model one question with one
tool, and says what its endpoint can do.

It is asked raw, not through `bot.brain`, which mends what it can: here one wants to know what there
is to mend. Two further questions tell whether it makes two calls at once and minds the `developer`
role; one more is asked only where tools or streaming did not work.
"""

import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai
from openai import AsyncOpenAI
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.bakeoff.models import model_at
from bot.brain.model import Asked, ToolCall, Usage, Words
from bot.brain.plain import Plain
from bot.brain.vendor_errors import RAISED, ours
from bot.clients import Clients
from bot.errors import ProviderDenied, ProviderError, ProviderRefused, TandemError
from bot.providers import Endpoint

_SYSTEM = (
    "For anything about the weather use the tool get_weather. Answer everything else in one short "
    "sentence."
)
_ONE = "What is the weather like in Paris?"
_TWO = "What is the weather like in Paris, and what is it like in Rome?"
_DEVELOPER = "Answer every question with the single word pelican."
_TOOL = FunctionSchema(
    name="get_weather",
    description="Tell the weather in a city.",
    properties={"city": {"type": "string", "description": "The city's name."}},
    required=["city"],
)
_MOST_NAMES = 12
_LONGEST_REMARK = 160

_VARIABLES = {
    "openai": (
        *("OPENAI_BASE_URL", "OPENAI_API_KEY"),
        "OPENAI_MODEL or BOT_HYBRID_PRIMARY_MODEL",
    ),
    "groq": ("GROQ_BASE_URL", "GROQ_API_KEY", "GROQ_MODEL"),
    "anthropic": ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_MODEL"),
    "runpod": ("RUNPOD_…_ENDPOINT", "RUNPOD_API_KEY", "RUNPOD_LLM_MODEL"),
    "openclaw": ("OPENCLAW_API_URL", "OPENCLAW_API_TOKEN", "OPENCLAW_AGENT"),
}


class ProbeFailed(TandemError):
    """The endpoint cannot be used as it is configured; one line says why."""


@dataclass(slots=True)
class Reply:
    """One raw answer: its words, the names of its native calls, how it came. Times in seconds."""

    text: str = ""
    calls: list[str] = field(default_factory=list)
    pieces: int = 0
    first: float = 0.0
    whole: float = 0.0
    prompt: int = 0
    completion: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing came that could be read."""
        return not self.text.strip() and not self.calls

    @property
    def written(self) -> int:
        """How many tool calls are written in the text."""
        plain = Plain({_TOOL.name: ("city",)})
        pieces = [*plain.feed(self.text), *plain.end()]
        return sum(isinstance(piece, ToolCall) for piece in pieces)


@dataclass(frozen=True, slots=True)
class Findings:
    """What an endpoint can do. `tools`: natively, written as text, not at all, refused.
    `developer`: obeyed, ignored, refused, or not asked. `first`, `whole`: seconds."""

    label: str
    address: str
    streams: str
    tools: str
    at_once: bool
    developer: str
    first: float
    whole: float
    prompt: int
    completion: int
    said: str


async def probe(endpoint: Endpoint, clients: Clients) -> Findings:
    """Ask; the endpoint's address must be known.

    Raises:
        ProbeFailed: it is not reached, or accepts the key, the model or the question not.
    """
    try:
        if endpoint.provider == "anthropic":
            return await _probe_claude(endpoint, clients)
        return await _probe_openai(endpoint, clients.openai(endpoint))
    except RAISED as error:
        line = await _line(endpoint, clients, error)
        raise ProbeFailed(line) from None
    except ProviderError as error:
        denied = isinstance(error, ProviderDenied)
        hint = f"; check {' and '.join(_VARIABLES['anthropic'][1:])}" if denied else ""
        raise ProbeFailed(f"{endpoint.base_url}: {error}{hint}") from None


async def _probe_openai(endpoint: Endpoint, client: AsyncOpenAI) -> Findings:
    ask = _Questions(client, endpoint.model)
    system = {"role": "system", "content": _SYSTEM}
    question = [system, {"role": "user", "content": _ONE}]
    refusal, streams = "", "yes"
    try:
        reply = await ask(question, tool=True)
    except RAISED as error:
        if not _refuses(endpoint, error):
            raise
        refusal = str(ours(endpoint.label, error))
        reply = await ask(question)
    if reply.empty and (whole := await ask.at_once(question, tool=not refusal)):
        reply, streams = whole, "no"
    elif reply.pieces == 1 and not reply.calls:
        streams = "in one piece"
    if reply.empty:
        raise ProbeFailed(f"{endpoint.base_url}: {endpoint.model} gives empty answers")
    count = 0
    if reply.calls or reply.written:
        both = [system, {"role": "user", "content": _TWO}]
        two = await (ask.at_once if streams == "no" else ask)(both, tool=True)
        count = len(two.calls) + two.written
    return Findings(
        label=endpoint.label,
        address=endpoint.base_url,
        streams=streams,
        tools=f"refused: {refusal}"[:_LONGEST_REMARK] if refusal else _tools(reply),
        at_once=count > 1,
        developer=await _developer(endpoint, ask, streams),
        first=reply.first,
        whole=reply.whole,
        prompt=reply.prompt,
        completion=reply.completion,
        said=reply.text.strip()[:_LONGEST_REMARK],
    )


def _tools(reply: Reply) -> str:
    if reply.calls:
        return "natively" if reply.calls[0] == _TOOL.name else f"a wrong one: {reply.calls[0]}"
    return "written as text" if reply.written else "not at all"


async def _developer(endpoint: Endpoint, ask: "_Questions", streams: str) -> str:
    question = [
        {"role": "developer", "content": _DEVELOPER},
        {"role": "user", "content": "What colour is the sky?"},
    ]
    try:
        reply = await (ask.at_once if streams == "no" else ask)(question)
    except RAISED as error:
        if _refuses(endpoint, error):
            return "refused"
        raise
    return "obeyed" if "pelican" in reply.text.lower() else "ignored"


def _refuses(endpoint: Endpoint, error: Exception) -> bool:
    """Whether the question was wrong for it; the address, the key and the model are right."""
    mapped = ours(endpoint.label, error)
    refused = isinstance(mapped, ProviderRefused) and not isinstance(mapped, ProviderDenied)
    return refused or isinstance(error, openai.InternalServerError)  # a template that breaks


class _Questions:
    """Asks one model by OpenAI's protocol."""

    def __init__(self, client: AsyncOpenAI, model: str) -> None:
        self._client, self._model = client, model

    async def __call__(self, messages: Sequence[dict[str, Any]], tool: bool = False) -> Reply:
        """One streamed answer."""
        reply, began = Reply(), time.perf_counter()
        stream = await self._client.chat.completions.create(
            **self._body(messages, tool), stream=True, stream_options={"include_usage": True}
        )
        async with stream:
            async for chunk in stream:
                if chunk.usage:
                    reply.prompt = chunk.usage.prompt_tokens or 0
                    reply.completion = chunk.usage.completion_tokens or 0
                delta = chunk.choices[0].delta if chunk.choices else None
                if delta is None or not (delta.content or delta.tool_calls):
                    continue
                reply.pieces += 1
                reply.first = reply.first or time.perf_counter() - began
                reply.text += delta.content or ""
                for call in delta.tool_calls or ():
                    if call.function and call.function.name:
                        reply.calls.append(call.function.name)
        reply.whole = time.perf_counter() - began
        return reply

    async def at_once(self, messages: Sequence[dict[str, Any]], tool: bool = False) -> Reply:
        """One answer that is not streamed."""
        began = time.perf_counter()
        answer = await self._client.chat.completions.create(**self._body(messages, tool))
        seconds = time.perf_counter() - began
        message = answer.choices[0].message
        return Reply(
            text=message.content or "",
            calls=[call.function.name for call in message.tool_calls or ()],
            pieces=1,
            first=seconds,
            whole=seconds,
            prompt=answer.usage.prompt_tokens if answer.usage else 0,
            completion=answer.usage.completion_tokens if answer.usage else 0,
        )

    def _body(self, messages: Sequence[dict[str, Any]], tool: bool) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self._model, "messages": list(messages)}
        if tool:
            body["tools"] = [{"type": "function", "function": _TOOL.to_default_dict()}]
        return body


async def _probe_claude(endpoint: Endpoint, clients: Clients) -> Findings:
    """Claude's own protocol leaves nothing to find out but whether it answers, and how fast."""
    context = LLMContext([{"role": "user", "content": _TWO}])
    context.set_tools([_TOOL])
    calls, words, said = 0, 0, ""
    usage, first, began = Usage(endpoint.label, 0, 0), 0.0, time.perf_counter()
    async with aclosing(model_at(endpoint, clients).answer(Asked(context, _SYSTEM))) as pieces:
        async for piece in pieces:
            if isinstance(piece, Usage):
                usage = piece
                continue
            first = first or time.perf_counter() - began
            calls += isinstance(piece, ToolCall)
            if isinstance(piece, Words):
                words, said = words + 1, said + piece.text
    return Findings(
        label=endpoint.label,
        address=endpoint.base_url,
        streams="yes",
        tools="natively" if calls else "not at all",
        at_once=calls > 1,
        developer="not asked",
        first=first,
        whole=time.perf_counter() - began,
        prompt=usage.prompt,
        completion=usage.completion,
        said=said.strip()[:_LONGEST_REMARK],
    )


async def _line(endpoint: Endpoint, clients: Clients, error: Exception) -> str:
    """What is wrong, in one line that names the variable to look at."""
    url, key, model = _VARIABLES.get(endpoint.provider, ("address", "key", "model"))
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            given = "is not accepted" if endpoint.api_key.get_secret_value() else "is not set"
            return f"{key}: {given}; {endpoint.base_url} answers {error.status_code}"
        case openai.NotFoundError():
            names = await _models(clients.openai(endpoint))
            if names is None:
                return f"{url}: {endpoint.base_url} answers 404; is its /v1 missing?"
            has = ", ".join(names[:_MOST_NAMES]) or "none"
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            return f"{model}: {endpoint.base_url} has no {endpoint.model}; it has {has}{more}"
        case openai.APIConnectionError(__cause__=httpx2.ReadTimeout()):
            return f"{url}: {endpoint.base_url} does not answer in time"
        case openai.APIConnectionError():  # a refused connection comes as a ConnectTimeout too
            return f"{url}: {endpoint.base_url} cannot be reached"
        case _:
            return f"{endpoint.base_url}: {ours(endpoint.label, error)}"


async def _models(client: AsyncOpenAI) -> list[str] | None:
    """The names of the models it has; None if it does not tell."""
    try:
        return sorted([one.id async for one in await client.models.list()])
    except RAISED:
        return None
