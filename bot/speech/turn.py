"""Smart Turn, which hears whether the caller has finished, on one ONNX session for all calls.

Pipecat's analyzer keeps a call's audio and counts its silence as well; here the ear does that, and
this only judges what it is shown.
"""

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources
from typing import Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
import soxr
from pipecat.audio.turn.smart_turn._whisper_features import compute_whisper_log_mel_features

_RATE = 16_000
_SECONDS = 8
"""The model takes just so much audio; shorter sound is padded in front."""
_MODEL_THREADS = max(1, (os.cpu_count() or 1) // 2)
"""Threads that run the model for all calls; one run takes 50 to 100 ms of one core. They must leave
room for the event loop, on which every call's audio depends."""
_NICE = 5


@cache
def session() -> onnxruntime.InferenceSession:
    """The process-wide Smart Turn session; the first call loads it (about 100 ms)."""
    options = onnxruntime.SessionOptions()
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    path = resources.files("pipecat.audio.turn.smart_turn.data") / "smart-turn-v3.2-cpu.onnx"
    return onnxruntime.InferenceSession(
        path.read_bytes(), providers=["CPUExecutionProvider"], sess_options=options
    )


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(
        _MODEL_THREADS, thread_name_prefix="smart-turn", initializer=_give_way
    )


def _give_way() -> None:
    """Let the event loop's thread go first; on Linux each thread has a priority of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def certainty(samples: npt.NDArray[np.floating]) -> float:
    """How sure the model is, 0 to 1, that a turn is over. Takes 50 ms; call it in a thread.

    Args:
        samples: The turn up to now, -1 to 1, at 16 kHz; its last 8 s count.
    """
    wanted = _SECONDS * _RATE
    samples = samples[-wanted:]
    samples = np.pad(samples, (wanted - len(samples), 0)).astype(np.float32)
    features = compute_whisper_log_mel_features(samples, do_normalize=True)
    outputs = session().run(None, {"input_features": features[np.newaxis]})
    return float(np.asarray(outputs[0]).flat[0])


class TurnModel(Protocol):
    """Tells by ear whether a turn is over."""

    async def certainty(self, pcm: bytes, rate: int) -> float:
        """From 0 to 1; `pcm`: the turn, 16-bit mono at `rate` hertz."""


class SmartTurn:
    """The model as calls use it; it keeps nothing of them."""

    async def certainty(self, pcm: bytes, rate: int) -> float:
        """How sure the model is, 0 to 1, that a turn is over.

        Args:
            pcm: The turn up to now, 16-bit mono.
            rate: Its hertz.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_threads(), self._listen, pcm, rate)

    @staticmethod
    def _listen(pcm: bytes, rate: int) -> float:
        samples = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768
        return certainty(soxr.resample(samples, rate, _RATE) if rate != _RATE else samples)


def load() -> None:
    """Load the model and run it once, before any call. Blocks; call it in a thread."""
    for _ in range(2):
        list(_threads().map(certainty, [np.zeros(_RATE, np.float32)] * _MODEL_THREADS))
