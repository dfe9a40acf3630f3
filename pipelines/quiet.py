"""When nobody speaks and nobody is about to: the moment for what was not asked for just now."""

import asyncio
from collections.abc import Callable

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EagerEndOfTurnCancelFrame,
    Frame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.aggregators.llm_response_universal import LLMAssistantAggregator
from pipecat.processors.frame_processor import FrameDirection

THINKING_SECONDS = 60.0
"""An answer of which no word has come for so long is not being made any more."""
GIVEN_UP_SECONDS = 20.0
"""An answer that is owed, or a sentence that was to be spoken, and of which nothing was heard for
so long, does not come any more."""


class Quiet(BaseObserver):
    """Follows one conversation's frames.

    Args:
        busy: Whether something is under way that frames do not show: a tool, a sound that may be
            speech, last words.
        owed: Whether the caller waits for an answer, or a sentence for its sound.

    Attributes:
        bot: The bot can be heard.
        begun: The bot has spoken: the greeting is over.
        caller_last: When the caller's voice or turn last began or ended, by the loop's clock.
    """

    def __init__(self, busy: Callable[[], bool], owed: Callable[[], bool]) -> None:
        super().__init__(observe_every_push=False)
        self.bot = self.begun = False
        self._asked = False
        self._busy, self._owed = busy, owed
        self._turn = self._sound = False
        self._last = self.caller_last = asyncio.get_running_loop().time()
        self._notes: dict[type[Frame], Callable[[], None]] = {
            UserStartedSpeakingFrame: lambda: self._caller(turn=True),
            UserStoppedSpeakingFrame: lambda: self._caller(turn=False),
            VADUserStartedSpeakingFrame: lambda: self._caller(sound=True),
            VADUserStoppedSpeakingFrame: lambda: self._caller(sound=False),
            BotStartedSpeakingFrame: lambda: self._speaks(True),
            BotStoppedSpeakingFrame: lambda: self._speaks(False),
            LLMContextFrame: lambda: self._thinks(True),
            LLMFullResponseStartFrame: lambda: self._thinks(True),
            LLMFullResponseEndFrame: lambda: self._thinks(False),
            EagerEndOfTurnCancelFrame: lambda: self._thinks(False),
            InterruptionFrame: lambda: self._thinks(False),
        }

    @property
    def caller(self) -> bool:
        """Whether the caller speaks, or their turn is not over."""
        return self._turn or self._sound

    @property
    def thinking(self) -> bool:
        """Whether the model was asked and its answer is not complete."""
        return self._asked and self._now() - self._last < THINKING_SECONDS

    @property
    def seconds(self) -> float:
        """For how long it has been quiet; 0 while it is not, and before the greeting is over."""
        if self.caller or self.bot or self.thinking or self._busy() or not self.begun:
            return 0.0
        silent = self._now() - self._last
        return 0.0 if self._owed() and silent < GIVEN_UP_SECONDS else silent

    @property
    def answer_to_come(self) -> bool:
        """Whether the caller waits for an answer of which nothing can be heard yet."""
        return self.thinking or self._busy() or (self._owed() and not self.bot)

    async def on_push_frame(self, data: FramePushed) -> None:
        """Note what a frame says."""
        kind = type(data.frame)
        note = self._notes.get(kind)
        if note:
            # What the assistant's aggregator sends on is no request.
            asks = kind is not LLMContextFrame or data.direction is FrameDirection.UPSTREAM
            if asks or not isinstance(data.source, LLMAssistantAggregator):
                self._last = self._now()
                note()
        elif kind in _SIGNS:
            self._last = self._now()

    def _caller(self, *, turn: bool | None = None, sound: bool | None = None) -> None:
        self._turn = self._turn if turn is None else turn
        self._sound = self._sound if sound is None else sound
        self.caller_last = self._last

    def _speaks(self, speaks: bool) -> None:
        self.bot = speaks
        self.begun = self.begun or not speaks

    def _thinks(self, thinks: bool) -> None:
        self._asked = thinks

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


_SIGNS = frozenset({TTSSpeakFrame, AggregatedTextFrame, TTSAudioRawFrame, LLMTextFrame})
