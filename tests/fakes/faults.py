"""What can go wrong at a vendor, as values that a test hands to a stand-in.

`ALL` is the whole list, for tests that run every cell of a fault table.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Kind(StrEnum):
    """How a fault shows itself on the wire."""

    RESET = "reset"  # the connection dies before one byte of an answer
    STATUS = "status"  # an HTTP error with the vendor's own error body
    HANG = "hang"  # the request is read, nothing ever comes back
    STALL = "stall"  # the answer begins, then silence on an open socket
    CLOSED = "closed"  # the answer begins, then the socket is closed
    GARBAGE = "garbage"  # 200 with bytes that are not the protocol
    GARBLED = "garbled"  # the answer begins, then bytes that are not the protocol
    STREAM_ERROR = "stream_error"  # 200, then the vendor's in-stream error
    SLOW = "slow"  # everything is right and takes `factor` times as long


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail.

    Args:
        kind: How it shows.
        status: HTTP status, for `Kind.STATUS`.
        code: The vendor's error code; empty means the usual one for the status.
        retry_after: Seconds, sent as the `retry-after` header; None sends none.
        after: Pieces of the answer that still go out before a fault in mid-answer.
        factor: Multiplies every scripted delay, for `Kind.SLOW`.
    """

    kind: Kind
    status: int = 0
    code: str = ""
    retry_after: float | None = None
    after: int = 3
    factor: float = 5.0

    def __str__(self) -> str:
        label = f"{self.status}" if self.kind is Kind.STATUS else self.kind.value
        if self.code:
            label += f"-{self.code}"
        if self.retry_after is not None:
            label += f"-after-{self.retry_after:g}s"
        return label

    def at(self, after: int) -> "Fault":
        """Return the same fault, striking after `after` pieces of the answer."""
        return replace(self, after=after)


RESET = Fault(Kind.RESET)
BAD_REQUEST = Fault(Kind.STATUS, 400)
UNAUTHORIZED = Fault(Kind.STATUS, 401)
NOT_FOUND = Fault(Kind.STATUS, 404)
RATE_LIMITED = Fault(Kind.STATUS, 429)
RATE_LIMITED_1S = Fault(Kind.STATUS, 429, retry_after=1.0)
NO_CREDIT = Fault(Kind.STATUS, 429, code="insufficient_quota")
SERVER_ERROR = Fault(Kind.STATUS, 500)
UNAVAILABLE = Fault(Kind.STATUS, 503)
OVERLOADED = Fault(Kind.STATUS, 529)
HANG = Fault(Kind.HANG)
STALL = Fault(Kind.STALL)
CLOSED = Fault(Kind.CLOSED)
GARBAGE = Fault(Kind.GARBAGE)
GARBLED = Fault(Kind.GARBLED)
STREAM_ERROR = Fault(Kind.STREAM_ERROR)
SLOW = Fault(Kind.SLOW)

ALL = (
    RESET,
    BAD_REQUEST,
    UNAUTHORIZED,
    NOT_FOUND,
    RATE_LIMITED,
    RATE_LIMITED_1S,
    NO_CREDIT,
    SERVER_ERROR,
    UNAVAILABLE,
    HANG,
    STALL,
    CLOSED,
    GARBAGE,
    STREAM_ERROR,
    SLOW,
)


@dataclass(slots=True)
class _Rule:
    fault: Fault
    endpoint: str
    nth: int | None
    times: int | None
    seen: int = 0

    def strikes(self) -> bool:
        self.seen += 1
        first = self.nth or 1
        if self.seen < first:
            return False
        last = self.times if self.times is not None else (1 if self.nth else None)
        return last is None or self.seen < first + last


@dataclass(slots=True)
class FaultPlan:
    """Which requests fail, and how. The rule added last wins."""

    rules: list[_Rule] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)

    def add(self, fault: Fault, endpoint: str, nth: int | None, times: int | None) -> None:
        """Add a rule; see `StandIn.fail` for the meaning of the arguments."""
        self.rules.append(_Rule(fault, endpoint, nth, times))

    def pick(self, endpoint: str) -> Fault | None:
        """Count one request to `endpoint` and return the fault it meets, if any."""
        hits = [r.fault for r in self.rules if r.endpoint in ("", endpoint) and r.strikes()]
        if not hits:
            return None
        self.struck[endpoint] += 1
        return hits[-1]
