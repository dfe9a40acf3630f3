"""Whether a caller's turn is over: how long to wait in silence before the bot answers.

Words outweigh what the ear says. Smart Turn is 0.98 sure of an end after "Can you tell me the name
of" and 0.04 after "Do you have a room for this weekend?"; where the words say nothing, it decides.
A pure function of its evidence: no clock, no state.
"""

from dataclasses import dataclass

from pipelines.turn_clause import Finding, Shape, clause
from pipelines.turn_rules import FASTEST, RULES, read
from pipelines.turn_words import words_of

__all__ = ["FASTEST", "LONGEST", "Evidence", "Shape", "Verdict", "is_backchannel", "judge"]

LONGEST = 2.5
"""Seconds: as long as callers take to look for a word or a number."""
_UNSURE, _SURE = 0.3, 0.9
"""Smart Turn's certainties below and above which it counts beside the words."""
_HUM = frozenset("mhn")
"""How an STT writes a hum: "mm-hmm", "M.M.H.M."."""
_LISTENING = 6
"""Words of a backchannel at most."""
_OWN_MARGIN = 0.2
_OWN_MOST = {"answer": 0.8, "statement": 1.25, "unclear": 1.5, "open": 1.9, "unfinished": LONGEST}
"""How long this caller's pauses can make a hold, by shape; complete turns stay as they are."""
_NOISE = 0.3
"""Seconds more on a line where every window is loud: the end of a sound is then a guess."""


BY_EAR = frozenset({"answer", "unclear", "open", "unfinished"})
"""Shapes whose hold depends on what Smart Turn hears; of the others the words say enough."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when the caller falls silent.

    Args:
        text: All the caller's words in this turn so far, as the STT wrote them.
        certainty: Smart Turn's probability, 0 to 1, that the turn is over; None: not known.
        asked: The bot's last sentence; "": none.
        pauses: Silences (s) in this call after which this caller went on in mid-turn.
        keys: The turn was keyed (DTMF).
        noise: Share, 0 to 1, of the windows without speech lately that were loud.
    """

    text: str
    certainty: float | None = None
    asked: str = ""
    pauses: tuple[float, ...] = ()
    keys: bool = False
    noise: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`hold`: seconds of silence after the caller's last sound from which the turn is over.

    `shape`: of the words; `reason`: a few words for the log.
    """

    hold: float
    shape: Shape
    reason: str


def judge(evidence: Evidence, language: str) -> Verdict:
    """Grade the wait for an end of the caller's turn. `language`: 'en', 'en-GB', …"""
    if evidence.keys:
        return Verdict(FASTEST, "complete", "keyed")
    turn = read(evidence.text, evidence.asked, words_of(language))
    found = next(finding for rule in RULES if (finding := rule(turn)))
    return Verdict(round(_graded(found, evidence), 2), found.shape, found.reason)


def is_backchannel(text: str, language: str, asked: str = "") -> bool:
    """Whether words that are said while the bot talks only show that the caller listens.

    Args:
        text: The words.
        language: As for `judge`.
        asked: What the bot is just saying; "okay" answers a question and is no backchannel then.
    """
    table = words_of(language)
    said = clause(text, table)
    if all(word in table.fillers or _HUM.issuperset(word) for word in said.words):
        return True
    if "?" in asked:
        return False
    if len(said.words) == 1 and said.last in table.dangling | table.subjects:
        return True  # nobody says just that: an STT's spelling of a hum, or a start given up
    voiced = (word for word in said.words if not _HUM.issuperset(word))
    rest = " ".join(word for word in voiced if word not in table.fillers)
    return len(rest.split()) <= _LISTENING and _made_of(rest, frozenset(table.listening))


def _made_of(text: str, phrases: frozenset[str]) -> bool:
    """Whether `text` is nothing but phrases one after the other."""
    words = text.split()
    if not words:
        return True
    return any(
        " ".join(words[:length]) in phrases and _made_of(" ".join(words[length:]), phrases)
        for length in range(1, len(words) + 1)
    )


def _graded(found: Finding, evidence: Evidence) -> float:
    """The hold after Smart Turn's certainty, the caller's habits and the line's noise."""
    hold, sure = found.hold, evidence.certainty
    if sure is not None:
        sure = min(1.0, max(0.0, sure))
        sure = 0.5 + (sure - 0.5) * (1 - min(1.0, evidence.noise))
        hold += _by_ear(found.shape, sure)
    if evidence.pauses and found.shape in _OWN_MOST:
        own = max(evidence.pauses[-8:]) + _OWN_MARGIN
        hold = max(hold, min(own, _OWN_MOST[found.shape]))
    if found.shape not in ("complete", "answer"):
        hold += _NOISE * min(1.0, max(0.0, evidence.noise))
    return min(LONGEST, max(FASTEST, hold))


def _by_ear(shape: Shape, sure: float) -> float:
    """Seconds that Smart Turn adds or takes."""
    if shape == "unclear":
        return 0.25 - 0.4 * sure
    if sure < _UNSURE:
        return {"complete": 0.1, "answer": 0.2, "statement": 0.05, "open": 0.2}.get(shape, 0.3)
    if sure >= _SURE:
        return {"open": -0.05, "unfinished": -0.2}.get(shape, 0.0)
    return 0.0
