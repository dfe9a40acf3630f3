"""ElevenLabs' multi-stream-input websocket: contexts, alignment, isFinal, and its errors.

Protocol after ElevenLabs' reference of `/v1/text-to-speech/{voice}/multi-stream-input` and what
Pipecat's service sends and reads.
"""

import asyncio
import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

from tests.fakes import voice
from tests.fakes.exchange import Exchange, Recorded
from tests.fakes.faults import Kind

IDLE_SECONDS = 20.0  # a context without messages for so long is closed
MOST_CONTEXTS = 5  # open at once on one connection
_BUFFERED = 120  # characters that are gathered before speech, without auto_mode
_CHUNK_CHARS = 8
POLICY = 1008  # the close code of every error


@dataclass(slots=True, kw_only=True)
class SocketRequest(Recorded):
    """One connection: its voice, query, every message received, and the close code sent."""

    voice: str
    query: dict[str, str]
    messages: list[dict[str, Any]] = field(default_factory=list)
    closed: int = 0

    @property
    def texts(self) -> list[str]:
        """The texts that were to be spoken."""
        return [m["text"] for m in self.messages if m.get("text", "").strip()]


class Refused(Exception):
    """The connection ends with an error frame; `code` is ElevenLabs' word for it."""

    def __init__(self, code: str, message: str) -> None:
        """Args: ElevenLabs' error code and the text."""
        super().__init__(message)
        self.code = code


def chunks(text: str, output_format: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield speech of `text` as (audio, alignment); each alignment starts at 0."""
    coding, _, rate = output_format.partition("_")
    samples = voice.speak(text, int(rate))
    start = 0
    for place in range(0, len(text), _CHUNK_CHARS):
        chars = text[place : place + _CHUNK_CHARS]
        durations = [round(voice.CHAR_SECONDS * 1000) * len(char.encode()) for char in chars]
        end = start + sum(durations) * int(rate) // 1000
        part = samples[start:end]
        start = end
        starts = np.concatenate(([0], np.cumsum(durations)[:-1])).tolist()
        alignment = {"chars": list(chars), "charStartTimesMs": starts, "charDurationsMs": durations}
        yield (voice.to_ulaw(part) if coding == "ulaw" else part.tobytes()), alignment


class Socket:
    """One connection's contexts. Each speaks in its own task, in the order of its texts."""

    def __init__(self, exchange: Exchange, record: SocketRequest, delay: float) -> None:
        """Args: the upgrade request, its record, seconds from a text to its first audio."""
        self._exchange, self._record, self._delay = exchange, record, delay
        self._socket = web.WebSocketResponse()
        self._contexts: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._frames = 0
        self._format = record.query.get("output_format", "pcm_24000")
        self._auto = record.query.get("auto_mode") == "true"

    async def serve(self) -> web.WebSocketResponse:
        """Serve until one side closes; an error ends it with a frame and code 1008."""
        await self._socket.prepare(self._exchange.request)
        code = 1000
        try:
            await self._converse()
        except Refused as error:
            code = POLICY
            if not self._socket.closed:
                await self._error(error)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self._socket.closed:
            self._record.closed = code
            await self._socket.close(code=code)
        return self._socket

    async def _converse(self) -> None:
        if not self._format.startswith(("pcm_", "ulaw_")):
            raise Refused("invalid_input_message", f"no such output_format: {self._format}")
        listening = asyncio.create_task(self._listen())
        self._tasks.add(listening)
        listening.add_done_callback(self._report)
        await self._over

    def _report(self, task: asyncio.Task[None]) -> None:
        """The connection is over when listening is; with its error, if it had one."""
        self._fail(task)
        if not self._over.done():
            self._over.set_result(None)

    def _fail(self, task: asyncio.Task[None]) -> None:
        if not self._over.done() and not task.cancelled() and (error := task.exception()):
            self._over.set_exception(error)

    async def _listen(self) -> None:
        async for raw in self._socket:
            if raw.type is not WSMsgType.TEXT:
                raise Refused("invalid_input_message", "text frames only")
            try:
                message = json.loads(raw.data)
            except ValueError:
                raise Refused("invalid_input_message", "not JSON") from None
            if not isinstance(message, dict):
                raise Refused("invalid_input_message", "not an object")
            self._record.messages.append(message)
            if message.get("close_socket"):
                await asyncio.gather(*(queue.join() for queue in self._contexts.values()))
                return
            self._route(message)

    def _route(self, message: dict[str, Any]) -> None:
        name = str(message.get("context_id") or "default")
        if name not in self._contexts:
            if "text" not in message:
                return  # flush or close of a context that has ended already
            if message["text"].strip():
                raise Refused("invalid_input_message", "a context begins with one space")
            if len(self._contexts) == MOST_CONTEXTS:
                raise Refused("max_active_conversations", "too many contexts are open")
            self._contexts[name] = asyncio.Queue()
            task = asyncio.create_task(self._context(name, self._contexts[name]))
            self._tasks.add(task)
            task.add_done_callback(self._fail)
        elif "voice_settings" in message:
            raise Refused("invalid_input_message", "voice_settings only in the first message")
        self._contexts[name].put_nowait(message)

    async def _context(self, name: str, queue: asyncio.Queue[dict[str, Any]]) -> None:
        text, over = "", False
        while not over:
            try:
                message = await asyncio.wait_for(queue.get(), IDLE_SECONDS)
            except TimeoutError:
                break
            text += message.get("text", "") if text or message.get("text", "").strip() else ""
            over = bool(message.get("close_context"))
            if text and (self._auto or over or message.get("flush") or len(text) > _BUFFERED):
                await self._speak(name, text)
                text = ""
            queue.task_done()
        self._contexts.pop(name, None)
        await self._send({"isFinal": True, "contextId": name})

    async def _speak(self, name: str, text: str) -> None:
        await asyncio.sleep(self._delay)
        for audio, alignment in chunks(f"{text.strip()} ", self._format):
            await self._send(
                {
                    "audio": base64.b64encode(audio).decode(),
                    "contextId": name,
                    "alignment": alignment,
                    "normalizedAlignment": None,
                }
            )

    async def _send(self, frame: dict[str, Any]) -> None:
        fault = self._record.fault
        if fault and self._frames >= fault.after:
            if fault.kind is Kind.STREAM_ERROR:
                self._record.outcome = "faulted"
                raise Refused(fault.code or "quota_exceeded", "a scripted fault")
            await self._exchange.strike(fault)
        self._frames += 1
        await self._socket.send_str(json.dumps(frame))

    async def _error(self, error: Refused) -> None:
        frame = {"message": str(error), "error": error.code, "code": POLICY}
        await self._socket.send_str(json.dumps(frame))
