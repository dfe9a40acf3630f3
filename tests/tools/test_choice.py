"""Which families a turn shows: words in, names out."""

import pytest

from tools.catalog import every_tool
from tools.choice import KEPT, Shown, wanted
from tools.declare import Family

FAMILIES = tuple(
    dict.fromkeys(tool.family for tool in every_tool() if tool.family.name != "delegation")
)


@pytest.mark.parametrize(
    ("words", "family"),
    [
        ("Could you make a note that the plumber comes on Friday?", "notes"),
        ("add milk to my shopping list", "notes"),
        ("Schreib bitte auf, dass ich Brot brauche", "notes"),
        ("Apunta que tengo que llamar", "notes"),
        ("what's twenty five percent of eighty", "calculator"),
        ("Wie viel ist sieben mal acht", "calculator"),
        ("how is the weather in Rome tomorrow", "knowledge"),
        ("what time is it in Tokyo", "knowledge"),
        ("who was Ada Lovelace", "knowledge"),
        ("Wie spät ist es in New York?", "knowledge"),
        ("When are you open, and what does it cost?", "knowledge"),
        ("call me Sam from now on", "profile"),
        ("I moved to York last week", "profile"),
        ("what do you know about me", "profile"),
        ("play some jazz", "youtube"),
        ("show me a video of otters", "youtube"),
        ("open my mail", "windows"),
        ("make the window bigger", "windows"),
        ("turn the music down a bit", "soundtrack"),
        ("go to example dot com", "views"),
        ("switch to the quiet desktop", "views"),
        ("show me that as a table", "canvas"),
        ("summon a little dragon", "sprites"),
        ("I'd like to talk to a human", "phone"),
        ("text me the address", "phone"),
    ],
)
def test_words_bring_their_family(words: str, family: str) -> None:
    chosen = wanted(FAMILIES, words)
    assert family in chosen
    assert len(chosen) <= 4, "a turn that shows nearly all helps nobody"


@pytest.mark.parametrize(
    "words", ["", "hello there", "thank you very", "mhm", "Okay, sounds good.", "yes"]
)
def test_small_talk_brings_nothing(words: str) -> None:
    assert wanted(FAMILIES, words) == ()


@pytest.mark.parametrize(
    "words",
    ["I am fine, how are you?", "could you do something for me", "er sagt er kommt etwas später"],
)
def test_where_it_is_not_certain_the_base_is_shown(words: str) -> None:
    assert wanted(FAMILIES, words) == ("phone",)


def test_what_is_certain_comes_alone() -> None:
    """A note may be shown on the screen: that does not bring the canvas."""
    assert wanted(FAMILIES, "put my note about the kitchen up on the screen") == ("notes",)
    assert wanted(FAMILIES, "how much is thirty seven times fourteen") == ("calculator",)


@pytest.mark.parametrize(
    ("words", "not_this"),
    [
        ("Minimize that window", "knowledge"),  # wind
        ("I need to speak to Doctor Miller", "notes"),  # to do
        ("can you open the calculator app", "calculator"),
        ("it is on the third of May", "calculator"),
        ("she called me yesterday, it was nice", "profile"),
        ("call me back when you know", "profile"),
    ],
)
def test_words_inside_others_bring_nothing(words: str, not_this: str) -> None:
    assert not_this not in wanted(FAMILIES, words)


def family(name: str, base: bool = False) -> Family:
    return Family(
        name, words=rf"{name}\b", hints=f"perhaps{name}", windows=frozenset({name}), base=base
    )


SIX = (family("base", base=True), *(family(name) for name in "abcdef"))


def test_hints_count_where_nothing_is_said_for_certain() -> None:
    assert wanted(SIX, "perhapsb") == ("base", "b")
    assert wanted(SIX, "perhapsb or c") == ("c",)
    assert wanted(SIX, "something else is what I want", ["d"]) == ("base", "d")


def test_families_are_only_added_behind_the_others() -> None:
    shown = Shown(SIX)
    assert shown.add("") == ()
    assert shown.add("c") == ("c",)
    assert shown.add("a") == ("c", "a")
    assert shown.add("I want something quite different") == ("c", "a", "base")
    assert shown.add("c and hello") == ("c", "a", "base")
    assert shown.add("", windows=["b"]) == ("c", "a", "base", "b")


def test_yes_may_answer_what_the_bot_has_offered() -> None:
    shown = Shown(SIX)
    assert shown.add("yes please") == ()
    assert shown.add("c") == ("c",)
    assert shown.add("") == ("c",)
    assert shown.add("yes please") == ("c", "base")


def test_too_many_begin_anew_with_what_was_used_last() -> None:
    shown = Shown(SIX, most=3)
    for words in ("base", "a", "b", "c"):
        shown.add(words)
    assert shown.names == ("base", "a", "b", "c")
    assert shown.add("d", used=("c", "a", "b")) == ("base", "a", "b", "d")
    assert KEPT == 2
    assert shown.add("", used=("c", "a", "b")) == ("base", "a", "b", "d")


def test_a_turn_that_asks_for_much_gets_it() -> None:
    shown = Shown(SIX, most=2)
    assert shown.add("a b c d", used=("a", "e")) == ("e", "a", "b", "c", "d")
