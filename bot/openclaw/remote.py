"""Steering and cancelling by way of the gateway: for a task that another process follows, too.

The follower notices by itself: its run ends, and it asks the gateway what has taken its place.
"""

from uuid import uuid4

from bot.openclaw.durable import Durable
from bot.openclaw.gateway import Gateway
from bot.openclaw.prompts import steer_message
from bot.openclaw.work import ATTEMPT


class Remote:
    """Reaches a task's run by the task's id."""

    def __init__(self, gateway: Gateway, durable: Durable) -> None:
        self._gateway, self._durable = gateway, durable

    async def steer(self, task_id: str, change: str) -> bool:
        """Add to a task. False if it does not run (any more).

        Raises:
            ProviderError: the gateway cannot be reached or refuses.
            StoreError: the tasks' database does not answer.
        """
        key, run_id = await self._running(task_id)
        if not run_id:
            return False
        new_id = f"{task_id}-{uuid4().hex[:8]}"
        return await self._gateway.steer(key, steer_message(change), new_id)

    async def cancel(self, task_id: str) -> bool:
        """Stop a task's run. False if there is none; errors as `steer`."""
        key, run_id = await self._running(task_id)
        return bool(run_id) and await self._gateway.abort(key, run_id)

    async def _running(self, task_id: str) -> tuple[str, str]:
        """(session key, id of the run that is on, or '')."""
        run_id = f"{task_id}-{await self._durable.noted(task_id, ATTEMPT) or 0}"
        key = self._gateway.session_key(run_id)
        standing = await self._gateway.look_up(key, run_id)
        return key, (standing.run_id if standing.state == "running" else "")
