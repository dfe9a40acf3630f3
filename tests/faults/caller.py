"""The caller of a cell: greets nobody, asks twice, listens as people do, and hangs up."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.prompts import Sentences
from tests.faults.line import Phone
from tests.faults.matrix import Part, Phase
from tests.faults.talk import NEXT, Question
from tests.faults.trouble import Trouble

LOOK = 0.05
"""Seconds between two looks at what is heard."""
QUIET, BREATH = 0.6, 0.45
"""Seconds of silence after which somebody has finished, and in the middle of a sentence."""
GIVES_UP, HOLDS_ON = 8.0, 20.0
"""Seconds of silence after which the caller gives up, and after being asked to hold on."""
NAME = "This is Ann, please call me back."


@dataclass
class Turn:
    """One thing that the caller has said; seconds of the call. `heard`: until `until`."""

    question: Question
    end: float
    until: float = 0.0
    heard: str = ""


class Caller:
    """Lives one call.

    Args:
        phone: The call.
        trouble: Told what happens, for the cell's fault to strike.
        sentences: What the house says by itself.
        first: The first question; another follows.
        early: Whether it is asked into the greeting.
    """

    def __init__(
        self, phone: Phone, trouble: Trouble, sentences: Sentences, first: Question, *, early: bool
    ) -> None:
        self.turns: list[Turn] = []
        self.message: Turn | None = None
        self._phone, self._line, self._trouble = phone, phone.line, trouble
        self._sentences, self._first, self._early = sentences, first, early
        self._connected = asyncio.Event()
        self._line.at(0.0, self._connected.set)

    async def talk(self) -> None:
        """From the first second to the end of the call."""
        await self._connected.wait()
        if self._early:
            await asyncio.sleep(0.6)
        else:
            await self._listen(0.0, lambda heard: bool(heard))
        for question in (self._first, NEXT):
            if self._over:
                return
            await self._ask(question)
        if not self._over:
            self._line.end()

    @property
    def _over(self) -> bool:
        return self._line.ended_at is not None or self._phone.hung_up

    async def _ask(self, question: Question) -> None:
        if question is self._first:
            self._trouble.caller_speaks()
        turn = await self._say(question)
        self.turns.append(turn)

        def done(heard: str) -> bool:
            told = (question.answer, question.failed or question.answer, *self._closings)
            return any(_ends(heard, words) or words in heard for words in told)

        turn.heard = await self._listen(turn.end, done)
        turn.until = self._line.now
        if _ends(turn.heard, self._sentences.leave_message) and not self._over:
            self.message = await self._say(Question(NAME, ""))
            taken = self._sentences.message_taken
            heard = await self._listen(self.message.end, lambda heard: _ends(heard, taken))
            self.message.until, self.message.heard = self._line.now, heard

    @property
    def _closings(self) -> tuple[str, ...]:
        said = self._sentences
        return (said.not_heard, said.no_answer, said.broken, said.leave_message, said.stopping)

    async def _say(self, question: Question) -> Turn:
        end = self._line.now + LOOK
        for number, words in enumerate(question.words.split(" | ")):
            end = self._line.says(end + BREATH * bool(number), f"{words} ")
        while self._line.now < end and not self._over:  # noqa: ASYNC110 - the line has no event
            await asyncio.sleep(LOOK)
        return Turn(question, end)

    async def _listen(self, since: float, done: Callable[[str], bool]) -> str:
        """Until what was heard is enough, or nothing comes any more; returns it."""
        heard, quiet_from, looked = "", self._line.now, False
        while not self._over:
            await asyncio.sleep(LOOK)
            now = self._line.now
            if self._phone.loud(LOOK):
                quiet_from, looked = now, False
                if self.turns and now - since > 1.5:
                    self._trouble.bot_speaks()
                continue
            if now - quiet_from < QUIET:
                continue
            if not looked:
                heard, looked = self._phone.words(since).strip(), True
                if heard and done(heard):
                    return heard
            held = heard.endswith(self._sentences.hold_on)
            if now - quiet_from > (HOLDS_ON if held else GIVES_UP):
                return heard
        return self._phone.words(since).strip()


def _ends(heard: str, words: str) -> bool:
    """Whether the end of `words` is the end of what was heard; a voice may change at its start."""
    return bool(words) and heard.endswith(words[-10:])


def speaks_early(part: Part, phase: Phase) -> bool:
    """Whether the caller breaks into the greeting: where ears or brain are to fail during it."""
    return phase is Phase.GREETING and part.stage in ("stt", "llm")
