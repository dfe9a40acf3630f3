"""The live calls: admission, stream tokens, counts, and the wish to end them all."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from loguru import logger

from bot.call import Call
from bot.errors import NotAdmitted, TokenRejected

TOKEN_SECONDS = 60.0
"""How long an admitted phone call may take to open its media stream. Twilio opens it within a
few seconds of the TwiML; an outbound call has to be answered first, see `expect()`."""
STOPPING = "server stopping"
"""Why calls end, and new ones are refused, when the server stops."""
_LOOK_SECONDS = 0.1


class Places(Protocol):
    """Counts the places of all calls; `limit` is how many there are.

    `taken` counts those of all processes that share them; `workers`, the processes that take calls.
    """

    limit: int

    @property
    def taken(self) -> int:
        """How many places are taken."""

    @property
    def workers(self) -> int:
        """How many processes take calls."""

    @property
    def full(self) -> bool:
        """Whether no place is free."""

    def take(self) -> bool:
        """Take a place; False if none is free."""

    def give(self) -> None:
        """Give a place back."""


class OwnPlaces:
    """The places of a process that has all calls to itself."""

    workers = 1

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0

    @property
    def full(self) -> bool:
        """Whether no place is free."""
        return self.taken >= self.limit

    def take(self) -> bool:
        """Take a place; False if none is free."""
        if self.full:
            return False
        self.taken += 1
        return True

    def give(self) -> None:
        """Give a place back."""
        self.taken -= 1


class Switchboard:
    """Admits calls up to `max_calls`, hands out one-time stream tokens, and knows who is live.

    A place is taken from admission to the end of the call, or until its token expires.

    Args:
        max_calls: How many places there are, where `places` does not say.
        clock: Seconds; tokens expire by it.
        on_admitted: Told of every call that is given a place.
        places: Counts the places, where several processes share them.
        worker: This process's number among those that share the port, 0 when it is alone. Tokens
            begin with it, so that a media stream finds the process that expects it.
    """

    def __init__(
        self,
        max_calls: int,
        clock: Callable[[], float] = time.monotonic,
        on_admitted: Callable[[Call], None] | None = None,
        *,
        places: Places | None = None,
        worker: int = 0,
    ) -> None:
        self.worker = worker
        self.places: Places = OwnPlaces(max_calls) if places is None else places
        self._on_admitted = on_admitted
        self._clock = clock
        self._expected: dict[str, tuple[Call, float]] = {}
        self._live: dict[str, tuple[Call, Callable[[str], None] | None]] = {}
        self._closed = ""
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def calls(self) -> list[Call]:
        """Calls that hold a place: live ones and expected ones."""
        self.expire()
        return [call for call, _ in self._live.values()] + [
            call for call, _ in self._expected.values()
        ]

    @property
    def live(self) -> int:
        """How many conversations are running."""
        return len(self._live)

    @property
    def closed(self) -> bool:
        """Whether new calls are refused for good."""
        return bool(self._closed)

    @property
    def refusal(self) -> str:
        """Why a new call would not be taken now, or ''."""
        if self._closed:
            return self._closed
        self.expire()
        return self._busy if self.places.full else ""

    @property
    def _busy(self) -> str:
        return f"all {self.places.limit} lines are busy"

    def expect(self, call: Call, seconds: float = TOKEN_SECONDS) -> str:
        """Take a place for a phone call and return the token its media stream must bring.

        Args:
            call: The call that was announced.
            seconds: How long the token is good for.

        Raises:
            NotAdmitted: full house, or the server is stopping.
        """
        self._admit(call)
        token = secrets.token_urlsafe(24)
        if self.worker:
            token = f"{self.worker}-{token}"
        self._expected[token] = (call, self._clock() + seconds)
        return token

    def redeem(self, token: str) -> Call:
        """Return the call a token was made for; a token works once.

        The call keeps its place: `holding(call, admitted=True)` comes next and gives it back.

        Raises:
            TokenRejected: unknown, used or expired.
        """
        self.expire()
        found = self._expected.pop(token, None)
        if found is None:
            raise TokenRejected("the stream token is unknown, used or expired")
        return found[0]

    def withdraw(self, token: str) -> None:
        """Free the place of an expected call that was never placed; its state stays as it is."""
        if self._expected.pop(token, None):
            self.places.give()

    def forget(self, provider_call_id: str, reason: str) -> None:
        """Free the place of an expected call that will not come (busy, no answer, hung up)."""
        for token, (call, _) in list(self._expected.items()):
            if call.provider_call_id == provider_call_id:
                self.withdraw(token)
                call.ended(reason)

    @contextmanager
    def holding(
        self, call: Call, hang_up: Callable[[str], None] | None = None, *, admitted: bool = False
    ) -> Iterator[None]:
        """Keep `call` among the live ones while the block runs.

        Args:
            call: The call that is now talking.
            hang_up: Ends the conversation politely; called with the reason when the server stops.
            admitted: The call has its place from `expect()`/`redeem()` already.

        Raises:
            NotAdmitted: full house, or the server is stopping.
        """
        if not admitted:
            self._admit(call)
        self._live[call.id] = (call, hang_up)
        self._idle.clear()
        try:
            yield
        finally:
            del self._live[call.id]
            self.places.give()
            if not self._live:
                self._idle.set()

    def hang_up(self, provider_call_id: str, reason: str) -> bool:
        """End the live call with this CallSid, and say whether there was one."""
        for call, hang_up in self._live.values():
            if call.provider_call_id == provider_call_id and hang_up:
                hang_up(reason)
                return True
        return False

    def retire(self, reason: str) -> None:
        """Admit nobody from now on; whoever is live or expected is served to the end."""
        self._closed = reason

    def close(self, reason: str) -> None:
        """Admit nobody from now on, and forget whoever was expected."""
        self.retire(reason)
        for token, (call, _) in list(self._expected.items()):
            self.withdraw(token)
            call.ended(reason)

    async def drain(self, seconds: float, reason: str, *, patience: float = 0.0) -> None:
        """Admit nobody, let the calls there are go on, then ask those that are left to end.

        Args:
            seconds: How long calls that were asked to end may take.
            reason: Why.
            patience: How long, in seconds, calls may go on before they are asked.
        """
        self.retire(reason)
        try:
            async with asyncio.timeout(patience):
                while self.calls:  # noqa: ASYNC110 - they end in many places
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            logger.info(f"the live ones are told goodbye: {self.live}")
        self.close(reason)
        for _, hang_up in list(self._live.values()):
            if hang_up:
                hang_up(reason)
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            logger.warning(f"{self.live} calls were still talking after {seconds:.0f} s")

    def _admit(self, call: Call) -> None:
        self.expire()
        if self._closed or not self.places.take():
            raise NotAdmitted(self._closed or self._busy)
        if self._on_admitted:
            self._on_admitted(call)

    def expire(self) -> None:
        """Give back the places of expected calls whose time is over; every question does so too."""
        now = self._clock()
        for token, (call, until) in list(self._expected.items()):
            if until <= now:
                self.withdraw(token)
                logger.warning(f"call {call.id}: its media stream never came")
                call.ended("stream never came")
