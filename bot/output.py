"""Output that can be held: silent at once, and going on where it was.

A sound over the bot's words may be a barge-in or an "uh-huh"; the bot is silent until that is
known.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from pipecat.frames.frames import Frame, InterruptionFrame, OutputAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_output import BaseOutputTransport

from bot.frames import HoldOutputFrame, ResumeOutputFrame

if TYPE_CHECKING:
    _Base = BaseOutputTransport
else:
    _Base = object


class HoldsOutput(_Base):
    """Before a `BaseOutputTransport` in a class's bases.

    `free` is set while audio may be written; a write that comes while it is not has to wait for it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.free = asyncio.Event()
        self.free.set()
        self._cut = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Hold, resume; an interruption ends a hold, for there is nothing left to go on with."""
        if isinstance(frame, HoldOutputFrame):
            await self._hold()
        elif isinstance(frame, ResumeOutputFrame):
            if not self.free.is_set():
                await self.resume()
            self.free.set()
        elif isinstance(frame, InterruptionFrame):
            self._cut = frame.id  # ids grow: audio made before this frame is not sent any more
            self.free.set()
        await super().process_frame(frame, direction)

    async def may_write(self, frame: OutputAudioRawFrame) -> bool:
        """Wait while the output is held; False for audio that an interruption has outdated."""
        await self.free.wait()
        return not frame.interruptible or frame.id > self._cut

    async def _hold(self) -> None:
        if self.free.is_set():
            self.free.clear()  # first of all, or audio would slip in behind the silence
            if not await self.hold():
                self.free.set()

    async def hold(self) -> bool:
        """Silence what was written already; False to go on speaking."""
        return True

    async def resume(self) -> None:
        """Say again what `hold` has silenced."""
