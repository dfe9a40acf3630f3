"""What a tool may use. The pipeline makes one for each call and hands it to Pipecat as
`app_resources`; a tool gets it with `toolbox(params)`.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from pipecat.services.llm_service import FunctionCallParams

from bot.call import Call
from bot.errors import TandemError
from bot.settings import Settings
from bot.store.store import Store
from bot.telephony.twilio import TwilioRest
from tools.beside import Beside
from tools.declare import Facts
from tools.memory import Memory
from tools.page import Page

_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
BROWSER = "browser:"
"""What the `caller` of a room's call begins with when its browser is known."""


class ToolFailed(TandemError):
    """A tool cannot do it. The text is for the model: what the caller may hear, what to do next."""


async def _at_once() -> None:
    """A wait for nothing."""


async def _nothing(_: str) -> None:
    """A hook that nobody uses."""


@dataclass(frozen=True, slots=True)
class ToolEnd:
    """A tool has ended: its outcome in one word, how long it took, what it was called with, and
    what it answered the model ('' if it was interrupted)."""

    name: str
    outcome: str
    seconds: float
    arguments: Mapping[str, Any]
    answer: str


@dataclass
class Toolbox:
    """One call's tools' surroundings.

    Args:
        call: The call.
        settings: The server's settings.
        store: The open database.
        http: The process's HTTP client, for public APIs.
        twilio: Twilio's REST API, if configured.
        page: The caller's page, if there is one now.
        beside: The page that a phone caller can open with a link; it becomes `page` meanwhile.
        turn: The number of the caller's present turn.
        refused: Whether what the caller has said last has a no in it.
        still_wanted: Whether the generation that made this tool call (by its id) was not
            interrupted since.
        end_call: Ends the call when everything was said, unless the caller speaks first; given
            the reason.
        quiet: Returns when what the bot has begun to say was heard.
        filler: Told a tool's name when the tool has not answered within 0.7 s.
        on_done: Told of each tool's end.
        tasks: Delegated tasks of this caller; set by the room that has them.
    """

    call: Call
    settings: Settings
    store: Store
    http: httpx2.AsyncClient
    twilio: TwilioRest | None = None
    page: Page | None = None
    beside: Beside | None = None
    turn: Callable[[], int] = lambda: 0
    refused: Callable[[], bool] = lambda: False
    still_wanted: Callable[[str], bool] = lambda _: True
    end_call: Callable[[str], Awaitable[None]] = _nothing
    quiet: Callable[[], Awaitable[None]] = _at_once
    filler: Callable[[str], Awaitable[None]] = _nothing
    on_done: Callable[[ToolEnd], None] = lambda _: None
    tasks: Any = None
    memory: Memory = field(default_factory=Memory)

    @property
    def number(self) -> str:
        """The caller's own number in E.164, or ''."""
        other = self.call.caller if self.call.direction == "inbound" else self.call.callee
        return other if self.call.channel == "phone" and _NUMBER.fullmatch(other) else ""

    @property
    def owner(self) -> str:
        """Whose notes and profile are meant: a phone number's, or a browser's (its cookie's, see
        `bot/web/room_visitor.py`). Who has neither, or may have forged their number, has them for
        one call."""
        if self.number and self.call.number_is_theirs:
            return self.number
        browser = self.call.channel == "room" and self.call.caller.startswith(BROWSER)
        return self.call.caller if browser else f"call:{self.call.id}"

    @property
    def language(self) -> str:
        """The conversation's language, two letters."""
        return self.settings.BOT_LANGUAGE[:2]

    @property
    def facts(self) -> Facts:
        """What decides which tools there are on this call."""
        sms = self.twilio is not None and bool(self.settings.TWILIO_PHONE_NUMBER)
        return Facts(
            settings=self.settings,
            screen=self.page is not None,
            live_phone=self.call.channel == "phone"
            and self.twilio is not None
            and bool(self.call.provider_call_id),
            sms=sms,
            number=bool(self.number),
            link=bool(self.beside and self.settings.PUBLIC_URL and self.number) and sms,
        )

    async def close(self) -> None:
        """Wait for writes that were under way when the call ended; each has its own limit."""
        await self.memory.settle()


def toolbox(params: FunctionCallParams) -> Toolbox:
    """The toolbox that a tool was called with."""
    box = params.app_resources
    assert isinstance(box, Toolbox), "the pipeline has no Toolbox as its app_resources"
    return box


def page_of(params: FunctionCallParams) -> Page:
    """The caller's page.

    Raises:
        ToolFailed: the caller has none open.
    """
    page = toolbox(params).page
    if page is None:
        raise ToolFailed("Not done: the caller has no screen open. Offer to tell it instead.")
    return page
