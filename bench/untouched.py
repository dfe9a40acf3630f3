"""Live calls while the operator is at work: modes switched, workers renewed; none may notice.

    python -m bench.untouched --calls 20

The calls are the bench's own, so a call that is touched shows: it breaks off, a question gets no
answer, or the store has another mode or another end for it. All of them are live from before the
first order until the last one is carried out; workers that were replaced leave after their calls.
"""

import argparse
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from bench import bots, scenes
from bench.callers import Plan
from bench.clips import load
from bench.run import CLIPS
from bench.scenes import everything
from bot.errors import TandemError
from bot.settings import ROOT

CALLS, WORKERS, SWITCHES = 20, 2, 10
TURNS, RENEWAL_TURNS = 3, 6
"""Two workers take longer to start, one after the other, than ten switches."""
_SWITCH_SECONDS = 0.7
_LIVE_SECONDS, _RENEWAL_SECONDS = 60.0, 240.0
_TOKEN = "the bench's own"
_MODES = ("openai_realtime", "cascade")

Act = Callable[[bots.Bot], Callable[[], int]]
"""Does what is measured; what it returns tells, when the calls are over, how often it was done."""


@dataclass(frozen=True, slots=True)
class Untouched:
    """What came of the calls. `touched`: those that noticed something; `done`: how often the
    operator did what is measured while all were live; `load`: of the machine, before and after;
    `gaps`: how often the callers' playback ran dry in the middle of a sentence."""

    what: str
    calls: int
    done: int
    touched: int
    problems: list[str]
    load: tuple[float, float]
    gaps: int = 0


def switches(origin: str, say: Callable[[str], None], calls: int = CALLS) -> Untouched:
    """Switch between two modes while calls are live."""
    say(f"tandem: {SWITCHES} mode switches under {calls} calls")

    def switch(bot: bots.Bot) -> Callable[[], int]:
        for number in range(SWITCHES):
            order = {"mode": _MODES[number % 2], "force": True}
            status = _post(f"{bot.server}/admin/mode", order)["llm_mode"]
            if status != order["mode"]:
                raise bots.BenchError(f"the switch to {order['mode']} was not made: {status}")
            time.sleep(_SWITCH_SECONDS)
        return lambda: SWITCHES

    return _measure(f"{SWITCHES} mode switches", origin, calls, TURNS, switch)


def renewal(origin: str, say: Callable[[str], None], calls: int = CALLS) -> Untouched:
    """A rolling restart: renew the workers, one after the other, while calls are live."""
    say(f"tandem: rolling restart of {WORKERS} workers under {calls} calls")

    def renew(bot: bots.Bot) -> Callable[[], int]:
        old = _workers(bot)
        bot.process.send_signal(signal.SIGUSR1)
        _wait(_Retirements(bot).complete, "new workers do not take over", _RENEWAL_SECONDS)
        if missing := old - _workers(bot):
            raise bots.BenchError(f"{len(missing)} workers left before their calls were over")

        def left() -> int:
            _wait(lambda: not old & _workers(bot), "old workers do not leave")
            return len(old)

        return left

    what = f"rolling restart of {WORKERS} workers"
    return _measure(what, origin, calls, RENEWAL_TURNS, renew)


class _Retirements:
    """Counts the workers that take no more calls: each time after a new one does."""

    def __init__(self, bot: bots.Bot) -> None:
        self._bot, self._last, self._count = bot, WORKERS, 0

    def complete(self) -> bool:
        """Look; whether all have retired."""
        now = int(_get(f"{self._bot.server}/ready")["workers"])
        self._count += now < self._last
        self._last = now
        return self._count == WORKERS


def _measure(what: str, origin: str, calls: int, turns: int, act: Act) -> Untouched:
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as place:
        folder = Path(place)
        # The other mode's health is asked for; nothing of a bench goes beyond this machine.
        realtime = f"{origin.replace('http', 'ws', 1)}/v1/realtime"
        settings = {"OPERATOR_TOKEN": _TOKEN, "OPENAI_REALTIME_URL": realtime}
        with bots.tandem(origin, folder, WORKERS, **settings) as bot:
            target = folder / "report.json"
            callers = _begin(bot, folder, calls, turns, target)
            try:
                _wait(lambda: _live(bot) == calls, f"fewer than {calls} calls are live")
                finish = act(bot)
                if _live(bot) != calls:
                    raise bots.BenchError("calls were over before the operator was done")
                callers.wait()
            finally:
                callers.kill()
                callers.wait()
            reports = json.loads(target.read_text())
            _wait(lambda: _live(bot) == 0, "calls do not end")
            done = finish()
            time.sleep(2.0)  # their ends are written
            problems = _problems(reports, bot.data / "tandem.db", calls, turns)
    touched = len({number for number, _ in problems})
    lines = sorted({line for _, line in problems})
    gaps = sum(len(report["gaps"]) for report in reports)
    return Untouched(what, calls, done, touched, lines, (before, os.getloadavg()[0]), gaps)


def _begin(
    bot: bots.Bot, folder: Path, calls: int, turns: int, target: Path
) -> subprocess.Popen[bytes]:
    names = [scene.name for scene in scenes.questions()]
    scripts = [[names[(n * 5 + turn) % len(names)] for turn in range(turns)] for n in range(calls)]
    source = folder / "plan.json"
    source.write_text(
        json.dumps(asdict(Plan(bot.server, bot.webhook, str(CLIPS), scripts, 1.0, calls)))
    )
    command = [sys.executable, "-m", "bench.callers", str(source), str(target)]
    return subprocess.Popen(command, cwd=ROOT)


def _problems(
    reports: list[dict[str, Any]], store: Path, calls: int, turns: int
) -> list[tuple[str, str]]:
    """(which call, what) for everything that a caller or the store noticed."""
    found: list[tuple[str, str]] = []
    for report in reports:
        if report["error"]:
            found.append((f"caller {report['number']}", report["error"]))
        found += [
            (f"caller {report['number']}", f"no answer to {turn['scene']}")
            for turn in report["turns"]
            if turn["answer"] is None and not turn["over"]
        ]
        if len(report["turns"]) < turns:
            found.append((f"caller {report['number']}", "the call broke off"))
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT id, mode, state, end_reason FROM calls").fetchall()
    connection.close()
    wanted = ("cascade", "ended", "caller hung up")
    found += [(call, " ".join(map(str, how))) for call, *how in rows if tuple(how) != wanted]
    if len(rows) != calls:
        found.append(("store", f"{len(rows)} calls in the store"))
    return found


def _get(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return dict(json.loads(answer.read()))


def _post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {_TOKEN}", "content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.loads(answer.read()))


def _live(bot: bots.Bot) -> int:
    return int(_get(f"{bot.server}/ready")["calls"])


def _workers(bot: bots.Bot) -> set[int]:
    found: set[int] = set()
    for child in bot.process.children():
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just left
            if "bot.workers" in child.cmdline():
                found.add(child.pid)
    return found


def _wait(done: Callable[[], bool], problem: str, seconds: float = _LIVE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise bots.BenchError(problem)
        time.sleep(0.1)


def main() -> int:
    """Read the command line and measure both; 1 if a call was touched."""
    parser = argparse.ArgumentParser(prog="bench.untouched", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    calls = parser.parse_args().calls
    try:
        load(everything(), CLIPS, print)
        with (
            tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder,
            bots.standin(CLIPS, Path(folder)) as origin,
        ):
            found = [switches(origin, print, calls), renewal(origin, print, calls)]
    except TandemError as error:
        print(error, file=sys.stderr)
        return 2
    for one in found:
        print(
            f"{one.what}: done {one.done}, calls {one.calls}, touched {one.touched}, "
            f"gaps {one.gaps}, load {one.load}"
        )
        for line in one.problems:
            print(f"  {line}")
    return int(any(one.touched for one in found))


if __name__ == "__main__":
    sys.exit(main())
