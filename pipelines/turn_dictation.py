"""Numbers, spelt names, e-mail addresses, dates and addresses: what is said piece by piece.

Callers pause between the pieces, and the pieces are no sentences, so here it counts how far what
was asked for, or announced ("my number is"), has come.
"""

import re
from collections.abc import Sequence
from typing import Literal

from pipelines.turn_clause import Clause, Finding, clause
from pipelines.turn_words import Words

Asked = Literal["", "digits", "postcode", "mail", "letters", "birth", "address", "name", "amount"]

_MAIL = re.compile(r"\S+@\S+\.[a-z]{2,}[.,!?]*$", re.IGNORECASE)
_SURE_DIGITS, _LIKELY_DIGITS, _SOME_DIGITS = 10, 7, 5
_POSTCODE_DIGITS = 5
_DATE_DIGITS = 4
_DIGITS = frozenset(["digit", "digits", "ziffern", "stellen", "cifras", "dígitos", "chiffres"])
_DOMAINS = frozenset(
    ["com", "org", "net", "de", "es", "fr", "at", "ch", "uk", "eu", "info", "io", "edu", "gov"]
)


def asked_for(said: Clause, table: Words) -> Asked:
    """What kind of thing a sentence of the bot's asks for, or one of the caller's announces."""
    words = set(said.words)
    kinds: tuple[tuple[Asked, frozenset[str]], ...] = (
        ("mail", table.mail),
        ("letters", table.spelling),
        ("birth", table.birth),
        ("postcode", table.postal),
        ("address", table.housed),
    )
    for kind, signs in kinds:
        if words & signs:
            return kind
    if said.has(table.counted):
        return "amount"
    if words & table.numbered:
        return "digits"
    return "name" if words & table.named else ""


def dictated(text: str, said: Clause, asked: Clause, table: Words) -> Finding | None:
    """How far a dictation has come, or None if this is none.

    Args:
        text: The caller's words as the STT wrote them.
        said: The same, split.
        asked: The bot's last sentence.
        table: The language.
    """
    kind = asked_for(asked, table)
    own = "" if kind or set(said.words) & table.asking else asked_for(said, table)
    if _MAIL.search(text.strip()):
        return Finding("answer", 0.6, "whole e-mail address")
    if kind == "mail" or own == "mail":
        return _mail(said, table)
    letters = _letters(said, table, kind == "letters")
    if letters:
        return letters
    run = _run(said.words, table)
    if kind == "birth":
        return _birth(said, run, table)
    if kind in ("digits", "postcode") or (own in ("digits", "postcode") and run):
        return _digits(said, run, asked if kind else said, table, kind or own)
    if kind == "address" or own == "address":
        return _address(said, run, table, asked=kind == "address")
    return _bare(said, run, kind, asked, table)


def digits_in(words: Sequence[str], table: Words) -> int:
    """How many digits these words would be written with."""
    count, last = 0, 0
    for word in words:
        size = _size(word, table)
        if last == 2 and size == 1 and word in table.digits:
            size = 0
        last = _size(word, table) if not word.isdigit() else 0
        count += size
    return count


def _size(word: str, table: Words) -> int:
    if word.isdigit():
        return len(word)
    if word in table.digits:
        return 1
    return 2 if word in table.numbers or _compound(word, table) else 0


def _compound(word: str, table: Words) -> bool:
    """German and Spanish write "vierundvierzig" and "veintidós" as one word."""
    return len(word) > 6 and (word.endswith(("zig", "ßig")) or word.startswith("veinti"))


def _run(words: Sequence[str], table: Words) -> tuple[str, ...]:
    """The numbers with which this ends."""
    at = len(words)
    while at and (_size(words[at - 1], table) or (len(words[at - 1]) == 1 and at < len(words))):
        at -= 1
    while at < len(words) and not _size(words[at], table):
        at += 1
    pointed = words[at - 1 : at] and words[at - 1] in table.determiners | {"another"}
    if at == len(words) - 1 and pointed and words[-1] in table.tally[:1]:
        return ()  # "that one"
    return tuple(words[at:])


def _mail(said: Clause, table: Words) -> Finding | None:
    words = said.words
    if words[-1] in table.dots:
        return Finding("unfinished", 2.3, "e-mail address ends with a sign")
    if len(words) > 2 and words[-1] in _DOMAINS and words[-2] in table.dots:
        return Finding("answer", 0.7, "whole e-mail address")
    if set(words) & table.dots or asked_for(said, table) == "mail":
        return Finding("unfinished", 2.0, "half an e-mail address")
    if all(word in table.yes | table.no | table.polite for word in words):
        return None
    return Finding("open", 1.6, "begins an e-mail address")


def _letters(said: Clause, table: Words, asked: bool) -> Finding | None:
    tail = 0
    for word in reversed(said.words):
        if len(word) > 1 and not (_size(word, table) and tail):
            break
        tail += 1
    single = [word for word in said.words[len(said.words) - tail :] if word.isalpha()]
    spelt = [word for word in single if len(word) == 1]
    if len(spelt) >= 2 or (asked and spelt):
        return Finding("open", 1.6, "is spelling")
    if asked and not all(word in table.yes | table.no for word in said.words):
        return Finding("open", 1.4, "is spelling")
    return None


def _digits(
    said: Clause, run: Sequence[str], asked: Clause, table: Words, kind: str
) -> Finding | None:
    count = digits_in(said.words if len(run) else (), table)
    expected = _expected(asked, table)
    if kind == "postcode" and expected is None and all(word.isdigit() for word in run):
        expected = _POSTCODE_DIGITS
    if not run:
        return None
    if expected is not None:
        if count >= expected:
            return Finding("answer", 0.6, f"all {expected} digits")
        return Finding("unfinished", 2.2, f"{count} of {expected} digits")
    if count >= _SURE_DIGITS:
        return Finding("statement", 0.85, f"{count} digits")
    if count >= _LIKELY_DIGITS:
        return Finding("open", 1.3, f"{count} digits")
    hold = 1.8 if count >= _SOME_DIGITS else 2.2
    return Finding("unfinished", hold, f"only {count} digits")


def _expected(asked: Clause, table: Words) -> int | None:
    """How many digits the bot has asked for: "the last four digits", "your 5-digit code"."""
    for at, word in enumerate(asked.words):
        stem, found, _ = word.partition("stellig")
        following = asked.words[at + 1] if at + 1 < len(asked.words) else ""
        if not found and following not in _DIGITS:
            continue
        number = stem or asked.words[at - 1] if found else word
        if number.isdigit():
            return int(number)
        if number in table.tally:
            return table.tally.index(number) + 1
    return None


def _birth(said: Clause, run: Sequence[str], table: Words) -> Finding | None:
    whole = any(word.isdigit() and len(word) == _DATE_DIGITS for word in said.words)
    if whole or (run and digits_in(run, table) >= _DATE_DIGITS):
        return Finding("answer", 0.7, "whole date")
    if any(_size(word, table) for word in said.words) or len(said.words) > 1:
        return Finding("unfinished", 1.8, "date without a year")
    return None


def _address(said: Clause, run: Sequence[str], table: Words, asked: bool) -> Finding | None:
    numbered = any(_size(word, table) for word in said.words)
    if run and not (table.postposed and len(said.words) > len(run) + 1):
        return Finding("unfinished", 2.2, "number of a house without its street")
    if run:
        return Finding("statement", 0.85, "street and number") if asked else None
    if asked and not numbered and len(said.words) <= 3:
        if all(word in table.yes | table.no | table.polite for word in said.words):
            return None
        return Finding("open", 1.5, "address without a number")
    return None


def _bare(
    said: Clause, run: Sequence[str], kind: Asked, asked: Clause, table: Words
) -> Finding | None:
    """Numbers that nobody has asked for."""
    if not run or kind == "amount":
        return None
    if len(run) >= 3 and digits_in(run, table) >= 3:
        return Finding("open", 1.6, "is reading out a number")
    if len(run) == len(said.words) and not asked.words:
        return Finding("open", 1.4, "only a number")
    before = said.words[: len(said.words) - len(run)]
    if before and before[-1] in table.wanting and run[-1] not in table.tally[:1]:
        return Finding("open", 1.4, "a number of what?")
    return None


def sentence(text: str, table: Words) -> Clause:
    """The last sentence of the bot's text, whose punctuation can be trusted."""
    pieces = [piece for piece in re.split(r"(?<=[.?!])\s+", text.strip()) if piece]
    return clause(pieces[-1] if pieces else "", table)
