"""The tables that the tools write: what callers keep, and what is arranged for them.

`owner` is whose it is: a caller's number, a user of the room, or one call when nobody knows who
calls. Every read and write names it; nothing is ever found for somebody else.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.tables import Base


class DoneWriteRow(Base):
    """A write that was done, by its key, with the answer it gave: it is never done again."""

    __tablename__ = "done_writes"

    key: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[dict[str, Any]]
    at: Mapped[datetime]

    __table_args__ = (Index(None, "at"),)


class NoteRow(Base):
    """A note. `folded` is title and text as they are searched, see `bot.store.once.folded`."""

    __tablename__ = "notes"

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    folded: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    __table_args__ = (Index(None, "owner", "changed_at"),)


class ProfileRow(Base):
    """One thing that a caller told about themselves."""

    __tablename__ = "profiles"

    owner: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    changed_at: Mapped[datetime]


class MessageRow(Base):
    """A message that a caller left for somebody."""

    __tablename__ = "messages"

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    call_id: Mapped[str]
    recipient: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (Index(None, "at"), Index(None, "owner", "at"))


class MeetingRow(Base):
    """A meeting. `token` is the secret in the address of its calendar file."""

    __tablename__ = "meetings"

    id: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str]
    owner: Mapped[str]
    title: Mapped[str]
    attendees: Mapped[str]
    starts_at: Mapped[datetime]
    minutes: Mapped[int]
    zone: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("token"), Index(None, "owner", "starts_at"))


class PassageRow(Base):
    """A passage of one of the business's own documents."""

    __tablename__ = "passages"

    document: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    heading: Mapped[str]
    text: Mapped[str]
    folded: Mapped[str]


class HandoverRow(Base):
    """A call on its way to a person: what is whispered to them before they are connected."""

    __tablename__ = "handovers"

    token: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str]
    target: Mapped[str]
    summary: Mapped[str]
    at: Mapped[datetime]
