"""Find calls: by caller, words said, mode, outcome, slow turns, errors, time.

Every function raises StoreError when it cannot read. Only ended calls are found by their words, a
few seconds after their end (`bot.store.queries_index`).

The databases' planners cannot tell how many calls a word brings, so the way is chosen here: what
few calls have is looked up in the full-text index and sorted; what many have is met soon enough
when the calls are gone through from the newest on.
"""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, union
from sqlalchemy import true as always
from sqlalchemy.ext.asyncio import AsyncSession

from bot.store.console_tables import CallIndexRow
from bot.store.once import folded
from bot.store.queries import StoredCall
from bot.store.store import Store
from bot.store.tables import CallRow, UtteranceRow

MOST_COUNTED = 100_000
_WORDS = 8
"""More words than anybody types; the rest is left out."""
_EXCERPT = 160
_BETWEEN = "\x1e"
"""ASCII's record separator, between two things said."""
_DIGITS = 3
FEW = 1_000
"""Calls that are looked up one by one and sorted, in some 5 ms; where more have the words, one in
so many that the newest page of them is met among the first thousands (SQLite)."""
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
_ORDER = (CallRow.started_at.desc(), CallRow.id.desc())
_COUNTS = ("turns", "slow_turns", "errors", "tools", "slowest")


async def search(store: Store, wanted: Wanted, limit: int = 50) -> list[Found]:
    """The newest calls that fit, at most `limit`."""
    columns = (*_CALL, *(getattr(CallIndexRow, name) for name in _COUNTS))
    terms = _terms(wanted.words)
    width = len(_CALL)
    async with store.reading() as session:
        await _by_index(session, store, terms)
        many = bool(terms) and await _many(session, store, terms)
        looked_up = bool(wanted.words.strip()) and not many
        which = (CallRow.id, CallRow.started_at) if looked_up else columns
        query = _select(store, wanted, *which, many=many)
        if wanted.cursor:
            query = query.where(await _behind(session, wanted.cursor))
        query = (
            _newest(query, columns, limit) if looked_up else query.order_by(*_ORDER).limit(limit)
        )
        rows = (await session.execute(query)).all()
        found = [_found(StoredCall(*row[:width]), row[width:]) for row in rows]
        return await _with_excerpts(session, store, found, terms) if terms else found


def _newest(fitting: Select[Any], columns: tuple[Any, ...], limit: int) -> Select[Any]:
    """The columns of the newest of all that fit, which are found before any of them is sorted."""
    fits = fitting.cte("fits").prefix_with("MATERIALIZED")
    newest = select(fits.c.id).order_by(fits.c.started_at.desc(), fits.c.id.desc()).limit(limit)
    query = select(*columns).outerjoin(CallIndexRow, CallIndexRow.call_id == CallRow.id)
    return query.where(CallRow.id.in_(newest)).order_by(*_ORDER)


def _found(call: StoredCall, counts: Sequence[Any]) -> Found:
    values: dict[str, Any] = {name: value or 0 for name, value in zip(_COUNTS, counts, strict=True)}
    return Found(call, **values)


async def count(store: Store, wanted: Wanted) -> int:
    """How many calls fit, at most `MOST_COUNTED`."""
    some = _select(store, wanted, CallRow.id).limit(MOST_COUNTED).subquery()
    async with store.reading() as session:
        await _by_index(session, store, _terms(wanted.words))
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


async def _by_index(session: AsyncSession, store: Store, terms: list[str]) -> None:
    """Have PostgreSQL look words up, in this transaction. Once its statistics say that most calls
    have a word, it would read every call's text and take it apart anew: 3.5 s for 10,000."""
    if terms and store.dialect == "postgresql":
        await session.execute(text("SET LOCAL enable_seqscan = off"))


async def _many(session: AsyncSession, store: Store, terms: list[str]) -> bool:
    """Whether more than `FEW` calls have the words. PostgreSQL counts as it plans."""
    if store.dialect != "sqlite":
        return False
    some = _matches(terms).limit(FEW + 1).subquery()
    counted = await session.execute(select(func.count()).select_from(some))
    return int(counted.scalar_one()) > FEW


def _select(store: Store, wanted: Wanted, *columns: Any, many: bool = False) -> Select[Any]:
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
    return query.where(_says(store, wanted.words, many)) if wanted.words.strip() else query


def _says(store: Store, words: str, many: bool) -> ColumnElement[bool]:
    """All the words, each from its beginning; or a number that has these digits in a row."""
    terms = _terms(words)
    digits = re.sub(r"[\s()./-]|^\+", "", words.strip())
    choices: list[ColumnElement[bool]] = []
    if digits.isdecimal() and len(digits) >= _DIGITS:
        choices += [CallRow.caller.contains(digits), CallRow.callee.contains(digits)]
    if re.fullmatch(r"[0-9a-f]{32}|CA[0-9a-zA-Z]{32}", words.strip()):
        choices += [CallRow.id == words.strip(), CallRow.provider_call_id == words.strip()]
    if many:
        # The sum hides the column from the planner, which would look all of them up.
        return or_(*choices, (CallIndexRow.number + 0).in_(_matches(terms)))
    ids = [select(CallRow.id).where(or_(*choices))] if choices else []
    if terms:
        ids.append(_having(store, terms))
    if not ids:
        return ~always()
    hits = (union(*ids) if len(ids) > 1 else ids[0]).cte("hits").prefix_with("MATERIALIZED")
    return CallRow.id.in_(select(hits.c[0]))


def _having(store: Store, terms: list[str]) -> Select[Any]:
    """The ids of the calls that have all the words."""
    query = select(CallIndexRow.call_id.label("id"))
    if store.dialect == "sqlite":
        return query.where(CallIndexRow.number.in_(_matches(terms)))
    vector = func.to_tsvector(text("'simple'"), CallIndexRow.text)
    asked = " & ".join(f"{term}:*" for term in terms)
    return query.where(vector.bool_op("@@")(func.to_tsquery(text("'simple'"), asked)))


def _matches(terms: list[str]) -> Select[Any]:
    """SQLite: the numbers of the index's rows that have all the words."""
    hits = text("SELECT rowid AS number FROM fts_calls WHERE fts_calls MATCH :terms")
    asked = " ".join(f'"{term}"*' for term in terms)
    found = hits.bindparams(terms=asked).columns(CallIndexRow.number).subquery("matched")
    return select(found.c.number)


def _terms(words: str) -> list[str]:
    """The words as the index has them: letters and digits only, so nothing in them is syntax."""
    return folded(words).split()[:_WORDS]


async def _behind(session: AsyncSession, call_id: str) -> ColumnElement[bool]:
    query = select(CallRow.started_at).where(CallRow.id == call_id)
    mark = (await session.execute(query)).scalar_one_or_none()
    if mark is None:
        return ~always()
    same_moment = and_(CallRow.started_at == mark, CallRow.id < call_id)
    return or_(CallRow.started_at < mark, same_moment)


async def _with_excerpts(
    session: AsyncSession, store: Store, found: list[Found], terms: list[str]
) -> list[Found]:
    """Each with something said that has one of the words."""
    has = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, terms))})")
    # The database sees the words letter by letter; accents and the like are looked at here.
    likely = [UtteranceRow.text.icontains(term, autoescape=True) for term in terms]
    said = (
        select(func.aggregate_strings(UtteranceRow.text, _BETWEEN))
        .where(UtteranceRow.call_id == CallRow.id, or_(*likely, _beyond_ascii(store)))
        .correlate(CallRow)
        .scalar_subquery()
    )
    ids = [one.call.id for one in found]
    excerpts: dict[str, str] = {}
    for call_id, texts in await session.execute(
        select(CallRow.id, said).where(CallRow.id.in_(ids))
    ):
        fitting = (text for text in (texts or "").split(_BETWEEN) if has.search(_plain(text)))
        text = next(fitting, "")
        excerpts[call_id] = text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"
    return [replace(one, excerpt=excerpts.get(one.call.id, "")) for one in found]


def _beyond_ascii(store: Store) -> ColumnElement[bool]:
    said = UtteranceRow.text
    if store.dialect == "sqlite":
        return said.bool_op("GLOB")("*[^ -~]*")
    return func.octet_length(said) != func.char_length(said)


def _plain(said: str) -> str:
    """As the index has it; plain English needs no more than small letters."""
    return said.casefold() if said.isascii() else folded(said)
