"""Figures over many calls: latencies, errors by provider, minutes, uptime.

They are read from the index of ended calls (`bot.store.queries_index`) and added up in a thread.
Every function raises StoreError when it cannot read.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Text, cast, func, or_, select

from bot.store.console_tables import CallIndexRow
from bot.store.queries import StoredEvent
from bot.store.store import Store
from bot.store.tables import CallRow, EventRow, ServerRow

MOST_CALLS = 50_000
"""The newest of a time; more would take seconds to read."""
EARLY_HANG_UP = timedelta(seconds=20)
"""A caller who hangs up sooner has most likely not got what they wanted."""
PROVIDER = "provider"
"""The kind of the lines that breakers write."""
_AT_ONCE = 400
"""Rows between two looks at the calls: a few milliseconds."""
_STILL_THERE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds that half, 95 and 99 of a hundred stayed below; `count` values."""

    count: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of time that begins at `at`: its calls, errors and each stage's spread."""

    at: datetime
    calls: int
    errors: int
    stages: Mapping[str, Spread]


@dataclass(slots=True)
class ModeFigures:
    """What calls of one mode were like. `seconds`: of conversation."""

    calls: int = 0
    seconds: float = 0.0
    errors: int = 0
    early_hang_ups: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def spread(self) -> Spread:
        """Of voice-to-voice."""
        return spread(self.waits)


@dataclass(frozen=True, slots=True)
class Figures:
    """What `figures()` found. `errors`: (stage, provider, kind) -> count; `days`: day -> mode ->
    (calls, seconds); `stages`: of the whole time."""

    slices: Sequence[Slice]
    stages: Mapping[str, Spread]
    modes: Mapping[str, ModeFigures]
    errors: Mapping[tuple[str, str, str], int]
    days: Mapping[str, Mapping[str, tuple[int, float]]]
    calls: int


def spread(values: Sequence[float]) -> Spread:
    """The spread of some seconds; zeros of none."""
    if not values:
        return Spread(0, 0.0, 0.0, 0.0)
    p50, p95, p99 = (round(float(p), 3) for p in np.percentile(values, (50, 95, 99)))
    return Spread(len(values), p50, p95, p99)


async def figures(store: Store, since: datetime, slices: int = 48) -> Figures:
    """Add up the calls that began at `since` or later.

    Args:
        store: The open database.
        since: A moment in the past.
        slices: Into how many pieces the time is cut.
    """
    columns = (CallRow.started_at, CallRow.answered_at, CallRow.ended_at, CallRow.mode)
    # As text: the event loop has calls to look after, JSON is read in the thread.
    stages, troubles = (cast(c, Text) for c in (CallIndexRow.stages, CallIndexRow.troubles))
    counts = (stages.label("stages"), CallIndexRow.errors, troubles.label("troubles"))
    query = (
        select(*columns, cast(CallRow.providers, Text), CallRow.end_reason, *counts)
        .join(CallIndexRow, CallIndexRow.call_id == CallRow.id)
        .where(CallRow.started_at >= since)
        .order_by(CallRow.started_at.desc())
        .limit(MOST_CALLS)
    )
    rows: list[Any] = []
    async with store.reading() as session:
        async for part in (await session.stream(query)).partitions(_AT_ONCE):
            rows += part
    return await asyncio.to_thread(_add_up, rows, since, slices)


@dataclass(frozen=True, slots=True)
class _Call:
    """A row, with its JSON read."""

    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    mode: str
    providers: dict[str, str]
    end_reason: str
    stages: dict[str, list[float]]
    errors: int
    troubles: dict[str, int]


def _read(row: Any) -> _Call:
    began, answered, ended, mode, providers, reason, stages, errors, troubles = row
    return _Call(
        *(began, answered, ended, mode, json.loads(providers), reason),
        *(json.loads(stages), errors, json.loads(troubles)),
    )


def _add_up(found: Sequence[Any], since: datetime, slices: int) -> Figures:
    rows = [_read(row) for row in found]
    width = (datetime.now(UTC) - since) / slices
    sliced: list[list[Any]] = [[] for _ in range(slices)]
    modes: defaultdict[str, ModeFigures] = defaultdict(ModeFigures)
    errors: Counter[tuple[str, str, str]] = Counter()
    days: defaultdict[str, defaultdict[str, tuple[int, float]]] = defaultdict(
        lambda: defaultdict(lambda: (0, 0.0))
    )
    for row in rows:
        sliced[min(slices - 1, int((row.started_at - since) / width))].append(row)
        seconds = _count_mode(modes[row.mode], row)
        calls, before = days[f"{row.started_at:%Y-%m-%d}"][row.mode]
        days[f"{row.started_at:%Y-%m-%d}"][row.mode] = calls + 1, before + seconds
        for kind, number in row.troubles.items():
            stage = kind.removesuffix(" error") if kind.endswith(" error") else ""
            errors[stage, row.providers.get(stage, ""), kind] += number
    return Figures(
        [_slice(since + number * width, part) for number, part in enumerate(sliced)],
        _stages(rows),
        dict(modes),
        dict(errors),
        {day: dict(found) for day, found in days.items()},
        len(rows),
    )


def _count_mode(mode: ModeFigures, row: Any) -> float:
    """Count a call of the mode; returns its seconds of conversation."""
    begun = row.answered_at or row.ended_at
    length = max(timedelta(), row.ended_at - begun)
    mode.calls += 1
    mode.errors += row.errors
    mode.seconds += length.total_seconds()
    mode.early_hang_ups += (
        row.answered_at is not None
        and row.end_reason == "caller hung up"
        and length < EARLY_HANG_UP
    )
    mode.waits += row.stages.get("voice_to_voice", ())
    return float(length.total_seconds())


def _slice(at: datetime, rows: Sequence[Any]) -> Slice:
    return Slice(at, len(rows), sum(row.errors for row in rows), _stages(rows))


def _stages(rows: Sequence[Any]) -> dict[str, Spread]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        for stage, seconds in row.stages.items():
            found[stage] += seconds
    return {stage: spread(values) for stage, values in found.items()}


async def provider_events(store: Store, since: datetime, limit: int = 50) -> list[StoredEvent]:
    """What happened to providers since then (their breakers opened and closed), the latest first;
    at most `limit`."""
    columns = (getattr(EventRow, name) for name in StoredEvent.__dataclass_fields__)
    query = (
        select(*columns)
        .where(EventRow.at >= since, EventRow.kind == PROVIDER)
        .order_by(EventRow.at.desc(), EventRow.id.desc())
        .limit(limit)
    )
    async with store.reading() as session:
        return [StoredEvent(*row) for row in (await session.execute(query)).all()]


async def reasons(
    store: Store, since: datetime, limit: int = 20
) -> list[tuple[tuple[str, str], int]]:
    """Why calls that began since then got their mode: ((mode, reason), how many), the most frequent
    first; what was passed over before is left out."""
    query = (
        select(CallRow.mode, CallRow.mode_reason, func.count())
        .where(CallRow.started_at >= since)
        .group_by(CallRow.mode, CallRow.mode_reason)
    )
    counted: Counter[tuple[str, str]] = Counter()
    async with store.reading() as session:
        for mode, reason, number in (await session.execute(query)).all():
            counted[mode, reason.partition("; not ")[0]] += number
    return counted.most_common(limit)


async def uptime(store: Store, since: datetime) -> float:
    """The share (0 to 1) of the time since then, or since the first server, that one was there."""
    now = datetime.now(UTC)
    query = select(ServerRow.started_at, ServerRow.seen_at, ServerRow.stopped_at)
    still = or_(ServerRow.stopped_at.is_(None), ServerRow.stopped_at > since)
    async with store.reading() as session:
        rows = (await session.execute(query.where(still).order_by(ServerRow.started_at))).all()
        first = select(ServerRow.started_at).order_by(ServerRow.started_at).limit(1)
        began = (await session.execute(first)).scalar_one_or_none()
    if began is None:
        return 1.0
    begin, there, end = max(since, began), timedelta(), max(since, began)
    for row in rows:
        alive = row.stopped_at is None and row.seen_at > now - _STILL_THERE
        last = now if alive else (row.stopped_at or row.seen_at)
        there += max(timedelta(), last - max(end, row.started_at))
        end = max(end, last)
    return min(1.0, there / (now - begin)) if now > begin else 1.0
