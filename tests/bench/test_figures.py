"""From reports to figures, from figures to bars, and their way to disk and back."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.bars import Bar, Found, bars
from bench.figures import Level, Patience, level, patience, percentile
from bench.interjections import Manners, manners
from bench.kept import about, read, save
from bench.markdown import markdown
from bench.plot import draw, lines, scale
from bench.report import show


def report(*answers: float | None, **other: Any) -> dict[str, Any]:
    turns = [{"scene": "q", "answer": a, "cut_in": 0.0, "over": False} for a in answers]
    usual = {"first_audio": 0.5, "seconds": 10.0, "gaps": [], "late": [0.001], "error": ""}
    return usual | {"turns": turns} | other


def made(bot: str, calls: int, **values: Any) -> Level:
    usual = level(
        bot, [report(1.0)] * calls, at_once=calls, cpu=1, memory=(100, 100, 100), load=(0, 0)
    )
    fields = {name: getattr(usual, name) for name in Level.__dataclass_fields__}
    return Level(**fields | values)


def half(bot: str, name: str, *cut: str) -> Patience:
    return Patience(bot, name, 10, list(cut), 0, 1, 1, {}, [], (0, 0))


def test_percentiles_interpolate_and_none_is_not_a_number() -> None:
    assert percentile([1, 2, 3, 4], 50) == 2.5
    assert percentile([], 50) != percentile([], 50)


def test_a_level_is_in_milliseconds_and_per_call() -> None:
    found = level(
        "tandem",
        [report(0.5, 0.7), report(0.9, None, gaps=[0.1, 0.2], first_audio=None, error="gone")],
        at_once=2,
        cpu=0.4,
        memory=(100.0, 110.0, 103.0),
        load=(0.5, 1.0),
    )
    assert found.v2v_p50 == pytest.approx(700)
    assert (found.first_p50, found.first_p95) == (500, 500)
    assert found.cpu_ms == pytest.approx(20)
    assert (found.mb_per_call, found.mb_left) == (5, 3)
    assert (found.turns, found.unanswered, found.gaps) == (4, 1, 2)
    assert found.errors == ["gone"]
    assert found.each == [("q", 500.0), ("q", 700.0), ("q", 900.0), ("q", None)]


def test_a_bot_that_talks_over_the_end_is_not_timed_and_not_silent() -> None:
    found = report(None)
    found["turns"][0]["over"] = True
    assert level(
        "x", [found], at_once=1, cpu=0, memory=(0, 0, 0), load=(0, 0)
    ).unanswered == 0  # fmt: skip


def test_cut_ins_are_counted_by_half_and_kind() -> None:
    calls = [
        report(
            turns=[
                {"scene": "a", "answer": 1.0, "cut_in": 0.02, "over": False},
                {"scene": "b", "answer": 2.0, "cut_in": 0.0, "over": False},
                {"scene": "elsewhere", "answer": 9.0, "cut_in": 1.0, "over": False},
            ]
        )
    ]
    found = patience("tandem", "tuning", {"a": "clause", "b": "number"}, calls, (0, 0))
    assert (found.clips, found.cut) == (2, ["a"])
    assert found.by_kind == {"clause": (1, 1), "number": (0, 1)}
    assert found.v2v_p50 == 1500


def by_name(found: Found) -> dict[str, Bar]:
    return {bar.name: bar for bar in bars(found)}


def test_bars_are_ratios_at_the_same_number_of_calls() -> None:
    found = by_name(
        Found(
            [
                made("stock24", 8, v2v_p50=1000, cpu_ms=100, first_p95=1000, mb_per_call=50),
                made("tandem", 8, v2v_p50=600, cpu_ms=28, first_p95=20, mb_per_call=3),
                made("tandem", 8, v2v_p50=1, workers=2),
                made("tandem", 14, gaps=1),
            ],
            [],
        )
    )
    assert found["voice-to-voice p50, 8 calls"].met is True
    assert found["CPU per call second, 8 calls"].met is False
    assert found["first audio p95, 8 calls"].met is True
    assert found["memory per call, 8 calls"].met is True
    assert found["gaps, 14 calls"].met is False
    assert found["voice-to-voice p95, 14 calls"].met is None
    assert found["left after 50 calls"].met is None


def test_as_many_cut_ins_as_the_other_are_too_many() -> None:
    rival = [half("stock24", "tuning", "a"), half("stock24", "held-back", "b")]

    def cut(*halves: Patience) -> Bar:
        return by_name(Found([], [*rival, *halves]))["heard cut-ins, all pause clips"]

    assert cut(half("tandem", "tuning", "a"), half("tandem", "held-back", "b")).met is False
    assert cut(half("tandem", "tuning"), half("tandem", "held-back", "b")).met is True
    assert cut().met is None


def test_each_half_has_a_bar_of_its_own() -> None:
    rival = [half("stock24", "tuning", "a", "b"), half("stock24", "held-back", "c")]
    ours = [half("tandem", "tuning"), half("tandem", "held-back", "c")]
    found = by_name(Found([], [*rival, *ours]))
    assert found["heard cut-ins, tuning half"].met is True
    assert found["heard cut-ins, held-back half"].met is False
    assert found["heard cut-ins, all pause clips"].met is True


def said(kind: str, silent: float, *, paused: float = 0.0, complete: bool = True) -> dict[str, Any]:
    judged = {"scene": "s", "silent": silent, "paused": paused, "complete": complete}
    return {"kind": kind, "again": False} | judged


def spoken_into(bot: str = "tandem") -> Manners:
    calls = [
        report(interjections=[said("barge-in", 0.2, complete=False)]),
        report(
            interjections=[
                said("barge-in", 0.3, complete=False),
                said("cough", 9.0),
                said("backchannel", 0.4, paused=1.5, complete=False),
                said("backchannel", 9.0, paused=0.5),
            ]
        ),
    ]
    return manners(bot, calls, 6, (0, 0))


def test_barge_ins_are_timed_and_others_counted() -> None:
    found = spoken_into()
    barge, cough, assent = (found.of(kind) for kind in ("barge-in", "cough", "backchannel"))
    assert barge is not None
    assert barge.silent_p50 == 250
    assert cough is not None
    assert (cough.stopped, cough.paused, cough.silent) == (0, 0, [])
    assert assent is not None
    assert (assent.count, assent.stopped, assent.pauses) == (2, 1, [1500, 500])
    assert found.unanswered == 1


def test_what_a_caller_says_meanwhile_has_bars() -> None:
    found = by_name(Found([], [], [], [spoken_into("stock24"), spoken_into()]))
    assert found["barge-in, first word to silence p95"].value == pytest.approx(295)
    assert found["barge-in, first word to silence p95"].met is False
    assert found["answers that assent or a cough stopped"].value == 1
    assert by_name(Found([], []))["barge-in, first word to silence p95"].met is None


def test_the_wait_beyond_the_server_is_named_and_speech_is_split_by_kind() -> None:
    turns = [
        {"scene": s, "answer": a, "cut_in": 0.0, "over": False} for s, a in (("q", 0.6), ("h", 0.8))
    ]
    found = level(
        "tandem",
        [report(turns=turns)],
        at_once=1,
        cpu=0,
        memory=(0, 0, 0),
        load=(0, 0),
        stages={"vad": 40, "voice_to_voice": 650},
        kinds={"q": "question", "h": "human"},
    )
    assert found.stages["network and playing"] == pytest.approx(50)
    assert list(found.stages) == ["vad", "voice_to_voice", "network and playing"]
    assert found.by_kind == {"human": (800, 800, 1), "question": (600, 600, 1)}


def test_a_run_becomes_the_readmes_tables() -> None:
    human = Patience("tandem", "tuning", 10, ["a"], 0, 600, 700, {"human": (1, 4)}, [], (0, 0))
    levels = [made("stock24", 8, v2v_p50=1000), made("tandem", 8, v2v_p50=500, load=(0.5, 3))]
    text = markdown(Found(levels, [human], [], [spoken_into()]), {"at": "today", "cores": 2})
    assert "| tandem | 8 | 500 / " in text
    assert "| tandem | tuning | 1 of 10 | 1 of 4 | 600 / 700 |" in text
    assert "| tandem | barge-in | 2 | 2 | 250 / 295 |" in text
    assert "| voice-to-voice p50, 8 calls | <= 0.6 ratio | 0.5 | met |" in text
    assert "load average 0.0 to 3.0" in text


@pytest.mark.parametrize(("late", "told"), [(5.0, False), (80.0, True)])
def test_a_machine_that_is_too_busy_is_told(late: float, told: bool) -> None:
    console = Console(record=True, width=140, file=StringIO())
    show(Found([made("tandem", 8, late_p99=late)], []), console)
    assert ("too busy" in console.export_text()) is told


def test_every_table_shows_what_was_measured() -> None:
    human = Patience("tandem", "tuning", 10, ["a"], 0, 600, 700, {"human": (1, 4)}, [], (0, 0))
    stages = {"vad": 40.0, "voice_to_voice": 500.0, "network and playing": 60.0}
    levels = [made("tandem", 8, v2v_p50=560, stages=stages)]
    console = Console(record=True, width=140, file=StringIO())
    show(Found(levels, [human], [], [spoken_into()]), console)
    text = console.export_text()
    assert "1/4" in text
    assert "250 / 295" in text
    assert "2 times: 1000 / 1500" in text
    assert text.index("vad") < text.index("server sees it") < text.index("and playing")


def test_a_run_is_kept_and_read_again(tmp_path: Path) -> None:
    found = Found(
        [made("tandem", 8)],
        [half("tandem", "tuning", "a")],
        [made("tandem", 50)],
        [spoken_into()],
    )
    save(found, {"at": "now"}, tmp_path / "run.json")
    again = read(tmp_path / "run.json")
    assert about(tmp_path / "run.json") == {"at": "now"}
    assert by_name(again).keys() == by_name(found).keys()
    assert [bar.value for bar in bars(again)][-2:] == [bar.value for bar in bars(found)][-2:]
    assert again.levels[0].v2v_p50 == found.levels[0].v2v_p50
    assert again.patience[0].cut == ["a"]
    assert again.leftover[0].calls == 50


def test_the_curve_has_a_line_of_each_bot(tmp_path: Path) -> None:
    levels = [made("tandem", 1), made("tandem", 8), made("stock24", 1), made("stock24", 8)]
    draw(levels, tmp_path / "curve.svg")
    svg = (tmp_path / "curve.svg").read_text()
    assert svg.count("<polyline") == 6
    assert ">stock24<" in svg


def test_each_curve_says_how_many_calls_a_core_holds() -> None:
    levels = [made("tandem", 1, cpu_ms=40), made("tandem", 60, cpu_ms=20)]
    levels.append(made("tandem", 8, cpu_ms=25, workers=2))
    answers, cores = lines(levels)
    assert [line.dashed for line in answers] == [False, True, False, True]
    assert [line.label for line in cores] == ["tandem: 50", "tandem, 2 workers: 40"]
    assert cores[0].points == ((1, 0.04), (60, 1.2))


@pytest.mark.parametrize(("top", "expected"), [(0.3, 0.5), (1, 1), (7, 10), (1900, 2000)])
def test_axes_end_at_round_numbers(top: float, expected: float) -> None:
    assert scale(top) == pytest.approx(expected)
