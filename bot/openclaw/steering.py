"""What an owner adds to a task under way: it reaches the run, or goes with the next attempt."""

import asyncio

from loguru import logger

from bot.errors import ProviderError
from bot.openclaw.follow import Follower
from bot.openclaw.gateway import Gateway
from bot.openclaw.progress import Progress
from bot.openclaw.prompts import steer_message

STEER_SECONDS = 3.0
"""How long a change waits for a task that is just being handed over."""


async def steer(gateway: Gateway, progress: Progress, change: str) -> bool:
    """Add to a task of this process. False if it has ended; a change that comes too late is
    dropped.

    A task that has not reached the agent, or waits to be tried again, takes the change with it.

    Raises:
        ProviderError: the gateway cannot be reached or refuses.
    """
    follower = await _followed(progress)
    if follower is None:
        if progress.phase == "done":
            return False
        progress.changes.append(change)
        return True
    if not await _pass_on(gateway, progress, follower, change):
        return False
    # For the next attempt, should there be one.
    progress.changes.append(change)
    progress.passed_on += 1
    return True


async def catch_up(gateway: Gateway, progress: Progress, follower: Follower) -> None:
    """Pass on what was added while the task was on its way."""
    try:
        while progress.passed_on < len(progress.changes):
            change = progress.changes[progress.passed_on]
            progress.passed_on += 1
            await _pass_on(gateway, progress, follower, change)
    except ProviderError as error:
        logger.warning(f"task {progress.task.id}: a change did not reach its run: {error}")


async def _pass_on(gateway: Gateway, progress: Progress, follower: Follower, change: str) -> bool:
    progress.steers += 1
    run_id = f"{follower.run_id.partition('.')[0]}.{progress.steers}"
    async with follower.steering():
        taken = await gateway.steer(progress.session_key, steer_message(change), run_id)
        if taken:
            follower.steered(run_id)
    return taken


async def _followed(progress: Progress) -> Follower | None:
    """Whoever follows the task's run; None if nobody does soon."""
    try:
        async with asyncio.timeout(STEER_SECONDS):
            # At work without a follower: it has just ended, or is about to be tried again.
            while progress.follower is None and progress.phase in ("starting", "working"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    except TimeoutError:
        return None
    return progress.follower
