"""A small model's words about what was done are the tools' own, or are not heard."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from bot.brain.claims import sayable, unbacked
from bot.brain.honest import NOT_DONE, Honest
from bot.brain.llm import make_llm
from bot.brain.model import ToolCall, Usage, Words
from bot.clients import Clients
from bot.providers import Endpoint
from tests.brain.asking import QUESTION, Scripted, asks, given, words

USAGE = Usage("scripted model", 10, 5)
CALL = ToolCall("abcdefghi", "bot_create_note", "{}")
ASKED = {"role": "user", "content": QUESTION}


def told(answer: str) -> dict[str, Any]:
    """A tool's answer, as Pipecat keeps it."""
    return {"role": "tool", "tool_call_id": "1", "content": json.dumps(answer)}


@pytest.mark.parametrize(
    ("answer", "speech"),
    [
        ("Saved as the note “Do not forget: milk”.", "Saved as the note “Do not forget: milk”."),
        ("Deleted the note “Milk”.", "Deleted the note “Milk”."),
        ("The message for Anna is written down.", "The message for Anna is written down."),
        ("Read to the caller: The note “A” says: b\nc", "The note “A” says: b\nc"),
        ("Not deleted yet; call again. Ask the caller: Really “A”?", "Really “A”?"),
        ("Not done: the notebook is full. Ask which notes to delete.", ""),
        ("Say goodbye in one short sentence; the line is closed after it.", ""),
        ("The text message to the caller is sent.", ""),
        ("IN_PROGRESS", ""),
    ],
)
async def test_a_tools_answer_is_said_as_it_stands_where_it_can_be(
    answer: str, speech: str
) -> None:
    model = Scripted([Words("Hm."), USAGE])
    pieces = await given(Honest(model), asks(ASKED, told(answer)))
    assert words(pieces) == (speech or "Hm.")
    assert len(model.asked) == (not speech)


def test_several_answers_are_said_together_or_not_at_all() -> None:
    saved, other = told("Saved as the note “A”."), told("Deleted the note “B”.")
    assert sayable([ASKED, saved, other]) == "Saved as the note “A”. Deleted the note “B”."
    assert sayable([ASKED, saved, told("Not done: no.")]) == ""
    assert sayable([saved, ASKED]) == ""


async def test_a_claim_without_a_tool_is_not_heard_and_the_call_is_asked_for() -> None:
    lie = [Words("Sure! I've"), Words(" saved your note. Any"), Words("thing else?"), USAGE]
    model = Scripted(lie, [CALL, USAGE])
    assert await given(Honest(model)) == [Words("Sure! "), USAGE, CALL, USAGE]
    first, second = (asked.context.get_messages() for asked in model.asked)
    assert second[: len(first)] == first
    assert "nothing was done" in str(second[-1])


async def test_what_is_claimed_twice_is_denied() -> None:
    model = Scripted([Words("Your note has been deleted.")], [Words("I'll make a note of that.")])
    assert words(await given(Honest(model))) == NOT_DONE


async def test_a_claim_before_its_call_is_left_out() -> None:
    model = Scripted([Words("I have noted it. "), CALL])
    assert await given(Honest(model)) == [CALL]
    assert len(model.asked) == 1


async def test_other_words_pass_sentence_by_sentence() -> None:
    said = [Words("It is 3."), Words("5 degrees. Shall I"), Words(" note that?")]
    pieces = await given(Honest(Scripted(said)))
    assert pieces == [Words("It is 3.5 degrees. "), Words("Shall I note that?")]


@pytest.mark.parametrize(
    ("sentence", "lie"),
    [
        ("I have noted that you need milk.", True),
        ("Okay, your note about milk has been successfully deleted.", True),
        ("Sure, I will remember to call your sister.", True),
        ("Done!", True),
        ("Your note has not been deleted.", False),
        ("Have I saved it?", False),
        ("It was written by William Shakespeare.", False),
        ("I can take notes for you.", False),
        ("Are you sure you want to delete the note?", False),
    ],
)
def test_what_claims(sentence: str, lie: bool) -> None:
    assert unbacked(sentence, [ASKED]) is lie


def test_what_backs_a_claim() -> None:
    mine, passive = "I have deleted your note.", "The meeting is scheduled for Monday."
    saved, read = told("Saved as the note “A”."), told("The note “A” says: meeting on Monday")
    refused = told("Not deleted yet; ask first.")
    later = {"role": "user", "content": "Is it?"}
    assert not unbacked(mine, [ASKED, saved])
    assert not unbacked(mine, [ASKED, saved, later])
    assert unbacked(mine, [ASKED, saved, later, later])
    assert unbacked(mine, [ASKED, read])
    assert not unbacked(passive, [ASKED, read])
    assert unbacked(passive, [ASKED, refused])
    assert not unbacked(mine, [ASKED, {"role": "developer", "content": "The task is done."}])


@pytest.mark.parametrize(
    ("provider", "language", "watched"),
    [("embedded", "en-US", True), ("embedded", "de", False), ("openai", "en", False)],
)
async def test_only_the_small_model_is_watched(provider: str, language: str, watched: bool) -> None:
    endpoint = Endpoint("llm", provider, "http://127.0.0.1:9/v1", SecretStr(""), "llm", "test")
    joined: list[Any] = []
    clients = Clients()
    try:
        make_llm(
            endpoint,
            clients,
            "Be brief.",
            join=lambda models: joined.extend(models) or models[0],  # type: ignore[func-returns-value]
            language=language,
        )
    finally:
        await clients.aclose()
    assert [isinstance(one, Honest) for one in joined] == [watched]
