"""Callers' notes. Every function raises StoreError when the database cannot be used."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import TandemError
from bot.store.once import Answer, clean, folded, once
from bot.store.records import next_id
from bot.store.store import Store
from bot.store.tool_tables import NoteRow

LONGEST_TITLE, LONGEST_TEXT = 120, 20_000
"""Characters: a title is read aloud, and a text fits the model's context."""
MOST_NOTES = 1000
"""Notes of one owner: what a list can still be searched in memory for."""


class NoteGone(TandemError):
    """The note to be changed is not there any more."""


class TooManyNotes(TandemError):
    """The owner has `MOST_NOTES` notes already."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note, without its owner: whoever has it has asked for their own."""

    id: str
    title: str
    text: str


_NOTE = (NoteRow.id, NoteRow.title, NoteRow.text)


async def create(store: Store, owner: str, title: str, text: str, key: str) -> Note:
    """Write a note, once for `key`. A title that is taken gets a number: 'Shopping 2'.

    Raises:
        TooManyNotes: nothing was written.
    """
    title, text = clean(title)[:LONGEST_TITLE], clean(text)[:LONGEST_TEXT]

    async def work(connection: AsyncConnection) -> Answer:
        taken = await _titles(connection, owner)
        if len(taken) >= MOST_NOTES:
            raise TooManyNotes(f"{MOST_NOTES} notes")
        note = Note(next_id(), _free(title, taken), text)
        now = datetime.now(UTC)
        row = asdict(note) | {"owner": owner, "folded": folded(f"{note.title} {text}")}
        await connection.execute(insert(NoteRow).values(**row, created_at=now, changed_at=now))
        return asdict(note)

    return Note(**await once(store, key, work))


async def change(
    store: Store, owner: str, note_id: str, edit: Callable[[str], str], key: str
) -> Note:
    """Write what `edit` makes of the text, once for `key`; nobody's change in between is lost.

    Raises:
        NoteGone: the owner has no such note.
        TandemError: what `edit` raises; nothing is written then.
    """

    async def work(connection: AsyncConnection) -> Answer:
        mine = and_(NoteRow.id == note_id, NoteRow.owner == owner)
        # FOR UPDATE where there is such a thing; SQLite has the write lock already.
        found = (await connection.execute(select(*_NOTE).where(mine).with_for_update())).first()
        if found is None:
            raise NoteGone("the note is not there any more")
        note = Note(found.id, found.title, clean(edit(found.text))[:LONGEST_TEXT])
        await connection.execute(
            update(NoteRow)
            .where(mine)
            .values(
                text=note.text,
                folded=folded(f"{note.title} {note.text}"),
                changed_at=datetime.now(UTC),
            )
        )
        return asdict(note)

    return Note(**await once(store, key, work))


async def remove(store: Store, owner: str, note_id: str, key: str) -> bool:
    """Delete a note, once for `key`; False if there was none."""

    async def work(connection: AsyncConnection) -> Answer:
        mine = and_(NoteRow.id == note_id, NoteRow.owner == owner)
        return {"found": (await connection.execute(delete(NoteRow).where(mine))).rowcount > 0}

    return bool((await once(store, key, work))["found"])


async def find(store: Store, owner: str, query: str = "", limit: int = 20) -> list[Note]:
    """The owner's notes that have every word of `query` (or part of it), changed last first."""
    wanted = select(*_NOTE).where(NoteRow.owner == owner)
    for word in folded(query).split():
        wanted = wanted.where(NoteRow.folded.contains(word, autoescape=True))
    return await _notes(store, wanted.order_by(NoteRow.changed_at.desc(), NoteRow.id).limit(limit))


async def titles(store: Store, owner: str) -> list[tuple[str, str]]:
    """(id, title) of every note of the owner, changed last first."""
    wanted = select(NoteRow.id, NoteRow.title).where(NoteRow.owner == owner)
    async with store.reading() as session:
        rows = await session.execute(wanted.order_by(NoteRow.changed_at.desc(), NoteRow.id))
        return [(row.id, row.title) for row in rows]


async def get(store: Store, owner: str, note_id: str) -> Note | None:
    """The owner's note with that id, or None."""
    found = await _notes(
        store, select(*_NOTE).where(and_(NoteRow.id == note_id, NoteRow.owner == owner))
    )
    return found[0] if found else None


async def _notes(store: Store, query: Select[str, str, str]) -> list[Note]:
    async with store.reading() as session:
        return [Note(*row) for row in await session.execute(query)]


async def _titles(connection: AsyncConnection, owner: str) -> set[str]:
    rows = await connection.execute(select(NoteRow.title).where(NoteRow.owner == owner))
    return {folded(title) for title in rows.scalars()}


def _free(title: str, taken: set[str]) -> str:
    if folded(title) not in taken:
        return title
    number = 2
    while folded(f"{title} {number}") in taken:
        number += 1
    return f"{title} {number}"
