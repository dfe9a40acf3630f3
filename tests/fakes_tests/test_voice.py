"""The synthetic voice: its words survive the phone, and it is loud enough."""

import numpy as np
import pytest
from pipecat.audio.resamplers.soxr_stream_resampler import SOXRStreamAudioResampler
from pipecat.audio.utils import pcm_to_ulaw, ulaw_to_pcm

from tests.fakes import voice

TEXT = "Hello there, it is 12:30 — ça va?"


@pytest.mark.parametrize("rate", [8000, 16000, 24000])
def test_words_are_read_back(rate: int) -> None:
    audio = voice.speak(TEXT, rate)
    assert len(audio) == pytest.approx(rate * 0.06 * len(TEXT.encode()), rel=0.01)
    assert voice.hear(audio, rate) == TEXT
    assert voice.hear(audio.tobytes(), rate) == TEXT


def test_silence_and_babble_say_nothing() -> None:
    assert voice.hear(bytes(16000), 8000) == ""
    assert voice.hear(voice.babble(2.0), 8000) == ""
    assert len(voice.babble(2.5, 16000)) == 40000
    assert np.abs(voice.babble(1.0).astype(np.int32)).mean() > voice.LOUD


def test_what_is_cut_off_is_not_heard() -> None:
    audio = voice.speak(TEXT, 8000)
    assert voice.hear(audio[: 8000 * 6 // 10], 8000) == TEXT[:10]


async def test_words_survive_resampling_and_the_phone() -> None:
    wide = voice.speak(TEXT, 24000).tobytes() + bytes(9600)  # the resampler holds 0.1 s back
    ulaw = await pcm_to_ulaw(wide, 24000, 8000, SOXRStreamAudioResampler())
    assert voice.hear(voice.from_ulaw(ulaw), 8000) == TEXT


async def test_ulaw_agrees_with_pipecats() -> None:
    every = bytes(range(256))
    same = await ulaw_to_pcm(every, 8000, 8000, SOXRStreamAudioResampler())
    assert voice.from_ulaw(every).tobytes() == same
    samples = np.arange(-32000, 32000, 7).astype(np.int16)
    back = voice.from_ulaw(voice.to_ulaw(samples)).astype(np.int32)
    assert np.all(np.abs(back - samples) <= np.maximum(8, np.abs(samples.astype(np.int32)) // 20))
