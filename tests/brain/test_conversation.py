"""Whatever has become of a conversation, every provider takes it."""

import copy
import json
import random
import re
from itertools import pairwise
from typing import Any

import pytest
from pipecat.adapters.llm.services.anthropic_adapter import AnthropicLLMAdapter
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.brain.conversation import ENDING, INTERRUPTED, OPENING, STILL_RUNNING, valid
from tests.fakes.anthropic_api import _problem

Message = dict[str, Any]


def user(text: str) -> Message:
    return {"role": "user", "content": text}


def bot(text: str) -> Message:
    return {"role": "assistant", "content": text}


def call(name: str, arguments: str = "{}") -> Message:
    function = {"name": "note", "arguments": arguments}
    return {
        "role": "assistant",
        "tool_calls": [{"id": name, "type": "function", "function": function}],
    }


def result(name: str, text: str = '"Done."') -> Message:
    return {"role": "tool", "tool_call_id": name, "content": text}


def damaged(rng: random.Random) -> list[Message]:
    """A conversation as interruptions, failures and cuts may leave it."""
    names = ["a", "b", "c", "", "call_0"]
    kinds = [
        lambda: user(rng.choice(["Hi", "", "  ", "What now?"])),
        lambda: bot(rng.choice(["Hello", "", " ", "So."])),
        lambda: call(rng.choice(names), rng.choice(["{}", '{"t": 1}', "[1]", '"x"', "{bad"])),
        lambda: result(rng.choice(names), rng.choice(['"ok"', "", "IN_PROGRESS", "CANCELLED"])),
        lambda: {"role": "developer", "content": "A task is done."},
        lambda: {"role": "system", "content": "Be brief."},
        lambda: {"role": "assistant", "content": None},
        lambda: {"role": "user", "content": [{"type": "text", "text": "Look"}]},
        lambda: {
            "role": "assistant",
            "content": "Both.",
            "tool_calls": [call(n)["tool_calls"][0] for n in rng.sample(names, 2)],
        },
    ]
    return [rng.choice(kinds)() for _ in range(rng.randint(0, 14))]


def openai_problem(messages: list[Message]) -> str:
    """What OpenAI would refuse, or ''."""
    open_calls: list[str] = []
    seen: set[str] = set()
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                return f"a result of no call: {message}"
            open_calls.remove(message["tool_call_id"])
            if not message["content"]:
                return "an empty result"
            continue
        if open_calls:
            return f"calls without a result: {open_calls}"
        for one in message.get("tool_calls") or ():
            if not re.fullmatch(r"[A-Za-z0-9]{9}", one["id"]):
                return f"an id that Mistral refuses: {one['id']}"
            if one["id"] in seen:
                return f"an id twice: {one['id']}"
            seen.add(one["id"])
            open_calls.append(one["id"])
            if not isinstance(json.loads(one["function"]["arguments"]), dict):
                return "arguments are no object"
        if not (message.get("content") or message.get("tool_calls")):
            return f"nothing in it: {message}"
    return f"calls without a result: {open_calls}" if open_calls else ""


def template_problem(messages: list[Message]) -> str:
    """What a strict chat template would refuse: roles take turns, the user begins and ends."""
    roles = [message["role"] for message in messages]
    if set(roles) - {"user", "assistant", "tool"}:
        return f"unknown roles: {roles}"
    if roles[0] != "user" or roles[-1] not in ("user", "tool"):
        return f"begins or ends wrongly: {roles}"
    for before, after in pairwise(messages):
        pair = before["role"], after["role"]
        if pair == ("user", "user"):
            return "two user messages"
        if pair == ("assistant", "assistant") and not before.get("tool_calls"):
            return "two assistant messages"
    return ""


@pytest.mark.parametrize("seed", range(10))
async def test_any_conversation_becomes_one_that_providers_take(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        await check(damaged(rng), rng.choice(["", "", "Well, I"]))


async def check(messages: list[Message], said: str) -> None:
    before = copy.deepcopy(messages)
    strict = valid(messages, said=said)
    assert openai_problem(strict) == ""
    assert template_problem(strict) == ""
    assert openai_problem(valid(messages, said=said, developer=True, strict=False)) == ""

    converted = await AnthropicLLMAdapter().get_llm_invocation_params(
        LLMContext(valid(messages, said=said, calls_in_text=False)),
        enable_prompt_caching=False,
        ensure_last_message_is_user=True,
    )
    sent: Any = converted["messages"]
    assert _problem({"model": "m", "max_tokens": 1, "messages": sent}) == ""
    assert [m["role"] for m in sent] == ["user", "assistant"] * (len(sent) // 2) + ["user"]
    assert all(m["content"] and "(empty)" not in str(m["content"]) for m in sent)

    assert messages == before, "what was given is changed"
    assert valid(strict) == strict, "a valid conversation stays as it is"


def test_nothing_valid_is_lost() -> None:
    messages = [
        user("Note milk"),
        call("a1b2c3d4e"),
        result("a1b2c3d4e", '"Saved."'),
        bot("Noted."),
        user("Thanks"),
    ]
    assert valid(messages) == messages
    assert valid(messages, developer=True, strict=False) == messages


def test_interrupted_and_running_calls_say_so() -> None:
    messages = [
        user("Go"),
        call("a"),
        result("a", "CANCELLED"),
        call("b"),
        result("b", "IN_PROGRESS"),
    ]
    messages += [call("c"), user("And?")]
    contents = [m["content"] for m in valid(messages) if m["role"] == "tool"]
    assert contents == [INTERRUPTED, STILL_RUNNING, INTERRUPTED]


def test_results_of_no_call_are_left_out() -> None:
    assert valid([user("Hi"), result("gone"), bot("Yes?"), user("Well")]) == [
        user("Hi"),
        bot("Yes?"),
        user("Well"),
    ]


def test_users_are_merged_and_silence_is_left_out() -> None:
    assert valid([user("One"), bot(""), user("two"), bot(" "), user("three")]) == [
        user("One\ntwo\nthree")
    ]


def test_words_and_the_call_behind_them_are_one_message_but_for_claude() -> None:
    messages = [user("Note milk"), bot("Sure."), call("a1b2c3d4e"), result("a1b2c3d4e")]
    one = valid(messages)[1]
    assert (one["content"], one["tool_calls"][0]["id"]) == ("Sure.", "a1b2c3d4e")
    assert valid(messages, calls_in_text=False) == messages


def test_a_greeting_comes_after_a_user_where_that_is_wanted() -> None:
    messages = [bot("Hello there."), user("Hi")]
    assert valid(messages) == [user(OPENING), *messages]
    assert valid(messages, developer=True, strict=False) == messages
    assert valid([*messages, bot("So.")])[-1] == user(ENDING)


def test_ids_that_a_server_gives_twice_are_told_apart() -> None:
    once, twice = [call("0"), result("0", "one")], [call("0"), result("0", "two")]
    sent = valid([user("Go"), *once, user("Again"), *twice])
    first, second = (m["tool_calls"][0]["id"] for m in sent if "tool_calls" in m)
    answers = [(m["tool_call_id"], m["content"]) for m in sent if m["role"] == "tool"]
    assert answers == [(first, "one"), (second, "two")]
    assert first != second


def test_an_id_that_a_template_refuses_is_changed_the_same_each_time() -> None:
    """Tasks' results come into the conversation under ids of ours."""
    messages = [user("Go"), call("result_0f"), result("result_0f"), user("And?")]
    first, again = valid(messages), valid([*messages, bot("So."), user("Well?")])
    assert first[1]["tool_calls"][0]["id"] == first[2]["tool_call_id"] != "result_0f"
    assert again[:4] == first


def test_going_on_with_an_answer() -> None:
    sent = valid([user("Tell me")], said="Once upon")
    assert sent[1] == bot("Once upon")
    assert "Go on from exactly there" in sent[2]["content"]
