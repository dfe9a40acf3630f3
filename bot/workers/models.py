"""The embedded models, as a worker sees them: its parent has started them, for all workers."""

import asyncio

from bot.errors import EmbeddedError


class ParentsModels:
    """Implements `bot.embedded_models.Models`; the parent's reports go to `hear()`."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._ready = asyncio.Event()
        self._status = "not started"

    @property
    def base_url(self) -> str:
        """OpenAI's interface, with its /v1."""
        return self._base_url

    @property
    def ready(self) -> bool:
        """Whether every stage answers now."""
        return self._ready.is_set()

    @property
    def status(self) -> str:
        """One line for a person."""
        return self._status

    def hear(self, ready: bool, status: str) -> None:
        """Take the parent's report."""
        self._status = status
        if ready:
            self._ready.set()
        else:
            self._ready.clear()

    async def wait_ready(self, timeout: float | None = None) -> None:
        """Return when every stage answers.

        Raises:
            EmbeddedError: not within `timeout` seconds.
        """
        try:
            await asyncio.wait_for(self._ready.wait(), timeout)
        except TimeoutError:
            raise EmbeddedError(f"the embedded models are not ready: {self._status}") from None

    async def stop(self) -> None:
        """Nothing: they are the parent's."""
