"""The gateway's /v1/chat/completions: every inference through OpenClaw, with the client's tools."""

import json
import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.exchange import Exchange, Recorded, Reject
from tests.fakes.openai_wire import ChatRequest, read_chat
from tests.fakes.openclaw_wire import OVERLOADED, Overloaded, now
from tests.fakes.script import CallTool, Say, tokens

if TYPE_CHECKING:
    from tests.fakes.openclaw_gateway import OpenClawGateway

_AGENTS = ("main", "voice")


class ChatCompletions:
    """Server-sent events only, as Pipecat asks for them."""

    def __init__(self, gateway: "OpenClawGateway") -> None:
        self._gateway = gateway

    async def read(self, request: web.Request) -> Recorded:
        """Read a request."""
        return await read_chat(request)

    async def serve(self, exchange: Exchange) -> web.StreamResponse:
        """Answer it by the gateway's brain."""
        record = exchange.record
        assert isinstance(record, ChatRequest)
        agent = str(record.body["model"]).partition("/")[2]
        if agent not in _AGENTS:
            raise Reject(400, "invalid_request_error", f"Unknown agent '{agent}'.")
        emits = await self._gateway.think(record.ask)
        about = {"id": f"chatcmpl_{uuid.uuid4()}", "object": "chat.completion.chunk"}
        about |= {"created": now() // 1000, "model": record.body["model"]}

        async def send(delta: dict[str, Any], finish: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            await exchange.write(f"data: {json.dumps({**about, 'choices': [choice]})}\n\n".encode())

        await exchange.open("text/event-stream; charset=utf-8")
        await send({"role": "assistant"})
        finish = "stop"
        for emit in emits:
            if isinstance(emit, Overloaded):
                await exchange.wait(emit.seconds)
                error = {"error": {"message": OVERLOADED, "type": "api_error"}}
                await exchange.write(f"data: {json.dumps(error)}\n\n".encode())
                finish = ""
            elif isinstance(emit, Say):
                for piece in tokens(emit.text):
                    await send({"content": piece})
            elif isinstance(emit, CallTool):
                finish = "tool_calls"
                await self._call(send, emit)
        if not emits:
            await send({"content": "No response from OpenClaw."})  # what it says for nothing
        if finish:
            await send({}, finish)
        await exchange.write(b"data: [DONE]\n\n")
        return await exchange.close()

    async def _call(self, send: Any, emit: CallTool) -> None:
        function = {"name": emit.name, "arguments": ""}
        call = {"index": 0, "id": uuid.uuid4().hex[:9], "type": "function", "function": function}
        await send({"tool_calls": [call]})
        await send({"tool_calls": [{"index": 0, "function": {"arguments": emit.json}}]})
