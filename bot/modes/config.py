"""`config.json`: what the modes are, which is taken by default, and the automatic rules.

It has no secrets. A text may be `use_env:NAME`: then it is the value of that setting.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from bot.errors import SettingsError
from bot.setting_groups.modes import ModeName
from bot.settings import ROOT, Settings

FILE = ROOT / "config.json"
_ENV = "use_env:"

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Description(_Part):
    """A mode as the file describes it.

    `needs`: settings without which it cannot be taken; of `A|B` one will do. `endpoints`: where
    its model is; several share the calls. `latency_ms`: from the caller's last sound to the bot's
    first, estimated; `price_per_minute`: US dollars, estimated.
    """

    name: str = Field(min_length=1)
    needs: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    model: str = ""
    latency_ms: int = Field(gt=0)
    price_per_minute: float = Field(ge=0)


class Rule(_Part):
    """Takes `use` while something is so; exactly one condition.

    `between`: the time of day (BOT_TIMEZONE), over midnight too, on `days`. `live_calls`: at least
    so many calls are live. `of`: that mode would be taken, and in the last `minutes`, with at least
    `calls` calls, more than the share `errors_above` of its calls failed, or the median of its
    answers took longer than `latency_above_ms`.
    """

    use: ModeName
    between: tuple[time, time] | None = None
    days: tuple[Day, ...] = DAYS
    live_calls: int | None = Field(None, ge=1)
    of: ModeName | None = None
    errors_above: float | None = Field(None, ge=0, lt=1)
    latency_above_ms: float | None = Field(None, gt=0)
    minutes: float = Field(5, gt=0, le=1440)
    calls: int = Field(5, ge=1)

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        if sum(c is not None for c in (self.between, self.live_calls, self.of)) != 1:
            raise ValueError("expected exactly one of between, live_calls, of")
        measured = (self.errors_above is not None) + (self.latency_above_ms is not None)
        if measured != (self.of is not None):
            raise ValueError("of goes with exactly one of errors_above, latency_above_ms")
        if self.of == self.use:
            raise ValueError("use and of name the same mode")
        return self

    @property
    def id(self) -> str:
        """Eight hex digits: the same wherever the rule stands, others once it says other things."""
        content = self.model_dump_json(exclude_defaults=True)
        return hashlib.sha256(content.encode()).hexdigest()[:8]

    @property
    def condition(self) -> str:
        """When it holds, in words."""
        if self.between is not None:
            start, end = (moment.isoformat("auto").removesuffix(":00") for moment in self.between)
            days = "" if set(self.days) == set(DAYS) else f" on {', '.join(self.days)}"
            return f"between {start} and {end}{days}"
        if self.live_calls is not None:
            return f"{self.live_calls} calls are live, or more"
        span = f"at least {self.calls} calls in {self.minutes:g} minutes"
        if self.errors_above is not None:
            return f"{self.of} failed in more than {100 * self.errors_above:g} % of {span}"
        return f"{self.of} took more than {self.latency_above_ms:g} ms to answer, median of {span}"

    def __str__(self) -> str:
        return f"{self.condition}: {self.use}"


class ModeConfig(_Part):
    """The whole file."""

    default_mode: ModeName
    fallback_mode: ModeName
    modes: Mapping[ModeName, Description]
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _described(self) -> Self:
        rules = (rule.use for rule in self.rules)
        named = {"cascade", self.default_mode, self.fallback_mode, *rules}
        if missing := sorted(named - set(self.modes)):
            raise ValueError(f"modes: {missing[0]} is not described")
        return self


def load_config(settings: Settings, file: Path = FILE) -> ModeConfig:
    """Read the file with the settings that it names.

    Raises:
        SettingsError: one line: the file, the place in it, what was found, what is wrong.
    """
    name = file.name
    try:
        text = file.read_text(encoding="utf-8")
        raw = json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise SettingsError(f"{name}: cannot be read: {why}; it describes the modes") from None
    except ValueError as error:
        raise SettingsError(f"{name}: is not JSON: {error}") from None
    try:
        config = ModeConfig.model_validate(_filled(raw, settings, name, ""))
    except ValidationError as error:
        raise SettingsError(_line(name, error)) from None
    for mode, description in config.modes.items():
        for need in description.needs:
            for setting in need.split("|"):
                if setting not in Settings.model_fields:
                    place = f"{name}: modes.{mode}.needs"
                    raise SettingsError(f"{place}: {setting} is not a setting of Tandem")
    return config


def _filled(value: Any, settings: Settings, name: str, place: str) -> Any:
    """`value` with every `use_env:NAME` replaced by the setting's value."""
    if isinstance(value, dict):
        inside = f"{place}." if place else ""
        return {k: _filled(v, settings, name, f"{inside}{k}") for k, v in value.items()}
    if isinstance(value, list):
        filled = [_filled(v, settings, name, f"{place}.{n}") for n, v in enumerate(value)]
        return [v for v in filled if v != ""]
    if not isinstance(value, str) or not value.startswith(_ENV):
        return value
    wanted = value.removeprefix(_ENV)
    if wanted not in Settings.model_fields:
        raise SettingsError(f"{name}: {place}: {wanted} is not a setting of Tandem")
    found = getattr(settings, wanted)
    if isinstance(found, SecretStr):
        raise SettingsError(f"{name}: {place}: {wanted} is a secret, it stays in .env")
    return found


def _line(name: str, error: ValidationError) -> str:
    found = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in found["loc"] if part != "[key]")
    message = found["msg"].removeprefix("Value error, ")
    simple = isinstance(found["input"], str | int | float | bool)
    what = f" found {found['input']!r}:" if simple and found["loc"] else ""
    return f"{name}: {place}:{what} {message}" if place else f"{name}: {message}"
