"""What ended calls leave is collected once, soon, and goes back to the system."""

import asyncio
import gc
import platform
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from bot import memory
from bot.memory import Sweeper
from bot.settings import ROOT


class Ring:
    """Refers to itself, as an ended call's pipeline does."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def only_asked_for() -> Iterator[None]:
    """Nothing is collected but by the code under test."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Notes freezing instead of doing it to the other tests' objects."""
    found: list[bool] = []
    monkeypatch.setattr(memory.gc, "freeze", lambda: found.append(True))
    return found


@pytest.mark.usefixtures("only_asked_for", "frozen")
async def test_calls_that_end_together_are_swept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SWEEP_SECONDS", 0.02)
    sweeps: list[int] = []
    collect = gc.collect
    monkeypatch.setattr(memory.gc, "collect", lambda: sweeps.append(collect()))
    sweeper = Sweeper(lambda: 1)
    rings = [weakref.ref(Ring()) for _ in range(5)]
    for _ in rings:
        sweeper.soon()
    assert all(ring() for ring in rings), "a call's end itself must not stop the others"
    await asyncio.sleep(0.1)
    assert not any(ring() for ring in rings)
    assert len(sweeps) == 1
    sweeper.soon()
    await asyncio.sleep(0.1)
    assert len(sweeps) == 2
    sweeper.soon()
    sweeper.close()
    await asyncio.sleep(0.1)
    assert len(sweeps) == 2


async def test_what_lasts_is_frozen_only_while_nobody_calls(
    frozen: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_QUIET_SECONDS", 0.02)
    calls = [1]
    sweeper = Sweeper(lambda: calls[0])
    kept = [Ring() for _ in range(memory._FREEZE_OBJECTS)]

    async def sweep(then: int) -> list[bool]:
        sweeper.sweep()
        calls[0] = then
        await asyncio.sleep(0.2)
        return frozen

    assert not await sweep(then=1), "a live call's objects must stay collectable"
    calls[0] = 0
    assert not await sweep(then=1), "a call has begun in between"
    calls[0] = 0
    assert await sweep(then=0) == [True]
    monkeypatch.setattr(memory, "_FREEZE_OBJECTS", len(gc.get_objects()) + len(kept))
    assert await sweep(then=0) == [True], "a handful of objects is not worth it"


async def test_memory_is_returned_to_the_system_not_too_often(
    frozen: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    trims: list[bool] = []
    monkeypatch.setattr(memory, "trim", lambda: trims.append(True))
    sweeper = Sweeper(lambda: 1)
    sweeper.sweep()
    sweeper.sweep()
    assert trims == [True]
    monkeypatch.setattr(memory, "_TRIM_SECONDS", 0.0)
    sweeper.sweep()
    assert trims == [True, True]


_BLOCKS = """
import sys, psutil
from bot.memory import tune
if sys.argv[1] == "tuned":
    tune()
rss = lambda: psutil.Process().memory_info().rss
before = rss()
for size in (16 << 20, 4 << 20):
    kept = []
    for _ in range(8):
        blocks = [bytes(b"x" * size) for _ in range(4)]
        kept.append(bytes(b"y" * 200_000))
        del blocks
print(rss() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the setting")
def test_large_blocks_go_back_at_once() -> None:
    """With glibc's own limit, which grows with the blocks it sees, they stay in the heap."""

    def left(how: str) -> int:
        command = [sys.executable, "-c", _BLOCKS, how]
        return int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)

    assert left("tuned") < 8 << 20
    assert left("tuned") < left("as it is")


def test_the_collector_is_set() -> None:
    before = gc.get_threshold()
    try:
        memory.tune()
        assert gc.get_threshold() == memory._THRESHOLDS
    finally:
        gc.set_threshold(*before)
