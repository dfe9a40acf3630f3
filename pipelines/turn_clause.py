"""A turn's words as clauses, and what a rule finds out about them.

The punctuation of an STT says little: Whisper ends a cut-off clause with a full stop or a question
mark like any other. It is used only to see where one clause ends and another begins.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.turn_words import Words, tokens

Shape = Literal["complete", "answer", "statement", "unclear", "open", "unfinished"]

_BREAK = re.compile(r"[^\w\s'’@-]+(?=\s|$)")
_CONTRACTED = ("'ll", "'ve", "'re", "'d", "n't", "'m")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says: a shape, seconds of hold before any grading, and why."""

    shape: Shape
    hold: float
    reason: str


@dataclass(frozen=True, slots=True)
class Clause:
    """Words with the punctuation between them.

    `words`: lower case; `breaks`: indices of words that punctuation follows.
    """

    words: tuple[str, ...]
    breaks: frozenset[int]

    @property
    def last(self) -> str:
        """The last word, "" if there is none."""
        return self.words[-1] if self.words else ""

    def ends(self, phrases: Sequence[str]) -> str:
        """The phrase with which this ends, or ""."""
        said = " " + " ".join(self.words)
        return next((phrase for phrase in phrases if said.endswith(f" {phrase}")), "")

    def has(self, phrases: Sequence[str]) -> str:
        """The phrase which is in this, or ""."""
        said = f" {' '.join(self.words)} "
        return next((phrase for phrase in phrases if f" {phrase} " in said), "")

    def begins(self, phrases: Sequence[str]) -> str:
        """The phrase with which this begins, or ""."""
        said = " ".join(self.words) + " "
        return next((phrase for phrase in phrases if said.startswith(f"{phrase} ")), "")

    def after(self, index: int) -> "Clause":
        """What follows the first `index` words."""
        kept = frozenset(at - index for at in self.breaks if at >= index)
        return Clause(self.words[index:], kept)


def clause(text: str, table: Words) -> Clause:
    """Split a text."""
    words: list[str] = []
    breaks = set()
    for piece in text.split():
        words += tokens(piece, table)
        if _BREAK.search(piece) and words:
            breaks.add(len(words) - 1)
    return Clause(tuple(words), frozenset(breaks))


def is_number(word: str, table: Words) -> bool:
    """Whether a word is a number, or digits."""
    return word.isdigit() or word in table.digits or word in table.numbers


def without_lead(said: Clause, table: Words) -> Clause:
    """The clause without "yes", "well", "hello" and the like before it."""
    index = 0
    while index < len(said.words) and said.words[index] in table.leads | table.fillers:
        index += 1
    return said.after(index)


def has_verb(said: Clause, table: Words) -> bool:
    """Whether there is a sign of a finite verb: a subject, an auxiliary, a contraction."""
    signs = table.subjects | table.auxiliaries
    return any(
        word in signs or word in table.contracted or word.endswith(_CONTRACTED)
        for word in said.words
    )
