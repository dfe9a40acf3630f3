"""The Piper process: text frames in on stdin, audio frames out on stdout.

It runs alone because Piper is GPL-3.0: nothing else of the project is in its memory.
"""

import json
import os
import queue
import threading
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import soxr

from bot.speech.embedded.artifacts import PIPER_JOE
from bot.speech.embedded.frames import Frame, FrameKind, pack, read_frame
from bot.speech.embedded.lifeline import watch_parent
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.weights import location

SPEECH_RATE = 24_000  # Hz: OpenAI's pcm format
LOUDNESS = 0.11  # RMS of speech in -1..1 (-19 dBFS), the level of a good telephone voice
PEAK = 0.95
CHUNK = 24_000  # samples of one AUDIO frame: a second


def run(options: EmbeddedOptions) -> int:
    """Serves until stdin closes."""
    watch_parent()
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not land between frames
    voice = options.tts_voice or str(location(options.cache_dir, PIPER_JOE))
    PiperProcess(Path(voice), source, sink).serve()
    return 0


class PiperProcess:
    """Speaks one utterance after the other; a cancelled one stops at its next sentence."""

    def __init__(self, voice: Path, source: BinaryIO, sink: BinaryIO) -> None:
        self._path = voice
        self._source = source
        self._sink = sink
        self._queue: queue.Queue[Frame | None] = queue.Queue()
        self._cancelled: set[int] = set()
        self._voice: Any = None

    def serve(self) -> None:
        """Loads the voice, says so, and speaks what is asked."""
        from piper import PiperVoice

        self._voice = PiperVoice.load(self._path)
        self._say("Hello, this is a first sentence to warm up.", 1.0, lambda _: None)
        self._send(Frame(FrameKind.READY, 0))
        threading.Thread(target=self._read, daemon=True).start()
        while (frame := self._queue.get()) is not None:
            if frame.stream not in self._cancelled:
                self._speak(frame)
            self._cancelled.discard(frame.stream)
            self._send(Frame(FrameKind.END, frame.stream))

    def _read(self) -> None:
        while (frame := read_frame(self._source)) is not None:
            if frame.kind is FrameKind.CANCEL:
                self._cancelled.add(frame.stream)
            else:
                self._queue.put(frame)
        self._queue.put(None)

    def _speak(self, frame: Frame) -> None:
        asked = json.loads(frame.payload)
        try:
            self._say(
                asked["text"],
                asked["speed"],
                lambda audio: self._send(Frame(FrameKind.AUDIO, frame.stream, audio)),
                frame.stream,
            )
        except Exception as error:
            text = f"{type(error).__name__}: {error}"[:500]
            self._send(Frame(FrameKind.ERROR, frame.stream, text.encode()))

    def _say(self, text: str, speed: float, send: Any, stream: int = 0) -> None:
        from piper import SynthesisConfig

        scale = self._voice.config.length_scale / speed
        config = SynthesisConfig(length_scale=scale, normalize_audio=False)
        for chunk in self._voice.synthesize(text, config):
            if stream in self._cancelled:
                return
            samples = level(chunk.audio_float_array)
            if chunk.sample_rate != SPEECH_RATE:
                samples = soxr.resample(samples, chunk.sample_rate, SPEECH_RATE)
            pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")
            for start in range(0, len(pcm), CHUNK):
                send(pcm[start : start + CHUNK].tobytes())

    def _send(self, frame: Frame) -> None:
        self._sink.write(pack(frame))
        self._sink.flush()


def level(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A sentence at the same loudness as every other one, its peaks rounded, not cut."""
    loud = samples[np.abs(samples) > 0.02 * max(1e-6, float(np.abs(samples).max(initial=0)))]
    if not len(loud):
        return samples
    scaled = samples * (LOUDNESS / max(1e-6, float(np.sqrt(np.mean(loud**2)))))
    over = np.abs(scaled) > PEAK / 2
    bent = np.sign(scaled) * (PEAK / 2) * (1 + np.tanh(np.abs(scaled) / (PEAK / 2) - 1))
    result: npt.NDArray[np.float32] = np.where(over, bent, scaled).astype(np.float32)
    return result
