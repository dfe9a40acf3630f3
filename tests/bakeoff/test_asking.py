"""Asking: steps of one request, what is kept, what is asked again, when it is given up."""

from pathlib import Path

import pytest

from bot.bakeoff import answers
from bot.bakeoff.answers import Answer, Kept, ask, key_of
from bot.bakeoff.cases import Request, every_request
from bot.bakeoff.run import run
from bot.bakeoff.summary import Judged
from bot.brain.model import Piece, ToolCall, Words
from bot.errors import ProviderDenied, ProviderUnavailable
from tests.bakeoff.scripted_model import ScriptedModel, call, words

SET = {one.id: one for one in every_request()}
HELLO, MILK, BOTH = SET["talk-hello"], SET["notes-add-milk"], SET["both-weather-time"]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_PAUSE_SECONDS", 0.0)


def ignore(_: Judged, __: bool) -> None:
    """Nobody looks on."""


async def test_an_answer_is_timed_and_counted() -> None:
    model = ScriptedModel(lambda *_: [Words("Hello"), Words(" there."), call("bot_get_time")])
    answer = await ask(model, HELLO, "all")
    assert answer.words == "Hello there."
    assert answer.calls == [("bot_get_time", "{}")]
    assert 0 < answer.first <= answer.whole
    assert (answer.prompt, answer.completion, answer.cached) == (100, 10, 40)
    assert model.asked == [HELLO.says]


async def test_a_model_that_does_one_thing_after_the_other_is_asked_again() -> None:
    calls = iter([call("bot_get_weather", place="Sydney"), call("bot_get_time", place="Sydney")])
    model = ScriptedModel(lambda *_: [next(calls)])
    answer = await ask(model, BOTH, "family")
    assert [name for name, _ in answer.calls] == ["bot_get_weather", "bot_get_time"]
    assert answer.prompt == 200
    assert [message["role"] for message in model.contexts[1][-2:]] == ["assistant", "tool"]


async def test_a_model_that_does_both_at_once_is_asked_once() -> None:
    pair = [call("bot_get_weather", place="Sydney"), call("bot_get_time", place="Sydney")]
    model = ScriptedModel(lambda *_: pair)
    assert len((await ask(model, BOTH, "family")).calls) == 2
    assert len(model.asked) == 1


async def test_one_call_is_wanted_and_one_is_asked_for() -> None:
    model = ScriptedModel(lambda *_: [call("bot_list_notes")])
    assert len((await ask(model, MILK, "all")).calls) == 1
    assert len(model.asked) == 1


async def test_arguments_that_are_no_object_do_not_come_back_to_the_model() -> None:
    model = ScriptedModel(lambda *_: [ToolCall("1", "bot_get_weather", "[1]")])
    await ask(model, BOTH, "family")
    sent = model.contexts[1][-2]["tool_calls"][0]["function"]["arguments"]
    assert sent == "{}"


async def test_a_passing_failure_is_tried_again() -> None:
    gone = [ProviderUnavailable("busy", retry_after=0.0)]
    model = ScriptedModel(lambda *_: [gone.pop()] if gone else words("Hello."))
    answer = await ask(model, HELLO, "all")
    assert answer.words == "Hello."
    assert answer.trouble == ""


async def test_one_that_stays_is_noted() -> None:
    model = ScriptedModel(lambda *_: [ProviderUnavailable("busy")])
    answer = await ask(model, HELLO, "all")
    assert "busy" in answer.trouble
    assert len(model.asked) == answers.TRIES


async def test_a_refused_key_ends_the_run() -> None:
    model = ScriptedModel(lambda *_: [ProviderDenied("401")])
    with pytest.raises(ProviderDenied):
        await run(model, [HELLO, MILK], "all", Kept(None), ignore)
    assert len(model.asked) == 1


async def test_a_model_that_is_not_there_is_given_up() -> None:
    model = ScriptedModel(lambda *_: [ProviderUnavailable("not reached")])
    with pytest.raises(ProviderUnavailable, match="given up"):
        await run(model, list(SET.values()), "family", Kept(None), ignore)
    assert len(model.asked) == 5 * answers.TRIES


async def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "there" / "kept.jsonl"
    asked: list[Request] = [HELLO, MILK, BOTH]
    first = ScriptedModel(lambda *_: words("Hm."))
    await run(first, asked[:2], "all", Kept(path), ignore)
    with path.open("a") as file:
        file.write('{"half a line')
    fresh: list[bool] = []
    second = ScriptedModel(lambda *_: words("Well."))
    judged = await run(second, asked, "all", Kept(path), lambda _, new: fresh.append(new))
    assert second.asked == [BOTH.says]
    assert sorted(fresh) == [False, False, True]
    said = {one.request.id: one.answer.words for one in judged}
    assert said == {HELLO.id: "Hm.", MILK.id: "Hm.", BOTH.id: "Well."}


async def test_failures_are_not_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept.jsonl")
    kept.add("a", Answer(trouble="busy"))
    kept.add("b", Answer(words="Hello"))
    again = Kept(tmp_path / "kept.jsonl")
    assert again.get("a") is None
    assert again.get("b") == Answer(words="Hello")


def test_a_question_is_the_same_if_all_that_is_seen_is_the_same() -> None:
    assert key_of("m", MILK, "all") != key_of("n", MILK, "all")
    assert key_of("m", MILK, "all") != key_of("m", MILK, "family")
    assert key_of("m", MILK, "choice") == key_of("m", MILK, "family")
    assert key_of("m", MILK, "all") != key_of("m", HELLO, "all")


async def test_requests_that_show_the_same_follow_one_another() -> None:
    seen: list[tuple[str, ...]] = []

    def look(_: str, tools: list[str]) -> list[Piece | Exception]:
        seen.append(tuple(tools))
        return [Words("Hm.")]

    await run(ScriptedModel(look), list(SET.values())[::4], "family", Kept(None), ignore)
    runs = [shown for place, shown in enumerate(seen) if place == 0 or seen[place - 1] != shown]
    assert len(runs) == len(set(runs)) > 5
