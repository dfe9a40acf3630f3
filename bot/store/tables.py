"""The tables. A change here needs a migration; a test compares the two on both databases."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Double, ForeignKey, Index, MetaData, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

# Fixed names, so that a migration can name what it drops on either database.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, timezone-aware in UTC in Python on both databases; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        moment = value.astimezone(UTC)
        # SQLite keeps text; without an offset it sorts, and compares with CURRENT_TIMESTAMP.
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own declarative form
        str: Text(),
        float: Double(),
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
    }


class ServerRow(Base):
    """A process that writes calls. `seen_at` is its heartbeat, by the database's clock.

    `place` names the machine, its boot and the process namespace, `birth` when the process began:
    with `pid` they tell a neighbour for certain whether the process still runs. Empty: unknown.
    """

    __tablename__ = "servers"

    id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str]
    pid: Mapped[int]
    birth: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]


class CallRow(Base):
    """A call, from its admission to its end. Empty text: not known."""

    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(primary_key=True)
    server_id: Mapped[str]
    channel: Mapped[str]
    direction: Mapped[str]
    caller: Mapped[str]
    callee: Mapped[str]
    provider_call_id: Mapped[str]
    mode: Mapped[str]
    mode_reason: Mapped[str]
    providers: Mapped[dict[str, Any]]
    state: Mapped[str]
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str]
    error: Mapped[str]
    dropped_frames: Mapped[int]

    __table_args__ = (
        Index(None, "started_at", "id"),
        Index(None, "caller", "started_at"),
        Index(None, "provider_call_id"),
        Index(
            "ix_calls_open",
            "server_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class TurnRow(Base):
    """One turn of the conversation: the caller speaks, the bot answers."""

    __tablename__ = "turns"

    call_id: Mapped[str] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started_at: Mapped[datetime]


class TurnStageRow(Base):
    """How long one stage of a turn took, in seconds. Stands even if the turn's row was lost."""

    __tablename__ = "turn_stages"

    call_id: Mapped[str] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True
    )
    turn: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(primary_key=True)
    seconds: Mapped[float]


class UtteranceRow(Base):
    """What was said by whom. `text` was heard; `unheard` was cut off by a barge-in."""

    __tablename__ = "utterances"

    id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    turn: Mapped[int | None]
    at: Mapped[datetime]
    speaker: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    unheard: Mapped[str]
    interrupted: Mapped[bool]

    __table_args__ = (Index(None, "call_id", "at", "id"),)


class EventRow(Base):
    """A line for the operator. No foreign key: it may be about a call that never was."""

    __tablename__ = "events"

    id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str | None]
    at: Mapped[datetime]
    kind: Mapped[str]
    detail: Mapped[str]

    __table_args__ = (Index(None, "call_id", "at", "id"), Index(None, "at", "id"))
