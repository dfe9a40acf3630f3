"""Results that wait for a call of their caller's, each handed over once.

They wait for the next call, or for one that another process holds already (`elsewhere.py`).

A hand-over is a small workflow with an id that is made only once: of two calls that try at the
same moment, on whatever server, one gets it. If the caller does not hear it (hangs up, the server
dies), it is kept again and the next hand-over has the next number.
"""

from collections.abc import Awaitable, Callable, Container
from typing import Any
from uuid import uuid4

from bot.openclaw.durable import UNFINISHED, Durable
from bot.openclaw.task import Kept, Outcome, Task

TASK = "openclaw_task"
HAND_OVER = "openclaw_hand_over"
WITHDRAWN = "withdrawn"
"""Who claims a hand-over to nobody."""
OUTCOME = "outcome"
"""The note with a task's [status, text], for a process that has its caller on the line."""

Say = Callable[[Kept], Awaitable[bool]]


class Shelf:
    """What is kept. `run` is the hand-over's workflow."""

    def __init__(self, durable: Durable) -> None:
        self._durable = durable
        self._saying: dict[str, tuple[Kept, Say]] = {}

    async def waiting_for(self, caller: str, mine: Container[str] = ()) -> list[Kept]:
        """What waits for a caller, oldest first; nothing for '' (nobody in particular).

        Args:
            caller: Who.
            mine: Tasks of this process, which tells their results by itself.

        Raises:
            StoreError: the database does not answer.
        """
        if not caller:
            return []
        found = [
            (one, outcome, live)
            for one, outcome, live in [*await self._kept(caller), *await self._offered(caller)]
            if one.workflow_id not in mine
        ]
        if not found:
            return []
        overs: dict[str, list[Any]] = {}
        for over in await self._durable.list(HAND_OVER, user=caller):
            overs.setdefault(over.workflow_id.partition("/")[0], []).append(over)
        return [
            Kept(_task(one), outcome, len(overs.get(one.workflow_id, ())), live)
            for one, outcome, live in found
            if not any(
                taken(over) or (live and withdrawn(over)) for over in overs.get(one.workflow_id, ())
            )
        ]

    async def hand_over(self, kept: Kept, say: Say) -> bool:
        """Tell a kept result in a call.

        Args:
            kept: From `waiting_for`.
            say: Tells it; True when it was heard.

        Returns:
            True if it was heard now; False if it was not, or another call has it.

        Raises:
            StoreError: the database does not answer.
        """
        durable, claimant = self._durable, uuid4().hex
        self._saying[claimant] = (kept, say)
        try:
            over_id = f"{kept.task.id}/{kept.offered + 1}"
            await durable.start(HAND_OVER, over_id, kept.task.caller, claimant)
            result = await durable.result(over_id)
            return bool(result == [claimant, True])
        finally:
            self._saying.pop(claimant, None)

    def run(self, claimant: str) -> list[Any]:
        """The workflow: [who has claimed it, whether it was heard]."""

        async def tell() -> bool:
            kept, say = self._saying.get(claimant, (None, None))
            # Not found: it was begun by a process that has died, and its call with it.
            return await say(kept) if kept and say else False

        return [claimant, self._durable.step("tell", tell)]

    async def _kept(self, caller: str) -> list[tuple[Any, Outcome, bool]]:
        done = await self._durable.list(TASK, user=caller, status="SUCCESS")
        return [
            (one, Outcome(one.output["status"], one.output["text"]), False)
            for one in done
            if isinstance(one.output, dict) and one.output["delivered"] == "kept"
        ]

    async def _offered(self, caller: str) -> list[tuple[Any, Outcome, bool]]:
        """Of tasks whose processes wait for somebody to tell their results."""
        found = []
        for one in await self._durable.list(TASK, user=caller, status=UNFINISHED):
            noted = await self._durable.noted(one.workflow_id, OUTCOME)
            if noted:
                found.append((one, Outcome(*noted), True))
        return found


def taken(over: Any) -> bool:
    """Whether a hand-over is under way or was heard."""
    if over.status in UNFINISHED:
        return True
    return over.status == "SUCCESS" and bool(over.output[1])


def withdrawn(over: Any) -> bool:
    """Whether a hand-over says that no process but the task's own tells its result any more."""
    return over.status == "SUCCESS" and bool(over.output[0] == WITHDRAWN)


def _task(workflow: Any) -> Task:
    return Task.from_dict(workflow.input["args"][0])
