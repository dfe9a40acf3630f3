"""Where a turn's time goes, from the caller's last sound to the bot's first.

The stages are what each step added to the caller's wait, so they add up to `voice_to_voice`: `vad`
(noticing the silence), `stt` (the words), `llm` (the answer's first token), `clause` (its first
piece for the voice), `tts` (that piece's first sound), `turn` (deciding that the caller has
finished), `sent` (the way to the transport). Most of the work is done while the turn is being
decided, so `turn` is what the decision cost beyond all that; where the model was only asked after
it, it comes before `llm`.
Readers: the store, the room's page, `make call`, benchmarks.
"""

from collections.abc import Callable

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    EagerEndOfTurnCancelFrame,
    EagerTranscriptionFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed

from bot.frames import SpeechPausedFrame, SpeechResumedFrame

Stages = dict[str, float]
AHEAD = ("vad", "stt", "llm", "clause", "tts", "turn", "sent")
"""The order of a turn whose answer was begun before it was over."""
AFTER = ("vad", "stt", "turn", "llm", "clause", "tts", "sent")
_ANSWER = ("llm", "clause", "tts")


class TurnClock(BaseObserver):
    """Times each answered turn and reports its stages, in seconds, when the answer is heard.

    Args:
        on_turn: Told the stages of a turn as its answer begins to sound.
        on_answer: Told when the model writes the first word of an answer.
        on_sound: Told when the caller's voice begins (True) and when it ends.
        on_withdrawn: Told when an answer that nobody has heard was dropped.
    """

    def __init__(
        self,
        on_turn: Callable[[Stages], None],
        on_answer: Callable[[], None],
        on_sound: Callable[[bool], None],
        on_withdrawn: Callable[[], None],
    ) -> None:
        super().__init__(observe_every_push=False)
        self._on_turn = on_turn
        self._on_answer = on_answer
        self._on_sound = on_sound
        self._on_withdrawn = on_withdrawn
        self._ahead = self._answering = False
        self._end: float | None = None
        self._marks: dict[str, float] = {}
        self._notes: dict[type[Frame], Callable[[Frame, float], None]] = {
            SpeechPausedFrame: self._paused,
            SpeechResumedFrame: self._over_again,
            VADUserStartedSpeakingFrame: self._sounds,
            VADUserStoppedSpeakingFrame: self._silent,
            InterruptionFrame: lambda *_: self._forget_answer(),
            EagerTranscriptionFrame: self._words,
            TranscriptionFrame: self._words,
            LLMContextFrame: self._asked,
            LLMTextFrame: self._token,
            AggregatedTextFrame: lambda _, clock: self._mark("clause", clock),
            TTSAudioRawFrame: lambda _, clock: self._mark("tts", clock),
            UserStoppedSpeakingFrame: lambda _, clock: self._mark("turn", clock),
            EagerEndOfTurnCancelFrame: self._dropped,
            BotStartedSpeakingFrame: self._heard,
        }

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note the moment of the frames that end a stage."""
        note = self._notes.get(type(data.frame))
        if note:
            note(data.frame, data.timestamp / 1e9)

    # `clock` is the pipeline's (seconds since it started); marks are kept in its time.

    def _paused(self, frame: Frame, clock: float) -> None:
        assert isinstance(frame, SpeechPausedFrame)
        self._marks = {"vad": clock}
        self._end = clock - frame.silence

    def _over_again(self, _: Frame, __: float) -> None:
        self._marks, self._end = {}, None

    def _sounds(self, frame: Frame, clock: float) -> None:
        self._over_again(frame, clock)
        self._on_sound(True)

    def _silent(self, _: Frame, __: float) -> None:
        self._on_sound(False)

    def _words(self, _: Frame, clock: float) -> None:
        self._mark("stt", clock)

    def _asked(self, frame: Frame, _: float) -> None:
        assert isinstance(frame, LLMContextFrame)
        self._ahead, self._answering = frame.speculation, False
        self._forget_answer()

    def _token(self, _: Frame, clock: float) -> None:
        if not self._answering:
            self._answering = True
            self._on_answer()
        self._mark("llm", clock)

    def _dropped(self, _: Frame, __: float) -> None:
        self._forget_answer()
        self._on_withdrawn()

    def _forget_answer(self) -> None:
        for name in _ANSWER:
            self._marks.pop(name, None)

    def _heard(self, _: Frame, clock: float) -> None:
        if {"llm", "tts", "turn"} <= self._marks.keys():
            self._mark("sent", clock)
            self._report()

    def _mark(self, name: str, clock: float) -> None:
        """Keep the first moment of a stage since the caller's last sound."""
        if self._end is not None:
            self._marks.setdefault(name, clock)

    def _report(self) -> None:
        marks, end = self._marks, self._end
        assert end is not None
        self._marks, self._end = {}, None
        stages: Stages = {}
        last = end
        for name in AHEAD if self._ahead else AFTER:
            if name in marks:
                stages[name] = max(0.0, marks[name] - last)
                last = max(last, marks[name])
        stages["voice_to_voice"] = max(0.0, marks["sent"] - end)
        self._on_turn(stages)
