"""The tables on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.bars import Bar, Found, bars
from bench.figures import BEYOND, WHOLE, Level, Patience, percentile
from bench.handoff import Handoff
from bench.interjections import BARGE_IN, Manners
from bench.tail import Tail

_LEVEL_COLUMNS = (
    "calls", "bot", "voice-to-voice\np50 / p95 ms", "first audio\np50 / p95 ms",
    "CPU ms per\ncall second", "MB\na call", "MB\nleft", "gaps", "un-\nanswered",
    "load\naverage", "steal\n%", "callers late\np99 ms",
)  # fmt: skip
_TOO_LATE_MS = 40
"""Two frames."""
_RATIOS = ("v2v_p50", "v2v_p95", "first_p50", "first_p95", "cpu_ms", "mb_per_call")


def show(found: Found, console: Console) -> None:
    """Print every table."""
    if found.levels or found.leftover:
        console.print(_levels(found))
    if any(len(level.by_kind) > 1 for level in found.levels):
        console.print(_kinds(found.levels))
    if found.patience:
        console.print(_patience(found.patience))
    if found.manners:
        console.print(_manners(found.manners))
    if found.tail:
        console.print(_tail(found.tail))
    if found.handoff:
        console.print(_notes(found.handoff))
        console.print(_talk(found.handoff))
    staged = [level for level in found.levels if level.stages]
    if staged:
        console.print(_stages(staged))
    console.print(_bars(bars(found)))
    for problem in _problems(found):
        console.print(f"[red]{problem}[/red]")


def _tail(tail: Tail) -> Table:
    table = Table(title=f"Language model's tail, {tail.turns} turns", title_justify="left")
    for column in ("asked", "first token\np50 / p99 ms", "extra\nrequests %", "no answer"):
        table.add_column(column, justify="left" if column == "asked" else "right")
    alone, both = tail.failed
    table.add_row("one alone", f"{tail.alone_p50:.0f} / {tail.alone_p99:.0f}", "-", str(alone))
    times = f"{tail.hedged_p50:.0f} / {tail.hedged_p99:.0f}"
    table.add_row("two, hedged", times, f"{tail.extra * 100:.1f}", str(both))
    return table


def _notes(found: Handoff) -> Table:
    title = "A note by voice: the last word to the confirmation's first"
    table = Table(title=title, title_justify="left")
    for column in ("brain", "p50 ms", "worst ms", "notes kept", "inferences\nby Claude"):
        table.add_column(column, justify="left" if column == "brain" else "right")
    for notes in found.notes:
        worst = f"{max(notes.each):.0f}" if notes.each else "-"
        kept = f"{notes.kept} of {notes.wanted}"
        table.add_row(notes.way, f"{notes.p50:.0f}", worst, kept, str(notes.inferences))
    return table


def _talk(found: Handoff) -> Table:
    table = Table(title="The conversation while OpenClaw works", title_justify="left")
    for column in ("turns", "count", "voice-to-voice\np50 / p95 ms"):
        table.add_column(column, justify="left" if column == "turns" else "right")
    for what, times in found.talk.rows():
        times_shown = f"{percentile(times, 50):.0f} / {percentile(times, 95):.0f}"
        table.add_row(what, str(len(times)), times_shown)
    return table


def _levels(found: Found) -> Table:
    table = Table(title="Speed and weight", title_justify="left")
    for column in _LEVEL_COLUMNS:
        table.add_column(column, justify="left" if column == "bot" else "right")
    rows = [*found.levels, *found.leftover]
    for level in rows:
        table.add_row(
            str(level.calls),
            name(level),
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


def _kinds(levels: Sequence[Level]) -> Table:
    table = Table(title="Voice-to-voice by speech (p50 / p95 ms)", title_justify="left")
    kinds = list(dict.fromkeys(kind for level in levels for kind in level.by_kind))
    titles = {"question": "synthetic"}
    for column in ("calls", "bot", *(titles.get(kind, kind) for kind in kinds)):
        table.add_column(column, justify="left" if column == "bot" else "right")
    for level in levels:
        cells = []
        for kind in kinds:
            p50, p95, count = level.by_kind.get(kind, (0, 0, 0))
            cells.append(f"{p50:.0f} / {p95:.0f} of {count}" if count else "-")
        table.add_row(str(level.calls), name(level), *cells)
    return table


def name(level: Level) -> str:
    """A level's bot, with its processes if there are several."""
    return level.bot if level.workers == 1 else f"{level.bot}, {level.workers} workers"


def _patience(halves: Sequence[Patience]) -> Table:
    table = Table(title="Patience: heard before the caller was done", title_justify="left")
    kinds = list(dict.fromkeys(kind for half in halves for kind in half.by_kind))
    columns = ("bot", "half", "cut-ins", *kinds, "un-\nanswered", "then answered\np50 / p95 ms")
    for column in (*columns, "load", "callers late\np99 ms"):
        table.add_column(column, justify="left" if column in ("bot", "half") else "right")
    for half in halves:
        table.add_row(
            half.bot,
            half.half,
            f"{len(half.cut)} of {half.clips}",
            *(_share(half.by_kind.get(kind)) for kind in kinds),
            str(half.unanswered),
            f"{half.v2v_p50:.0f} / {half.v2v_p95:.0f}",
            f"{half.load[0]:.1f}-{half.load[1]:.1f}",
            f"{half.late_p99:.0f}",
        )
    return table


def _share(cut: tuple[int, int] | None) -> str:
    return "-" if cut is None else f"{cut[0]}/{cut[1]}"


def _manners(found: Sequence[Manners]) -> Table:
    table = Table(title="Spoken into the bot's answer", title_justify="left")
    columns = (
        "bot",
        "said",
        "times",
        "answer stopped",
        "begun anew",
        "interrupted for\np50 / max ms",
    )
    for column in (*columns, "silent after\np50 / p95 ms", "load", "callers late\np99 ms"):
        table.add_column(column, justify="left" if column in ("bot", "said") else "right")
    for bot in found:
        for said in bot.said:
            barge = said.kind == BARGE_IN
            table.add_row(
                bot.bot,
                said.kind,
                str(said.count),
                str(said.stopped),
                str(said.again),
                "" if barge else _pauses(said.pauses),
                f"{said.silent_p50:.0f} / {said.silent_p95:.0f}" if said.silent else "-",
                f"{bot.load[0]:.1f}-{bot.load[1]:.1f}",
                f"{bot.late_p99:.0f}",
            )
    return table


def _pauses(pauses: Sequence[float]) -> str:
    if not pauses:
        return "never"
    return f"{len(pauses)} times: {percentile(pauses, 50):.0f} / {max(pauses):.0f}"


def _stages(levels: Sequence[Level]) -> Table:
    title = "Where a turn's time goes (what each stage adds to the wait, median ms, Tandem)"
    table = Table(title=title, title_justify="left")
    names = list(dict.fromkeys(name for level in levels for name in level.stages))
    names.sort(key=lambda stage: (stage == WHOLE) + 2 * (stage == BEYOND))
    titles = {WHOLE: "as the\nserver sees it", BEYOND: "network\nand playing"}
    for column in ("calls", *(titles.get(stage, stage) for stage in names), "heard by\nthe caller"):
        table.add_column(column, justify="right")
    for level in levels:
        values = (f"{level.stages[name]:.0f}" if name in level.stages else "-" for name in names)
        calls = (
            str(level.calls) if level.workers == 1 else f"{level.calls}, {level.workers} workers"
        )
        table.add_row(calls, *values, f"{level.v2v_p50:.0f}")
    return table


def _bars(found: Sequence[Bar]) -> Table:
    table = Table(title="Bars", title_justify="left")
    for column in ("bar", "measured", "wanted", ""):
        table.add_column(column, justify="left" if column in ("bar", "") else "right")
    for bar in found:
        if bar.met is not None:
            sign = "<" if bar.strict else "<="
            word = "[green]met[/green]" if bar.met else "[red]not met[/red]"
            table.add_row(bar.name, f"{bar.value:.3g}", f"{sign} {bar.limit:g} {bar.unit}", word)
    unknown = sum(1 for bar in found if bar.met is None)
    if unknown:
        table.caption = f"{unknown} of {len(found)} bars were not measured in this run"
    return table


def _problems(found: Found) -> list[str]:
    problems = []
    for level in (*found.levels, *found.leftover):
        problems += [f"{level.bot}, {level.calls} calls: {error}" for error in level.errors]
    for half in found.patience:
        problems += [f"{half.bot}, {half.half}: {error}" for error in half.errors]
    for bot in found.manners:
        problems += [f"{bot.bot}, spoken into: {error}" for error in bot.errors]
        if bot.unanswered:
            problems.append(f"{bot.bot}: {bot.unanswered} long answers never came")
    problems += found.handoff.problems if found.handoff else []
    late = max((late for late, _ in found.conditions()), default=0.0)
    if late > _TOO_LATE_MS:
        problems.append(
            f"the machine was too busy for its callers: their frames left up to {late:.0f} ms late "
            f"(p99; up to {_TOO_LATE_MS} is sound), so delays are too long for both bots"
        )
    return list(dict.fromkeys(problems))
