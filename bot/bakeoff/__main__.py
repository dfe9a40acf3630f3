"""The bake-off: asks models one fixed set of spoken requests and prints what they did with it.

    python -m bot.bakeoff --model embedded
    python -m bot.bakeoff --model Qwen/Qwen3-8B --base-url http://gpu:8000/v1 \\
        --against gpt-4o-mini@https://api.openai.com/v1 --html report.html

It asks with Tandem's own prompt, tools and choice of tools; nothing is done with the answers.
Run it before you set BOT_HYBRID_PRIMARY_MODEL. Answers are kept in DATA_DIR: a run that was
stopped goes on where it was.
"""

import argparse
import asyncio
import re
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from loguru import logger
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.bakeoff import cases
from bot.bakeoff.answers import Answer, Kept
from bot.bakeoff.models import endpoint_of, model_at, reached
from bot.bakeoff.offered import MODES
from bot.bakeoff.page import page
from bot.bakeoff.prices import dollars
from bot.bakeoff.run import run
from bot.bakeoff.summary import Judged, Row, claim, summary
from bot.bakeoff.table import detail_table, main_table, mistakes
from bot.clients import Clients
from bot.errors import SettingsError, TandemError
from bot.providers import Endpoint
from bot.settings import Settings

Results = dict[tuple[str, str], list[Judged]]


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and run; returns the exit code."""
    parsed = _parser().parse_args(arguments)
    logger.remove()
    logger.add(sys.stderr, level="WARNING", format="{message}")
    try:
        return asyncio.run(_bakeoff(parsed))
    except TandemError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot.bakeoff",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--model", required=True, help="embedded, a model's name, or NAME@URL")
    add("--base-url", default="", help="of an OpenAI-compatible server, with its /v1")
    add("--against", nargs="+", default=[], metavar="NAME", help="models to compare it with")
    add("--tools", nargs="+", choices=MODES, default=["choice"], help="which tools are shown")
    add("--category", nargs="+", default=[], help="only these parts of the set")
    add("--half", choices=cases.HALVES, default="", help="only this half of the set")
    add("--first", type=int, default=0, metavar="N", help="a sample of N requests")
    add("--html", type=Path, metavar="FILE", help="write a report with plots")
    add("--results", type=Path, metavar="FILE", help="where answers are kept")
    add("--fresh", action="store_true", help="ask everything anew")
    add("--mistakes", action="store_true", help="print what went wrong (of the tuning half)")
    return parser


async def _bakeoff(parsed: argparse.Namespace) -> int:
    settings = Settings.load()
    requests = cases.select(cases.every_request(), parsed.category, parsed.half, parsed.first)
    if not requests:
        raise SettingsError("no request of the set is left to ask")
    console, clients = Console(), Clients()
    rows: list[Row] = []
    results: Results = {}
    try:
        for name in (parsed.model, *parsed.against):
            endpoint = endpoint_of(name, parsed.base_url, settings)
            rows += await _one(endpoint, requests, parsed, settings, clients, console, results)
    finally:
        await clients.aclose()
    head = (
        f"Set {cases.version()}, {len(requests)} requests, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    )
    console.print(main_table(rows, head), detail_table(rows))
    for line in claim(rows):
        console.print(line, highlight=False, soft_wrap=True)
    if parsed.mistakes:
        for (label, mode), judged in results.items():
            console.print(f"\n{label}, {mode}:", style="bold")
            for line in mistakes(judged, held_back=False):
                console.print(f"  {line}", highlight=False, soft_wrap=True, markup=False)
    if parsed.html:
        parsed.html.write_text(page(rows, results, head), "utf-8")
        console.print(f"written: {parsed.html}")
    return 0


async def _one(
    endpoint: Endpoint,
    requests: tuple[cases.Request, ...],
    parsed: argparse.Namespace,
    settings: Settings,
    clients: Clients,
    console: Console,
    results: Results,
) -> list[Row]:
    """Ask one model in every mode; adds its answers to `results`."""
    path = parsed.results or _results_file(settings, endpoint)
    if parsed.fresh:
        path.unlink(missing_ok=True)
    kept, rows = Kept(path), []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    async with AsyncExitStack() as stack:
        status = stack.enter_context(console.status(f"{endpoint.label} …"))
        there = await stack.enter_async_context(reached(endpoint, settings, status.update))
        status.stop()
        progress = stack.enter_context(
            Progress(*columns, TimeRemainingColumn(), TextColumn("{task.fields[right]}"))
        )
        model = model_at(there, clients)
        for mode in parsed.tools:
            line = progress.add_task(f"{model.label}, {mode}", total=len(requests), right="")
            done = _Counter(progress, line)
            judged = await run(model, requests, mode, kept, done)
            results[model.label, mode] = judged
            rows.append(summary(model.label, mode, judged, partial(_price, there)))
    return rows


class _Counter:
    """Shows how far a run is and how many it got right."""

    def __init__(self, progress: Progress, line: object) -> None:
        self._progress, self._line = progress, line
        self._right = self._count = 0

    def __call__(self, judged: Judged, fresh: bool) -> None:
        self._count += 1
        self._right += judged.verdict.tool
        text = f"{100 * self._right / self._count:.0f} % right"
        self._progress.update(self._line, advance=1, right=text)  # type: ignore[arg-type]


def _price(endpoint: Endpoint, answer: Answer) -> float | None:
    return dollars(endpoint, answer.prompt, answer.completion, answer.cached)


def _results_file(settings: Settings, endpoint: Endpoint) -> Path:
    name = re.sub(r"[^\w.-]+", "-", endpoint.label)
    return settings.data_dir / "bakeoff" / f"{name}.jsonl"


if __name__ == "__main__":
    sys.exit(main())
