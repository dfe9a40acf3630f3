"""What the embedded Whisper writes for each stretch of a clip; kept beside the clips.

A segmented STT hears a stretch alone, from pause to pause, over the telephone. An unfinished clause
comes out of it with a full stop or a question mark, which is what turn taking has to live with.
"""

import asyncio
import hashlib
import io
import json
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openai

from bench.clips import HZ, Clip, Samples
from bot.providers import Stage
from bot.speech.embedded.options import DEFAULT_CACHE
from bot.speech.embedded.supervisor import EmbeddedSupervisor
from bot.telephony import mulaw

AROUND = (0.5, 0.22)
"""Seconds of silence around a stretch as a call hands it on: VAD's start and stop."""
SHORTEST = 0.25
"""Seconds of silence that VAD takes for one."""
_READY_SECONDS = 900
_VERSION = "2"


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a clip has between two silences that voice activity detection notices.

    `start`, `end`: samples. `gap`: seconds of silence after it, None at the clip's end.
    """

    text: str
    start: int
    end: int
    gap: float | None


def stretches(clip: Clip) -> list[Stretch]:
    """A clip's stretches of speech, by its words' times."""
    scene = clip.scene
    found: list[Stretch] = []
    texts: list[str] = []
    first = at = 0
    for number, part in enumerate(scene.parts):
        texts.append(part)
        at += len(part.split())
        last = number == len(scene.parts) - 1
        if not last and scene.gaps[number] < SHORTEST:
            continue
        start = round(clip.words[first].start * HZ) if first else 0
        end = len(clip.pcm) if last else round(clip.words[at - 1].end * HZ)
        gap = None if last else scene.gaps[number]
        found.append(Stretch(" ".join(texts), start, end, gap))
        texts, first = [], at
    return found


def telephone(pcm: Samples) -> Samples:
    """The sound with silence around it, after µ-law coding."""
    before, after = (np.zeros(round(seconds * HZ), np.int16) for seconds in AROUND)
    sound = np.concatenate([before, pcm, after])
    return np.frombuffer(mulaw.decode(mulaw.encode(sound.tobytes())), np.int16)


def load(clips: Sequence[Clip], folder: Path, say: Callable[[str], None]) -> list[list[str]]:
    """For each clip its stretches' transcripts; those that are not kept in `folder` are made now.

    Raises:
        EmbeddedError: the sidecar does not start.
    """
    missing = [clip for clip in clips if not _path(folder, clip).exists()]
    if missing:
        say(f"transcribing {len(missing)} clips with the embedded STT (once)")
        asyncio.run(_transcribe(missing, folder, say))
    return [json.loads(_path(folder, clip).read_text()) for clip in clips]


async def _transcribe(clips: Sequence[Clip], folder: Path, say: Callable[[str], None]) -> None:
    hearing: tuple[Stage, ...] = ("stt",)
    sidecar = EmbeddedSupervisor(hearing, DEFAULT_CACHE, progress=say)
    await sidecar.start()
    try:
        await sidecar.wait_ready(_READY_SECONDS)
        async with openai.AsyncOpenAI(base_url=sidecar.base_url, api_key="none") as client:
            for clip in clips:
                texts = [
                    await _text(client, clip.pcm[each.start : each.end]) for each in stretches(clip)
                ]
                part = _path(folder, clip).with_suffix(".part")
                part.write_text(json.dumps(texts))
                part.replace(_path(folder, clip))
    finally:
        await sidecar.stop()


async def _text(client: openai.AsyncOpenAI, pcm: Samples) -> str:
    answer = await client.audio.transcriptions.create(
        model="stt", file=("part.wav", _wav(telephone(pcm))), language="en", temperature=0.0
    )
    return answer.text.strip()


def _wav(pcm: Samples) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(HZ)
        file.writeframes(pcm.tobytes())
    return data.getvalue()


def _path(folder: Path, clip: Clip) -> Path:
    key = hashlib.sha256(_VERSION.encode() + repr(clip.scene).encode() + clip.pcm.tobytes())
    return folder / f"{clip.scene.name}-{key.hexdigest()[:24]}.heard.json"
