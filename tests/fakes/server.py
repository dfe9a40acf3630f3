"""The base of every vendor stand-in: a real HTTP server on 127.0.0.1.

A stand-in records each request as a typed object, answers by its script, and fails on
demand (`fail`, `refuse`). A client that gives up is seen: the record's outcome becomes
"cancelled", which is how a test knows that a hedged request was dropped at once.
"""

import argparse
import asyncio
import signal
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.fakes.exchange import MIDWAY, Cut, Exchange, Recorded, Reject
from tests.fakes.faults import Fault, FaultPlan
from tests.fakes.script import Ask, Brain, Emit, ScriptError, echo, think

_LARGEST_BODY = 32 * 1024 * 1024

R = TypeVar("R", bound=Recorded)
Parse = Callable[[web.Request], Awaitable[Recorded]]
Serve = Callable[[Exchange], Awaitable[web.StreamResponse]]


class StandIn(ABC):
    """A vendor's cloud on a loopback port. Use it with `async with`.

    Leaving the block normally also checks the script: an unexpected request or an unused step
    raises `ScriptError` by name. `requests` are all requests, `of(type)` those of one kind.
    """

    def __init__(self) -> None:
        """Build the stand-in; nothing listens before `start`."""
        self.requests: list[Recorded] = []
        self.faults = FaultPlan()
        self.port = 0
        self.brain: Brain = echo
        self.replies: deque[Any] = deque()
        self._busy: set[Any] = set()
        self._news = asyncio.Event()
        self._app = web.Application(client_max_size=_LARGEST_BODY)
        self._runner = web.AppRunner(
            self._app, handler_cancellation=True, shutdown_timeout=0.02, access_log=None
        )
        self._site: web.TCPSite | None = None

    @property
    def origin(self) -> str:
        """The stand-in's `http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> Self:
        """Listen on 127.0.0.1 (0 picks a free port) and return self."""
        await self._runner.setup()
        self.port = port
        await self.accept()
        return self

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        for connection in self._connections():
            connection.transport.abort()
        await self._runner.cleanup()

    async def accept(self) -> None:
        """Listen (again), on the same port as before."""
        if self._site is None:
            self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
            await self._site.start()
            self.port = self._runner.addresses[0][1]

    async def refuse(self, *, cut: bool = False) -> None:
        """Refuse connections from now on; `cut` also kills the answers in flight."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        for connection in self._connections():
            if cut or connection not in self._busy:
                connection.transport.abort()

    def fail(
        self, fault: Fault, endpoint: str = "", *, nth: int | None = None, times: int | None = None
    ) -> None:
        """Make requests fail.

        Args:
            fault: How.
            endpoint: Only requests to this endpoint; empty means all.
            nth: The first request that fails, counted from now (1 is the next one). Given
                alone, only that request fails.
            times: How many fail from there on (1 is a one-shot); None without `nth` means all
                until `heal`.
        """
        self.faults.add(fault, endpoint, nth, times)

    def heal(self) -> None:
        """Forget every fault."""
        self.faults.rules.clear()

    def of(self, kind: type[R]) -> list[R]:
        """Return the recorded requests of one type, oldest first."""
        return [r for r in self.requests if isinstance(r, kind)]

    async def think(self, ask: Ask) -> list[Emit]:
        """Return what a language model answers: the next of `replies`, else the brain's answer.

        A reply is a text, an emit (`CallTool`, `Pause`, …), a list of those, or a function of
        the `Ask` that returns them.
        """
        reply = self.replies.popleft() if self.replies else self.brain
        return await think(reply if callable(reply) else lambda _: reply, ask)

    async def when(self, happened: Callable[[], Any], timeout: float = 30.0) -> None:
        """Wait until `happened()`, asked after each request that begins or ends.

        Raises:
            TimeoutError: it did not within `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            while not happened():
                self._news.clear()
                await self._news.wait()

    def assert_done(self) -> None:
        """Raise `ScriptError` if the brain is a script that was not played to its end."""
        if done := getattr(self.brain, "assert_done", None):
            done()
        if self.replies:
            raise ScriptError(f"{type(self).__name__}: unused replies {list(self.replies)!r}")

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self.stop()
        if error is None:
            self.assert_done()

    def headers(self) -> dict[str, str]:
        """Return headers that the vendor sends with every answer."""
        return {}

    @abstractmethod
    def error_body(self, status: int, code: str, message: str) -> bytes:
        """Return the vendor's error body for an HTTP status."""

    def stream_error(self) -> bytes:
        """Return the vendor's error inside a stream that began with 200."""
        return b"\x00"

    @abstractmethod
    def check(self, exchange: Exchange) -> None:
        """Raise `Reject` when the request's credentials are wrong."""

    def route(self, method: str, path: str, endpoint: str, parse: Parse, serve: Serve) -> None:
        """Serve one endpoint: record, fault, credentials, answer, in this order."""

        async def handle(request: web.Request) -> web.StreamResponse:
            self._busy.add(request.protocol)
            try:
                return await self._handle(request, endpoint, parse, serve)
            finally:
                self._busy.discard(request.protocol)

        self._app.router.add_route(method, path, handle)

    async def _handle(
        self, request: web.Request, endpoint: str, parse: Parse, serve: Serve
    ) -> web.StreamResponse:
        record = await parse(request)
        record.endpoint = endpoint
        record.fault = self.faults.pick(endpoint)
        self.requests.append(record)
        self._news.set()
        exchange = Exchange(self, request, record)
        try:
            if record.fault is not None and record.fault.kind not in MIDWAY:
                await exchange.strike(record.fault)
            self.check(exchange)
            response = await serve(exchange)
            record.outcome = "served"
            return response
        except ScriptError as error:
            return self._refusal(Reject(500, "script", str(error)), None)
        except Reject as error:
            if record.outcome != "faulted":
                record.outcome = "rejected"
            return self._refusal(error, record.fault)
        except Cut:
            return exchange.ended()
        except (asyncio.CancelledError, ConnectionResetError):
            if record.outcome != "faulted":
                record.outcome = "cancelled"
            raise
        finally:
            record.ended = time.monotonic()
            self._news.set()

    def _refusal(self, error: Reject, fault: Fault | None) -> web.Response:
        headers = {"content-type": "application/json", **self.headers()}
        if fault is not None and fault.retry_after is not None:
            headers["retry-after"] = f"{fault.retry_after:g}"
        body = self.error_body(error.status, error.code, error.message)
        return web.Response(status=error.status, body=body, headers=headers)

    def _connections(self) -> list[Any]:
        server = self._runner.server
        return [c for c in server.connections if c.transport] if server is not None else []


def main(make: Callable[[argparse.Namespace], StandIn], parser: argparse.ArgumentParser) -> None:
    """Run a stand-in as a process until SIGTERM or SIGINT; it prints its address when it listens.

    Args:
        make: Builds the stand-in from the parsed arguments.
        parser: Has the stand-in's own arguments; `--port` (0 picks one) is added.
    """
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 picks a free one")
    arguments = parser.parse_args()
    asyncio.run(_serve(make, arguments))


async def _serve(make: Callable[[argparse.Namespace], StandIn], arguments: Any) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    standin = make(arguments)
    await standin.start(arguments.port)
    print(standin.origin, flush=True)
    await stopped.wait()
    await standin.stop()
