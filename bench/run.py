"""The bench's course: start a bot, warm it, let the callers call, take the figures."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import bots, scenes
from bench.callers import Plan
from bench.figures import Level, Patience, level, patience
from bench.gauge import Peak, cpu_seconds, memory_mb, stolen
from bench.interjections import Manners, manners
from bench.stages import stage_medians
from bot.settings import ROOT

RESULTS = ROOT / "bench" / "results"
CLIPS = RESULTS / "clips"
SPREAD_SECONDS = 1.0
"""Calls begin within this time of one another."""
_SETTLE_SECONDS = 2.0
_STEP = 5
"""Neighbouring calls ask different questions: each goes through the list from another place."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What the parts of one run share.

    `say` is told what is done; `clips` are the names of the scenes that have a clip.
    """

    origin: str
    folder: Path
    say: Callable[[str], None]
    clips: frozenset[str]

    def level(self, bot: str, calls: int, turns: int, workers: int = 1) -> Level:
        """Hold `calls` calls at once, of `turns` questions each, on a fresh process."""
        self.say(f"{bot}: {calls} call{'s' if calls > 1 else ''}")
        names = [scene.name for scene in self.having(scenes.questions())]
        scripts = [
            [names[(call * _STEP + turn) % len(names)] for turn in range(turns)]
            for call in range(calls)
        ]
        with self._bot(bot, workers) as running:
            return self._measure(running, scripts, calls)

    def leftover(self, bot: str, calls: int, at_once: int) -> Level:
        """Hold many short calls, `at_once` at a time, to see what they leave behind."""
        self.say(f"{bot}: {calls} short calls, {at_once} at a time")
        names = [scene.name for scene in self.having(scenes.questions())]
        with self._bot(bot, 1) as running:
            scripts = [[names[call % len(names)]] for call in range(calls)]
            return self._measure(running, scripts, at_once)

    def patience(self, bot: str, calls: int, share: int) -> list[Patience]:
        """Play every `share`-th clip with a pause, `calls` calls at a time; both halves."""
        self.say(f"{bot}: clips with pauses")
        halves = {
            half: self.having(scenes.pauses(half))[::share] for half in ("tuning", "held-back")
        }
        names = [scene.name for half in halves.values() for scene in half]
        with self._bot(bot, 1) as running:
            before = os.getloadavg()[0]
            scripts = [names[n::calls] for n in range(calls)]
            reports = self.call(running, scripts, calls)
            load = (before, os.getloadavg()[0])
        return [
            patience(bot, half, {scene.name: scene.kind for scene in found}, reports, load)
            for half, found in halves.items()
        ]

    def manners(self, bot: str, calls: int, share: int) -> Manners:
        """Speak into long answers, `calls` calls at a time: every `share`-th interjection."""
        self.say(f"{bot}: barge-ins, backchannels and coughs")
        said = self.having(scenes.interjections())[::share]
        asked = self.having(scenes.long_questions())
        scripts: list[list[str]] = [[] for _ in range(calls)]
        for number, scene in enumerate(said):
            scripts[number % calls] += [asked[number % len(asked)].name, scene.name]
        with self._bot(bot, 1) as running:
            before = os.getloadavg()[0]
            reports = self.call(running, scripts, calls, interrupting=True)
            load = (before, os.getloadavg()[0])
        return manners(bot, reports, len(said), load)

    def having(self, wanted: Sequence[scenes.Scene]) -> list[scenes.Scene]:
        """Those scenes that have a clip."""
        return [scene for scene in wanted if scene.name in self.clips]

    def _measure(self, bot: bots.Bot, scripts: list[list[str]], at_once: int) -> Level:
        warm, used, before = memory_mb(bot.process), cpu_seconds(bot.process), os.getloadavg()[0]
        stolen_before, all_before = stolen()
        with Peak(bot.process) as peak:
            reports = self.call(bot, scripts, at_once)
        used = cpu_seconds(bot.process) - used
        load = (before, os.getloadavg()[0])
        stolen_after, all_after = stolen()
        time.sleep(_SETTLE_SECONDS)
        return level(
            bot.name,
            reports,
            at_once=at_once,
            cpu=used,
            memory=(warm, peak.mb, memory_mb(bot.process)),
            load=load,
            steal=(stolen_after - stolen_before) / (all_after - all_before),
            workers=bot.workers,
            stages=stage_medians(bot.data / "tandem.db"),
            kinds={scene.name: scene.kind for scene in scenes.questions()},
        )

    @contextlib.contextmanager
    def _bot(self, name: str, workers: int) -> Iterator[bots.Bot]:
        """A fresh process that has held one call."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=name) as folder:
            if name == "tandem":
                start = bots.tandem(self.origin, Path(folder), workers)
            else:
                start = bots.stock24(self.origin, Path(folder))
            with start as bot:
                self.call(bot, [[scenes.questions()[0].name]], 1, hasty=True)
                time.sleep(_SETTLE_SECONDS)
                yield bot

    def call(
        self, bot: bots.Bot, scripts: list[list[str]], at_once: int, **manner: Any
    ) -> list[dict[str, Any]]:
        """Let the callers' process hold calls, in a `manner` of `Plan`; a report of each."""
        plan = Plan(bot.server, bot.webhook, str(CLIPS), scripts, SPREAD_SECONDS, at_once, **manner)
        source, target = self.folder / "plan.json", self.folder / "report.json"
        source.write_text(json.dumps(asdict(plan)))
        subprocess.run(
            [sys.executable, "-m", "bench.callers", str(source), str(target)],
            cwd=ROOT,
            check=True,
        )
        reports: list[dict[str, Any]] = json.loads(target.read_text())
        return reports


@contextlib.contextmanager
def bench(say: Callable[[str], None], clips: frozenset[str]) -> Iterator[Bench]:
    """The bench with its providers running; `clips` are the scenes that there are clips of."""
    with (
        tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder,
        bots.standin(CLIPS, Path(folder)) as origin,
    ):
        yield Bench(origin, Path(folder), say, clips)


def ordered(calls: Sequence[int], stock: Sequence[int]) -> list[tuple[str, int]]:
    """Which bot runs with how many calls, in order: rivals one after the other at each level."""
    return [
        (bot, count)
        for count in calls
        for bot in ("stock24", "tandem")
        if bot == "tandem" or count in stock
    ]
