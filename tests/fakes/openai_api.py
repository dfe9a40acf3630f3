"""OpenAI's HTTP API on a loopback port: transcription, speech, chat and the list of models.

As a process:

    python -m tests.fakes.openai_api --port 9000 --stt-ms 120 --first-token-ms 150 --token-ms 15
"""

import argparse
import asyncio
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.fakes import voice
from tests.fakes.exchange import Exchange, Reject
from tests.fakes.faults import Fault
from tests.fakes.openai_wire import (
    SPEECH_RATE,
    ChatRequest,
    SpeechRequest,
    TranscriptionRequest,
    as_json,
    as_wav,
    completion,
    error,
    event,
    fragments,
    head,
    read,
    read_audio,
    read_chat,
    read_speech,
    refusal,
    usage,
    whole,
)
from tests.fakes.script import CallTool, Emit, Pause, Raw, Say, Together, tokens
from tests.fakes.server import StandIn, main

_CHUNK = 4801  # bytes; odd, as in the wild a chunk may end in the middle of a sample
_LONGEST_INPUT = 4096  # characters of one speech request
_VOICES = {"alloy", "ash", "ballad", "cedar", "coral", "echo", "fable"}
_VOICES |= {"marin", "nova", "onyx", "sage", "shimmer", "verse"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """How long each answer takes, in seconds."""

    stt: float = 0.0  # to the transcript
    first_token: float = 0.0  # to the first token
    token: float = 0.0  # between tokens
    tts: float = 0.0  # to the first audio; the rest follows at once


class OpenAIApi(StandIn):
    """OpenAI, or with `key=None` a compatible server that asks for none.

    Language: `replies` and `brain` (see `StandIn.think`). Hearing: `transcripts`, a queue of
    texts; when it is empty, the words in the audio (`voice.speak`). Speech is `voice.speak`.
    Endpoints for `fail`: transcriptions, speech, chat, models.
    """

    def __init__(self, key: str | None = "sk-test", delays: Delays | None = None) -> None:
        """Args: the only key accepted, and the delays."""
        super().__init__()
        self.key, self.delays = key, delays or Delays()
        self.transcripts: deque[str] = deque()
        self.models: set[str] | None = None  # None: any model is served
        self.lacks: set[str] = set()  # of developer, tools, stream: what open servers may lack
        self.route("POST", "/v1/audio/transcriptions", "transcriptions", read_audio, self._hear)
        self.route("POST", "/v1/audio/speech", "speech", read_speech, self._speak)
        self.route("POST", "/v1/chat/completions", "chat", read_chat, self._chat)
        self.route("GET", "/v1/models", "models", read, self._models)

    @property
    def url(self) -> str:
        """The base URL for clients, with /v1."""
        return f"{self.origin}/v1"

    def headers(self) -> dict[str, str]:
        """Return OpenAI's own headers."""
        return {
            "x-request-id": f"req_{uuid.uuid4().hex}",
            "openai-version": "2020-10-01",
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-reset-requests": "6ms",
        }

    def error_body(self, status: int, code: str, message: str) -> bytes:
        """Return OpenAI's error object."""
        return as_json({"error": refusal(status, code, message)})

    def stream_error(self) -> bytes:
        """Return an error inside a stream."""
        return event({"error": error("The server had an error", "server_error", "")})

    def check(self, exchange: Exchange) -> None:
        """Refuse a wrong key."""
        given = exchange.request.headers.get("Authorization", "")
        if self.key is not None and given != f"Bearer {self.key}":
            raise Reject(401, "invalid_api_key", "Incorrect API key provided.")

    def _known(self, model: Any) -> str:
        if not model:
            raise Reject(400, "", "you must provide a model parameter")
        if self.models is not None and model not in self.models:
            raise Reject(404, "model_not_found", f"The model `{model}` does not exist")
        return str(model)

    async def _models(self, exchange: Exchange) -> web.StreamResponse:
        names = sorted(self.models or {"gpt-4o-mini", "gpt-4o-mini-tts", "whisper-1"})
        data = [{"id": n, "object": "model", "created": 1, "owned_by": "openai"} for n in names]
        return await exchange.reply(as_json({"object": "list", "data": data}))

    # -- hearing

    async def _hear(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, TranscriptionRequest)
        model = self._known(record.fields.get("model"))
        if not record.audio and not record.fields.get("file"):
            raise Reject(400, "", "Invalid file format.")
        if self.transcripts:
            text = self.transcripts.popleft()
        else:
            text = await asyncio.to_thread(voice.hear, record.audio, record.rate)
        await exchange.wait(self.delays.stt)
        if record.fields.get("stream") == "true" and model != "whisper-1":
            return await self._stream_text(exchange, text)
        if record.fields.get("response_format") == "text":
            return await exchange.reply(f"{text}\n".encode(), "text/plain")
        billed = {"type": "duration", "seconds": round(record.seconds)}
        return await exchange.reply(as_json({"text": text, "usage": billed}))

    async def _stream_text(self, exchange: Exchange, text: str) -> web.StreamResponse:
        await exchange.open("text/event-stream")
        for piece in tokens(text):
            await exchange.write(event({"type": "transcript.text.delta", "delta": piece}))
        await exchange.write(event({"type": "transcript.text.done", "text": text}))
        return await exchange.close()

    # -- speech

    async def _speak(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, SpeechRequest)
        self._known(record.body.get("model"))
        form = record.body.get("response_format", "mp3")
        if not 0 < len(record.text) <= _LONGEST_INPUT:
            raise Reject(400, "string_too_long", f"input: 1 to {_LONGEST_INPUT} characters")
        if record.body.get("voice") not in _VOICES:
            raise Reject(
                400, "", f"voice: {record.body.get('voice')!r} is not one of {sorted(_VOICES)}"
            )
        if form not in ("pcm", "wav"):
            raise Reject(400, "", f"this stand-in speaks pcm and wav, not {form}")
        samples = await asyncio.to_thread(voice.speak, f"{record.text.strip()} ", SPEECH_RATE)
        await exchange.wait(self.delays.tts)
        await exchange.open(f"audio/{form}")
        audio = samples.tobytes() if form == "pcm" else as_wav(samples.tobytes())
        for place in range(0, len(audio), _CHUNK):
            await exchange.write(audio[place : place + _CHUNK])
        return await exchange.close()

    # -- language

    async def _chat(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, ChatRequest)
        self._known(record.body.get("model"))
        if not record.body.get("messages"):
            raise Reject(400, "", "Missing required parameter: 'messages'.")
        if "tools" in self.lacks and record.body.get("tools"):  # vLLM's words
            needs = "requires --enable-auto-tool-choice and --tool-call-parser to be set"
            raise Reject(400, "", f'"auto" tool choice {needs}')
        roles = {message.get("role") for message in record.body["messages"]}
        if "developer" in self.lacks and "developer" in roles:
            raise Reject(400, "", "Unexpected message role.")
        emits = await self.think(record.ask)
        if record.body.get("stream") and "stream" not in self.lacks:
            return await self._stream_chat(exchange, record, emits)
        await exchange.wait(self.delays.first_token)
        for emit in emits:
            await self._happen(exchange, emit)
        return await exchange.reply(as_json(completion(record, emits)))

    async def _stream_chat(
        self, exchange: Exchange, record: ChatRequest, emits: list[Emit]
    ) -> web.StreamResponse:
        start = head(record, "chat.completion.chunk")
        options = record.body.get("stream_options") or {}
        if options.get("include_usage"):
            start["usage"] = None

        async def send(delta: dict[str, Any], finish: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            await exchange.write(event({**start, "choices": [choice]}))

        first = next((e.first for e in emits if isinstance(e, Say) and e.first is not None), None)
        await exchange.wait(self.delays.first_token if first is None else first)
        await exchange.open("text/event-stream; charset=utf-8")
        await send({"role": "assistant", "content": "", "refusal": None})
        index = 0
        for emit in emits:
            await self._happen(exchange, emit)
            if isinstance(emit, Say):
                for piece in tokens(emit.text):
                    await send({"content": piece})
                    await exchange.wait(self.delays.token if emit.token is None else emit.token)
            elif isinstance(emit, CallTool):
                for delta in fragments(emit, index):
                    await send({"tool_calls": [delta]})
                    await exchange.wait(self.delays.token)
                index += 1
            elif isinstance(emit, Raw):
                await send(emit.delta)
            elif isinstance(emit, Together):
                await send({"tool_calls": [whole(c, index + n) for n, c in enumerate(emit.calls)]})
                index += len(emit.calls)
        await send({}, "tool_calls" if index else "stop")
        if options.get("include_usage"):
            await exchange.write(event({**start, "choices": [], "usage": usage(record, emits)}))
        await exchange.write(b"data: [DONE]\n\n")
        return await exchange.close()

    async def _happen(self, exchange: Exchange, emit: Emit) -> None:
        if isinstance(emit, Pause):
            await exchange.wait(emit.seconds)
        elif isinstance(emit, Fault):
            await exchange.strike(emit)
        elif isinstance(emit, Exception):
            raise emit


def _make(arguments: argparse.Namespace) -> OpenAIApi:
    ms = 1000
    delays = Delays(
        stt=arguments.stt_ms / ms,
        first_token=arguments.first_token_ms / ms,
        token=arguments.token_ms / ms,
        tts=arguments.tts_ms / ms,
    )
    api = OpenAIApi(key=None, delays=delays)
    if arguments.reply:
        api.brain = lambda _: arguments.reply
    return api


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A stand-in for OpenAI; any key is accepted.")
    for name in ("stt", "first-token", "token", "tts"):
        parser.add_argument(f"--{name}-ms", type=float, default=0.0)
    parser.add_argument("--reply", default="", help="what to answer; empty repeats the user")
    return parser


if __name__ == "__main__":
    main(_make, _parser())
