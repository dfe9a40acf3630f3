"""A result whose owner talks with another process just now: that one tells it.

The process that has worked on the task leaves a note with the outcome. The one that has the caller
on the line looks for such notes (`Shelf.waiting_for`), hands the result over as one that has
waited, and the first learns of it here. Both look into the databases only; neither knows where the
other one is.
"""

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger

from bot.errors import StoreError
from bot.openclaw.durable import UNFINISHED, Durable
from bot.openclaw.kept import HAND_OVER, WITHDRAWN, taken, withdrawn

LOOK_SECONDS = 2.0
"""Between two looks, of either side."""

InCall = Callable[[str], Awaitable[bool]]
"""Whether a caller talks with another process."""


class Elsewhere:
    """Where the outcomes of this process's tasks may be told besides.

    Args:
        durable: Where hand-overs are kept.
        in_call: Tells who talks with another process.
    """

    def __init__(self, durable: Durable, in_call: InCall) -> None:
        self._durable, self._in_call = durable, in_call

    async def told(self, task_id: str, caller: str) -> tuple[bool, bool]:
        """Wait while the caller is on the line elsewhere, or hears it there.

        Returns:
            Whether it was heard; if not, nobody else will tell it from now on. And whether there
            was anybody to wait for.
        """
        waited = False
        while True:
            try:
                heard = await self._heard(task_id, caller)
            except StoreError as error:
                # Going on without an answer might tell it twice.
                logger.warning(f"task {task_id}: who tells its result is not known yet: {error}")
                heard = None
            if heard is not None:
                return heard, waited
            waited = True
            await asyncio.sleep(LOOK_SECONDS)

    async def _heard(self, task_id: str, caller: str) -> bool | None:
        """Whether it was heard, or None while that may still come."""
        overs = await self._durable.list(HAND_OVER, workflow_id_prefix=f"{task_id}/")
        if any(over.status in UNFINISHED for over in overs):
            return None  # waited for, whatever has become of the call
        if any(map(taken, overs)):
            return True
        if any(map(withdrawn, overs)):
            return False
        if not overs and await self._in_call(caller):
            return None
        # A hand-over of our own, under the next number: nobody else can begin one.
        over_id = f"{task_id}/{len(overs) + 1}"
        await self._durable.start(HAND_OVER, over_id, caller, WITHDRAWN)
        claimant, heard = await self._durable.result(over_id)
        if heard:
            return True
        return False if claimant == WITHDRAWN else None
