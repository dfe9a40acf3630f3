"""Which mode a new call gets: the order, the reasons, the rollout's stickiness, the rules."""

import random
from dataclasses import replace
from datetime import datetime, time
from typing import Any

import pytest

from bot.modes.choice import Choice, Facts, Recent, choose_mode, in_rollout
from bot.modes.config import Rule

CALLER, CALLEE = "+15550001111", "+15550002222"
NOON = datetime(2026, 11, 23, 12, 0)  # a Monday
CALLERS = [f"+1555{number:07d}" for number in range(4000)]


def facts(**values: Any) -> Facts:
    base = Facts(
        caller=CALLER,
        callee=CALLEE,
        call_id="c1",
        now=NOON,
        default_mode="cascade",
        fallback_mode="embedded",
    )
    return replace(base, **values)


# From the strongest to the weakest: (what is set, the mode it gives, a part of the reason).
ORDER: list[tuple[dict[str, Any], str, str]] = [
    ({"own": {CALLER: "embedded"}}, "embedded", "caller's own"),
    ({"own": {CALLEE: "openai_realtime"}}, "openai_realtime", "number's own"),
    ({"rollout": {"runpod_streaming": 100}}, "runpod_streaming", "rollout 100 %"),
    ({"rules": (Rule(use="embedded", live_calls=1),), "live": 3}, "embedded", "3 calls are live"),
    ({"operator": "openai_realtime"}, "openai_realtime", "operator's setting"),
    ({"llm_mode": "runpod_streaming"}, "runpod_streaming", "LLM_MODE"),
    ({}, "cascade", "default_mode"),
]


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_the_strongest_setting_wins_over_all_that_are_weaker(place: int) -> None:
    values: dict[str, Any] = {}
    for setting, _, _ in reversed(ORDER[place:]):
        for name, value in setting.items():
            values[name] = values.get(name, {}) | value if name == "own" else value
    choice = choose_mode(facts(**values))
    assert choice.mode == ORDER[place][1]
    assert ORDER[place][2] in choice.reason


def test_a_mode_that_lacks_something_or_is_down_is_passed_over_with_the_reason() -> None:
    set_up = facts(operator="openai_realtime", rollout={"runpod_streaming": 100})
    lacking = replace(set_up, missing={"runpod_streaming": "needs WHISPER_ENDPOINT"})
    choice = choose_mode(lacking)
    assert choice.mode == "openai_realtime"
    assert choice.reason == (
        "operator's setting; not runpod_streaming (rollout 100 %) needs WHISPER_ENDPOINT"
    )
    both = replace(lacking, down={"openai_realtime": "answers 503"})
    assert choose_mode(both).mode == "embedded"
    assert choose_mode(both).reason.startswith("fallback_mode; not runpod_streaming")


def test_a_forced_mode_is_taken_although_it_is_down_but_not_if_it_cannot_work() -> None:
    set_up = facts(operator="openai_realtime", down={"openai_realtime": "answers 503"})
    assert choose_mode(set_up).mode == "embedded"
    assert choose_mode(replace(set_up, forced=True)).mode == "openai_realtime"
    gone = replace(set_up, forced=True, missing={"openai_realtime": "needs OPENAI_API_KEY"})
    assert choose_mode(gone).mode == "embedded"


def test_where_all_are_down_the_wanted_one_is_tried_all_the_same() -> None:
    down = dict.fromkeys(("openai_realtime", "cascade", "embedded"), "answers 503")
    assert choose_mode(facts(operator="openai_realtime", down=down)).mode == "openai_realtime"
    cannot = dict.fromkeys(down, "needs a key")
    assert choose_mode(facts(operator="openai_realtime", missing=cannot)).mode == "cascade"


@pytest.mark.parametrize("share", [0, 0.5, 10, 33, 99.5, 100])
def test_a_rollout_gives_its_share(share: float) -> None:
    got = sum(in_rollout({"embedded": share}, caller) is not None for caller in CALLERS)
    assert abs(got / len(CALLERS) - share / 100) < 0.025
    if share in (0, 100):
        assert got == len(CALLERS) * share / 100


def test_a_rollout_is_sticky_per_caller_whatever_the_call() -> None:
    shares = {"embedded": 30, "runpod_streaming": 20}
    for caller in CALLERS[:300]:
        got = {in_rollout(shares, caller, f"call {number}") for number in range(5)}  # type: ignore[arg-type]
        assert len(got) == 1


def test_growing_a_share_takes_the_mode_from_nobody_and_shrinking_gives_it_to_nobody() -> None:
    random.seed(5)
    for _ in range(30):
        other = random.uniform(0, 50)
        less, more = sorted(random.uniform(0, 50) for _ in range(2))
        for mode, second in (("embedded", "openai_realtime"), ("runpod_streaming", "cascade")):
            before: Any = {mode: less, second: other}
            after: Any = {mode: more, second: other}
            for caller in CALLERS[:200]:
                if in_rollout(before, caller) == mode:
                    assert in_rollout(after, caller) == mode
                if in_rollout(after, caller) is None:
                    assert in_rollout(before, caller) != mode


def test_several_modes_each_get_their_share() -> None:
    shares: Any = {"cascade": 20, "embedded": 30, "runpod_streaming": 40}
    got = [in_rollout(shares, caller) for caller in CALLERS]
    for mode, share in shares.items():
        assert abs(got.count(mode) / len(CALLERS) - share / 100) < 0.025


@pytest.mark.parametrize("caller", ["", "anonymous", "Restricted"])
def test_callers_without_a_number_are_drawn_call_by_call(caller: str) -> None:
    got = [in_rollout({"embedded": 50}, caller, f"call {n}") for n in range(1000)]
    assert 400 < got.count("embedded") < 600


@pytest.mark.parametrize(
    ("rule", "values", "reason"),
    [
        ({"between": (time(9), time(17))}, {}, "between 09:00 and 17:00"),
        ({"between": (time(22), time(6))}, {}, ""),
        ({"between": (time(22), time(6))}, {"now": NOON.replace(hour=23)}, "between 22:00"),
        ({"between": (time(22), time(6))}, {"now": NOON.replace(hour=3)}, "between 22:00"),
        ({"between": (time(9), time(17)), "days": ("sat", "sun")}, {}, ""),
        ({"live_calls": 5}, {"live": 4}, ""),
        ({"live_calls": 5}, {"live": 5}, "5 calls are live"),
        ({"of": "cascade", "errors_above": 0.2}, {"recent": Recent(10, 2)}, ""),
        ({"of": "cascade", "errors_above": 0.2}, {"recent": Recent(10, 3)}, "failed in 3 of 10"),
        ({"of": "cascade", "errors_above": 0.2}, {"recent": Recent(4, 4)}, ""),
        ({"of": "cascade", "latency_above_ms": 900}, {"recent": Recent(9, 0, 800)}, ""),
        ({"of": "cascade", "latency_above_ms": 900}, {"recent": Recent(9, 0, 950)}, "took 950 ms"),
        ({"of": "cascade", "latency_above_ms": 900}, {"recent": Recent(9, 0)}, ""),
        ({"of": "openai_realtime", "errors_above": 0.2}, {"recent": Recent(9, 9)}, ""),
    ],
)
def test_rules(rule: dict[str, Any], values: dict[str, Any], reason: str) -> None:
    asked: list[tuple[str, float]] = []
    recent = values.pop("recent", Recent(0, 0))

    def look(mode: str, minutes: float) -> Recent:
        asked.append((mode, minutes))
        return recent if mode == "cascade" or rule.get("of") == mode else Recent(0, 0)

    choice = choose_mode(facts(rules=(Rule(use="embedded", **rule),), recent=look, **values))
    if reason:
        assert (choice.mode, reason in choice.reason) == ("embedded", True), choice
    else:
        assert choice == Choice("cascade", "default_mode")
    assert all(minutes == 5 for _, minutes in asked)
