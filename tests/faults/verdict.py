"""What a caller went through in a cell, and what was wrong with it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.store.queries import StoredUtterance
from pipelines.prompts import Sentences
from tests.fakes.phoneline import Utterance
from tests.faults.caller import Caller, Turn
from tests.faults.matrix import Cell, Part, Phase
from tests.faults.talk import BYE, NEXT

LONGEST = 3.0
"""Seconds that a caller may wait for the next sound."""
LONGEST_HELD = 16.0
"""The same after being asked to hold on."""
LONGEST_AFTER_A_MESSAGE = 5.0
"""After a message was left: people think between its sentences, so the house waits."""
LONGEST_FILLED = 5.0
"""The same once the bot has said that it looks something up."""
SEAM_TWICE = 1
"""Words that may be heard twice where Realtime broke off: it does not tell which of its words the
sound has reached, so the house has to estimate that."""
SEAM = 2
"""Words that may differ between transcript and sound where a sentence was cut."""


@dataclass
class Outcome:
    """One cell's end.

    `seconds`: what the caller waited for the first sound, at most. `what`: in a word or two.
    """

    cell: Cell
    seconds: float | None = None
    what: str = ""
    problems: list[str] = field(default_factory=list)
    story: str = ""

    def check(self) -> None:
        """Raise AssertionError with what was wrong, and how the call went."""
        if self.problems:
            raise AssertionError("\n".join([f"{self.cell}:", *self.problems, self.story]))


@dataclass(frozen=True)
class Heard:
    """What a call was like for its caller."""

    cell: Cell
    caller: Caller
    sounds: Sequence[Utterance]
    spoken: Sequence[str]
    """By Twilio's own voice, after the stream."""
    sentences: Sentences
    ours: Sequence[str]
    """Everything that the house says by itself."""
    greeting: str
    hung_up: bool
    elsewhere: bool
    """Somebody who stood by has served the call."""

    @property
    def text(self) -> str:
        """All that was heard."""
        return " ".join(sound.text for sound in self.sounds)

    def what(self) -> str:
        """What came of the cell's question, in a word or two."""
        said, turns = self.sentences, self.caller.turns
        heard = turns[0].heard if turns else self.text
        found = "silence"
        answer = turns[0].question.answer if turns else ""
        if turns and (answer in heard or _same_end(heard, answer)):
            found = "other provider" if self.elsewhere else "answered"
        elif said.leave_message in heard:
            found = "message"
        elif self.spoken or said.broken in heard:
            found = "ended"
        elif any(text in heard for text in self._excuses):
            found = "apology"
        elif heard:
            found = "half an answer"
        return f"{found}, held on" if said.hold_on in heard else found

    @property
    def _excuses(self) -> list[str]:
        """What says that there will be no answer."""
        said = self.sentences
        failed = [turn.question.failed for turn in self.caller.turns if turn.question.failed]
        return [said.not_heard, said.no_answer, *failed]

    def waits(self) -> list[tuple[float, float]]:
        """(since, seconds) of every silence in which the caller waited for something."""
        found = [] if self.cell.phase is not Phase.GREETING else self._greeting()
        for turn in self.caller.turns:
            found += self._silences(turn)
        return found

    def wrong(self) -> list[str]:
        """What the caller would complain about."""
        problems = []
        for turn in self.caller.turns:
            for since, seconds in self._silences(turn):
                if seconds > self._limit(since):
                    problems.append(f"{seconds:.1f} s of silence from {since:.1f} s on")
        for _, seconds in self._greeting():
            if seconds > LONGEST:
                problems.append(f"no greeting within {seconds:.1f} s")
        if (left := self.caller.message) and left.until - left.end > 9.0:
            problems.append("nothing was heard after the message")
        problems += self._twice()
        if self.what().startswith("silence"):
            problems.append("nothing was said to the caller")
        if not self.hung_up and not self._polite():
            problems.append(f"the call was dropped after {self.text[-40:]!r}")
        return problems

    def transcript(self, kept: Sequence[StoredUtterance]) -> list[str]:
        """What the store does not have as it was."""
        problems = []
        cut = self.cell.phase in (Phase.GREETING, Phase.MID_SENTENCE)
        cut = cut or self.cell.part.stage == "tts"
        ours = Counter(_words(" ".join(u.text for u in kept if u.speaker == "bot")))
        heard = Counter(_words(self.text))
        missing, more = heard - ours, ours - heard
        if any(u.text == self.sentences.recovered for u in kept):  # it cuts such a line short
            more -= Counter(_words(self.sentences.hold_on) * 2)
        if max(missing.total(), more.total()) > (SEAM if cut else 0):
            problems.append(f"transcript: lacks {dict(missing)}, has {dict(more)} too much")
        asked = [turn.question.text for turn in self.caller.turns if turn.until > turn.end]
        if self.caller.message:
            asked.insert(1, self.caller.message.question.text)
        written = [u.text.strip() for u in kept if u.speaker == "caller"]
        lost = [text for text in asked if text not in written]
        if self.caller.turns and self.caller.turns[0].question is BYE:
            lost = [text for text in lost if text == BYE.text]  # nobody listens after a goodbye
        apologies = self.text.count(self.sentences.not_heard)
        silent = self.text.count(self.sentences.broken) + len(self.spoken)
        halves = [text for text in lost if any(half in text for half in written)]
        known = [t for t in asked if t in written or t in halves]
        if len(lost) > apologies + silent or len(known) < len(written):
            problems.append(f"transcript: the caller said {asked}, written are {written}")
        return problems

    def _greeting(self) -> list[tuple[float, float]]:
        if self.spoken and not self.sounds:
            return []  # Twilio's voice was there at once
        first = self.sounds[0].start if self.sounds else 99.0
        return [(0.0, first)]

    def _silences(self, turn: Turn) -> list[tuple[float, float]]:
        """The silences from the end of a question to the last sound of its answer."""
        found, since = [], turn.end
        for sound in self.sounds:
            if sound.end <= turn.end or sound.start > turn.until:
                continue
            found.append((since, max(0.0, sound.start - since)))
            since = sound.end
        if not found and not (self.spoken or (self.hung_up and turn.until - turn.end < LONGEST)):
            found.append((since, turn.until - since))
        return found

    def _limit(self, since: float) -> float:
        """How long a silence may last, by what was heard before it."""
        before = [sound.text for sound in self.sounds if sound.end <= since + 0.05]
        if before and before[-1].endswith(self.sentences.hold_on):
            return LONGEST_HELD
        filled = bool(before) and before[-1].endswith(self.sentences.let_me_see)
        return LONGEST_FILLED if filled else LONGEST

    def _twice(self) -> list[str]:
        house = set(_words(" ".join(text for text in self.ours if text != self.greeting)))
        told = [self.greeting, NEXT.answer]
        if self.caller.turns:
            told.append(self.caller.turns[0].question.answer)
        once = Counter(_words(" ".join(told)))
        often = Counter(_words(self.text)) - once
        words = [w for w in often if w in once and w not in house and len(w) > 3]
        broke_off = self.cell.part is Part.REALTIME and self.cell.phase is Phase.MID_SENTENCE
        if len(words) <= (SEAM_TWICE if broke_off else 0):
            return []
        return [f"said twice: {' '.join(words)}"]

    def _polite(self) -> bool:
        said = self.sentences
        ends = (said.broken, said.message_taken, said.stopping, "care.", "Goodbye.")
        return bool(self.spoken) or self.text.rstrip().endswith(ends)


def allowed(cell: Cell) -> frozenset[str]:
    """What may come of a cell: with somebody standing by the caller gets an answer, unless the
    request itself is at fault, which nobody else can mend."""
    answered = {"answered", "other provider"}
    lost = {"apology", "message", "ended"}
    if cell.part.alone:
        return frozenset(answered | lost)
    if cell.part in (Part.STT, Part.LLM, Part.TTS) and cell.fault == "400":
        return frozenset(answered | {"apology", "message"})
    if cell.part in (Part.TWILIO, Part.OPENCLAW, Part.STORE):
        return frozenset(answered | {"apology"})
    return frozenset(answered)


def _same_end(heard: str, answer: str) -> bool:
    return _words(heard)[-1:] == _words(answer)[-1:]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
