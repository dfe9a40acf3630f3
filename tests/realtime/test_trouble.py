"""Connections that drop, answers that break off: the conversation goes on."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest
from pipecat.frames.frames import ErrorFrame, Frame, TranscriptionFrame

from bot.call import Call
from pipelines.parts import Parts
from tests.fakes import faults, voice
from tests.fakes.openai_realtime import RealtimeApi
from tests.fakes.realtime_session import RealtimeDelays
from tests.fakes.script import Ask, CallTool
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import Ears
from tests.realtime.talk import PROMPT, RECOVERED, RealtimeTalk, sent

QUESTION = "What time is it?"
LONG = "The first thing is here. The second thing is there. The third thing is nowhere at all."


def texts(api: RealtimeApi) -> list[tuple[str, str]]:
    """Role and words of the latest session's conversation."""
    found = api.session.items.ask("", [], "").messages
    return [(message.role, message.text.strip()) for message in found]


async def test_drop_between_turns_is_not_noticed(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.extend(["It is noon.", "You are welcome."])
        talk = RealtimeTalk(api)
        talk.line.says(2.0, "What time is it?")
        talk.line.at(5.0, api.drop)
        talk.line.says(6.0, "thanks")
        heard = await talk.run(until=9)
        assert texts(api) == [
            ("assistant", "Hello there."),
            ("user", "What time is it?"),
            ("assistant", "It is noon."),
            ("user", "thanks"),
            ("assistant", "You are welcome."),
        ]
        assert api.session.config["instructions"] == PROMPT
    assert [u.text for u in heard] == ["Hello there.", "It is noon.", "You are welcome."]
    assert len(api.sessions) == 2
    assert len(talk.talks) == 1


async def test_drop_while_the_caller_speaks_loses_no_word(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.append("It is noon.")
        talk = RealtimeTalk(api)
        end = talk.line.says(2.0, "What time is it in London, please?")
        talk.line.at(3.0, api.drop)
        heard = await talk.run(until=8)
    assert talk.notes.said("caller") == ["What time is it in London, please?"]
    assert [u.text for u in heard] == ["Hello there.", "It is noon."]
    assert heard[1].start - end < 1.5


async def test_drop_before_the_answer_asks_again(virtual_time: VirtualTime) -> None:
    async with RealtimeApi(delays=RealtimeDelays(first=1.0)) as api:
        api.replies.extend(["Never heard.", "It is noon."])
        talk = RealtimeTalk(api)
        end = talk.line.says(2.0, "What time is it?")
        talk.line.at(end + 0.9, api.drop)
        heard = await talk.run(until=9)
        assert len(api.sessions) == 2
    assert "It is noon." in " ".join(u.text for u in heard)
    assert "Never" not in " ".join(u.text for u in heard)
    assert talk.notes.said("bot")[-1] == "It is noon."
    assert [kind for kind, _ in talk.notes.events] == ["realtime"]


async def test_answer_that_breaks_off_goes_on_where_it_was(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        asked: list[Ask] = []

        def rest(ask: Ask) -> str:
            asked.append(ask)
            return "there. The third thing is nowhere."

        api.replies.extend([LONG, rest])
        api.fail(faults.CLOSED.at(6), "response", times=1)
        talk = RealtimeTalk(api)
        talk.line.says(2.0, "tell me things")
        heard = await talk.run(until=12)
        assert len(api.sessions) == 2
    note = asked[0].messages[-1]
    assert note.role == "system"
    assert "Go on from exactly there" in note.text
    kept = next(m.text for m in asked[0].messages if m.role == "assistant" and "first" in m.text)
    assert LONG.startswith(kept)
    spoken = " ".join(u.text for u in heard[1:])
    assert spoken.startswith("The first thing is")
    assert spoken.endswith("there. The third thing is nowhere.")
    assert " ".join(talk.notes.said("bot")[1:]) == f"{kept} there. The third thing is nowhere."


async def test_barge_in_after_a_restored_answer_tells_what_was_heard(
    virtual_time: VirtualTime,
) -> None:
    """The old connection's item cannot be cut any more: it is replaced by what was heard."""
    async with RealtimeApi() as api:
        api.replies.extend([LONG, "All right."])
        talk = RealtimeTalk(api)
        talk.line.says(1.5, "tell me things")
        talk.line.at(4.0, api.drop)
        talk.line.says(5.5, "stop it")
        heard = await talk.run(until=10)
        kept = [text for role, text in texts(api) if role == "assistant"]
        assert len(sent(api, "conversation.item.delete")) == 1
    assert heard[-1].text == "All right."
    assert kept[0] == "Hello there."
    assert LONG.startswith(kept[1])
    assert len(kept[1]) < len(LONG)
    assert abs(len(kept[1]) - len(heard[1].text)) <= 12


@pytest.mark.parametrize("fault", [faults.HANG, faults.RESET, faults.CLOSED.at(0)], ids=str)
async def test_answer_that_does_not_come_is_bridged_and_asked_for_again(
    virtual_time: VirtualTime, fault: faults.Fault
) -> None:
    async with RealtimeApi() as api:
        api.fail(fault, "response", times=1)
        if fault.kind is faults.Kind.CLOSED:
            api.replies.append("It is nothing.")
        api.replies.append("It is noon.")
        talk = RealtimeTalk(api)
        end = talk.line.says(2.0, "What time is it?")
        heard = await talk.run(until=9)
    assert heard[-1].text.endswith("It is noon.")
    assert heard[1].start - end < 3.0
    assert len(api.sessions) == 2


async def test_stall_in_mid_answer_is_noticed(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.fail(faults.STALL.at(6), "response", times=1)
        api.replies.extend([LONG, "nowhere at all."])
        talk = RealtimeTalk(api)
        talk.line.says(2.0, "tell me things")
        heard = await talk.run(until=10)
        assert len(api.sessions) == 2
    assert " ".join(u.text for u in heard).endswith("nowhere at all.")


async def test_tool_that_runs_over_a_drop_is_answered(virtual_time: VirtualTime) -> None:

    async with RealtimeApi() as api:
        api.brain = lambda ask: (
            "It makes 42." if ask.results else CallTool("bot_calculate", {"expression": "6 * 7"})
        )
        talk = RealtimeTalk(api)
        tool = next(t for t in talk.catalogue.tools if t.name == "bot_calculate")
        inner: Any = tool.schema.handler

        async def slow(params: Any) -> None:
            api.drop()
            await asyncio.sleep(1.0)
            await inner(params)

        tool.schema._handler = slow
        try:
            talk.line.says(1.5, "calculate six times seven")
            heard = await talk.run(until=8)
        finally:
            tool.schema._handler = inner
        assert len(api.sessions) == 2
    assert heard[-1].text == "It makes 42."


async def test_dropped_for_good_the_cascade_goes_on(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.append("It is noon.")
        talk = RealtimeTalk(api, lambda ask: f"You asked: {ask.user}")

        def gone() -> None:
            api.fail(faults.RESET, "realtime")
            api.drop()

        talk.line.says(2.0, "What time is it?")
        talk.line.at(5.0, gone)
        talk.line.says(9.0, "And where?")
        heard = await talk.run(until=14)
    assert [u.text for u in heard] == [
        "Hello there.",
        "It is noon.",
        RECOVERED,
        "You asked: And where?",
    ]
    assert heard[2].start - 5.0 < 3.0
    ask = talk.minds[-1].asks[-1]
    assert [(m.role, m.text) for m in ask.messages] == [
        ("assistant", "Hello there."),
        ("user", "What time is it?"),
        ("assistant", "It is noon."),
        ("user", "And where?"),
    ]
    assert "bot_calculate" in ask.tools or ask.tools
    assert talk.notes.turns == [1, 2]
    assert "rescue" in [kind for kind, _ in talk.notes.events]
    assert talk.call.end_reason == "caller hung up"


async def test_dropped_for_good_before_the_answer_the_cascade_answers(
    virtual_time: VirtualTime,
) -> None:
    async with RealtimeApi() as api:
        api.fail(faults.HANG, "response")
        talk = RealtimeTalk(api, lambda ask: "It is noon.")
        end = talk.line.says(2.0, "What time is it?")
        talk.line.at(end + 0.8, lambda: api.fail(faults.UNAVAILABLE, "realtime"))
        heard = await talk.run(until=12)
        api.heal()
    spoken = " ".join(u.text for u in heard)
    assert spoken.endswith(f"{RECOVERED} It is noon.")
    assert heard[1].start - end < 3.0
    assert talk.minds[-1].asks[-1].user == "What time is it?"


async def test_answer_cut_for_good_is_finished_by_the_cascade(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.fail(faults.CLOSED.at(8), "response", times=1)
        api.fail(faults.UNAVAILABLE, "realtime", nth=2, times=99)
        api.replies.append(LONG)
        talk = RealtimeTalk(api, lambda ask: "And the rest.")
        talk.line.says(2.0, "tell me things")
        heard = await talk.run(until=12)
    spoken = " ".join(u.text for u in heard)
    assert spoken.endswith(f"{RECOVERED} And the rest.")
    ask = talk.minds[-1].asks[-1]
    assert "broke off" in ask.messages[-1].text
    assert LONG.startswith(ask.messages[-2].text)


async def test_caller_who_speaks_during_the_rescue_is_heard(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        talk = RealtimeTalk(api, lambda ask: f"You said: {ask.user}")

        def gone() -> None:
            api.fail(faults.UNAVAILABLE, "realtime")
            api.drop()

        talk.line.at(2.5, gone)
        talk.line.says(2.0, "I would like to know what time it is in London now.")
        heard = await talk.run(until=12)
        api.heal()
    assert talk.notes.said("caller") == ["I would like to know what time it is in London now."]
    assert "You said: I would like to know" in heard[-1].text


@pytest.mark.parametrize(
    "fault", [faults.UNAUTHORIZED, faults.RATE_LIMITED, faults.RESET, faults.HANG], ids=str
)
async def test_refused_at_the_start_the_cascade_holds_the_call(
    virtual_time: VirtualTime, fault: faults.Fault
) -> None:
    async with RealtimeApi() as api:
        api.fail(fault, "realtime")
        talk = RealtimeTalk(api, lambda ask: "It is noon.")
        talk.line.says(5.0, "What time is it?")
        heard = await talk.run(until=10)
        api.heal()
    assert [u.text for u in heard] == ["Hello there.", "It is noon."]
    assert "sk-test" not in str(talk.notes.events)


async def test_session_that_never_begins_is_given_up(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.fail(faults.HANG, "session")
        talk = RealtimeTalk(api, lambda ask: "It is noon.")
        talk.line.says(4.0, "What time is it?")
        heard = await talk.run(until=9)
        api.heal()
    assert heard[-1].text.endswith("It is noon.")


async def test_garbage_for_a_session_is_given_up(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.fail(faults.GARBAGE, "session")
        talk = RealtimeTalk(api, lambda ask: "It is noon.")
        talk.line.says(4.0, "What time is it?")
        heard = await talk.run(until=9)
    assert heard[-1].text.endswith("It is noon.")


async def test_no_credit_is_not_tried_again(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.fail(faults.NO_CREDIT, "response")
        talk = RealtimeTalk(api, lambda ask: "It is noon.")
        end = talk.line.says(2.0, "What time is it?")
        heard = await talk.run(until=8)
        assert len(sent(api, "response.create")) == 1
        api.heal()
    assert " ".join(u.text for u in heard).endswith(f"{RECOVERED} It is noon.")
    assert heard[1].start - end < 3.0


async def test_cascade_that_is_dead_is_rescued_by_realtime(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.append("It is noon.")

        talk = RealtimeTalk(api, _denied, modes=("cascade", "realtime"))
        end = talk.line.says(2.0, "What time is it?")
        heard = await talk.run(until=9)
        assert texts(api)[:2] == [("assistant", "Hello there."), ("user", "What time is it?")]
    spoken = " ".join(u.text for u in heard)
    assert spoken.endswith("It is noon.")
    assert heard[1].start - end < 3.0


async def test_cascade_that_fails_twice_is_rescued_by_realtime(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.append("It is noon.")

        def fails(_: Ask) -> str:
            raise RuntimeError("not now")

        talk = RealtimeTalk(api, fails, modes=("cascade", "realtime"))
        talk.line.says(2.0, "What time is it?")
        talk.line.says(6.0, "I said, what time is it?")
        heard = await talk.run(until=13)
    assert heard[1].text == "No idea, ask again."
    assert " ".join(u.text for u in heard).endswith(f"{RECOVERED} It is noon.")
    assert talk.notes.turns == [1, 2]


class HearsNoMore(Ears):
    """Understands the first question, and nothing after it."""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        async for frame in super().run_stt(audio):
            lost = isinstance(frame, TranscriptionFrame) and frame.text.strip() != QUESTION
            yield ErrorFrame(error="no more") if lost else frame


class Deafened(RealtimeTalk):
    """The cascade's model fails in the first turn, its ears in the second."""

    def _stt(self) -> Any:
        return HearsNoMore(hears=True)


@pytest.mark.parametrize("second", ["And what about Paris?", "Mm."])
async def test_what_the_caller_just_said_is_answered_once(
    second: str, virtual_time: VirtualTime
) -> None:
    """The first question was never answered, so somebody is owed an answer besides."""
    async with RealtimeApi() as api:
        api.brain = lambda ask: f"You said: {ask.user}" if ask.user else "Nothing."
        talk = Deafened(api, _broken, modes=("cascade", "realtime"))
        talk.line.says(2.0, QUESTION)
        talk.line.says(6.0, second)
        heard = await talk.run(until=20)
    spoken = " ".join(u.text for u in heard)
    assert len(sent(api, "response.create")) == 1
    assert talk.notes.said("caller") == [QUESTION, second]
    assert spoken.endswith(f"{RECOVERED} You said: {second}")


async def test_a_cough_takes_no_answer_away(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.fail(faults.HANG, "response")
        talk = RealtimeTalk(api, lambda ask: f"You said: {ask.user}")
        end = talk.line.says(2.0, QUESTION)
        talk.line.at(end + 0.8, lambda: api.fail(faults.UNAVAILABLE, "realtime"))
        talk.line.at(end + 0.9, api.drop)
        talk.line.plays(end + 2.6, voice.to_ulaw(voice.babble(0.4)))
        heard = await talk.run(until=18)
        api.heal()
    spoken = " ".join(u.text for u in heard)
    assert spoken.count(f"You said: {QUESTION}") == 1
    assert talk.notes.said("caller") == [QUESTION]


async def test_both_dead_says_so_and_hangs_up(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.fail(faults.UNAUTHORIZED, "realtime")

        def dead(_: Ask) -> str:
            raise RuntimeError("no more")

        talk = RealtimeTalk(api, dead)
        talk.line.says(4.0, "What time is it?")
        talk.line.says(10.0, "What time is it?")
        talk.line.says(16.0, "What time is it?")
        heard = await talk.run(until=40)
        api.heal()
    assert heard[-1].text == "We are broken, bye."
    assert talk.call.state == "failed"


class WithAMessage(RealtimeTalk):
    """Somebody who cannot be helped may leave a message."""

    def parts(self, call: Call) -> Parts:
        made = super().parts(call)
        sentences = replace(made.sentences, leave_message="Leave a message.")
        return replace(made, sentences=sentences, rendered=lambda _: True)


@pytest.mark.parametrize(
    ("modes", "asked"), [(("cascade",), True), (("cascade", "realtime"), False)]
)
async def test_no_message_is_asked_for_that_nobody_can_hear(
    virtual_time: VirtualTime, modes: tuple[str, ...], asked: bool
) -> None:
    def dead(_: Ask) -> str:
        raise RuntimeError("no more")

    async with RealtimeApi() as api:
        api.fail(faults.UNAUTHORIZED, "realtime")
        talk = WithAMessage(api, dead, modes=modes)
        for at in (4.0, 10.0, 16.0):
            talk.line.says(at, "What time is it?")
        heard = [u.text for u in await talk.run(until=60)]
        api.heal()
        await talk.breakers.close()
    assert any("Leave a message." in text for text in heard) is asked
    assert heard[-1].endswith("We are broken, bye.")


class _Denied(Exception):
    status_code = 401


def _broken(_: Ask) -> str:
    raise RuntimeError("not now")


def _denied(_: Ask) -> str:
    raise _Denied("no more")
