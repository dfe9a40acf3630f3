"""A server with delegated tasks as a process of its own, to be killed; for `test_restart.py`.

    python -m tests.openclaw.server_process URL DATABASE_URL CALLER [TASK [MOST]]

It starts TASK, if given, then one for each line of its input, each in a call of its own, and
writes a line for all that it delivers: `spoken …`, `texted …`. MOST is as OPENCLAW_MAX_TASKS.
"""

import asyncio
import sys

from bot.openclaw import elsewhere
from bot.openclaw import tasks as tasks_module
from bot.openclaw.gateway import Gateway
from bot.openclaw.task import News, Outcome, Task, TooManyTasks
from bot.openclaw.tasks import Tasks
from bot.store.store import Store
from tests.fakes.openclaw_gateway import TOKEN


class Lines:
    """A delivery that writes to stdout. Nobody is on the line; SMS works."""

    async def speak(self, task: Task, outcome: Outcome) -> bool:
        return False

    async def text(self, task: Task, outcome: Outcome) -> bool:
        print(f"texted {task.number} {outcome.status} {outcome.text}", flush=True)
        return True

    async def tell(self, task: Task, news: News) -> None:
        print(f"news {news.kind} {news.text}", flush=True)


async def _take(tasks: Tasks, number: int, caller: str, text: str) -> None:
    try:
        await tasks.of(f"call-{number}", caller).start(text)
    except TooManyTasks:
        print(f"refused {text}", flush=True)
    else:
        print(f"taken {text}", flush=True)


async def _main(
    url: str, database_url: str, caller: str, text: str = "", most: str = "3,10"
) -> None:
    elsewhere.LOOK_SECONDS = 0.2
    tasks_module.START_SECONDS = 30.0
    store = await Store.open(database_url)
    tasks = await Tasks.open(
        Gateway(url, TOKEN),
        Lines(),
        store,
        database_url,
        bot="Tandem",
        limit=60.0,
        most=tuple(map(int, most.split(","))),  # type: ignore[arg-type]
        operator=lambda *line: print("operator", *line, flush=True),
    )
    if text:
        await tasks.of("call", caller, caller).start(text)
    print("ready", flush=True)
    number = 0
    taking = set()
    while line := await asyncio.to_thread(sys.stdin.readline):
        number += 1
        taking.add(asyncio.create_task(_take(tasks, number, caller, line.strip())))
    await asyncio.gather(*taking)
    await tasks.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
