"""What the recorder queues, and the statement that writes each kind.

Every statement may be run twice with the same values and leaves the same rows: a commit whose
answer was lost is simply repeated.
"""

import itertools
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from sqlalchemy import Executable, case
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.servers import SERVER_DIED
from bot.store.tables import Base, CallRow, EventRow, TurnRow, TurnStageRow, UtteranceRow

Kind = Literal["call_started", "call_state", "turn_started", "utterance", "turn_stages", "event"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened: its kind, and the row or rows that it becomes."""

    kind: Kind
    rows: Sequence[Row]


class RecordedCall(Protocol):
    """What the recorder reads of a call; `bot.call.Call` has it."""

    @property
    def id(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def direction(self) -> str: ...
    @property
    def caller(self) -> str: ...
    @property
    def callee(self) -> str: ...
    @property
    def provider_call_id(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def mode_reason(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def state(self) -> str: ...
    @property
    def end_reason(self) -> str: ...
    @property
    def error(self) -> str: ...
    @property
    def dropped_frames(self) -> int: ...


_ids = itertools.count(time.time_ns())
_maker = secrets.token_hex(4)


def next_id() -> str:
    """A key that no other process makes, and that sorts in the order of making."""
    return f"{next(_ids):016x}{_maker}"


def statements(dialect: str) -> Mapping[Kind, Executable]:
    """The statement of each kind, for `sqlite` or `postgresql`."""
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect]

    def once(table: type[Base]) -> Executable:
        made: Executable = insert(table).on_conflict_do_nothing()
        return made

    stage = insert(TurnStageRow)
    return {
        "call_started": _call(insert(CallRow), "providers"),
        "call_state": _call(insert(CallRow)),
        "turn_started": once(TurnRow),
        "utterance": once(UtteranceRow),
        "turn_stages": stage.on_conflict_do_update(
            index_elements=["call_id", "turn", "stage"], set_={"seconds": stage.excluded.seconds}
        ),
        "event": once(EventRow),
    }


_CHANGING = (
    *("server_id", "caller", "callee", "provider_call_id", "mode", "mode_reason"),
    *("state", "end_reason", "error", "dropped_frames"),
)


def _call(insert: Any, *more: str) -> Executable:
    new = insert.excluded
    # A call that was written off too early lives again, and then ends when it really ends.
    ended_at = case(
        (CallRow.end_reason == SERVER_DIED, new.ended_at),
        (new.ended_at.is_(None), None),
        else_=case((CallRow.ended_at.is_(None), new.ended_at), else_=CallRow.ended_at),
    )
    answered_at = case((CallRow.answered_at.is_(None), new.answered_at), else_=CallRow.answered_at)
    values = {name: new[name] for name in (*_CHANGING, *more)}
    made: Executable = insert.on_conflict_do_update(
        index_elements=["id"],
        set_={**values, "answered_at": answered_at, "ended_at": ended_at},
    )
    return made


# One place for both kinds that write a call: the order among them is kept.
_PLACE: Mapping[Kind, int] = {
    "call_started": 0,
    "call_state": 0,
    "turn_started": 1,
    "turn_stages": 2,
    "utterance": 3,
    "event": 4,
}


async def write(
    connection: AsyncConnection, records: Sequence[Record], by_kind: Mapping[Kind, Executable]
) -> None:
    """Write `records`, in few statements: calls before what belongs to them, a kind in one go.

    Within the transaction nobody sees the difference; a call's own states stay in their order.
    """
    ordered = sorted(records, key=lambda record: _PLACE[record.kind])
    for kind, group in itertools.groupby(ordered, lambda record: record.kind):
        rows = [row for record in group for row in record.rows]
        if rows:
            await connection.execute(by_kind[kind], rows)
