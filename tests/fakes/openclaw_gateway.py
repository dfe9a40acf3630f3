"""OpenClaw's gateway on a loopback port: its websocket, protocol 4, and /v1/chat/completions.

Faithful to openclaw 2026.9.6 as it was watched (`tests/openclaw/test_real_gateway.py` notices
drift): events go to every connection, a run belongs to the connection that began it, idempotency
keys and runs are forgotten with a restart while sessions are not, and a run that a kill has cut off
is taken up again under a new id.

The agent answers by `replies` and `brain` (see `StandIn.think`): `Say`, `CallTool` (the gateway
runs the tool itself: `tools` is asked for its output), `Pause`, `Overloaded`, `WrongKey`.
"""

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

from aiohttp import WSCloseCode, web

from tests.fakes.exchange import Exchange, Reject
from tests.fakes.openclaw_agent import Agent
from tests.fakes.openclaw_http import ChatCompletions
from tests.fakes.openclaw_wire import INTERRUPTED, STARTING, Run, Session, command, now
from tests.fakes.server import StandIn

TOKEN = "openclaw-token"
_SCOPE = {"chat.send": "write", "sessions.steer": "write", "chat.abort": "write"}


class Refusal(Exception):
    """An `ok: false` answer."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.error = {"code": code, "message": text}


class Client:
    """One connected websocket."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.scopes: set[str] = set()
        self.ready = False

    async def send(self, frame: dict[str, Any]) -> None:
        """Send a frame; a client that has gone is passed over."""
        if not self.socket.closed:
            try:
                await self.socket.send_str(json.dumps(frame))
            except ConnectionResetError:
                self.ready = False

    async def event(self, name: str, payload: dict[str, Any]) -> None:
        """Send an event."""
        await self.send({"type": "event", "event": name, "payload": payload})


class OpenClawGateway(StandIn):
    """The gateway. `url` is its address; `calls` are the requests it got: (method, params).

    `starting` makes it refuse handshakes as a gateway that is not ready; requests of a method in
    `held` are served when its event is set, and those in `lost` never. `grants` are the scopes that
    its token has.
    """

    def __init__(self, token: str = TOKEN, *, first_token: float = 0.0, token_delay: float = 0.0):
        super().__init__()
        self.token, self.first_token, self.token_delay = token, first_token, token_delay
        self.tools: Callable[[str, dict[str, Any]], str] = lambda name, _: f"{name} is done"
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.sessions: dict[str, Session] = {}
        self.runs: dict[str, Run] = {}
        self.clients: set[Client] = set()
        self.starting = False
        self.held: dict[str, asyncio.Event] = {}
        self.lost: set[str] = set()
        self.grants = {"operator.read", "operator.write", "operator.admin"}
        self.resume_after = 0.05
        self.agent = Agent(self)
        self._working: set[asyncio.Task[None]] = set()
        self._app.router.add_get("/", self._socket)
        completions = ChatCompletions(self)
        self.route("POST", "/v1/chat/completions", "chat", completions.read, completions.serve)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`, as OPENCLAW_API_URL."""
        return self.origin

    def of_method(self, method: str) -> list[dict[str, Any]]:
        """The parameters of each request of one method."""
        return [params for name, params in self.calls if name == method]

    async def drop(self) -> None:
        """Cut every socket hard. Runs go on."""
        for client in list(self.clients):
            transport = client.socket._req.transport if client.socket._req else None
            if transport is not None:
                transport.abort()
        self.clients.clear()
        await asyncio.sleep(0)

    async def kill(self) -> None:
        """As kill -9: nothing listens, runs stop where they are, what was in memory is gone."""
        await self.refuse(cut=True)
        await self.drop()
        for work in list(self._working):
            work.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        self.runs.clear()

    async def come_back(self) -> None:
        """Start again on the same state: interrupted sessions are taken up after a moment."""
        cut_off = [session for session in self.sessions.values() if session.active]
        for session in cut_off:
            session.active = None
        await self.accept()
        self.spawn(self._resume(cut_off))

    async def stop(self) -> None:
        """Stop everything."""
        for work in list(self._working):
            work.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        await self.drop()
        await super().stop()

    def spawn(self, work: Any) -> None:
        """Run something beside, until `kill` or `stop`."""
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def broadcast(self, name: str, payload: dict[str, Any]) -> None:
        """Send an event to every client, whosever it is."""
        for client in list(self.clients):
            if client.ready:
                await client.event(name, payload)

    def error_body(self, status: int, code: str, text: str) -> bytes:
        """Return the gateway's HTTP error."""
        return json.dumps({"error": {"message": text, "type": code or "error"}}).encode()

    def check(self, exchange: Exchange) -> None:
        """Refuse a wrong bearer token."""
        if exchange.request.headers.get("authorization") != f"Bearer {self.token}":
            raise Reject(401, "unauthorized", "Unauthorized")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=26_214_400)
        await socket.prepare(request)
        client = Client(socket)
        self.clients.add(client)
        await client.event("connect.challenge", {"nonce": uuid.uuid4().hex, "ts": now()})
        try:
            async for raw in socket:
                frame = json.loads(raw.data)
                self.spawn(self._serve(client, frame))
        finally:
            self.clients.discard(client)
        return socket

    async def _serve(self, client: Client, frame: dict[str, Any]) -> None:
        method, params = str(frame.get("method")), frame.get("params") or {}
        self.calls.append((method, params))
        self._news.set()
        if method in self.held:
            await self.held[method].wait()
        if method in self.lost:
            return
        answer: dict[str, Any] = {"type": "res", "id": frame.get("id")}
        close = None
        try:
            if method == "connect":
                payload = self._connect(client, params)
            else:
                payload = await self._answer(client, method, params)
            answer |= {"ok": True, "payload": payload}
        except Refusal as refusal:
            answer |= {"ok": False, "error": refusal.error}
            if method == "connect":
                close = WSCloseCode.POLICY_VIOLATION
                if refusal.error["code"] == "UNAVAILABLE":
                    answer["error"], close = STARTING, WSCloseCode.TRY_AGAIN_LATER
        await client.send(answer)
        if close is not None:
            await client.socket.close(code=close, message=b"refused")

    def _connect(self, client: Client, params: dict[str, Any]) -> dict[str, Any]:
        token = (params.get("auth") or {}).get("token")
        if self.starting:
            raise Refusal("UNAVAILABLE", "gateway starting; retry shortly")
        if not token:
            raise Refusal("NOT_PAIRED", "device identity required")
        if token != self.token:
            raise Refusal("INVALID_REQUEST", "unauthorized: gateway token mismatch")
        client.scopes = self.grants & set(params.get("scopes") or ())
        client.ready = True
        policy = {"maxPayload": 26_214_400, "tickIntervalMs": 30_000}
        return {"type": "hello-ok", "protocol": 4, "policy": policy, "auth": {}}

    async def _answer(self, client: Client, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if not client.ready:
            raise Refusal("INVALID_REQUEST", "handshake first")
        needed = f"operator.{_SCOPE.get(method, 'read')}"
        if needed == "operator.write" and not client.scopes & {needed, "operator.admin"}:
            raise Refusal("FORBIDDEN", f"missing scope: {needed}")
        match method:
            case "chat.send":
                return self._send(client, params)
            case "sessions.steer":
                return await self._steer(client, params)
            case "chat.abort":
                return await self._abort(client, params)
            case "agent.wait":
                return await self._wait(params)
            case "chat.history":
                return self.session(params["sessionKey"]).history()
        raise Refusal("INVALID_REQUEST", f"unknown method: {method}")

    def session(self, key: str) -> Session:
        """The session of a key."""
        return self.sessions.setdefault(key, Session(key))

    def begin(self, run: Run, text: str) -> None:
        """Let the agent work on a message."""
        session = self.session(run.session_key)
        self.runs[run.id] = run
        session.active, session.aborted = run, False
        session.heard(text, run.id)
        self.spawn(self.agent.work(session, run))

    def _send(self, client: Client, params: dict[str, Any]) -> dict[str, Any]:
        key, run_id = params["sessionKey"], params["idempotencyKey"]
        if known := self.runs.get(run_id):
            return {"runId": run_id, "status": "ok" if known.over else "in_flight"}
        session = self.session(key)
        what, text = command(params["message"])
        if what == "stop":
            stopped = session.active
            if stopped:
                self.spawn(self.agent.abort(session, stopped, "stop"))
            return {"ok": True, "aborted": bool(stopped), "runIds": [stopped.id] if stopped else []}
        run = Run(run_id, key, client)
        self.runs[run_id] = run
        if what:
            self.spawn(self.agent.command(run, what))
        elif session.active:
            # The message goes into the run that is on; its own run ends with nothing.
            session.active.queued.append(text)
            self.spawn(self.agent.merge(run))
        else:
            self.begin(run, text)
        return {"runId": run_id, "status": "started"}

    async def _steer(self, client: Client, params: dict[str, Any]) -> dict[str, Any]:
        key, run_id = params["key"], params["idempotencyKey"]
        session = self.session(key)
        what, text = command(params["message"])
        active = session.active
        if what == "stop":
            if active:
                await self.agent.abort(session, active, "stop")
            return {"ok": True, "aborted": bool(active), "runIds": [active.id] if active else []}
        answer: dict[str, Any] = {"runId": run_id, "status": "started"}
        if active:
            session.active = None
            await self.agent.merge(active)
            answer["interruptedActiveRun"] = True
        self.begin(Run(run_id, key, client), text)
        return answer

    async def _abort(self, client: Client, params: dict[str, Any]) -> dict[str, Any]:
        session, run = self.session(params["sessionKey"]), self.runs.get(params["runId"])
        if run is None or run.over:
            return {"ok": True, "aborted": False, "runIds": []}
        if run.owner is not client and "operator.admin" not in client.scopes:
            raise Refusal("INVALID_REQUEST", "unauthorized")
        await self.agent.abort(session, run, "rpc")
        return {"ok": True, "aborted": True, "runIds": [run.id]}

    async def _wait(self, params: dict[str, Any]) -> dict[str, Any]:
        run_id = params["runId"]
        try:
            async with asyncio.timeout(params.get("timeoutMs", 0) / 1000):
                while (run := self.runs.get(run_id)) is None or not run.over:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        except TimeoutError:
            return {"runId": run_id, "status": "timeout"}
        return run.waited()

    async def _resume(self, sessions: list[Session]) -> None:
        await asyncio.sleep(self.resume_after)
        for session in sessions:
            self.begin(Run(f"resumed-{uuid.uuid4().hex}", session.key, None), INTERRUPTED)
