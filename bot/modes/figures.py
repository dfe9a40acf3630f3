"""How the modes do, side by side: from what the store has of calls that are over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles

from bot.modes.choice import Recent
from bot.store import modes as stored
from bot.store.modes import EndedCall
from bot.store.store import Store

SOON_SECONDS = 20.0
"""A caller who hangs up within this time has not got what they called for."""
_CALLER_LEFT = "caller hung up"
KEPT_SECONDS = 5.0
"""How long figures are good for; the rules are asked with every call."""


@dataclass(frozen=True)
class Figures:
    """A mode's calls that are over.

    `errors`: calls that failed, or that another mode had to go on with. `hang_ups`: callers who
    hung up within 20 s of the answer. `minutes`: spoken, in all. `wait_ms`, `wait_ms_p95`: from the
    caller's last sound to the bot's first, median and 95th percentile of the answered turns; None
    where none was measured.
    """

    calls: int = 0
    errors: int = 0
    hang_ups: int = 0
    minutes: float = 0.0
    wait_ms: float | None = None
    wait_ms_p95: float | None = None


def figures(calls: Iterable[EndedCall], waits: Iterable[tuple[str, float]]) -> dict[str, Figures]:
    """Mode -> its figures. Calls that were never answered do not count, unless they failed."""
    by_mode: dict[str, list[EndedCall]] = {}
    for call in calls:
        if call.answered_at or call.state == "failed":
            by_mode.setdefault(call.mode, []).append(call)
    seconds: dict[str, list[float]] = {}
    for mode, wait in waits:
        seconds.setdefault(mode, []).append(wait)
    return {
        mode: _figures(by_mode.get(mode, []), seconds.get(mode, []))
        for mode in by_mode.keys() | seconds.keys()
    }


def _figures(calls: list[EndedCall], waits: list[float]) -> Figures:
    lengths = [(c.ended_at - c.answered_at).total_seconds() for c in calls if c.answered_at]
    short = [
        c
        for c in calls
        if c.answered_at
        and c.end_reason == _CALLER_LEFT
        and (c.ended_at - c.answered_at).total_seconds() < SOON_SECONDS
    ]
    late = quantiles(waits, n=20, method="inclusive")[-1] if len(waits) > 1 else None
    return Figures(
        calls=len(calls),
        errors=sum(c.state == "failed" or c.rescued for c in calls),
        hang_ups=len(short),
        minutes=round(sum(lengths) / 60, 2),
        wait_ms=round(median(waits) * 1000) if waits else None,
        wait_ms_p95=round((late if late is not None else waits[0]) * 1000) if waits else None,
    )


async def since(store: Store, moment: datetime) -> dict[str, Figures]:
    """The figures of calls that began after `moment`.

    Raises:
        StoreError: the database cannot be read just now.
    """
    return figures(await stored.ended_calls(store, moment), await stored.waits(store, moment))


class RecentFigures:
    """The last minutes, as the rules ask for them: read in the background, asked in a call's."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, float], Recent] = {}

    def of(self, mode: str, minutes: float) -> Recent:
        """What is known of a mode; no calls if nothing was read yet."""
        return self._known.get((mode, minutes), Recent(0, 0))

    async def refresh(self, store: Store, spans: Iterable[float]) -> None:
        """Read the figures of the last so many minutes, for each of `spans`.

        Raises:
            StoreError: the database cannot be read just now; the old ones stay.
        """
        known: dict[tuple[str, float], Recent] = {}
        for minutes in set(spans):
            found = await since(store, datetime.now(UTC) - timedelta(minutes=minutes))
            for mode, f in found.items():
                known[mode, minutes] = Recent(f.calls, f.errors, f.wait_ms)
        self._known = known
