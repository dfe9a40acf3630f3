"""The tables on the terminal, and the same as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.bars import Bar, Found, bars
from bench.figures import Level, Patience

_LEVEL_COLUMNS = (
    "calls", "bot", "voice-to-voice\np50 / p95 ms", "first audio\np50 / p95 ms",
    "CPU ms per\ncall second", "MB\na call", "MB\nleft", "gaps", "un-\nanswered",
    "load\naverage", "steal\n%", "callers late\np99 ms",
)  # fmt: skip
_RATIOS = ("v2v_p50", "v2v_p95", "first_p50", "first_p95", "cpu_ms", "mb_per_call")


def show(found: Found, console: Console) -> None:
    """Print every table."""
    console.print(_levels(found))
    if found.patience:
        console.print(_patience(found.patience))
    staged = [level for level in found.levels if level.stages]
    if staged:
        console.print(_stages(staged))
    console.print(_bars(bars(found)))
    for problem in _problems(found):
        console.print(f"[red]{problem}[/red]")


def save(found: Found, about: Mapping[str, object], path: Path) -> None:
    """Write everything that was measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(
            {
                "about": about,
                "levels": [asdict(level) for level in found.levels],
                "patience": [asdict(half) for half in found.patience],
                "leftover": [asdict(level) for level in found.leftover],
                "bars": [asdict(bar) | {"met": bar.met} for bar in bars(found)],
            },
            indent=1,
        )
    )


def read(path: Path) -> Found:
    """What an earlier run measured."""
    kept = json.loads(path.read_text())
    return Found(
        [Level(**level) for level in kept["levels"]],
        [Patience(**half) for half in kept["patience"]],
        [Level(**level) for level in kept["leftover"]],
    )


def _levels(found: Found) -> Table:
    table = Table(title="Speed and weight", title_justify="left")
    for column in _LEVEL_COLUMNS:
        table.add_column(column, justify="left" if column == "bot" else "right")
    rows = [*found.levels, *found.leftover]
    for level in rows:
        table.add_row(
            str(level.calls),
            level.bot if level.workers == 1 else f"{level.bot}, {level.workers} workers",
            f"{level.v2v_p50:.0f} / {level.v2v_p95:.0f}",
            f"{level.first_p50:.0f} / {level.first_p95:.0f}",
            f"{level.cpu_ms:.0f}",
            f"{level.mb_per_call:.1f}",
            f"{level.mb_left:.0f}",
            str(level.gaps),
            str(level.unanswered),
            f"{level.load[0]:.1f}-{level.load[1]:.1f}",
            f"{level.steal * 100:.0f}",
            f"{level.late_p99:.0f}",
        )
        if level.bot == "tandem" and level.workers == 1 and level in found.levels:
            _ratio_row(table, found, level.calls)
    return table


def _ratio_row(table: Table, found: Found, calls: int) -> None:
    ratios = [found.ratio(calls, name) for name in _RATIOS]
    if ratios[0] is None:
        return
    a, b, c, d, cpu, memory = ("-" if r is None else f"{r:.2f}" for r in ratios)
    row = ("", "  ratio", f"{a} / {b}", f"{c} / {d}", cpu, memory, *[""] * 6)
    table.add_row(*row, style="bold", end_section=True)


def _patience(halves: Sequence[Patience]) -> Table:
    table = Table(title="Patience: heard before the caller was done", title_justify="left")
    kinds = list(halves[0].by_kind)
    for column in ("bot", "half", "cut-ins", *kinds, "then answered\np50 / p95 ms", "load"):
        table.add_column(column, justify="left" if column in ("bot", "half") else "right")
    for half in halves:
        table.add_row(
            half.bot,
            half.half,
            f"{len(half.cut)} of {half.clips}",
            *("{}/{}".format(*half.by_kind[kind]) for kind in kinds),
            f"{half.v2v_p50:.0f} / {half.v2v_p95:.0f}",
            f"{half.load[0]:.1f}-{half.load[1]:.1f}",
        )
    return table


def _stages(levels: Sequence[Level]) -> Table:
    table = Table(title="Where a turn's time goes (median ms, Tandem)", title_justify="left")
    names = list(dict.fromkeys(name for level in levels for name in level.stages))
    for column in ("calls", *names):
        table.add_column(column, justify="right")
    for level in levels:
        values = (f"{level.stages[name]:.0f}" if name in level.stages else "-" for name in names)
        table.add_row(str(level.calls), *values)
    return table


def _bars(found: Sequence[Bar]) -> Table:
    table = Table(title="Bars", title_justify="left")
    for column in ("bar", "measured", "wanted", ""):
        table.add_column(column, justify="left" if column in ("bar", "") else "right")
    words = {True: "[green]met[/green]", False: "[red]not met[/red]", None: "not measured"}
    for bar in found:
        value = "-" if bar.value is None else f"{bar.value:.3g}"
        sign = "<" if bar.strict else "<="
        table.add_row(bar.name, value, f"{sign} {bar.limit:g} {bar.unit}", words[bar.met])
    return table


def _problems(found: Found) -> list[str]:
    problems = []
    for level in (*found.levels, *found.leftover):
        problems += [f"{level.bot}, {level.calls} calls: {error}" for error in level.errors]
    for half in found.patience:
        problems += [f"{half.bot}, {half.half}: {error}" for error in half.errors]
    return list(dict.fromkeys(problems))
