"""What the bot says of delegated tasks: fixed sentences by language, and how a result is told."""

import re
from dataclasses import dataclass, fields

from pipecat.utils.string import match_endofsentence

from bot.openclaw.task import Outcome, Task
from bot.store.once import folded

MOST_SENTENCES = 2
MOST_CHARACTERS = 400
"""Of a result that was not written to be spoken: half a minute, then the rest is offered."""
MOST_KNOWN = 8000
"""Characters of a result that the model is given to read on from: some 2,000 tokens."""
TOLD_SHARE = 0.75
"""With so much of its words said by the model itself, a result counts as told."""


@dataclass(frozen=True)
class TaskSentences:
    """One language's sentences about delegated tasks.

    slow, retrying, parked: news of a task. still: it goes on. found: before a result. found_away:
    before one of an earlier call. again: before one that was cut off. failed: nothing came of a
    task. offer: after a result that has more to it.
    """

    slow: str
    retrying: str
    parked: str
    still: str
    found: str
    found_away: str
    again: str
    failed: str
    offer: str

    def all(self) -> list[str]:
        """Those that are said alone, to be rendered ahead."""
        return [getattr(self, f.name) for f in fields(self) if f.name in _ALONE]


_ALONE = ("slow", "retrying", "parked", "still")

_LANGUAGES = {
    "en": TaskSentences(
        slow="This takes a little longer. I will tell you as soon as I have it.",
        retrying="That did not work at once. I am trying it again.",
        parked="I cannot get that done just now. I will keep an eye on it and let you know.",
        still="I am still working on it.",
        found="I have the result.",
        found_away="While you were away, I found something for you.",
        again="As I was about to say:",
        failed="I am sorry, I could not get that done:",
        offer="There is more to it. Shall I go on?",
    ),
    "de": TaskSentences(
        slow="Das dauert etwas länger. Ich sage Bescheid, sobald ich es habe.",
        retrying="Das ging nicht gleich. Ich versuche es noch einmal.",
        parked="Das geht im Augenblick nicht. Ich bleibe dran und melde mich.",
        still="Ich bin noch dabei.",
        found="Ich habe das Ergebnis.",
        found_away="Während Sie weg waren, habe ich etwas für Sie gefunden.",
        again="Was ich gerade sagen wollte:",
        failed="Es tut mir leid, das ist mir nicht gelungen:",
        offer="Es gibt noch mehr dazu. Soll ich weitermachen?",
    ),
    "es": TaskSentences(
        slow="Esto tarda un poco más. Le aviso en cuanto lo tenga.",
        retrying="No ha salido a la primera. Lo intento otra vez.",
        parked="Ahora mismo no puedo hacerlo. Sigo pendiente y le aviso.",
        still="Sigo en ello.",
        found="Ya tengo el resultado.",
        found_away="Mientras no estaba, encontré algo para usted.",
        again="Como le iba a decir:",
        failed="Lo siento, no he podido hacerlo:",
        offer="Hay más. ¿Sigo?",
    ),
    "fr": TaskSentences(
        slow="Cela prend un peu plus de temps. Je vous le dis dès que je l'ai.",
        retrying="Cela n'a pas marché tout de suite. Je réessaie.",
        parked="Je n'y arrive pas pour l'instant. Je garde un œil dessus et je vous préviens.",
        still="J'y travaille encore.",
        found="J'ai le résultat.",
        found_away="En votre absence, j'ai trouvé quelque chose pour vous.",
        again="Comme j'allais le dire :",
        failed="Je suis désolé, je n'ai pas pu faire cela :",
        offer="Il y en a plus. Voulez-vous que je continue ?",
    ),
}


def task_sentences(language: str) -> TaskSentences:
    """The sentences in a language, as en or en-GB; in English where there are none."""
    return _LANGUAGES.get(language.split("-")[0], _LANGUAGES["en"])


class Report:
    """A task's outcome on its way to the caller: what is to be said, what was heard of it.

    Args:
        task: The task.
        outcome: What came of it; not 'cancelled'.
        sentences: The language's.
        away: It is of an earlier call.

    Attributes:
        known: The model has been given all of it.
        dismissed: The caller wants to hear no more of it.
    """

    def __init__(
        self, task: Task, outcome: Outcome, sentences: TaskSentences, *, away: bool = False
    ) -> None:
        self.task, self._outcome, self._fixed, self._away = task, outcome, sentences, away
        self.known = self.dismissed = self._begun = False
        self._left = self._pieces()
        self._lead = self._first_lead()
        self._more = bool(self.found) and _plain(self.found) != _plain(self._short)

    @property
    def found(self) -> str:
        """All that was found, or ''."""
        return self._outcome.text.strip() if self._outcome.status == "completed" else ""

    def text(self) -> str:
        """What to say now, with what leads to it and what it ends with."""
        self._lead = self._fixed.again if self._begun else self._first_lead()
        offer = self._fixed.offer if self._more else ""
        return " ".join(part for part in (self._lead, self._short, offer) if part)

    def heard(self, words: str) -> bool:
        """Take note of what was heard of the last `text()`; True if that was all that matters."""
        known, place = len(_plain(words)), len(_plain(self._lead))
        self._begun = self._begun or known > 0
        for number, piece in enumerate(self._left):
            place += len(_plain(piece))
            if known < place:
                self._left = self._left[number:]
                return False
        self._left = []
        return True

    def told_by(self, words: str) -> bool:
        """Whether `words`, said by the bot otherwise, hold what is left to be told."""
        wanted = _content(self._short)
        return bool(wanted) and len(wanted & _content(words)) >= TOLD_SHARE * len(wanted)

    def for_model(self) -> str:
        """What the model is to know of it, so that it can read on and answer questions."""
        title = self.task.title
        if not self.found:
            return f"“{title}”: it could not be done. The caller is being told so."
        text = self.found
        if len(text) > MOST_KNOWN:
            text = text[:MOST_KNOWN].rsplit(" ", 1)[0] + " … (the rest is left out)"
        return (
            f"“{title}”: completed. The caller is being told the short of it, so do not tell that "
            f"again by yourself. What was found, to read on from when they want more: {text}"
        )

    @property
    def _short(self) -> str:
        return " ".join(self._left)

    def _first_lead(self) -> str:
        if not self.found:
            return ""
        return self._fixed.found_away if self._away else self._fixed.found

    def _pieces(self) -> list[str]:
        if not self.found:
            return [f"{self._fixed.failed} {self.task.title.rstrip('.')}."]
        return _first(self._outcome.summary)


def for_sms(task: Task, outcome: Outcome, sentences: TaskSentences, limit: int) -> str:
    """An outcome as a text message of at most `limit` characters."""
    if outcome.status == "completed" and outcome.text.strip():
        text = f"{task.title}: {outcome.text.strip()}"
    else:
        text = f"{sentences.failed} {task.title}"
    return text if len(text) <= limit else text[: limit - 2].rsplit(" ", 1)[0] + " …"


def _split(text: str) -> list[str]:
    found, rest = [], text.strip()
    while rest and (end := match_endofsentence(rest)):
        found.append(rest[:end].strip())
        rest = rest[end:].strip()
    return [*found, rest] if rest else found


def _first(summary: str) -> list[str]:
    """The sentences of a summary that are spoken."""
    chosen: list[str] = []
    for sentence in _split(" ".join(summary.split())):
        length = sum(map(len, chosen)) + len(sentence)
        if chosen and (len(chosen) == MOST_SENTENCES or length > MOST_CHARACTERS):
            break
        chosen.append(sentence if len(sentence) <= MOST_CHARACTERS else _cut(sentence))
    return chosen


def _cut(sentence: str) -> str:
    return sentence[:MOST_CHARACTERS].rsplit(" ", 1)[0] + "."


def _plain(text: str) -> str:
    return "".join(re.findall(r"\w", text))


def _content(text: str) -> set[str]:
    words = re.findall(r"\w+", folded(text))
    return {word for word in words if len(word) > 3 or word.isdigit()}
