"""Keys that are answered at once, and numbers that stay whole, as timetables in virtual time."""

import asyncio
from typing import Any

import pytest
from pipecat.processors.aggregators.dtmf_aggregator import DTMFAggregator

from tests.fakes.script import Ask, Say
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import Talk

LONG = "The first thing is here. The second thing is there. The third thing is nowhere at all."


async def test_an_answer_to_keys_that_takes_long_is_bridged(virtual_time: VirtualTime) -> None:
    talk = Talk(lambda _: Say("You pressed four.", first=8.0))
    talk.line.presses(4.0, "4")
    talk.line.presses(4.2, "#")
    talk.line.hangs_up(18.0)
    heard = [u.text for u in await talk.run(until=19.0)]
    assert heard == ["Hello there.", "One moment.", "You pressed four."]


@pytest.mark.parametrize("silence", [(4.0, 6.0), (30.0, 30.0)])
async def test_an_answer_that_never_comes_is_apologised_for(
    virtual_time: VirtualTime, silence: tuple[float, float]
) -> None:
    talk = Talk(lambda _: Say("Never.", first=500.0), silence=silence)
    talk.line.presses(4.0, "4")
    talk.line.presses(4.2, "#")
    talk.line.hangs_up(76.0)
    heard = [u.text for u in await talk.run(until=77.0)]
    assert heard[:6] == ["Hello there.", *["One moment."] * 4, "No idea, ask again."]
    assert ("lost answer", "nothing came of a turn within a minute") in talk.notes.events


@pytest.mark.parametrize("at", [4.0, 10.5])
async def test_an_answer_that_is_there_at_once_counts_as_heard(
    virtual_time: VirtualTime, at: float
) -> None:
    """`at`: in the middle of the bot's words, and after them; no service takes any time."""

    def brain(ask: Ask) -> str:
        return "You pressed four two." if ask.user.startswith("DTMF") else LONG

    talk = Talk(
        brain,
        "Tell me things.",
        stt={"delay": 0.0},
        llm={"first_token": 0.0, "token": 0.0},
        tts={"delay": 0.0},
    )
    talk.line.speaks(1.5, 2.3)
    for place, key in enumerate("42#"):
        talk.line.presses(at + place * 0.2, key)
    talk.line.hangs_up(at + 5.0)
    heard = await talk.run(until=at + 6.0)
    assert heard[-1].text.endswith("You pressed four two.")
    assert talk.notes.said("bot")[-1] == "You pressed four two."
    assert talk.notes.events == []


async def test_a_number_stays_whole_on_a_slow_machine(
    virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt = DTMFAggregator.broadcast_interruption

    async def slowly(self: Any) -> None:
        await asyncio.sleep(0.1)
        await interrupt(self)

    monkeypatch.setattr(DTMFAggregator, "broadcast_interruption", slowly)
    talk = Talk(lambda _: "Yes.")
    numbers = range(5)
    for number in numbers:
        for place, key in enumerate("42#"):
            talk.line.presses(2.0 + number * 2.14 + place * 0.2, key)
    talk.line.hangs_up(16.0)
    await talk.run(until=17.0)
    assert talk.notes.said("caller") == ["42#"] * len(numbers)
