"""Starts the embedded models for the stages that have no other provider.

Apart from `bot/resources.py` because with several workers it is their parent that starts them, once
for all, and that process is to stay small.
"""

from collections.abc import Callable
from typing import Any, Protocol

from bot.brain.prompts import system_prompt
from bot.errors import EmbeddedError
from bot.providers import Plan
from bot.settings import Settings
from bot.speech.embedded.supervisor import EmbeddedSupervisor


class Models(Protocol):
    """The embedded models, as calls see them."""

    @property
    def base_url(self) -> str:
        """OpenAI's interface, with its /v1."""

    @property
    def ready(self) -> bool:
        """Whether every stage answers now."""

    @property
    def status(self) -> str:
        """One line for a person."""

    async def wait_ready(self, timeout: float | None = None) -> None:
        """Return when every stage answers."""

    async def stop(self) -> None:
        """End what this process has started of them."""


async def start_embedded(
    settings: Settings, plan: Plan, progress: Callable[[str], None]
) -> EmbeddedSupervisor | None:
    """The models, which begin to load behind; None when no stage needs them.

    Raises:
        EmbeddedError: their port is taken.
    """
    stages = plan.embedded_stages
    if not stages:
        return None
    models = EmbeddedSupervisor(
        stages,
        settings.embedded_cache_dir,
        port=settings.EMBEDDED_PORT,
        stt_model=settings.EMBEDDED_STT_MODEL,
        llm_model=settings.EMBEDDED_LLM_MODEL,
        tts_voice=settings.EMBEDDED_TTS_VOICE,
        progress=progress,
    )
    try:
        if "llm" in stages:
            await models.warm(beginning(settings))
        await models.start()
    except EmbeddedError as error:
        await models.stop()
        raise EmbeddedError(f"EMBEDDED_PORT: {error}; set another port, or 0") from None
    return models


def beginning(settings: Settings) -> dict[str, Any]:
    """What every conversation with the model begins with: evaluated once, at start."""
    # With Pipecat: too big for a parent that needs no model.
    from tools.catalog import Catalogue, for_a_slow_model
    from tools.declare import Facts

    catalogue = Catalogue.for_call(Facts.on_the_phone(settings), fixed=for_a_slow_model(settings))
    system = f"{system_prompt(settings)}\n{catalogue.prompt()}"
    tools = [
        {"type": "function", "function": tool.to_default_dict()} for tool in catalogue.for_turn("")
    ]
    return {"messages": [{"role": "system", "content": system}], "tools": tools}
