"""The first clause of an answer goes to the voice before its sentence is whole.

A caller waits for the first sound; a sentence of fifteen words may take a model a second and a half
to write. Only the first piece is cut short, at a pause that a speaker would make too; the rest goes
sentence by sentence, which sounds better.
"""

from collections.abc import AsyncIterator
from typing import Any

from pipecat.utils.text.base_text_aggregator import Aggregation, TextType
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

FEWEST_WORDS = 3
"""A shorter clause would be over before the next one is there: a gap in mid-sentence."""
_PAUSES = ",;:–—"


class FirstClause(SimpleTextAggregator):
    """Pipecat's sentence aggregator, except that an answer's first piece may be a clause."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self._first = True

    async def aggregate(self, text: str) -> AsyncIterator[Aggregation]:
        """Take some text; yield what is ready to be spoken."""
        for char in text:
            async for piece in super().aggregate(char):
                self._first = False
                yield piece
            if self._first and char == " " and self._at_pause():
                self._first = False
                clause, self._text = self._text.strip(), ""
                yield Aggregation(text=clause, type=TextType.SENTENCE)

    async def flush(self) -> Aggregation | None:
        """The answer is over: return the rest of it."""
        self._first = True
        return await super().flush()

    async def handle_interruption(self) -> None:
        """The answer was cut off: forget it."""
        self._first = True
        await super().handle_interruption()  # type: ignore[no-untyped-call]

    async def reset(self) -> None:
        """Forget everything."""
        self._first = True
        await super().reset()  # type: ignore[no-untyped-call]

    def _at_pause(self) -> bool:
        written = self._text.rstrip()
        return written[-1:] in _PAUSES and len(written.split()) >= FEWEST_WORDS
