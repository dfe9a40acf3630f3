"""The set: what callers say, and what a good model does about it. Data in `requests/*.toml`.

[[request]]
id = "notes-add-milk"
windows = ["notes"]                          # open on the caller's page
before = ["caller: …", 'bot_x {"a": 1} -> what the tool answered', "bot: …"]
says = "Add milk to my shopping list."
calls = [{ bot_update_note = { note = "shop", text = "milk" } }]      # all of these, in any order
or = [[{ … }], …]                            # just as good
may = ["bot_get_time"]                       # no mistake, but not asked for

How an argument is checked: see `bot.bakeoff.checks`. The file's name is the category. Of every two
requests in a file the first is for tuning (prompts, choice of tools), the second is held back.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from bot.bakeoff.checks import Check
from bot.errors import TandemError

FOLDER = Path(__file__).with_name("requests")
EDITION = 2
"""Raised whenever a request or what is expected changes: tables of two editions do not compare."""

Half = Literal["tuning", "held back"]
HALVES: tuple[Half, Half] = ("tuning", "held back")
_EARLIER = re.compile(r"(bot_\w+) (\{.*\}) -> (.+)", re.S)


class BadSet(TandemError):
    """The data of the set makes no sense; the text says where."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One tool call that a good model makes: arguments not named in `checks` are free."""

    tool: str
    checks: Mapping[str, Check]


@dataclass(frozen=True, slots=True)
class Said:
    """One earlier step of the conversation: who, and either words or a tool call's three parts."""

    who: Literal["caller", "bot", "tool"]
    text: str
    tool: str = ""
    arguments: str = "{}"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `accepted`: any of these sets of calls is right; the first is the plain one."""

    id: str
    category: str
    half: Half
    says: str
    accepted: tuple[tuple[Expected, ...], ...]
    before: tuple[Said, ...] = ()
    windows: tuple[str, ...] = ()
    may: frozenset[str] = frozenset()

    @property
    def expected(self) -> tuple[Expected, ...]:
        """The calls of the plain answer."""
        return self.accepted[0]


@lru_cache(maxsize=1)
def every_request() -> tuple[Request, ...]:
    """The whole set, in the files' order.

    Raises:
        BadSet: the data cannot be read.
    """
    found: list[Request] = []
    for file, rows in _data().items():
        found += [_request(file, place, row) for place, row in enumerate(rows)]
    return tuple(found)


@lru_cache(maxsize=1)
def version() -> str:
    """The edition and a hash of the whole set, like '1-4f0c9a2e'."""
    text = json.dumps(_data(), sort_keys=True)
    return f"{EDITION}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@lru_cache(maxsize=1)
def _data() -> dict[str, list[dict[str, Any]]]:
    data: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        try:
            data[path.stem] = tomllib.loads(path.read_text("utf-8"))["request"]
        except (tomllib.TOMLDecodeError, KeyError) as error:
            raise BadSet(f"{path.name}: {error}") from None
    return data


def _request(category: str, place: int, row: Mapping[str, Any]) -> Request:
    try:
        accepted = (row["calls"], *row.get("or", ()))
        return Request(
            id=row["id"],
            category=category,
            half=HALVES[place % 2],
            says=row["says"],
            accepted=tuple(tuple(map(_expected, calls)) for calls in accepted),
            before=tuple(map(_said, row.get("before", ()))),
            windows=tuple(row.get("windows", ())),
            may=frozenset(row.get("may", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadSet(f"{category}.toml, request {place + 1}: {error!r}") from None


def _expected(call: Mapping[str, Mapping[str, Check]]) -> Expected:
    ((tool, checks),) = call.items()
    return Expected(tool, dict(checks))


def _said(line: str) -> Said:
    if used := _EARLIER.fullmatch(line):
        json.loads(used[2])
        return Said("tool", used[3], used[1], used[2])
    who, words = line.split(": ", 1)
    if who == "caller":
        return Said("caller", words)
    if who != "bot":
        raise ValueError(f"a line begins with caller:, bot: or a tool's name, not {who!r}")
    return Said("bot", words)


def select(
    requests: Sequence[Request], categories: Sequence[str] = (), half: str = "", first: int = 0
) -> tuple[Request, ...]:
    """The requests of these categories (all if none is named) and this half; `first` takes a
    sample of about so many, spread over the categories.

    Raises:
        BadSet: there is no such category.
    """
    known = list(dict.fromkeys(one.category for one in requests))
    if unknown := [name for name in categories if name not in known]:
        raise BadSet(f"there is no category {unknown[0]}; there are: {', '.join(known)}")
    chosen = [
        one
        for one in requests
        if (not categories or one.category in categories) and half in ("", one.half)
    ]
    if not 0 < first < len(chosen):
        return tuple(chosen)
    step = len(chosen) / first
    return tuple(chosen[int(place * step)] for place in range(first))
