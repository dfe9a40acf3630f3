"""What is written, and how it must sound."""

import re

import pytest

from bot.speech.speakable import speakable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**Sure!** It is `ready`.", "Sure! It is ready."),
        ("6*7 is 42, and *not* **43**", "six times seven is forty-two, and not forty-three"),
        ("2**3 is 8", "two ^ three is eight"),
        ("# Menu\n- tea\n- cake", "Menu. tea. cake"),
        ("See [our page](https://x.example/a).", "See our page."),
        ("Great! 🎉", "Great!"),
        ("my_file_name stays", "my_file_name stays"),
        ("$12.50", "twelve dollars and fifty cents"),
        ("$1", "one dollar"),
        ("€2.01", "two euros and one cent"),
        ("£1,000", "one thousand pounds"),
        ("$5 million", "five million dollars"),
        ("2026-03-05", "March fifth, twenty twenty-six"),
        ("March 5th, 2026", "March fifth, twenty twenty-six"),
        ("12/25/2026", "December twenty-fifth, twenty twenty-six"),
        ("9:00", "nine o'clock"),
        ("5:30 pm", "five thirty p m"),
        ("3pm", "three p m"),
        ("9:05 a.m.", "nine oh five a m"),
        ("15:00", "fifteen hundred hours"),
        ("12.5%", "twelve point five percent"),
        ("20°C", "twenty degrees Celsius"),
        ("the 22nd", "the twenty-second"),
        ("#5", "number five"),
        ("3-5 days", "three to five days"),
        ("-5 outside", "minus five outside"),
        ("room 007", "room zero zero seven"),
        ("order 12345678", "order one two three four five six seven eight"),
        ("+1 (555) 123-4567", "plus one, five five five, one two three, four five six seven"),
        (
            "912 / 6 = 152",
            "nine hundred and twelve divided by six equals one hundred and fifty-two",
        ),
        ("mail a.b@c.com", "mail a dot b at c dot com"),
        ("www.example.com/menu", "www dot example dot com slash menu"),
        ("in 2026", "in twenty twenty-six"),
        ("gate A12", "gate A twelve"),
        ("salt & pepper", "salt and pepper"),
        ("Nothing to change here.", "Nothing to change here."),
    ],
)
def test_reads_aloud(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


def test_dates_follow_the_country() -> None:
    assert speakable("03/04/2026", "en-US").startswith("March fourth")
    assert speakable("03/04/2026", "en-GB").startswith("April third")


def test_other_languages_get_their_own_numbers() -> None:
    assert speakable("Wir haben 21 Tische", "de") == "Wir haben einundzwanzig Tische"
    assert speakable("12,50 Euro", "de") == "12,50 Euro"


@pytest.mark.parametrize("text", ["", "   ", "***", "| - |", "99/99/9999", "2026-13-45", "25:99"])
def test_nonsense_does_not_break(text: str) -> None:
    assert isinstance(speakable(text), str)


def test_no_digit_is_left_in_english() -> None:
    text = "Call 555-123-4567 by 9:30 am on 2026-01-02, it costs $3.99 or 10% of 1,234.5 for 2x4."
    assert not re.search(r"\d", speakable(text))
