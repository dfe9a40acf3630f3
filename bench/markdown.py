"""The README's tables out of a kept run."""

from collections.abc import Iterable, Mapping

from bench.bars import Bar, Found, bars
from bench.figures import Level, Patience, percentile
from bench.handoff import Handoff
from bench.interjections import BARGE_IN, Manners, Said
from bench.report import name
from bench.tail import Tail

_SPEED = (
    "bot", "calls", "voice-to-voice p50 / p95 ms", "first audio p50 / p95 ms",
    "CPU ms a call second", "MB a call", "gaps",
)  # fmt: skip
_CUT = ("bot", "half", "cut-ins", "of these on human speech", "then answered p50 / p95 ms")
_SPOKEN = ("bot", "said into its answer", "times", "answers stopped", "bot silent p50 / p95 ms")
_TAIL = ("language model asked", "first token p50 / p99 ms", "extra requests", "no answer")
_NOTES = ("a note by voice", "last word to confirmation p50", "worst", "notes kept")
_TALK = ("while OpenClaw works", "turns", "voice-to-voice p50 / p95 ms")
_BARS = ("bar", "wanted", "measured", "")


def markdown(found: Found, about: Mapping[str, object]) -> str:
    """The tables of a run, as the README shows them; parts that were not run are left out."""
    blocks = []
    if found.levels:
        blocks.append(_table(_SPEED, map(_level, found.levels), 1))
    if found.patience:
        blocks.append(_table(_CUT, map(_half, found.patience), 2))
    if found.manners:
        rows = (_said(bot, said) for bot in found.manners for said in bot.said)
        blocks.append(_table(_SPOKEN, rows, 2))
    if found.tail:
        blocks.append(_table(_TAIL, _tail(found.tail), 1))
    if found.handoff:
        blocks.append(_table(_NOTES, _notes(found.handoff), 1))
        blocks.append(_table(_TALK, _talk(found.handoff), 1))
    blocks.append(_table(_BARS, map(_bar, bars(found)), 1))
    blocks.append(_made(found, about))
    return "\n\n".join(blocks) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], words: int) -> str:
    """A table whose first `words` columns are words, the others numbers."""
    marks = ("---" if n < words else "---:" for n in range(len(head)))
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, tuple(marks), *rows))


def _level(level: Level) -> tuple[str, ...]:
    return (
        name(level),
        str(level.calls),
        f"{level.v2v_p50:.0f} / {level.v2v_p95:.0f}",
        f"{level.first_p50:.0f} / {level.first_p95:.0f}",
        f"{level.cpu_ms:.0f}",
        f"{level.mb_per_call:.1f}",
        str(level.gaps),
    )


def _half(half: Patience) -> tuple[str, ...]:
    cut, clips = half.by_kind.get("human", (0, 0))
    return (
        half.bot,
        half.half,
        f"{len(half.cut)} of {half.clips}",
        f"{cut} of {clips}" if clips else "-",
        f"{half.v2v_p50:.0f} / {half.v2v_p95:.0f}",
    )


def _said(bot: Manners, said: Said) -> tuple[str, ...]:
    silent = f"{said.silent_p50:.0f} / {said.silent_p95:.0f}" if said.kind == BARGE_IN else "-"
    return (bot.bot, said.kind, str(said.count), str(said.stopped), silent)


def _tail(tail: Tail) -> list[tuple[str, ...]]:
    alone, both = (str(count) for count in tail.failed)
    hedged = f"{tail.hedged_p50:.0f} / {tail.hedged_p99:.0f}"
    return [
        ("one alone", f"{tail.alone_p50:.0f} / {tail.alone_p99:.0f}", "-", alone),
        ("two, hedged", hedged, f"{tail.extra * 100:.1f} %", both),
    ]


def _notes(found: Handoff) -> list[tuple[str, ...]]:
    return [
        (
            notes.way,
            f"{notes.p50:.0f} ms",
            f"{max(notes.each):.0f} ms" if notes.each else "-",
            f"{notes.kept} of {notes.wanted}",
        )
        for notes in found.notes
    ]


def _talk(found: Handoff) -> list[tuple[str, ...]]:
    return [
        (what, str(len(times)), f"{percentile(times, 50):.0f} / {percentile(times, 95):.0f}")
        for what, times in found.talk.rows()
    ]


def _bar(bar: Bar) -> tuple[str, ...]:
    words = {True: "met", False: "**not met**", None: "not measured"}
    sign = "<" if bar.strict else "<="
    value = "-" if bar.value is None else f"{bar.value:.3g}"
    return (bar.name, f"{sign} {bar.limit:g} {bar.unit}", value, words[bar.met])


def _made(found: Found, about: Mapping[str, object]) -> str:
    conditions = found.conditions()
    loads = [load for _, pair in conditions for load in pair]
    load = f", load average {min(loads):.1f} to {max(loads):.1f}" if loads else ""
    late = max((late for late, _ in conditions), default=0.0)
    return (
        f"Run {about.get('at', '?')} on {about.get('cores', '?')} cores "
        f"({about.get('machine', '?')}){load}; the callers' own frames left at most "
        f"{late:.0f} ms late (p99)."
    )
