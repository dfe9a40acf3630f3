"""Whole conversations with a model that hears and speaks, as timetables in virtual time."""

import pytest

from tests.fakes import faults
from tests.fakes.openai_realtime import RealtimeApi
from tests.fakes.realtime_session import RealtimeDelays
from tests.fakes.script import Ask, CallTool, Say, Together
from tests.fixtures.virtual_time import VirtualTime
from tests.realtime.talk import PROMPT, RealtimeTalk, sent

LONG = "The first thing is here. The second thing is there. The third thing is nowhere at all."


async def test_greets_listens_and_answers(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.extend(["It is noon.", "You are welcome."])
        talk = RealtimeTalk(api)
        end = talk.line.says(2.0, "What time is it?")
        talk.line.says(6.0, "thanks")
        talk.line.hangs_up(10.0)
        heard = await talk.run(until=12)
    assert [u.text for u in heard] == ["Hello there.", "It is noon.", "You are welcome."]
    assert heard[0].start < 0.2
    assert 0.4 < heard[1].start - end < 0.8
    assert talk.notes.said("caller") == ["What time is it?", "thanks"]
    assert talk.notes.said("bot") == ["Hello there.", "It is noon.", "You are welcome."]
    assert talk.notes.utterances[0]["kind"] == "greeting"
    assert talk.notes.states == ["connected", "talking", "ended"]
    setup, *_ = sent(api, "session.update")
    assert setup["session"]["audio"]["input"]["turn_detection"] is None
    assert setup["session"]["instructions"] == PROMPT
    spoken = [(item["role"], item.get("_spoken", "").strip()) for item in api.session.items.all]
    assert spoken == [
        ("assistant", ""),  # the greeting, which it was told
        ("user", "What time is it?"),
        ("assistant", "It is noon."),
        ("user", "thanks"),
        ("assistant", "You are welcome."),
    ]
    assert api.session.items.all[0]["content"][0]["text"] == "Hello there."


async def test_stages_and_usage_are_reported(virtual_time: VirtualTime) -> None:
    async with RealtimeApi(delays=RealtimeDelays(first=0.4, transcript=0.2)) as api:
        api.replies.append("It is noon.")
        talk = RealtimeTalk(api)
        end = talk.line.says(2.0, "What time is it?")
        heard = await talk.run(until=7)
    ((number, stages),) = talk.notes.stages
    assert number == 1
    assert stages["llm"] == pytest.approx(0.4, abs=0.05)
    total = stages.pop("voice_to_voice")
    assert sum(stages.values()) == pytest.approx(total)
    assert heard[1].start - end == pytest.approx(total, abs=0.1)


async def test_only_speech_is_sent(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.append("It is noon.")
        talk = RealtimeTalk(api)
        begin = 4.0
        spoken = talk.line.says(begin, "What time is it?") - begin
        await talk.run(until=12)
        (item,) = (i for i in api.session.items.all if i.get("role") == "user")
    assert spoken < api.session.items.seconds(item) < spoken + 1.0


async def test_barge_in_truncates_what_was_not_heard(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.extend([LONG, "All right."])
        talk = RealtimeTalk(api)
        talk.line.says(1.5, "tell me things")
        talk.line.says(5.5, "stop it")
        talk.line.hangs_up(9.5)
        heard = await talk.run(until=11)
        (cut,) = sent(api, "conversation.item.truncate")
        kept = next(i["_spoken"] for i in api.session.items.all if "_truncated" in i).strip()
    assert [u.text for u in heard][-1] == "All right."
    on_the_line = heard[1].text
    assert LONG.startswith(on_the_line)
    assert cut["audio_end_ms"] / 1000 == pytest.approx(heard[1].end - heard[1].start, abs=0.3)
    assert abs(len(kept) - len(on_the_line)) <= 5
    told = talk.notes.said("bot")[1]
    assert LONG.startswith(told)
    assert abs(len(told) - len(on_the_line)) <= 12
    assert talk.notes.utterances[2]["interrupted"]


async def test_answer_that_is_still_coming_is_stopped(virtual_time: VirtualTime) -> None:
    async with RealtimeApi(delays=RealtimeDelays(pace=3.0)) as api:
        api.replies.extend([LONG, "All right."])
        talk = RealtimeTalk(api)
        talk.line.says(1.5, "tell me things")
        talk.line.says(3.4, "stop it")
        talk.line.hangs_up(9.0)
        heard = await talk.run(until=10)
        assert len(sent(api, "response.cancel")) == 1
        (cut,) = sent(api, "conversation.item.truncate")
    assert [u.text for u in heard][-1] == "All right."
    assert talk.notes.events == []
    assert cut["audio_end_ms"] > 500


async def test_uh_huh_does_not_stop_the_bot(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.append(LONG)
        talk = RealtimeTalk(api)
        talk.line.says(1.5, "tell me things")
        talk.line.says(5.0, "mhm")
        heard = await talk.run(until=14)
        assert sent(api, "conversation.item.truncate") == []
    assert talk.notes.said("bot")[-1] == LONG
    assert talk.notes.said("caller") == ["tell me things"]
    assert "nowhere at all." in " ".join(u.text for u in heard)


async def test_tool_is_called_and_its_result_answered(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:

        def brain(ask: Ask) -> CallTool | Say:
            if ask.results:
                return Say("It makes 42." if "42" in ask.results[-1] else "It failed.")
            return CallTool("bot_calculate", {"expression": "6 * 7"})

        api.brain = brain
        talk = RealtimeTalk(api)
        talk.line.says(1.5, "calculate six times seven")
        heard = await talk.run(until=8)
        tools = [t["name"] for t in api.session.config["tools"]]
    assert heard[-1].text == "It makes 42."
    assert "bot_calculate" in tools
    (done,) = (detail for kind, detail in talk.notes.events if kind == "tool")
    assert done.startswith("bot_calculate done")
    (output,) = (
        e["item"]
        for e in sent(api, "conversation.item.create")
        if e["item"]["type"] == "function_call_output"
    )
    assert "42" in output["output"]


async def test_two_tools_at_once_are_answered_once(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        asked: list[Ask] = []

        def brain(ask: Ask) -> Together | Say:
            asked.append(ask)
            if ask.results:
                return Say("Three and seven.")
            return Together(
                (
                    CallTool("bot_calculate", {"expression": "1 + 2"}),
                    CallTool("bot_calculate", {"expression": "3 + 4"}),
                )
            )

        api.brain = brain
        talk = RealtimeTalk(api)
        talk.line.says(1.5, "calculate one plus two and three plus four")
        heard = await talk.run(until=10)
    assert heard[-1].text == "Three and seven."
    assert len(asked) == 2
    assert len(asked[1].results) == 2


async def test_keys_are_told_as_words(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        asked: list[str] = []

        def brain(ask: Ask) -> str:
            asked.append(ask.user)
            return "Thank you."

        api.brain = brain
        talk = RealtimeTalk(api)
        for number, key in enumerate("42#"):
            talk.line.presses(2.0 + number * 0.2, key)
        heard = await talk.run(until=6)
    assert heard[-1].text == "Thank you."
    assert asked == ["DTMF: 42#"]
    assert talk.notes.utterances[1]["kind"] == "dtmf"


async def test_silent_caller_is_asked_and_let_go(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        talk = RealtimeTalk(api, silence=(4.0, 4.0))
        heard = await talk.run(until=30)
    assert [u.text for u in heard] == ["Hello there.", "Still there?", "Too quiet, bye."]
    assert talk.call.end_reason == "silence"


async def test_caller_who_is_not_understood_is_answered(virtual_time: VirtualTime) -> None:
    """The model has heard what the transcription has not."""
    async with RealtimeApi() as api:
        api.transcripts.append(None)
        api.replies.append("It is noon.")
        talk = RealtimeTalk(api)
        talk.line.says(2.0, "What time is it?")
        heard = await talk.run(until=8)
    assert heard[-1].text == "It is noon."
    assert talk.notes.said("caller") == ["…"]


async def test_cough_is_no_turn(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.transcripts.append(None)
        talk = RealtimeTalk(api)
        talk.line.speaks(2.0, 2.3)
        heard = await talk.run(until=7)
        assert [i.get("role") for i in api.session.items.all] == ["assistant"]
    assert [u.text for u in heard] == ["Hello there."]
    assert talk.notes.said("caller") == []


async def test_answer_that_fails_is_asked_for_again(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.fail(faults.SERVER_ERROR, "response", times=1)
        api.replies.append("It is noon.")
        talk = RealtimeTalk(api)
        talk.line.says(2.0, "What time is it?")
        heard = await talk.run(until=7)
    assert [u.text for u in heard] == ["Hello there.", "It is noon."]
    assert len(api.sessions) == 1


async def test_answer_without_words_is_apologised_for(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.append([])
        talk = RealtimeTalk(api)
        talk.line.says(2.0, "What time is it?")
        heard = await talk.run(until=8)
    assert heard[-1].text == "No idea, ask again."


async def test_events_that_are_none_do_not_matter(virtual_time: VirtualTime) -> None:
    async with RealtimeApi() as api:
        api.replies.append("It is noon.")
        talk = RealtimeTalk(api)

        async def nonsense() -> None:
            session = api.session
            await session.socket.send_str("\x00 no JSON {[<")
            await session.socket.send_str("[1, 2]")
            await session.socket.send_str('{"type": 9}')
            await session.send("response.output_audio.delta", response_id="x", delta="###")
            await session.send("response.done", response={})
            await session.send("something.new", fine=True)

        talk.line.at(2.2, lambda: api.session.begin(nonsense()))
        talk.line.says(2.0, "What time is it?")
        heard = await talk.run(until=7)
    assert [u.text for u in heard] == ["Hello there.", "It is noon."]
    assert len(api.sessions) == 1
