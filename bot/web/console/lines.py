"""The lines of a call as the page shows them, live and afterwards, from the store's rows."""

import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.store import tool_events
from bot.store.queries import StoredEvent, StoredUtterance
from bot.web.console.messages import LiveLine

_numbers = itertools.count()


def moment(value: datetime | None) -> str:
    """ISO 8601 in UTC, '' for None."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds") if value else ""


def utterance_line(row: Mapping[str, Any]) -> LiveLine:
    """Of an utterance's row."""
    return LiveLine(
        key=row["id"],
        at=moment(row["at"]),
        speaker=row["speaker"],
        what=row["kind"],
        turn=row["turn"] or 0,
        text=row["text"],
        unheard=row["unheard"],
        final=True,
    )


def event_line(row: Mapping[str, Any]) -> LiveLine:
    """Of an event's row."""
    kind, detail = row["kind"], row["detail"]
    said = tool_events.read(detail).how if kind == tool_events.KIND else detail
    return _line(row["id"], moment(row["at"]), "event", f"{kind}: {said}")


def times_line(turn: int, stages: Mapping[str, float]) -> LiveLine:
    """A turn's times in words; the page draws them from the text's numbers: 'vad 0.032 …'."""
    text = " ".join(f"{stage} {seconds:.3f}" for stage, seconds in stages.items())
    return _line(f"times {turn}", _now(), "times", text, turn)


def interim_line(text: str, turn: int) -> LiveLine:
    """What the bot is saying just now."""
    line = _line(f"saying {next(_numbers)}", _now(), "speech", text, turn)
    return line.model_copy(update={"speaker": "bot", "final": False})


def whisper_line(text: str, turn: int) -> LiveLine:
    """What the operator has whispered."""
    return _line(f"whisper {next(_numbers)}", _now(), "whisper", text, turn)


def stored_lines(
    utterances: Iterable[StoredUtterance], events: Iterable[StoredEvent]
) -> list[LiveLine]:
    """A call's lines in their order."""
    rows = [utterance_line({n: getattr(u, n) for n in u.__slots__}) for u in utterances]
    rows += [event_line({n: getattr(e, n) for n in e.__slots__}) for e in events]
    return sorted(rows, key=lambda line: (line.at, line.key))


def _line(key: str, at: str, what: str, text: str, turn: int = 0) -> LiveLine:
    return LiveLine(
        key=key, at=at, speaker="", what=what, turn=turn, text=text, unheard="", final=True
    )


def _now() -> str:
    return moment(datetime.now(UTC))
