"""The short lines that a caller hears of a task that is under way: news, and that it goes on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from bot.openclaw.task import News, NewsKind, Task
from pipelines.handoff_words import TaskSentences
from pipelines.presence import Presence, now

STILL_SECONDS = (20.0, 30.0, 45.0, 60.0)
"""Between spoken lines that a task goes on; the last counts for all that follow."""
STILL_PAUSE_SECONDS = 3.0
"""Of silence before such a line."""
AGAIN_SECONDS = 20.0
"""Between two lines of the same news."""
BRIDGE_SECONDS = (6.0, 10.0)
"""Before a deep answer's first sentence: until it is said that it goes on, and until the next."""
GAP_SECONDS = 2.0
"""In its middle, from the end of what was heard."""
_LOOK_SECONDS = 0.25
_SPOKEN = ("slow", "retrying", "parked")


class TaskLines:
    """One call's.

    Args:
        presence: Where they are said.
        sentences: The language's.
        begin: Runs something beside, until the call is over.
    """

    def __init__(
        self,
        presence: Presence,
        sentences: TaskSentences,
        begin: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._presence, self._sentences, self._begin = presence, sentences, begin
        self._open: dict[str, bool] = {}
        self._said: set[tuple[str, str]] = set()
        self._said_at: dict[str, float] = {}
        self._last, self._runs = 0.0, False

    @property
    def waited_for(self) -> bool:
        """Whether a task of this call is under way, and not given up for now."""
        return any(self._open.values())

    def news(self, task: Task, news: News) -> None:
        """Take note of news; some are said."""
        match news.kind:
            case "started":
                self._open[task.id] = True
                self.spoke()
                if not self._runs:
                    self._runs = True
                    self._begin(self._say_that_it_goes_on())
            case "finished":
                self._open.pop(task.id, None)
            case "parked":
                self._open[task.id] = False
        if news.kind in _SPOKEN and (task.id, news.kind) not in self._said:
            # After "I am trying it again" nobody needs to hear that it takes longer.
            self._said |= {(task.id, news.kind), (task.id, "slow")}
            self._begin(self._say(task, news.kind))

    def spoke(self) -> None:
        """The caller has just heard something of a task."""
        self._last = now()

    async def bridge(self, first: float = BRIDGE_SECONDS[0]) -> None:
        """Say that it goes on, after `first` seconds and then now and again, until this is
        cancelled."""
        again = BRIDGE_SECONDS[1]
        await asyncio.sleep(first)
        while True:
            await self._say_still()
            await asyncio.sleep(again)

    async def _say(self, task: Task, kind: NewsKind) -> None:
        presence = self._presence
        await presence.answered()
        # Of several tasks that meet the same trouble, one line tells.
        if now() - self._said_at.get(kind, -AGAIN_SECONDS) < AGAIN_SECONDS:
            return
        if task.id in self._open and not presence.voice.locked() and not presence.ending:
            self._said_at[kind] = now()
            self.spoke()
            await presence.talk.speak(getattr(self._sentences, kind), True)

    async def _say_that_it_goes_on(self) -> None:
        presence, said = self._presence, 0
        while self.waited_for:
            due = self._last + STILL_SECONDS[min(said, len(STILL_SECONDS) - 1)] - now()
            quiet = presence.quiet_seconds >= STILL_PAUSE_SECONDS
            if due <= 0 and quiet and not presence.voice.locked():
                said += 1
                self.spoke()
                await self._say_still()
            await asyncio.sleep(_LOOK_SECONDS if due <= 0 else min(due, 1.0))
        self._runs = False

    async def _say_still(self) -> None:
        talk = self._presence.talk
        await talk.care.apart()
        await talk.speak(self._sentences.still, False)
        talk.journal.aside(self._sentences.still)
