"""Sounds that are not words: coughs, for callers who make them while the bot speaks."""

import zlib

import numpy as np
import numpy.typing as npt

_BURSTS = ((0.0, 0.14, 1.0), (0.21, 0.11, 0.7), (0.36, 0.18, 0.45))
"""When each burst of a cough begins and how long it dies away, in seconds, and its loudness."""
_PEAK = 14_000
_SHORTEST = 2


def cough(name: str, hz: int) -> npt.NDArray[np.int16]:
    """A cough: two or three bursts of breath, with the throat's resonances; `name` seeds it.

    Returns:
        16-bit samples at `hz`.
    """
    random = np.random.default_rng(zlib.crc32(name.encode()))
    bursts = _BURSTS[: _SHORTEST + int(random.integers(0, 2))]
    length = round((bursts[-1][0] + bursts[-1][1] * 3) * hz)
    sound = np.zeros(length)
    for start, fade, level in bursts:
        at = round(start * hz)
        seconds = np.arange(length - at) / hz
        shape = np.exp(-seconds / fade) * np.minimum(seconds / 0.008, 1.0)
        sound[at:] += level * shape * _throat(random.standard_normal(length - at), hz, random)
    loud: npt.NDArray[np.int16] = (sound / np.abs(sound).max() * _PEAK).astype(np.int16)
    return loud


def _throat(
    noise: npt.NDArray[np.float64], hz: int, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Noise as a throat passes it: two broad resonances, each person's own."""
    spectrum = np.fft.rfft(noise)
    frequency = np.fft.rfftfreq(len(noise), 1 / hz)
    first, second = random.uniform(450, 750), random.uniform(1400, 2100)
    shape = 1 / (1 + ((frequency - first) / 220) ** 2)
    shape += 0.6 / (1 + ((frequency - second) / 350) ** 2)
    return np.fft.irfft(spectrum * shape, len(noise))
