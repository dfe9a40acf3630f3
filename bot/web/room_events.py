"""What a page may send: the events of `tools.ui`, checked, and not too many."""

import time
from typing import Any

from pydantic import ValidationError

from tools.ui import ANSWERS, UiTyped

BURST, PER_SECOND = 200.0, 50.0
"""Messages from one page: so many at once, so many a second. A command of a tool, or a hand on a
window, makes two or three; each costs the server some 0.1 ms."""
TYPED_BURST, TYPED_PER_SECOND = 4.0, 0.5
"""Of these, typed turns: nobody types a sentence in less than two seconds for long."""


class Allowance:
    """Lets so many things pass at once, and so many a second in the long run."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._left, self._at = burst, time.monotonic()

    def take(self) -> bool:
        """Whether one more may pass now."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class FromPage:
    """What one page sends."""

    def __init__(self) -> None:
        self._messages = Allowance(BURST, PER_SECOND)
        self._turns = Allowance(TYPED_BURST, TYPED_PER_SECOND)

    def take(self) -> bool:
        """Whether one more message may pass now."""
        return self._messages.take()

    def event(self, data: object) -> tuple[str, dict[str, Any]] | None:
        """A UI event's name and payload, just as its model has it; None if it is none of ours, or
        a typed turn too many.

        Args:
            data: `{event, payload}`, as the page has sent it.
        """
        name = data.get("event") if isinstance(data, dict) else None
        kind = ANSWERS.get(name) if isinstance(name, str) else None
        if kind is None or not isinstance(data, dict):
            return None
        try:
            told = kind.model_validate(data.get("payload"))
        except ValidationError:
            return None
        if isinstance(told, UiTyped) and not self._turns.take():
            return None
        return str(name), told.model_dump(mode="json")
