"""Marks added up: one row of the table for each model and way of showing tools. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from bot.bakeoff.answers import Answer
from bot.bakeoff.cases import HALVES, Half, Request
from bot.bakeoff.offered import Mode
from bot.bakeoff.scoring import DELEGATES, Verdict

Price = Callable[[Answer], float | None]
"""US dollars of an answer, None if not known."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One request with its answer and its marks."""

    request: Request
    answer: Answer
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Row:
    """What a model did with the set. Shares are percent; times are seconds, (p50, p95); tokens are
    means for a turn.

    `tool`, `needless` and `invalid` are of all requests; `arguments` of those that want a tool,
    None where none does; `missed` of the `to_delegate` that are to be handed on. `dollars` are for
    1,000 turns, None if the price is not known.
    """

    model: str
    mode: Mode
    count: int
    tool: float
    arguments: float | None
    needless: float
    missed: int
    to_delegate: int
    invalid: float
    first: tuple[float, float]
    whole: tuple[float, float]
    prompt: float
    completion: float
    cached: float
    dollars: float | None
    by_category: dict[str, tuple[int, int]]
    by_half: dict[Half, tuple[int, int]]


def summary(model: str, mode: Mode, judged: Sequence[Judged], price: Price) -> Row:
    """The row of one model in one mode; `judged` is not empty."""
    wants = [one for one in judged if one.request.expected]
    delegated = [
        one for one in judged if any(call.tool in DELEGATES for call in one.request.expected)
    ]
    answers = [one.answer for one in judged]
    spoke = [answer for answer in answers if answer.first]
    prices = [price(answer) for answer in answers]
    known = [one for one in prices if one is not None]
    return Row(
        model=model,
        mode=mode,
        count=len(judged),
        tool=_share(one.verdict.tool for one in judged),
        arguments=_share(one.verdict.arguments for one in wants) if wants else None,
        needless=_share(one.verdict.needless > 0 for one in judged),
        missed=sum(one.verdict.missed for one in delegated),
        to_delegate=len(delegated),
        invalid=_share(one.verdict.invalid for one in judged),
        first=spread([answer.first for answer in spoke]),
        whole=spread([answer.whole for answer in spoke]),
        prompt=_mean([answer.prompt for answer in answers]),
        completion=_mean([answer.completion for answer in answers]),
        cached=_mean([answer.cached for answer in answers]),
        dollars=1000 * _mean(known) if len(known) == len(prices) else None,
        by_category=_tally(judged, lambda one: one.request.category),
        by_half={
            half: marks
            for half in HALVES
            if (marks := _tally(judged, lambda one: one.request.half).get(half))
        },
    )


def spread(values: Sequence[float]) -> tuple[float, float]:
    """(median, 95th percentile), by linear interpolation; zeros where there are none."""
    if len(values) < 2:
        return (values[0], values[0]) if values else (0.0, 0.0)
    cuts = quantiles(values, n=100, method="inclusive")
    return cuts[49], cuts[94]


def claim(rows: Iterable[Row]) -> list[str]:
    """What the choice of tools per turn is worth, for each model that was asked in more than one
    mode; one line each."""
    lines = []
    found = {(row.model, row.mode): row for row in rows}
    for (model, mode), row in found.items():
        everything, perfect = found.get((model, "all")), found.get((model, "family"))
        if mode != "choice" or everything is None:
            continue
        parts = [
            f"{row.tool:.0f} % right tools against {everything.tool:.0f} % with all shown "
            f"({row.tool - everything.tool:+.0f} points)"
        ]
        if perfect:
            parts.append(
                f"{perfect.tool:.0f} % with only the right family "
                f"({row.tool - perfect.tool:+.0f} points)"
            )
        if everything.prompt:
            parts.append(f"{row.prompt / everything.prompt:.0%} of the prompt tokens")
        lines.append(f"{model}, tools chosen per turn: {'; '.join(parts)}")
    return lines


def _tally(judged: Iterable[Judged], name: Callable[[Judged], str]) -> dict[str, tuple[int, int]]:
    """name -> (right tools, requests)."""
    found: dict[str, tuple[int, int]] = {}
    for one in judged:
        right, count = found.get(name(one), (0, 0))
        found[name(one)] = right + one.verdict.tool, count + 1
    return found


def _share(marks: Iterable[bool]) -> float:
    return 100 * _mean([float(mark) for mark in marks])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
