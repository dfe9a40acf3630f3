"""A task's life as a durable workflow: attempts until one has an end, then the delivery.

    send -> follow -> (wait, send, follow …) -> speak | speak elsewhere | text | keep

Each arrow is a step that is written down. A process that goes on with another's workflow asks the
gateway what became of the run before anything else; a run that may still be going is never
repeated, only asked after.
"""

import time
from collections import deque
from typing import Any

from dbos import error as dbos_error
from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from bot.openclaw.attempt import Attempts, Operator, is_transient
from bot.openclaw.durable import Durable
from bot.openclaw.elsewhere import Elsewhere
from bot.openclaw.follow import Ending
from bot.openclaw.kept import OUTCOME
from bot.openclaw.progress import Newsroom, Progress
from bot.openclaw.task import Delivered, Delivery, NewsKind, Outcome, Task

RETRY_SECONDS = (70.0, 140.0, 280.0)
"""Before the next attempts after a failure of the agent's provider: the gateway disables one that
refuses for about a minute, and takes 76 s to give up on one that is overloaded."""
ATTEMPT = "attempt"
"""The note that says which attempt is on, for another process that steers or cancels it."""
REMEMBERED = 200
"""Finished tasks that are still known by name in this process."""
PARKED_SECONDS = 24 * 3600.0
"""How long a task whose run nobody can ask after is kept in mind."""


class Work:
    """The workflow's body. Its `run` is called on a thread of its own for each task.

    Args:
        durable: Remembers the steps.
        attempts: Does them.
        delivery: Tells the result.
        elsewhere: The same in other processes.
        news: Tells the rest.
        operator: Told what the operator should see.
        server_id: This process.
    """

    def __init__(
        self,
        durable: Durable,
        attempts: Attempts,
        delivery: Delivery,
        elsewhere: Elsewhere,
        news: Newsroom,
        operator: Operator,
        server_id: str,
    ) -> None:
        self._durable, self._attempts = durable, attempts
        self._delivery, self._elsewhere = delivery, elsewhere
        self._news, self._operator = news, operator
        self._server_id = server_id
        self.open: dict[str, Progress] = {}
        self.finished: deque[Progress] = deque(maxlen=REMEMBERED)

    def run(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Do the task and deliver its outcome. Returns {"status", "text", "delivered"}."""
        task = Task.from_dict(kept)
        # One that this process has not begun belongs to a dead one.
        progress = self.open.setdefault(task.id, Progress(task, fresh=False))
        if not progress.fresh:
            logger.info(f"task {task.id} is gone on with")
        try:
            outcome = self._work_safely(progress)
            progress.outcome, progress.phase = outcome, "done"
            delivered = self._deliver(progress, outcome)
            return {"status": outcome.status, "text": outcome.text, "delivered": delivered}
        finally:
            self.open.pop(task.id, None)
            if not progress.turned_away:
                self.finished.append(progress)

    def _work_safely(self, progress: Progress) -> Outcome:
        """As `_work`; a mistake of ours is told like any failure."""
        try:
            return self._work(progress)
        except (dbos_error.DBOSException, SQLAlchemyError):
            raise  # another process has it, or the database is away
        except Exception as error:
            logger.exception(f"task {progress.task.id} broke")
            self._report(progress.task, "task_lost", f"it broke: {type(error).__name__}")
            return Outcome("failed", "something went wrong on our side")

    def _work(self, progress: Progress) -> Outcome:
        deadline = progress.task.created + progress.task.limit
        for number, pause in enumerate((*RETRY_SECONDS, 0.0)):
            ending = self._attempt(progress, number, deadline)
            if ending.status == "unknown":
                ending = self._park(progress, number)
            if not (ending.status == "failed" and pause and is_transient(ending.text)):
                return _outcome(ending)
            # Written down: who replays this later must decide as was decided then.
            until = self._durable.step(f"next-{number}", _Later(pause, deadline))
            if not until:
                return _outcome(ending)
            self._say(progress.task, "retrying", ending.text)
            self._pause(progress, until)
        return Outcome("failed", "it was tried too often")

    def _attempt(self, progress: Progress, number: int, deadline: float) -> Ending:
        run_id = self._attempts.begin(progress, number)
        self._durable.note(ATTEMPT, number)

        async def send() -> list[str] | None:
            ending = await self._attempts.send(progress, run_id, deadline)
            return [ending.status, ending.text] if ending else None

        async def follow() -> list[str]:
            ending = await self._attempts.follow(progress, run_id, deadline)
            return [ending.status, ending.text]

        not_sent = self._durable.step(f"send-{number}", send)
        # What was sent and is absent was lost by the gateway with its state; that is a failure.
        return _ending(not_sent or self._durable.step(f"follow-{number}", follow))

    def _park(self, progress: Progress, number: int) -> Ending:
        """The limit is over and nobody knows of the run: say so, and go on asking, slowly."""
        task, run_id = progress.task, f"{progress.task.id}-{number}"
        progress.phase = "parked"
        self._report(task, "task_parked", "OpenClaw cannot be reached")
        self._say(task, "parked", "OpenClaw cannot be reached")

        async def ask() -> list[str]:
            deadline = task.created + task.limit + PARKED_SECONDS
            ending = await self._attempts.follow(progress, run_id, deadline)
            return [ending.status, ending.text]

        return _ending(self._durable.step(f"parked-{number}", ask))

    def _pause(self, progress: Progress, until: float) -> None:
        async def wait() -> None:
            await self._attempts.wait(progress, until)

        self._durable.on_loop(wait)

    def _deliver(self, progress: Progress, outcome: Outcome) -> Delivered:
        task = progress.task
        self._say(task, "finished", outcome.status)
        if outcome.status == "cancelled":
            return "silent"
        if self._durable.step("speak", lambda: self._speak(task, outcome)):
            return "spoken"
        if task.caller:
            self._durable.note(OUTCOME, [outcome.status, outcome.text])
            if self._durable.step("elsewhere", lambda: self._speak_elsewhere(progress, outcome)):
                return "spoken"
        if task.number:
            # Known before it is sent: who goes on after a crash cannot tell whether it went out,
            # and sends no second one.
            sender = self._durable.step("text-begins", self._who)
            if self._durable.step("text", lambda: self._text(task, outcome, sender)):
                return "texted"
        if not task.caller:
            self._report(task, "task_untold", "nobody is left to tell")
            return "silent"
        return "kept"

    async def _speak(self, task: Task, outcome: Outcome) -> bool:
        try:
            return await self._delivery.speak(task, outcome)
        except Exception as error:
            self._undelivered(task, "spoken", error)
            return False

    async def _speak_elsewhere(self, progress: Progress, outcome: Outcome) -> bool:
        task = progress.task
        heard, waited = await self._elsewhere.told(task.id, task.caller)
        # Who has waited, or goes on with a dead one's task, may have the caller here meanwhile.
        again = waited or not progress.fresh
        return heard or (again and await self._speak(task, outcome))

    async def _text(self, task: Task, outcome: Outcome, sender: str) -> bool:
        if sender != self._server_id:
            return False
        try:
            return await self._delivery.text(task, outcome)
        except Exception as error:
            self._undelivered(task, "sent by SMS", error)
            return False

    async def _who(self) -> str:
        return self._server_id

    def _undelivered(self, task: Task, how: str, error: Exception) -> None:
        detail = f"task {task.id}: the result was not {how}: {type(error).__name__}"
        self._operator("task_undelivered", detail, task.call_id)

    def _report(self, task: Task, kind: str, detail: str) -> None:
        """Tell the operator, who must be told on the loop."""

        async def tell() -> None:
            self._operator(kind, f"task {task.id}: {detail}", task.call_id)

        self._durable.on_loop(tell)

    def _say(self, task: Task, kind: NewsKind, text: str) -> None:
        async def tell() -> None:
            self._news.tell(task, kind, text)

        self._durable.on_loop(tell)


class _Later:
    """When the next attempt may begin (`time.time()`), or 0.0 if that is past the deadline."""

    __name__ = __qualname__ = "later"

    def __init__(self, pause: float, deadline: float) -> None:
        self._pause, self._deadline = pause, deadline

    async def __call__(self) -> float:
        until = time.time() + self._pause
        return until if until < self._deadline else 0.0


def _ending(kept: list[str]) -> Ending:
    status, text = kept
    return Ending(status, text)  # type: ignore[arg-type]


def _outcome(ending: Ending) -> Outcome:
    match ending.status:
        case "completed":
            return Outcome("completed", ending.text)
        case "cancelled":
            return Outcome("cancelled", ending.text)
        case "timeout":
            return Outcome("failed", "it took longer than is allowed")
        case "absent":
            return Outcome("failed", "OpenClaw has lost the task")
    return Outcome("failed", ending.text)
