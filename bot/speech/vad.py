"""Silero voice activity detection on one ONNX session for all calls of the process.

Pipecat's analyzer loads the model and starts a thread for every call: 50 MB and a stall on the
event loop each. The session is thread-safe and keeps no state; state stays with the call. One
window takes 0.15 ms, so it runs where it is called: a thread hop costs more.
"""

from functools import cache
from importlib import resources

import numpy as np
import onnxruntime
from pipecat.audio.vad.silero import SileroOnnxModel, SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADParams, VADState

_WARMUP_SAMPLES = 256


@cache
def session() -> onnxruntime.InferenceSession:
    """The process-wide Silero session; the first call loads it (tens of milliseconds)."""
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    path = resources.files("pipecat.audio.vad.data") / "silero_vad.onnx"
    return onnxruntime.InferenceSession(
        path.read_bytes(), providers=["CPUExecutionProvider"], sess_options=options
    )


class _SharedSilero(SileroOnnxModel):
    """Silero's state for one call, on the shared session."""

    def __init__(self) -> None:
        self.session = session()
        self.sample_rates = [8000, 16000]
        self.reset_states()  # type: ignore[no-untyped-call]


class SharedSileroVAD(SileroVADAnalyzer):
    """Pipecat's Silero analyzer without its own session and thread.

    `_model`, `_windows_since_reset` and `_low_confidence_windows` are the attributes that
    pipecat 1.14's `SileroVADAnalyzer.__init__` sets; its constructor is passed over because it
    loads the model.
    """

    def __init__(self, params: VADParams | None = None) -> None:
        VADAnalyzer.__init__(self, params=params)
        self._executor.shutdown(wait=False)
        self._model = _SharedSilero()
        self._windows_since_reset = 0
        self._low_confidence_windows = 0

    async def analyze_audio(self, buffer: bytes) -> VADState:
        """Analyse on the spot; see the module's head."""
        return self._run_analyzer(buffer)


def load() -> None:
    """Load the model and run it once, before any call. Blocks; call it in a thread."""
    model = _SharedSilero()
    model(np.zeros(_WARMUP_SAMPLES, dtype=np.float32), 8000)
