"""Where the caller's audio ends: a few frames a sentence, taps, and audio that is lost."""

import asyncio

import numpy as np
import pytest
from pipecat.frames.frames import (
    ClientConnectedFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    UserSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from bot.frames import SpeechPausedFrame, SpeechResumedFrame
from bot.speech.hearing import BEFORE_SECONDS, Hearing
from bot.telephony.stream import MediaStream
from bot.telephony.transport import PhoneTransport
from pipelines.ear import LOST_SECONDS, Ear
from tests.fakes.phoneline import PhoneLine
from tests.fakes.turns import ScriptedDetector
from tests.fakes.voice import babble
from tests.fixtures.small_pipeline import SmallPipeline, small_pipeline
from tests.fixtures.virtual_time import VirtualTime

RATE = 8000
TICK = 0.02
STARTED, PAUSED = VADUserStartedSpeakingFrame, SpeechPausedFrame
RESUMED, STOPPED = SpeechResumedFrame, VADUserStoppedSpeakingFrame


def make() -> Ear:
    return Ear(Hearing(ScriptedDetector(RATE), RATE))


def speech(seconds: float) -> bytes:
    return babble(seconds, RATE).tobytes()


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * RATE) * 2)


async def talks(ear: Ear, *sounds: bytes) -> None:
    """Give the ear sounds as a phone does: 20 ms every 20 ms."""
    size = round(TICK * RATE) * 2
    pcm = b"".join(sounds)
    for at in range(0, len(pcm), size):
        await ear.hear(pcm[at : at + size])
        await asyncio.sleep(TICK)


def kinds(talk: SmallPipeline) -> list[type[Frame]]:
    return [type(frame) for frame in talk.down]


async def test_a_sentence_is_a_few_frames(virtual_time: VirtualTime) -> None:
    ear = make()
    async with small_pipeline(ear) as talk:
        assert ear.calm.is_set()
        await talks(ear, silence(1), speech(1.0))
        assert not ear.calm.is_set()
        await talks(ear, silence(0.1), speech(0.6), silence(3))
        assert ear.calm.is_set()
        assert kinds(talk) == [STARTED, PAUSED, RESUMED, PAUSED, STOPPED]
        first, second = talk.of(SpeechPausedFrame)
        assert (first.number, second.number) == (1, 2)
        assert first.rate == RATE
        assert first.silence == pytest.approx(TICK)
        assert second.audio.startswith(first.audio[: RATE // 2])
        assert BEFORE_SECONDS + 1 <= len(first.audio) / 2 / RATE <= BEFORE_SECONDS + 1 + 0.4
        start, over = talk.when(STARTED)[0], talk.when(STOPPED)[0]
        assert over - start == pytest.approx(1.0 - 0.16 + 0.1 + 0.6 + 0.2, abs=0.05)


async def test_frames_are_heard_as_direct_calls_are_and_end_here(
    virtual_time: VirtualTime,
) -> None:
    by_call, by_frame = make(), make()
    pcm = silence(0.5) + speech(1) + silence(0.5)
    async with small_pipeline(by_call) as talk:
        await by_call.hear(pcm)
        called = kinds(talk)
        stretch = talk.of(SpeechPausedFrame)[0].audio
    async with small_pipeline(by_frame) as talk:
        for at in range(0, len(pcm), 640):
            await talk.send(InputAudioRawFrame(pcm[at : at + 640], RATE, 1))
        await talk.settle()
        assert talk.of(InputAudioRawFrame) == []
        assert kinds(talk) == called == [STARTED, PAUSED, STOPPED]
        assert talk.of(SpeechPausedFrame)[0].audio == stretch


async def test_taps_get_every_byte_in_order(virtual_time: VirtualTime) -> None:
    ear = make()
    recorder, listener = bytearray(), bytearray()
    ear.taps.append(recorder.extend)
    noise = np.random.default_rng(3).integers(-99, 99, 4000, dtype=np.int16).tobytes()
    pieces = [noise[:7], noise[7:320], speech(0.5), b"", noise[320:], silence(0.7)]
    async with small_pipeline(ear):
        for piece in pieces[:3]:
            await ear.hear(piece)
        ear.taps.append(listener.extend)
        for piece in pieces[3:]:
            await ear.hear(piece)
    assert bytes(recorder) == b"".join(pieces)
    assert bytes(listener) == b"".join(pieces[3:])


async def test_a_long_speech_gives_signs_of_life(virtual_time: VirtualTime) -> None:
    ear = make()
    async with small_pipeline(ear) as talk:
        await talks(ear, speech(17), silence(2))
        assert kinds(talk).count(UserSpeakingFrame) == 3
        assert len(kinds(talk)) < 30
        await talks(ear, silence(20))
        assert kinds(talk).count(UserSpeakingFrame) == 3


async def test_a_sound_that_becomes_nothing_is_no_frame(virtual_time: VirtualTime) -> None:
    ear = make()
    async with small_pipeline(ear) as talk:
        await talks(ear, silence(0.5), speech(0.1))
        assert not ear.calm.is_set()
        await talks(ear, silence(0.5))
        assert ear.calm.is_set()
        assert kinds(talk) == []


async def test_a_caller_whose_audio_stops_in_mid_speech_counts_as_silent(
    virtual_time: VirtualTime,
) -> None:
    ear = make()
    async with small_pipeline(ear) as talk:
        await talks(ear, silence(0.5), speech(1))
        lost = virtual_time.now
        await asyncio.sleep(5)
        assert kinds(talk) == [STARTED, PAUSED, STOPPED]
        (pause,) = talk.of(SpeechPausedFrame)
        assert pause.silence == LOST_SECONDS
        assert len(pause.audio) / 2 / RATE == pytest.approx(1.5, abs=0.05)
        assert virtual_time.now - lost > LOST_SECONDS
        assert ear.calm.is_set()
        assert not ear.hearing.speaking
        await talks(ear, silence(0.5), speech(1), silence(0.5))  # it comes back
        assert kinds(talk)[3:] == [STARTED, PAUSED, STOPPED]
        assert talk.of(SpeechPausedFrame)[1].number == pause.number + 1


async def test_audio_that_stops_in_a_pause_has_no_second_pause(virtual_time: VirtualTime) -> None:
    """The words up to the pause are being transcribed already; nothing was said since."""
    ear = make()
    async with small_pipeline(ear) as talk:
        await talks(ear, speech(1), silence(0.1))
        await asyncio.sleep(5)
        assert kinds(talk) == [STARTED, PAUSED, STOPPED]
        assert ear.calm.is_set()


async def test_audio_that_stops_in_a_sound_leaves_calm_behind(virtual_time: VirtualTime) -> None:
    """A turn's end waits for calm; a caller who mutes at a cough would never be answered."""
    ear = make()
    async with small_pipeline(ear) as talk:
        await talks(ear, silence(1), speech(0.1))
        assert not ear.calm.is_set()
        await asyncio.sleep(5)
        assert kinds(talk) == []
        assert ear.calm.is_set()


async def test_a_silent_line_that_stops_is_no_event(virtual_time: VirtualTime) -> None:
    ear = make()
    async with small_pipeline(ear) as talk:
        await talks(ear, silence(1))
        await asyncio.sleep(30)
        assert kinds(talk) == []


@pytest.mark.parametrize("cancel", [False, True])
async def test_nothing_is_heard_after_the_end(virtual_time: VirtualTime, cancel: bool) -> None:
    ear = make()
    recorder = bytearray()
    ear.taps.append(recorder.extend)
    async with small_pipeline(ear, cancel=cancel) as talk:
        await talks(ear, speech(1))
    before, kept = len(recorder), kinds(talk)
    await ear.hear(speech(1))
    assert len(recorder) == before
    assert kinds(talk) == kept
    assert cancel or isinstance(talk.down[-1], EndFrame)


async def test_the_first_words_are_heard_though_the_pipeline_was_still_being_built(
    virtual_time: VirtualTime,
) -> None:
    """A caller who speaks at once: the stream has kept what came before the pipeline ran."""
    line = PhoneLine()
    line.speaks(0.0, 1.0)
    calling = asyncio.create_task(line.run(3.0))
    stream = MediaStream(line.websocket, lambda _: None)  # type: ignore[arg-type]
    await stream.opened()
    reading = asyncio.create_task(stream.read())
    await asyncio.sleep(0.5)
    transport, ear = PhoneTransport(stream), make()
    recorder = bytearray()
    ear.taps.append(recorder.extend)
    transport.listen(ear.take)
    async with small_pipeline(transport.input(), ear) as talk:
        await asyncio.sleep(1.0)
        assert [kind for kind in kinds(talk) if kind is not ClientConnectedFrame] == [
            STARTED,
            PAUSED,
            STOPPED,
        ]
        assert len(recorder) / 2 / RATE == pytest.approx(1.5, abs=0.05)
    line.end()
    await asyncio.gather(calling, reading)
