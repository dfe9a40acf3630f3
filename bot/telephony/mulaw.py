"""G.711 µ-law, the telephone's codec: one byte a sample at 8 kHz.

The encoder's table follows ITU-T G.711 (bias 132, clip 32635); the standard library's drops two
bits first, which quiet speech can be heard to miss. Encoding what was decoded gives the same byte
back, but for the two zeros of µ-law, 0x7F and 0xFF, which are both written as 0xFF.
"""

import warnings

import numpy as np
import numpy.typing as npt

with warnings.catch_warnings():
    # Gone from Python 3.13's own library; there Pipecat requires audioop-lts, which is the same.
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

RATE = 8000
"""Samples and µ-law bytes per second, in both directions."""
SILENCE = b"\xff"
"""One sample of silence."""

_BIAS, _CLIP = 132, 32635


def _encode_table() -> npt.NDArray[np.uint8]:
    """One code for each 16-bit sample, indexed by the sample's bits read as unsigned."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 15
    sign = np.where(sample < 0, 128, 0)
    codes: npt.NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 255).astype(np.uint8)
    return codes


_ENCODE = _encode_table()


def decode(data: bytes) -> bytes:
    """Return the 16-bit little-endian mono PCM of µ-law bytes."""
    return audioop.ulaw2lin(data, 2)


def encode(pcm: bytes) -> bytes:
    """Return the µ-law bytes of 16-bit little-endian mono PCM; an odd last byte is left out."""
    whole = len(pcm) & ~1
    return _ENCODE.take(np.frombuffer(pcm[:whole], "<u2")).tobytes()
