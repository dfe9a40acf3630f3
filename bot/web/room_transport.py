"""Pipecat's WebRTC transport as the room uses it: audio both ways, few messages in."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal

from aiortc.jitterbuffer import JitterBuffer
from loguru import logger
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.processors.frameworks.rtvi import models as rtvi
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.transport import (
    SmallWebRTCInputTransport,
    SmallWebRTCOutputTransport,
    SmallWebRTCTransport,
)

from bot.messages import Hold
from bot.output import HoldsOutput, from_a_pause
from bot.web.room_events import FromPage

IN_HZ = 16_000
"""What Silero, Smart Turn and Whisper take."""
OUT_HZ = 24_000
"""What the voices give; WebRTC resamples to its own 48 kHz."""
WRITE_SECONDS = 1.0
"""aiortc takes 10 ms of audio every 10 ms, whatever the network does, until it is closed. After a
hold it first takes what is said again."""
UNDER_WAY_SECONDS = 0.15
"""From aiortc's taking audio to its being heard: its packets, the browser's jitter buffer."""
RECENT_SECONDS = 1.0
"""Kept of what was sent: more than is said again after a hold."""
PACKETS = 16
"""Room for the caller's packets that come before a late one; aiortc's own."""

ALLOWED_TYPES = frozenset({"client-ready", "ui-event"})
"""RTVI messages a page may send. The others let it forge tool results, have the server fetch
addresses, or speak past its microphone. Of UI events only those of `tools.ui` pass."""


async def hear_at_once(connection: SmallWebRTCConnection) -> None:
    """Take the caller's packets as they come; to be called when a connection is made.

    aiortc keeps four back (80 ms), as if it played them. A late packet is waited for all the same.
    """
    for transceiver in connection.pc.getTransceivers():
        if transceiver.kind == "audio":
            receiver: Any = transceiver.receiver
            receiver._RTCRtpReceiver__jitter_buffer = JitterBuffer(PACKETS)


class RoomInput(SmallWebRTCInputTransport):
    """Pipecat's WebRTC input; audio goes to whoever listens (`hear`), not into frames."""

    hear: Callable[[bytes], None] | None = None
    takes_over = False
    """The page is connected already: another pipeline had it before."""

    async def start(self, frame: StartFrame) -> None:
        """Start receiving."""
        await super().start(frame)
        if self.takes_over:
            await self._client._handle_client_connected()

    async def push_audio_frame(self, frame: InputAudioRawFrame) -> None:
        """Hand 20 ms of audio over."""
        if self.hear and not self._paused:
            self.hear(frame.audio)

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
        self._protected = False
        self._recent = self._unheard = b""
        self._heard_at = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """An interruption ends a hold; the page lets pass what comes from now on."""
        held = not self.free.is_set()
        if isinstance(frame, InterruptionFrame):
            self._recent = self._unheard = b""
        await super().process_frame(frame, direction)
        if held and isinstance(frame, InterruptionFrame):
            await self._tell("dropped")

    async def hold(self) -> bool:
        """Have the page be silent: what is under way to it would be heard for another 0.2 s."""
        if self._protected:
            return False
        await self._tell("held")
        left = self._heard_at - asyncio.get_running_loop().time()
        unheard = max(0, round(left * 100)) * self.sample_rate // 100 * 2  # as aiortc takes it
        self._unheard = from_a_pause(self._recent, unheard, self.sample_rate) if unheard else b""
        return True

    async def resume(self) -> None:
        """Say again what the page was silent for."""
        unheard, self._unheard = self._unheard, b""
        await self._tell("resumed")
        track = self._client._audio_output_track
        if track and unheard:
            track.add_audio_bytes(unheard)
            self._sending(len(unheard))

    async def _tell(self, state: Literal["held", "resumed", "dropped"]) -> None:
        message = rtvi.ServerMessage(data=Hold(state=state).model_dump()).model_dump()
        await self._client.send_message(OutputTransportMessageUrgentFrame(message=message))

    def _sending(self, size: int) -> None:
        now = asyncio.get_running_loop().time()
        self._heard_at = now + size / 2 / self.sample_rate + UNDER_WAY_SECONDS

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Send 40 ms of audio; False if the page did not take it. Waits for one that is away."""
        await self.there.wait()
        if not await self.may_write(frame):
            return False
        self._protected = not frame.interruptible
        self._recent = (self._recent + frame.audio)[-round(RECENT_SECONDS * self.sample_rate) * 2 :]
        self._sending(len(frame.audio))
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

    def listen(self, hear: Callable[[bytes], None]) -> None:
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
