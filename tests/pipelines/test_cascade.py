"""Whole conversations on scripted services, as timetables in virtual time."""

import asyncio

import pytest

from pipelines import bridge
from tests.fakes.script import Expect, Pause, Say, Script
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import SENTENCES, Talk

LONG = "The first thing is here. The second thing is there. The third thing is nowhere at all."


def test_sentences_differ() -> None:
    """The tests below tell sentences apart by their words."""
    assert len(set(SENTENCES.all())) == len(SENTENCES.all())


async def test_greets_listens_and_answers(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("time", "It is noon."), Expect("thanks", "You are welcome.")))
    talk.line.says(2.0, "What time is it?")
    talk.line.says(6.0, "thanks")
    talk.line.hangs_up(10.0)
    heard = await talk.run(until=12)
    assert [u.text for u in heard] == ["Hello there.", "It is noon.", "You are welcome."]
    assert heard[0].start < 0.2
    assert talk.notes.said("caller") == ["What time is it?", "thanks"]
    assert talk.notes.said("bot") == ["Hello there.", "It is noon.", "You are welcome."]
    assert talk.notes.utterances[0]["kind"] == "greeting"
    assert talk.notes.turns == [1, 2]
    assert talk.notes.states == ["connected", "talking", "ended"]
    assert talk.call.end_reason == "caller hung up"


async def test_stages_add_up_to_voice_to_voice(virtual_time: VirtualTime) -> None:
    talk = Talk(
        Script(Expect("time", "It is noon.")),
        stt={"delay": 0.3},
        llm={"first_token": 0.4},
        tts={"delay": 0.25},
    )
    end = talk.line.says(2.0, "What time is it?")
    talk.line.hangs_up(6.0)
    heard = await talk.run(until=7)
    ((number, stages),) = talk.notes.stages
    assert number == 1
    assert stages["stt"] == pytest.approx(0.3, abs=0.05)
    assert stages["llm"] == pytest.approx(0.4, abs=0.05)
    assert stages["tts"] == pytest.approx(0.25 + 0.02, abs=0.05)
    total = stages.pop("voice_to_voice")
    assert sum(stages.values()) == pytest.approx(total)
    assert heard[1].start - end == pytest.approx(total, abs=0.1)


async def test_barge_in_empties_the_line_and_cuts_the_context(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("things", LONG), Expect("stop", "All right.")))
    talk.line.says(1.5, "tell me things")
    talk.line.says(5.0, "stop it")
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert min(c for c in talk.line.clears if c > 5) < 5.25
    assert heard[1].end < 5.4
    cut = next(u for u in talk.notes.utterances if u.get("interrupted"))
    assert cut["text"]
    assert LONG.startswith(cut["text"])
    assert f"{cut['text']} {cut['unheard']}" == LONG
    # What the context holds is what was audible, give or take the words inside one chunk.
    assert abs(len(cut["text"]) - len(heard[1].text)) <= 8
    last = talk.llm.asks[-1].messages
    assert [m.text for m in last if m.role == "assistant"][-1] == cut["text"]


async def test_pause_in_mid_sentence_is_waited_for(virtual_time: VirtualTime) -> None:
    talk = Talk(
        Script(Expect("book a table for two", "Done.")),
        "I want to book",
        "a table for two.",
        verdicts=(0.1, 1.0),
        speculates=False,
    )
    talk.line.speaks(1.5, 2.5)
    talk.line.speaks(4.0, 5.0)
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert [u.text for u in heard] == ["Hello there.", "Done."]
    assert heard[1].start > 5.0
    assert talk.notes.said("caller") == ["I want to book a table for two."]


async def test_cough_is_not_answered_and_the_sentence_goes_on(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("things", LONG)), "tell me things", None)
    talk.line.speaks(1.5, 2.3)
    talk.line.speaks(4.0, 4.4)
    talk.line.hangs_up(14.0)
    heard = await talk.run(until=15)
    assert len(talk.llm.asks) == 1
    said = " ".join(talk.notes.said("bot")[1:])
    assert said == LONG
    assert heard[-1].text.endswith("nowhere at all.")
    assert talk.notes.said("caller") == ["tell me things"]


async def test_cough_between_words_keeps_the_words(virtual_time: VirtualTime) -> None:
    talk = Talk(
        Script(Expect("I would like tea and", "Tea it is.", often=True)),
        "I would like tea and",
        None,
        verdicts=(0.1, 1.0),
    )
    talk.line.speaks(1.5, 2.3)
    talk.line.speaks(3.5, 3.9)
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert [u.text for u in heard] == ["Hello there.", "Tea it is."]
    assert 4.5 < heard[-1].start < 7.0


async def test_silent_caller_is_asked_told_goodbye_and_hung_up(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(), silence=(4.0, 6.0))
    heard = await talk.run(until=40)
    assert [u.text for u in heard] == ["Hello there.", "Still there?", "Too quiet, bye."]
    assert heard[1].start - heard[0].end == pytest.approx(4.0, abs=0.5)
    assert heard[2].start - heard[1].end == pytest.approx(6.0, abs=0.5)
    assert talk.call.end_reason == "silence"
    assert talk.notes.states == ["connected", "ending", "ended"]
    assert talk.line.ended_at is not None
    assert talk.line.ended_at < 16


async def test_caller_who_answers_is_not_hung_up(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("here", "Good.")), silence=(4.0, 6.0))
    talk.line.says(8.0, "I am here")
    heard = await talk.run(until=60)
    assert [u.text for u in heard] == [
        "Hello there.",
        "Still there?",
        "Good.",
        "Still there?",
        "Too quiet, bye.",
    ]
    assert heard[3].start - heard[2].end == pytest.approx(4.0, abs=0.5)


async def test_slow_answer_is_bridged(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("think", Say("Forty two.", first=7.0))))
    end = talk.line.says(1.5, "think hard")
    talk.line.hangs_up(14.0)
    heard = await talk.run(until=15)
    assert [u.text for u in heard] == ["Hello there.", "One moment.", "Forty two."]
    assert heard[1].start - end == pytest.approx(bridge.FAST.hold_on, abs=0.7)
    assert ("bot", "notice") in [(u["speaker"], u["kind"]) for u in talk.notes.utterances]
    assert [m.text for m in talk.llm.asks[-1].messages if m.role == "assistant"] == ["Hello there."]


async def test_caller_who_waits_for_an_answer_is_not_taken_for_silent(
    virtual_time: VirtualTime,
) -> None:
    talk = Talk(Script(Expect("think", Say("Forty two.", first=14.0))), silence=(4.0, 6.0))
    talk.line.says(1.5, "think hard")
    talk.line.hangs_up(19.0)
    heard = [u.text for u in await talk.run(until=20)]
    assert heard == ["Hello there.", "One moment.", "Forty two."]


async def test_model_failure_is_apologised_for(virtual_time: VirtualTime) -> None:
    talk = Talk(
        Script(Expect("first", RuntimeError("boom"), often=True), Expect("again", "Here you are."))
    )
    talk.line.says(1.5, "first try")
    talk.line.says(5.0, "once again")
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert [u.text for u in heard] == ["Hello there.", SENTENCES.no_answer, "Here you are."]
    assert ("llm error", "Error during completion: boom") in talk.notes.events


async def test_empty_answer_is_apologised_for(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("hm", Pause(0.1))))
    talk.line.says(1.5, "hm hm")
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert heard[-1].text.endswith(SENTENCES.no_answer)


async def test_stt_failure_asks_again(virtual_time: VirtualTime) -> None:
    failure = RuntimeError("no ears")
    talk = Talk(Script(Expect("now", "Good.")), failure, failure, "now it works")
    talk.line.speaks(1.5, 2.5)
    talk.line.speaks(5.5, 6.5)
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert [u.text for u in heard] == ["Hello there.", SENTENCES.not_heard, "Good."]


async def test_three_failures_in_a_row_end_the_call_politely(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect(None, RuntimeError("down"), often=True)))
    for start in (1.5, 6.0, 10.5):
        talk.line.says(start, "hello?")
    heard = await talk.run(until=30)
    assert heard[-1].text == SENTENCES.broken
    assert talk.notes.states[-1] == "failed"
    assert talk.call.error
    assert talk.line.ended_at is not None
    assert talk.line.ended_at < 18


async def test_early_hang_up_ends_everything_within_a_second(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("things", LONG)))
    talk.line.says(1.5, "tell me things")
    talk.line.hangs_up(4.0)
    await talk.run(until=5)
    assert virtual_time.now < 5.5
    assert talk.call.end_reason == "caller hung up"
    assert talk.notes.states[-1] == "ended"
    cut = talk.notes.utterances[-1]
    assert LONG.startswith(cut["text"])


async def test_polite_end_is_heard_before_the_call_is_over(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("things", LONG)))
    talk.line.says(1.5, "tell me things")

    ending: list[asyncio.Task[None]] = []

    def stop() -> None:
        assert talk.call.hang_up
        ending.append(asyncio.ensure_future(talk.call.hang_up("server stopping")))

    talk.line.at(4.0, stop)
    heard = await talk.run(until=30)
    assert heard[-1].text.endswith("We stop, bye.")
    assert talk.call.end_reason == "server stopping"
    assert talk.call.hang_up is None


async def test_keys_reach_the_conversation(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("DTMF: 42", "You pressed forty two.")))
    talk.line.presses(2.0, "4")
    talk.line.presses(2.5, "2")
    talk.line.hangs_up(10.0)
    heard = await talk.run(until=11)
    assert heard[-1].text == "You pressed forty two."
    keys = [u for u in talk.notes.utterances if u["kind"] == "dtmf"]
    assert [k["text"] for k in keys] == ["42"]


async def test_caller_who_goes_on_while_the_model_thinks_gets_one_answer(
    virtual_time: VirtualTime,
) -> None:
    talk = Talk(
        Script(Expect("hello", Pause(3.0), "Hi."), Expect("what can you do", "This and that."))
    )
    talk.line.says(1.5, "hello")
    talk.line.says(2.6, "what can you do?")
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert [u.text for u in heard] == ["Hello there.", "This and that."]
    assert talk.llm.cancelled == 1
    assert not talk.notes.events


async def test_cough_while_the_model_thinks_does_not_lose_the_question(
    virtual_time: VirtualTime,
) -> None:
    talk = Talk(Script(Expect("think", Say("Forty two.", first=2.0), often=True)), "think", None)
    talk.line.speaks(1.5, 2.5)
    talk.line.speaks(3.4, 3.8)
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert [u.text for u in heard] == ["Hello there.", "Forty two."]
    assert [m.text for m in talk.llm.asks[-1].messages if m.role == "user"] == ["think"]


async def test_aside_that_is_cut_off_is_not_said_again(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("think", Say("Forty two.", first=3.4), often=True)), "think", None)
    talk.line.speaks(1.5, 2.5)
    talk.line.speaks(5.5, 5.9)
    talk.line.hangs_up(16.0)
    heard = await talk.run(until=17)
    assert heard[1].text in "One moment."
    assert heard[1].text != "One moment."
    assert "One moment. Forty two.".endswith(heard[2].text)
    assert len(heard[1].text) + len(heard[2].text) >= len("One moment. Forty two.") - 1
    assert len(heard) == 3
    assert all(u["unheard"] == "" for u in talk.notes.utterances if "unheard" in u)


async def test_late_transcript_of_an_earlier_segment_does_not_end_the_turn(
    virtual_time: VirtualTime,
) -> None:
    talk = Talk(
        Script(Expect("Hello, what can you do?", "This and that.")),
        "Hello,",
        "what can you do?",
        verdicts=(0.1, 1.0),
        stt={"delay": 0.7},
        speculates=False,
    )
    talk.line.speaks(1.5, 1.9)
    talk.line.speaks(2.3, 3.0)
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert [u.text for u in heard] == ["Hello there.", "This and that."]
    assert len(talk.llm.asks) == 1
    assert talk.notes.said("caller") == ["Hello, what can you do?"]
    assert [number for number, _ in talk.notes.stages] == [1]


async def test_hold_on_is_not_said_when_the_answer_is_on_its_way(
    virtual_time: VirtualTime,
) -> None:
    talk = Talk(
        Script(Expect("think", Say("This is a rather long answer.", first=2.2, token=0.04))),
        tts={"delay": 0.5},
    )
    talk.line.says(1.5, "think")
    talk.line.hangs_up(12.0)
    heard = await talk.run(until=13)
    assert [u.text for u in heard] == ["Hello there.", "This is a rather long answer."]


async def test_sentence_that_the_voice_failed_to_say_was_not_heard(
    virtual_time: VirtualTime,
) -> None:
    def fail(text: str) -> Exception | None:
        return RuntimeError("no voice") if "Second" in text else None

    talk = Talk(Script(Expect("tell", "First this. Second that. Third more.")), tts={"fail": fail})
    talk.line.says(1.5, "tell me")
    talk.line.hangs_up(9.0)
    await talk.run(until=10)
    assert "First this. Third more." in talk.notes.said("bot")
    assert ("tts error", "Unknown error occurred: no voice") in talk.notes.events


async def test_hold_on_does_not_follow_an_answer_that_the_voice_is_working_on(
    virtual_time: VirtualTime,
) -> None:
    talk = Talk(
        Script(Expect("think", Say("Done.", first=3.0))),
        tts={"delay": 6.0, "stop_frame_timeout_s": 20},
    )
    talk.line.says(4.0, "think")
    talk.line.hangs_up(20.0)
    heard = await talk.run(until=21)
    assert heard[-1].text == "Done."


async def test_greeting_can_be_interrupted_and_stands_in_the_context_as_heard(
    virtual_time: VirtualTime,
) -> None:
    talk = Talk(Script(Expect("wait", "Yes?")), tts={"char_seconds": 0.12})
    talk.line.says(0.5, "wait a second")
    talk.line.hangs_up(6.0)
    heard = await talk.run(until=7)
    greeting = talk.notes.utterances[0]
    assert greeting["kind"] == "greeting"
    assert f"{greeting['text']} {greeting['unheard']}" == SENTENCES.greeting
    said = [m.text for m in talk.llm.asks[0].messages if m.role == "assistant"]
    assert said == ([greeting["text"]] if greeting["text"] else [])
    assert heard[-1].text == "Yes?"
