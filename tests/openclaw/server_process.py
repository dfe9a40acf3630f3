"""A server with delegated tasks as a process of its own, to be killed; for `test_restart.py`.

    python -m tests.openclaw.server_process URL DATABASE_URL CALLER [TASK]

It starts TASK, if given, and writes a line for all that it delivers: `spoken …`, `texted …`.
"""

import asyncio
import sys

from bot.openclaw import elsewhere
from bot.openclaw.gateway import Gateway
from bot.openclaw.task import News, Outcome, Task
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


async def _main(url: str, database_url: str, caller: str, text: str = "") -> None:
    elsewhere.LOOK_SECONDS = 0.2
    store = await Store.open(database_url)
    tasks = await Tasks.open(
        Gateway(url, TOKEN),
        Lines(),
        store,
        database_url,
        bot="Tandem",
        limit=60.0,
        most=(3, 10),
        operator=lambda *line: print("operator", *line, flush=True),
    )
    if text:
        await tasks.of("call", caller, caller).start(text)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await tasks.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
