"""Text to speech: the sidecar's side of the Piper process."""

import asyncio
import json
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Sequence
from itertools import count

from bot.speech.embedded.children import KeptChild, own_program
from bot.speech.embedded.frames import HEADER, Frame, FrameKind, pack, unpack_header
from bot.speech.embedded.http import ApiError, not_ready
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.stages import StageState


class PiperEngine:
    """Speaks for any number of callers at once, in the order in which they asked."""

    def __init__(self, options: EmbeddedOptions, program: Sequence[str] = ()) -> None:
        self.stage = StageState("tts")
        self._child = KeptChild(program or own_program("piper", options), self.stage, self._serve)
        self._streams: dict[int, asyncio.Queue[Frame]] = {}
        self._numbers = count(1)
        self._process: Process | None = None

    async def start(self) -> None:
        """Starts the process."""
        await self._child.start()

    async def stop(self) -> None:
        """Ends the process."""
        await self._child.stop()

    async def speak(self, text: str, speed: float = 1.0) -> AsyncGenerator[bytes, None]:
        """Audio as it is made, 24 kHz s16le mono; closing the iterator stops the making.

        Raises:
            ApiError: 503 while the voice is not there, 500 when it fails.
        """
        if self.stage.state != "ready":
            raise not_ready("tts", self.stage.detail or self.stage.state)
        number = next(self._numbers)
        frames = self._streams[number] = asyncio.Queue()
        ended = False
        try:
            asked = json.dumps({"text": text, "speed": speed})
            self._send(Frame(FrameKind.SPEAK, number, asked.encode()))
            while True:
                frame = await frames.get()
                ended = frame.kind is not FrameKind.AUDIO
                if frame.kind is FrameKind.ERROR:
                    raise ApiError(500, f"the voice failed: {frame.payload.decode()}")
                if ended:
                    return
                yield frame.payload
        finally:
            del self._streams[number]
            if not ended:
                self._send(Frame(FrameKind.CANCEL, number))

    def _send(self, frame: Frame) -> None:
        if self._process and self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(pack(frame))

    async def _serve(self, process: Process) -> None:
        assert process.stdout
        self._process = process
        try:
            while True:
                kind, number, length = unpack_header(await process.stdout.readexactly(HEADER.size))
                frame = Frame(kind, number, await process.stdout.readexactly(length))
                if kind is FrameKind.READY:
                    self.stage.enter("ready")
                elif number in self._streams:
                    self._streams[number].put_nowait(frame)
        finally:
            self._process = None
            for number, waiting in self._streams.items():
                waiting.put_nowait(Frame(FrameKind.ERROR, number, b"its process ended"))
