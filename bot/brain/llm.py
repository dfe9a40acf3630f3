"""The fast brain: Pipecat's LLM services on the process's shared clients."""

from typing import Any

import openai
from openai import AsyncOpenAI
from pipecat.services.anthropic.llm import AnthropicLLMService
from pipecat.services.llm_service import LLMService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.utils.errors import ErrorCategory

from bot.brain.speculation import ThinksAhead
from bot.clients import Clients
from bot.providers import Endpoint

FUNCTION_CALL_SECONDS = 20.0
"""A tool that takes longer is given up, or the caller would wait in silence."""

EMBEDDED_MAX_TOKENS = 120
"""The embedded model writes about 10 tokens a second and rambles when it is let."""


def make_llm(endpoint: Endpoint, clients: Clients, system_prompt: str) -> LLMService[Any]:
    """The language model service of one call."""
    if endpoint.provider == "anthropic":
        return _Claude(
            api_key="shared client",
            client=clients.anthropic(endpoint),
            function_call_timeout_secs=FUNCTION_CALL_SECONDS,
            settings=AnthropicLLMService.Settings(
                model=endpoint.model, system_instruction=system_prompt
            ),
        )
    settings = OpenAILLMService.Settings(model=endpoint.model, system_instruction=system_prompt)
    if endpoint.provider == "embedded":
        settings.temperature = 0.0
        settings.max_tokens = EMBEDDED_MAX_TOKENS
    return _OpenAICompatible(
        clients.openai(endpoint),
        supports_developer="openai.com" in endpoint.base_url,
        function_call_timeout_secs=FUNCTION_CALL_SECONDS,
        settings=settings,
    )


class _Claude(ThinksAhead, AnthropicLLMService):
    """Pipecat's service."""


class _OpenAICompatible(ThinksAhead, OpenAILLMService):
    """Pipecat's service on a shared client; time-outs count as connectivity, not as unknown."""

    def __init__(self, client: AsyncOpenAI, *, supports_developer: bool, **kwargs: Any) -> None:
        self._shared = client
        self.supports_developer_role = supports_developer
        super().__init__(**kwargs)

    def create_client(self, *args: Any, **kwargs: Any) -> AsyncOpenAI:
        """The process's client instead of a new one."""
        return self._shared

    def _classify_error(self, error: Exception) -> ErrorCategory | None:
        if isinstance(error, openai.APIConnectionError):
            return ErrorCategory.CONNECTIVITY
        return super()._classify_error(error)
