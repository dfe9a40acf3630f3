"""Audio in and out of the sidecar: uploads to 16 kHz samples, and WAV headers for streams."""

import io
import struct
import wave

import av
import numpy as np
import numpy.typing as npt
import soxr

from bot.speech.embedded.http import bad_request

STT_RATE = 16_000  # Hz: what Whisper hears
SPEECH_RATE = 24_000  # Hz: OpenAI's pcm format
MAX_SECONDS = 300.0

Samples = npt.NDArray[np.float32]


def decode(data: bytes) -> Samples:
    """Any audio file as mono samples in -1..1 at 16 kHz; 16-bit WAV takes a short way.

    Raises:
        ApiError: 400, the bytes are no audio, or longer than five minutes.
    """
    if not data:
        raise bad_request("the audio file is empty", "file", "empty_file")
    try:
        return _wav(data)
    except (wave.Error, EOFError, ValueError, struct.error):
        return _any(data)


def _wav(data: bytes) -> Samples:
    with wave.open(io.BytesIO(data)) as source:
        if source.getsampwidth() != 2:
            raise ValueError("not 16-bit")
        rate, channels = source.getframerate(), source.getnchannels()
        raw = source.readframes(int(rate * MAX_SECONDS) + 1)
    samples = np.frombuffer(raw[: len(raw) // (2 * channels) * 2 * channels], np.int16)
    mono = samples.reshape(-1, channels).astype(np.float32).mean(axis=1) / 32768
    _check_length(len(mono), rate)
    if rate != STT_RATE and len(mono):
        mono = soxr.resample(mono, rate, STT_RATE)
    return np.ascontiguousarray(mono, np.float32)


def _any(data: bytes) -> Samples:
    pieces: list[npt.NDArray[np.int16]] = []
    total = 0
    try:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=STT_RATE)
        with av.open(io.BytesIO(data), mode="r", metadata_errors="ignore") as container:
            for frame in container.decode(audio=0):
                for piece in resampler.resample(frame):
                    pieces.append(piece.to_ndarray().reshape(-1).astype(np.int16))
                    total += len(pieces[-1])
                _check_length(total, STT_RATE)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise bad_request("the file is no audio that can be read", "file", "bad_audio") from error
    joined = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    return (joined.astype(np.float32) / 32768).astype(np.float32)


def _check_length(samples: int, rate: int) -> None:
    if samples > rate * MAX_SECONDS:
        raise bad_request(f"the audio is longer than {MAX_SECONDS:.0f} s", "file", "too_long")


def wav_stream_header(rate: int = SPEECH_RATE) -> bytes:
    """Header of a 16-bit mono WAV whose length is not known yet (sizes at their maximum)."""
    unknown = 0xFFFFFFFF
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", unknown, b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16
    )
    return head + struct.pack("<4sI", b"data", unknown - 36)
