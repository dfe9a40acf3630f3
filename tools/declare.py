"""How a tool says what it is: its family, where it works, what it needs, how long it may take.

A family is a module of this package with a `FAMILY` and functions named `bot_…`. A new tool is one
more such function: its docstring is what the model reads, its signature is the schema.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.settings import Settings

SECONDS = 8.0
"""How long a tool may take, unless it says otherwise; shorter than a caller's patience."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is so on one call, and decides which tools there are.

    `screen`: the caller has the room's page open. `live_phone`: the call is a phone call that
    Twilio's REST API can move and end. `sms`: text messages can be sent. `number`: the caller's
    own number is known. `link`: they can be texted the address of a page beside the call.
    """

    settings: Settings
    screen: bool = False
    live_phone: bool = False
    sms: bool = False
    number: bool = False
    link: bool = False

    @classmethod
    def on_the_phone(cls, settings: Settings) -> "Facts":
        """What is so on a phone call from a known number, before there is one."""
        rest = settings.twilio_rest is not None
        sms = rest and bool(settings.TWILIO_PHONE_NUMBER)
        link = sms and bool(settings.PUBLIC_URL)
        return cls(settings, live_phone=rest, sms=sms, number=True, link=link)


Condition = Callable[[Facts], bool]


def always(_: Facts) -> bool:
    """Nothing is needed."""
    return True


@dataclass(frozen=True, slots=True)
class Family:
    """Tools that belong together, and are shown to the model together.

    Args:
        name: As in BOT_TOOLS.
        words: A regular expression of words that only a caller uses who wants one of these
            tools, in the languages that the bot speaks; found at the beginning of any word of
            folded text (no case, no accents).
        hints: Words that may also mean something else: they count where nobody's `words` are said.
        windows: Windows of the page that go with the family; open, they keep it in view.
        screen: Whether it is of use only where the caller sees the page.
        needs: Whether what it uses is configured.
        cannot: What the bot cannot do without it, to end the sentence 'You cannot …'.
        base: Shown whenever it is not certain what the caller wants.
    """

    name: str
    words: str
    hints: str = ""
    windows: frozenset[str] = frozenset()
    screen: bool = False
    needs: Condition = always
    cannot: str = ""
    base: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms one tool runs."""

    seconds: float = SECONDS
    screen: bool = False
    needs: Condition = always
    cannot: str = ""


F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
_ATTRIBUTE = "_tandem_terms"


def tool(
    *,
    seconds: float = SECONDS,
    screen: bool = False,
    needs: Condition = always,
    cannot: str = "",
) -> Callable[[F], F]:
    """Give a tool terms of its own; a function without this decorator has the usual ones.

    Args:
        seconds: How long it may take.
        screen: Whether it is of use only where the caller sees the page.
        needs: Whether what it uses is there on this call.
        cannot: What the bot cannot do where this tool is missing; '' if that goes without saying.
    """

    def mark(function: F) -> F:
        setattr(function, _ATTRIBUTE, Terms(seconds, screen, needs, cannot))
        return function

    return mark


def terms_of(function: Callable[..., Any]) -> Terms:
    """The terms of a tool."""
    found = getattr(function, _ATTRIBUTE, None)
    return found if isinstance(found, Terms) else Terms()
