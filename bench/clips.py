"""The scenes as sound, kept on disk: rendered by the embedded voice, cut from recordings, or made.

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

from bench import recordings
from bench.noise import cough
from bench.scene import Scene, Take
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
_NOISE = 0.05
"""Share of a recording's loudest frame up to which a frame at its ends is noise."""
_READY_SECONDS = 900
_VERSION = "1"
_CUT_VERSION = "2"
_SPEECH_LEVEL = 0.09
"""Root mean square (of 1) of a recording where somebody speaks: all people are equally loud."""
_SPOKEN = 0.01
"""Share of the loudest frame's power from which a frame of a recording is speech."""

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
    """The scenes' clips; those that were never made are made now.

    Scenes whose recordings cannot be had are left out, with a line about it.

    Args:
        scenes: What is wanted.
        folder: Where clips are kept; recordings are kept beside it.
        say: Told about long work, and what is left out.
    """
    missing = [scene for scene in scenes if not _path(folder, scene).exists()]
    folder.mkdir(parents=True, exist_ok=True)
    _cut([scene for scene in missing if scene.takes], folder, say)
    for scene in missing:
        if scene.kind == "cough":
            _write(folder, scene, cough(scene.name, HZ), [])
    spoken = [scene for scene in missing if not scene.takes and scene.kind != "cough"]
    if spoken:
        say(f"rendering {len(spoken)} clips with the embedded voice (once)")
        asyncio.run(_render(spoken, folder, say))
    return stored(scenes, folder)


def stored(scenes: Sequence[Scene], folder: Path) -> list[Clip]:
    """The clips of those scenes that have one on disk."""
    return [_read(folder, scene) for scene in scenes if _path(folder, scene).exists()]


def loudness(pcm: Samples) -> npt.NDArray[np.float64]:
    """Mean amplitude of each 20 ms frame."""
    frames = np.abs(pcm[: len(pcm) // FRAME * FRAME].astype(np.int32)).reshape(-1, FRAME)
    sizes: npt.NDArray[np.float64] = frames.mean(axis=1)
    return sizes


def voiced(pcm: Samples) -> npt.NDArray[np.bool_]:
    """Which 20 ms frames can be heard."""
    return loudness(pcm) > LOUD


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


def trim(pcm: Samples, share: float = 0.0) -> Samples:
    """Cut the silence off both ends, but for a breath of `_MARGIN`.

    Silence is what cannot be heard, and what is fainter than a `share` of the loudest frame: the
    noise of a recording.
    """
    sizes = loudness(pcm)
    frames = np.flatnonzero(sizes > max(LOUD, share * sizes.max(initial=0.0)))
    if not frames.size:
        return pcm
    margin = round(_MARGIN * HZ)
    start = max(0, int(frames[0]) * FRAME - margin)
    return pcm[start : (int(frames[-1]) + 1) * FRAME + margin]


def even(sound: recordings.Sound) -> Samples:
    """A recording as 16-bit samples, as loud where somebody speaks as all others."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    power = (frames**2).mean(axis=1)
    spoken = power[power > power.max(initial=0.0) * _SPOKEN]
    level = float(np.sqrt(spoken.mean())) if spoken.size else 1.0
    louder = sound * (32768 * _SPEECH_LEVEL / level)
    result: Samples = np.clip(louder, -32768, 32767).astype(np.int16)
    return result


def _cut(scenes: Sequence[Scene], folder: Path, say: Callable[[str], None]) -> None:
    """Cut scenes from their recordings."""
    gone: dict[str, str] = {}
    for scene in scenes:
        if any(take.source in gone for take in scene.takes):
            continue
        try:
            parts = [
                (text, _take(take, folder.parent / "recordings", say))
                for text, take in zip(scene.parts, scene.takes, strict=True)
            ]
        except recordings.RecordingsMissing as error:
            gone |= {take.source: str(error) for take in scene.takes}
            continue
        _write(folder, scene, *join(parts, scene.gaps))
    for problem in dict.fromkeys(gone.values()):
        say(f"clips of human speech are left out: {problem}")


def _take(take: Take, folder: Path, say: Callable[[str], None]) -> Samples:
    root = recordings.fetch(take.source, folder, say)
    whole = recordings.sound(root, take.entry, HZ)
    return trim(even(whole[round(take.start * HZ) : round(take.end * HZ)]), _NOISE)


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
    what = (_CUT_VERSION, scene, scene.takes) if scene.takes else (_VERSION, scene)
    key = hashlib.sha256(repr(what).encode()).hexdigest()[:24]
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
