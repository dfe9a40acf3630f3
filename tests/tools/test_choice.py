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
    "words", ["", "hello there", "thank you very much", "mhm", "I am fine, how are you?", "yes"]
)
def test_small_talk_brings_only_what_is_always_there(words: str) -> None:
    assert wanted(FAMILIES, words) == ("phone",)


def family(name: str, base: bool = False) -> Family:
    return Family(name, words=name, windows=frozenset({name}), base=base)


SIX = (family("base", base=True), *(family(name) for name in "abcdef"))


def test_families_are_only_added_behind_the_others() -> None:
    shown = Shown(SIX)
    assert shown.add("") == ("base",)
    assert shown.add("c") == ("base", "c")
    assert shown.add("a") == ("base", "c", "a")
    assert shown.add("c and hello") == ("base", "c", "a")
    assert shown.add("", windows=["b"]) == ("base", "c", "a", "b")


def test_too_many_begin_anew_with_what_was_used_last() -> None:
    shown = Shown(SIX, most=3)
    for word in "abc":
        shown.add(word)
    assert shown.names == ("base", "a", "b", "c")
    assert shown.add("d", used=("c", "a", "b")) == ("base", "a", "b", "d")
    assert KEPT == 2
    assert shown.add("", used=("c", "a", "b")) == ("base", "a", "b", "d")


def test_a_turn_that_asks_for_much_gets_it() -> None:
    shown = Shown(SIX, most=2)
    assert shown.add("a b c d", used=("a", "e")) == ("base", "e", "a", "b", "c", "d")
