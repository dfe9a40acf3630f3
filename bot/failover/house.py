"""What all calls of a process share of failing over: breakers, budgets, the word of others."""

from collections.abc import Callable, Sequence

from bot.brain.again import Again
from bot.brain.model import Model
from bot.clients import is_cloud
from bot.failover.breaker import Health
from bot.failover.breakers import Breakers
from bot.failover.budget import Budget
from bot.failover.hedged import Hedged
from bot.failover.link import Link, Rules
from bot.failover.probe import first_word
from bot.failover.shared import Shared
from bot.providers import Endpoint
from bot.settings import Settings
from bot.store.store import Store

CLOUD_PATIENCE, OWN_PATIENCE, EMBEDDED_PATIENCE = 8.0, 30.0, 90.0
"""Seconds to a first word after which a language model has failed, if there is no other (see
`link.IMPATIENT_SECONDS`). Servers of one's own load a model with their first request; the embedded
one evaluates its prompt on two cores."""
_ALONE = ("embedded", "openclaw")
"""Not asked besides another: one shares the machine with the calls, the other acts by itself."""


class Failover:
    """Made once. `start()` with a running loop, later `close()`.

    Attributes:
        breakers: One for each endpoint.
        thinking: The budget of second questions to language models.
        hearing: The same for transcriptions.

    Args:
        settings: `LLM_HEDGE_BUDGET` is read from them.
        store: Where other processes' words about providers are.
        tell: Told (kind, detail) of what an operator should know.
    """

    def __init__(self, settings: Settings, store: Store, tell: Callable[[str, str], None]) -> None:
        self.breakers = Breakers(tell)
        self.thinking = Budget(settings.LLM_HEDGE_BUDGET)
        self.hearing = Budget(settings.LLM_HEDGE_BUDGET)
        self._shared = Shared(self.breakers, store)

    def start(self) -> None:
        """Agree with other processes from now on."""
        self._shared.start()

    async def close(self) -> None:
        """Try and tell no more."""
        await self._shared.close()
        await self.breakers.close()

    def model(
        self, endpoints: Sequence[Endpoint], models: Sequence[Model], settings: Settings
    ) -> Model:
        """Several models as one, `models[n]` being what answers at `endpoints[n]`."""
        chain = [
            self._link(endpoint, model) for endpoint, model in zip(endpoints, models, strict=True)
        ]
        rules = Rules(
            settings.hedge_seconds, settings.LLM_STALL_SECONDS, self.thinking, again=False
        )
        return Again(Hedged(chain, rules))  # which asks once more where nothing was said

    def snapshot(self) -> list[Health]:
        """Every provider's health."""
        return self.breakers.snapshot()

    def _link(self, endpoint: Endpoint, model: Model) -> Link[Model]:
        breaker = self.breakers.of(endpoint)
        breaker.probe = breaker.probe or first_word(model)
        hedges = endpoint.provider not in _ALONE
        return Link(model, breaker, patience_of(endpoint), hedges=hedges)


def patience_of(endpoint: Endpoint) -> float:
    """Seconds that a lone language model gets for its first word in a call."""
    own = EMBEDDED_PATIENCE if endpoint.provider == "embedded" else OWN_PATIENCE
    return CLOUD_PATIENCE if is_cloud(endpoint) else own
