"""What a chain is made of, and how long it waits."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.failover.breaker import Breaker
from bot.failover.budget import Budget
from bot.failover.latency import Bounds

S = TypeVar("S")

IMPATIENT_SECONDS = 3.0
"""Of language models, which are asked besides one another long before, as long as the budget for
that lasts."""


@dataclass(frozen=True)
class Link(Generic[S]):
    """One provider in a chain.

    Args:
        service: What is asked.
        breaker: Judges it.
        patience: Seconds to the first sign of an answer, after which it has failed.
        hedges: Whether it may be doubled, and may double others; not where an answer takes long
            as a rule and the machine is shared with the calls.
    """

    service: S
    breaker: Breaker
    patience: float
    hedges: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """How long to wait; seconds.

    Args:
        late: Bounds of the deadline after which the next is asked as well.
        stall: Silence in mid-answer from which the provider has failed.
        budget: Allows the extra requests; None: never ask a second one besides the first.
        again: Whether a lone provider that has failed is asked once more.
        impatient: What a provider gets for the first sign of an answer where another one stands by.
    """

    late: Bounds
    stall: float
    budget: Budget | None = None
    again: bool = True
    impatient: float = IMPATIENT_SECONDS
