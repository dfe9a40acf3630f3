"""One provider's endpoint as operators and monitors see it: what it answers, how calls fare."""

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from bot.providers import Endpoint


class Answer(Protocol):
    """What an endpoint said when it was asked how it is; `fault` is '' when it is well."""

    @property
    def fault(self) -> str:
        """One line."""

    @property
    def seconds(self) -> float:
        """How long the answer took."""


class Fared(Protocol):
    """How calls have fared with an endpoint (`bot.failover.breaker.Health`)."""

    @property
    def state(self) -> str:
        """Of its breaker: closed, open or half-open."""

    @property
    def fit(self) -> bool:
        """Whether calls still ask it first."""

    @property
    def usual_seconds(self) -> float | None:
        """To the first sign of an answer."""

    @property
    def last_error(self) -> str:
        """One line, or ''."""

    @property
    def answered(self) -> int:
        """Requests."""

    @property
    def failed(self) -> int:
        """Requests."""

    @property
    def slow(self) -> int:
        """Requests."""


HowFared = Callable[[Endpoint], Fared | None]
"""None where calls have not used an endpoint, or nobody keeps count."""


def left_alone(fared: Fared | None) -> str:
    """Why calls leave an endpoint alone, or ''."""
    return "" if fared is None or fared.fit else f"calls leave it alone: {fared.last_error}"


def part(
    endpoint: Endpoint, fault: str | None, answer: Answer | None, fared: Fared | None
) -> dict[str, Any]:
    """An endpoint as JSON.

    Args:
        endpoint: Which.
        fault: What is wrong with it, or ''; None if that is not known.
        answer: What it said when it was asked; None if it never was.
        fared: How calls fare with it.
    """
    usual = fared.usual_seconds if fared else None
    return {
        "stage": endpoint.stage,
        "provider": endpoint.label,
        "host": urlsplit(endpoint.base_url).netloc.rpartition("@")[2],
        "state": state_of(fault),
        "fault": fault or "",
        "check_ms": round(answer.seconds * 1000) if answer else None,
        "usual_ms": None if usual is None else round(usual * 1000),
        "last_error": fared.last_error if fared else "",
        "breaker": str(fared.state) if fared else "unused",
        "counts": {
            "answered": fared.answered if fared else 0,
            "failed": fared.failed if fared else 0,
            "slow": fared.slow if fared else 0,
        },
    }


def state_of(fault: str | None) -> str:
    """One word for what is wrong: nothing, something, or nobody has asked."""
    if fault is None:
        return "unknown"
    return "failed" if fault else "well"
