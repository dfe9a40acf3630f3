"""Small bots on real Pipecat pipelines: enough of a conversation to try a telephone on."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    EndWorkerFrame,
    Frame,
    InputDTMFFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_transport import BaseTransport
from pipecat.workers.runner import WorkerRunner

from bot.call import Call
from bot.telephony.transport import PhoneTransport

RATE = 8000
_LOUD = 500.0


def tone(seconds: float, hertz: float = 440.0, level: float = 8000.0) -> bytes:
    """A sine as 16-bit mono PCM at 8 kHz."""
    t = np.arange(int(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * hertz * t) * level).astype("<i2").tobytes()


def loudness(pcm: bytes) -> float:
    """Mean amplitude of 16-bit PCM."""
    return float(np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)).mean()) if pcm else 0.0


class ToneBot(FrameProcessor):
    """Answers each utterance with a tone; stops at once when the caller talks over it.

    `heard` are the keys and the number of loud seconds; `spoke` the tones it began.
    """

    def __init__(self, *, greeting: float, answer: float, answers: int) -> None:
        super().__init__()
        self.greeting, self.answer, self.answers = greeting, answer, answers
        self.keys: list[str] = []
        self.loud_seconds = 0.0
        self.said: list[str] = []
        self.interruptions = 0
        self._speaking = self._turn = False
        self._quiet = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case InputDTMFFrame():
                self.keys.append(frame.button.value)
            case BotStartedSpeakingFrame():
                self._speaking = True
            case BotStoppedSpeakingFrame():
                self._speaking = False
        await self.push_frame(frame, direction)

    async def speak(self, seconds: float, hertz: float = 440.0) -> None:
        await self.push_frame(TTSStartedFrame())
        audio = tone(seconds, hertz)
        for start in range(0, len(audio), 3200):
            await self.push_frame(TTSAudioRawFrame(audio[start : start + 3200], RATE, 1))
        await self.push_frame(TTSStoppedFrame())

    def listen(self, pcm: bytes) -> None:
        seconds = len(pcm) / 2 / RATE
        if loudness(pcm) > _LOUD:
            self.loud_seconds += seconds
            self._quiet = 0.0
            if not self._turn and self._speaking:
                self.interruptions += 1
                self.create_task(self.broadcast_interruption())
            self._turn = True
            return
        self._quiet += seconds
        if self._turn and self._quiet >= 0.3:
            self._turn = False
            self.create_task(self._reply())

    async def _reply(self) -> None:
        await self.speak(self.answer, 300.0)
        self.answers -= 1
        if self.answers == 0:
            await self.push_frame(EndWorkerFrame(reason="said enough"))


class Bots:
    """Makes the `converse` of a test and keeps what became of its conversations."""

    def __init__(self, *, greeting: float = 0.5, answer: float = 0.5, answers: int = -1) -> None:
        self._options: dict[str, Any] = {"greeting": greeting, "answer": answer, "answers": answers}
        self.made: list[ToneBot] = []
        self.transports: list[BaseTransport] = []
        self.finished: list[tuple[Call, float]] = []

    async def converse(self, call: Call, transport: BaseTransport) -> None:
        bot = ToneBot(**self._options)
        self.made.append(bot)
        self.transports.append(transport)
        assert isinstance(transport, PhoneTransport)
        transport.listen(bot.listen)
        worker = PipelineWorker(
            Pipeline([transport.input(), bot, transport.output()]),
            params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE),
            enable_rtvi=False,
            idle_timeout_secs=None,
        )

        @transport.event_handler("on_client_connected")
        async def connected(_transport: Any, _client: Any) -> None:
            if bot.greeting:
                await bot.speak(bot.greeting)

        @transport.event_handler("on_client_disconnected")
        async def disconnected(_transport: Any, _client: Any) -> None:
            await worker.cancel()

        async def hang_up(reason: str) -> None:
            call.ending(reason)
            bot.said.append("Goodbye.")
            await bot.speak(0.3)
            await bot.push_frame(EndWorkerFrame(reason=reason))

        call.hang_up = hang_up
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()
        call.hang_up = None
        self.finished.append((call, time.monotonic()))


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait until `condition()` is true and return it; fail by its source when it never is."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)
    return value


Converse = Callable[[Call, BaseTransport], Awaitable[None]]
