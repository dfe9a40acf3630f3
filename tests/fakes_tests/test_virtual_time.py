"""Virtual time skips waits, keeps their order, and waits for what really works."""

import asyncio
import threading
import time

import aiosqlite

from tests.fixtures.virtual_time import VirtualTime


async def test_an_hour_passes_at_once_on_every_clock(virtual_time: VirtualTime) -> None:
    clocks = (time.time, time.monotonic, time.perf_counter, asyncio.get_running_loop().time)
    nanos = time.monotonic_ns()
    before = [clock() for clock in clocks]
    await asyncio.sleep(3600)
    assert all(3600 <= clock() - start < 3601 for clock, start in zip(clocks, before, strict=True))
    assert 3600e9 <= time.monotonic_ns() - nanos < 3601e9
    assert virtual_time.real < 3600


async def test_timers_fire_in_order_and_at_their_time(virtual_time: VirtualTime) -> None:
    log: list[tuple[str, float]] = []

    async def wake(name: str, after: float) -> None:
        await asyncio.sleep(after)
        log.append((name, round(virtual_time.now, 3)))

    await asyncio.gather(wake("c", 30), wake("a", 0.02), wake("b", 0.021))
    assert log == [("a", 0.02), ("b", 0.021), ("c", 30.0)]


async def test_computing_takes_no_time(virtual_time: VirtualTime) -> None:
    await asyncio.sleep(1)
    sum(range(2_000_000))
    assert round(virtual_time.now, 3) == 1


async def test_a_thread_is_waited_for_before_a_timeout_strikes(virtual_time: VirtualTime) -> None:
    await asyncio.wait_for(asyncio.to_thread(time.sleep, 0.05), timeout=0.001)
    assert virtual_time.now < 0.001
    assert virtual_time.real >= 0.05


async def test_a_held_clock_stands_still(virtual_time: VirtualTime) -> None:
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    timer = asyncio.create_task(asyncio.sleep(5))
    with virtual_time.hold():
        threading.Timer(0.05, loop.call_soon_threadsafe, [event.set]).start()
        await event.wait()
    assert not timer.done()
    await timer


async def test_a_database_in_a_thread_is_waited_for(virtual_time: VirtualTime) -> None:
    async with asyncio.timeout(0.5), aiosqlite.connect(":memory:") as database:
        for number in range(50):
            cursor = await database.execute("SELECT ?", (number,))
            assert await cursor.fetchone() == (number,)


async def test_sockets_of_this_process_are_waited_for(virtual_time: VirtualTime) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            await asyncio.sleep(0.5)
            writer.write(line.upper())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for number in range(20):
            writer.write(f"line {number}\n".encode())
            async with asyncio.timeout(0.6):
                assert await reader.readline() == f"LINE {number}\n".encode()
        writer.close()
        await writer.wait_closed()
    assert 10 <= virtual_time.now < 10.1


async def test_time_is_real_again_afterwards() -> None:
    before = time.monotonic()
    await asyncio.sleep(0.02)
    assert time.monotonic() - before < 10
    assert asyncio.get_running_loop().time() - time.monotonic() < 1
