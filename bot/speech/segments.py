"""Speech to text by segments, begun at the first silence instead of at the end of speech.

A segment's text is the same whether the silence after it has lasted 0.03 s or 0.2 s, so it is asked
for at once. It goes out as an `EagerTranscriptionFrame` for whoever wants to think ahead, and, once
the speech is over, as the segment's one `TranscriptionFrame`. If the caller goes on, the attempt is
dropped without a trace, its audio counted. A failed eager attempt is made again, silently, when the
segment is over.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from pipecat.audio.utils import pcm_to_wav
from pipecat.frames.frames import (
    CancelFrame,
    EagerTranscriptionFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.utils.time import time_now_iso8601

from bot.frames import SpeechPausedFrame, SpeechResumedFrame

PAUSE = "pause"
"""Key of an eager frame's metadata: the number of the pause that its text ends at."""

if TYPE_CHECKING:
    _Base = SegmentedSTTService
else:
    _Base = object


class Segments(_Base):
    """Before a `SegmentedSTTService` in a class's bases: takes its audio from pauses.

    Sends just one `TranscriptionFrame` a segment, '' where no words were found.

    Attributes:
        eager: Ask at the first silence. Off where the models share the machine with the call, for
            most first silences are not the end.
    """

    eager = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._paused: SpeechPausedFrame | None = None
        self._attempt: asyncio.Task[tuple[str, ErrorFrame | None]] | None = None
        self._telling: set[asyncio.Task[None]] = set()
        self._last: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Begin at a pause, drop what was begun when the speech goes on."""
        if isinstance(frame, SpeechResumedFrame | VADUserStartedSpeakingFrame):
            await self._drop()
        elif isinstance(frame, EndFrame) and self._last:
            await asyncio.wait([self._last])
        elif isinstance(frame, CancelFrame):
            await self._stop_all()
        await super().process_frame(frame, direction)
        if isinstance(frame, SpeechPausedFrame):
            await self._drop()
            self._paused = frame
            if self.eager and self.is_usable:
                self._attempt = self.create_task(self._try(frame))
                self._keep(self._tell(self._attempt, frame.number))

    async def cleanup(self) -> None:
        """Stop what is under way."""
        await self._stop_all()
        await super().cleanup()  # type: ignore[no-untyped-call]

    def transcribe(self, wav: bytes) -> AsyncGenerator[Frame | None, None]:
        """One attempt at a segment (WAV bytes): a `TranscriptionFrame` or an `ErrorFrame`."""
        return self.run_stt(wav)

    async def _handle_user_stopped_speaking(self, frame: VADUserStoppedSpeakingFrame) -> None:
        self._user_speaking = False
        paused, self._paused = self._paused, None
        if paused is None:
            return
        if not self.is_usable:
            await self.push_frame(_transcript(""))
            return
        attempt, self._attempt = self._attempt, None
        if attempt is None:
            attempt = self.create_task(self._try(paused))
        self._last = self._keep(self._deliver(attempt, paused, self._last))

    async def _try(self, segment: SpeechPausedFrame) -> tuple[str, ErrorFrame | None]:
        pcm = segment.audio + self._trailing_silence()
        text, error = "", None
        try:
            async for frame in self.transcribe(pcm_to_wav(pcm, segment.rate)):
                if isinstance(frame, TranscriptionFrame):
                    text = frame.text.strip()
                elif isinstance(frame, ErrorFrame):
                    error = frame
        except asyncio.CancelledError:
            self._record_stt_audio_usage(pcm)  # told with what is transcribed next
            raise
        except Exception as failure:
            error = ErrorFrame(f"transcription failed: {failure}", exception=failure)
        if error is None:  # what failed has cost nothing
            self._record_stt_audio_usage(pcm)
            await self.emit_stt_usage_metrics()  # type: ignore[no-untyped-call]
        return text, error

    async def _tell(self, attempt: asyncio.Task[tuple[str, ErrorFrame | None]], pause: int) -> None:
        await asyncio.wait([attempt])
        if attempt.cancelled():
            return
        text, error = attempt.result()
        if not error and self._paused and self._paused.number == pause:
            eager = EagerTranscriptionFrame(text, self._user_id, time_now_iso8601())
            eager.metadata[PAUSE] = pause
            await self.push_frame(eager)

    async def _deliver(
        self,
        attempt: asyncio.Task[tuple[str, ErrorFrame | None]],
        segment: SpeechPausedFrame,
        previous: asyncio.Task[None] | None,
    ) -> None:
        """Send a segment's transcript, behind that of the segment before it."""
        text, error = await attempt
        if error and self.eager:
            text, error = await self._try(segment)
        if previous:
            await asyncio.wait([previous])
        if error:
            await self.push_error_frame(error)
        await self.push_frame(_transcript(text, self._user_id))

    async def _drop(self) -> None:
        attempt, self._attempt, self._paused = self._attempt, None, None
        if attempt:
            await self.cancel_task(attempt)

    async def _stop_all(self) -> None:
        await self._drop()
        for task in list(self._telling):
            await self.cancel_task(task)

    def _keep(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self.create_task(work)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)
        return task


def _transcript(text: str, user_id: str = "") -> TranscriptionFrame:
    return TranscriptionFrame(text, user_id, time_now_iso8601())
