"""Pipecat's WebRTC transport as the room uses it: audio both ways, few messages in."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger
from pipecat.frames.frames import InputAudioRawFrame, OutputAudioRawFrame, StartFrame
from pipecat.processors.frameworks.rtvi import models as rtvi
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import (
    SmallWebRTCInputTransport,
    SmallWebRTCOutputTransport,
    SmallWebRTCTransport,
)

from bot.output import HoldsOutput
from bot.web.room_events import FromPage

IN_HZ = 16_000
"""What Silero, Smart Turn and Whisper take."""
OUT_HZ = 24_000
"""What the voices give; WebRTC resamples to its own 48 kHz."""
WRITE_SECONDS = 0.5
"""aiortc takes 10 ms of audio every 10 ms, whatever the network does, until it is closed."""

ALLOWED_TYPES = frozenset({"client-ready", "ui-event"})
"""RTVI messages a page may send. The others let it forge tool results, have the server fetch
addresses, or speak past its microphone. Of UI events only those of `tools.ui` pass."""


class RoomInput(SmallWebRTCInputTransport):
    """Pipecat's WebRTC input; audio goes to whoever listens (`hear`), not into frames."""

    hear: Callable[[bytes], Awaitable[None] | None] | None = None
    takes_over = False
    """The page is connected already: another pipeline had it before."""

    async def start(self, frame: StartFrame) -> None:
        """Start receiving."""
        await super().start(frame)
        if self.takes_over:
            await self._client._handle_client_connected()

    async def push_audio_frame(self, frame: InputAudioRawFrame) -> None:
        """Hand 20 ms of audio over."""
        telling = self.hear(frame.audio) if self.hear and not self._paused else None
        if telling is not None:
            await telling

    def _create_audio_task(self) -> None:
        """There is no queue of audio frames to work through."""


class RoomOutput(HoldsOutput, SmallWebRTCOutputTransport):
    """Pipecat's WebRTC output, for a page that may leave while the last words are written.

    A write to a connection that was closed never returns. Pipecat gives up after 10 s; that long
    the call would keep its place.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.there = asyncio.Event()
        self.there.set()

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Send 40 ms of audio; False if the page did not take it. Waits for one that is away."""
        await self.there.wait()
        if not await self.may_write(frame):
            return False
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                return await super().write_audio_frame(frame)
        except TimeoutError:
            return False


class RoomTransport(SmallWebRTCTransport):
    """Pipecat's WebRTC transport, deaf to messages that the room's page never sends."""

    def __init__(self, connection: SmallWebRTCConnection) -> None:
        super().__init__(
            connection,
            TransportParams(
                audio_in_enabled=True,
                audio_in_sample_rate=IN_HZ,
                audio_out_enabled=True,
                audio_out_sample_rate=OUT_HZ,
            ),
        )
        self._connection = connection
        self._next: RoomTransport | None = None
        self._page = FromPage()

    def away(self, away: bool) -> None:
        """The page gives no sign of life: what the bot says waits until it does again."""
        if self._next:
            self._next.away(away)
            return
        output = self.output()
        assert isinstance(output, RoomOutput)
        if away:
            output.there.clear()
        else:
            output.there.set()

    def renewed(self) -> "RoomTransport":
        """A fresh transport on the same connection; this one hears and sends nothing from now on.
        What the caller says meanwhile waits in the connection's track."""
        self._client._closing = True  # neither reads, nor sends, nor closes the connection any more
        self._client._audio_input_track = None
        self._next = fresh = RoomTransport(self._connection)
        fresh.input().takes_over = True
        return fresh

    def listen(self, hear: Callable[[bytes], Awaitable[None] | None]) -> None:
        """Give the caller's audio (16-bit mono PCM at `IN_HZ`) to `hear`, as it comes."""
        self.input().hear = hear

    def input(self) -> RoomInput:
        """The processor that takes audio and messages from the page."""
        if self._input is None:
            self._input = RoomInput(self._client, self._params, name=self._input_name)
        assert isinstance(self._input, RoomInput)
        return self._input

    def output(self) -> SmallWebRTCOutputTransport:
        """The processor that sends audio and messages to the page."""
        if self._output is None:
            self._output = RoomOutput(self._client, self._params, name=self._output_name)
        return self._output

    async def _on_app_message(self, message: Any, sender: str) -> None:
        if self._next:  # which hears it as well
            return
        kind = message.get("type") if isinstance(message, dict) else None
        passed = None
        ours = kind in ALLOWED_TYPES and message.get("label") == rtvi.MESSAGE_LABEL
        if ours and self._page.take():
            passed = self._event(message) if kind == "ui-event" else message
        if passed is None:
            logger.warning(f"room: a page's message was dropped ({str(kind)[:40]!r})")
        else:
            await super()._on_app_message(passed, sender)

    def _event(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """The message with its UI event checked; None if it is none of ours, or too much."""
        event = self._page.event(message.get("data"))
        if event is None:
            return None
        return {
            "label": rtvi.MESSAGE_LABEL,
            "type": "ui-event",
            "id": str(message.get("id", ""))[:64],
            "data": {"event": event[0], "payload": event[1]},
        }
