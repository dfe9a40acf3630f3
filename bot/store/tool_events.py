"""A tool's call as the store keeps it: an event whose detail is how it went, its arguments (JSON on
one line) and its answer, each on a line of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KIND = "tool"
MOST = 4_000
"""Characters kept of the arguments, and of the answer: a note's text is longer at most."""


@dataclass(frozen=True, slots=True)
class ToolEvent:
    """How it went, in words; its arguments as JSON and its answer, '' where they are not known."""

    how: str
    arguments: str = ""
    answer: str = ""


def written(how: str, arguments: Mapping[str, Any], answer: str) -> str:
    """The event's detail."""
    given = json.dumps(arguments, ensure_ascii=False, default=str)
    return "\n".join((how.replace("\n", " "), _cut(given), _cut(answer)))


def read(detail: str) -> ToolEvent:
    """What an event's detail says."""
    return ToolEvent(*detail.split("\n", 2))


def _cut(text: str) -> str:
    return text if len(text) <= MOST else text[: MOST - 1] + "…"
