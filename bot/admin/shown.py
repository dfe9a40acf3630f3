"""The status as an operator reads it in a terminal."""

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table


def show(status: Mapping[str, Any], subject: str, console: Console) -> None:
    """Print what is set, and how the modes do side by side: calls that are live and over, failed,
    left within 20 s of the answer, the wait for the bot's voice, the estimated cost."""
    if subject == "rollout":
        shares = ", ".join(f"{name} {share:g} %" for name, share in status["rollout"].items())
        console.print(f"rollout: {shares or 'none'}", highlight=False)
    elif subject == "rules":
        _show_rules(status, console)
        return
    else:
        console.print(f"mode of new calls: [bold]{status['llm_mode']}[/]  {_why(status['set'])}")
        if status["rollout"]:
            show(status, "rollout", console)
        if status["rules"]:
            _show_rules(status, console)
        for number, mode in status["numbers"].items():
            console.print(f"{number}: {mode}", highlight=False)
    console.print(_table(status))
    for name, mode in status["modes"].items():
        if why := mode["missing"] or mode["down"] or mode["health"]["detail"]:
            console.print(f"{name}: {why}", highlight=False, soft_wrap=True)
    for line in (*status["trouble"], status["settings"]["problem"]):
        if line:
            console.print(f"[yellow]note[/]  {line}", highlight=False, soft_wrap=True)


def _show_rules(status: Mapping[str, Any], console: Console) -> None:
    for rule in status["rules"]:
        line = f"rule {rule['id']} {'on ' if rule['on'] else 'off'}  {rule['when']}: {rule['use']}"
        console.print(line, highlight=False, soft_wrap=True)
    if not status["rules"]:
        console.print("config.json has no rules", highlight=False)


def _why(found: Mapping[str, Any]) -> str:
    text = f"(set by {found['who']}, {found['at']})" if found["mode"] else "(nobody has set one)"
    if found["forced"]:
        text += " forced"
    if waits := found["pending"]:
        when = f"at {waits['due']}" if waits["due"] else "when no call is live"
        text += f", then {waits['mode'] or 'the default'} {when}, by {waits['who']}"
    return text


def _table(status: Mapping[str, Any]) -> Table:
    title = f"calls since {status['figures_since']}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, padding=(0, 1, 0, 0))
    for column in ("mode", "state", "live", "calls", "errors", "left", "ms p50", "p95"):
        table.add_column(column, no_wrap=column == "mode")
    table.add_column("$")
    for name, mode in status["modes"].items():
        figures = mode["figures"]
        table.add_row(
            name,
            "lacking" if mode["missing"] else mode["health"]["state"],
            str(status["live_calls"]["by_mode"].get(name, 0)),
            *(str(figures[key]) for key in ("calls", "errors", "hang_ups")),
            *(_ms(figures[key]) for key in ("wait_ms", "wait_ms_p95")),
            f"{figures['cost_estimated']:.2f}",
        )
    return table


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
