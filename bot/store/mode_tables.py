"""The tables of the modes: what operators have set, and every change of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.tables import Base


class ModeSettingRow(Base):
    """One thing that operators set. `version` grows by one with each change, from 1."""

    __tablename__ = "mode_settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    value: Mapped[dict[str, Any]]
    who: Mapped[str]
    at: Mapped[datetime]


class ModeChangeRow(Base):
    """A change: who, when, from what to what."""

    __tablename__ = "mode_changes"

    key: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    who: Mapped[str]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]

    __table_args__ = (Index(None, "at"),)
