"""Every setting: its type, its default, its meaning, and the rules between settings.

Values come from the environment and from `.env` (the environment wins); nothing else in the
project reads either. `Settings.load()` is the one way in, `.env.example` is written from the
fields below (`python runner.py --env-example`), and `bot/settings_report.py` explains the result.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot import settings_rules as rules
from bot.errors import SettingsError
from bot.settings_rules import OPENAI_URL, AnyUrl, HttpUrl, Seconds, contradictions, split

ROOT = Path(__file__).resolve().parent.parent

# Before numpy loads: its threads spin for each other and double what the turn model costs.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

SttProvider = Literal["openai", "whisper", "embedded"]
LlmProvider = Literal["openai", "anthropic", "embedded"]
TtsProvider = Literal["elevenlabs", "openai", "embedded"]


def _secret(meaning: str) -> Any:
    return Field(default=SecretStr(""), description=meaning)


class Settings(BaseSettings):
    """All settings, checked. An empty string counts as not set.

    Raises:
        SettingsError: from `load()`, one line per wrong variable: its name, what was found, what
            to do.
    """

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    # -- the server
    HOST: str = Field("127.0.0.1", description="Address the server listens on.")
    PORT: int = Field(7860, ge=0, le=65535, description="Port the server listens on; 0 picks one.")
    PUBLIC_URL: HttpUrl = Field(
        "", description="https address under which Twilio reaches this server."
    )
    OPERATOR_TOKEN: SecretStr = _secret("Bearer token for the operator's requests.")
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
    DATABASE_URL: SecretStr = _secret(
        "Where calls are written: postgresql://… or sqlite:///…; empty: a file in DATA_DIR."
    )

    # -- the conversation
    BOT_NAME: str = Field("Tandem", min_length=1, description="What the bot calls itself.")
    BOT_INSTRUCTIONS: str = Field(
        "", description="What the bot is for, in plain words; added to its prompt."
    )
    BOT_GREETING: str = Field(
        "", description="First sentence of every call; empty: a standard greeting with the name."
    )
    BOT_LANGUAGE: str = Field(
        "en",
        pattern=r"^[a-z]{2}(-[A-Z]{2})?$",
        description="Language spoken, as en or en-GB.",
    )
    SILENCE_PROMPT_SECONDS: Seconds = Field(
        10.0, description="Silence after which the caller is asked whether they are there."
    )
    SILENCE_HANGUP_SECONDS: Seconds = Field(
        10.0, description="Further silence after which the bot says goodbye and hangs up."
    )

    # -- tools
    BOT_TOOLS: Annotated[tuple[rules.ToolFamily, ...], NoDecode, BeforeValidator(split)] = Field(
        ("all",),
        description="Families of tools that the model may call, separated by commas: all, none, "
        "phone, notes, knowledge, calculator, profile, delegation, youtube, windows, soundtrack, "
        "views, canvas, sprites.",
    )
    BOT_TIMEZONE: rules.Zone = Field(
        "UTC", description="Time zone of the business, as Europe/Berlin."
    )
    CONTACTS: rules.Contacts = Field(
        "",
        description="Who calls and messages can be passed on to: sales=+15551230001, "
        "Dr Miller=+15551230002.",
    )
    SMS_TO_ANYBODY: bool = Field(
        False, description="Whether callers may have text messages sent to any number."
    )
    KNOWLEDGE_DIR: str = Field(
        "", description="Folder with the business's documents, .md and .txt, for the bot to use."
    )
    YOUTUBE_API_KEY: SecretStr = _secret("Key for the YouTube Data API.")
    YOUTUBE_API_URL: HttpUrl = Field(
        "https://www.googleapis.com/youtube/v3", description="Address of the YouTube Data API."
    )
    WIKIPEDIA_URL: HttpUrl = Field(
        "", description="Address of a Wikipedia; empty: the one in BOT_LANGUAGE."
    )
    OPEN_METEO_URL: HttpUrl = Field(
        "https://api.open-meteo.com", description="Address of Open-Meteo's weather."
    )
    OPEN_METEO_GEOCODING_URL: HttpUrl = Field(
        "https://geocoding-api.open-meteo.com", description="Address of Open-Meteo's places."
    )
    OPEN_METEO_API_KEY: SecretStr = _secret("Key for Open-Meteo; commercial use needs one.")

    # -- which provider does what
    STT_PROVIDERS: Annotated[tuple[SttProvider, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Speech to text, first wins: openai, whisper, embedded; empty: automatic.",
    )
    LLM_PROVIDERS: Annotated[tuple[LlmProvider, ...], NoDecode, BeforeValidator(split)] = Field(
        (),
        description="Language model, first wins: openai, anthropic, embedded; empty: automatic.",
    )
    TTS_PROVIDERS: Annotated[tuple[TtsProvider, ...], NoDecode, BeforeValidator(split)] = Field(
        (), description="Voice, first wins: elevenlabs, openai, embedded; empty: automatic."
    )

    # -- OpenAI, and whatever speaks its protocol (vLLM, Ollama, …)
    OPENAI_API_KEY: SecretStr = _secret("Key for OpenAI or a compatible endpoint.")
    OPENAI_BASE_URL: HttpUrl = Field(
        OPENAI_URL,
        description="Base URL of OpenAI or of a compatible endpoint, with its /v1.",
    )
    OPENAI_MODEL: str = Field("gpt-4o-mini", description="Chat model.")
    OPENAI_STT_MODEL: str = Field("whisper-1", description="Transcription model.")
    OPENAI_TTS_MODEL: str = Field("gpt-4o-mini-tts", description="Speech model.")
    OPENAI_TTS_VOICE: str = Field("alloy", description="Voice of the speech model.")

    # -- a Whisper pod
    WHISPER_ENDPOINT: HttpUrl = Field(
        "", description="Base URL of an OpenAI-compatible Whisper server, with its /v1."
    )
    WHISPER_API_KEY: SecretStr = _secret("Key for the Whisper server, where it wants one.")
    WHISPER_MODEL: str = Field("whisper-1", description="Model name sent to the Whisper server.")

    # -- ElevenLabs
    ELEVENLABS_API_KEY: SecretStr = _secret("Key for ElevenLabs.")
    ELEVENLABS_VOICE_ID: str = Field("", description="Voice used at ElevenLabs.")
    ELEVENLABS_MODEL: str = Field("eleven_flash_v2_5", description="Model used at ElevenLabs.")
    ELEVENLABS_BASE_URL: AnyUrl = Field(
        "https://api.elevenlabs.io",
        description="Address of ElevenLabs; http(s) or ws(s), the other is derived.",
    )

    # -- Anthropic
    ANTHROPIC_API_KEY: SecretStr = _secret("Key for Anthropic.")
    ANTHROPIC_BASE_URL: HttpUrl = Field(
        "https://api.anthropic.com", description="Address of Anthropic, without /v1."
    )
    ANTHROPIC_MODEL: str = Field("claude-haiku-4-5", description="Claude model.")

    # -- the embedded models
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

    # -- Twilio
    TWILIO_ACCOUNT_SID: str = Field("", description="Account SID, AC…")
    TWILIO_AUTH_TOKEN: SecretStr = _secret("Auth token: checks webhook signatures, and REST.")
    TWILIO_API_KEY: str = Field("", description="API key SID, SK…, used for REST instead.")
    TWILIO_API_SECRET: SecretStr = _secret("Secret of the API key.")
    TWILIO_REGION: str = Field("", description="Twilio region, e.g. ie1; goes with TWILIO_EDGE.")
    TWILIO_EDGE: str = Field("", description="Twilio edge, e.g. dublin; goes with TWILIO_REGION.")
    TWILIO_API_URL: HttpUrl = Field("", description="Another address for Twilio's REST API.")
    TWILIO_PHONE_NUMBER: str = Field(
        "", pattern=r"^(\+[1-9]\d{1,14})?$", description="Own number, +15551234567, for calls out."
    )

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
        problems = list(contradictions(self))
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
        scheme, rest = self.ELEVENLABS_BASE_URL.split("://", 1)
        secure = "s" if scheme in ("https", "wss") else ""
        return f"http{secure}://{rest}", f"ws{secure}://{rest}"

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
