"""Which provider serves which stage: the settings' ordered lists, resolved to endpoints.

The first endpoint of a stage is used; the others stand by in order for failing over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import SecretStr

from bot.errors import SettingsError
from bot.settings import Settings
from bot.settings_rules import OPENAI_URL

Stage = Literal["stt", "llm", "tts"]
STAGES: tuple[Stage, ...] = ("stt", "llm", "tts")
EMBEDDED_VOICE = "default"


@dataclass(frozen=True)
class Endpoint:
    """One model behind one address.

    `base_url` is '' for the embedded models, whose address is known once their process is up.
    `why` says in a few words how it came to be chosen.
    """

    stage: Stage
    provider: str
    base_url: str
    api_key: SecretStr
    model: str
    why: str
    voice: str = ""

    @property
    def label(self) -> str:
        """Provider and model, for the store and the operator."""
        packaged = self.provider == "embedded" and self.model == self.stage
        return self.provider if packaged else f"{self.provider} {self.model}"


@dataclass(frozen=True)
class Plan:
    """The endpoints of every stage, best first; none of them is empty."""

    stt: tuple[Endpoint, ...]
    llm: tuple[Endpoint, ...]
    tts: tuple[Endpoint, ...]

    def stage(self, name: Stage) -> tuple[Endpoint, ...]:
        """The endpoints of one stage."""
        return {"stt": self.stt, "llm": self.llm, "tts": self.tts}[name]

    @property
    def embedded_stages(self) -> frozenset[Stage]:
        """The stages that the embedded models serve."""
        return frozenset(s for s in STAGES if self.stage(s)[0].provider == "embedded")

    @property
    def labels(self) -> dict[str, str]:
        """stage -> provider and model in use."""
        return {stage: self.stage(stage)[0].label for stage in STAGES}


def choose(settings: Settings) -> Plan:
    """Resolve the provider lists; an empty one means whatever has a key, else embedded.

    Raises:
        SettingsError: the embedded models were to hear or speak a language they do not know.
    """
    plan = Plan(
        stt=_stage(settings, "stt", settings.STT_PROVIDERS),
        llm=_stage(settings, "llm", settings.LLM_PROVIDERS),
        tts=_stage(settings, "tts", settings.TTS_PROVIDERS),
    )
    if not settings.BOT_LANGUAGE.startswith("en"):
        for stage, setting in (("stt", "EMBEDDED_STT_MODEL"), ("tts", "EMBEDDED_TTS_VOICE")):
            if stage in plan.embedded_stages and not getattr(settings, setting):
                raise SettingsError(
                    f"BOT_LANGUAGE: found {settings.BOT_LANGUAGE!r}, but the packaged model for "
                    f"{stage.upper()} knows English only: set {setting}, or a cloud provider's key"
                )
    return plan


def _stage(settings: Settings, stage: Stage, wanted: Iterable[str]) -> tuple[Endpoint, ...]:
    named = tuple(wanted)
    if named:
        why = f"named in {stage.upper()}_PROVIDERS"
        return tuple(_endpoint(settings, stage, provider, why) for provider in named)
    found = [
        _endpoint(settings, stage, provider, why) for provider, why in _with_key(settings, stage)
    ]
    return tuple(found) or (_endpoint(settings, stage, "embedded", "no key for another"),)


def _with_key(settings: Settings, stage: Stage) -> list[tuple[str, str]]:
    """Providers that are set up for a stage, best first, each with the reason."""
    openai_key = bool(settings.OPENAI_API_KEY.get_secret_value())
    own_server = settings.OPENAI_BASE_URL != OPENAI_URL
    candidates: dict[Stage, list[tuple[bool, str, str]]] = {
        "stt": [
            (bool(settings.WHISPER_ENDPOINT), "whisper", "WHISPER_ENDPOINT is set"),
            (openai_key and not own_server, "openai", "OPENAI_API_KEY is set"),
        ],
        # A server of one's own (vLLM, Ollama) serves language models as a rule, no speech.
        "llm": [
            (own_server, "openai", "OPENAI_BASE_URL is set"),
            (openai_key and not own_server, "openai", "OPENAI_API_KEY is set"),
            (
                bool(settings.ANTHROPIC_API_KEY.get_secret_value()),
                "anthropic",
                "ANTHROPIC_API_KEY is set",
            ),
        ],
        "tts": [
            (
                bool(settings.ELEVENLABS_API_KEY.get_secret_value()),
                "elevenlabs",
                "ELEVENLABS_API_KEY is set",
            ),
            (openai_key and not own_server, "openai", "OPENAI_API_KEY is set"),
        ],
    }
    return [(provider, why) for usable, provider, why in candidates[stage] if usable]


def _endpoint(settings: Settings, stage: Stage, provider: str, why: str) -> Endpoint:
    none = SecretStr("")
    match provider, stage:
        case "embedded", _:
            model = {
                "stt": settings.EMBEDDED_STT_MODEL,
                "llm": settings.EMBEDDED_LLM_MODEL,
                "tts": settings.EMBEDDED_TTS_VOICE,
            }[stage]
            voice = EMBEDDED_VOICE if stage == "tts" else ""
            return Endpoint(stage, provider, "", none, model or stage, why, voice)
        case "whisper", _:
            return Endpoint(
                stage,
                provider,
                settings.WHISPER_ENDPOINT,
                settings.WHISPER_API_KEY,
                settings.WHISPER_MODEL,
                why,
            )
        case "anthropic", _:
            return Endpoint(
                stage,
                provider,
                settings.ANTHROPIC_BASE_URL,
                settings.ANTHROPIC_API_KEY,
                settings.ANTHROPIC_MODEL,
                why,
            )
        case "elevenlabs", _:
            return Endpoint(
                stage,
                provider,
                settings.elevenlabs_urls[0],
                settings.ELEVENLABS_API_KEY,
                settings.ELEVENLABS_MODEL,
                why,
                settings.ELEVENLABS_VOICE_ID,
            )
        case _:
            model = {
                "stt": settings.OPENAI_STT_MODEL,
                "llm": settings.OPENAI_MODEL,
                "tts": settings.OPENAI_TTS_MODEL,
            }[stage]
            return Endpoint(
                stage,
                provider,
                settings.OPENAI_BASE_URL,
                settings.OPENAI_API_KEY,
                model,
                why,
                settings.OPENAI_TTS_VOICE if stage == "tts" else "",
            )
