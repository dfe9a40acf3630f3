"""Where a turn's time goes, from the caller's last sound to the bot's first.

The stages follow one another, so they add up to `voice_to_voice`: `vad` (noticing that the caller
stopped), `stt` (the last words' transcript), `turn` (deciding that the caller has finished), `llm`
(first words of the answer), `tts` (their first sound at the transport).
Readers: the store, the room's page, `make call`, benchmarks.
"""

from collections.abc import Callable

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMTextFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed

Stages = dict[str, float]


class TurnClock(BaseObserver):
    """Times each answered turn and reports its stages, in seconds, when the answer is heard.

    Args:
        on_turn: Told the stages of a turn as its answer begins to sound.
        on_answer: Told when the model writes the first word of an answer.
        on_sound: Told when the caller's voice begins (True) and when it ends.
    """

    def __init__(
        self,
        on_turn: Callable[[Stages], None],
        on_answer: Callable[[], None],
        on_sound: Callable[[bool], None],
    ) -> None:
        super().__init__(observe_every_push=False)
        self._on_turn = on_turn
        self._on_answer = on_answer
        self._on_sound = on_sound
        self._answering = False
        self._marks: dict[str, float] = {}

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note the moment of the frames that end a stage."""
        frame = data.frame
        kind = type(frame)
        if kind in _WATCHED:
            self._note(frame, data.timestamp / 1e9)

    def _note(self, frame: Frame, clock: float) -> None:
        """`clock` is the pipeline's (seconds since it started); marks are kept in its time."""
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._on_sound(False)
            self._marks = {"end": clock - frame.stop_secs, "vad": clock}
        elif isinstance(frame, VADUserStartedSpeakingFrame):
            self._marks = {}
            self._on_sound(True)
        elif isinstance(frame, InterruptionFrame):
            self._marks = {}
        elif isinstance(frame, TranscriptionFrame):
            self._mark("stt", clock)
        elif isinstance(frame, LLMContextFrame):
            self._mark("turn", clock)
            self._answering = False
        elif isinstance(frame, LLMTextFrame):
            if not self._answering:
                self._answering = True
                self._mark("llm", clock)
                self._on_answer()
        elif isinstance(frame, BotStartedSpeakingFrame) and "llm" in self._marks:
            self._mark("tts", clock)
            self._report()

    def _mark(self, name: str, clock: float) -> None:
        if "end" in self._marks:
            self._marks[name] = clock

    def _report(self) -> None:
        marks, self._marks = self._marks, {}
        stages: Stages = {}
        last = marks["end"]
        for name in ("vad", "stt", "turn", "llm", "tts"):
            if name in marks:
                stages[name] = max(0.0, marks[name] - last)
                last = max(last, marks[name])
        stages["voice_to_voice"] = max(0.0, marks["tts"] - marks["end"])
        self._on_turn(stages)


_WATCHED = frozenset(
    {
        VADUserStoppedSpeakingFrame,
        VADUserStartedSpeakingFrame,
        InterruptionFrame,
        TranscriptionFrame,
        LLMContextFrame,
        LLMTextFrame,
        BotStartedSpeakingFrame,
    }
)
