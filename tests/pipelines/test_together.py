"""Thirty conversations in one loop: nothing of one may show in another. In virtual time.

All ask one brain, which answers from nothing but the request, write to one recorder, and take turns
in the middle of each other's answers. Half of them are shown on a page.
"""

import asyncio
import gc
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from pipecat.services.llm_service import FunctionCallParams

from bot.call import Call
from bot.telephony.transport import PhoneOutput
from pipelines import parts
from tests.fakes.names import NAMES, named
from tests.fakes.phoneline import PhoneLine
from tests.fakes.script import Ask, CallTool
from tests.fixtures.virtual_time import VirtualTime
from tests.pipelines.talk import Notes, Talk

pytestmark = pytest.mark.timeout(300)
BY_VOICE, BY_KEYS, PATIENT = range(3)
"""How a caller interrupts; which one does what goes by the caller's number."""


def brain(ask: Ask) -> Any:
    """Answer from what is in the request."""
    name = next(m.text.split()[0] for m in ask.messages if m.role == "user")
    if ask.results:
        return f"Here is {name}: {ask.results[-1]}."
    if ask.user.startswith("DTMF: "):
        return f"{name} has pressed {ask.user.removeprefix('DTMF: ').removesuffix('#')}."
    if "who" in ask.user:
        return CallTool("who", {})
    return f"A room for {name}. It has a bath, and a view for {name}."


class Ledger:
    """One recorder for all calls; what is written under a call's id is in its `Notes`."""

    def __init__(self) -> None:
        self.calls: defaultdict[str, Notes] = defaultdict(Notes)

    def call_started(self, call: Call, providers: dict[str, str]) -> None:
        self.calls[call.id].call_started(call, providers)

    def call_state(self, call: Call) -> None:
        self.calls[call.id].call_state(call)

    def turn_started(self, call_id: str, number: int, at: Any = None) -> None:
        self.calls[call_id].turn_started(call_id, number, at)

    def utterance(self, call_id: str, **what: Any) -> None:
        self.calls[call_id].utterance(call_id, **what)

    def turn_stages(self, call_id: str, number: int, stages: dict[str, float]) -> None:
        self.calls[call_id].turn_stages(call_id, number, stages)

    def event(self, call_id: str | None, kind: str, detail: str) -> None:
        self.calls[call_id or ""].event(call_id, kind, detail)


class Caller:
    """One of the thirty: a conversation, its timetable, and what may be in it."""

    def __init__(self, number: int, ledger: Ledger) -> None:
        self.name, self.manner = NAMES[number], number % 3
        self.keys, self.phone = f"{number + 400}", f"+1555000{number:04d}"
        self.room = f"{self.name} wants a room."
        self.who = f"{self.name} asks who calls."
        self.answers = [
            f"A room for {self.name}. It has a bath, and a view for {self.name}.",
            f'Here is {self.name}: {{"caller": "{self.phone}"}}.',
            f"{self.name} has pressed {self.keys}.",
        ]
        self.talk = talk = Talk(brain)
        talk.line = PhoneLine(call_sid=f"CA{number:032d}", stream_sid=f"MZ{number:032d}")
        talk.call.caller, talk.call.provider_call_id = self.phone, talk.line.call_sid
        talk.call.channel = "room" if number % 2 else "phone"
        talk.recorder = talk.notes = ledger  # type: ignore[assignment]
        talk.llm.register_function("who", self._look_up)
        self.end = self._plan(1.2 + 0.03 * number)

    def _plan(self, start: float) -> float:
        """Fill the timetable; returns when the caller hangs up."""
        line = self.talk.line
        end = line.says(start, f"{self.room} ")
        start = end + (2.0 if self.manner == BY_VOICE else 4.8)
        end = line.says(start, f"{self.who} ")
        start = end + (2.0 if self.manner == BY_KEYS else 4.4)
        for place, digit in enumerate(f"{self.keys}#"):
            line.presses(start + place * 0.1, digit)
        line.hangs_up(start + 3.0)
        return start + 3.0

    async def _look_up(self, params: FunctionCallParams) -> None:
        await params.result_callback({"caller": params.app_resources.caller})

    async def run(self) -> None:
        await self.talk.run(until=self.end + 2.0)

    @property
    def heard(self) -> str:
        """All that the caller has heard."""
        return " ".join(utterance.text for utterance in self.talk.line.utterances())


Pages = dict[str, list[dict[str, Any]]]


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    """Lets rooms be on phone lines, and keeps what is sent to their pages, by stream."""
    sent: Pages = defaultdict(list)

    async def keep(self: PhoneOutput, frame: Any) -> None:
        sent[self._stream.start.stream_sid].append(frame.message)

    for name in ("ROOM_IN_HZ", "ROOM_OUT_HZ"):
        monkeypatch.setattr(parts, name, parts.PHONE_HZ)
    monkeypatch.setattr(PhoneOutput, "send_message", keep)
    return sent


@pytest.fixture
def _frozen() -> Iterator[None]:
    """As on a warm server: what is loaded is not searched for garbage at each call's end."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_frozen")
async def test_thirty_conversations_keep_to_themselves(
    virtual_time: VirtualTime, pages: Pages
) -> None:
    ledger = Ledger()
    callers = [Caller(number, ledger) for number in range(len(NAMES))]
    await asyncio.gather(*(caller.run() for caller in callers))
    assert set(ledger.calls) == {caller.talk.call.id for caller in callers}
    for caller in callers:
        check_line(caller)
        check_asks(caller)
        check_notes(caller, ledger.calls[caller.talk.call.id])
        check_page(caller, pages[caller.talk.line.stream_sid])


def cut(caller: Caller) -> int | None:
    """Which of the answers the caller has interrupted."""
    return caller.manner if caller.manner != PATIENT else None


def check_line(caller: Caller) -> None:
    """The caller heard the answers to their own words, in order."""
    line = caller.talk.line
    assert {message["streamSid"] for _, message in line.messages} == {line.stream_sid}
    pieces = ["Hello there.", *caller.answers]
    if (number := cut(caller)) is not None:
        before, after = " ".join(pieces[: number + 1]), " ".join(pieces[number + 2 :])
        assert caller.heard.startswith(f"{before} "), caller.heard
        assert caller.heard.endswith(f" {after}"), caller.heard
        between = caller.heard[len(before) + 1 : -len(after) - 1]
        assert pieces[number + 1].startswith(between)
        assert 10 < len(between) < len(pieces[number + 1])
    else:
        assert caller.heard == " ".join(pieces)


def check_asks(caller: Caller) -> None:
    """The model was shown nothing but this conversation."""
    said = [caller.room, caller.who, f"DTMF: {caller.keys}#"]
    longest = 0
    for ask in caller.talk.llm.asks:
        users = [m.text for m in ask.messages if m.role == "user"]
        assert users == said[: len(users)]
        longest = max(longest, len(users))
        for message in ask.messages:
            assert named(message.text) <= {caller.name}
        for result in ask.results:
            assert caller.phone in result
    assert longest == len(said)


def check_notes(caller: Caller, notes: Notes) -> None:
    """What was written under the call's id is this call, whole."""
    assert notes.states == ["connected", "talking", "ended"]
    assert notes.turns == [1, 2, 3]
    assert {number for number, _ in notes.stages} <= {1, 2, 3}
    assert notes.events == []
    assert notes.said("caller") == [caller.room, caller.who, f"{caller.keys}#"]
    spoken = [
        f"{u['text']} {u.get('unheard', '')}".strip()
        for u in notes.utterances
        if u["speaker"] == "bot"
    ]
    assert spoken == ["Hello there.", *caller.answers]
    interrupted = [u["turn"] - 1 for u in notes.utterances if u.get("interrupted")]
    assert interrupted == ([] if cut(caller) is None else [cut(caller)])


def check_page(caller: Caller, sent: list[dict[str, Any]]) -> None:
    """A room's page was shown this call's captions; a phone has no page."""
    if caller.talk.call.channel == "phone":
        assert sent == []
        return
    shown = [m["data"] for m in sent if m["type"] == "server-message"]
    final = [m["text"] for m in shown if m["type"] == "caption" and m["final"]]
    assert final[1] == caller.room
    assert final[-1] == caller.answers[-1]
    assert f"DTMF: {caller.keys}#" in final
    assert named(str(sent)) == {caller.name}
    assert caller.phone in str(sent)
    others = {f"+1555000{number:04d}" for number in range(len(NAMES))} - {caller.phone}
    assert not [phone for phone in others if phone in str(sent)]
