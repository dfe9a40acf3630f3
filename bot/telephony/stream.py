"""One media socket: reads what Twilio sends until the caller is gone, writes what the bot says.

The reader lives as long as the socket, longer than the pipeline: marks are still wanted when the
last words are being played, and a caller who hangs up is noticed whatever the pipeline is doing.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from loguru import logger
from pipecat.audio.dtmf.types import KeypadEntry
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.errors import TandemError
from bot.telephony import media, mulaw
from bot.telephony.playout import Playout
from bot.telephony.websocket import TEXTS

START_SECONDS = 10.0
"""How long an opened socket may take to announce its stream."""
_CLOSE_SECONDS = 1.0
_EARLY = 250
"""Messages kept while the pipeline is being built: 5 s of audio."""


class StreamNeverStarted(TandemError):
    """A media socket was opened and its stream did not begin in time."""


class Sink(Protocol):
    """Where the caller's side of the stream goes."""

    def audio(self, pcm: bytes) -> None:
        """Take 16-bit mono PCM at 8 kHz."""

    async def digit(self, key: KeypadEntry) -> None:
        """Take a pressed key."""

    async def left(self) -> None:
        """The caller is gone; called once."""


class MediaStream:
    """A Twilio media stream on an accepted websocket.

    Attributes:
        gone: Set when the caller's side is over, by `stop`, a closed socket or `leave()`.
        playout: What of the sent audio has been heard.
        start: The stream's announcement, after `opened()`.

    Args:
        websocket: An accepted socket.
        on_dropped: Told for each message that was dropped, with the reason.
    """

    def __init__(self, websocket: WebSocket, on_dropped: Callable[[str], None]) -> None:
        self._websocket = websocket
        self._on_dropped = on_dropped
        self._sink: Sink | None = None
        self._early: deque[media.Media | media.Digit] = deque(maxlen=_EARLY)
        self._closed = False
        self.gone = asyncio.Event()
        self.playout = Playout(self._mark)
        self.start = media.Start("", "")

    async def opened(self, seconds: float = START_SECONDS) -> media.Start:
        """Wait for the stream's announcement and return it.

        Raises:
            StreamNeverStarted: nothing of the kind came in time, or the socket was closed.
        """
        try:
            async with asyncio.timeout(seconds):
                async for message in self._messages():
                    if isinstance(message, media.Start):
                        self.start = message
                        return message
        except TimeoutError:
            raise StreamNeverStarted(f"no media stream within {seconds:g} s") from None
        raise StreamNeverStarted("the socket was closed before its stream began")

    async def read(self) -> None:
        """Hand the caller's audio and keys to the sink until the caller is gone.

        Where the server can do it (`bot.telephony.websocket`), audio reaches the sink as it
        arrives, and only the rest comes by here.
        """
        divert = getattr(self._websocket, "scope", {}).get("extensions", {}).get(TEXTS)
        if divert:
            divert(self._take)
        async for message in self._messages():
            match message:
                case media.Media() | media.Digit():
                    await self._hear(message)
                case media.Mark(name):
                    self.playout.marked(name)
                case media.Stop():
                    break
        await self.leave()

    def _take(self, text: str) -> bool:
        """Take audio as it arrives; whatever else it is, or goes wrong, is the reader's."""
        if self._sink is None or self.gone.is_set():
            return False
        try:
            message = media.parse(text, self.start.stream_sid)
            if not isinstance(message, media.Media):
                return False
            self._sink.audio(mulaw.decode(message.audio))
        except Exception:
            return False  # the reader meets the same error, and deals with it
        return True

    async def listen(self, sink: Sink) -> None:
        """Give the caller's side to `sink`, beginning with what came before there was one."""
        while self._early:
            await self._deliver(sink, self._early.popleft())
        self._sink = sink
        if self.gone.is_set():
            await sink.left()

    def pause(self) -> None:
        """Keep what comes from now on until somebody listens again."""
        self._sink = None

    async def leave(self) -> None:
        """The caller is gone, whoever noticed."""
        if not self.gone.is_set():
            self.gone.set()
            if self._sink:
                await self._sink.left()

    async def play(self, audio: bytes) -> bool:
        """Send µ-law audio to be played, and say whether the socket took it."""
        if not await self._send(media.media(self.start.stream_sid, audio)):
            return False
        self.playout.sent(len(audio) / mulaw.RATE)
        return True

    async def clear(self) -> None:
        """Throw away what the far end has not played yet."""
        self.playout.cleared()
        await self._send(media.clear(self.start.stream_sid))

    async def close(self, code: int = 1000) -> None:
        """Close the socket; a peer that does not answer is not waited for long."""
        if self._closed:
            return
        self._closed = True
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._websocket.close(code)
        except (TimeoutError, RuntimeError, OSError, WebSocketDisconnect) as error:
            logger.debug(f"media socket was closed already: {type(error).__name__}")

    async def _hear(self, message: media.Media | media.Digit) -> None:
        if self._sink is None:
            self._early.append(message)
        else:
            await self._deliver(self._sink, message)

    async def _deliver(self, sink: Sink, message: media.Media | media.Digit) -> None:
        if isinstance(message, media.Media):
            sink.audio(mulaw.decode(message.audio))
        else:
            await sink.digit(message.key)

    async def _mark(self, name: str) -> None:
        await self._send(media.mark(self.start.stream_sid, name))

    async def _send(self, text: str) -> bool:
        if self._closed or self.gone.is_set():
            return False
        try:
            await self._websocket.send_text(text)
        except (RuntimeError, OSError, WebSocketDisconnect) as error:
            logger.debug(f"media socket cannot be written: {type(error).__name__}")
            await self.leave()
            return False
        return True

    async def _messages(self) -> AsyncGenerator[media.Message, None]:
        """Yield the messages that can be understood; end when the socket is closed."""
        while True:
            event = await self._websocket.receive()
            if event["type"] == "websocket.disconnect":
                return
            data = event.get("text")
            if data is None:
                data = event.get("bytes") or b""
            try:
                yield media.parse(data, self.start.stream_sid)
            except media.BadMessage as error:
                self._on_dropped(str(error))
