"""A run on disk: everything that was measured, as JSON, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.bars import Found, bars
from bench.figures import Level, Patience
from bench.handoff import Handoff, Notes, Talk
from bench.interjections import Manners, Said
from bench.tail import Tail
from bench.untouched import Untouched


def save(found: Found, about: Mapping[str, object], path: Path) -> None:
    """Write everything that was measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(
            {
                "about": about,
                "levels": [asdict(level) for level in found.levels],
                "patience": [asdict(half) for half in found.patience],
                "manners": [asdict(bot) for bot in found.manners],
                "leftover": [asdict(level) for level in found.leftover],
                "tail": asdict(found.tail) if found.tail else None,
                "untouched": [asdict(one) for one in found.untouched],
                "handoff": asdict(found.handoff) if found.handoff else None,
                "bars": [asdict(bar) | {"met": bar.met} for bar in bars(found)],
            },
            indent=1,
        )
    )


def read(path: Path) -> Found:
    """What an earlier run measured; a part that it did not know is empty."""
    kept = json.loads(path.read_text())
    return Found(
        [Level(**level) for level in kept["levels"]],
        [Patience(**half) for half in kept["patience"]],
        [Level(**level) for level in kept["leftover"]],
        [
            Manners(**bot | {"said": [Said(**said) for said in bot["said"]]})
            for bot in kept.get("manners", [])
        ],
        Tail(**kept["tail"]) if kept.get("tail") else None,
        [Untouched(**one | {"load": tuple(one["load"])}) for one in kept.get("untouched", [])],
        _handoff(kept["handoff"]) if kept.get("handoff") else None,
    )


def _handoff(kept: dict[str, Any]) -> Handoff:
    notes = [Notes(**one) for one in kept["notes"]]
    before, after = kept["load"]
    return Handoff(notes, Talk(**kept["talk"]), (before, after))


def about(path: Path) -> dict[str, object]:
    """When and on what an earlier run was made."""
    kept: dict[str, object] = json.loads(path.read_text())["about"]
    return kept
