"""The recorder's queue: in order, bounded, and clear about what is lost first."""

import asyncio
from collections import Counter, deque

from bot.store.records import Kind, Record

# What is lost first when there is no room. The calls themselves go last.
_RANK: dict[Kind, int] = {
    "turn_stages": 0,
    "turn_started": 1,
    "event": 2,
    "utterance": 3,
    "call_state": 4,
    "call_started": 4,
}


class Backlog:
    """Records that wait to be written, at most `capacity`, oldest first.

    Attributes:
        lost: how many records of each kind were thrown away for want of room.
        last: the number of the newest record put in; numbers start at 1.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.lost: Counter[Kind] = Counter()
        self.last = 0
        self._ranks: list[deque[tuple[int, Record]]] = [deque() for _ in range(5)]
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return sum(map(len, self._ranks))

    @property
    def oldest(self) -> int | None:
        """The number of the oldest record that waits, or None."""
        return min((rank[0][0] for rank in self._ranks if rank), default=None)

    def put(self, record: Record) -> Record | None:
        """Add `record`; returns the record that was thrown away for it, if one was."""
        self.last += 1
        self._ranks[_RANK[record.kind]].append((self.last, record))
        self._filled.set()
        if len(self) <= self.capacity:
            return None
        _, victim = next(rank for rank in self._ranks if rank).popleft()
        self.lost[victim.kind] += 1
        return victim

    def take(self, count: int) -> list[Record]:
        """Remove and return up to `count` records, oldest first."""
        taken: list[Record] = []
        while len(taken) < count:
            heads = [rank for rank in self._ranks if rank]
            if not heads:
                break
            taken.append(min(heads, key=lambda rank: rank[0][0]).popleft()[1])
        if not len(self):
            self._filled.clear()
        return taken

    async def filled(self) -> None:
        """Wait until there is something to take."""
        await self._filled.wait()
