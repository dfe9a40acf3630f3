"""Calls whose server died are ended; calls whose server lives are not."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.call import Call
from bot.store import queries, servers
from bot.store.recorder import Recorder
from bot.store.store import Store
from tests.fixtures.postgres import PostgresServer
from tests.store.databases import Database, PostgresDatabase, eventually

ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def neighbour(url: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Another server process and the id of its open call."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.store.neighbour", url),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def state_of(store: Store, call_id: str) -> tuple[str, str, bool]:
    call = await queries.call(store, call_id)
    assert call is not None
    return call.state, call.end_reason, call.ended_at is not None


LIVE = ("connected", "", False)
DIED = ("failed", "server died", True)


async def test_a_killed_server_is_seen_at_once(store: Store, database: Database) -> None:
    async with neighbour(database.url) as (process, call_id):
        assert await store.reap_orphans() == 0
        assert await state_of(store, call_id) == LIVE
        process.kill()
        await process.wait()
        assert await store.reap_orphans() == 1
        assert await state_of(store, call_id) == DIED
        assert await store.reap_orphans() == 0


async def test_the_recorder_reaps_when_it_starts(
    store: Store, database: Database, lines: list[str]
) -> None:
    async with neighbour(database.url) as (process, call_id):
        process.kill()
        await process.wait()
    recorder = Recorder(store)
    recorder.start()
    own = Call("phone")
    recorder.call_started(own, {})
    await recorder.flush()
    assert await state_of(store, call_id) == DIED
    assert await state_of(store, own.id) == ("ringing", "", False)
    await recorder.close()
    assert len(lines) == 1
    assert "1 calls of dead servers" in lines[0]


async def test_calls_left_open_by_an_orderly_stop_are_ended_too(
    store: Store, database: Database
) -> None:
    async with neighbour(database.url) as (process, call_id):
        await process.communicate(b"stop\n")
        assert process.returncode == 0
    assert await store.reap_orphans() == 1
    assert await state_of(store, call_id) == DIED


@pytest.mark.parametrize(("minutes", "reaped"), [(0, 0), (5, 1)])
async def test_a_server_elsewhere_is_judged_by_its_heartbeat(
    store: Store, database: Database, minutes: int, reaped: int
) -> None:
    async with neighbour(database.url) as (process, call_id):
        process.kill()
        await process.wait()
    ago = {
        "sqlite": f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-{minutes} minutes')",
        "postgresql": f"now() - interval '{minutes} minutes'",
    }[store.dialect]
    async with store.writing() as connection:
        await connection.exec_driver_sql(f"UPDATE servers SET place = 'moon', seen_at = {ago}")
    assert await store.reap_orphans() == reaped
    assert await state_of(store, call_id) == (DIED if reaped else LIVE)


async def test_another_process_with_the_same_pid_does_not_count(
    store: Store, database: Database
) -> None:
    async with neighbour(database.url) as (_, call_id):
        async with store.writing() as connection:
            await connection.exec_driver_sql("UPDATE servers SET birth = '1', id = 'older'")
            await connection.exec_driver_sql("UPDATE calls SET server_id = 'older'")
        # The neighbour reaps as well, and may have been quicker.
        assert await store.reap_orphans() in (0, 1)
        assert await state_of(store, call_id) == DIED


async def test_a_server_never_writes_itself_off(store: Store, database: Database) -> None:
    recorder = Recorder(store)
    recorder.start()
    call = Call("phone")
    recorder.call_started(call, {})
    await recorder.flush()
    async with store.writing() as connection:
        await connection.exec_driver_sql(
            "UPDATE servers SET place = 'moon', seen_at = '2020-01-01 00:00:00'"
        )
    assert await store.reap_orphans() == 0
    assert await database.rows("SELECT id FROM servers WHERE stopped_at IS NOT NULL") == []
    await recorder.close()


async def test_a_verdict_that_falls_during_a_heartbeat_is_seen(
    postgres_server: PostgresServer,
) -> None:
    database = PostgresDatabase(postgres_server, await postgres_server.new_database())
    store = await Store.open(database.url)

    async def beat() -> bool:
        async with store.writing() as connection:
            return await servers.beat(connection, store.server)

    async def it_waits() -> bool:
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(await database.rows(waiting))

    assert await beat()
    async with store.writing() as connection:
        await connection.exec_driver_sql("UPDATE servers SET stopped_at = now()")
        beating = asyncio.create_task(beat())
        await eventually(it_waits)
    assert await beating is False
    assert await beat() is True
    await store.close()


async def test_the_heartbeat_goes_on(store: Store, database: Database) -> None:
    recorder = Recorder(store, beat=0.02)
    recorder.start()
    await recorder.flush()
    async with store.writing() as connection:
        await connection.exec_driver_sql("UPDATE servers SET seen_at = '2020-01-01 00:00:00'")

    async def seen_again() -> bool:
        old = "SELECT 1 FROM servers WHERE seen_at < '2021-01-01 00:00:00'"
        return not await database.rows(old)

    await eventually(seen_again)
    await recorder.close()


async def test_a_server_that_was_written_off_too_early_takes_its_calls_back(
    store: Store, database: Database, lines: list[str]
) -> None:
    recorder = Recorder(store, beat=0.2)
    recorder.start()
    live, ended = Call("phone"), Call("phone")
    for call in (live, ended):
        call.on_state = recorder.call_state
        recorder.call_started(call, {})
        call.connected()
    await recorder.flush()
    other = await Store.open(database.url)
    async with other.writing() as connection:
        await connection.exec_driver_sql(
            "UPDATE servers SET place = 'moon', seen_at = '2020-01-01 00:00:00'"
        )
    assert await other.reap_orphans() == 2
    written_off_by = datetime.now(UTC)
    ended.ended("caller hung up")

    async def back() -> bool:
        return await state_of(store, live.id) == LIVE

    await eventually(back)
    await recorder.flush()
    over = await queries.call(store, ended.id)
    assert over is not None
    assert (over.state, over.end_reason, over.error) == ("ended", "caller hung up", "")
    assert over.ended_at is not None
    assert over.ended_at >= written_off_by
    assert await other.reap_orphans() == 0
    assert any("taken this one for dead" in line for line in lines)
    await recorder.close()
    await other.close()
