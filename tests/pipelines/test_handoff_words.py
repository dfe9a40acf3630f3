"""How a result is told, and what counts as heard."""

import asyncio
from typing import Any

import pytest

from bot.call import Call
from bot.messages import Caption
from bot.openclaw.task import Outcome, Task
from pipelines.handoff_words import MOST_CHARACTERS, Report, for_sms, task_sentences
from pipelines.journal import Journal
from pipelines.telling import Telling
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import Notes

EN = task_sentences("en")
FOUND = "The ferry leaves at 9.15 from Piraeus. It costs $40.\n\nBlue Star runs it."


def task(text: str = "find a ferry") -> Task:
    return Task("t", "c", "", "", text, "normal", 0.0, 60.0)


def report(text: str, status: Any = "completed", **more: Any) -> Report:
    return Report(task(), Outcome(status, text), EN, **more)


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "de-AT", "xx"])
def test_every_language_has_every_sentence(language: str) -> None:
    sentences = task_sentences(language)
    assert all(vars(sentences).values())
    assert len(sentences.all()) == len(set(sentences.all())) == 4


def test_two_sentences_and_the_rest_on_offer() -> None:
    one = report("A is here. B is there. C is nowhere. D is not.")
    assert one.text() == f"{EN.found} A is here. B is there. {EN.offer}"
    assert report("A is here.").text() == f"{EN.found} A is here."
    assert report("A is here.", away=True).text() == f"{EN.found_away} A is here."
    assert len(report("word " * 500).text()) < MOST_CHARACTERS + 100


@pytest.mark.parametrize("outcome", [("failed", "HTTP 529 from 10.0.0.1"), ("completed", " ")])
def test_a_failure_says_what_and_not_why(outcome: tuple[str, str]) -> None:
    status, text = outcome
    one = report(text, status)
    assert one.text() == f"{EN.failed} find a ferry."
    assert "529" not in one.for_model()


def test_what_was_cut_off_is_told_again_from_its_sentence() -> None:
    one = report(FOUND)
    assert not one.heard(f"{EN.found} The ferry leaves at 9.15 from Piraeus. It")
    assert one.text() == f"{EN.again} It costs $40. {EN.offer}"
    assert not one.heard("As I was")
    assert one.heard(f"{EN.again} It costs $40.")


def test_what_nobody_heard_is_told_as_if_for_the_first_time() -> None:
    one = report(FOUND)
    assert not one.heard("")
    assert one.text().startswith(EN.found)


def test_told_by_the_model_is_told() -> None:
    one = report(FOUND)
    assert one.told_by("Yes: the ferry leaves Piraeus at 9.15, and it costs 40 dollars.")
    assert not one.told_by("The ferry is what I am looking for.")


def test_the_model_gets_everything_within_bounds() -> None:
    assert "Blue Star runs it." in report(FOUND).for_model()
    assert len(report("word " * 9000).for_model()) < 9000


def test_a_text_message_has_its_limit() -> None:
    text = for_sms(task("find a ferry"), Outcome("completed", "word " * 500), EN, 300)
    assert text.startswith("find a ferry: word")
    assert len(text) <= 300
    assert for_sms(task(), Outcome("failed", "HTTP 529"), EN, 300) == f"{EN.failed} find a ferry"


async def test_words_that_a_voice_spells_otherwise_count_at_its_end(
    virtual_time: VirtualTime,
) -> None:
    telling = Telling(lambda: False)
    telling.begin()
    for _ in range(2):
        telling.asked_for()
    heard = asyncio.create_task(telling.heard("It costs four dollars. It is blue."))
    telling.words("It costs $4")
    telling.finished()
    await asyncio.sleep(5)
    assert not heard.done(), "a piece is still to come"
    telling.words("It is blue")
    telling.finished()
    assert await heard == "It costs four dollars. It is blue."


async def test_a_voice_that_fails_was_not_heard(virtual_time: VirtualTime) -> None:
    telling = Telling(lambda: False)
    telling.begin()
    telling.asked_for()
    assert await telling.heard("It costs $40.") == ""
    assert virtual_time.now < 20


def test_the_page_sees_all_that_was_said_in_a_turn() -> None:
    shown: list[Any] = []
    journal = Journal(Call("room"), Notes(), shown.append)  # type: ignore[arg-type]
    for text in ("I am on it.", "Here it is."):
        journal.bot_words(text)
        journal.bot_finished(text, interrupted=False)
    texts = [m.text for m in shown if isinstance(m, Caption) and m.final]
    assert texts == ["I am on it.", "I am on it. Here it is."]
