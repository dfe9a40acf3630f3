"""One request at a stand-in: its record, and the answer with its delays and its fault."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from tests.fakes.faults import Fault, Kind

MIDWAY = (Kind.STALL, Kind.CLOSED, Kind.STREAM_ERROR, Kind.GARBLED)


class Vendor(Protocol):
    """What an exchange needs from the stand-in that it belongs to."""

    def headers(self) -> dict[str, str]:
        """Return headers that the vendor sends with every answer."""
        ...

    def stream_error(self) -> bytes:
        """Return the vendor's error inside a stream that began with 200."""
        ...


@dataclass(slots=True, kw_only=True)
class Recorded:
    """One request as the vendor saw it.

    `at` and `ended` are seconds on `time.monotonic()`; `outcome` is one of "open",
    "served", "faulted", "rejected" (the vendor's own 4xx) and "cancelled" (the client left).
    """

    endpoint: str
    headers: Mapping[str, str]
    at: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    fault: Fault | None = None
    outcome: str = "open"


class Reject(Exception):
    """The vendor refuses this request with one of its own errors."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        """Args: HTTP status, the vendor's error code, the text of the error."""
        super().__init__(f"{status} {code} {message}")
        self.status, self.code, self.message = status, code, message


class Cut(Exception):
    """The connection was closed on purpose."""


class Exchange:
    """One request being answered: delays, the streamed body, and the fault that strikes it."""

    def __init__(self, standin: Vendor, request: web.Request, record: Recorded) -> None:
        """Args: the stand-in that answers, the raw request and its record."""
        self.standin, self.request, self.record = standin, request, record
        self.fault = record.fault
        self._due = asyncio.get_running_loop().time()
        self._pieces = 0
        self._response: web.StreamResponse | None = None

    async def wait(self, seconds: float) -> None:
        """Wait on a schedule: a late wake-up is made good by the next, shorter wait."""
        if self.fault is not None and self.fault.kind is Kind.SLOW:
            seconds *= self.fault.factor
        self._due += seconds
        left = self._due - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)

    async def strike(self, fault: Fault) -> None:
        """Let `fault` happen now. Returns only for faults that go on with the answer."""
        if fault.kind is not Kind.SLOW:
            self.record.fault, self.record.outcome = fault, "faulted"
        match fault.kind:
            case Kind.STATUS:
                raise Reject(fault.status, fault.code, "a scripted fault")
            case Kind.HANG | Kind.STALL:
                await asyncio.Event().wait()
            case Kind.RESET:
                self._transport().abort()
                raise Cut
            case Kind.CLOSED:
                self._transport().close()
                raise Cut
            case Kind.STREAM_ERROR:
                await self._send(self.standin.stream_error())
                raise Cut
            case Kind.GARBAGE | Kind.GARBLED:
                await self._send(b"\x00\xffnot the protocol {[<")
                raise Cut
            case Kind.SLOW:
                pass

    async def open(self, content_type: str, headers: Mapping[str, str] | None = None) -> None:
        """Send the head of a streamed 200 answer."""
        response = web.StreamResponse(headers={"content-type": content_type, **(headers or {})})
        response.headers.update(self.standin.headers())
        self._response = response
        await response.prepare(self.request)

    async def write(self, piece: bytes) -> None:
        """Send one piece of the streamed body; a fault in mid-answer strikes here."""
        if self._is_due():
            assert self.fault is not None
            await self.strike(self.fault)
        self._pieces += 1
        await self._send(piece)

    async def close(self) -> web.StreamResponse:
        """End the streamed answer; a fault that waited for a later piece strikes now."""
        assert self._response is not None
        if self.fault is not None and self.fault.kind in MIDWAY:
            await self.strike(self.fault)
        await self._response.write_eof()
        return self._response

    async def reply(
        self, body: bytes, content_type: str = "application/json", status: int = 200
    ) -> web.StreamResponse:
        """Send a whole answer; a fault in mid-answer strikes in the middle of its body."""
        if self.fault is None or self.fault.kind not in MIDWAY:
            headers = {"content-type": content_type, **self.standin.headers()}
            return web.Response(body=body, status=status, headers=headers)
        await self.open(content_type, {"content-length": str(len(body))})
        await self._send(body[: len(body) // 2])
        await self.strike(self.fault)
        raise Cut

    def _is_due(self) -> bool:
        fault = self.fault
        return fault is not None and fault.kind in MIDWAY and self._pieces >= fault.after

    async def _send(self, piece: bytes) -> None:
        if self._response is None:
            await self.open("application/octet-stream")
        assert self._response is not None
        await self._response.write(piece)

    def _transport(self) -> asyncio.Transport:
        transport = self.request.transport
        if transport is None:
            raise Cut
        assert isinstance(transport, asyncio.Transport)
        return transport

    def ended(self) -> web.StreamResponse:
        """Return what aiohttp must be given after the connection was cut."""
        return self._response or web.Response(status=500)
