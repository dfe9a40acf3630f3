"""Notes by voice: each ability, whose they are, and what is said when it cannot be."""

import pytest

from bot.store import notes
from bot.store.store import Store
from tests.tools.conftest import Play
from tests.tools.scene import CALLER, Scene
from tools.note_text import NoSuchPart, changed


async def test_a_note_is_written_listed_read_changed_and_deleted(call: Scene, store: Store) -> None:
    assert "Shopping" in await call("bot_create_note", title="Shopping", content="milk\neggs")
    call.next_turn()
    assert "Shopping" in await call("bot_list_notes")
    assert "milk\neggs" in await call("bot_read_note", note="shopping list")
    said = await call("bot_update_note", note="my shopping", change="append", text="bread")
    assert "milk\neggs\nbread" in said
    call.next_turn()
    await call("bot_update_note", note="shopping", change="remove", text="Eggs")
    assert [n.text for n in await notes.find(store, CALLER)] == ["milk\nbread"]
    asked = await call("bot_delete_note", note="shopping")
    assert "Ask the caller" in asked
    assert len(await notes.find(store, CALLER)) == 1
    call.next_turn()
    assert "Deleted" in await call("bot_delete_note", note="shopping", confirmed_by_caller=True)
    assert await notes.find(store, CALLER) == []
    assert "no notes" in await call("bot_list_notes")


async def test_a_deletion_is_never_confirmed_by_the_model_alone(call: Scene, store: Store) -> None:
    await call("bot_create_note", title="Keep", content="x")
    await call("bot_create_note", title="Other", content="y")
    said = await call("bot_delete_note", note="keep", confirmed_by_caller=True)
    assert "Not deleted yet" in said
    again = await call("bot_delete_note", note="keep", confirmed_by_caller=True)
    assert "Not deleted yet" in again  # the caller has had no turn to answer
    call.next_turn()
    other = await call("bot_delete_note", note="other", confirmed_by_caller=True)
    assert "Not deleted yet" in other  # asked about another note
    assert len(await notes.find(store, CALLER)) == 2


async def test_a_callers_no_counts_whatever_the_model_makes_of_it(
    call: Scene, store: Store
) -> None:
    await call("bot_create_note", title="Keep", content="x")
    await call("bot_delete_note", note="keep")
    call.next_turn()
    call.box.refused = lambda: True
    said = await call("bot_delete_note", note="keep", confirmed_by_caller=True)
    assert "it stays as it is" in said
    call.next_turn()
    call.box.refused = lambda: False
    assert "Ask the caller" in await call("bot_delete_note", note="keep", confirmed_by_caller=True)
    assert len(await notes.find(store, CALLER)) == 1


@pytest.mark.parametrize("title", ["Plumber", "Plumber on Tuesday"])
async def test_a_correction_right_after_corrects_the_note(
    call: Scene, store: Store, title: str
) -> None:
    """ "No, Tuesday": models make a second note of it."""
    await call("bot_create_note", title="Plumber", content="The plumber comes on Monday.")
    call.next_turn()
    call.box.refused = lambda: True
    right = "The plumber comes on Tuesday."
    said = await call("bot_create_note", title=title, content=right)
    assert [(n.title, n.text) for n in await notes.find(store, CALLER)] == [(title, right)]
    assert "It says now: The plumber comes on Tuesday." in said or "in place of “Plumber”" in said
    call.next_turn()
    last = "The plumber comes on Sunday."
    await call("bot_create_note", title=title, content=last)
    assert [n.text for n in await notes.find(store, CALLER)] == [last]


@pytest.mark.parametrize(
    ("no", "turns", "content"),
    [
        (False, 1, "The plumber comes on Tuesday."),
        (True, 2, "The plumber comes on Tuesday."),
        (True, 1, "Bob has called about the roof."),
    ],
    ids=["no no", "later", "another thing"],
)
async def test_what_is_no_correction_is_a_note_of_its_own(
    call: Scene, store: Store, no: bool, turns: int, content: str
) -> None:
    await call("bot_create_note", title="Note", content="The plumber comes on Monday.")
    for _ in range(turns):
        call.next_turn()
    call.box.refused = lambda: no
    assert "Saved" in await call("bot_create_note", title="Note", content=content)
    assert len(await notes.find(store, CALLER)) == 2


async def test_notes_are_the_callers_own(play: Play) -> None:
    one, other = play(), play(caller="+15550009999")
    await one("bot_create_note", title="Secret", content="the code is 1234")
    assert "no notes" in await other("bot_list_notes")
    assert "no notes" in await other("bot_read_note", note="Secret")
    assert "1234" in await one("bot_read_note", note="secret")
    hidden, hidden_too = play(caller="anonymous"), play(caller="anonymous")
    await hidden("bot_create_note", title="Mine", content="x")
    assert "Mine" in await hidden("bot_list_notes")
    assert "no notes" in await hidden_too("bot_list_notes")


async def test_the_right_note_is_found_or_asked_for(call: Scene) -> None:
    await call("bot_create_note", title="Dentist appointment", content="Tuesday at ten")
    await call("bot_create_note", title="Ideas for work", content="a café in Zürich")
    await call("bot_create_note", title="Ideas for home", content="paint")
    assert "Tuesday" in await call("bot_read_note", note="dentist apointment")  # misheard
    assert "Zürich" in await call("bot_read_note", note="cafe in zurich")
    several = await call("bot_read_note", note="ideas")
    assert "Several notes fit" in several
    assert "Ideas for home" in several
    for everything in ("notes", "all my notes", ""):
        assert "3 notes" in await call("bot_list_notes", query=everything)
    assert "no note about bees. There are: " in await call("bot_list_notes", query="bees")
    nothing = await call("bot_read_note", note="unicorn")
    assert "There is no note called “unicorn”" in nothing
    assert "Dentist appointment" in nothing


@pytest.mark.parametrize("words", ["my note", "the note", "it", "that one", "", "my last note"])
async def test_the_only_note_needs_no_name(call: Scene, words: str) -> None:
    await call("bot_create_note", title="Buy milk", content="tomorrow")
    assert "says: tomorrow" in await call("bot_read_note", note=words)


async def test_of_several_notes_the_latest_can_be_meant(call: Scene) -> None:
    await call("bot_create_note", title="Rent", content="pay it")
    await call("bot_create_note", title="Plants", content="water them")
    assert "water them" in await call("bot_read_note", note="my latest note")
    unnamed = await call("bot_read_note", note="my note")
    assert "Several notes fit: Plants; Rent" in unnamed
    assert "There is no note called “the bees”" in await call("bot_read_note", note="the bees")


async def test_a_title_that_is_taken_gets_a_number(call: Scene) -> None:
    await call("bot_create_note", title="List", content="a")
    assert "“list 2”" in await call("bot_create_note", title="list", content="b")
    assert "says: a" in await call("bot_read_note", note="list")
    assert "says: b" in await call("bot_read_note", note="list 2")


async def test_the_screen_shows_saves_and_closes(room: Scene) -> None:
    assert room.screen
    await room("bot_create_note", title="Trip: Rome", content="## Pack\nsocks")
    assert room.screen.commands == []  # notes are not open: nothing is forced on the screen
    await room("bot_open_note", note="rome")
    name, payload = room.screen.last
    assert name == "note.show"
    assert payload["text"] == "## Pack\nsocks"
    room.screen.page.heard("ui.windows", {"windows": ["notes"]})
    await room("bot_update_note", note="rome", change="append", text="hat")
    assert room.screen.last[1]["text"] == "## Pack\nsocks\nhat"
    await room("bot_download_note", note="rome", format="markdown")
    assert room.screen.last == (
        "file.save",
        {
            "name": "Trip Rome.md",
            "mime": "text/markdown",
            "text": "# Trip: Rome\n\n## Pack\nsocks\nhat\n",
        },
    )
    await room("bot_close_notes")
    assert room.screen.last == ("note.close", {"id": ""})


async def test_a_page_that_is_gone_does_not_undo_a_note(room: Scene, store: Store) -> None:
    assert room.screen
    room.screen.page.heard("ui.windows", {"windows": ["notes"]})
    room.screen.answer = lambda *_: None
    assert "Saved" in await room("bot_create_note", title="A", content="b")
    assert "Not done" in await room("bot_open_note", note="a")


NOTE = "first\n## To do\nmilk\neggs\n## Later\nsleep"


@pytest.mark.parametrize(
    ("change", "words", "section", "after"),
    [
        ("append", "last", "", NOTE + "\nlast"),
        ("prepend", "zero", "", "zero\n" + NOTE),
        ("replace", "new", "", "new"),
        ("append", "tea", "to do", "first\n## To do\nmilk\neggs\ntea\n## Later\nsleep"),
        ("prepend", "tea", "To Do", "first\n## To do\ntea\nmilk\neggs\n## Later\nsleep"),
        ("replace_section", "tea", "todo", NOTE + "\n## todo\ntea"),
        ("replace_section", "tea", "later", "first\n## To do\nmilk\neggs\n## Later\ntea"),
        ("remove", "EGGS", "", "first\n## To do\nmilk\n## Later\nsleep"),
        ("remove", "milk", "to do", "first\n## To do\neggs\n## Later\nsleep"),
        ("remove", "", "to do", "first\n## Later\nsleep"),
    ],
)
def test_a_change_of_the_text(change: str, words: str, section: str, after: str) -> None:
    assert changed(NOTE, change, words, section) == after  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "words", "section"),
    [
        ("append", "x", "nowhere"),
        ("remove", "unicorn", ""),
        ("remove", "sleep", "to do"),
        ("replace_section", "x", ""),
    ],
)
def test_a_change_that_has_no_place(change: str, words: str, section: str) -> None:
    with pytest.raises(NoSuchPart):
        changed(NOTE, change, words, section)  # type: ignore[arg-type]
