"""Text to speech: OpenAI-compatible endpoints and ElevenLabs, both with rendered sentences.

A sentence that `Phrases` holds is spoken from there, whatever the provider's state.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import openai
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService
from pipecat.services.openai.tts import OpenAITTSService
from pipecat.services.tts_service import TTSService
from pipecat.transcriptions.language import Language

from bot.clients import Clients
from bot.errors import ProviderError, ProviderRefused, ProviderUnavailable
from bot.providers import Endpoint
from bot.settings_rules import OPENAI_URL
from bot.speech.ahead import SpeaksAhead
from bot.speech.clauses import FirstClause
from bot.speech.phrases import PHRASE_RATE, Phrases
from bot.speech.speakable import speakable

RATE = 24_000
"""Hertz of OpenAI's `pcm` format; transports resample."""

_FIRST_BYTES = RATE * 2 // 10
"""Audio is passed on in pieces of 0.1 s. Pipecat's 0.5 s delays the first word by as much."""

_GAP_SECONDS = 20.0
"""Silence inside an answer after which Pipecat takes it for over. A turn's end closes it by itself;
with Pipecat's 3 s a slow model's answer would be torn in two."""


def make_tts(
    endpoint: Endpoint,
    clients: Clients,
    phrases: Phrases,
    language: str,
    websocket_url: str,
    *,
    fast_brain: bool,
) -> TTSService:
    """The TTS service of one call.

    Args:
        endpoint: The voice.
        clients: The process's HTTP clients.
        phrases: Rendered sentences of the same voice.
        language: 'en', 'en-GB', …
        websocket_url: ElevenLabs' websocket address; unused for others.
        fast_brain: The model writes much faster than speech, so that an answer's first clause may
            be spoken while the next is written, without a gap.
    """

    async def read_aloud(text: str, _: str) -> str:
        return speakable(text, language)

    if endpoint.provider == "elevenlabs":
        return _ElevenLabs(
            phrases,
            fast_brain,
            api_key=endpoint.api_key.get_secret_value(),
            url=websocket_url,
            sample_rate=RATE,
            text_transforms=[("*", read_aloud)],
            settings=ElevenLabsTTSService.Settings(
                model=endpoint.model, voice=endpoint.voice, language=Language(language)
            ),
        )
    return _OpenAICompatible(
        phrases,
        fast_brain,
        clients.openai(endpoint),
        endpoint,
        http_client=clients.http,
        api_key="shared client",
        sample_rate=RATE,
        stop_frame_timeout_s=_GAP_SECONDS,
        text_transforms=[("*", read_aloud)],
        settings=OpenAITTSService.Settings(model=endpoint.model, voice=endpoint.voice),
    )


async def synthesize(endpoint: Endpoint, clients: Clients, text: str) -> bytes:
    """Render one sentence outside a call.

    Returns:
        16-bit mono PCM at PHRASE_RATE.

    Raises:
        ProviderError: the voice's provider refused or was not reached.
    """
    async with _vendor_errors():
        if endpoint.provider == "elevenlabs":
            response = await clients.http.post(
                f"{endpoint.base_url}/v1/text-to-speech/{endpoint.voice}",
                params={"output_format": f"pcm_{PHRASE_RATE}"},
                headers={"xi-api-key": endpoint.api_key.get_secret_value()},
                json={"text": text, "model_id": endpoint.model},
            )
            response.raise_for_status()
            return bytes(response.content)
        speech = await clients.openai(endpoint).audio.speech.create(
            model=endpoint.model, voice=endpoint.voice, input=text, response_format="pcm"
        )
        return speech.content


@asynccontextmanager
async def _vendor_errors() -> AsyncIterator[None]:
    """Map the SDKs' errors to this project's."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _status_error(error.status_code) from error
    except httpx2.HTTPStatusError as error:
        raise _status_error(error.response.status_code) from error
    except (openai.APIConnectionError, httpx2.HTTPError) as error:
        raise ProviderUnavailable(f"the voice was not reached: {type(error).__name__}") from error


def _patience(endpoint: Endpoint) -> httpx2.Timeout:
    """How long a sentence may take to begin; what is to be said next waits behind it."""
    cloud = endpoint.base_url == OPENAI_URL
    return httpx2.Timeout(connect=2.0, read=4.0 if cloud else 15.0, write=4.0, pool=2.0)


def _status_error(status: int) -> ProviderError:
    if status == 429 or status >= 500:
        return ProviderUnavailable(f"the voice is not available (HTTP {status})")
    return ProviderRefused(f"the voice refused (HTTP {status})")


class _Rendered(SpeaksAhead):
    """Speaks rendered sentences without asking the provider, and an answer's first clause early.

    Rendered ones only where they stand alone (a `TTSSpeakFrame`), never as part of an answer.
    """

    def __init__(self, phrases: Phrases, fast_brain: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._phrases = phrases
        if fast_brain:  # pipecat 1.14 has no parameter for it
            self._text_aggregator = FirstClause(language=self.text_aggregation_language)

    async def _synthesize_text(self, text: str, context_id: str) -> None:
        audio = self._phrases.get(text.strip()) if self._aside else None
        if audio is None:
            await super()._synthesize_text(text, context_id)
            return
        await self.tts_process_generator(context_id, self._play(text, audio, context_id))

    async def _play(
        self, text: str, audio: bytes, context_id: str
    ) -> AsyncGenerator[Frame | None, None]:
        for start in range(0, len(audio), _FIRST_BYTES):
            yield TTSAudioRawFrame(
                audio[start : start + _FIRST_BYTES], PHRASE_RATE, 1, context_id=context_id
            )


class _OpenAICompatible(_Rendered, OpenAITTSService):
    def __init__(
        self,
        phrases: Phrases,
        fast_brain: bool,
        client: openai.AsyncOpenAI,
        endpoint: Endpoint,
        **kwargs: Any,
    ) -> None:
        super().__init__(phrases, fast_brain, **kwargs)
        self._client = client.with_options(timeout=_patience(endpoint))
        self._endpoint = endpoint

    async def on_turn_context_completed(self) -> None:
        """Close the turn's audio at once, also when no sentence of it could be spoken.

        Pipecat takes a turn without audio for one whose audio is still on its way, and holds what
        is to be said next, an apology say, for 3 s.
        """
        self._is_yielding_frames_synchronously = True
        await super().on_turn_context_completed()  # type: ignore[no-untyped-call]

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        """Stream one sentence; any voice name goes, compatible servers have their own."""
        try:
            async with (
                _vendor_errors(),
                self._client.audio.speech.with_streaming_response.create(
                    model=self._endpoint.model,
                    voice=self._endpoint.voice,
                    input=text,
                    response_format="pcm",
                ) as response,
            ):
                await self.start_tts_usage_metrics(text)
                async for frame in self._stream_audio_frames_from_iterator(
                    response.iter_bytes(_FIRST_BYTES), context_id=context_id
                ):
                    await self.stop_ttfb_metrics()
                    yield frame
        except ProviderError as error:
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            yield ErrorFrame(str(error), exception=cause)


class _ElevenLabs(_Rendered, ElevenLabsTTSService):
    async def _play(
        self, text: str, audio: bytes, context_id: str
    ) -> AsyncGenerator[Frame | None, None]:
        # Words reach the conversation's context by their times, which come with audio from the
        # socket; a rendered sentence's are spread over its length.
        await self.create_audio_context(context_id)
        yield TTSStartedFrame(context_id=context_id)
        per_character = len(audio) / (2 * PHRASE_RATE) / max(1, len(text))
        starts = (match.span() for match in re.finditer(r"\S+", text))
        words = [(text[begin:end], begin * per_character) for begin, end in starts]
        await self.add_word_timestamps(words, context_id)
        async for frame in super()._play(text, audio, context_id):
            yield frame
        yield TTSStoppedFrame(context_id=context_id)
        await self.remove_audio_context(context_id)

    async def on_turn_context_completed(self) -> None:
        """Leave the socket alone about contexts that ElevenLabs never heard of."""
        if self._turn_context_id in self._context_init_sent:
            await super().on_turn_context_completed()  # type: ignore[no-untyped-call]
        else:
            self._turn_context_id = None
