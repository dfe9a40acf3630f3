"""Which providers' breakers are open, for all processes that share the database."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.once import clean, writing
from bot.store.store import Store
from bot.store.tables import Base

FORGOTTEN = timedelta(minutes=10)
"""An older word about a provider means nothing any more; whoever said it may be dead."""


class ProviderHealthRow(Base):
    """The latest word about one provider's endpoint. `server_id` says whose it is."""

    __tablename__ = "provider_health"

    key: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    reason: Mapped[str]
    server_id: Mapped[str]
    at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Word:
    """One row; `state` is `closed` or `open`."""

    key: str
    state: str
    reason: str
    server_id: str
    at: datetime


async def say(store: Store, words: Iterable[tuple[str, str, str]]) -> None:
    """Write (key, state, reason) of endpoints; the latest word stands.

    Raises:
        StoreError: the database cannot be written just now.
    """
    at = datetime.now(UTC)
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[store.dialect]
    async with writing(store) as connection:
        for key, state, reason in words:
            row = asdict(Word(clean(key), state, clean(reason), store.server.id, at))
            upsert = insert(ProviderHealthRow).values(**row)
            others = {name: value for name, value in row.items() if name != "key"}
            await connection.execute(
                upsert.on_conflict_do_update(index_elements=["key"], set_=others)
            )


async def heard(store: Store) -> list[Word]:
    """What other processes have said lately.

    Raises:
        StoreError: the database cannot be read just now.
    """
    columns = (getattr(ProviderHealthRow, name) for name in Word.__dataclass_fields__)
    query = select(*columns).where(
        ProviderHealthRow.server_id != store.server.id,
        ProviderHealthRow.at > datetime.now(UTC) - FORGOTTEN,
    )
    async with store.reading() as session:
        return [Word(*row) for row in (await session.execute(query)).all()]
