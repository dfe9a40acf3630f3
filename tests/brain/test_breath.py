"""How many things a caller wants in one breath, and whether one is plainly a thing to do."""

import pytest

from bot.brain.breath import requests_in, requests_of, to_be_done


@pytest.mark.parametrize(
    ("words", "requests"),
    [
        (
            "Note that I need milk, and what is six times seven?",
            ["Note that I need milk", "what is six times seven?"],
        ),
        (
            "what is six times seven and note that i need milk",
            ["what is six times seven", "note that i need milk"],
        ),
        (
            "Note that I need milk, and also note that the car needs petrol.",
            ["Note that I need milk", "note that the car needs petrol."],
        ),
        ("How are you? And what's your name?", ["How are you", "what's your name?"]),
        ("Read me my notes and hang up.", ["Read me my notes", "hang up."]),
        (
            "Tell Anna that I come at nine, and book a meeting tomorrow.",
            ["Tell Anna that I come at nine", "book a meeting tomorrow."],
        ),
    ],
)
def test_several(words: str, requests: list[str]) -> None:
    assert requests_in(words) == requests


@pytest.mark.parametrize(
    "words",
    [
        "Take a note: buy eggs and flour.",
        "Take a note. Call Doctor Miller on Monday at nine.",
        "Please take a note: ask Bob what time it is in Tokyo.",
        "Take a note: what is the plan, and who is coming?",
        "Note that Bob asked what time it is and who comes.",
        "Make a note to call mom and tell Anna that I am late.",
        "What is the capital of France and Germany?",
        "Hello, what time is it?",
        "Okay. What can you do?",
        "No, Tuesday.",
        "",
    ],
)
def test_one(words: str) -> None:
    assert requests_in(words) == [words]


def test_no_more_than_three_are_told_apart() -> None:
    words = "Who are you? What is this? Where are you? Why are you here?"
    assert requests_in(words)[2] == "Where are you? Why are you here?"


@pytest.mark.parametrize(
    ("said", "requests"),
    [
        (
            ["Note that I need milk.", "Note that I need milk, and what is six times seven?"],
            ["Note that I need milk", "what is six times seven?"],
        ),
        (
            ["Who are you? What is this?", "Note that I need milk.", "And note that Bob called."],
            [
                *("Note that I need milk.", "And note that Bob called."),
                "Who are you? What is this?",
            ],
        ),
        (["A?", "B?", "C?", "Read me my notes."], ["Read me my notes.", "B?", "C?"]),
        ([], [""]),
    ],
)
def test_several_messages(said: list[str], requests: list[str]) -> None:
    assert requests_of(said) == requests


@pytest.mark.parametrize(
    ("words", "plainly"),
    [
        ("Please note that I need milk.", True),
        ("Could you write down that Bob called?", True),
        ("Please delete my note about the milk.", True),
        ("Tell Anna that I am late.", True),
        ("And also note that Bob called.", True),
        ("Take a note.", False),
        ("I note that you are slow.", False),
        ("What do my notes say?", False),
        ("No, Tuesday.", False),
    ],
)
def test_what_has_to_be_done(words: str, plainly: bool) -> None:
    assert to_be_done(words) is plainly
