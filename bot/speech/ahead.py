"""Answers that are begun before the caller's turn is over, from the voice's side.

The first piece of such an answer is spoken, the rest waits until the turn is over: nobody pays for
speech that is dropped. `pipelines.speculation.Held` keeps what was spoken from the caller.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSSpeakFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.tts_service import TTSService

from bot.frames import SPECULATIVE, AnswerWithdrawnFrame

if TYPE_CHECKING:
    _Base = TTSService
else:
    _Base = object


_OF_AN_ANSWER = (LLMFullResponseStartFrame, LLMTextFrame, LLMFullResponseEndFrame)


class SpeaksAhead(_Base):
    """Before a `TTSService` in a class's bases: speaks a speculative answer's first piece."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turn_over = asyncio.Event()
        self._turn_over.set()
        self._ahead: int | None = None  # pieces of a speculative answer that were spoken
        self._dropping = self._aside = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Follow the caller's turn; drop what was begun when the answer is withdrawn."""
        if isinstance(frame, AnswerWithdrawnFrame):
            self._dropping = False
        elif self._dropping and isinstance(frame, _OF_AN_ANSWER):
            return
        elif isinstance(frame, UserStartedSpeakingFrame):
            self._turn_over.clear()
        elif isinstance(frame, UserStoppedSpeakingFrame):
            self._turn_over.set()
            self._ahead = None
        elif isinstance(frame, LLMFullResponseStartFrame):
            speculative = SPECULATIVE in frame.metadata and not self._turn_over.is_set()
            self._ahead = 0 if speculative else None
        elif isinstance(frame, InterruptionFrame):
            self._ahead = None
        elif isinstance(frame, EagerEndOfTurnCancelFrame):
            self._ahead, self._dropping = None, True
            # In this order: last words that are waiting begin with the second.
            await self._handle_interruption(InterruptionFrame(), direction)
            await self._start_interruption()  # type: ignore[no-untyped-call]
            await self.stop_all_metrics()  # type: ignore[no-untyped-call]
        await super().process_frame(frame, direction)

    async def _handle_tts_speak(self, frame: TTSSpeakFrame) -> None:
        self._aside = True
        try:
            await super()._handle_tts_speak(frame)
        finally:
            self._aside = False

    async def _synthesize_text(self, text: str, context_id: str) -> None:
        if self._ahead is not None and not self._aside:
            if self._ahead:
                await self._turn_over.wait()
            else:
                self._ahead = 1
        await super()._synthesize_text(text, context_id)
