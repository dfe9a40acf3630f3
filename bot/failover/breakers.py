"""The breakers of a process: one for each endpoint, tried again in the background when open."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable
from bot.failover.breaker import Breaker, Health, State
from bot.providers import Endpoint

PROBE_SECONDS = 15.0
"""How long a try may take; embedded models and cold pods need long for their first token."""


class HasBreaker(Protocol):
    """Something that is asked through a breaker."""

    @property
    def breaker(self) -> Breaker:
        """Its breaker."""


T = TypeVar("T", bound=HasBreaker)


class Breakers:
    """All breakers. Needs a running event loop once one of them opens.

    Args:
        tell: Told (kind, detail) of each change: a line for the operator.
        clock: Seconds.
    """

    def __init__(
        self,
        tell: Callable[[str, str], None] = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.changed: Callable[[Breaker, str], None] = lambda *_: None
        self._tell, self._clock = tell, clock
        self._breakers: dict[str, Breaker] = {}
        self._trying: dict[str, asyncio.Task[None]] = {}

    def of(self, endpoint: Endpoint) -> Breaker:
        """The endpoint's breaker, always the same one."""
        key = key_of(endpoint)
        if key not in self._breakers:
            self._breakers[key] = Breaker(
                key, endpoint.label, endpoint.stage, self._on_change, self._clock
            )
        return self._breakers[key]

    def health(self, endpoint: Endpoint) -> Health:
        """How calls have fared with an endpoint."""
        return self.of(endpoint).health()

    def forgive(self, reason: str) -> None:
        """The settings have changed: a key that was refused may be another one now."""
        for breaker in self._breakers.values():
            breaker.forgive(reason)

    def find(self, key: str) -> Breaker | None:
        """The breaker with this key, if an endpoint of this process has it."""
        return self._breakers.get(key)

    def agree(self, key: str, state: State, reason: str) -> None:
        """Take over what another process has found of an endpoint."""
        breaker = self._breakers.get(key)
        if breaker and breaker.state is not state:
            breaker.agree(state, reason)
            self._tell("provider", f"{_line(breaker, reason)} (found by another process)")
            self._look_after(breaker)

    def snapshot(self) -> list[Health]:
        """Every provider's health, for `/health/llm`, `/metrics` and `/admin-status`."""
        return [breaker.health() for breaker in self._breakers.values()]

    async def close(self) -> None:
        """Try no more."""
        tasks = list(self._trying.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _on_change(self, breaker: Breaker, reason: str) -> None:
        self._tell("provider", _line(breaker, reason))
        self.changed(breaker, reason)
        self._look_after(breaker)

    def _look_after(self, breaker: Breaker) -> None:
        running = self._trying.get(breaker.key)
        if breaker.state is State.OPEN and (running is None or running.done()):
            self._trying[breaker.key] = asyncio.create_task(
                self._bring_back(breaker), name=f"bring back {breaker.name}"
            )

    async def _bring_back(self, breaker: Breaker) -> None:
        """Try an open breaker's provider, with growing pauses, until it is closed."""
        while breaker.state is not State.CLOSED:
            await asyncio.sleep(breaker.pause * random.uniform(1.0, 1.2))
            breaker.trying()
            if breaker.state is State.HALF_OPEN:
                if breaker.probe is None:
                    return  # the next turn is the try
                await self._try(breaker)

    async def _try(self, breaker: Breaker) -> None:
        assert breaker.probe
        begun = self._clock()
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await breaker.probe()
        except ProviderError as error:
            if isinstance(error, ProviderRefused) and not isinstance(error, ProviderDenied):
                breaker.answered(self._clock() - begun)  # it read the request: it is there
            else:
                breaker.tried_in_vain(error)
        except TimeoutError:
            breaker.tried_in_vain(ProviderUnavailable(f"no answer within {PROBE_SECONDS:g} s"))
        except Exception as error:
            breaker.tried_in_vain(ProviderUnavailable(f"{type(error).__name__} in the try"))
        else:
            seconds = self._clock() - begun
            if seconds > breaker.limit:
                breaker.tried_in_vain(ProviderUnavailable(f"still slow: {seconds:.1f} s"))
            else:
                breaker.answered(seconds)


def in_order(chain: Iterable[T]) -> list[T]:
    """The chain with those in front that are fit; within both halves its order stands."""
    return sorted(chain, key=lambda link: not link.breaker.fit)


def key_of(endpoint: Endpoint) -> str:
    """What tells an endpoint apart from others, in every process, without a secret."""
    host = urlsplit(endpoint.base_url).netloc.rpartition("@")[2]
    return "|".join((endpoint.stage, endpoint.provider, host, endpoint.model))


def _line(breaker: Breaker, reason: str) -> str:
    return f"{breaker.stage} {breaker.name}: {breaker.state}, {reason}"
