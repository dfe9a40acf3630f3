"""What happens when a provider fails or dawdles, and the providers that stand by."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from bot.setting_groups.group import Group, secret
from bot.settings_rules import HttpUrl


def _bounds(value: str) -> str:
    """Two numbers of seconds, the first no larger than the second: `0.3,1.5`."""
    try:
        least, most = map(float, value.split(","))
    except ValueError:
        raise ValueError("expected two numbers of seconds, as 0.3,1.5") from None
    if not 0 < least <= most <= 60:
        raise ValueError("expected two numbers of seconds, the smaller one first, up to 60")
    return value


class GroqSettings(Group):
    """Groq."""

    GROQ_API_KEY: SecretStr = secret("Key for Groq.")
    GROQ_BASE_URL: HttpUrl = Field(
        "https://api.groq.com/openai/v1", description="Address of Groq, with its /openai/v1."
    )
    GROQ_MODEL: str = Field("openai/gpt-oss-120b", description="Chat model at Groq.")

    def problems(self) -> Iterable[str]:
        """A provider that is named has its key."""
        named = "groq" in getattr(self, "LLM_PROVIDERS", ())
        if named and not self.GROQ_API_KEY.get_secret_value():
            yield "LLM_PROVIDERS: names groq, but GROQ_API_KEY is not set"


class AssemblyAiSettings(Group):
    """AssemblyAI."""

    ASSEMBLYAI_API_KEY: SecretStr = secret("Key for AssemblyAI.")
    ASSEMBLYAI_BASE_URL: HttpUrl = Field(
        "https://sync.assemblyai.com", description="Address of AssemblyAI's Sync API, without /v1."
    )
    ASSEMBLYAI_MODEL: str = Field("universal-3-5-pro", description="Model at AssemblyAI.")

    def problems(self) -> Iterable[str]:
        """A provider that is named has its key."""
        named = "assemblyai" in getattr(self, "STT_PROVIDERS", ())
        if named and not self.ASSEMBLYAI_API_KEY.get_secret_value():
            yield "STT_PROVIDERS: names assemblyai, but ASSEMBLYAI_API_KEY is not set"


class FailoverSettings(Group):
    """Deadlines, extra requests, and where callers go when nothing works."""

    LLM_HEDGE_SECONDS: Annotated[str, AfterValidator(_bounds)] = Field(
        "0.3,1.5",
        description="Least and most seconds without a first word after which the next language "
        "model is asked as well; between them it is learned.",
    )
    LLM_HEDGE_BUDGET: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of the turns, 0 to 1, in which a second provider may be asked besides "
        "a slow one.",
    )
    LLM_STALL_SECONDS: float = Field(
        1.5,
        gt=0,
        le=60,
        description="Silence in mid-answer after which the next language model goes on with it.",
    )
    FALLBACK_PHONE_NUMBER: str = Field(
        "",
        pattern=r"^(\+[1-9]\d{6,14})?$",
        description="Where callers are put through when the bot cannot go on; empty: it takes a "
        "message.",
    )
