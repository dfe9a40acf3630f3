"""Where the caller's audio ends: behind the STT and the turn taking nobody listens to it.

Fifty frames a second through six more processors are a tenth of a call's CPU. Whoever wants the
caller's audio (a recorder) belongs before this.
"""

from pipecat.frames.frames import Frame, InputAudioRawFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor


class EndOfEar(FrameProcessor):
    """Passes everything on but the caller's audio."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Drop audio, pass the rest."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, InputAudioRawFrame):
            await self.push_frame(frame, direction)
