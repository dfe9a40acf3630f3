"""The operator's console, and the recordings that it plays."""

from collections.abc import Iterable

from pydantic import Field, SecretStr

from bot.setting_groups.group import Group, secret

SHORTEST_PASSWORD = 8


class ConsoleSettings(Group):
    """Who signs in, and what is kept of calls."""

    OPERATOR_PASSWORD: SecretStr = secret(
        "Opens the console at /console, as OPERATOR_TOKEN does; with neither only this machine may."
    )
    RECORD_CALLS: bool = Field(
        False, description="Record calls as sound; the greeting then says so to the caller."
    )
    RECORD_CALLS_DAYS: int = Field(
        30, ge=1, le=3650, description="After how many days a recording is deleted."
    )

    def problems(self) -> Iterable[str]:
        """A password that can be guessed protects nothing."""
        password = self.OPERATOR_PASSWORD.get_secret_value()
        if password and len(password) < SHORTEST_PASSWORD:
            yield (
                f"OPERATOR_PASSWORD: found {len(password)} characters; choose at least "
                f"{SHORTEST_PASSWORD}"
            )
