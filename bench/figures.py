"""From callers' reports to figures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

WHOLE = "voice_to_voice"
"""The stage that is the sum of the others: voice-to-voice as the server sees it."""
BEYOND = "network and playing"
"""What the caller waits beyond that."""


@dataclass(frozen=True, slots=True)
class Level:
    """One bot with so many calls at once. Milliseconds, MB (10^6 bytes).

    `load`: the machine's load average (1 minute) before and after; `steal`: the share of CPU time
    that the machine's host took away meanwhile; `late_p99`: how late the callers' own frames were
    sent, which is the bench's own noise. `stages`: median of each stage of a turn. `by_kind`: for
    each kind of speech its median and 95th percentile of voice-to-voice, and how many answers.
    `each`: every utterance and its voice-to-voice time.
    """

    bot: str
    calls: int
    turns: int
    unanswered: int
    v2v_p50: float
    v2v_p95: float
    first_p50: float
    first_p95: float
    cpu_ms: float
    mb_per_call: float
    mb_warm: float
    mb_left: float
    gaps: int
    interruptions: int
    errors: list[str]
    late_p99: float
    load: tuple[float, float]
    steal: float = 0.0
    workers: int = 1
    stages: dict[str, float] = field(default_factory=dict)
    by_kind: dict[str, tuple[float, float, int]] = field(default_factory=dict)
    each: list[tuple[str, float | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Patience:
    """One bot on the pause clips of one half.

    `cut`: names of the clips in which the bot was heard before the caller was done.
    """

    bot: str
    half: str
    clips: int
    cut: list[str]
    unanswered: int
    v2v_p50: float
    v2v_p95: float
    by_kind: dict[str, tuple[int, int]]
    errors: list[str]
    load: tuple[float, float]
    each: list[tuple[str, float | None]] = field(default_factory=list)
    late_p99: float = 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` percent lie, by linear interpolation; nan of none."""
    return float(np.percentile(values, share)) if len(values) else float("nan")


def level(
    bot: str,
    reports: Sequence[dict[str, Any]],
    *,
    at_once: int,
    cpu: float,
    memory: tuple[float, float, float],
    load: tuple[float, float],
    steal: float = 0.0,
    workers: int = 1,
    stages: dict[str, float] | None = None,
    kinds: Mapping[str, str] | None = None,
) -> Level:
    """The figures of one level.

    Args:
        bot: Its name.
        reports: One of each call, as `bench.callers` writes them.
        at_once: How many calls were held at a time.
        cpu: Seconds of CPU that the bot used meanwhile.
        memory: MB of the warm server, at the peak, and afterwards.
        load: Load average before and after.
        steal: Share of CPU time that the host took away.
        workers: The bot's processes.
        stages: Median milliseconds of each stage of a turn, if known.
        kinds: The kind of each utterance's speech, by its name.
    """
    turns = [turn for report in reports for turn in report["turns"]]
    answers = [turn["answer"] * 1000 for turn in turns if turn["answer"] is not None]
    first = [r["first_audio"] * 1000 for r in reports if r["first_audio"] is not None]
    late = [late * 1000 for report in reports for late in report["late"]]
    seconds = sum(report["seconds"] for report in reports)
    warm, peak, left = memory
    return Level(
        bot=bot,
        calls=len(reports),
        turns=len(turns),
        unanswered=_unanswered(turns),
        v2v_p50=percentile(answers, 50),
        v2v_p95=percentile(answers, 95),
        first_p50=percentile(first, 50),
        first_p95=percentile(first, 95),
        cpu_ms=cpu * 1000 / seconds if seconds else float("nan"),
        mb_per_call=(peak - warm) / at_once,
        mb_warm=warm,
        mb_left=left - warm,
        gaps=sum(len(report["gaps"]) for report in reports),
        interruptions=sum(1 for turn in turns if turn["cut_in"] > 0),
        errors=_errors(reports),
        late_p99=percentile(late, 99),
        load=load,
        steal=steal,
        workers=workers,
        stages=_beyond(stages or {}, percentile(answers, 50)),
        by_kind=_by_kind(turns, kinds or {}),
        each=_each(turns),
    )


def patience(
    bot: str,
    half: str,
    kinds: dict[str, str],
    reports: Sequence[dict[str, Any]],
    load: tuple[float, float],
) -> Patience:
    """The cut-ins on the clips of one half.

    Args:
        bot: Its name.
        half: Which half.
        kinds: The kind of each of its clips, by name; others are passed over.
        reports: One of each call.
        load: Load average before and after.
    """
    turns = [t for report in reports for t in report["turns"] if t["scene"] in kinds]
    cut = [turn["scene"] for turn in turns if turn["cut_in"] > 0]
    answers = [turn["answer"] * 1000 for turn in turns if turn["answer"] is not None]
    by_kind = {
        kind: (
            sum(1 for name in cut if kinds[name] == kind),
            sum(1 for turn in turns if kinds[turn["scene"]] == kind),
        )
        for kind in dict.fromkeys(kinds.values())
    }
    return Patience(
        bot=bot,
        half=half,
        clips=len(turns),
        cut=sorted(cut),
        unanswered=_unanswered(turns),
        v2v_p50=percentile(answers, 50),
        v2v_p95=percentile(answers, 95),
        by_kind=by_kind,
        errors=_errors(reports),
        load=load,
        each=_each(turns),
        late_p99=percentile([late * 1000 for report in reports for late in report["late"]], 99),
    )


def _beyond(stages: dict[str, float], heard: float) -> dict[str, float]:
    """The stages with what the caller waited more than the server saw."""
    return stages | {BEYOND: heard - stages[WHOLE]} if WHOLE in stages else stages


def _by_kind(
    turns: Iterable[dict[str, Any]], kinds: Mapping[str, str]
) -> dict[str, tuple[float, float, int]]:
    answers: dict[str, list[float]] = {}
    for turn in turns:
        if turn["answer"] is not None and turn["scene"] in kinds:
            answers.setdefault(kinds[turn["scene"]], []).append(turn["answer"] * 1000)
    return {
        kind: (percentile(found, 50), percentile(found, 95), len(found))
        for kind, found in sorted(answers.items())
    }


def _each(turns: Iterable[dict[str, Any]]) -> list[tuple[str, float | None]]:
    return [
        (turn["scene"], None if turn["answer"] is None else round(turn["answer"] * 1000, 1))
        for turn in turns
    ]


def _unanswered(turns: Iterable[dict[str, Any]]) -> int:
    return sum(1 for turn in turns if turn["answer"] is None and not turn["over"])


def _errors(reports: Iterable[dict[str, Any]]) -> list[str]:
    return sorted({report["error"] for report in reports if report["error"]})
