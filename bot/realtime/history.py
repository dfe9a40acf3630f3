"""What the API knows of the conversation, and what it still has to be told.

The house's context is the truth: it has what was really heard. A session knows more or less of it:
it has heard the caller's turns of its own connection and made its own answers; the rest (the
greeting, pressed keys, results of delegated tasks, everything before a reconnect) it is told as
items.
"""

from collections.abc import Iterable
from typing import Any

from pipecat.processors.aggregators import async_tool_messages
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.realtime.link import Event

RUNNING = "IN_PROGRESS"
"""What Pipecat's context has as the result of a tool that still runs."""


class History:
    """One session's knowledge of the context. A new connection begins a new one.

    Attributes:
        running: Tools whose results the session still waits for, told to it by an earlier one.
    """

    def __init__(self) -> None:
        self._known: dict[int, Any] = {}  # by identity; kept, or an id might be used again
        self._heard: list[str] = []
        self._said: list[str] = []
        self._called: set[str] = set()
        self.running: set[str] = set()

    def heard(self, transcript: str) -> None:
        """The session has heard the caller say this itself."""
        self._heard.append(transcript)

    def said(self, text: str) -> None:
        """The session has said this itself; the caller may have heard less of it."""
        self._said.append(_plain(text))

    def unsaid(self, text: str) -> None:
        """Not so: it was taken back."""
        if _plain(text) in self._said:
            self._said.remove(_plain(text))

    def called(self, call_id: str) -> None:
        """The session has called this tool itself, and is told of its result as it comes."""
        self._called.add(call_id)

    def news(self, context: LLMContext) -> list[Event]:
        """The items that the session has to be told, in the context's order."""
        items: list[Event] = []
        for message in context.get_messages():
            if id(message) not in self._known:
                self._known[id(message)] = message
                items += self._items(message)
            elif self.running:
                items += self._finished(message)
        return items

    def _items(self, message: Any) -> Iterable[Event]:
        if not isinstance(message, dict):  # a vendor's own
            return
        role, text = message.get("role"), text_of(message)
        if role == "assistant" and message.get("tool_calls"):
            for call in message["tool_calls"]:
                if call["id"] not in self._called:
                    yield _call(call)
        elif role == "tool":
            yield from self._result(message)
        elif role == "assistant":
            plain = _plain(text)
            if plain and not any(plain in said for said in self._said):
                yield said_by("assistant", text)
        elif role == "user":
            if rest := self._unheard(text):
                yield said_by("user", rest)
        elif text:
            yield said_by("system", text)

    def _result(self, message: dict[str, Any]) -> Iterable[Event]:
        call_id = message["tool_call_id"]
        if call_id in self._called:
            return
        payload: Any = message
        payload = async_tool_messages.parse_message(payload)
        if payload.kind == "started" if payload else text_of(message) == RUNNING:
            self.running.add(call_id)
        else:
            yield {"type": "function_call_output", "call_id": call_id, "output": text_of(message)}

    def _finished(self, message: Any) -> Iterable[Event]:
        """The result of a tool that was still running when the session was told of it."""
        if isinstance(message, dict) and message.get("tool_call_id") in self.running:
            self.running.discard(message["tool_call_id"])
            yield from self._result(message)

    def _unheard(self, text: str) -> str:
        for transcript in list(self._heard):
            if transcript and transcript in text:
                text = text.replace(transcript, " ", 1)
                self._heard.remove(transcript)
        return _plain(text)


def text_of(message: Any) -> str:
    """The plain text of a message in Pipecat's (OpenAI's chat) shape."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content if isinstance(part, dict)).strip()


def said_by(role: str, text: str) -> Event:
    """A message's item."""
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def _call(call: Any) -> Event:
    function = call["function"]
    return {
        "type": "function_call",
        "call_id": call["id"],
        "name": function["name"],
        "arguments": function["arguments"],
    }


def _plain(text: str) -> str:
    return " ".join(text.split())
