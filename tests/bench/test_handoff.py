"""The part `handoff`: who answers what, when a confirmation begins, and what the figures say."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from bench.bars import Bar, Found, bars
from bench.callers import Plan
from bench.claude import Claude
from bench.clips import FRAME, HZ
from bench.confirmed import Confirmed, begins
from bench.handoff import HYBRID, THROUGH, Handoff, Notes, Talk, talk
from bench.handoff_minds import ACKNOWLEDGED, CONFIRMED, content
from bench.handoff_minds import talk as mind
from bench.kept import read, save
from bench.markdown import markdown
from bench.playout import Playout
from bench.report import show
from bench.scenes import everything, jobs, notes
from bench.standin import ANSWER, answer
from bot.openclaw.prompts import task_message
from bot.telephony import mulaw
from tests.fakes import voice
from tests.fakes.script import Ask, CallTool, Message, Say

TOOLS = ("bot_create_note", "bot_openclaw_task")
NOTE = "Please take a note that the plumber comes on Friday."
CALL = CallTool("bot_create_note", {"title": "On friday", "content": "the plumber comes on Friday"})
SAID = Say("I have noted that the plumber comes on Friday.")
# What the real gateway makes of a conversation (`dist/openai-http-*.mjs` of openclaw 2026.9.6).
FLAT = (
    "[Chat messages since your last reply - for context]\n{}\n\n"
    "[Current message - respond to this]\n{}"
)


def ask(*messages: Message, tools: tuple[str, ...] = TOOLS) -> Ask:
    return Ask(messages, tools)


def user(text: str) -> Message:
    return Message("user", text)


def spoken(text: str) -> bytes:
    return mulaw.encode(voice.speak(f"{text} ", HZ).tobytes())


# -- what the models answer


def test_a_note_is_made_and_then_confirmed() -> None:
    assert answer(ask(user(NOTE))) == CALL
    assert answer(ask(user(NOTE), Message("tool", "Saved."))) == SAID
    assert SAID.text.startswith(CONFIRMED)


def test_a_job_is_handed_over_in_the_callers_words_and_acknowledged() -> None:
    for scene in jobs():
        assert mind(ask(user(scene.text))) == CallTool("bot_openclaw_task", {"task": scene.text})
        assert mind(ask(user(scene.text), Message("tool", "Begun."))) == Say(ACKNOWLEDGED)


def test_no_tool_is_called_that_is_not_offered() -> None:
    for text in (NOTE, jobs()[0].text):
        assert answer(ask(user(text), tools=())) == ANSWER


def test_no_other_scene_is_taken_for_a_note_or_a_job() -> None:
    mine = {scene.name for scene in (*notes(), *jobs())}
    for scene in everything():
        assert (mind(ask(user(scene.text))) is not None) is (scene.name in mine), scene.name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"The caller says: {NOTE}", CALL),
        (FLAT.format("Assistant: Hello.", f"User: {NOTE}"), CALL),
        (
            FLAT.format(
                f"Assistant: Hello.\nUser: {NOTE}\nAssistant: tool_call id=call_1 "
                'name=bot_create_note arguments={"title": "x"}',
                "Tool:call_1: Saved as the note “x”.",
            ),
            SAID,
        ),
        (
            FLAT.format(
                f"User: {NOTE}\nAssistant: tool_call id=a name=b arguments={{}}\nTool:a: Saved.\n"
                f"Assistant: {SAID.text}",
                "User: What time is it?",
            ),
            None,
        ),
        (FLAT.format(f"User: {NOTE}", "User: Thanks."), None),
    ],
)
def test_a_conversation_that_openclaw_made_one_message_of_is_read(text: str, expected: Any) -> None:
    assert mind(ask(user(text))) == expected


def test_every_note_has_its_own_words() -> None:
    found = [content(scene.text) for scene in notes()]
    assert all(found)
    assert len(set(found)) == len(found)


# -- Claude


@pytest.fixture
async def claude() -> AsyncIterator[Claude]:
    async with Claude() as api:
        yield api


async def test_a_job_goes_on_step_by_step_until_it_is_told_to_end(claude: Claude) -> None:
    claude.begin()
    job = ask(user(task_message("Tandem", jobs()[0].text)), tools=("exec",))
    for number in (1, 2):
        said, command = claude.answer(job)
        assert isinstance(said, Say)
        assert command.name == "exec"
        assert f"page {number} " in command.arguments["command"]
    async with aiohttp.ClientSession() as http:
        told = await (await http.get(f"{claude.origin}/tally")).json()
        assert told == {"steps": {"ferry": 2}, "finished": [], "inferences": 0}
        await http.post(f"{claude.origin}/finish")
        assert isinstance(claude.answer(job), str)
        told = await (await http.get(f"{claude.origin}/tally")).json()
        assert told["finished"] == ["ferry"]
        await http.post(f"{claude.origin}/begin")
        told = await (await http.get(f"{claude.origin}/tally")).json()
        assert (told["steps"], told["finished"]) == ({}, [])


def test_what_claude_is_asked_for_the_caller_is_counted() -> None:
    api = Claude()
    api.answer(ask(user(NOTE)))
    api.answer(ask(user(NOTE), Message("tool", "Saved.")))
    api.answer(ask(user("What time is it?")))
    assert api.inferences == 2
    assert (api.first_token, api.token) == (1.5, 0.025)


# -- when a confirmation begins


def test_a_confirmation_is_timed_behind_what_was_said_before_it() -> None:
    out = Playout(keep=True)
    out.take(spoken("One moment, please."), 1.0)
    for piece in (spoken("I have noted that"), spoken("the plumber comes.")):
        out.take(piece, max(4.0, out.end))
    found = begins(out, 0.5, CONFIRMED)
    assert found == pytest.approx(4.0, abs=FRAME / HZ)
    assert begins(out, 0.5, "One moment") == pytest.approx(1.0, abs=FRAME / HZ)


def test_words_that_are_not_there_or_not_whole_are_no_confirmation() -> None:
    out = Playout(keep=True)
    assert begins(out, 0.0, CONFIRMED) is None
    out.take(spoken("One moment, please."), 1.0)
    out.take(spoken("I have no"), 3.0)
    assert begins(out, 0.0, CONFIRMED) is None


def test_an_earlier_confirmation_is_not_taken_for_this_one() -> None:
    out = Playout(keep=True)
    out.take(spoken("I have noted that it rains."), 1.0)
    since = out.end + 1
    assert begins(out, since, CONFIRMED) is None
    out.take(spoken("I have noted that it snows."), since + 2)
    assert begins(out, since, CONFIRMED) == pytest.approx(since + 2, abs=FRAME / HZ)


def test_a_plan_that_awaits_words_has_a_caller_who_does() -> None:
    plan = Plan("http://127.0.0.1:1", "/", "", [], 0, 1, confirmation=CONFIRMED, first=7)
    caller = plan.caller(2)
    assert isinstance(caller, Confirmed)
    assert caller.report.number == 9


# -- figures


def taken(way: str, *each: float, **more: Any) -> Notes:
    inferences = 0 if way == HYBRID else 2 * len(each)
    usual = Notes(way, list(each), len(each), len(each), inferences, [], 1.0)
    return replace(usual, **more)


def held(**more: Any) -> Talk:
    return replace(Talk([600.0, 620.0], [640.0, 660.0], [900.0], 3, [], 1.0), **more)


def made(*notes: Notes, **more: Any) -> Handoff:
    both = notes or (taken(THROUGH, 6000.0, 8000.0), taken(HYBRID, 600.0, 700.0))
    return Handoff(list(both), held(**more), (0.5, 1.5))


def measured(found: Handoff) -> list[Bar]:
    return [bar for bar in bars(Found([], [], handoff=found)) if bar.met is not None]


def test_the_bars_are_ratios_and_a_time() -> None:
    note, soon, conversation = measured(made())
    assert note.value == pytest.approx(650 / 7000)
    assert note.met
    assert (soon.value, soon.met) == (650, True)
    assert conversation.value == pytest.approx(650 / 610)
    assert conversation.met


@pytest.mark.parametrize(
    "void",
    [
        {"kept": 1},
        {"wanted": 3, "kept": 3},
        {"errors": ["the server hung up"]},
        {"inferences": 4},
    ],
)
def test_a_hybrid_note_that_was_not_taken_as_it_should_counts_for_nothing(
    void: dict[str, Any],
) -> None:
    found = made(taken(THROUGH, 6000.0, 8000.0), taken(HYBRID, 600.0, 700.0, **void))
    note, soon, conversation = measured(found)
    assert (note.met, soon.met, conversation.met) == (False, False, True)
    assert found.problems[0].startswith("notes, hybrid: ")


def test_notes_that_claude_was_not_asked_for_did_not_go_through_openclaw() -> None:
    found = made(taken(THROUGH, 6000.0, 8000.0, inferences=0), taken(HYBRID, 600.0, 700.0))
    note, soon, _ = measured(found)
    assert (note.met, soon.met) == (False, True)
    assert "Claude was asked 0 times" in found.problems[0]


@pytest.mark.parametrize("void", [{"tasks": 2}, {"errors": ["gone"]}, {"busy": []}])
def test_a_conversation_whose_tasks_did_not_run_counts_for_nothing(void: dict[str, Any]) -> None:
    assert measured(made(**void))[-1].met is False


def test_turns_are_told_apart_by_what_they_begin() -> None:
    def report(*turns: tuple[str, float | None]) -> dict[str, Any]:
        made = [{"scene": scene, "answer": answer} for scene, answer in turns]
        return {"turns": made, "error": "", "late": [0.002]}

    found = talk(
        [report(("q1", 0.5), ("q2", None))], [report(("job-a", 0.9), ("q1", 0.6))], ["job-a"], 3
    )
    assert (found.alone, found.busy, found.acknowledged) == ([500], [600], [900])
    assert found.late_p99 == pytest.approx(2)


def test_it_is_shown_kept_and_read_again(tmp_path: Path) -> None:
    found = Found([], [], handoff=made(tasks=2))
    save(found, {"at": "now"}, tmp_path / "run.json")
    json.loads((tmp_path / "run.json").read_text())
    assert read(tmp_path / "run.json").handoff == found.handoff
    console = Console(record=True, width=140, file=StringIO())
    show(found, console)
    text = console.export_text()
    assert "2 of 2" in text
    assert "conversation with tasks: only 2 of 3 tasks ran" in text
    lines = markdown(found, {"at": "now", "cores": 2})
    assert "| hybrid | 650 ms | 700 ms | 2 of 2 |" in lines
    assert "| three tasks under way | 2 | 650 / 659 |" in lines
