"""What a caller wants, read from their words alone: how many things in one breath, and whether one
of them is plainly a thing to do.

For the smallest models, which of two requests do one, or none. Careful: where it is not clear, it
is one request, and none that has to be done. Pure; English only.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

MOST = 3
"""Requests that are told apart; what follows belongs to the last."""
_AGAIN = 0.85
"""How alike (difflib's ratio) a request is to one that was said before it, as a recogniser hears
the same words twice."""
_POLITE = (
    r"(?:(?:please|okay|ok|so|well|um|uh|er|hi|hello|hey|yes|now|first)\b[ ,]*)*"
    r"(?:(?:can|could|would|will) you |i (?:want|need|d like|would like|'d like) you to )?"
    r"(?:please )?"
)
_NOTE = (
    r"(?:(?:take|make|write|add|create|start|save) (?:me )?(?:a |an |another )?(?:\w+ )?note\b"
    r"|note\b(?! is| was)|write (?:it |this |that )?down|jot down|remind me|remember (?:that|to)\b)"
)
_QUESTION = (
    r"(?:(?:what|who|where|when|why|which|how)"
    r"(?: (?!it\b|he\b|she\b|they\b|we\b|you\b|i\b)\w+){0,2}?"
    r"(?:'s|'re| is| are| was| were| do| does| did| can| could| will| would| should)\b"
    r"|(?:is|are|do|does|did|can|could|will|would) (?:it|we|i|there|they|he|she|the|your)\b"
    r"|tell me\b)"
)
_ORDER = (
    r"(?:(?:read|delete|remove) (?:me )?(?:my|the)\b|book (?:me |us )?an?\b|text me\b|hang up\b"
    r"|(?:take|leave) a message\b)"
)
_MESSAGE = r"tell (?!me\b|us\b|you\b|it\b)(?:\w+ ){1,2}(?:that|i|we|to)\b"
_NEXT = re.compile(
    rf"(?:\s*[.?!;,]+\s*|\s+)(?:(?:and|then|also|plus|but)\b[ ,]*)*(?={_POLITE}"
    rf"(?:(?P<note>{_NOTE})|{_QUESTION}|{_ORDER}))",
    re.IGNORECASE,
)
_JOINED = re.compile(r"[.?!;,]|\b(?:and|then|also|plus|but)\b", re.IGNORECASE)
_LEADING = re.compile(r"(?:(?:and|then|also|plus|but)\b[ ,]*)+", re.IGNORECASE)
_ANY = re.compile(rf"{_POLITE}(?:{_NOTE}|{_QUESTION}|{_ORDER}|{_MESSAGE})", re.IGNORECASE)
_NOTED = re.compile(rf"{_POLITE}{_NOTE}", re.IGNORECASE)
_DONE = re.compile(rf"{_POLITE}(?:{_NOTE}\W+\w+\W+\w|{_ORDER}|{_MESSAGE})", re.IGNORECASE)
_ASKS = re.compile(r"\b(?:what|who|where|when|why|which|how)\b", re.IGNORECASE)


def requests_in(words: str) -> list[str]:
    """The requests, in order and in the caller's words; all of them as one where that is not clear.

    A question inside what is to be noted ("note: what is the plan and who is coming") is the
    note's.
    """
    found: list[str] = []
    start = 0
    for cut in _NEXT.finditer(words):
        part = words[start : cut.start()].strip()
        if len(found) == MOST - 1 or not _JOINED.search(cut[0]) or not _ANY.match(part):
            continue
        if _NOTED.match(part) and not cut["note"] and _ASKS.search(part):
            continue
        found.append(part)
        start = cut.end()
    return [*found, words[start:].strip()]


def requests_of(messages: Sequence[str]) -> list[str]:
    """The requests in several messages of the caller's, `MOST` at most.

    What was to be done before comes first; a question that was talked over comes last, for it is
    not what the caller waits for now. What they have said again counts once.
    """
    *before, last = messages or [""]
    parts = requests_in(last)
    due: list[str] = []
    asked: list[str] = []
    for words in before:
        if any(map(to_be_done, requests_in(words))):
            due += requests_in(words)
        else:
            asked.append(words)
    again = [one for one in due if any(_same(one, part) for part in parts)]
    found = [*(one for one in due if one not in again), *parts][-MOST:]
    return [*found, *asked[len(found) - MOST :]] if len(found) < MOST else found


def _same(one: str, other: str) -> bool:
    return SequenceMatcher(None, one.casefold(), other.casefold(), False).ratio() >= _AGAIN


def to_be_done(words: str) -> bool:
    """Whether a request is plainly for something that only a tool can do; "take a note" alone is
    not, for it has to be asked what."""
    begins = _LEADING.match(words)
    return bool(_DONE.match(words, begins.end() if begins else 0))
