"""How often somebody may try a password."""

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import ClassVar

_REMEMBERED = 10_000


class Attempts:
    """Counts attempts by address; the oldest are forgotten.

    Args:
        clock: Seconds.
    """

    MOST: ClassVar[int] = 5
    SECONDS: ClassVar[float] = 300.0

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._made: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Seconds until the next attempt from an address is taken; 0 for now."""
        made = self._made.get(address)
        if made is None or len(made) < self.MOST:
            return 0
        return max(0, -int(-(made[0] + self.SECONDS - self._clock()) // 1))

    def add(self, address: str) -> None:
        """Count an attempt."""
        self._made.setdefault(address, deque(maxlen=self.MOST)).append(self._clock())
        self._made.move_to_end(address)
        while len(self._made) > _REMEMBERED:
            self._made.popitem(last=False)

    def forget(self, address: str) -> None:
        """The right password was given."""
        self._made.pop(address, None)
