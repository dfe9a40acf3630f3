"""The phone's output when it is held: silent at once, and later going on where it was.

What the caller heard is compared byte by byte with what was sent.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)

from bot.frames import HoldOutputFrame, ResumeOutputFrame
from bot.telephony import mulaw
from bot.telephony.stream import MediaStream
from bot.telephony.transport import LEAD_SECONDS, PhoneTransport
from tests.fakes.phoneline import PhoneLine
from tests.fixtures.small_pipeline import SmallPipeline, small_pipeline
from tests.fixtures.virtual_time import VirtualTime
from tests.telephony.bots import tone
from tests.telephony.test_transport import Socket, opened

RATE = mulaw.RATE
SILENT = b"\xff"
TICK = RATE // 50
WORD, PAUSE = 0.26, 0.06


def words(count: int, pause: float = PAUSE, seed: int = 0) -> bytes:
    """Loud noise in words, as µ-law that comes out as it went in; no two pieces are alike."""
    generator = np.random.default_rng(seed)
    silence = SILENT * round(pause * RATE)
    spoken = (
        generator.choice([*range(16, 64), *range(144, 192)], round(WORD * RATE))
        for _ in range(count)
    )
    return b"".join(np.uint8(codes).tobytes() + silence for codes in spoken)


def speech(ulaw: bytes, *, protected: bool = False) -> list[Frame]:
    """What the voice sends for a sentence."""
    audio = TTSAudioRawFrame(mulaw.decode(ulaw), RATE, 1)
    audio.interruptible = not protected
    return [TTSStartedFrame(), audio, TTSStoppedFrame()]


class Phone:
    """A pipeline's output, and a caller on the line; times are seconds of the call."""

    def __init__(self, line: PhoneLine, talk: SmallPipeline) -> None:
        self.line, self.talk = line, talk

    async def until(self, when: float) -> None:
        await asyncio.sleep(max(0.0, when - self.line.now))

    def heard(self, start: float = 0.0, end: float | None = None) -> bytes:
        stop = None if end is None else round(end * RATE)
        return bytes(self.line.heard[round(start * RATE) : stop])

    async def held(self, start: float, end: float) -> tuple[bytes, bytes, bytes]:
        """Hold the output from `start` to `end`; what was heard before, meanwhile, and after."""
        await self.until(start)
        await self.talk.send(HoldOutputFrame())
        await self.until(end)
        await self.talk.send(ResumeOutputFrame())
        await self.until(end + 6)
        edge = round(start * 50) / 50 + 0.02
        return self.heard(0, edge), self.heard(edge, end), self.heard(end)


@asynccontextmanager
async def phone() -> AsyncIterator[Phone]:
    line = PhoneLine()
    calling = asyncio.create_task(line.run(60))
    stream = MediaStream(line.websocket, lambda _: None)  # type: ignore[arg-type]
    await stream.opened()
    reading = asyncio.create_task(stream.read())
    async with small_pipeline(PhoneTransport(stream).output()) as talk:
        yield Phone(line, talk)
    await stream.close()
    line.end()
    await asyncio.gather(calling, reading)


@pytest.mark.parametrize("rate", [RATE, 3 * RATE])
async def test_an_utterance_that_ends_leaves_the_next_one_whole(
    virtual_time: VirtualTime, rate: int
) -> None:
    first, second = words(2), words(6, seed=1)
    one, begin, rest = (
        TTSAudioRawFrame(np.repeat(np.frombuffer(pcm, "<i2"), rate // RATE).tobytes(), rate, 1)
        for pcm in map(
            mulaw.decode, (first, second[: RATE * 28 // 100], second[RATE * 28 // 100 :])
        )
    )
    async with phone() as call:
        await call.talk.send(TTSStartedFrame(), one, TTSStoppedFrame(), TTSStartedFrame(), begin)
        await call.until(1.5)  # the first was played to its end; the second's rest is late
        await call.talk.send(rest, TTSStoppedFrame())
        await call.until(6)
    sounds, wanted = (audio.replace(SILENT, b"") for audio in (call.heard(), first + second))
    if rate == RATE:
        assert sounds == wanted
    else:  # the filter rings a little into the pauses
        assert len(wanted) * 0.99 < len(sounds) < len(wanted) * 1.2


def lone(ulaw: bytes) -> bytes:
    """A sound without the silence around it."""
    return ulaw.strip(SILENT)


# Holds at many places of words and pauses, and of the chunks of 0.1 s that are sent.
HOLDS = [0.3, 0.31, 0.4, 0.47, 0.5, 0.58, 0.66, 0.75, 0.83, 0.95, 1.04, 1.5, 1.99, 2.2]


@pytest.mark.parametrize("start", HOLDS)
async def test_silent_at_once_then_on_from_a_pause_with_nothing_lost(
    virtual_time: VirtualTime, start: float
) -> None:
    sent = words(10)
    async with phone() as call:
        await call.talk.send(*speech(sent))
        before, meanwhile, after = await call.held(start, start + 1.0)
    assert set(meanwhile) <= set(SILENT)
    first, second = lone(before), lone(after)
    assert sent.startswith(first)
    assert sent.rstrip(SILENT).endswith(second)
    begin = len(sent.rstrip(SILENT)) - len(second)
    again = len(first) - begin
    assert again >= -round(PAUSE * RATE)  # between the two nothing but a pause
    assert again <= round((WORD + PAUSE) * RATE) + TICK  # less than a word is said again
    assert set(sent[max(0, begin - TICK) : begin]) <= set(SILENT)  # and never a part of one


async def test_without_a_pause_near_by_it_goes_on_in_mid_sound(virtual_time: VirtualTime) -> None:
    sent = words(12, pause=0.0)
    async with phone() as call:
        await call.talk.send(*speech(sent))
        before, meanwhile, after = await call.held(1.3, 2.0)
    assert set(meanwhile) <= set(SILENT)
    first, second = lone(before), lone(after)
    assert sent.startswith(first)
    assert sent.endswith(second)
    assert 0 <= len(first) + len(second) - len(sent) <= 2 * TICK


@pytest.mark.parametrize("gap", [0.05, 0.2, 0.6])
async def test_several_holds_lose_nothing_either(virtual_time: VirtualTime, gap: float) -> None:
    sent = words(10)
    async with phone() as call:
        await call.talk.send(*speech(sent))
        when = 0.6
        for _ in range(4):
            await call.until(when)
            await call.talk.send(HoldOutputFrame())
            await call.until(when + 0.5)
            await call.talk.send(ResumeOutputFrame())
            when += 0.5 + gap
        await call.until(when + 6)
        heard = call.heard()
    length = round(WORD * RATE)
    step = round((WORD + PAUSE) * RATE)
    places = [heard.find(sent[at : at + length]) for at in range(0, len(sent), step)]
    assert -1 not in places  # every word was heard whole
    assert places == sorted(places)


async def test_a_hold_at_the_end_keeps_the_last_word(virtual_time: VirtualTime) -> None:
    """All of it was sent, the voice has stopped, and the last quarter second is not heard yet."""
    sent = words(3)
    whole = len(sent) / RATE
    async with phone() as call:
        await call.talk.send(*speech(sent))
        before, meanwhile, after = await call.held(whole - 0.12, whole + 1)
    assert set(meanwhile) <= set(SILENT)
    assert lone(before) != sent.rstrip(SILENT)
    assert lone(after) == sent[-round((WORD + PAUSE) * RATE) :].rstrip(SILENT)


async def test_held_twice_is_held_once(virtual_time: VirtualTime) -> None:
    sent = words(8)
    async with phone() as call:
        await call.talk.send(*speech(sent))
        await call.until(0.9)
        await call.talk.send(HoldOutputFrame())
        await call.until(1.2)
        before, meanwhile, after = await call.held(1.2, 1.6)
    assert set(meanwhile) <= set(SILENT)
    first, second = lone(before), lone(after)
    assert len(first) + len(second) >= len(sent.rstrip(SILENT)) - round(PAUSE * RATE)
    assert sent.rstrip(SILENT).endswith(second)


async def test_what_comes_while_the_output_is_held_waits(virtual_time: VirtualTime) -> None:
    sent = words(4)
    async with phone() as call:
        await call.until(0.5)
        await call.talk.send(HoldOutputFrame(), *speech(sent))
        await call.until(2.0)
        assert set(call.heard()) <= set(SILENT)
        await call.talk.send(ResumeOutputFrame())
        await call.until(6.0)
        assert lone(call.heard()) == sent.rstrip(SILENT)


async def test_to_resume_what_is_not_held_changes_nothing(virtual_time: VirtualTime) -> None:
    sent = words(3)
    async with phone() as call:
        await call.talk.send(*speech(sent))
        await call.until(0.5)
        await call.talk.send(ResumeOutputFrame())
        await call.until(3.0)
        assert (lone(call.heard()), call.line.clears) == (sent.rstrip(SILENT), [])


async def test_an_interruption_ends_a_hold_and_all_that_was_held(
    virtual_time: VirtualTime,
) -> None:
    sent, answer = words(10), words(3, seed=1)
    async with phone() as call:
        await call.talk.send(*speech(sent))
        await call.until(0.9)
        await call.talk.send(HoldOutputFrame())
        await call.until(1.5)
        await call.talk.send(InterruptionFrame())
        await call.until(2.0)
        assert set(call.heard(0.94)) <= set(SILENT)
        assert call.talk.of(BotStoppedSpeakingFrame)
        await call.talk.send(ResumeOutputFrame())  # too late to mean anything
        await call.until(2.5)
        assert set(call.heard(0.94)) <= set(SILENT)
        await call.talk.send(*speech(answer))
        await call.until(6.0)
        assert lone(call.heard(0.94)) == answer.rstrip(SILENT)


async def test_a_chunk_that_an_interruption_made_stale_is_not_passed_on_as_heard(
    virtual_time: VirtualTime,
) -> None:
    """What is behind the output takes every chunk for heard, and puts its words in the context."""
    sent = words(10)
    async with phone() as call:
        await call.talk.send(*speech(sent))
        await call.until(0.9)
        await call.talk.send(HoldOutputFrame())
        await call.until(1.5)
        passed = len(call.talk.of(TTSAudioRawFrame))
        await call.talk.send(InterruptionFrame())
        await call.until(2.0)
        assert len(call.talk.of(TTSAudioRawFrame)) == passed


async def test_protected_last_words_are_not_held(virtual_time: VirtualTime) -> None:
    sent = words(6)
    async with phone() as call:
        await call.talk.send(*speech(sent, protected=True))
        await call.until(0.9)
        await call.talk.send(HoldOutputFrame())
        await call.until(6.0)
        assert (lone(call.heard()), call.line.clears) == (sent.rstrip(SILENT), [])


async def test_a_long_hold_does_not_cost_the_output_its_use(virtual_time: VirtualTime) -> None:
    """Pipecat gives an output up whose write takes more than 10 s."""
    sent = words(8)
    async with phone() as call:
        await call.talk.send(*speech(sent))
        before, meanwhile, after = await call.held(0.9, 13.0)
        assert not call.talk.errors
    assert set(meanwhile) <= set(SILENT)
    assert len(lone(before)) + len(lone(after)) >= len(sent.rstrip(SILENT)) - round(PAUSE * RATE)


class SlowSocket(Socket):
    """A socket that takes a moment for a `clear`, as one whose buffer is full does."""

    async def send_text(self, text: str) -> None:
        await super().send_text(text)
        if '"clear"' in text:
            await asyncio.sleep(0.15)


async def test_nothing_is_sent_while_a_hold_is_on_its_way(virtual_time: VirtualTime) -> None:
    socket = SlowSocket()
    stream = MediaStream(socket, lambda _: None)  # type: ignore[arg-type]
    socket.feed(event="connected")
    socket.feed(event="start", start={"streamSid": "MZ1", "callSid": "CA1"})
    await stream.opened(1)
    async with small_pipeline(PhoneTransport(stream).output(), cancel=True) as talk:
        await talk.send(*speech(words(10)))
        await asyncio.sleep(0.86)
        await talk.send(HoldOutputFrame())
        await asyncio.sleep(1)
        kinds = [message["event"] for message in socket.sent]
        assert "media" not in kinds[kinds.index("clear") :]


async def test_all_that_the_far_end_had_to_throw_away_is_said_again(
    virtual_time: VirtualTime,
) -> None:
    """Marks that come late show that the far end plays later than the clock says."""
    _, stream, _ = await opened()
    output = PhoneTransport(stream).output()
    for number in range(30):
        await output.write_audio_frame(TTSAudioRawFrame(tone(0.1), RATE, 1))
        if number == 14:
            stream.playout.marked("m1")
    assert stream.playout.lag_seconds > 1
    sent = stream.playout.sent_seconds
    played = stream.playout.played_seconds
    assert sent - played > LEAD_SECONDS + 1
    await output.hold()
    assert stream.playout.sent_seconds == pytest.approx(played, abs=0.01)
    await output.resume()
    assert stream.playout.sent_seconds >= sent - 0.01
