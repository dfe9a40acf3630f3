"""The Realtime stand-in's conversation: its items, as the API keeps and refuses them."""

import uuid
from typing import Any

from tests.fakes.script import Ask, chat

_ROOT = "root"
_KINDS = {"user": {"input_text", "input_audio"}, "system": {"input_text"}}
_KINDS["assistant"] = {"output_text"}  # its sound cannot be given back
LONGEST_ID = 32


class RealtimeRefused(Exception):
    """The API answers with an `error` event; `code` is its word for it."""

    def __init__(self, code: str, message: str) -> None:
        """Args: the code and the text."""
        super().__init__(message)
        self.code = code


def new_id(kind: str) -> str:
    """Return an id like the API's."""
    return f"{kind}_{uuid.uuid4().hex[:20]}"


class Items:
    """A conversation. Keys of an item that begin with `_` are the stand-in's own.

    `spoken`: the words of a spoken item, cut where it was truncated.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.all: list[dict[str, Any]] = []
        self.coming = new_id("item")

    def make(self, role: str, content: list[Any], *, spoken: str, seconds: float) -> dict[str, Any]:
        """A message that was spoken; not in the conversation yet."""
        item_id, self.coming = self.coming, new_id("item")
        message = {"id": item_id, "object": "realtime.item", "type": "message"}
        made = {"role": role, "status": "completed", "content": content}
        return {**message, **made, "_spoken": spoken, "_seconds": seconds}

    def given(self, item: dict[str, Any]) -> dict[str, Any]:
        """An item that the client gives; refused unless the API would take it."""
        kind = item.get("type")
        if kind not in ("message", "function_call", "function_call_output"):
            raise RealtimeRefused("invalid_value", f"Invalid item.type {kind!r}.")
        if len(str(item.get("id", ""))) > LONGEST_ID:
            raise RealtimeRefused("string_above_max_length", "item.id is too long.")
        if any(item.get("id") == other["id"] for other in self.all):
            raise RealtimeRefused("item_create_duplicate_item_id", "That id is taken.")
        if kind == "function_call_output":
            known = {i.get("call_id") for i in self.all if i["type"] == "function_call"}
            if item.get("call_id") not in known:
                raise RealtimeRefused("invalid_tool_call_id", "No such function call.")
        for part in item.get("content") or []:
            if part.get("type") not in _KINDS.get(str(item.get("role")), set()):
                raise RealtimeRefused("invalid_value", f"Invalid content {part.get('type')!r}.")
            if part["type"].endswith("text") and not isinstance(part.get("text"), str):
                raise RealtimeRefused("missing_required_parameter", "item.content.text")
        return {"id": new_id("item"), "object": "realtime.item", "status": "completed", **item}

    def add(self, item: dict[str, Any], previous: str | None = None) -> str | None:
        """Put an item behind another, by default at the end; returns the id before it."""
        place = len(self.all)
        if previous == _ROOT:
            place = 0
        elif previous:
            place = self.all.index(self.find(previous, "item_create_invalid_previous_item_id")) + 1
        self.all.insert(place, item)
        return self.all[place - 1]["id"] if place else None

    def find(self, item_id: str, code: str) -> dict[str, Any]:
        """The item of an id."""
        for item in self.all:
            if item["id"] == item_id:
                return item
        raise RealtimeRefused(code, f"Item with item_id {item_id} does not exist.")

    def delete(self, item_id: str) -> str:
        """Take an item out."""
        self.all.remove(self.find(item_id, "item_delete_invalid_item_id"))
        return item_id

    def truncate(self, event: dict[str, Any]) -> dict[str, Any]:
        """Cut the sound of an answer, and its words with it."""
        item = self.find(str(event.get("item_id")), "item_truncate_invalid_item_id")
        end = event.get("audio_end_ms")
        if item.get("role") != "assistant" or "_seconds" not in item:
            raise RealtimeRefused("invalid_value", "Only model output audio can be truncated.")
        if not isinstance(end, int) or end < 0 or end > item["_seconds"] * 1000 + 1:
            made = round(item["_seconds"] * 1000)
            raise RealtimeRefused("invalid_value", f"Audio content of {made}ms is shorter.")
        share = end / 1000 / item["_seconds"] if item["_seconds"] else 0.0
        item["_spoken"] = item["_spoken"][: round(len(item["_spoken"]) * share)]
        item["_truncated"] = end
        return item

    @staticmethod
    def seconds(item: dict[str, Any]) -> float:
        """Of sound in an item."""
        return float(item.get("_seconds", 0.0))

    def ask(self, instructions: str, tools: list[Any], model: str) -> Ask:
        """What the model is asked, in no vendor's shape."""
        messages = [{"role": "system", "content": instructions}] if instructions else []
        messages += [_message(item) for item in self.all]
        return chat(messages, [tool["name"] for tool in tools], model)


def _message(item: dict[str, Any]) -> dict[str, Any]:
    if item["type"] == "function_call":
        function = {"name": item["name"], "arguments": item["arguments"]}
        call = {"id": item["call_id"], "type": "function", "function": function}
        return {"role": "assistant", "content": "", "tool_calls": [call]}
    if item["type"] == "function_call_output":
        return {"role": "tool", "content": item["output"], "tool_call_id": item["call_id"]}
    if "_spoken" in item:
        return {"role": item["role"], "content": item["_spoken"]}
    text = " ".join(part.get("text") or "" for part in item.get("content") or [])
    return {"role": item["role"], "content": text}
