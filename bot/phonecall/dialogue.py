"""A spoken conversation, turn by turn: speak, wait for the answer's end, say what it was."""

import re
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.phonecall.ear import TICK
from bot.phonecall.line import Line
from bot.telephony import mulaw

PATIENCE_SECONDS = 45.0
"""How long an answer may take to begin. Embedded models on a busy machine need half of it."""
QUIET_SECONDS = 1.8
"""Silence after which the bot is taken to have finished; its sentences may come apart."""
GREETING_SECONDS = 10.0
ASIDES = frozenset(
    {
        "one moment",
        "one moment please",
        "just a moment",
        "just a moment please",
        "einen moment bitte",
        "un instant s il vous plaît",
        "un momento por favor",
    }
)
"""What a bot says to bridge a wait: the answer is still to come."""
_LONGEST_ANSWER = 120.0


@dataclass(frozen=True, slots=True)
class Question:
    """What the caller says: 16-bit mono PCM at 8 kHz, and its words where they are known."""

    pcm: bytes = field(repr=False)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange.

    `latency`: seconds from the caller's last audible sound to the bot's first, measured in the
    audio that was played; negative when the bot cut in; None when no answer came. `wait`: the
    same up to the answer itself, where the bot said something like "one moment" before it.
    """

    said: str
    answer: str
    latency: float | None
    wait: float | None
    audio: bytes = field(default=b"", repr=False)


@dataclass
class Summary:
    """What a call came to. `greeting_latency`: seconds from the stream's start, or None."""

    turns: list[Turn] = field(default_factory=list)
    greeting: str = ""
    greeting_latency: float | None = None
    asked: int = 0
    ended_by: str = ""

    @property
    def answered(self) -> int:
        """How many turns got an answer."""
        return sum(turn.latency is not None for turn in self.turns)

    @property
    def latencies(self) -> list[float]:
        """Voice-to-voice latencies of the answered turns, in seconds."""
        return [turn.latency for turn in self.turns if turn.latency is not None]

    @property
    def median(self) -> float | None:
        """Median voice-to-voice latency in seconds, or None."""
        return statistics.median(self.latencies) if self.latencies else None

    @property
    def complete(self) -> bool:
        """Whether every question was asked and answered."""
        return self.answered == self.asked > 0


class Dialogue:
    """Holds a conversation on a line.

    Args:
        line: A line that was dialled.
        understand: Words of 16-bit mono PCM at 8 kHz.
        tell: Given each line of the transcript as it is known: who, seconds or None, text.
        patience: Seconds that an answer may take to begin.
        quiet: Seconds of silence that end the bot's turn.
    """

    def __init__(
        self,
        line: Line,
        understand: Callable[[bytes], Awaitable[str]],
        tell: Callable[[str, float | None, str], None],
        *,
        patience: float = PATIENCE_SECONDS,
        quiet: float = QUIET_SECONDS,
    ) -> None:
        self._line = line
        self._understand = understand
        self._tell = tell
        self._patience = patience
        self._quiet = quiet
        self.summary = Summary()

    async def hold(self, questions: Sequence[Question]) -> Summary:
        """Hear the greeting, ask the questions, and return what came of it."""
        summary = self.summary
        summary.asked = len(questions)
        greeting = await self._hear(0.0, GREETING_SECONDS)
        if greeting:
            summary.greeting_latency = greeting[0]
            summary.greeting = await self._words(*greeting)
            self._tell("bot", summary.greeting_latency, summary.greeting)
        for question in questions:
            if self._line.over.is_set():
                break
            summary.turns.append(await self._ask(question))
        summary.ended_by = self._line.ended_by
        return summary

    async def _ask(self, question: Question) -> Turn:
        text = question.text or await self._understand(question.pcm)
        self._tell("caller", None, text)
        began = self._line.ear.now
        spoken = await self._line.say(question.pcm)
        heard = await self._hear(began, spoken.end - began + self._patience)
        latency = heard[0] - spoken.end if heard else None
        while heard:
            answer, wait = await self._words(*heard), heard[0] - spoken.end
            self._tell("bot", wait, answer)
            if not is_aside(answer):
                return Turn(text, answer, latency, wait, self._line.ear.between(*heard))
            heard = await self._hear(heard[1] + TICK, self._patience)
        self._tell("bot", None, "")
        return Turn(text, "", None, None)

    async def _hear(self, since: float, patience: float) -> tuple[float, float] | None:
        """From when to when the bot speaks next, or None when it does not in time."""
        ear = self._line.ear
        left = since + patience - ear.now
        if not await self._line.until(lambda: ear.first_audible(since) is not None, left):
            return None
        await self._line.until(
            lambda: ear.now - ear.last_audible >= self._quiet and not ear.buffered, _LONGEST_ANSWER
        )
        first = ear.first_audible(since)
        assert first is not None
        return first, ear.last_audible

    async def _words(self, start: float, end: float) -> str:
        return await self._understand(mulaw.decode(self._line.ear.between(start, end)))


def is_aside(text: str) -> bool:
    """Say whether a bot's words only bridge a wait."""
    return " ".join(re.findall(r"\w+", text.lower())) in ASIDES
