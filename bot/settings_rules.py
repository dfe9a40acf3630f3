"""Rules between settings: what cannot be meant together. Called by `Settings` itself."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"


def contradictions(settings: "Settings") -> list[str]:
    """What cannot be meant: one line each, naming the variable and the way out."""
    checks = [
        (
            bool(settings.TWILIO_API_KEY) != bool(settings.TWILIO_API_SECRET.get_secret_value()),
            "TWILIO_API_KEY and TWILIO_API_SECRET go together: set both or neither",
        ),
        (
            bool(settings.TWILIO_REGION) != bool(settings.TWILIO_EDGE),
            "TWILIO_REGION and TWILIO_EDGE go together: set both or neither",
        ),
        (
            bool(settings.TWILIO_AUTH_TOKEN.get_secret_value() or settings.TWILIO_API_KEY)
            and not settings.TWILIO_ACCOUNT_SID,
            "TWILIO_ACCOUNT_SID: not set, but Twilio credentials are; add the account's AC… SID",
        ),
        (
            "whisper" in settings.STT_PROVIDERS and not settings.WHISPER_ENDPOINT,
            "STT_PROVIDERS: names whisper, but WHISPER_ENDPOINT is not set",
        ),
        (
            "elevenlabs" in settings.TTS_PROVIDERS
            and not settings.ELEVENLABS_API_KEY.get_secret_value(),
            "TTS_PROVIDERS: names elevenlabs, but ELEVENLABS_API_KEY is not set",
        ),
        (
            bool(settings.ELEVENLABS_API_KEY.get_secret_value())
            and not settings.ELEVENLABS_VOICE_ID
            and (not settings.TTS_PROVIDERS or "elevenlabs" in settings.TTS_PROVIDERS),
            "ELEVENLABS_VOICE_ID: not set, but ELEVENLABS_API_KEY is; name the voice to use",
        ),
        (
            "anthropic" in settings.LLM_PROVIDERS
            and not settings.ANTHROPIC_API_KEY.get_secret_value(),
            "LLM_PROVIDERS: names anthropic, but ANTHROPIC_API_KEY is not set",
        ),
        *(
            (
                "openai" in chain and not openai_usable(settings),
                f"{name}: names openai, but OPENAI_API_KEY is not set",
            )
            for name, chain in (
                ("STT_PROVIDERS", settings.STT_PROVIDERS),
                ("LLM_PROVIDERS", settings.LLM_PROVIDERS),
                ("TTS_PROVIDERS", settings.TTS_PROVIDERS),
            )
        ),
    ]
    return [line for wrong, line in checks if wrong]


def openai_usable(settings: "Settings") -> bool:
    """Whether `OPENAI_*` name something that can be called: a key, or a server of one's own."""
    own_server = settings.OPENAI_BASE_URL != OPENAI_URL
    return own_server or bool(settings.OPENAI_API_KEY.get_secret_value())
