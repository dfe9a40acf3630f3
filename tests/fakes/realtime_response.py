"""The Realtime stand-in's answers: their events in the API's order, their faults, their usage."""

import asyncio
import base64
from typing import TYPE_CHECKING, Any

from tests.fakes import voice
from tests.fakes.faults import Fault, Kind
from tests.fakes.realtime_items import RealtimeRefused, new_id
from tests.fakes.script import CallTool, Emit, Pause, Say, ScriptError, Together, tokens

if TYPE_CHECKING:
    from tests.fakes.realtime_session import RealtimeSession

_RATE = 24_000
_CODES = {429: "rate_limit_exceeded", 401: "invalid_api_key"}
_WORD = ("response.output_audio_transcript.delta", "response.output_text.delta")


class Responder:
    """Makes a session's answers, one at a time."""

    def __init__(self, session: "RealtimeSession") -> None:
        """Args: the session."""
        self._session = session
        self._task: asyncio.Task[None] | None = None
        self._response: dict[str, Any] = {}
        self._item: dict[str, Any] | None = None
        self._parts = 0
        self._made = 0.0

    async def create(self, asked: dict[str, Any]) -> None:
        """Begin an answer."""
        if self._task and not self._task.done():
            raise RealtimeRefused(
                "conversation_already_has_active_response",
                f"Conversation already has an active response: {self._response.get('id')}.",
            )
        modes = asked.get("output_modalities") or ["audio"]
        if modes not in (["audio"], ["text"]):
            raise RealtimeRefused("invalid_value", "output_modalities is ['audio'] or ['text'].")
        fault = self._session.house.fault_of("response")
        self._response = {
            "object": "realtime.response",
            "id": new_id("resp"),
            "status": "in_progress",
            "status_details": None,
            "output": [],
            "output_modalities": modes,
            "metadata": asked.get("metadata"),
            "usage": None,
        }
        self._item, self._parts, self._made = None, 0, 0.0
        self._task = self._session.begin(self._answer(fault))

    async def cancel(self, reason: str, response_id: Any) -> None:
        """Stop the answer that is being made."""
        ours = response_id in (None, self._response.get("id"))
        if not self._task or self._task.done() or not ours:
            if reason == "turn_detected":
                return
            raise RealtimeRefused("response_cancel_not_active", "No active response found.")
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._item:
            await self._close_item("incomplete")
        await self._done("cancelled", {"type": "cancelled", "reason": reason})

    async def _answer(self, fault: Fault | None) -> None:
        session = self._session
        if fault and fault.kind is Kind.HANG:
            await asyncio.Event().wait()
        if fault and fault.kind is Kind.RESET:
            session.cut()
            return
        slow = fault.factor if fault and fault.kind is Kind.SLOW else 1.0
        await session.send("response.created", response=self._response)
        if fault and fault.kind is Kind.STATUS:
            code = fault.code or _CODES.get(fault.status, "server_error")
            error = {"type": "server_error" if fault.status >= 500 else code, "code": code}
            await self._done("failed", {"type": "failed", "error": error})
            return
        config = session.config
        ask = session.items.ask(
            str(config.get("instructions", "")), config["tools"], session.record.model
        )
        try:
            emits = await session.house.think(ask)
        except ScriptError as error:
            await self._done(
                "failed",
                {"type": "failed", "error": {"type": "server_error", "message": str(error)}},
            )
            return
        await asyncio.sleep(session.house.delays.first * slow)
        for emit in emits:
            await self._emit(emit, fault, slow)
        if self._item:
            await self._close_item("completed")
        if fault and fault.kind in (Kind.STALL, Kind.CLOSED, Kind.STREAM_ERROR, Kind.GARBAGE):
            await session.strike(fault)
        await self._done("completed", None)

    async def _emit(self, emit: Emit, fault: Fault | None, slow: float) -> None:
        match emit:
            case Say():
                await self._say(emit.text, fault, slow)
            case CallTool():
                await self._call(emit)
            case Together(calls):
                for call in calls:
                    await self._call(call)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Fault():
                await self._session.strike(emit)
            case Exception():
                raise emit

    # -- speech

    async def _say(self, text: str, fault: Fault | None, slow: float) -> None:
        session = self._session
        written = self._response["output_modalities"] == ["text"]
        if self._item is None:
            await self._open_item(written)
        assert self._item is not None
        where = self._where()
        for piece in tokens(text if text.endswith(" ") else f"{text} "):
            if fault and self._parts >= fault.after and fault.kind is not Kind.SLOW:
                await session.strike(fault)
            self._parts += 1
            self._item["_spoken"] += piece
            await session.send(_WORD[written], **where, delta=piece)
            if written:
                continue
            audio = voice.speak(piece, _RATE)
            session.sent_audio = True
            self._item["_seconds"] += len(audio) / _RATE
            delta = base64.b64encode(audio.tobytes()).decode()
            await session.send("response.output_audio.delta", **where, delta=delta)
            await asyncio.sleep(len(audio) / _RATE / session.house.delays.pace * slow)

    async def _open_item(self, written: bool) -> None:
        session, items = self._session, self._session.items
        item = items.make("assistant", [], spoken="", seconds=0.0)
        item["status"] = "in_progress"
        before = items.add(item)
        self._item = item
        shown = _shown(item)
        place = {"response_id": self._response["id"], "output_index": self._index()}
        await session.send("response.output_item.added", **place, item=shown)
        await session.send("conversation.item.added", previous_item_id=before, item=shown)
        part = {"type": "text", "text": ""} if written else {"type": "audio", "transcript": ""}
        await session.send("response.content_part.added", **self._where(), part=part)

    async def _close_item(self, status: str) -> None:
        session, item = self._session, self._item
        assert item is not None
        where, text = self._where(), item["_spoken"].strip()
        item["status"] = status
        if self._response["output_modalities"] == ["text"]:
            item["content"] = [{"type": "output_text", "text": text}]
            await session.send("response.output_text.done", **where, text=text)
        else:
            item["content"] = [{"type": "output_audio", "transcript": text}]
            await session.send("response.output_audio.done", **where)
            await session.send("response.output_audio_transcript.done", **where, transcript=text)
        await session.send("response.content_part.done", **where, part=item["content"][0])
        await self._finish_item(item)
        self._item = None

    # -- tools

    async def _call(self, call: CallTool) -> None:
        if self._item:
            await self._close_item("completed")
        session = self._session
        item = {
            "id": new_id("item"),
            "object": "realtime.item",
            "type": "function_call",
            "status": "in_progress",
            "name": call.name,
            "call_id": call.id or new_id("call"),
            "arguments": "",
        }
        before = session.items.add(item)
        place = {"response_id": self._response["id"], "output_index": self._index()}
        await session.send("response.output_item.added", **place, item=_shown(item))
        await session.send("conversation.item.added", previous_item_id=before, item=_shown(item))
        where = {**place, "item_id": item["id"], "call_id": item["call_id"]}
        for start in range(0, len(call.json), 12):
            part = call.json[start : start + 12]
            await session.send("response.function_call_arguments.delta", **where, delta=part)
        item["arguments"], item["status"] = call.json, "completed"
        await session.send(
            "response.function_call_arguments.done", **where, name=call.name, arguments=call.json
        )
        await self._finish_item(item)

    async def _finish_item(self, item: dict[str, Any]) -> None:
        session, place = self._session, self._index()
        self._response["output"].append(_shown(item))
        await session.send("conversation.item.done", previous_item_id=None, item=_shown(item))
        await session.send(
            "response.output_item.done",
            response_id=self._response["id"],
            output_index=place,
            item=_shown(item),
        )

    # -- the end

    async def _done(self, status: str, details: dict[str, Any] | None) -> None:
        self._response |= {"status": status, "status_details": details, "usage": self._usage()}
        await self._session.send("response.done", response=self._response)
        await self._session.send("rate_limits.updated", rate_limits=[])
        self._session.house.happened()

    def _usage(self) -> dict[str, Any]:
        """One token a word piece of text, ten a second of the caller's sound, twenty of its own."""
        items = self._session.items.all
        spoken = [item for item in items if "_seconds" in item]
        heard = round(sum(i["_seconds"] for i in spoken if i["role"] == "user") * 10)
        ask = self._session.items.ask(str(self._session.config.get("instructions", "")), [], "")
        text = sum(len(tokens(message.text)) for message in ask.messages)
        ids = {item["id"] for item in self._response["output"]}
        sounds = round(sum(i["_seconds"] for i in spoken if i["id"] in ids) * 20)
        words = sum(len(tokens(i["_spoken"])) for i in spoken if i["id"] in ids)
        cached = {"text_tokens": text // 2, "audio_tokens": 0, "image_tokens": 0}
        return {
            "total_tokens": heard + text + sounds + words,
            "input_tokens": heard + text,
            "output_tokens": sounds + words,
            "input_token_details": {
                "text_tokens": text,
                "audio_tokens": heard,
                "image_tokens": 0,
                "cached_tokens": text // 2,
                "cached_tokens_details": cached,
            },
            "output_token_details": {"text_tokens": words, "audio_tokens": sounds},
        }

    def _where(self) -> dict[str, Any]:
        assert self._item is not None
        return {
            "response_id": self._response["id"],
            "item_id": self._item["id"],
            "output_index": self._index(),
            "content_index": 0,
        }

    def _index(self) -> int:
        return len(self._response["output"])


def _shown(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if not key.startswith("_")}
