"""Holds an answer that was begun before the caller's turn was over, behind the voice.

Pipecat holds such an answer inside the LLM service, so the voice would begin only when the turn is
confirmed. Here model and voice work ahead (`bot.brain.brain`, `bot.speech.ahead`), and their frames
wait in front of the transport.
"""

from collections import deque

from pipecat.frames.frames import (
    EagerEndOfTurnCancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    SystemFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from bot.frames import SPECULATIVE, AnswerWithdrawnFrame


class Held(FrameProcessor):
    """Between the voice and the transport: releases a speculative answer or drops it."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[Frame] = deque()
        self._holds = False
        self._turn_over = False
        self._answering = self._dropping = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Hold, release or drop; whatever is not of an answer passes in its order."""
        await super().process_frame(frame, direction)
        if direction is FrameDirection.UPSTREAM:
            await self.push_frame(frame, direction)
        elif isinstance(frame, SystemFrame):
            await self.push_frame(frame, direction)
            await self._verdict(frame)
        else:
            await self._pass(frame)

    async def _verdict(self, frame: Frame) -> None:
        if isinstance(frame, UserStoppedSpeakingFrame):
            self._turn_over = True
            await self._release()
        elif isinstance(frame, UserStartedSpeakingFrame):
            self._turn_over = False
        elif isinstance(frame, EagerEndOfTurnCancelFrame):
            # What is queued here is of the same answer.
            await self._start_interruption()  # type: ignore[no-untyped-call]
            await self._drop()
            self._dropping = True
        elif isinstance(frame, InterruptionFrame):
            await self._drop()

    async def _pass(self, frame: Frame) -> None:
        if isinstance(frame, AnswerWithdrawnFrame):
            self._dropping = False
            return
        if self._dropping and frame.interruptible:
            return
        if isinstance(frame, LLMFullResponseStartFrame):
            self._answering = True
            self._holds = self._holds or (SPECULATIVE in frame.metadata and not self._turn_over)
        elif isinstance(frame, LLMFullResponseEndFrame):
            if not self._answering:
                return  # the tail of a dropped answer
            self._answering = False
        elif isinstance(frame, EndFrame):
            await self._release()
        if self._holds:
            self._waiting.append(frame)
        else:
            await self.push_frame(frame)

    async def _release(self) -> None:
        while self._waiting:  # frames that come meanwhile queue up behind
            await self.push_frame(self._waiting.popleft())
        self._holds = False

    async def _drop(self) -> None:
        kept = [frame for frame in self._waiting if not frame.interruptible]
        self._waiting.clear()
        self._holds = self._answering = False
        for frame in kept:
            await self.push_frame(frame)
