"""Anthropic's Messages API on a loopback port.

Events and errors after the anthropic SDK 1.17 (`anthropic/types`) and Anthropic's API reference.
As a process: `python -m tests.fakes.anthropic_api --port 9003 --first-token-ms 200 --token-ms 15`.
"""

import argparse
import json
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.exchange import Exchange, Recorded, Reject
from tests.fakes.faults import Fault
from tests.fakes.script import Ask, CallTool, Emit, Message, Pause, Say, Together, tokens
from tests.fakes.server import StandIn, main

KEY = "sk-ant-test"
VERSION = "2023-06-01"
# OpenClaw ends each request with a user message of its own, and dates the user's.
_OPENCLAW = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>"
_DATED = re.compile(r"^\[\w{3} \d{4}-\d\d-\d\d \d\d:\d\d \w+\] ")
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@dataclass(slots=True, kw_only=True)
class MessagesRequest(Recorded):
    """A request for a message."""

    body: dict[str, Any]
    ask: Ask = field(default_factory=lambda: Ask(()))


class AnthropicApi(StandIn):
    """Anthropic. Answers by `replies` and `brain` (see `StandIn.think`).

    The endpoint for `fail` is messages; `STREAM_ERROR` is the `event: error` after a 200.
    """

    def __init__(
        self, key: str | None = KEY, *, first_token: float = 0.0, token: float = 0.0
    ) -> None:
        """Args: the only key accepted (None: any), seconds to and between tokens."""
        super().__init__()
        self.key, self.first_token, self.token = key, first_token, token
        self.models: set[str] | None = None  # None: any model is served
        self.route("POST", "/v1/messages", "messages", _read, self._messages)

    def headers(self) -> dict[str, str]:
        """Return Anthropic's own headers."""
        return {"request-id": f"req_{uuid.uuid4().hex[:24]}"}

    def error_body(self, status: int, code: str, message: str) -> bytes:
        """Return Anthropic's error object."""
        kind = code or _TYPES.get(status, "api_error")
        return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()

    def stream_error(self) -> bytes:
        """Return the error event."""
        return b"event: error\ndata: " + self.error_body(529, "", "Overloaded") + b"\n\n"

    def check(self, exchange: Exchange) -> None:
        """Refuse a wrong key, or a request without the version header."""
        headers = exchange.request.headers
        if self.key is not None and headers.get("x-api-key") != self.key:
            raise Reject(401, "", "invalid x-api-key")
        if headers.get("anthropic-version") != VERSION:
            raise Reject(400, "", "anthropic-version: header is required")

    async def _messages(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, MessagesRequest)
        if problem := _problem(record.body):
            raise Reject(400, "", problem)
        if self.models is not None and record.body["model"] not in self.models:
            raise Reject(404, "", f"model: {record.body['model']}")
        emits = await self.think(record.ask)
        if record.body.get("stream"):
            return await self._stream(exchange, record, emits)
        await exchange.wait(self.first_token)
        for emit in emits:
            await self._happen(exchange, emit)
        blocks = [_block(emit) for emit in _spoken(emits)]
        usage = _usage(record, _answered(emits))
        stop = {"stop_reason": _stop_reason(emits), "stop_sequence": None}
        message = {**_start(record, usage), "content": blocks, **stop}
        return await exchange.reply(json.dumps(message).encode())

    async def _stream(
        self, exchange: Exchange, record: MessagesRequest, emits: list[Emit]
    ) -> web.StreamResponse:
        async def send(kind: str, **fields: Any) -> None:
            data = json.dumps({"type": kind, **fields})
            await exchange.write(f"event: {kind}\ndata: {data}\n\n".encode())

        first = next((e.first for e in emits if isinstance(e, Say) and e.first is not None), None)
        await exchange.wait(self.first_token if first is None else first)
        await exchange.open("text/event-stream; charset=utf-8")
        await send("message_start", message=_start(record, _usage(record, 1)))
        index = 0
        for emit in emits:
            await self._happen(exchange, emit)
            for block in _spoken([emit]):
                empty = {**_block(block), **({"text": ""} if isinstance(block, Say) else {})}
                if isinstance(block, CallTool):
                    empty["input"] = {}
                await send("content_block_start", index=index, content_block=empty)
                if index == 0:
                    await send("ping")
                for delta in _deltas(block):
                    await send("content_block_delta", index=index, delta=delta)
                    pace = block.token if isinstance(block, Say) else None
                    await exchange.wait(self.token if pace is None else pace)
                await send("content_block_stop", index=index)
                index += 1
        stop = {"stop_reason": _stop_reason(emits), "stop_sequence": None}
        await send("message_delta", delta=stop, usage={"output_tokens": _answered(emits)})
        await send("message_stop")
        return await exchange.close()

    async def _happen(self, exchange: Exchange, emit: Emit) -> None:
        if isinstance(emit, Pause):
            await exchange.wait(emit.seconds)
        elif isinstance(emit, Fault):
            await exchange.strike(emit)
        elif isinstance(emit, Exception):
            raise emit


def _problem(body: dict[str, Any]) -> str:
    """Return what is wrong with a request, or ""."""
    for name in ("model", "max_tokens", "messages"):
        if not body.get(name):
            return f"{name}: Field required"
    used: set[str] = set()
    for message in body["messages"]:
        content = message["content"]
        blocks = content if isinstance(content, list) else []
        answered = {b["tool_use_id"] for b in blocks if b.get("type") == "tool_result"}
        if used - answered:
            return f"messages: `tool_use` ids without `tool_result`: {sorted(used - answered)}"
        used = {b["id"] for b in blocks if b.get("type") == "tool_use"}
    return ""


def _ask(body: dict[str, Any]) -> Ask:
    system = body.get("system") or ""
    messages = [Message("system", _text(system))] if system else []
    for raw in body.get("messages") or ():
        content = raw["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        results = [block for block in blocks if block["type"] == "tool_result"]
        messages += [
            Message("tool", _text(block.get("content") or ""), call_id=block["tool_use_id"])
            for block in results
        ]
        used: list[Any] = [block for block in blocks if block["type"] == "tool_use"]
        calls = [(block["id"], block["name"], block["input"]) for block in used]
        text = _DATED.sub("", _text(blocks))
        if text.startswith(_OPENCLAW):
            continue
        if text or calls or not results:
            messages.append(Message(raw["role"], text, tuple(calls)))
    names = tuple(tool["name"] for tool in body.get("tools") or ())
    return Ask(tuple(messages), names, str(body.get("model", "")))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content if block.get("type") == "text")


def _spoken(emits: Iterable[Emit]) -> Iterator[Say | CallTool]:
    """Yield what becomes a content block."""
    for emit in emits:
        if isinstance(emit, Say | CallTool):
            yield emit
        elif isinstance(emit, Together):
            yield from emit.calls


def _block(emit: Say | CallTool) -> dict[str, Any]:
    if isinstance(emit, Say):
        return {"type": "text", "text": emit.text}
    identifier = emit.id or f"toolu_{uuid.uuid4().hex[:24]}"
    return {
        "type": "tool_use",
        "id": identifier,
        "name": emit.name,
        "input": json.loads(emit.json) if isinstance(emit.arguments, dict) else {},
    }


def _deltas(emit: Say | CallTool) -> Iterator[dict[str, Any]]:
    if isinstance(emit, Say):
        for piece in tokens(emit.text):
            yield {"type": "text_delta", "text": piece}
        return
    yield {"type": "input_json_delta", "partial_json": ""}
    for place in range(0, len(emit.json), 7):
        yield {"type": "input_json_delta", "partial_json": emit.json[place : place + 7]}


def _start(record: MessagesRequest, usage: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": record.body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _stop_reason(emits: list[Emit]) -> str:
    called = any(isinstance(emit, CallTool) for emit in _spoken(emits))
    return "tool_use" if called else "end_turn"


def _answered(emits: list[Emit]) -> int:
    parts = (emit.text if isinstance(emit, Say) else emit.json for emit in _spoken(emits))
    return sum(len(tokens(part)) for part in parts)


def _usage(record: MessagesRequest, answered: int) -> dict[str, Any]:
    return {
        "input_tokens": sum(len(tokens(message.text)) + 4 for message in record.ask.messages),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": answered,
    }


async def _read(request: web.Request) -> Recorded:
    body = await request.json()
    return MessagesRequest(endpoint="", headers=dict(request.headers), body=body, ask=_ask(body))


def _make(arguments: Any) -> AnthropicApi:
    seconds = {"first_token": arguments.first_token_ms / 1000, "token": arguments.token_ms / 1000}
    api = AnthropicApi(key=None, **seconds)
    if arguments.reply:
        api.brain = lambda _: arguments.reply
    return api


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A stand-in for Anthropic; any key is accepted.")
    parser.add_argument("--first-token-ms", type=float, default=0.0)
    parser.add_argument("--token-ms", type=float, default=0.0)
    parser.add_argument("--reply", default="", help="what to answer; empty repeats the user")
    return parser


if __name__ == "__main__":
    main(_make, _parser())
