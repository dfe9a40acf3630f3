"""The committed bundle is what the sources give, small, and knows nobody but its own server."""

import gzip
import json
import re
from pathlib import Path

import pytest
from pipecat.processors.frameworks.rtvi.models import PROTOCOL_VERSION
from pydantic import TypeAdapter, ValidationError

from bot.messages import Caption, Cut, PageMessage, TurnTimes, page_frame
from bot.web import typescript
from bot.web.room import STATIC

PAGES = STATIC.parent / "pages"
BUDGET_BYTES = 120_000
"""Gzipped, for each page."""
NAMESPACES = {
    "http://www.w3.org/1998/Math/MathML",
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/2000/svg",
}
"""Names of XML vocabularies that Preact knows; nobody fetches them."""
OPENED = {"https://www.youtube-nocookie.com"}
"""What a page shows in a frame when its user asks for it."""


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.timeout(240)
def test_the_committed_bundle_is_the_sources_build(built_pages: Path) -> None:
    built, committed = files(built_pages / "static"), files(STATIC)
    assert built.keys() == committed.keys(), "run: npm ci && npm run build in bot/web/pages"
    assert [name for name in built if built[name] != committed[name]] == []


def test_the_types_are_those_of_the_models() -> None:
    written = typescript.TARGET.read_text(encoding="utf-8")
    assert written == typescript.typescript(), "run: python -m bot.web.typescript"


def test_the_bundle_names_no_other_host() -> None:
    for name, content in files(STATIC).items():
        found = set(re.findall(rb"https?://[^\s\"'`)<>\\$]+", content))
        assert {address.decode() for address in found} <= NAMESPACES | OPENED, name


@pytest.mark.parametrize("page", sorted(path.name for path in STATIC.glob("*.html")))
def test_each_page_is_small(page: str) -> None:
    html = (STATIC / page).read_bytes()
    parts = {STATIC / name.decode() for name in re.findall(rb"/(assets/[\w.-]+)", html)}
    assert {path.suffix for path in parts} >= {".js", ".css"}
    whole = [html, *(path.read_bytes() for path in parts)]
    assert sum(len(gzip.compress(content)) for content in whole) < BUDGET_BYTES


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((PAGES / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []


def test_the_page_speaks_pipecats_protocol_version() -> None:
    source = (PAGES / "src" / "rtc" / "peer.ts").read_text(encoding="utf-8")
    assert re.findall(r'RTVI_VERSION = "([^"]+)"', source) == [PROTOCOL_VERSION]


def test_messages_travel_as_plain_data() -> None:
    frame = page_frame(TurnTimes(turn=2, stages={"vad": 0.2, "voice_to_voice": 0.9}))
    assert frame.data == {"type": "turn", "turn": 2, "stages": {"vad": 0.2, "voice_to_voice": 0.9}}
    back = TypeAdapter(PageMessage).validate_python(
        page_frame(Cut(turn=1, heard="one", unheard="two")).data
    )
    assert back == Cut(turn=1, heard="one", unheard="two")


@pytest.mark.parametrize(
    ("field", "value"), [("turn", -1), ("speaker", "somebody"), ("final", None), ("more", 1)]
)
def test_messages_are_checked(field: str, value: object) -> None:
    good = {"speaker": "bot", "turn": 0, "text": "", "final": True}
    Caption.model_validate(good)
    with pytest.raises(ValidationError):
        Caption.model_validate(good | {field: value})


def test_times_are_seconds() -> None:
    for wrong in ({"llm": -0.1}, {"llm": float("nan")}, {"lunch": 1.0}):
        with pytest.raises(ValidationError):
            TurnTimes.model_validate({"turn": 1, "stages": wrong})
