"""What tools have answered, in words for the caller; and whether a model's words go beyond it.

Small models say "I have saved your note" without having called the tool, and after a tool's answer
"I have asked the caller". Pure; English only.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

_KEPT = (
    r"(?:saved|noted|deleted|removed|erased|added|sent|booked|scheduled|updated|recorded"
    r"|written down|taken down)"
)
"""Done to notes and the like, and said of little else."""
_DONE = rf"(?:{_KEPT}|written|created|changed|stored|made|taken|crossed|cleared|cancel+ed)"
_DO = (
    r"(?:save|note|delete|remove|erase|add|send|book|schedule|update|record|write|create|change"
    r"|store|make|take|put|cross|clear|cancel|set|remember|remind)"
)
_SOON = r"(?:now |just |already |successfully |also |both |gone ahead and )*"
_MINE = re.compile(rf"\b(?:i|we) {_SOON}(?:have |ve )?{_SOON}{_DONE}\b")
_PASSIVE = re.compile(
    rf"\b(?:has|have) {_SOON}been {_SOON}{_KEPT}\b"
    rf"|\b(?:notes?|list|message|meeting|appointment|reminder|it|that)(?: \w+){{0,5}} (?:is|s|are) "
    rf"{_SOON}{_KEPT}\b"
    rf"|^(?:{_SOON}|okay |ok |sure |all )*(?:{_DONE}|done)\b"
)
_PROMISE = re.compile(rf"\b(?:i|we) (?:ll|will|shall|am going to|m going to) {_SOON}{_DO}\b")
_DENIED = re.compile(r"\b(?:not|t|never|nothing|no|if|once|when|after|before|until|would|could)\b")
_CLAUSE = re.compile(r"[^.!?,;:]*[.!?,;:]*")
_TITLE = re.compile(r"“[^”]*”")
_SPEECH = re.compile(r"[^“]*\b(?:Ask|Tell|Read to) the caller: (.+)", re.DOTALL)
_NO = "Not "
"""What the answer of a tool begins with that has changed nothing."""


def sayable(messages: Sequence[Any]) -> str:
    """What can be said as it stands after the latest tools' answers; '' if a model has to.

    That is what follows "Ask the caller:", "Tell the caller:" or "Read to the caller:", and an
    answer that says what was done.
    """
    said: list[str] = []
    for message in reversed(messages):
        get = getattr(message, "get", None)
        if get is None or get("role") != "tool":
            break
        answer = _text(get("content"))
        if speech := _SPEECH.match(answer):
            said.insert(0, speech[1].strip())
        elif _reports(answer) and "the caller" not in answer:
            said.insert(0, answer)
        else:
            return ""
    return " ".join(said)


def unbacked(words: str, messages: Sequence[Any]) -> bool:
    """Whether words claim or promise what no tool has done.

    A claim is backed by a tool's answer that claims something too, in this turn of the caller's or
    the one before. Where a tool has answered since, "it is scheduled for Friday" may be what was
    read; "I have scheduled it" is not. Words that promise are for a model that calls no tool.

    Args:
        words: A sentence, or several.
        messages: The conversation before it.
    """
    claimed = [one for one in _clauses(words) if claims(one) or _says(_PROMISE, one)]
    if not claimed:
        return False
    read, done = _answers(messages)
    return not done and not (read and not any(_says(_MINE, one) for one in claimed))


def claims(clause: str) -> bool:
    """Whether a clause says that something was done: "I've saved it", "Deleted the note"."""
    return _says(_MINE, clause) or _says(_PASSIVE, clause)


def _answers(messages: Sequence[Any]) -> tuple[bool, bool]:
    """Whether the model was told anything since the caller has spoken; whether a tool has said in
    this turn or the one before that something was done."""
    read, turns = False, 0
    for message in reversed(messages):
        get = getattr(message, "get", None)
        role = get("role") if get else None
        if role == "user":
            turns += 1
            if turns > 1:
                break
        elif role == "developer" and not turns:
            return True, True
        elif role == "tool":
            text = _text(get("content")) if get else ""
            read = read or not (turns or text.startswith(_NO))
            if _reports(text):
                return read, True
    return read, False


def _reports(answer: str) -> bool:
    """Whether a tool's answer begins with saying that something was done; titles do not count."""
    begin = _clauses(_TITLE.sub("", answer))[:1]
    return any(map(claims, begin))


def _text(content: Any) -> str:
    """A tool's answer, which Pipecat keeps as JSON."""
    text = str(content or "")
    try:
        return str(json.loads(text)) if text.startswith('"') else text
    except ValueError:
        return text


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.findall(text) if clause]


def _says(what: re.Pattern[str], clause: str) -> bool:
    bare = " ".join(re.sub(r"[^a-z0-9 ]+", " ", clause.casefold()).split())
    asks = clause.rstrip().endswith("?")
    return not asks and bool(what.search(bare)) and not _DENIED.search(bare)
