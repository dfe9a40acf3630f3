"""The mode's home in AI-Memory: which service, both directions, and when it is away."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from bot.errors import ProviderDenied, ProviderUnavailable
from bot.modes.ai_memory import AiMemory as Client
from bot.modes.home import KEY, TYPE, ModeHome, _read
from bot.modes.operators import Order
from bot.modes.repeated import Repeated
from bot.modes.state import ModeRefused
from bot.settings import Settings
from bot.store.store import Store
from tests.fakes.ai_memory import TOKEN, AiMemory, MemoryRequest
from tests.fakes.faults import Fault, Kind
from tests.modes.conftest import Desk, make_desk


@pytest.fixture
async def memory() -> AsyncIterator[AiMemory]:
    async with AiMemory() as service:
        yield service


def client(http: httpx2.AsyncClient, **values: Any) -> Client:
    made = Client.from_settings(http, Settings.load(None, AI_MEMORY_TOKEN=TOKEN, **values))
    assert made
    return made


def home(service: AiMemory, desk: Desk, http: httpx2.AsyncClient) -> ModeHome:
    return ModeHome(client(http, AI_MEMORY_URL_DEV=service.origin), desk.modes, desk.operators)


async def test_production_asks_prod_first_and_falls_back_to_dev(
    http: httpx2.AsyncClient, memory: AiMemory
) -> None:
    async with AiMemory() as prod:
        both = {"AI_MEMORY_URL_PROD": prod.origin, "AI_MEMORY_URL_DEV": memory.origin}
        in_production = client(http, ENVIRONMENT="production", **both)
        assert await in_production.place() == prod.origin
        prod.db = False
        await client(http, **both).put_shared("setting", "x", "1", "test")
        assert prod.of(MemoryRequest)[-1].endpoint == "health"
        assert memory.shared("x")
        again = client(http, ENVIRONMENT="production", **both)
        assert await again.place() == memory.origin
        prod.db = True
        assert await again.place() == prod.origin  # the fallback is left as soon as it can be
    assert await again.place() == prod.origin  # well a moment ago
    with pytest.raises(ProviderUnavailable):
        await again.find("setting")
    assert await again.place() == memory.origin
    assert Client.from_settings(http, Settings.load(None)) is None


async def test_what_goes_over_the_wire(http: httpx2.AsyncClient, memory: AiMemory) -> None:
    used = client(http, AI_MEMORY_URL_DEV=memory.origin)
    await used.put_user("+15550001111", "fact", "name", "Ada", "call", ttl_days=30)
    await used.put_shared("fact", "opening hours", "9 to 5", "operator")
    (write, _) = [r for r in memory.of(MemoryRequest) if r.endpoint == "write"]
    assert (write.path, write.query) == ("/v1/memories/user", {"user_id": "+15550001111"})
    assert write.body == {
        "type": "fact",
        "key": "name",
        "value": "Ada",
        "ttl_days": 30,
        "source": "call",
    }
    assert [m.value for m in await used.find("fact", "opening")] == ["9 to 5"]
    assert {m.key for m in await used.find("fact", user_id="+15550001111")} == {
        "name",
        "opening hours",
    }
    wrong = Client(http, [memory.origin], "somebody's")
    with pytest.raises(ProviderDenied, match="it answers 401"):
        await wrong.find("fact")


async def test_a_switch_here_is_seen_there_and_the_other_way_round(
    store: Store, http: httpx2.AsyncClient, memory: AiMemory
) -> None:
    desk = make_desk(store, http)
    both = home(memory, desk, http)
    await both.sync()
    assert memory.shared(KEY) is None  # nobody has set anything
    await desk.operators.switch(Order("embedded", who="anna"))
    await both.sync()
    kept = memory.shared(KEY)
    assert kept
    assert (kept["type"], kept["source"], _read(kept["value"])["mode"]) == (
        TYPE,
        "tandem",
        "embedded",
    )
    memory.put(KEY, "cascade", source="dashboard")
    await both.sync()
    assert desk.modes.settled.mode == "cascade"
    assert desk.modes.settled.mode_setting.who == "AI-Memory (dashboard)"
    writes = len(memory.requests)
    await both.sync()
    assert len([r for r in memory.requests[writes:] if r.endpoint == "write"]) == 0


async def test_at_the_start_the_home_decides(
    store: Store, http: httpx2.AsyncClient, memory: AiMemory
) -> None:
    memory.put(KEY, '{"mode": "embedded"}')
    desk = make_desk(store, http)
    await home(memory, desk, http).sync()
    assert desk.modes.mode == "embedded"


async def test_an_older_value_there_is_mended(
    store: Store, http: httpx2.AsyncClient, memory: AiMemory
) -> None:
    desk = make_desk(store, http)
    await desk.operators.switch(Order("embedded"))
    old = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    memory.put(KEY, f'{{"mode": "cascade", "at": "{old}"}}')
    await home(memory, desk, http).sync()
    assert desk.modes.mode == "embedded"
    kept = memory.shared(KEY)
    assert kept
    assert _read(kept["value"])["mode"] == "embedded"


async def test_a_mode_that_cannot_be_taken_is_refused_until_it_changes(
    store: Store, http: httpx2.AsyncClient, memory: AiMemory
) -> None:
    desk = make_desk(store, http)
    await desk.operators.switch(Order("embedded"))
    both = home(memory, desk, http)
    memory.put(KEY, "quantum")
    for _ in range(2):
        with pytest.raises(ModeRefused, match="no such mode"):
            await both.sync()
    assert desk.modes.mode == "embedded"
    memory.put(KEY, "cascade")
    await both.sync()
    assert desk.modes.mode == "cascade"


@pytest.mark.parametrize(
    "fault", [Fault(Kind.STATUS, status=503), Fault(Kind.RESET), Fault(Kind.GARBAGE)], ids=str
)
async def test_while_it_is_away_the_last_known_mode_holds_and_the_operator_is_told_once(
    fault: Fault, store: Store, http: httpx2.AsyncClient, memory: AiMemory
) -> None:
    told: list[str] = []
    desk = make_desk(store, http)
    memory.put(KEY, "embedded")
    work = Repeated("AI-Memory", 9, home(memory, desk, http).sync, told.append)
    await work.once()
    assert desk.modes.mode == "embedded"
    memory.fail(fault)
    for _ in range(3):
        await work.once()
    assert desk.modes.mode == "embedded"
    assert work.trouble
    away = len(told)
    assert 1 <= away <= 2
    await desk.operators.switch(Order("cascade", who="anna"))
    memory.heal()
    await work.once()
    assert told[away:] == ["AI-Memory: well again"]
    kept = memory.shared(KEY)
    assert kept
    assert _read(kept["value"])["who"] == "anna"
