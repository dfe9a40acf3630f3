"""A stereo WAV file that two sides write at their own times: the caller left, the bot right."""

import struct
from io import BufferedWriter
from pathlib import Path

import numpy as np
import soxr

LATE_SECONDS = 1.0
"""Audio is written that long after its time, so that both sides are there."""
JITTER_SECONDS = 0.2
"""A piece that comes less than this after the end of what its side has follows it at once."""
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sIQ4sI")
"""RIFF and fmt, then a chunk of our own with the moment of the beginning, then data."""


def _header(rate: int, began_at: float, size: int) -> bytes:
    return _HEADER.pack(
        *(b"RIFF", _HEADER.size - 8 + size, b"WAVE", b"fmt ", 16, 1, 2, rate, rate * 4, 4, 16),
        *(b"tndm", 8, int(began_at * 1000), b"data", size),
    )


class StereoFile:
    """One call's file. All methods block and are called by one thread.

    Args:
        path: Where it goes; it has another name until it is finished.
        call_id: Whose it is.
        rate: Hertz of the file.
    """

    def __init__(self, path: Path, call_id: str, rate: int) -> None:
        self.call_id = call_id
        self._path, self._part = path, path.with_suffix(".part")
        self._rate = rate
        self._began = 0.0
        self._sides = (bytearray(), bytearray())
        self._resamplers: dict[tuple[int, int], soxr.ResampleStream] = {}
        self._written = 0
        self._file: BufferedWriter | None = None
        self._over = False

    @staticmethod
    def began_at(path: Path) -> float:
        """When the recording began, in seconds since the epoch."""
        with path.open("rb") as file:
            return float(_HEADER.unpack(file.read(_HEADER.size))[13]) / 1000

    def add(self, side: int, pcm: bytes, rate: int, at: float) -> None:
        """Add audio of a side that began to sound at `at`, in seconds since the epoch.

        Raises:
            OSError: the disk is full, or gone.
        """
        if self._over:
            return
        self._began = self._began or at
        audio = self._resampled(side, pcm, rate)
        track = self._sides[side]
        due = int((at - self._began) * self._rate) - self._written
        behind = due - len(track) // 2
        if behind > JITTER_SECONDS * self._rate:
            track.extend(bytes(2 * behind))
        track.extend(audio)
        ready = due - int(LATE_SECONDS * self._rate)
        if ready > self._rate:
            self._flush(ready)

    def finish(self) -> None:
        """Write the rest, and give the file its name.

        Raises:
            OSError: the disk is full, or gone.
        """
        if self._over or not self._began:
            return
        self._flush(max(len(track) // 2 for track in self._sides))
        if self._file:
            self._file.seek(0)
            self._file.write(_header(self._rate, self._began, self._written * 4))
            self._file.close()
            self._part.rename(self._path)
        self._over = True

    def abandon(self) -> None:
        """Write no more, and leave nothing half behind."""
        self._over = True
        self._sides[0].clear()
        self._sides[1].clear()
        try:
            if self._file:
                self._file.close()
        except OSError:
            self._file = None  # what it still held does not fit either
        self._part.unlink(missing_ok=True)

    def _resampled(self, side: int, pcm: bytes, rate: int) -> bytes:
        if rate == self._rate:
            return pcm
        stream = self._resamplers.get((side, rate))
        if stream is None:
            stream = soxr.ResampleStream(rate, self._rate, 1, dtype="int16", quality="MQ")
            self._resamplers[side, rate] = stream
        return bytes(stream.resample_chunk(np.frombuffer(pcm, np.int16)).tobytes())

    def _flush(self, samples: int) -> None:
        """Write so many samples of both sides, interleaved; silence where one has none."""
        if samples <= 0:
            return
        stereo = np.zeros((samples, 2), "<i2")
        for number, track in enumerate(self._sides):
            part = np.frombuffer(bytes(track[: samples * 2]), "<i2")
            stereo[: len(part), number] = part
            del track[: samples * 2]
        if self._file is None:
            self._file = self._open()
        self._file.write(stereo.tobytes())
        self._written += samples

    def _open(self) -> BufferedWriter:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._part.open("wb")
        self._part.chmod(0o600)
        file.write(_header(self._rate, self._began, 0))
        return file
