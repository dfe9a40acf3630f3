"""Two kinds of plots as SVG text: bars, and how many answers were there after so many seconds."""

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _LEFT, _RIGHT = 900, 260, 60
_BAR, _GAP = 16, 14
_HEIGHT, _BOTTOM, _TOP = 280, 36, 12
_COLOURS = ("#3b7dd8", "#e08a1e", "#3a9d5d", "#b9479b", "#8a6d3b", "#5b5bd6")
_SHARES = (25, 50, 75, 95, 100)


def bars(names: Sequence[str], series: Mapping[str, Sequence[float]], unit: str = " %") -> str:
    """Horizontal bars: a group for each name, a bar for each series.

    Args:
        names: What is compared.
        series: name -> a value for each of `names`, 0 or more.
        unit: Written behind each value; with ' %' the axis ends at 100.
    """
    top = 100.0 if unit == " %" else max([1.0, *(max(values) for values in series.values())])
    scale = (_WIDTH - _LEFT - _RIGHT) / top
    group = _BAR * len(series) + _GAP
    parts = []
    for place, name in enumerate(names):
        y = place * group
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + group / 2}" text-anchor="end">{escape(name)}</text>'
        )
        for number, (label, values) in enumerate(series.items()):
            value, at = values[place], y + number * _BAR
            parts.append(
                f'<rect x="{_LEFT}" y="{at}" width="{value * scale:.1f}" height="{_BAR - 3}" '
                f'fill="{_colour(number)}"><title>{escape(label)}</title></rect>'
                f'<text x="{_LEFT + value * scale + 5:.1f}" y="{at + 11}">{value:.0f}{unit}</text>'
            )
    height = group * len(names)
    legend = _legend(list(series), height + 14) if len(series) > 1 else ""
    return _svg(height + (24 if legend else 0), "".join(parts) + legend, ", ".join(series))


def curves(series: Mapping[str, Sequence[float]]) -> str:
    """For each series, the share of answers (upwards) that were there after so many seconds."""
    filled = {name: sorted(values) for name, values in series.items() if values}
    if not filled:
        return "<p>Nothing was measured.</p>"
    longest = max(values[-1] for values in filled.values()) or 1.0
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _BOTTOM - _TOP
    parts = []
    for share in _SHARES:
        y = _TOP + height * (1 - share / 100)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_LEFT + width}" y1="{y}" y2="{y}" stroke="#8884"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{share} %</text>'
        )
    for tick in range(6):
        x = _LEFT + width * tick / 5
        parts.append(
            f'<text x="{x}" y="{_TOP + height + 18}" text-anchor="middle">'
            f"{longest * tick / 5:.1f} s</text>"
        )
    for number, values in enumerate(filled.values()):
        points = " ".join(
            f"{_LEFT + width * value / longest:.1f},"
            f"{_TOP + height * (1 - (place + 1) / len(values)):.1f}"
            for place, value in enumerate(values)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{_colour(number)}" stroke-width="2"/>'
        )
    legend = _legend(list(filled), _HEIGHT + 10)
    return _svg(_HEIGHT + 24, "".join(parts) + legend, "seconds")


def _legend(names: Sequence[str], y: float) -> str:
    parts, x = [], float(_LEFT)
    for number, name in enumerate(names):
        parts.append(
            f'<rect x="{x}" y="{y - 10}" width="12" height="12" fill="{_colour(number)}"/>'
            f'<text x="{x + 17}" y="{y}">{escape(name)}</text>'
        )
        x += 34 + 7 * len(name)
    return "".join(parts)


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _svg(height: float, content: str, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height:.0f}" width="{_WIDTH}" role="img" '
        f'aria-label="{escape(label, quote=True)}">{content}</svg>'
    )
