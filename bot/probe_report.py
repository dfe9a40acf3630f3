"""What `python runner.py --check --probe` prints."""

import asyncio
from dataclasses import replace

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.bakeoff.models import reached
from bot.clients import Clients
from bot.errors import TandemError
from bot.modes.setup import Setup
from bot.probe import Findings, probe
from bot.providers import Endpoint, choose
from bot.settings import Settings

SLOW_FIRST_SECONDS = 1.5
"""To a first token: a caller takes a longer pause for a fault."""
_MEANS = {
    "natively": "good: it can take notes, transfer, hand jobs over",
    "written as text": "good: Tandem recognises it, and never speaks it",
    "not at all": "no notes, no transfers, no hand-off: take another model",
    "yes": "good: the caller hears the first words while it writes",
    "in one piece": "the caller waits for the whole answer",
    "no": "Tandem needs streaming: this endpoint cannot be used",
    "obeyed": "good",
    "ignored": "does no harm: Tandem sends instructions in the system prompt",
    "refused": "does no harm: Tandem sends instructions in the system prompt",
}
_HERE = "this machine"
_CALLS = ("natively", "written as text")


def check_endpoint(console: Console | None = None) -> int:
    """Probe the configured language model and print what it can do; returns the exit code."""
    console = console or Console()
    try:
        found = asyncio.run(_probe(Settings.load(), console))
    except TandemError as error:
        console.print(f"[bold red]wrong[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        return 1
    console.print(report(found))
    return 1 if found.streams == "no" else 0


async def _probe(settings: Settings, console: Console) -> Findings:
    endpoint, clients = _asked(settings), Clients()
    try:
        with console.status(f"asking {endpoint.label} …") as status:
            async with reached(endpoint, settings, status.update) as there:
                found = await probe(there, clients)
    finally:
        await clients.aclose()
    return replace(found, address=endpoint.base_url or _HERE)


def _asked(settings: Settings) -> Endpoint:
    """The language model of the mode that calls get; Realtime is none, the others' stands behind.

    Raises:
        SettingsError: `config.json` or LLM_MODE cannot be used.
    """
    setup = Setup.of(settings)
    mode = setup.modes[settings.LLM_MODE or setup.config.default_mode]
    return (mode.plan or choose(settings)).llm[0]


def report(found: Findings) -> Table:
    """The findings, each with what it means for calls, and what they come to."""
    where = "on" if found.address == _HERE else "at"
    table = Table(title=f"{found.label} {where} {found.address}", title_justify="left")
    table.caption, table.caption_justify = verdict(found), "left"
    for column in ("asked", "found", "which means"):
        table.add_column(column, overflow="fold")
    tools_mean = _MEANS.get(found.tools, "it gets lost among tools: take another model")
    if found.tools.startswith("refused"):
        tools_mean = "start the server with its tool-call options, or take another model"
    table.add_row("answers", "yes", "")
    table.add_row("streams", found.streams, _MEANS[found.streams])
    table.add_row("calls a tool", found.tools, tools_mean)
    two, several = "not asked", ""
    if found.tools in _CALLS:
        two = "yes" if found.at_once else "no"
        several = "good" if found.at_once else "of two requests in one breath it may forget one"
    table.add_row("two calls at once", two, several)
    table.add_row("developer role", found.developer, _MEANS.get(found.developer, ""))
    slow = found.first > SLOW_FIRST_SECONDS
    pace = f"slow: above {SLOW_FIRST_SECONDS:g} s a caller hears a pause" if slow else "good"
    table.add_row("first token", f"{found.first:.2f} s", pace)
    table.add_row("whole answer", f"{found.whole:.2f} s", "")
    counted = f"{found.prompt} in, {found.completion} out" if found.prompt else "not told"
    table.add_row("tokens", counted, "" if found.prompt else "costs cannot be counted")
    if found.said:
        table.add_row("what it said", found.said, "")
    return table


def verdict(found: Findings) -> str:
    """What the findings come to, in one line."""
    if found.streams == "no":
        return "It cannot be used for calls."
    limits = []
    if found.tools not in _CALLS:
        limits.append("it can talk, but not do anything")
    if found.streams != "yes" or found.first > SLOW_FIRST_SECONDS:
        limits.append("callers will wait for its answers")
    return f"It can be used for calls{''.join(f'; {one}' for one in limits)}."
