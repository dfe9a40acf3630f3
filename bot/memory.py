"""Memory: what a call took is given back when it is over, and collecting it disturbs no other call.

An ended call is one large cycle of references, so only the cycle collector frees it, and what it
frees returns to the system only when the C library is asked. Both stop the event loop for
milliseconds. So one sweep serves all calls that end about the same time, and what lives as long as
the process is kept out of the collector's sight (`gc.freeze`).
"""

import asyncio
import ctypes
import gc
import time
from collections.abc import Callable

SWEEP_SECONDS = 1.0
"""From a call's end to the sweep: its last tasks and sockets are gone by then, and calls that end
together are swept together."""
_TRIM_SECONDS = 10.0
"""At least between two returns of memory to the system; one takes some 10 ms."""
_FREEZE_OBJECTS = 20_000
"""So many objects that survive a sweep with no call in the house are taken for lasting: what the
first calls import. Frozen ones are never looked at again, so it is not done for a handful."""
_QUIET_SECONDS = 5.0
"""How long no call must have been there before: the last one's sockets and tasks are gone by then,
and what is frozen while it is still referred to would never be freed."""
_THRESHOLDS = (10_000, 20, 100)
"""Python's 700 runs the collector 50 times a second under load, and whole collections between."""
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""From glibc's malloc.h."""
_MMAP_BYTES = 256 * 1024
"""Blocks of this size and more go back to the system at once. Left to itself glibc raises the limit
to the largest block it saw, and Smart Turn's arrays of 5 MB stay for good."""
_ARENAS = 2
"""Heaps that threads share. glibc makes up to eight a core, and each keeps its own leftovers."""


def tune() -> None:
    """Set the collector and the C library's allocator; call once, before threads and models."""
    gc.set_threshold(*_THRESHOLDS)
    mallopt = _libc("mallopt")
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
        mallopt(_M_ARENA_MAX, _ARENAS)


class Sweeper:
    """Gives back what ended calls leave.

    Args:
        live: How many calls there are.
    """

    def __init__(self, live: Callable[[], int]) -> None:
        self._live = live
        self._timer: asyncio.TimerHandle | None = None
        self._freezing: asyncio.TimerHandle | None = None
        self._trimmed = 0.0

    def soon(self) -> None:
        """A call is over: sweep in a moment, once for all calls that end until then."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self.sweep)

    def close(self) -> None:
        """Sweep no more."""
        for timer in (self._timer, self._freezing):
            if timer:
                timer.cancel()
        self._timer = self._freezing = None

    def sweep(self) -> None:
        """Free the cycles of ended calls. Stops the event loop for some milliseconds."""
        self.close()
        gc.collect()
        if self._live() == 0 and len(gc.get_objects()) > _FREEZE_OBJECTS:
            later = asyncio.get_running_loop().call_later
            self._freezing = later(_QUIET_SECONDS, self._freeze)
        if time.monotonic() - self._trimmed >= _TRIM_SECONDS:
            trim()
            self._trimmed = time.monotonic()

    def _freeze(self) -> None:
        """Take what is there now for lasting, unless somebody calls."""
        self._freezing = None
        if self._live() == 0:
            gc.collect()
            gc.freeze()


def trim() -> None:
    """Return free memory to the system, where the C library can."""
    malloc_trim = _libc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _libc(name: str) -> Callable[..., int] | None:
    """A function of the C library; None where it has none of this name (musl, macOS)."""
    return getattr(ctypes.CDLL(None), name, None)
