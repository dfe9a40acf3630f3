"""The business's own documents, in passages that can be read aloud. Raises StoreError."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, or_, select

from bot.store.once import clean, folded, writing
from bot.store.store import Store
from bot.store.tool_tables import PassageRow

LONGEST = 700
"""Characters of a passage: about a minute of reading, and a few hundred tokens for two of them."""
_CANDIDATES = 400
_SHORTEST_WORD = 3
_K1, _B = 1.2, 0.75
"""BM25's usual constants (Robertson and Zaragoza, 2009)."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document, with the heading that it stands under."""

    document: str
    heading: str
    text: str


async def replace(store: Store, documents: dict[str, str]) -> int:
    """Make `documents` (name -> text) all that is known; returns how many have changed.

    What has not changed is left alone, so that it can be done at every start.
    """
    digests = {
        name: hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        for name, text in documents.items()
    }
    async with store.reading() as session:
        rows = await session.execute(select(PassageRow.document, PassageRow.digest).distinct())
        stored = {row.document: row.digest for row in rows}
    changed = [name for name in digests if stored.get(name) != digests[name]]
    gone = [name for name in stored if name not in digests]
    for name in (*changed, *gone):
        await _write(store, name, documents.get(name, ""), digests.get(name, ""))
    return len(changed) + len(gone)


async def _write(store: Store, name: str, text: str, digest: str) -> None:
    """One transaction a document: a search in between sees the old one or the new one."""
    rows = [
        {
            **{"document": name, "number": number, "digest": digest},
            **{"heading": heading, "text": words, "folded": folded(f"{heading} {words}")},
        }
        for number, (heading, words) in enumerate(cut(clean(text)))
    ]
    async with writing(store) as connection:
        await connection.execute(delete(PassageRow).where(PassageRow.document == name))
        if rows:
            await connection.execute(insert(PassageRow), rows)


async def search(store: Store, query: str, limit: int = 2) -> list[Passage]:
    """The passages that fit `query` best, best first; [] if not one of its words is known."""
    stems = {_stem(word) for word in folded(query).split() if len(word) >= _SHORTEST_WORD}
    if not stems:
        return []
    hits = or_(*(PassageRow.folded.contains(stem, autoescape=True) for stem in sorted(stems)))
    async with store.reading() as session:
        total = (await session.execute(select(func.count()).select_from(PassageRow))).scalar_one()
        columns = (PassageRow.document, PassageRow.heading, PassageRow.text, PassageRow.folded)
        rows = (await session.execute(select(*columns).where(hits).limit(_CANDIDATES))).all()
    texts = [row.folded for row in rows]
    ranked = sorted(zip(_scores(stems, texts, total), rows, strict=True), key=lambda x: -x[0])
    return [Passage(row.document, row.heading, row.text) for _, row in ranked[:limit]]


def _stem(word: str) -> str:
    """A word without the ending that inflection changes, crudely, for any European language."""
    return word[: max(4, len(word) - 2)] if len(word) > 5 else word


def _scores(stems: set[str], texts: Sequence[str], total: int) -> list[float]:
    """BM25 of each text."""
    counts = [Counter(stem for w in text.split() for stem in stems if stem in w) for text in texts]
    having = Counter(stem for count in counts for stem in count)
    usual = sum(map(len, texts)) / max(1, len(texts))
    weight = {
        stem: math.log(1 + (total - having[stem] + 0.5) / (having[stem] + 0.5)) for stem in stems
    }
    return [
        sum(
            weight[stem] * n * (_K1 + 1) / (n + _K1 * (1 - _B + _B * len(text) / usual))
            for stem, n in count.items()
        )
        for count, text in zip(counts, texts, strict=True)
    ]


def cut(text: str) -> list[tuple[str, str]]:
    """(heading, text) of each passage: paragraphs joined up to `LONGEST` characters.

    Markdown headings are kept with what stands under them; plain text has none.
    """
    passages: list[tuple[str, str]] = []
    heading, held = "", ""
    for paragraph in re.split(r"\n\s*\n", re.sub(r"^(#+ .*)$", r"\n\1\n", text, flags=re.M)):
        words = " ".join(paragraph.split())
        title = re.fullmatch(r"#+ (.+)", words)
        if title or len(held) + len(words) > LONGEST:
            passages += [(heading, held)] if held else []
            held = ""
        if title:
            heading = title[1][:120]
        else:
            held = f"{held} {words}".strip()
    passages += [(heading, held)] if held else []
    return [(head, part) for head, whole in passages for part in _pieces(whole)]


def _pieces(text: str) -> list[str]:
    """A text that is too long, cut between sentences or, where it has none, between words."""
    pieces, held = [], ""
    for sentence in re.split(r"(?<=[.!?]) ", text):
        for part in re.findall(rf".{{1,{LONGEST}}}(?:\s|$)|.{{1,{LONGEST}}}", sentence):
            if held and len(held) + len(part) > LONGEST:
                pieces.append(held)
                held = ""
            held = f"{held} {part}".strip()
    return [*pieces, held] if held else pieces
