"""`/v1/audio/transcriptions` and `/v1/audio/speech`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from aiohttp import BodyPartReader, web

from bot.speech.embedded.audio import STT_RATE, Samples, decode, wav_stream_header
from bot.speech.embedded.http import MAX_BODY, ApiError, bad_request, json_object


class Transcriber(Protocol):
    """What the transcription route needs."""

    async def transcribe(self, samples: Samples, language: str, prompt: str) -> str:
        """The words in mono samples at 16 kHz, "" where there are none."""


class Speaker(Protocol):
    """What the speech route needs."""

    def speak(self, text: str, speed: float) -> AsyncGenerator[bytes, None]:
        """Audio as it is made: 24 kHz s16le mono."""


TRANSCRIBER = web.AppKey("transcriber", Transcriber)
SPEAKER = web.AppKey("speaker", Speaker)
MAX_INPUT = 4096  # characters: OpenAI's own limit
MAX_FIELD = 64 * 1024  # bytes of a form field that is not the file
SPEEDS = (0.25, 4.0)  # OpenAI's own range


def add_transcription_route(app: web.Application, engine: Transcriber) -> None:
    """Adds the route of speech to text."""
    app[TRANSCRIBER] = engine
    app.router.add_post("/v1/audio/transcriptions", transcribe)


def add_speech_route(app: web.Application, engine: Speaker) -> None:
    """Adds the route of text to speech."""
    app[SPEAKER] = engine
    app.router.add_post("/v1/audio/speech", speak)


async def transcribe(request: web.Request) -> web.Response:
    """OpenAI's transcription; silence and noise are an empty text, the temperature is always 0."""
    fields, data = await _form(request)
    shape = fields.get("response_format") or "json"
    if shape not in ("json", "text", "verbose_json"):
        raise bad_request("response_format: json, text or verbose_json", "response_format")
    samples = await asyncio.to_thread(decode, data)
    language = fields.get("language") or "en"
    text = await request.app[TRANSCRIBER].transcribe(samples, language, fields.get("prompt", ""))
    if shape == "text":
        return web.Response(text=text)
    if shape == "verbose_json":
        seconds = len(samples) / STT_RATE
        found = {"task": "transcribe", "language": language, "duration": seconds, "text": text}
        return web.json_response(found | {"segments": []})
    return web.json_response({"text": text})


async def _form(request: web.Request) -> tuple[dict[str, str], bytes]:
    if request.content_type != "multipart/form-data":
        raise bad_request("expected multipart/form-data with the audio as file")
    fields: dict[str, str] = {}
    data: bytes | None = None
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise bad_request("nested multipart is not understood")
            if part.name == "file":
                data = await _read(part, MAX_BODY)
            else:
                fields[part.name or ""] = (await _read(part, MAX_FIELD)).decode()
    except (ValueError, AssertionError):
        raise bad_request("the form can't be read") from None
    if data is None:
        raise bad_request("file: missing", "file", "missing")
    return fields, data


async def _read(part: BodyPartReader, limit: int) -> bytes:
    found = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        found += chunk
        if len(found) > limit:
            raise ApiError(413, f"{part.name}: larger than {limit} bytes", part.name, "too_large")
    return bytes(found)


async def speak(request: web.Request) -> web.StreamResponse:
    """OpenAI's speech: pcm (24 kHz s16le mono) or wav, sent as each sentence is made."""
    body = await json_object(request)
    text, speed = body.get("input"), body.get("speed", 1.0)
    if not isinstance(text, str) or not text.strip():
        raise bad_request("input: expected the text to speak", "input")
    if len(text) > MAX_INPUT:
        raise bad_request(f"input: longer than {MAX_INPUT} characters", "input", "too_long")
    if isinstance(speed, bool) or not isinstance(speed, int | float):
        raise bad_request("speed: expected a number", "speed")
    if not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise bad_request(f"speed: expected {SPEEDS[0]} to {SPEEDS[1]}", "speed")
    shape = body.get("response_format", "wav")
    if shape not in ("pcm", "wav"):
        raise bad_request("response_format: pcm or wav", "response_format")
    response = web.StreamResponse(headers={"Content-Type": f"audio/{shape}"})
    async with aclosing(request.app[SPEAKER].speak(text, float(speed))) as pieces:
        async for piece in pieces:
            if not response.prepared:
                await response.prepare(request)
                await response.write(wav_stream_header() if shape == "wav" else b"")
            await response.write(piece)
    if not response.prepared:  # nothing in it can be said: a dash, an emoji
        await response.prepare(request)
    await response.write_eof()
    return response
