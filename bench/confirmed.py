"""A caller who waits for certain words, whatever else the bot says until then."""

import asyncio

from bench.caller import Caller
from bench.clips import FRAME, HZ
from bench.playout import Playout
from tests.fakes import voice

CONFIRMED_SECONDS = 60.0
"""How long the words are waited for."""
_LOOK_SECONDS = 0.25


class Confirmed(Caller):
    """Says each clip and times the answer from where `words` begin in it.

    "One moment, please" is no confirmation, so it is not what is timed.
    """

    def __init__(
        self, server: str, path: str, number: int, words: str, *, hasty: bool = False
    ) -> None:
        super().__init__(server, path, number, hasty=hasty)
        self._words = words
        self._out.keep = True

    async def _answer(self, since: float) -> float | None:
        if not self.report.turns:  # the greeting
            return await super()._answer(since)
        while self._now() < since + CONFIRMED_SECONDS and not self._over:
            heard = begins(self._out, since, self._words)
            if heard is not None and heard <= self._now():
                return heard
            await asyncio.sleep(_LOOK_SECONDS)
        return None


def begins(out: Playout, since: float, words: str) -> float | None:
    """When `words` are begun, of what is played from `since` on; None if they are not said whole.

    Exact to a frame: the latest frame from which on they can still be read.
    """
    pieces = [(start, audio) for start, audio in out.played if start >= since]
    pcm = voice.from_ulaw(b"".join(audio for _, audio in pieces))

    def said_from(frame: int) -> bool:
        return words in " ".join(voice.hear(pcm[frame * FRAME :], HZ).split())

    if not said_from(0):
        return None
    first, beyond = 0, len(pcm) // FRAME + 1
    while beyond - first > 1:
        middle = (first + beyond) // 2
        if said_from(middle):
            first = middle
        else:
            beyond = middle
    left = first * FRAME
    for start, audio in pieces:
        if left < len(audio):
            return start + left / HZ
        left -= len(audio)
    return None
