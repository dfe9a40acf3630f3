"""Which families of tools a turn shows the model. Pure: words in, names out.

Small models lose their way among dozens of tools, and every tool costs prompt tokens. But servers
cache a prompt by its prefix, and tools stand before the conversation: a tool that goes or moves
makes the server read everything again. So families are only ever added, behind those already
shown; one that was shown stays, which also keeps follow-ups ('and make it louder') working. When
too many have come together, the list begins anew with what the conversation used last: one reading
again, seldom.
"""

import re
from collections.abc import Sequence

from bot.store.once import folded
from tools.declare import Family

MOST = 5
"""Families shown at once, beside those that always are: about twenty tools."""
KEPT = 2
"""How many of the families used last stay when the list begins anew."""


def wanted(families: Sequence[Family], words: str, windows: Sequence[str] = ()) -> tuple[str, ...]:
    """The families that the words ask for or an open window belongs to, in their own order."""
    text = folded(words)
    return tuple(
        family.name
        for family in families
        if family.base
        or family.windows & set(windows)
        or (text and re.search(rf"\b(?:{family.words})", text))
    )


class Shown:
    """The families that one conversation's model has been shown, in the order of showing.

    Args:
        families: Those that have tools on this call.
        most: How many may be shown beside the ones that always are.
    """

    def __init__(self, families: Sequence[Family], most: int = MOST) -> None:
        self._families = families
        self._most = most
        self._base = tuple(family.name for family in families if family.base)
        self.names: tuple[str, ...] = self._base

    def add(
        self, words: str, windows: Sequence[str] = (), used: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """Add what this turn asks for and return all that is shown.

        Args:
            words: What the caller said.
            windows: Windows that are open on the page.
            used: Families whose tools were called in this conversation, the latest last.
        """
        asked = wanted(self._families, words, windows)
        new = tuple(name for name in asked if name not in self.names)
        names = self.names + new
        if len(names) > len(self._base) + self._most:
            recent = [name for name in used if name not in (*self._base, *asked)][-KEPT:]
            rest = [name for name in asked if name not in self._base]
            names = (*self._base, *recent, *rest)
        self.names = names
        return names
