"""OpenAI's requests as records, and its answers as bytes; `openai_api` serves them.

Shapes after the openai SDK 3.54 (`openai/types`) and OpenAI's API reference.
"""

import io
import json
import uuid
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.exchange import Recorded
from tests.fakes.script import Ask, CallTool, Emit, Say, Together, chat, tokens

SPEECH_RATE = 24000  # hertz of `pcm` speech, 16-bit mono without a header
_TYPES = {
    400: ("invalid_request_error", ""),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", ""),
    503: ("server_error", ""),
}


@dataclass(slots=True, kw_only=True)
class TranscriptionRequest(Recorded):
    """A request for a transcript; `audio` is 16-bit mono at `rate`."""

    fields: dict[str, str]
    audio: bytes = b""
    rate: int = 16000

    @property
    def seconds(self) -> float:
        """How long the audio is."""
        return len(self.audio) / 2 / self.rate


@dataclass(slots=True, kw_only=True)
class SpeechRequest(Recorded):
    """A request for speech."""

    body: dict[str, Any]

    @property
    def text(self) -> str:
        """What is to be said."""
        return str(self.body.get("input", ""))


@dataclass(slots=True, kw_only=True)
class ChatRequest(Recorded):
    """A request for a completion."""

    body: dict[str, Any]
    ask: Ask = field(default_factory=lambda: Ask(()))


def fragments(call: CallTool, index: int) -> Iterator[dict[str, Any]]:
    """Yield a tool call as it streams: id and name first, then its arguments in pieces."""
    yield {**whole(call, index), "function": {"name": call.name, "arguments": ""}}
    for place in range(0, len(call.json), 5):
        yield {"index": index, "function": {"arguments": call.json[place : place + 5]}}


def whole(call: CallTool, index: int) -> dict[str, Any]:
    """Return a tool call in one piece."""
    identifier = call.id or f"call_{uuid.uuid4().hex[:24]}"
    function = {"name": call.name, "arguments": call.json}
    return {"index": index, "id": identifier, "type": "function", "function": function}


def completion(record: ChatRequest, emits: list[Emit]) -> dict[str, Any]:
    """Return a whole (not streamed) completion."""
    text = "".join(emit.text for emit in emits if isinstance(emit, Say))
    calls = [emit for emit in emits if isinstance(emit, CallTool)]
    calls += [call for emit in emits if isinstance(emit, Together) for call in emit.calls]
    message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None}
    if calls:
        message["tool_calls"] = [
            {key: value for key, value in whole(call, 0).items() if key != "index"}
            for call in calls
        ]
    finish = "tool_calls" if calls else "stop"
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    start = head(record, "chat.completion")
    return {**start, "choices": [choice], "usage": usage(record, emits)}


def head(record: ChatRequest, kind: str) -> dict[str, Any]:
    """Return what every chunk and completion begins with."""
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": kind,
        "created": 1_800_000_000,
        "model": record.body["model"],
        "system_fingerprint": "fp_standin",
    }


def usage(record: ChatRequest, emits: list[Emit]) -> dict[str, Any]:
    """Return the token counts of a request and its answer."""
    asked = sum(len(tokens(message.text)) + 4 for message in record.ask.messages)
    said = [emit.text if isinstance(emit, Say) else getattr(emit, "json", "") for emit in emits]
    answered = sum(len(tokens(text)) for text in said)
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


async def read(request: web.Request) -> Recorded:
    """Record a request without a body."""
    return Recorded(endpoint="", headers=dict(request.headers))


async def read_audio(request: web.Request) -> Recorded:
    """Record a request for a transcript; audio that is not a WAV file stays empty."""
    form = await request.post()
    record = TranscriptionRequest(endpoint="", headers=dict(request.headers), fields={})
    record.fields.update({key: value for key, value in form.items() if isinstance(value, str)})
    file = form.get("file")
    if isinstance(file, web.FileField):
        try:
            with wave.open(io.BytesIO(file.file.read())) as sound:
                record.rate, record.audio = sound.getframerate(), sound.readframes(-1)
            record.fields["file"] = file.filename
        except (wave.Error, EOFError):
            record.fields.pop("file", None)
    return record


async def read_speech(request: web.Request) -> Recorded:
    """Record a request for speech."""
    body = await _body(request)
    return SpeechRequest(endpoint="", headers=dict(request.headers), body=body)


async def read_chat(request: web.Request) -> Recorded:
    """Record a request for a completion."""
    body = await _body(request)
    tools = [tool.get("function", {}).get("name", "") for tool in body.get("tools") or ()]
    ask = chat(body.get("messages") or (), tools, str(body.get("model", "")))
    return ChatRequest(endpoint="", headers=dict(request.headers), body=body, ask=ask)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def refusal(status: int, code: str, message: str) -> dict[str, Any]:
    """Return the error object for an HTTP status; `code` empty means the usual one."""
    kind, usual = _TYPES.get(status, ("invalid_request_error", ""))
    if code in ("insufficient_quota", "credit_balance_exhausted"):
        kind = code
    return error(message, kind, code or usual)


def error(message: str, kind: str, code: str) -> dict[str, Any]:
    """Return an error object."""
    return {"message": message, "type": kind, "param": None, "code": code or None}


def as_json(value: Any) -> bytes:
    """Return JSON bytes."""
    return json.dumps(value, ensure_ascii=False).encode()


def event(value: Any) -> bytes:
    """Return one server-sent event."""
    return b"data: " + as_json(value) + b"\n\n"


def as_wav(pcm: bytes) -> bytes:
    """Return PCM as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SPEECH_RATE)
        sound.writeframes(pcm)
    return file.getvalue()
