"""What keeps the modes up to date in the background; nothing of it is waited for by a call."""

from collections.abc import Callable

from loguru import logger

from bot.modes.desk import Modes
from bot.modes.operators import Operators
from bot.modes.repeated import Repeated
from bot.modes.setup import SetupWatch
from bot.store.store import Store

LOOK_SECONDS = 1.0
"""How soon a process sees what was set in another, and a change of `.env`."""
CHECK_SECONDS = 10.0
RECENT_SECONDS = 5.0


class Beat:
    """Reads what operators set, does switches that wait, checks providers, watches the files.

    Args:
        modes: What is kept up to date.
        operators: Does the switches that wait.
        watch: Looks at `.env` and `config.json`.
        store: For the figures that the rules ask for.
        tell: Writes a line for the operator.
    """

    def __init__(
        self,
        modes: Modes,
        operators: Operators,
        watch: SetupWatch,
        store: Store,
        tell: Callable[[str], None],
    ) -> None:
        self._modes = modes
        self._operators = operators
        self._store = store
        self._tell = tell
        self.work = (
            Repeated("what operators set cannot be read", LOOK_SECONDS, self._look, tell),
            Repeated("settings", LOOK_SECONDS, watch.look, tell),
            Repeated("health checks", CHECK_SECONDS, self._check, tell),
            Repeated("figures of the modes", RECENT_SECONDS, self._count, tell),
        )

    async def start(self) -> None:
        """Read what is set, then go on in the background."""
        await self.work[0].once()
        for work in self.work:
            work.start()

    async def close(self) -> None:
        """Stop."""
        for work in self.work:
            await work.close()

    async def _look(self) -> None:
        before = self._modes.settled.mode_setting
        await self._operators.look()
        after = self._modes.settled.mode_setting
        if 0 < before.version < after.version:
            logger.info(f"new calls get {self._modes.mode}, set by {after.who}")
        await self._operators.apply_pending()

    async def _check(self) -> None:
        """Ask the modes that calls may get; and those that are down, so that they come back."""
        for name in {*self._modes.watched, *self._modes.down}:
            mode = self._modes.known(name)
            if mode and not self._modes.missing(mode):
                line = self._modes.noted(mode.name, await self._modes.checks.of(mode))
                if line:
                    self._tell(line)

    async def _count(self) -> None:
        spans = [rule.minutes for rule in self._modes.setup.config.rules if rule.of]
        if spans:
            await self._modes.recent.refresh(self._store, spans)
