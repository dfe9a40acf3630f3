"""Sees to it that the caller is never left in silence, whatever happens.

A slow answer is bridged, a failure is apologised for, a cough does not end the bot's sentence, a
silent caller is asked, told goodbye and hung up, and a call that cannot go on says so.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from loguru import logger
from pipecat.frames.frames import ErrorFrame
from pipecat.utils.errors import ErrorCategory

from bot.call import Call
from pipelines.bridge import FILLED_SECONDS, Bridge, Patience
from pipelines.journal import Journal
from pipelines.prompts import Sentences
from pipelines.stage_of import stage_of

if TYPE_CHECKING:
    from pipelines.last_resort import LastResort

MOST_FAILURES = 3
"""Failures without an answer in between after which the call is given up."""
NO_ANSWER_SECONDS = 0.3
"""After an answer without words: a barge-in ends one too, and may be noticed just after."""
LAST_WORDS_SECONDS = 20.0
"""How long the last words may take before the call is ended all the same."""

Speak = Callable[[str, bool], Awaitable[None]]
"""Says a sentence; True if it belongs to the conversation's context."""


class Care:
    """Watches over one conversation.

    Args:
        call: The call; `ending` and `failed` are set here.
        journal: Told of asides and troubles.
        sentences: What to say.
        speak: Says something now, after what is being said.
        think_again: Has the model answer the conversation as it stands.
        finish: Ends the pipeline once everything was said.
        abort: Ends the pipeline at once.
        stop_thinking: Drops what is thought ahead, and thinks ahead no more.
        wait_for_caller: Sets after how many seconds of silence `caller_is_silent` is called.
        rendered: Whether a sentence can be said without the voice's provider.
        patience: After how long the caller is asked to hold on.
        hears_by: The stage without which the caller cannot be understood.

    Attributes:
        apart: Returns when a filler does not come on the heels of another one.
        expecting: Whether a silent caller waits for something that was promised.
        last_resort: Puts the call through or takes a message, where another way is not left.
        rescue: Told why the conversation cannot go on; True if another one goes on with the call.
    """

    def __init__(
        self,
        call: Call,
        journal: Journal,
        sentences: Sentences,
        *,
        speak: Speak,
        think_again: Callable[[], Awaitable[None]],
        finish: Callable[[], Awaitable[None]],
        abort: Callable[[], Awaitable[None]],
        stop_thinking: Callable[[], Awaitable[None]],
        wait_for_caller: Callable[[float], Awaitable[None]],
        rendered: Callable[[str], bool],
        silence_seconds: tuple[float, float],
        patience: Patience,
        hears_by: str,
    ) -> None:
        self._call, self._journal, self._sentences = call, journal, sentences
        self._speak, self._finish, self._abort = speak, finish, abort
        self._think_again, self._stop_thinking = think_again, stop_thinking
        self._hears_by = hears_by
        self._wait_for_caller = wait_for_caller
        self._rendered = rendered
        self._ask_after, self._hang_up_after = silence_seconds
        self._asked = self._excused = self._goodbye = self._owed = self._mute = False
        self._caller_speaks = self._sounding = False
        self._failures = self._answers = 0
        self._leaving = self._cut_rest = ""
        self.expecting: Callable[[], bool] = lambda: False
        self.rescue: Callable[[str], bool] = lambda _: False
        self.last_resort: LastResort | None = None
        self._hold_on = Bridge(self._say_hold_on, self._answer_lost, patience)
        self.apart = self._hold_on.apart
        self._broken: set[str] = set()
        self._last_words: asyncio.Task[None] | None = None

    @property
    def owed(self) -> bool:
        """Whether the caller has said something and heard nothing of an answer yet."""
        return self._owed

    def sound(self, begins: bool) -> None:
        """The caller's voice begins or ends; a turn may have several such stretches."""
        self._sounding = begins
        if begins:
            self._hold_on.stop()
        else:
            self._restart_hold_on(silent=True)

    def answer_withdrawn(self) -> None:
        """What the voice was asked to say will not be heard; another answer is to come."""
        if not self._sounding:
            self._restart_hold_on()

    def caller_speaks(self) -> None:
        """A caller's turn begins."""
        self._excused = False
        self._caller_speaks = True
        if self._resorts:
            self._resorts.caller_speaks()

    async def caller_spoke(self, words: str) -> None:
        """A caller's turn is over; '' if it was a sound without words."""
        self._caller_speaks = False
        if self._resorts:
            self._resorts.caller_spoke(words)
        elif words:
            self._leaving = self._cut_rest = ""
            self._owed = True
            if not self._hold_on.waits:  # pressed keys end without a sound
                self._restart_hold_on(silent=True)
            if self._asked:
                self._asked = False
                await self._wait_for_caller(self._ask_after)
        elif self._cut_rest:
            self._hold_on.stop()
            rest, self._cut_rest = self._cut_rest, ""
            await self._speak(rest, True)
        elif self._owed:
            await self._think_again()
        else:
            self._hold_on.stop()

    def bot_cut(self, rest: str) -> None:
        """The caller broke in and did not hear `rest`."""
        self._hold_on.stop()
        self._cut_rest = rest

    def answer_begins(self) -> None:
        """The model has begun to write; what it writes will sound soon."""
        self._goodbye = bool(self._leaving)
        self._hold_on.written()

    def voiced(self, text: str) -> None:
        """The voice was asked to say `text`; a bridge would come after it."""
        if text.strip() == self._sentences.let_me_see and self._hold_on.waits:
            self._hold_on.restart(FILLED_SECONDS)
        elif text.strip() != self._sentences.hold_on:
            self._hold_on.stop()

    def answered(self) -> None:
        """Words of an answer have been heard."""
        self._failures = 0
        self._broken.clear()
        self._answers += 1
        if self._resorts:
            self._resorts.stop()
        if self._last_words and not self._mute:
            self._call.goodbye_heard = True
        self._owed = False
        self._hold_on.stop()

    async def leave(self, reason: str) -> None:
        """End the call after the model's next words, unless the caller has something to say."""
        self._leaving, self._goodbye = reason, False

    def bridge(self, seconds: float) -> None:
        """The answer will take longer than it should: say so that soon."""
        if not self._last_words and not self._sounding:
            self._hold_on.restart(seconds)

    async def bot_spoke(self) -> None:
        """The bot's words of a turn were heard to their end."""
        if self._leaving and self._goodbye:
            await self.end(self._leaving)

    async def caller_is_silent(self) -> None:
        """Nobody has said anything for as long as was asked for."""
        if self._call.state == "ending" or self._owed or self._resorts:  # the caller waits
            return
        if self.expecting():
            await self._wait_for_caller(self._ask_after)
            return
        if self._asked:
            await self.end("silence", self._sentences.silence_goodbye)
            return
        self._asked = True
        await self._wait_for_caller(self._hang_up_after)
        await self._speak(self._sentences.are_you_there, True)

    async def no_answer(self) -> None:
        """The model had nothing to say, unless the caller spoke up and it was stopped."""
        answers = self._answers
        await asyncio.sleep(NO_ANSWER_SECONDS)
        if self._caller_speaks or self._answers != answers or self._resorts:
            return
        if self._leaving:
            await self.end(self._leaving)
        else:
            self._journal.trouble("empty answer", "the model returned no words")
            await self._apologise(self._sentences.no_answer)

    async def failed(self, frame: ErrorFrame) -> None:
        """A processor has reported an error."""
        stage = stage_of(frame)
        self._journal.trouble(f"{stage} error", frame.error)
        if stage == "other" or frame.category is ErrorCategory.APPLICATION:
            return
        self._broken.add(stage)
        self._mute = self._mute or bool(self._last_words and stage == "tts")
        self._call.goodbye_heard &= not self._mute  # somebody else has to say them
        if self._resorts:
            return
        if frame.processor is not None and not frame.processor.is_usable:
            await self._give_up(f"{stage}: {frame.error}")
        elif stage == "stt":
            await self._apologise(self._sentences.not_heard)
        elif stage == "llm" or self._rendered(self._sentences.no_answer):
            await self._apologise(self._sentences.no_answer)
        else:
            await self._give_up(f"{stage}: {frame.error}")

    async def end(self, reason: str, sentence: str = "", error: str = "") -> None:
        """Say `sentence`, hang up once it was heard; the first reason given stays."""
        if self._last_words or self._call.over:
            return
        self._hold_on.stop()
        self._call.ending(reason, error)
        self._last_words = asyncio.create_task(self._abort_later())
        await self._stop_thinking()
        if sentence:
            await self._speak(sentence, True)
        await self._finish()

    async def close(self) -> None:
        """Stop all timers; the conversation is over."""
        resort = self.last_resort.stop() if self.last_resort else None
        tasks = [task for task in (self._hold_on.stop(), self._last_words, resort) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _apologise(self, sentence: str) -> None:
        self._hold_on.stop()
        if self._last_words or self._excused:
            return
        self._failures += 1
        many = f"{self._failures} failures in a row"
        if self._failures >= MOST_FAILURES - 1 and self.rescue(many):
            return
        self._excused, self._owed = True, False
        if self._failures >= MOST_FAILURES:
            await self._give_up(many)
        else:
            await self._speak(sentence, False)
            self._journal.aside(sentence)

    async def _give_up(self, error: str) -> None:
        if self._last_words or self._call.over:
            return
        self._hold_on.stop()
        if self.rescue(error):
            return
        logger.error(f"call {self._call.id} is given up: {error}")
        hears = self._hears_by not in self._broken
        if self.last_resort and await self.last_resort.begin(error, hears):
            return
        await self.end("error", self._sentences.broken, error)

    @property
    def _resorts(self) -> "LastResort | None":
        """The last resort, while it has the call."""
        return self.last_resort if self.last_resort and self.last_resort.active else None

    def _restart_hold_on(self, *, silent: bool = False) -> None:
        self._hold_on.stop()
        if not self._last_words and not self._resorts:
            (self._hold_on.silent if silent else self._hold_on.restart)()

    async def _say_hold_on(self) -> None:
        await self._speak(self._sentences.hold_on, False)
        self._journal.aside(self._sentences.hold_on)

    async def _answer_lost(self) -> None:
        self._journal.trouble("lost answer", "nothing came of a turn within a minute")
        await self._apologise(self._sentences.no_answer)

    async def _abort_later(self) -> None:
        await asyncio.sleep(LAST_WORDS_SECONDS)
        logger.error(f"call {self._call.id}: the last words were not played; ending it now")
        await self._abort()
