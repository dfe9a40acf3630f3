"""Servers as processes of their own: `await start("a task")`; see `server_process.py`."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bot.settings import ROOT

CALLER = "+15550001"
Start = Callable[..., Any]


class Process:
    """A running `server_process`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    async def line(self, beginning: str | tuple[str, ...]) -> str:
        """Wait for a line of its output; of several beginnings, any."""
        assert self._process.stdout is not None
        async with asyncio.timeout(40):
            while True:
                line = (await self._process.stdout.readline()).decode().strip()
                assert line or self._process.returncode is None, "\n".join(self.lines)
                self.lines.append(line)
                if line.startswith(beginning):
                    return line

    async def give(self, *texts: str) -> None:
        """Have it start tasks, all at once."""
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{text}\n" for text in texts).encode())
        await self._process.stdin.drain()

    async def end(self, how: signal.Signals) -> None:
        """End it: SIGKILL at once, anything else by closing its input."""
        if self._process.returncode is None:
            if how is signal.SIGKILL:
                self._process.kill()
            elif self._process.stdin is not None:
                self._process.stdin.close()
            await self._process.wait()


@asynccontextmanager
async def processes(url: str, database_url: str) -> AsyncIterator[Start]:
    """Servers on a gateway and a database; they are killed at the end."""
    async with AsyncExitStack() as stack:

        async def run(*text: str) -> Process:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.openclaw.server_process"),
                *(url, database_url, CALLER, *text),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            started = Process(process)
            stack.push_async_callback(started.end, signal.SIGKILL)
            await started.line("ready")
            return started

        yield run
