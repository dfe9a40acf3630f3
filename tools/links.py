"""One-time links to the page beside a phone call.

A link is good during its call. Whoever opens it first has it: it is bound to that browser, and
everybody else is refused. It lives in the memory of the process that has the call, whose number its
token begins with, as those of media streams do; of the token only a hash is kept.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.call import Call
from bot.errors import TokenRejected
from tools.beside import Beside
from tools.page import Page
from tools.toolbox import Toolbox

AFTER_SECONDS = 120.0
"""How long after the call its browser may still read, and save what was being typed."""
FORGET_SECONDS = 3600.0
"""Until then an expired link is told apart from one that never was."""

Why = Literal["unknown", "taken", "over"]


class LinkRefused(TokenRejected):
    """A link does not open; `why` says for which of the reasons."""

    def __init__(self, why: Why) -> None:
        super().__init__(f"the link is {why}")
        self.why = why


@dataclass
class _Link:
    """`browser`: who has opened it; '' for nobody. `over_at`: when its call was seen to be over."""

    beside: Beside
    browser: str = ""
    over_at: float | None = None


class Links:
    """The links of a process.

    Args:
        worker: Its number among those that share the port; 0 when it is alone.
        clock: Seconds.
    """

    def __init__(self, worker: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._worker, self._clock = worker, clock
        self._links: dict[str, _Link] = {}

    def equip(self, box: Toolbox) -> None:
        """Give a call's tools the page that its caller has, or can open."""
        if box.call.channel == "room":
            box.page = Page()
        elif box.call.channel == "phone":
            box.beside = self.beside(box.call)

    def beside(self, call: Call) -> Beside:
        """The page of a call, to which links can be made."""
        return Beside(call, self)

    def new(self, beside: Beside) -> str:
        """A token for a page."""
        self.look()
        token = secrets.token_urlsafe(16)
        if self._worker:
            token = f"{self._worker}-{token}"
        self._links[name_of(token)] = _Link(beside)
        return token

    def open(self, token: str, browser: str) -> Beside:
        """The page that a token opens; binds it to this browser, or finds it bound to it.

        What other links of the same call have opened is this browser's as well from then on.

        Args:
            token: As it stood in the link.
            browser: Whose it is from now on; never ''.

        Raises:
            LinkRefused: unknown, opened by another browser, or its call is over.
        """
        self.look()
        name = name_of(token)
        link = self._links.get(name)
        if link is None:
            raise LinkRefused("unknown")
        if not link.browser and link.over_at is not None:
            raise LinkRefused("over")
        if not link.browser:
            link.browser = browser
            for other in self._links.values():
                if other.beside is link.beside and other.browser:
                    other.browser = browser
        return self.of(name, browser)

    def of(self, name: str, browser: str) -> Beside:
        """The page of an opened link, by its name, for the browser that has opened it.

        Raises:
            LinkRefused: unknown, another browser's, or its call is over for too long.
        """
        self.look()
        link = self._links.get(name)
        if link is None or not link.browser:
            raise LinkRefused("unknown")
        if not browser or link.browser != browser:
            raise LinkRefused("taken")
        if link.over_at is not None and self._clock() - link.over_at > AFTER_SECONDS:
            raise LinkRefused("over")
        return link.beside

    def look(self) -> None:
        """Note which calls are over, and forget the links of those that are so for long."""
        now = self._clock()
        for name, link in list(self._links.items()):
            if link.over_at is None and link.beside.call.over:
                link.over_at = now
            if link.over_at is None:
                continue
            if now - link.over_at > AFTER_SECONDS:
                link.beside.forget()
            if now - link.over_at > FORGET_SECONDS:
                del self._links[name]


def name_of(token: str) -> str:
    """What a link is called in addresses: no secret, for it opens nothing without the cookie."""
    return hashlib.sha256(token.encode()).hexdigest()[:24]
