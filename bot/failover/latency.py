"""How long a provider takes as a rule, and from when on it is late."""

from collections import deque
from statistics import median

KEPT = 64
"""Latest answers that count: a few minutes of a busy server, an hour of a quiet one."""
FEWEST = 8
"""Answers from which a provider's own habit is known."""
SPREADS = 4.0
"""Standard deviations above the median from which an answer is late. Few in-time answers are."""
_DEVIATION = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""

Bounds = tuple[float, float]
"""Seconds, least and most, that a deadline may be."""


class Latency:
    """Recent seconds to the first sign of an answer.

    The deadline is taken from median and median absolute deviation: half of the answers may be
    slow, or hang, without moving it far. An answer that was not waited for counts with the time
    that it was given, so a provider that has become slower as a whole is soon granted more.
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=KEPT)

    def add(self, seconds: float) -> None:
        """An answer has begun, or was given up, after so long."""
        self._recent.append(seconds)

    @property
    def usual(self) -> float | None:
        """Seconds that half of the answers stay below; None where nothing is known."""
        return median(self._recent) if self._recent else None

    def deadline(self, bounds: Bounds) -> float:
        """Seconds from which an answer is late; the upper bound while little is known."""
        least, most = bounds
        if len(self._recent) < FEWEST:
            return most
        middle = median(self._recent)
        spread = median(abs(seconds - middle) for seconds in self._recent)
        return min(most, max(least, middle + SPREADS * _DEVIATION * spread))
