"""What a second model says of an answer that another began."""

import pytest

from bot.failover.goes_on import GoesOn


@pytest.mark.parametrize(
    ("said", "new", "whole"),
    [
        ("We are open", " until six.", "We are open until six."),
        ("We are open", "until six.", "We are open until six."),
        ("We are open ", "until six.", "We are open until six."),
        ("We are open", "We are open until six.", "We are open until six."),
        ("We are open", "Open until six.", "We are open until six."),
        ("We are open. It costs", "It costs ten.", "We are open. It costs ten."),
        ("The restau", "The restaurant is open.", "The restaurant is open."),
        ("It is a", "apple tree.", "It is a apple tree."),
        ("We are open.", "We also deliver.", "We are open. We also deliver."),
        ("We are open, and", "yes.", "We are open, and yes."),
        ("We are open", ", until six.", "We are open, until six."),
        ("One. Two.", "One. Two. Three.", "One. Two. Three."),
        ("One. Two.", "One. Two.", "One. Two."),
        ("One, two and three", "One, two", "One, two and three"),
        ("", "Hello there.", "Hello there."),
    ],
)
@pytest.mark.parametrize("size", [1, 4, 100])
def test_nothing_is_said_twice_and_nothing_is_lost(
    said: str, new: str, whole: str, size: int
) -> None:
    goes_on = GoesOn(said)
    pieces = [new[start : start + size] for start in range(0, len(new), size)]
    assert said + "".join(map(goes_on.take, pieces)) + goes_on.rest() == whole


def test_words_that_are_new_do_not_wait() -> None:
    goes_on = GoesOn("We are open")
    assert goes_on.take("until ") == " until "
    assert goes_on.take("s") == "s"
