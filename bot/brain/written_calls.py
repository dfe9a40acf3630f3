"""Tool calls that open models write as text, read. Pure: text in, calls out.

Forms (from the models' chat templates and vLLM's parsers): JSON of several shapes (Qwen, Hermes,
Llama 3, Mistral), `name{…}` (Mistral 11), DeepSeek's marks, `<function=name>` and `<parameter=…>`
(Llama 3.1, Qwen 3 Coder), `<invoke name=…>` (MiniMax, Claude's old form), `<arg_key>` (GLM),
`name(argument="…")` (Llama 4, and small models of any kind).
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.brain.markup import Balance

Tools = Mapping[str, Sequence[str]]
"""The tools shown: name -> its arguments' names, in order."""
Call = tuple[str, str]
"""A tool's name, and its arguments as the text of a JSON object."""

_NAMES = ("name", "tool", "tool_name", "function_name", "function", "action")
_ARGUMENTS = ("arguments", "parameters", "args", "params", "input", "tool_input", "action_input")
FIRST_KEYS = frozenset(
    (*_NAMES, *_ARGUMENTS, "type", "id", "tool_calls", "function_call", "tool_call")
)
"""With what a call that is written as JSON begins."""
_ABOUT = {"type", "id", "tool_call_id", "index"}

_DEEPSEEK = re.compile(
    r"<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?\s*(?P<name>[\w.:-]+)\s*(?:<｜tool▁sep｜>)?"
    r"\s*(?:```(?:json)?)?\s*(?P<arguments>\{.*?\})?\s*(?:```)?\s*(?:<｜tool▁call▁end｜>|$)",
    re.DOTALL,
)
_TAGGED = re.compile(
    r"<(?:function=|invoke name=|function name=)[\"']?(?P<name>[\w.:-]+)[\"']?\s*>(?P<body>.*?)"
    r"(?:</function>|</invoke>|(?=<function=|<invoke )|$)",
    re.DOTALL,
)
_PARAMETER = re.compile(
    r"<(?:parameter=|parameter name=)[\"']?(?P<name>[\w.-]+)[\"']?\s*>(?P<value>.*?)"
    r"(?:</parameter>|(?=<parameter)|$)",
    re.DOTALL,
)
_ARG_KEY = re.compile(
    r"<arg_key>(?P<name>.*?)</arg_key>\s*<arg_value>(?P<value>.*?)</arg_value>", re.DOTALL
)
_BEFORE_JSON = re.compile(r"([A-Za-z_][\w.-]*)(?::\d+)?\s*$")
_MISTRAL = re.compile(r"\[(?:ARGS|TOOL_CALLS)\]|\[CALL_ID\]\w+")
_FIRST_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_QUOTED_NAME = re.compile(r"[\"'](?:name|function)[\"']\s*:\s*[\"']([\w.:-]+)[\"']")


def calls_in(text: str, tools: Tools, *, marked: bool = True) -> list[Call]:
    """The tool calls that a text is made of, in order; none if it is something else.

    Args:
        text: What was written, without the marks around it.
        tools: The tools shown.
        marked: Whether the model has marked it as a call, so that an unknown name or broken JSON
            is a wrong call rather than no call.
    """
    for read in (_deepseek, _tagged, _glm, _json, _python):
        if calls := [call for call in read(text, tools, marked) if call]:
            return calls
    if marked and (broken := _QUOTED_NAME.search(text)):
        return [(known_name(broken[1], tools), unreadable(text))]
    return []


def names_one(text: str, tools: Tools) -> bool:
    """Whether a text has a tool's name in quotes, so that it is no words to speak."""
    return any(known_name(name, tools) in tools for name in _QUOTED_NAME.findall(text))


def known_name(name: str, tools: Tools) -> str:
    """The tool that is meant by a name, or the name itself if there is none."""
    last = re.split(r"[.:/]", name.strip())[-1]
    for candidate in (name, last, f"bot_{last}"):
        if candidate in tools:
            return candidate
    return name


def as_object(written: Any) -> str:
    """Arguments as the text of a JSON object; what is none fits no tool (`unreadable`)."""
    if written is None or written == "":
        return "{}"
    if isinstance(written, Mapping):
        return json.dumps(written, ensure_ascii=False, default=str)
    if not isinstance(written, str):
        return unreadable(json.dumps(written, ensure_ascii=False, default=str))
    for load in (json.loads, _lax_json, ast.literal_eval):
        try:
            value = load(written)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        if isinstance(value, Mapping):
            return written if load is json.loads else as_object(value)
        if isinstance(value, str) and value != written:
            return as_object(value)
        return "{}" if value is None else unreadable(written)
    return unreadable(written) if written.strip() else "{}"


def unreadable(text: str) -> str:
    """Arguments that cannot be read, as an object that fits no tool: the model is told then."""
    return json.dumps({"arguments": text.strip()}, ensure_ascii=False)


def _lax_json(text: str) -> Any:
    """JSON with line breaks in its texts and commas before closing brackets."""
    return json.loads(re.sub(r",\s*([}\]])", r"\1", text), strict=False)


def _deepseek(text: str, tools: Tools, _: bool) -> Iterator[Call]:
    for match in _DEEPSEEK.finditer(text):
        yield known_name(match["name"], tools), as_object(match["arguments"])


def _tagged(text: str, tools: Tools, _: bool) -> Iterator[Call]:
    for match in _TAGGED.finditer(text):
        values = {p["name"]: _value(p["value"]) for p in _PARAMETER.finditer(match["body"])}
        arguments = as_object(values or match["body"].strip())
        yield known_name(match["name"], tools), arguments


def _glm(text: str, tools: Tools, _: bool) -> Iterator[Call]:
    values = {m["name"].strip(): _value(m["value"]) for m in _ARG_KEY.finditer(text)}
    name = _FIRST_NAME.match(text.strip())
    if values and name:
        yield known_name(name[0], tools), as_object(values)


def _value(text: str) -> Any:
    """A value between tags: JSON if it is, words otherwise."""
    text = text.strip()
    try:
        return json.loads(text)
    except ValueError:
        return text


def _json(text: str, tools: Tools, marked: bool) -> Iterator[Call]:
    text = _MISTRAL.sub(" ", text)
    place = 0
    while opening := re.search(r"[{\[]", text[place:]):
        start = place + opening.start()
        value, end = _value_at(text, start)
        if end < 0:
            place = start + 1
            if text[start] == "{" and not marked:
                return
            continue
        found = list(_calls_of(value, tools, marked))
        if not found and isinstance(value, dict):
            before = _BEFORE_JSON.search(text[place:start])
            if before and (marked or known_name(before[1], tools) in tools):
                found = [(known_name(before[1], tools), as_object(value))]
        yield from found
        place = end


def _value_at(text: str, start: int) -> tuple[Any, int]:
    """The JSON (or Python) value that begins at a place, and where it ends; -1 if there is none."""
    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)
    except ValueError:
        end = Balance().end(text, start)
    for load in (_lax_json, ast.literal_eval):
        try:
            return load(text[start:end]), end
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
    return None, -1


def _calls_of(value: Any, tools: Tools, marked: bool) -> Iterator[Call]:
    if isinstance(value, list):
        for item in value:
            yield from _calls_of(item, tools, marked)
    if not isinstance(value, dict):
        return
    for wrapper in ("tool_calls", "function_call", "tool_call", "function"):
        if isinstance(value.get(wrapper), list | dict):
            yield from _calls_of(value[wrapper], tools, marked)
            return
    if len(value) == 1:
        ((only, inner),) = value.items()
        if known_name(only, tools) in tools and isinstance(inner, dict):
            yield known_name(only, tools), as_object(inner)
            return
    key = next((k for k in _NAMES if isinstance(value.get(k), str)), None)
    if key is None:
        return
    name = known_name(value[key], tools)
    slot = next((k for k in _ARGUMENTS if k in value), None)
    rest = {k: v for k, v in value.items() if k not in _ABOUT and k not in (key, slot)}
    if name in tools:
        yield name, as_object(rest if slot is None else value[slot])
    elif marked or (isinstance(value.get(slot or ""), dict | str) and not rest):
        yield name, as_object(value.get(slot or ""))


def _python(text: str, tools: Tools, marked: bool) -> Iterator[Call]:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return
    for node in tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree]:
        if not isinstance(node, ast.Call):
            continue
        name = known_name(re.sub(r"\.call$", "", ast.unparse(node.func)), tools)
        if name not in tools and not marked:
            continue
        yield name, _python_arguments(node, tools.get(name, ()))


def _python_arguments(node: ast.Call, names: Sequence[str]) -> str:
    try:
        values = {k.arg: ast.literal_eval(k.value) for k in node.keywords if k.arg}
        given = [ast.literal_eval(one) for one in node.args]
    except ValueError:
        return unreadable(ast.unparse(node))
    if len(given) == 1 and isinstance(given[0], dict) and not values:
        return as_object(given[0])
    return as_object({**dict(zip(names, given, strict=False)), **values})
