"""What the caller has heard, on a clock that the test moves."""

import asyncio

import pytest

from bot.telephony.playout import Playout


class Far:
    """A clock, and the marks that reached the far end."""

    def __init__(self) -> None:
        self.now = 100.0
        self.marks: list[str] = []
        self.playout = Playout(self.mark, lambda: self.now)

    async def mark(self, name: str) -> None:
        self.marks.append(name)


def test_audio_is_heard_as_time_goes_by() -> None:
    far = Far()
    far.playout.sent(2.0)
    assert (far.playout.played_seconds, far.playout.buffered_seconds) == (0, 2.0)
    far.now += 0.5
    assert far.playout.played_seconds == pytest.approx(0.5)
    far.now += 10
    assert (far.playout.played_seconds, far.playout.buffered_seconds) == (2.0, 0)
    far.playout.sent(1.0)  # after a pause it begins now, not where the last one ended
    far.now += 0.25
    assert far.playout.played_seconds == pytest.approx(2.25)


async def test_a_clear_keeps_only_what_was_heard() -> None:
    far = Far()
    far.playout.sent(3.0)
    passed = await far.playout.mark()
    far.now += 1.0
    far.playout.cleared()
    assert passed.is_set()
    assert far.playout.sent_seconds == pytest.approx(1.0)
    far.now += 5
    assert far.playout.played_seconds == pytest.approx(1.0)
    far.playout.marked("m1")  # comes back after the clear, and says nothing about hearing
    assert far.playout.played_seconds == pytest.approx(1.0)


async def test_a_late_mark_shows_the_delay() -> None:
    far = Far()
    far.playout.sent(1.0)
    await far.playout.mark()
    far.now += 1.3
    far.playout.marked("m1")
    assert far.playout.lag_seconds == pytest.approx(0.3)
    assert far.playout.played_seconds == pytest.approx(1.0)
    far.playout.sent(2.0)
    far.now += 1.0
    assert far.playout.played_seconds == pytest.approx(1.7)


def test_what_was_heard_is_never_unheard() -> None:
    far = Far()
    far.playout.sent(1.0)
    far.now += 0.9
    assert far.playout.played_seconds == pytest.approx(0.9)
    far.playout._lag = 0.5
    assert far.playout.played_seconds == pytest.approx(0.9)


async def test_drained_waits_for_its_own_mark() -> None:
    far = Far()
    far.playout.sent(0.5)
    waiting = asyncio.create_task(far.playout.drained(5))
    await asyncio.sleep(0)
    far.playout.marked("unknown")
    await asyncio.sleep(0.01)
    assert not waiting.done()
    far.playout.marked(far.marks[-1])
    assert await waiting is True


async def test_drained_gives_up_when_no_mark_comes() -> None:
    far = Far()
    assert await far.playout.drained(0.01) is False
