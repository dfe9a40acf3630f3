"""Breakers that agree with those of other processes, through the store.

A process that finds a provider dead, or well again, says so in the store and looks there every few
seconds. While the store is away every process judges for itself, as it would alone.
"""

import asyncio

from loguru import logger

from bot.errors import StoreError
from bot.failover.breaker import Breaker, State
from bot.failover.breakers import Breakers
from bot.store import provider_health
from bot.store.store import Store

LOOK_SECONDS = 3.0
"""Between two looks: by so much a dead provider may cost another process a few late turns more."""
_LEFT_ALONE = "embedded"
"""Each machine has its own."""


class Shared:
    """Keeps this process's breakers and the store's word in step. `start()`, later `close()`."""

    def __init__(self, breakers: Breakers, store: Store) -> None:
        self._breakers, self._store = breakers, store
        self._to_say: dict[str, tuple[str, str, str]] = {}
        self._known: dict[str, object] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._away = False

    def start(self) -> None:
        """Begin; changes from now on are said."""
        self._breakers.changed = self._note
        self._task = asyncio.create_task(self._run(), name="breakers of other processes")

    async def close(self) -> None:
        """Stop, and say no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def once(self) -> None:
        """Say what is to be said and hear what others have said; an absent store is no error."""
        words, self._to_say = self._to_say, {}
        try:
            if words:
                await provider_health.say(self._store, words.values())
            heard = await provider_health.heard(self._store)
        except StoreError as error:
            self._to_say = words | self._to_say
            if not self._away:
                logger.warning(f"providers are judged without other processes: {error}")
            self._away = True
            return
        self._away = False
        for word in heard:
            news = self._known.get(word.key) != word.at and word.key not in self._to_say
            if news and self._breakers.find(word.key):  # else once there is such an endpoint here
                self._known[word.key] = word.at
                self._breakers.agree(word.key, State(word.state), word.reason)

    def _note(self, breaker: Breaker, reason: str) -> None:
        if breaker.state is not State.HALF_OPEN and _LEFT_ALONE not in breaker.key.split("|"):
            self._to_say[breaker.key] = (breaker.key, str(breaker.state), reason)
            self._wake.set()

    async def _run(self) -> None:
        while True:
            await self.once()
            self._wake.clear()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue
