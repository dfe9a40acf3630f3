"""What one caller may do with their delegated tasks, in one call. Nothing of others is reached."""

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from bot.openclaw.progress import Phase, Progress
from bot.openclaw.task import Kept, Outcome, Task, Urgency

if TYPE_CHECKING:
    from bot.openclaw.kept import Say
    from bot.openclaw.tasks import Tasks


@dataclass(frozen=True, slots=True)
class View:
    """A task as its owner sees it. `seconds` since it was given; `outcome` when it is done."""

    task: Task
    phase: Phase
    activity: str
    seconds: float
    outcome: Outcome | None = None


class CallTasks:
    """The tasks of one caller, as one call sees them. From `Tasks.of`."""

    def __init__(
        self, tasks: "Tasks", call_id: str, caller: str, number: str, limit: float
    ) -> None:
        self._tasks, self._call_id, self._caller = tasks, call_id, caller
        self._number, self._limit = number, limit

    async def start(self, text: str, urgency: Urgency = "normal") -> Task:
        """Hand a job to the deep agent; returns within 300 ms.

        Raises:
            TooManyTasks: a limit is reached; the text can be given to the model.
            StoreError: it could not be kept.
        """
        task = Task(
            id=uuid4().hex,
            call_id=self._call_id,
            caller=self._caller,
            number=self._number,
            text=text,
            urgency=urgency,
            created=time.time(),
            limit=self._limit,
        )
        await self._tasks.start(task)
        return task

    async def views(self) -> list[View]:
        """The caller's tasks: those under way and those this call has seen the end of.

        Raises:
            StoreError: the database does not answer.
        """
        known = {p.task.id: _view(p) for p in self._tasks.known() if self._is_mine(p.task)}
        if self._caller:
            for task in await self._tasks.unfinished(self._caller):
                elsewhere = View(task, "working", "", max(0.0, time.time() - task.created))
                known.setdefault(task.id, elsewhere)
        return sorted(known.values(), key=lambda view: view.task.created)

    async def open(self) -> list[View]:
        """Those under way; errors as `views`."""
        return [view for view in await self.views() if view.phase != "done"]

    async def steer(self, view: View, change: str) -> bool:
        """Add to a task under way; see `Tasks.steer`."""
        return self._is_mine(view.task) and await self._tasks.steer(view.task.id, change)

    async def cancel(self, view: View) -> bool:
        """Give a task up; see `Tasks.cancel`."""
        return self._is_mine(view.task) and await self._tasks.cancel(view.task.id)

    async def waiting(self) -> list[Kept]:
        """Results that wait for a call of this caller's; see `Tasks.waiting_for`."""
        return await self._tasks.waiting_for(self._caller)

    async def elsewhere(self) -> bool:
        """Whether another process works on a task of this caller's; its result will come to
        `waiting` while this call lasts. Errors as `views`."""
        if not self._caller:
            return False
        here = {progress.task.id for progress in self._tasks.known()}
        return any(task.id not in here for task in await self._tasks.unfinished(self._caller))

    async def hand_over(self, kept: Kept, say: "Say") -> bool:
        """Tell a result that waited; see `Shelf.hand_over`."""
        return self._is_mine(kept.task) and await self._tasks.hand_over(kept, say)

    def _is_mine(self, task: Task) -> bool:
        same_caller = bool(self._caller) and task.caller == self._caller
        return same_caller or task.call_id == self._call_id


def pick(views: list[View], words: str) -> list[View]:
    """Those that `words` speak of: the best fits by shared words, all if none fits better.

    One view means that it is clear which is meant.
    """
    if len(views) < 2:
        return views
    wanted = _words(words)
    scores = [len(wanted & _words(view.task.text)) for view in views]
    best = max(scores)
    return [view for view, score in zip(views, scores, strict=True) if score == best]


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 3}


def _view(progress: Progress) -> View:
    return View(progress.task, progress.phase, progress.activity, progress.age, progress.outcome)
