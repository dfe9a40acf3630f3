"""The room's page in a conversation: what is typed there, what it is told."""

import asyncio

from pipelines.screen import typed_turn
from tests.fakes.script import Expect, Script
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import Talk

LONG = "The first thing is here. The second thing is there. The third thing is nowhere at all."


def types(talk: Talk, at: float, text: str) -> None:
    """The caller types, at a time."""
    typing: list[asyncio.Task[None]] = []

    def now() -> None:
        typing.append(asyncio.create_task(talk.stt.push_frame(typed_turn(text))))

    talk.line.at(at, now)


async def test_what_is_typed_is_the_callers_turn_at_once(virtual_time: VirtualTime) -> None:
    talk = Talk(Script(Expect("and what", "This."), Expect("thanks", "You are welcome.")))
    types(talk, 2.0, " and what ")  # spoken, this would be waited for: it is unfinished
    talk.line.says(5.0, "thanks")
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert [u.text for u in heard] == ["Hello there.", "This.", "You are welcome."]
    assert heard[1].start < 2.6
    assert talk.notes.said("caller") == ["and what", "thanks"]


async def test_what_is_typed_interrupts_even_if_it_would_be_a_mere_uh_huh(
    virtual_time: VirtualTime,
) -> None:
    talk = Talk(Script(Expect("all", LONG), Expect("okay", "Fine.")))
    talk.line.says(1.5, "tell me all")
    types(talk, 4.0, "okay")
    talk.line.hangs_up(9.0)
    heard = await talk.run(until=10)
    assert heard[-1].text.endswith("Fine.")
    assert "nowhere at all" not in " ".join(u.text for u in heard)
