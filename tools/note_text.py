"""Changes to a note's text. Sections are markdown headings, found by folded words. Pure."""

import re
from typing import Literal

from bot.errors import TandemError
from bot.store.once import folded

Change = Literal["append", "prepend", "replace", "replace_section", "remove"]


class NoSuchPart(TandemError):
    """The note has no such section or words; the text names what it has."""


def changed(text: str, change: Change, words: str, section: str = "") -> str:
    """The text after one change.

    append, prepend: a line at the end or the beginning, of the section if one is named.
    replace: the whole text. replace_section: the section's text, a new section if it is missing.
    remove: the lines that hold `words`, or the whole section if there are none.

    Raises:
        NoSuchPart: there is no such section, or nothing holds these words.
    """
    if change == "replace" and not section:
        return words
    if change in ("replace", "replace_section"):
        if not section:
            raise NoSuchPart("it is not clear which section is meant")
        found = _find(text, section)
        if found is None:
            return _joined(text, f"## {section}\n{words}")
        return _replaced(text, found, words)
    if change == "remove":
        return _removed(text, words, section)
    if not section:
        return _joined(text, words) if change == "append" else _joined(words, text)
    start, end = _needed(text, section)
    body = text[start:end].strip("\n")
    body = _joined(body, words) if change == "append" else _joined(words, body)
    return _replaced(text, (start, end), body)


def sections(text: str) -> list[str]:
    """The names of the sections."""
    return [match[1].strip() for match in _HEADING.finditer(text)]


_HEADING = re.compile(r"^#{1,6} +(.+)$", re.M)


def _find(text: str, section: str) -> tuple[int, int] | None:
    """Where the section's text begins and ends, without its heading."""
    headings = list(_HEADING.finditer(text))
    names = [folded(match[1]) for match in headings]
    name = folded(section)
    index = next((i for i, one in enumerate(names) if one == name), None)
    if index is None and name:
        index = next((i for i, one in enumerate(names) if name in one), None)
    if index is None:
        return None
    end = headings[index + 1].start() if index + 1 < len(headings) else len(text)
    return headings[index].end(), end


def _needed(text: str, section: str) -> tuple[int, int]:
    found = _find(text, section)
    if found is None:
        names = sections(text)
        raise NoSuchPart(f"it has the sections {', '.join(names)}" if names else "it has none")
    return found


def _removed(text: str, words: str, section: str) -> str:
    if section and not words:
        start, end = _needed(text, section)
        heading = text.rfind("\n", 0, start) + 1
        return (text[:heading] + text[end:]).strip("\n")
    start, end = _needed(text, section) if section else (0, len(text))
    wanted = folded(words)
    lines = text[start:end].split("\n")
    kept = [line for line in lines if not wanted or wanted not in folded(line)]
    if len(kept) == len(lines):
        raise NoSuchPart("it does not say that")
    return text[:start] + "\n".join(kept) + text[end:]


def _replaced(text: str, place: tuple[int, int], words: str) -> str:
    start, end = place
    after = text[end:]
    return f"{text[:start]}\n{words}\n{after}" if after else f"{text[:start]}\n{words}"


def _joined(first: str, second: str) -> str:
    return f"{first}\n{second}" if first and second else first or second
