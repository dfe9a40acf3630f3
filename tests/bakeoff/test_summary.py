"""Marks added up, what they cost, and what is written of them."""

import io
import re
from html.parser import HTMLParser

import pytest
from pydantic import SecretStr
from rich.console import Console

from bot.bakeoff.answers import Answer
from bot.bakeoff.cases import every_request
from bot.bakeoff.page import page
from bot.bakeoff.plots import bars, curves
from bot.bakeoff.prices import dollars
from bot.bakeoff.scoring import judge
from bot.bakeoff.summary import Judged, Row, claim, spread, summary
from bot.bakeoff.table import detail_table, main_table, mistakes
from bot.providers import Endpoint

SET = {one.id: one for one in every_request()}


def judged(name: str, answer: Answer) -> Judged:
    return Judged(SET[name], answer, judge(SET[name], answer))


FOUR = [
    judged("talk-hello", Answer(words="Hi <b>you</b>", first=1, whole=2, prompt=10, completion=4)),
    judged("talk-thanks", Answer([("bot_end_call", '{"reason": "x"}')], first=2, whole=2)),
    judged("calc-percent", Answer([("bot_calculate", '{"expression": "25% * 80"}')], first=3)),
    judged("delegate-flights", Answer(trouble="broken off")),
]


def row(mode: str = "choice", tool: float = 0.0, prompt: float = 0.0) -> Row:
    made = summary("m <1>", "choice", FOUR, lambda _: 0.001)
    fields = {name: getattr(made, name) for name in Row.__slots__}
    return Row(**fields | {"mode": mode, "tool": tool, "prompt": prompt})  # type: ignore[arg-type]


def test_a_row() -> None:
    made = summary("m", "choice", FOUR, lambda answer: answer.prompt / 1000)
    assert made.count == 4
    assert made.tool == 50.0
    assert made.arguments == 50.0  # of the two that want a tool
    assert made.needless == 25.0
    assert (made.missed, made.to_delegate) == (1, 1)
    assert made.invalid == 25.0
    assert made.first == pytest.approx((2.0, 2.9))
    assert (made.prompt, made.completion) == (2.5, 1.0)
    assert made.dollars == pytest.approx(2.5)
    assert made.by_category == {"talk": (1, 2), "facts": (1, 1), "delegation": (0, 1)}
    assert sum(count for _, count in made.by_half.values()) == 4


def test_one_price_that_is_not_known_makes_the_sum_unknown() -> None:
    prices = iter([0.1, None, 0.1, 0.1])
    assert summary("m", "all", FOUR, lambda _: next(prices)).dollars is None


def test_spread() -> None:
    assert spread([]) == (0.0, 0.0)
    assert spread([3.0]) == (3.0, 3.0)
    assert spread([float(n) for n in range(101)]) == pytest.approx((50.0, 95.0))


def test_the_claim_of_the_choice() -> None:
    rows = [row("choice", 80, 600), row("all", 60, 1500), row("family", 82, 400)]
    assert claim(rows) == [
        "m <1>, tools chosen per turn: 80 % right tools against 60 % with all shown (+20 points); "
        "82 % with only the right family (-2 points); 40% of the prompt tokens"
    ]
    assert claim(rows[:1]) == []


def endpoint(provider: str, url: str, model: str) -> Endpoint:
    return Endpoint("llm", provider, url, SecretStr(""), model, "test")


def test_prices() -> None:
    mini = endpoint("openai", "https://api.openai.com/v1", "gpt-4o-mini")
    assert dollars(mini, 1_000_000, 1_000_000) == pytest.approx(0.75)
    assert dollars(mini, 1_000_000, 0, cached=1_000_000) == pytest.approx(0.075)
    groq = endpoint("openai", "https://api.groq.com/openai/v1", "openai/gpt-oss-120b")
    assert dollars(groq, 1_000_000, 1_000_000) == pytest.approx(0.75)
    claude = endpoint("anthropic", "https://api.anthropic.com", "claude-haiku-4-5")
    assert dollars(claude, 1_000_000, 0) == pytest.approx(1.0)
    assert dollars(endpoint("embedded", "http://127.0.0.1:1/v1", "llm"), 1000, 1000) == 0.0
    own = endpoint("openai", "http://127.0.0.1:8000/v1", "gpt-4o-mini")
    assert dollars(own, 1000, 1000) is None
    unknown = endpoint("openai", "https://api.openai.com/v1", "no-such-model")
    assert dollars(unknown, 1000, 1000) is None


def test_the_tables_on_a_terminal() -> None:
    console = Console(file=io.StringIO(), width=80)
    console.print(main_table([row("choice", 80, 600)], "Set 1"), detail_table([row()]))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    for part in ("m <1>", "80.0 %", "1/1", "600", "1.00", "held back", "talk"):
        assert part in text


def test_mistakes_of_the_half_held_back_are_counted_only() -> None:
    shown = mistakes(FOUR, held_back=False)
    held_back = [one for one in FOUR if one.request.half == "held back" and one.verdict.why]
    assert len(held_back) == 1
    assert held_back[0].request.id not in "".join(shown)
    assert shown[-1] == "and 1 in the half that is held back"
    assert held_back[0].request.id in "".join(mistakes(FOUR, held_back=True))


class Tags(HTMLParser):
    """Checks that what is opened is closed; collects what a browser would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page() -> None:
    rows = [row("choice", 80, 600), row("all", 60, 1500)]
    results = {("m <1>", "choice"): FOUR, ("m <1>", "all"): FOUR}
    text = page(rows, results, "Set 1 & more")
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.loads == []
    assert tags.seen.count("svg") == 4
    assert tags.seen.count("table") == 2
    assert "m <1>" not in text
    assert "m &lt;1&gt;" in text
    assert "+20 points" in text
    assert "broken off" not in text or SET["delegate-flights"].half == "tuning"


def test_bars_are_to_scale() -> None:
    widths = [
        float(w) for w in re.findall(r'<rect [^>]*width="([\d.]+)"', bars("ab", {"x": [50, 100]}))
    ]
    assert widths[1] == pytest.approx(2 * widths[0], abs=0.2)


def test_curves_without_answers() -> None:
    assert "<svg" not in curves({"m": []})
    assert curves({"m": [1.0, 2.0], "n": []}).count("<polyline") == 1
