"""The live calls: admission, stream tokens, counts, and the wish to end them all."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from loguru import logger

from bot.call import Call
from bot.errors import NotAdmitted, TokenRejected

TOKEN_SECONDS = 60.0
"""How long an admitted phone call may take to open its media stream. Twilio opens it within a
few seconds of the TwiML; an outbound call has to be answered first, see `expect()`."""


class Switchboard:
    """Admits calls up to `max_calls`, hands out one-time stream tokens, and knows who is live.

    A place is taken from admission to the end of the call, or until its token expires.
    `on_admitted` is told of every call that is given one.
    """

    def __init__(
        self,
        max_calls: int,
        clock: Callable[[], float] = time.monotonic,
        on_admitted: Callable[[Call], None] | None = None,
    ) -> None:
        self._max_calls = max_calls
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
        self._expire()
        return [call for call, _ in self._live.values()] + [
            call for call, _ in self._expected.values()
        ]

    @property
    def live(self) -> int:
        """How many conversations are running."""
        return len(self._live)

    @property
    def refusal(self) -> str:
        """Why a new call would not be taken now, or ''."""
        if self._closed:
            return self._closed
        taken = len(self.calls)
        return f"all {self._max_calls} lines are busy" if taken >= self._max_calls else ""

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
        self._expected[token] = (call, self._clock() + seconds)
        return token

    def redeem(self, token: str) -> Call:
        """Return the call a token was made for; a token works once.

        Raises:
            TokenRejected: unknown, used or expired.
        """
        self._expire()
        found = self._expected.pop(token, None)
        if found is None:
            raise TokenRejected("the stream token is unknown, used or expired")
        return found[0]

    def forget(self, provider_call_id: str, reason: str) -> None:
        """Free the place of an expected call that will not come (busy, no answer, hung up)."""
        for token, (call, _) in list(self._expected.items()):
            if call.provider_call_id == provider_call_id:
                del self._expected[token]
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
            if not self._live:
                self._idle.set()

    def hang_up(self, provider_call_id: str, reason: str) -> bool:
        """End the live call with this CallSid, and say whether there was one."""
        for call, hang_up in self._live.values():
            if call.provider_call_id == provider_call_id and hang_up:
                hang_up(reason)
                return True
        return False

    def close(self, reason: str) -> None:
        """Admit nobody from now on, and forget whoever was expected."""
        self._closed = reason
        for call, _ in self._expected.values():
            call.ended(reason)
        self._expected.clear()

    async def drain(self, seconds: float, reason: str) -> None:
        """Ask every live call to end and wait for it, at most `seconds`."""
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
        if refusal := self.refusal:
            raise NotAdmitted(refusal)
        if self._on_admitted:
            self._on_admitted(call)

    def _expire(self) -> None:
        now = self._clock()
        for token, (call, until) in list(self._expected.items()):
            if until <= now:
                del self._expected[token]
                logger.warning(f"call {call.id}: its media stream never came")
                call.ended("stream never came")
