"""Models that their vendors switch off soon, or have switched off, each with its successor."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from bot.providers import STAGES, Stage, choose
from bot.settings import Settings

RETIRING = {
    "gpt-4o-mini": ("2027-01-14", "gpt-6-luna"),
    "gpt-4.1-mini": ("2027-01-14", "gpt-6-luna"),
    "tts-1": ("2027-01-06", "another voice"),
    "tts-1-hd": ("2027-01-06", "another voice"),
    "gpt-4o-mini-tts": ("2027-01-06", "another voice"),
    "gpt-realtime": ("2027-01-20", "gpt-realtime-2.1"),
    "gpt-realtime-mini": ("2027-01-20", "gpt-realtime-2.1-mini"),
    "whisper-1": ("2027-02-26", "gpt-transcribe"),
    "gpt-4o-transcribe": ("2027-02-26", "gpt-transcribe"),
    "gpt-4o-mini-transcribe": ("2027-02-26", "gpt-transcribe"),
}
"""OpenAI's: day and successor (its deprecations page, November 2026). It names no successor for
the voices. Anthropic has announced no end for a model that Tandem knows."""

RETIRED_AT_GROQ = ("mixtral-8x7b", "llama-3.3-70b")
"""Beginnings of the names of models that Groq no longer serves (its deprecations page)."""
_GROQ_SUCCESSOR = "openai/gpt-oss-120b"


def retiring(settings: Settings, today: date | None = None) -> Iterator[str]:
    """One line for each configured model that is going or gone, with the variable that names it.

    Args:
        today: In UTC; now by default.
    """
    today = today or datetime.now(UTC).date()
    brain = "OPENAI_MODEL"
    if settings.hybrid and settings.primary_model != settings.OPENAI_MODEL:
        brain = "BOT_HYBRID_PRIMARY_MODEL"
    names: dict[Stage, str] = {"stt": "OPENAI_STT_MODEL", "llm": brain, "tts": "OPENAI_TTS_MODEL"}
    plan = choose(settings)
    for stage in STAGES:
        for endpoint in plan.stage(stage):
            if endpoint.provider == "openai":
                yield from _openai(names[stage], endpoint.model, today)
            elif endpoint.provider == "groq" and endpoint.model.startswith(RETIRED_AT_GROQ):
                yield (
                    f"GROQ_MODEL: {endpoint.model} is no longer served; change to {_GROQ_SUCCESSOR}"
                )
    if settings.OPENAI_API_KEY.get_secret_value():
        yield from _openai("OPENAI_REALTIME_MODEL", settings.OPENAI_REALTIME_MODEL, today)


def _openai(variable: str, model: str, today: date) -> Iterator[str]:
    if model not in RETIRING:
        return
    day, successor = RETIRING[model]
    if today < date.fromisoformat(day):
        yield f"{variable}: {model} is switched off on {day}; change to {successor} before"
    else:
        yield f"{variable}: {model} was switched off on {day}; change to {successor}"
