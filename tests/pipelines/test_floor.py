"""Sounds over the bot's words: what stops it, what does not, as timetables in virtual time."""

import pytest

from tests.fakes.script import Expect, Script
from tests.fakes.voice import CHAR_SECONDS
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import Talk

LONG = "The first thing is here. The second thing is there. The third thing is nowhere at all."


def told() -> Script:
    """A script with one long answer."""
    return Script(Expect("things", LONG), Expect("stop", "All right.", often=True))


@pytest.mark.parametrize("words", ["Uh-huh.", "Okay.", "Mm-hm.", None])
async def test_assent_and_coughs_do_not_stop_the_bot(
    virtual_time: VirtualTime, words: str | None
) -> None:
    talk = Talk(told(), "Tell me things.", words)
    talk.line.speaks(1.5, 2.3)
    talk.line.speaks(4.5, 4.9)
    talk.line.hangs_up(16.0)
    heard = await talk.run(until=17)
    assert len(talk.llm.asks) == 1
    assert talk.tts.texts.count(LONG.split(".")[0] + ".") == 1
    assert talk.notes.said("caller") == ["Tell me things."]
    assert talk.notes.said("bot") == ["Hello there.", LONG]
    assert not [u for u in talk.notes.utterances if u.get("interrupted")]
    held = heard[2].start - heard[1].end
    assert 0.3 < held < 0.8
    assert "".join(u.text for u in heard[1:]).replace(" ", "").endswith("nowhereatall.")


async def test_assent_answers_a_question(virtual_time: VirtualTime) -> None:
    talk = Talk(
        Script(Expect("book", "Shall I book it for two?"), Expect("Okay", "Booked.")),
        "Book a table.",
        "Okay.",
    )
    talk.line.speaks(1.5, 2.3)
    talk.line.speaks(6.5, 6.9)
    talk.line.hangs_up(10.0)
    heard = await talk.run(until=11)
    assert heard[-1].text == "Booked."


async def test_answer_that_comes_a_moment_too_early_counts(virtual_time: VirtualTime) -> None:
    """ "Okay" over the last word of a question is no assent to go on."""
    question = "Shall I book it for two?"
    talk = Talk(
        Script(Expect("book", question), Expect("Okay", "Booked.")), "Book a table.", "Okay."
    )
    talk.line.speaks(1.5, 2.3)
    begins = 2.3 + 0.55
    talk.line.speaks(begins + len(question) * CHAR_SECONDS - 0.3, begins + 2.4)
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert heard[-1].text == "Booked."
    assert talk.notes.said("caller") == ["Book a table.", "Okay."]


async def test_bot_is_silent_within_a_quarter_second_of_a_barge_in(
    virtual_time: VirtualTime,
) -> None:
    talk = Talk(told(), "Tell me things.", "Stop.")
    talk.line.speaks(1.5, 2.3)
    talk.line.speaks(5.0, 5.4)
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert heard[1].end <= 5.2
    assert heard[-1].text == "All right."


async def test_a_sound_that_seemed_to_be_speech_is_a_short_silence(
    virtual_time: VirtualTime,
) -> None:
    talk = Talk(told(), "Tell me things.")
    talk.line.speaks(1.5, 2.3)
    talk.line.speaks(5.0, 5.14)
    talk.line.hangs_up(16.0)
    heard = await talk.run(until=17)
    assert [5.0 < at <= 5.14 for at in talk.line.clears[1:]] == [True]
    assert talk.notes.said("bot") == ["Hello there.", LONG]
    assert "".join(u.text for u in heard[1:]).replace(" ", "").endswith("nowhereatall.")


async def test_long_speech_over_the_bot_takes_the_floor_without_words(
    virtual_time: VirtualTime,
) -> None:
    """Whoever talks for a second wants to be heard; the model is stopped before the words come."""
    talk = Talk(told(), "Tell me things.", "Please stop now.")
    talk.line.speaks(1.5, 2.3)
    talk.line.speaks(5.0, 7.0)
    talk.line.hangs_up(11.0)
    await talk.run(until=12)
    cut = next(u for u in talk.notes.utterances if u.get("interrupted"))
    assert LONG.startswith(cut["text"])
    assert talk.notes.said("caller") == ["Tell me things.", "Please stop now."]


async def test_bot_goes_on_when_words_do_not_come(virtual_time: VirtualTime) -> None:
    talk = Talk(told(), "Tell me things.", None, stt={"delay": 0.1})
    talk.line.speaks(1.5, 2.3)
    talk.line.at(4.0, lambda: setattr(talk.stt, "delay", 5.0))
    talk.line.speaks(4.5, 4.9)
    talk.line.hangs_up(18.0)
    heard = await talk.run(until=19)
    assert heard[1].end < 4.7
    assert 6.3 < heard[2].start < 6.65
    assert talk.notes.said("bot")[-1] == LONG


async def test_keys_stop_the_bot(virtual_time: VirtualTime) -> None:
    script = Script(Expect("things", LONG), Expect("DTMF: 1", "You pressed one."))
    talk = Talk(script, "Tell me things.")
    talk.line.speaks(1.5, 2.3)
    talk.line.presses(4.0, "1")
    talk.line.presses(4.2, "#")
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert heard[-1].text == "You pressed one."


async def test_second_thought_takes_back_what_was_not_heard(virtual_time: VirtualTime) -> None:
    """The caller goes on when the answer is on its way; nothing of it is heard or kept."""
    talk = Talk(
        lambda ask: "Both." if "parking" in ask.user else "Of course, for how many people?",
        "Do you have a table?",
        "And is there parking?",
        llm={"first_token": 0.8},
    )
    talk.line.speaks(1.5, 2.5)
    talk.line.speaks(3.2, 4.2)
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert [u.text for u in heard] == ["Hello there.", "Both."]
    assert [m.role for m in talk.llm.asks[-1].messages] == ["assistant", "user", "user"]
