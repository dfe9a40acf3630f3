"""Orders about modes: carried out, refused, raced for by two operators and two processes."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from bot.call import Call
from bot.errors import StoreError
from bot.modes.operators import Order
from bot.modes.state import ModeConflict, ModeRefused
from bot.settings import ROOT
from bot.store import modes as stored
from bot.store.recorder import Recorder
from bot.store.store import Store
from tests.fakes.faults import Fault, Kind
from tests.fakes.openai_api import OpenAIApi
from tests.modes.conftest import Desk, make_desk
from tests.store.databases import Database


def cloud(api: OpenAIApi) -> dict[str, Any]:
    lists = dict.fromkeys(("STT_PROVIDERS", "LLM_PROVIDERS", "TTS_PROVIDERS"), "openai")
    return {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": api.url, **lists}


def call(number: int = 1) -> Call:
    return Call("phone", caller=f"+1555000{number:04d}", callee="+15550009999")


async def test_a_switch_is_for_new_calls_and_is_noted(
    store: Store, http: httpx2.AsyncClient, openai_api: OpenAIApi
) -> None:
    desk = make_desk(store, http, **cloud(openai_api))
    before = call()
    assert desk.modes.pin(before).mode.name == "cascade"
    assert before.mode_reason == "default_mode"
    set_ = await desk.operators.switch(Order("embedded", who="anna"))
    after = call()
    assert desk.modes.pin(after).mode.name == "embedded"
    assert after.mode_reason == "operator's setting"
    assert desk.modes.of(before).mode.name == before.mode == "cascade"
    (change,) = await stored.changes(store)
    assert (change.who, change.at, change.before, change.after["mode"]) == (
        "anna",
        set_.at,
        {},
        "embedded",
    )
    assert desk.told == ["anna: mode from LLM_MODE or default_mode to embedded"]
    await desk.operators.switch(Order("", who="bert"))
    assert desk.modes.mode == "cascade"
    assert "from embedded to LLM_MODE" in desk.told[1]


@pytest.mark.parametrize(
    ("mode", "line"),
    [
        ("quantum", "^quantum: there is no such mode; there are openai_realtime, runpod_streaming"),
        ("runpod_streaming", "^runpod_streaming: needs WHISPER_ENDPOINT, RUNPOD_A100_ENDPOINT or"),
    ],
)
async def test_unknown_and_lacking_modes_are_refused_even_by_force(
    mode: str, line: str, store: Store, http: httpx2.AsyncClient
) -> None:
    desk = make_desk(store, http)
    for forced in (False, True):
        for order in (
            desk.operators.switch(Order(mode, forced=forced)),
            desk.operators.switch(Order(mode, when="idle", forced=forced)),
            desk.operators.roll_out({mode: 10}, forced=forced),
            desk.operators.set_own("+15550001111", mode, forced=forced),
        ):
            with pytest.raises(ModeRefused, match=line) as error:
                await order
            assert "\n" not in str(error.value)
    assert await stored.read(store) == {}


async def test_a_mode_that_is_not_well_is_refused_unless_forced(
    store: Store, http: httpx2.AsyncClient, openai_api: OpenAIApi
) -> None:
    desk = make_desk(store, http, **cloud(openai_api))
    openai_api.fail(Fault(Kind.STATUS, status=503), "models")
    with pytest.raises(ModeRefused, match=r"^cascade: its health check failed: .*answers 503"):
        await desk.operators.switch(Order("cascade"))
    await desk.operators.switch(Order("cascade", forced=True))
    assert desk.modes.settled.forced
    openai_api.heal()
    await desk.operators.switch(Order("cascade"))
    assert not desk.modes.settled.forced


async def test_when_idle_waits_for_the_last_call_of_every_process(
    store: Store, http: httpx2.AsyncClient, recorder: Recorder
) -> None:
    desk, other = make_desk(store, http), call()
    recorder.call_started(other, {})
    await recorder.flush()
    await desk.operators.switch(Order("embedded", when="idle", who="anna"))
    assert desk.modes.settled.pending
    desk.live = 1
    for live in (1, 0):  # a call of our own, then the other process's alone
        desk.live = live
        await desk.operators.apply_pending()
        assert desk.modes.mode == "cascade"
    other.ended("caller hung up")
    recorder.call_state(other)
    await recorder.flush()
    await desk.operators.apply_pending()
    assert (desk.modes.mode, desk.modes.settled.pending) == ("embedded", None)
    assert [c.who for c in await stored.changes(store)] == ["anna", "anna"]


async def test_a_grace_is_waited_for_and_the_newest_order_replaces_it(
    store: Store, http: httpx2.AsyncClient
) -> None:
    desk = make_desk(store, http)
    await desk.operators.switch(Order("embedded", when="grace", grace=0.2))
    await desk.operators.apply_pending()
    pending = desk.modes.settled.pending
    assert pending
    assert pending.due
    assert desk.modes.mode == "cascade"
    await asyncio.sleep(max(0.0, (pending.due - datetime.now(UTC)).total_seconds()))
    await desk.operators.apply_pending()
    assert desk.modes.mode == "embedded"
    await desk.operators.switch(Order("cascade", when="grace", grace=3600))
    await desk.operators.switch(Order("embedded"))
    assert desk.modes.settled.pending is None


async def test_a_waiting_switch_to_a_mode_that_has_broken_is_dropped(
    store: Store, http: httpx2.AsyncClient, openai_api: OpenAIApi
) -> None:
    desk = make_desk(store, http, LLM_MODE="embedded", **cloud(openai_api))
    desk.live = 1
    await desk.operators.switch(Order("cascade", when="idle", who="anna"))
    openai_api.fail(Fault(Kind.STATUS, status=401), "models")
    desk.live = 0
    await desk.operators.apply_pending()
    assert (desk.modes.mode, desk.modes.settled.pending) == ("embedded", None)
    assert any("anna ordered is dropped: cascade: its health" in line for line in desk.told)


async def two(store: Store, database: Database, http: httpx2.AsyncClient) -> tuple[Desk, Desk]:
    """Two processes' views, each on a connection pool of its own."""
    return make_desk(store, http), make_desk(await Store.open(database.url), http)


async def test_of_two_operators_upon_the_same_version_one_wins_and_both_see_it(
    store: Store, database: Database, http: httpx2.AsyncClient
) -> None:
    one, other = await two(store, database, http)
    try:
        for round_ in range(4):
            await asyncio.gather(one.operators.look(), other.operators.look())
            seen = one.modes.settled.mode_setting.version
            orders = [
                one.operators.switch(Order("embedded", who=f"anna {round_}", version=seen)),
                other.operators.switch(Order("cascade", who=f"bert {round_}", version=seen)),
            ]
            done = await asyncio.gather(*orders, return_exceptions=True)
            lost = [e for e in done if isinstance(e, ModeConflict)]
            assert len(lost) == 1, done
            await asyncio.gather(one.operators.look(), other.operators.look())
            assert one.modes.settled == other.modes.settled
            winner = one.modes.settled.mode_setting.who
            assert str(lost[0]).startswith(f"{winner} was faster: the mode is {one.modes.mode}")
            assert len(await stored.changes(store)) == round_ + 1
    finally:
        await other.operators._store.close()


async def test_numbers_set_at_the_same_time_all_stand(
    store: Store, database: Database, http: httpx2.AsyncClient
) -> None:
    one, other = await two(store, database, http)
    try:
        orders = [
            desk.operators.set_own(f"+1555000{n}{who}", "embedded")
            for who, desk in enumerate((one, other))
            for n in range(2)
        ]
        await asyncio.gather(*orders)
        await one.operators.look()
        assert len(one.modes.settled.own) == 4
    finally:
        await other.operators._store.close()
    await one.operators.set_own("+155500000", "")
    assert "+155500000" not in one.modes.settled.own
    with pytest.raises(ModeRefused, match="'anna' is not a number"):
        await one.operators.set_own("anna", "embedded")


SWITCHER = """
import asyncio, sys
from bot.modes.state import ModeConflict
from bot.modes.operators import Order
from bot.store.store import Store
from tests.modes.conftest import make_desk
import httpx2

async def main(url, who):
    store = await Store.open(url)
    async with httpx2.AsyncClient() as http:
        desk = make_desk(store, http)
        won = 0
        print("up", flush=True)
        sys.stdin.readline()
        for number in range(10):
            try:
                mode = ("embedded", "cascade")[number % 2]
                await desk.operators.switch(Order(mode, who=who))
                won += 1
            except ModeConflict:
                pass
    await store.close()
    print(won)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_two_server_processes_lose_no_change_and_make_none_twice(
    store: Store, database: Database, http: httpx2.AsyncClient
) -> None:
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SWITCHER, database.url, who),
            cwd=ROOT,
            stdin=pipe,
            stdout=pipe,
        )
        for who in ("anna", "bert")
    ]
    for process in processes:
        assert process.stdout
        assert await process.stdout.readline() == b"up\n"
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0, 0]
    won = [int(output) for output, _ in answers]
    changes = await stored.changes(store, limit=100)
    assert len(changes) == sum(won)
    assert sorted(c.version for c in changes) == list(range(1, sum(won) + 1))
    desk = make_desk(store, http)
    await desk.operators.look()
    assert desk.modes.settled.mode_setting.version == sum(won)


async def test_a_rollout_is_set_checked_and_ended(store: Store, http: httpx2.AsyncClient) -> None:
    desk = make_desk(store, http)
    for shares, line in (
        ({"embedded": 60, "cascade": 50}, "more than 100 per cent"),
        ({"embedded": -1}, "embedded: a share is between 0 and 100"),
        ({"quantum": 0}, "quantum: there is no such mode"),
    ):
        with pytest.raises(ModeRefused, match=line):
            await desk.operators.roll_out(shares)
    await desk.operators.roll_out({"embedded": 100}, "anna")
    one = call()
    desk.modes.pin(one)
    assert (one.mode, one.mode_reason) == ("embedded", "rollout 100 %")
    await desk.operators.roll_out({}, "anna")
    assert desk.modes.settled.rollout == {}
    assert desk.told[-1] == "anna: rollout from embedded 100 % to none"


@pytest.mark.usefixtures("impatient")
async def test_without_the_database_nothing_changes_and_calls_go_on(
    store: Store, database: Database, http: httpx2.AsyncClient
) -> None:
    desk = make_desk(store, http)
    await desk.operators.switch(Order("embedded"))
    database.cut()
    with pytest.raises(StoreError):
        await desk.operators.switch(Order("cascade"))
    assert desk.modes.pin(call()).mode.name == "embedded"
    database.mend()
    await desk.operators.switch(Order("cascade"))
    assert desk.modes.mode == "cascade"
