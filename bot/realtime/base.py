"""Pipecat's Realtime service without its own ideas of turns, audio and connections, and with one
voice at a time: an answer's frames wait while another voice makes a sentence, and the other way
round.
"""

import asyncio
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    LLMMessagesAppendFrame,
    LLMServiceMetadataFrame,
    TTSStoppedFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService

from bot.realtime.mouth import Mouth

QUIET_SECONDS = 3.0
"""How long a sentence of ours waits for an answer that is coming in; that takes less time than
hearing it."""


class HouseTurns(OpenAIRealtimeLLMService):
    """What is left of Pipecat's service: settings, tools, metrics."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._mouth = Mouth(self.push_frame)
        self._free = asyncio.Event()
        self._free.set()

    async def quiet(self, speaks: bool) -> None:
        """Wait until no answer is coming in, so that the two do not mix. One that has not begun is
        not waited for: it may never come.

        Args:
            speaks: A sentence of another voice follows; answers wait until it was made.
        """
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await self._free.wait()
        except TimeoutError:
            logger.warning("a sentence did not wait any longer for the model's answer")
        if speaks:
            self._mouth.close()

    def service_metadata_frame(self) -> LLMServiceMetadataFrame:
        """As of any language model: the turns are the house's."""
        return LLMServiceMetadataFrame(service_name=self.name, is_realtime_service=False)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Notice when the other voice has made its sentence."""
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSStoppedFrame):
            await self._mouth.open()

    async def _connect(self) -> None:
        """Not while the pipeline is being made: the greeting does not wait for it."""

    async def _send_user_audio(self, frame: Any) -> None:
        """The caller's audio comes by call."""

    async def _handle_user_stopped_speaking(self, frame: Any) -> None:
        """The context says that there is something to answer."""

    async def _handle_bot_stopped_speaking(self) -> None:
        """What was heard is known otherwise."""

    async def _handle_messages_append(self, frame: LLMMessagesAppendFrame) -> None:
        """They are in the context, of which the session is told before it is asked."""
