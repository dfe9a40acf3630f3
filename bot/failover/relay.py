"""Several providers asked one behind another, as one: the machinery under every chain.

The first is asked. If it fails, the next is; if it has not begun by its deadline, the next is asked
as well and the first to speak wins, the others are dropped at once. If the winner breaks off or
stalls, the next goes on from there. What a loser still sends is never seen.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from loguru import logger

from bot.errors import ProviderDenied, ProviderError, ProviderRefused, ProviderUnavailable
from bot.failover.breakers import in_order
from bot.failover.link import Link, Rules

QUICK_SECONDS = 1.0
"""A lone provider whose failure came later has cost the caller enough: it is not asked again."""
LONGEST_WAIT_SECONDS = 1.0
"""The longest `retry_after` of a lone provider that a caller is made to wait for."""

S = TypeVar("S")
P = TypeVar("P")


@dataclass(eq=False)
class _Attempt(Generic[S, P]):
    number: int
    link: Link[S]
    begun: float
    held: list[P] = field(default_factory=list)
    alone: bool = False
    first: float | None = None
    worked_at: float = 0.0
    task: asyncio.Task[None] | None = None


class _Over:
    """An answer is complete."""


class Relay(Generic[S, P]):
    """One answer, from whichever provider gives it. Used once.

    Args:
        chain: The providers, best first; those whose breaker is open are asked last.
        ask: Asks one of them, for what is still missing at that moment.
        rules: How long to wait.
        speaks: Whether a piece is the answer itself; others (a bill) do not win a race.
        final: Whether a piece must not be followed by a second asking (a tool call).
        works: Whether a piece only shows that the provider is at work: it is not passed on, but
            who sends it is neither late nor stalled.
        stall: Seconds of silence in mid-answer from which the provider has failed, as it is now.

    Attributes:
        dropped: Those that were asked and then not waited for, by the number of their attempt: they
            may have cost something.
    """

    def __init__(
        self,
        chain: Sequence[Link[S]],
        ask: Callable[[S], AsyncGenerator[P, None]],
        rules: Rules,
        *,
        speaks: Callable[[P], bool] = lambda _: True,
        final: Callable[[P], bool] = lambda _: False,
        works: Callable[[P], bool] = lambda _: False,
        stall: Callable[[], float] | None = None,
    ) -> None:
        self.dropped: dict[int, Link[S]] = {}
        self._ask, self._rules, self._speaks, self._final = ask, rules, speaks, final
        self._works, self._stall = works, stall or (lambda: rules.stall)
        self._left = deque(in_order(chain))
        self._choice = len(self._left) > 1
        self._again = self._left[0] if rules.again and not self._choice else None
        self._events: asyncio.Queue[tuple[_Attempt[S, P], P | ProviderError | type[_Over]]]
        self._events = asyncio.Queue()
        self._running: list[_Attempt[S, P]] = []
        self._winner: _Attempt[S, P] | None = None
        self._heard_at = 0.0
        self._spoke = self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._now = asyncio.get_running_loop().time

    async def pieces(self) -> AsyncGenerator[tuple[int, P], None]:
        """The answer, each piece with the number of the attempt that it is from (0, 1, …).

        Raises:
            ProviderError: the last one's, when none is left; or the first that is the request's
                own fault.
        """
        if self._rules.budget:
            self._rules.budget.turn()
        try:
            self._start()
            while True:
                attempt, what = await self._next()
                if isinstance(what, ProviderError):
                    if not await self._failed(attempt, what):
                        return
                elif what is _Over:
                    if self._finished(attempt):
                        for piece in attempt.held:
                            yield attempt.number, piece
                        return
                else:
                    for piece in self._piece(attempt, what):  # type: ignore[arg-type]
                        yield attempt.number, piece
        finally:
            await self._close()

    def _start(self) -> None:
        link = self._left.popleft()
        attempt: _Attempt[S, P] = _Attempt(len(self._tasks), link, self._now())
        attempt.task = asyncio.create_task(self._run(attempt))
        self._tasks.add(attempt.task)
        self._running.append(attempt)

    async def _run(self, attempt: _Attempt[S, P]) -> None:
        put = self._events.put_nowait
        try:
            async with aclosing(self._ask(attempt.link.service)) as pieces:
                async for piece in pieces:
                    put((attempt, piece))
            put((attempt, _Over))
        except ProviderError as error:
            put((attempt, error))
        except Exception as error:  # a mistake of an adapter must not cost the caller the answer
            put((attempt, ProviderUnavailable(f"{type(error).__name__}: {error}")))

    async def _next(self) -> tuple[_Attempt[S, P], P | ProviderError | type[_Over]]:
        """What happens next in an attempt that still counts; deadlines pass meanwhile."""
        while True:
            try:
                async with asyncio.timeout_at(self._due()):
                    attempt, what = await self._events.get()
            except TimeoutError:
                late = self._late()
                if late:
                    return late
                continue
            if attempt in self._running:
                return attempt, what

    def _due(self) -> float:
        if self._winner:
            return self._heard_at + self._stall()
        dues = [self._give_up_at(attempt) for attempt in self._running]
        if self._may_hedge():
            newest = self._running[-1]
            deadline = newest.link.breaker.latency.deadline(self._rules.late)
            dues.append(newest.begun + deadline)
        return min(dues)

    def _give_up_at(self, attempt: _Attempt[S, P]) -> float:
        if attempt.first is None:
            return attempt.begun + self._patience(attempt.link)
        return attempt.worked_at + max(self._stall(), self._patience(attempt.link))

    def _patience(self, link: Link[S]) -> float:
        replaceable = link.hedges and bool(self._left)
        return min(link.patience, self._rules.impatient) if replaceable else link.patience

    def _may_hedge(self) -> bool:
        newest = self._running[-1]
        alone = newest.alone or newest.first is not None
        wanted = self._rules.budget is not None and not alone and newest.link.hedges
        return wanted and bool(self._left) and self._left[0].hedges and self._left[0].breaker.fit

    def _late(self) -> tuple[_Attempt[S, P], ProviderError] | None:
        """Something is due: a failure by time, or a hedge."""
        if self._winner:
            return self._winner, ProviderUnavailable(f"stalled for {self._stall():g} s")
        for attempt in self._running:
            if self._now() >= self._give_up_at(attempt):
                waited = self._now() - attempt.begun
                return attempt, ProviderUnavailable(f"no answer within {waited:.1f} s")
        assert self._rules.budget
        if self._rules.budget.spend():
            self._start()
        else:
            self._running[-1].alone = True
        return None

    def _piece(self, attempt: _Attempt[S, P], piece: P) -> list[P]:
        self._heard_at = attempt.worked_at = self._now()
        if attempt.first is None and (self._works(piece) or self._speaks(piece)):
            attempt.first = self._heard_at - attempt.begun
        if self._works(piece):
            return []
        if self._winner is None:
            if not self._speaks(piece):
                attempt.held.append(piece)
                return []
            self._wins(attempt, whole=self._final(piece))
        self._closed = self._closed or self._final(piece)
        held, attempt.held = attempt.held, []
        return [*held, piece]

    def _wins(self, attempt: _Attempt[S, P], whole: bool) -> None:
        """`whole`: what came first was complete when it came, so it says nothing of lateness."""
        self._winner, self._spoke = attempt, True
        seconds, limit = attempt.first or 0.0, self._rules.late[1]
        usual = attempt.link.breaker.latency.usual
        if whole:
            attempt.link.breaker.answered(min(seconds, usual or seconds))
        elif self._choice and attempt.link.hedges and seconds > limit:
            attempt.link.breaker.slow(seconds, limit)
        else:
            attempt.link.breaker.answered(seconds)
        for other in self._running:
            if other is not attempt:
                self._drop(other)
                if other.begun < attempt.begun:
                    other.link.breaker.slow(self._now() - other.begun, limit)
        self._running = [attempt]

    def _finished(self, attempt: _Attempt[S, P]) -> bool:
        """Whether the answer is complete: an empty one only if nobody else is being asked."""
        self._running.remove(attempt)
        return not self._running

    async def _failed(self, attempt: _Attempt[S, P], error: ProviderError) -> bool:
        """Let the next one go on; False where what was said has to do."""
        if isinstance(error, ProviderRefused) and not isinstance(error, ProviderDenied):
            raise error
        attempt.link.breaker.failed(error)
        logger.info(f"provider: {attempt.link.breaker.name} has failed: {error}")
        self._drop(attempt)
        newest = attempt is self._running[-1]
        self._running.remove(attempt)
        self._winner = None
        if self._closed:
            return False
        quick = self._now() - attempt.begun <= QUICK_SECONDS
        if self._again and quick and not self._left and not self._spoke:
            await self._wait_to_ask_again(error)
        if newest and self._left:
            self._start()
        elif not self._running:
            raise error
        return True

    async def _wait_to_ask_again(self, error: ProviderError) -> None:
        """A lone provider is asked once more, unless that is hopeless."""
        wait = error.retry_after if isinstance(error, ProviderUnavailable) else -1.0
        if self._again and 0.0 <= wait <= LONGEST_WAIT_SECONDS:
            await asyncio.sleep(wait)
            self._left.append(self._again)
        self._again = None

    def _drop(self, attempt: _Attempt[S, P]) -> None:
        if attempt.task and not attempt.task.done():
            attempt.task.cancel()
            self.dropped[attempt.number] = attempt.link

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
