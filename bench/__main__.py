"""`python -m bench`: both bots on the same providers, one after the other, in one table."""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.bars import Found, bars
from bench.clips import load
from bench.handoff import ROUNDS, handoff
from bench.kept import about, read, save
from bench.markdown import markdown
from bench.plot import draw
from bench.report import show
from bench.run import CLIPS, RESULTS, Bench, bench, ordered
from bench.scenes import everything
from bench.tail import tail
from bench.untouched import renewal, switches
from bot.errors import TandemError
from bot.settings import ROOT, known_variables

_CALLS, _STOCK_CALLS, _WORKERS_CALLS = (1, 8, 14, 30, 60), (1, 8, 14), (1, 8, 14, 30, 60)
_QUICK_CALLS = (1, 8)
_TURNS, _QUICK_TURNS, _LONE_FACTOR = 4, 2, 2
_PAUSE_CALLS, _QUICK_PAUSE_CALLS = 4, 6
_MANNERS_CALLS = 4
_QUICK_ROUNDS = 1
_LEFTOVER_CALLS, _LEFTOVER_AT_ONCE = 50, 8
_SHARE = 4
"""A quick run plays one clip of so many."""
_PARTS = ("speed", "workers", "patience", "barge", "memory", "untouched", "tail", "handoff")
_WITHOUT_CALLS = {"tail"}
_WIDTH = 132
"""Characters that the widest table takes."""


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--calls", type=_numbers, help="calls at once, as 1,8,14,30,60")
    parser.add_argument("--turns", type=int, help="questions in a call")
    parser.add_argument("--quick", action="store_true", help="1 and 8 calls, a few clips: 5 min")
    parser.add_argument(
        "--only", choices=_PARTS, action="append", help="only this part; may be given again"
    )
    parser.add_argument(
        "--against",
        metavar="FILE",
        type=Path,
        help="take stock24 from an earlier run's JSON instead of running it: for work on Tandem, "
        "not for a claim",
    )
    parser.add_argument(
        "--markdown",
        metavar="FILE",
        type=Path,
        help="run nothing: print the README's tables out of an earlier run's JSON",
    )
    return parser


class _Course:
    """What a run does, by its options; `found` grows as it goes."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._quick: bool = options.quick
        self._rivals = ("tandem",) if options.against else ("stock24", "tandem")
        self.found = _stock_of(read(options.against)) if options.against else Found([], [])

    @property
    def parts(self) -> set[str]:
        """What was asked for."""
        return set(self._options.only or (("speed", "patience") if self._quick else _PARTS))

    def go_without_calls(self, say: Callable[[str], None]) -> None:
        """Do the parts that need no call, and so neither clips nor bots."""
        if "tail" in self.parts:
            with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
                self.found = replace(self.found, tail=tail(say, Path(folder)))

    def go(self, run: Bench) -> None:
        """Do every part that was asked for and takes calls."""
        parts = self.parts
        if "speed" in parts:
            self._speed(run)
        if "workers" in parts:
            self._workers(run)
        if "patience" in parts:
            self._patience(run)
        if "barge" in parts:
            self._manners(run)
        if "memory" in parts:
            left = run.leftover("tandem", _LEFTOVER_CALLS, _LEFTOVER_AT_ONCE)
            self.found = replace(self.found, leftover=[*self.found.leftover, left])
        if "untouched" in parts:
            both = [switches(run.origin, run.say), renewal(run.origin, run.say)]
            self.found = replace(self.found, untouched=both)
        if "handoff" in parts:
            rounds = _QUICK_ROUNDS if self._quick else ROUNDS
            self.found = replace(self.found, handoff=handoff(run, rounds))

    def _turns(self, calls: int) -> int:
        usual: int = self._options.turns or (_QUICK_TURNS if self._quick else _TURNS)
        return usual * _LONE_FACTOR if calls == 1 else usual

    def _level(self, run: Bench, bot: str, calls: int, workers: int = 1) -> None:
        level = run.level(bot, calls, self._turns(calls), workers)
        self.found = replace(self.found, levels=[*self.found.levels, level])

    def _speed(self, run: Bench) -> None:
        calls = self._options.calls or (_QUICK_CALLS if self._quick else _CALLS)
        for bot, count in ordered(calls, _STOCK_CALLS if "stock24" in self._rivals else ()):
            self._level(run, bot, count)

    def _workers(self, run: Bench) -> None:
        if "WORKERS" not in known_variables():
            run.say("tandem has no setting WORKERS: its curve with two processes is left out")
            return
        for count in self._options.calls or _WORKERS_CALLS:
            self._level(run, "tandem", count, 2)

    def _patience(self, run: Bench) -> None:
        at_once = _QUICK_PAUSE_CALLS if self._quick else _PAUSE_CALLS
        for bot in self._rivals:
            more = run.patience(bot, at_once, _SHARE if self._quick else 1)
            self.found = replace(self.found, patience=[*self.found.patience, *more])

    def _manners(self, run: Bench) -> None:
        for bot in self._rivals:
            more = run.manners(bot, _MANNERS_CALLS, _SHARE if self._quick else 1)
            self.found = replace(self.found, manners=[*self.found.manners, more])


def _stock_of(found: Found) -> Found:
    return Found(
        [level for level in found.levels if level.bot == "stock24"],
        [half for half in found.patience if half.bot == "stock24"],
        manners=[manners for manners in found.manners if manners.bot == "stock24"],
    )


def _interrupted(*_: object) -> None:
    """End as by Ctrl-C: what was started is stopped."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; the exit code says whether every bar that was measured is met."""
    options = _parser().parse_args(arguments)
    if options.markdown:
        print(markdown(read(options.markdown), about(options.markdown)), end="")
        return 0
    console = Console()
    if console.width < _WIDTH:
        console = Console(width=_WIDTH)
    signal.signal(signal.SIGTERM, _interrupted)
    began, stamp = time.monotonic(), datetime.now(UTC).strftime("%Y%m%d-%H%M%S")

    def say(line: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s  {line}[/dim]")

    try:
        course = _Course(options)
        if (ROOT / ".env").exists():
            say("there is a .env: it applies to tandem where the bench sets nothing itself")
        course.go_without_calls(say)
        if course.parts - _WITHOUT_CALLS:
            clips = load(everything(), CLIPS, say)
            with bench(say, frozenset(clip.scene.name for clip in clips)) as run:
                course.go(run)
    except TandemError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("stopped")
        return 130
    _finish(course.found, options, stamp, time.monotonic() - began, console)
    return 0 if all(bar.met is not False for bar in bars(course.found)) else 1


def _finish(
    found: Found, options: argparse.Namespace, stamp: str, seconds: float, console: Console
) -> None:
    """Keep everything, print the tables and draw the curve."""
    machine = {
        "at": stamp,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "seconds": round(seconds),
        "arguments": {name: str(value) for name, value in vars(options).items() if value},
    }
    path = RESULTS / f"{stamp}.json"
    save(found, machine, path)
    show(found, console)
    if found.levels:
        draw(found.levels, path.with_suffix(".svg"))
        console.print(f"curve: {path.with_suffix('.svg')}")
    console.print(f"everything: {path}")


if __name__ == "__main__":
    sys.exit(main())
