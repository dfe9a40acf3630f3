"""One connection to the Realtime stand-in: the session, its conversation and its audio buffer."""

import asyncio
import base64
import binascii
import json
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from tests.fakes import voice
from tests.fakes.exchange import Exchange, Recorded
from tests.fakes.faults import Fault, Kind
from tests.fakes.realtime_items import Items, RealtimeRefused, new_id
from tests.fakes.realtime_vad import ServerVad
from tests.fakes.script import Ask, Emit

RATE = 24_000
LEAST_SECONDS = 0.1  # of audio in one commit
_NO_SESSION = ("type", "id", "object", "expires_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeDelays:
    """How long things take, in seconds; `pace` is how much faster than speech its sound comes."""

    first: float = 0.0
    transcript: float = 0.0
    pace: float = 20.0


@dataclass(slots=True, kw_only=True)
class SessionRequest(Recorded):
    """One connection: the model asked for, every event received, in order."""

    model: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The events of one type."""
        return [event for event in self.events if event.get("type") == kind]


class House(Protocol):
    """What a session needs of the stand-in."""

    delays: RealtimeDelays
    transcripts: deque[str | None]

    def fault_of(self, endpoint: str) -> Fault | None:
        """What strikes the next answer, or the next session."""

    def happened(self) -> None:
        """Something has changed."""

    async def think(self, ask: Ask) -> list[Emit]:
        """What the model answers."""


class RealtimeSession:
    """One session. `items` is its conversation, `config` the session object as it stands."""

    def __init__(self, exchange: Exchange, record: SessionRequest, house: House) -> None:
        """Args: the upgrade request, its record, the stand-in."""
        from tests.fakes.realtime_response import Responder  # they know each other

        self.record, self.house = record, house
        self.exchange = exchange
        self.socket = web.WebSocketResponse(max_msg_size=16 * 1024 * 1024)
        self.items = Items()
        self.config: dict[str, Any] = {"turn_detection": {"type": "server_vad"}, "tools": []}
        self.configured = False
        self._audio = bytearray()
        self.sent_audio = False
        self._vad: ServerVad | None = ServerVad({"type": "server_vad"})
        self.responder = Responder(self)
        self.tasks: set[asyncio.Task[None]] = set()
        self._numbers = count(1)

    async def serve(self) -> web.WebSocketResponse:
        """Serve until one side closes."""
        await self.socket.prepare(self.exchange.request)
        fault = self.house.fault_of("session")
        try:
            if fault:
                await self.strike(fault)
            self.config |= {"id": new_id("sess"), "model": self.record.model}
            await self.send("session.created", session=self._session())
            async for message in self.socket:
                if message.type is WSMsgType.TEXT:
                    await self._take(message.data)
                    self.house.happened()
        finally:
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            self.house.happened()
        return self.socket

    def cut(self) -> None:
        """Drop the connection."""
        transport = self.exchange.request.transport
        if transport is not None:
            transport.abort()

    async def strike(self, fault: Fault) -> None:
        """Let a fault happen to the connection."""
        match fault.kind:
            case Kind.RESET | Kind.CLOSED:
                self.cut()
            case Kind.GARBAGE:
                await self.socket.send_str("\x00not the protocol {[<")
                await self.socket.send_str('{"type": 7}')
                await self.socket.send_str("[]")
                self.cut()
            case Kind.STREAM_ERROR:
                await self.error("server_error", fault.code or "server_error", "A scripted fault.")
            case Kind.HANG | Kind.STALL:
                await asyncio.Event().wait()
            case _:
                raise TypeError(f"a session has no fault {fault}")

    async def send(self, kind: str, **body: Any) -> None:
        """Send an event."""
        if not self.socket.closed:
            number = f"event_{next(self._numbers):06d}"
            with suppress(ConnectionError):  # it was cut at this moment
                await self.socket.send_str(json.dumps({"type": kind, "event_id": number, **body}))

    async def error(self, kind: str, code: str, message: str, event_id: Any = None) -> None:
        """Send an error event."""
        error = {"type": kind, "code": code, "message": message, "param": None}
        await self.send("error", error={**error, "event_id": event_id})

    def begin(self, work: Any) -> asyncio.Task[None]:
        """Do something beside listening."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    # -- client events

    async def _take(self, text: str) -> None:
        try:
            event = json.loads(text)
        except ValueError:
            await self.error("invalid_request_error", "invalid_json", "Not JSON.")
            return
        self.record.events.append(event)
        try:
            await self._do(event)
        except RealtimeRefused as refused:
            message = str(refused)
            await self.error("invalid_request_error", refused.code, message, event.get("event_id"))

    async def _do(self, event: dict[str, Any]) -> None:
        match event.get("type"):
            case "session.update":
                await self._update(event.get("session") or {})
            case "input_audio_buffer.append":
                await self._append(str(event.get("audio", "")))
            case "input_audio_buffer.commit":
                await self.commit()
            case "input_audio_buffer.clear":
                self._audio.clear()
                await self.send("input_audio_buffer.cleared")
            case "conversation.item.create":
                await self._create(event)
            case "conversation.item.truncate":
                item = self.items.truncate(event)
                where = {key: event.get(key) for key in ("content_index", "audio_end_ms")}
                await self.send("conversation.item.truncated", item_id=item["id"], **where)
            case "conversation.item.delete":
                gone = self.items.delete(str(event.get("item_id")))
                await self.send("conversation.item.deleted", item_id=gone)
            case "conversation.item.retrieve":
                item = self.items.find(str(event.get("item_id")), "item_retrieve_invalid_item_id")
                await self.send("conversation.item.retrieved", item=item)
            case "response.create":
                await self.responder.create(event.get("response") or {})
            case "response.cancel":
                await self.responder.cancel("client_cancelled", event.get("response_id"))
            case other:
                raise RealtimeRefused("unknown_event", f"Unknown event {other!r}.")

    async def _update(self, changes: dict[str, Any]) -> None:
        if changes.get("type") != "realtime":
            raise RealtimeRefused("missing_required_parameter", "session.type is required.")
        audio = changes.get("audio") or {}
        for side in ("input", "output"):
            form = (audio.get(side) or {}).get("format") or {"type": "audio/pcm", "rate": RATE}
            if form != {"type": "audio/pcm", "rate": RATE}:
                raise RealtimeRefused("invalid_value", f"this stand-in has no format {form}")
        new_voice = (audio.get("output") or {}).get("voice")
        if self.sent_audio and new_voice and new_voice != self.config.get("voice"):
            raise RealtimeRefused("cannot_update_voice", "There was audio already.")
        if new_voice:
            self.config["voice"] = new_voice
        heard = audio.get("input") or {}
        if "transcription" in heard:
            self.config["transcription"] = heard["transcription"]
        if "turn_detection" in heard:
            self.config["turn_detection"] = heard["turn_detection"]
            self._vad = ServerVad(heard["turn_detection"]) if heard["turn_detection"] else None
        plain = ("instructions", "tools", "tool_choice", "output_modalities")
        self.config |= {key: changes[key] for key in plain if key in changes}
        self.configured = True
        await self.send("session.updated", session=self._session())

    async def _append(self, audio: str) -> None:
        try:
            pcm = base64.b64decode(audio, validate=True)
        except (binascii.Error, ValueError):
            raise RealtimeRefused("invalid_value", "audio is not base64.") from None
        self._audio += pcm
        if self._vad is None:
            return
        for edge, at_ms in self._vad.hear(pcm):
            if edge == "started":
                await self.send(
                    "input_audio_buffer.speech_started",
                    audio_start_ms=at_ms,
                    item_id=self.items.coming,
                )
                if self._vad.interrupts:
                    await self.responder.cancel("turn_detected", None)
            else:
                await self.send(
                    "input_audio_buffer.speech_stopped",
                    audio_end_ms=at_ms,
                    item_id=self.items.coming,
                )
                await self.commit()
                if self._vad.responds:
                    await self.responder.create({})

    async def commit(self) -> None:
        """Make an item of what was said."""
        pcm, self._audio = bytes(self._audio), bytearray()
        if len(pcm) < LEAST_SECONDS * RATE * 2:
            raise RealtimeRefused("input_audio_buffer_commit_empty", "The buffer is too small.")
        given = self.house.transcripts.popleft() if self.house.transcripts else ""
        text = given if given is None else given or voice.hear(pcm, RATE).strip()
        part = {"type": "input_audio", "transcript": None}
        item = self.items.make("user", [part], spoken=text or "", seconds=len(pcm) / 2 / RATE)
        before = self.items.add(item)
        await self.send("input_audio_buffer.committed", previous_item_id=before, item_id=item["id"])
        await self._announce(item, before)
        if self.config.get("transcription"):
            self.begin(self._transcribe(item, text))

    async def _transcribe(self, item: dict[str, Any], text: str | None) -> None:
        await asyncio.sleep(self.house.delays.transcript)
        where = {"item_id": item["id"], "content_index": 0}
        kind = "conversation.item.input_audio_transcription"
        if text is None:
            error = {"type": "transcription_error", "code": "audio_unintelligible", "message": "?"}
            await self.send(f"{kind}.failed", **where, error=error)
            return
        item["content"][0]["transcript"] = text
        if text:
            await self.send(f"{kind}.delta", **where, delta=text)
        usage = {"type": "duration", "seconds": self.items.seconds(item)}
        await self.send(f"{kind}.completed", **where, transcript=text, usage=usage)

    async def _create(self, event: dict[str, Any]) -> None:
        item = self.items.given(event.get("item") or {})
        before = self.items.add(item, event.get("previous_item_id"))
        await self._announce(item, before)

    async def _announce(self, item: dict[str, Any], before: str | None) -> None:
        shown = {key: value for key, value in item.items() if not key.startswith("_")}
        await self.send("conversation.item.added", previous_item_id=before, item=shown)
        await self.send("conversation.item.done", previous_item_id=before, item=shown)

    def _session(self) -> dict[str, Any]:
        heard = {key: self.config.get(key) for key in ("transcription", "turn_detection")}
        form = {"type": "audio/pcm", "rate": RATE}
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": self.config.get("id"),
            "model": self.record.model,
            "output_modalities": ["audio"],
            "instructions": self.config.get("instructions", ""),
            "tools": self.config["tools"],
            "tool_choice": self.config.get("tool_choice", "auto"),
            "audio": {
                "input": {"format": form, **heard},
                "output": {"format": form, "voice": self.config.get("voice", "marin")},
            },
        }
