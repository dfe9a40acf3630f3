"""Live calls while the operator is at work: modes switched, workers renewed; none may notice.

    python -m bench.untouched --calls 20

The calls are the bench's own, so a call that is touched shows: it breaks off, a question gets no
answer, or the store has another mode or another end for it.
"""

import argparse
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

from bench import bots, scenes
from bench.callers import Plan
from bench.clips import load
from bench.run import CLIPS
from bench.scenes import everything
from bot.errors import TandemError
from bot.settings import ROOT

CALLS, TURNS, WORKERS, SWITCHES = 20, 3, 2, 10
_SWITCH_SECONDS = 0.7
_LIVE_SECONDS = 60.0
_TOKEN = "the bench's own"
_MODES = ("openai_realtime", "cascade")


@dataclass(frozen=True, slots=True)
class Untouched:
    """What came of the calls. `touched`: those that noticed something; `done`: how often the
    operator did what is measured while all were live; `load`: of the machine, before and after."""

    what: str
    calls: int
    done: int
    touched: int
    problems: list[str]
    load: tuple[float, float]


def switches(origin: str, say: Callable[[str], None], calls: int = CALLS) -> Untouched:
    """Switch between two modes while calls are live."""
    say(f"tandem: {SWITCHES} switches under {calls} calls")

    def switch(bot: bots.Bot) -> int:
        for number in range(SWITCHES):
            order = {"mode": _MODES[number % 2], "force": True}
            status = _post(f"{bot.server}/admin/mode", order)["llm_mode"]
            if status != order["mode"]:
                raise bots.BenchError(f"the switch to {order['mode']} was not made: {status}")
            time.sleep(_SWITCH_SECONDS)
        return SWITCHES

    return _measure("switches", origin, calls, switch)


def renewal(origin: str, say: Callable[[str], None], calls: int = CALLS) -> Untouched:
    """Renew the workers, one after the other, while calls are live."""
    say(f"tandem: {WORKERS} workers renewed under {calls} calls")

    def renew(bot: bots.Bot) -> int:
        old = _workers(bot)
        bot.process.send_signal(signal.SIGUSR1)
        _wait(lambda: len(_workers(bot) - old) == WORKERS, "new workers do not start")
        return WORKERS

    return _measure("workers renewed", origin, calls, renew)


def _measure(what: str, origin: str, calls: int, act: Callable[[bots.Bot], int]) -> Untouched:
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as place:
        folder = Path(place)
        with bots.tandem(origin, folder, WORKERS, OPERATOR_TOKEN=_TOKEN) as bot:
            target = folder / "report.json"
            callers = _begin(bot, folder, calls, target)
            try:
                _wait(lambda: _live(bot) == calls, f"fewer than {calls} calls are live")
                done = act(bot)
                if _live(bot) != calls:
                    raise bots.BenchError("calls were over before the operator was done")
                callers.wait()
            finally:
                callers.kill()
                callers.wait()
            reports = json.loads(target.read_text())
            _wait(lambda: _live(bot) == 0, "calls do not end")
            time.sleep(2.0)  # their ends are written
            problems = _problems(reports, bot.data / "tandem.db", calls)
    touched = len({number for number, _ in problems})
    lines = sorted({line for _, line in problems})
    return Untouched(what, calls, done, touched, lines, (before, os.getloadavg()[0]))


def _begin(bot: bots.Bot, folder: Path, calls: int, target: Path) -> subprocess.Popen[bytes]:
    names = [scene.name for scene in scenes.questions()]
    scripts = [[names[(n * 5 + turn) % len(names)] for turn in range(TURNS)] for n in range(calls)]
    source = folder / "plan.json"
    source.write_text(
        json.dumps(asdict(Plan(bot.server, bot.webhook, str(CLIPS), scripts, 1.0, calls)))
    )
    command = [sys.executable, "-m", "bench.callers", str(source), str(target)]
    return subprocess.Popen(command, cwd=ROOT)


def _problems(reports: list[dict[str, Any]], store: Path, calls: int) -> list[tuple[str, str]]:
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
        if len(report["turns"]) < TURNS:
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
    return {child.pid for child in bot.process.children() if "bot.workers" in child.cmdline()}


def _wait(done: Callable[[], bool], problem: str) -> None:
    end = time.monotonic() + _LIVE_SECONDS
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
        print(f"{one.what}: {one.done}, calls {one.calls}, touched {one.touched}, load {one.load}")
        for line in one.problems:
            print(f"  {line}")
    return int(any(one.touched for one in found))


if __name__ == "__main__":
    sys.exit(main())
