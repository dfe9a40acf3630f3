"""The modes on a store: `database` and `store` are SQLite and PostgreSQL, as in tests/store."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from bot.failover.breakers import Breakers
from bot.modes.desk import Modes
from bot.modes.health import HealthChecks
from bot.modes.operators import Operators
from bot.modes.setup import Setup
from bot.settings import Settings
from bot.store.store import Store
from tests.store.conftest import (  # noqa: F401 - fixtures
    blank_file,
    database,
    impatient,
    recorder,
    server,
    store,
    tables,
)


@dataclass
class Desk:
    """What a process has of modes, without anything in the background."""

    modes: Modes
    operators: Operators
    breakers: Breakers
    live: int = 0
    told: list[str] = field(default_factory=list)


def make_desk(store: Store, http: httpx2.AsyncClient, **settings: Any) -> Desk:  # noqa: F811
    """A process's view; of two on one database each has its own."""
    setup = Setup.of(Settings.load(None, **settings))
    breakers = Breakers()
    checks = HealthChecks(http, lambda: "", breakers.health)
    modes = Modes(setup, checks, live=lambda: desk.live, started=None, models=lambda: None)
    told: list[str] = []
    operators = Operators(modes, store, lambda: desk.live == 0, told.append)
    desk = Desk(modes, operators, breakers, told=told)
    return desk


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client."""
    async with httpx2.AsyncClient() as client:
        yield client
