"""What operators have set about modes, by key: read, and changed by whoever is first.

Each setting has a version. A change names the version it was made upon, so of two that were made
upon the same one the second is refused, in whatever process it is made.
Every function raises StoreError when it cannot.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import TandemError
from bot.store.mode_tables import ModeChangeRow, ModeSettingRow
from bot.store.once import clean, writing
from bot.store.store import Store
from bot.store.tables import CallRow, EventRow, TurnStageRow

RESCUE = "rescue"
"""The kind of event that says that another mode has gone on with a call."""
_LONGEST_NAME = 80
_MOST_CALLS = 10_000
"""Ended calls that are counted at most, the newest: a status page must stay quick."""
_MOST_TURNS = 5_000


@dataclass(frozen=True)
class Setting:
    """What is set. `version` 0: nobody has ever set it."""

    key: str
    version: int = 0
    value: Mapping[str, Any] | None = None
    who: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Change:
    """A change that was made."""

    key: str
    version: int
    at: datetime
    who: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class EndedCall:
    """What counts of a call that is over. `rescued`: its mode broke, and another one went on."""

    mode: str
    state: str
    end_reason: str
    answered_at: datetime | None
    ended_at: datetime
    rescued: bool = False


class Overtaken(TandemError):
    """Somebody else has changed the setting since; `now` is how it stands."""

    def __init__(self, now: Setting) -> None:
        super().__init__(f"{now.who or 'somebody'} has changed it at the same time")
        self.now = now


async def read(store: Store) -> Mapping[str, Setting]:
    """Every setting by its key."""
    row = ModeSettingRow
    async with store.reading() as session:
        found = await session.execute(select(row.key, row.version, row.value, row.who, row.at))
        return {item.key: Setting(*item) for item in found}


async def change(
    store: Store, upon: Setting, value: Mapping[str, Any], who: str, at: datetime | None = None
) -> Setting:
    """Set `value` in place of `upon`, and note it; returns how it stands then.

    Raises:
        Overtaken: it is no longer as `upon` says; nothing was written.
    """
    new = Setting(
        upon.key, upon.version + 1, dict(value), clean(who)[:_LONGEST_NAME], at or datetime.now(UTC)
    )
    async with writing(store) as connection:
        if await _replaced(store, connection, new):
            noted = {"before": dict(upon.value or {}), "after": dict(value)}
            values = {"key": new.key, "version": new.version, "at": new.at, "who": new.who}
            await connection.execute(insert(ModeChangeRow).values(**values, **noted))
            return new
    raise Overtaken((await read(store)).get(upon.key, Setting(upon.key)))


async def _replaced(store: Store, connection: AsyncConnection, new: Setting) -> bool:
    values = {"version": new.version, "value": new.value, "who": new.who, "at": new.at}
    if new.version == 1:
        own: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[store.dialect]
        claim = own(ModeSettingRow).values(key=new.key, **values)
        claim = claim.on_conflict_do_nothing().returning(ModeSettingRow.key)
        return (await connection.execute(claim)).first() is not None
    old = (ModeSettingRow.key == new.key) & (ModeSettingRow.version == new.version - 1)
    done = await connection.execute(update(ModeSettingRow).where(old).values(**values))
    return done.rowcount > 0


async def changes(store: Store, limit: int = 20) -> list[Change]:
    """The newest changes first."""
    row = ModeChangeRow
    query = select(row.key, row.version, row.at, row.who, row.before, row.after)
    async with store.reading() as session:
        newest = query.order_by(row.at.desc(), row.version.desc()).limit(limit)
        return [Change(*item) for item in await session.execute(newest)]


async def live_calls(store: Store) -> Mapping[str, int]:
    """mode -> how many calls of all processes are not over."""
    query = select(CallRow.mode, func.count().label("calls")).where(CallRow.ended_at.is_(None))
    async with store.reading() as session:
        found = await session.execute(query.group_by(CallRow.mode))
        return {row.mode: row.calls for row in found}


async def ended_calls(store: Store, since: datetime) -> list[EndedCall]:
    """Calls that began since then and are over, the newest first."""
    row = CallRow
    broke = exists().where(EventRow.call_id == row.id, EventRow.kind == RESCUE)
    rescued = broke.label("rescued")
    query = select(row.mode, row.state, row.end_reason, row.answered_at, row.ended_at, rescued)
    query = query.where(row.started_at >= since, row.ended_at.is_not(None))
    async with store.reading() as session:
        newest = query.order_by(row.started_at.desc()).limit(_MOST_CALLS)
        found = await session.execute(newest)
        return [
            EndedCall(r.mode, r.state, r.end_reason, r.answered_at, r.ended_at, bool(r.rescued))
            for r in found
            if r.ended_at
        ]


async def waits(store: Store, since: datetime) -> list[tuple[str, float]]:
    """(mode, seconds from the caller's last sound to the bot's first) of each answered turn."""
    query = (
        select(CallRow.mode, TurnStageRow.seconds)
        .join(CallRow, CallRow.id == TurnStageRow.call_id)
        .where(CallRow.started_at >= since, TurnStageRow.stage == "voice_to_voice")
        .order_by(CallRow.started_at.desc())
        .limit(_MOST_TURNS)
    )
    async with store.reading() as session:
        return [(mode, seconds) for mode, seconds in await session.execute(query)]
