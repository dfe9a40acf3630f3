"""The phone as a Pipecat transport: 8 kHz both ways, sent at the speed at which it is heard.

Pipecat's own websocket transport sends at twice real time, so a barge-in finds seconds of speech
at the far end and nobody knows how much of it was heard. This one keeps the far end `LEAD_SECONDS`
ahead and no more. It does not close the socket either: last words are still being played when the
pipeline ends, so whoever opened the socket closes it.
"""

import asyncio
from collections.abc import Callable

from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    ClientConnectedFrame,
    Frame,
    InputDTMFFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageFrame,
    OutputTransportMessageUrgentFrame,
    StartFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from bot.output import HoldsOutput, from_a_pause
from bot.telephony import mulaw
from bot.telephony.playout import Playout
from bot.telephony.stream import MediaStream

LEAD_SECONDS = 0.25
"""Audio kept at the far end: it hides network jitter and is what a barge-in throws away."""
_RECENT_BYTES = mulaw.RATE * 3 * 2
"""Of what was sent last: more than the far end ever holds."""
_HELD_SECONDS = 60.0
"""How long a write may take; one that is held takes as long as the hold."""
_CHUNK_10MS = 10
"""Output is cut into chunks of 100 ms: fewer messages, half the cost of 40 ms ones."""


def phone_params() -> TransportParams:
    """Return the transport settings of a phone call."""
    return TransportParams(
        audio_in_enabled=False,  # it goes to whoever listens, not into frames
        audio_in_sample_rate=mulaw.RATE,
        audio_out_enabled=True,
        audio_out_sample_rate=mulaw.RATE,
        audio_out_10ms_chunks=_CHUNK_10MS,
        audio_out_end_silence_secs=0,
        audio_out_write_timeout_secs=_HELD_SECONDS,
    )


class PhoneTransport(BaseTransport):
    """A media stream as input and output of a pipeline.

    Events: `on_client_connected(transport, stream)` as soon as the pipeline runs, for the stream
    has begun by then; `on_client_disconnected(transport, stream)` when the caller is gone.

    Args:
        stream: A stream that has started; the caller of this class reads and closes it.
        params: Pipecat's settings; by default those of `phone_params()`.
    """

    def __init__(self, stream: MediaStream, params: TransportParams | None = None) -> None:
        super().__init__()
        params = params or phone_params()
        self._stream = stream
        self._input = PhoneInput(self, stream, params)
        self._output = PhoneOutput(stream, params)
        self._register_event_handler("on_client_connected")
        self._register_event_handler("on_client_disconnected")

    @property
    def playout(self) -> Playout:
        """What the caller has heard."""
        return self._stream.playout

    def listen(self, hear: Callable[[bytes], None]) -> None:
        """Give the caller's audio (16-bit mono PCM at 8 kHz) to `hear`, as it comes."""
        self._input.hear = hear

    def input(self) -> "PhoneInput":
        """Return the processor that brings the caller's audio and keys."""
        return self._input

    def output(self) -> "PhoneOutput":
        """Return the processor that sends the bot's audio."""
        return self._output

    def renewed(self) -> "PhoneTransport":
        """A fresh transport on the same stream; this one hears and sends nothing from now on. What
        the caller says meanwhile is kept, up to five seconds of it."""
        self._stream.pause()
        self._output.over = True
        return PhoneTransport(self._stream)

    async def tell_connected(self) -> None:
        """Call the handlers of `on_client_connected`."""
        await self._call_event_handler("on_client_connected", self._stream)

    async def tell_disconnected(self) -> None:
        """Call the handlers of `on_client_disconnected`."""
        await self._call_event_handler("on_client_disconnected", self._stream)


class PhoneInput(BaseInputTransport):
    """The caller's side: `InputDTMFFrame`s, and audio for whoever listens (`hear`)."""

    def __init__(
        self, transport: PhoneTransport, stream: MediaStream, params: TransportParams
    ) -> None:
        super().__init__(params)
        self._transport = transport
        self._stream = stream
        self.running = False
        self.hear: Callable[[bytes], None] | None = None

    async def start(self, frame: StartFrame) -> None:
        """Start listening to the stream."""
        await super().start(frame)
        await self._transport.tell_connected()
        await self.push_frame(ClientConnectedFrame())
        await self.set_transport_ready(frame)
        self.running = True
        await self._stream.listen(self)

    async def cleanup(self) -> None:
        """Stop taking audio."""
        self.running = False
        await super().cleanup()  # type: ignore[no-untyped-call]
        await self._transport.cleanup()  # type: ignore[no-untyped-call]

    def audio(self, pcm: bytes) -> None:
        """Take 16-bit mono PCM at 8 kHz from the stream."""
        if self.running and self.hear:
            self.hear(pcm)

    async def digit(self, key: KeypadEntry) -> None:
        """Take a pressed key from the stream."""
        if self.running:
            await self.push_frame(InputDTMFFrame(key))

    async def left(self) -> None:
        """Tell the conversation that the caller is gone."""
        await self._transport.tell_disconnected()


class PhoneOutput(HoldsOutput, BaseOutputTransport):
    """The bot's side, paced by the stream's playout; an interruption empties the far end."""

    def __init__(self, stream: MediaStream, params: TransportParams) -> None:
        super().__init__(params)
        self._stream = stream
        self.over = False
        self._protected = False
        self._recent = b""
        self._unheard = b""

    async def start(self, frame: StartFrame) -> None:
        """Be ready to send."""
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Clear the far end on an interruption, before anything else can be sent."""
        if isinstance(frame, InterruptionFrame):
            self._recent = self._unheard = b""
            if not self._protected:  # also after `renewed()`: what it has sent may be cut off
                await self._stream.clear()
        await super().process_frame(frame, direction)

    async def hold(self) -> bool:
        """Empty the far end, and remember what was in it."""
        if self._protected:
            return False
        playout = self._stream.playout
        unheard = round((playout.sent_seconds - playout.played_seconds) * mulaw.RATE) * 2
        again = from_a_pause(self._recent, unheard, mulaw.RATE) if unheard else b""
        self._unheard = mulaw.encode(again)
        await self._stream.clear()
        return True

    async def resume(self) -> None:
        """Send again what the far end had to throw away."""
        unheard, self._unheard = self._unheard, b""
        if unheard:
            await self._stream.play(unheard)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Send one chunk and wait until the far end needs the next one."""
        if not await self.may_write(frame) or self.over or self._stream.gone.is_set():
            return False
        playout = self._stream.playout
        idle = playout.buffered_seconds == 0
        self._protected = not frame.interruptible
        self._recent = (self._recent + frame.audio)[-_RECENT_BYTES:]
        if not await self._stream.play(mulaw.encode(frame.audio)):
            return False
        if idle:
            await playout.mark()
        await asyncio.sleep(max(0.0, playout.buffered_seconds - LEAD_SECONDS))
        return True

    async def send_message(
        self, frame: OutputTransportMessageFrame | OutputTransportMessageUrgentFrame
    ) -> None:
        """Drop messages for a page (RTVI): the phone has none."""

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Put a mark behind each utterance, so that the end of its playing is known."""
        await super().push_frame(frame, direction)
        if isinstance(frame, BotStoppedSpeakingFrame) and direction is FrameDirection.DOWNSTREAM:
            await self._stream.playout.mark()
