"""Text from a language model outside calls, by how much it matters.

text = await completions.complete("Sum up this call.", transcript, "low", max_tokens=200)
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Literal

from pipecat.processors.aggregators.llm_context import LLMContext

from bot.brain.model import Asked, Model, Usage, Words
from bot.errors import ProviderRefused, ProviderUnavailable
from bot.failover.breakers import Breakers
from bot.failover.hedged import Hedged
from bot.failover.house import patience_of
from bot.failover.link import Link, Rules
from bot.failover.probe import first_word
from bot.providers import Endpoint, endpoint_of, is_set_up
from bot.settings import Settings

Priority = Literal["critical", "high", "normal", "low"]

CHAINS: Mapping[Priority, tuple[str, ...]] = {
    "critical": ("openai", "anthropic"),
    "high": ("groq", "openai"),
    "normal": ("groq", "openai", "anthropic"),
    "low": ("groq", "openai", "anthropic"),
}
"""Who is asked, in this order; those that are not set up are left out."""
PATIENCE_SECONDS, STALL_SECONDS = 20.0, 15.0
"""Nobody listens: a provider gets longer than in a call."""
SYSTEM = "Do what is asked, in plain text. Invent nothing."

Record = Callable[[Usage, Priority], None]
"""Told what each answer has cost."""


class Completions:
    """Completions by priority. Made once.

    Args:
        settings: Gives the present ones: which providers are set up, and where.
        models: Makes the models of endpoints, as `bot.brain.llm.make_models` does.
        breakers: The process's: a provider that is down in calls is asked last here too.
        record: Told of the usage.
        otherwise: Gives the endpoints where no provider of a chain is set up; none: an error.
    """

    def __init__(
        self,
        settings: Callable[[], Settings],
        models: Callable[[Sequence[Endpoint]], Sequence[Model]],
        breakers: Breakers,
        record: Record,
        otherwise: Callable[[], Sequence[Endpoint]] = tuple,
    ) -> None:
        self._settings, self._models, self._breakers = settings, models, breakers
        self._record, self._otherwise = record, otherwise

    async def complete(
        self, prompt: str, context: str = "", priority: Priority = "normal", max_tokens: int = 500
    ) -> str:
        """Answer a prompt.

        Args:
            prompt: What to do.
            context: What to do it with, if that is apart from the prompt.
            priority: Whom to ask.
            max_tokens: The longest answer.

        Raises:
            ProviderError: nobody has answered to the end, or there is nobody.
        """
        text = f"{context}\n\n{prompt}" if context else prompt
        if not text.strip():
            raise ProviderRefused("there is nothing to complete")
        asked = Asked(
            LLMContext([{"role": "user", "content": text}]),
            SYSTEM,
            call_id=f"completion-{priority}",
            most_tokens=max_tokens,
        )
        words: list[str] = []
        async with aclosing(self._model(priority).answer(asked)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Words):
                    words.append(piece.text)
                elif isinstance(piece, Usage):
                    self._record(piece, priority)
        return "".join(words).strip()

    def _model(self, priority: Priority) -> Model:
        settings = self._settings()
        endpoints = [
            endpoint_of(settings, "llm", provider, f"{priority} completions")
            for provider in CHAINS[priority]
            if is_set_up(settings, "llm", provider)
        ] or list(self._otherwise())
        if not endpoints:
            raise ProviderUnavailable(f"no provider is set up for {priority} completions")
        links = []
        for endpoint, model in zip(endpoints, self._models(endpoints), strict=True):
            breaker = self._breakers.of(endpoint)
            breaker.probe = breaker.probe or first_word(model)
            patience = max(PATIENCE_SECONDS, patience_of(endpoint))
            links.append(Link(model, breaker, patience, hedges=False))
        return Hedged(links, Rules((PATIENCE_SECONDS, PATIENCE_SECONDS), STALL_SECONDS))


def usage_line(usage: Usage, priority: Priority) -> str:
    """What an answer has cost, as a line for the store's events of kind `usage`."""
    return (
        f"{usage.label}: prompt={usage.prompt} cached={usage.cached} "
        f"completion={usage.completion} priority={priority}"
    )
