"""The page beside a phone call: what it is told, what it answers, whether it is there.

The caller opens it with a link that was texted to them (`tools.links`). It has no sound of its own:
they talk on the phone. One page a call, the one that came last.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.call import Call
from bot.messages import AnyMessage, Caption, Cut, Ended, Notice, TaskNews
from tools.page import ANSWER_SECONDS, Page
from tools.ui import CanvasClear, WindowOpen

if TYPE_CHECKING:
    from tools.links import Links

AWAY_SECONDS = 5.0
"""How long a page may be away, for a change of network, until its tools are withdrawn."""
SILENT_SECONDS = 45.0
"""A page says every 15 s that it is there. One that a phone has put to sleep says nothing."""
LOOK_SECONDS = 0.5
"""Between looks whether the call is over."""
MOST_TOLD = 300
"""Messages that a page which comes, or comes back, is told of what was before."""
_MESSAGE, _COMMAND, _TAKEN, _WELCOME = "message", "command", "taken", "welcome"


class Told(NamedTuple):
    """Something for the page: of what kind, and its data.

    `number` grows; 0 for what only holds as long as the page is connected. `until`: after that
    second nobody waits for it any more; 0 for ever.
    """

    number: int
    kind: str
    data: dict[str, Any]
    until: float = 0.0


def _nothing() -> None:
    """Nobody wants to know."""


class Beside:
    """One phone call's page.

    Attributes:
        call: The call.
        owner: Whose notes are shown there, as `Toolbox.owner` has it; '' before the first link.
        page: The page as the tools see it.
        there: Whether it is connected.

    Args:
        call: The call.
        links: Where its links are made.
    """

    def __init__(self, call: Call, links: "Links") -> None:
        self.call, self.owner = call, ""
        self.page = Page(self._command)
        self.there = False
        self._links = links
        self._came: Callable[[], None] = _nothing
        self._went: Callable[[], None] = _nothing
        self._told: dict[str, Told] = {}
        self._number = 0
        self._changed = asyncio.Event()
        self._seat: object | None = None
        self._seen = 0.0
        self._leaving: asyncio.TimerHandle | None = None
        self._windows: tuple[str, ...] = ()
        self._canvas: dict[str, Any] | None = None

    # -- for the tools and the conversation

    def link(self, owner: str) -> str:
        """A new one-time token of this call's page.

        Args:
            owner: Whose notes are shown there.
        """
        self.owner = owner
        return self._links.new(self)

    def attach(self, came: Callable[[], None], went: Callable[[], None]) -> None:
        """Tell this conversation from now on when the page comes and goes."""
        self._came, self._went = came, went

    def show(self, message: AnyMessage) -> None:
        """Tell the page what a caller may see: not which models there are, nor what failed."""
        if isinstance(message, Caption):
            key = f"caption {message.speaker} {message.turn}"
        elif isinstance(message, Cut):
            key = f"cut {message.turn}"
        elif isinstance(message, Notice):
            key = "notice"
        elif isinstance(message, TaskNews):
            key = f"task {self._number}"
        else:
            return
        self._put(key, _MESSAGE, message.model_dump(mode="json"))

    def ended(self) -> None:
        """The conversation is over, if its call is: what belongs to it is let go."""
        self._links.look()
        if self.call.over:
            self.attach(_nothing, _nothing)

    def forget(self) -> None:
        """What the page was told is not needed any more."""
        self._told.clear()
        self._canvas, self._windows = None, ()

    # -- for the web

    async def news(self, last: int) -> AsyncGenerator[Told | None]:
        """What the page is told from now on; None now and then while there is nothing.

        Ends with the call, when another page has come, or when this one gives no sign of life.

        Args:
            last: The number of what the page was told last; 0 for one that knows nothing yet.
        """
        seat = self._seat = object()
        self._changed.set()  # wakes the page that was there before
        self.alive()
        self._arrive()
        restored = [] if last else self._as_it_was()
        try:
            for told in (Told(0, _WELCOME, {}), *restored):
                yield told
            while self._seat is seat:
                self._changed.clear()
                for told in self._behind(last):
                    yield told
                    last = told.number
                if self.call.over:
                    yield Told(0, _MESSAGE, Ended(reason=self.call.end_reason).model_dump())
                    return
                if _now() - self._seen > SILENT_SECONDS:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._changed.wait()
                yield None
            yield Told(0, _TAKEN, {})
        finally:
            if self._seat is seat:
                self._seat = None
                self._leave()

    def alive(self) -> None:
        """The page has given a sign of life."""
        self._seen = _now()

    def heard(self, event: str, payload: dict[str, Any]) -> None:
        """The page has sent one of the events of `tools.ui`, checked."""
        self.alive()
        told = self._told.pop(f"command {payload.get('request', '')}", None)
        if told and payload.get("ok"):
            name = str(told.data["command"])
            if name == CanvasClear.command:
                self._canvas = None
            elif name.startswith("canvas."):
                self._canvas = told.data | {"payload": told.data["payload"] | {"request": ""}}
        self.page.heard(event, payload)
        if "windows" in payload:
            self._windows = self.page.windows

    # -- inside

    async def _command(self, name: str, payload: dict[str, Any]) -> None:
        data = {"command": name, "payload": payload}
        self._put(f"command {payload['request']}", _COMMAND, data, _now() + ANSWER_SECONDS)

    def _put(self, key: str, kind: str, data: dict[str, Any], until: float = 0.0) -> None:
        self._number += 1
        self._told.pop(key, None)  # what is said anew belongs at the end
        self._told[key] = Told(self._number, kind, data, until)
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
        self._changed.set()

    def _behind(self, last: int) -> list[Told]:
        now = _now()
        return [
            told
            for told in self._told.values()
            if told.number > last and not (told.until and told.until < now)
        ]

    def _as_it_was(self) -> list[Told]:
        """The windows of a page that was loaded anew, the back one first."""
        shown: list[Told] = []
        for app in reversed(self._windows):
            if app == "canvas" and self._canvas:
                shown.append(Told(0, _COMMAND, self._canvas))
            else:
                payload = {"request": "", "app": app}
                shown.append(Told(0, _COMMAND, {"command": WindowOpen.command, "payload": payload}))
        return shown

    def _arrive(self) -> None:
        if self._leaving:
            self._leaving.cancel()
            self._leaving = None
        if not self.there:
            self.there = True
            self._came()

    def _leave(self) -> None:
        seconds = 0 if self.call.over else AWAY_SECONDS
        self._leaving = asyncio.get_running_loop().call_later(seconds, self._gone)

    def _gone(self) -> None:
        self._leaving = None
        self.there = False
        self._told = {key: told for key, told in self._told.items() if told.kind != _COMMAND}
        self.page.gone()
        self._went()
        self.ended()


def _now() -> float:
    return asyncio.get_running_loop().time()
