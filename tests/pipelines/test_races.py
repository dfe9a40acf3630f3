"""What may happen while an answer is thought ahead, as timetables in virtual time.

In all of them nothing of a withdrawn answer may be heard, stored, or left in the context.
"""

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import ErrorFrame
from pipecat.services.llm_service import FunctionCallParams

from bot.frames import SpeechPausedFrame
from tests.fakes.script import Ask, CallTool, Expect, Say, Script
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import Ears, Talk

QUESTION = "Do you have a table for two?"
BOTH = f"{QUESTION} And is there parking?"
ANSWER = "We have both, and the parking is free."


def slow_pieces() -> dict[str, Any]:
    """Services slow enough that a caller can go on in the middle of each."""
    return {
        "stt": {"delay": 0.1},
        "llm": {"first_token": 0.1, "token": 0.02},
        "tts": {"delay": 0.1},
    }


def answer(ask: Ask) -> str:
    """Answer both questions, or ask back after the first alone."""
    return ANSWER if "parking" in ask.user else "Of course, for how many people?"


@pytest.mark.parametrize("gap", [0.04, 0.1, 0.16, 0.22, 0.28, 0.34, 0.4, 0.46])
async def test_caller_goes_on_at_any_stage_of_a_speculation(
    virtual_time: VirtualTime, gap: float
) -> None:
    """`gap`: seconds of silence, from before the words are there to after the voice has spoken."""
    talk = Talk(answer, **slow_pieces())
    end = talk.line.says(1.5, f"{QUESTION} ")
    end = talk.line.says(end + gap, "And is there parking?")
    talk.line.hangs_up(end + 5.0)
    heard = await talk.run(until=end + 6.0)
    assert [u.text for u in heard] == ["Hello there.", ANSWER]
    assert heard[1].start > end
    assert talk.notes.said("caller") == [BOTH]
    assert talk.notes.said("bot") == ["Hello there.", ANSWER]
    last = talk.llm.asks[-1].messages
    assert [(m.role, m.text) for m in last] == [("assistant", "Hello there."), ("user", BOTH)]


async def test_answer_is_ready_when_the_turn_is_over(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect(QUESTION, ANSWER)), QUESTION, **slow_pieces())
    talk.line.speaks(1.5, 2.5)
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert [u.text for u in heard] == ["Hello there.", ANSWER]
    ((_, stages),) = talk.notes.stages
    assert stages["voice_to_voice"] == pytest.approx(0.52, abs=0.05)
    assert stages["turn"] > 0
    assert len(talk.llm.asks) == 1


async def test_final_words_that_differ_are_answered_instead(virtual_time: VirtualTime) -> None:
    class SecondThoughts(Ears):
        async def _deliver(self, attempt: Any, segment: SpeechPausedFrame, previous: Any) -> None:
            async def other() -> tuple[str, ErrorFrame | None]:
                return "Do you have a table for ten?", None

            await super()._deliver(asyncio.ensure_future(other()), segment, previous)

    talk = Talk(
        Script(Expect("two", "Two it is."), Expect("ten", "Ten it is.")),
        QUESTION,
        ears=SecondThoughts,
        **slow_pieces(),
    )
    talk.line.speaks(1.5, 2.5)
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert [u.text for u in heard] == ["Hello there.", "Ten it is."]
    assert talk.notes.said("caller") == ["Do you have a table for ten?"]


async def test_words_that_come_after_the_turn_should_have_ended(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect(QUESTION, ANSWER)), QUESTION, stt={"delay": 1.5})
    talk.line.speaks(1.5, 2.5)
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert [u.text for u in heard] == ["Hello there.", ANSWER]
    assert heard[1].start == pytest.approx(2.5 + 1.5 + 0.2, abs=0.15)


async def test_two_quick_turns_get_two_answers(virtual_time: VirtualTime) -> None:
    talk = Talk(
        Script(Expect(QUESTION, "Yes."), Expect("parking", "It is free.")),
        QUESTION,
        "Is there parking?",
    )
    talk.line.speaks(1.5, 2.5)
    talk.line.speaks(3.6, 4.4)
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert [u.text for u in heard] == ["Hello there.", "Yes.", "It is free."]
    assert talk.notes.said("caller") == [QUESTION, "Is there parking?"]


@pytest.mark.parametrize("after", [-0.15, 0.0, 0.15, 0.6])
async def test_barge_in_around_the_first_sound(virtual_time: VirtualTime, after: float) -> None:
    """`after`: seconds from the answer's first sound to the caller's next word."""
    talk = Talk(
        Script(
            Expect(QUESTION, ANSWER),
            Expect("wait", "Ten it is.", often=True),
        ),
        QUESTION,
        "No wait, a table for ten.",
        **slow_pieces(),
    )
    sounds = 2.5 + 0.53
    talk.line.speaks(1.5, 2.5)
    talk.line.speaks(sounds + after, sounds + after + 1.2)
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert heard[-1].text == "Ten it is."
    assert all(u.end < sounds + after + 0.3 for u in heard[:-1])
    rest = " ".join(
        u["unheard"] for u in talk.notes.utterances if u["speaker"] == "bot" and u.get("unheard")
    )
    if after < 0:
        assert [m.text for m in talk.llm.asks[-1].messages if m.role == "assistant"] == [
            "Hello there."
        ]
    else:
        assert rest
        assert ANSWER.endswith(rest)


@pytest.mark.parametrize("early", [1e-3, 2e-6, 1e-6, 5e-7, 0.0, -1e-6])
async def test_a_tool_call_that_meets_the_turns_end_is_made_once(
    virtual_time: VirtualTime, early: float
) -> None:
    called: list[float] = []

    async def note(params: FunctionCallParams) -> None:
        called.append(virtual_time.now)
        await params.result_callback({"ok": True})

    asked: list[float] = []

    def brain(ask: Ask) -> str | CallTool:
        asked.append(virtual_time.now)
        return "Noted." if ask.results else CallTool("note", {"text": "two"})

    async def hold(first_token: float) -> list[str]:
        called.clear()
        asked.clear()
        parts = slow_pieces() | {"llm": {"first_token": first_token, "token": 0.02}}
        talk = Talk(brain, QUESTION, **parts)
        talk.llm.register_function("note", note)
        talk.line.speaks(1.5, 2.5)
        talk.line.hangs_up(8.0)
        return [u.text for u in await talk.run(until=9)]

    await hold(0.05)
    waited = called[0] - asked[0]
    assert await hold(waited - early) == ["Hello there.", "Noted."]
    assert len(called) == 1


async def test_speculation_never_calls_a_tool(virtual_time: VirtualTime) -> None:
    called: list[float] = []

    async def note(params: FunctionCallParams) -> None:
        called.append(virtual_time.now)
        await params.result_callback({"ok": True})

    talk = Talk(
        lambda ask: "Noted." if ask.results else CallTool("note", {"text": "two"}),
        QUESTION,
        **slow_pieces(),
    )
    talk.llm.register_function("note", note)
    talk.line.speaks(1.5, 2.5)
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert [u.text for u in heard] == ["Hello there.", "Noted."]
    assert len(called) == 1
    assert called[0] >= 2.5 + 0.5


async def test_nothing_is_thought_ahead_while_a_tool_runs(virtual_time: VirtualTime) -> None:
    async def slow(params: FunctionCallParams) -> None:
        await asyncio.sleep(4.0)
        await params.result_callback({"ok": True})

    talk = Talk(
        Script(
            Expect(QUESTION, CallTool("slow", {}), often=True),
            Expect("How long", "A moment more.", often=True),
            Expect(None, "Here it is.", often=True),
        ),
        QUESTION,
        "How long does it take?",
        **slow_pieces(),
    )
    talk.llm.register_function("slow", slow, cancel_on_interruption=False)
    talk.line.speaks(1.5, 2.5)
    talk.line.speaks(4.0, 5.0)
    talk.line.hangs_up(12.0)
    heard = await talk.run(until=13)
    asked = [ask for ask in talk.llm.asks if ask.user == "How long does it take?"]
    assert asked
    assert heard[1].text == "A moment more."
    assert all(m.text for m in talk.llm.asks[-1].messages if m.role == "tool")


async def test_failed_speculation_is_not_apologised_for(virtual_time: VirtualTime) -> None:
    attempts: list[int] = []

    def brain(_: Any) -> Any:
        attempts.append(1)
        return RuntimeError("overloaded") if len(attempts) == 1 else ANSWER

    talk = Talk(brain, QUESTION, **slow_pieces())
    talk.line.speaks(1.5, 2.5)
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert [u.text for u in heard] == ["Hello there.", ANSWER]
    assert talk.notes.events == [("speculation failed", "Error during completion: overloaded")]


async def test_voice_that_fails_ahead_is_asked_again(virtual_time: VirtualTime) -> None:
    failures = [RuntimeError("no voice")]

    def fail(text: str) -> Exception | None:
        return failures.pop() if failures and "both" in text else None

    talk = Talk(Script(Expect(QUESTION, Say(ANSWER), often=True)), QUESTION, tts={"fail": fail})
    talk.line.speaks(1.5, 2.5)
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert [u.text for u in heard] == ["Hello there.", ANSWER]


async def test_no_speculation_where_it_is_switched_off(virtual_time: VirtualTime) -> None:
    talk = Talk(
        Script(Expect("And is there parking", ANSWER)),
        QUESTION,
        "And is there parking?",
        speculates=False,
    )
    talk.line.speaks(1.5, 2.5)
    talk.line.speaks(2.9, 3.9)
    talk.line.hangs_up(8.0)
    heard = await talk.run(until=9)
    assert [u.text for u in heard] == ["Hello there.", ANSWER]
    assert len(talk.llm.asks) == 1
