"""Writes that a caller asked for: each happens exactly once, wholly or not at all.

    answer = await once(store, key, work)

`work` gets a connection in a transaction. The key is written in the same transaction, so a request
that comes again (a retry, a repeated tool call, another machine) gets the first answer.
"""

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.store.failures import blames_record
from bot.store.store import Store
from bot.store.tool_tables import DoneWriteRow

Answer = dict[str, Any]
Work = Callable[[AsyncConnection], Awaitable[Answer]]

REMEMBERED = timedelta(days=14)
"""How long a key protects: far longer than any call, retry or delegated task."""

_TRIES = (0.1, 0.4, 1.0, None)
"""Seconds before a failed write is tried again; a lost commit is safe to repeat, by its key."""


async def once(store: Store, key: str, work: Work) -> Answer:
    """Do `work` for `key` and return its answer; the first answer if it was done before.

    `work` may run more than once, but only one run is committed. What it raises comes through,
    and nothing is written then.

    Raises:
        StoreError: the database cannot be written just now, or refuses these values.
    """
    for pause in _TRIES:
        try:
            async with store.writing() as connection:
                return await _once(store, connection, key, work)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if pause is None or blames_record(error):
                reason = store.reason(error)
                raise StoreError(f"cannot write to the database {store.shown}: {reason}") from None
        await asyncio.sleep(pause)
    raise AssertionError("unreachable")  # pragma: no cover


async def _once(store: Store, connection: AsyncConnection, key: str, work: Work) -> Answer:
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[store.dialect]
    claim = insert(DoneWriteRow).values(key=key, answer={}, at=datetime.now(UTC))
    claimed = await connection.execute(claim.on_conflict_do_nothing().returning(DoneWriteRow.key))
    if claimed.first() is None:
        query = select(DoneWriteRow.answer).where(DoneWriteRow.key == key)
        return dict((await connection.execute(query)).scalar_one())
    answer = await work(connection)
    done = update(DoneWriteRow).where(DoneWriteRow.key == key).values(answer=answer)
    await connection.execute(done)
    return answer


async def forget_done(store: Store) -> int:
    """Delete keys older than `REMEMBERED`; returns how many. To be called now and then.

    Raises:
        StoreError: the database cannot be written just now.
    """
    async with writing(store) as connection:
        old = delete(DoneWriteRow).where(DoneWriteRow.at < datetime.now(UTC) - REMEMBERED)
        return (await connection.execute(old)).rowcount


@asynccontextmanager
async def writing(store: Store) -> AsyncIterator[AsyncConnection]:
    """A connection in a transaction, for writes that need no key.

    Raises:
        StoreError: the database cannot be written just now, or refuses these values.
    """
    try:
        async with store.writing() as connection:
            yield connection
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        text = f"cannot write to the database {store.shown}: {store.reason(error)}"
        raise StoreError(text) from None


def folded(text: str) -> str:
    """`text` for searching: no case, no accents, one space between words.

    Databases fold case by their own locale, SQLite only ASCII; this is the same on both.
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in bare.casefold()).split())


def clean(text: str) -> str:
    """`text` without what PostgreSQL cannot hold: NUL, and halves of a UTF-16 pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
