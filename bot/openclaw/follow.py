"""Follows a session's run to its end, whatever happens to the socket or the gateway meanwhile.

Whoever holds no event for a while asks: a stream may have missed its end (the gateway never tells
it after some merges), and a run goes on when only the socket is lost.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from bot.openclaw.connection import GatewayRefused, GatewayUnavailable
from bot.openclaw.events import LOST, Event
from bot.openclaw.gateway import Gateway, Watch
from bot.openclaw.session import Standing

ASK_SECONDS = 20.0
"""Without an event for so long, the gateway is asked."""
TOOK_UP_SECONDS = 90.0
"""How long a restarted gateway may take to resume a run: it was seen to take 13 s after its start,
on a busy machine a minute."""
LOST_BACKOFF = (0.25, 8.0)
"""Seconds to the first try to reach a lost gateway, and at most between two."""

End = Literal["completed", "cancelled", "failed", "absent", "timeout", "unknown"]
OnEvent = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended.

    status:
        completed: `text` is the answer.
        cancelled: it was aborted.
        failed: for certain; `text` is the reason.
        absent: the session never got the message.
        timeout: the limit is over; the run may still go on.
        unknown: the limit is over and the gateway cannot be asked.
    """

    status: End
    text: str = ""


class Follower:
    """One run being followed. `steered` moves it to the run that took its place."""

    def __init__(
        self, gateway: Gateway, session_key: str, run_id: str, on_event: OnEvent, watch: Watch
    ) -> None:
        self.run_id = run_id
        self._gateway, self._session_key, self._on_event = gateway, session_key, on_event
        self._watch = watch
        self._settled = asyncio.Event()
        self._settled.set()
        self._reply = ""
        self._interrupted_since = 0.0

    @asynccontextmanager
    async def steering(self) -> AsyncIterator[None]:
        """While a steer is on its way: what happens meanwhile is judged when it is answered."""
        self._settled.clear()
        try:
            yield
        except BaseException:
            self._watch.put(LOST)  # nobody knows whether it was steered
            raise
        finally:
            self._settled.set()

    def steered(self, run_id: str) -> None:
        """From now on only the end of `run_id` counts."""
        self.run_id, self._reply = run_id, ""

    async def follow(self, deadline: float, *, ask_first: bool) -> Ending:
        """Follow to the end.

        Args:
            deadline: When to give up, on `time.time()`.
            ask_first: Whether the run may be over already, or never have begun.
        """
        if ask_first and (ending := await self._ask(deadline)):
            return ending
        while (left := deadline - time.time()) > 0:
            event = await self._watch.next(min(ASK_SECONDS, left))
            ending = await self._take(event, deadline)
            if ending:
                return ending
        return Ending("timeout")

    async def _take(self, event: Event | None, deadline: float) -> Ending | None:
        await self._settled.wait()
        if event is None or event.kind == "lost":
            return await self._ask(deadline)
        if event.run_id != self.run_id:
            if not self._interrupted_since:
                return None  # what a steer has interrupted
            self.steered(event.run_id)  # the restarted gateway goes on with it
            self._interrupted_since = 0.0
        if event.kind == "reply":
            self._reply = event.text
        if not event.is_end:
            self._on_event(event)
            return None
        if event.kind == "aborted":
            return Ending("cancelled", event.text)
        if event.kind == "failed":
            return Ending("failed", event.text)
        text = self._reply or event.text
        # An empty end: the message went into another run of the session, or was a command.
        return Ending("completed", text) if text else await self._ask(deadline)

    async def _ask(self, deadline: float) -> Ending | None:
        """Ask the gateway until it answers; None if the run goes on."""
        wait, most = LOST_BACKOFF
        while True:
            try:
                standing = await self._gateway.look_up(self._session_key, self.run_id)
                return self._judge(standing)
            except GatewayRefused as error:
                return Ending("failed", str(error))
            except GatewayUnavailable as error:
                wait = max(wait, error.retry_after)
            if time.time() + wait > deadline:
                return Ending("unknown", "OpenClaw cannot be reached")
            await asyncio.sleep(wait)
            wait = min(wait * 2, most)

    def _judge(self, standing: Standing) -> Ending | None:
        match standing.state:
            case "completed":
                return Ending("completed", standing.text)
            case "cancelled":
                return Ending("cancelled", standing.text)
            case "failed":
                return Ending("failed", standing.text)
            case "absent":
                return Ending("absent")
            case "running":
                self._interrupted_since = 0.0
                if standing.run_id and standing.run_id != self.run_id:
                    self.steered(standing.run_id)
                return None
        now = time.monotonic()
        self._interrupted_since = self._interrupted_since or now
        if now - self._interrupted_since > TOOK_UP_SECONDS:
            return Ending("failed", "OpenClaw was restarted and did not take the work up again")
        return None
