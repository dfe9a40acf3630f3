"""The caller's page as the tools see it: a command goes out, what really happened comes back.

How a command travels is the pipeline's business (`pipelines.screen`): it connects the page. Until
then, and where nothing ever does, nothing is shown and the tools say so.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from pydantic import ValidationError

from bot.errors import TandemError
from tools.ui import ANSWERS, Command, UiDone, UiTyped, UiWindows

ANSWER_SECONDS = 2.0
"""How long a page may take to do what it was told: opening a window takes it some 50 ms."""

Send = Callable[[str, dict[str, Any]], Awaitable[None]]
"""Sends one command to the page: its name and its payload."""


class NotShown(TandemError):
    """The page did not do it; the text says why, for the model."""


class Page:
    """The caller's page, as the tools see it. `windows` are the open ones, the front one first.

    Attributes:
        on_typed: Told what the caller has typed instead of saying it.

    Args:
        send: Sends one command; None until the page is connected.
        seconds: How long an answer is waited for.
    """

    def __init__(self, send: Send | None = None, seconds: float = ANSWER_SECONDS) -> None:
        self.windows: tuple[str, ...] = ()
        self.on_typed: Callable[[str], None] = lambda _: None
        self._send = send
        self._seconds = seconds
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[UiDone]] = {}

    def connect(self, send: Send) -> None:
        """Commands travel by `send` from now on."""
        self._send = send

    def gone(self) -> None:
        """The page is closed: whoever waits for its answer is told so."""
        self.windows = ()
        for request, waiting in self._waiting.items():
            if not waiting.done():
                closed = "the caller has closed the page"
                waiting.set_result(UiDone(request=request, ok=False, text=closed))

    async def do(self, command: Command) -> str:
        """Send a command and wait for what came of it; returns what the page says, often ''.

        Raises:
            NotShown: the page could not do it, or did not answer in time.
        """
        if self._send is None:
            raise NotShown("the caller's page is not connected")
        request = str(next(self._numbers))
        answer: asyncio.Future[UiDone] = asyncio.get_running_loop().create_future()
        self._waiting[request] = answer
        try:
            payload = command.model_copy(update={"request": request}).model_dump(mode="json")
            async with asyncio.timeout(self._seconds):
                await self._send(command.command, payload)
                done = await answer
        except TimeoutError:
            raise NotShown("the caller's page does not answer; it may be closed") from None
        finally:
            del self._waiting[request]
        if not done.ok:
            raise NotShown(done.text or "the page could not do it")
        return done.text

    async def tell(self, command: Command) -> bool:
        """Send a command that only mirrors what was done; False if the page did not show it."""
        try:
            await self.do(command)
        except NotShown:
            return False
        return True

    def heard(self, event: str, payload: object) -> bool:
        """Take an event that the page sent; False if it is not one of ours or makes no sense."""
        kind = ANSWERS.get(event)
        if kind is None:
            return False
        try:
            told = kind.model_validate(payload)
        except ValidationError:
            return False
        if isinstance(told, UiTyped):
            self.on_typed(told.text)
        if isinstance(told, UiDone | UiWindows):
            self.windows = tuple(told.windows)
        if isinstance(told, UiDone):
            waiting = self._waiting.get(told.request)
            if waiting is None or waiting.done():
                return False
            waiting.set_result(told)
        return True
