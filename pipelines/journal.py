"""Tells the store and the page what happens in a conversation, as it happens."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from bot.call import Call
from bot.messages import AnyMessage, Caption, Cut, Ended, Notice, TaskNews, Trouble, TurnTimes
from bot.store import tool_events
from bot.store.recorder import Recorder
from pipelines.timing import Stages
from pipelines.turn_start import KEYS_PREFIX
from tools.toolbox import ToolEnd

PageMessage = AnyMessage


class Follower(Protocol):
    """Somebody who must know what the caller hears of the conversation."""

    def words(self, words: str) -> None:
        """Words of the bot have become audible."""

    def cut(self) -> None:
        """What the bot was saying, if anything, is not played further."""

    def finished(self) -> None:
        """Something that the bot said was played to its end."""


class Journal:
    """The running record of one call. Turn 0 is what the bot says before the caller speaks.

    Args:
        call: The call; its state changes are written too.
        recorder: Writes to the store without waiting.
        show: Sends a message to the page, where there is one.

    Attributes:
        followers: Told of the bot's words.
    """

    def __init__(self, call: Call, recorder: Recorder, show: Callable[[PageMessage], None]) -> None:
        self.turn = 0
        self.followers: list[Follower] = []
        self._call = call
        self._recorder = recorder
        self._show = show
        self._heard: list[str] = []
        self._said: list[str] = []
        self._unheard = ""
        self._bot_began: datetime | None = None

    def caller_said(self, text: str, since: str = "") -> None:
        """The caller has finished a turn with words in it.

        Args:
            text: The words.
            since: When the turn began, ISO 8601 with its time zone; '' means now.
        """
        began = datetime.fromisoformat(since) if since else None
        self._bot_broke_off()
        self._said.clear()
        self.turn += 1
        keys = text.startswith(KEYS_PREFIX)
        self._recorder.turn_started(self._call.id, self.turn, began)
        self._recorder.utterance(
            self._call.id,
            speaker="caller",
            text=text.removeprefix(KEYS_PREFIX) if keys else text,
            turn=self.turn,
            at=began,
            kind="dtmf" if keys else "speech",
        )
        self._show(Caption(speaker="caller", turn=self.turn, text=text, final=True))
        self._call.talking()

    def bot_words(self, words: str) -> None:
        """Words of the bot have become audible."""
        for follower in self.followers:
            follower.words(words)
        self._bot_began = self._bot_began or datetime.now(UTC)
        self._heard.append(words)
        self._show(Caption(speaker="bot", turn=self.turn, text=self._shown, final=False))

    def bot_cut(self, unheard: str) -> None:
        """The caller broke in; `unheard` is what they did not hear of the bot's words."""
        for follower in self.followers:
            follower.cut()
        if unheard:
            self._unheard = unheard
            self._show(Cut(turn=self.turn, heard=self._shown, unheard=unheard))

    def bot_finished(self, text: str, interrupted: bool) -> None:
        """The bot's words of a turn are in the context; `text` is what was heard of them."""
        if text and not interrupted:
            for follower in self.followers:
                follower.finished()
        unheard, self._unheard = self._unheard, ""
        began, self._bot_began = self._bot_began, None
        self._heard.clear()
        if not text and not unheard:
            return
        self._recorder.utterance(
            self._call.id,
            speaker="bot",
            text=text,
            turn=self.turn,
            at=began,
            unheard=unheard,
            interrupted=interrupted,
            kind="speech" if self.turn else "greeting",
        )
        self._said.append(text)
        self._show(Caption(speaker="bot", turn=self.turn, text=self._shown, final=True))

    def aside(self, text: str) -> None:
        """The bot says something that is no part of the conversation ('one moment')."""
        self._recorder.utterance(
            self._call.id, speaker="bot", text=text, turn=self.turn, kind="notice"
        )
        self._show(Notice(text=text))

    def task(self, news: TaskNews) -> None:
        """Something has happened to a delegated task."""
        self._show(news)

    def timed(self, stages: Stages) -> None:
        """The stages of the present turn, in seconds."""
        self._recorder.turn_stages(self._call.id, self.turn, stages)
        self._show(TurnTimes.model_validate({"turn": self.turn, "stages": stages}))

    def trouble(self, kind: str, detail: str) -> None:
        """A line for the operator, who may be the one in the room."""
        self._recorder.event(self._call.id, kind, detail)
        self._show(Trouble(kind=kind, detail=detail))

    def tool(self, end: ToolEnd) -> None:
        """A tool has ended; what it was asked and what it answered is for the console only."""
        how = f"{end.name} {end.outcome} after {end.seconds:.2f} s"
        detail = tool_events.written(how, end.arguments, end.answer)
        self._recorder.event(self._call.id, tool_events.KIND, detail)
        self._show(Trouble(kind=tool_events.KIND, detail=how))

    def last_words_said(self) -> None:
        """The bot has ended the call and its last words were played."""
        self._show(Ended(reason=self._call.end_reason or "bot hung up"))

    def close(self) -> None:
        """Keep what is still to be written; the conversation is over."""
        self._bot_broke_off()

    @property
    def _shown(self) -> str:
        """All that the bot has said in this turn: it may speak several times."""
        return " ".join(text for text in (*self._said, *self._heard) if text)

    @property
    def _so_far(self) -> str:
        return " ".join(self._heard)

    def _bot_broke_off(self) -> None:
        """Keep words that were cut off before their turn had properly begun."""
        if self._unheard:
            self.bot_finished(self._so_far, interrupted=True)
