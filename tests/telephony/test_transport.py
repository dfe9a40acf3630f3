"""The transport between a pipeline and a stream: what is sent, when, and what is held back."""

import asyncio
import json
from typing import Any

from pipecat.frames.frames import (
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageUrgentFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from bot.telephony import media, mulaw
from bot.telephony.stream import MediaStream
from bot.telephony.transport import LEAD_SECONDS, PhoneTransport
from tests.telephony.bots import Bots, Call, tone, until


class Socket:
    """The server's end of a websocket: what was sent, and what comes."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.closed = 0

    async def receive(self) -> dict[str, Any]:
        return await self.inbox.get()

    async def send_text(self, text: str) -> None:
        if self.closed:
            raise RuntimeError("closed")
        self.sent.append(json.loads(text))

    async def close(self, code: int) -> None:
        self.closed = code

    def feed(self, **message: Any) -> None:
        text = json.dumps(message | {"streamSid": "MZ1"})
        self.inbox.put_nowait({"type": "websocket.receive", "text": text})

    def events(self, name: str) -> list[dict[str, Any]]:
        return [message for message in self.sent if message["event"] == name]


async def opened() -> tuple[Socket, MediaStream, list[str]]:
    """A stream that has started, its socket, and the reasons of dropped messages."""
    socket, dropped = Socket(), list[str]()
    stream = MediaStream(socket, dropped.append)  # type: ignore[arg-type]
    socket.feed(event="connected")
    socket.feed(event="start", start={"streamSid": "MZ1", "callSid": "CA1"})
    assert await stream.opened(1) == media.Start("MZ1", "CA1")
    return socket, stream, dropped


async def test_a_chunk_made_before_an_interruption_is_not_sent_after_it() -> None:
    socket, stream, _ = await opened()
    output = PhoneTransport(stream).output()
    stale = TTSAudioRawFrame(tone(0.1), 8000, 1)
    await output.process_frame(InterruptionFrame(), FrameDirection.DOWNSTREAM)
    assert [message["event"] for message in socket.sent] == ["clear"]
    assert await output.write_audio_frame(stale) is False
    assert socket.events("media") == []
    fresh = TTSAudioRawFrame(tone(0.1), 8000, 1)
    assert await output.write_audio_frame(fresh) is True
    assert len(socket.events("media")) == 1


async def test_protected_audio_is_not_cleared() -> None:
    socket, stream, _ = await opened()
    output = PhoneTransport(stream).output()
    last_words = OutputAudioRawFrame(tone(0.1), 8000, 1)
    last_words.interruptible = False
    await output.write_audio_frame(last_words)
    await output.process_frame(InterruptionFrame(), FrameDirection.DOWNSTREAM)
    assert socket.events("clear") == []


async def test_the_far_end_is_kept_a_quarter_second_ahead() -> None:
    socket, stream, _ = await opened()
    output = PhoneTransport(stream).output()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(6):
        await output.write_audio_frame(TTSAudioRawFrame(tone(0.1), 8000, 1))
    took = loop.time() - began
    assert took >= 0.6 - LEAD_SECONDS - 0.05
    assert stream.playout.buffered_seconds <= LEAD_SECONDS + 0.01
    first = media.parse(json.dumps(socket.events("media")[0] | {"streamSid": "MZ1"}))
    assert first == media.Media(mulaw.encode(tone(0.1)))
    assert len(socket.events("mark")) == 1  # after the first chunk: when it is heard


async def test_nothing_is_written_once_the_caller_is_gone() -> None:
    socket, stream, _ = await opened()
    output = PhoneTransport(stream).output()
    await stream.leave()
    assert await output.write_audio_frame(TTSAudioRawFrame(tone(0.1), 8000, 1)) is False
    await output.process_frame(InterruptionFrame(), FrameDirection.DOWNSTREAM)
    assert socket.sent == []


async def test_a_socket_that_breaks_means_that_the_caller_is_gone() -> None:
    socket, stream, _ = await opened()
    socket.closed = 1006
    assert await stream.play(b"\xff") is False
    assert stream.gone.is_set()
    await stream.close()


async def test_messages_for_a_page_are_not_sent_to_a_phone() -> None:
    socket, stream, _ = await opened()
    output = PhoneTransport(stream).output()
    await output.send_message(OutputTransportMessageUrgentFrame(message={"label": "rtvi-ai"}))
    assert socket.sent == []


async def test_audio_and_keys_from_before_the_pipeline_ran_are_not_lost() -> None:
    socket, stream, dropped = await opened()
    reading = asyncio.create_task(stream.read())
    for digit in "123":
        payload = {"payload": "/w=="}
        socket.feed(event="media", media=payload)
        socket.feed(event="dtmf", dtmf={"digit": digit})
    socket.feed(event="nonsense")
    await until(lambda: dropped)
    heard: list[object] = []

    class Sink:
        def audio(self, pcm: bytes) -> None:
            heard.append(pcm)

        async def digit(self, key: object) -> None:
            heard.append(str(key))

        async def left(self) -> None:
            heard.append("left")

    await stream.listen(Sink())
    socket.feed(event="dtmf", dtmf={"digit": "4"})
    socket.feed(event="stop")
    await reading
    silence = b"\x00\x00"
    assert heard == [silence, "1", silence, "2", silence, "3", "4", "left"]
    assert dropped == ["Invalid value 'nonsense' - at `$.event`"]


async def test_audio_keys_and_events_of_a_pipeline() -> None:
    socket, stream, _ = await opened()
    transport = PhoneTransport(stream)
    seen: list[str] = []

    bots = Bots(greeting=0.1)

    @transport.event_handler("on_client_connected")
    async def connected(*_: object) -> None:
        seen.append("connected")

    @transport.event_handler("on_client_disconnected")
    async def disconnected(*_: object) -> None:
        seen.append("disconnected")

    reading = asyncio.create_task(stream.read())
    talking = asyncio.create_task(bots.converse(Call("phone"), transport))
    await until(lambda: "connected" in seen and socket.events("media"))
    pieces: list[bytes] = []

    transport.listen(pieces.append)
    socket.feed(event="media", media={"payload": "/////w=="})
    socket.feed(event="dtmf", dtmf={"digit": "7"})
    await until(lambda: bots.made[0].keys == ["7"])
    assert b"".join(pieces)[-8:] == bytes(8)
    socket.feed(event="stop")
    await asyncio.wait_for(asyncio.gather(reading, talking), 3)
    assert seen == ["connected", "disconnected"]
