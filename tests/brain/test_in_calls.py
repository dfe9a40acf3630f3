"""The brain in whole calls: what the caller hears when a model misbehaves, and in long calls."""

from typing import Any

import pytest

from bot.brain import summary
from bot.brain.again import Again
from bot.brain.brain import Brain
from bot.brain.model import Piece, ToolCall, Words
from bot.errors import ProviderDenied, ProviderUnavailable
from tests.brain.asking import Scripted
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import SENTENCES, Talk


class Calling(Talk):
    """A call with a brain on a scripted model."""

    def __init__(self, *answers: list[Piece | Exception]) -> None:
        super().__init__(lambda _: "", verdicts=(1.0,) * 9, speculates=False)
        self.model = Scripted(*answers)
        self.llm: Any = Brain(Again(self.model), "Be brief.")
        self.llm.assert_done = lambda: None


async def heard(talk: Calling) -> str:
    talk.line.says(1.0, "What time is it?")
    utterances = await talk.run(12.0)
    return " ".join(utterance.text for utterance in utterances)


async def test_an_answer_is_heard(virtual_time: VirtualTime) -> None:
    talk = Calling([Words("It"), Words(" is"), Words(" noon.")])
    assert await heard(talk) == "Hello there. It is noon."
    assert talk.notes.said("bot")[-1] == "It is noon."


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([[], []], id="nothing, twice"),
        pytest.param(
            [[ToolCall("a", "bot_fly", "{}")], [ToolCall("b", "bot_fly", "{}")]], id="no such tool"
        ),
        pytest.param([[ProviderUnavailable("down")]] * 2, id="down"),
    ],
)
async def test_a_caller_is_never_left_without_a_word(
    virtual_time: VirtualTime, answers: list[list[Piece | Exception]]
) -> None:
    talk = Calling(*answers)
    assert await heard(talk) == f"Hello there. {SENTENCES.no_answer}"
    assert len(talk.model.asked) == 2


async def test_a_wrong_key_ends_the_call_with_a_sentence(virtual_time: VirtualTime) -> None:
    talk = Calling([ProviderDenied("wrong key")])
    assert await heard(talk) == f"Hello there. {SENTENCES.broken}"


async def test_a_long_call_is_summarised_unheard(
    virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summary, "FROM_TOKENS", 50)
    monkeypatch.setattr(summary, "KEPT_TOKENS", 1)
    monkeypatch.setattr(summary, "KEPT_TURNS", 2)
    answers = ["It is noon.", "Still noon.", "Ann asks for the time.", "Past noon."]
    talk = Calling(*([Words(answer)] for answer in answers))
    for start in (1.0, 7.0, 13.0):
        talk.line.says(start, "What time is it, please, in your part of the world?")
    utterances = await talk.run(20.0)
    assert [u.text for u in utterances] == ["Hello there.", *answers[:2], answers[3]]
    _, _, summing, last, *_ = talk.model.asked
    assert summing.system == summary.PROMPT
    assert "Ann asks for the time." in str(last.context.get_messages()[0])
