"""What a piece of a clip says: the stand-in's ear for real speech.

A vendor's transcription depends only on the audio, so it is found by the audio: its loudness curve
is looked for among all clips, and the words in that stretch are the transcript.

The script's punctuation at a cut would give away that more is coming, which no vendor's text does.
So a stretch is written as Whisper writes one: it begins with a capital, it never ends with a comma,
and where it stops in mid-script it ends with a full stop, unless the script has its own there.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bench.clips import HZ, Clip, Samples, Word

_HOP = HZ // 100
"""Samples of one point of a loudness curve: 10 ms."""
_PAD = 200
"""Points of silence around each clip, so that a segment may begin before it and end after it."""
_SURE = 0.9
"""Least correlation of two loudness curves that are of the same sound."""
_LONGEST = 6000
"""Points of the longest stretch that is understood: a minute."""
_SHORT = 100
"""Points below which a loudness curve fits several words: there the wave itself decides."""
_PLACES = 40
"""So many of the best places are looked at then."""
_EDGE = 0.06
"""Seconds by which a word's middle may lie outside: words' times are estimates."""

Curve = npt.NDArray[np.float64]


def curve(pcm: Samples) -> Curve:
    """Loudness of 16-bit samples at `HZ`, a point every 10 ms."""
    whole = np.abs(pcm[: len(pcm) // _HOP * _HOP].astype(np.float64)).reshape(-1, _HOP)
    result: Curve = np.sqrt(whole.mean(axis=1))
    return result


def written(words: Sequence[str], *, ends: bool) -> str:
    """Words of a script as an STT writes them that does not know what follows.

    Args:
        words: A stretch of the script.
        ends: Whether the script ends there.
    """
    text = " ".join(words).rstrip(",;:")
    if not text:
        return ""
    if not ends and text[-1] not in ".?!":
        text += "."
    return text[0].upper() + text[1:]


def fast_size(least: int) -> int:
    """The next number from `least` on that has no prime factors but 2 and 3: a quick FFT's size."""
    sizes = []
    power = 1
    while power < 3 * least:
        rest = -(-least // power)
        sizes.append(power << max(0, (rest - 1).bit_length()))
        power *= 3
    return min(sizes)


class Listener:
    """Tells the words of any stretch of the given clips."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        pieces: list[Curve] = []
        waves: list[Samples] = []
        self._words: list[Word] = []
        self._last: set[int] = set()
        at = 0
        for clip in clips:
            sound = curve(clip.pcm)
            pieces += [np.zeros(_PAD), sound]
            waves += [np.zeros(_PAD * _HOP, np.int16), clip.pcm[: len(sound) * _HOP]]
            at += _PAD
            self._words += [Word(w.text, w.start + at / 100, w.end + at / 100) for w in clip.words]
            self._last.add(len(self._words) - 1)
            at += len(sound)
        library = np.concatenate([*pieces, np.zeros(_PAD)])
        self._wave = np.concatenate([*waves, np.zeros(_PAD * _HOP, np.int16)])
        self._size = fast_size(len(library) + _LONGEST)
        self._length = len(library)
        self._spectrum = np.fft.rfft(library, self._size)
        self._energy = np.concatenate([[0.0], np.cumsum(library**2)])

    def hear(self, pcm: Samples) -> str:
        """The words in 16-bit samples at `HZ`; "" when they are of no clip."""
        sound = curve(pcm)
        heard = np.flatnonzero(sound > 8)
        if not heard.size:
            return ""
        first, last = int(heard[0]), int(heard[-1]) + 1
        sound = sound[first:last]
        size = len(sound)
        if size > min(self._length, _LONGEST):
            return ""
        product = np.fft.irfft(self._spectrum * np.conj(np.fft.rfft(sound, self._size)), self._size)
        places = self._length - size + 1
        energy = self._energy[size:] - self._energy[:-size]
        norm = np.sqrt(np.maximum(energy, 1.0) * float((sound**2).sum()))
        match = product[:places] / norm
        best = int(match.argmax())
        if match[best] < _SURE:
            return ""
        if size < _SHORT:
            best = self._closest(match, pcm[first * _HOP : last * _HOP])
        start, end = best / 100 - _EDGE, (best + size) / 100 + _EDGE
        middles = enumerate((w.start + w.end) / 2 for w in self._words)
        said = [number for number, middle in middles if start <= middle < end]
        ends = bool(said) and said[-1] in self._last
        return written([self._words[number].text for number in said], ends=ends)

    def _closest(self, match: Curve, pcm: Samples) -> int:
        """Of the places that fit by loudness the one whose wave is most like `pcm`'s."""
        places = np.argsort(match)[-_PLACES:]
        places = places[match[places] >= _SURE]
        wave = pcm.astype(np.float64)
        likeness = []
        for place in places:
            begin = max(0, int(place) - 1) * _HOP  # the two may be shifted by less than a point
            there = self._wave[begin : begin + len(wave) + 2 * _HOP].astype(np.float64)
            energy = np.sqrt(float((there**2).sum()) or 1.0)
            likeness.append(float(np.abs(np.correlate(there, wave, "valid")).max()) / energy)
        return int(places[int(np.argmax(likeness))])
