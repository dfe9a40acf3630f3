"""A task that was given to OpenClaw goes on over a rescue in mid-call, and is told once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.call import Call
from pipelines.cascade import Parts
from tests.fakes import faults
from tests.fakes.openai_realtime import RealtimeApi
from tests.fakes.phoneline import Utterance
from tests.fakes.script import Ask, Brain
from tests.fixtures.house import when_heard
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.delegating import House, a_house, delegate, heard_results, valid, work
from tests.realtime.talk import RECOVERED, RealtimeTalk
from tools.catalog import Catalogue
from tools.toolbox import Toolbox

FERRY = "The best ferry to Crete leaves Piraeus at nine. It takes eight hours."
MORE = "Blue Star runs it every day, and a cabin costs ninety euros."
TOLD = f"I have the result. {FERRY}"
OFFER = "There is more to it. Shall I go on?"
ASK = "Can you find me a ferry to Crete?"
REALTIME_FIRST, CASCADE_FIRST = ("realtime", "cascade"), ("cascade", "realtime")


class Rescued(RealtimeTalk):
    """A call with a deep brain whose first way of holding it breaks."""

    def __init__(self, house: House, api: RealtimeApi, script: Brain, **kwargs: Any) -> None:
        super().__init__(api, script, **kwargs)
        self.house = house
        self.box = Toolbox(self.call, house.settings, None, None, house.texts)  # type: ignore[arg-type]
        self.catalogue = Catalogue.for_call(self.box.facts)
        self.dead = False

    def parts(self, call: Call) -> Parts:
        return replace(super().parts(call), handoff=self.house.deep.handoff(self.box))

    def gone(self) -> None:
        """Nothing more comes of the first way: of Realtime at once, of the cascade when asked."""
        self.dead = True
        if self.modes == REALTIME_FIRST:
            self.api.fail(faults.RESET, "realtime")
            self.api.drop()


class _Denied(Exception):
    status_code = 401


@pytest.fixture
async def house(virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with a_house(virtual_time, monkeypatch) as opened:
        yield opened


@pytest.fixture
async def api(virtual_time: VirtualTime) -> AsyncIterator[RealtimeApi]:
    async with RealtimeApi() as made:
        yield made


def call(house: House, api: RealtimeApi, modes: tuple[str, str]) -> tuple[Rescued, list[Ask]]:
    """A call, and what its second way is asked."""
    mind = delegate("ferry to Crete")
    later: list[Ask] = []

    def first(ask: Ask) -> Any:
        if talk.dead:
            raise _Denied("no more")
        return mind(ask)

    def second(ask: Ask) -> Any:
        later.append(ask)
        return mind(ask)

    realtime_first = modes == REALTIME_FIRST
    talk = Rescued(house, api, second if realtime_first else first, modes=modes)
    api.brain = first if realtime_first else second
    return talk, later


def texts(heard: list[Utterance]) -> list[str]:
    return [utterance.text for utterance in heard]


@pytest.mark.parametrize("modes", [REALTIME_FIRST, CASCADE_FIRST], ids="-".join)
async def test_its_result_is_told_in_the_new_way(
    house: House, api: RealtimeApi, modes: tuple[str, str]
) -> None:
    house.openclaw.replies.extend(work(9.0, f"{FERRY}\n\n{MORE}"))
    talk, later = call(house, api, modes)
    talk.line.says(2.0, ASK)
    talk.line.at(5.0, talk.gone)
    talk.line.says(6.5, "what is your name")
    talk.line.says(27.0, "yes go on")
    talk.line.hangs_up(32.0)
    heard = await talk.run(until=33)
    assert len(talk.talks) == 2
    said = texts(heard)
    assert said[:2] == ["Hello there.", "I am on it."]
    assert RECOVERED in " ".join(said[2:4])
    assert "You said what is your name." in " ".join(said[2:5])
    assert said[-2:] == [f"{TOLD} {OFFER}", "You said yes go on."]
    assert len(house.openclaw.of_method("chat.send")) == 1
    last = later[-1]
    assert last.user == "yes go on"
    assert MORE in heard_results(last)[0]
    assert valid(last.messages)
    assert not house.texts.sent


@pytest.mark.parametrize("modes", [REALTIME_FIRST, CASCADE_FIRST], ids="-".join)
async def test_a_result_that_is_being_told_is_told_to_its_end_and_once(
    house: House, api: RealtimeApi, modes: tuple[str, str]
) -> None:
    house.openclaw.replies.extend(work(3.0, FERRY))
    talk, later = call(house, api, modes)
    talk.line.says(2.0, ASK)
    when_heard(talk.line, "The best ferry", 20, talk.gone)
    talk.line.says(20.0, "thank you")
    talk.line.hangs_up(27.0)
    heard = await talk.run(until=28)
    said = " ".join(texts(heard))
    assert len(talk.talks) == 2
    assert said.count("Piraeus") == said.count("eight hours") == 1
    assert said.endswith("You said thank you.")
    assert len(heard_results(later[-1])) == 1
    assert not house.texts.sent
