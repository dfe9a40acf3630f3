"""The gateway's wire shapes, and how it reads commands out of messages; openclaw 2026.9.6."""

import re
import time
from dataclasses import dataclass, field
from typing import Any

STARTING = {
    "code": "UNAVAILABLE",
    "message": "gateway starting; retry shortly",
    "retryable": True,
    "retryAfterMs": 100,
    "details": {"reason": "startup-sidecars"},
}
OVERLOADED = "The AI service is temporarily overloaded. Please try again in a moment."
WRONG_KEY = (
    "⚠️ claude/claude-model request failed (authentication failed, HTTP 401). "
    "Re-authenticate the provider and try again."
)
DISABLED = (
    'Inline API key for provider "claude" is temporarily disabled after a provider auth/billing '
    "failure. Retry after about 1 minute, or switch to a different auth profile/API key."
)
INTERRUPTED = "[System] Your previous turn was interrupted by a gateway restart. Continue."

_ABORT = {"stop", "esc", "abort", "please stop", "exit", "interrupt", "wait"}
_DIRECTIVE = re.compile(r"(?:^|(?<=\s))/(status|think|help|stop)\b:?(?:[ \t]+\S+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Overloaded:
    """The model's provider answers 529; the gateway gives up after `seconds` (76 in truth)."""

    seconds: float = 76.0
    tries: int = 8


@dataclass(frozen=True, slots=True)
class WrongKey:
    """The model's provider answers 401: a quick failure, and it is disabled for a minute."""


@dataclass
class Run:
    """One run. `status` is running, ok, error or merged (its message went into another run)."""

    id: str
    session_key: str
    owner: Any
    status: str = "running"
    text: str = ""
    reply: str = ""
    error: str = ""
    stop_reason: str = ""
    seq: int = 0
    queued: list[str] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status != "running"

    def waited(self) -> dict[str, Any]:
        """What `agent.wait` answers."""
        if not self.over:
            return {"runId": self.id, "status": "timeout"}
        if self.status == "error":
            return {"runId": self.id, "status": "error", "error": self.error}
        if self.status == "aborted":
            stop = {"error": "aborted", "stopReason": self.stop_reason}
            return {"runId": self.id, "status": "error", **stop}
        answer: dict[str, Any] = {"runId": self.id, "status": "ok"}
        if self.reply:
            answer["terminalReply"] = {"disposition": "visible", "text": self.reply}
        return answer


@dataclass
class Session:
    """A stored conversation; `active` is the run that is on."""

    key: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    active: Run | None = None
    aborted: bool = False

    def heard(self, text: str, run_id: str) -> None:
        """Store a user's message."""
        self.messages.append(
            {
                "role": "user",
                "content": text,
                "idempotencyKey": f"{run_id}:user",
                "timestamp": now(),
            }
        )

    def answered(self, run: Run, text: str, stop_reason: str) -> None:
        """Store the agent's message."""
        content = [{"type": "text", "text": text}]
        about = {"__openclaw": {"runId": run.id}, "timestamp": now()}
        self.messages.append(
            {"role": "assistant", "content": content, "stopReason": stop_reason, **about}
        )

    def history(self) -> dict[str, Any]:
        """What `chat.history` answers."""
        info: dict[str, Any] = {"key": self.key, "abortedLastRun": self.aborted}
        info |= {"hasActiveRun": self.active is not None}
        info["status"] = "running" if self.active else "done"
        answer: dict[str, Any] = {
            "sessionKey": self.key,
            "messages": self.messages,
            "pendingInputs": {"items": [], "total": 0},
            "sessionInfo": info,
        }
        if self.active:
            answer["inFlightRun"] = {"runId": self.active.id, "text": self.active.text}
        return answer


def now() -> int:
    """Milliseconds since the epoch."""
    return int(time.time() * 1000)


def message(text: str) -> dict[str, Any]:
    """An assistant's message as events carry it."""
    return {"role": "assistant", "content": [{"type": "text", "text": text}], "timestamp": now()}


def command(text: str) -> tuple[str, str]:
    """(what the gateway takes a message for: "stop", "reply", "error" or "", the text left).

    A message that comes down to an abort word is one, also behind a label or as the last line;
    a known /word is carried out and cut out wherever white space stands before it.
    """
    last = text.strip().splitlines()[-1] if text.strip() else ""
    bare = last.rpartition(":")[2].strip().strip("\"'.!").lower()
    unquoted = not last.rstrip().endswith(('"', "'"))
    if bare in _ABORT and unquoted:
        return "stop", ""
    found = [match.group(1).lower() for match in _DIRECTIVE.finditer(text)]
    left = _DIRECTIVE.sub("", text)
    if "stop" in found:
        return "stop", ""
    if "think" in found:
        return "error", ""
    if found and not left.strip():
        return "reply", ""
    return "", left if found else text
