"""AssemblyAI's Sync API on a loopback port: one request, one transcript.

Parts, headers, limits and errors after AssemblyAI's reference of `POST /v1/transcribe` and its
Python SDK 1.8 (`sync/v1`). As a process: `python -m tests.fakes.assemblyai_api --port 9004`.
"""

import argparse
import asyncio
import io
import json
import uuid
import wave
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes import voice
from tests.fakes.exchange import Exchange, Recorded, Reject
from tests.fakes.server import StandIn, main

KEY = "aai-test"
MODELS = {"universal-3-5-pro", "u3-sync-pro", "u3-pro"}
RATES = {8000, 16000, 22050, 24000, 32000, 44100, 48000}
LANGUAGES = {"en", "de", "es", "fr", "it", "nl", "pt"}
SHORTEST, LONGEST = 0.08, 120.0
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    413: "Audio Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Inference Error",
    503: "Capacity Exceeded",
    504: "Inference Timeout",
}


@dataclass(slots=True, kw_only=True)
class SyncRequest(Recorded):
    """A request for a transcript; `order` are the names of its parts as they came."""

    model: str
    config: dict[str, Any]
    audio: bytes
    rate: int
    order: list[str]

    @property
    def seconds(self) -> float:
        """Length of the audio."""
        return len(self.audio) / 2 / self.rate if self.rate else 0.0


class AssemblyAiApi(StandIn):
    """AssemblyAI. `transcripts` are a queue of texts; empty: the words in the audio.

    The endpoint for `fail` is transcribe.
    """

    def __init__(self, key: str | None = KEY, *, delay: float = 0.0) -> None:
        """Args: the only key accepted (None: any), seconds to the transcript."""
        super().__init__()
        self.key, self.delay = key, delay
        self.transcripts: deque[str] = deque()
        self.route("POST", "/v1/transcribe", "transcribe", _read, self._hear)

    def error_body(self, status: int, code: str, message: str) -> bytes:
        """Return a problem in the form of RFC 9457."""
        title = code or _TITLES.get(status, "Error")
        return json.dumps({"status": status, "title": title, "detail": message}).encode()

    def check(self, exchange: Exchange) -> None:
        """Refuse a wrong key or an unknown model."""
        record = exchange.record
        assert isinstance(record, SyncRequest)
        given = exchange.request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.key is not None and given != self.key:
            raise Reject(401, "", "Invalid API key")
        if record.model not in MODELS:
            raise Reject(400, "", f"X-AAI-Model: unknown model {record.model!r}")

    async def _hear(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, SyncRequest)
        if record.rate not in RATES:
            raise Reject(415, "", "not a WAV file of 16-bit samples at a supported rate")
        if record.config.get("language_code", "en") not in LANGUAGES:
            raise Reject(400, "", "config: unsupported language_code")
        if record.seconds < SHORTEST:
            raise Reject(400, "Audio Too Short", "audio below 80 ms")
        if record.seconds > LONGEST:
            raise Reject(413, "", "audio exceeds the limit of 120 s")
        if self.transcripts:
            text = self.transcripts.popleft()
        else:
            text = (await asyncio.to_thread(voice.hear, record.audio, record.rate)).strip()
        await exchange.wait(self.delay)
        body = {
            "text": text,
            "words": [{"text": word, "confidence": 0.98} for word in text.split()],
            "confidence": 0.98,
            "audio_duration_ms": round(record.seconds * 1000),
            "session_id": str(uuid.uuid4()),
            "request_time_ms": round(self.delay * 1000, 1),
        }
        return await exchange.reply(json.dumps(body).encode())


async def _read(request: web.Request) -> Recorded:
    """Record a request; audio that is not a mono WAV file of 16-bit samples stays empty."""
    form = await request.post()
    config, file = form.get("config"), form.get("audio")
    audio, rate = b"", 0
    if isinstance(file, web.FileField):
        try:
            with wave.open(io.BytesIO(file.file.read())) as wav:
                if wav.getsampwidth() == 2 and wav.getnchannels() == 1:
                    audio, rate = wav.readframes(wav.getnframes()), wav.getframerate()
        except (wave.Error, EOFError):
            audio = b""
    return SyncRequest(
        endpoint="",
        headers=dict(request.headers),
        model=request.headers.get("X-AAI-Model", ""),
        config=json.loads(config) if isinstance(config, str | bytes | bytearray) else {},
        audio=audio,
        rate=rate,
        order=list(form),
    )


def _make(arguments: Any) -> AssemblyAiApi:
    return AssemblyAiApi(key=None, delay=arguments.stt_ms / 1000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for AssemblyAI; any key is accepted.")
    parser.add_argument("--stt-ms", type=float, default=0.0, help="to the transcript")
    main(_make, parser)
