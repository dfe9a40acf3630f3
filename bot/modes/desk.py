"""The process's view of the modes: which a new call gets, and what it is made of then.

Everything a call needs is in memory; `Beat` (bot/modes/beat.py) keeps it up to date behind.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from loguru import logger

from bot.call import Call
from bot.errors import SettingsError
from bot.modes.choice import Facts, choose_mode
from bot.modes.config import Rule
from bot.modes.figures import RecentFigures
from bot.modes.health import HealthChecks
from bot.modes.mode import Mode
from bot.modes.pool import Pool
from bot.modes.setup import Setup
from bot.modes.state import KEYS, Settled
from bot.providers import Endpoint, Plan, Stage, choose
from bot.setting_groups.modes import ModeName
from bot.settings import Settings
from bot.store.modes import Setting

FAILURES_UNTIL_DOWN = 2
"""Failed checks in a row until new calls avoid a mode: one may be a hiccup."""
NOT_STARTED = (
    "needs the embedded models, which were not started: name it in LLM_MODE, or as default_mode or "
    "fallback_mode in config.json, and start anew"
)


class EmbeddedModels(Protocol):
    """The embedded models, as far as the modes ask for them."""

    @property
    def ready(self) -> bool:
        """Whether every stage answers now."""

    @property
    def status(self) -> str:
        """One line for a person."""


@dataclass(frozen=True)
class Pinned:
    """What one call is made of, whatever is switched later.

    `plan`: the endpoints in this call's order; for a mode without stages those of `fallback`.
    `fallback`: the mode in which the call goes on if its own breaks; None if there is no other.
    """

    settings: Settings
    mode: Mode
    plan: Plan
    fallback: Mode | None


class Modes:
    """Gives new calls their mode.

    Args:
        setup: The settings and modes in use.
        checks: Asks providers how they are.
        live: How many calls are live, in all processes.
        started: The stages that the embedded models serve; None where that is not known.
        models: The embedded models of the process, if there are any.
    """

    def __init__(
        self,
        setup: Setup,
        checks: HealthChecks,
        *,
        live: Callable[[], int],
        started: frozenset[Stage] | None,
        models: Callable[[], EmbeddedModels | None],
    ) -> None:
        self.setup = setup
        self.checks = checks
        self.settled = Settled()
        self.recent = RecentFigures()
        self.pool = Pool(self._fault)
        self.down: dict[ModeName, str] = {}
        self._failures: dict[ModeName, int] = {}
        self._renewed = 0
        self._live = live
        self._started = started
        self._models = models
        self._pinned: WeakKeyDictionary[Call, Pinned] = WeakKeyDictionary()

    @property
    def mode(self) -> ModeName:
        """The mode of a call that neither its number, the rollout nor a rule sends elsewhere."""
        config, settings = self.setup.config, self.setup.settings
        return self.settled.mode or settings.LLM_MODE or config.default_mode

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The automatic rules that are switched on."""
        off = self.settled.off
        return tuple(rule for rule in self.setup.config.rules if rule.id not in off)

    @property
    def mark(self) -> str:
        """Another text whenever operators, or the files, have set something else about modes."""
        versions = (self.settled.setting(key).version for key in KEYS)
        return ".".join(map(str, (*versions, self._renewed)))

    @property
    def avoided(self) -> dict[ModeName, str]:
        """Mode -> why new calls avoid it now: its checks fail, or calls did with its providers."""
        modes = (mode for mode in self.setup.modes.values() if not self.missing(mode))
        lines = {mode.name: self.checks.left_alone(mode) for mode in modes}
        return self.down | {name: why for name, why in lines.items() if why}

    @property
    def watched(self) -> list[ModeName]:
        """The modes that calls may get; none where there is nothing to choose."""
        config, settled = self.setup.config, self.settled
        named: set[ModeName] = {self.mode, config.default_mode, config.fallback_mode}
        named |= {*settled.rollout, *settled.own.values(), *(rule.use for rule in self.rules)}
        if settled.pending and settled.pending.mode:
            named.add(settled.pending.mode)
        return [] if named == {"cascade"} else sorted(name for name in named if self.known(name))

    def known(self, name: str) -> Mode | None:
        """A mode by its name."""
        return next((mode for key, mode in self.setup.modes.items() if key == name), None)

    def plans(self) -> list[Plan]:
        """The plans that new calls may have, that of the most likely mode first; never empty."""
        names = dict.fromkeys([self.mode, *self.watched])
        found = [mode for name in names if (mode := self.known(name))]
        well = (m for m in found if not self.missing(m) and m.name not in self.down)
        usable = [mode.plan for mode in well if mode.plan]
        return usable or [choose(self.setup.settings)]

    def missing(self, mode: Mode) -> str:
        """Why a mode cannot be taken in this process, or ''."""
        if mode.missing or mode.plan is None or self._started is None:
            return mode.missing
        return "" if mode.plan.embedded_stages <= self._started else NOT_STARTED

    def pin(self, call: Call) -> Pinned:
        """Decide a new call's mode, note it on the call, and keep what it is made of."""
        choice = choose_mode(self._facts(call))
        call.mode, call.mode_reason = choice.mode, choice.reason
        setup = self.setup
        mode = self._dealt(call, setup.modes[choice.mode])
        fallback = self._fallback(setup, mode)
        plan = mode.plan or (fallback and fallback.plan) or choose(setup.settings)
        pinned = self._pinned[call] = Pinned(setup.settings, mode, plan, fallback)
        logger.info(f"call {call.id} mode {call.mode}: {call.mode_reason}")
        return pinned

    def of(self, call: Call) -> Pinned:
        """What was pinned for a call; it is now, if it was not yet."""
        return self._pinned.get(call) or self.pin(call)

    def over(self, call: Call) -> None:
        """A call has ended: its endpoint has one fewer."""
        self.pool.release(call.id)

    def adopt(self, settings: Iterable[Setting]) -> None:
        """Take over what operators have set."""
        for setting in settings:
            self.settled = self.settled.with_(setting)

    def renew(self, setup: Setup) -> None:
        """Make new calls of other settings from now on.

        Raises:
            SettingsError: they need what this process has not; the old ones stay.
        """
        base = setup.modes["cascade"]
        if why := self.missing(base):
            raise SettingsError(f"cascade {why}")
        self.setup = setup
        self._renewed += 1

    def noted(self, name: ModeName, fault: str) -> str:
        """Note what a health check said; returns a line when that sends calls elsewhere."""
        if not fault:
            self._failures.pop(name, None)
            return f"{name} is well again" if self.down.pop(name, None) else ""
        self._failures[name] = self._failures.get(name, 0) + 1
        if self._failures[name] < FAILURES_UNTIL_DOWN:
            return ""
        known_before = name in self.down
        self.down[name] = fault
        return "" if known_before else f"{name} is down, new calls avoid it: {fault}"

    def embedded_fault(self) -> str:
        """What is wrong with the embedded models, or ''."""
        models = self._models()
        if models is None:
            return "" if self._started is None else "the embedded models were not started"
        return "" if models.ready else f"the embedded models are not ready: {models.status}"

    def _facts(self, call: Call) -> Facts:
        setup, settled = self.setup, self.settled
        config = setup.config
        missing = {name: self.missing(mode) for name, mode in setup.modes.items()}
        named: set[ModeName] = {*settled.own.values(), *settled.rollout}
        if settled.mode:
            named.add(settled.mode)
        unknown: dict[ModeName, str] = dict.fromkeys(named, "is not described")
        return Facts(
            caller=call.caller,
            callee=call.callee,
            call_id=call.id,
            now=datetime.now(ZoneInfo(setup.settings.BOT_TIMEZONE)),
            default_mode=config.default_mode,
            fallback_mode=config.fallback_mode,
            live=self._live(),
            own=settled.own,
            rollout=settled.rollout,
            rules=self.rules,
            recent=self.recent.of,
            operator=settled.mode,
            forced=settled.forced,
            llm_mode=setup.settings.LLM_MODE or None,
            missing={name: why for name, why in (unknown | missing).items() if why},
            down=self.avoided,
        )

    def _dealt(self, call: Call, mode: Mode) -> Mode:
        """The mode with the endpoint that this call has of several."""
        if mode.plan is None:
            return mode
        first = mode.plan.llm[0].provider
        same = tuple(e for e in mode.plan.llm if e.provider == first)
        if len(same) < 2 or first != "runpod":
            return mode
        ordered = self.pool.lease(call.id, same) + mode.plan.llm[len(same) :]
        return replace(mode, plan=replace(mode.plan, llm=ordered))

    def _fallback(self, setup: Setup, mode: Mode) -> Mode | None:
        """Where a call of `mode` goes on: the configured mode, else another kind that works."""
        wanted = [setup.config.fallback_mode, setup.config.default_mode, "cascade"]
        if mode.kind == "cascade":
            wanted.append("openai_realtime")
        found = (self.known(name) for name in wanted)
        usable = [m for m in found if m and m.name != mode.name and not self.missing(m)]
        avoided = self.avoided
        return next((m for m in usable if m.name not in avoided), usable[0] if usable else None)

    def _fault(self, endpoint: Endpoint) -> str:
        return self.checks.fault_of(endpoint) or ""
