"""The beginning of a long conversation in short: which part of it, how it is asked for. Pure.

Pipecat's aggregator puts the summary where that part was. What it cannot do is cut between two
turns, see that a task is still running, or fail unheard; so `Brain` makes the summary itself.
"""

from collections.abc import Sequence
from typing import Any

from pipecat.processors.aggregators import async_tool_messages
from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage
from pipecat.utils.context.llm_context_summarization import LLMContextSummarizationUtil

FROM_TOKENS = 6000
"""Length of a conversation from which it is summarised, as estimated: half an hour of talk. Beyond
it, prompts that no cache knows begin to cost tenths of a second."""
KEPT_TOKENS = 1500
KEPT_TURNS = 4
"""What stays as it was said: as much of the end, and so many of the caller's turns."""
MOST_TOKENS = 500
LIMIT_SECONDS = 30.0
PAUSE_SECONDS = 60.0
"""After a summary that failed."""

PROMPT = (
    "You are given a phone call between a caller and an assistant (You). Sum it up for the "
    "assistant, who goes on with the call and will see nothing else of it.\n"
    "Keep who the caller is and what they want; every name, number, date, place and title exactly; "
    "what was decided and what was done, and results that may be asked for again; what is still "
    "under way, and what the caller has not been answered yet. Leave out small talk.\n"
    "Write short plain sentences in the language of the call, at most 250 words. Write nothing but "
    "the summary."
)
_FRAME = "(What was said before, in short, for you alone: {summary} The call goes on here.)"


def is_long(context: LLMContext) -> bool:
    """Whether it is time to summarise."""
    return LLMContextSummarizationUtil.estimate_context_tokens(context) >= FROM_TOKENS


def kept_from(messages: Sequence[Any]) -> int:
    """The first message that is to stay; 0 if there is nothing to summarise.

    It begins a turn of the caller's, and no tool call that is still open comes before it.
    """
    opened = _first_open(messages)
    tokens = turns = 0
    for place in range(len(messages) - 1, 0, -1):
        message = messages[place]
        tokens += _tokens(message)
        if isinstance(message, LLMSpecificMessage) or message.get("role") != "user":
            continue
        turns += 1
        if turns >= KEPT_TURNS and tokens >= KEPT_TOKENS and place <= opened:
            return place
    return 0


def transcript(messages: Sequence[Any]) -> str:
    """The conversation as the model reads it when it sums it up."""
    lines: list[str] = []
    for message in messages:
        if isinstance(message, LLMSpecificMessage):
            continue
        if text := _text(message.get("content")):
            lines.append(f"{_WHO.get(str(message.get('role')), 'Note')}: {text}")
        for call in message.get("tool_calls") or ():
            function = call.get("function") or {}
            lines.append(f"You used {function.get('name')} with {function.get('arguments')}")
    return "\n".join(lines)


def framed(summary: str) -> str:
    """The summary as it stands in the conversation."""
    return _FRAME.format(summary=" ".join(summary.split()))


_WHO = {"user": "Caller", "assistant": "You", "tool": "Result"}


def _first_open(messages: Sequence[Any]) -> int:
    """Where the first tool call without a result stands, or the conversation's length."""
    began: dict[str, int] = {}
    for place, message in enumerate(messages):
        if isinstance(message, LLMSpecificMessage):
            continue
        for call in message.get("tool_calls") or ():
            began[str(call.get("id"))] = place
        payload = async_tool_messages.parse_message(message)
        if payload is None and message.get("role") == "tool":
            if message.get("content") != "IN_PROGRESS":
                began.pop(str(message.get("tool_call_id")), None)
        elif payload is not None and payload.kind == "final":
            began.pop(payload.tool_call_id, None)
    return min(began.values(), default=len(messages))


def _tokens(message: Any) -> int:
    return LLMContextSummarizationUtil.estimate_context_tokens(LLMContext([message]))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return " ".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))
