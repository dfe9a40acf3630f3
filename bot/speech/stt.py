"""Speech to text: the caller's segment goes along a chain of ears until one has heard it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from loguru import logger
from pipecat.frames.frames import ErrorFrame, Frame, TranscriptionFrame
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import SegmentedSTTService, STTService
from pipecat.utils.time import time_now_iso8601

from bot.clients import Clients
from bot.errors import ProviderError
from bot.failover.breakers import Breakers
from bot.failover.budget import Budget
from bot.failover.link import Link, Rules
from bot.failover.relay import Relay
from bot.providers import Endpoint
from bot.speech.segments import Segments
from bot.speech.transcribers import Transcriber, make_ears

TTFS_P99_SECONDS = 1.5
"""What the service declares to Pipecat, for its metrics; turns wait for the transcript itself."""

LATE_SECONDS = (0.5, 1.5)
"""Bounds of the deadline after which the next ears get the segment as well."""


def make_stt(
    endpoints: Sequence[Endpoint],
    clients: Clients,
    language: str,
    breakers: Breakers | None = None,
    budget: Budget | None = None,
) -> STTService:
    """The STT service of one call.

    Args:
        endpoints: Where to send the speech, best first.
        clients: The process's HTTP clients.
        language: 'en', 'en-GB', …
        breakers: The process's; None makes some for this call alone.
        budget: The process's, for asking a second one besides a slow one; None: never.
    """
    breakers = breakers or Breakers()
    chain = [make_ears(endpoint, clients, breakers, language) for endpoint in endpoints]
    rules = Rules(LATE_SECONDS, stall=LATE_SECONDS[1], budget=budget, again=False)
    service = _Ears(chain, rules, STTSettings(model=endpoints[0].model, language=None))
    service.eager = endpoints[0].provider != "embedded"
    return service


class _Ears(Segments, SegmentedSTTService):
    """A chain as one service. The segment's audio is kept until somebody has heard it."""

    def __init__(
        self, chain: Sequence[Link[Transcriber]], rules: Rules, settings: STTSettings
    ) -> None:
        super().__init__(ttfs_p99_latency=TTFS_P99_SECONDS, settings=settings)
        self._chain, self._rules = chain, rules

    def can_generate_metrics(self) -> bool:
        """True: its times and its seconds of audio are counted."""
        return True

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Transcribe one segment (WAV bytes) to one frame; text '' where nothing was said."""

        async def ask(ears: Transcriber) -> AsyncGenerator[str, None]:
            yield await ears.transcribe(audio)

        await self.start_processing_metrics()
        relay: Relay[Transcriber, str] = Relay(self._chain, ask, self._rules)
        try:
            async with aclosing(relay.pieces()) as heard:
                async for _, text in heard:
                    yield TranscriptionFrame(text, self._user_id, time_now_iso8601())
        except ProviderError as error:
            logger.warning(f"nobody could hear: {error}")
            yield ErrorFrame(f"transcription failed: {error}", exception=error)
        await self.stop_processing_metrics()
