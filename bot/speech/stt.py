"""Speech to text: one service for every OpenAI-compatible endpoint, cloud, pod or embedded."""

from collections.abc import AsyncGenerator

from openai import AsyncOpenAI
from pipecat.frames.frames import ErrorFrame, Frame, TranscriptionFrame
from pipecat.services.openai.stt import OpenAISTTService
from pipecat.services.stt_service import STTService
from pipecat.transcriptions.language import Language
from pipecat.utils.time import time_now_iso8601

from bot.clients import Clients
from bot.providers import Endpoint
from bot.speech.segments import Segments

TTFS_P99_SECONDS = 1.5
"""What the service declares to Pipecat, for its metrics; turns wait for the transcript itself."""


def make_stt(endpoint: Endpoint, clients: Clients, language: str) -> STTService:
    """The STT service of one call.

    Args:
        endpoint: Where to send the speech.
        clients: The process's HTTP clients.
        language: 'en', 'en-GB', …
    """
    service = _Transcriber(
        clients.openai(endpoint),
        http_client=clients.http,
        api_key="shared client",
        ttfs_p99_latency=TTFS_P99_SECONDS,
        settings=OpenAISTTService.Settings(
            model=endpoint.model, language=Language(language), temperature=0.0
        ),
    )
    service.eager = endpoint.provider != "embedded"
    return service


class _Transcriber(Segments, OpenAISTTService):
    """Pipecat's service on the shared client."""

    def __init__(self, client: AsyncOpenAI, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._client = client

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Transcribe one segment (WAV bytes) to one frame; text '' where nothing was said."""
        await self.start_processing_metrics()
        try:
            text = (await self._transcribe(audio)).text
            yield TranscriptionFrame(text, self._user_id, time_now_iso8601())
        except Exception as error:
            yield ErrorFrame(f"transcription failed: {error}", exception=error)
        await self.stop_processing_metrics()
