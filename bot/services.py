"""The services of one call's cascade, each a chain of providers, on what all calls share."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipecat.services.stt_service import STTService
from pipecat.services.tts_service import TTSService

from bot.brain.brain import Brain
from bot.brain.llm import make_llm
from bot.clients import Clients
from bot.failover.house import Failover
from bot.providers import Endpoint
from bot.settings import Settings
from bot.speech.phrases import Phrases
from bot.speech.stt import make_stt
from bot.speech.tts import make_tts


@dataclass(frozen=True)
class Services:
    """Makes them. Every `chain` is a stage's endpoints, best first, their addresses known."""

    clients: Clients
    failover: Failover

    def stt(self, chain: Sequence[Endpoint], language: str) -> STTService:
        """The ears of a call."""
        return make_stt(
            chain, self.clients, language, self.failover.breakers, self.failover.hearing
        )

    def llm(
        self, chain: Sequence[Endpoint], prompt: str, settings: Settings, call_id: str
    ) -> Brain:
        """The brain of a call."""
        return make_llm(
            chain,
            self.clients,
            prompt,
            call_id,
            join=lambda models: self.failover.model(chain, models, settings),
            language=settings.BOT_LANGUAGE,
        )

    def tts(
        self, chain: Sequence[Endpoint], phrases: Phrases, language: str, *, fast_brain: bool
    ) -> TTSService:
        """The voice of a call."""
        return make_tts(
            chain, self.clients, phrases, language, self.failover.breakers, fast_brain=fast_brain
        )
