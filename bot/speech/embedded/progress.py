"""What the long start of the embedded models tells the operator, step by step."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class ProgressEvent:
    """One step of the start; `text` is a line that a person understands.

    `stage` is one of install, download, join, verify, wait, load, warm, failed.
    """

    stage: str
    text: str


Report = Callable[[ProgressEvent], None]


def emit(event: str, **fields: object) -> None:
    """Writes one JSON line to stdout, where the supervisor reads it."""
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def emit_progress(event: ProgressEvent) -> None:
    """Sends a progress event to the supervisor."""
    emit("progress", stage=event.stage, text=event.text)


def print_progress(event: ProgressEvent) -> None:
    """Shows a progress event to a person at a terminal or in a log file."""
    sys.stdout.write(f"embedded models: {event.text}\n")
    sys.stdout.flush()


class Seldom:
    """Passes on a report when its stage changes, and otherwise at most every `seconds`."""

    def __init__(self, report: Report, clock: Callable[[], float], seconds: float = 3.0) -> None:
        self._report = report
        self._clock = clock
        self._seconds = seconds
        self._last: tuple[str, float] = ("", 0.0)

    def __call__(self, event: ProgressEvent) -> None:
        """Passes the event on, or drops it."""
        stage, at = self._last
        now = self._clock()
        if event.stage != stage or now - at >= self._seconds:
            self._last = (event.stage, now)
            self._report(event)
