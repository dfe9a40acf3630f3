"""The calls-per-core curve as an SVG: how answers and CPU grow with the calls held at once."""

from collections.abc import Sequence
from pathlib import Path

from bench.figures import Level

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 420, 260, 60, 40, 80
_COLOURS = {"stock24": "#b3541e", "tandem": "#1e6fb3", "tandem, 2 workers": "#2e8b57"}
_Point = tuple[float, float]
_Line = tuple[str, list[_Point], bool]
"""Name, points, whether dashed."""


def draw(levels: Sequence[Level], path: Path) -> None:
    """Write the curves of `levels` to an SVG file: voice-to-voice on the left, cores on the right.

    Solid lines are medians, dashed ones the 95th percentile.
    """
    lines: dict[str, list[Level]] = {}
    for level in sorted(levels, key=lambda x: x.calls):
        name = level.bot if level.workers == 1 else f"{level.bot}, {level.workers} workers"
        lines.setdefault(name, []).append(level)
    answers: list[_Line] = []
    cores: list[_Line] = []
    for name, found in lines.items():
        answers.append((name, [(x.calls, x.v2v_p50) for x in found], False))
        answers.append((name, [(x.calls, x.v2v_p95) for x in found], True))
        cores.append((name, [(x.calls, x.calls * x.cpu_ms / 1000) for x in found], False))
    width = 2 * _WIDTH + 2 * _LEFT + _GAP
    body = [
        *_panel("voice-to-voice, ms (dashed: p95)", answers, _LEFT),
        *_panel("CPU cores in use", cores, _LEFT + _WIDTH + _GAP),
        *_legend(list(lines)),
    ]
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT + 110}" '
        'font-family="sans-serif" font-size="12">\n'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def scale(top: float) -> float:
    """The next round number from `top` on: 1, 2 or 5 times a power of ten."""
    power = 1.0
    while power * 10 <= top:
        power *= 10
    while power > top:
        power /= 10
    return next(step * power for step in (1, 2, 5, 10) if step * power >= top)


def _panel(title: str, lines: Sequence[_Line], left: int) -> list[str]:
    points = [point for _, found, _ in lines for point in found]
    most_calls = max((x for x, _ in points), default=1)
    top = scale(max((y for _, y in points), default=1) or 1)

    def at(point: _Point) -> str:
        x, y = point
        return f"{left + x / most_calls * _WIDTH:.1f},{_TOP + _HEIGHT * (1 - y / top):.1f}"

    svg = [f'<text x="{left}" y="{_TOP - 14}" font-weight="bold">{title}</text>']
    for part in range(5):
        y = _TOP + _HEIGHT * (1 - part / 4)
        svg.append(
            f'<path d="M{left} {y}h{_WIDTH}" stroke="#ddd"/>'
            f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{top * part / 4:g}</text>'
        )
    for calls in sorted({x for x, _ in points}):
        x = left + calls / most_calls * _WIDTH
        svg.append(
            f'<text x="{x:.1f}" y="{_TOP + _HEIGHT + 18}" text-anchor="middle">{calls:g}</text>'
        )
    svg.append(
        f'<text x="{left + _WIDTH / 2}" y="{_TOP + _HEIGHT + 36}" text-anchor="middle">'
        "calls at once</text>"
    )
    for name, found, dashed in lines:
        style = ' stroke-dasharray="5 4"' if dashed else ""
        colour = _COLOURS.get(name, "#666")
        svg.append(
            f'<polyline points="{" ".join(map(at, found))}" fill="none" stroke="{colour}" '
            f'stroke-width="2"{style}/>'
        )
    return svg


def _legend(names: Sequence[str]) -> list[str]:
    y = _TOP + _HEIGHT + 60
    return [
        f'<text x="{_LEFT + 160 * n}" y="{y}" fill="{_COLOURS.get(name, "#666")}">■ {name}</text>'
        for n, name in enumerate(names)
    ]
