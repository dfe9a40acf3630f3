"""From callers' reports to what a bot does when it is spoken to while it speaks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.figures import percentile

BARGE_IN = "barge-in"


@dataclass(frozen=True, slots=True)
class Said:
    """All interjections of one kind. Milliseconds.

    `stopped`: how many answers were not heard to their end; `again`: how many began anew;
    `paused`: how many had a silence in them that was not the voice's own, and `pauses`: those.
    `silent`: from the caller's first voiced frame to the bot's silence, where it stopped.
    """

    kind: str
    count: int
    stopped: int
    again: int
    paused: int
    pauses: list[float]
    silent: list[float]

    @property
    def silent_p50(self) -> float:
        """Median time to the bot's silence; nan where it never stopped."""
        return percentile(self.silent, 50)

    @property
    def silent_p95(self) -> float:
        """95th percentile of the time to the bot's silence."""
        return percentile(self.silent, 95)


@dataclass(frozen=True, slots=True)
class Manners:
    """One bot that is spoken to while it speaks. `each`: every interjection as it was judged."""

    bot: str
    said: list[Said]
    unanswered: int
    errors: list[str]
    late_p99: float
    load: tuple[float, float]
    each: list[dict[str, Any]] = field(default_factory=list)

    def of(self, kind: str) -> Said | None:
        """What came of one kind of interjection."""
        return next((said for said in self.said if said.kind == kind), None)


def manners(
    bot: str, reports: Sequence[dict[str, Any]], wanted: int, load: tuple[float, float]
) -> Manners:
    """The figures of one bot.

    Args:
        bot: Its name.
        reports: One of each call.
        wanted: How many interjections were planned; those not made had no answer to speak into.
        load: Load average before and after.
    """
    each = [found for report in reports for found in report["interjections"]]
    late = [late * 1000 for report in reports for late in report["late"]]
    return Manners(
        bot=bot,
        said=[
            _said(kind, [found for found in each if found["kind"] == kind])
            for kind in dict.fromkeys(found["kind"] for found in each)
        ],
        unanswered=wanted - len(each),
        errors=sorted({report["error"] for report in reports if report["error"]}),
        late_p99=percentile(late, 99),
        load=load,
        each=each,
    )


def _said(kind: str, found: Sequence[dict[str, Any]]) -> Said:
    pauses = [round(one["paused"] * 1000, 1) for one in found if one["paused"] > 0]
    stopped = [one for one in found if not one["complete"]]
    timed = found if kind == BARGE_IN else stopped
    return Said(
        kind=kind,
        count=len(found),
        stopped=len(stopped),
        again=sum(1 for one in found if one["again"]),
        paused=len(pauses),
        pauses=pauses,
        silent=[round(one["silent"] * 1000, 1) for one in timed],
    )
