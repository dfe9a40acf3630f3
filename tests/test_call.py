"""A call's states."""

import pytest

from bot.call import Call, CallState, WrongTransition


def test_states_follow_one_another_and_are_told() -> None:
    seen: list[str] = []
    call = Call("phone", on_state=lambda c: seen.append(c.state))
    call.connected()
    call.talking()
    call.talking()
    call.ending("silence")
    call.ending("another reason")
    call.ended("caller hung up")
    call.ended("again")
    assert seen == ["connected", "talking", "ending", "ended"]
    assert call.end_reason == "silence"


def test_error_makes_the_end_a_failure() -> None:
    call = Call("phone")
    call.connected()
    call.ending("error", "llm: away")
    call.ended("bot hung up")
    assert (call.state, call.error) == (CallState.FAILED, "llm: away")


def test_wrong_order_is_refused() -> None:
    call = Call("phone")
    call.connected()
    with pytest.raises(WrongTransition, match="connected cannot follow connected"):
        call.connected()


def test_after_the_end_nothing_changes() -> None:
    call = Call("room")
    call.failed("broke")
    call.ended("caller hung up")
    call.ending("silence")
    call.talking()
    assert call.state is CallState.FAILED
    assert call.end_reason == "error"
    assert call.over
