"""The automatic rules, each switched off and on by operators."""

import asyncio
from dataclasses import replace
from datetime import time
from typing import Any

import httpx2
import pytest

from bot.call import Call
from bot.modes.config import Rule
from bot.modes.state import KEYS, ModeConflict, ModeRefused, Settled
from bot.store import modes as stored
from bot.store.modes import Setting
from bot.store.store import Store
from tests.modes.conftest import Desk, make_desk
from tests.store.databases import Database

ALWAYS = Rule(use="embedded", live_calls=1)
MORE = Rule(use="openai_realtime", live_calls=2)


def with_rules(desk: Desk, *rules: Rule) -> Desk:
    """As if `config.json` had these."""
    setup = desk.modes.setup
    config = setup.config.model_copy(update={"rules": rules})
    desk.modes.renew(replace(setup, config=config))
    desk.live = 1
    return desk


def chosen(desk: Desk) -> tuple[str, str]:
    call = Call("phone", caller="+15550001111")
    desk.modes.pin(call)
    return call.mode, call.mode_reason


async def test_a_rule_that_is_off_is_passed_over_by_the_next_call(
    store: Store, http: httpx2.AsyncClient
) -> None:
    desk = with_rules(make_desk(store, http), ALWAYS)
    assert chosen(desk) == ("embedded", "rule: 1 calls are live")
    assert "embedded" in desk.modes.watched
    mark = desk.modes.mark
    off = await desk.operators.set_rule(ALWAYS.id, False, "anna")
    assert chosen(desk) == ("cascade", "default_mode")
    assert "embedded" not in desk.modes.watched  # its providers are left in peace
    assert desk.modes.mark != mark
    assert await desk.operators.set_rule(ALWAYS.id, False, "bert") == off  # it is off already
    await desk.operators.set_rule(ALWAYS.id, True, "bert")
    assert chosen(desk) == ("embedded", "rule: 1 calls are live")
    words = "1 calls are live, or more: embedded"
    assert desk.told == [
        f"anna: rules that are off from none to {words}",
        f"bert: rules that are off from {words} to none",
    ]
    back, out = await stored.changes(store)
    assert (out.key, out.who, out.at, out.before) == ("rules", "anna", off.at, {})
    assert (back.who, back.before, back.after) == ("bert", {ALWAYS.id: words}, {})


async def test_another_process_sees_it_and_switches_at_the_same_time_all_stand(
    store: Store, database: Database, http: httpx2.AsyncClient
) -> None:
    elsewhere = await Store.open(database.url)
    try:
        one = with_rules(make_desk(store, http), ALWAYS, MORE)
        other = with_rules(make_desk(elsewhere, http), ALWAYS, MORE)
        await asyncio.gather(
            one.operators.set_rule(ALWAYS.id, False, "anna"),
            other.operators.set_rule(MORE.id, False, "bert"),
        )
        await asyncio.gather(one.operators.look(), other.operators.look())
        assert one.modes.settled == other.modes.settled
        assert one.modes.settled.off.keys() == {ALWAYS.id, MORE.id}
        assert one.modes.rules == other.modes.rules == ()
        with pytest.raises(ModeConflict) as refused:
            await one.operators.set_rule(MORE.id, True, version=1)
        assert "was faster: the rules that are off are" in str(refused.value)
        assert "(version 2); look again" in str(refused.value)
        assert len(await stored.changes(store)) == 2
    finally:
        await elsewhere.close()


async def test_of_two_operators_upon_the_same_version_one_wins(
    store: Store, database: Database, http: httpx2.AsyncClient
) -> None:
    elsewhere = await Store.open(database.url)
    try:
        desks = [with_rules(make_desk(each, http), ALWAYS, MORE) for each in (store, elsewhere)]
        done = await asyncio.gather(
            desks[0].operators.set_rule(ALWAYS.id, False, "anna", version=0),
            desks[1].operators.set_rule(MORE.id, False, "bert", version=0),
            return_exceptions=True,
        )
        assert [type(each) for each in done].count(ModeConflict) == 1, done
        assert len(await stored.changes(store)) == 1
    finally:
        await elsewhere.close()


async def test_a_rule_that_is_not_there_is_refused_and_one_that_is_gone_can_be_taken_back(
    store: Store, http: httpx2.AsyncClient
) -> None:
    desk = with_rules(make_desk(store, http), ALWAYS)
    line = rf"^quantum: there is no such rule; there are: {ALWAYS.id} \(1 calls"
    with pytest.raises(ModeRefused, match=line):
        await desk.operators.set_rule("quantum", False)
    await desk.operators.set_rule(ALWAYS.id, False)
    with_rules(desk)
    await desk.operators.set_rule(ALWAYS.id, True)
    assert desk.modes.settled.off == {}
    with pytest.raises(ModeRefused, match="there are: none"):
        await desk.operators.set_rule(ALWAYS.id, True)


def test_what_a_later_program_has_set_is_left_alone() -> None:
    settled = Settled()
    assert settled.with_(Setting("weather", 1, {"rain": True})) == settled
    assert all(settled.setting(key).key == key for key in KEYS)


def test_a_rules_id_goes_with_what_it_says() -> None:
    one = Rule.model_validate({"use": "embedded", "live_calls": 5})
    same = Rule.model_validate({"live_calls": 5, "use": "embedded", "minutes": 5})
    other = Rule.model_validate({"use": "embedded", "live_calls": 6})
    assert one.id == same.id != other.id


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"between": (time(22), time(6))}, "between 22:00 and 06:00: embedded"),
        (
            {"between": (time(9, 30, 15), time(17)), "days": ("sat", "sun")},
            "between 09:30:15 and 17:00 on sat, sun: embedded",
        ),
        (
            {"of": "cascade", "errors_above": 0.2},
            "cascade failed in more than 20 % of at least 5 calls in 5 minutes: embedded",
        ),
        (
            {"of": "cascade", "latency_above_ms": 900, "minutes": 2.5, "calls": 9},
            "cascade took more than 900 ms to answer, median of at least 9 calls in 2.5 minutes: "
            "embedded",
        ),
    ],
)
def test_a_rule_in_words(rule: dict[str, Any], words: str) -> None:
    assert str(Rule(use="embedded", **rule)) == words
