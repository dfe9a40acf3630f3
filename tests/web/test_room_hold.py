"""The room's transport: audio goes to whoever listens, and the output can be held."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.rtp import RtpPacket
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputTransportMessageUrgentFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.transports.base_transport import TransportParams

from bot.frames import HoldOutputFrame, ResumeOutputFrame
from bot.web.room_transport import (
    IN_HZ,
    UNDER_WAY_SECONDS,
    WRITE_SECONDS,
    RoomInput,
    RoomOutput,
    hear_at_once,
)
from tests.fixtures.small_pipeline import small_pipeline
from tests.fixtures.virtual_time import VirtualTime

RATE = 8000
CHUNK = 0.04
"""Seconds of one write."""
BUFFER = "_RTCRtpReceiver__jitter_buffer"
CHUNK_BYTES = round(CHUNK * RATE) * 2


class Page:
    """The page's end, in place of a WebRTC client: takes audio as it is played, and gives some."""

    def __init__(self, *, takes: bool = True, gives: int = 0) -> None:
        self.takes, self.gives = takes, gives
        self.played: list[tuple[float, bytes]] = []
        self.told: list[str] = []
        self._audio_output_track = self  # of Pipecat's client

    async def setup(self, *_: Any) -> None: ...

    async def connect(self) -> None: ...

    async def disconnect(self) -> None: ...

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        if not self.takes:
            await asyncio.Event().wait()
        self.played.append((asyncio.get_running_loop().time(), frame.audio))
        await asyncio.sleep(len(frame.audio) / 2 / RATE)
        return True

    def add_audio_bytes(self, pcm: bytes) -> None:
        """As aiortc's track: what comes next is played behind it."""
        assert len(pcm) % (RATE // 100 * 2) == 0
        self.played.append((asyncio.get_running_loop().time(), pcm))

    async def send_message(self, frame: OutputTransportMessageUrgentFrame) -> None:
        self.told.append(frame.message["data"]["state"])

    async def read_audio_frame(self) -> Any:
        for number in range(self.gives):
            yield InputAudioRawFrame(number.to_bytes(2, "little") * 320, IN_HZ, 1)
        await asyncio.Event().wait()

    @property
    def sound(self) -> bytes:
        """All that was played."""
        return b"".join(audio for _, audio in self.played)


def output(page: Page) -> RoomOutput:
    params = TransportParams(audio_out_enabled=True, audio_out_sample_rate=RATE)
    return RoomOutput(page, params)  # type: ignore[arg-type]


def numbered(count: int, first: int = 1) -> bytes:
    """Chunks of audio that say which they are."""
    samples = round(CHUNK * RATE)
    return b"".join(n.to_bytes(2, "little") * samples for n in range(first, first + count))


def speech(pcm: bytes) -> list[Frame]:
    return [TTSStartedFrame(), TTSAudioRawFrame(pcm, RATE, 1), TTSStoppedFrame()]


@pytest.mark.parametrize("start", [0.01, 0.1, 0.5, 0.81])
async def test_held_then_on_from_what_the_page_was_silent_for(
    virtual_time: VirtualTime, start: float
) -> None:
    page, sent = Page(), numbered(25)
    async with small_pipeline(output(page)) as talk:
        await talk.send(*speech(sent))
        await asyncio.sleep(start)
        await talk.send(HoldOutputFrame())
        await talk.settle()
        written = page.sound
        assert page.told == ["held"]
        await asyncio.sleep(3)
        assert page.sound == written != b""  # no write begins after the hold
        await talk.send(ResumeOutputFrame())
        await asyncio.sleep(2)
        assert page.told == ["held", "resumed"]
        assert sent.startswith(written)
        again = len(page.sound) - len(sent)
        assert page.sound[len(written) :] == sent[len(written) - again :]
        under_way = round((UNDER_WAY_SECONDS + CHUNK) * RATE) * 2
        assert min(len(written), under_way - CHUNK_BYTES) <= again <= under_way
        assert not talk.errors


async def test_it_goes_on_from_a_pause_in_what_was_heard(virtual_time: VirtualTime) -> None:
    page = Page()
    word = (1_000).to_bytes(2, "little") * (RATE // 5)  # 0.2 s
    pause = bytes(RATE // 10 * 2)
    sent = (word + pause) * 4
    async with small_pipeline(output(page)) as talk:
        await talk.send(*speech(sent))
        await asyncio.sleep(0.55)  # 0.4 s were heard: into the second word
        await talk.send(HoldOutputFrame())
        await talk.settle()
        written = len(page.sound)
        await asyncio.sleep(0.5)
        await talk.send(ResumeOutputFrame())
        await asyncio.sleep(2)
        again = page.sound[written:]
        assert again.lstrip(b"\0").startswith(word[: RATE // 10 * 2])
        assert sent.endswith(again)


async def test_what_was_heard_long_ago_is_not_said_again(virtual_time: VirtualTime) -> None:
    page, sent = Page(), numbered(5)
    async with small_pipeline(output(page)) as talk:
        await talk.send(*speech(sent))
        await asyncio.sleep(1)
        await talk.send(HoldOutputFrame())
        await asyncio.sleep(0.3)
        await talk.send(ResumeOutputFrame())
        await asyncio.sleep(0.3)
        assert page.sound == sent
        assert page.told == ["held", "resumed"]


async def test_last_words_are_not_held(virtual_time: VirtualTime) -> None:
    page, sent = Page(), numbered(10)
    async with small_pipeline(output(page)) as talk:
        last = speech(sent)
        for frame in last:
            frame.interruptible = False
        await talk.send(*last)
        await asyncio.sleep(0.1)
        await talk.send(HoldOutputFrame())
        await asyncio.sleep(1)
        assert page.sound == sent
        assert page.told == []


async def test_an_interruption_ends_a_hold_and_nothing_old_is_heard(
    virtual_time: VirtualTime,
) -> None:
    page, sent, answer = Page(), numbered(25), numbered(5, first=100)
    async with small_pipeline(output(page)) as talk:
        await talk.send(*speech(sent))
        await asyncio.sleep(0.5)
        await talk.send(HoldOutputFrame())
        await asyncio.sleep(1)
        heard = page.sound
        assert sent.startswith(heard)
        await talk.send(InterruptionFrame())
        await asyncio.sleep(1)
        assert len(page.sound) == len(heard)  # not even one more chunk
        await talk.send(*speech(answer))
        await asyncio.sleep(1)
        assert page.sound == heard + answer
        assert page.told == ["held", "dropped"]


async def test_what_comes_while_the_output_is_held_waits(virtual_time: VirtualTime) -> None:
    page, sent = Page(), numbered(5)
    async with small_pipeline(output(page)) as talk:
        await talk.send(HoldOutputFrame(), *speech(sent))
        await asyncio.sleep(1)
        assert page.sound == b""
        await talk.send(ResumeOutputFrame())
        await asyncio.sleep(1)
        assert page.sound == sent


async def test_a_page_that_takes_nothing_is_given_up_after_a_hold_too(
    virtual_time: VirtualTime,
) -> None:
    page = Page(takes=False)
    async with small_pipeline(output(page), seconds=3) as talk:
        await talk.send(HoldOutputFrame(), *speech(numbered(2)))
        await asyncio.sleep(3)
        await talk.send(ResumeOutputFrame())
        await asyncio.sleep(2 * WRITE_SECONDS + 0.1)
        assert talk.of(TTSAudioRawFrame) == []


async def test_a_page_may_leave_while_the_output_is_held(virtual_time: VirtualTime) -> None:
    page = Page()
    async with small_pipeline(output(page), cancel=True, seconds=1) as talk:
        await talk.send(*speech(numbered(25)))
        await asyncio.sleep(0.3)
        await talk.send(HoldOutputFrame())
        await asyncio.sleep(1)


async def test_the_callers_audio_goes_to_who_listens_and_into_no_frame(
    virtual_time: VirtualTime,
) -> None:
    heard: list[int] = []

    def hear(pcm: bytes) -> None:
        heard.append(int.from_bytes(pcm[:2], "little"))

    params = TransportParams(audio_in_enabled=True, audio_in_sample_rate=IN_HZ)
    room = RoomInput(Page(gives=50), params)  # type: ignore[arg-type]
    room.hear = hear
    async with small_pipeline(room, cancel=True) as talk:
        await asyncio.sleep(1)
        assert heard == list(range(50))
        assert talk.of(InputAudioRawFrame) == []


async def test_a_room_that_nobody_listens_to_is_no_trouble(virtual_time: VirtualTime) -> None:
    params = TransportParams(audio_in_enabled=True, audio_in_sample_rate=IN_HZ)
    async with small_pipeline(RoomInput(Page(gives=5), params)) as talk:  # type: ignore[arg-type]
        await asyncio.sleep(1)
        assert talk.of(InputAudioRawFrame) == []
        assert not talk.errors


async def test_the_callers_packets_are_taken_as_they_come() -> None:
    page = RTCPeerConnection()
    receiver = page.addTransceiver("audio").receiver
    assert BUFFER in vars(receiver)  # aiortc still calls it so
    await hear_at_once(SimpleNamespace(pc=page))  # type: ignore[arg-type]
    taken = [vars(receiver)[BUFFER].add(packet(number))[1] for number in (0, 1, 3, 2)]
    await page.close()
    # Whether one is whole is known when the next one begins; a late one is waited for.
    assert [frame and frame.timestamp for frame in taken] == [None, 0, None, 960]


def packet(number: int) -> RtpPacket:
    """20 ms of Opus."""
    made = RtpPacket(sequence_number=number, timestamp=960 * number)
    made._data = b"sound"  # type: ignore[attr-defined]
    return made
