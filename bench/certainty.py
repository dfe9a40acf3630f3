"""`python -m bench.certainty`: what `pipelines.turn_end` decides at every clip's pause and end.

Without a call: for each clip the words so far, Smart Turn's certainty, and the hold that both give.
A pause is survived if the hold is longer. Everything is done twice: with the clip's own words, and
with what the embedded Whisper writes for each stretch of speech. Tune on the half "tuning" alone;
the lines of the other half are printed only if asked for.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import soxr
from loguru import logger
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3

from bench import clips, transcripts
from bench.clips import HZ, Clip, Samples
from bench.run import CLIPS
from bench.scenes import everything
from pipelines.turn_end import Evidence, judge

Variant = Literal["said", "heard"]

LANGUAGE = "en"
ASKED = "How can I help you?"
"""The end of the greeting, which is what the bench's callers have heard."""
_MODEL_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Moment:
    """A silence of the caller and what is decided at it.

    `half`: or "questions", said in one breath, or "others", said while the bot speaks. `words`:
    the clip's own ("said") or the transcript's ("heard"). `gap`: the silence in seconds,
    None at the clip's end. `certainty`: Smart Turn's, 0 to 1. `hold`: seconds.
    """

    scene: str
    half: str
    kind: str
    variant: Variant
    words: str
    gap: float | None
    certainty: float
    hold: float
    shape: str
    reason: str

    @property
    def survived(self) -> bool:
        """Whether the caller can go on after this silence; at an end nothing is to survive."""
        return self.gap is None or self.hold > self.gap


def moments(
    clip: Clip, texts: Sequence[str], variant: Variant, sure: Sequence[float]
) -> list[Moment]:
    """Every silence of one clip.

    Args:
        clip: The clip.
        texts: What is said, or was heard, in each of its stretches.
        variant: Which of both.
        sure: Smart Turn's certainty after each stretch.
    """
    scene = clip.scene
    found: list[Moment] = []
    survived: tuple[float, ...] = ()
    parts = transcripts.stretches(clip)
    for number, (part, certainty) in enumerate(zip(parts, sure, strict=True)):
        words = " ".join(text for text in texts[: number + 1] if text)
        verdict = judge(Evidence(words, certainty, ASKED, survived), LANGUAGE)
        moment = Moment(
            scene=scene.name,
            half=scene.half or ("questions" if scene.kind == "question" else "others"),
            kind=scene.kind,
            variant=variant,
            words=words,
            gap=part.gap,
            certainty=certainty,
            hold=verdict.hold,
            shape=verdict.shape,
            reason=verdict.reason,
        )
        found.append(moment)
        if moment.gap is not None and moment.survived:
            survived += (moment.gap,)
    return found


def every_moment(loaded: Sequence[Clip]) -> Iterator[Moment]:
    """All clips in both variants."""
    model = LocalSmartTurnAnalyzerV3()
    for clip, heard in zip(loaded, transcripts.load(loaded, CLIPS, print), strict=True):
        parts = transcripts.stretches(clip)
        sure = [_ask(model, clip.pcm[: part.end]) for part in parts]
        yield from moments(clip, [part.text for part in parts], "said", sure)
        yield from moments(clip, heard, "heard", sure)


def summary(found: Iterable[Moment], half: str, variant: Variant) -> dict[str, Any]:
    """One half's figures: cut-ins by kind, and the holds at the ends in s."""
    chosen = [moment for moment in found if (moment.half, moment.variant) == (half, variant)]
    pauses = [moment for moment in chosen if moment.gap is not None]
    cut = Counter(moment.kind for moment in pauses if not moment.survived)
    of = Counter(moment.kind for moment in pauses)
    ends = [moment.hold for moment in chosen if moment.gap is None]
    return {
        "pauses": len(pauses),
        "cut_ins": sum(cut.values()),
        "by_kind": {kind: f"{cut[kind]}/{of[kind]}" for kind in sorted(of)},
        "end_p50": float(np.percentile(ends, 50)) if ends else None,
        "end_p95": float(np.percentile(ends, 95)) if ends else None,
    }


def _ask(model: LocalSmartTurnAnalyzerV3, pcm: Samples) -> float:
    line = transcripts.telephone(pcm).astype(np.float32) / 32768
    return float(model._predict_endpoint(soxr.resample(line, HZ, _MODEL_HZ))["probability"])


def _line(moment: Moment) -> str:
    if moment.gap is None:
        gap, fate = "end  ", "   "
    else:
        gap, fate = f"{moment.gap:.1f} s", "ok " if moment.survived else "CUT"
    return (
        f"{fate} {gap} hold {moment.hold:.2f} {moment.shape:10} sure {moment.certainty:.2f} "
        f"{moment.scene:26} {moment.words}  [{moment.reason}]"
    )


def _figures(half: str, variant: str, figures: dict[str, Any]) -> str:
    held = "no ends"
    if figures["end_p50"] is not None:
        held = f"hold at the end p50 {figures['end_p50']:.2f} p95 {figures['end_p95']:.2f} s"
    kinds = ", ".join(f"{kind} {share}" for kind, share in figures["by_kind"].items())
    cut = f"cut in at {figures['cut_ins']} of {figures['pauses']} pauses ({kinds}); "
    return f"{half:10} {variant:5} {cut if figures['pauses'] else ''}{held}"


def main() -> None:
    """Print a line for every moment, then the figures of each half."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--held-back", action="store_true", help="show that half's words as well")
    options = parser.parse_args()
    logger.remove()
    found = list(every_moment(clips.load(everything(), CLIPS, print)))
    for variant in ("said", "heard"):
        for moment in found:
            if moment.variant != variant or (moment.half == "held-back" and not options.held_back):
                continue
            print(json.dumps(asdict(moment)) if options.json else _line(moment))
    if options.json:
        return
    for half in ("questions", "tuning", "held-back"):
        for each in ("said", "heard"):
            print(_figures(half, each, summary(found, half, each)))


if __name__ == "__main__":
    main()
