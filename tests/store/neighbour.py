"""Another server process: writes one open call, prints its id, and lives until it is killed.

`python -m tests.store.neighbour DATABASE_URL`; a line on its standard input closes it in order.
"""

import asyncio
import sys

from bot.call import Call
from bot.store.recorder import Recorder
from bot.store.store import Store


async def main(url: str) -> None:
    store = await Store.open(url)
    recorder = Recorder(store, beat=0.05)
    recorder.start()
    call = Call("phone")
    call.on_state = recorder.call_state
    recorder.call_started(call, {})
    call.connected()
    await recorder.flush()
    print(call.id, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await recorder.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
