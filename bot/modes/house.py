"""Everything about modes that a process has, put together once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import httpx2
from loguru import logger

from bot.call import Call
from bot.errors import SettingsError
from bot.modes.ai_memory import AiMemory
from bot.modes.beat import Beat
from bot.modes.desk import EmbeddedModels, Modes, Pinned
from bot.modes.health import HealthChecks
from bot.modes.home import SYNC_SECONDS, ModeHome
from bot.modes.mode import standby_plan
from bot.modes.operators import Operators
from bot.modes.part import HowFared
from bot.modes.repeated import Repeated
from bot.modes.setup import Setup, SetupWatch
from bot.modes.status import Status
from bot.settings import Settings
from bot.store.store import Store
from bot.switchboard import Switchboard

Record = Callable[[str | None, str, str], None]
"""Writes a line for the operator: call id or None, kind (one word), detail without secrets."""


@dataclass(frozen=True)
class ModeHouse:
    """The modes of a process.

    `modes`: gives calls their mode. `operators`: carries out orders. `status`: what is shown.
    """

    modes: Modes
    operators: Operators
    status: Status
    checks: HealthChecks
    beat: Beat
    home: Repeated | None

    @classmethod
    def build(
        cls,
        settings: Settings,
        store: Store,
        http: httpx2.AsyncClient,
        switchboard: Switchboard,
        record: Record,
        models: Callable[[], EmbeddedModels | None],
        renewed: Callable[[Settings], None],
        fared: HowFared = lambda _: None,
    ) -> Self:
        """Put it together; nothing runs before `start()`.

        Args:
            settings: The settings in use.
            store: The open database.
            http: The process's client.
            switchboard: Knows the live calls.
            record: Writes a line for the operator.
            models: The embedded models, once they are there.
            renewed: Told of new settings, for new calls.
            fared: How calls fare with an endpoint.

        Raises:
            SettingsError: `config.json` cannot be used, or LLM_MODE lacks something.
        """

        def tell(line: str) -> None:
            logger.warning(f"modes: {line}")
            record(None, "mode", line)

        def adopt(setup: Setup) -> None:
            modes.renew(setup)
            renewed(setup.settings)
            waits = f"; these take a new start: {', '.join(watch.restart)}" if watch.restart else ""
            tell(f"the settings have changed; new calls have the new ones{waits}")

        setup = Setup.of(settings)
        checks = HealthChecks(http, lambda: modes.embedded_fault(), fared)
        modes = Modes(
            setup,
            checks,
            live=lambda: switchboard.places.taken,
            started=standby_plan(settings, setup.config).embedded_stages,
            models=models,
        )
        if why := modes.missing(setup.modes[modes.mode]):
            raise SettingsError(f"{modes.mode}: {why}")
        operators = Operators(modes, store, lambda: switchboard.places.taken == 0, tell)
        watch = SetupWatch(setup, adopt)
        beat = Beat(modes, operators, watch, store, tell)
        memory = AiMemory.from_settings(http, settings)
        home = None
        if memory:
            home = Repeated(
                "AI-Memory (meanwhile the last known mode holds)",
                SYNC_SECONDS,
                ModeHome(memory, modes, operators).sync,
                tell,
            )
        status = Status(
            modes,
            store,
            watch,
            lambda: (*beat.work, *((home,) if home else ())),
            memory,
            lambda: switchboard.live,
            lambda: switchboard.places.workers,
        )
        return cls(modes, operators, status, checks, beat, home)

    def pin(self, call: Call) -> Pinned:
        """Decide a new call's mode; see `Modes.pin`."""
        return self.modes.pin(call)

    async def check_all(self) -> None:
        """Ask every provider of every mode that can be taken how it is."""
        modes = [m for m in self.modes.setup.modes.values() if not self.modes.missing(m)]
        await asyncio.gather(*(self.checks.of(mode) for mode in modes))

    async def start(self) -> None:
        """Read what is set, then keep it up to date behind."""
        await self.beat.start()
        if self.home:
            self.home.start(at_once=True)

    async def close(self) -> None:
        """Stop all of it."""
        await self.beat.close()
        if self.home:
            await self.home.close()
        await self.checks.close()
