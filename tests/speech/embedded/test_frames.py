"""The frames between the sidecar and Piper."""

import io

import pytest

from bot.speech.embedded.frames import (
    HEADER,
    MAX_PAYLOAD,
    Frame,
    FrameError,
    FrameKind,
    pack,
    read_frame,
)


def test_frames_come_out_as_they_went_in() -> None:
    frames = [Frame(FrameKind.SPEAK, 1, b"{}"), Frame(FrameKind.END, 2**32 - 1)]
    pipe = io.BytesIO(b"".join(pack(frame) for frame in frames))

    assert [read_frame(pipe), read_frame(pipe), read_frame(pipe)] == [*frames, None]


@pytest.mark.parametrize("kept", [1, HEADER.size - 1, HEADER.size, HEADER.size + 2])
def test_a_pipe_that_ends_inside_a_frame_is_told(kept: int) -> None:
    whole = pack(Frame(FrameKind.AUDIO, 1, b"abcd"))

    with pytest.raises(FrameError, match="ended inside"):
        read_frame(io.BytesIO(whole[:kept]))


@pytest.mark.parametrize("header", [HEADER.pack(99, 1, 0), HEADER.pack(1, 1, MAX_PAYLOAD + 1)])
def test_bytes_that_are_no_frame_are_refused(header: bytes) -> None:
    with pytest.raises(FrameError):
        read_frame(io.BytesIO(header))


def test_too_large_a_payload_is_not_sent() -> None:
    with pytest.raises(FrameError, match="too large"):
        pack(Frame(FrameKind.AUDIO, 1, bytes(MAX_PAYLOAD + 1)))
