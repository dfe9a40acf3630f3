"""The simulated caller against the real routes."""

import asyncio

import pytest

from bot.phonecall.exchange import CallFailed
from bot.phonecall.line import Impairments, Line, Party
from bot.telephony import twiml
from bot.telephony.prompts import sentence
from tests.telephony.bots import Bots, tone, until
from tests.telephony.house import ACCOUNT, PUBLIC, TOKEN, House, house

pytestmark = pytest.mark.usefixtures("virtual_time")
PARTY = Party(account_sid=ACCOUNT, auth_token=TOKEN, public_url=PUBLIC)


def line(here: House, **options: object) -> Line:
    return Line(here.url, options.pop("party", PARTY), **options)  # type: ignore[arg-type]


async def test_a_signed_call_with_greeting_question_and_answer() -> None:
    async with house(Bots(greeting=0.3, answer=0.4)) as here:
        caller = line(here)
        await caller.dial()
        assert await caller.until(lambda: caller.ear.last_audible >= 0.28, 3)
        greeted = caller.ear.first_audible(0)
        assert greeted is not None
        assert greeted < 0.3
        await caller.until(lambda: caller.ear.now > caller.ear.last_audible + 0.2, 3)
        spoken = await caller.say(bytes(1600) + tone(0.5) + bytes(3200))
        assert spoken.end - spoken.start == pytest.approx(0.5, abs=0.021)
        assert await caller.until(lambda: caller.ear.first_audible(spoken.end), 3)
        assert here.bots.made[0].loud_seconds == pytest.approx(0.5, abs=0.03)
        await caller.press("5#")
        await until(lambda: here.bots.made[0].keys == ["5", "#"])
        await caller.hang_up()
        await until(lambda: here.switchboard.live == 0)
        assert here.bots.finished[0][0].end_reason == "caller hung up"
        assert caller.ended_by == "caller"
        assert here.records == []


async def test_barge_in_is_heard_as_silence() -> None:
    async with house(Bots(greeting=5.0, answer=0.2)) as here:
        caller = line(here)
        await caller.dial()
        await caller.until(lambda: caller.ear.last_audible > 0.5, 3)
        spoken = await caller.say(tone(0.3))
        await caller.until(lambda: caller.ear.clears, 2)
        assert caller.ear.last_audible - spoken.start < 0.3
        assert caller.ear.buffered == 0
        await caller.hang_up()


async def test_the_bots_hang_up_is_followed_to_its_end() -> None:
    async with house(Bots(greeting=0.1, answer=0.3, answers=1)) as here:
        caller = line(here)
        await caller.dial()
        await caller.until(lambda: caller.ear.last_audible, 3)
        await caller.say(tone(0.3) + bytes(6400))
        assert await caller.until(caller.over.is_set, 5)
        await caller.hang_up()
        assert caller.ended_by == "bot"
        assert caller.exchange.said == []  # no apology after a good end
        assert caller.ear.played.count(b"\xff") < len(caller.ear.played)
        assert here.rest == [(f"Calls/{caller.call_sid}.json", {"Status": "completed"})]


async def test_a_full_house_is_heard() -> None:
    async with house(MAX_CALLS=1) as here:
        first = line(here)
        await first.dial()
        said: list[str] = []
        second = line(here, say=said.append)
        with pytest.raises(CallFailed, match="ended the call before"):
            await second.dial()
        await second.hang_up()
        assert said == [f"Twilio says: {sentence('busy', 'en')}"]
        await first.hang_up()


async def test_holding_until_the_server_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twiml, "HOLD_SECONDS", 1)
    async with house(Bots(greeting=0.1)) as here:
        here.not_ready = "warming up"
        said: list[str] = []
        caller = line(here, say=said.append)
        dialling = asyncio.create_task(caller.dial())
        await until(lambda: len(said) >= 2)
        here.not_ready = ""
        await asyncio.wait_for(dialling, 3)
        assert said[0] == f"Twilio says: {sentence('warming', 'en')}"
        await caller.hang_up()


async def test_a_wrong_token_and_a_dead_server_are_one_clear_line() -> None:
    async with house() as here:
        with pytest.raises(CallFailed, match="HTTP 403"):
            await line(here, party=Party(auth_token="other", public_url=PUBLIC)).dial()
        url = here.url
    with pytest.raises(CallFailed, match=r"no server answers at http://127.*make run"):
        await Line(url).dial()


async def test_a_lossy_line_loses_what_was_asked_for() -> None:
    async with house(Bots(greeting=0)) as here:
        caller = line(here, impairments=Impairments(loss=0.5, jitter=0.05, seed=3))
        await caller.dial()
        await caller.say(tone(1.0))
        await caller.until(lambda: False, 0.3)
        heard = here.bots.made[0].loud_seconds
        assert 0.3 <= heard <= 0.7
        await caller.hang_up()
