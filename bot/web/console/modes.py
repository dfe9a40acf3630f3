"""The modes as the console's page shows and changes them, over the room that has them."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from bot.errors import StoreError
from bot.modes.house import ModeHouse
from bot.modes.operators import Order
from bot.modes.state import OWN, RULES, ModeRefused
from bot.store import queries_figures
from bot.store.store import Store
from bot.web.console.pages import (
    ModeChange,
    ModePage,
    ModeReason,
    ModeRow,
    ModeRule,
    SetOwnMode,
    SetRollout,
    SetRule,
    SwitchMode,
)
from bot.web.console.refusals import refuse

UNKNOWN = -1.0
REASONS_SPAN = timedelta(hours=24)
_WHAT = {OWN: "numbers' own modes", RULES: "rules that are off"}


class ModeDesk(Protocol):
    """What the page needs of the modes. Orders raise ConsoleRefused when they are refused."""

    async def page(self) -> ModePage:
        """How everything stands."""

    async def switch(self, order: SwitchMode, who: str) -> None:
        """Switch, or note that it is to be done later."""

    async def roll_out(self, order: SetRollout, who: str) -> None:
        """Give modes a share of the callers."""

    async def set_own(self, order: SetOwnMode, who: str) -> None:
        """Give a number a mode of its own."""

    async def set_rule(self, order: SetRule, who: str) -> None:
        """Switch an automatic rule off, or on again."""


class HouseDesk:
    """The process's modes.

    Args:
        house: See `bot.modes.house`.
        store: Where calls and their modes are.
    """

    def __init__(self, house: ModeHouse, store: Store) -> None:
        self._house = house
        self._store = store

    async def page(self) -> ModePage:
        """How everything stands, figures of the last day."""
        found = await self._house.status.read()
        chosen, live = found["set"], found["live_calls"]["by_mode"]
        return ModePage(
            mode=found["llm_mode"],
            chosen=bool(chosen["mode"]),
            pending=_pending(chosen["pending"]),
            rows=[
                _row(name, mode, found["rollout"].get(name, 0.0), live.get(name, 0))
                for name, mode in found["modes"].items()
            ],
            rules=[ModeRule(**rule) for rule in found["rules"]],
            own=dict(found["numbers"]),
            changes=[_change(change) for change in found["changes"]],
            reasons=await self._reasons(),
            unavailable="; ".join(found["trouble"]),
        )

    async def switch(self, order: SwitchMode, who: str) -> None:
        """Switch, or note that it is to be done later."""
        wanted = Order(order.mode, who, order.when, float(order.seconds), order.force)
        await _ordered(lambda: self._house.operators.switch(wanted))

    async def roll_out(self, order: SetRollout, who: str) -> None:
        """Give modes a share of the callers."""
        await _ordered(lambda: self._house.operators.roll_out(order.shares, who))

    async def set_own(self, order: SetOwnMode, who: str) -> None:
        """Give a number a mode of its own."""
        await _ordered(lambda: self._house.operators.set_own(order.number, order.mode, who))

    async def set_rule(self, order: SetRule, who: str) -> None:
        """Switch an automatic rule off, or on again."""
        await _ordered(lambda: self._house.operators.set_rule(order.rule, order.on, who))

    async def _reasons(self) -> list[ModeReason]:
        since = datetime.now(UTC) - REASONS_SPAN
        try:
            found = await queries_figures.reasons(self._store, since)
        except StoreError:
            return []  # the page says by its other parts that the database is away
        return [ModeReason(mode=mode, reason=why, calls=n) for (mode, why), n in found]


async def _ordered(work: Callable[[], Awaitable[Any]]) -> None:
    try:
        await work()
    except ModeRefused as error:
        raise refuse("no", str(error)) from None


def _row(name: str, mode: Mapping[str, Any], share: float, live: int) -> ModeRow:
    figures = mode["figures"]
    return ModeRow(
        name=name,
        title=mode["name"],
        lacks=mode["missing"],
        down=mode["down"],
        share=share,
        live=live,
        calls=figures["calls"],
        errors=figures["errors"],
        hang_ups=figures["hang_ups"],
        minutes=figures["minutes"],
        wait_ms=_number(figures["wait_ms"]),
        wait_ms_p95=_number(figures["wait_ms_p95"]),
        dollars_per_minute=_number(mode["estimated"]["price_per_minute"]),
    )


def _number(value: float | None) -> float:
    return UNKNOWN if value is None else float(value)


def _pending(pending: Mapping[str, Any] | None) -> str:
    if not pending:
        return ""
    when = f"at {pending['due']}" if pending["due"] else "when no call is live"
    return f"{pending['mode'] or 'the configured mode'} {when}, ordered by {pending['who']}"


def _change(change: Mapping[str, Any]) -> ModeChange:
    key = change["key"]
    say = _rules if key == RULES else _plain
    return ModeChange(
        at=change["at"],
        who=change["who"],
        what=_WHAT.get(key, key),
        before=say(change["before"]),
        after=say(change["after"]),
    )


def _rules(value: Mapping[str, str]) -> str:
    """The rules that are off, each in words."""
    return "; ".join(value.values()) or "none"


def _named(key: str, value: Any) -> str:
    return key if value is True else f"{key} {_plain(value)}"


def _plain(value: Any) -> str:
    """A setting's value in few words."""
    if isinstance(value, Mapping):
        parts = [_named(key, each) for key, each in value.items() if each not in ("", False)]
        return ", ".join(parts) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
