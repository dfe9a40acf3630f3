"""Results that wait for their caller's next call, each handed over once.

A hand-over is a small workflow with an id that is made only once: of two calls that try at the
same moment, on whatever server, one gets it. If the caller does not hear it (hangs up, the server
dies), it is kept again and the next hand-over has the next number.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from bot.openclaw.durable import UNFINISHED, Durable
from bot.openclaw.task import Kept, Outcome, Task

TASK = "openclaw_task"
HAND_OVER = "openclaw_hand_over"

Say = Callable[[Kept], Awaitable[bool]]


class Shelf:
    """What is kept. `run` is the hand-over's workflow."""

    def __init__(self, durable: Durable) -> None:
        self._durable = durable
        self._saying: dict[str, tuple[Kept, Say]] = {}

    async def waiting_for(self, caller: str) -> list[Kept]:
        """What waits for a caller, oldest first; nothing for '' (nobody in particular).

        Raises:
            StoreError: the database does not answer.
        """
        if not caller:
            return []
        durable = self._durable
        done = await durable.list(TASK, user=caller, status="SUCCESS")
        kept = [w for w in done if isinstance(w.output, dict) and w.output["delivered"] == "kept"]
        if not kept:
            return []
        overs: dict[str, list[Any]] = {}
        for over in await durable.list(HAND_OVER, user=caller):
            overs.setdefault(over.workflow_id.partition("/")[0], []).append(over)
        return [
            _kept(one, len(overs.get(one.workflow_id, ())))
            for one in kept
            if not any(_taken(over) for over in overs.get(one.workflow_id, ()))
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


def _kept(workflow: Any, offered: int) -> Kept:
    task = Task.from_dict(workflow.input["args"][0])
    return Kept(task, Outcome(workflow.output["status"], workflow.output["text"]), offered)


def _taken(over: Any) -> bool:
    if over.status in UNFINISHED:
        return True
    return over.status == "SUCCESS" and bool(over.output[1])
