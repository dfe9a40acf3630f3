"""Two brains beside one: a note by voice, and the conversation while OpenClaw works.

The gateway is the real one, its Claude a stand-in with fixed delays. A note is timed from the
caller's last word to the first word of the confirmation, with the fast model in front and with
every inference through the gateway; where a note is not in the store, the figure is void. Then one
conversation is held with no task under way and with three.
"""

import json
import os
import sqlite3
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import bots, scenes
from bench.figures import percentile
from bench.handoff_minds import CONFIRMED, content
from bench.run import Bench
from tests.openclaw.real_gateway import TOKEN, RealGateway

HYBRID, THROUGH = "hybrid", "all through OpenClaw"
ROUNDS, QUESTIONS = 2, 8
"""Conversations of each kind, and questions in each."""
_WAYS = {
    HYBRID: {"BOT_HYBRID_LLM": "true"},
    # The agent without tools of its own; and no other model stands by.
    THROUGH: {"BOT_HYBRID_LLM": "false", "OPENCLAW_AGENT": "voice", "LLM_PROVIDERS": ""},
}
_AT_WORK_SECONDS = 60.0
"""A step of a job takes about five."""
_LEAST_INFERENCES = 2
"""Of Claude's for one note: the tool call, and the confirmation."""


@dataclass(frozen=True, slots=True)
class Notes:
    """Notes taken one way. `each`: ms from the last word to the confirmation, of those confirmed.

    `wanted`: how many were asked for, `kept`: how many of those are in the store; `inferences`:
    how many Claude made for them; `late_p99`: ms by which the caller's own frames left late.
    """

    way: str
    each: list[float]
    wanted: int
    kept: int
    inferences: int
    errors: list[str]
    late_p99: float

    @property
    def problems(self) -> list[str]:
        """Why the figure is void; none if it counts."""
        found = list(self.errors)
        if self.kept < self.wanted:
            found.append(f"{self.wanted - self.kept} of {self.wanted} notes are not in the store")
        if len(self.each) < self.wanted:
            found.append(f"{self.wanted - len(self.each)} of {self.wanted} were never confirmed")
        least = _LEAST_INFERENCES * self.wanted if self.way == THROUGH else 0
        if self.inferences < least or (self.way == HYBRID and self.inferences):
            found.append(f"Claude was asked {self.inferences} times")
        return found

    @property
    def p50(self) -> float:
        """The median, ms; infinite where it is void."""
        return float("inf") if self.problems else percentile(self.each, 50)


@dataclass(frozen=True, slots=True)
class Talk:
    """Voice-to-voice times (ms) in conversations with no task and with three.

    `acknowledged`: of the requests that began the tasks. `tasks`: how many of the tasks that were
    to run did so to the last question, in the conversation where the fewest did.
    """

    alone: list[float]
    busy: list[float]
    acknowledged: list[float]
    tasks: int
    errors: list[str]
    late_p99: float

    @property
    def problems(self) -> list[str]:
        """Why the figure is void; none if it counts."""
        wanted = len(scenes.jobs())
        lacking = [f"only {self.tasks} of {wanted} tasks ran"] if self.tasks < wanted else []
        return [*self.errors, *lacking]

    def rows(self) -> list[tuple[str, list[float]]]:
        """The kinds of turns, in words, and their times."""
        return [
            ("no task under way", self.alone),
            ("three tasks under way", self.busy),
            ("handing a task over", self.acknowledged),
        ]

    @property
    def ratio(self) -> float:
        """The median with three tasks through that with none; infinite where it is void."""
        void = self.problems or not self.busy or not self.alone
        return float("inf") if void else percentile(self.busy, 50) / percentile(self.alone, 50)


@dataclass(frozen=True, slots=True)
class Handoff:
    """What the part measured; `load`: of the machine, before and after."""

    notes: list[Notes]
    talk: Talk
    load: tuple[float, float]

    def p50(self, way: str) -> float:
        """The median of the notes taken one way, ms."""
        return next((notes.p50 for notes in self.notes if notes.way == way), float("inf"))

    @property
    def ratio(self) -> float:
        """A note in the hybrid through the same with everything through OpenClaw."""
        both = self.p50(HYBRID), self.p50(THROUGH)
        return float("inf") if float("inf") in both else both[0] / both[1]

    def conditions(self) -> list[tuple[float, tuple[float, float]]]:
        """For each part: how late the callers' frames left (p99, ms), and load average."""
        late = [*(notes.late_p99 for notes in self.notes), self.talk.late_p99]
        return [(each, self.load) for each in late]

    @property
    def problems(self) -> list[str]:
        """Why figures are void."""
        told = [f"notes, {notes.way}: {line}" for notes in self.notes for line in notes.problems]
        return [*told, *(f"conversation with tasks: {line}" for line in self.talk.problems)]


def handoff(run: Bench, rounds: int) -> Handoff:
    """Measure it; takes about ten minutes, and once the gateway's installation.

    Args:
        run: The bench.
        rounds: Conversations of each kind.
    """
    before = os.getloadavg()[0]
    run.say("the gateway starts")
    with bots.claude(run.folder) as claude, bots.gateway(claude) as gateway:
        notes = [_notes(run, gateway, claude, way) for way in (THROUGH, HYBRID)]
        talk = _talk(run, gateway, claude, rounds)
    return Handoff(notes, talk, (before, os.getloadavg()[0]))


def _settings(gateway: RealGateway, way: str) -> dict[str, str]:
    given = {"OPENCLAW_API_URL": gateway.url, "OPENCLAW_API_TOKEN": TOKEN}
    return given | _WAYS[way]


def _notes(run: Bench, gateway: RealGateway, claude: str, way: str) -> Notes:
    run.say(f"tandem, {way}: notes")
    wanted = run.having(scenes.notes())
    with tempfile.TemporaryDirectory(dir=run.folder, prefix="notes") as place:
        folder = Path(place)
        with bots.tandem(run.origin, folder, 1, **_settings(gateway, way)) as bot:
            _warm(run, bot)
            asked = _tally(claude)["inferences"]
            script = [scene.name for scene in wanted]
            (report,) = run.call(bot, [script], 1, confirmation=CONFIRMED, first=1)
            asked = _tally(claude)["inferences"] - asked
        kept = set(_kept(folder / "data" / "tandem.db"))
    return Notes(
        way=way,
        each=[turn["answer"] * 1000 for turn in report["turns"] if turn["answer"] is not None],
        wanted=len(wanted),
        kept=sum(content(scene.text) in kept for scene in wanted),
        inferences=asked,
        errors=[report["error"]] if report["error"] else [],
        late_p99=percentile([late * 1000 for late in report["late"]], 99),
    )


def _talk(run: Bench, gateway: RealGateway, claude: str, rounds: int) -> Talk:
    questions = [scene.name for scene in run.having(scenes.questions())[:QUESTIONS]]
    jobs = [scene.name for scene in run.having(scenes.jobs())]
    reports: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    tasks: list[int] = []
    with (
        tempfile.TemporaryDirectory(dir=run.folder, prefix="talk") as place,
        bots.tandem(run.origin, Path(place), 1, **_settings(gateway, HYBRID)) as bot,
    ):
        _warm(run, bot)
        # Another order each time; and another caller, who is not told of the last one's results.
        order = [bool((number + number // 2) % 2) for number in range(2 * rounds)]
        for number, busy in enumerate(order, 1):
            run.say(f"tandem, {HYBRID}: {len(questions)} questions, {len(jobs) * busy} tasks")
            _post(f"{claude}/begin")
            script = [*jobs, *questions] if busy else questions
            reports[busy] += run.call(bot, [script], 1, first=number)
            if busy:
                tasks.append(_still_working(claude, len(jobs)))
                _post(f"{claude}/finish")
                _until(lambda: len(_tally(claude)["finished"]) == len(jobs))
    return talk(reports[False], reports[True], jobs, min(tasks))


def talk(
    alone: Sequence[dict[str, Any]],
    busy: Sequence[dict[str, Any]],
    jobs: Sequence[str],
    tasks: int,
) -> Talk:
    """The figures of conversations.

    Args:
        alone: Reports of those with no task.
        busy: Reports of those with tasks.
        jobs: Names of the scenes that begin tasks.
        tasks: How many ran.
    """

    def answers(reports: Sequence[dict[str, Any]], *, began: bool) -> list[float]:
        turns = [turn for report in reports for turn in report["turns"]]
        return [
            turn["answer"] * 1000
            for turn in turns
            if turn["answer"] is not None and (turn["scene"] in jobs) is began
        ]

    both = [*alone, *busy]
    return Talk(
        alone=answers(alone, began=False),
        busy=answers(busy, began=False),
        acknowledged=answers(busy, began=True),
        tasks=tasks,
        errors=sorted({report["error"] for report in both if report["error"]}),
        late_p99=percentile([late * 1000 for report in both for late in report["late"]], 99),
    )


def _warm(run: Bench, bot: bots.Bot) -> None:
    """Hold one call, so that no figure is the first of its kind."""
    run.call(bot, [[run.having(scenes.questions())[0].name]], 1, hasty=True)
    time.sleep(2.0)  # both were busy


def _still_working(claude: str, jobs: int) -> int:
    """How many jobs take another step."""
    then = _tally(claude)["steps"]

    def going() -> int:
        return sum(steps > then.get(name, 0) for name, steps in _tally(claude)["steps"].items())

    _until(lambda: going() == jobs)
    return going()


def _kept(database: Path) -> list[str]:
    """The texts of the notes in a store, without a full stop."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT text FROM notes").fetchall()
    finally:
        connection.close()
    return [str(text).rstrip(".") for (text,) in rows]


def _tally(claude: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{claude}/tally", timeout=10) as answer:
        return dict(json.loads(answer.read()))


def _post(url: str) -> None:
    urllib.request.urlopen(urllib.request.Request(url, b""), timeout=10).close()


def _until(done: Callable[[], bool]) -> None:
    """Wait for something, but not for ever."""
    end = time.monotonic() + _AT_WORK_SECONDS
    while not done() and time.monotonic() < end:
        time.sleep(0.25)
