"""A call's tools on a real store and stand-ins of the public APIs."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from bot.store.store import Store
from tests.fakes.public_apis import PublicApis
from tests.tools.scene import Scene, scene

Play = Callable[..., Scene]


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store on SQLite; what is the database's business runs on both in tests/store."""
    opened = await Store.open(f"sqlite:///{tmp_path}/tandem.db")
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def public_apis() -> AsyncIterator[PublicApis]:
    """Wikipedia, Open-Meteo and YouTube at `public_apis.origin`."""
    async with PublicApis() as apis:
        yield apis


@pytest_asyncio.fixture
async def play(store: Store) -> AsyncIterator[Play]:
    """`play(channel="room", …)` begins a call; its writes are over at the test's end."""
    scenes: list[Scene] = []
    async with httpx2.AsyncClient() as http:

        def begin(**given: Any) -> Scene:
            made = scene(store, http, **given)
            scenes.append(made)
            return made

        yield begin
        for one in scenes:
            await one.box.close()
            if one.box.twilio:
                await one.box.twilio.aclose()


@pytest.fixture
def call(play: Play) -> Scene:
    """A phone call with nothing configured."""
    return play()


@pytest.fixture
def room(play: Play) -> Scene:
    """A call in the room, with a page."""
    return play(channel="room")
