"""What every group of settings has."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Group(BaseSettings):
    """Some of the settings. An empty string counts as not set."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    def problems(self) -> Iterable[str]:
        """What cannot be meant, one line each: the variable, what was found, the way out."""
        return ()


def secret(meaning: str) -> Any:
    """A secret's field, empty by default."""
    return Field(default=SecretStr(""), description=meaning)
