"""Frames between the sidecar and its Piper child: type, stream, length, payload.

Piper is GPL-3.0, so it stays behind a pipe: the two programs share nothing but these bytes.
"""

import struct
from enum import IntEnum
from typing import BinaryIO, NamedTuple

HEADER = struct.Struct("!BII")
MAX_PAYLOAD = 4 * 1024 * 1024


class FrameKind(IntEnum):
    """What a frame says. Upward frames go to Piper, the others come back."""

    SPEAK = 1  # up: JSON {"text": str, "speed": float}
    CANCEL = 2  # up: empty
    READY = 3  # down: once, with stream 0, when it can speak
    AUDIO = 4  # down: s16le mono, 24 kHz
    END = 5  # down: empty
    ERROR = 6  # down: UTF-8 text


class Frame(NamedTuple):
    """One message; `stream` is the number that the asker chose for one utterance."""

    kind: FrameKind
    stream: int
    payload: bytes = b""


class FrameError(ValueError):
    """The other side sent bytes that are no frame."""


def pack(frame: Frame) -> bytes:
    """Bytes of one frame.

    Raises:
        FrameError: the payload is larger than 4 MiB.
    """
    if len(frame.payload) > MAX_PAYLOAD:
        raise FrameError(f"payload of {len(frame.payload)} bytes is too large")
    return HEADER.pack(frame.kind, frame.stream, len(frame.payload)) + frame.payload


def unpack_header(header: bytes) -> tuple[FrameKind, int, int]:
    """Kind, stream and payload length of a header.

    Raises:
        FrameError: unknown kind, or a length over 4 MiB.
    """
    kind, stream, length = HEADER.unpack(header)
    if length > MAX_PAYLOAD:
        raise FrameError(f"frame of {length} bytes is too large")
    try:
        return FrameKind(kind), stream, length
    except ValueError:
        raise FrameError(f"unknown frame kind {kind}") from None


def read_frame(source: BinaryIO) -> Frame | None:
    """The next frame of a blocking pipe, or None at its end.

    Raises:
        FrameError: the pipe ended inside a frame, or carries something else.
    """
    header = source.read(HEADER.size)
    if not header:
        return None
    if len(header) < HEADER.size:
        raise FrameError("the pipe ended inside a header")
    kind, stream, length = unpack_header(header)
    payload = source.read(length) if length else b""
    if len(payload) < length:
        raise FrameError("the pipe ended inside a payload")
    return Frame(kind, stream, payload)
