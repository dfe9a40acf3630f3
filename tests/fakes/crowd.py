"""Many callers at one OpenAI stand-in that tells them apart by nothing but their sound.

Under each caller's voice lies a tone of its own, which says who speaks; the loudness of a stretch,
compared with that of each sentence, says what.
"""

import asyncio

import numpy as np
import numpy.typing as npt
from aiohttp import web

from tests.fakes import voice
from tests.fakes.exchange import Exchange
from tests.fakes.names import NAMES
from tests.fakes.openai_api import OpenAIApi
from tests.fakes.openai_wire import SPEECH_RATE, SpeechRequest, TranscriptionRequest, as_json
from tests.fakes.phoneline import RATE, TICK

TONES = 3000 + 25 * np.arange(len(NAMES))
"""Hertz: each caller's own tone, where a voice has little."""
TONE_LEVEL = 250.0
_FFT = 1 << 16
_TICK = round(RATE * TICK)
_CHAR_SECONDS = 0.08
"""Slower than usual: readable too where gaps have moved the sound."""

Samples = npt.NDArray[np.int16]


def with_tone(pcm: Samples, number: int) -> Samples:
    """A sentence in a caller's voice."""
    tone = TONE_LEVEL * np.sin(2 * np.pi * TONES[number] * np.arange(len(pcm)) / RATE)
    sound: Samples = np.clip(pcm + tone, -32768, 32767).astype(np.int16)
    return sound


def loudness(pcm: Samples) -> npt.NDArray[np.float64]:
    """A point for each 10 ms; 0 in silence."""
    whole = np.abs(pcm[: len(pcm) // 80 * 80].astype(np.float64)).reshape(-1, 80)
    curve: npt.NDArray[np.float64] = np.sqrt(whole.mean(axis=1))
    curve[curve <= 14] = 0.0
    return curve


class Ears:
    """Hears who says what. `sentences` are those that can be said, at `RATE`.

    Attributes:
        heard: Who and which sentence, for each sound; "" for a piece of a sentence.
        mixed: Sounds in which more than one caller was heard.
    """

    def __init__(self) -> None:
        self.sentences: dict[str, Samples] = {}
        self.heard: set[tuple[str, str]] = set()
        self.mixed: list[str] = []

    def hear(self, pcm: Samples) -> str:
        """What a caller says."""
        who, what = self._who(pcm), self._what(pcm)
        self.heard.add((who, what))
        return said(who, what) if what else ""

    def _who(self, pcm: Samples) -> str:
        spectrum = np.abs(np.fft.rfft(pcm, _FFT))
        levels = spectrum[np.rint(TONES * _FFT / RATE).astype(int)]
        second, first = np.argsort(levels)[-2:]
        if levels[second] > levels[first] / 4:
            self.mixed.append(f"{NAMES[first]} and {NAMES[second]}")
        return NAMES[first]

    def _what(self, pcm: Samples) -> str:
        curve = loudness(pcm)
        alike = {}
        for text, sound in self.sentences.items():
            known = loudness(sound)
            size = np.linalg.norm(curve) * np.linalg.norm(known)
            alike[text] = np.correlate(curve, known, "full").max() / max(size, 1.0)
        best = max(alike, key=lambda text: alike[text])
        return best if alike[best] > 0.95 else ""


def read(heard: bytes) -> str:
    """The words on a line (µ-law), without the ticks in which nothing came in time."""
    ticks = np.frombuffer(heard[: len(heard) // _TICK * _TICK], np.uint8).reshape(-1, _TICK)
    sound = ticks[(ticks != 0xFF).any(axis=1)].tobytes()
    return " ".join(voice.hear(voice.from_ulaw(sound), RATE).split())


def said(name: str, sentence: str) -> str:
    """What the ear makes of a sentence."""
    return f"This is {name}. {sentence}"


class Provider(OpenAIApi):
    """OpenAI's stand-in with such ears."""

    def __init__(self) -> None:
        super().__init__()
        self.ears = Ears()

    async def _hear(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, TranscriptionRequest)
        assert record.rate == RATE
        pcm = np.frombuffer(record.audio, np.int16)
        return await exchange.reply(as_json({"text": await asyncio.to_thread(self.ears.hear, pcm)}))

    async def _speak(self, exchange: Exchange) -> web.StreamResponse:
        record = exchange.record
        assert isinstance(record, SpeechRequest)
        samples = voice.speak(f"{record.text.strip()} ", SPEECH_RATE, _CHAR_SECONDS)
        await exchange.open("audio/pcm")
        await exchange.write(samples.tobytes())
        return await exchange.close()
