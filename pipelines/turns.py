"""When the caller has finished, and when the bot yields.

Pipecat's strategies with three additions. A turn ends only when the words of its last segment are
there: the transcript of an earlier one, coming late, does not count for them. A sound without words
(a cough, a door) ends its turn at once and is not answered. Nor does it erase words said before it.
"""

from typing import Any

from pipecat.audio.turn.base_turn_analyzer import BaseTurnAnalyzer
from pipecat.audio.vad.vad_analyzer import VADAnalyzer
from pipecat.frames.frames import Frame, TranscriptionFrame, VADUserStoppedSpeakingFrame
from pipecat.processors.aggregators.llm_response_universal import LLMUserAggregatorParams
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import (
    TranscriptionUserTurnStartStrategy,
    VADUserTurnStartStrategy,
)
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

KEYS_PREFIX = "DTMF: "
"""What Pipecat's DTMFAggregator puts before the keys that were pressed."""

STOP_SECONDS = 8.0
"""Without a sound, after which a turn ends with the words that are there. Three calls at once on
two cores may wait 5 s for the embedded STT."""


class WordsStart(TranscriptionUserTurnStartStrategy):
    """Starts a turn by words that no voice activity announced: keys, or a very soft voice."""

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        """Pass over transcripts of nothing."""
        if isinstance(frame, TranscriptionFrame) and not frame.text.strip():
            return ProcessFrameResult.CONTINUE
        return await super().process_frame(frame)


class PatientStop(TurnAnalyzerUserTurnStopStrategy):
    """Smart Turn decides by ear whether the caller has finished; sounds without words do not.

    The STT has to send one transcript for each segment of speech, '' where there are no words.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._awaited = 0

    async def _handle_vad_user_stopped_speaking(self, frame: VADUserStoppedSpeakingFrame) -> None:
        self._awaited += 1
        await super()._handle_vad_user_stopped_speaking(frame)

    async def _handle_transcription(self, frame: TranscriptionFrame) -> None:
        if not frame.text.startswith(KEYS_PREFIX):
            self._awaited = max(0, self._awaited - 1)
        if frame.text.strip():
            await super()._handle_transcription(frame)
        elif self._text:
            await super()._handle_transcription(replace_text(frame, self._text))
        elif not self._vad_user_speaking and not self._awaited:
            await self.trigger_user_turn_stopped()

    async def _maybe_trigger_user_turn_stopped(self) -> None:
        if not self._awaited:
            await super()._maybe_trigger_user_turn_stopped()  # type: ignore[no-untyped-call]


def replace_text(frame: TranscriptionFrame, text: str) -> TranscriptionFrame:
    """A copy of `frame` that says `text`; its `finalized` mark, set by the STT, is kept."""
    copy = TranscriptionFrame(text, frame.user_id, frame.timestamp)
    copy.finalized = frame.finalized
    return copy


def user_params(
    vad: VADAnalyzer, turn: BaseTurnAnalyzer, silence_seconds: float
) -> LLMUserAggregatorParams:
    """How a call's user aggregator takes turns.

    Args:
        vad: Hears speech; its state belongs to this call.
        turn: Judges whether a pause is the end; its state belongs to this call.
        silence_seconds: Silence after the bot's words that counts as idle.
    """
    return LLMUserAggregatorParams(
        vad_analyzer=vad,
        user_turn_strategies=UserTurnStrategies(
            start=[VADUserTurnStartStrategy(), WordsStart()],
            stop=[PatientStop(turn_analyzer=turn)],
        ),
        user_turn_stop_timeout=STOP_SECONDS,
        user_idle_timeout=silence_seconds,
        empty_user_turn=None,
    )
