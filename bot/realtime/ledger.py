"""What a session is told of the conversation: its setup, the past, questions, and what was cut off.

It keeps the API's view of the conversation the same as the house's: of an answer that the caller
broke into, the API keeps what was heard.
"""

from collections.abc import Callable, Iterable
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext

from bot.realtime.answer import Answer, Spoken
from bot.realtime.history import History, said_by
from bot.realtime.link import Event
from bot.realtime.setup import (
    Persona,
    item_create,
    response_create,
    session_update,
    tools_of,
    tools_update,
)

HeardMs = Callable[[int], int | None]
"""Given the id of the frame that announced a sentence: how many milliseconds of it were heard; None
where it is not on its way any more."""


class Ledger:
    """Tells a session the conversation.

    Attributes:
        context: The conversation.
        heard_ms: What of an answer was heard.
        history: What the present connection knows.

    Args:
        persona: Who the model is.
        send: Sends an event.
    """

    def __init__(self, persona: Persona, send: Callable[[Event], None]) -> None:
        self.context = LLMContext()
        self.heard_ms: HeardMs = lambda _: None
        self.history = History()
        self._persona, self._send = persona, send
        self._tools: list[Any] = []
        self._playing: list[Spoken] = []
        self._restored: tuple[str, str] | None = None
        self._restorations = 0

    def configuration(self) -> Event:
        """The first event of a connection."""
        self._tools = tools_of(self.context)
        return session_update(self._persona, self._tools)

    def restoration(self) -> Iterable[Event]:
        """The conversation for a new connection, with what the caller is hearing just now."""
        self.history = History()
        for item in self.history.news(self.context):
            yield item_create(item)
        pending = " ".join(item.text for item in self._on_its_way() if item.text)
        self._restored = None
        if pending:
            self._restorations += 1
            self._restored = (f"pending_{self._restorations}", pending)
            yield item_create(said_by("assistant", pending), self._restored[0])
            self.history.said(pending)

    def tell_news(self) -> None:
        """Tell what the session does not know of the conversation yet."""
        for item in self.history.news(self.context):
            self._send(item_create(item))

    def ask(self, number: int, note: str) -> None:
        """Ask for an answer.

        Args:
            number: Of the question; it comes back with the answer.
            note: What the model is to mind this time; may be ''.
        """
        self.tell_news()
        if note:
            self._send(item_create(said_by("system", note)))
        tools = tools_of(self.context)
        if tools != self._tools:
            self._tools = tools
            self._send(tools_update(tools))
        self._send(response_create(number))

    def speaks(self, item: Spoken) -> None:
        """A further item is on its way to the caller."""
        self._playing = [i for i in self._playing if self.heard_ms(i.frame_id) is not None]
        self._playing.append(item)

    def said(self, answer: Answer) -> None:
        """An answer is over, one way or the other."""
        for item in answer.spoken:
            self.history.said(item.text)

    def called(self, answer: Answer) -> set[str]:
        """The answer's tools run; returns their ids."""
        ids = {tool.call_id for tool in answer.tools}
        for call_id in ids:
            self.history.called(call_id)
        return ids

    def interrupted(self) -> None:
        """The caller has broken in: the API keeps what was heard of its answer."""
        for item in self._playing:
            heard = self.heard_ms(item.frame_id)
            if item.item_id and not (heard is None and item.over):
                self._send(
                    {
                        "type": "conversation.item.truncate",
                        "item_id": item.item_id,
                        "content_index": item.index,
                        "audio_end_ms": min(heard or 0, item.made_ms),
                    }
                )
        self._playing.clear()
        if self._restored:
            item_id, text = self._restored
            self._restored = None
            self._send({"type": "conversation.item.delete", "item_id": item_id})
            self.history.unsaid(text)

    def _on_its_way(self) -> list[Spoken]:
        """Items that the caller is still hearing; the context does not have them yet."""
        said = " ".join(str(message) for message in self.context.get_messages()[-2:])
        waiting = [i for i in self._playing if self.heard_ms(i.frame_id) is not None or not i.over]
        for item in waiting:
            item.item_id = ""  # of a connection that is gone
        return [item for item in waiting if item.text not in said]
