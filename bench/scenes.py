"""What callers say, and where they pause.

Questions are complete and spoken in one breath: they measure speed. The others have a silence
inside that is not the end: they measure patience. Each of those belongs to one of two halves; turn
taking may be tuned on "tuning" only, and "held-back" says what the tuning is worth.
"""

from bench import human, synthetic
from bench.scene import Half, Scene
from bench.synthetic import ABOUT, VOICES, jobs, long_questions, notes

__all__ = [
    "ABOUT",
    "VOICES",
    "Half",
    "Scene",
    "everything",
    "interjections",
    "jobs",
    "long_questions",
    "notes",
    "pauses",
    "questions",
]

_HUMAN_EVERY = 3
"""One human question among so many."""


def questions() -> list[Scene]:
    """The utterances without a pause; the human ones are spread among the synthetic."""
    people = human.complete()
    mixed: list[Scene] = []
    for number, scene in enumerate(synthetic.questions()):
        if number % _HUMAN_EVERY == _HUMAN_EVERY - 1 and people:
            mixed.append(people.pop(0))
        mixed.append(scene)
    return mixed + people


def pauses(half: Half) -> list[Scene]:
    """The utterances of one half that have a pause inside."""
    return [*synthetic.pauses(half), *human.pauses(half)]


def interjections() -> list[Scene]:
    """What is said while the bot speaks."""
    return [*synthetic.interjections(), *human.interjections()]


def everything() -> list[Scene]:
    """Every utterance there is."""
    return [
        *questions(),
        *pauses("tuning"),
        *pauses("held-back"),
        *long_questions(),
        *notes(),
        *jobs(),
        *interjections(),
    ]
