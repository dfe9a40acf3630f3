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
WISH = {"role": "user", "content": "My list needs milk."}
"""What may be answered without a tool, for all that the words tell."""


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
    assert await given(Honest(model), asks(WISH)) == [Words("Sure! "), USAGE, CALL, USAGE]
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
    pieces = await given(Honest(Scripted(said)), asks(WISH))
    assert pieces == [Words("It is 3.5 degrees. "), Words("Shall I note that?")]


async def test_who_plainly_wants_something_done_is_not_put_off_with_words() -> None:
    """ "I can help you with that" is no note."""
    plain = {"role": "user", "content": "Please note that I need milk."}
    model = Scripted([Words("I can help"), Words(" you with that.")], [CALL])
    assert await given(Honest(model), asks(plain)) == [CALL]
    assert "<tool_call>" in str(model.asked[1].context.get_messages()[-1])
    model = Scripted([Words("I can help you with that.")], [Words("Sure.")])
    assert words(await given(Honest(model), asks(plain))) == NOT_DONE
    model = Scripted([Words("A note? For"), Words(" when?")])
    assert words(await given(Honest(model), asks(plain))) == "A note? For when?"


class Turn:
    """One turn of a caller with a scripted model, tools answered as Pipecat does."""

    def __init__(self, says: str, *answers: list[Any]) -> None:
        self.messages: list[Any] = [WISH, {"role": "assistant", "content": "Noted."}]
        self.messages.append({"role": "user", "content": says})
        self.model = Scripted(*answers)
        self.honest = Honest(self.model)

    async def ask(self, answer: str = "") -> list[Any]:
        """The model's next pieces, after a tool's `answer`."""
        if answer:
            self.messages.append(told(answer))
        pieces = await given(self.honest, asks(*self.messages))
        calls = [one for one in pieces if isinstance(one, ToolCall)]
        if calls:
            asked = [{"id": c.id, "function": {"name": c.name, "arguments": "{}"}} for c in calls]
            self.messages.append({"role": "assistant", "tool_calls": asked})
        return pieces

    @property
    def wanted(self) -> list[str]:
        """What the model was asked for, each time."""
        return [str(one.context.get_messages()[-1]["content"]) for one in self.model.asked]  # type: ignore[index]


async def test_two_requests_in_one_breath_are_asked_for_one_after_the_other() -> None:
    turn = Turn("Note that I need milk, and what is six times seven?", [CALL], [Words("It is 42.")])
    assert await turn.ask() == [CALL]
    said = words(await turn.ask("Saved as the note “Milk”."))
    assert said == "Saved as the note “Milk”. It is 42."
    assert turn.wanted == ["Note that I need milk", "what is six times seven?"]
    before = turn.model.asked[1].context.get_messages()[:-1]
    assert before == turn.messages[:2]


async def test_the_other_way_round_and_two_things_to_do() -> None:
    other = ToolCall("ihgfedcba", "bot_create_note", "{}")
    turn = Turn("What's six times seven and note that I need milk.", [Words("42.")], [CALL])
    assert await turn.ask() == [Words("42."), Words(" "), CALL]
    assert await turn.ask("Saved as the note “Milk”.") == [Words("Saved as the note “Milk”.")]
    turn = Turn("Note that I need milk and also note that Bob called.", [CALL], [other])
    assert await turn.ask() == [CALL]
    assert await turn.ask("Saved as the note “A”.") == [
        *(Words("Saved as the note “A”."), Words(" "), other)
    ]
    assert await turn.ask("Saved as the note “B”.") == [Words("Saved as the note “B”.")]


async def test_what_was_not_done_of_two_is_named() -> None:
    sure = [Words("Sure.")]
    turn = Turn("Note that I need milk, and note that Bob called.", [CALL], sure, sure)
    await turn.ask()
    said = words(await turn.ask("Saved as the note “A”."))
    assert said.startswith("Saved as the note “A”. Sorry, this is not done yet: note that Bob")


async def test_a_tool_that_failed_is_spoken_of_before_the_next_request() -> None:
    turn = Turn(
        "Note that I need milk, and what is six times seven?",
        *([CALL], [Words("The notebook is full.")], [Words("It is 42.")]),
    )
    await turn.ask()
    said = words(await turn.ask("Not done: the notebook is full. Ask which notes to delete."))
    assert said == "The notebook is full. It is 42."
    assert turn.wanted[1].startswith('"Not done')


QUESTION_FIRST = "What can you do for me?"


async def test_who_asks_for_something_over_an_answer_gets_it_and_then_the_answer() -> None:
    """Nothing was heard of the answer: to the model it would be one muddled request."""
    turn = Turn("Please take a note: call the bank.", [CALL], [Words("I take notes.")])
    turn.messages.insert(-1, {"role": "user", "content": QUESTION_FIRST})
    assert await turn.ask() == [CALL]
    said = words(await turn.ask("Saved as the note “Bank”."))
    assert said == "Saved as the note “Bank”. I take notes."
    assert turn.wanted == ["Please take a note: call the bank.", QUESTION_FIRST]
    for asked in turn.model.asked:
        assert asked.context.get_messages()[:-1] == turn.messages[:2]


async def test_nothing_to_be_done_is_lost_when_the_caller_goes_on() -> None:
    other = ToolCall("ihgfedcba", "bot_create_note", "{}")
    turn = Turn("And note that Bob called.", [CALL], [other])
    turn.messages.insert(-1, {"role": "user", "content": "Note that I need milk."})
    assert await turn.ask() == [CALL]
    assert (await turn.ask("Saved as the note “Milk”."))[-1] == other
    assert turn.wanted == ["Note that I need milk.", "And note that Bob called."]


async def test_what_an_impatient_caller_says_again_is_done_once() -> None:
    turn = Turn("Please take a note: buy milk.", [CALL])
    turn.messages.insert(-1, {"role": "user", "content": "Please take a note. By milk."})
    assert await turn.ask() == [CALL]
    assert words(await turn.ask("Saved as the note “Milk”.")) == "Saved as the note “Milk”."
    assert turn.wanted == ["Please take a note: buy milk."]


async def test_words_that_go_on_with_those_before_stay_together() -> None:
    turn = Turn("Buy milk.", [CALL])
    turn.messages.insert(-1, {"role": "user", "content": "Please take a note."})
    assert await turn.ask() == [CALL]
    assert turn.model.asked[0].context.get_messages() == turn.messages[:-1]


async def test_a_turn_that_goes_on_otherwise_is_asked_as_it_stands() -> None:
    turn = Turn("Note that I need milk, and what is six times seven?", [Words("Go on.")])
    turn.messages.append({"role": "developer", "content": "The caller's page is open now."})
    assert words(await turn.ask()) == "Go on."
    assert turn.wanted == ["The caller's page is open now."]


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
