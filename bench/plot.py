"""The calls-per-core curve as an SVG: how answers and CPU grow with the calls held at once."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Level

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP, _RIGHT = 400, 280, 64, 84, 190, 180
_COLOURS = {"stock24": "#c2410c", "tandem": "#1d4ed8", "tandem, 2 workers": "#0d9488"}
_GREY, _INK, _GRID = "#64748b", "#0f172a", "#e2e8f0"
_APART = 14
"""Least distance of two lines' names, in pixels."""
_Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A curve: its name, what stands beside its end, and its points (calls, value)."""

    name: str
    label: str
    points: tuple[_Point, ...]
    dashed: bool = False

    @property
    def colour(self) -> str:
        """The bot's own colour."""
        return _COLOURS.get(self.name, _GREY)


def draw(levels: Sequence[Level], path: Path) -> None:
    """Write the curves of `levels` to an SVG file: voice-to-voice on the left, cores on the right.

    Solid lines are medians, dashed ones the 95th percentile; the left axis is logarithmic.
    """
    answers, cores = lines(levels)
    ticks = sorted({x for line in answers for x, _ in line.points})
    width = _LEFT + 2 * _WIDTH + _GAP + _RIGHT
    second = _LEFT + _WIDTH + _GAP
    delay = ("voice-to-voice, ms", "median solid, 95th percentile dashed")
    load = ("CPU cores in use", "beside each curve: calls that one core holds")
    body = [
        _text(_LEFT, 30, "Calls at once on one machine", size=17, bold=True),
        *_panel(*delay, answers, ticks, _LEFT, _log),
        *_panel(*load, cores, ticks, second, _linear),
    ]
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_TOP + _HEIGHT + 62}" '
        f'width="{width}" height="{_TOP + _HEIGHT + 62}" '
        'font-family="system-ui, Helvetica, Arial, sans-serif">\n'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def lines(levels: Sequence[Level]) -> tuple[list[Line], list[Line]]:
    """The curves of voice-to-voice and those of CPU, in the order of the bots' first levels."""
    bots: dict[str, list[Level]] = {}
    for level in sorted(levels, key=lambda x: x.calls):
        workers = "" if level.workers == 1 else f", {level.workers} workers"
        bots.setdefault(f"{level.bot}{workers}", []).append(level)
    answers, cores = [], []
    for name, found in bots.items():
        answers.append(Line(name, name, tuple((x.calls, x.v2v_p50) for x in found)))
        answers.append(Line(name, "", tuple((x.calls, x.v2v_p95) for x in found), dashed=True))
        last = found[-1].cpu_ms
        held = f"{name}: {1000 / last:.0f}" if last else name
        cores.append(Line(name, held, tuple((x.calls, x.calls * x.cpu_ms / 1000) for x in found)))
    return answers, cores


def scale(top: float) -> float:
    """The next round number from `top` on: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(top))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= top * (1 - 1e-9))


_Axis = tuple[list[float], Callable[[float], float]]
"""The values that are written on an axis, and where a value lies on it, from 0 to 1."""


def _linear(values: Sequence[float]) -> _Axis:
    top = scale(max(values) or 1)
    return [top * part / 4 for part in range(5)], lambda value: value / top


def _log(values: Sequence[float]) -> _Axis:
    low = 2.0 ** math.floor(math.log2(min(values) / 125)) * 125
    high = max(2.0 ** math.ceil(math.log2(max(values) / 125)) * 125, 2 * low)
    marks = [low * 2**n for n in range(round(math.log2(high / low)) + 1)]
    return marks, lambda value: math.log(value / low) / math.log(high / low)


def _panel(
    title: str,
    under: str,
    curves: Sequence[Line],
    ticks: Sequence[float],
    left: int,
    axis: Callable[[Sequence[float]], _Axis],
) -> list[str]:
    values = [y for line in curves for _, y in line.points if y == y and y > 0]
    if not values:
        return []
    marks, place = axis(values)
    most = max(ticks)

    def across(calls: float) -> float:
        return left + calls / most * _WIDTH

    def down(value: float) -> float:
        return _TOP + _HEIGHT * (1 - place(value))

    svg = [_text(left, _TOP - 28, title, bold=True), _text(left, _TOP - 12, under, _GREY, 11)]
    for mark in marks:
        svg.append(f'<path d="M{left} {down(mark):.1f}h{_WIDTH}" stroke="{_GRID}"/>')
        svg.append(_text(left - 8, down(mark) + 4, f"{mark:g}", _GREY, anchor="end"))
    for calls in ticks:
        svg.append(f'<path d="M{across(calls):.1f} {_TOP + _HEIGHT}v5" stroke="{_GREY}"/>')
        svg.append(_text(across(calls), _TOP + _HEIGHT + 20, f"{calls:g}", _GREY, anchor="middle"))
    svg.append(_text(left + _WIDTH / 2, _TOP + _HEIGHT + 42, "calls at once", anchor="middle"))
    ends = []
    for line in curves:
        points = [(across(x), down(y)) for x, y in line.points if y == y and y > 0]
        svg += _curve(line, points)
        if line.label and points:
            ends.append((points[-1], line))
    return svg + _labels(ends)


def _curve(line: Line, points: Sequence[_Point]) -> list[str]:
    dashes = ' stroke-dasharray="4 4" stroke-width="1.5"' if line.dashed else ' stroke-width="2.5"'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    svg = [
        f'<polyline points="{path}" fill="none" stroke="{line.colour}" '
        f'stroke-linejoin="round"{dashes}/>'
    ]
    if not line.dashed:
        svg += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{line.colour}"/>' for x, y in points
        ]
    return svg


def _labels(ends: Sequence[tuple[_Point, Line]]) -> list[str]:
    """Each line's label beside its last point, moved down where two would touch."""
    svg, taken = [], -math.inf
    for (x, y), line in sorted(ends, key=lambda end: end[0][1]):
        taken = max(y, taken + _APART)
        svg.append(_text(x + 9, taken + 4, line.label, line.colour, bold=True))
    return svg


def _text(
    x: float,
    y: float,
    text: str,
    colour: str = _INK,
    size: int = 12,
    *,
    bold: bool = False,
    anchor: str = "",
) -> str:
    more = ' font-weight="600"' if bold else ""
    more += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}"{more}>{text}</text>'
