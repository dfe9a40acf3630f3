"""What is known in memory of a task that is worked on here, and the news of it, in order."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Literal

from loguru import logger

from bot.openclaw.follow import Follower
from bot.openclaw.gateway import Watch
from bot.openclaw.task import Delivery, News, NewsKind, Outcome, Task

Phase = Literal["starting", "working", "waiting", "parked", "done"]


@dataclass(eq=False)
class Progress:
    """A task that is worked on in this process.

    `activity` is what the agent does, as far as it says; `session_key`, `watch` and `follower` are
    those of the present attempt. `changes` are what the owner has added, of which the present
    attempt knows the first `passed_on`. `cancelled` is set when the owner wants no more of it.
    `admitted` is set when it is known whether there is room for it, and `refusal` says why there
    is none; `promised`: its owner believes by then that it has begun.
    """

    task: Task
    fresh: bool = True
    phase: Phase = "starting"
    activity: str = ""
    session_key: str = ""
    watch: Watch | None = None
    follower: Follower | None = None
    outcome: Outcome | None = None
    steers: int = 0
    changes: list[str] = field(default_factory=list)
    passed_on: int = 0
    admitted: asyncio.Event = field(default_factory=asyncio.Event)
    refusal: str = ""
    promised: bool = False
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    alive: asyncio.Event = field(default_factory=asyncio.Event)
    told_slow: bool = False

    @property
    def age(self) -> float:
        """Seconds since it was given."""
        return max(0.0, time.time() - self.task.created)

    @property
    def turned_away(self) -> bool:
        """Whether it never was a task: its owner was told at once that there is no room for it."""
        return bool(self.refusal) and not self.promised


class Newsroom:
    """Tells each task's owner its news one after the other, without holding the work up."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._last: dict[str, asyncio.Task[None]] = {}

    def tell(self, task: Task, kind: NewsKind, text: str = "") -> None:
        """Pass on news; returns at once."""
        before = self._last.get(task.id)
        telling = asyncio.create_task(self._tell(task, News(kind, text), before))
        self._last[task.id] = telling
        telling.add_done_callback(lambda done: self._forget(task.id, done))

    async def close(self) -> None:
        """End what is still being told."""
        telling = list(self._last.values())
        for one in telling:
            one.cancel()
        await asyncio.gather(*telling, return_exceptions=True)

    async def _tell(self, task: Task, news: News, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await self._delivery.tell(task, news)
        except Exception as error:
            logger.warning(f"task {task.id}: {news.kind} was not told: {type(error).__name__}")

    def _forget(self, task_id: str, done: asyncio.Task[None]) -> None:
        if self._last.get(task_id) is done:
            del self._last[task_id]
