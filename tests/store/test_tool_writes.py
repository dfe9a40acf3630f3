"""What the tools write, on both databases: once, wholly, the owner's own, and searchable."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError, TandemError
from bot.store import desk, notes, once, passages, profiles
from bot.store.once import folded
from bot.store.store import Store
from bot.store.tool_tables import DoneWriteRow
from tests.fixtures.postgres import PASSWORD, QUOTED_PASSWORD
from tests.store.databases import Database, PostgresDatabase

ME, YOU = "+15550001111", "+15550002222"


async def test_a_key_writes_once_also_at_the_same_moment(store: Store, database: Database) -> None:
    made = await asyncio.gather(
        *(notes.create(store, ME, "Milk", "two", key="k1") for _ in range(5))
    )
    assert len({note.id for note in made}) == 1
    assert await database.rows("SELECT title, text FROM notes") == [("Milk", "two")]
    again = await notes.create(store, ME, "Something else", "entirely", key="k1")
    assert again == made[0]


async def test_two_servers_write_once(store: Store, database: Database) -> None:
    other = await Store.open(database.url)
    try:
        await asyncio.gather(
            notes.create(store, ME, "Milk", "", key="k"), notes.create(other, ME, "Milk", "", "k")
        )
    finally:
        await other.close()
    assert await database.rows("SELECT count(*) FROM notes") == [(1,)]


async def test_what_fails_half_way_leaves_nothing_and_may_be_tried_again(store: Store) -> None:
    async def broken(connection: AsyncConnection) -> once.Answer:
        await connection.exec_driver_sql("DELETE FROM notes")
        raise TandemError("no")

    await notes.create(store, ME, "Keep", "", key="k1")
    with pytest.raises(TandemError, match="no"):
        await once.once(store, "k2", broken)
    assert len(await notes.find(store, ME)) == 1

    async def works(connection: AsyncConnection) -> once.Answer:
        return {"is": "done"}

    assert await once.once(store, "k2", works) == {"is": "done"}


async def test_no_change_of_a_note_is_lost(store: Store) -> None:
    note = await notes.create(store, ME, "List", "", key="k")
    await asyncio.gather(
        *(
            notes.change(store, ME, note.id, lambda old, n=n: f"{old}{n}", key=f"c{n}")  # type: ignore[misc]
            for n in range(4)
        )
    )
    found = await notes.get(store, ME, note.id)
    assert found is not None
    assert sorted(found.text) == list("0123")


async def test_nobody_reads_or_changes_anothers(store: Store) -> None:
    note = await notes.create(store, ME, "Secret", "1234", key="k")
    await profiles.put(store, ME, "name", "Sam", key="p")
    assert await notes.find(store, YOU) == []
    assert await notes.titles(store, YOU) == []
    assert await notes.get(store, YOU, note.id) is None
    with pytest.raises(notes.NoteGone):
        await notes.change(store, YOU, note.id, str.upper, key="c")
    assert not await notes.remove(store, YOU, note.id, key="d")
    assert await profiles.read(store, YOU) == {}
    assert not await profiles.forget(store, YOU, "", key="f")
    assert await profiles.read(store, ME) == {"name": "Sam"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("zurich", ["Zürich"]),
        ("ZÜRICH café", ["Zürich"]),
        ("50%", ["Sale"]),
        ("x_y", ["Code"]),
        ("strasse", ["Straße"]),
        ("%", ["Code", "Sale", "Straße", "Zürich"]),  # no words: everything
        ("nothing", []),
    ],
)
async def test_notes_are_found_whatever_the_case_and_the_accents(
    store: Store, query: str, found: list[str]
) -> None:
    for title, text in (
        ("Zürich", "the Café Odéon"),
        ("Straße", "number 5"),
        ("Sale", "50% off"),
        ("Code", "x_y"),
    ):
        await notes.create(store, ME, title, text, key=title)
    assert sorted(note.title for note in await notes.find(store, ME, query)) == found


async def test_texts_that_databases_refuse_are_cleaned(store: Store) -> None:
    note = await notes.create(store, ME, "a\0b", "half \ud83d emoji 🎉", key="k")
    assert (note.title, note.text) == ("ab", "half ? emoji 🎉")
    assert await notes.get(store, ME, note.id) == note


async def test_there_is_an_end_to_what_one_owner_keeps(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MOST_NOTES", 2)
    monkeypatch.setattr(profiles, "MOST_FIELDS", 1)
    for number in range(2):
        await notes.create(store, ME, "n", "", key=f"n{number}")
    with pytest.raises(notes.TooManyNotes):
        await notes.create(store, ME, "n", "", key="n3")
    await profiles.put(store, ME, "a", "1", key="p1")
    with pytest.raises(profiles.ProfileFull):
        await profiles.put(store, ME, "b", "1", key="p2")
    await profiles.put(store, ME, "a", "2", key="p3")
    long = await notes.create(store, YOU, "t" * 500, "x" * 50_000, key="long")
    assert (len(long.title), len(long.text)) == (notes.LONGEST_TITLE, notes.LONGEST_TEXT)


async def test_a_meeting_comes_back_as_it_was_booked(store: Store) -> None:
    starts = datetime(2026, 11, 24, 14, tzinfo=UTC)
    booked = await desk.book(
        store,
        **{"owner": ME, "title": "Tea", "attendees": "Ada", "zone": "Europe/Berlin", "key": "k"},
        starts_at=starts,
        minutes=30,
    )
    assert booked.starts_at == starts
    assert await desk.meeting(store, booked.token) == booked
    assert await desk.meetings(store, ME, starts - timedelta(hours=1)) == [booked]
    assert await desk.meetings(store, ME, starts) == []
    assert await desk.meetings(store, YOU, starts - timedelta(hours=1)) == []
    assert await desk.meeting(store, "nonsense") is None


async def test_documents_are_searched_by_their_words(store: Store) -> None:
    await passages.replace(
        store,
        {
            "a.md": "# Öffnungszeiten\n\nMontags von 9 bis 18 Uhr geöffnet.",
            "b.md": "# Preise\n\nEin Haarschnitt kostet 30 Euro.\n\n# Parken\n\nVor dem Haus.",
        },
    )
    found = await passages.search(store, "Was kosten Haarschnitte?")
    assert found[0] == passages.Passage("b.md", "Preise", "Ein Haarschnitt kostet 30 Euro.")
    assert (await passages.search(store, "offnungszeit"))[0].document == "a.md"
    assert await passages.search(store, "xylophone") == []
    assert await passages.search(store, "% _ a") == []
    await passages.replace(store, {})
    assert await passages.search(store, "Haarschnitt") == []


@pytest.mark.usefixtures("impatient")
async def test_a_database_that_is_away_is_one_line_without_the_password(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "_TRIES", (0.01, None))
    database.cut()
    with pytest.raises(StoreError, match="cannot write to the database") as caught:
        await notes.create(store, ME, "A", "the secret words", key="k")
    text = str(caught.value)
    assert "\n" not in text
    assert "secret words" not in text
    assert PASSWORD not in text
    assert QUOTED_PASSWORD not in text
    if isinstance(database, PostgresDatabase):
        with pytest.raises(StoreError):
            await notes.find(store, ME)
    database.mend()
    assert (await notes.create(store, ME, "A", "x", key="k")).title == "A"


@pytest.mark.usefixtures("impatient")
async def test_a_short_outage_is_not_noticed(store: Store, database: Database) -> None:
    database.cut()

    async def later() -> None:
        await asyncio.sleep(0.2)
        database.mend()

    mending = asyncio.create_task(later())
    await notes.create(store, ME, "A", "x", key="k")
    await mending
    assert await database.rows("SELECT title FROM notes") == [("A",)]


async def test_old_keys_are_forgotten_and_new_ones_kept(store: Store, database: Database) -> None:
    await notes.create(store, ME, "Old", "", key="old")
    await notes.create(store, ME, "New", "", key="new")
    async with store.writing() as connection:
        long_ago = datetime.now(UTC) - once.REMEMBERED - timedelta(days=1)
        await connection.execute(
            update(DoneWriteRow).where(DoneWriteRow.key == "old").values(at=long_ago)
        )
    assert await once.forget_done(store) == 1
    assert await database.rows("SELECT key FROM done_writes") == [("new",)]
    assert len(await notes.find(store, ME)) == 2


def test_folding() -> None:
    assert folded("  Crème-Brûlée, STRASSE/ß! ") == "creme brulee strasse ss"
    assert folded("") == ""
