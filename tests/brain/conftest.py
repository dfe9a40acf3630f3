"""What the brain's tests share."""

from collections.abc import AsyncIterator

import pytest_asyncio

from bot.clients import Clients


@pytest_asyncio.fixture
async def clients() -> AsyncIterator[Clients]:
    """The process's clients."""
    made = Clients()
    yield made
    await made.aclose()
