"""The gateway's `chat` and `agent` events, read into a few kinds.

Shapes as seen on openclaw 2026.9.6, protocol 4. All carry `runId` and `sessionKey`; `chat` tells
the text and the end of a run, `agent` what it does, and its final text without what was said
before a tool call.
"""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "text", "alive", "activity", "retrying", "reply", "final", "aborted", "failed", "lost"
]

_SIGNS_OF_LIFE = frozenset({"assistant", "item", "command_output", "thinking", "tool"})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a run.

    kind:
        text: `text` is the next piece of the answer.
        alive: the model has begun to answer.
        activity: `text` says what it does now ("Exec print text").
        retrying: the model's provider fails and is asked again; `text` is the reason.
        reply: `text` is the final answer alone; the end follows.
        final, aborted, failed: the end; `text` is the whole text, or why it failed.
        lost: the socket is gone; nothing is known of the run.
    """

    kind: Kind
    run_id: str = ""
    text: str = ""

    @property
    def is_end(self) -> bool:
        """Whether the run is over."""
        return self.kind in ("final", "aborted", "failed")


LOST = Event("lost")


def read_event(name: str, payload: dict[str, Any]) -> Event | None:
    """What an event says about a run; None for one that says nothing of use."""
    run_id = str(payload.get("runId") or "")
    if name == "chat":
        return _chat(run_id, payload)
    return _agent(run_id, payload) if name == "agent" else None


def message_text(message: Any) -> str:
    """The text of a message: its text parts, without tool calls."""
    if isinstance(message, str):
        return message
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(
        str(part.get("text") or "")
        for part in parts
        if isinstance(part, dict) and part.get("type") == "text"
    )


def _chat(run_id: str, payload: dict[str, Any]) -> Event | None:
    text = message_text(payload.get("message"))
    match payload.get("state"):
        case "delta":
            return Event("text", run_id, str(payload.get("deltaText") or ""))
        case "final":
            return Event("final", run_id, text)
        case "aborted":
            return Event("aborted", run_id, text)
        case "error":
            return Event("failed", run_id, str(payload.get("errorMessage") or text))
    return None


def _agent(run_id: str, payload: dict[str, Any]) -> Event | None:
    stream, data = payload.get("stream"), payload.get("data")
    if not isinstance(data, dict):
        return None
    phase = data.get("phase")
    if stream == "run_status" and phase == "retrying":
        return Event("retrying", run_id, str(data.get("reason") or "unavailable"))
    if stream == "lifecycle":
        reply = data.get("terminalReply")
        if phase == "end" and isinstance(reply, dict):
            return Event("reply", run_id, str(reply.get("text") or ""))
        return None
    if stream == "item" and data.get("kind") == "tool" and phase == "start":
        return Event("activity", run_id, str(data.get("title") or data.get("name") or "a tool"))
    said = data.get("delta") or data.get("progressText") or data.get("name") or data.get("output")
    return Event("alive", run_id) if stream in _SIGNS_OF_LIFE and said else None
