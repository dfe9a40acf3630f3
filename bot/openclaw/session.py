"""What has become of a run, read from `agent.wait` and from the session's own history.

`agent.wait` knows the runs since the gateway's start and says "timeout" for any other, so its
silence proves nothing. The history outlives restarts; as each attempt at a task has a session of
its own, an empty one means that the message never arrived. After a kill the gateway goes on by
itself under a new run id, which only the history and the events tell.
"""

from dataclasses import dataclass
from typing import Any, Literal

from bot.openclaw.events import message_text

State = Literal["absent", "running", "completed", "cancelled", "failed", "interrupted"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands.

    state:
        absent: the session never got the message; it may be sent.
        running: it goes on, as `run_id`.
        completed: `text` is the answer.
        cancelled: it was aborted.
        failed: `text` says why.
        interrupted: it has begun, does not run, and has no answer: a gateway that has just been
            restarted takes such a run up again by itself.
    """

    state: State
    text: str = ""
    run_id: str = ""


def read_wait(payload: Any) -> Standing | None:
    """What `agent.wait` says; None if it does not know, or the run gave way to another one."""
    if not isinstance(payload, dict):
        return None
    run_id = str(payload.get("runId") or "")
    if payload.get("status") == "error":
        aborted = payload.get("error") == "aborted" or payload.get("stopReason") == "rpc"
        text = str(payload.get("error") or "the run failed")
        return Standing("cancelled" if aborted else "failed", text, run_id)
    reply = payload.get("terminalReply")
    if payload.get("status") == "ok" and isinstance(reply, dict) and reply.get("text"):
        return Standing("completed", str(reply["text"]), run_id)
    return None


def read_history(payload: Any, run_id: str) -> Standing:
    """What `chat.history` of the run's own session says."""
    history = payload if isinstance(payload, dict) else {}
    session = history.get("sessionInfo") or {}
    in_flight = history.get("inFlightRun") or {}
    if in_flight or session.get("hasActiveRun"):
        return Standing("running", run_id=str(in_flight.get("runId") or run_id))
    if (history.get("pendingInputs") or {}).get("total"):
        return Standing("running", run_id=run_id)
    messages = [m for m in history.get("messages") or () if isinstance(m, dict)]
    if not messages:
        return Standing("absent")
    last = messages[-1]
    text = message_text(last)
    if last.get("role") == "assistant" and text and last.get("stopReason") not in _UNFINISHED:
        return Standing("completed", text, run_id)
    if session.get("abortedLastRun") or last.get("stopReason") == "aborted":
        return Standing("cancelled", "aborted", run_id)
    if last.get("stopReason") == "error" or session.get("status") in ("failed", "error"):
        return Standing("failed", str(last.get("errorMessage") or "the run failed"), run_id)
    return Standing("interrupted", run_id=run_id)


_UNFINISHED = ("toolUse", "tool_use", "aborted", "error", "length")
