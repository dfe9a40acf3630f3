"""What the model is told of delegated tasks, in the conversation: as `bot_task_status` answers."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage

from bot.openclaw.asked import View


def answered(identifier: str, text: str) -> list[Any]:
    """The tool's call and its answer, which every vendor's format knows, and which mark the text
    as data rather than somebody's words."""
    function = {"name": "bot_task_status", "arguments": "{}"}
    asked = {"id": identifier, "type": "function", "function": function}
    answer = json.dumps(text, ensure_ascii=False)
    return [
        {"role": "assistant", "tool_calls": [asked]},
        {"role": "tool", "tool_call_id": identifier, "content": answer},
    ]


def remind(context: LLMContext, under_way: Sequence[View]) -> None:
    """Put the tasks that are under way behind a summary, which may have left them out."""
    names = "; ".join(f"“{view.task.title}”" for view in under_way)
    text = (
        f"Background jobs under way: {names}. Their results come later by themselves; do not "
        "start them again."
    )
    messages = list(context.get_messages())
    place = next((n for n, m in enumerate(messages, 1) if _is_users(m)), len(messages))
    messages[place:place] = answered(f"status_{uuid4().hex[:8]}", text)
    context.set_messages(messages)


def _is_users(message: Any) -> bool:
    return not isinstance(message, LLMSpecificMessage) and message.get("role") == "user"
