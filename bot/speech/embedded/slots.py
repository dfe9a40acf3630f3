"""Gives each conversation the slot of the language model that already holds its past.

A slot remembers the tokens of its last request. A request that goes on from there costs only its
new words; any other starts after the system prompt that all slots share.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from typing import Any

Past = tuple[str, ...]


def fingerprint(messages: Sequence[Any]) -> Past:
    """One short hash for each message."""
    return tuple(
        hashlib.sha256(json.dumps(message, sort_keys=True).encode()).hexdigest()[:16]
        for message in messages
    )


class Slots:
    """Free slots, each with what it has heard; those who find none wait in order."""

    def __init__(self, count: int) -> None:
        self._pasts: list[Past] = [()] * count
        self._free = list(range(count))  # longest unused first
        self._waiting: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    async def take(self, past: Past) -> int:
        """The free slot that shares the longest past, else the one that was unused the longest."""
        if not self._free or not self._waiting.empty():
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.put_nowait(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._call_next()
                raise
        best = max(self._free, key=lambda slot: shared(self._pasts[slot], past))
        self._free.remove(best)
        return best

    def give_back(self, slot: int, past: Past) -> None:
        """Frees a slot, which now holds this past."""
        self._pasts[slot] = past
        self._free.append(slot)
        self._call_next()

    def forget(self) -> None:
        """All slots are empty again."""
        self._pasts = [()] * len(self._pasts)

    def _call_next(self) -> None:
        while not self._waiting.empty():
            turn = self._waiting.get_nowait()
            if not turn.done():
                turn.set_result(None)
                return


def shared(held: Past, asked: Past) -> int:
    """How many messages after the first (the system prompt) two pasts begin with alike."""
    count = 0
    for one, other in zip(held, asked, strict=False):
        if one != other:
            break
        count += 1
    return max(0, count - 1)
