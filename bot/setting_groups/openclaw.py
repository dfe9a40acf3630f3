"""The deep brain, and which model talks in front of it."""

from collections.abc import Iterable

from pydantic import Field, SecretStr

from bot.setting_groups.group import Group, secret
from bot.settings_rules import AnyUrl, TaskLimits


class OpenClawSettings(Group):
    """OpenClaw's gateway, and the hand-off to it."""

    OPENCLAW_API_URL: AnyUrl = Field(
        "", description="Address of OpenClaw's gateway; http(s) or ws(s), the other is derived."
    )
    OPENCLAW_API_TOKEN: SecretStr = secret("Token of OpenClaw's gateway.")
    OPENCLAW_AGENT: str = Field("main", min_length=1, description="OpenClaw's agent, by its id.")
    OPENCLAW_TASK_TIMEOUT: float = Field(
        600, gt=0, le=86_400, description="Seconds a delegated task may take, by the clock."
    )
    OPENCLAW_MAX_TASKS: TaskLimits = Field(
        "3,20", description="Delegated tasks at once: for a call, and in all."
    )
    BOT_HYBRID_LLM: bool | None = Field(
        None,
        description="true: a fast model talks and hands complex jobs to OpenClaw; false: all is "
        "asked of OpenClaw; empty: true when OPENCLAW_API_URL is set.",
    )
    BOT_HYBRID_PRIMARY_MODEL: str = Field(
        "gpt-4o-mini", description="The fast model of the hybrid, at OPENAI_BASE_URL."
    )

    def problems(self) -> Iterable[str]:
        """Address and token go together; nothing goes through a gateway that is not there."""
        if self.OPENCLAW_API_URL and not self.OPENCLAW_API_TOKEN.get_secret_value():
            yield "OPENCLAW_API_TOKEN: not set, but OPENCLAW_API_URL is; set the gateway's token"
        if self.BOT_HYBRID_LLM is False and not self.OPENCLAW_API_URL:
            yield (
                "OPENCLAW_API_URL: not set, but BOT_HYBRID_LLM=false sends everything through "
                "OpenClaw; set it, or leave BOT_HYBRID_LLM empty"
            )
