"""What the caller has heard of something that the bot says on its own account."""

import asyncio
import re
from collections.abc import Callable

VOICE_SECONDS = 12.0
"""Without a further word for so long, while the bot is silent, the voice has failed."""
SETTLE_SECONDS = 1.5
"""After the end of what was played no more words come; those of a voice that times them itself may
be spelt otherwise than the text."""


class Telling:
    """Follows a journal: of the words that are heard, which belong to what is being told.

    Args:
        sounds: Whether the bot can be heard now.

    Attributes:
        other: What the bot has said in the conversation otherwise, in order.
        was_cut: The caller has broken in since the last `begin`.
    """

    def __init__(self, sounds: Callable[[], bool]) -> None:
        self.other: list[str] = []
        self.was_cut = False
        self._sounds = sounds
        self._words: list[str] | None = None
        self._asked_for = self._played = 0
        self._last = ""
        self._first: Callable[[], None] = lambda: None
        self._news = asyncio.Event()

    @property
    def _finished(self) -> bool:
        return 0 < self._asked_for <= self._played

    @property
    def asked(self) -> bool:
        """Whether the bot's last words were a question."""
        return self._last.rstrip("\"' ”»").endswith("?")

    def begin(self, first: Callable[[], None] = lambda: None) -> None:
        """What is heard from now on belongs to what is told; `first` is called with its first
        word, before that reaches the context."""
        self._words, self._first = [], first
        self.was_cut, self._asked_for, self._played = False, 0, 0

    def asked_for(self) -> None:
        """The voice was asked to say a piece of it."""
        self._asked_for += 1

    async def heard(self, text: str) -> str:
        """Wait until `text` was heard, was cut off, or the voice has failed. Returns what was
        heard of it."""
        wanted = len(_plain(text))
        while not self.was_cut and len(_plain(self._so_far)) < wanted:
            self._news.clear()
            try:
                async with asyncio.timeout(SETTLE_SECONDS if self._finished else VOICE_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                if self._sounds():
                    continue
                if self._finished:
                    return text
                break
        return self._so_far

    def end(self) -> None:
        """What is heard from now on does not belong to it."""
        self._words = None

    def words(self, words: str) -> None:
        """See `Follower.words`."""
        self._last = words
        if self._words is None:
            self.other.append(words)
            return
        if not self._words:
            self._first()
        self._words.append(words)
        self._news.set()

    def cut(self) -> None:
        """See `Follower.cut`."""
        self.was_cut = True
        self._news.set()

    def finished(self) -> None:
        """See `Follower.finished`."""
        if self._words:
            self._played += 1
            self._news.set()

    @property
    def _so_far(self) -> str:
        return " ".join(self._words or ())


def _plain(text: str) -> str:
    return "".join(re.findall(r"\w", text))
