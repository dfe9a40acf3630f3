"""Admission, tokens, draining."""

import asyncio

import pytest

from bot.call import Call
from bot.errors import NotAdmitted, TokenRejected
from bot.switchboard import TOKEN_SECONDS, Switchboard


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_token_works_once_and_for_its_call() -> None:
    board = Switchboard(2)
    call = Call("phone", provider_call_id="CA1")
    token = board.expect(call)
    assert board.redeem(token) is call
    with pytest.raises(TokenRejected):
        board.redeem(token)
    with pytest.raises(TokenRejected):
        board.redeem("made up")


async def test_token_expires_and_frees_its_place() -> None:
    clock = Clock()
    board = Switchboard(1, clock)
    call = Call("phone")
    token = board.expect(call)
    with pytest.raises(NotAdmitted, match="all 1 lines are busy"):
        board.expect(Call("phone"))
    clock.now = TOKEN_SECONDS
    board.expect(Call("phone"))
    assert call.end_reason == "stream never came"
    with pytest.raises(TokenRejected):
        board.redeem(token)


async def test_a_place_is_held_from_admission_to_the_end() -> None:
    admitted: list[Call] = []
    board = Switchboard(1, on_admitted=admitted.append)
    call = Call("phone")
    board.redeem(board.expect(call))
    with board.holding(call, admitted=True):
        assert board.live == 1
        with pytest.raises(NotAdmitted), board.holding(Call("room")):
            pass
    with board.holding(Call("room")):
        pass
    assert board.live == 0
    assert admitted[0] is call
    assert len(admitted) == 2


async def test_forgotten_call_frees_its_place() -> None:
    board = Switchboard(1)
    call = Call("phone", provider_call_id="CA1")
    board.expect(call)
    board.forget("CA1", "busy")
    assert call.end_reason == "busy"
    board.expect(Call("phone"))


async def test_drain_asks_everybody_and_admits_nobody() -> None:
    board = Switchboard(5)
    asked: list[str] = []
    over = asyncio.Event()

    def hang_up(reason: str) -> None:
        asked.append(reason)
        over.set()

    async def conversation() -> None:
        with board.holding(Call("phone"), hang_up):
            await over.wait()

    talk = asyncio.create_task(conversation())
    await asyncio.sleep(0)
    waiting = Call("phone")
    board.expect(waiting)
    await board.drain(5, "server stopping")
    assert asked == ["server stopping"]
    assert waiting.end_reason == "server stopping"
    with pytest.raises(NotAdmitted, match="server stopping"):
        board.expect(Call("phone"))
    await talk


async def test_drain_does_not_wait_for_ever() -> None:
    board = Switchboard(1)
    with board.holding(Call("phone"), lambda _: None):
        await board.drain(0.01, "server stopping")
        assert board.live == 1
