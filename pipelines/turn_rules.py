"""The rules by which a turn's words are read, one after the other.

Each says how long to wait for more after words of its kind, or nothing if they are not.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.turn_clause import Clause, Finding, clause, has_verb, without_lead
from pipelines.turn_cut import cut_off, waiting
from pipelines.turn_dictation import Asked, asked_for, dictated, sentence
from pipelines.turn_words import Words, tokens

FASTEST = 0.50
"""Seconds. Transcript, model and voice take as long, and all run during the hold."""
QUICK, FORM, OPEN = 0.55, 0.85, 1.35
"""Seconds of hold for a request, a statement complete in form, an opening. 0.85 outlasts a pause of
0.8 s between sentences and answers within a second."""
_PHRASE = 8
"""Words of a fragment that can still be an answer."""
_SENTENCES = 6
"""Sentences that are looked at, from the end; bounds the work for a long turn."""
_SENTENCE = re.compile(r"(?<=[.?!…])\s+")


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as the rules see it.

    Args:
        text: The caller's words as the STT wrote them.
        whole: All of them, split.
        said: Their last sentence.
        more: Whether a complete sentence precedes that.
        asked: The bot's last sentence.
        kind: What that asks for, if a certain kind of thing.
        question: "" if it is none, "whether", "what", or "open" for "How can I help you?".
        table: The language.
    """

    text: str
    whole: Clause
    said: Clause
    more: bool
    asked: Clause
    kind: Asked
    question: str
    table: Words


def last_sentence(text: str, table: Words) -> tuple[Clause, bool]:
    """The last sentence, and whether a complete one precedes it.

    A full stop before words that lack a verb, or after words that cannot be an end, does not count.
    """
    pieces = [piece for piece in _SENTENCE.split(text.strip()) if tokens(piece, table)]
    pieces = pieces[-_SENTENCES:]
    if not pieces:
        return Clause((), frozenset()), False
    current = pieces.pop()
    while pieces:
        before = clause(pieces[-1], table)
        whole = has_verb(clause(current, table), table)
        if whole and not cut_off(before, table, False) and not waiting(before, table):
            break
        current = f"{pieces.pop()} {current}"
    return clause(current, table), bool(pieces)


def read(text: str, asked: str, table: Words) -> Turn:
    """See the caller's `text` after the bot's sentence `asked` as the rules do."""
    said, more = last_sentence(text, table)
    before = sentence(asked, table)
    question = _question_kind(asked, before, table)
    kind = _wanted(before, question, table)
    return Turn(text, clause(text, table), said, more, before, kind, question, table)


def _question_kind(text: str, asked: Clause, table: Words) -> str:
    """ "" for no question, "open" for one that invites a story, "what", or "whether"."""
    body = without_lead(asked, table)
    words = set(body.words[:3]) & table.asking
    if "?" not in text:
        if not set(asked.words) & table.polite_ends and not body.begins(table.inverted):
            return ""
        return "what" if words or asked_for(asked, table) else "whether"
    if not words:
        return "whether"
    return "open" if set(asked.words) & table.helping and len(asked.words) < 9 else "what"


def _wanted(asked: Clause, question: str, table: Words) -> Asked:
    """What the bot's sentence asks the caller for; "Shall I call that number?" asks for none."""
    if not question or (question == "whether" and not set(asked.words) & table.yours):
        return ""
    return asked_for(asked, table)


def _nothing(turn: Turn) -> Finding | None:
    if turn.whole.words:
        return None
    return Finding("unclear", FORM, "no words")


def _trailing(turn: Turn) -> Finding | None:
    """Whisper writes an ellipsis, or a dash, where a voice trails off."""
    if turn.text.rstrip().endswith(("...", "…", "-", "–", "—")):
        return Finding("unfinished", 2.0, "trails off")
    return None


def _dictation(turn: Turn) -> Finding | None:
    return dictated(turn.text, turn.whole, turn.asked if turn.kind else _EMPTY, turn.table)


def _cut_off(turn: Turn) -> Finding | None:
    return cut_off(turn.said, turn.table, turn.question == "whether")


def _waiting(turn: Turn) -> Finding | None:
    if turn.said.words[0] in turn.table.reasons and set(turn.asked.words) & turn.table.asking:
        return None
    found = waiting(turn.said, turn.table)
    if found and turn.more:
        return Finding("open", OPEN, "a clause after a sentence")
    return found


def _closing(turn: Turn) -> Finding | None:
    phrase = turn.said.ends(turn.table.closings)
    if phrase and len(turn.said.words) <= len(phrase.split()) + 6:
        return Finding("complete", FASTEST, "thanks or goodbye")
    return None


def _yes_or_no(turn: Turn) -> Finding | None:
    table, words = turn.table, turn.said.words
    answers = table.yes | table.no
    if turn.more or not set(words) & answers:
        return None
    if len(words) > 6 or not all(word in answers | table.polite | table.leads for word in words):
        return None
    if words[-1] in table.pronouns or (
        words[-1] in table.auxiliaries and words[-2:-1] == ("that",)
    ):
        return None
    if turn.kind and turn.kind != "name" and not set(words) & table.no:
        return Finding("open", 1.4, f"agrees to give {turn.kind}")
    if turn.question == "whether":
        return Finding("complete", FASTEST, "answers yes or no")
    if turn.question and not set(words) & table.no:
        return Finding("open", 1.3, "yes or no to another question")
    return Finding("answer", 0.7, "yes or no")


def _opening(turn: Turn) -> Finding | None:
    """A greeting, a name, "I have a question": the matter itself is still to come."""
    table, said = turn.table, turn.said
    if " ".join(said.words) in table.greetings:
        if turn.question == "whether":
            return Finding("answer", QUICK, "is there")
        return Finding("open", OPEN, "greets")
    asks = _inversion(without_lead(said, table), table)
    if not asks and (phrase := said.has(table.announcing)):
        return Finding("open", OPEN, f"announces {phrase}")
    if turn.kind == "name" or turn.question == "what" or asks:
        return None
    named = said.has(table.naming) or _called(turn.text, table)
    if named and len(said.words) <= len(named.split()) + 5 and not set(said.words) & table.asking:
        return Finding("open", OPEN, "says who is calling")
    return None


def _called(text: str, table: Words) -> str:
    """The phrase before a capital letter: "this is Anna", not "this is fine"."""
    lowered = text.lower()
    for phrase in table.calling:
        begin = lowered.find(f"{phrase} ")
        end = begin + len(phrase) + 1
        alone = begin == 0 or (begin > 0 and not lowered[begin - 1].isalnum())
        if alone and text[end : end + 1].isupper():
            return phrase
    return ""


def _listing(turn: Turn) -> Finding | None:
    """Two things in a row without an "and" before the last."""
    starts = [0, *(at + 1 for at in sorted(turn.said.breaks) if at + 1 < len(turn.said.words))]
    table = turn.table
    heads = [
        turn.said.words[at] in table.determiners | table.digits or turn.said.words[at].isdigit()
        for at in starts
    ]
    last = turn.said.words[starts[-1] :]
    if (
        len(starts) > 2
        and all(heads[-2:])
        and len(last) <= 4
        and not has_verb(turn.said.after(starts[-1]), table)
    ):
        return Finding("open", OPEN, "a list without its last item")
    return None


def _question(turn: Turn) -> Finding | None:
    body = without_lead(turn.said, turn.table)
    if len(body.words) >= 2 and body.words[0] in turn.table.asking:
        return Finding("complete", FASTEST, f"question with {body.words[0]}")
    if asks := _inversion(body, turn.table):
        return Finding("complete", FASTEST, f"question or request: {asks}")
    verb_first = turn.table.verb_last and body.words[1:2] in (("sie",), ("ich",), ("wir",))
    if verb_first and len(body.words) > 2 and body.words[0].endswith(("en", "e")):
        return Finding("complete", FASTEST, "question or request")
    if len(body.words) >= 3 and set(body.words[:4]) & turn.table.asking and "?" in turn.text[-2:]:
        return Finding("complete", FASTEST, "question")
    if len(body.words) >= 3 and turn.text.rstrip().endswith("?"):
        return Finding("answer", 0.65, "sounds like a question")
    return None


def _inversion(body: Clause, table: Words) -> str:
    """The words with which a yes/no question or a request begins, or ""."""
    phrase = body.begins(table.inverted)
    if len(body.words) < 2 or not phrase:
        return ""
    heads = table.pronouns | table.subjects | table.determiners
    return "" if phrase in table.supported and body.words[1] not in heads else phrase


def _answer(turn: Turn) -> Finding | None:
    if turn.question in ("", "open") or turn.more:
        return None
    words = turn.said.words
    if turn.question == "whether" and set(words[:2]) & (turn.table.yes | turn.table.no):
        return Finding("answer", 0.65, "answers yes or no, and more")
    if len(words) <= _PHRASE and not has_verb(turn.said, turn.table):
        return Finding("answer", 0.7 if turn.kind != "name" else 0.75, "a phrase for an answer")
    if turn.kind in ("name", "amount") or turn.question == "what":
        return Finding("answer", FORM, "a sentence for an answer")
    return None


def _statement(turn: Turn) -> Finding | None:
    if set(turn.said.words[-3:]) & turn.table.polite_ends:
        return Finding("complete", QUICK, "ends politely")
    if has_verb(turn.said, turn.table):
        return Finding("statement", FORM, "statement")
    return None


def _adverbial(turn: Turn) -> Finding | None:
    """ "For security reasons" without a question before it leads into a clause; so does "sorry"."""
    words, table = turn.said.words, turn.table
    if turn.question not in ("", "open") or turn.text.rstrip().endswith("?"):
        return None
    if words[0] in table.prepositions and not turn.more:
        return Finding("open", 1.3, f"a phrase with {words[0]}")
    if all(word in table.leads for word in words):
        return Finding("open", 1.3, "a word before a sentence")
    return None


def _fragment(turn: Turn) -> Finding:
    return Finding("unclear", 1.0, "a fragment")


_EMPTY = Clause((), frozenset())
RULES: tuple[Callable[[Turn], Finding | None], ...] = (
    _nothing,
    _trailing,
    _dictation,
    _closing,
    _cut_off,
    _waiting,
    _yes_or_no,
    _opening,
    _listing,
    _question,
    _answer,
    _statement,
    _adverbial,
    _fragment,
)
"""In this order; the first that has something to say is right."""
