"""Which families of tools a turn shows the model. Pure: words in, names out.

Small models lose their way among dozens of tools, and every tool costs prompt tokens. What the
caller says mostly tells what they want: then only that is shown. Where it does not, what the words
may mean is shown, and the base, with which most things can be done one way or the other. Where
nothing is asked, nothing is added.

But servers cache a prompt by its prefix, and tools stand before the conversation: a tool that goes
or moves makes the server read everything again. So families are only ever added, behind those
already shown; one that was shown stays, which also keeps follow-ups ('and make it louder') working.
When too many have come together, the list begins anew with what the conversation used last: one
reading again, seldom.
"""

import re
from collections.abc import Sequence

from bot.store.once import folded
from tools.declare import Family

MOST = 5
"""Families shown at once, beside the base: about twenty tools."""
KEPT = 2
"""How many of the families used last stay when the list begins anew."""
SMALL_TALK = 3
"""Words of 'thank you' or 'okay, sounds good'; so short a request names what it wants."""
KEYS = "dtmf "
"""What the text of pressed keys begins with, folded: they may mean anything."""


def wanted(
    families: Sequence[Family], words: str, windows: Sequence[str] = (), begun: bool = False
) -> tuple[str, ...]:
    """The families that the words ask for or an open window belongs to, in their own order.

    Where nobody's `words` are said: those whose `hints` are, and the base; except for small talk
    before anything was asked for. Later 'yes, please' may well answer 'shall I take a message?'.
    """
    text = folded(words)
    named = {one.name for one in families if _said(one.words, text)}
    if not named:
        named = {one.name for one in families if _said(one.hints, text)}
        least = 0 if begun or text.startswith(KEYS) else SMALL_TALK
        if named or len(text.split()) > least:
            named |= {one.name for one in families if one.base}
    open_now = {one.name for one in families if one.windows & set(windows)}
    return tuple(one.name for one in families if one.name in named | open_now)


def _said(words: str, text: str) -> bool:
    return bool(words and text and re.search(rf"\b(?:{words})", text))


class Shown:
    """The families that one conversation's model has been shown, in the order of showing.

    Args:
        families: Those that have tools on this call.
        most: How many may be shown beside the base.
    """

    def __init__(self, families: Sequence[Family], most: int = MOST) -> None:
        self._most = most
        self.names: tuple[str, ...] = ()
        self.among(families)

    def among(self, families: Sequence[Family]) -> None:
        """Choose among these from now on; what was shown and is not there any more goes."""
        self._families = families
        self._base = tuple(family.name for family in families if family.base)
        there = {family.name for family in families}
        self.names = tuple(name for name in self.names if name in there)

    def keep(self, name: str) -> None:
        """Show a family from now on, whatever is said; nothing if it has no tools on this call."""
        if name not in self.names and any(one.name == name for one in self._families):
            self.names += (name,)

    def add(
        self, words: str, windows: Sequence[str] = (), used: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """Add what this turn asks for and return all that is shown.

        Args:
            words: What the caller said.
            windows: Windows that are open on the page.
            used: Families whose tools were called in this conversation, the latest last.
        """
        asked = wanted(self._families, words, windows, begun=bool(self.names))
        names = self.names + tuple(name for name in asked if name not in self.names)
        if len([name for name in names if name not in self._base]) > self._most:
            base = tuple(name for name in names if name in self._base)
            recent = [name for name in used if name not in (*base, *asked)][-KEPT:]
            names = (*base, *recent, *(name for name in asked if name not in base))
        self.names = names
        return names
