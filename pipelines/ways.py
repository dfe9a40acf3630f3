"""A way to hold a conversation, and what a conversation leaves to the one that takes its place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.transports.base_transport import BaseTransport

from pipelines.conversation import Conversation
from pipelines.parts import Carried

BROKE_OFF = (
    "Your last answer broke off for a technical reason; the caller has heard what stands above. If "
    "something is missing from it, go on from there without repeating anything."
)
_UNFINISHED = ("IN_PROGRESS", "CANCELLED")
"""What Pipecat's context has as the result of a tool that runs, or was stopped."""


@dataclass(frozen=True)
class Way:
    """A way to hold a conversation.

    Args:
        mode: Its name.
        build: Composes a conversation on a fresh transport, in the place of another or of none.
    """

    mode: str
    build: Callable[[BaseTransport, Carried | None], Conversation]


@runtime_checkable
class Renewable(Protocol):
    """A transport whose media stream another pipeline can take over while the caller stays."""

    def renewed(self) -> Self:
        """A fresh transport on the same stream. What the caller says from now on is the new one's,
        from the first sound; the old one sends nothing more."""


def leave(talk: Conversation, sound: bytes, *, broke_off: bool) -> Carried:
    """What a conversation that was interrupted leaves.

    Args:
        talk: Its last words are in the context, as far as they were heard.
        sound: What the caller has said of a turn that is not over.
        broke_off: An answer was begun that will not be finished.
    """
    prune(talk.context)
    messages: list[Any] = talk.context.get_messages()
    last = messages[-1].get("role") if messages and isinstance(messages[-1], dict) else ""
    cut = talk.cut_short or broke_off
    if cut and last == "assistant":
        note: Any = {"role": "developer", "content": BROKE_OFF}
        talk.context.add_message(note)
    return Carried(
        talk.context,
        turn=talk.journal.turn,
        owed=cut or talk.care.owed or last in ("user", "tool"),
        sound=sound,
        toolbox=talk.parts.toolbox,
        catalogue=talk.parts.catalogue,
        handoff=talk.parts.handoff,
    )


def prune(context: LLMContext) -> None:
    """Take out calls of tools that came to nothing: whoever goes on asks for them again. What such
    a tool has done already is not done twice (`tools.running`)."""
    messages: list[Any] = context.get_messages()
    stopped = {
        message["tool_call_id"]
        for message in messages
        if isinstance(message, dict)
        and message.get("role") == "tool"
        and str(message.get("content")).strip('"') in _UNFINISHED
    }
    if stopped:
        context.set_messages([m for m in messages if not _of(m, stopped)])


def _of(message: Any, calls: set[str]) -> bool:
    if not isinstance(message, dict):
        return False
    asked = message.get("tool_calls") or ()
    return message.get("tool_call_id") in calls or any(call["id"] in calls for call in asked)
