"""Which provider serves which stage: the settings' ordered lists, resolved to endpoints.

The first endpoint of a stage is used; the others stand by, in order (`bot/failover`).
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

    `stage` is "realtime" where one model hears, thinks and speaks. `base_url` is '' for the
    embedded models, whose address is known once their process is up. `why` says in a few words how
    it came to be chosen.
    """

    stage: Stage | Literal["realtime"]
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
        """The stages that the embedded models serve, as the first or standing by."""
        return frozenset(
            stage for stage in STAGES if any(e.provider == "embedded" for e in self.stage(stage))
        )

    @property
    def needs_embedded(self) -> bool:
        """Whether no call can be taken before the embedded models answer."""
        return any(self.stage(stage)[0].provider == "embedded" for stage in STAGES)

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
    why = f"named in {stage.upper()}_PROVIDERS"
    named = tuple(endpoint_of(settings, stage, provider, why) for provider in wanted)
    if stage == "llm" and settings.OPENCLAW_API_URL and not settings.hybrid:
        # All inference is OpenClaw's then: nobody stands by who was not named.
        return (endpoint_of(settings, stage, "openclaw", "BOT_HYBRID_LLM is false"), *named)
    if named:
        return named
    found = [
        endpoint_of(settings, stage, provider, why) for provider, why in _with_key(settings, stage)
    ]
    return tuple(found) or (endpoint_of(settings, stage, "embedded", "no key for another"),)


def _with_key(settings: Settings, stage: Stage) -> list[tuple[str, str]]:
    """Providers that are set up for a stage, best first, each with the reason."""
    openai_key = _set(settings.OPENAI_API_KEY)
    own_server = settings.OPENAI_BASE_URL != OPENAI_URL
    candidates: dict[Stage, list[tuple[bool, str, str]]] = {
        "stt": [
            (bool(settings.WHISPER_ENDPOINT), "whisper", "WHISPER_ENDPOINT is set"),
            (openai_key and not own_server, "openai", "OPENAI_API_KEY is set"),
            (_set(settings.ASSEMBLYAI_API_KEY), "assemblyai", "ASSEMBLYAI_API_KEY is set"),
        ],
        # A server of one's own (vLLM, Ollama) serves language models as a rule, no speech.
        "llm": [
            (own_server, "openai", "OPENAI_BASE_URL is set"),
            (openai_key and not own_server, "openai", "OPENAI_API_KEY is set"),
            (_set(settings.ANTHROPIC_API_KEY), "anthropic", "ANTHROPIC_API_KEY is set"),
            (_set(settings.GROQ_API_KEY), "groq", "GROQ_API_KEY is set"),
        ],
        "tts": [
            (_set(settings.ELEVENLABS_API_KEY), "elevenlabs", "ELEVENLABS_API_KEY is set"),
            (openai_key and not own_server, "openai", "OPENAI_API_KEY is set"),
        ],
    }
    return [(provider, why) for usable, provider, why in candidates[stage] if usable]


def _set(secret: SecretStr) -> bool:
    return bool(secret.get_secret_value())


def is_set_up(settings: Settings, stage: Stage, provider: str) -> bool:
    """Whether a provider can be asked: it has its key, or it is a server of one's own."""
    return provider in {name for name, _ in _with_key(settings, stage)}


def endpoint_of(settings: Settings, stage: Stage, provider: str, why: str) -> Endpoint:
    """A provider's endpoint for a stage; `why` says how it came to be chosen."""
    s = settings
    if provider == "embedded":
        model = {
            "stt": s.EMBEDDED_STT_MODEL,
            "llm": s.EMBEDDED_LLM_MODEL,
            "tts": s.EMBEDDED_TTS_VOICE,
        }[stage]
        voice = EMBEDDED_VOICE if stage == "tts" else ""
        return Endpoint(stage, provider, "", SecretStr(""), model or stage, why, voice)
    openai_model = {"stt": s.OPENAI_STT_MODEL, "llm": s.primary_model, "tts": s.OPENAI_TTS_MODEL}
    reached: dict[str, tuple[str, SecretStr, str]] = {
        "openai": (s.OPENAI_BASE_URL, s.OPENAI_API_KEY, openai_model[stage]),
        "whisper": (s.WHISPER_ENDPOINT, s.WHISPER_API_KEY, s.WHISPER_MODEL),
        "assemblyai": (s.ASSEMBLYAI_BASE_URL, s.ASSEMBLYAI_API_KEY, s.ASSEMBLYAI_MODEL),
        "anthropic": (s.ANTHROPIC_BASE_URL, s.ANTHROPIC_API_KEY, s.ANTHROPIC_MODEL),
        "openclaw": (
            f"{s.openclaw_urls[0]}/v1",
            s.OPENCLAW_API_TOKEN,
            f"openclaw/{s.OPENCLAW_AGENT}",
        ),
        "groq": (s.GROQ_BASE_URL, s.GROQ_API_KEY, s.GROQ_MODEL),
        "elevenlabs": (s.elevenlabs_urls[0], s.ELEVENLABS_API_KEY, s.ELEVENLABS_MODEL),
    }
    voices = {"openai": s.OPENAI_TTS_VOICE, "elevenlabs": s.ELEVENLABS_VOICE_ID}
    voice = voices[provider] if stage == "tts" else ""
    return Endpoint(stage, provider, *reached[provider], why, voice)
