"""What an operator can order: another mode, a rollout, a mode for one number, a rule off or on.

Each order is made upon what its operator saw. If somebody else was faster, in this process or in
another, it is refused and nothing changes. A live call is never touched: it has its mode pinned.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from loguru import logger

from bot.modes.desk import Modes
from bot.modes.mode import Mode
from bot.modes.state import (
    MODE,
    OWN,
    ROLLOUT,
    RULES,
    ModeConflict,
    ModeRefused,
    Pending,
    Settled,
    When,
    mode_value,
)
from bot.setting_groups.modes import ModeName
from bot.store import modes as stored
from bot.store.modes import Overtaken, Setting
from bot.store.store import Store

LONGEST_GRACE = 86_400.0
_MOST_NUMBERS, _MOST_RULES = 10_000, 1_000
_TRIES = 5


@dataclass(frozen=True)
class Order:
    """A switch.

    Args:
        mode: Which mode; '' lets LLM_MODE and `default_mode` decide again.
        who: The operator's name, for the log.
        when: At once, when no call is live, or after `grace` seconds.
        forced: Whatever the health check says.
        version: The version the operator saw; None: whichever is current when the order comes.
    """

    mode: str
    who: str = "operator"
    when: When = "now"
    grace: float = 0.0
    forced: bool = False
    version: int | None = None


class Operators:
    """Carries out orders.

    Args:
        modes: Told of every change at once.
        store: Where it is kept.
        idle: Whether no call is live or expected in this process and those that share its port.
        tell: Writes a line for the operator.
    """

    def __init__(
        self,
        modes: Modes,
        store: Store,
        idle: Callable[[], bool],
        tell: Callable[[str], None],
    ) -> None:
        self._modes = modes
        self._store = store
        self._idle = idle
        self._tell = tell

    async def look(self) -> None:
        """Read what is set, by whichever process.

        Raises:
            StoreError: the database cannot be read just now; what was known stays.
        """
        self._modes.adopt((await stored.read(self._store)).values())

    async def switch(self, order: Order) -> Setting:
        """Switch, or note that it is to be done later.

        Raises:
            ModeRefused: unknown, lacking settings, not well; or (ModeConflict) somebody was faster.
            StoreError: the database cannot be used just now; nothing has changed.
        """
        await self.look()
        upon = self._modes.settled.mode_setting
        self._same_version(order.version, upon)
        mode = await self._takeable(order.mode, order.forced) if order.mode else None
        settled, name = self._modes.settled, mode.name if mode else None
        if order.when == "now" or (order.when == "grace" and order.grace <= 0):
            value = mode_value(name, order.forced)
        else:
            due = None
            if order.when == "grace":
                due = datetime.now(UTC) + timedelta(seconds=min(order.grace, LONGEST_GRACE))
            pending = Pending(name, due, order.forced, order.who)
            value = mode_value(settled.mode, settled.forced, pending)
        return await self._change(upon, value, order.who)

    async def apply_pending(self) -> None:
        """Do the switch that waits, if its moment has come; whichever process is first does it.

        Raises:
            StoreError: the database cannot be used just now; it is tried again.
        """
        upon = self._modes.settled.mode_setting
        pending = self._modes.settled.pending
        if pending is None or not await self._due(pending):
            return
        try:
            if pending.mode:
                await self._takeable(pending.mode, pending.forced)
            value = mode_value(pending.mode, pending.forced)
        except ModeRefused as error:
            self._tell(f"the switch that {pending.who} ordered is dropped: {error}")
            value = mode_value(self._modes.settled.mode, self._modes.settled.forced)
        try:
            await self._change(upon, value, pending.who)
        except ModeConflict:
            logger.debug("another process, or an operator, was faster with the mode")

    async def roll_out(
        self,
        shares: Mapping[str, float],
        who: str = "operator",
        *,
        forced: bool = False,
        version: int | None = None,
    ) -> Setting:
        """Give some modes a share of the callers, in per cent; an empty mapping ends it.

        Raises:
            ModeRefused: a mode cannot be taken, or the shares make no sense.
            StoreError: the database cannot be used just now.
        """
        await self.look()
        upon = self._modes.settled.rollout_setting
        self._same_version(version, upon)
        if wrong := [name for name, share in shares.items() if not 0 <= share <= 100]:
            raise ModeRefused(f"{wrong[0]}: a share is between 0 and 100 per cent")
        if sum(shares.values()) > 100:
            raise ModeRefused("the shares come to more than 100 per cent")
        for name in shares:
            self._known(name)
        wanted = {name: share for name, share in shares.items() if share}
        await asyncio.gather(*(self._takeable(name, forced) for name in wanted))
        return await self._change(upon, wanted, who)

    async def set_own(
        self, number: str, mode: str, who: str = "operator", *, forced: bool = False
    ) -> Setting:
        """Give a caller's number, or one of our own, a mode of its own; '' takes it away.

        Raises:
            ModeRefused: no number, or a mode that cannot be taken.
            StoreError: the database cannot be used just now.
        """
        if not re.fullmatch(r"\+[1-9]\d{1,14}", number):
            raise ModeRefused(f"{number!r} is not a number as +15551234567")
        if mode:
            await self._takeable(mode, forced)
        return await self._enter(OWN, number, mode, who, _MOST_NUMBERS)

    async def set_rule(
        self, rule_id: str, on: bool, who: str = "operator", *, version: int | None = None
    ) -> Setting:
        """Switch an automatic rule (`Rule.id`) off, or on again; new calls heed it at once.

        Where it stands so already, nothing changes. A rule that `config.json` has no more can
        still be switched on.

        Raises:
            ModeRefused: there is no such rule; or (ModeConflict) `version` is no longer current.
            StoreError: the database cannot be used just now.
        """
        await self.look()
        self._same_version(version, self._modes.settled.rules_setting)
        known = {rule.id: str(rule) for rule in self._modes.setup.config.rules}
        words = known.get(rule_id) or self._modes.settled.off.get(rule_id)
        if words is None:
            there = "; ".join(f"{key} ({text})" for key, text in known.items()) or "none"
            raise ModeRefused(f"{rule_id}: there is no such rule; there are: {there}")
        return await self._enter(RULES, rule_id, "" if on else words, who, _MOST_RULES, version)

    async def _enter(
        self, key: str, name: str, entry: str, who: str, most: int, version: int | None = None
    ) -> Setting:
        """Change one entry of a setting that has many; '' takes it out."""
        for _ in range(_TRIES):
            await self.look()
            upon = self._modes.settled.setting(key)
            self._same_version(version, upon)
            before = upon.value or {}
            value = {each: text for each, text in before.items() if each != name}
            if entry:
                value[name] = entry
            if value == before:
                return upon
            if len(value) > most:
                raise ModeRefused(f"there are {most} {_NAMES[key]} already")
            try:
                return await self._change(upon, value, who)
            except ModeConflict:
                continue  # another entry, most often: both shall stand
        raise ModeConflict(f"others change the {_NAMES[key]} all the time; try again")

    async def _due(self, pending: Pending) -> bool:
        if pending.due:
            return datetime.now(UTC) >= pending.due
        return self._idle() and not sum((await stored.live_calls(self._store)).values())

    def _known(self, name: str) -> Mode:
        mode = self._modes.known(name)
        if mode is None:
            known = ", ".join(self._modes.setup.modes)
            raise ModeRefused(f"{name}: there is no such mode; there are {known}")
        return mode

    async def _takeable(self, name: str, forced: bool) -> Mode:
        mode = self._known(name)
        if why := self._modes.missing(mode):
            raise ModeRefused(f"{name}: {why}")
        if not forced and (fault := await self._modes.checks.of(mode, age=0)):
            raise ModeRefused(f"{name}: its health check failed: {fault}; force it, or mend that")
        if not forced:
            self._modes.noted(mode.name, "")
        return mode

    def _same_version(self, seen: int | None, setting: Setting) -> None:
        if seen is not None and seen != setting.version:
            raise _conflict(setting)

    async def _change(self, upon: Setting, value: Mapping[str, Any], who: str) -> Setting:
        try:
            new = await stored.change(self._store, upon, value, who)
        except Overtaken as error:
            self._modes.adopt([error.now])
            raise _conflict(error.now) from None
        self._modes.adopt([new])
        self._tell(f"{who}: {_NAMES[new.key]} from {_shown(upon)} to {_shown(new)}")
        return new


_NAMES = {MODE: "mode", ROLLOUT: "rollout", OWN: "numbers' modes", RULES: "rules that are off"}


def _conflict(now: Setting) -> ModeConflict:
    who = now.who or "somebody"
    return ModeConflict(
        f"{who} was faster: the {_NAMES[now.key]} {_is(now.key)} {_shown(now)} now "
        f"(version {now.version}); look again"
    )


def _shown(setting: Setting) -> str:
    """A setting in a few words."""
    if setting.key == MODE:
        settled = Settled(mode_setting=setting)
        pending = settled.pending
        text = _mode_shown(settled.mode) + (" (forced)" if settled.forced else "")
        if pending is None:
            return text
        when = f"at {pending.due:%H:%M:%S} UTC" if pending.due else "when no call is live"
        return f"{text}, then {_mode_shown(pending.mode)} {when}"
    value = setting.value or {}
    if setting.key == OWN:
        return f"{len(value)} numbers"
    if setting.key == RULES:
        return "; ".join(map(str, value.values())) or "none"
    return ", ".join(f"{name} {share:g} %" for name, share in value.items()) or "none"


def _is(key: str) -> str:
    return "is" if key in (MODE, ROLLOUT) else "are"


def _mode_shown(mode: ModeName | None) -> str:
    return mode or "LLM_MODE or default_mode"
