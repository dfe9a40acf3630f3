"""Tells the store and the page what happens in a conversation, as it happens."""

from collections.abc import Callable

from bot.call import Call
from bot.messages import Caption, Cut, Ended, Notice, TurnTimes
from bot.store.recorder import Recorder
from pipelines.timing import Stages
from pipelines.turn_start import KEYS_PREFIX

PageMessage = Caption | Cut | TurnTimes | Notice | Ended


class Journal:
    """The running record of one call. Turn 0 is what the bot says before the caller speaks.

    Args:
        call: The call; its state changes are written too.
        recorder: Writes to the store without waiting.
        show: Sends a message to the page, where there is one.
    """

    def __init__(self, call: Call, recorder: Recorder, show: Callable[[PageMessage], None]) -> None:
        self.turn = 0
        self._call = call
        self._recorder = recorder
        self._show = show
        self._heard: list[str] = []
        self._unheard = ""

    def caller_said(self, text: str) -> None:
        """The caller has finished a turn with words in it."""
        self._bot_broke_off()
        self.turn += 1
        keys = text.startswith(KEYS_PREFIX)
        self._recorder.turn_started(self._call.id, self.turn)
        self._recorder.utterance(
            self._call.id,
            speaker="caller",
            text=text.removeprefix(KEYS_PREFIX) if keys else text,
            turn=self.turn,
            kind="dtmf" if keys else "speech",
        )
        self._show(Caption(speaker="caller", turn=self.turn, text=text, final=True))
        self._call.talking()

    def bot_words(self, words: str) -> None:
        """Words of the bot have become audible."""
        self._heard.append(words)
        self._show(Caption(speaker="bot", turn=self.turn, text=self._so_far, final=False))

    def bot_cut(self, unheard: str) -> None:
        """The caller broke in; `unheard` is what they did not hear of the bot's words."""
        if unheard:
            self._unheard = unheard
            self._show(Cut(turn=self.turn, heard=self._so_far, unheard=unheard))

    def bot_finished(self, text: str, interrupted: bool) -> None:
        """The bot's words of a turn are in the context; `text` is what was heard of them."""
        unheard, self._unheard = self._unheard, ""
        self._heard.clear()
        if not text and not unheard:
            return
        self._recorder.utterance(
            self._call.id,
            speaker="bot",
            text=text,
            turn=self.turn,
            unheard=unheard,
            interrupted=interrupted,
            kind="speech" if self.turn else "greeting",
        )
        self._show(Caption(speaker="bot", turn=self.turn, text=text, final=True))

    def aside(self, text: str) -> None:
        """The bot says something that is no part of the conversation ('one moment')."""
        self._recorder.utterance(
            self._call.id, speaker="bot", text=text, turn=self.turn, kind="notice"
        )
        self._show(Notice(text=text))

    def timed(self, stages: Stages) -> None:
        """The stages of the present turn, in seconds."""
        self._recorder.turn_stages(self._call.id, self.turn, stages)
        self._show(TurnTimes.model_validate({"turn": self.turn, "stages": stages}))

    def trouble(self, kind: str, detail: str) -> None:
        """A line for the operator."""
        self._recorder.event(self._call.id, kind, detail)

    def last_words_said(self) -> None:
        """The bot has ended the call and its last words were played."""
        self._show(Ended(reason=self._call.end_reason or "bot hung up"))

    def close(self) -> None:
        """Keep what is still to be written; the conversation is over."""
        self._bot_broke_off()

    @property
    def _so_far(self) -> str:
        return " ".join(self._heard)

    def _bot_broke_off(self) -> None:
        """Keep words that were cut off before their turn had properly begun."""
        if self._unheard:
            self.bot_finished(self._so_far, interrupted=True)
