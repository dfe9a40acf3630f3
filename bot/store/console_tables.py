"""The tables behind the console: what is searched of ended calls, and which worker writes what."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.tables import Base


class CallIndexRow(Base):
    """What is searched and counted of an ended call, so that no list reads its every turn.

    `text` is all that was said and who said it, as `bot.store.once.folded` gives it; the full-text
    index stands on it (`fts_calls` on SQLite, `fts_call_index` on PostgreSQL, made by the
    migration). `ended_at` is the call's at the time of writing. `slowest` is the longest
    voice-to-voice of a turn, in seconds, 0 where none was measured. `stages`: stage -> seconds of
    each turn. `troubles`: kind of event -> how often.
    """

    __tablename__ = "call_index"

    number: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    ended_at: Mapped[datetime]
    text: Mapped[str]
    turns: Mapped[int]
    slow_turns: Mapped[int]
    errors: Mapped[int]
    tools: Mapped[int]
    slowest: Mapped[float]
    stages: Mapped[dict[str, Any]]
    troubles: Mapped[dict[str, Any]]

    __table_args__ = (Index("uq_call_index_call_id", "call_id", unique=True),)


class ServerWorkerRow(Base):
    """Which worker a server process is among those that share a port; 0 when it is alone."""

    __tablename__ = "server_workers"

    server_id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str]
    worker: Mapped[int]
