"""Keeps the sidecar alive from the bot's process: installs, starts, watches, warms, stops it.

The bot's loop is never blocked: all long work is the child's, which tells its steps as JSON lines.
"""

import asyncio
import json
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from loguru import logger

from bot.errors import EmbeddedError
from bot.speech.embedded.lifeline import tied
from bot.speech.embedded.options import EmbeddedOptions, Stage
from bot.speech.embedded.port import ReservedPort
from bot.speech.embedded.probe import Probe

ROOT = Path(__file__).resolve().parents[3]
LOOK_SECONDS = 3.0  # between two health checks
MISSED = 5  # health checks in a row after which the sidecar counts as hung
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before the next try; the last one repeats
STEADY = 60.0  # seconds after which a sidecar counts as having worked
STOP_SECONDS = 6.0  # that it gets to end its own processes
REPEAT_SECONDS = 5.0  # after which an unchanged status is told again
STDOUT_LIMIT = 1024 * 1024  # bytes of one line


class EmbeddedSupervisor:
    """The embedded models for the stages that have no other provider.

    Raises:
        EmbeddedError: from `base_url` and `start()`, the port is taken.
    """

    def __init__(
        self,
        stages: Collection[Stage],
        cache_dir: Path,
        port: int = 0,
        stt_model: str = "",
        llm_model: str = "",
        tts_voice: str = "",
        progress: Callable[[str], None] = logger.info,
        *,
        command: Sequence[str] = (sys.executable, "-m", "bot.speech.embedded", "serve"),
        pauses: Sequence[float] = PAUSES,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._options = EmbeddedOptions(
            stages=frozenset(stages),
            cache=cache_dir,
            stt_model=stt_model,
            llm_model=llm_model,
            tts_voice=tts_voice,
        )
        self._port = ReservedPort(port)
        self._progress = progress
        self._command = command
        self._pauses = pauses
        self._look_seconds = look_seconds
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()
        self._ready = asyncio.Event()
        self._cold = asyncio.Event()  # there is a prompt that the sidecar has not evaluated
        self._status = "not started"
        self._since = self._said = 0.0
        self._failure = ""
        self._prefix: dict[str, Any] | None = None
        self._log: deque[str] = deque(maxlen=20)

    @property
    def base_url(self) -> str:
        """OpenAI's interface, with its /v1; the same for as long as this object is used."""
        return f"{self._root}/v1"

    @property
    def _root(self) -> str:
        return f"http://127.0.0.1:{self._port.reserve()}"

    @property
    def ready(self) -> bool:
        """Whether every stage answers now."""
        return self._ready.is_set()

    @property
    def status(self) -> str:
        """One line for a person: 'downloading weights 512 of 1300 MB', 'ready', …"""
        return self._status

    async def start(self) -> None:
        """Begins in the background; does nothing if it has begun."""
        if self._task is None:
            self._port.reserve()
            self._say("starting")
            self._task = asyncio.create_task(self._keep(), name="embedded-supervisor")

    async def wait_ready(self, timeout: float | None = None) -> None:
        """Returns when every stage answers.

        Raises:
            EmbeddedError: not within `timeout` seconds; the text says how far it got.
        """
        try:
            await asyncio.wait_for(self._ready.wait(), timeout)
        except TimeoutError:
            raise EmbeddedError(f"the embedded models are not ready: {self._status}") from None

    async def warm(self, body: dict[str, Any]) -> None:
        """Names the prompt (`messages`, `tools`) that conversations begin with.

        It is evaluated now or as soon as the model is there, and again after every restart; the
        result is on disk, so that it takes seconds only once. Not ready until it is done.
        """
        self._prefix = body
        self._ready.clear()
        self._cold.set()

    async def stop(self) -> None:
        """Ends the sidecar and all that belongs to it."""
        task, self._task = self._task, None
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._port.release()
        self._status = "stopped"

    def _say(self, status: str) -> None:
        now = time.monotonic()
        if status != self._status:
            self._status, self._since, self._said = status, now, now
            self._progress(f"embedded models: {status}")
        elif now - self._said > REPEAT_SECONDS and not self.ready:
            self._said = now
            self._progress(f"embedded models: {status}, {now - self._since:.0f} s so far")

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            self._failure = ""
            try:
                code = await self._run()
                reason = self._failure or f"its process ended with code {code}{self._last_words()}"
            except OSError as error:
                reason = f"it can't be started: {error}"
            failures = 0 if loop.time() - began > STEADY else failures + 1
            pause = self._pauses[min(max(failures, 1), len(self._pauses)) - 1]
            self._say(f"failed: {reason}; next try in {pause:.0f} s")
            await asyncio.sleep(pause)

    def _last_words(self) -> str:
        return f": {self._log[-1]}" if self._log else ""

    async def _run(self) -> int | None:
        """One life of the sidecar."""
        argv = [*self._command, *self._options_argv(), "--supervised"]
        process = await asyncio.create_subprocess_exec(
            *tied(argv, {"PYTHONPATH": str(ROOT)}),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            limit=STDOUT_LIMIT,
            start_new_session=True,
            cwd=ROOT,
        )
        helpers = [
            asyncio.create_task(self._read_events(process)),
            asyncio.create_task(self._read_log(process)),
            asyncio.create_task(self._watch(process)),
        ]
        try:
            return await process.wait()
        finally:
            self._listening.clear()
            self._ready.clear()
            await asyncio.shield(self._end(process, helpers))

    def _options_argv(self) -> list[str]:
        return replace(self._options, port=self._port.reserve()).to_argv()

    async def _end(self, process: Process, helpers: Sequence[asyncio.Task[None]]) -> None:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)

    async def _read_events(self, process: Process) -> None:
        assert process.stdout
        async for line in process.stdout:
            try:
                event = json.loads(line)
                kind = event["event"]
            except (ValueError, KeyError, TypeError):
                logger.debug("embedded models: {}", line.decode(errors="replace").rstrip())
                continue
            if kind == "listening":
                self._listening.set()
            elif kind == "progress" and event["stage"] == "failed":
                self._failure = str(event["text"])
            elif kind == "progress":
                self._say(str(event["text"]))

    async def _read_log(self, process: Process) -> None:
        assert process.stderr
        async for line in process.stderr:
            text = line.decode(errors="replace").rstrip()
            if text:
                self._log.append(text[:300])
                logger.debug("embedded models: {}", text)

    async def _watch(self, process: Process) -> None:
        """Follows `/ready`, has the prompt warmed, and ends a sidecar that no longer answers."""
        await self._listening.wait()
        self._cold.set()
        probe = Probe(self._root, self._look_seconds + 2)
        warming: asyncio.Task[bool] | None = None
        missed = 0
        try:
            while missed < MISSED:
                try:
                    ready, line = await probe.look()
                    missed = 0
                except (aiohttp.ClientError, TimeoutError, ValueError, KeyError):
                    ready, line, missed = False, "not answering", missed + 1
                if warming and warming.done():
                    ready, warming = ready and warming.result(), None
                elif ready and warming is None and self._cold.is_set():
                    warming = self._begin_warming(probe)
                self._show(ready and warming is None and not self._cold.is_set(), line)
                await self._pause()
        finally:
            if warming:
                warming.cancel()
                await asyncio.gather(warming, return_exceptions=True)
            await probe.close()
        self._failure = "it stopped answering"
        process.kill()

    def _begin_warming(self, probe: Probe) -> asyncio.Task[bool] | None:
        self._cold.clear()
        if self._prefix is None or "llm" not in self._options.stages:
            return None
        return asyncio.create_task(self._warm(probe, self._prefix))

    async def _warm(self, probe: Probe, prefix: dict[str, Any]) -> bool:
        done = await probe.warm(prefix)
        if not done:
            self._cold.set()
        return done

    def _show(self, ready: bool, line: str) -> None:
        if ready:
            self._ready.set()
            self._say("ready")
        else:
            self._ready.clear()
            self._say(line or "warming")

    async def _pause(self) -> None:
        """Waits for the next look: long when all is well, and cut short by a new prompt."""
        if not self.ready:
            await asyncio.sleep(min(0.2, self._look_seconds))
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._cold.wait(), self._look_seconds)
