"""How fast the console searches its history, over HTTP.

    python -m bench.history
    python -m bench.history --calls 100000 --database postgresql://user:password@127.0.0.1/empty

Fills an empty database with calls that are over (twelve things said in each), serves the console on
a loopback port and asks as its page does. Prints milliseconds from the request to the last byte of
the answer, and CPU milliseconds of it (server and client), which hold on a busy machine too. Beside
a search stands its count, for which the page does not wait.
"""

import argparse
import asyncio
import random
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from fastapi import FastAPI
from sqlalchemy import insert

from bot.settings import Settings
from bot.store import queries_index
from bot.store.recorder import Recorder
from bot.store.store import Store
from bot.store.tables import CallRow, TurnStageRow, UtteranceRow
from bot.switchboard import Switchboard
from bot.web.console.desk import Desk
from bot.web.console.routes import console_router

CALLS, TIMES, LINES, WORDS = 10_000, 30, 12, 9
RARITY = {"hello": 1, "booking": 2, "refund": 10, "zither": 1_000}
"""Word -> one call in so many has it, beside words that are no matter here and one of its own."""
PARTS = 500
SEARCHES: dict[str, dict[str, str]] = {
    "the newest calls": {},
    "a word of every call": {"q": "hello"},
    "a word of every second call": {"q": "booking"},
    "a word of every tenth call": {"q": "refund"},
    "a word of every thousandth": {"q": "zither"},
    "a word of one call": {"q": "ticket42"},
    "two words": {"q": "refund booking"},
    "a beginning": {"q": "refu"},
    "nobody said it": {"q": "xylophone"},
    "the end of a number": {"q": "0000042"},
    "slow turns": {"slow": "true"},
    "a word and a mode": {"q": "booking", "mode": "embedded"},
}


def calls(count: int) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]]:
    """Calls of the last year: each with what was said in it and one stage of a turn."""
    dice, now = random.Random(1), datetime.now(UTC)
    every = timedelta(days=365) / count
    for number in range(count):
        began = now - every * number - timedelta(minutes=10)
        words = [word for word, rarity in RARITY.items() if number % rarity == rarity // 2]
        words += [
            f"ticket{number}",
            *(f"word{dice.randrange(4_000)}" for _ in range(LINES * WORDS)),
        ]
        dice.shuffle(words)
        call_id = f"{number:032x}"
        call: dict[str, Any] = dict.fromkeys(("provider_call_id", "error"), "")
        call |= {"id": call_id, "server_id": "bench", "channel": "phone", "direction": "inbound"}
        call |= {"caller": f"+1555{number:07d}", "callee": "+15550000000", "providers": {}}
        call |= {"mode": "cascade" if number % 3 else "embedded", "mode_reason": "default_mode"}
        call |= {"state": "ended", "started_at": began, "answered_at": began, "dropped_frames": 0}
        call |= {"ended_at": began + timedelta(minutes=3), "end_reason": "caller hung up"}
        said = [
            {
                **{"id": f"{call_id}{line}", "call_id": call_id, "turn": line, "kind": "speech"},
                **{
                    "at": began + timedelta(seconds=10 * line),
                    "speaker": ("caller", "bot")[line % 2],
                },
                **{"text": " ".join(words[line::LINES]), "unheard": "", "interrupted": False},
            }
            for line in range(LINES)
        ]
        stage = {"call_id": call_id, "turn": 1, "stage": "voice_to_voice"}
        yield call, said, stage | {"seconds": dice.uniform(0.4, 2.1)}


async def fill(store: Store, count: int) -> None:
    """Write the calls, and have them indexed as the server does it."""
    made = calls(count)
    for _ in range(0, count, PARTS):
        part = list(islice(made, PARTS))
        async with store.writing() as connection:
            await connection.execute(insert(CallRow), [call for call, _, _ in part])
            await connection.execute(
                insert(UtteranceRow), [one for _, said, _ in part for one in said]
            )
            await connection.execute(insert(TurnStageRow), [stage for _, _, stage in part])
    while await queries_index.index_ended(store, PARTS):
        continue


@asynccontextmanager
async def served(store: Store, folder: Path) -> AsyncIterator[str]:
    """The console on a loopback port, open to this machine; gives its address."""
    recorder = Recorder(store)
    desk = Desk(
        *(Settings.load(None, DATA_DIR=folder), Switchboard(4), store, recorder, None, lambda: "")
    )
    app = FastAPI()
    app.include_router(console_router(desk))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/console/api"
    finally:
        server.should_exit = True
        await task
        listener.close()


async def ask(http: aiohttp.ClientSession, url: str, query: dict[str, str]) -> tuple[float, Any]:
    """Milliseconds, and what was answered."""
    began = time.perf_counter()
    async with http.get(url, params=query) as answer:
        found = await answer.json()
    if answer.status != 200:
        raise RuntimeError(found["message"])
    return 1000 * (time.perf_counter() - began), found


async def measure(url: str, times: int) -> None:
    """Print a line for each search."""
    print(f"{'search':32}{'found':>8}{'p50':>8}{'p95':>8}{'cpu':>8}{'count p50':>12}  ms")
    async with aiohttp.ClientSession() as http:
        for name, query in SEARCHES.items():
            began = time.process_time()
            took = sorted([(await ask(http, f"{url}/calls", query))[0] for _ in range(times)])
            cpu = 1000 * (time.process_time() - began) / times
            counts = [await ask(http, f"{url}/count", query) for _ in range(max(1, times // 5))]
            print(
                f"{name:32}{counts[0][1]['total']:8}{statistics.median(took):8.0f}"
                f"{took[int(0.95 * (times - 1))]:8.0f}{cpu:8.0f}"
                f"{statistics.median(one for one, _ in counts):12.0f}"
            )


async def run(database: str, count: int, times: int) -> None:
    """Fill a database, serve it, ask."""
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(database or f"sqlite:///{folder}/tandem.db")
        try:
            began = time.perf_counter()
            await fill(store, count)
            filled = time.perf_counter() - began
            print(f"{count} calls on {store.dialect}, filled in {filled:.0f} s")
            async with served(store, Path(folder)) as url:
                await measure(url, times)
        finally:
            await store.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--times", type=int, default=TIMES, help="how often each search is asked")
    parser.add_argument("--database", default="", help="DATABASE_URL of an empty database")
    chosen = parser.parse_args()
    asyncio.run(run(chosen.database, chosen.calls, chosen.times))


if __name__ == "__main__":
    main()
