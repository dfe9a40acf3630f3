"""Prints the fault table.

make faults
make faults ARGS='--part LLM --fault hang --story'
"""

import argparse
import sys
import time

from loguru import logger
from rich.console import Console
from rich.table import Table

from tests.faults.holding import hold
from tests.faults.matrix import FAULTS, Cell, Part, Phase, cells
from tests.faults.verdict import Outcome


def main() -> int:
    """Hold the calls, print the table; 1 if something was wrong."""
    arguments = _parser().parse_args()
    logger.remove()
    chosen = [
        cell
        for cell in cells(*arguments.part)
        if cell.fault in (arguments.fault or FAULTS)
        and cell.phase in (arguments.phase or list(Phase))
    ]
    begun = time.monotonic()
    outcomes = hold(cell for cell in chosen if not cell.excuse)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(_table(chosen, outcomes))
    _foot(console, chosen, outcomes, time.monotonic() - begun, story=arguments.story)
    return 1 if any(outcome.problems for outcome in outcomes.values()) else 0


def _table(chosen: list[Cell], outcomes: dict[Cell, Outcome]) -> Table:
    table = Table(title="What a caller notices: seconds to the first sound, and what came of it")
    for name in ("part", "fault", *Phase):
        table.add_column(name)
    rows: dict[tuple[Part, str], dict[Phase, str]] = {}
    for cell in chosen:
        outcome = outcomes.get(cell)
        rows.setdefault((cell.part, cell.fault), {})[cell.phase] = (
            _entry(outcome) if outcome else "[dim]-[/]"
        )
    before = ""
    for (part, fault), entries in rows.items():
        if before and part != before:
            table.add_section()
        table.add_row("" if part == before else part, fault, *(entries.get(p, "") for p in Phase))
        before = part
    return table


def _entry(outcome: Outcome) -> str:
    seconds = "   " if outcome.seconds is None else f"{outcome.seconds:.1f}"
    colour = "red" if outcome.problems else "green"
    return f"[{colour}]{seconds} {outcome.what or 'broke'}[/]"


def _foot(
    console: Console,
    chosen: list[Cell],
    outcomes: dict[Cell, Outcome],
    seconds: float,
    *,
    story: bool,
) -> None:
    excuses = dict.fromkeys((cell.part, cell.excuse) for cell in chosen if cell.excuse)
    for part, excuse in excuses:
        console.print(f"[dim]- {part}: {excuse}[/]", highlight=False)
    for cell, outcome in outcomes.items():
        if outcome.problems or story:
            console.print(f"\n[bold]{cell}[/]: {outcome.what}", highlight=False)
            console.print("\n".join(outcome.problems), markup=False, highlight=False)
            console.print(outcome.story, markup=False, highlight=False)
    wrong = sum(bool(outcome.problems) for outcome in outcomes.values())
    console.print(f"{len(outcomes)} cells in {seconds:.0f} s, {wrong} of them wrong")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    add = parser.add_argument
    add("--part", action="append", default=[], type=Part, choices=list(Part))
    add("--fault", action="append", default=[], choices=list(FAULTS))
    add("--phase", action="append", default=[], type=Phase, choices=list(Phase))
    add("--story", action="store_true", help="tell each call, not only those that went wrong")
    return parser


if __name__ == "__main__":
    sys.exit(main())
