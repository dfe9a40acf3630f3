"""Smart Turn, which hears whether the caller has finished, on one ONNX session for all calls."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import onnxruntime
from pipecat.audio.turn.base_turn_analyzer import EndOfTurnState
from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.metrics.metrics import MetricsData

_RATE = 16000
_MODEL_THREADS = 2
"""Threads that run the model for all calls; one run takes about 50 ms of one core."""


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
    return ThreadPoolExecutor(_MODEL_THREADS, thread_name_prefix="smart-turn")


class SharedSmartTurn(LocalSmartTurnAnalyzerV3):
    """Pipecat's Smart Turn v3 analyzer without its own session and thread.

    `_session` and `_log_data` are what pipecat 1.14's constructor sets besides loading the model,
    which is why it is passed over.
    """

    def __init__(self, **kwargs: Any) -> None:
        BaseSmartTurn.__init__(self, **kwargs)
        self._session = session()
        self._log_data = False

    async def analyze_end_of_turn(self) -> tuple[EndOfTurnState, MetricsData | None]:
        """Run the model on what was heard in this turn, in the shared threads."""
        state, result = await asyncio.get_running_loop().run_in_executor(
            _threads(), self._process_speech_segment, self._audio_buffer
        )
        if state == EndOfTurnState.COMPLETE:
            self._clear(state)
        return state, result


def load() -> None:
    """Load the model and run it once, before any call. Blocks; call it in a thread."""
    analyzer = SharedSmartTurn()
    analyzer.set_sample_rate(_RATE)
    analyzer._predict_endpoint(np.zeros(_RATE, dtype=np.float32))
