"""Claude, by Anthropic's Messages API."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from anthropic import AsyncAnthropic, AsyncStream
from pipecat.adapters.llm.services.anthropic_adapter import AnthropicLLMAdapter, anthropic_is_given
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.brain.conversation import valid
from bot.brain.model import Asked, Piece, Usage, Writing
from bot.brain.plain import Plain
from bot.brain.requests import Call, Calls, closing, shown
from bot.brain.vendor_errors import RAISED, ours
from bot.brain.written_calls import as_object
from bot.errors import ProviderUnavailable
from bot.providers import Endpoint

MAX_TOKENS = 4096
"""The API wants a limit; nobody listens that long."""

_LEAST_THINKING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("claude-fable-5", {"output_config": {"effort": "low"}}),
    ("claude-opus-5-5", {"output_config": {"effort": "low"}}),
    ("claude-sonnet-5-5", {"thinking": {"type": "between_tools"}}),
    ("claude-opus-5", {"thinking": {"type": "disabled"}}),
    ("claude-sonnet-5", {"thinking": {"type": "disabled"}}),
    ("claude-haiku-5", {"thinking": {"type": "disabled"}}),
)
"""By the beginning of the model's name, the first that fits: what keeps it from thinking before it
speaks, as far as it can be kept (Anthropic's model pages). Older models think only when told to."""


class ClaudeModel:
    """A Claude model.

    Args:
        endpoint: Of the provider `anthropic`.
        client: The process's client for it.
    """

    def __init__(self, endpoint: Endpoint, client: AsyncAnthropic) -> None:
        self._client = client
        self._label = endpoint.label
        self._model = endpoint.model
        self._adapter = AnthropicLLMAdapter()
        self._thinking: dict[str, Any] = next(
            (body for name, body in _LEAST_THINKING if self._model.startswith(name)), {}
        )

    @property
    def label(self) -> str:
        """See `Model.label`."""
        return self._label

    async def answer(self, asked: Asked) -> AsyncGenerator[Piece, None]:
        """See `Model.answer`."""
        tools = shown(asked.context)
        plain = Plain(tools)
        calls = Calls(tools)
        block: Call | None = None
        given: Any = None
        spent = _Spent(self._label)
        try:
            stream = await self._client.post(
                "/v1/messages",
                body=await self._request(asked),
                cast_to=object,
                stream=True,
                stream_cls=AsyncStream[object],
            )
            async with closing(stream) as events:
                async for event in events:
                    match event.get("type") if isinstance(event, dict) else None:
                        case "content_block_delta":
                            delta = event["delta"]
                            if text := delta.get("text"):
                                for piece in plain.feed(text):
                                    if not calls.took(piece):
                                        yield piece
                            else:
                                if block:
                                    block.arguments += delta.get("partial_json") or ""
                                yield Writing()
                        case "content_block_start" if event["content_block"].get("name"):
                            given = event["content_block"].get("input")
                            block = calls.begin(event["content_block"]["name"])
                        case "content_block_stop" if block:
                            block.arguments = block.arguments or as_object(given)
                            block = None
                        case "message_start":
                            spent.take(event["message"].get("usage"))
                        case "message_delta":
                            spent.take(event.get("usage"))
                            spent.finished = True
        except RAISED as error:
            raise ours(self._label, error) from None
        for piece in plain.end():
            if not calls.took(piece):
                yield piece
        if not spent.finished:
            raise ProviderUnavailable(f"{self._label}: the answer broke off")
        for call in calls.whole():
            yield call
        yield spent.usage()

    async def _request(self, asked: Asked) -> dict[str, Any]:
        context = asked.context
        messages = valid(context.get_messages(), said=asked.said, calls_in_text=False)
        converted = await self._adapter.get_llm_invocation_params(
            LLMContext(messages, context.tools),
            enable_prompt_caching=True,
            system_instruction=asked.system or None,
            ensure_last_message_is_user=True,
        )
        return {
            "model": self._model,
            "max_tokens": asked.most_tokens or MAX_TOKENS,
            "stream": True,
            **self._thinking,
            **{name: value for name, value in converted.items() if anthropic_is_given(value)},
        }


@dataclass(slots=True)
class _Spent:
    """Tokens so far. A later report replaces an earlier one, as far as it goes."""

    label: str
    prompt: int = 0
    written: int = 0
    read: int = 0
    completion: int = 0
    finished: bool = False

    def take(self, usage: dict[str, Any] | None) -> None:
        """Take a report; `input_tokens` counts neither kind of cached ones."""
        told = {name: value for name, value in (usage or {}).items() if value is not None}
        self.prompt = told.get("input_tokens", self.prompt)
        self.written = told.get("cache_creation_input_tokens", self.written)
        self.read = told.get("cache_read_input_tokens", self.read)
        self.completion = told.get("output_tokens", self.completion)

    def usage(self) -> Usage:
        """The whole of it."""
        prompt = self.prompt + self.written + self.read
        return Usage(self.label, prompt, self.completion, cached=self.read)
