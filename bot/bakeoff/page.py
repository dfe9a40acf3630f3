"""The report as one HTML file: tables and plots, nothing loaded from elsewhere."""

from collections.abc import Mapping, Sequence
from html import escape

from bot.bakeoff.plots import bars, curves
from bot.bakeoff.summary import Judged, Row, claim
from bot.bakeoff.table import COLUMNS, cells, mistakes, parts_of, share

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #888; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; } caption { text-align: left; color: var(--soft); }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
svg { max-width: 100%; height: auto; } svg text { fill: currentColor; font-size: 12px; }
details { margin: .5rem 0; } p.soft { color: var(--soft); }
"""
_LEGEND = """
<p class="soft">Right tool: exactly the calls that were wanted, by name, and none where none was.
Right args: of the requests that want a tool, those where every argument says what the caller meant
too. Needless: requests with a call that nobody asked for. Missed: jobs to be handed on that were
not. Invalid: unknown tools, arguments that do not fit, empty answers, none at all. First: seconds
to the first words or to the whole first tool call; requests that show the same tools follow one
another, so a server's cached prompt counts as it does in a conversation.</p>
"""


def page(rows: Sequence[Row], judged: Mapping[tuple[str, str], Sequence[Judged]], head: str) -> str:
    """The HTML text.

    Args:
        rows: The table.
        judged: All answers with their marks, by (model, mode).
        head: What was asked, in one line: version of the set, date.
    """
    times = {
        f"{model}, {mode}": [one.answer.first for one in found if one.answer.first]
        for (model, mode), found in judged.items()
    }
    wholes = {
        f"{model}, {mode}": [one.answer.whole for one in found if one.answer.first]
        for (model, mode), found in judged.items()
    }
    names = [f"{row.model}, {row.mode}" for row in rows]
    parts = [
        f"<p>{escape(head)}</p>",
        _table(("model", "tools shown", "asked", *COLUMNS), _main_rows(rows)),
        _LEGEND,
        *(f"<p><strong>{escape(line)}.</strong></p>" for line in claim(rows)),
        "<h2>Right tool, right arguments</h2>",
        bars(
            names,
            {"right tool": [r.tool for r in rows], "args": [r.arguments or 0.0 for r in rows]},
        ),
        "<h2>Prompt tokens for a turn</h2>",
        bars(names, {"tokens in": [row.prompt for row in rows]}, unit=""),
        "<h2>Seconds to the first words or call</h2>",
        curves(times),
        "<h2>Seconds to the end of the answer</h2>",
        curves(wholes),
        "<h2>By part of the set</h2>",
        _parts(rows),
        "<h2>What went wrong</h2>",
        *(_wrong(f"{model}, {mode}", found) for (model, mode), found in judged.items()),
    ]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Tandem: which model?</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<h1>Which model?</h1>\n{body}\n</body>\n</html>\n"
    )


def _main_rows(rows: Sequence[Row]) -> list[list[str]]:
    return [[row.model, row.mode, str(row.count), *cells(row)] for row in rows]


def _parts(rows: Sequence[Row]) -> str:
    names = parts_of(rows)
    lines = [[row.model, row.mode, *(share(row, name) for name in names)] for row in rows]
    return _table(("model", "tools shown", *names), lines)


def _wrong(name: str, judged: Sequence[Judged]) -> str:
    lines = mistakes(judged, held_back=False)
    items = "\n".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<details><summary>{escape(name)}</summary>\n<ul>\n{items}\n</ul>\n</details>"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    rows = "\n".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in line)}</tr>" for line in lines
    )
    return (
        f'<div class="wide"><table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n'
        "</table></div>"
    )
