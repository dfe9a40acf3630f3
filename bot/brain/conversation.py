"""A conversation as every provider takes it. Pure: messages in, messages out.

Interruptions, failures and summaries leave contexts that one provider or another refuses: a tool
call nobody answered, an answer to no call, two user messages in a row, an assistant who said
nothing. Claude wants a user first and last; the chat templates of open models want that too, know
no `developer`, and take a system message only at the beginning.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMSpecificMessage

Message = dict[str, Any]

OPENING = "(The call begins.)"
"""Stands before a greeting where the first word must be the user's."""
ENDING = "(Go on.)"
"""Stands behind the assistant's words where the last ones must be the user's."""
STILL_RUNNING = "This is still running; its result comes later."
INTERRUPTED = (
    "The caller spoke before this had answered, so it is not known whether it was done. If it is "
    "still wanted, call it again: nothing is done twice."
)
_MARKS = {"IN_PROGRESS": STILL_RUNNING, "CANCELLED": INTERRUPTED, "COMPLETED": "Done."}
"""What Pipecat's aggregator writes as the result of a call that has none."""
_ID = re.compile(r"[A-Za-z0-9]{9}")
_GO_ON = (
    "(Your answer was broken off after your last words. Go on from exactly there, and do not "
    "repeat or explain anything.)"
)


def valid(
    messages: Iterable[Any],
    *,
    said: str = "",
    developer: bool = False,
    strict: bool = True,
    calls_in_text: bool = True,
) -> list[Any]:
    """The messages as a provider takes them; those given are not changed.

    Args:
        messages: Of a context; `LLMSpecificMessage`s stay as they are.
        said: What the caller has heard of an answer that is to be gone on with.
        developer: Whether the provider knows `developer` and `system` messages among the others.
        strict: Whether the conversation has to begin and end with the user, or a tool's result.
        calls_in_text: Whether words and the tool calls that follow them are one message.
    """
    plain = list(messages)
    if said.strip():
        plain += [
            {"role": "assistant", "content": said},
            {"role": "developer", "content": _GO_ON},
        ]
    result: list[Any] = []
    for message in _paired(plain):
        if isinstance(message, dict):
            message = message if developer else _without_developer(message)
            if _is_empty(message):
                continue
            before = result[-1] if result else None
            if isinstance(before, dict) and _join(before, message, calls_in_text):
                result[-1] = _joined(before, message)
                continue
        result.append(message)
    if strict:
        if not (result and _of(result[0], "user")):
            result.insert(0, {"role": "user", "content": OPENING})
        if _of(result[-1], "assistant"):
            result.append({"role": "user", "content": ENDING})
    return result


def _paired(messages: list[Any]) -> list[Any]:
    """Each tool call directly followed by its one result; results of no call are left out."""
    results: dict[str, list[str | list[Any]]] = {}
    for message in messages:
        if _of(message, "tool"):
            results.setdefault(message.get("tool_call_id") or "", []).append(message.get("content"))
    paired: list[Any] = []
    used: set[str] = set()
    for message in messages:
        if _of(message, "tool"):
            continue
        calls = message.get("tool_calls") if _of(message, "assistant") else None
        if not calls:
            paired.append(message)
            continue
        answers = []
        sent = []
        for call in calls:
            own = str(call.get("id") or "")
            found = results.get(own)
            content = found.pop(0) if found else "CANCELLED"
            fresh = _fresh(own, used)
            sent.append(_call(call, fresh))
            answers.append(_result(fresh, content))
        paired += [{**message, "tool_calls": sent}, *answers]
    return paired


def _fresh(name: str, used: set[str]) -> str:
    """The id, or another where a server has given it before or a template would not take it.

    Mistral's take nine letters or digits and nothing else. The same id gives the same again: the
    beginning of a prompt stays as servers have cached it.
    """
    fresh, number = name, 0
    while fresh in used or not _ID.fullmatch(fresh):
        number += 1
        fresh = hashlib.sha256(f"{name} {number}".encode()).hexdigest()[:9]
    used.add(fresh)
    return fresh


def _call(call: Mapping[str, Any], identifier: str) -> Message:
    function = call.get("function") or {}
    arguments = function.get("arguments")
    return {
        **call,
        "id": identifier,
        "type": "function",
        "function": {**function, "arguments": arguments if _is_object(arguments) else "{}"},
    }


def _result(identifier: str, content: Any) -> Message:
    text = _MARKS.get(content, content) if isinstance(content, str) else content
    return {"role": "tool", "tool_call_id": identifier, "content": text or "Done."}


def _is_object(arguments: Any) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except (TypeError, ValueError):
        return False


def _without_developer(message: Message) -> Message:
    return (
        {**message, "role": "user"} if message.get("role") in ("developer", "system") else message
    )


def _is_empty(message: Message) -> bool:
    content = message.get("content")
    blank = not (content.strip() if isinstance(content, str) else content)
    return blank and not message.get("tool_calls") and message.get("role") != "tool"


def _join(before: Message, message: Message, calls_in_text: bool) -> bool:
    if before.get("role") != message.get("role") or before.get("tool_calls"):
        return False
    if message.get("role") not in ("user", "assistant"):
        return False
    return calls_in_text or not message.get("tool_calls")


def _joined(before: Message, message: Message) -> Message:
    first, second = before.get("content"), message.get("content")
    if isinstance(first, str) and isinstance(second, str):
        content: Any = f"{first}\n{second}"
    else:
        content = [*_parts(first), *_parts(second)] if second else first
    return {**before, **message, "content": content}


def _parts(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content or ())


def _of(message: Any, role: str) -> bool:
    return not isinstance(message, LLMSpecificMessage | None) and message.get("role") == role
