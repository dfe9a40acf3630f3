"""The marks that open models put into their text: thoughts, tool calls, ends, roles.

From the models' chat templates: Qwen and Hermes (`<tool_call>`, `<|im_end|>`), Llama 3
(`<|python_tag|>`, `<|eot_id|>`), Mistral (`[TOOL_CALLS]`, `[THINK]`), DeepSeek
(`<｜tool▁calls▁begin｜>`), gpt-oss (`<|channel|>analysis<|message|>`), Kimi, Granite, GLM, MiniMax,
Gemma, Phi.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from re import Match, Pattern
from typing import Literal

LONGEST_MARK = 48
"""Characters of the longest mark that is looked for; a longer `<…` is none."""

SUSPECT = re.compile(r"[<\[{`]|\bbot_|\bb(?:ot?)?$")
"""Where a mark, JSON, a fence or a tool's name may begin; half a word can wait for its rest."""
NAME = re.compile(r"\w+")
TOKEN = re.compile(r"<[|｜]([^|｜<>\n]{1,40})[|｜]>")
"""A special token that the server has let through."""
TAG = re.compile(r"</?([A-Za-z_][\w:.-]*)([=\s][^<>]*)?/?>")
FENCE = re.compile(r"```[\w+-]*\s*([{\[<])?")
THOUGHTS = re.compile(r"</(?:think|thinking|thought|thoughts|reasoning)>|\[/THINK\]")

_THINK = ("think", "thinking", "thought", "thoughts", "reasoning")
_RESULTS = ("tool_response", "tool_result", "tool_results", "function_results", "tool_output")
_CALLS = ("tool_call", "tool_calls", "call", "function_call", "function_calls", "tool_use")
_CALLS_WITH_NAME = ("function", "invoke")
_FRAMES = ("answer", "final_answer", "response", "final", "output", "s", "bos", "start_of_turn")
_ENDS = ("/s", "eos", "end_of_turn")
_PARTS = ("parameter", "arg_key", "arg_value")
_TAGS = (
    *(*_THINK, *_RESULTS, *_CALLS, *_CALLS_WITH_NAME, *_FRAMES, *_PARTS, *_ENDS[1:]),
    "minimax:tool_call",
)
_END_TOKENS = (
    *("im_end", "eot_id", "eom_id", "end_of_text", "endoftext", "end_of_sentence", "end"),
    *("return", "end_of_turn", "eot", "end_of_role", "end▁of▁sentence"),
)
_HEADERS = {
    "im_start": r"\n",
    "start_header_id": r"<\|end_header_id\|>",
    "start": r"<\|message\|>|\n",
    "channel": r"<\|message\|>",
    "start_of_role": r"<\|end_of_role\|>",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of text that is not simply spoken.

    `kind`: "thoughts" are dropped, a "call" is marked as one, "json" and a "fence" may be one,
    a "header" says what the text behind it is. `until`: its end mark; None: the text's end.
    `keeps_mark`: its marks belong to it. `balanced`: it ends with its last bracket. `after`: where
    the end mark is looked for first. `name`: the tool it calls. `unmarked`: it is words after all
    if no end mark comes.
    """

    kind: Literal["thoughts", "call", "json", "fence", "header"]
    until: Pattern[str] | None = None
    keeps_mark: bool = False
    balanced: bool = False
    after: int = 0
    name: str = ""
    unmarked: bool = False


_TO_THE_END = Block("call")
SKIPPED: dict[str, Block | None] = {
    "[TOOL_CALLS]": _TO_THE_END,
    "[THINK]": Block("thoughts", THOUGHTS),
    "[/THINK]": None,
    "[INST]": None,
    "[/INST]": None,
    "[/TOOL_CALLS]": None,
    "[TOOL_RESULTS]": Block("thoughts", re.compile(r"\[/TOOL_RESULTS\]")),
    "[ARGS]": None,
}
"""Mistral's marks: what begins with them, or None if only the mark itself is to be dropped."""


class Balance:
    """Finds the bracket that closes the first one, over a text that grows."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._escaped = False

    def end(self, text: str, start: int) -> int:
        """The place behind the closing bracket, -1 if it has not come; read on from `start`."""
        for place in range(start, len(text)):
            if self._step(text[place]):
                return place + 1
        return -1

    def _step(self, char: str) -> bool:
        if self._quote:
            if self._escaped:
                self._escaped = False
            elif char == "\\":
                self._escaped = True
            elif char == self._quote:
                self._quote = ""
        elif char in "([{":
            self._depth += 1
        elif char in ")]}":
            self._depth -= 1
            return self._depth <= 0
        elif char in "\"'" and self._depth:
            self._quote = char
        return False


def token_block(name: str) -> tuple[Block | None, bool]:
    """What begins with a special token, and whether it ends the model's turn.

    Args:
        name: What stands between its bars, in lower case, `▁` as `_`.
    """
    if name in _END_TOKENS:
        return None, True
    if name in _HEADERS:
        return Block("header", re.compile(_HEADERS[name])), False
    if name == "tool_calls_begin":
        return Block("call", re.compile("<｜tool▁calls▁end｜>")), False
    if name == "tool_call_begin":
        return Block("call", keeps_mark=True), False
    begins = name == "python_tag" or name.startswith(("tool_call", "function_call"))
    return (_TO_THE_END if begins and not name.endswith("end") else None), False


def header_block(text: str) -> Block | None:
    """What follows a header: gpt-oss says there whether it thinks, calls a tool or speaks."""
    if called := re.search(r"to=([\w.]+)", text):
        until = re.compile(r"<\|(?:call|end|return)\|>")
        return Block("call", until, name=called[1])
    if "analysis" in text:
        return Block("thoughts", re.compile(r"<\|(?:end|return)\|>"))
    return None


def tag_block(tag: Match[str]) -> tuple[Block | None, bool, bool]:
    """For a tag: what begins with it, whether it is to be dropped, whether it ends the turn."""
    name, closes = tag[1].lower(), tag[0].startswith("</")
    if closes:
        ends = name == "s"
        return None, name in _TAGS, ends
    if name in _THINK:
        return Block("thoughts", THOUGHTS), False, False
    if name in _RESULTS:
        return Block("thoughts", re.compile(f"</{name}>")), False, False
    if name in _CALLS or name.endswith(":tool_call"):
        closers = "|".join(_CALLS)
        return Block("call", re.compile(f"</(?:{closers}|{re.escape(name)})>")), False, False
    if name in _CALLS_WITH_NAME and tag[2]:
        return Block("call", re.compile(f"</{name}>"), keeps_mark=True), False, False
    return None, name in _TAGS, name in _ENDS


def could_be(text: str, tools: Iterable[str]) -> bool:
    """Whether a text that begins with `<` or `[` may become a mark when more of it comes."""
    if len(text) > LONGEST_MARK:
        return False
    if text[0] == "[":
        called = re.fullmatch(r"\[\s*(\w*)\s*", text)
        if called and (not called[1] or any(tool.startswith(called[1]) for tool in tools)):
            return True
        return any(mark.startswith(text) for mark in SKIPPED)
    if re.fullmatch(r"<(?:[|｜][^|｜<>\n]{0,40}[|｜]?)?", text):
        return True
    tag = re.fullmatch(r"</?([A-Za-z_][\w:.-]*)?([=\s/][^<>]*)?", text)
    if not tag:
        return False
    name = (tag[1] or "").lower()
    return name in _TAGS if tag[2] else any(known.startswith(name) for known in _TAGS)
