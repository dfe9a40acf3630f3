"""The end of an answer that another model began: nothing of it is said twice.

A model that is asked to go on from somebody else's words likes to begin with these words again. Its
beginning is kept back as long as it repeats what was said, and what it repeats is left out.
"""

import re

_WORD = re.compile(r"\S+\s*")
_BARE = re.compile(r"[^\w]+")
_NO_SPACE_BEFORE = ".,;:!?…)»”’"
_SENTENCE_END = ".!?…"
_LONGEST = 60
"""Words of what was said that are compared: a model repeats from there, or from its beginning."""


class GoesOn:
    """Takes the new model's words, gives those that are new.

    Args:
        said: What the caller has heard or will hear of the answer already.
    """

    def __init__(self, said: str) -> None:
        self._said = said
        self._known = [_bare(word) for word in said.split()]
        self._held = ""
        first = max(0, len(self._known) - _LONGEST)
        self._starts = {0, *range(first, len(self._known))} if self._known else set()
        self._first = True

    def take(self, text: str) -> str:
        """Take a piece; return what can be said of all that was taken, '' while it repeats."""
        if not self._starts:
            return self._joined(text)
        self._held += text
        return self._decide(over=False)

    def rest(self) -> str:
        """The answer is over: return what is held back still, without what it repeats."""
        return self._decide(over=True) if self._held else ""

    def _decide(self, *, over: bool) -> str:
        words = _WORD.findall(self._held)
        whole = words if over or self._held[-1:].isspace() else words[:-1]
        bare = [_bare(word) for word in whole]
        repeated, inside = 0, False
        for start in self._starts:
            known = self._known[start:]
            if len(bare) < len(known):
                inside = inside or known[: len(bare)] == bare
            elif self._ends_with(known, bare[: len(known)]):
                repeated = max(repeated, len(known))
        if inside and not over:
            return ""
        self._starts = set()
        held, self._held = self._held, ""
        if inside and len(bare) > repeated:
            return ""  # all of it was said before
        return self._joined(self._without(held, repeated))

    def _ends_with(self, known: list[str], new: list[str]) -> bool:
        """Whether `new` repeats the last words, `known`; the very last may have been broken off."""
        if len(known) == 1:
            return new == known and self._said.rstrip()[-1:] not in _SENTENCE_END
        return new[:-1] == known[:-1] and new[-1].startswith(known[-1])

    def _without(self, text: str, repeated: int) -> str:
        """`text` without its first words; the rest of a word that was broken off stays."""
        if not repeated:
            return text
        matches = list(_WORD.finditer(text))
        last = matches[repeated - 1]
        begun, word = self._said.split()[-1], last.group().rstrip()
        broken_off = not self._said[-1:].isspace() and len(word) > len(begun)
        if broken_off and word.casefold().startswith(begun.casefold()):
            self._first = False
            return word[len(begun) :] + text[last.start() + len(word) :]
        return text[last.end() :]

    def _joined(self, text: str) -> str:
        """`text`, with the space that belongs between it and what was said."""
        if not (self._first and text):
            return text
        self._first = False
        if not self._said or self._said[-1:].isspace() or text[0].isspace():
            return text.lstrip() if self._said[-1:].isspace() else text
        return text if text[0] in _NO_SPACE_BEFORE else f" {text}"


def _bare(word: str) -> str:
    return _BARE.sub("", word).casefold()
