"""`python -m bench.certainty`: what Smart Turn thinks of every clip, at its pause and at its end.

The raw material of the decision whether a turn is over, without a call: for each clip the words so
far, the silence that follows them and the model's certainty that the caller has finished. Tune on
the half "tuning" alone.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import soxr
from loguru import logger
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

from bench.clips import HZ, Clip, Samples, load
from bench.run import CLIPS
from bench.scenes import everything
from bot.telephony import mulaw

_MODEL_HZ = 16_000
_BEFORE, _AFTER = 0.5, 0.22
"""Seconds of silence around the speech when a call asks the model: VAD's start and stop."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A silence of the caller.

    `gap`: its length in seconds, or None for the end of the clip. `certainty`: from 0 to 1, that
    the caller has finished.
    """

    scene: str
    half: str
    kind: str
    words: str
    gap: float | None
    certainty: float


def moments(clips: list[Clip]) -> Iterator[Moment]:
    """Every pause and every end, as heard over a telephone."""
    model = LocalSmartTurnAnalyzerV3()
    for clip in clips:
        scene = clip.scene
        at = 0
        for number, part in enumerate(scene.parts):
            at += len(part.split())
            last = number == len(scene.parts) - 1
            end = len(clip.pcm) if last else round(clip.words[at - 1].end * HZ)
            yield Moment(
                scene=scene.name,
                half=scene.half or "",
                kind=scene.kind,
                words=" ".join(word.text for word in clip.words[:at]),
                gap=None if last else scene.gaps[number],
                certainty=_ask(model, clip.pcm[:end]),
            )


def _ask(model: LocalSmartTurnAnalyzerV3, pcm: Samples) -> float:
    before, after = (np.zeros(round(s * HZ), np.int16) for s in (_BEFORE, _AFTER))
    sound = np.concatenate([before, pcm, after])
    line = np.frombuffer(mulaw.decode(mulaw.encode(sound.tobytes())), np.int16)
    heard = soxr.resample(line.astype(np.float32) / 32768, HZ, _MODEL_HZ)
    return float(model._predict_endpoint(heard)["probability"])


def main() -> None:
    """Print a line for every moment."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    as_json = parser.parse_args().json
    logger.remove()
    for moment in moments(load(everything(), CLIPS, print)):
        if as_json:
            print(json.dumps(asdict(moment)))
        else:
            gap = "end " if moment.gap is None else f"{moment.gap:.1f} s"
            print(f"{moment.certainty:.3f}  {gap}  {moment.scene:28} {moment.words}")


if __name__ == "__main__":
    main()
