"""Silero voice activity detection, one ONNX session for all calls, without Pipecat's analyzer.

`SpeechDetector` judges one window (32 ms) after the other as Pipecat's `SileroVADAnalyzer` does,
at a fraction of its cost: the session is shared (it is thread-safe and keeps no state), buffers are
made once, loudness is a mean square, and a line on which nothing stirs does not run the model.
Counting windows into "the caller began, has stopped" is left to the listener.

It runs where it is called: 0.2 ms a window, less than a hop to a thread costs. Most of that is the
start of each of the model's operators, so `foresee` shows it the windows of several calls at once:
30 of them take 1.4 ms.
"""

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

CONFIDENCE = 0.7
"""Least confidence of Silero's that is speech; Pipecat's `VAD_CONFIDENCE`."""
LOUD_DB = -50.0
"""Least level of speech over `_LOUDNESS_WINDOWS`, dBFS; Pipecat's volume of 0.6 is -50 LUFS."""
_HELD_DB = -56.0
"""The same while speech goes on: a quiet voice's soft syllables do not tear it apart."""
SILENT_DB = -96.0
"""The level of digital silence: 16 bits have no less."""

_RATES = {8000: (256, 32), 16000: (512, 64)}
"""Samples of a window, and of the audio before it that the model is shown again."""
_FULL = np.float32(32768.0)
_LOUDNESS_WINDOWS = 12.5
"""What the level is averaged over: 400 ms, the block of BS.1770 that Pipecat measures."""

# When the model's state is cleared, as in pipecat.audio.vad.silero, whose head says why: music,
# noise or long silence shift the state until speech after them is not heard.
_RESET_WINDOWS = 63
"""Two seconds of audio."""
_LOW_CONFIDENCE, _LOW_WINDOWS = 0.1, 5
_QUIET_WINDOWS = 7
"""Windows without speech after which Pipecat's analyzer is quiet again (stop_secs = 0.2)."""

STILL_DB = -60.0
"""Below this nothing stirs on the line, dBFS: too soft by 10 dB to be taken for speech."""
_STILL_WINDOWS = 24
"""After so many still windows (0.8 s) the model is left alone until the line stirs."""
_RUN_UP_WINDOWS = 16
"""The last still windows (0.5 s), which it is shown before the window that stirred; with a clear
state and no run-up it would miss soft beginnings."""

_OUTPUTS = ["output", "stateN"]
_LOUD_POWER, _HELD_POWER = 10.0 ** (LOUD_DB / 10), 10.0 ** (_HELD_DB / 10)


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


class SpeechDetector:
    """Says of each window of one call's audio whether it is speech.

    Attributes:
        window: Samples of one window: 256 at 8 kHz, 512 at 16 kHz.
        level: How loud the last window was: its root mean square in dBFS, `SILENT_DB` to 0.
        confidence: How sure Silero was that the last window is speech, 0 to 1.

    Args:
        rate: Samples per second, 8000 or 16000.

    Raises:
        ValueError: another rate.
    """

    def __init__(self, rate: int) -> None:
        if rate not in _RATES:
            raise ValueError(f"Silero hears 8000 or 16000 Hz, not {rate}")
        self.window, self._context = _RATES[rate]
        self._session = session()
        self._heard = np.zeros((1, self._context + self.window), np.float32)
        self._past, self._new = self._heard[0, : self._context], self._heard[0, self._context :]
        self._end = self._heard[0, -self._context :]
        self._scaled = np.zeros(self.window, np.float32)
        self._no_state = np.zeros((2, 1, 128), np.float32)
        self._feed: dict[str, Any] = {"input": self._heard, "sr": np.array(rate, np.int64)}
        self.reset()

    def reset(self) -> None:
        """Forget what was heard, as for a new call."""
        self.level, self.confidence = SILENT_DB, 0.0
        self._power = 0.0
        self._low = 0
        self._unvoiced = _QUIET_WINDOWS
        self._still = 0
        self._foreseen = False
        self._passed_over: deque[bytes] = deque(maxlen=_RUN_UP_WINDOWS)
        self._clear()

    def speech(self, window: bytes) -> bool:
        """Say whether a window is speech.

        Args:
            window: 16-bit little-endian mono PCM, exactly `self.window` samples.

        Raises:
            ValueError: another length.
        """
        if not self._foreseen and self._stirs(window):
            self._judge()
        self._foreseen = False
        enough = _HELD_POWER if self._unvoiced < _QUIET_WINDOWS else _LOUD_POWER
        speaking = self.confidence >= CONFIDENCE and self._power >= enough
        self._unvoiced = 0 if speaking else self._unvoiced + 1
        return speaking

    @staticmethod
    def foresee(windows: Iterable[tuple["SpeechDetector", bytes]]) -> None:
        """Judge one window of each of several detectors; their next `speech` only says it.

        Raises:
            ValueError: a window of another length.
        """
        windows = list(windows)
        shown: dict[int, list[SpeechDetector]] = defaultdict(list)
        for detector, window in windows:
            if detector._stirs(window):
                shown[detector.window].append(detector)
        for together in shown.values():
            if len(together) == 1:
                together[0]._judge()
            else:
                _judge_all(together)
        for detector, _ in windows:
            detector._foreseen = True

    def _stirs(self, window: bytes) -> bool:
        """Measure a window and lay it out for the model, if that has to see it."""
        samples = np.frombuffer(window, "<i2")
        self._measure(samples)
        self._still = self._still + 1 if self.level < STILL_DB else 0
        if self._still > _STILL_WINDOWS:
            self._passed_over.append(window)
            self.confidence = 0.0
            return False
        if self._passed_over:
            self._run_up()
        self._lay_out(samples)
        return True

    def _measure(self, samples: npt.NDArray[np.int16]) -> None:
        if len(samples) != self.window:
            raise ValueError(f"{len(samples)} samples are not a window of {self.window}")
        np.divide(samples, _FULL, out=self._scaled)
        power = float(np.dot(self._scaled, self._scaled)) / self.window
        self.level = _decibels(power)
        self._power += (power - self._power) / _LOUDNESS_WINDOWS

    def _run_up(self) -> None:
        """Bring the model up to date after a rest."""
        self._clear()
        for window in self._passed_over:
            self._lay_out(np.frombuffer(window, "<i2"))
            self._judge()
        self._passed_over.clear()

    def _lay_out(self, samples: npt.NDArray[np.int16]) -> None:
        self._past[:] = self._end
        np.divide(samples, _FULL, out=self._new)

    def _judge(self) -> None:
        output, state = self._session.run(_OUTPUTS, self._feed)
        self._judged(float(output[0, 0]), state)

    def _judged(self, confidence: float, state: npt.NDArray[np.float32]) -> None:
        self.confidence, self._feed["state"] = confidence, state
        self._windows += 1
        self._low = self._low + 1 if self.confidence < _LOW_CONFIDENCE else 0
        if (
            self._windows >= _RESET_WINDOWS
            and self._low >= _LOW_WINDOWS
            and self._unvoiced >= _QUIET_WINDOWS - 1
        ):
            self._clear()

    def _clear(self) -> None:
        self._feed["state"] = self._no_state
        self._end[:] = 0.0
        self._windows = 0


def _judge_all(detectors: Sequence[SpeechDetector]) -> None:
    """One run of the model for detectors of one rate."""
    feeds = [detector._feed for detector in detectors]
    feed = {
        "input": np.concatenate([feed["input"] for feed in feeds]),
        "state": np.concatenate([feed["state"] for feed in feeds], axis=1),
        "sr": feeds[0]["sr"],
    }
    output, states = session().run(_OUTPUTS, feed)
    for place, detector in enumerate(detectors):
        detector._judged(float(output[place, 0]), states[:, place : place + 1].copy())


def _decibels(power: float) -> float:
    return max(SILENT_DB, 10.0 * math.log10(power)) if power > 0 else SILENT_DB


def load() -> None:
    """Load the model and run it once, before any call. Blocks; call it in a thread."""
    detector = SpeechDetector(8000)
    detector.speech(bytes(2 * detector.window))
