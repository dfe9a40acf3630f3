"""ElevenLabs on a loopback port: speech by websocket and by HTTP, voices, the subscription.

As a process: `python -m tests.fakes.elevenlabs_api --port 9002 --tts-ms 75`.
"""

import argparse
import base64
import json
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from aiohttp import web

from tests.fakes.elevenlabs_socket import Socket, SocketRequest, chunks
from tests.fakes.exchange import Exchange, Recorded, Reject
from tests.fakes.server import StandIn, main

KEY = "el-test"
VOICE = "21m00Tcm4TlvDq8ikWAM"
_STATUS = {
    400: "invalid_request",
    401: "invalid_api_key",
    404: "voice_not_found",
    422: "unprocessable_entity",
    429: "too_many_concurrent_requests",
    500: "internal_server_error",
    503: "system_busy",
}


@dataclass(slots=True, kw_only=True)
class HttpRequest(Recorded):
    """A request over HTTP; `body` is empty where there is none."""

    voice: str
    query: dict[str, str]
    body: dict[str, Any]


class ElevenLabsApi(StandIn):
    """ElevenLabs. Speech is `voice.speak`; formats pcm_* and ulaw_8000.

    Endpoints for `fail`: socket, speech, voices, subscription. On a socket a status strikes the
    upgrade, and faults in mid-answer strike after `fault.after` frames.
    """

    def __init__(self, key: str | None = KEY, *, delay: float = 0.0) -> None:
        """Args: the only key accepted (None: any), seconds from a text to its first audio."""
        super().__init__()
        self.key, self.delay = key, delay
        self.voices = {VOICE: "Rachel"}
        self.characters, self.limit = 1000, 10000
        speak = "/v1/text-to-speech/{voice}"
        self.route("GET", f"{speak}/multi-stream-input", "socket", _read_socket, self._socket)
        for end in ("", "/stream", "/stream/with-timestamps"):
            self.route("POST", speak + end, "speech", _read, self._speech)
        for version in ("v1", "v2"):
            self.route("GET", f"/{version}/voices", "voices", _read, self._voices)
        self.route("GET", "/v1/user/subscription", "subscription", _read, self._subscription)

    @property
    def socket_url(self) -> str:
        """The base URL for websocket clients."""
        return self.origin.replace("http", "ws", 1)

    def headers(self) -> dict[str, str]:
        """Return ElevenLabs' own headers."""
        return {"current-concurrent-requests": "1", "maximum-concurrent-requests": "5"}

    def error_body(self, status: int, code: str, message: str) -> bytes:
        """Return ElevenLabs' error object."""
        known = code or _STATUS.get(status, "error")
        return json.dumps({"detail": {"status": known, "message": message}}).encode()

    def check(self, exchange: Exchange) -> None:
        """Refuse a wrong key or an unknown voice."""
        if self.key is not None and exchange.request.headers.get("xi-api-key") != self.key:
            raise Reject(401, "invalid_api_key", "Invalid API key")
        voice = getattr(exchange.record, "voice", "")
        if voice and voice not in self.voices:
            raise Reject(404, "voice_not_found", f"A voice with id {voice} was not found.")

    async def _socket(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, SocketRequest)
        return await Socket(exchange, record, self.delay).serve()

    async def _speech(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, HttpRequest)
        form = record.query.get("output_format", "mp3_44100_128")
        text = str(record.body.get("text", ""))
        if not text:
            raise Reject(422, "", "text: field required")
        if not form.startswith(("pcm_", "ulaw_")):
            raise Reject(400, "", f"this stand-in speaks pcm_* and ulaw_8000, not {form}")
        self.characters += len(text)
        await exchange.wait(self.delay)
        timed = exchange.request.path.endswith("with-timestamps")
        await exchange.open("application/json" if timed else "audio/mpeg")
        for audio, alignment in chunks(f"{text.strip()} ", form):
            await exchange.write(_line(audio, alignment) if timed else audio)
        return await exchange.close()

    async def _voices(self, exchange: Exchange) -> web.StreamResponse:
        voices = [
            {"voice_id": key, "name": name, "category": "premade"}
            for key, name in self.voices.items()
        ]
        body = {"voices": voices, "has_more": False, "total_count": len(voices)}
        return await exchange.reply(json.dumps(body).encode())

    async def _subscription(self, exchange: Exchange) -> web.StreamResponse:
        zero = dict.fromkeys(
            (
                "max_credit_limit_extension",
                "voice_slots_used",
                "professional_voice_slots_used",
                "professional_voice_slots_used_in_workspace",
                "voice_add_edit_counter",
                "professional_voice_limit",
            ),
            0,
        )
        flags = dict.fromkeys(
            (
                "can_extend_character_limit",
                "allowed_to_extend_character_limit",
                "can_extend_voice_limit",
                "can_use_instant_voice_cloning",
                "can_use_professional_voice_cloning",
            ),
            False,
        )
        body = {
            **zero,
            **flags,
            "tier": "creator",
            "status": "active",
            "character_count": self.characters,
            "character_limit": self.limit,
            "voice_limit": 30,
            "current_overage": {"amount": "0", "currency": "usd"},
            "next_character_count_reset_unix": 1_800_000_000,
        }
        return await exchange.reply(json.dumps(body).encode())


def _line(audio: bytes, alignment: dict[str, Any]) -> bytes:
    """Return one line of the timed stream; times are in seconds, ends instead of durations."""
    ends = [end / 1000 for end in accumulate(alignment["charDurationsMs"])]
    timing = {
        "characters": alignment["chars"],
        "character_start_times_seconds": [0.0, *ends[:-1]],
        "character_end_times_seconds": ends,
    }
    body = {
        "audio_base64": base64.b64encode(audio).decode(),
        "alignment": timing,
        "normalized_alignment": timing,
    }
    return json.dumps(body).encode() + b"\n"


async def _read(request: web.Request) -> Recorded:
    body = await request.json() if request.can_read_body else {}
    return HttpRequest(
        endpoint="",
        headers=dict(request.headers),
        voice=request.match_info.get("voice", ""),
        query=dict(request.query),
        body=body,
    )


async def _read_socket(request: web.Request) -> Recorded:
    return SocketRequest(
        endpoint="",
        headers=dict(request.headers),
        voice=request.match_info["voice"],
        query=dict(request.query),
    )


def _make(arguments: Any) -> ElevenLabsApi:
    api = ElevenLabsApi(key=None, delay=arguments.tts_ms / 1000)
    api.voices[arguments.voice] = "Bench"
    return api


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A stand-in for ElevenLabs; any key is accepted.")
    parser.add_argument("--tts-ms", type=float, default=0.0, help="to the first audio")
    parser.add_argument("--voice", default=VOICE, help="a voice that it has")
    return parser


if __name__ == "__main__":
    main(_make, _parser())
