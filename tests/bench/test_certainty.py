"""The offline evaluation of turn ends: where clips pause, and what is counted."""

import numpy as np

from bench.certainty import moments, summary
from bench.clips import HZ, Clip, join
from bench.scenes import VOICES, Scene
from bench.transcripts import stretches, telephone


def clip(parts: tuple[str, ...], gaps: tuple[float, ...], half: str | None = "tuning") -> Clip:
    kind = "clause" if half else "question"
    scene = Scene("s", kind, VOICES[0], parts, gaps, half)  # type: ignore[arg-type]
    sound = [(text, np.full(HZ, 3000, np.int16)) for text in parts]
    pcm, words = join(sound, gaps)
    return Clip(scene, pcm, tuple(words))


def test_a_stretch_lasts_from_pause_to_pause() -> None:
    made = clip(("one two", "three", "four"), (0.1, 0.8))
    first, second = stretches(made)
    assert (first.text, first.gap) == ("one two three", 0.8)
    assert (second.text, second.gap) == ("four", None)
    assert (first.start, first.end) == (0, round(2.1 * HZ))
    assert (second.start, second.end) == (round(2.9 * HZ), len(made.pcm))


def test_the_telephone_adds_silence_and_keeps_the_length() -> None:
    heard = telephone(np.full(HZ, 3000, np.int16))
    assert len(heard) == HZ + round(0.72 * HZ)
    assert abs(int(heard[HZ]) - 3000) < 100
    assert abs(int(heard[0])) < 10


def test_a_pause_is_survived_by_a_longer_hold() -> None:
    made = clip(("I called because", "my order is late."), (1.2,))
    pause, end = moments(made, ["I called because", "my order is late."], "said", [0.9, 0.9])
    assert pause.survived
    assert pause.hold > 1.2
    assert (pause.words, pause.gap) == ("I called because", 1.2)
    assert (end.words, end.gap) == ("I called because my order is late.", None)
    assert end.survived


def test_a_pause_that_was_survived_is_a_habit_at_the_end() -> None:
    gaps = [moments(clip(("a because", "it is late."), (gap,)), ["a because", "it is late."],
                    "said", [0.5, 0.5])[1].hold for gap in (0.4, 1.0)]  # fmt: skip
    assert gaps[1] > gaps[0]


def test_nothing_heard_leaves_the_words_as_they_were() -> None:
    made = clip(("Yes", "um", "no."), (0.4, 0.4))
    words = [moment.words for moment in moments(made, ["Yes", "", "no."], "heard", [0.5] * 3)]
    assert words == ["Yes", "Yes", "Yes no."]


def test_figures_are_of_one_half_and_one_variant() -> None:
    cut = clip(("When do you open?", "On Sunday."), (0.8,))
    kept = clip(("I called because", "it is late."), (0.8,))
    asked = clip(("When do you open?",), (), None)
    found = [
        *moments(cut, cut.scene.parts, "said", [0.9, 0.9]),
        *moments(kept, kept.scene.parts, "said", [0.9, 0.9]),
        *moments(kept, ["When do you open?", "it is"], "heard", [0.9, 0.9]),
        *moments(asked, asked.scene.parts, "said", [0.9]),
    ]
    said = summary(found, "tuning", "said")
    assert (said["cut_ins"], said["pauses"]) == (1, 2)
    assert said["by_kind"] == {"clause": "1/2"}
    assert summary(found, "tuning", "heard")["cut_ins"] == 1
    questions = summary(found, "questions", "said")
    assert (questions["pauses"], questions["end_p50"]) == (0, 0.5)
    assert summary(found, "held-back", "said")["end_p50"] is None
