"""The settings and `config.json` together, and the watch over both files."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.errors import SettingsError
from bot.modes.config import FILE, ModeConfig, load_config
from bot.modes.mode import Mode, resolve
from bot.providers import choose
from bot.setting_groups.console import ConsoleSettings
from bot.setting_groups.failover import FailoverSettings
from bot.setting_groups.modes import ModeName
from bot.setting_groups.openclaw import OpenClawSettings
from bot.setting_groups.providers import EmbeddedSettings
from bot.setting_groups.server import ServerSettings
from bot.setting_groups.telephony import TwilioSettings
from bot.settings import ROOT, Settings

ENV_FILE = ROOT / ".env"
NEEDS_RESTART = frozenset(
    {
        *ServerSettings.model_fields,
        *TwilioSettings.model_fields,
        *EmbeddedSettings.model_fields,
        *OpenClawSettings.model_fields,
        *FailoverSettings.model_fields,
        *ConsoleSettings.model_fields,
        *("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"),
        "KNOWLEDGE_DIR",
        *("AI_MEMORY_URL_PROD", "AI_MEMORY_URL_DEV", "AI_MEMORY_TOKEN", "ENVIRONMENT"),
    }
)
"""What the process itself is built on: a change waits for the next start."""


@dataclass(frozen=True)
class Setup:
    """What new calls are made of."""

    settings: Settings
    config: ModeConfig
    modes: Mapping[ModeName, Mode]

    @classmethod
    def of(cls, settings: Settings, file: Path = FILE) -> Self:
        """Resolve every mode.

        Raises:
            SettingsError: one line: what is wrong with the file, or with LLM_MODE.
        """
        choose(settings)
        config = load_config(settings, file)
        modes = resolve(settings, config)
        named = settings.LLM_MODE
        if named and named not in modes:
            raise SettingsError(f"LLM_MODE: {named} is not described in {file.name}")
        for source, name in (("LLM_MODE", named), ("default_mode", config.default_mode)):
            if name and modes[name].missing:
                raise SettingsError(f"{source}: {name} {modes[name].missing}")
        return cls(settings, config, modes)


class SetupWatch:
    """Notices that `.env` or `config.json` has changed, and what that comes to.

    A file that cannot be used changes nothing: the last good settings stay, and `problem` says why.
    Values of the environment win over `.env` as ever. Settings that the process is built on keep
    their value; `restart` names those that have another one in the file.

    Args:
        setup: What is in use.
        adopt: Told of every good change; it may refuse one by a SettingsError.
        env_file, config_file: The files.
    """

    def __init__(
        self,
        setup: Setup,
        adopt: Callable[[Setup], None],
        env_file: Path = ENV_FILE,
        config_file: Path = FILE,
    ) -> None:
        self._first = setup.settings
        self._adopt = adopt
        self._env_file = env_file
        self._config_file = config_file
        self._seen = self._marks()
        self._from_files = self._as_in_the_files()
        self.problem = ""
        self.restart: Sequence[str] = ()

    async def look(self) -> None:
        """Read the files again if they have changed.

        Raises:
            SettingsError: they cannot be used, and the last good ones stay.
        """
        marks = self._marks()
        if not self._from_files:
            return
        if marks == self._seen:
            if self.problem:
                raise SettingsError(self.problem)
            return
        self._seen = marks
        try:
            setup = await asyncio.to_thread(self._read)
            self._adopt(setup)
        except SettingsError as error:
            lines = "; ".join(str(error).splitlines())
            self.problem = f"{lines}; the last good settings stay"
            raise SettingsError(self.problem) from None
        self.problem = ""

    def _as_in_the_files(self) -> bool:
        """Settings that were made up, as tests do, have no file to watch."""
        try:
            return Settings.load(self._env_file) == self._first
        except SettingsError:
            return False

    def _read(self) -> Setup:
        settings = Settings.load(self._env_file)
        old = {name: getattr(self._first, name) for name in NEEDS_RESTART}
        self.restart = sorted(name for name in old if getattr(settings, name) != old[name])
        return Setup.of(settings.model_copy(update=old), self._config_file)

    def _marks(self) -> tuple[object, ...]:
        return tuple(_mark(file) for file in (self._env_file, self._config_file))


def _mark(file: Path) -> object:
    """Changes whenever the file does; None if it is not there."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
