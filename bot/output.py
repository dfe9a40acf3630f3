"""Output that can be held: silent at once, and going on where it was.

A sound over the bot's words may be a barge-in or an "uh-huh"; the bot is silent until that is
known.

It also loses nothing of what follows. Where one utterance ends ("One moment, please."), Pipecat's
sender throws away what it has of the next one but has not cut into chunks yet: up to a tenth of a
second out of the middle of a word.
"""

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
from pipecat.audio.resamplers.soxr_stream_resampler import SOXRStreamAudioResampler
from pipecat.frames.frames import Frame, InterruptionFrame, OutputAudioRawFrame, StartFrame
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_output import BaseOutputTransport

from bot.frames import HoldOutputFrame, ResumeOutputFrame

if TYPE_CHECKING:
    _Base = BaseOutputTransport
else:
    _Base = object


STILL_SPEAKING_SECONDS = 10.0
"""Between two frames that say that the bot still speaks. Only the watch for calls in which nothing
happens wants them, and it waits for more than a minute; Pipecat's five a second are more than a
quarter of all that passes through the pipeline."""

LOOK_BACK_SECONDS = 0.4
"""Of what was heard already, in which a pause is looked for to go on from."""
_STEP_SECONDS = 0.02
_PAUSE_LEVEL = 150
"""Mean amplitude (of 32768) of a step below which nothing is said."""


def from_a_pause(pcm: bytes, wanted: int, rate: int) -> bytes:
    """The last `wanted` bytes of 16-bit mono PCM, and what is before them since a pause in speech.

    Nobody begins in the middle of a word; without a pause near by, it begins there all the same.
    """
    step = round(_STEP_SECONDS * rate) * 2
    begin = max(0, len(pcm) - wanted)
    for at in range(begin, max(0, begin - round(LOOK_BACK_SECONDS * rate) * 2), -step):
        samples = np.frombuffer(pcm[max(0, at - step) : at], np.int16).astype(np.int32)
        if not samples.size or np.abs(samples).mean() < _PAUSE_LEVEL:
            return pcm[at:]
    return pcm[begin:]


class _LosesNothing(BaseOutputTransport.MediaSender):
    """Pipecat's sender; the end of an utterance leaves alone what comes after it.

    At the end of an utterance its own rest has been flushed, so there is nothing to throw away.
    """

    async def handle_interruptions(self, frame: InterruptionFrame) -> None:
        """What was to come is not wanted any more, the rest in the resampler included."""
        await super().handle_interruptions(frame)
        if not self._audio_runs and isinstance(self._resampler, _Resampler):
            self._resampler.forget()

    def _clear_audio_buffer(self) -> None:
        """Called at an utterance's end."""


class _Resampler(SOXRStreamAudioResampler):
    """Pipecat's resampler, deaf to the sender's request at an utterance's end."""

    async def reset(self) -> None:
        """Called at an utterance's end."""

    def forget(self) -> None:
        """Throw away what is in the filter."""
        if self._soxr_stream:
            self._soxr_stream.clear()


class HoldsOutput(_Base):
    """Before a `BaseOutputTransport` in a class's bases.

    `free` is set while audio may be written; a write that comes while it is not has to wait for it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.free = asyncio.Event()
        self.free.set()
        self._cut = 0

    async def set_transport_ready(self, frame: StartFrame) -> None:
        """Begin to take frames."""
        await super().set_transport_ready(frame)
        for sender in self._media_senders.values():
            sender.__class__ = _LosesNothing  # Pipecat names its own class where it makes one
            sender._resampler = _Resampler(clear_after_secs=None)
            sender._bot_speaking_frame_period = STILL_SPEAKING_SECONDS

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
