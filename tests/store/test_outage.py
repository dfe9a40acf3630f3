"""The database goes away, fills up, or refuses a record: calls go on, nothing is out of order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGQUIT

import pytest
from sqlalchemy import event

from bot.call import Call
from bot.store import queries
from bot.store.recorder import Recorder
from bot.store.store import Store
from tests.fixtures.postgres import PASSWORD, QUOTED_PASSWORD, PostgresServer
from tests.store.databases import Database, PostgresDatabase, eventually

pytestmark = pytest.mark.usefixtures("impatient")


def say(recorder: Recorder, call: Call, *numbers: int) -> None:
    for number in numbers:
        recorder.utterance(call.id, speaker="caller", text=f"word {number}", turn=number)


async def said(store: Store, call: Call) -> list[str]:
    return [utterance.text for utterance in await queries.utterances(store, call.id)]


async def told(lines: list[str]) -> None:
    """Wait for the operator's first line."""

    async def first() -> bool:
        return bool(lines)

    await eventually(first)
    assert len(lines) == 1, lines


def words(count: int) -> list[str]:
    return [f"word {number}" for number in range(count)]


async def test_an_outage_is_outlasted_in_order(
    recorder: Recorder, store: Store, database: Database, lines: list[str]
) -> None:
    call = Call("phone")
    call.on_state = recorder.call_state
    recorder.call_started(call, {})
    say(recorder, call, 0)
    await recorder.flush()
    database.cut()
    call.connected()
    say(recorder, call, *range(1, 300))
    await told(lines)
    # The loop is free and the call goes on, through several failed tries.
    await asyncio.sleep(0.5)
    say(recorder, call, *range(300, 310))
    call.ended("caller hung up")
    assert recorder.waiting == 311
    assert len(lines) == 1, lines
    database.mend()
    await recorder.flush()
    assert await said(store, call) == words(310)
    written = await queries.call(store, call.id)
    assert written is not None
    assert (written.state, recorder.waiting, recorder.lost) == ("ended", 0, {})
    assert len(lines) == 2, lines
    assert "takes no writes, calls go on" in lines[0]
    assert "writes again after" in lines[1]
    for secret in (PASSWORD, QUOTED_PASSWORD, "word"):
        assert secret not in "".join(lines).replace("password", "")


async def test_a_full_queue_gives_up_stage_times_and_says_so_once(
    store: Store, database: Database, lines: list[str]
) -> None:
    recorder = Recorder(store, capacity=30, retry=(0.02, 0.1))
    recorder.start()
    call = Call("phone")
    recorder.call_started(call, {})
    await recorder.flush()
    database.cut()
    # The first one is in the writer's hands; the others wait.
    say(recorder, call, 0)
    await told(lines)
    for number in range(1, 31):
        say(recorder, call, number)
        recorder.turn_stages(call.id, number, {"llm": 0.5})
    assert recorder.lost == {"turn_stages": 30}
    assert recorder.waiting == 31
    say(recorder, call, 31)
    assert recorder.lost == {"turn_stages": 30, "utterance": 1}
    full = [line for line in lines if "room for no more" in line]
    assert len(full) == 1
    database.mend()
    await recorder.flush()
    assert await said(store, call) == [word for word in words(32) if word != "word 1"]
    assert await queries.turns(store, call.id) == []
    await recorder.close()


async def test_a_record_that_cannot_be_written_harms_no_other(
    recorder: Recorder, store: Store, lines: list[str]
) -> None:
    call, unknown = Call("phone"), Call("phone")
    recorder.call_started(call, {})
    say(recorder, call, 0, 1)
    recorder.utterance(unknown.id, speaker="caller", text="very private", turn=1)
    recorder.turn_started(call.id, 2**70)
    say(recorder, call, 2)
    await recorder.flush()
    assert await said(store, call) == words(3)
    assert recorder.unwritable == 2
    assert len(lines) == 2
    assert lines[0].startswith("store: a utterance cannot be written: ")
    assert lines[1].startswith("store: a turn_started cannot be written: ")
    assert "private" not in "".join(lines)


async def test_a_start_during_an_outage_catches_up(
    store: Store, database: Database, lines: list[str]
) -> None:
    database.cut()
    recorder = Recorder(store, retry=(0.02, 0.1))
    recorder.start()
    call = Call("phone")
    recorder.call_started(call, {})
    say(recorder, call, 0)
    await told(lines)
    database.mend()
    await recorder.flush()
    assert await said(store, call) == words(1)
    assert await database.rows("SELECT count(*) FROM servers") == [(1,)]
    await recorder.close()


async def test_close_during_an_outage_ends_in_time(
    store: Store, database: Database, lines: list[str]
) -> None:
    recorder = Recorder(store, retry=(0.02, 0.1))
    recorder.start()
    await recorder.flush()
    database.cut()
    call = Call("phone")
    recorder.call_started(call, {})
    before = asyncio.get_running_loop().time()
    await recorder.close(timeout=0.3)
    assert asyncio.get_running_loop().time() - before < 5
    assert any("stopped with 1 records unwritten" in line for line in lines)


async def test_a_full_disk_is_outlasted(tmp_path: Path, lines: list[str]) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/tandem.db")
    recorder = Recorder(store, retry=(0.02, 0.1))
    limit = {"pages": 10}

    # SQLite's own limit: it answers SQLITE_FULL, as it does when the disk is.
    @event.listens_for(store.engine.sync_engine, "begin")
    def _limit(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {limit['pages']}")  # type: ignore[attr-defined]

    recorder.start()
    call = Call("phone")
    recorder.call_started(call, {})
    long = "x" * 5000
    for _ in range(40):
        recorder.utterance(call.id, speaker="bot", text=long, turn=1)
    await told(lines)
    assert "full" in lines[0]
    assert await queries.utterances(store, call.id) == []
    limit["pages"] = 1_000_000
    await recorder.flush()
    assert len(await queries.utterances(store, call.id)) == 40
    assert recorder.unwritable == 0
    await recorder.close()
    await store.close()


async def test_a_crash_of_postgres_is_outlasted(
    postgres_server: PostgresServer, lines: list[str]
) -> None:
    database = PostgresDatabase(postgres_server, await postgres_server.new_database())
    store = await Store.open(database.url)
    recorder = Recorder(store, retry=(0.02, 0.1))
    recorder.start()
    call = Call("phone")
    recorder.call_started(call, {})
    await recorder.flush()
    postgres_server.stop(SIGQUIT)
    try:
        say(recorder, call, *range(5))
        await told(lines)
    finally:
        postgres_server.start()
    await recorder.flush()
    assert await said(store, call) == words(5)
    # Readers, too, get a fresh connection without noticing.
    assert [stored.id for stored in await queries.calls(store)] == [call.id]
    await recorder.close()
    await store.close()


class Wire:
    """A relay to PostgreSQL that can be cut, or can go silent as a dead network does."""

    def __init__(self) -> None:
        self.port = 0
        self.open = True
        self.silent = False
        self.writers: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        self.open = False
        for writer in self.writers:
            writer.transport.abort()

    @asynccontextmanager
    async def to(self, target: int) -> AsyncIterator["Wire"]:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.writers.append(writer)
            if not self.open:
                writer.transport.abort()
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
            self.writers.append(far_writer)
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

        async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while data := await reader.read(65536):
                    if not self.silent:
                        writer.write(data)
            except OSError:
                writer.transport.abort()
            else:
                writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()


@pytest.mark.parametrize("how", ["cut", "silent"])
async def test_a_broken_network_is_outlasted(
    postgres_server: PostgresServer,
    lines: list[str],
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.store.writer.WRITE_SECONDS", 0.5)
    name = await postgres_server.new_database()
    async with Wire().to(postgres_server.port) as wire:
        store = await Store.open(postgres_server.url(name, wire.port))
        recorder = Recorder(store, retry=(0.02, 0.1))
        recorder.start()
        call = Call("phone")
        recorder.call_started(call, {})
        await recorder.flush()
        if how == "cut":
            wire.cut()
        else:
            wire.silent = True
        say(recorder, call, *range(20))
        await told(lines)
        wire.open, wire.silent = True, False
        await recorder.flush()
        assert await said(store, call) == words(20)
        await recorder.close()
        await store.close()
