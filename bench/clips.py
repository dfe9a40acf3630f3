"""The scenes as sound: rendered once by the embedded voice and kept on disk.

A clip is 16-bit mono at 8 kHz with the time of every word, which the stand-in needs to say what a
piece of it says. The words' times inside a part are spread over it by their length.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openai
import soxr

from bench.scenes import Scene
from bot.providers import Stage
from bot.speech.embedded.options import DEFAULT_CACHE
from bot.speech.embedded.supervisor import EmbeddedSupervisor

HZ = 8000
FRAME = 160
"""Samples of one 20 ms frame."""
LOUD = 200
"""Mean amplitude (of 32768) from which a frame counts as voiced, as `bot.phonecall.ear`."""

_VOICE_HZ = 24_000
_MARGIN = 0.03
"""Seconds of the rendering kept around a part, beyond what is voiced."""
_READY_SECONDS = 900
_VERSION = "1"

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Word:
    """A word and when it is said, in seconds from the clip's start."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A scene's sound at `HZ`, and its words."""

    scene: Scene
    pcm: Samples
    words: tuple[Word, ...]


def load(scenes: Sequence[Scene], folder: Path, say: Callable[[str], None]) -> list[Clip]:
    """The scenes' clips; those that were never rendered are rendered now.

    Args:
        scenes: What is wanted.
        folder: Where clips are kept.
        say: Told about long work.
    """
    missing = [scene for scene in scenes if not _path(folder, scene).exists()]
    if missing:
        say(f"rendering {len(missing)} clips with the embedded voice (once)")
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(_render(missing, folder, say))
    return [_read(folder, scene) for scene in scenes]


def voiced(pcm: Samples) -> npt.NDArray[np.bool_]:
    """Which 20 ms frames can be heard."""
    frames = np.abs(pcm[: len(pcm) // FRAME * FRAME].astype(np.int32)).reshape(-1, FRAME)
    heard: npt.NDArray[np.bool_] = frames.mean(axis=1) > LOUD
    return heard


def spread(text: str, start: float, end: float) -> list[Word]:
    """Place the words of `text` in a time span, each by its length."""
    words = text.split()
    total = sum(len(word) + 1 for word in words)
    found, at = [], start
    for word in words:
        length = (end - start) * (len(word) + 1) / total
        found.append(Word(word, at, at + length))
        at += length
    return found


def join(parts: Sequence[tuple[str, Samples]], gaps: Sequence[float]) -> tuple[Samples, list[Word]]:
    """Put the parts (text, trimmed sound) one behind the other with silences between."""
    sound: list[Samples] = []
    words: list[Word] = []
    at = 0
    for index, (text, pcm) in enumerate(parts):
        words += spread(text, at / HZ, (at + len(pcm)) / HZ)
        sound.append(pcm)
        at += len(pcm)
        if index < len(gaps):
            silence = np.zeros(round(gaps[index] * HZ), np.int16)
            sound.append(silence)
            at += len(silence)
    return np.concatenate(sound), words


def trim(pcm: Samples) -> Samples:
    """Cut the silence off both ends, but for a breath of `_MARGIN`."""
    frames = np.flatnonzero(voiced(pcm))
    if not frames.size:
        return pcm
    margin = round(_MARGIN * HZ)
    start = max(0, int(frames[0]) * FRAME - margin)
    return pcm[start : (int(frames[-1]) + 1) * FRAME + margin]


async def _render(scenes: Sequence[Scene], folder: Path, say: Callable[[str], None]) -> None:
    voice: tuple[Stage, ...] = ("tts",)
    sidecar = EmbeddedSupervisor(voice, DEFAULT_CACHE, progress=say)
    await sidecar.start()
    try:
        await sidecar.wait_ready(_READY_SECONDS)
        async with openai.AsyncOpenAI(base_url=sidecar.base_url, api_key="none") as client:
            for scene in scenes:
                parts = [(text, await _part(client, scene, text)) for text in scene.parts]
                pcm, words = join(parts, scene.gaps)
                _write(folder, scene, pcm, words)
    finally:
        await sidecar.stop()


async def _part(client: openai.AsyncOpenAI, scene: Scene, text: str) -> Samples:
    """One part in the scene's voice; an unfinished one is read with the tone of a comma."""
    voice = scene.voice
    spoken = text if text[-1] in ".?!," else f"{text},"
    answer = await client.audio.speech.create(
        model="tts",
        voice="default",
        input=spoken,
        response_format="pcm",
        speed=voice.speed / voice.pitch,
    )
    samples = np.frombuffer(answer.content, np.int16).astype(np.float32)
    pcm = soxr.resample(samples, _VOICE_HZ * voice.pitch, HZ) * voice.level
    return trim(np.clip(pcm, -32768, 32767).astype(np.int16))


def _path(folder: Path, scene: Scene) -> Path:
    key = hashlib.sha256(repr((_VERSION, scene)).encode()).hexdigest()[:24]
    return folder / f"{scene.name}-{key}.npz"


def _write(folder: Path, scene: Scene, pcm: Samples, words: Sequence[Word]) -> None:
    table = json.dumps([[word.text, word.start, word.end] for word in words])
    path = _path(folder, scene)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, pcm=pcm, words=np.array(table))
    part.replace(path)


def _read(folder: Path, scene: Scene) -> Clip:
    with np.load(_path(folder, scene)) as stored:
        words = tuple(Word(*entry) for entry in json.loads(str(stored["words"])))
        return Clip(scene, stored["pcm"], words)
