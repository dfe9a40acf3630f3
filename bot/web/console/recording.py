"""Recordings of calls: opt-in, both sides in stereo, written by a thread, deleted on time.

The event loop only puts audio into a queue. Whatever the disk does, the call goes on: a recording
that cannot be written ends there, with a line for the operator.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from bot.web.console.stereo import StereoFile

PHONE_HZ, ROOM_HZ = 8_000, 16_000
MOST_QUEUED = 6_000
"""Pieces of audio that wait for the disk: a minute of fifty calls. More are left out."""
_DAY = 86_400.0
_CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Piece:
    """Audio of one side at a moment, or the end of a recording (`pcm` is empty)."""

    file: StereoFile
    side: int
    pcm: bytes
    rate: int
    at: float


class Recordings:
    """The recordings of a process, in a folder that all workers of the machine share.

    Args:
        folder: Where they lie; made when the first one begins.
        days: After how many days they are deleted.
        trouble: Told (call id, text) when a recording fails.
    """

    def __init__(self, folder: Path, days: int, trouble: Callable[[str, str], None]) -> None:
        self._folder = folder
        self._days = days
        self._trouble = trouble
        self._queue: queue.Queue[_Piece | None] = queue.Queue(MOST_QUEUED)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lost = 0

    def begin(self, call_id: str, rate: int) -> "Recording":
        """Begin to record a call at `rate` hertz."""
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._write, name="recordings", daemon=True)
            self._thread.start()
        return Recording(StereoFile(self.path(call_id), call_id, rate), self._put)

    def path(self, call_id: str) -> Path:
        """Where a call's recording lies, or would."""
        if not call_id.isalnum():
            raise ValueError("not a call's id")
        return self._folder / f"{call_id}.wav"

    def has(self, call_id: str) -> bool:
        """Whether a call was recorded and its recording is still kept. Looks at the disk."""
        return call_id.isalnum() and self.path(call_id).exists()

    def began_at(self, call_id: str) -> float:
        """When a recording began, in seconds since the epoch. Looks at the disk."""
        return StereoFile.began_at(self.path(call_id))

    def delete(self, call_ids: tuple[str, ...]) -> int:
        """Delete recordings; returns how many there were. Blocks; to be called in a thread."""
        count = 0
        for call_id in call_ids:
            if self.has(call_id):
                self.path(call_id).unlink(missing_ok=True)
                count += 1
        return count

    def delete_old(self, now: float) -> int:
        """Delete what is too old; returns how many. Blocks; to be called in a thread."""
        count = 0
        found = [*self._folder.glob("*.wav"), *self._folder.glob("*.part")]
        for path in found:  # a part is what a process left that died
            if path.stat().st_mtime < now - self._days * _DAY:
                path.unlink(missing_ok=True)
                count += 1
        return count

    async def close(self) -> None:
        """Write what waits, and stop."""
        thread, self._thread = self._thread, None
        if thread:
            await asyncio.to_thread(self._queue.put, None)
            await asyncio.to_thread(thread.join, _CLOSE_SECONDS)

    def _put(self, piece: _Piece) -> None:
        try:
            self._queue.put_nowait(piece)
        except queue.Full:
            self._lost += 1
            if self._lost == 1:
                logger.error("recordings: the disk is too slow, audio is left out")

    def _write(self) -> None:
        """The thread: one piece after the other."""
        while (piece := self._queue.get()) is not None:
            try:
                if piece.pcm:
                    piece.file.add(piece.side, piece.pcm, piece.rate, piece.at)
                else:
                    piece.file.finish()
            except Exception as error:
                self._give_up(piece.file, error)

    def _give_up(self, file: StereoFile, error: Exception) -> None:
        file.abandon()
        why = getattr(error, "strerror", None) or type(error).__name__
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._trouble, file.call_id, str(why))


class Recording:
    """One call's recording; `hear` takes its audio."""

    def __init__(self, file: StereoFile, put: Callable[[_Piece], None]) -> None:
        self._file = file
        self._put = put

    def hear(self, side: str, pcm: bytes, rate: int) -> None:
        """Take audio of one side, 16-bit mono PCM."""
        if pcm:
            self._put(_Piece(self._file, int(side == "bot"), pcm, rate, time.time()))

    def finish(self) -> None:
        """The call is over."""
        self._put(_Piece(self._file, 0, b"", 0, time.time()))
