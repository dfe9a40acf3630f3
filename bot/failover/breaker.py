"""A circuit breaker: whether a provider is fit to be asked, by how it has answered lately."""

import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import ProviderDenied, ProviderError, ProviderUnavailable
from bot.failover.latency import Latency

IN_A_ROW = 3
"""Failures one after the other that open it."""
FEWEST, SHARE = 6, 0.5
"""It opens too when so many of the latest requests, and at least so few, were failures or slow."""
WINDOW, WINDOW_SECONDS = 20, 60.0
"""The latest requests: so many, and no older."""
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 60.0
"""Until an open one is tried again, at first and at most: each vain try doubles it."""
DENIED_SECONDS = 30.0
"""The same where key or account are refused: that takes a person to mend."""


class State(StrEnum):
    """Closed: asked as usual. Open: left alone. Half open: being tried."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Health:
    """What an operator wants to know of a provider. Seconds; None where nothing is known. `fit`:
    see `Breaker.fit`."""

    name: str
    stage: str
    state: State
    usual_seconds: float | None
    answered: int
    failed: int
    slow: int
    last_error: str
    since_seconds: float
    fit: bool = True


class Breaker:
    """One endpoint's breaker. `answered`, `failed` and `slow` are told what has happened.

    Attributes:
        key: Tells endpoints apart, also between processes; holds no secret.
        state: Set by what is told, or by another process (`agree`).
        pause: Seconds that an open one waits until it is tried.
        latency: Of its answers.
        limit: Seconds within which a try has to be answered.
        probe: Asks the provider something small; raises ProviderError. None where there is none:
            then the next turn is the try.

    Args:
        key: See above.
        name: For the operator.
        stage: `stt`, `llm`, `tts` or `realtime`.
        changed: Told (breaker, reason) after each change of state that this process made.
    """

    def __init__(
        self,
        key: str,
        name: str = "",
        stage: str = "",
        changed: Callable[["Breaker", str], None] = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key, self.name, self.stage = key, name or key, stage
        self.state = State.CLOSED
        self.pause = PAUSE_SECONDS
        self.latency = Latency()
        self.probe: Callable[[], Awaitable[None]] | None = None
        self.last_error, self.limit = "", math.inf
        self._changed, self._clock = changed, clock
        self._recent: deque[tuple[float, bool]] = deque(maxlen=WINDOW)
        self._in_a_row = 0
        self._counts = {"answered": 0, "failed": 0, "slow": 0}
        self._since = clock()

    @property
    def fit(self) -> bool:
        """Whether it should be asked before others that are not."""
        return self.state is State.CLOSED or (self.state is State.HALF_OPEN and not self.probe)

    def answered(self, seconds: float) -> None:
        """It has answered, the first sign of it after so many seconds."""
        self._counts["answered"] += 1
        self.latency.add(seconds)
        self._note(bad=False)
        if self.state is not State.CLOSED:
            self._enter(State.CLOSED, "it answers again")

    def failed(self, error: ProviderError) -> None:
        """It has failed; a request that was itself at fault must not be told here."""
        self._counts["failed"] += 1
        self.last_error = str(error)[:200]
        self._note(bad=True)
        if isinstance(error, ProviderDenied):
            self._open(self.last_error, DENIED_SECONDS)
        elif isinstance(error, ProviderUnavailable) and error.retry_after:
            self._open(self.last_error, error.retry_after)
        elif self._is_bad():
            self._open(self.last_error, PAUSE_SECONDS)

    def slow(self, seconds: float, limit: float) -> None:
        """It had not begun to answer after so many seconds, and another one has, or its answer
        came later than `limit`: open, it has to be faster than that to be closed again."""
        self._counts["slow"] += 1
        self.latency.add(seconds)
        self._note(bad=True)
        if self._is_bad():
            self.limit = limit
            self.last_error = f"slow: no answer within {seconds:.1f} s"
            self._open(self.last_error, PAUSE_SECONDS)

    def trying(self) -> None:
        """Its pause is over."""
        if self.state is State.OPEN:
            self._enter(State.HALF_OPEN, "it is tried again")

    def tried_in_vain(self, error: ProviderError) -> None:
        """The try has failed: wait longer."""
        self.last_error = str(error)[:200]
        asked_for = getattr(error, "retry_after", 0.0)
        self.pause = max(asked_for, min(LONGEST_PAUSE_SECONDS, self.pause * 2))
        self._enter(State.OPEN, self.last_error)

    def agree(self, state: State, reason: str) -> None:
        """Take over what another process has found; nobody else is told."""
        if state is not self.state:
            self._set(state)
            self.last_error = reason if state is State.OPEN else self.last_error

    def forgive(self, reason: str) -> None:
        """What was held against it no longer counts. Whoever uses it next gives it a new probe."""
        self.probe = None
        self._enter(State.CLOSED, reason)

    def health(self) -> Health:
        """A picture of it now."""
        return Health(
            self.name,
            self.stage,
            self.state,
            self.latency.usual,
            **self._counts,
            last_error=self.last_error,
            since_seconds=self._clock() - self._since,
            fit=self.fit,
        )

    def _note(self, *, bad: bool) -> None:
        self._recent.append((self._clock(), bad))
        self._in_a_row = self._in_a_row + 1 if bad else 0

    def _is_bad(self) -> bool:
        oldest = self._clock() - WINDOW_SECONDS
        lately = [bad for at, bad in self._recent if at >= oldest]
        many = len(lately) >= FEWEST and sum(lately) >= SHARE * len(lately)
        return many or self._in_a_row >= IN_A_ROW

    def _open(self, reason: str, pause: float) -> None:
        if self.state is State.OPEN:
            return
        vain = self.state is State.HALF_OPEN
        self.pause = max(pause, min(LONGEST_PAUSE_SECONDS, self.pause * 2)) if vain else pause
        self._enter(State.OPEN, reason)

    def _enter(self, state: State, reason: str) -> None:
        if state is not self.state:
            self._set(state)
            self._changed(self, reason)

    def _set(self, state: State) -> None:
        self.state, self._since = state, self._clock()
        if state is State.CLOSED:
            self._recent.clear()
            self._in_a_row, self.limit = 0, math.inf
            self.pause = PAUSE_SECONDS
