"""Delegated tasks in whole calls, as timetables in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest

from bot.call import Call
from bot.errors import ProviderUnavailable
from bot.messages import TaskNews
from bot.openclaw.asked import CallTasks
from bot.openclaw.task import Kept, Outcome, Task
from pipelines.journal import Journal
from tests.fakes.openclaw_wire import Overloaded, WrongKey
from tests.fakes.phoneline import Utterance
from tests.fakes.script import Ask, CallTool, Pause, Say, Together
from tests.fakes.voice import CHAR_SECONDS
from tests.fixtures.house import when_heard
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.delegating import (
    CALLER,
    House,
    a_house,
    delegate,
    heard_results,
    valid,
    work,
)

FERRY = "The best ferry to Crete leaves Piraeus at nine. It takes eight hours."
MORE = "Blue Star runs it every day, and a cabin costs ninety euros."
SLOW = "This takes a little longer. I will tell you as soon as I have it."
ASK = "Can you find me a ferry to Crete?"
FILLERS = ("Let me see.", "One moment.", "I am still working on it.")
TOLD = f"I have the result. {FERRY}"


@pytest.fixture
async def house(virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with a_house(virtual_time, monkeypatch) as opened:
        yield opened


def texts(heard: list[Utterance]) -> list[str]:
    return [utterance.text for utterance in heard]


async def until(happened: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110 - plain lists
            await asyncio.sleep(0.1)


# -- a result


async def test_acknowledged_told_and_read_on_from(house: House) -> None:
    house.openclaw.replies.extend(work(4.0, f"{FERRY}\n\n{MORE}"))
    talk = house.talk(delegate("ferry to Crete"))
    end = talk.line.says(2.0, ASK)
    talk.line.says(20.0, "yes go on")
    talk.line.hangs_up(26.0)
    heard = await talk.run(until=27)
    assert texts(heard) == [
        "Hello there.",
        "I am on it.",
        f"{TOLD} There is more to it. Shall I go on?",
        "You said yes go on.",
    ]
    assert heard[1].start - end < 1.0
    assert heard[2].start - end < 6.0
    last = talk.llm.asks[-1]
    assert MORE in heard_results(last)[0]
    assert valid(last.messages)
    assert not house.texts.sent


async def test_told_after_the_callers_words_and_their_answer(house: House) -> None:
    house.openclaw.replies.extend(work(4.0, FERRY))
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    begin = 6.5
    end = talk.line.says(begin, "by the way what do you think of the weather in the south just now")
    talk.line.hangs_up(end + 12)
    heard = await talk.run(until=end + 13)
    assert texts(heard)[-1] == TOLD
    assert texts(heard)[-2].startswith("You said by the way")
    assert all(u.start > end or u.end < begin for u in heard)


async def test_what_was_cut_off_comes_again_and_no_more_than_that(house: House) -> None:
    house.openclaw.replies.extend(work(2.0, FERRY))
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    door = "hold on there is somebody at the door"
    when_heard(talk.line, "It takes", 20, lambda: talk.line.says(talk.line.now, door))
    talk.line.hangs_up(26.0)
    heard = await talk.run(until=27)
    assert texts(heard)[-1] == "As I was about to say: It takes eight hours."
    assert "leaves Piraeus at nine." in texts(heard)[2]
    assert "eight hours" not in texts(heard)[2]
    assert " ".join(texts(heard)).count("Piraeus") == 1
    assert len(heard_results(talk.llm.asks[-1])) == 1
    assert valid(talk.llm.asks[-1].messages)
    assert not house.texts.sent


@pytest.mark.parametrize("cough", [9.65, 9.8, 10.0])
async def test_a_cough_over_a_result_repeats_and_loses_nothing(house: House, cough: float) -> None:
    house.openclaw.replies.extend(work(2.0, FERRY))
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    talk.line.speaks(cough, cough + 0.4)
    talk.line.hangs_up(24.0)
    told = (await talk.run(until=25))[2:]
    before, after = texts(told)
    assert TOLD.startswith(before)
    assert TOLD.endswith(after)
    assert 0 <= len(TOLD) - len(before) - len(after) <= 2  # the letter at the seam, and a blank
    heard = sum(sound.end - sound.start for sound in told)
    assert heard == pytest.approx(len(TOLD) * CHAR_SECONDS, abs=0.1)
    assert len(talk.llm.asks) == 2


async def test_what_the_model_has_told_is_not_told_again(house: House) -> None:
    """The caller asks just when the result is there; the model reads it from the tool."""
    house.openclaw.replies.extend(work(3.0, f"{FERRY}\n\n{MORE}"))

    def brain(ask: Ask) -> Any:
        if ask.results and "completed" in ask.results[-1]:
            return f"Yes indeed. {FERRY}"
        if not ask.results and "how" in ask.user:
            return CallTool("bot_task_status")
        return delegate("ferry to Crete")(ask)

    talk = house.talk(brain)
    talk.line.says(2.0, ASK)
    talk.line.says(5.2, "so how is it going have you found anything")
    talk.line.says(24.0, "thanks")
    talk.line.hangs_up(28.0)
    heard = await talk.run(until=29)
    assert " ".join(texts(heard)).count("Piraeus") == 1
    assert texts(heard)[-2] == f"Yes indeed. {FERRY}"
    assert MORE in heard_results(talk.llm.asks[-1])[0]


async def test_forget_it_ends_a_result_that_keeps_coming(house: House) -> None:
    house.openclaw.replies.extend(work(2.0, FERRY))

    def brain(ask: Ask) -> Any:
        if not ask.results and "forget" in ask.user:
            return CallTool("bot_cancel_task")
        if ask.results and "Nothing more" in ask.results[-1]:
            return "All right."
        return delegate("ferry to Crete")(ask)

    talk = house.talk(brain)
    talk.line.says(2.0, ASK)
    talk.line.says(9.0, "forget the thing about boats")
    talk.line.hangs_up(25.0)
    heard = await talk.run(until=26)
    assert texts(heard)[-1] == "All right."
    assert not house.texts.sent


async def test_nothing_came_of_it_is_said(house: House) -> None:
    house.openclaw.token = "another"
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    talk.line.hangs_up(14.0)
    heard = await talk.run(until=15)
    assert texts(heard)[2:] == ["I am sorry, I could not get that done: ferry to Crete."]
    assert "task_refused" in house.kinds()
    assert "another" not in str(house.lines)


# -- several, steered, given up


async def test_two_in_one_breath_are_told_one_after_the_other(house: House) -> None:
    def agent(ask: Ask) -> Any:
        bikes = "bikes" in ask.user
        return [Say(" "), Pause(3.0), Say("The red bike is best." if bikes else FERRY)]

    house.openclaw.brain = agent

    def brain(ask: Ask) -> Any:
        if ask.results:
            return "I am on both."
        jobs = ({"task": "ferry to Crete"}, {"task": "compare bikes"})
        return [Together(tuple(CallTool("bot_openclaw_task", job) for job in jobs))]

    talk = house.talk(brain)
    talk.line.says(2.0, "find a ferry and compare bikes")
    talk.line.hangs_up(26.0)
    heard = await talk.run(until=27)
    said = " ".join(texts(heard))
    assert said.count("Piraeus") == said.count("red bike") == 1
    assert all(a.end < b.start for a, b in pairwise(heard))
    assert len(house.openclaw.of_method("chat.send")) == 2


async def test_calls_at_once_hear_their_own_results_only(house: House) -> None:
    places = ("Crete", "Cyprus", "Malta", "Corsica")

    def agent(ask: Ask) -> Any:
        (place,) = (place for place in places if place in ask.user)
        return [Say("Let me see. "), Pause(4.0), Say(f"The ferry to {place} is red.")]

    house.openclaw.brain = agent
    talks = []
    for number, place in enumerate(places):
        call = Call("phone", caller=f"+1555000111{number}", provider_call_id=f"CA{number}")
        talk = house.talk(delegate(f"ferry to {place}"), call=call)
        talk.line.says(2.0 + number / 3, f"Can you find me a ferry to {place}?")
        talk.line.hangs_up(20.0)
        talks.append(talk)
    heard = await asyncio.gather(*(talk.run(until=21) for talk in talks))
    for talk, place, utterances in zip(talks, places, heard, strict=True):
        assert f"The ferry to {place} is red." in texts(utterances)[-1]
        assert talk.pieces
        assert talk.pieces.handoff
        context = talk.pieces.handoff._presence.talk.context
        known = f"{texts(utterances)} {context.get_messages()}"
        assert [other for other in places if other in known] == [place]
    assert len({sent["sessionKey"] for sent in house.openclaw.of_method("chat.send")}) == 4


async def test_also_check_reaches_the_job_and_forget_it_ends_it(house: House) -> None:
    house.openclaw.brain = lambda ask: [Say(" "), Pause(60.0), Say("Done.")]

    def brain(ask: Ask) -> Any:
        if ask.results:
            return delegate("ferry to Crete")(ask) if "Begun" in ask.results[-1] else "As you wish."
        if "trains" in ask.user:
            return CallTool("bot_steer_task", {"change": "also check the trains"})
        if "forget" in ask.user:
            return CallTool("bot_cancel_task")
        return delegate("ferry to Crete")(ask)

    talk = house.talk(brain)
    talk.line.says(2.0, ASK)
    talk.line.says(6.0, "also check the trains")
    talk.line.says(11.0, "forget the whole thing")
    talk.line.hangs_up(30.0)
    heard = await talk.run(until=31)
    assert texts(heard)[-1] == "As you wish."
    (steered,) = house.openclaw.of_method("sessions.steer")
    assert "also check the trains" in steered["message"]
    assert house.openclaw.of_method("chat.abort")
    assert not house.texts.sent


async def test_a_correction_over_the_acknowledgement_reaches_the_job(house: House) -> None:
    house.openclaw.brain = lambda ask: [Say(" "), Pause(4.0), Say("The ferry to Cyprus is slow.")]

    def brain(ask: Ask) -> Any:
        if ask.results and "Begun" in ask.results[-1]:
            return "I am on it and will tell you as soon as I have found the best ferry to Crete."
        if ask.results:
            return "To Cyprus then."
        if "Cyprus" in ask.user:
            return CallTool("bot_steer_task", {"change": "to Cyprus instead"})
        return delegate("ferry to Crete")(ask)

    talk = house.talk(brain)
    talk.line.says(2.0, ASK)
    when_heard(
        talk.line, "I am on it and", 20, lambda: talk.line.says(talk.line.now, "no to Cyprus")
    )
    talk.line.says(26.0, "thanks")
    talk.line.hangs_up(30.0)
    heard = await talk.run(until=31)
    said = texts(heard)
    assert not said[1].endswith("Crete.")
    assert said[-3:-1] == ["To Cyprus then.", "I have the result. The ferry to Cyprus is slow."]
    assert len(house.openclaw.of_method("chat.send")) == 1
    (steered,) = house.openclaw.of_method("sessions.steer")
    assert "to Cyprus instead" in steered["message"]
    assert valid(talk.llm.asks[-1].messages)


async def test_a_summary_leaves_no_task_out(house: House) -> None:
    house.openclaw.brain = lambda _: [Say(" "), Pause(60.0), Say(FERRY)]
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    talk.line.at(8.0, lambda: house.openclaw.spawn(summarised(talk.pieces)))
    talk.line.says(12.0, "what is the weather")
    talk.line.hangs_up(18.0)
    await talk.run(until=19)
    first, asked, answered, *_ = talk.llm.asks[-1].messages
    assert "All was said." in first.text
    assert [name for _, name, _ in asked.calls] == ["bot_task_status"]
    assert "under way: “ferry to Crete”" in answered.text
    assert valid(talk.llm.asks[-1].messages)


async def summarised(parts: Any) -> None:
    """The whole conversation so far becomes a summary, by Pipecat's own hand."""
    talk = parts.handoff._presence.talk
    await talk.assistants._summarizer._apply_summary(
        "All was said.", len(talk.context.messages) - 1
    )


# -- the caller hangs up


async def test_the_result_follows_by_text_message(house: House) -> None:
    house.openclaw.replies.extend(work(8.0, f"{FERRY}\n\n{MORE * 20}"))
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    talk.line.hangs_up(6.0)
    await talk.run(until=7)
    await until(lambda: house.texts.sent)
    ((number, body),) = house.texts.sent
    assert number == CALLER
    assert body.startswith(f"Tandem: ferry to Crete: {FERRY}")
    assert len(body) <= 640


async def test_a_call_that_ends_in_the_middle_of_the_result_gets_it_by_text(house: House) -> None:
    house.openclaw.replies.extend(work(2.0, FERRY))
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert "Piraeus" not in texts(heard)[-1]
    await until(lambda: house.texts.sent)
    assert FERRY in house.texts.sent[0][1]


async def test_without_a_text_message_it_waits_for_the_next_call(house: House) -> None:
    house.texts.error = ProviderUnavailable("Twilio is away")
    house.openclaw.replies.extend(work(5.0, f"{FERRY}\n\n{MORE}"))
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    talk.line.hangs_up(5.0)
    await talk.run(until=6)
    await until(lambda: not house.tasks._work.open)
    stranger = house.talk(delegate(), call=Call("phone", caller="+15559998888"))
    stranger.line.hangs_up(8.0)
    assert texts(await stranger.run(until=9)) == ["Hello there."]
    again = house.talk(delegate())
    again.line.says(18.0, "yes")
    again.line.hangs_up(22.0)
    heard = await again.run(until=23)
    assert texts(heard)[1].startswith(f"While you were away, I found something for you. {FERRY}")
    assert MORE in heard_results(again.llm.asks[-1])[0]
    third = house.talk(delegate())
    third.line.hangs_up(8.0)
    assert texts(await third.run(until=9)) == ["Hello there."]


async def test_calling_again_before_it_is_done(house: House) -> None:
    house.openclaw.replies.extend(work(15.0, FERRY))
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    talk.line.hangs_up(5.0)
    await talk.run(until=6)
    again = house.talk(delegate())
    again.line.hangs_up(25.0)
    heard = await again.run(until=26)
    assert texts(heard)[1] == TOLD
    assert not house.texts.sent


async def test_a_result_that_another_process_has_is_told_in_this_call(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tests/openclaw/test_elsewhere.py` has the other side."""
    task = Task("t1", "earlier", CALLER, "", "ferry to Crete", "normal", 0.0, 600.0)
    kept, began = Kept(task, Outcome("completed", FERRY), 0, live=True), asyncio.Event()
    told: list[bool] = []

    async def elsewhere(_: CallTasks) -> bool:
        return not told

    async def waiting(_: CallTasks) -> list[Kept]:
        return [kept] if began.is_set() else []

    async def hand_over(_: CallTasks, given: Kept, say: Any) -> bool:
        told.append(await say(given))
        return told[-1]

    for method in (elsewhere, waiting, hand_over):
        monkeypatch.setattr(CallTasks, method.__name__, method)
    talk = house.talk(delegate())
    talk.line.at(9.0, began.set)
    talk.line.hangs_up(30.0)
    heard = await talk.run(until=31)
    assert texts(heard) == ["Hello there.", TOLD]
    assert 9.0 < heard[1].start < 14.0
    assert told == [True]


async def test_an_anonymous_callers_result_reaches_nobody_else(house: House) -> None:
    house.openclaw.replies.extend(work(8.0, FERRY))
    unknown = Call("phone", caller="anonymous", provider_call_id="CA1")
    talk = house.talk(delegate("ferry to Crete"), call=unknown)
    talk.line.says(2.0, ASK)
    talk.line.hangs_up(5.0)
    await talk.run(until=6)
    other = house.talk(delegate(), call=Call("phone", caller="anonymous", provider_call_id="CA2"))
    other.line.hangs_up(20.0)
    assert texts(await other.run(until=21)) == ["Hello there."]
    assert not house.texts.sent
    assert "task_untold" in house.kinds()


# -- while it takes long


async def test_a_line_now_and_then_and_nobody_is_asked_whether_they_are_there(
    house: House,
) -> None:
    house.openclaw.replies.extend(work(70.0, FERRY))
    talk = house.talk(delegate("ferry to Crete"), silence=(8.0, 8.0))
    talk.line.says(2.0, ASK)
    talk.line.hangs_up(84.0)
    heard = await talk.run(until=85)
    still = "I am still working on it."
    assert texts(heard) == ["Hello there.", "I am on it.", still, still, TOLD]
    assert heard[2].start - heard[1].end > 15
    assert heard[3].start - heard[2].end >= 20
    assert talk.call.end_reason == "caller hung up"
    assert still not in str(talk.llm.asks[-1].messages)


async def test_after_the_result_a_silent_caller_is_asked_again(house: House) -> None:
    house.openclaw.replies.extend(work(12.0, FERRY))
    talk = house.talk(delegate("ferry to Crete"), silence=(6.0, 6.0))
    talk.line.says(2.0, ASK)
    heard = await talk.run(until=80)
    assert texts(heard)[2:] == [TOLD, "Still there?", "Too quiet, bye."]


async def test_a_line_that_was_laid_down_is_hung_up_in_the_end(house: House) -> None:
    house.openclaw.replies.extend(work(500.0, FERRY))
    talk = house.talk(delegate("ferry to Crete"), silence=(8.0, 8.0))
    talk.line.says(2.0, ASK)
    heard = await talk.run(until=400)
    assert texts(heard)[-1] == "Too quiet, bye."
    assert talk.line.ended_at is not None
    assert 180 < talk.line.ended_at < 300


# -- the gateway is slow, away, refuses, drops


async def test_a_gateway_that_is_away_is_said_within_three_seconds(house: House) -> None:
    await house.openclaw.refuse(cut=True)
    talk = house.talk(delegate("ferry to Crete"))
    end = talk.line.says(2.0, ASK)
    house.openclaw.replies.append(FERRY)
    talk.line.at(15.0, lambda: house.openclaw.spawn(house.openclaw.accept()))
    talk.line.hangs_up(55.0)
    heard = await talk.run(until=56)
    assert " ".join(texts(heard)) == f"Hello there. I am on it. {SLOW} {TOLD}"
    assert heard[1].end - end < 3.0 + len(SLOW) * CHAR_SECONDS
    assert "task_slow" in house.kinds()
    assert len(house.openclaw.of_method("chat.send")) == 1


async def test_two_jobs_in_the_same_trouble_are_one_line(house: House) -> None:
    await house.openclaw.refuse(cut=True)

    def brain(ask: Ask) -> Any:
        if ask.results:
            return "I am on both."
        jobs = ({"task": "ferry to Crete"}, {"task": "compare bikes"})
        return [Together(tuple(CallTool("bot_openclaw_task", job) for job in jobs))]

    talk = house.talk(brain)
    talk.line.says(2.0, "find a ferry and compare bikes")
    talk.line.hangs_up(16.0)
    heard = await talk.run(until=17)
    assert " ".join(texts(heard)) == f"Hello there. I am on both. {SLOW}"
    assert len([kind for kind in house.kinds() if kind == "task_slow"]) >= 2


async def test_no_sign_of_life_is_said_within_three_seconds(house: House) -> None:
    house.openclaw.replies.append([Pause(9.0), Say(FERRY)])
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    talk.line.hangs_up(26.0)
    heard = await talk.run(until=27)
    assert texts(heard) == ["Hello there.", "I am on it.", SLOW, TOLD]
    assert heard[2].start - heard[1].start < 3.0
    assert house.kinds().count("task_slow") == 1


async def test_an_overloaded_model_is_said_retried_and_seen(house: House) -> None:
    house.openclaw.replies.append([Overloaded(seconds=76)])
    house.openclaw.replies.append(FERRY)
    talk = house.talk(delegate("ferry to Crete"))
    end = talk.line.says(2.0, ASK)
    talk.line.hangs_up(180.0)
    heard = await talk.run(until=181)
    assert texts(heard)[1] == f"I am on it. {SLOW}"
    assert heard[1].start - end < 1.0
    assert "That did not work at once. I am trying it again." in texts(heard)
    assert texts(heard)[-1] == TOLD
    assert {"task_slow", "task_retrying"} <= set(house.kinds())


async def test_a_wrong_model_key_is_retried_and_then_given_up(
    virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_house(virtual_time, monkeypatch, limit=100.0) as house:
        house.openclaw.replies.append([WrongKey()])
        talk = house.talk(delegate("ferry to Crete"))
        talk.line.says(2.0, ASK)
        talk.line.hangs_up(100.0)
        heard = await talk.run(until=101)
    assert texts(heard)[1] == "I am on it. That did not work at once. I am trying it again."
    assert texts(heard)[-1] == "I am sorry, I could not get that done: ferry to Crete."


async def test_a_dropped_socket_loses_nothing(house: House) -> None:
    house.openclaw.replies.extend(work(8.0, FERRY))
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    talk.line.at(6.0, lambda: house.openclaw.spawn(house.openclaw.drop()))
    talk.line.hangs_up(22.0)
    heard = await talk.run(until=23)
    assert texts(heard) == ["Hello there.", "I am on it.", TOLD]
    assert len(house.openclaw.of_method("chat.send")) == 1


async def test_what_nobody_can_ask_after_is_parked_and_said(
    virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_house(virtual_time, monkeypatch, limit=20.0) as house:
        house.openclaw.replies.extend(work(3.0, FERRY))
        talk = house.talk(delegate("ferry to Crete"), silence=(200.0, 30.0))
        talk.line.says(2.0, ASK)

        async def away() -> None:
            await house.openclaw.refuse()
            await house.openclaw.drop()

        talk.line.at(5.0, lambda: house.openclaw.spawn(away()))
        talk.line.at(40.0, lambda: house.openclaw.spawn(house.openclaw.accept()))
        talk.line.hangs_up(140.0)
        heard = await talk.run(until=141)
    parked = "I cannot get that done just now. I will keep an eye on it and let you know."
    assert parked in texts(heard)
    assert texts(heard)[-1] == TOLD
    assert "task_parked" in house.kinds()
    assert len(house.openclaw.of_method("chat.send")) == 1


# -- the page, and thinking deeply


async def test_news_reach_the_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[TaskNews] = []
    monkeypatch.setattr(Journal, "task", lambda _, news: shown.append(news))
    house.openclaw.replies.extend(work(3.0, f"{FERRY}\n\n{MORE}"))
    talk = house.talk(delegate("ferry to Crete"))
    talk.line.says(2.0, ASK)
    talk.line.hangs_up(20.0)
    await talk.run(until=21)
    assert [news.kind for news in shown] == ["started", "progress", "finished", "result"]
    assert {news.title for news in shown} == {"ferry to Crete"}
    assert shown[-1].text == f"{FERRY}\n\n{MORE}"


def think(ask: Ask) -> Any:
    """A brain that has everything thought through."""
    if not ask.results and "why" in ask.user:
        return CallTool("bot_think_deeply", {"question": ask.user})
    return f"You said {ask.user}."


DEEP = "Because light is scattered. Blue is scattered most of all. At dusk its way is longer."


async def test_a_deep_answer_is_spoken_as_it_comes(house: House) -> None:
    house.openclaw.replies.append(
        [Pause(1.5), Say("Because light is scattered. "), Pause(2.0), Say(DEEP[28:])]
    )
    talk = house.talk(think)
    end = talk.line.says(2.0, "tell me why the sky is blue")
    talk.line.says(25.0, "thanks")
    talk.line.hangs_up(29.0)
    heard = await talk.run(until=30)
    said = " ".join(texts(heard))
    assert said == f"Hello there. Let me see. {DEEP} You said thanks."
    assert heard[1].start - end < 2.0  # the filler
    assert heard[2].start - end < 3.5
    assert len(talk.llm.asks) == 2
    last = talk.llm.asks[-1]
    assert valid(last.messages)
    assert "Because light is scattered." in str(last.messages)


async def test_a_deep_answer_is_interrupted_and_its_work_stops(house: House) -> None:
    house.openclaw.replies.append([Say("Because light is scattered. "), Pause(60.0), Say("X.")])
    talk = house.talk(think)
    talk.line.says(2.0, "tell me why the sky is blue")
    talk.line.says(5.5, "stop that is enough")
    talk.line.hangs_up(12.0)
    heard = await talk.run(until=13)
    assert texts(heard)[-1] == "You said stop that is enough."
    (run,) = house.openclaw.runs.values()
    assert run.status == "aborted"
    assert valid(talk.llm.asks[-1].messages)


async def test_a_deep_answer_that_lets_wait_is_bridged(house: House) -> None:
    house.openclaw.replies.append([Pause(12.0), Say(DEEP)])
    talk = house.talk(think)
    talk.line.says(2.0, "tell me why the sky is blue")
    talk.line.hangs_up(30.0)
    heard = await talk.run(until=31)
    assert "I am still working on it." in " ".join(texts(heard))
    begun = [sound.start for sound in heard if sound.text in FILLERS]
    assert len(begun) == len(FILLERS)
    assert all(later - earlier > 4 for earlier, later in pairwise(begun))
    assert " ".join(texts(heard)).endswith(DEEP)
