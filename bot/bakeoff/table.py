"""The table on the terminal."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from bot.bakeoff.summary import Judged, Row

COLUMNS = (
    *("right tool", "right args", "needless", "missed deleg.", "invalid"),
    *("first p50/p95", "whole p50/p95", "tokens in", "out", "$/1,000 turns"),
)


def cells(row: Row) -> list[str]:
    """One row's cells, as COLUMNS has them."""
    return [
        f"{row.tool:.1f} %",
        "–" if row.arguments is None else f"{row.arguments:.1f} %",
        f"{row.needless:.1f} %",
        f"{row.missed}/{row.to_delegate}",
        f"{row.invalid:.1f} %",
        "{:.2f}/{:.2f} s".format(*row.first),
        "{:.2f}/{:.2f} s".format(*row.whole),
        f"{row.prompt:.0f}",
        f"{row.completion:.0f}",
        "unknown" if row.dollars is None else f"{row.dollars:.2f}",
    ]


def main_table(rows: Sequence[Row], title: str) -> Table:
    """Marks, times and costs: a column for each model and way of showing tools."""
    table = _columns(rows, title)
    table.add_row("asked", *(str(row.count) for row in rows))
    for name, *values in zip(COLUMNS, *map(cells, rows), strict=True):
        table.add_row(name, *values)
    return table


def detail_table(rows: Sequence[Row]) -> Table:
    """Right tools by half of the set and by category."""
    table = _columns(rows, "Right tools, by part of the set")
    for name in parts_of(rows):
        table.add_row(name, *(share(row, name) for row in rows))
    return table


def parts_of(rows: Sequence[Row]) -> list[str]:
    """The halves and categories that were asked."""
    return list(dict.fromkeys(name for row in rows for name in (*row.by_half, *row.by_category)))


def share(row: Row, part: str) -> str:
    """'7/9': right of asked in one half or category; '' if nothing of it was asked."""
    found = dict[str, tuple[int, int]]([*row.by_half.items(), *row.by_category.items()]).get(part)
    return f"{found[0]}/{found[1]}" if found else ""


def _columns(rows: Sequence[Row], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for row in rows:
        table.add_column(escape(f"{row.model}, {row.mode}"), justify="right", overflow="fold")
    return table


def mistakes(judged: Sequence[Judged], held_back: bool) -> list[str]:
    """What went wrong, one line a request; those held back are counted only, unless asked for."""
    wrong = [one for one in judged if one.verdict.why]
    seen = [one for one in wrong if held_back or one.request.half == "tuning"]
    lines = [f"{one.request.id}: “{one.request.says}”: {one.verdict.why}" for one in seen]
    hidden = len(wrong) - len(seen)
    return [*lines, f"and {hidden} in the half that is held back"] if hidden else lines
