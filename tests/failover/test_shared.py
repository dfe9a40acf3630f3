"""Two processes that share a database agree on which provider is down; without it each is alone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio
from pydantic import SecretStr

from bot.errors import ProviderDenied
from bot.failover.breaker import Breaker, State
from bot.failover.breakers import Breakers
from bot.failover.shared import Shared
from bot.providers import Endpoint
from bot.store import provider_health
from bot.store.store import Store

POD = Endpoint("llm", "openai", "http://pod/v1", SecretStr("sk-hush"), "m", "test")
OWN = Endpoint("llm", "embedded", "http://127.0.0.1:1/v1", SecretStr(""), "llm", "test")


class Process:
    """What one process has: a store of its own on the same database, and its breakers."""

    def __init__(self, store: Store) -> None:
        self.told: list[str] = []
        self.breakers = Breakers(lambda _, line: self.told.append(line))
        self.shared = Shared(self.breakers, store)
        self.breakers.changed = self.shared._note
        self.store = store

    @property
    def pod(self) -> Breaker:
        return self.breakers.of(POD)


@pytest_asyncio.fixture
async def processes(tmp_path: Path) -> AsyncIterator[tuple[Process, Process]]:
    url = f"sqlite:///{tmp_path / 'calls.db'}"
    made = [Process(await Store.open(url)) for _ in range(2)]
    for process in made:
        process.breakers.of(POD)
    yield made[0], made[1]
    for process in made:
        await process.breakers.close()
        await process.store.close()


async def test_what_one_finds_the_other_knows_and_back(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    one.pod.failed(ProviderDenied("openai: 401"))
    await one.shared.once()
    await other.shared.once()
    assert other.pod.state is State.OPEN
    assert other.told == ["llm openai m: open, openai: 401 (found by another process)"]
    other.pod.answered(0.2)
    await other.shared.once()
    await one.shared.once()
    assert one.pod.state is State.CLOSED
    (word,) = await provider_health.heard(one.store)
    assert (word.state, word.server_id) == ("closed", other.store.server.id)
    assert "hush" not in repr(word)


async def test_an_old_word_is_not_taken_for_news(processes: tuple[Process, Process]) -> None:
    one, other = processes
    one.pod.failed(ProviderDenied("401"))
    await one.shared.once()
    await other.shared.once()
    other.pod.agree(State.CLOSED, "")
    await other.shared.once()
    assert other.pod.state is State.CLOSED  # it has heard that word before


async def test_a_provider_that_is_new_here_is_known_to_be_down(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    late = replace(POD, model="another")
    one.breakers.of(late).failed(ProviderDenied("401"))
    await one.shared.once()
    await other.shared.once()
    breaker = other.breakers.of(late)
    assert breaker.state is State.CLOSED
    await other.shared.once()
    assert breaker.state is State.OPEN


async def test_each_machine_has_embedded_models_of_its_own(
    processes: tuple[Process, Process],
) -> None:
    one, other = processes
    one.breakers.of(OWN).failed(ProviderDenied("404"))
    await one.shared.once()
    assert await provider_health.heard(other.store) == []


async def test_a_store_that_is_away_does_not_matter(
    processes: tuple[Process, Process], tmp_path: Path
) -> None:
    one, other = processes
    async with one.store.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE provider_health RENAME TO gone")
    one.pod.failed(ProviderDenied("401"))
    await one.shared.once()
    assert one.pod.state is State.OPEN
    async with one.store.writing() as connection:
        await connection.exec_driver_sql("ALTER TABLE gone RENAME TO provider_health")
    await one.shared.once()  # it has kept what was to be said
    await other.shared.once()
    assert other.pod.state is State.OPEN


async def test_it_runs_by_itself_and_stops(processes: tuple[Process, Process]) -> None:
    one, other = processes
    one.shared.start()
    one.pod.failed(ProviderDenied("401"))
    for _ in range(200):
        await other.shared.once()
        if other.pod.state is State.OPEN:
            break
    assert other.pod.state is State.OPEN
    await one.shared.close()
