"""The notes of the room's browser, and the calculator, over HTTP: what the tools do by voice, by
hand.

`GET /api/notes` (all titles), `GET /api/notes/{id}`, `POST /api/notes`, `PUT /api/notes/{id}`,
`DELETE /api/notes/{id}`, `POST /api/calculate`. The store, its limits and the evaluator are the
tools' own.
"""

from collections.abc import Awaitable
from secrets import token_hex
from typing import Annotated, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from bot.errors import StoreError, TandemError
from bot.settings import Settings
from bot.store import notes
from bot.store.store import Store
from bot.web.messages import LinkedPage, LinkToken
from bot.web.room_http import Refusal, RoomRoute, let_in, read
from bot.web.room_link import linked
from bot.web.room_visitor import visitor
from tools.arithmetic import LONGEST, Nonsense, calculate, shown
from tools.links import Links
from tools.number_words import symbols

T = TypeVar("T")
_GONE = "There is no such note any more."


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoteTitle(_Message):
    """A note in the list."""

    id: str
    title: str


class NoteList(_Message):
    """All notes of this browser, changed last first."""

    notes: list[NoteTitle]


class NoteFull(_Message):
    """A note. `text` is markdown; a page must not read it as HTML."""

    id: str
    title: str
    text: str


class NewNote(_Message):
    """A note to be written."""

    title: Annotated[str, Field(min_length=1, max_length=notes.LONGEST_TITLE)]
    text: Annotated[str, Field(max_length=notes.LONGEST_TEXT)]


class NoteEdit(_Message):
    """A note's new text, and the one that it was made from: if somebody (the bot, by voice) has
    changed the note in between, nothing is written and the note comes back as it is now."""

    text: Annotated[str, Field(max_length=notes.LONGEST_TEXT)]
    base: Annotated[str, Field(max_length=notes.LONGEST_TEXT)]


class Calculation(_Message):
    """Something to work out, in signs or words."""

    expression: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class CalculationResult(_Message):
    """What a calculation gives: `value`, exact or not; or `error`, why it gives nothing."""

    value: str
    exact: bool
    error: str


class _Changed(TandemError):
    """The note is not any more what the edit was made from."""


def notes_router(settings: Settings, store: Store, links: Links | None = None) -> APIRouter:
    """The routes.

    Args:
        settings: For who may ask, and the calculator's language.
        store: Where the notes are.
        links: The pages beside phone calls, which show the callers' own notes.
    """
    router = APIRouter(route_class=RoomRoute)

    def owner_of(request: Request) -> str:
        if links and "link" in request.query_params:
            return linked(request, settings, links).owner
        return _owner(request, settings)

    @router.get("/api/notes")
    async def listed(request: Request) -> NoteList:
        titles = await _stored(notes.titles(store, owner_of(request)))
        return NoteList(notes=[NoteTitle(id=key, title=title) for key, title in titles])

    @router.get("/api/notes/{note_id}")
    async def show(request: Request, note_id: str) -> NoteFull:
        return await _present(store, owner_of(request), note_id)

    @router.post("/api/notes")
    async def create(request: Request) -> NoteFull:
        owner, new = owner_of(request), await read(request, NewNote)
        try:
            writing = notes.create(store, owner, new.title, new.text, key=token_hex(16))
            return _full(await _stored(writing))
        except notes.TooManyNotes:
            raise Refusal("full", "The notebook is full. Delete a note first.") from None

    @router.put("/api/notes/{note_id}")
    async def write(request: Request, note_id: str) -> Response:
        owner, edit = owner_of(request), await read(request, NoteEdit)

        def apply(text: str) -> str:
            if text not in (edit.base, edit.text):
                raise _Changed
            return edit.text

        status = 200
        try:
            writing = notes.change(store, owner, note_id, apply, key=token_hex(16))
            note = _full(await _stored(writing))
        except notes.NoteGone:
            raise Refusal("gone", _GONE) from None
        except _Changed:
            note, status = await _present(store, owner, note_id), 409
        return JSONResponse(note.model_dump(), status)

    @router.delete("/api/notes/{note_id}")
    async def delete(request: Request, note_id: str) -> Response:
        owner = owner_of(request)
        await _stored(notes.remove(store, owner, note_id, key=token_hex(16)))
        return Response(status_code=204)

    @router.post("/api/calculate")
    async def work_out(request: Request) -> CalculationResult:
        if not (links and "link" in request.query_params and linked(request, settings, links)):
            let_in(request, settings)
        asked = await read(request, Calculation)
        try:
            value, exact = shown(calculate(symbols(asked.expression, settings.BOT_LANGUAGE[:2])))
        except Nonsense as error:
            return CalculationResult(value="", exact=True, error=str(error))
        return CalculationResult(value=value, exact=exact, error="")

    return router


def room_models() -> list[type[BaseModel]]:
    """Every body and answer, for the page's generated types."""
    own: list[type[BaseModel]] = [NoteTitle, NoteList, NoteFull, NewNote, NoteEdit]
    return [*own, Calculation, CalculationResult, LinkToken, LinkedPage]


def _full(note: notes.Note) -> NoteFull:
    return NoteFull(id=note.id, title=note.title, text=note.text)


async def _present(store: Store, owner: str, note_id: str) -> NoteFull:
    found = await _stored(notes.get(store, owner, note_id))
    if found is None:
        raise Refusal("gone", _GONE)
    return _full(found)


async def _stored(work: Awaitable[T]) -> T:
    try:
        return await work
    except StoreError:
        raise Refusal("no_store", "The notes cannot be reached just now. Try again.") from None


def _owner(request: Request, settings: Settings) -> str:
    """Whose notes these are.

    Raises:
        Refusal: the room is closed for the asker, or their browser keeps no cookie.
    """
    let_in(request, settings)
    owner = visitor(request)
    if not owner:
        raise Refusal("no_cookie", "Allow cookies for this page and reload it.")
    return owner
