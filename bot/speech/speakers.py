"""What speaks: each vendor's way from a piece of text to its sound."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2
import openai
from pipecat.services.elevenlabs.tts_base import ELEVENLABS_MODEL_LANGUAGES

from bot.clients import Clients, is_cloud
from bot.errors import ProviderUnavailable
from bot.failover.breakers import Breakers
from bot.failover.link import Link
from bot.providers import Endpoint
from bot.speech.vendor import patience, status_error, vendor_errors

RATE = 24_000
"""Hertz of every voice: OpenAI's `pcm` has no other, ElevenLabs has it too; transports resample."""
PIECE_BYTES = RATE * 2 // 10
"""Sound is passed on in pieces of at least 0.1 s, and of as much as has come by then: each piece
costs four steps through the pipeline. Pipecat's 0.5 s delays the first word by as much."""
CLOUD_SECONDS = 1.5
"""To a voice's first sound in a call: nothing else can be said meanwhile, and an apology is to be
heard within 3 s of the question, a tool's time and the model's included."""
_TIMEOUT = httpx2.Timeout(connect=2.0, read=60.0, write=4.0, pool=2.0)
"""Upper bounds for the connection; the chain's patience is what gives a voice up."""


@dataclass(frozen=True, slots=True)
class Sound:
    """16-bit mono PCM at RATE, never ''. `said`: with it the text is said up to this index, which
    is a word's end; None where the vendor does not tell."""

    pcm: bytes
    said: int | None = None


class Speaker(Protocol):
    """One vendor's voice."""

    def speak(self, text: str) -> AsyncGenerator[Sound, None]:
        """The sound of `text`, as it comes.

        Raises:
            ProviderError: see `bot.errors`.
        """


class OpenAiVoice:
    """OpenAI, a compatible server, or the embedded voice; any voice name goes."""

    def __init__(self, endpoint: Endpoint, client: openai.AsyncOpenAI) -> None:
        self._endpoint = endpoint
        self._client = client.with_options(timeout=_TIMEOUT, max_retries=0)

    async def speak(self, text: str) -> AsyncGenerator[Sound, None]:
        """See `Speaker`."""
        held = b""
        async with (
            vendor_errors(self._endpoint.label),
            self._client.audio.speech.with_streaming_response.create(
                model=self._endpoint.model,
                voice=self._endpoint.voice,
                input=text,
                response_format="pcm",
            ) as response,
        ):
            if not response.headers.get("content-type", "audio/").startswith("audio/"):
                raise ProviderUnavailable(f"{self._endpoint.label}: what came is no sound")
            async for data in response.iter_bytes():
                held += data
                if len(held) >= PIECE_BYTES:
                    even = len(held) // 2 * 2
                    piece, held = held[:even], held[even:]
                    yield Sound(piece)
            if len(held) > 1:
                yield Sound(held[: len(held) // 2 * 2])


class ElevenLabsVoice:
    """ElevenLabs over HTTP, streaming, with the time of each character.

    One request a sentence, which can be asked of another voice if it fails: on the websocket all
    sentences of an answer share a fate. Sound is given word by word: a voice that takes over begins
    with a whole word.
    """

    def __init__(self, endpoint: Endpoint, clients: Clients, language: str) -> None:
        self._endpoint, self._http = endpoint, clients.http
        code = language.partition("-")[0]
        known = ELEVENLABS_MODEL_LANGUAGES.get(endpoint.model, frozenset())
        self._language = {"language_code": code} if code in known else {}

    async def speak(self, text: str) -> AsyncGenerator[Sound, None]:
        """See `Speaker`."""
        endpoint = self._endpoint
        held, said = b"", 0
        async with (
            vendor_errors(endpoint.label),
            self._http.stream(
                "POST",
                f"{endpoint.base_url}/v1/text-to-speech/{endpoint.voice}/stream/with-timestamps",
                params={"output_format": f"pcm_{RATE}"},
                headers={"xi-api-key": endpoint.api_key.get_secret_value()},
                json={"text": text, "model_id": endpoint.model, **self._language},
                timeout=_TIMEOUT,
            ) as response,
        ):
            if response.status_code >= 400:
                raise status_error(endpoint.label, response)
            async for line in response.aiter_lines():
                if not line.strip():
                    continue
                pcm, characters, ends = _timed(endpoint.label, line)
                words = "".join(characters).rfind(" ") + 1
                cut = min(len(pcm), round(ends[words - 1] * RATE) * 2) if words else 0
                held += pcm[:cut]
                if words and held:
                    yield Sound(held, said + words)
                    held = b""
                held, said = held + pcm[cut:], said + len(characters)
        if held:
            yield Sound(held, len(text))


def _timed(label: str, line: str) -> tuple[bytes, list[str], list[float]]:
    """One line of ElevenLabs' answer: sound, its characters, and their ends in seconds."""
    try:
        body: Mapping[str, Any] = json.loads(line)
        alignment = body.get("alignment") or {}
        characters = list(alignment.get("characters") or ())
        ends = list(alignment.get("character_end_times_seconds") or ())
        pcm = base64.b64decode(body.get("audio_base64") or "")
    except (ValueError, AttributeError) as error:
        raise ProviderUnavailable(f"{label}: what came is no sound") from error
    return pcm[: len(pcm) // 2 * 2], characters[: len(ends)], ends


def make_speaker(endpoint: Endpoint, clients: Clients, language: str = "en") -> Speaker:
    """The voice of an endpoint."""
    if endpoint.provider == "elevenlabs":
        return ElevenLabsVoice(endpoint, clients, language)
    return OpenAiVoice(endpoint, clients.openai(endpoint))


def make_voice(
    endpoint: Endpoint, clients: Clients, breakers: Breakers, language: str
) -> Link[Speaker]:
    """One link of the chain that speaks; its breaker can try it by itself."""
    speaker, breaker = make_speaker(endpoint, clients, language), breakers.of(endpoint)

    async def probe() -> None:
        async for _ in speaker.speak("Yes."):
            return

    breaker.probe = breaker.probe or probe
    cloud = is_cloud(endpoint)
    wait = CLOUD_SECONDS if cloud else patience(endpoint.provider, cloud=False)
    return Link(speaker, breaker, wait, hedges=endpoint.provider != "embedded")


async def synthesize(endpoint: Endpoint, clients: Clients, text: str) -> bytes:
    """Render one sentence outside a call.

    Returns:
        16-bit mono PCM at RATE.

    Raises:
        ProviderError: the voice's provider refused or was not reached.
    """
    wait = patience(endpoint.provider, cloud=is_cloud(endpoint))
    said = b""
    async with aclosing(make_speaker(endpoint, clients).speak(text)) as sound:
        while True:
            try:
                async with asyncio.timeout(wait):
                    said += (await anext(sound)).pcm
            except StopAsyncIteration:
                return said
            except TimeoutError:
                raise ProviderUnavailable(f"{endpoint.label}: silent for {wait:g} s") from None
