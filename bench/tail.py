"""The language model's tail: first tokens from providers with bad moments, hedged and not.

Two stand-ins on loopback, each with a body around 0.3 s and a heavy tail, drawn on its own; the
bot's own models and chain ask them over HTTP. The same turns are asked of the first one alone and
of both as one.
"""

import asyncio
import os
import random
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from pipecat.processors.aggregators.llm_context import LLMContext
from pydantic import SecretStr

from bench.figures import percentile
from bot.brain.llm import make_models
from bot.brain.model import Asked, Model, Usage
from bot.clients import Clients
from bot.errors import ProviderError
from bot.failover.breakers import Breakers
from bot.failover.budget import Budget
from bot.failover.hedged import Hedged
from bot.failover.house import CLOUD_PATIENCE
from bot.failover.link import Link, Rules
from bot.providers import Endpoint
from bot.settings import Settings
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.script import Ask, Say

TURNS, AT_ONCE = 1000, 25
MEDIAN_SECONDS, SIGMA = 0.3, 0.2
"""The body: log-normal, as service times are."""
SLOW_SHARE, SLOW_SECONDS, HANG_SHARE = 0.05, 4.0, 0.01
_NEVER = 1e6


@dataclass(frozen=True, slots=True)
class Tail:
    """First tokens of `turns` turns, ms; `extra` are requests beyond one a turn, as a share.

    `failed` are turns without an answer: (alone, as one).
    """

    turns: int
    alone_p50: float
    alone_p99: float
    hedged_p50: float
    hedged_p99: float
    extra: float
    failed: tuple[int, int]
    load: tuple[float, float]


class Moody(OpenAIApi):
    """OpenAI's protocol with a heavy tail."""

    def __init__(self, seed: int) -> None:
        super().__init__(key=None)
        self._random = random.Random(seed)
        self.brain = self._answer

    def _answer(self, _: Ask) -> Say:
        draw = self._random.random()
        seconds = MEDIAN_SECONDS * self._random.lognormvariate(0.0, SIGMA)
        if draw < HANG_SHARE:
            seconds = _NEVER
        elif draw < HANG_SHARE + SLOW_SHARE:
            seconds = SLOW_SECONDS
        return Say("Yes, we can do that for you.", first=seconds, token=0.005)


def tail(say: Callable[[str], None], folder: Path, turns: int = TURNS) -> Tail:
    """Measure it; takes about a minute."""
    return asyncio.run(_tail(say, folder, turns))


async def _tail(say: Callable[[str], None], folder: Path, turns: int) -> Tail:
    before = os.getloadavg()[0]
    settings = Settings.load(None, DATA_DIR=folder)
    clients = Clients()
    async with Moody(1) as first, Moody(2) as second, Moody(1) as lone:
        (alone,) = make_models([_endpoint(lone, "lone")], clients)
        say("language model's tail: one provider alone")
        single, missed = await _ask(alone, turns)
        endpoints = [_endpoint(first, "first"), _endpoint(second, "second")]
        breakers = Breakers()
        links = [
            Link(model, breakers.of(endpoint), CLOUD_PATIENCE)
            for endpoint, model in zip(endpoints, make_models(endpoints, clients), strict=True)
        ]
        budget = Budget(settings.LLM_HEDGE_BUDGET)
        rules = Rules(settings.hedge_seconds, settings.LLM_STALL_SECONDS, budget)
        say("language model's tail: two as one, hedged")
        both, failed = await _ask(Hedged(links, rules), turns)
        requests = len(first.requests) + len(second.requests)
        await breakers.close()
    await clients.aclose()
    return Tail(
        turns,
        percentile(single, 50),
        percentile(single, 99),
        percentile(both, 50),
        percentile(both, 99),
        requests / turns - 1,
        (missed, failed),
        (before, os.getloadavg()[0]),
    )


async def _ask(model: Model, turns: int) -> tuple[list[float], int]:
    """Milliseconds to each turn's first word, or until it was given up; how many of those."""
    now, found, failed = asyncio.get_running_loop().time, [], 0
    places = asyncio.Semaphore(AT_ONCE)

    async def turn(number: int) -> None:
        nonlocal failed
        context = LLMContext([{"role": "user", "content": f"Question {number}?"}])
        async with places:
            begun, first = now(), None
            try:
                async with aclosing(model.answer(Asked(context, "Be brief."))) as pieces:
                    async for piece in pieces:
                        if first is None and not isinstance(piece, Usage):
                            first = now()
            except ProviderError:
                failed += 1
            found.append(((first or now()) - begun) * 1000)

    await asyncio.gather(*(turn(number) for number in range(turns)))
    return found, failed


def _endpoint(api: OpenAIApi, name: str) -> Endpoint:
    return Endpoint("llm", "groq", api.url, SecretStr(""), name, "bench")
