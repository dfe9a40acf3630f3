"""What hears: each vendor's way from a piece of speech to its words."""

import io
import json
import wave
from collections.abc import Awaitable
from typing import Any, Protocol

import openai

from bot.clients import Clients, is_cloud
from bot.errors import ProviderUnavailable
from bot.failover.breakers import Breakers
from bot.failover.link import Link
from bot.providers import Endpoint
from bot.speech.vendor import patience, status_error, vendor_errors

_SILENCE_SECONDS = 0.5
_LONGEST_ANSWER_SECONDS = 30.0
"""An upper bound for the connection; the chain's patience is what gives a provider up."""


class Transcriber(Protocol):
    """One vendor's ears."""

    def transcribe(self, wav: bytes) -> Awaitable[str]:
        """The words in a WAV file of 16-bit mono PCM, '' where there are none.

        Raises:
            ProviderError: see `bot.errors`.
        """


class OpenAiEars:
    """Whatever speaks OpenAI's protocol: OpenAI, a Whisper pod, the embedded model."""

    def __init__(self, endpoint: Endpoint, client: openai.AsyncOpenAI, language: str) -> None:
        self._endpoint, self._language = endpoint, language.partition("-")[0]
        self._client = client.with_options(timeout=_LONGEST_ANSWER_SECONDS, max_retries=0)

    async def transcribe(self, wav: bytes) -> str:
        """See `Transcriber`."""
        label = self._endpoint.label
        async with vendor_errors(label):
            heard: Any = await self._client.audio.transcriptions.create(
                file=("audio.wav", wav, "audio/wav"),
                model=self._endpoint.model,
                language=self._language,
                temperature=0.0,
            )
        return _text(label, getattr(heard, "text", None))


class AssemblyAiEars:
    """AssemblyAI's Sync API: one request, one transcript, for up to two minutes of speech.

    Protocol after AssemblyAI's reference of `POST /v1/transcribe` and its SDK 1.8. Its streaming
    interface would want the audio at the pace at which it was spoken.
    """

    def __init__(self, endpoint: Endpoint, clients: Clients, language: str) -> None:
        self._endpoint, self._http = endpoint, clients.http
        self._config = json.dumps({"language_code": language.partition("-")[0]})

    async def transcribe(self, wav: bytes) -> str:
        """See `Transcriber`."""
        label = self._endpoint.label
        async with vendor_errors(label):
            response = await self._http.post(
                f"{self._endpoint.base_url}/v1/transcribe",
                headers={
                    "Authorization": self._endpoint.api_key.get_secret_value(),
                    "X-AAI-Model": self._endpoint.model,
                },
                files={
                    "config": (None, self._config, "application/json"),
                    "audio": ("audio.wav", wav, "audio/wav"),
                },
                timeout=_LONGEST_ANSWER_SECONDS,
            )
            if response.status_code >= 400:
                raise status_error(label, response)
            body = response.json()
        return _text(label, body.get("text") if isinstance(body, dict) else None)


def make_ears(
    endpoint: Endpoint, clients: Clients, breakers: Breakers, language: str
) -> Link[Transcriber]:
    """One link of the chain that hears; its breaker can try it by itself."""
    ears: Transcriber
    if endpoint.provider == "assemblyai":
        ears = AssemblyAiEars(endpoint, clients, language)
    else:
        ears = OpenAiEars(endpoint, clients.openai(endpoint), language)
    breaker = breakers.of(endpoint)

    async def probe() -> None:
        await ears.transcribe(_silence())

    breaker.probe = breaker.probe or probe
    wait = patience(endpoint.provider, cloud=is_cloud(endpoint))
    return Link(ears, breaker, wait, hedges=endpoint.provider != "embedded")


def _text(label: str, text: object) -> str:
    if not isinstance(text, str):
        raise ProviderUnavailable(f"{label}: what came back is no transcript")
    return text.strip()


def _silence() -> bytes:
    """A WAV file of half a second in which nothing is said."""
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(bytes(round(8000 * _SILENCE_SECONDS) * 2))
    return file.getvalue()
