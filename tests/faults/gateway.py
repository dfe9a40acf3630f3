"""OpenClaw's gateway on a bad day: at the door, in an open socket, and in the middle of a run."""

import asyncio
import json
from typing import Any

from aiohttp import web

from tests.fakes.faults import Fault, Kind
from tests.fakes.openclaw_gateway import Client, OpenClawGateway

USUAL_SECONDS, EVENT_SECONDS = 0.2, 0.02
"""What a slow gateway multiplies: to an answer, and between two events."""
_GARBAGE = "\x00not the protocol {[<"
_CODES = {400: "INVALID_REQUEST", 401: "INVALID_REQUEST"}


class FaultyGateway(OpenClawGateway):
    """The stand-in, with `strike`. `struck` counts what the fault has met."""

    def __init__(self) -> None:
        super().__init__(first_token=0.3, token_delay=0.02)
        self.struck = 0
        self._fault: Fault | None = None

    async def strike(self, fault: Fault) -> None:
        """From now on it fails like this; what is open breaks too."""
        self._fault = fault
        self.struck += bool(self.clients)
        match fault.kind:
            case Kind.RESET:
                await self.refuse(cut=True)
                await self.drop()
            case Kind.CLOSED | Kind.STATUS:
                await self.drop()
            case Kind.GARBAGE:
                for client in list(self.clients):
                    await client.socket.send_str(_GARBAGE)

    async def well(self) -> None:
        """It is as it was."""
        self._fault = None
        await self.accept()

    async def broadcast(self, name: str, payload: dict[str, Any]) -> None:
        """Send an event, unless the gateway hangs."""
        fault = self._fault
        if fault and fault.kind in (Kind.HANG, Kind.STALL):
            return
        if fault and fault.kind is Kind.SLOW:
            await asyncio.sleep(EVENT_SECONDS * fault.factor)
        await super().broadcast(name, payload)

    async def _socket(self, request: web.Request) -> Any:
        fault = self._fault
        if fault is None:
            return await super()._socket(request)
        self.struck += 1
        match fault.kind:
            case Kind.STATUS:
                body = self.error_body(fault.status, "", "a scripted fault")
                after = fault.retry_after
                headers = {"retry-after": f"{after:g}"} if after is not None else {}
                return web.Response(status=fault.status, body=body, headers=headers)
            case Kind.HANG:
                await asyncio.Event().wait()
            case Kind.SLOW:
                await asyncio.sleep(USUAL_SECONDS * fault.factor)
                return await super()._socket(request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if fault.kind is Kind.STALL:
            await asyncio.Event().wait()
        if fault.kind is Kind.GARBAGE:
            await socket.send_str(_GARBAGE)
        await socket.close()
        return socket

    async def _serve(self, client: Client, frame: dict[str, Any]) -> None:
        fault = self._fault
        if fault is None:
            await super()._serve(client, frame)
            return
        self.struck += 1
        match fault.kind:
            case Kind.STATUS:
                error = {"code": _CODES.get(fault.status, "UNAVAILABLE"), "message": "a fault"}
                await client.send(
                    {"type": "res", "id": frame.get("id"), "ok": False, "error": error}
                )
            case Kind.SLOW:
                await asyncio.sleep(USUAL_SECONDS * fault.factor)
                await super()._serve(client, frame)
            case Kind.GARBAGE:
                await client.socket.send_str(json.dumps([_GARBAGE]))
            case Kind.CLOSED | Kind.RESET:
                await self.drop()
