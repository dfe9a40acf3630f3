"""What the bot shows beside what it says: texts, tables, charts, images."""

import re
from typing import Literal
from urllib.parse import urlsplit

from pipecat.services.llm_service import FunctionCallParams

from tools.declare import Family
from tools.running import acting
from tools.toolbox import ToolFailed, page_of
from tools.ui import (
    CanvasChart,
    CanvasClear,
    CanvasImage,
    CanvasTable,
    CanvasText,
    Command,
)

FAMILY = Family(
    name="canvas",
    words=r"canvas|(?:show|make|draw|put|give) (?:\w+ ){0,3}(?:table|chart|graph|plot|diagram"
    r"|picture|image)\b|(?:bar|pie|line) chart|draw (?:me )?(?:a|an)|on (?:the "
    r"|my )?screen (?:write|show)|leinwand|tabelle|diagramm|zeig mir (?:das|die"
    r"|eine?n?) (?:bild|tabelle|diagramm)|tabla|grafic|lienzo|tableau|graphique|affiche",
    hints=r"show|display|on (?:the |my )?screen|table|chart|graph|plot|diagram|draw|picture"
    r"|image|article|zeig|bild|muestra|imagen|montre",
    windows=frozenset({"canvas"}),
    screen=True,
    cannot="show tables, charts or pictures",
)

_MOST_COLUMNS, _MOST_ROWS, _MOST_BARS = 12, 200, 60


async def bot_show_on_canvas(
    params: FunctionCallParams,
    kind: Literal["text", "table", "chart", "image", "article"],
    content: str,
    title: str = "",
) -> str:
    """Show something on the caller's screen while you talk.

    Args:
        kind: text for a few lines, article for a long text, table, chart, or image.
        content: The text; for a table one row a line with | between the cells, the head first;
            for a chart one bar a line like Berlin: 3.7; for an image its https address.
        title: A short heading.
    """
    command = _command(kind, content, title[:300])
    acting()
    return await page_of(params).do(command) or f"The {kind} is on the caller's screen."


async def bot_clear_canvas(params: FunctionCallParams) -> str:
    """Take everything off the canvas on the caller's screen."""
    acting()
    return await page_of(params).do(CanvasClear()) or "The canvas is empty."


def _command(kind: str, content: str, title: str) -> Command:
    """The command that shows it.

    Raises:
        ToolFailed: the content is not of that kind.
    """
    if not content:
        raise ToolFailed("Not done: there is nothing to show. Say what the content is.")
    match kind:
        case "table":
            return _table(content, title)
        case "chart":
            return _chart(content, title)
        case "image":
            if not _is_image_address(content):
                raise ToolFailed("Not done: an image needs its address, which begins with https.")
            return CanvasImage(title=title, url=content)
        case _:
            return CanvasText(
                kind="article" if kind == "article" else "text", title=title, text=content
            )


def _table(content: str, title: str) -> CanvasTable:
    lines = [line.strip().strip("|") for line in content.splitlines() if line.strip()]
    rows = [[cell.strip()[:300] for cell in line.split("|")] for line in lines]
    rows = [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    if len(rows) < 2:
        raise ToolFailed("Not done: a table needs its head and at least one row, on lines.")
    width = min(max(map(len, rows)), _MOST_COLUMNS)
    whole = [(row + [""] * width)[:width] for row in rows[: _MOST_ROWS + 1]]
    return CanvasTable(title=title, head=whole[0], rows=whole[1:])


_BAR = re.compile(r"\s*(.+?)\s*[:|=,]\s*(-?\d[\d, ]*(?:\.\d+)?)\s*\S{0,12}\s*")


def _chart(content: str, title: str) -> CanvasChart:
    bars = [_BAR.fullmatch(line) for line in re.split(r"[\n;]", content) if line.strip()]
    if not bars or not all(bars):
        raise ToolFailed("Not done: a chart needs one bar a line, like Berlin: 3.7.")
    found = [bar for bar in bars if bar][:_MOST_BARS]
    return CanvasChart(
        title=title,
        labels=[bar[1][:300] for bar in found],
        values=[float(re.sub(r"[, ]", "", bar[2])) for bar in found],
    )


def _is_image_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (
        parts.scheme == "https" and bool(parts.hostname) and " " not in text and len(text) <= 2_000
    )
