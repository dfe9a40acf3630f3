"""What operators have set, as the store keeps it: the mode, the rollout, single numbers' modes,
and which of the automatic rules are switched off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, get_args

from bot.errors import TandemError
from bot.setting_groups.modes import ModeName
from bot.store.modes import Setting

When = Literal["now", "idle", "grace"]
MODE, ROLLOUT, OWN, RULES = "mode", "rollout", "own", "rules"
KEYS = (MODE, ROLLOUT, OWN, RULES)
NAMES: tuple[ModeName, ...] = get_args(ModeName)


class ModeRefused(TandemError):
    """An order about modes cannot be carried out; the text is one line for the operator."""


class ModeConflict(ModeRefused):
    """Somebody else was faster."""


@dataclass(frozen=True)
class Pending:
    """A switch that waits: for an idle moment (`due` is None), or for a time."""

    mode: ModeName | None
    due: datetime | None
    forced: bool
    who: str

    @property
    def when(self) -> When:
        """What it waits for."""
        return "grace" if self.due else "idle"


@dataclass(frozen=True)
class Settled:
    """The settings, each as it was last read."""

    mode_setting: Setting = field(default=Setting(MODE))
    rollout_setting: Setting = field(default=Setting(ROLLOUT))
    own_setting: Setting = field(default=Setting(OWN))
    rules_setting: Setting = field(default=Setting(RULES))

    @classmethod
    def of(cls, found: Mapping[str, Setting]) -> "Settled":
        """From what the store has, by key."""
        return cls(*(found.get(key, Setting(key)) for key in KEYS))

    def setting(self, key: str) -> Setting:
        """One of them by its key."""
        found: Setting = getattr(self, f"{key}_setting")
        return found

    def with_(self, setting: Setting) -> "Settled":
        """With one replaced, unless that is older than what is there, or a later program's."""
        if setting.key not in KEYS or setting.version < self.setting(setting.key).version:
            return self
        return replace(self, **{f"{setting.key}_setting": setting})

    @property
    def mode(self) -> ModeName | None:
        """The operator's mode, None where nobody chose."""
        return name_of(_value(self.mode_setting).get("mode"))

    @property
    def forced(self) -> bool:
        """Whether it was set although its health check failed."""
        return bool(_value(self.mode_setting).get("forced"))

    @property
    def pending(self) -> Pending | None:
        """The switch that waits."""
        found = _value(self.mode_setting).get("pending")
        if not found:
            return None
        due = datetime.fromisoformat(found["due"]) if found.get("due") else None
        who = str(found.get("who", ""))
        return Pending(name_of(found.get("mode")), due, bool(found.get("forced")), who)

    @property
    def rollout(self) -> dict[ModeName, float]:
        """Mode -> per cent of callers."""
        shares = ((name_of(key), value) for key, value in _value(self.rollout_setting).items())
        return {name: float(value) for name, value in shares if name and value}

    @property
    def own(self) -> dict[str, ModeName]:
        """Number -> mode, of callers and of numbers called."""
        modes = ((key, name_of(value)) for key, value in _value(self.own_setting).items())
        return {key: name for key, name in modes if name}

    @property
    def off(self) -> dict[str, str]:
        """`Rule.id` -> the rule in words, of the automatic rules that are switched off."""
        return {str(key): str(value) for key, value in _value(self.rules_setting).items()}


def mode_value(
    mode: ModeName | None, forced: bool = False, pending: Pending | None = None
) -> dict[str, Any]:
    """What the store keeps of the operator's mode."""
    value: dict[str, Any] = {"mode": mode or "", "forced": forced}
    if pending:
        value["pending"] = {
            "mode": pending.mode or "",
            "due": pending.due.isoformat() if pending.due else "",
            "forced": pending.forced,
            "who": pending.who,
        }
    return value


def name_of(text: Any) -> ModeName | None:
    """A mode's name, or None for anything else: another version may have written it."""
    return next((name for name in NAMES if name == text), None)


def _value(setting: Setting) -> Mapping[str, Any]:
    return setting.value or {}
