"""How fast the bot falls silent in the page, measured in the page's own recording.

What the bot is heard to say and what is said into the microphone are in one recording, in step, so
no clock of the test is in between.
"""

import math

import numpy as np
from numpy.typing import NDArray

from bot.speech.hearing import Edge, Hearing
from bot.speech.vad import SpeechDetector
from tests.fixtures.chromium import HEARD_HZ

WINDOW_SECONDS = 0.01
"""Of sound, over which loudness is measured."""
AUDIBLE = 0.01
"""RMS of a window that is heard; 1 is full scale."""
WAY_SECONDS = 0.15
"""The most from a sound in the microphone to the bot's silence in the page, when the server takes
it for speech at once."""
PAUSE_SECONDS = 0.6
"""Longer than any pause inside a sentence."""


def broken_in(
    heard: bytes, spoken: bytes, pause_seconds: float = PAUSE_SECONDS
) -> tuple[bytes, float]:
    """What was heard after the bot had fallen silent for the caller, and how long that took.

    Args:
        heard, spoken: 16-bit mono PCM at `HEARD_HZ`, in step.
        pause_seconds: What counts as silence.

    Returns:
        The sound from the silence on, and seconds from the caller's first sound to the silence.
    """
    bot, caller = _loud(heard), _loud(spoken)
    began = _first(caller)
    pause = round(pause_seconds / WINDOW_SECONDS)
    silent = next(at for at in range(began, len(bot) - pause) if not bot[at : at + pause].any())
    from_there = silent * round(WINDOW_SECONDS * HEARD_HZ) * 2
    return heard[from_there:], (silent - began) * WINDOW_SECONDS


def ear_seconds(spoken: bytes, hz: int) -> float:
    """How long a caller speaks until the ear takes it for speech, counted in sound: the same on any
    machine. Infinite if it never does.

    Args:
        spoken: 16-bit mono PCM, as it is said into the microphone.
        hz: Of it, as the ear takes it.
    """
    hearing = Hearing(SpeechDetector(hz), hz)
    began = _first(_loud(spoken, hz)) * WINDOW_SECONDS
    hearing.hear(bytes(hz * 2))  # a second of silence
    step = round(WINDOW_SECONDS * hz) * 2
    for at in range(0, len(spoken), step):
        if {Edge.LIKELY, Edge.STARTED} & set(hearing.hear(spoken[at : at + step])):
            return (at + step) / 2 / hz - began
    return math.inf


def _first(loud: NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(loud)[0])


def _loud(pcm: bytes, hz: int = HEARD_HZ) -> NDArray[np.bool_]:
    """Of each window, whether it is audible."""
    size = round(WINDOW_SECONDS * hz)
    samples = np.frombuffer(pcm, np.int16) / 32768
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    loud: NDArray[np.bool_] = np.sqrt((windows**2).mean(axis=1)) > AUDIBLE
    return loud
