"""A child process of the sidecar that is started again whenever it ends."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence

from bot.speech.embedded.lifeline import tied
from bot.speech.embedded.options import EmbeddedOptions
from bot.speech.embedded.stages import StageState

PAUSES = (0.2, 1.0, 3.0, 10.0)  # seconds before the next try; the last one repeats
STEADY = 30.0  # seconds after which a child counts as having worked


def own_program(command: str, options: EmbeddedOptions) -> list[str]:
    """The command line of `python -m bot.speech.embedded COMMAND` with these options."""
    return [sys.executable, "-m", "bot.speech.embedded", command, *options.to_argv()]


class KeptChild:
    """Runs a program for as long as it is wanted.

    `serve` is called with each new process; when it returns the process is ended and, unless
    stopped, started again. Its stdin and stdout are pipes, its stderr is the sidecar's.
    """

    def __init__(
        self,
        argv: Sequence[str],
        stage: StageState,
        serve: Callable[[Process], Awaitable[None]],
    ) -> None:
        self._argv = argv
        self._stage = stage
        self._serve = serve
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts keeping it."""
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Ends it and waits until it is gone."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._stage.enter("stopped")

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            reason = await self._run()
            failures = 0 if loop.time() - began > STEADY else failures + 1
            self._stage.enter("failed", reason)
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES)) - 1])
            self._stage.enter("loading")

    async def _run(self) -> str:
        process = await asyncio.create_subprocess_exec(*tied(self._argv), stdin=PIPE, stdout=PIPE)
        try:
            await self._serve(process)
        except (OSError, EOFError, ValueError) as error:
            return f"{type(error).__name__}: {error}"[:200]
        finally:
            if process.returncode is None:
                process.kill()
            await asyncio.shield(process.wait())
        return f"its process ended with code {process.returncode}"
