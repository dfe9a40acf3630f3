"""What Whisper makes up out of noise is told from words."""

import pytest

from bot.speech.embedded.imagined import imagined


@pytest.mark.parametrize("text", ["", " ... ", "[BLANK_AUDIO]", "(wind blowing)", "*coughs*", "♪"])
def test_labels_and_signs_are_no_words(text: str) -> None:
    assert imagined(text, 0.0, -0.1)


def test_an_invention_counts_only_where_nobody_may_have_spoken() -> None:
    assert imagined("Thank you.", no_speech=0.5, score=-0.3)
    assert not imagined("Thank you.", no_speech=0.05, score=-0.3)


def test_unsure_words_count_only_where_somebody_spoke() -> None:
    assert imagined("Turn left at the pump.", no_speech=0.8, score=-1.4)
    assert not imagined("Turn left at the pump.", no_speech=0.8, score=-0.4)
    assert not imagined("Turn left at the pump.", no_speech=0.2, score=-1.4)
