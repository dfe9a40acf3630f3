"""Find calls: by caller, words said, mode, outcome, slow turns, errors, time.

Every function raises StoreError when it cannot read. Only ended calls are found by their words, a
few seconds after their end (`bot.store.queries_index`).
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy import true as always

from bot.store.console_tables import CallIndexRow
from bot.store.once import folded
from bot.store.queries import StoredCall
from bot.store.store import Store
from bot.store.tables import CallRow, UtteranceRow

MOST_COUNTED = 100_000
_WORDS = 8
"""More words than anybody types; the rest is left out."""
_EXCERPT = 160
_DIGITS = 3
_PAGE_OF_EXPORT = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; an empty field asks for nothing.

    `outcome` is a call's state. `after` (a moment) is included, `before` is not. `cursor` is the
    id of the last call of the page before.
    """

    words: str = ""
    mode: str = ""
    channel: str = ""
    outcome: str = ""
    slow: bool = False
    errors: bool = False
    after: datetime | None = None
    before: datetime | None = None
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A call and what is counted of it; zeros while it is not indexed yet.

    `excerpt`: something said in it that has one of the words.
    """

    call: StoredCall
    turns: int
    slow_turns: int
    errors: int
    tools: int
    slowest: float
    excerpt: str = ""


_CALL = tuple(getattr(CallRow, name) for name in StoredCall.__dataclass_fields__)
_COUNTS = ("turns", "slow_turns", "errors", "tools", "slowest")


async def search(store: Store, wanted: Wanted, limit: int = 50) -> list[Found]:
    """The newest calls that fit, at most `limit`."""
    query = _select(store, wanted, *_CALL, *(getattr(CallIndexRow, name) for name in _COUNTS))
    query = query.order_by(CallRow.started_at.desc(), CallRow.id.desc()).limit(limit)
    if wanted.cursor:
        query = query.where(await _behind(store, wanted.cursor))
    width = len(_CALL)
    async with store.reading() as session:
        rows = (await session.execute(query)).all()
    found = [_found(StoredCall(*row[:width]), row[width:]) for row in rows]
    terms = _terms(wanted.words)
    return await _with_excerpts(store, found, terms) if terms else found


def _found(call: StoredCall, counts: Sequence[Any]) -> Found:
    values: dict[str, Any] = {name: value or 0 for name, value in zip(_COUNTS, counts, strict=True)}
    return Found(call, **values)


async def count(store: Store, wanted: Wanted) -> int:
    """How many calls fit, at most `MOST_COUNTED`."""
    some = _select(store, wanted, CallRow.id).limit(MOST_COUNTED).subquery()
    async with store.reading() as session:
        counted = await session.execute(select(func.count()).select_from(some))
        return int(counted.scalar_one())


async def every(store: Store, wanted: Wanted) -> AsyncIterator[Found]:
    """All calls that fit, page by page, without excerpts' cost for the rest."""
    while True:
        page = await search(store, wanted, _PAGE_OF_EXPORT)
        for one in page:
            yield one
        if len(page) < _PAGE_OF_EXPORT:
            return
        wanted = replace(wanted, cursor=page[-1].call.id)


async def modes(store: Store) -> list[str]:
    """Every mode that a call has had, in order of their names."""
    async with store.reading() as session:
        return sorted((await session.execute(select(CallRow.mode).distinct())).scalars())


def _select(store: Store, wanted: Wanted, *columns: Any) -> Select[Any]:
    query = select(*columns).outerjoin(CallIndexRow, CallIndexRow.call_id == CallRow.id)
    for column, value in (
        (CallRow.mode, wanted.mode),
        (CallRow.channel, wanted.channel),
        (CallRow.state, wanted.outcome),
    ):
        if value:
            query = query.where(column == value)
    if wanted.slow:
        query = query.where(CallIndexRow.slow_turns > 0)
    if wanted.errors:
        query = query.where(or_(CallIndexRow.errors > 0, CallRow.error != ""))
    if wanted.after:
        query = query.where(CallRow.started_at >= wanted.after)
    if wanted.before:
        query = query.where(CallRow.started_at < wanted.before)
    return query.where(_says(store, wanted.words)) if wanted.words.strip() else query


def _says(store: Store, words: str) -> ColumnElement[bool]:
    """All the words, each from its beginning; or a number that has these digits in a row."""
    terms = _terms(words)
    digits = re.sub(r"[\s()./-]|^\+", "", words.strip())
    choices: list[ColumnElement[bool]] = []
    if digits.isdecimal() and len(digits) >= _DIGITS:
        choices += [CallRow.caller.contains(digits), CallRow.callee.contains(digits)]
    if re.fullmatch(r"[0-9a-f]{32}|CA[0-9a-zA-Z]{32}", words.strip()):
        choices += [CallRow.id == words.strip(), CallRow.provider_call_id == words.strip()]
    if terms:
        choices.append(_fits(store, terms))
    return or_(*choices) if choices else ~always()


def _fits(store: Store, terms: list[str]) -> ColumnElement[bool]:
    if store.dialect == "sqlite":
        hits = text("SELECT rowid FROM fts_calls WHERE fts_calls MATCH :terms")
        asked = " ".join(f'"{term}"*' for term in terms)
        return CallIndexRow.number.in_(hits.bindparams(terms=asked).columns(CallIndexRow.number))
    vector = func.to_tsvector(text("'simple'"), CallIndexRow.text)
    asked = " & ".join(f"{term}:*" for term in terms)
    return vector.bool_op("@@")(func.to_tsquery(text("'simple'"), asked))


def _terms(words: str) -> list[str]:
    """The words as the index has them: letters and digits only, so nothing in them is syntax."""
    return folded(words).split()[:_WORDS]


async def _behind(store: Store, call_id: str) -> ColumnElement[bool]:
    async with store.reading() as session:
        mark = (
            await session.execute(select(CallRow.started_at).where(CallRow.id == call_id))
        ).scalar_one_or_none()
    if mark is None:
        return ~always()
    same_moment = and_(CallRow.started_at == mark, CallRow.id < call_id)
    return or_(CallRow.started_at < mark, same_moment)


async def _with_excerpts(store: Store, found: list[Found], terms: list[str]) -> list[Found]:
    """Each with the first thing said that has one of the words."""
    ids = [one.call.id for one in found]
    query = (
        select(UtteranceRow.call_id, UtteranceRow.text)
        .where(UtteranceRow.call_id.in_(ids))
        .order_by(UtteranceRow.call_id, UtteranceRow.at, UtteranceRow.id)
    )
    excerpts: dict[str, str] = {}
    async with store.reading() as session:
        for call_id, said in (await session.execute(query)).all():
            if call_id not in excerpts and _has(said, terms):
                excerpts[call_id] = said if len(said) <= _EXCERPT else said[: _EXCERPT - 1] + "…"
    return [replace(one, excerpt=excerpts.get(one.call.id, "")) for one in found]


def _has(said: str, terms: list[str]) -> bool:
    return any(word.startswith(term) for word in folded(said).split() for term in terms)
