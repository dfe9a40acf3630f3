"""One call: who, by which channel, in which mode, and in which state. Only this file sets it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal
from uuid import uuid4

from loguru import logger

from bot.errors import TandemError

Channel = Literal["phone", "room", "eval"]
Direction = Literal["inbound", "outbound"]


class CallState(StrEnum):
    """Where a call stands. The last three are ends."""

    RINGING = "ringing"
    CONNECTED = "connected"
    TALKING = "talking"
    ENDING = "ending"
    ENDED = "ended"
    TRANSFERRED = "transferred"
    FAILED = "failed"


_S = CallState
_ENDS = frozenset({_S.ENDED, _S.TRANSFERRED, _S.FAILED})
_NEXT: dict[CallState, frozenset[CallState]] = {
    _S.RINGING: frozenset({_S.CONNECTED, _S.ENDED, _S.FAILED}),
    _S.CONNECTED: frozenset({_S.TALKING, _S.ENDING, _S.TRANSFERRED, _S.ENDED, _S.FAILED}),
    _S.TALKING: frozenset({_S.ENDING, _S.TRANSFERRED, _S.ENDED, _S.FAILED}),
    _S.ENDING: frozenset({_S.TRANSFERRED, _S.ENDED, _S.FAILED}),
}


class WrongTransition(TandemError):
    """A call was asked to enter a state that cannot follow its present one."""


@dataclass(eq=False)
class Call:
    """A conversation with one caller.

    `caller` and `callee` are phone numbers in E.164, or what Twilio says instead ('anonymous');
    `provider_call_id` is Twilio's CallSid; `number_is_theirs`: the number was not found to be
    forged (`bot/telephony/caller_id.py`). `end_reason` is a short word: 'caller hung up',
    'bot hung up', 'silence', 'stream lost', 'server stopping', … Times are UTC.

    `handing_over`: Twilio was asked to connect the caller to somebody. `goodbye_heard`: the bot's
    last words became audible; a call that fails without them is told so by Twilio's voice.
    `on_state` is told of every transition. `hang_up(reason)` is there while a conversation runs: it
    says goodbye and ends it.
    """

    channel: Channel
    direction: Direction = "inbound"
    caller: str = ""
    callee: str = ""
    provider_call_id: str = ""
    number_is_theirs: bool = True
    mode: str = "cascade"
    mode_reason: str = "default"
    id: str = field(default_factory=lambda: uuid4().hex)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    state: CallState = field(default=CallState.RINGING, init=False)
    end_reason: str = field(default="", init=False)
    error: str = field(default="", init=False)
    dropped_frames: int = 0
    goodbye_heard: bool = False
    handing_over: bool = False
    on_state: Callable[["Call"], None] | None = None
    hang_up: Callable[[str], Awaitable[None]] | None = None

    @property
    def over(self) -> bool:
        """Whether the call has reached an end."""
        return self.state in _ENDS

    def connected(self) -> None:
        """The media is there."""
        self._enter(_S.CONNECTED)

    def talking(self) -> None:
        """The caller has said something."""
        if self.state is _S.CONNECTED:
            self._enter(_S.TALKING)

    def ending(self, reason: str, error: str = "") -> None:
        """Last words are being said; nothing if the call is ending or over already.

        With an `error` the call will count as failed.
        """
        if self.state in (_S.CONNECTED, _S.TALKING):
            self.end_reason, self.error = reason, error
            self._enter(_S.ENDING)

    def transferred(self, reason: str) -> None:
        """The caller was handed to somebody else."""
        self._end(_S.TRANSFERRED, reason)

    def ended(self, reason: str) -> None:
        """The call is over; the first reason given stays, and an error makes it a failure.

        A stream that ends while the caller is being handed to somebody is no end of the call.
        """
        if self.handing_over:
            self._end(_S.TRANSFERRED, "handed over")
        else:
            self._end(_S.FAILED if self.error else _S.ENDED, reason)

    def failed(self, error: str, reason: str = "error") -> None:
        """The call broke; `error` is for the operator and carries no secret."""
        if not self.over:
            self.error = error
        self._end(_S.FAILED, reason)

    def _end(self, state: CallState, reason: str) -> None:
        if self.over:
            return
        self.end_reason = self.end_reason or reason
        self._enter(state)

    def _enter(self, state: CallState) -> None:
        if state not in _NEXT.get(self.state, frozenset()):
            raise WrongTransition(f"call {self.id}: {state} cannot follow {self.state}")
        self.state = state
        logger.info(f"call {self.id} {state} {self.end_reason or self.channel}")
        if self.on_state:
            self.on_state(self)
