"""Models put behind one another: what the caller hears, who is asked, what it costs."""

import asyncio

import pytest

from bot.brain.model import ToolCall, Usage, Words
from bot.errors import ProviderDenied, ProviderRefused, ProviderUnavailable
from bot.failover.breaker import State
from tests.failover.scripted_models import (
    HANG,
    Step,
    chain,
    hedged,
    pieces,
    question,
    scripted,
    words,
)
from tests.fixtures.virtual_time import VirtualTime

DOWN = ProviderUnavailable("503")
CALL = ToolCall("c1", "bot_end_call", "{}")
PAID = Usage("first", 12, 3)


async def test_the_first_alone_is_asked_while_it_is_in_time(virtual_time: VirtualTime) -> None:
    first, second = scripted("first", (0.2, "Until six.", PAID)), scripted("second", ("No.",))
    model, budget = hedged(*chain(first, second))
    assert await pieces(model) == [Words("Until six."), PAID]
    assert (len(second.asked), budget.spent, budget.turns) == (0, 0, 1)


async def test_a_late_first_is_joined_by_the_second_and_the_first_to_speak_wins(
    virtual_time: VirtualTime,
) -> None:
    first = scripted("first", (4.0, "Too late.", PAID))
    second = scripted("second", (0.3, "Until ", 0.1, "six.", Usage("second", 9, 2)))
    links = chain(first, second)
    model, budget = hedged(*links)
    start = virtual_time.now
    found = await pieces(model)
    assert words(found) == "Until six."
    assert virtual_time.now - start == pytest.approx(1.5 + 0.3 + 0.1, abs=0.05)
    assert first.closed == 1  # at once, not when it would have spoken
    assert budget.spent == 1
    paid = {piece.label: piece.prompt for piece in found if isinstance(piece, Usage)}
    assert paid["second"] == 9
    assert paid["first"] > 5  # nobody bills it, so it is estimated
    assert links[0].breaker.health().slow == 1


async def test_the_first_may_still_win_after_the_second_was_asked(
    virtual_time: VirtualTime,
) -> None:
    first = scripted("first", (1.6, "Until six."))
    second = scripted("second", (0.5, "At noon."))
    model, _ = hedged(*chain(first, second))
    assert words(await pieces(model)) == "Until six."
    assert (len(second.asked), second.closed) == (1, 1)


async def test_no_late_token_of_a_loser_leaks(virtual_time: VirtualTime) -> None:
    first = scripted("first", (1.6, "One ", "two ", 0.3, "three."))
    second = scripted("second", (0.1, "Ten ", 0.01, "eleven ", 0.5, "twelve."))
    model, _ = hedged(*chain(first, second))
    assert words(await pieces(model)) in ("One two three.", "Ten eleven twelve.")


async def test_the_deadline_is_learned_from_the_providers_own_answers(
    virtual_time: VirtualTime,
) -> None:
    quick: list[Step] = [0.3, "Yes."]
    first = scripted("first", *[[0.28 + n % 5 / 100, "Yes."] for n in range(20)], [HANG])
    second = scripted("second", quick)
    model, budget = hedged(*chain(first, second))
    for _ in range(20):
        assert words(await pieces(model)) == "Yes."
    start = virtual_time.now
    assert words(await pieces(model)) == "Yes."
    assert virtual_time.now - start < 0.75
    assert budget.spent == 1


async def test_extra_requests_stay_within_the_budget(virtual_time: VirtualTime) -> None:
    first, second = scripted("first", (1.7, "Yes.")), scripted("second", (0.01, "Yes."))
    links = chain(first, second)
    model, budget = hedged(*links, share=0.1, late=(0.3, 1.6))
    for _ in range(40):
        links[0].breaker.agree(State.CLOSED, "")
        assert words(await pieces(model)) == "Yes."
        links[0].breaker._set(State.CLOSED)  # slowness would open it; the budget is the matter here
    assert len(second.asked) == budget.spent == 5  # two at first, four earned
    assert budget.refused > 0


@pytest.mark.parametrize("error", [DOWN, ProviderDenied("401")])
async def test_an_error_is_answered_by_the_next_at_once(
    virtual_time: VirtualTime, error: Exception
) -> None:
    first, second = scripted("first", (0.05, error)), scripted("second", (0.2, "Until six."))
    model, budget = hedged(*chain(first, second), share=0.0)
    start = virtual_time.now
    assert words(await pieces(model)) == "Until six."
    assert virtual_time.now - start == pytest.approx(0.25, abs=0.01)
    assert budget.spent == 0


async def test_a_request_that_is_wrong_is_nobodys_failure(virtual_time: VirtualTime) -> None:
    first = scripted("first", (ProviderRefused("400"),))
    second = scripted("second", ("Until six.",))
    links = chain(first, second)
    model, _ = hedged(*links)
    for _ in range(9):
        with pytest.raises(ProviderRefused, match="400"):
            await pieces(model)
    assert second.asked == []
    assert links[0].breaker.state is State.CLOSED


async def test_all_of_them_down_is_the_last_ones_error(virtual_time: VirtualTime) -> None:
    first, second = scripted("first", (DOWN,)), scripted("second", (ProviderDenied("no credit"),))
    model, _ = hedged(*chain(first, second))
    with pytest.raises(ProviderDenied, match="no credit"):
        await pieces(model)
    assert (len(first.asked), len(second.asked)) == (1, 1)


@pytest.mark.parametrize("breaks", [(HANG,), (ProviderUnavailable("closed"),)])
async def test_the_rest_of_a_broken_answer_is_asked_of_the_next(
    virtual_time: VirtualTime, breaks: tuple[Step, ...]
) -> None:
    first = scripted("first", (0.2, "We are ", "open ", *breaks))
    second = scripted("second", (0.2, "until ", "six."))
    model, _ = hedged(*chain(first, second))
    start = virtual_time.now
    assert words(await pieces(model)) == "We are open until six."
    assert virtual_time.now - start < 1.5
    assert [asked.said for asked in second.asked] == ["We are open "]


@pytest.mark.parametrize(
    "rest", ["until six.", "We are open until six.", "open until six.", " are open until six."]
)
async def test_nothing_is_said_twice_by_a_model_that_begins_again(
    virtual_time: VirtualTime, rest: str
) -> None:
    first = scripted("first", ("We are open", DOWN))
    second = scripted("second", [part for word in rest.split(" ") for part in (word, " ")][:-1])
    model, _ = hedged(*chain(first, second))
    assert words(await pieces(model)) == "We are open until six."


async def test_no_tool_runs_twice(virtual_time: VirtualTime) -> None:
    first = scripted("first", ("Goodbye.", CALL, HANG))
    second = scripted("second", ("Goodbye.", CALL))
    model, _ = hedged(*chain(first, second))
    assert (await pieces(model))[:-1] == [Words("Goodbye."), CALL]
    assert second.asked == []


async def test_a_tool_call_of_a_loser_is_not_seen(virtual_time: VirtualTime) -> None:
    first = scripted("first", (1.55, CALL))
    second = scripted("second", (0.0, "Bye.", 0.5))
    model, _ = hedged(*chain(first, second))
    found = [piece for piece in await pieces(model) if not isinstance(piece, Usage)]
    assert found == [Words("Bye.")]


async def test_a_lone_provider_is_asked_once_more_if_nothing_was_said(
    virtual_time: VirtualTime,
) -> None:
    lone = scripted("lone", (DOWN,), (0.1, "Until six."))
    model, _ = hedged(*chain(lone))
    assert words(await pieces(model)) == "Until six."
    lone = scripted("lone", (DOWN,))
    with pytest.raises(ProviderUnavailable):
        await pieces(hedged(*chain(lone))[0])
    assert len(lone.asked) == 2


@pytest.mark.parametrize(
    "script",
    [
        ("We are ", DOWN),
        (ProviderDenied("401"),),
        (ProviderUnavailable("429", retry_after=30.0),),
    ],
)
async def test_a_lone_provider_is_not_asked_again_in_vain(
    virtual_time: VirtualTime, script: tuple[Step, ...]
) -> None:
    lone = scripted("lone", script)
    with pytest.raises((ProviderUnavailable, ProviderDenied)):
        await pieces(hedged(*chain(lone))[0])
    assert len(lone.asked) == 1


async def test_a_lone_provider_that_hangs_is_given_up_in_time(virtual_time: VirtualTime) -> None:
    lone = scripted("lone", (HANG,))
    start = virtual_time.now
    with pytest.raises(ProviderUnavailable, match=r"no answer within 4\.0 s"):
        await pieces(hedged(*chain(lone))[0])
    assert virtual_time.now - start == pytest.approx(4.0, abs=0.1)


async def test_a_third_is_asked_when_the_second_fails_while_the_first_hangs(
    virtual_time: VirtualTime,
) -> None:
    first, second = scripted("first", (HANG,)), scripted("second", (DOWN,))
    third = scripted("third", (0.2, "Until six."))
    model, _ = hedged(*chain(first, second, third))
    start = virtual_time.now
    assert words(await pieces(model)) == "Until six."
    assert virtual_time.now - start == pytest.approx(1.7, abs=0.05)


async def test_an_open_breaker_changes_the_order_until_it_closes(
    virtual_time: VirtualTime,
) -> None:
    first, second = scripted("first", (0.1, "One.")), scripted("second", (0.1, "Two."))
    links = chain(first, second)
    model, _ = hedged(*links)
    links[0].breaker.agree(State.OPEN, "503")
    assert words(await pieces(model)) == "Two."
    assert model.label == "second"
    links[0].breaker.agree(State.CLOSED, "")
    assert words(await pieces(model)) == "One."


async def test_a_whole_chain_with_open_breakers_is_asked_all_the_same(
    virtual_time: VirtualTime,
) -> None:
    links = chain(scripted("first", (0.1, "One.")), scripted("second", (0.1, "Two.")))
    for link in links:
        link.breaker.agree(State.OPEN, "503")
    assert words(await pieces(hedged(*links)[0])) == "One."
    assert links[0].breaker.state is State.CLOSED  # it answered


async def test_nobody_is_left_behind_when_the_caller_breaks_in(virtual_time: VirtualTime) -> None:
    first, second = scripted("first", (HANG,)), scripted("second", (0.2, "We ", HANG))
    before = asyncio.all_tasks()
    answer = hedged(*chain(first, second), stall=60.0)[0].answer(question())
    assert await anext(answer) == Words("We ")
    await answer.aclose()
    assert asyncio.all_tasks() == before
    assert (first.closed, second.closed) == (1, 1)


async def test_embedded_models_are_never_asked_besides_another(virtual_time: VirtualTime) -> None:
    cloud, embedded = scripted("cloud", (2.5, "Yes.")), scripted("embedded", (0.1, "No."))
    links = chain(cloud, embedded)
    links[1] = type(links[1])(embedded, links[1].breaker, 90.0, hedges=False)
    model, _ = hedged(*links)
    assert words(await pieces(model)) == "Yes."
    assert embedded.asked == []
    cloud.scripts[:] = [(DOWN,)]
    assert words(await pieces(model)) == "No."


async def test_an_adapters_own_mistake_is_a_failure_like_another(
    virtual_time: VirtualTime,
) -> None:
    first, second = scripted("first", (KeyError("choices"),)), scripted("second", ("Yes.",))
    assert words(await pieces(hedged(*chain(first, second))[0])) == "Yes."


class Works:
    """A piece of a kind that chains do not know: the model is at work on something."""


async def test_a_model_at_work_on_something_unspoken_is_not_late(
    virtual_time: VirtualTime,
) -> None:
    at_work: list[Step] = [part for _ in range(20) for part in (0.4, Works())]  # type: ignore[list-item]
    first = scripted("first", (*at_work, CALL, PAID))
    second = scripted("second", ("No.",))
    links = chain(first, second)
    model, _ = hedged(*links)
    assert await pieces(model) == [CALL, PAID]
    assert second.asked == []
    assert links[0].breaker.latency.usual == pytest.approx(0.4, abs=0.01)


async def test_a_tool_call_that_took_long_to_write_is_no_slowness(
    virtual_time: VirtualTime,
) -> None:
    first, second = scripted("first", (2.5, CALL)), scripted("second", (HANG,))
    links = chain(first, second)
    for _ in range(4):
        assert CALL in await pieces(hedged(*links)[0])
    assert links[0].breaker.state is State.CLOSED


async def test_a_silence_after_a_whole_sentence_is_borne_longer(
    virtual_time: VirtualTime,
) -> None:
    first = scripted("first", ("Let me check.", 3.0, CALL))
    second = scripted("second", ("No.",))
    model, _ = hedged(*chain(first, second))
    assert await pieces(model) == [Words("Let me check."), CALL]
    assert second.asked == []
