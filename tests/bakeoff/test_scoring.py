"""Marks: right, wrong, needless, missed, invalid."""

import json
from typing import Any

import pytest

from bot.bakeoff.answers import Answer
from bot.bakeoff.cases import Expected, Request
from bot.bakeoff.scoring import Verdict, judge

MILK = Expected("bot_update_note", {"note": "shop", "text": "milk"})
TIME = Expected("bot_get_time", {})
TASK = Expected("bot_openclaw_task", {"task": "flight"})
ADD = {"note": "shopping list", "change": "append", "text": "milk"}


def request(*accepted: tuple[Expected, ...], may: str = "") -> Request:
    return Request(
        "r", "notes", "tuning", "says", accepted or ((),), may=frozenset(filter(None, [may]))
    )


def answer(*calls: tuple[str, Any], words: str = "") -> Answer:
    written = [(name, a if isinstance(a, str) else json.dumps(a)) for name, a in calls]
    return Answer(calls=written, words=words, first=0.1, whole=0.2)


def marks(verdict: Verdict) -> tuple[bool, bool, int, bool, bool]:
    """(right tool, right arguments, needless, missed, invalid)."""
    return (
        verdict.tool,
        verdict.arguments,
        verdict.needless,
        verdict.missed,
        verdict.invalid,
    )


RIGHT = (True, True, 0, False, False)


def test_right() -> None:
    verdict = judge(request((MILK,)), answer(("bot_update_note", ADD)))
    assert marks(verdict) == RIGHT
    assert verdict.why == ""


def test_right_tool_with_wrong_arguments() -> None:
    verdict = judge(request((MILK,)), answer(("bot_update_note", ADD | {"text": "eggs"})))
    assert marks(verdict) == (True, False, 0, False, False)
    assert verdict.why == "wrong arguments"


def test_a_wrong_tool_is_wrong_and_not_needless() -> None:
    verdict = judge(request((MILK,)), answer(("bot_get_time", {})))
    assert marks(verdict) == (False, False, 0, False, False)
    assert verdict.why == "wanted bot_update_note, got bot_get_time"


def test_words_where_a_tool_is_wanted() -> None:
    verdict = judge(request((MILK,)), answer(words="I have added it."))
    assert marks(verdict) == (False, False, 0, False, False)


def test_a_call_beside_the_right_one_is_needless() -> None:
    verdict = judge(request((MILK,)), answer(("bot_update_note", ADD), ("bot_get_time", {})))
    assert marks(verdict) == (False, False, 1, False, False)


def test_the_same_call_twice_is_needless() -> None:
    verdict = judge(request((TIME,)), answer(("bot_get_time", {}), ("bot_get_time", {})))
    assert marks(verdict) == (False, False, 1, False, False)


def test_chit_chat() -> None:
    assert marks(judge(request(), answer(words="Hello!"))) == RIGHT
    called = judge(request(), answer(("bot_get_time", {})))
    assert marks(called) == (False, False, 1, False, False)
    assert called.why == "wanted no tool, got bot_get_time"
    assert marks(judge(request(may="bot_get_time"), answer(("bot_get_time", {})))) == RIGHT


def test_several_in_any_order() -> None:
    both = request((MILK, TIME))
    assert marks(judge(both, answer(("bot_get_time", {}), ("bot_update_note", ADD)))) == RIGHT
    half = judge(both, answer(("bot_get_time", {})))
    assert marks(half) == (False, False, 0, False, False)


def test_two_calls_of_one_tool_are_matched_by_their_arguments() -> None:
    paris, rome = (Expected("bot_get_weather", {"place": place}) for place in ("paris", "rome"))
    said = answer(("bot_get_weather", {"place": "Rome"}), ("bot_get_weather", {"place": "Paris"}))
    assert marks(judge(request((paris, rome)), said)) == RIGHT


def test_any_accepted_answer_is_right() -> None:
    other = (Expected("bot_create_note", {"content": "milk"}),)
    said = answer(("bot_create_note", {"title": "List", "content": "milk"}))
    assert marks(judge(request((MILK,), other), said)) == RIGHT
    assert not judge(request((MILK,)), said).tool


def test_a_missed_delegation() -> None:
    flights = request((TASK,))
    assert judge(flights, answer(words="About ninety euros.")).missed
    assert judge(flights, answer(("bot_search_wikipedia", {"query": "flight"}))).missed
    assert not judge(flights, answer(("bot_openclaw_task", {"task": "find a flight"}))).missed
    thought = judge(flights, answer(("bot_think_deeply", {"question": "flights?"})))
    assert not thought.missed
    assert not thought.tool


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (answer(("bot_fly_away", {})), "there is no tool bot_fly_away"),
        (answer(("bot_update_note", '{"note": ')), "arguments are no JSON"),
        (answer(("bot_update_note", {"note": "shopping"})), "change is missing"),
        (answer(("bot_update_note", ADD | {"change": "add"})), "change:"),
        (answer(words="  "), "empty answer"),
        (Answer(trouble="ProviderUnavailable: broken off"), "broken off"),
    ],
)
def test_invalid(said: Answer, why: str) -> None:
    verdict = judge(request((MILK,)), said)
    assert verdict.invalid
    assert not verdict.arguments
    assert why in verdict.why


def test_a_right_tool_with_arguments_that_do_not_fit_is_right_by_name_only() -> None:
    verdict = judge(request((MILK,)), answer(("bot_update_note", ADD | {"change": "add"})))
    assert marks(verdict) == (True, False, 0, False, True)
