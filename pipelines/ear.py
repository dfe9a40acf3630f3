"""The audio front end: the caller's audio ends here and becomes a few frames a sentence.

Transports give it audio by call (`take`), so no frame travels for every 20 ms. It feeds voice
activity detection, together with the other calls' ears (`pipelines.rounds`), keeps the sound for
the STT and the turn model, and hands each piece to whoever asked for it (`taps`: a recorder,
somebody listening in). A transport of Pipecat's own sends frames; those are heard and end here too.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    StartFrame,
    UserSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from bot.frames import SpeechPausedFrame, SpeechResumedFrame
from bot.speech.hearing import START_SECONDS, STOP_SECONDS, Detector, Edge, Hearing, Tap
from pipelines.rounds import Rounds, rounds

LOST_SECONDS = 1.0
"""Without any audio, after which a caller in mid-speech counts as silent: a muted microphone, a
dead network."""
EARLY_PIECES = 250
"""Kept while the pipeline is being built: 5 s of 20 ms each."""
_ACTIVITY_SECONDS = 5.0
"""How often a long speech is reported, for whoever waits for signs of life."""


class Ear(FrameProcessor):
    """Hears the caller.

    Attributes:
        hearing: What is known of the caller's sound.
        calm: Set while the caller makes no sound.
        taps: Get every piece of the caller's audio.
        on_likely: Told of a sound that seems to be speech; may return what is to be awaited.
    """

    def __init__(self, hearing: Hearing) -> None:
        super().__init__()
        self.hearing = hearing
        self.taps: list[Tap] = []
        self.on_likely: Callable[[], Awaitable[None] | None] = lambda: None
        self.calm = asyncio.Event()
        self.calm.set()
        self._pauses = 0
        self._heard_at = self._told_at = 0.0
        self._watch: asyncio.Task[None] | None = None
        self._running = False
        self._early: deque[bytes] = deque(maxlen=EARLY_PIECES)
        self._rounds: Rounds | None = None
        self._pieces: deque[bytes] = deque()
        self._untold: deque[tuple[list[Frame], Awaitable[None] | None]] = deque()
        self._telling: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Hear audio frames, pass everything else on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            await self.hear(frame.audio)
            return
        await self.push_frame(frame, direction)
        if isinstance(frame, StartFrame):
            self._running, self._rounds = True, rounds()
            self._watch = self.create_task(self._notice_loss())
            while self._early:
                await self.hear(self._early.popleft())
        elif isinstance(frame, EndFrame | CancelFrame):
            await self._stop()

    async def cleanup(self) -> None:
        """Stop watching."""
        await self._stop()
        await super().cleanup()  # type: ignore[no-untyped-call]

    async def hear(self, pcm: bytes) -> None:
        """Take a piece of the caller's audio and return when all is told that is in it."""
        self.take(pcm)
        while self._pieces:
            self.judge()
        if self._telling:
            await self._telling

    def take(self, pcm: bytes) -> None:
        """Take a piece of the caller's audio, 16-bit mono PCM at the hearing's rate; what is in it
        is told soon."""
        if not self._running or not self._rounds:
            self._early.append(pcm)
            return
        self._heard_at = time.monotonic()
        for tap in list(self.taps):
            self._tap(tap, pcm)
        if not self._pieces:
            self._rounds.add(self)
        size = self.hearing.window_bytes
        # A pause's sound is to be had only at its edge, so no piece has two windows.
        self._pieces.extend(pcm[at : at + size] for at in range(0, len(pcm), size))

    def window(self) -> tuple[Detector, bytes] | None:
        """The window that `judge` will have judged, if it is complete, and by whom."""
        return self.hearing.window(self._pieces[0]) if self._pieces else None

    def judge(self) -> bool:
        """Hear the next piece; return whether there are more."""
        if not self._pieces:
            return False
        frames: list[Frame] = []
        likely = False
        try:
            edges = self.hearing.hear(self._pieces.popleft())
        except Exception as error:
            self._deaf(error)
            return False
        for edge in edges:
            frames += self._passed(edge)
            likely = likely or edge is Edge.LIKELY
        if self.hearing.speaking and self._heard_at - self._told_at > _ACTIVITY_SECONDS:
            self._told_at = self._heard_at
            frames.append(UserSpeakingFrame())
        hint = self.on_likely() if likely else None
        if frames or hint:
            self._untold.append((frames, hint))
            if not self._telling:
                self._telling = self.create_task(self._tell())
        return bool(self._pieces)

    def _deaf(self, error: Exception) -> None:
        """Detection broke: whoever cares for the caller has to know, for nothing will be heard."""
        self._running = False
        self._pieces.clear()
        text = f"the caller cannot be heard: {type(error).__name__}: {error}"
        said = self.push_error(text, exception=error, force_treat_as_permanent=True)
        self.create_task(said)

    async def _tell(self) -> None:
        try:
            while self._untold:
                frames, hint = self._untold.popleft()
                if hint:
                    await hint
                for frame in frames:
                    await self.push_frame(frame)
        finally:
            self._telling = None

    def _tap(self, tap: Tap, pcm: bytes) -> None:
        """Hand audio to a listener; one that breaks is left out from now on, the call goes on."""
        try:
            tap(pcm)
        except Exception:
            logger.exception("a listener to the caller's audio broke")
            self.taps.remove(tap)

    def _passed(self, edge: Edge, silence: float | None = None) -> list[Frame]:
        """What is told of an edge."""
        hearing = self.hearing
        match edge:
            case Edge.STIRRED:
                self.calm.clear()
            case Edge.SETTLED:
                self.calm.set()
            case Edge.STARTED:
                self.calm.clear()
                self._told_at = self._heard_at
                return [
                    VADUserStartedSpeakingFrame(start_secs=START_SECONDS, timestamp=time.time())
                ]
            case Edge.PAUSED:
                self._pauses += 1
                seconds = silence or hearing.window_seconds
                sound = hearing.stretch()
                return [SpeechPausedFrame(sound, hearing.rate, self._pauses, seconds)]
            case Edge.RESUMED:
                return [SpeechResumedFrame()]
            case Edge.STOPPED:
                self.calm.set()
                return [VADUserStoppedSpeakingFrame(stop_secs=STOP_SECONDS)]
        return []

    async def _notice_loss(self) -> None:
        while True:
            await asyncio.sleep(LOST_SECONDS / 2)
            if time.monotonic() - self._heard_at > LOST_SECONDS:
                if self.hearing.speaking:
                    logger.warning("the caller's audio stopped in mid-speech")
                for edge in self.hearing.silence():
                    for frame in self._passed(edge, LOST_SECONDS):
                        await self.push_frame(frame)
                self.hearing.forget_stretch()

    async def _stop(self) -> None:
        self._running = False
        self._pieces.clear()
        tasks = [task for task in (self._watch, self._telling) if task]
        self._watch = self._telling = None
        for task in tasks:
            await self.cancel_task(task)
