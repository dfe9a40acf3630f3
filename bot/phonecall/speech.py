"""A voice and an ear for the simulated caller, by any endpoint with OpenAI's interface."""

import io
import wave
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import numpy as np
import numpy.typing as npt
import soxr
from openai import AsyncOpenAI, OpenAIError

from bot.phonecall.exchange import CallFailed
from bot.settings import Settings
from bot.telephony import mulaw

_SPEECH_RATE = 24000
"""Hertz of OpenAI's `pcm` speech: 16-bit mono without a header."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where speech is made and understood."""

    base_url: str
    tts_model: str
    tts_voice: str
    stt_model: str
    api_key: str = field(default="none", repr=False)


@dataclass(frozen=True, slots=True)
class ServerState:
    """What `GET /ready` says: whether calls are taken, why not, and the embedded models' URL."""

    ready: bool
    reason: str
    embedded_url: str


async def server_state(server: str) -> ServerState:
    """Ask a server whether it takes calls.

    Raises:
        CallFailed: it is not there.
    """
    url, timeout = f"{server.rstrip('/')}/ready", aiohttp.ClientTimeout(total=10)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url) as response,
        ):
            status, body = response.status, await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise CallFailed(
            f"no server answers at {server}: start it with `make run`, or name it with --url"
        ) from None
    except ValueError:
        raise CallFailed(f"{url} does not answer as this project's server does") from None
    found = body if isinstance(body, dict) else {}
    embedded = found.get("embedded") or {}
    return ServerState(
        status == 200, str(found.get("reason") or ""), str(embedded.get("base_url") or "")
    )


def endpoints(settings: Settings, embedded_url: str) -> list[Endpoint]:
    """Return where the caller's speech can be made and the bot's understood, best first."""
    found = []
    if embedded_url:
        found.append(Endpoint(embedded_url, "embedded", "embedded", "embedded"))
    if key := settings.OPENAI_API_KEY.get_secret_value():
        found.append(
            Endpoint(
                settings.OPENAI_BASE_URL,
                settings.OPENAI_TTS_MODEL,
                settings.OPENAI_TTS_VOICE,
                settings.OPENAI_STT_MODEL,
                key,
            )
        )
    return found


class Speech:
    """Text to 8 kHz PCM and back.

    Args:
        where: Endpoints, tried in order; none at all is allowed until something is asked.
        language: Two letters.
    """

    def __init__(self, where: list[Endpoint], language: str = "en") -> None:
        self._where = [
            (each, AsyncOpenAI(base_url=each.base_url, api_key=each.api_key, timeout=60))
            for each in where
        ]
        self._language = language[:2]

    async def say(self, text: str) -> bytes:
        """Return `text` spoken, as 16-bit mono PCM at 8 kHz.

        Raises:
            CallFailed: no endpoint can speak.
        """
        problem = "neither embedded models nor OPENAI_API_KEY"
        for where, client in self._where:
            try:
                answer = await client.audio.speech.create(
                    model=where.tts_model,
                    voice=where.tts_voice,
                    input=text,
                    response_format="pcm",
                )
                return resampled(answer.content, _SPEECH_RATE)
            except OpenAIError as error:
                problem = type(error).__name__
        raise CallFailed(f"the caller has no voice ({problem}): give a WAV file instead")

    async def understand(self, pcm: bytes) -> str:
        """Return the words in 16-bit mono PCM at 8 kHz; '' without words.

        Raises:
            CallFailed: no endpoint can understand speech.
        """
        problem = "neither embedded models nor OPENAI_API_KEY"
        for where, client in self._where:
            try:
                answer = await client.audio.transcriptions.create(
                    model=where.stt_model,
                    file=("heard.wav", to_wav(pcm), "audio/wav"),
                    language=self._language,
                )
                return answer.text.strip()
            except OpenAIError as error:
                problem = type(error).__name__
        raise CallFailed(f"nothing can transcribe ({problem})")

    async def aclose(self) -> None:
        """Close the connections."""
        for _, client in self._where:
            await client.close()


def to_wav(pcm: bytes) -> bytes:
    """Return a WAV file of 16-bit mono PCM at 8 kHz."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(mulaw.RATE)
        out.writeframes(pcm)
    return file.getvalue()


def from_wav(path: Path) -> bytes:
    """Return a WAV file's audio as 16-bit mono PCM at 8 kHz.

    Raises:
        CallFailed: it is not there, is no PCM WAV file, or is empty.
    """
    try:
        with wave.open(str(path), "rb") as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(file.getnframes())
    except OSError as error:
        raise CallFailed(f"{path}: {error.strerror}") from None
    except (wave.Error, EOFError) as error:
        raise CallFailed(f"{path} is no PCM WAV file: {error}") from None
    samples = _samples(data, width).reshape(-1, channels).mean(axis=1)
    if not samples.size:
        raise CallFailed(f"{path} is empty")
    return resampled(np.clip(samples, -32768, 32767).astype("<i2").tobytes(), rate)


def _samples(data: bytes, width: int) -> npt.NDArray[np.float64]:
    """PCM of 1 to 4 bytes a sample as floats in the range of 16 bits."""
    if width == 1:
        return (np.frombuffer(data, np.uint8).astype(np.float64) - 128) * 256
    high = np.frombuffer(data, np.uint8).reshape(-1, width)[:, -2:]  # the upper 16 bits
    return np.ascontiguousarray(high).view("<i2").ravel().astype(np.float64)


def resampled(pcm: bytes, rate: int) -> bytes:
    """Return 16-bit mono PCM at 8 kHz."""
    if rate == mulaw.RATE:
        return pcm
    samples = np.frombuffer(pcm[: len(pcm) & ~1], "<i2")
    return bytes(soxr.resample(samples, rate, mulaw.RATE).astype("<i2").tobytes())
