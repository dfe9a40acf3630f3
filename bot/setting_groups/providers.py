"""Which provider does what, and how each is reached."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from bot.setting_groups.group import Group, secret
from bot.settings_rules import OPENAI_URL, AnyUrl, HttpUrl, split

SttProvider = Literal["openai", "whisper", "assemblyai", "embedded"]
LlmProvider = Literal["openai", "anthropic", "groq", "embedded"]
TtsProvider = Literal["elevenlabs", "openai", "embedded"]


class ProviderLists(Group):
    """The order of providers, by stage."""

    STT_PROVIDERS: Annotated[tuple[SttProvider, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Speech to text, best first: openai, whisper, assemblyai, embedded; empty: "
        "automatic. The others stand by.",
    )
    LLM_PROVIDERS: Annotated[tuple[LlmProvider, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Language model, best first: openai, anthropic, groq, embedded; empty: "
        "automatic. The others stand by.",
    )
    TTS_PROVIDERS: Annotated[tuple[TtsProvider, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Voice, best first: elevenlabs, openai, embedded; empty: automatic. The others "
        "stand by.",
    )


class OpenAiSettings(Group):
    """OpenAI, and whatever speaks its protocol: vLLM, Ollama, …"""

    OPENAI_API_KEY: SecretStr = secret("Key for OpenAI or a compatible endpoint.")
    OPENAI_BASE_URL: HttpUrl = Field(
        OPENAI_URL,
        description="Base URL of OpenAI or of a compatible endpoint, with its /v1.",
    )
    OPENAI_MODEL: str = Field("gpt-4o-mini", description="Chat model.")
    OPENAI_STT_MODEL: str = Field("whisper-1", description="Transcription model.")
    OPENAI_TTS_MODEL: str = Field("gpt-4o-mini-tts", description="Speech model.")
    OPENAI_TTS_VOICE: str = Field("alloy", description="Voice of the speech model.")


class WhisperSettings(Group):
    """A Whisper pod."""

    WHISPER_ENDPOINT: HttpUrl = Field(
        "", description="Base URL of an OpenAI-compatible Whisper server, with its /v1."
    )
    WHISPER_API_KEY: SecretStr = secret("Key for the Whisper server, where it wants one.")
    WHISPER_MODEL: str = Field("whisper-1", description="Model name sent to the Whisper server.")


class ElevenLabsSettings(Group):
    """ElevenLabs."""

    ELEVENLABS_API_KEY: SecretStr = secret("Key for ElevenLabs.")
    ELEVENLABS_VOICE_ID: str = Field("", description="Voice used at ElevenLabs.")
    ELEVENLABS_MODEL: str = Field("eleven_flash_v2_5", description="Model used at ElevenLabs.")
    ELEVENLABS_BASE_URL: AnyUrl = Field(
        "https://api.elevenlabs.io",
        description="Address of ElevenLabs; http(s) or ws(s), the other is derived.",
    )


class AnthropicSettings(Group):
    """Anthropic."""

    ANTHROPIC_API_KEY: SecretStr = secret("Key for Anthropic.")
    ANTHROPIC_BASE_URL: HttpUrl = Field(
        "https://api.anthropic.com", description="Address of Anthropic, without /v1."
    )
    ANTHROPIC_MODEL: str = Field("claude-haiku-4-5", description="Claude model.")


class EmbeddedSettings(Group):
    """The embedded models."""

    EMBEDDED_CACHE_DIR: Path = Field(
        Path("~/.cache/tandem"), description="Folder for the embedded models and their programs."
    )
    EMBEDDED_PORT: int = Field(
        0, ge=0, le=65535, description="Loopback port of the embedded models; 0 picks a free one."
    )
    EMBEDDED_STT_MODEL: str = Field(
        "", description="faster-whisper folder or name instead of the packaged one."
    )
    EMBEDDED_LLM_MODEL: str = Field("", description="GGUF file instead of the packaged one.")
    EMBEDDED_TTS_VOICE: str = Field("", description="Piper .onnx instead of the packaged voice.")
