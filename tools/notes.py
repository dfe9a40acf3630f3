"""Notes: kept in the store, the caller's own."""

import difflib
import re
from typing import Literal

from pipecat.services.llm_service import FunctionCallParams

from bot.store import notes
from bot.store.once import folded
from tools.corrections import UNCHANGED, alike, mistaken, remember
from tools.declare import Family, tool
from tools.note_text import Change, NoSuchPart, changed
from tools.running import acting, confirmed, once_key
from tools.toolbox import Toolbox, ToolFailed, page_of, toolbox
from tools.ui import FileSave, NoteClose, NoteShow

FAMILY = Family(
    name="notes",
    words=r"not(?:e|es|ed|ebook|iz\w*|a|as|er)\b|(?:shopping|packing|to do|todo|grocery|party"
    r"|gift|wish|my|the) lists?\b|lists? of|memo\b|write (?:\w+ ){0,2}down|jot"
    r"|take (?:\w+ ){0,2}down|merk|einkauf|anot|apunt|schreib|erinner|rappel|liste"
    r"|recuerd",
    hints=r"list|remember|remind|shopping|save|write",
    windows=frozenset({"notes"}),
    cannot="keep notes",
)

_READABLE = 1500
"""Characters of a note that the model gets to read out: about two minutes of speech."""
_CLOSE = 0.72
"""How alike a title and what the recogniser heard of it must be (difflib's ratio)."""


async def bot_create_note(params: FunctionCallParams, title: str, content: str) -> str:
    """Write a new note for the caller: "make a note", "write this down", "start a list".

    Args:
        title: A short name for the note, from the caller's words.
        content: What to write down, complete, one thing a line.
    """
    box = toolbox(params)
    wrong = await _mistaken(box, title, content)
    if wrong and folded(wrong.text) == folded(content):
        raise ToolFailed(UNCHANGED.format(tool="bot_create_note"))
    acting()
    if wrong and folded(wrong.title) == folded(title):
        return await _rewritten(box, wrong, content)
    try:
        note = await notes.create(box.store, box.owner, title or "Note", content, key=once_key())
    except notes.TooManyNotes:
        raise ToolFailed("Not done: the notebook is full. Ask which notes to delete.") from None
    remember(box, "note", note, instead_of=wrong)
    await _refresh(box, note)
    if wrong and await notes.remove(box.store, box.owner, wrong.id, key=f"{once_key()}-wrong"):
        if box.page:
            await box.page.tell(NoteClose(id=wrong.id))
        return f"Saved as the note “{note.title}”, in place of “{wrong.title}”."
    return f"Saved as the note “{note.title}”."


async def _mistaken(box: Toolbox, title: str, content: str) -> notes.Note | None:
    """The note that was made in the turn before and is corrected now: "no, Tuesday"."""
    found: notes.Note | None = await mistaken(
        box,
        "note",
        False,
        lambda made: alike(f"{made.title} {made.text}", f"{title} {content}"),
    )
    return found


async def _rewritten(box: Toolbox, wrong: notes.Note, content: str) -> str:
    try:
        note = await notes.change(box.store, box.owner, wrong.id, lambda _: content, key=once_key())
    except notes.NoteGone:
        raise ToolFailed("Not done: the note was deleted meanwhile.") from None
    remember(box, "note", note, instead_of=wrong)
    await _refresh(box, note)
    return f"Changed the note “{note.title}”. It says now: {note.text[:300]}"


async def bot_list_notes(params: FunctionCallParams, query: str = "") -> str:
    """Say which notes the caller has, all of them or those about something.

    Args:
        query: Words to look for in titles and texts; leave it out for all notes.
    """
    box = toolbox(params)
    about = " ".join(word for word in folded(query).split() if word not in _NOT_A_TOPIC)
    found = await notes.find(box.store, box.owner, about, limit=21)
    if not found and about:
        every = [title for _, title in await notes.titles(box.store, box.owner)]
        others = f" There are: {'; '.join(every[:8])}." if every else ""
        return f"Tell the caller: There is no note about {query}.{others}"
    if not found:
        return "Tell the caller: You have no notes yet."
    names = "; ".join(note.title for note in found[:20])
    if len(found) == 1:
        return f"Tell the caller: One note: {names}."
    count = "More than 20" if len(found) > 20 else str(len(found))
    return f"Tell the caller: {count} notes, the newest first: {names}."


async def bot_read_note(params: FunctionCallParams, note: str) -> str:
    """Read one of the caller's notes to them.

    Args:
        note: The note's title, or words from it.
    """
    found = await _the_note(toolbox(params), note)
    if not found.text:
        return f"Tell the caller: The note “{found.title}” is empty."
    text = found.text[:_READABLE]
    rest = " … It goes on; shall I read the rest?" if len(found.text) > _READABLE else ""
    return f"Read to the caller: The note “{found.title}” says: {text}{rest}"


@tool(screen=True, cannot="show notes on a screen")
async def bot_open_note(params: FunctionCallParams, note: str) -> str:
    """Show one of the caller's notes on their screen.

    Args:
        note: The note's title, or words from it.
    """
    found = await _the_note(toolbox(params), note)
    acting()
    await page_of(params).do(NoteShow(id=found.id, title=found.title, text=found.text))
    return f"The note “{found.title}” is on the caller's screen."


async def bot_update_note(
    params: FunctionCallParams, note: str, change: Change, text: str, section: str = ""
) -> str:
    """Change one of the caller's notes: "add this to my list", "cross that out".

    Args:
        note: The note's title, or words from it.
        change: append adds at the end, prepend at the beginning, replace writes the whole note
            anew, replace_section writes one section anew, remove takes out the lines with text.
        text: What to add, to write, or to take out.
        section: The heading of the part that is meant, only where the note has headings.
    """
    box = toolbox(params)
    found = await _the_note(box, note)
    acting()
    try:
        written = await notes.change(
            box.store,
            box.owner,
            found.id,
            lambda old: changed(old, change, text, section),
            key=once_key(),
        )
    except NoSuchPart as error:
        raise ToolFailed(f"Not done: in the note “{found.title}”, {error}.") from None
    except notes.NoteGone:
        raise ToolFailed("Not done: the note was deleted meanwhile.") from None
    await _refresh(box, written)
    return f"Changed the note “{written.title}”. It says now: {written.text[:300]}"


async def bot_delete_note(
    params: FunctionCallParams, note: str, confirmed_by_caller: bool = False
) -> str:
    """Delete one of the caller's notes for good. Asks first.

    Args:
        note: The note's title, or words from it.
        confirmed_by_caller: True only after you have asked whether to delete this very note and
            the caller said yes.
    """
    box = toolbox(params)
    found = await _the_note(box, note)
    if not confirmed(f"delete note {found.id}", confirmed_by_caller):
        return (
            "Not deleted yet; after a yes, call bot_delete_note again with confirmed_by_caller "
            f"true. Ask the caller: Shall I really delete the note “{found.title}”?"
        )
    acting()
    if not await notes.remove(box.store, box.owner, found.id, key=once_key()):
        return f"The note “{found.title}” was gone already."
    if box.page:
        await box.page.tell(NoteClose(id=found.id))
    return f"Deleted the note “{found.title}”."


@tool(screen=True, cannot="download files")
async def bot_download_note(
    params: FunctionCallParams, note: str, format: Literal["markdown", "text"] = "text"
) -> str:
    """Save one of the caller's notes as a file on their computer.

    Args:
        note: The note's title, or words from it.
        format: markdown or text.
    """
    found = await _the_note(toolbox(params), note)
    name = re.sub(r"[^\w -]+", "", found.title).strip() or "note"
    acting()
    if format == "markdown":
        file = FileSave(
            name=f"{name}.md", mime="text/markdown", text=f"# {found.title}\n\n{found.text}\n"
        )
    else:
        bare = re.sub(r"^#+ +", "", found.text, flags=re.M)
        file = FileSave(name=f"{name}.txt", mime="text/plain", text=f"{found.title}\n\n{bare}\n")
    await page_of(params).do(file)
    return f"The note is being saved as {file.name}."


@tool(screen=True)
async def bot_close_notes(params: FunctionCallParams) -> str:
    """Close the notes on the caller's screen."""
    acting()
    await page_of(params).do(NoteClose(id=""))
    return "The notes are closed."


async def _refresh(box: Toolbox, note: notes.Note) -> None:
    """Show a note's new text where the notes are open; the writing counts, not the showing."""
    if box.page and "notes" in box.page.windows:
        await box.page.tell(NoteShow(id=note.id, title=note.title, text=note.text))


async def _the_note(box: Toolbox, words: str) -> notes.Note:
    """The one note that is meant: by title, by words in it, or by what sounds alike.

    Raises:
        ToolFailed: there is none, or there are several; the text names them.
    """
    every = await notes.titles(box.store, box.owner)
    if not every:
        raise ToolFailed("Not done. Tell the caller: You have no notes.")
    chosen = _by_title(every, words)
    topic = _topic(words)
    if not chosen and topic:
        about = " ".join(topic)
        chosen = [(note.id, note.title) for note in await notes.find(box.store, box.owner, about)]
    elif not chosen:  # "read me my note"
        chosen = every[:1] if _LATEST & set(folded(words).split()) else every
    if not chosen:
        near = difflib.get_close_matches(folded(words), [folded(t) for _, t in every], 3, _CLOSE)
        chosen = [(key, title) for key, title in every if folded(title) in near[:1]]
    if len(chosen) > 1:
        names = "; ".join(title for _, title in chosen[:6])
        raise ToolFailed(f"Not done. Ask the caller: Several notes fit: {names}. Which one?")
    found = await notes.get(box.store, box.owner, chosen[0][0]) if chosen else None
    if found is None:
        names = "; ".join(title for _, title in every[:8])
        raise ToolFailed(
            f"Not done. Tell the caller: There is no note called “{words}”. There are: {names}."
        )
    return found


_NOT_A_TOPIC = frozenset(folded("my the all any every note notes list notizen notas").split())
"""What small models look for when a caller asks which notes there are."""
_LATEST = frozenset(folded("last latest newest letzte neueste última dernière").split())
_FILLERS = _LATEST | frozenset(
    folded(
        "my the a an this that it one note notes list about called named title of for on mein "
        "meine meiner die der das diese notiz über von mi la el nota de ma le du"
    ).split()
)
"""Words that say nothing about what is in a note."""


def _topic(words: str) -> list[str]:
    """The words that tell what is in the note that is meant."""
    return [word for word in folded(words).split() if word not in _FILLERS]


def _by_title(every: list[tuple[str, str]], words: str) -> list[tuple[str, str]]:
    """The notes with this very title, else those whose title has every word that matters."""
    wanted = folded(words)
    same = [one for one in every if folded(one[1]) == wanted]
    if same:
        return same[:1]
    parts = _topic(words) or wanted.split()
    return [one for one in every if parts and set(parts) <= set(folded(one[1]).split())]
