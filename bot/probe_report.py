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
    "natively": "",
    "written as text": "recognised, and never spoken",
    "not at all": "no notes, no transfers, no hand-off: the bot can only talk",
    "yes": "",
    "in one piece": "the caller waits for the whole answer",
    "no": "Tandem needs streaming: this endpoint cannot be used",
    "obeyed": "",
    "ignored": "instructions are sent in the system prompt",
    "refused": "instructions are sent in the system prompt",
}


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
    return replace(found, address=endpoint.base_url or "this machine")


def _asked(settings: Settings) -> Endpoint:
    """The language model of the mode that calls get; Realtime is none, the others' stands behind.

    Raises:
        SettingsError: `config.json` or LLM_MODE cannot be used.
    """
    setup = Setup.of(settings)
    mode = setup.modes[settings.LLM_MODE or setup.config.default_mode]
    return (mode.plan or choose(settings)).llm[0]


def report(found: Findings) -> Table:
    """The findings, each with what it means for calls."""
    table = Table(title=f"{found.label} at {found.address}", title_justify="left")
    for column in ("asked", "found", "which means"):
        table.add_column(column, overflow="fold")
    tools_mean = _MEANS.get(found.tools, "")
    if found.tools.startswith("refused"):
        tools_mean = "start the server with its tool-call options, or take another model"
    table.add_row("answers", "yes", "")
    table.add_row("streams", found.streams, _MEANS[found.streams])
    table.add_row("calls a tool", found.tools, tools_mean)
    calls = found.tools in ("natively", "written as text")
    several = "asked for two things, it does one after the other" if calls else ""
    table.add_row(
        "two calls at once", "yes" if found.at_once else "no", "" if found.at_once else several
    )
    table.add_row("developer role", found.developer, _MEANS.get(found.developer, ""))
    slow = "slow for a phone call" if found.first > SLOW_FIRST_SECONDS else ""
    table.add_row("first token", f"{found.first:.2f} s", slow)
    table.add_row("whole answer", f"{found.whole:.2f} s", "")
    counted = f"{found.prompt} in, {found.completion} out" if found.prompt else "not told"
    table.add_row("tokens", counted, "" if found.prompt else "costs cannot be counted")
    if found.said:
        table.add_row("said", found.said, "")
    return table
