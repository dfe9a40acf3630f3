"""OpenAI's chat completions, and whatever speaks them: vLLM, Ollama, Groq, OpenClaw, the embedded
model."""

from collections.abc import AsyncGenerator
from typing import Any, ClassVar
from uuid import uuid4

from openai import AsyncOpenAI, AsyncStream
from pipecat.adapters.llm.services.open_ai_adapter import OpenAILLMAdapter, openai_is_given
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.brain.conversation import valid
from bot.brain.model import Asked, Piece, Usage, Writing
from bot.brain.plain import Plain
from bot.brain.requests import Call, Calls, closing, shown
from bot.brain.vendor_errors import RAISED, ours
from bot.brain.written_calls import Tools, as_object
from bot.errors import ProviderUnavailable
from bot.providers import Endpoint

EMBEDDED_MAX_TOKENS = 120
"""The embedded model writes about 10 tokens a second and rambles when it is let."""
SESSION_HEADER = "x-openclaw-session-key"
"""Where OpenClaw's gateway takes a session's key (its `docs/gateway/openai-http-api.md`)."""
_THOUGHTS = ("reasoning_content", "reasoning")
"""Where vLLM and others put a model's thoughts."""
NOTHING = "No response from OpenClaw."
"""What the gateway says in the place of an empty answer."""


class OpenAIModel:
    """A model behind an OpenAI-compatible endpoint.

    Args:
        endpoint: Provider `openai`, `embedded`, `openclaw` or any other that speaks the protocol.
        client: The process's client for it.
    """

    _thinking_first: ClassVar[set[tuple[str, str]]] = set()
    """Models (address, name) whose answers begin in the middle of a thought."""

    def __init__(self, endpoint: Endpoint, client: AsyncOpenAI) -> None:
        self._client = client
        self._label = endpoint.label
        self._model = endpoint.model
        self._key = (endpoint.base_url, endpoint.model)
        self._vendor = "openai.com" in endpoint.base_url
        self._embedded = endpoint.provider == "embedded"
        self._openclaw = endpoint.provider == "openclaw"
        self._adapter = OpenAILLMAdapter()

    @property
    def label(self) -> str:
        """See `Model.label`."""
        return self._label

    async def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """See `Model.answer`."""
        tools = shown(asked.context)
        plain = Plain(tools, thinks_first=self._key in self._thinking_first)
        calls = _Fragments(tools)
        usage: Usage | None = None
        finished = False
        try:
            stream = await self._client.post(
                "/chat/completions",
                body=await self._request(asked),
                options={"headers": self._headers(asked)},
                cast_to=object,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            async with closing(stream) as chunks:
                async for chunk in chunks:
                    if not isinstance(chunk, dict):
                        raise ValueError("a piece is no object")
                    if told := chunk.get("usage"):
                        usage = _usage(self._label, told)
                    for choice in chunk.get("choices") or ():
                        finished = finished or bool(choice.get("finish_reason"))
                        delta = choice.get("delta") or {}
                        if fragments := delta.get("tool_calls"):
                            calls.add(fragments)
                        text = self._text(delta.get("content"))
                        pieces = plain.feed(text) if text else []
                        for piece in pieces:
                            if not calls.took(piece):
                                yield piece
                        if not pieces and _at_work(delta):
                            yield Writing()
                    if plain.over:
                        break
        except RAISED as error:
            raise ours(self._label, error) from None
        for piece in plain.end():
            if not calls.took(piece):
                yield piece
        self._learn(plain.thinks_first)
        if not (finished or usage or plain.over):
            raise ProviderUnavailable(f"{self._label}: the answer broke off")
        for call in calls.whole():
            yield call
        if usage:
            yield usage

    def _learn(self, thinks_first: bool | None) -> None:
        if thinks_first:
            self._thinking_first.add(self._key)
        elif thinks_first is False:
            self._thinking_first.discard(self._key)

    def _text(self, content: Any) -> str:
        """The words of a piece; some servers send parts, thoughts among them."""
        if not content or isinstance(content, str):
            return "" if self._openclaw and content == NOTHING else content or ""
        return "".join(part.get("text") or "" for part in content if part.get("type") == "text")

    def _headers(self, asked: Asked) -> dict[str, str]:
        return {SESSION_HEADER: self._session(asked.call_id)} if self._openclaw else {}

    async def _request(self, asked: Asked) -> dict[str, Any]:
        context = asked.context
        messages = valid(
            context.get_messages(),
            said=asked.said,
            developer=self._vendor,
            strict=not (self._vendor or self._embedded),
        )
        if self._openclaw:
            messages = _no_command(messages)
        converted = await self._adapter.get_llm_invocation_params(
            LLMContext(messages, context.tools, context.tool_choice),
            system_instruction=asked.system,
            convert_developer_to_user=not self._vendor,
        )
        request: dict[str, Any] = {
            "model": self._model,
            "stream": True,
            "stream_options": {"include_usage": True},
            **{name: value for name, value in converted.items() if openai_is_given(value)},
        }
        most = asked.most_tokens or (EMBEDDED_MAX_TOKENS if self._embedded else 0)
        if most:
            request["max_completion_tokens" if self._vendor else "max_tokens"] = most
        if self._embedded:
            request["temperature"] = 0.0
        return request

    def _session(self, call: str) -> str:
        """A session of its own for each request, named after the call.

        A session that is used again has its transcript put before the conversation sent, and
        while it is busy the gateway answers nothing.
        """
        agent = self._model.partition("/")[2] or "main"
        return f"agent:{agent}:tandem-{call or 'call'}-{uuid4().hex}".lower()


class _Fragments(Calls):
    """Tool calls in fragments, several in one delta, or as text."""

    def __init__(self, tools: Tools) -> None:
        super().__init__(tools)
        self._at: dict[int, Call] = {}

    def add(self, fragments: list[Any]) -> None:
        """Take the `tool_calls` of one delta. Some servers number them all 0, or not at all."""
        for fragment in fragments:
            function = fragment.get("function") or {}
            name, own = function.get("name") or "", fragment.get("id") or ""
            index = fragment.get("index")
            if index is None:
                index = len(self._at) - (not name)
            call = self._at.get(index)
            if call is None or (name and own and call.id and own != call.id):
                call = self._at[index] = self.begin(identifier=own)
            call.id = call.id or own
            if name != call.name:
                call.name += name
            if arguments := function.get("arguments"):
                call.arguments += _as_text(arguments)


def _at_work(delta: dict[str, Any]) -> bool:
    """Whether a piece brings anything at all; the first one often has nothing but the role."""
    return any(delta.get(name) for name in ("content", "tool_calls", *_THOUGHTS))


def _no_command(messages: list[Any]) -> list[Any]:
    """A first word alone would reach OpenClaw as it is, where "stop" or "/…" is a command."""
    only = messages[0] if len(messages) == 1 else None
    if only is None or not isinstance(only["content"], str):
        return messages
    return [{**only, "content": f"The caller says: {only['content']}"}]


def _as_text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else as_object(arguments)


def _usage(label: str, usage: dict[str, Any]) -> Usage:
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        label,
        prompt=usage.get("prompt_tokens") or 0,
        completion=usage.get("completion_tokens") or 0,
        cached=details.get("cached_tokens") or 0,
    )
