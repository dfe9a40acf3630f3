"""A model that has nothing to say, or fails at once, is asked once more and no more."""

import asyncio

import pytest

from bot.brain.again import LONGEST_PAUSE, QUICK_SECONDS, Again
from bot.brain.model import Piece, ToolCall, Usage, Words
from bot.errors import ProviderDenied, ProviderUnavailable
from tests.brain.asking import QUESTION, Scripted, asks, given, words
from tests.fixtures.virtual_time import VirtualTime

USAGE = Usage("scripted model", 10, 0)
BUSY = ProviderUnavailable("busy")


async def test_an_empty_answer_is_asked_for_again_with_a_nudge(virtual_time: VirtualTime) -> None:
    model = Scripted([USAGE], [Words("Noon.")])
    assert await given(Again(model)) == [USAGE, Words("Noon.")]
    first, second = (asked.context.get_messages() for asked in model.asked)
    assert first == [{"role": "user", "content": QUESTION}]
    assert second[:1] == first
    assert "You have not answered" in str(second[1])
    assert model.asked[1].context.tools is model.asked[0].context.tools


async def test_two_empty_answers_are_none(virtual_time: VirtualTime) -> None:
    model = Scripted([USAGE], [])
    assert await given(Again(model)) == [USAGE]
    assert len(model.asked) == 2


@pytest.mark.parametrize("piece", [Words("Noon."), ToolCall("1", "note", "{}")])
async def test_an_answer_is_asked_for_once(virtual_time: VirtualTime, piece: Piece) -> None:
    model = Scripted([piece, USAGE])
    assert await given(Again(model)) == [piece, USAGE]
    assert len(model.asked) == 1


async def test_a_quick_failure_is_tried_again(virtual_time: VirtualTime) -> None:
    model = Scripted([BUSY], [Words("Noon.")])
    assert words(await given(Again(model))) == "Noon."
    assert model.asked[0] == model.asked[1]


async def test_the_second_failure_is_told(virtual_time: VirtualTime) -> None:
    model = Scripted([BUSY], [ProviderUnavailable("still busy")])
    with pytest.raises(ProviderUnavailable, match="still busy"):
        await given(Again(model))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param([Words("It is"), BUSY], id="after words"),
        pytest.param([ProviderDenied("wrong key")], id="denied"),
        pytest.param(
            [ProviderUnavailable("busy", retry_after=LONGEST_PAUSE + 1)], id="asks for time"
        ),
    ],
)
async def test_other_failures_are_told_at_once(
    virtual_time: VirtualTime, answer: list[Piece | Exception]
) -> None:
    model = Scripted(answer)
    with pytest.raises((ProviderUnavailable, ProviderDenied)):
        await given(Again(model))
    assert len(model.asked) == 1


async def test_a_late_failure_is_told_at_once(virtual_time: VirtualTime) -> None:
    class Late(Scripted):
        async def answer(self, asked):  # type: ignore[no-untyped-def]
            self.asked.append(asked)
            await asyncio.sleep(QUICK_SECONDS + 1)
            raise BUSY
            yield

    model = Late()
    with pytest.raises(ProviderUnavailable):
        await given(Again(model))
    assert len(model.asked) == 1


async def test_closing_closes_the_model(virtual_time: VirtualTime) -> None:
    model = Scripted([Words("It"), Words(" is")])
    pieces = Again(model).answer(asks())
    await anext(pieces)
    await pieces.aclose()
    assert model.closed == 1
