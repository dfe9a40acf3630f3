"""Every setting: its type, its default, its meaning, and the rules between settings.

Values come from the environment and from `.env` (the environment wins); nothing else in the
project reads either. `Settings.load()` is the one way in, the fields are in `bot/setting_groups/`,
`.env.example` is written from them (`python runner.py --env-example`), and
`bot/settings_report.py` explains the result.
"""

import os
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Self

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError, model_validator

from bot import settings_rules as rules
from bot.errors import SettingsError
from bot.setting_groups import IN_ORDER, AllGroups
from bot.settings_rules import contradictions

ROOT = Path(__file__).resolve().parent.parent

# Before numpy loads: its threads spin for each other and double what the turn model costs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class Settings(AllGroups):
    """All settings, checked. An empty string counts as not set.

    Raises:
        SettingsError: from `load()`, one line per wrong variable: its name, what was found, what
            to do.
    """

    @classmethod
    def load(cls, env_file: Path | None = ROOT / ".env", **overrides: Any) -> Self:
        """Read the environment and `env_file`; `overrides` win over both.

        Raises:
            SettingsError: one line per wrong variable.
        """
        if env_file and env_file.exists() and not os.access(env_file, os.R_OK):
            raise SettingsError(f"{env_file}: cannot be read; check its permissions")
        try:
            return cls(_env_file=env_file, _env_file_encoding="utf-8", **overrides)  # type: ignore[call-arg]
        except ValidationError as error:
            raise SettingsError("\n".join(_lines(error))) from None
        except UnicodeDecodeError:
            raise SettingsError(f"{env_file}: is not UTF-8 text") from None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        problems = [*contradictions(self), *chain(*(group.problems(self) for group in IN_ORDER))]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def database_url(self) -> str:
        """The database to use, as configured or a SQLite file in the data folder."""
        path = self.data_dir / "tandem.db"
        return self.DATABASE_URL.get_secret_value() or f"sqlite:///{path}"

    @property
    def data_dir(self) -> Path:
        """`DATA_DIR`, absolute; a relative one counts from the project's folder."""
        return ROOT / self.DATA_DIR.expanduser()

    @property
    def embedded_cache_dir(self) -> Path:
        """`EMBEDDED_CACHE_DIR`, absolute."""
        return ROOT / self.EMBEDDED_CACHE_DIR.expanduser()

    @property
    def elevenlabs_urls(self) -> tuple[str, str]:
        """ElevenLabs' (http, websocket) addresses, derived from the one that is set."""
        return rules.both_schemes(self.ELEVENLABS_BASE_URL)

    @property
    def openclaw_urls(self) -> tuple[str, str]:
        """The gateway's (http, websocket) addresses, ('', '') without one."""
        return rules.both_schemes(self.OPENCLAW_API_URL)

    @property
    def hybrid(self) -> bool:
        """Whether a fast model talks and hands complex jobs to OpenClaw."""
        return bool(self.OPENCLAW_API_URL) and self.BOT_HYBRID_LLM is not False

    @property
    def primary_model(self) -> str:
        """The model asked at `OPENAI_BASE_URL`: in the hybrid `BOT_HYBRID_PRIMARY_MODEL`, unless
        only `OPENAI_MODEL` was set."""
        chosen = self.model_fields_set
        only_openai = "OPENAI_MODEL" in chosen and "BOT_HYBRID_PRIMARY_MODEL" not in chosen
        return (
            self.BOT_HYBRID_PRIMARY_MODEL if self.hybrid and not only_openai else self.OPENAI_MODEL
        )

    @property
    def task_limits(self) -> tuple[int, int]:
        """`OPENCLAW_MAX_TASKS`: (for a call, in this process)."""
        per_call, in_all = map(int, self.OPENCLAW_MAX_TASKS.split(","))
        return per_call, in_all

    @property
    def hedge_seconds(self) -> tuple[float, float]:
        """`LLM_HEDGE_SECONDS`: (least, most)."""
        least, most = map(float, self.LLM_HEDGE_SECONDS.split(","))
        return least, most

    @property
    def contacts(self) -> Mapping[str, str]:
        """`CONTACTS`: name -> number in E.164."""
        return dict(rules.pairs(self.CONTACTS))

    @property
    def twilio_rest(self) -> tuple[str, str] | None:
        """(user, password) for Twilio's REST API: the API key where there is one; or None."""
        if self.TWILIO_ACCOUNT_SID and self.TWILIO_API_KEY:
            return self.TWILIO_API_KEY, self.TWILIO_API_SECRET.get_secret_value()
        if self.TWILIO_ACCOUNT_SID and self.TWILIO_AUTH_TOKEN.get_secret_value():
            return self.TWILIO_ACCOUNT_SID, self.TWILIO_AUTH_TOKEN.get_secret_value()
        return None

    @property
    def websocket_url(self) -> str:
        """`PUBLIC_URL` with a websocket scheme, or ''."""
        return self.PUBLIC_URL.replace("http", "ws", 1)


def known_variables() -> Mapping[str, str]:
    """Each variable's name and meaning."""
    return {name: field.description or "" for name, field in Settings.model_fields.items()}


def found_variables(env_file: Path | None = ROOT / ".env") -> Mapping[str, str]:
    """Everything set in the environment and in `env_file`: variable -> where it was found."""
    found = dict.fromkeys(os.environ, "environment")
    if env_file and env_file.exists():
        found = dict.fromkeys(dotenv_values(env_file), str(env_file.name)) | found
    return found


def _lines(error: ValidationError) -> list[str]:
    lines: list[str] = []
    for problem in error.errors(include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        if not problem["loc"]:
            lines.extend(message.splitlines())
            continue
        name = str(problem["loc"][0])
        field = Settings.model_fields.get(name)
        secret = field is not None and field.annotation is SecretStr
        found = "a value" if secret else repr(problem["input"])
        lines.append(f"{name}: found {found}: {message}. {field.description if field else ''}")
    return lines
