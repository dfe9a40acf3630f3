"""The supervisor over a stand-in sidecar: a real process that is killed, stopped and watched."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.errors import EmbeddedError
from bot.speech.embedded.options import Stage
from bot.speech.embedded.supervisor import ROOT, EmbeddedSupervisor
from tests.speech.embedded.waiting import until

PROGRAM = Path(__file__).with_name("standin_sidecar.py")
PREFIX: dict[str, Any] = {"messages": [{"role": "system", "content": "hi"}]}


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Watched(EmbeddedSupervisor):
    """A supervisor over the stand-in, with what it told and what the stand-in noted."""

    def __init__(
        self, folder: Path, mode: str = "", stages: tuple[Stage, ...] = ("llm",), port: int = 0
    ) -> None:
        self.told: list[str] = []
        self.folder = folder
        command = (sys.executable, str(PROGRAM), str(folder), mode)
        super().__init__(
            stages,
            folder,
            port=port,
            stt_model="tiny.en",
            progress=self.told.append,
            command=command,
            pauses=(0.1, 0.3),
            look_seconds=0.3,
        )

    def diary(self, kind: str) -> list[str]:
        path = self.folder / "diary"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if line.startswith(kind)]

    @property
    def children(self) -> list[psutil.Process]:
        """Each sidecar's own child, of every start so far."""
        found = []
        for line in self.diary("start"):
            pid = int(line.split()[1])
            if alive(pid):
                found.append(psutil.Process(pid))
        return found

    @property
    def sidecar(self) -> psutil.Process:
        """The living sidecar."""
        (found,) = (child.parent() for child in self.children)
        assert found
        return found


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Callable[..., Watched]]:
    async with AsyncExitStack() as stack:

        def build(*args: Any, **more: Any) -> Watched:
            supervisor = Watched(tmp_path, *args, **more)
            stack.push_async_callback(supervisor.stop)
            return supervisor

        yield build


async def test_it_starts_in_the_background_and_gets_ready(make: Callable[..., Watched]) -> None:
    supervisor = make()
    url = supervisor.base_url

    await supervisor.start()
    assert not supervisor.ready
    await supervisor.wait_ready(30)

    assert (supervisor.ready, supervisor.status) == (True, "ready")
    assert supervisor.base_url == url
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/v1")
    assert "embedded models: downloading weights 1 of 2 MB" in supervisor.told
    assert supervisor.told[-1] == "embedded models: ready"


async def test_the_sidecar_is_told_what_to_serve(make: Callable[..., Watched]) -> None:
    supervisor = make(stages=("tts", "stt"))
    await supervisor.start()
    await supervisor.wait_ready(30)

    (line,) = supervisor.diary("start")
    for argument in ("--stages=stt,tts", "--stt-model=tiny.en", "--supervised"):
        assert argument in line
    assert f"--cache={supervisor.folder}" in line


async def test_stop_leaves_nothing_behind(make: Callable[..., Watched]) -> None:
    supervisor = make()
    await supervisor.start()
    await supervisor.wait_ready(30)
    family = [supervisor.sidecar, *supervisor.children]
    port = int(supervisor.base_url.split(":")[2].split("/")[0])

    await supervisor.stop()

    await until(lambda: not any(alive(process.pid) for process in family), 10)
    assert supervisor.status == "stopped"
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # past connections linger
        free.bind(("127.0.0.1", port))


async def test_a_sidecar_that_dies_is_started_again_at_the_same_address(
    make: Callable[..., Watched],
) -> None:
    supervisor = make()
    await supervisor.start()
    await supervisor.wait_ready(30)
    url, first = supervisor.base_url, supervisor.sidecar

    first.kill()
    await until(lambda: not supervisor.ready)
    await supervisor.wait_ready(30)

    assert supervisor.base_url == url
    assert len(supervisor.diary("start")) == 2
    assert any("ended with code -9; next try in" in line for line in supervisor.told)
    assert len(supervisor.children) == 1


async def test_while_no_sidecar_lives_a_connection_is_refused(
    make: Callable[..., Watched],
) -> None:
    supervisor = make("mute")
    await supervisor.start()
    await until(lambda: supervisor.diary("start"))

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(supervisor.base_url[17:].split("/")[0]))


async def test_a_sidecar_that_hangs_is_replaced(
    make: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.speech.embedded.supervisor.MISSED", 2)
    supervisor = make()
    await supervisor.start()
    await supervisor.wait_ready(30)
    first = supervisor.sidecar

    first.send_signal(signal.SIGSTOP)
    await until(lambda: len(supervisor.diary("start")) == 2, 60)
    await supervisor.wait_ready(30)

    assert not alive(first.pid)
    assert any("it stopped answering; next try" in line for line in supervisor.told)


async def test_a_start_that_fails_says_why_and_tries_again(make: Callable[..., Watched]) -> None:
    supervisor = make("fail")
    await supervisor.start()
    await until(lambda: len(supervisor.diary("start")) >= 3)

    assert any(
        line == "embedded models: failed: the disk is full; next try in 0 s"
        for line in supervisor.told
    )
    with pytest.raises(EmbeddedError, match=r"not ready: "):
        await supervisor.wait_ready(0.01)


async def test_the_prompt_is_warm_before_it_is_ready_and_after_a_restart(
    make: Callable[..., Watched],
) -> None:
    supervisor = make()
    await supervisor.warm(PREFIX)
    await supervisor.start()
    await supervisor.wait_ready(30)
    assert supervisor.diary("warm") == [f"warm /v1/tandem/warm {PREFIX}"]

    supervisor.sidecar.kill()
    await until(lambda: not supervisor.ready)
    await supervisor.wait_ready(30)
    assert len(supervisor.diary("warm")) == 2


async def test_a_prompt_that_comes_later_is_warmed_at_once(make: Callable[..., Watched]) -> None:
    supervisor = make()
    await supervisor.start()
    await supervisor.wait_ready(30)

    await supervisor.warm(PREFIX)
    assert not supervisor.ready
    await supervisor.wait_ready(30)

    assert len(supervisor.diary("warm")) == 1


async def test_without_a_language_model_nothing_is_warmed(make: Callable[..., Watched]) -> None:
    supervisor = make(stages=("stt",))
    await supervisor.warm(PREFIX)
    await supervisor.start()
    await supervisor.wait_ready(30)

    assert supervisor.diary("warm") == []


async def test_a_slow_start_is_told_in_words(make: Callable[..., Watched], tmp_path: Path) -> None:
    (tmp_path / "slow").touch()
    supervisor = make()
    await supervisor.start()
    await until(lambda: supervisor.status == "loading language model")

    (tmp_path / "slow").unlink()
    await supervisor.wait_ready(30)


async def test_a_port_that_is_taken_is_told(make: Callable[..., Watched]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        supervisor = make(port=other.getsockname()[1])

        with pytest.raises(EmbeddedError, match=r"port .* can't be used"):
            await supervisor.start()


async def test_two_supervisors_do_not_share_a_port(make: Callable[..., Watched]) -> None:
    first = make()
    port = int(first.base_url[17:].split("/")[0])

    with pytest.raises(EmbeddedError, match="can't be used"):
        await make(port=port).start()


async def test_nothing_outlives_a_bot_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from tests.speech.embedded.test_supervisor import Watched\n"
        "async def main():\n"
        "    bot = Watched(Path(sys.argv[1]))\n"
        "    await bot.start()\n"
        "    await bot.wait_ready(60)\n"
        "    print(bot.sidecar.pid, bot.children[0].pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert bot.stdout
    pids = [int(word) for word in (await bot.stdout.readline()).split()]
    assert len(pids) == 2

    os.kill(bot.pid, signal.SIGKILL)
    await bot.wait()

    await until(lambda: not any(map(alive, pids)), 10)
