"""What a bot's process and its children take: CPU and memory."""

import threading
from types import TracebackType
from typing import Self

import psutil

_EVERY = 0.5
"""Seconds between two looks at the memory."""


def family(process: psutil.Process) -> list[psutil.Process]:
    """The process and all that it started."""
    return [process, *process.children(recursive=True)]


def cpu_seconds(process: psutil.Process) -> float:
    """CPU time that the family has used so far, user and system."""
    total = 0.0
    for member in family(process):
        times = member.cpu_times()
        total += times.user + times.system
    return total


def memory_mb(process: psutil.Process) -> float:
    """Resident memory of the family, in MB (10^6 bytes)."""
    return float(sum(member.memory_info().rss for member in family(process))) / 1e6


def stolen() -> tuple[float, float]:
    """CPU seconds of this machine: taken away by its host, and all, idle ones included."""
    times = psutil.cpu_times()
    return float(getattr(times, "steal", 0.0)), float(sum(times))


class Peak:
    """The highest resident memory while the block runs, in `mb`."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.mb = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(_EVERY):
            self.mb = max(self.mb, memory_mb(self._process))
