"""The modes of a conversation: which is taken, and what each is reached by."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from bot.setting_groups.group import Group, secret
from bot.settings_rules import AnyUrl, HttpUrl, url

ModeName = Literal["openai_realtime", "runpod_streaming", "cascade", "embedded"]
"""The ways to hold a conversation; `config.json` describes each."""


def _urls(value: str) -> str:
    """Addresses separated by commas, each without its trailing slash."""
    check = url("http", "https")
    return ",".join(str(check(part.strip())) for part in value.split(",") if part.strip())


HttpUrls = Annotated[str, AfterValidator(_urls)]


class ModeSettings(Group):
    """Modes."""

    LLM_MODE: Literal[ModeName, ""] = Field(
        "",
        description="Mode of calls where nothing else decides: openai_realtime, "
        "runpod_streaming, cascade, embedded; empty: default_mode of config.json.",
    )
    OPENAI_REALTIME_MODEL: str = Field(
        "gpt-realtime-2.1-mini", min_length=1, description="OpenAI's speech-to-speech model."
    )
    OPENAI_REALTIME_URL: AnyUrl = Field(
        "wss://api.openai.com/v1/realtime",
        description="Address of OpenAI's Realtime interface, without ?model=.",
    )
    RUNPOD_API_KEY: SecretStr = secret("Key for RunPod's endpoints, where they want one.")
    RUNPOD_A100_ENDPOINT: HttpUrls = Field(
        "",
        description="Base URL of vLLM on RunPod's A100, with its /v1; several, by commas, share "
        "the calls.",
    )
    RUNPOD_A40_ENDPOINT: HttpUrls = Field(
        "", description="The same on an A40; with both, calls are shared among all of them."
    )
    RUNPOD_LLM_MODEL: str = Field(
        "Qwen/Qwen2.5-7B-Instruct", min_length=1, description="Model that vLLM serves on RunPod."
    )
    ENVIRONMENT: Literal["development", "production"] = Field(
        "development",
        description="production or development: which AI-Memory service is asked first.",
    )
    AI_MEMORY_URL_PROD: HttpUrl = Field(
        "", description="AI-Memory service of production; it keeps the mode instead of the store."
    )
    AI_MEMORY_URL_DEV: HttpUrl = Field(
        "", description="AI-Memory service of development, and the fallback of production."
    )
    AI_MEMORY_TOKEN: SecretStr = secret("Bearer token of the AI-Memory services.")

    def problems(self) -> Iterable[str]:
        """A mode that is named has what it cannot do without; AI-Memory has its token."""
        runpod = self.RUNPOD_A100_ENDPOINT or self.RUNPOD_A40_ENDPOINT
        if self.LLM_MODE == "runpod_streaming" and not runpod:
            yield (
                "LLM_MODE: runpod_streaming needs RUNPOD_A100_ENDPOINT or RUNPOD_A40_ENDPOINT; "
                "set one, or name another mode"
            )
        memory = self.AI_MEMORY_URL_PROD or self.AI_MEMORY_URL_DEV
        if memory and not self.AI_MEMORY_TOKEN.get_secret_value():
            yield "AI_MEMORY_TOKEN: not set, but AI_MEMORY_URL_… is; set the service's token"
