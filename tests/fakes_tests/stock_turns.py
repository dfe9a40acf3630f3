"""Pipecat's own turn taking without models: speech is loud audio, and turns end as scripted."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from pipecat.audio.turn.base_turn_analyzer import EndOfTurnState
from pipecat.audio.turn.smart_turn.base_smart_turn import BaseSmartTurn
from pipecat.audio.vad.vad_analyzer import VADAnalyzer, VADState
from pipecat.metrics.metrics import MetricsData

from tests.fakes.voice import LOUD


class ScriptedVAD(VADAnalyzer):
    """Takes loud audio for speech, in windows of 20 ms, on the loop's own thread.

    Start and stop times (`VADParams`) count as usual; the volume threshold does not.
    """

    def num_frames_required(self) -> int:
        """Return 20 ms in samples."""
        return self.sample_rate // 50

    def voice_confidence(self, buffer: bytes) -> float:
        """Return 1.0 for loud audio, else 0.0."""
        return float(np.abs(np.frombuffer(buffer, np.int16).astype(np.int32)).mean() > LOUD)

    async def analyze_audio(self, buffer: bytes) -> VADState:
        """Return the state after `buffer`."""
        return self._run_analyzer(buffer)

    def _get_smoothed_volume(self, audio: bytes) -> float:
        return 1.0


class ScriptedTurn(BaseSmartTurn):
    """Says at each pause whether the caller has finished, in place of Smart Turn.

    As with Smart Turn, 3 s of silence (`SmartTurnParams.stop_secs`) end the turn whatever it said.
    """

    def __init__(self, verdicts: Iterable[bool] = (), **kwargs: Any) -> None:
        """Args: for each pause in turn whether it ends the turn; yes, once they are used up."""
        super().__init__(**kwargs)
        self._verdicts = list(verdicts)
        self.asked = 0

    async def analyze_end_of_turn(self) -> tuple[EndOfTurnState, MetricsData | None]:
        """Return the next verdict."""
        self.asked += 1
        finished = self._verdicts.pop(0) if self._verdicts else True
        state = EndOfTurnState.COMPLETE if finished else EndOfTurnState.INCOMPLETE
        if finished:
            self._clear(state)
        return state, None

    def _predict_endpoint(self, audio_array: Any) -> dict[str, Any]:
        return {"prediction": 1, "probability": 1.0}
