"""The server: its address, its size, where it keeps things."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from bot.setting_groups.group import Group, secret
from bot.settings_rules import HttpUrl


class ServerSettings(Group):
    """Address, size, store."""

    HOST: str = Field("127.0.0.1", description="Address the server listens on.")
    PORT: int = Field(7860, ge=0, le=65535, description="Port the server listens on; 0 picks one.")
    PUBLIC_URL: HttpUrl = Field(
        "", description="https address under which Twilio reaches this server."
    )
    OPERATOR_TOKEN: SecretStr = secret("Bearer token for the operator's requests.")
    MAX_CALLS: int = Field(
        10, ge=1, le=10_000, description="Calls at once; one more hears a busy sentence."
    )
    WORKERS: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that share the port and the calls; more than one needs Linux.",
    )
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="How much is logged: DEBUG, INFO, WARNING or ERROR."
    )
    DATA_DIR: Path = Field(Path("var"), description="Folder for the database and cached greetings.")
    DATABASE_URL: SecretStr = secret(
        "Where calls are written: postgresql://… or sqlite:///…; empty: a file in DATA_DIR."
    )
