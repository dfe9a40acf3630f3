"""A synthetic voice whose words can be read back from its audio.

`speak` makes loud babble below 1.8 kHz and writes the text into the band above as tones; `hear`
reads it. So a stand-in STT needs no script, and a test can read what a caller heard, cut off or
not, out of the µ-law it received. It survives 8 kHz, µ-law and resampling, not a lossy codec. It
is speech for `ScriptedVAD` only: Silero does not take it for any.

The code: each UTF-8 byte is two symbols, high nibble then low nibble. A symbol is one tone
of 32, 50 Hz apart from 1900 Hz: bit 0 of the tone's number says which nibble it is, so two
neighbours always differ and need no other clock.
"""

from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

SILENCE = b"\xff"  # zero in µ-law
LOUD = 150.0  # mean amplitude of 16-bit samples from which audio counts as speech in tests
CHAR_SECONDS = 0.06  # natural English is about 15 characters a second
_WINDOW = 0.02  # seconds; makes the 50 Hz grid orthogonal
_HOP = 0.005
_FIRST_BIN = 38  # 1900 Hz / 50 Hz
_TONES = 32
_TONE_LEVEL, _SPEECH_LEVEL = 1500.0, 5000.0
_BABBLE_SECONDS = 8


@lru_cache(maxsize=512)
def speak(text: str, rate: int = 24000, char_seconds: float = CHAR_SECONDS) -> Samples:
    """Return `text` as babble that carries it.

    Args:
        text: What is said; every UTF-8 byte takes `char_seconds`.
        rate: Sample rate in hertz, 8000 or more.
        char_seconds: Seconds a character, at least 0.06 to stay readable.

    Returns:
        Mono 16-bit samples, read-only because they are cached.
    """
    data = text.encode()
    symbol = round(rate * char_seconds / 2)
    total = symbol * 2 * len(data)
    start = (sum(data) % 40) * round(rate * 0.2)
    audio = np.resize(np.roll(_babble(rate), -start), total) * _SPEECH_LEVEL
    for index, byte in enumerate(data):
        for half, nibble in enumerate((byte >> 4, byte & 15)):
            place = (index * 2 + half) * symbol
            audio[place : place + symbol] += _tone(nibble * 2 + half, symbol, rate)
    fade = min(round(rate * 0.01), total // 2)
    if fade:
        audio[:fade] *= np.linspace(0, 1, fade)
        audio[-fade:] *= np.linspace(1, 0, fade)
    samples = np.clip(audio, -32768, 32767).astype(np.int16)
    samples.setflags(write=False)
    return samples


def hear(audio: Samples | bytes, rate: int) -> str:
    """Read the text out of audio made by `speak`, as far as it can be heard.

    Args:
        audio: Mono 16-bit samples, or the same as little-endian bytes.
        rate: Sample rate in hertz; a multiple of 200.

    Returns:
        The text; "" when nothing is there. A character that was cut in two is left out.
    """
    samples = np.frombuffer(audio, np.int16) if isinstance(audio, bytes) else audio
    width, hop = round(rate * _WINDOW), round(rate * _HOP)
    if len(samples) < width:
        return ""
    frames = np.lib.stride_tricks.sliding_window_view(samples, width)[::hop].astype(np.float32)
    spectrum = np.abs(np.fft.rfft(frames, axis=1)[:, _FIRST_BIN : _FIRST_BIN + _TONES])
    best = spectrum.argmax(axis=1)
    peak = spectrum.max(axis=1)
    clear = (peak > width * 100) & (peak > 0.55 * spectrum.sum(axis=1))
    symbols = _runs(np.where(clear, best, -1).tolist())
    return _bytes(symbols).decode(errors="ignore")


def babble(seconds: float, rate: int = 8000) -> Samples:
    """Return speech that says nothing, as 16-bit samples."""
    wave = np.resize(_babble(rate), round(seconds * rate)) * _SPEECH_LEVEL
    return wave.astype(np.int16)


def to_ulaw(samples: Samples) -> bytes:
    """Encode 16-bit samples as G.711 µ-law, one byte each."""
    return bytes(_encoding()[samples.view(np.uint16)])


def from_ulaw(data: bytes) -> Samples:
    """Decode G.711 µ-law to 16-bit samples."""
    return _decoding()[np.frombuffer(data, np.uint8)]


@cache
def _encoding() -> NDArray[np.uint8]:
    """The code of every sample, by its bits."""
    samples = np.arange(65536, dtype=np.uint16).view(np.int16)
    size = np.minimum(np.abs(samples.astype(np.int32)), 32635) + 132
    exponent = np.log2(size).astype(np.int32) - 7
    mantissa = (size >> (exponent + 3)) & 15
    code = np.where(samples < 0, 128, 0) | exponent << 4 | mantissa
    return (~code & 255).astype(np.uint8)


@cache
def _decoding() -> Samples:
    """The sample of every code."""
    code = ~np.arange(256, dtype=np.uint8)
    size = (((code & 15).astype(np.int32) << 3) + 132 << ((code & 112) >> 4)) - 132
    return np.where(code & 128, -size, size).astype(np.int16)


def _runs(windows: list[int]) -> list[int]:
    """Return each tone that held for two clear windows; a short dropout does not split it."""
    symbols: list[int] = []
    held, count, silent = -1, 0, 0
    for tone in windows:
        if tone == held and tone >= 0:
            count, silent = count + 1, 0
            if count == 2:
                symbols.append(tone)
        elif tone >= 0:
            held, count, silent = tone, 1, 0
        else:
            silent += 1
            if silent > 8:
                held, count = -1, 0
    return symbols


def _bytes(symbols: list[int]) -> bytes:
    """Pair high and low nibbles; one that lost its partner is dropped."""
    found = bytearray()
    high = -1
    for symbol in symbols:
        if symbol % 2 == 0:
            high = symbol // 2
        elif high >= 0:
            found.append(high << 4 | symbol // 2)
            high = -1
    return bytes(found)


@lru_cache(maxsize=256)
def _tone(number: int, length: int, rate: int) -> NDArray[np.float64]:
    time = np.arange(length) / rate
    wave: NDArray[np.float64] = _TONE_LEVEL * np.sin(2 * np.pi * 50 * (_FIRST_BIN + number) * time)
    return wave


@lru_cache(maxsize=8)
def _babble(rate: int) -> NDArray[np.float64]:
    """Return noise of 150 to 1750 Hz in syllables of 0.2 s, at unit peak."""
    size = _BABBLE_SECONDS * rate
    spectrum = np.zeros(size // 2 + 1, complex)
    band = slice(150 * _BABBLE_SECONDS, 1750 * _BABBLE_SECONDS)
    turns = np.random.default_rng(7).uniform(0, 2 * np.pi, band.stop - band.start)
    spectrum[band] = np.exp(1j * turns) / np.sqrt(np.arange(band.start, band.stop))
    place = np.arange(size) / rate % 0.2 / 0.2
    wave: NDArray[np.float64] = np.fft.irfft(spectrum, size) * (0.25 + 0.75 * np.sin(np.pi * place))
    loudest: float = np.abs(wave).max()
    wave /= loudest
    return wave
