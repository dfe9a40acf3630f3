"""What open models write: words are spoken at once, marks never, calls are recognised; however the
text is cut into pieces."""

import json
import random
from itertools import pairwise
from typing import Any

import pytest

from bot.brain.model import ToolCall, Words
from bot.brain.plain import Plain

TOOLS = {
    "bot_create_note": ("title", "content"),
    "bot_end_call": ("reason",),
    "bot_play_youtube": ("query",),
}
BYE = ("bot_end_call", {"reason": "bye"})
JAZZ = ("bot_play_youtube", {"query": "jazz"})
NOTE = ("bot_create_note", {"title": "Milk", "content": "two"})
Heard = tuple[str, list[tuple[str, Any]]]


def read(*pieces: str, thinks_first: bool = False) -> Heard:
    plain = Plain(TOOLS, thinks_first=thinks_first)
    found = [part for piece in pieces for part in plain.feed(piece)] + plain.end()
    assert all(part.text for part in found if isinstance(part, Words))
    words = "".join(part.text for part in found if isinstance(part, Words))
    calls = [(c.name, json.loads(c.arguments)) for c in found if isinstance(c, ToolCall)]
    return words.strip(), calls


CALLS: dict[str, tuple[str, list[Any]]] = {
    "qwen": (
        '<tool_call>\n{"name": "bot_end_call", "arguments": {"reason": "bye"}}\n</tool_call>',
        [BYE],
    ),
    "qwen twice": (
        '<tool_call>{"name": "bot_end_call", "arguments": {"reason": "bye"}}</tool_call>\n'
        '<tool_call>{"name": "bot_play_youtube", "arguments": {"query": "jazz"}}</tool_call>',
        [BYE, JAZZ],
    ),
    "qwen unclosed": (
        '<tool_call>\n{"name": "bot_end_call", "arguments": {"reason": "bye"}}',
        [BYE],
    ),
    "qwen coder": (
        "<tool_call>\n<function=bot_create_note>\n<parameter=title>\nMilk\n</parameter>\n"
        "<parameter=content>\ntwo\n</parameter>\n</function>\n</tool_call>",
        [NOTE],
    ),
    "embedded": (
        '<call>\n{"name": "bot_end_call", "arguments": {"reason": "bye"}}\n</call>',
        [BYE],
    ),
    "fenced": ('```json\n{"name": "bot_end_call", "parameters": {"reason": "bye"}}\n```', [BYE]),
    "fenced list": ('```\n[{"name": "bot_end_call", "args": {"reason": "bye"}}]\n```', [BYE]),
    "bare": ('{"name": "bot_end_call", "parameters": {"reason": "bye"}}', [BYE]),
    "bare, python's quotes": ("{'name': 'bot_end_call', 'arguments': {'reason': 'bye'}}", [BYE]),
    "bare, text arguments": (
        '{"name": "bot_end_call", "arguments": "{\\"reason\\": \\"bye\\"}"}',
        [BYE],
    ),
    "bare, name as key": ('{"bot_end_call": {"reason": "bye"}}', [BYE]),
    "bare, prefix forgotten": ('{"name": "end_call", "arguments": {"reason": "bye"}}', [BYE]),
    "bare, namespace": (
        '{"name": "functions.bot_end_call", "arguments": {"reason": "bye"}}',
        [BYE],
    ),
    "bare, as on the wire": (
        '{"tool_calls": [{"type": "function", "function": {"name": "bot_end_call", '
        '"arguments": "{\\"reason\\": \\"bye\\"}"}}]}',
        [BYE],
    ),
    "bare, comma too many": ('{"name": "bot_end_call", "arguments": {"reason": "bye",}}', [BYE]),
    "unknown tool": (
        '{"name": "get_weather", "arguments": {"city": "Rome"}}',
        [("get_weather", {"city": "Rome"})],
    ),
    "llama": (
        '<|python_tag|>{"type": "function", "name": "bot_end_call", '
        '"parameters": {"reason": "bye"}}<|eom_id|>',
        [BYE],
    ),
    "llama built-in": ('<|python_tag|>bot_end_call.call(reason="bye")<|eom_id|>', [BYE]),
    "llama custom": ('<function=bot_end_call>{"reason": "bye"}</function>', [BYE]),
    "llama 4": ('[bot_end_call(reason="bye"), bot_play_youtube(query="jazz")]', [BYE, JAZZ]),
    "python": ('bot_end_call("bye")', [BYE]),
    "mistral": (
        '[TOOL_CALLS][{"name": "bot_end_call", "arguments": {"reason": "bye"}}, '
        '{"name": "bot_play_youtube", "arguments": {"query": "jazz"}}]',
        [BYE, JAZZ],
    ),
    "mistral 11": (
        '[TOOL_CALLS]bot_end_call[ARGS]{"reason": "bye"}'
        '[TOOL_CALLS]bot_play_youtube[CALL_ID]a1B2c3D4e[ARGS]{"query": "jazz"}',
        [BYE, JAZZ],
    ),
    "deepseek": (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>bot_end_call\n"
        '```json\n{"reason": "bye"}\n```<｜tool▁call▁end｜>\n'
        "<｜tool▁call▁begin｜>function<｜tool▁sep｜>bot_play_youtube\n"
        '```json\n{"query": "jazz"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
        "<｜end▁of▁sentence｜>",
        [BYE, JAZZ],
    ),
    "deepseek 3.1": (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>bot_end_call<｜tool▁sep｜>"
        '{"reason": "bye"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        [BYE],
    ),
    "gpt-oss": (
        "<|channel|>analysis<|message|>They leave {so}.<|end|><|start|>assistant<|channel|>"
        "commentary to=functions.bot_end_call <|constrain|>json<|message|>"
        '{"reason": "bye"}<|call|>',
        [BYE],
    ),
    "kimi": (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.bot_end_call:0"
        '<|tool_call_argument_begin|>{"reason": "bye"}<|tool_call_end|>'
        "<|tool_calls_section_end|>",
        [BYE],
    ),
    "glm": (
        "<tool_call>bot_end_call\n<arg_key>reason</arg_key>\n<arg_value>bye</arg_value>\n"
        "</tool_call>",
        [BYE],
    ),
    "minimax": (
        '<minimax:tool_call><invoke name="bot_end_call"><parameter name="reason">bye'
        "</parameter></invoke></minimax:tool_call>",
        [BYE],
    ),
}

WORDS: dict[str, tuple[str, str]] = {
    "plain": ("It is noon, and it costs $2.50.", "It is noon, and it costs $2.50."),
    "smaller": ("5 < 6, 7 > 3 and I <3 you.", "5 < 6, 7 > 3 and I <3 you."),
    "brackets": ("A set {a, b}, a list [1, 2].", "A set {a, b}, a list [1, 2]."),
    "json that is no call": ('{"answer": 5}', '{"answer": 5}'),
    "a person": ('{"name": "Bob", "age": 3}', '{"name": "Bob", "age": 3}'),
    "code": ("`ls` lists. ```python\nprint(1)\n``` It is short.",) * 2,
    "a bot": ("I am a bot, both big and bold", "I am a bot, both big and bold"),
    "a tool's name": ("I have bot_end_call for that.", "I have bot_end_call for that."),
    "thoughts": ("<think>\nHm {x} <b\n</think>\n\nHello!", "Hello!"),
    "thoughts, no end": ("<think>I wonder", ""),
    "thoughts, no beginning": ("</think>\nHello!", "Hello!"),
    "empty thoughts": ("<think>\n\n</think>\n\nHello!", "Hello!"),
    "magistral": ("[THINK]Hm.[/THINK]Hello!", "Hello!"),
    "gpt-oss": (
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello!",
        "Hello!",
    ),
    "end of turn": ("Hello!<|im_end|>\n<|im_start|>user\nAnd you?<|im_end|>", "Hello!"),
    "llama's frame": (
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello!<|eot_id|>",
        "Hello!",
    ),
    "qwen's frame": ("<|im_start|>assistant\nHello!<|im_end|>", "Hello!"),
    "end first": ("<|eot_id|><|im_start|>assistant\nHello!", "Hello!"),
    "sentence end": ("Hello!</s>", "Hello!"),
    "framed": ("<answer>Hello!</answer>", "Hello!"),
    "invented result": ("<tool_response>sunny</tool_response>Hello!", "Hello!"),
    "half a mark at the end": ("Hello!<|im_e", "Hello!"),
}


def cuts(text: str, rng: random.Random) -> list[str]:
    count = min(len(text) - 1, rng.choice([1, 2, 5, 20, len(text) - 1]))
    places = [0, *sorted(rng.sample(range(1, len(text)), count)), len(text)]
    return [text[a:b] for a, b in pairwise(places)]


@pytest.mark.parametrize(("text", "calls"), CALLS.values(), ids=CALLS)
def test_a_call_written_as_text_is_recognised_and_never_spoken(text: str, calls: list[Any]) -> None:
    rng = random.Random(text)
    assert read(text) == ("", calls)
    for _ in range(40):
        assert read(*cuts(text, rng)) == ("", calls)


@pytest.mark.parametrize(("text", "calls"), CALLS.values(), ids=CALLS)
def test_words_before_a_call_are_spoken(text: str, calls: list[Any]) -> None:
    for cut in (1, 3):
        around = [text[place : place + cut] for place in range(0, len(text), cut)]
        assert read("Let me ", "see. ", *around) == ("Let me see.", calls)


@pytest.mark.parametrize(("text", "words"), WORDS.values(), ids=WORDS)
def test_what_is_not_words_is_not_spoken(text: str, words: str) -> None:
    rng = random.Random(text)
    assert read(text) == (words, [])
    for _ in range(40):
        assert read(*cuts(text, rng)) == (words, [])


def test_ordinary_words_wait_for_nothing() -> None:
    plain = Plain(TOOLS)
    said = ["Of", " course,", " we", " have", " 5", " tables", " (", "two", " of", " them"]
    for piece in said:
        assert plain.feed(piece) == [Words(piece)]
    assert plain.feed(" 5 < 6") == [Words(" 5 "), Words("<"), Words(" 6")]
    assert plain.feed(" {") == [Words(" ")]
    assert plain.feed("or so") == [Words("{"), Words("or so")]
    assert plain.end() == []


def test_a_thought_that_began_in_the_prompt_is_told_by_its_end() -> None:
    plain = Plain(TOOLS)
    plain.feed("They want a table.</think>Yes.")
    plain.end()
    assert plain.thinks_first is True
    assert read("They want", " a table.</th", "ink>\nYes.", thinks_first=True) == ("Yes.", [])


def test_an_answer_that_thinks_no_more_is_not_lost() -> None:
    plain = Plain(TOOLS, thinks_first=True)
    assert plain.feed("Yes.") == []
    assert plain.end() == [Words("Yes.")]
    assert plain.thinks_first is False


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ('<tool_call>{"name": "bot_end_call", "arguments": {"reason": "b</tool_call>', True),
        ('{"name": "bot_end_call", "arguments": {"reason": "b', True),
        ("<tool_call>whatever</tool_call>", False),
    ],
)
def test_a_broken_call_is_not_spoken_and_fits_no_tool(text: str, called: bool) -> None:
    words, calls = read(text)
    assert words == ""
    assert [name for name, _ in calls] == (["bot_end_call"] if called else [])
    assert all(list(arguments) == ["arguments"] for _, arguments in calls)
