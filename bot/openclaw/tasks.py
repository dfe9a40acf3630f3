"""Delegated tasks, as the rest of the house uses them: start, ask after, steer, cancel, hand over.

tasks = await Tasks.open(gateway, delivery, store, database_url, bot="Tandem", limit=600, …)
mine = tasks.of(call_id, caller, number)
task = await mine.start("find the best ferry to Crete", "normal")
...
await tasks.close()                                # unfinished ones are gone on with later
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Self

from loguru import logger

from bot.errors import StoreError
from bot.openclaw.asked import CallTasks
from bot.openclaw.attempt import Attempts, Operator
from bot.openclaw.durable import APP_VERSION, UNFINISHED, Durable, Workflow
from bot.openclaw.elsewhere import Elsewhere, InCall
from bot.openclaw.gateway import Gateway
from bot.openclaw.kept import HAND_OVER, TASK, Say, Shelf
from bot.openclaw.progress import Newsroom, Progress
from bot.openclaw.remote import Remote
from bot.openclaw.servers import enlist, in_call_elsewhere, living
from bot.openclaw.steering import steer
from bot.openclaw.task import Delivery, Kept, Task, TooManyTasks
from bot.openclaw.work import Work
from bot.store.store import Store

COUNT_SECONDS = 5.0
"""For counting the tasks of all processes; one that cannot be counted by then is let in."""
START_SECONDS = 0.25
"""What a caller waits for at most until a task counts as taken; if there turns out to be no room
for it later than that, its owner is told as of one that has failed."""
ADOPT_SECONDS = 15.0
"""Between two looks for tasks of servers that have died."""
KEEP_DAYS = 30
"""How long a finished task, and a result that waits, is kept."""


class Tasks:
    """All delegated tasks of the process. Use `open`.

    Args of `open`:
        gateway: OpenClaw.
        delivery: How owners are told.
        store: The open store: its table of servers says who lives.
        database_url: The store's address.
        bot: The bot's name.
        limit: Seconds a task may take, by the clock.
        most: Tasks at once (per call, in all processes).
        operator: Told what the operator should see: a kind, a line, the call's id.
    """

    def __init__(
        self,
        gateway: Gateway,
        delivery: Delivery,
        server_id: str,
        alive: Callable[[], Awaitable[set[str]]],
        in_call: InCall,
        *,
        bot: str,
        limit: float,
        most: tuple[int, int],
        operator: Operator,
    ) -> None:
        self.gateway = gateway
        self._limit, self._most, self._alive = limit, most, alive
        self._news, self._operator = Newsroom(delivery), operator
        attempts = Attempts(gateway, self._news, operator, bot)
        self._durable = Durable(server_id)
        elsewhere = Elsewhere(self._durable, in_call)
        self._work = Work(
            self._durable, attempts, delivery, elsewhere, self._news, operator, server_id
        )
        self._shelf = Shelf(self._durable)
        self._remote = Remote(gateway, self._durable)
        self._starting: set[asyncio.Task[bool]] = set()
        self._adopting: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        gateway: Gateway,
        delivery: Delivery,
        store: Store,
        database_url: str,
        *,
        bot: str,
        limit: float,
        most: tuple[int, int],
        operator: Operator,
    ) -> Self:
        """Open the tasks' database and go on with what dead processes have left.

        Raises:
            StoreError: a database cannot be opened.
        """

        async def alive() -> set[str]:
            return await living(store)

        async def in_call(caller: str) -> bool:
            return await in_call_elsewhere(store, caller)

        await enlist(store)
        tasks = cls(
            gateway, delivery, store.server.id, alive, in_call,
            bot=bot, limit=limit, most=most, operator=operator,
        )  # fmt: skip
        work: dict[str, Workflow] = {TASK: tasks._work.run, HAND_OVER: tasks._shelf.run}
        await tasks._durable.open(database_url, work)
        await tasks.adopt()
        tasks._adopting = asyncio.create_task(tasks._keep_adopting(), name="adopt-tasks")
        return tasks

    async def close(self) -> None:
        """Stop; the gateway's runs go on, and so do the tasks with the next process."""
        if self._adopting:
            self._adopting.cancel()
            await asyncio.gather(self._adopting, *self._starting, return_exceptions=True)
        await self._durable.close()
        await self._news.close()
        await self.gateway.close()

    async def adopt(self) -> int:
        """Go on with the tasks of servers that have died. Returns how many.

        Raises:
            StoreError: a database does not answer.
        """
        count = await self._durable.adopt(await self._alive())
        if count:
            logger.info(f"{count} tasks or hand-overs of servers that died are gone on with")
        return count

    def of(self, call_id: str, caller: str, number: str = "") -> "CallTasks":
        """The tasks of one caller.

        Args:
            call_id: The call.
            caller: Who it is, for later calls too; '' if that is not known.
            number: Where results may be sent by SMS (E.164), or ''.
        """
        return CallTasks(self, call_id, caller, number, self._limit)

    async def start(self, task: Task) -> None:
        """Take a task on; returns within `START_SECONDS` and a little.

        Raises:
            TooManyTasks: a limit is reached.
            StoreError: it cannot be kept.
        """
        per_call, in_all = self._most
        running = list(self._work.open.values())
        if sum(p.task.call_id == task.call_id for p in running) >= per_call:
            raise TooManyTasks(per_call)
        if len(running) >= in_all:
            raise TooManyTasks()
        # From here on it has its place: who asks next counts it.
        progress = self._work.open[task.id] = Progress(task)
        self._news.tell(task, "started")
        starting = asyncio.create_task(self._start(progress), name=f"start-{task.id}")
        self._starting.add(starting)
        starting.add_done_callback(self._started)
        done, _ = await asyncio.wait([starting], timeout=START_SECONDS)
        if not done:
            progress.promised = True
        elif not starting.result():
            raise TooManyTasks()

    def known(self) -> list[Progress]:
        """What this process works on or has lately finished, oldest first."""
        return [*self._work.finished, *self._work.open.values()]

    async def unfinished(self, caller: str) -> list[Task]:
        """A caller's tasks that are not done, wherever they are worked on.

        Raises:
            StoreError: the database does not answer.
        """
        found = await self._durable.list(TASK, user=caller, status=UNFINISHED, load_output=False)
        return [Task.from_dict(w.input["args"][0]) for w in found if w.input]

    async def steer(self, task_id: str, change: str) -> bool:
        """Add to a task. False if it has ended; a change that comes too late is dropped.

        Raises:
            ProviderError: the gateway cannot be reached or refuses.
            StoreError: the tasks' database does not answer.
        """
        progress = self._work.open.get(task_id)
        if progress is None:
            return await self._remote.steer(task_id, change)
        taken = await steer(self.gateway, progress, change)
        if taken:
            self._news.tell(progress.task, "steered", change)
        return taken

    async def cancel(self, task_id: str) -> bool:
        """Give a task up. False if it has ended.

        Raises:
            ProviderError, StoreError: as `steer`, for a task of another process.
        """
        progress = self._work.open.get(task_id)
        if progress is None:
            return await self._remote.cancel(task_id)
        progress.cancelled.set()
        return True

    async def waiting_for(self, caller: str) -> list[Kept]:
        """Results that wait for a caller's next call, or for one that this process has now while
        another one has worked on the task; oldest first.

        Raises:
            StoreError: the database does not answer.
        """
        return await self._shelf.waiting_for(caller, self._work.open)

    async def hand_over(self, kept: Kept, say: Say) -> bool:
        """Tell a result that waited; see `Shelf.hand_over`."""
        return await self._shelf.hand_over(kept, say)

    async def _start(self, progress: Progress) -> bool:
        """Write a task down; False if there is no room for it. Nothing is sent before that."""
        task = progress.task
        try:
            await self._durable.start(TASK, task.id, task.caller, task.to_dict())
        except StoreError as error:
            self._work.open.pop(task.id, None)
            self._operator("task_lost", str(error), task.call_id)
            self._news.tell(task, "parked", "it cannot be kept")
            raise
        try:
            room = await self._has_room(task)
            if not room:
                progress.refusal = str(TooManyTasks())
                if not progress.promised:
                    progress.cancelled.set()
        finally:
            progress.admitted.set()
        return room

    def _started(self, starting: "asyncio.Task[bool]") -> None:
        self._starting.discard(starting)
        if not starting.cancelled():
            starting.exception()  # who has waited got it; else it was told as news

    async def _has_room(self, task: Task) -> bool:
        """Whether a task that is written down is among the oldest that all processes together may
        work on: of several that come at once, each process lets the same ones in."""
        _, in_all = self._most
        filters = {"status": UNFINISHED, "app_version": APP_VERSION, "limit": in_all}
        try:
            async with asyncio.timeout(COUNT_SECONDS):
                found = await self._durable.list(
                    TASK, **filters, load_input=False, load_output=False
                )
        except (StoreError, TimeoutError) as error:
            logger.warning(f"task {task.id}: the tasks of all were not counted: {error!r}")
            return True
        return len(found) < in_all or any(one.workflow_id == task.id for one in found)

    async def _keep_adopting(self) -> None:
        await self._forget_old()
        while True:
            await asyncio.sleep(ADOPT_SECONDS)
            try:
                await self.adopt()
            except StoreError as error:
                logger.warning(f"tasks of dead servers are not looked for: {error}")

    async def _forget_old(self) -> None:
        before = datetime.now(UTC) - timedelta(days=KEEP_DAYS)
        try:
            await self._durable.forget(before.isoformat())
        except StoreError as error:
            logger.warning(f"old tasks were not deleted: {error}")
