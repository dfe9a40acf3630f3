"""The gateway's methods that Tandem uses. One for the process; each task has its own session key.

The gateway sends every client the events of all sessions: nothing is handed on but to the watcher
of the very session. It keeps idempotency keys in memory only, so a message may be sent again only
after `look_up` says that the session never got it.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from loguru import logger

from bot.openclaw.connection import (
    ADMIN,
    WRITE,
    Connection,
    GatewayRefused,
    addresses,
)
from bot.openclaw.events import LOST, Event, read_event
from bot.openclaw.session import Standing, read_history, read_wait

HISTORY = 60
"""Messages of a session that are looked at: a task's own, and the last are what counts."""


WARM_UP_SECONDS = 60.0


class Watch:
    """The events of one session, from now on."""

    def __init__(self, forget: "Callable[[Watch], None]") -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._forget = forget

    def close(self) -> None:
        """Receive no more."""
        self._forget(self)

    def put(self, event: Event) -> None:
        """Hand an event to whoever follows."""
        self._events.put_nowait(event)

    async def next(self, seconds: float) -> Event | None:
        """The next event, or None when there is none for so long."""
        try:
            async with asyncio.timeout(seconds):
                return await self._events.get()
        except TimeoutError:
            return None


class Gateway:
    """OpenClaw's gateway.

    Args:
        url: OPENCLAW_API_URL, http(s) or ws(s).
        token: OPENCLAW_API_TOKEN.
        agent: The agent that does the work.
    """

    def __init__(self, url: str, token: str, agent: str = "main") -> None:
        self.http_url, self._ws_url = addresses(url)
        self._token, self._agent = token, agent
        self._watches: dict[str, set[Watch]] = {}
        self._connection = self._make()

    async def connect(self) -> None:
        """Open the socket, to fail early or to be quick later; it opens by itself otherwise.

        Raises:
            GatewayUnavailable, GatewayRefused: as `Connection.open`.
        """
        await self._connection.open()

    async def warm_up(self) -> None:
        """Have one word answered: the first run after the gateway's start takes 5 s longer.

        Raises:
            GatewayUnavailable, GatewayRefused: as `send`.
        """
        run_id = uuid4().hex
        key = self.session_key(f"warm-up-{run_id}")
        await self.send(key, "Answer with the one word: ready", run_id, WARM_UP_SECONDS)

    async def close(self) -> None:
        """Close the socket. Runs go on."""
        await self._connection.cleanup()  # type: ignore[no-untyped-call]

    def session_key(self, name: str) -> str:
        """The key of a session of our own; `name` in lower case."""
        return f"agent:{self._agent}:tandem-{name}"

    def watch(self, session_key: str) -> Watch:
        """Receive a session's events from now on; to be closed."""
        watches = self._watches.setdefault(session_key, set())

        def forget(watch: Watch) -> None:
            watches.discard(watch)
            if not watches and self._watches.get(session_key) is watches:
                del self._watches[session_key]

        watch = Watch(forget)
        watches.add(watch)
        return watch

    async def send(self, session_key: str, message: str, run_id: str, limit: float) -> None:
        """Start a run. The session must be idle: a busy one would swallow the message.

        Args:
            session_key: The session.
            message: What the agent gets; see `prompts.py` for what must not stand in it.
            run_id: The run's id, which is also the idempotency key.
            limit: Seconds that the gateway allows the run.

        Raises:
            GatewayUnavailable: not done, or (when the socket broke) nobody knows.
            GatewayRefused: not done: no right to, or taken for a command.
        """
        answer = await self._connection.ask(
            "chat.send",
            {
                "sessionKey": session_key,
                "message": message,
                "timeoutMs": int(limit * 1000),
                "idempotencyKey": run_id,
            },
        )
        if not isinstance(answer, dict) or not answer.get("runId"):
            raise GatewayRefused("OpenClaw took the message for a command")

    async def steer(self, session_key: str, message: str, run_id: str) -> bool:
        """Interrupt the session's run and go on with `message` as run `run_id`.

        Returns:
            False if there was nothing to interrupt: the gateway has then started a run of its own
            with nobody waiting for it, and it is aborted here.

        Raises:
            GatewayUnavailable, GatewayRefused: as `send`.
        """
        answer = await self._connection.ask(
            "sessions.steer",
            {"key": session_key, "message": message, "idempotencyKey": run_id},
        )
        if not isinstance(answer, dict) or not answer.get("runId"):
            raise GatewayRefused("OpenClaw took the message for a command")
        if answer.get("interruptedActiveRun"):
            return True
        await self.abort(session_key, run_id)
        return False

    async def abort(self, session_key: str, run_id: str) -> bool:
        """Stop a run, also one that an earlier connection has started.

        Returns:
            Whether there was one to stop.

        Raises:
            GatewayUnavailable: not reached.
            GatewayRefused: not allowed, even when asked as administrator.
        """
        params = {"sessionKey": session_key, "runId": run_id}
        try:
            answer = await self._connection.ask("chat.abort", params)
        except GatewayRefused:
            # A run belongs to the connection that started it; ours may have been lost since.
            owner = self._make((WRITE, ADMIN), listens=False)
            try:
                answer = await owner.ask("chat.abort", params)
            finally:
                await owner.cleanup()  # type: ignore[no-untyped-call]
        return isinstance(answer, dict) and answer.get("aborted") is True

    async def look_up(self, session_key: str, run_id: str) -> Standing:
        """What has become of a run, whoever has started it and whatever was restarted since.

        Raises:
            GatewayUnavailable, GatewayRefused: it cannot be found out now.
        """
        wait = await self._connection.ask("agent.wait", {"runId": run_id, "timeoutMs": 50})
        known = read_wait(wait)
        if known is not None:
            return known
        params = {"sessionKey": session_key, "limit": HISTORY}
        return read_history(await self._connection.ask("chat.history", params), run_id)

    def _make(self, scopes: tuple[str, ...] = (WRITE,), listens: bool = True) -> Connection:
        if listens:
            return Connection(self._ws_url, self._token, self._happened, self._lost, scopes)
        return Connection(self._ws_url, self._token, lambda *_: None, lambda: None, scopes)

    def _happened(self, name: str, payload: dict[str, Any]) -> None:
        watches = self._watches.get(str(payload.get("sessionKey")))
        event = read_event(name, payload) if watches else None
        if event is not None:
            for watch in watches or ():
                watch.put(event)

    def _lost(self) -> None:
        if self._watches:
            logger.warning("OpenClaw: the connection is lost; its runs go on and are asked after")
        for watches in self._watches.values():
            for watch in watches:
                watch.put(LOST)
