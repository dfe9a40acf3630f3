"""The chat template: the prefix that is kept warm, and how tools and their results are shown."""

from typing import Any

import jinja2
import pytest

from bot.speech.embedded.llama_child import TEMPLATE

SYSTEM = {"role": "system", "content": "You are a bot."}
TOOL = {
    "type": "function",
    "function": {
        "name": "play",
        "description": "Play music.",
        "parameters": {
            "type": "object",
            "properties": {
                "title": {"type": "string", "description": "What to play"},
                "volume": {"type": "integer"},
                "where": {"type": "string", "enum": ["here", "there"]},
            },
        },
    },
}
CALL = {"id": "1", "type": "function", "function": {"name": "play", "arguments": {"title": "Jazz"}}}


def render(*messages: dict[str, Any], tools: list[Any] | None = None, reply: bool = True) -> str:
    template = jinja2.Environment().from_string(TEMPLATE.read_text())
    return template.render(messages=messages, tools=tools, add_generation_prompt=reply)


@pytest.mark.parametrize("tools", [None, [TOOL]])
def test_the_warm_prefix_begins_every_conversation(tools: list[Any] | None) -> None:
    prefix = render(SYSTEM, tools=tools, reply=False)
    talk = render(SYSTEM, {"role": "user", "content": "hi"}, tools=tools)

    assert talk.startswith(prefix)
    assert talk.endswith("<|im_start|>assistant\n")


def test_each_turn_begins_with_the_whole_turn_before() -> None:
    first = render(SYSTEM, {"role": "user", "content": "hi"}, tools=[TOOL])
    second = render(
        SYSTEM,
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "bye"},
        tools=[TOOL],
    )

    assert second.startswith(first + "Hello!<|im_end|>\n")


def test_a_tool_is_shown_as_a_ready_call() -> None:
    text = render(SYSTEM, tools=[TOOL], reply=False)

    assert "(Play music.)" in text
    assert (
        '<call>\n{"name": "play", "arguments": {"title": "(What to play)", "volume": (integer), '
        '"where": "(here or there)"}}\n</call>'
    ) in text


def test_a_call_and_its_result_are_part_of_the_talk() -> None:
    text = render(
        SYSTEM,
        {"role": "user", "content": "jazz"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "playing"},
        tools=[TOOL],
    )

    assert '<|im_start|>assistant\n<call>\n{"name": "play", "arguments": {"title": "Jazz"}}' in text
    assert text.endswith(
        "<|im_start|>user\n<tool_response>\nplaying\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_without_tools_nothing_is_said_of_actions() -> None:
    text = render(SYSTEM, {"role": "user", "content": "hi"})

    assert text == (
        "<|im_start|>system\nYou are a bot.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_without_a_system_prompt_there_is_one() -> None:
    text = render({"role": "user", "content": "hi"})

    assert text.startswith("<|im_start|>system\nYou are a helpful voice assistant.<|im_end|>\n")
    assert text.count("hi<|im_end|>") == 1
