"""One attempt at a task: a session of its own, a message sent once, a run followed to its end."""

import asyncio
import re
import time
from collections.abc import Callable

from loguru import logger

from bot.errors import ProviderError
from bot.openclaw.connection import GatewayRefused, GatewayUnavailable
from bot.openclaw.events import Event
from bot.openclaw.follow import LOST_BACKOFF, Ending, Follower
from bot.openclaw.gateway import Gateway
from bot.openclaw.progress import Newsroom, Progress
from bot.openclaw.prompts import task_message
from bot.openclaw.steering import catch_up

SLOW_SECONDS = 2.5
"""Without a sign of life for so long, the owner is told that it takes longer: within 3 s of the
request, as a caller waits no longer in silence."""
ABORT_SECONDS = 20.0

_TRANSIENT = re.compile(
    r"overloaded|rate.?limit|temporar|timed? ?out|try again|unavailable|disabled after a provider"
    r"|HTTP (401|402|403|408|429|5\d\d)|did not take the work up",
    re.IGNORECASE,
)
Operator = Callable[[str, str, str], None]
"""Told what the operator should see: a kind, a line, the call's id."""


def is_transient(reason: str) -> bool:
    """Whether a run that has failed for `reason` may do better later; a wrong key may be mended."""
    return bool(_TRANSIENT.search(reason))


class Attempts:
    """Sends and follows. Its methods run on the calls' loop, as steps of a durable workflow.

    Args:
        gateway: OpenClaw.
        news: Tells the owners.
        operator: Tells the operator.
        bot: The bot's name, for the agent.
    """

    def __init__(self, gateway: Gateway, news: Newsroom, operator: Operator, bot: str) -> None:
        self._gateway, self._news, self._operator, self._bot = gateway, news, operator, bot

    def begin(self, progress: Progress, number: int) -> str:
        """Make ready for attempt `number`; returns its run id."""
        run_id = f"{progress.task.id}-{number}"
        progress.session_key = self._gateway.session_key(run_id)
        return run_id

    async def send(self, progress: Progress, run_id: str, deadline: float) -> Ending | None:
        """Bring the task to the agent, once. None when it is there; else why it is not.

        What is not known to be new, or was sent when a socket broke, is asked after first.
        """
        task, key = progress.task, progress.session_key
        if progress.fresh:
            await progress.admitted.wait()
        if progress.refusal and not progress.cancelled.is_set():
            return Ending("failed", progress.refusal)
        # Before it is sent: a quick run is over before its following begins.
        progress.watch = self._gateway.watch(key)
        maybe_sent, (wait, most) = not progress.fresh, LOST_BACKOFF
        while not progress.cancelled.is_set():
            try:
                await self._gateway.connect()
                if maybe_sent and (await self._gateway.look_up(key, run_id)).state != "absent":
                    return None
                maybe_sent, progress.passed_on = True, len(progress.changes)
                message = task_message(
                    self._bot, task.text, urgent=task.urgency == "high", changes=progress.changes
                )
                await self._gateway.send(key, message, run_id, max(1.0, deadline - time.time()))
                return None
            except GatewayUnavailable as error:
                progress.phase = "waiting"
                self._slow(progress, str(error))
                wait = max(wait, error.retry_after)
            except GatewayRefused as error:
                self._operator("task_refused", str(error), task.call_id)
                return Ending("failed", str(error))
            if time.time() + wait > deadline:
                return Ending("unknown" if maybe_sent else "failed", "OpenClaw was not reached")
            await _sleep(progress, wait)
            wait = min(wait * 2, most)
        return Ending("cancelled")

    async def follow(self, progress: Progress, run_id: str, deadline: float) -> Ending:
        """Follow the run to its end, the limit or the owner's cancelling."""
        key, watch = progress.session_key, progress.watch
        ask_first = watch is None or not progress.fresh
        watch = watch or self._gateway.watch(key)
        follower = Follower(
            self._gateway, key, run_id, lambda event: self._take(progress, event), watch
        )
        progress.follower = follower
        if progress.phase != "parked":
            progress.phase = "working"
        slow = asyncio.create_task(self._watch_slow(progress))
        following = asyncio.create_task(follower.follow(deadline, ask_first=ask_first))
        cancelled = asyncio.create_task(progress.cancelled.wait())
        late = asyncio.create_task(catch_up(self._gateway, progress, follower))
        try:
            await asyncio.wait([following, cancelled], return_when=asyncio.FIRST_COMPLETED)
            ending = following.result() if following.done() else Ending("cancelled")
            if ending.status == "timeout" or (progress.cancelled.is_set() and not following.done()):
                await self._stop(progress, follower.run_id)
            return ending
        finally:
            progress.follower = progress.watch = None
            watch.close()
            beside = (slow, following, cancelled, late)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def wait(self, progress: Progress, until: float) -> None:
        """Wait for a moment (`time.time()`), or for the owner's cancelling."""
        progress.phase = "waiting"
        await _sleep(progress, until - time.time())

    def _take(self, progress: Progress, event: Event) -> None:
        if event.kind == "retrying":
            self._slow(progress, f"the agent's model is {event.text}")
            return
        progress.alive.set()
        progress.phase = "working"
        if event.kind == "activity" and event.text != progress.activity:
            progress.activity = event.text
            self._news.tell(progress.task, "progress", event.text)

    async def _watch_slow(self, progress: Progress) -> None:
        left = progress.task.created + SLOW_SECONDS - time.time()
        try:
            async with asyncio.timeout(max(0.0, left)):
                await progress.alive.wait()
        except TimeoutError:
            self._slow(progress, "")

    def _slow(self, progress: Progress, reason: str) -> None:
        """Tell once that it takes longer; the operator hears every reason."""
        if reason:
            self._operator("task_slow", reason, progress.task.call_id)
        if not progress.told_slow:
            progress.told_slow = True
            self._news.tell(progress.task, "slow", reason)

    async def _stop(self, progress: Progress, run_id: str) -> None:
        """Abort the run; a gateway that is away keeps it, and it is its own limit that ends it."""
        try:
            async with asyncio.timeout(ABORT_SECONDS):
                await self._gateway.abort(progress.session_key, run_id)
        except (ProviderError, TimeoutError) as error:
            logger.warning(f"task {progress.task.id}: its run was not stopped: {error}")


async def _sleep(progress: Progress, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await progress.cancelled.wait()
    except TimeoutError:
        return
